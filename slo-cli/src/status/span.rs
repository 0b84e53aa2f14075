//! The window of a promise, as its metrics say it: a length, and for periods of the calendar a start.

use core::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use slo_core::{Period, Ratio, Window, Zone};

use crate::rule_window::RuleWindow;

/// The window of a promise. Of a calendar's the metrics tell start and length and not the time zone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Span {
    /// The last so long.
    Rolling(Window),
    /// The present period of a calendar.
    Calendar {
        /// Its kind, as its length tells it; `None` for a length that no period has.
        period: Option<Period>,
        /// When it began.
        begun: DateTime<Utc>,
        /// How long it is.
        length: Duration,
    },
}

impl Span {
    /// From the values of `slo_window_seconds` and `slo_window_start_seconds`; `None` for what is no window.
    pub(super) fn of(seconds: f64, begun: Option<f64>) -> Option<Self> {
        let length = Duration::try_from_secs_f64(seconds.round()).ok()?;
        let window = Window::rolling(length.as_secs()).ok()?;
        let Some(begun) = begun else {
            return Some(Self::Rolling(window));
        };
        let begun = Duration::try_from_secs_f64(begun.round()).ok()?.as_secs();
        let said = |period: &Period| {
            let of_rules = RuleWindow::calendar(*period).ok();
            of_rules
                .is_some_and(|window| (window.said_seconds().0..=window.said_seconds().1).contains(&length.as_secs()))
        };
        Some(Self::Calendar {
            period: Period::ALL.into_iter().find(said),
            begun: DateTime::from_timestamp(begun.try_into().ok()?, 0)?,
            length,
        })
    }

    /// How much of it can have been seen at `now`, in whole seconds and at least one: all of a rolling window, what has
    /// passed of a period.
    #[must_use]
    pub fn passed(self, now: DateTime<Utc>) -> Duration {
        match self {
            Self::Rolling(window) => window.longest(),
            Self::Calendar { begun, length, .. } => {
                let passed = (now - begun).max(TimeDelta::zero()).to_std().unwrap_or_default();
                Duration::from_secs(passed.as_secs().max(1)).min(length)
            }
        }
    }

    /// How long it is.
    #[must_use]
    pub fn length(self) -> Duration {
        match self {
            Self::Rolling(window) => window.longest(),
            Self::Calendar { length, .. } => length,
        }
    }

    /// The share of a period that has passed; `None` of a rolling window.
    pub(super) fn elapsed(self, now: DateTime<Utc>) -> Option<Ratio> {
        match self {
            Self::Rolling(_) => None,
            Self::Calendar { length, .. } => Ratio::new(self.passed(now).as_secs(), length.as_secs()),
        }
    }

    /// When a period began; `None` of a rolling window.
    #[must_use]
    pub const fn begun(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Rolling(_) => None,
            Self::Calendar { begun, .. } => Some(begun),
        }
    }

    /// A window of that length for what does not depend on the time zone: an alert policy.
    pub(super) fn nominal(self) -> Option<Window> {
        match self {
            Self::Rolling(window) => Some(window),
            Self::Calendar {
                period: Some(period), ..
            } => Some(Window::calendar(period, Zone::UTC)),
            Self::Calendar { length, .. } => Window::rolling(length.as_secs()).ok(),
        }
    }
}

/// `30d`, or `month`: the value of the label `slo_window` of recorded series.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rolling(window) => window.fmt(f),
            Self::Calendar {
                period: Some(period), ..
            } => f.write_str(period.as_str()),
            Self::Calendar { length, .. } => match Window::rolling(length.as_secs()) {
                Ok(window) => write!(f, "{window} of a calendar"),
                Err(_) => f.write_str("a calendar's"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn lengths_without_a_start_are_rolling() {
        let span = Span::of(2_592_000.0, None).unwrap();
        assert_eq!((span.to_string().as_str(), span.elapsed(at(5))), ("30d", None));
        for wrong in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300] {
            assert_eq!(Span::of(wrong, None), None, "{wrong}");
            assert_eq!(Span::of(wrong, Some(0.0)), None, "{wrong}");
        }
        assert_eq!(Span::of(86_400.0, Some(f64::NAN)), None);
    }

    #[test]
    fn a_period_is_known_by_its_length_and_has_passed_in_part() {
        let span = Span::of(2_678_400.0, Some(1_000_000.0)).unwrap();
        assert_eq!(span.to_string(), "month");
        assert_eq!(span.passed(at(1_086_400)), Duration::from_secs(86_400));
        assert_eq!(span.elapsed(at(1_086_400)), Ratio::new(1, 31));
        // A clock that is behind, and a start that nobody renewed.
        assert_eq!(span.passed(at(999_000)), Duration::from_secs(1));
        assert_eq!(span.elapsed(at(9_000_000)), Ratio::new(1, 1));
        let odd = Span::of(1_000_000.0, Some(0.0)).unwrap();
        assert_eq!(odd.to_string(), "11d13h46m40s of a calendar");
        assert_eq!(odd.nominal().unwrap().longest().as_secs(), 1_000_000);
    }
}
