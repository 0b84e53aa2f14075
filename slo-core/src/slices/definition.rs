//! What a slice is, and when it is good.

use core::fmt;
use core::time::Duration;

use crate::target::ONE_PPB;
use crate::window::Seconds;
#[cfg(any(test, feature = "yaml"))]
use crate::window::parse_seconds;
use crate::{Events, Outcome, Share, Tick};

/// Judges an SLO by slices of time: a slice is good when this share of its valid events was good.
///
/// Elsewhere this is OpenSLO's `budgetingMethod: Timeslices` with `timeSliceWindow` and `timeSliceTarget`. It makes a
/// quiet minute weigh as much as a busy one. A slice lasts from 10 seconds to 5 minutes, so that no window is shorter.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use slo_core::{Events, Outcome, TimeSlices};
///
/// let minutes = TimeSlices::new(Duration::from_secs(60), "99%".parse()?)?;
/// assert_eq!(minutes.judge(Events::new(99, 1)), Some(Outcome::Good));
/// assert_eq!(minutes.judge(Events::new(98, 1)), Some(Outcome::Bad));
/// assert_eq!(minutes.judge(Events::default()), None);
/// assert!(TimeSlices::new(Duration::from_secs(3_600), "99%".parse()?).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[must_use]
pub struct TimeSlices {
    seconds: u64,
    target: Share,
}

impl TimeSlices {
    /// The shortest slice: 10 seconds.
    pub const SHORTEST: Duration = Duration::from_secs(10);
    /// The longest slice: 5 minutes, the shortest [`Window`](crate::Window).
    pub const LONGEST: Duration = Duration::from_secs(300);

    /// Slices of this length that are good when this share of their valid events was.
    ///
    /// # Errors
    ///
    /// [`TimeSlicesError::OutOfRange`] under 10 seconds, over 5 minutes, and for parts of seconds;
    /// [`TimeSlicesError::NoTarget`] for a share of 0%.
    pub fn new(length: Duration, target: Share) -> Result<Self, TimeSlicesError> {
        if length < Self::SHORTEST || length > Self::LONGEST || length.subsec_nanos() > 0 {
            return Err(TimeSlicesError::OutOfRange { length });
        }
        if target == Share::NONE {
            return Err(TimeSlicesError::NoTarget);
        }
        Ok(Self {
            seconds: length.as_secs(),
            target,
        })
    }

    /// How long a slice lasts.
    #[must_use]
    pub const fn length(self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// The share of its valid events that makes a slice good.
    pub const fn target(self) -> Share {
        self.target
    }

    /// What a slice with these events is: good or bad by its valid ones, exactly; excluded when it saw excluded ones only;
    /// `None` when it saw nothing.
    #[must_use]
    pub fn judge(self, seen: Events) -> Option<Outcome> {
        if seen.all() == 0 {
            return None;
        }
        if seen.valid() == 0 {
            return Some(Outcome::Excluded);
        }
        let enough = u128::from(seen.valid()) * u128::from(self.target.ppb());
        let met = u128::from(seen.good()) * u128::from(ONE_PPB) >= enough;
        Some(if met { Outcome::Good } else { Outcome::Bad })
    }

    /// Where the slice ends that this moment lies in: always after it.
    pub(super) fn end_of_slice(self, at: Tick) -> Tick {
        let begun = at.as_unix_nanos() / 1_000_000_000 / self.seconds;
        Tick::from_unix_seconds((begun + 1) * self.seconds)
    }

    /// Reads a length as a spec writes it: `1m`, `30s`.
    #[cfg(any(test, feature = "yaml"))]
    pub(crate) fn parse_length(text: &str) -> Result<Duration, TimeSlicesError> {
        let seconds = parse_seconds(text).ok_or_else(|| TimeSlicesError::NotALength(text.to_owned()))?;
        let length = Duration::from_secs(seconds);
        Self::new(length, Share::WHOLE).map(Self::length)
    }
}

/// In words: `slices of 1m, good from 99%`.
impl fmt::Display for TimeSlices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slices of {}, good from {}", Seconds(self.seconds), self.target)
    }
}

/// Why something is no definition of time slices.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeSlicesError {
    /// Under 10 seconds, over 5 minutes, or not whole seconds.
    #[error("a slice of {} is out of range; write whole seconds from `10s` to `5m`, usually `1m`", said(*length))]
    OutOfRange {
        /// The length that was given.
        length: Duration,
    },
    /// Every slice would be good.
    #[error("a slice target of 0% is met by every slice; write the share that must be good in a slice, like `99%`")]
    NoTarget,
    /// The text is not a duration; holds the text.
    #[error("`{0}` is not the length of a slice; write minutes or seconds, like `1m` or `30s`")]
    NotALength(String),
}

/// What did not fit is no number that somebody wrote.
fn said(length: Duration) -> String {
    if length.as_secs() == u64::MAX {
        return "far more than 5m".to_owned();
    }
    format!("{length:?}")
}
