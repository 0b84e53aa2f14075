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
//!
//! A line that is no record, as a machine that lost its power leaves half of one, does not end the chain: the next record
//! holds the hash of that line's bytes. [`verify`] names the line, and goes on behind it.

mod verify;

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

pub use self::verify::{Finding, Report, verify};
use crate::file_lock;
use crate::render::plain_json;

/// The newest record of a chain.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Head {
    /// Its place, from 0.
    pub sequence: u64,
    /// Its hash: 64 hexadecimal digits.
    pub hash: String,
}

/// A record that was added.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Appended {
    /// What it is known by.
    pub head: Head,
    /// What it was added to.
    pub to: Before,
}

/// What stood before a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Before {
    /// Nothing: the file was not there, or empty.
    Nothing,
    /// A record.
    Record,
    /// A line that is no record: it was cut off, or altered.
    Damage,
}

/// Why a record cannot be added, or a file not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The file cannot be read or written.
    #[error("the audit file cannot be used: {0}")]
    File(#[from] io::Error),
    /// It is a folder, a device or a pipe, which keep nothing.
    #[error("the audit file cannot be used: it is no regular file; name one, or write `--audit=-` for the log")]
    NotAFile,
    /// Another process has the file; holds how long it was waited for.
    #[error("the audit file cannot be used: another process has held it for {}", humantime::format_duration(*.0))]
    Busy(Duration),
    /// A record cannot be written as JSON.
    #[error("the record cannot be written: {0}")]
    Record(#[from] serde_json::Error),
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

/// Adds a record and waits until it is on the disk. Who else appends at the same moment waits for its turn, for `within` at
/// most.
///
/// The record is there as a whole or not at all. A damaged last line does not keep it out: the chain goes on from that
/// line's bytes, and [`verify`] names it.
///
/// # Errors
///
/// [`AuditError`].
pub fn append(path: &Path, record: &impl Serialize, within: Duration) -> Result<Appended, AuditError> {
    let mut file = opened(path)?;
    // Elsewhere than on Unix two gates that end in the same moment may break the chain.
    if !file_lock::lock_within(&file, within)? {
        return Err(AuditError::Busy(within));
    }
    let (last, lines) = last_line(&mut file)?;
    let known = last
        .as_deref()
        .map(|line| (line, serde_json::from_str::<Line<'_>>(line)));
    let (to, sequence, previous) = match known {
        None => (Before::Nothing, 0, BEGINNING.to_owned()),
        Some((_, Ok(known))) => (Before::Record, known.sequence.saturating_add(1), known.hash),
        Some((line, Err(_))) => (Before::Damage, lines, hash(line)),
    };
    let body = body(sequence, &previous, &plain_json(&serde_json::to_string(record)?));
    let hash = hash(&body);
    // A line that was cut off in the middle must not swallow this one.
    let mut text = String::new();
    if last.is_some() && !ends_with_a_line_break(&mut file)? {
        text.push('\n');
    }
    text.push_str(&whole(&body, &hash));
    text.push('\n');
    let length = file.metadata()?.len();
    add(&mut file, length, text.as_bytes())?;
    Ok(Appended {
        head: Head { sequence, hash },
        to,
    })
}

/// A record for a log that keeps what it gets: the first of a chain, and the only one.
///
/// # Errors
///
/// [`AuditError::Record`].
pub fn line(record: &impl Serialize) -> Result<(Head, String), AuditError> {
    let body = body(0, BEGINNING, &plain_json(&serde_json::to_string(record)?));
    let hash = hash(&body);
    let line = whole(&body, &hash);
    Ok((Head { sequence: 0, hash }, line))
}

/// The file, made if need be. What is no file is not even opened: a pipe would wait for its reader.
fn opened(path: &Path) -> Result<File, AuditError> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(AuditError::NotAFile);
    }
    Ok(OpenOptions::new().read(true).append(true).create(true).open(path)?)
}

/// What can be written to and be cut back: a file, and in tests a disk that is full.
trait Cut: Write {
    fn cut(&mut self, length: u64) -> io::Result<()>;
    fn sync(&mut self) -> io::Result<()>;
}

impl Cut for File {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// All of it or nothing: half a record of a disk that is full would stand in the chain for good.
fn add(file: &mut impl Cut, length: u64, text: &[u8]) -> io::Result<()> {
    let added = file.write_all(text).and_then(|()| file.sync());
    if added.is_err() {
        // Where not even that goes, the next record finds the damage and says so.
        let _ = file.cut(length);
    }
    added
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

/// The next line, without its end.
fn next_line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    if reader.read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    let line = String::from_utf8(bytes).unwrap_or_else(|error| {
        // A sign that no record begins with: bytes that are no text must not pass for the sign that stands in for them.
        format!("\u{fffd}{}", String::from_utf8_lossy(error.as_bytes()))
    });
    Ok(Some(line.trim_end_matches(['\n', '\r']).to_owned()))
}

/// The last of them, and how many there are.
fn last_line(file: &mut File) -> io::Result<(Option<String>, u64)> {
    file.seek(SeekFrom::Start(0))?;
    let (mut reader, mut last, mut lines) = (BufReader::new(file), None, 0);
    while let Some(line) = next_line(&mut reader)? {
        last = Some(line);
        lines += 1;
    }
    Ok((last, lines))
}

fn ends_with_a_line_break(file: &mut File) -> io::Result<bool> {
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests;
