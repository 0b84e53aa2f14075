//! Fresh by period: the present month, week or day has data.

use std::time::Duration;

use slo_core::{Period, Zone};

use super::{
    age::NO_TIMESTAMP,
    instant::{after, just_after},
    leaf::{Facts, Ruling},
    line::{Finding, Line},
    validate::{PolicyError, validate_ages},
};
use crate::{
    observation::Observation,
    verdict::{Cycle, Reason, Signal, State},
};

/// The period that is now has data. Until the grace at its start is over, the verdict of the one before it holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct CurrentPeriod {
    pub(crate) period: Period,
    pub(crate) zone: Zone,
    pub(crate) rollover_grace: Duration,
    pub(crate) newest_within: Option<Duration>,
    pub(crate) warn_after: Option<Duration>,
}

impl CurrentPeriod {
    pub(crate) fn rule(&self, seen: &Observation) -> Result<Ruling, Finding> {
        let watermark = seen.watermark.ok_or(NO_TIMESTAMP)?;
        let (first_day, range) = self.zone.period_at(self.period, watermark);
        let settles = after(range.start, self.rollover_grace);
        let end = after(range.end, self.rollover_grace);
        // A verdict of age that would fall into the grace of a period comes when that is over.
        let aged = |age: Option<Duration>| match just_after(watermark, age?) {
            Some(at) if at >= range.end => end,
            Some(at) => settles.map(|settles| at.max(settles)),
            None => None,
        };
        let finding = |state, reason, signal| Finding::new(state, reason, signal);
        let mut line = Line::always(finding(State::Fresh, Reason::InPeriod, Signal::Period))
            .then(
                Some(range.end),
                finding(State::Fresh, Reason::RolloverGrace, Signal::Period),
            )
            .then(
                aged(self.warn_after),
                finding(State::Warn, Reason::PastWarning, Signal::Age),
            );
        line = match aged(self.newest_within) {
            Some(at) if end.is_none_or(|end| at < end) => {
                line.then(Some(at), finding(State::Stale, Reason::PastLimit, Signal::Age))
            }
            _ => line.then(end, finding(State::Stale, Reason::NotInPeriod, Signal::Period)),
        };
        Ok(Ruling {
            line,
            facts: Facts {
                limit: self.newest_within,
                cycle: Some(Cycle::period(self.period, first_day)),
                deadline: end,
            },
            expires: None,
            settles: settles.filter(|at| *at > range.start),
        })
    }

    pub(crate) fn validate(&self) -> Result<(), PolicyError> {
        let shortest = self.shortest();
        if self.rollover_grace >= shortest {
            return Err(PolicyError::RolloverGraceTooLong {
                grace: self.rollover_grace,
                period: self.period,
                shortest,
            });
        }
        match (self.newest_within, self.warn_after) {
            (Some(limit), warn_after) => validate_ages(limit, warn_after),
            (None, Some(_)) => Err(PolicyError::Misplaced {
                method: "warn_after",
                belongs_to: "`within`, `loaded_within` and `newest_within`",
            }),
            (None, None) => Ok(()),
        }
    }

    /// Clocks that are put forward take an hour from a day.
    fn shortest(&self) -> Duration {
        let days = *self.period.days().start();
        HOUR * days * 24 - HOUR
    }
}

const HOUR: Duration = Duration::from_secs(3600);
