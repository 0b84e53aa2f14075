//! The longest time that still counts as fast enough.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

/// A latency limit: an event is fast enough when it took no longer.
///
/// Held in whole nanoseconds, from 1 ns to an hour. Written `800ms`, `1.5s`, `250us` or `2m`.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use slo_core::{Threshold, ThresholdError};
///
/// let limit: Threshold = "800ms".parse()?;
/// assert!(limit.admits(Duration::from_millis(800)));
/// assert!(!limit.admits(Duration::from_nanos(800_000_001)));
/// assert_eq!(limit.as_seconds_f64(), 0.8);
/// assert!("fast".parse::<Threshold>().is_err());
/// # Ok::<(), ThresholdError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[must_use]
pub struct Threshold {
    nanos: u64,
}

impl Threshold {
    /// Makes a threshold from a duration.
    ///
    /// # Errors
    ///
    /// [`ThresholdError::OutOfRange`] for zero and for more than an hour.
    pub fn new(limit: Duration) -> Result<Self, ThresholdError> {
        match u64::try_from(limit.as_nanos()) {
            Ok(nanos @ 1..=MAX_NANOS) => Ok(Self { nanos }),
            _ => Err(ThresholdError::OutOfRange { limit }),
        }
    }

    /// For constants: from whole milliseconds, 1 at least and an hour at most.
    pub(crate) const fn from_millis(millis: u64) -> Self {
        let nanos = millis.saturating_mul(1_000_000);
        Self {
            nanos: if nanos == 0 {
                1_000_000
            } else if nanos > MAX_NANOS {
                MAX_NANOS
            } else {
                nanos
            },
        }
    }

    /// The limit.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        Duration::from_nanos(self.nanos)
    }

    /// The limit in seconds: the double that the duration histogram has as a bucket boundary.
    #[must_use]
    pub const fn as_seconds_f64(self) -> f64 {
        self.as_duration().as_secs_f64()
    }

    /// Whether an event that took `elapsed` was fast enough: it may take exactly the limit.
    ///
    /// Says the same as the histogram's buckets, which compare seconds as doubles, so that process and engine never
    /// disagree: below an hour, a nanosecond more is another double.
    #[must_use]
    #[inline]
    pub const fn admits(self, elapsed: Duration) -> bool {
        elapsed.as_nanos() <= self.nanos as u128
    }
}

/// Why a text or a duration is not a [`Threshold`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ThresholdError {
    /// Zero, or over an hour.
    #[error("a latency limit of {limit:?} is out of range; write more than 0 and at most `60m`, like `800ms`")]
    OutOfRange {
        /// The limit that was given.
        limit: Duration,
    },
    /// The text is not a latency; holds the text.
    #[error("`{0}` is not a latency limit; write a number with ms, s, us, ns or m, like `800ms` or `1.5s`")]
    NotALatency(String),
}

/// Units by their suffix, longest suffix first, in nanoseconds.
const UNITS: [(&str, u64); 5] = [
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
];

const MAX_NANOS: u64 = 3_600_000_000_000;

impl FromStr for Threshold {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let nanos = parse_nanos(text).ok_or_else(|| ThresholdError::NotALatency(text.to_owned()))?;
        Self::new(Duration::from_nanos(nanos))
    }
}

/// Reads one decimal number with one unit; `None` also where the value is not whole in nanoseconds.
fn parse_nanos(text: &str) -> Option<u64> {
    let (number, unit) = UNITS
        .iter()
        .find_map(|(suffix, unit)| Some((text.strip_suffix(suffix)?, *unit)))?;
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 12 {
        return None;
    }
    let scale = 10_u128.pow(u32::try_from(decimals.len()).ok()?);
    let units = whole
        .parse::<u128>()
        .ok()?
        .checked_mul(scale)?
        .checked_add(decimals.parse().ok()?)?;
    let nanos = units.checked_mul(unit.into())?;
    if nanos % scale != 0 {
        return None;
    }
    Some(u64::try_from(nanos / scale).unwrap_or(u64::MAX))
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (suffix, unit) = match self.nanos {
            nanos if nanos % 1_000_000_000 == 0 => ("s", 1_000_000_000),
            nanos if nanos % 1_000_000 == 0 => ("ms", 1_000_000),
            nanos if nanos % 1_000 == 0 => ("us", 1_000),
            _ => ("ns", 1),
        };
        write!(f, "{}{suffix}", self.nanos / unit)
    }
}

#[cfg(feature = "serde")]
crate::text::serde_through_text!(Threshold);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn exactly_the_limit_is_fast_enough() {
        let limit: Threshold = "0.8s".parse().unwrap();
        assert_eq!(limit, "800ms".parse().unwrap());
        assert!(limit.admits(Duration::ZERO) && limit.admits(Duration::from_millis(800)));
        assert!(!limit.admits(Duration::from_nanos(800_000_001)) && !limit.admits(Duration::MAX));
    }

    #[test]
    fn the_edges_are_refused_with_a_reason() {
        for text in ["0ms", "61m", "99999999999999999999s"] {
            let refused = text.parse::<Threshold>().unwrap_err();
            assert!(
                matches!(refused, ThresholdError::OutOfRange { .. }),
                "{text}: {refused}"
            );
        }
        for text in [
            "", "s", "800", "-1s", "1.s", ".5s", "1e3ms", "0.1ns", "8 ms", "0,8s", "NaNs",
        ] {
            assert_eq!(
                text.parse::<Threshold>(),
                Err(ThresholdError::NotALatency(text.to_owned())),
                "{text:?}"
            );
        }
        assert_eq!(
            "0ms".parse::<Threshold>().unwrap_err().to_string(),
            "a latency limit of 0ns is out of range; write more than 0 and at most `60m`, like `800ms`"
        );
    }

    proptest! {
        #[test]
        fn a_limit_admits_what_its_bucket_holds(nanos in 1..=MAX_NANOS, off in -3_i64..=3, far in any::<u64>()) {
            let limit = Threshold { nanos };
            for elapsed in [nanos.saturating_add_signed(off), far].map(Duration::from_nanos) {
                prop_assert_eq!(limit.admits(elapsed), elapsed.as_secs_f64() <= limit.as_seconds_f64());
            }
        }
        #[test]
        fn text_and_value_round_trip(nanos in 1..=MAX_NANOS) {
            let limit = Threshold::new(Duration::from_nanos(nanos)).unwrap();
            prop_assert_eq!(limit.to_string().parse::<Threshold>(), Ok(limit));
        }
    }
}
