//! Whether a chain is as it was written.

use std::io::{self, BufRead};

use super::{BEGINNING, Head, Line, body, hash, next_line, whole};

/// What became of a chain.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[must_use]
#[non_exhaustive]
pub struct Report {
    /// How many records are as they were written.
    pub records: u64,
    /// The newest of them.
    pub head: Option<Head>,
    /// Every line that is not what was written, in order.
    pub findings: Vec<Finding>,
    /// Whether the head that was asked for is in the chain; true when none was.
    pub has_expected: bool,
}

/// A line that is not what was written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line} of the audit file was altered: {why}{}", known(*.is_known, *.line))]
#[non_exhaustive]
pub struct Finding {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub why: &'static str,
    /// Whether the next record knows of it: when that was written, the line was so already.
    pub is_known: bool,
}

fn known(is_known: bool, line: u64) -> String {
    if is_known {
        format!("; it was so when line {} was written", line + 1)
    } else {
        String::new()
    }
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty() && self.has_expected
    }
}

/// Checks every line, also behind one that was altered; `expected` is the head that an announcement told.
///
/// # Errors
///
/// What keeps the records from being read.
pub fn verify(mut records: impl BufRead, expected: Option<&str>) -> io::Result<Report> {
    let mut report = Report {
        has_expected: expected.is_none(),
        ..Report::default()
    };
    let mut next = Next::first();
    for line in 1.. {
        let Some(text) = next_line(&mut records)? else {
            break;
        };
        match next.take(&text, line) {
            Ok(head) => {
                report.has_expected |= expected == Some(head.hash.as_str());
                report.records += 1;
                report.head = Some(head);
                if let Some(before) = report.findings.last_mut().filter(|finding| finding.line + 1 == line) {
                    before.is_known = next.knows_damage;
                }
            }
            Err(why) => report.findings.push(Finding {
                line,
                why,
                is_known: false,
            }),
        }
        next.knows_damage = false;
    }
    Ok(report)
}

/// What the next line has to say of the one before it.
struct Next {
    sequence: u64,
    previous: String,
    /// The line before is no record, and this is the hash of its bytes.
    is_after_damage: bool,
    knows_damage: bool,
}

impl Next {
    fn first() -> Self {
        Self {
            sequence: 0,
            previous: BEGINNING.to_owned(),
            is_after_damage: false,
            knows_damage: false,
        }
    }

    /// The record of a line; or why it is none, and what is expected of the next line then.
    fn take(&mut self, text: &str, line: u64) -> Result<Head, &'static str> {
        let Ok(known) = serde_json::from_str::<Line<'_>>(text) else {
            (self.sequence, self.previous, self.is_after_damage) = (line, hash(text), true);
            return Err("it is no record");
        };
        let follows = known.previous == self.previous && known.sequence == self.sequence;
        self.knows_damage = self.is_after_damage && follows;
        // As whoever adds the next one takes it.
        (self.sequence, self.previous) = (known.sequence.saturating_add(1), known.hash.clone());
        self.is_after_damage = false;
        let body = body(known.sequence, &known.previous, known.record.get());
        if whole(&body, &known.hash) != text {
            return Err("it is not spelt as it was written");
        }
        if hash(&body) != known.hash {
            return Err("its hash is another");
        }
        if !follows {
            return Err("it does not follow the line before");
        }
        Ok(Head {
            sequence: known.sequence,
            hash: known.hash,
        })
    }
}
