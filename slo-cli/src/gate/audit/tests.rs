//! The chain, and what people and disks do to it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process, thread};

use super::*;

struct Chain(PathBuf);

impl Chain {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(env::temp_dir().join(format!("slo-audit-{}-{number}", process::id())))
    }

    fn of(records: u32) -> (Self, Head) {
        let chain = Self::new();
        let heads: Vec<_> = (0..records).map(|record| chain.append(record)).collect();
        let head = heads.last().unwrap().clone();
        (chain, head)
    }

    fn append(&self, record: u32) -> Head {
        self.appended(record).head
    }

    fn appended(&self, record: u32) -> Appended {
        let record = serde_json::json!({ "verdict": "bypassed", "why": format!("reason {record}\n\"}}") });
        append(&self.0, &record, Duration::from_secs(60)).unwrap()
    }

    fn report(&self) -> Report {
        report(&self.text(), None)
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.0).unwrap()
    }

    fn refusal(&self, change: impl FnOnce(&mut Vec<String>)) -> String {
        let mut lines: Vec<_> = self.text().lines().map(str::to_owned).collect();
        change(&mut lines);
        let report = report(&lines.join("\n"), None);
        report
            .findings
            .first()
            .map_or_else(|| "nothing".to_owned(), ToString::to_string)
    }
}

fn report(text: &str, expected: Option<&str>) -> Report {
    verify(text.as_bytes(), expected).unwrap()
}

impl Drop for Chain {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn what_was_written_is_verified_to_its_head() {
    let (chain, head) = Chain::of(3);
    assert_eq!(head.sequence, 2);
    assert_eq!((chain.report().records, chain.report().is_sound()), (3, true));
    assert_eq!(report(&chain.text(), Some(&head.hash)).head, Some(head));
    assert_eq!((report("", None).head, report("", None).is_sound()), (None, true));
    assert!(chain.text().starts_with(&format!(
        r#"{{"sequence":0,"previous":"{BEGINNING}","record":{{"verdict""#
    )));
}

#[test]
fn edits_and_lost_and_exchanged_and_foreign_lines_are_found_where_they_are() {
    let (chain, _) = Chain::of(4);
    assert_eq!(chain.refusal(|_| ()), "nothing");
    let altered = |line: u64, why: &str| format!("line {line} of the audit file was altered: {why}");
    let edited = chain.refusal(|lines| lines[1] = lines[1].replace("reason 1", "reason 2"));
    assert_eq!(edited, altered(2, "its hash is another"));
    assert_eq!(
        chain.refusal(|lines| drop(lines.remove(1))),
        altered(2, "it does not follow the line before")
    );
    assert_eq!(
        chain.refusal(|lines| drop(lines.remove(0))),
        altered(1, "it does not follow the line before")
    );
    assert_eq!(
        chain.refusal(|lines| lines.swap(1, 2)),
        altered(2, "it does not follow the line before")
    );
    assert_eq!(
        chain.refusal(|lines| lines.insert(2, "{}".to_owned())),
        altered(3, "it is no record")
    );
    let respelt = chain.refusal(|lines| lines[3] = lines[3].replace(",\"hash\"", ", \"hash\""));
    assert_eq!(respelt, altered(4, "it is not spelt as it was written"));
    // A forged record with a right hash of its own breaks the chain after it.
    let forged = chain.refusal(|lines| {
        let known: Line<'_> = serde_json::from_str(&lines[1]).unwrap();
        let body = body(known.sequence, &known.previous, "{}");
        lines[1] = whole(&body, &hash(&body));
    });
    assert_eq!(forged, altered(3, "it does not follow the line before"));
}

#[test]
fn a_cut_tail_is_found_by_the_head_that_was_announced() {
    let (chain, head) = Chain::of(3);
    let text = chain.text();
    let cut = text.lines().take(2).collect::<Vec<_>>().join("\n");
    assert!(report(&cut, None).is_sound());
    assert!(!report(&cut, Some(&head.hash)).is_sound());
    // One that was announced before, and is not the newest any more, is there as well.
    chain.append(3);
    assert!(report(&chain.text(), Some(&head.hash)).is_sound());
}

#[test]
fn a_record_that_was_cut_off_is_named_and_what_comes_after_it_is_checked() {
    let (chain, _) = Chain::of(2);
    let text = chain.text();
    fs::write(&chain.0, &text[..text.len() - 20]).unwrap();
    let appended = chain.appended(2);
    assert_eq!((appended.to, appended.head.sequence), (Before::Damage, 2));
    assert_eq!(chain.appended(3).to, Before::Record);
    assert_eq!(chain.text().lines().count(), 4);
    let found = chain.report();
    let lines: Vec<_> = found.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        ["line 2 of the audit file was altered: it is no record; it was so when line 3 was written"]
    );
    assert_eq!((found.records, found.head.map(|head| head.sequence)), (3, Some(3)));
    // Not every line that is no record was so when the next one was written.
    let later = chain.text().replacen("\"sequence\":2", "\"sequence\":\"2\"", 1);
    let lines: Vec<_> = report(&later, None)
        .findings
        .iter()
        .map(|found| (found.line, found.is_known))
        .collect();
    assert_eq!(lines, [(2, false), (3, false), (4, false)]);
}

#[test]
fn each_altered_line_is_found_and_not_only_the_first() {
    let (chain, _) = Chain::of(5);
    let text = chain
        .text()
        .replace("reason 1", "reason 7")
        .replace("reason 3", "reason 8");
    let found = report(&text, None);
    let lines: Vec<_> = found.findings.iter().map(|found| (found.line, found.why)).collect();
    assert_eq!(lines, [(2, "its hash is another"), (4, "its hash is another")]);
    assert_eq!((found.records, found.head.map(|head| head.sequence)), (3, Some(4)));
}

#[test]
fn an_empty_line_and_bytes_that_are_no_text_are_no_record() {
    let (chain, _) = Chain::of(1);
    assert_eq!(chain.report().findings, []);
    let text = chain.text();
    for damage in [&b"\n"[..], b"caf\xe9\n", b"\xff"] {
        fs::write(&chain.0, [text.as_bytes(), damage].concat()).unwrap();
        assert_eq!(chain.appended(1).to, Before::Damage, "{damage:?}");
        let bytes = fs::read(&chain.0).unwrap();
        let found = verify(bytes.as_slice(), None).unwrap();
        assert_eq!((found.records, found.findings.len()), (2, 1), "{damage:?}");
        assert!(found.findings[0].is_known, "{damage:?}");
    }
    // The sign that stands for such bytes is not such bytes.
    fs::remove_file(&chain.0).unwrap();
    append(&chain.0, &"\u{fffd}", Duration::ZERO).unwrap();
    assert!(chain.report().is_sound());
    let bytes = fs::read(&chain.0).unwrap();
    let at = bytes.windows(3).position(|sign| sign == "\u{fffd}".as_bytes()).unwrap();
    let bytes = [&bytes[..at], b"\xff", &bytes[at + 3..]].concat();
    assert!(!verify(bytes.as_slice(), None).unwrap().is_sound());
}

#[test]
fn a_file_that_begins_says_so() {
    let chain = Chain::new();
    assert_eq!(chain.appended(0).to, Before::Nothing);
    assert_eq!(chain.appended(1).to, Before::Record);
}

#[test]
fn a_file_that_another_process_holds_is_waited_for_and_not_for_ever() {
    let (chain, _) = Chain::of(1);
    let held = File::open(&chain.0).unwrap();
    assert!(file_lock::lock_within(&held, Duration::ZERO).unwrap());
    let busy = append(&chain.0, &1, Duration::ZERO).unwrap_err().to_string();
    assert_eq!(
        busy,
        "the audit file cannot be used: another process has held it for 0s"
    );
    assert_eq!(chain.report().records, 1);
    drop(held);
    assert!(append(&chain.0, &1, Duration::ZERO).is_ok());
}

#[test]
fn what_keeps_nothing_is_no_audit_file() {
    for path in [env::temp_dir(), "/dev/null".into(), "/dev/full".into()] {
        let refused = append(&path, &1, Duration::ZERO);
        assert!(matches!(refused, Err(AuditError::NotAFile)), "{path:?}: {refused:?}");
    }
}

/// A disk that has room for so many bytes more.
struct Full(Vec<u8>, usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.1.min(bytes.len());
        if room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.extend(&bytes[..room]);
        self.1 -= room;
        Ok(room)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Cut for Full {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.0.truncate(usize::try_from(length).unwrap());
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_that_is_full_leaves_no_half_of_a_record() {
    let mut disk = Full(b"a record\n".to_vec(), 5);
    let refused = add(&mut disk, 9, b"another\n").unwrap_err();
    assert_eq!(
        (refused.kind(), disk.0.as_slice()),
        (io::ErrorKind::StorageFull, &b"a record\n"[..])
    );
    let mut disk = Full(b"a record\n".to_vec(), 8);
    add(&mut disk, 9, b"another\n").unwrap();
    assert_eq!(disk.0, b"a record\nanother\n");
}

#[test]
fn what_steers_a_terminal_is_escaped_and_hashed_so() {
    let chain = Chain::new();
    append(&chain.0, &"a\u{9b}2J\u{202e}b\u{7f}", Duration::ZERO).unwrap();
    assert!(chain.text().contains(r#""a\u009b2J\u202eb\u007f""#), "{}", chain.text());
    assert!(chain.report().is_sound());
}

#[test]
fn a_line_for_a_log_is_a_chain_of_its_own() {
    let (head, text) = line(&serde_json::json!({ "verdict": "bypassed" })).unwrap();
    let found = report(&text, Some(&head.hash));
    assert_eq!((found.is_sound(), found.head), (true, Some(head)));
}

#[test]
fn gates_that_end_at_once_make_one_chain() {
    let chain = Chain::new();
    thread::scope(|scope| {
        for writer in 0..4 {
            let chain = &chain;
            scope.spawn(move || (0..10).for_each(|record| drop(chain.append(writer * 10 + record))));
        }
    });
    assert_eq!((chain.report().records, chain.report().is_sound()), (40, true));
}
