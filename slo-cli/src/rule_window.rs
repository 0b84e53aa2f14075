//! A window that rules are written for.

use core::fmt;
use core::str::FromStr;

use slo_core::alert::{AlertPolicy, Alerts};
use slo_core::{Period, PeriodError, Target, Window, WindowError, Zone, ZoneError};

/// A rolling window, or a period of the calendar in whatever time zone its SLOs have it.
///
/// # Examples
///
/// ```
/// use slo_cli::rule_window::{RuleWindow, RuleWindowError};
///
/// let window: RuleWindow = "30d".parse()?;
/// assert_eq!(window.to_string(), "30d");
/// assert_eq!("4w".parse::<RuleWindow>()?.to_string(), "28d");
/// assert_eq!("month".parse::<RuleWindow>()?.period().unwrap().as_str(), "month");
/// assert!(matches!("7m".parse::<RuleWindow>(), Err(RuleWindowError::NotTiles { .. })));
/// # Ok::<(), RuleWindowError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct RuleWindow {
    window: Window,
}

/// Why a text or a window is not a [`RuleWindow`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleWindowError {
    /// Not a length of time, or out of a window's range.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// No multiple of five minutes, or under an hour.
    #[error(
        "rules count in tiles of 5m, and `{given}` is not whole tiles of at least an hour; write one like `1h` or `30d`"
    )]
    NotTiles {
        /// The window that was given.
        given: Window,
    },
}

/// The length of a tile in seconds: what a window's counts are added up from.
pub(crate) const TILE: u64 = Window::TILE.as_secs();
/// How long a spec that is new wins over one that is not; a rollout should be over by then.
pub(crate) const ROLLOUT: &str = "1h";

impl RuleWindow {
    /// The window, for rules.
    ///
    /// # Errors
    ///
    /// [`RuleWindowError::NotTiles`] for a rolling window under an hour or of no multiple of five minutes.
    pub fn new(window: Window) -> Result<Self, RuleWindowError> {
        if window.has_rules() {
            Ok(Self { window })
        } else {
            Err(RuleWindowError::NotTiles { given: window })
        }
    }

    /// The present period of the calendar.
    pub(crate) fn calendar(period: Period) -> Result<Self, RuleWindowError> {
        Self::new(Window::calendar(period, utc()?))
    }

    /// The period of the calendar, if it is one.
    #[must_use]
    pub fn period(self) -> Option<Period> {
        self.window.as_calendar().map(|(period, _)| period)
    }

    /// Its length in seconds; of a period of the calendar, the longest with an hour for a change of clocks.
    pub(crate) fn longest_seconds(self) -> u64 {
        self.period().map_or(self.window.longest().as_secs(), |period| {
            u64::from(*period.days().end()) * 86_400 + 3_600
        })
    }

    /// The shortest and longest that `slo_window_seconds` says of it.
    pub(crate) fn said_seconds(self) -> (u64, u64) {
        self.period()
            .map_or((self.longest_seconds(), self.longest_seconds()), |period| {
                (
                    u64::from(*period.days().start()) * 86_400 - 3_600,
                    self.longest_seconds(),
                )
            })
    }

    /// How long it is, or most of its periods are.
    pub(crate) fn usual_seconds(self) -> u64 {
        self.period().map_or(self.longest_seconds(), |period| {
            u64::from(*period.days().end()) * 86_400
        })
    }

    /// By which windows are put in order where texts name them: rolling ones before the calendar's, short ones first.
    pub(crate) fn order(self) -> (bool, u64) {
        (self.period().is_some(), self.usual_seconds())
    }

    /// The policy's conditions. Their windows and factors do not depend on the target, which rules may not know.
    pub(crate) fn alerts(self, policy: &AlertPolicy, target: Target) -> Alerts {
        policy.resolve(target, self.window)
    }
}

fn utc() -> Result<Zone, WindowError> {
    "UTC".parse().map_err(|error: ZoneError| error.into())
}

impl FromStr for RuleWindow {
    type Err = RuleWindowError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let period: Result<Period, PeriodError> = text.parse();
        match period {
            Ok(period) => Self::calendar(period),
            Err(_) => Self::new(text.parse()?),
        }
    }
}

/// `30d`, or `month`: the value of the label `slo_window`.
impl fmt::Display for RuleWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.period() {
            Some(period) => f.write_str(period.as_str()),
            None => self.window.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_known_by_its_length_whatever_the_clocks_do() {
        let month: RuleWindow = "month".parse().unwrap();
        assert_eq!(month.said_seconds(), (28 * 86_400 - 3_600, 31 * 86_400 + 3_600));
        assert_eq!(month.longest_seconds(), 31 * 86_400 + 3_600);
        assert_eq!(month.usual_seconds(), 31 * 86_400);
        let rolling: RuleWindow = "30d".parse().unwrap();
        assert_eq!(rolling.said_seconds(), (2_592_000, 2_592_000));
        assert_eq!(rolling.usual_seconds(), 2_592_000);
    }

    #[test]
    fn no_two_periods_of_the_calendar_can_be_taken_for_one_another() {
        let mut said: Vec<_> = Period::ALL
            .map(|period| RuleWindow::calendar(period).unwrap().said_seconds())
            .to_vec();
        said.sort_unstable();
        assert!(said.windows(2).all(|pair| pair[0].1 < pair[1].0), "{said:?}");
    }

    #[test]
    fn windows_that_are_no_whole_tiles_are_refused_with_a_reason() {
        for wrong in ["55m", "1h1s", "7m"] {
            let message = wrong.parse::<RuleWindow>().unwrap_err().to_string();
            assert!(message.contains("not whole tiles of at least an hour"), "{message}");
        }
        assert!(
            "fortnight"
                .parse::<RuleWindow>()
                .unwrap_err()
                .to_string()
                .contains("is not a duration")
        );
    }
}
