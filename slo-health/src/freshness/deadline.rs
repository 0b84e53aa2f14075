//! Fresh by deadline: a batch per cycle, due at a time of day.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use slo_core::Zone;

use super::{
    age::NO_TIMESTAMP,
    cycle_days::CycleDays,
    instant::{after, before},
    leaf::{Facts, Ruling},
    line::{Finding, Line},
    validate::PolicyError,
};
use crate::{
    observation::Observation,
    verdict::{Cycle, Reason, Signal, State},
};

/// Of each cycle a batch lands between the opening of its window and its deadline plus grace.
///
/// The rule as people put it looks at the latest cycle whose grace is over, and asks whether its batch is there. It is
/// the same to look for the first cycle that the observation does not cover: until its deadline all is fresh, and once
/// its grace is over nothing is. That cycle does not depend on now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Deadline {
    pub(crate) time: NaiveTime,
    pub(crate) zone: Zone,
    pub(crate) days: CycleDays,
    pub(crate) grace: Duration,
    pub(crate) not_before: Option<NaiveTime>,
    pub(crate) dated_by_previous_cycle: bool,
}

impl Deadline {
    pub(crate) fn rule(&self, seen: &Observation, tolerance: Duration) -> Result<Ruling, Finding> {
        let landed = seen.loaded_at.or(seen.watermark);
        let (signal, uncovered, plausible) = match (seen.business_date, landed) {
            _ if self.days.is_never() => return Err(Finding::missing(Signal::Calendar)),
            (Some(date), _) => {
                let plausible = before(self.date_opens(date), tolerance);
                (Signal::BusinessDate, self.first_uncovered_by_date(date), plausible)
            }
            // Landings in the future are everybody's business: `Outlook` sees to them.
            (None, Some(at)) => (
                Signal::Landed,
                self.first_uncovered_by_landing(at),
                DateTime::<Utc>::MIN_UTC,
            ),
            (None, None) => return Err(NO_TIMESTAMP),
        };
        let due = uncovered.map(|day| self.deadline(day));
        let finding = |state, reason| Finding::new(state, reason, signal);
        let line = Line::always(finding(State::Fresh, Reason::Landed))
            .then(due, finding(State::Warn, Reason::LandingDue))
            .then(
                due.and_then(|due| after(due, self.grace)),
                finding(State::Stale, Reason::MissedDeadline),
            )
            .but_before(Some(plausible), finding(State::Invalid, Reason::InTheFuture));
        Ok(Ruling {
            line,
            facts: Facts {
                limit: None,
                cycle: uncovered.map(Cycle::day),
                deadline: due,
            },
            expires: self.expires(),
            settles: None,
        })
    }

    pub(crate) fn validate(&self) -> Result<(), PolicyError> {
        self.days.validate()?;
        match self.not_before {
            Some(not_before) if not_before >= self.time => Err(PolicyError::NotBeforeAfterDeadline {
                not_before,
                deadline: self.time,
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// The later of two instants that clocks show alike, so that nobody is accused early.
    fn deadline(&self, day: NaiveDate) -> DateTime<Utc> {
        self.zone.latest(day.and_time(self.time))
    }

    /// The first cycle whose window opens after `landed`.
    fn first_uncovered_by_landing(&self, landed: DateTime<Utc>) -> Option<NaiveDate> {
        let day = self.zone.day_at(landed);
        // The deadline of the day before can lie in this one: where clocks skip it or are turned back over midnight.
        let mut due = self.cycle_from(day.pred_opt().unwrap_or(day))?;
        while self.deadline(due) <= landed {
            due = self.cycle_after(due)?;
        }
        // Without `not_before` its window opened at the previous deadline, and the next one's opens at its own.
        let covers = self.opens(due).is_none_or(|opens| opens <= landed);
        if covers { self.cycle_after(due) } else { Some(due) }
    }

    /// The first cycle that needs a later business date than `date`.
    fn first_uncovered_by_date(&self, date: NaiveDate) -> Option<NaiveDate> {
        let later = self.cycle_after(date)?;
        if self.dated_by_previous_cycle {
            return self.cycle_after(later);
        }
        Some(later)
    }

    /// From when on a batch may carry the business date `date`: that of the cycle that is due next, and no later one.
    fn date_opens(&self, date: NaiveDate) -> DateTime<Utc> {
        let mut days = std::iter::successors(date.pred_opt().and_then(|day| self.days.on_or_before(day)), |day| {
            self.days.on_or_before(day.pred_opt()?)
        });
        let previous = days.find(|&day| self.zone.has_day(day));
        previous.map_or(DateTime::<Utc>::MIN_UTC, |day| self.deadline(day))
    }

    /// When `not_before` opens the window of a cycle; `None` where a jump of the clocks would leave no window at all.
    fn opens(&self, day: NaiveDate) -> Option<DateTime<Utc>> {
        let opens = self.zone.earliest(day.and_time(self.not_before?));
        (opens < self.deadline(day)).then_some(opens)
    }

    fn expires(&self) -> Option<DateTime<Utc>> {
        let end = self.days.valid_through()?.succ_opt()?;
        Some(self.zone.first_moment(end))
    }

    fn cycle_after(&self, day: NaiveDate) -> Option<NaiveDate> {
        self.cycle_from(day.succ_opt()?)
    }

    fn cycle_from(&self, day: NaiveDate) -> Option<NaiveDate> {
        let next = |day: &NaiveDate| self.days.on_or_after(day.succ_opt()?);
        std::iter::successors(self.days.on_or_after(day), next).find(|&day| self.zone.has_day(day))
    }
}
