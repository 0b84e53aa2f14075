//! The gate's memory: a file of records that cannot be altered unseen, as each holds the hash of the one before.
//!
//! A line is a record:
//!
//! ```text
//! {"sequence":1,"previous":"<hash of the line before>","record":{..},"hash":"<hash of all before it in this line>"}
//! ```
//!
//! The hash is SHA-256 in hexadecimal, over everything of the line up to the record's end. Edited, removed, inserted and
//! exchanged lines break the chain where it happened. A cut tail does not: that is why every announcement tells the
//! hash of the newest record, the head, and [`verify`] can be asked whether it is still there.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::file_lock;

/// The newest record of a chain.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Head {
    /// Its place, from 0.
    pub sequence: u64,
    /// Its hash: 64 hexadecimal digits.
    pub hash: String,
}

/// Why a chain cannot be relied on, or written to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The file cannot be read or written.
    #[error("the audit file cannot be used: {0}")]
    File(#[from] io::Error),
    /// A record cannot be written as JSON.
    #[error("the record cannot be written: {0}")]
    Record(#[from] serde_json::Error),
    /// A line is no record of ours, or not the one that was written.
    #[error("line {line} of the audit file was altered: {why}")]
    Altered {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The head that was announced is not in the chain.
    #[error(
        "the record {expected} was announced and is not in the audit file: its end was cut off, or it is another file"
    )]
    Missing {
        /// The hash that was asked for.
        expected: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    sequence: u64,
    previous: String,
    #[serde(borrow)]
    record: &'a RawValue,
    hash: String,
}

/// What the first record holds in the place of the hash before it.
const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Adds a record and waits until it is on the disk. Who else appends at the same moment waits for its turn.
///
/// A damaged last line does not keep the record out: the chain goes on from that line's bytes, and [`verify`] names it.
///
/// # Errors
///
/// [`AuditError::File`] and [`AuditError::Record`].
pub fn append(path: &Path, record: &impl Serialize) -> Result<Head, AuditError> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    // Elsewhere than on Unix two gates that end in the same moment may break the chain.
    file_lock::lock(&file)?;
    let last = last_line(&mut file)?;
    let (sequence, previous) = match last.as_deref() {
        None => (0, BEGINNING.to_owned()),
        Some(line) => match serde_json::from_str::<Line<'_>>(line) {
            Ok(known) => (known.sequence.saturating_add(1), known.hash),
            Err(_) => (0, hash(line)),
        },
    };
    let body = body(sequence, &previous, &serde_json::to_string(record)?);
    let hash = hash(&body);
    // A line that was cut off in the middle must not swallow this one.
    let mut text = String::new();
    if last.is_some() && !ends_with_a_line_break(&mut file)? {
        text.push('\n');
    }
    text.push_str(&whole(&body, &hash));
    text.push('\n');
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(Head { sequence, hash })
}

/// A record for a log that keeps what it gets: the first of a chain, and the only one.
///
/// # Errors
///
/// [`AuditError::Record`].
pub fn line(record: &impl Serialize) -> Result<(Head, String), AuditError> {
    let body = body(0, BEGINNING, &serde_json::to_string(record)?);
    let hash = hash(&body);
    let line = whole(&body, &hash);
    Ok((Head { sequence: 0, hash }, line))
}

/// Checks every line; `expected` is the head that an announcement told, which must be in the chain. `None` when the file
/// has no record.
///
/// # Errors
///
/// [`AuditError`] with the first line that is not what was written.
pub fn verify(records: impl BufRead, expected: Option<&str>) -> Result<Option<Head>, AuditError> {
    let mut head: Option<Head> = None;
    let mut found = expected.is_none();
    for (line, number) in records.lines().zip(1..) {
        let line = line?;
        let altered = |why| AuditError::Altered { line: number, why };
        let known: Line<'_> = serde_json::from_str(&line).map_err(|_| altered("it is no record"))?;
        let body = body(known.sequence, &known.previous, known.record.get());
        if whole(&body, &known.hash) != line {
            return Err(altered("it is not spelt as it was written"));
        }
        if hash(&body) != known.hash {
            return Err(altered("its hash is another"));
        }
        let (sequence, previous) = head
            .as_ref()
            .map_or((0, BEGINNING), |head| (head.sequence + 1, head.hash.as_str()));
        if known.previous != previous || known.sequence != sequence {
            return Err(altered("it does not follow the line before"));
        }
        found = found || expected == Some(known.hash.as_str());
        head = Some(Head {
            sequence: known.sequence,
            hash: known.hash,
        });
    }
    if !found {
        return Err(AuditError::Missing {
            expected: expected.unwrap_or_default().to_owned(),
        });
    }
    Ok(head)
}

/// Everything that is hashed: the line up to the record's end.
fn body(sequence: u64, previous: &str, record: &str) -> String {
    format!(r#"{{"sequence":{sequence},"previous":"{previous}","record":{record}"#)
}

fn whole(body: &str, hash: &str) -> String {
    format!(r#"{body},"hash":"{hash}"}}"#)
}

fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The last line that is not empty; bytes that are no text are replaced.
fn last_line(file: &mut File) -> io::Result<Option<String>> {
    file.seek(SeekFrom::Start(0))?;
    let mut last = None;
    let (mut reader, mut bytes) = (BufReader::new(file), Vec::new());
    while reader.read_until(b'\n', &mut bytes)? > 0 {
        let line = String::from_utf8_lossy(&bytes);
        let line = line.trim_end_matches(['\n', '\r']);
        if !line.is_empty() {
            last = Some(line.to_owned());
        }
        bytes.clear();
    }
    Ok(last)
}

fn ends_with_a_line_break(file: &mut File) -> io::Result<bool> {
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
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
            append(
                &self.0,
                &serde_json::json!({ "verdict": "bypassed", "why": format!("reason {record}\n\"}}") }),
            )
            .unwrap()
        }

        fn text(&self) -> String {
            fs::read_to_string(&self.0).unwrap()
        }

        fn refusal(&self, change: impl FnOnce(&mut Vec<String>)) -> String {
            let mut lines: Vec<_> = self.text().lines().map(str::to_owned).collect();
            change(&mut lines);
            verify(lines.join("\n").as_bytes(), None).map_or_else(|error| error.to_string(), |_| "nothing".to_owned())
        }
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
        assert_eq!(verify(chain.text().as_bytes(), None).unwrap(), Some(head.clone()));
        assert_eq!(verify(chain.text().as_bytes(), Some(&head.hash)).unwrap(), Some(head));
        assert_eq!(verify(&b""[..], None).unwrap(), None);
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
        assert!(verify(cut.as_bytes(), None).is_ok());
        let error = verify(cut.as_bytes(), Some(&head.hash)).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("the record {} was announced and is not", head.hash)),
            "{error}"
        );
        // One that was announced before, and is not the newest any more, is there as well.
        chain.append(3);
        assert!(verify(chain.text().as_bytes(), Some(&head.hash)).is_ok());
    }

    #[test]
    fn a_record_that_was_cut_off_keeps_nobody_from_going_on() {
        let (chain, _) = Chain::of(2);
        let text = chain.text();
        fs::write(&chain.0, &text[..text.len() - 20]).unwrap();
        chain.append(2);
        assert_eq!(chain.text().lines().count(), 3);
        let error = verify(chain.text().as_bytes(), None).unwrap_err().to_string();
        assert_eq!(error, "line 2 of the audit file was altered: it is no record");
    }

    #[test]
    fn a_line_for_a_log_is_a_chain_of_its_own() {
        let (head, text) = line(&serde_json::json!({ "verdict": "bypassed" })).unwrap();
        assert_eq!(verify(text.as_bytes(), Some(&head.hash)).unwrap(), Some(head));
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
        assert_eq!(verify(chain.text().as_bytes(), None).unwrap().unwrap().sequence, 39);
    }
}
