//! The tracker's notion of now.

use core::time::Duration;

use chrono::{DateTime, Utc};

/// A moment on a tracker's time line: nanoseconds since the Unix epoch.
///
/// Whoever records supplies it, from a clock reading that it has anyway: a monotonic clock anchored to the wall clock
/// once. From 1970 to the year 2554; what lies outside is clamped to the nearer end.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use slo_core::Tick;
///
/// let start = Tick::from_unix_seconds(1_000);
/// assert_eq!((start + Duration::from_millis(1_500)).since(start), Duration::from_millis(1_500));
/// assert_eq!(start.since(start + Duration::from_secs(1)), Duration::ZERO); // never negative
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[must_use]
pub struct Tick(u64);

impl Tick {
    /// From whole seconds since the Unix epoch.
    pub const fn from_unix_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// From nanoseconds since the Unix epoch.
    pub const fn from_unix_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn as_unix_nanos(self) -> u64 {
        self.0
    }

    /// The time since `earlier`; zero when that is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The moment this long before; never before 1970.
    pub fn saturating_sub(self, back: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(back)))
    }
}

impl core::ops::Add<Duration> for Tick {
    type Output = Self;

    /// Saturates in the year 2554.
    fn add(self, ahead: Duration) -> Self {
        Self(self.0.saturating_add(nanos(ahead)))
    }
}

impl From<DateTime<Utc>> for Tick {
    fn from(at: DateTime<Utc>) -> Self {
        // A leap second has more than a billion nanoseconds; it is part of the next second, as the epoch counts it.
        let whole = u64::try_from(at.timestamp()).map(Self::from_unix_seconds);
        whole.map_or(Self::default(), |second| {
            second + Duration::from_nanos(at.timestamp_subsec_nanos().into())
        })
    }
}

impl From<Tick> for DateTime<Utc> {
    fn from(tick: Tick) -> Self {
        let (seconds, nanos) = (tick.0 / 1_000_000_000, tick.0 % 1_000_000_000);
        let parts = i64::try_from(seconds).ok().zip(u32::try_from(nanos).ok());
        // Both fit, and chrono's range is far wider than the tick's.
        let at = parts.and_then(|(seconds, nanos)| Self::from_timestamp(seconds, nanos));
        at.unwrap_or_default()
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_outside_the_range_are_clamped() {
        assert_eq!(Tick::from(DateTime::<Utc>::MIN_UTC), Tick::default());
        assert_eq!(Tick::from(DateTime::<Utc>::MAX_UTC), Tick::from_unix_nanos(u64::MAX));
        let before = DateTime::from_timestamp(-1, 999_999_999).unwrap();
        assert_eq!(Tick::from(before), Tick::default());
    }

    #[test]
    fn a_date_inside_the_range_is_the_same_moment() {
        let nanos = [0, 1, 1_767_225_600_000_000_005, i64::MAX.unsigned_abs() + 1, u64::MAX];
        for tick in nanos.map(Tick::from_unix_nanos) {
            assert_eq!(Tick::from(DateTime::<Utc>::from(tick)), tick);
        }
        let at = DateTime::from_timestamp(1_767_225_600, 5).unwrap();
        assert_eq!(Tick::from(at), Tick::from_unix_nanos(1_767_225_600_000_000_005));
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Tick::from_unix_seconds(u64::MAX).as_unix_nanos(), u64::MAX);
        assert_eq!(
            Tick::from_unix_nanos(5) + Duration::MAX,
            Tick::from_unix_nanos(u64::MAX)
        );
        assert_eq!(Tick::from_unix_nanos(5).saturating_sub(Duration::MAX), Tick::default());
    }
}
