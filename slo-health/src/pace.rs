//! How often all checks of an endpoint look at their data, as it is written down.

use std::time::Duration;

use crate::{
    builder::BuildError,
    check::{Check, Times},
    reading::{Pace, Refresh},
};

/// What the builder says for all checks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paces {
    pub(crate) deadline: Duration,
    pub(crate) trust_for: Duration,
    pub(crate) hold_for: Option<Duration>,
    pub(crate) min_interval: Duration,
    pub(crate) refresh_every: Option<Duration>,
    pub(crate) max_result_age: Option<Duration>,
}

impl Paces {
    /// The times of one check: its own, else these.
    pub(crate) fn of(&self, times: &Times) -> Pace {
        let trust_for = times.trust_for.unwrap_or(self.trust_for);
        // Who trusts nothing that was seen holds on to nothing that was seen, unless they say so.
        let hold_by_default = if trust_for.is_zero() {
            Duration::ZERO
        } else {
            Duration::MAX
        };
        Pace {
            timeout: times.timeout.unwrap_or(self.deadline),
            trust_for,
            hold_for: times.hold_for.or(self.hold_for).unwrap_or(hold_by_default),
            min_interval: times.min_interval.unwrap_or(self.min_interval),
            refresh: self.refresh_every.map(|every| Refresh {
                every,
                max_result_age: self.max_result_age.unwrap_or_else(|| self.result_age(2, every)),
            }),
        }
    }

    pub(crate) fn validate(&self) -> Result<(), BuildError> {
        if self.deadline.is_zero() {
            return Err(BuildError::ZeroDeadline);
        }
        match (self.refresh_every, self.max_result_age) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(BuildError::ResultAgeWithoutRefresh),
            (Some(every), _) if every.is_zero() => Err(BuildError::ZeroRefresh),
            (Some(every), age) => self.validate_result_age(every, age),
        }
    }

    pub(crate) fn validate_timeout(&self, check: &Check) -> Result<(), BuildError> {
        match check.times.timeout {
            Some(timeout) if timeout.is_zero() || timeout > self.deadline => Err(BuildError::TimeoutOutOfRange {
                check: check.name.clone(),
                timeout,
                deadline: self.deadline,
            }),
            Some(_) | None => Ok(()),
        }
    }

    fn validate_result_age(&self, every: Duration, age: Option<Duration>) -> Result<(), BuildError> {
        let least = self.result_age(1, every);
        match age {
            Some(max_result_age) if max_result_age < least => {
                Err(BuildError::ResultAgeTooShort { max_result_age, least })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn result_age(&self, intervals: u32, every: Duration) -> Duration {
        every.saturating_mul(intervals).saturating_add(self.deadline)
    }
}

impl Default for Paces {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            trust_for: Duration::from_secs(60),
            hold_for: None,
            min_interval: Duration::from_secs(1),
            refresh_every: None,
            max_result_age: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let pace = Paces::default().of(&Times::default());
        assert_eq!((pace.timeout, pace.trust_for), (5 * SECOND, 60 * SECOND));
        assert_eq!((pace.min_interval, pace.hold_for), (SECOND, Duration::MAX));
        assert!(pace.refresh.is_none());
        let refreshed = Paces {
            refresh_every: Some(30 * SECOND),
            ..Paces::default()
        };
        let refresh = refreshed.of(&Times::default()).refresh.unwrap();
        assert_eq!((refresh.every, refresh.max_result_age), (30 * SECOND, 65 * SECOND));
    }

    #[test]
    fn a_checks_own_times_come_first() {
        let times = Times {
            timeout: Some(SECOND),
            trust_for: Some(2 * SECOND),
            hold_for: Some(3 * SECOND),
            min_interval: Some(4 * SECOND),
        };
        let pace = Paces {
            hold_for: Some(9 * SECOND),
            ..Paces::default()
        }
        .of(&times);
        assert_eq!(
            [pace.timeout, pace.trust_for, pace.hold_for, pace.min_interval],
            [SECOND, 2 * SECOND, 3 * SECOND, 4 * SECOND]
        );
    }

    #[test]
    fn without_trust_nothing_is_held_unless_asked_for() {
        let distrustful = Times {
            trust_for: Some(Duration::ZERO),
            ..Times::default()
        };
        assert_eq!(Paces::default().of(&distrustful).hold_for, Duration::ZERO);
        let asked = Paces {
            hold_for: Some(SECOND),
            ..Paces::default()
        };
        assert_eq!(asked.of(&distrustful).hold_for, SECOND);
    }
}
