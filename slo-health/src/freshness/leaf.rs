//! What one rule says of an observation.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::line::{Finding, Line};
use crate::verdict::{Cycle, Reason, Signal, State};

/// What stands beside a verdict and is the same at any time.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Facts {
    pub(crate) limit: Option<Duration>,
    pub(crate) cycle: Option<Cycle>,
    pub(crate) deadline: Option<DateTime<Utc>>,
}

/// A rule's line, and what belongs to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ruling {
    pub(crate) line: Line,
    pub(crate) facts: Facts,
    /// From here on nobody knows the holidays any more.
    pub(crate) expires: Option<DateTime<Utc>>,
    /// The end of the grace in which the period of the watermark may still be filling.
    pub(crate) settles: Option<DateTime<Utc>>,
}

impl Default for Ruling {
    /// Nothing to judge by.
    fn default() -> Self {
        Self {
            line: Line::always(NOTHING),
            facts: Facts::default(),
            expires: None,
            settles: None,
        }
    }
}

impl Ruling {
    pub(crate) fn always(finding: Finding) -> Self {
        Self {
            line: Line::always(finding),
            ..Self::default()
        }
    }

    pub(crate) fn at(&self, now: DateTime<Utc>) -> Finding {
        let found = self.line.at(now);
        if found.state == State::Fresh && self.expires.is_some_and(|end| end <= now) {
            return EXPIRED;
        }
        found
    }
}

pub(crate) const NOTHING: Finding = Finding {
    state: State::Invalid,
    reason: Reason::SignalMissing,
    signal: None,
    rows: None,
};
const EXPIRED: Finding = Finding::new(State::Warn, Reason::CalendarExpired, Signal::Calendar);
