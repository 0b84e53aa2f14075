//! Fresh by age.

use std::time::Duration;

use super::{
    instant::just_after,
    leaf::{Facts, Ruling},
    line::{Finding, Line},
};
use crate::{
    observation::Observation,
    verdict::{Reason, Signal, State},
};

/// Fresh iff the signal's age is at most the limit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Within {
    pub(crate) limit: Duration,
    pub(crate) warn_after: Option<Duration>,
    /// [`Signal::Age`] for the watermark's age, [`Signal::Loaded`] for that of the load.
    pub(crate) signal: Signal,
}

impl Within {
    pub(crate) fn rule(&self, seen: &Observation) -> Result<Ruling, Finding> {
        let (instant, missing) = match self.signal {
            Signal::Loaded => (seen.loaded_at, Finding::missing(Signal::Loaded)),
            _ => (seen.watermark, NO_TIMESTAMP),
        };
        let instant = instant.ok_or(missing)?;
        let finding = |state, reason| Finding::new(state, reason, self.signal);
        let mut line = Line::always(finding(State::Fresh, Reason::WithinLimit));
        if let Some(warn_after) = self.warn_after {
            let warn = finding(State::Warn, Reason::PastWarning);
            line = line.then(just_after(instant, warn_after), warn);
        }
        // After the warning: one that comes at the limit or later, which `validate` refuses, never stretches the limit.
        let stale = finding(State::Stale, Reason::PastLimit);
        Ok(Ruling {
            line: line.then(just_after(instant, self.limit), stale),
            facts: Facts {
                limit: Some(self.limit),
                ..Facts::default()
            },
            ..Ruling::default()
        })
    }
}

pub(crate) const NO_TIMESTAMP: Finding = Finding::new(State::Invalid, Reason::NoTimestamp, Signal::Age);
