//! The compliance period.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

/// The period over which a target must hold, rolling: the last so many seconds before now.
///
/// From 5 minutes to 400 days, in whole seconds. Written as a Prometheus duration: `30d`, `28d`, `90m`, `1d12h`.
///
/// # Examples
///
/// ```
/// use slo_core::{Window, WindowError};
///
/// let window: Window = "30d".parse()?;
/// assert_eq!(window.as_seconds(), 2_592_000);
/// assert_eq!("4w".parse::<Window>()?.to_string(), "28d");
/// assert!(matches!("0d".parse::<Window>(), Err(WindowError::TooShort { .. })));
/// # Ok::<(), WindowError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[must_use]
pub struct Window {
    seconds: u32,
}

impl Window {
    /// The shortest window: 5 minutes, below which the edges of a rolling window weigh too much.
    pub const MIN: Self = Self { seconds: 300 };
    /// One day.
    pub const DAY: Self = Self { seconds: 86_400 };
    /// The longest window: 400 days, a year with room to compare.
    pub const MAX: Self = Self { seconds: 400 * 86_400 };

    /// A rolling window of whole seconds.
    ///
    /// # Errors
    ///
    /// [`WindowError::TooShort`] under 5 minutes, [`WindowError::TooLong`] over 400 days.
    pub const fn rolling(seconds: u64) -> Result<Self, WindowError> {
        if seconds < Self::MIN.as_seconds() {
            Err(WindowError::TooShort { seconds })
        } else if seconds > Self::MAX.as_seconds() {
            Err(WindowError::TooLong { seconds })
        } else {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "at most 400 days of seconds, checked above"
            )]
            Ok(Self {
                seconds: seconds as u32,
            })
        }
    }

    /// A rolling window of whole days.
    ///
    /// # Errors
    ///
    /// As [`Window::rolling`].
    pub const fn days(days: u32) -> Result<Self, WindowError> {
        Self::rolling(days as u64 * 86_400)
    }

    /// The length in seconds.
    #[must_use]
    pub const fn as_seconds(self) -> u64 {
        self.seconds as u64
    }

    /// The length.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        Duration::from_secs(self.as_seconds())
    }
}

/// Why a text or a number is not a [`Window`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError {
    /// Under 5 minutes.
    #[error("a window of {} is too short; write at least `5m`, usually `30d`", Seconds(*seconds))]
    TooShort {
        /// The length that was given, in seconds.
        seconds: u64,
    },
    /// Over 400 days.
    #[error("a window of {} is too long; write at most `400d`, usually `30d`", Seconds(*seconds))]
    TooLong {
        /// The length that was given, in seconds.
        seconds: u64,
    },
    /// The text is not a duration; holds the text.
    #[error("`{0}` is not a duration; write numbers with w, d, h, m or s, largest first, like `30d` or `1d12h`")]
    NotADuration(String),
}

impl FromStr for Window {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let seconds = parse_seconds(text).ok_or_else(|| WindowError::NotADuration(text.to_owned()))?;
        Self::rolling(seconds)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Seconds(self.as_seconds()).fmt(f)
    }
}

/// The units of Prometheus durations that are whole seconds, largest first.
const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Reads `1d12h`; each unit at most once, largest first, as Prometheus does. A length beyond `u64` is `u64::MAX`.
pub(crate) fn parse_seconds(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut seconds = 0_u64;
    for (unit, length) in UNITS {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits > 0 && rest[digits..].starts_with(unit) {
            let count: u64 = rest[..digits].parse().unwrap_or(u64::MAX);
            seconds = seconds.saturating_add(count.saturating_mul(length));
            rest = &rest[digits + 1..];
        }
    }
    (rest.is_empty() && !text.is_empty()).then_some(seconds)
}

/// Seconds in the largest units that leave no rest behind, without weeks: `28d`, `1d12h`, `90s` as `1m30s`.
pub(crate) struct Seconds(pub(crate) u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (unit, length) in &UNITS[1..] {
            if rest >= *length {
                write!(f, "{}{unit}", rest / length)?;
                rest %= length;
            }
        }
        Ok(())
    }
}

#[cfg(feature = "serde")]
crate::text::serde_through_text!(Window);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_edges_are_refused_with_a_reason() {
        assert_eq!("0d".parse::<Window>(), Err(WindowError::TooShort { seconds: 0 }));
        assert_eq!("299s".parse::<Window>(), Err(WindowError::TooShort { seconds: 299 }));
        assert_eq!("5m".parse::<Window>(), Ok(Window::MIN));
        assert_eq!("400d".parse::<Window>(), Ok(Window::MAX));
        assert_eq!(
            "400d1s".parse::<Window>(),
            Err(WindowError::TooLong { seconds: 34_560_001 })
        );
        assert!(matches!(
            "99999999999999999999w".parse::<Window>(),
            Err(WindowError::TooLong { .. })
        ));
        assert_eq!(
            "0d".parse::<Window>().unwrap_err().to_string(),
            "a window of 0s is too short; write at least `5m`, usually `30d`"
        );
        assert_eq!(
            "900d".parse::<Window>().unwrap_err().to_string(),
            "a window of 900d is too long; write at most `400d`, usually `30d`"
        );
    }

    #[test]
    fn what_is_not_a_duration_is_named() {
        for text in [
            "", "d", "30", "30 d", "-1d", "1.5d", "30days", "1h1d", "1d1d", "1M", "1y", "٣d",
        ] {
            assert_eq!(
                text.parse::<Window>(),
                Err(WindowError::NotADuration(text.to_owned())),
                "{text:?}"
            );
        }
    }

    #[test]
    fn people_read_the_largest_units() {
        for (given, shown) in [
            ("4w", "28d"),
            ("36h", "1d12h"),
            ("5400s", "1h30m"),
            ("30d", "30d"),
            ("720h", "30d"),
        ] {
            assert_eq!(given.parse::<Window>().unwrap().to_string(), shown);
        }
    }

    proptest! {
        #[test]
        fn text_and_value_round_trip(seconds in 300_u64..=34_560_000) {
            let window = Window::rolling(seconds).unwrap();
            prop_assert_eq!(window.to_string().parse::<Window>(), Ok(window));
        }

        #[test]
        fn any_text_is_a_window_or_an_error(text in "\\PC*") {
            let _ = text.parse::<Window>();
        }
    }
}
