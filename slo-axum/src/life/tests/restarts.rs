//! Processes that go on from a file.

use std::convert::Infallible;
use std::fs;
use std::future::{Future, pending};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use axum::routing::get;
use futures_util::{FutureExt, stream};
use tower::ServiceExt;

use slo_core::{HttpSli, Slo, SnapshotFile, Window};

use super::*;
use crate::life::memory::{self, Memory};

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("slo-axum-life-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("shop.snapshot")
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn process(&self, slos: &str, life: Life) -> Process {
        Process::begin(spec(slos), life, |builder| builder.snapshot_file(self.file()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Process {
    fn stop(self) -> Result<(), String> {
        let Self { alive, now, .. } = self;
        alive.end(now)
    }

    /// Waits for what is being written, then forgets the process without another word.
    fn kill(self) {
        assert!(self.alive.last_saved().is_some());
    }
}

#[test]
fn windows_go_on_totals_begin_anew_and_what_was_told_is_not_told_again() {
    let folder = Folder::new();
    let (life, lines) = told();
    let mut first = folder.process(SLOS, life);
    first.record(MAILS, 40, 60);
    first.run(Duration::from_secs(60));
    assert_eq!(lines.try_iter().count(), 1);
    let id = first.reliability.status().instance_id;
    first.stop().unwrap();

    let (life, lines) = told();
    let second = folder.process(SLOS, life);
    assert_eq!(lines.try_iter().collect::<Vec<_>>(), [""; 0]);
    let status = second.reliability.status();
    let mails = &status.slos[0];
    assert_eq!((mails.events, mails.totals), (Events::new(40, 60), Events::default()));
    assert_eq!(mails.alert.state, AlertState::Page);
    let restored = status.life.memory.unwrap().restored.unwrap();
    assert_eq!((restored.instance_id, restored.slos, restored.lost), (id, 2, 0));
}

#[test]
fn what_was_in_flight_at_a_kill_is_lost_once_to_each_slo_that_it_was_an_event_of() {
    let of = |name: &str, sli: HttpSli| Slo::new(name, sli, "99%".parse().unwrap(), Window::DAY);
    let slos = SloSet::builder("shop")
        .slo(of("all", HttpSli::every_route()))
        .slo(of("some", HttpSli::routes(["/a"])))
        .slo(of("posts", HttpSli::every_route().methods(["POST"])))
        .build()
        .unwrap();
    let folder = Folder::new();
    let begin = || {
        Process::begin(slos.clone(), Life::default(), |builder| {
            builder.snapshot_file(folder.file())
        })
    };
    let mut first = begin();
    assert!(first.alive.last_saved().is_some());
    let hangs = || get(async || pending::<()>().await).post(async || pending::<()>().await);
    let events = || async {
        (
            [("content-type", "text/event-stream")],
            Body::from_stream(stream::pending::<Result<Bytes, Infallible>>()),
        )
    };
    let app = Router::new()
        .route("/a", hangs())
        .route("/b", hangs())
        .route("/silent", hangs().layer(first.reliability.mark().no_metrics()))
        .route("/events", get(events));
    let app = app.layer(first.reliability.layer()).with_state::<()>(());
    // Nobody waits for these two.
    let streaming = app
        .clone()
        .oneshot(Request::get("/events").body(Body::empty()).unwrap());
    let streaming = streaming.now_or_never().unwrap();
    let hanging = [("GET", "/a"), ("POST", "/b"), ("GET", "/silent")].map(|(method, uri)| {
        let request = Request::builder().method(method).uri(uri).body(Body::empty());
        let mut hanging = Box::pin(app.clone().oneshot(request.unwrap()));
        assert!(
            hanging
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        hanging
    });
    first.run(Duration::from_secs(60));
    first.kill();
    drop((hanging, streaming));

    let log = log::Log::begin();
    let second = begin();
    let status = second.reliability.status();
    assert_eq!(status.requests.totals, Events::new(0, 2));
    let totals: Vec<_> = status.slos.iter().map(|slo| slo.totals.bad()).collect();
    assert_eq!(totals, [2, 1, 1]);
    assert_eq!(status.slos[0].events.bad(), 2);
    let lines = log.lines();
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("WARN") && line.contains("reason=\"lost\"")),
        "{lines:?}"
    );
    assert_eq!(
        status
            .life
            .memory
            .and_then(|memory| memory.restored)
            .map(|restored| restored.lost),
        Some(2)
    );
    // It saved at its first step, without anything in flight: whoever comes next loses nothing more.
    second.kill();
    let third = begin();
    assert_eq!(third.reliability.status().requests.totals, Events::default());
    assert_eq!(third.reliability.status().slos[0].events.bad(), 2);
}

#[test]
fn a_file_that_is_not_trusted_is_kept_aside_and_the_service_starts() {
    let folder = Folder::new();
    folder.process(SLOS, Life::default()).stop().unwrap();
    let good = fs::read(folder.file()).unwrap();
    let text = String::from_utf8(good).unwrap();
    let untrusted = [
        ("\"version\":1", "\"version\":2", "reads version 1"),
        ("mails", "snail", "checksum"),
        ("{\"format\"", "{\"form\"", "not a snapshot"),
    ];
    for (kept, (old, new, why)) in untrusted.into_iter().enumerate() {
        fs::write(folder.file(), text.replacen(old, new, 1)).unwrap();
        let log = log::Log::begin();
        let process = folder.process(SLOS, Life::default());
        assert_eq!(
            process
                .reliability
                .status()
                .life
                .memory
                .unwrap()
                .restored
                .map(|r| r.slos),
            None
        );
        process.kill();
        let lines = log.lines();
        assert!(
            lines.iter().any(|line| line.starts_with("WARN") && line.contains(why)),
            "{lines:?}"
        );
        assert!(
            folder.names().contains(&format!("shop.snapshot.rejected-{}", kept + 1)),
            "{:?}",
            folder.names()
        );
    }
    // Another service's.
    let other = SLOS.replace("service: shop", "service: bakery");
    let process = folder.process(&other, Life::default());
    assert!(process.reliability.status().life.memory.unwrap().restored.is_none());
    process.kill();
    assert_eq!(folder.names().len(), 5);
}

#[test]
fn counts_of_other_rules_are_left_out_and_other_targets_are_not_other_rules() {
    let folder = Folder::new();
    let first = folder.process(SLOS, Life::default());
    first.record(MAILS, 40, 60);
    first.record(DRAFT, 40, 60);
    first.stop().unwrap();
    let changed = SLOS.replacen("of: mails", "of: letters", 1).replacen(
        "name: draft, objective: 99%, window: 1h",
        "name: draft, objective: 90%, window: 1h",
        1,
    );
    let second = folder.process(&changed, Life::default());
    let events: Vec<_> = second.reliability.status().slos.iter().map(|slo| slo.events).collect();
    assert_eq!(events, [Events::default(), Events::new(40, 60)]);
}

#[test]
fn a_snapshot_that_cannot_be_saved_is_told_once_and_so_is_the_end_of_it() {
    let folder = Folder::new();
    let log = log::Log::begin();
    let process = Process::new(Life::default());
    let inner = folder.0.join("no such folder");
    let memory = Memory::new(SnapshotFile::new(inner.join("file")), None);
    let save = || {
        let (now, snapshot) = memory::snapshot(process.shared(), process.tick());
        memory.note(now, memory.write(&snapshot))
    };
    assert!(save().is_err() && save().is_err());
    let lines = log.lines();
    assert!(
        lines.len() == 1 && lines[0].starts_with("WARN the snapshot could not be saved"),
        "{lines:?}"
    );
    assert!(memory.status().failing.is_some() && memory.status().saved_at.is_none());
    fs::create_dir(&inner).unwrap();
    assert!(save().is_ok() && save().is_ok());
    let lines = log.lines();
    assert_eq!(lines[1..], ["INFO snapshots can be saved again"]);
    assert!(memory.status().failing.is_none() && memory.status().saved_at.is_some());
}

#[test]
fn a_snapshot_that_cannot_be_saved_stops_no_step_and_is_told_at_the_end() {
    let folder = Folder::new();
    let mut process = Process::begin(spec(SLOS), Life::default(), |builder| {
        builder.snapshot_file(folder.0.join("no such folder").join("file"))
    });
    assert!(process.alive.last_saved().is_some());
    assert!(process.reliability.status().life.memory.unwrap().failing.is_some());
    process.run(SNAPSHOT_EVERY);
    assert_eq!(
        process.reliability.status().life.last_step_at,
        Some(process.now.wall.into())
    );
    let refused = process.stop().unwrap_err();
    assert!(!refused.is_empty());
}

#[test]
fn snapshots_are_saved_at_the_first_step_and_then_once_a_minute() {
    let folder = Folder::new();
    let mut process = folder.process(SLOS, Life::default());
    let mut saved = Vec::new();
    for _ in 0..24 {
        saved.push(process.alive.last_saved().unwrap());
        process.run(INTERVAL);
    }
    saved.dedup();
    assert_eq!(saved.len(), 2);
    assert_eq!(saved[1] - saved[0], SNAPSHOT_EVERY);
}

/// A pipe stands in for the disk: whoever opens it for writing waits for somebody who reads.
#[cfg(unix)]
#[test]
fn a_disk_that_hangs_does_not_silence_alerts() {
    let folder = Folder::new();
    let (life, lines) = told();
    let mut process = folder.process(SLOS, life);
    assert!(process.alive.last_saved().is_some());
    let pipe = folder.0.join(format!("shop.snapshot.writing-{}", std::process::id()));
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());

    process.run(SNAPSHOT_EVERY);
    assert!(process.alive.is_saving());
    process.record(MAILS, 0, 60);
    process.run(Duration::from_secs(60));
    assert_eq!(lines.try_iter().count(), 1);
    assert!(process.alive.is_saving());

    let _written = fs::read(&pipe).unwrap();
    assert!(process.alive.last_saved().is_some());
    process.run(SNAPSHOT_EVERY);
    process.stop().unwrap();
    assert_eq!(folder.names(), ["shop.snapshot"]);
}
