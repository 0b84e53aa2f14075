use std::time::Duration;

use super::*;
use crate::alert::AlertMemory;
use crate::{Events, Outcome, SloSnapshot, Tick, Tracker, Window};

/// A folder of the test's own, gone at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("slo-core-store-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn snapshot() -> Snapshot {
    let window = Window::days(30).unwrap();
    let start = Tick::from_unix_seconds(1_767_225_600);
    let tracker = Tracker::new(window, start);
    for minute in 0..3_000 {
        let outcome = if minute % 100 == 0 { Outcome::Bad } else { Outcome::Good };
        tracker.record(start + Duration::from_secs(60 * minute), outcome);
    }
    let slo = SloSnapshot::new("every route", tracker.snapshot(start + Duration::from_secs(180_000)));
    Snapshot::new("shop", "a-1").with("all", slo.in_flight(2))
}

#[test]
fn what_is_saved_is_loaded_and_replaced_and_nothing_is_left_beside_it() {
    let folder = Folder::new("round-trip");
    let file = SnapshotFile::new(folder.0.join("slo.snapshot"));
    assert_eq!(file.load("shop").unwrap(), None);
    file.save(&Snapshot::new("shop", "a-0")).unwrap();
    file.save(&snapshot()).unwrap();
    let loaded = file.load("shop").unwrap().unwrap();
    assert_eq!(loaded, snapshot());
    let slo = loaded.slo("all").unwrap();
    assert_eq!(
        (slo.tracker().totals(), slo.events_in_flight()),
        (Events::new(2_970, 30), 2)
    );
    assert_eq!(folder.names(), ["slo.snapshot"]);
}

#[test]
fn which_alerts_fired_is_kept_and_may_be_missing() {
    let fired = r#"[{"severity":"page","share":"2%","long":"1h","short":"5m"}]"#;
    let alert: AlertMemory = serde_json::from_str(fired).unwrap();
    let slo = snapshot().slo("all").unwrap().clone().alert(alert.clone());
    let text = serde_json::to_string(&slo).unwrap();
    let read: SloSnapshot = serde_json::from_str(&text).unwrap();
    assert_eq!(read.alert_memory(), &alert);
    let without = text.replacen(&format!("\"alert\":{fired},"), "", 1);
    assert_ne!(without, text);
    let read: SloSnapshot = serde_json::from_str(&without).unwrap();
    assert_eq!(read.alert_memory(), &AlertMemory::default());
}

#[test]
fn what_is_not_trusted_is_kept_aside_and_said_why() {
    let folder = Folder::new("rejected");
    let file = SnapshotFile::new(folder.0.join("slo.snapshot"));
    file.save(&snapshot()).unwrap();
    let good = fs::read(file.path()).unwrap();
    let text = String::from_utf8(good.clone()).unwrap();
    let with_header = |from: &str, to: &str| text.replacen(from, to, 1).into_bytes();
    let mut damaged = good.clone();
    damaged[good.len() / 2] ^= 1;
    let body = "{\"service\":\"shop\",\"instance_id\":\"\",\"slos\":{\"a\":1}}\n";
    let senseless = format!(
        "{{\"format\":\"slo-snapshot\",\"version\":1,\"bytes\":{},\"crc32\":{}}}\n{body}",
        body.len(),
        crc32fast::hash(body.as_bytes())
    );
    let cases: [(&str, Vec<u8>, &str); 8] = [
        ("shop", Vec::new(), "this is not a snapshot"),
        (
            "shop",
            b"version: 1\nservice: shop\n".to_vec(),
            "this is not a snapshot",
        ),
        ("shop", with_header("slo-snapshot", "other"), "this is not a snapshot"),
        (
            "shop",
            with_header("\"version\":1", "\"version\":7"),
            "this is a snapshot of version 7, and this release reads version 1",
        ),
        ("shop", good[..good.len() - 10].to_vec(), "bytes where it says"),
        ("shop", damaged, "this snapshot is damaged: its checksum is wrong"),
        (
            "shop",
            senseless.into_bytes(),
            "this snapshot makes no sense: invalid type",
        ),
        ("other", good.clone(), "this is the snapshot of `shop`"),
    ];
    for (number, (service, content, why)) in (1..).zip(cases) {
        fs::write(file.path(), &content).unwrap();
        let refused = file.load(service).unwrap_err();
        assert!(refused.to_string().contains(why), "{refused}");
        let LoadError::Rejected { kept_as, .. } = refused else {
            panic!("{refused}")
        };
        let kept = folder.0.join(format!("slo.snapshot.rejected-{number}"));
        assert_eq!(kept_as.unwrap(), kept);
        assert_eq!(fs::read(kept).unwrap(), content);
        // The next start is a first start.
        assert_eq!(file.load(service).unwrap(), None);
    }
}

#[test]
fn no_flipped_bit_and_no_missing_end_is_trusted() {
    let folder = Folder::new("damage");
    let file = SnapshotFile::new(folder.0.join("slo.snapshot"));
    file.save(&snapshot()).unwrap();
    let good = fs::read(file.path()).unwrap();
    assert!(open(&good, "shop").is_ok());
    for at in 0..good.len() {
        assert!(open(&good[..at], "shop").is_err(), "the first {at} bytes");
    }
    let header = good.iter().position(|byte| *byte == b'\n').unwrap();
    for at in header..good.len() {
        let mut damaged = good.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(open(&damaged, "shop").is_err(), "byte {at}");
    }
}

#[test]
fn what_cannot_be_read_or_written_stays_where_it_is() {
    let folder = Folder::new("io");
    let missing = SnapshotFile::new(folder.0.join("no-folder/slo.snapshot"));
    assert_eq!(missing.save(&snapshot()).unwrap_err().kind(), io::ErrorKind::NotFound);
    // A folder in the file's place can be neither read nor replaced.
    let taken = SnapshotFile::new(folder.0.join("taken"));
    fs::create_dir_all(taken.path().join("inside")).unwrap();
    assert!(matches!(taken.load("shop"), Err(LoadError::Io { .. })));
    assert!(taken.save(&snapshot()).is_err());
    assert_eq!(folder.names(), ["taken"]);
}

#[test]
fn an_old_file_survives_a_failed_save() {
    let folder = Folder::new("crash");
    let file = SnapshotFile::new(folder.0.join("slo.snapshot"));
    file.save(&snapshot()).unwrap();
    // The name that the next save writes to is taken by a folder.
    fs::create_dir(file.beside(&format!("writing-{}", std::process::id()))).unwrap();
    assert!(file.save(&Snapshot::new("shop", "a-2")).is_err());
    assert_eq!(file.load("shop").unwrap(), Some(snapshot()));
}
