//! The mistakes found so far, and where in the spec the reader is.

use core::fmt::{Display, Write as _};

use super::lint::Lint;
use super::tree::Place;

/// A mistake before it has a file and a source line.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) place: Place,
    pub(super) key: String,
    pub(super) slo: Option<String>,
    pub(super) message: String,
    /// Of what is allowed and probably not meant.
    pub(super) lint: Option<Lint>,
}

/// Where as many mistakes are found, the others are counted only: their texts would fill the memory, and nobody reads
/// on.
const MOST: usize = 1_000;

/// Collects mistakes; reading goes on after each.
#[derive(Debug, Default)]
pub(super) struct Findings {
    path: String,
    slo: Option<String>,
    all: Vec<Finding>,
    /// How many were found after the most that are kept.
    others: usize,
}

impl Findings {
    /// Notes a mistake under the present key.
    pub(super) fn mistake(&mut self, place: Place, message: impl Display) {
        if self.is_full() {
            self.others += 1;
            return;
        }
        let message = shortened(message.to_string());
        self.all.push(Finding {
            place,
            key: self.path.clone(),
            slo: self.slo.clone(),
            message,
            lint: None,
        });
    }

    /// Whether mistakes are only counted from here on: no need to look for words.
    pub(super) fn is_full(&self) -> bool {
        self.all.len() >= MOST
    }

    /// Notes a mistake under a key below the present one.
    pub(super) fn mistake_under(&mut self, key: &str, place: Place, message: impl Display) {
        self.under(key, |findings| findings.mistake(place, message));
    }

    /// Reads the value of a key.
    pub(super) fn under<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(&brief(key));
        let value = read(self);
        self.path.truncate(length);
        value
    }

    /// Reads an item of a list.
    pub(super) fn item<T>(&mut self, index: usize, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        let _ = write!(self.path, "[{index}]"); // writing to a String cannot fail
        let value = read(self);
        self.path.truncate(length);
        value
    }

    /// Names the SLO that the mistakes from now on belong to.
    pub(super) fn in_slo(&mut self, name: Option<String>) {
        self.slo = name;
    }

    /// Drops what was found for one mistake of the whole: the rest of the text cannot be read.
    pub(super) fn only(&mut self, place: Place, message: String) {
        self.all = vec![Finding {
            place,
            key: String::new(),
            slo: None,
            message,
            lint: None,
        }];
        self.others = 0;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The mistakes that are kept, and how many others were found.
    pub(super) fn into_parts(self) -> (Vec<Finding>, usize) {
        (self.all, self.others)
    }
}

/// A message without the middle of what somebody wrote at great length: a few of them should not fill the memory.
fn shortened(message: String) -> String {
    if message.len() <= 8_000 {
        return message;
    }
    let signs = message.chars();
    let (start, end): (String, Vec<char>) = (signs.clone().take(1_000).collect(), signs.rev().take(1_000).collect());
    start + "…" + &end.into_iter().rev().collect::<String>()
}

/// The beginning of a text, for paths and messages.
pub(super) fn brief(text: &str) -> String {
    let mut brief: String = text.chars().take(40).collect();
    if brief.len() < text.len() {
        brief.push('…');
    }
    brief
}
