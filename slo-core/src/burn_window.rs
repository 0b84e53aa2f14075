//! The stretch of time over which a burn rate is taken.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use crate::window::{Seconds, parse_seconds};

/// The last so many seconds before now, over which a burn rate is taken: `1h`, `5m`.
///
/// From 2 minutes to 400 days, in whole seconds. Not a [`Window`](crate::Window): that is the period of a promise,
/// which may not be as short and need not be rolling. Burn rates always roll.
///
/// # Examples
///
/// ```
/// use slo_core::{BurnWindow, BurnWindowError};
///
/// let short: BurnWindow = "5m".parse()?;
/// assert_eq!(short.as_seconds(), 300);
/// assert_eq!("119s".parse::<BurnWindow>(), Err(BurnWindowError::TooShort { seconds: 119 }));
/// # Ok::<(), BurnWindowError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[must_use]
pub struct BurnWindow {
    seconds: u32,
}

impl BurnWindow {
    /// The shortest: 2 minutes, twelve of the tracker's steps.
    pub const MIN: Self = Self { seconds: 120 };
    /// The longest: 400 days, as the longest period of a promise.
    pub const MAX: Self = Self { seconds: 400 * 86_400 };

    /// A stretch of whole seconds.
    ///
    /// # Errors
    ///
    /// [`BurnWindowError::TooShort`] under 2 minutes, [`BurnWindowError::TooLong`] over 400 days.
    pub const fn from_seconds(seconds: u64) -> Result<Self, BurnWindowError> {
        if seconds < Self::MIN.seconds as u64 {
            Err(BurnWindowError::TooShort { seconds })
        } else if seconds > Self::MAX.seconds as u64 {
            Err(BurnWindowError::TooLong { seconds })
        } else {
            Ok(Self::clamped(seconds))
        }
    }

    /// The nearest stretch that there is: for lengths computed from checked ones.
    pub(crate) const fn clamped(seconds: u64) -> Self {
        if seconds < Self::MIN.seconds as u64 {
            Self::MIN
        } else if seconds > Self::MAX.seconds as u64 {
            Self::MAX
        } else {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "at most 400 days of seconds, checked above"
            )]
            Self {
                seconds: seconds as u32,
            }
        }
    }

    /// The length in seconds.
    #[must_use]
    pub const fn as_seconds(self) -> u32 {
        self.seconds
    }

    /// The length.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        Duration::from_secs(self.seconds as u64)
    }
}

/// Why a text or a number is not a [`BurnWindow`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BurnWindowError {
    /// Under 2 minutes.
    #[error("a burn rate over {} says too little; write at least `2m`, usually `5m` or `1h`", Seconds(*seconds))]
    TooShort {
        /// The length that was given, in seconds.
        seconds: u64,
    },
    /// Over 400 days.
    #[error("a burn rate over {} is too long; write at most `400d`, usually `1h` or `3d`", Seconds(*seconds))]
    TooLong {
        /// The length that was given, in seconds.
        seconds: u64,
    },
    /// The text is not a duration; holds the text.
    #[error("`{0}` is not a duration; write numbers with w, d, h, m or s, largest first, like `1h` or `1h30m`")]
    NotADuration(String),
}

impl FromStr for BurnWindow {
    type Err = BurnWindowError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let seconds = parse_seconds(text).ok_or_else(|| BurnWindowError::NotADuration(text.to_owned()))?;
        Self::from_seconds(seconds)
    }
}

impl fmt::Display for BurnWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Seconds(self.seconds.into()).fmt(f)
    }
}

#[cfg(feature = "serde")]
crate::text::serde_through_text!(BurnWindow);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_edges_are_refused_with_a_reason() {
        assert_eq!("2m".parse(), Ok(BurnWindow::MIN));
        assert_eq!("400d".parse(), Ok(BurnWindow::MAX));
        assert_eq!(
            BurnWindow::from_seconds(119).unwrap_err().to_string(),
            "a burn rate over 1m59s says too little; write at least `2m`, usually `5m` or `1h`"
        );
        for seconds in [34_560_001, u64::from(u32::MAX) + 1, u64::MAX] {
            assert_eq!(
                BurnWindow::from_seconds(seconds),
                Err(BurnWindowError::TooLong { seconds })
            );
        }
        assert_eq!(
            "401d".parse::<BurnWindow>().unwrap_err().to_string(),
            "a burn rate over 401d is too long; write at most `400d`, usually `1h` or `3d`"
        );
        assert_eq!(
            "1 h".parse::<BurnWindow>().unwrap_err().to_string(),
            "`1 h` is not a duration; write numbers with w, d, h, m or s, largest first, like `1h` or `1h30m`"
        );
    }

    #[test]
    fn a_computed_length_lands_on_the_nearest_edge() {
        assert_eq!(BurnWindow::clamped(0), BurnWindow::MIN);
        assert_eq!(BurnWindow::clamped(u64::MAX), BurnWindow::MAX);
    }

    proptest! {
        #[test]
        fn text_and_value_round_trip(seconds in 120_u64..=34_560_000) {
            let window = BurnWindow::from_seconds(seconds).unwrap();
            prop_assert_eq!(window.to_string().parse::<BurnWindow>(), Ok(window));
        }
    }
}
