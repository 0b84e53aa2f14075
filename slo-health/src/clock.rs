//! The wall clock, as something that can be replaced in a test.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, TimeDelta, Utc};

/// Tells the wall-clock time that data ages are measured against.
///
/// Any `Fn() -> DateTime<Utc>` is a clock. Timeouts, intervals and the age of readings do not use it: they are measured
/// with tokio's monotonic clock, which `tokio::time::pause` and `advance` replace in a test, so a clock that is set forward
/// or back expires none of them. Nor does a clock that is set back make data younger: since a read at least as much time has
/// passed as the monotonic clock has measured.
///
/// It is asked on every request and must return at once.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> DateTime<Utc>;
}

impl<F> Clock for F
where
    F: Fn() -> DateTime<Utc> + Send + Sync + 'static,
{
    fn now(&self) -> DateTime<Utc> {
        self()
    }
}

/// The clock of the operating system; the default.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct SystemClock;

impl Clock for SystemClock {
    // Not `Utc::now()`, which panics on a machine whose clock is set before 1970.
    fn now(&self) -> DateTime<Utc> {
        let since_epoch = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => TimeDelta::from_std(after).ok(),
            Err(before) => TimeDelta::from_std(before.duration()).ok().map(|before| -before),
        };
        since_epoch
            .and_then(|delta| DateTime::UNIX_EPOCH.checked_add_signed(delta))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// A clock that stands still until it is told to move, for tests. Clones share the same hands.
///
/// ```
/// use std::time::Duration;
///
/// use chrono::{DateTime, Utc};
/// use slo_health::{Clock, ManualClock};
///
/// let noon: DateTime<Utc> = "2026-03-01T12:00:00Z".parse()?;
/// let clock = ManualClock::new(noon);
/// let other = clock.clone();
/// clock.advance(Duration::from_secs(90));
/// assert_eq!(other.now(), noon + Duration::from_secs(90));
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct ManualClock(Arc<Mutex<DateTime<Utc>>>);

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, now: DateTime<Utc>) {
        self.with(|shown| *shown = now);
    }

    /// Moves the clock ahead, at most to the last instant a `DateTime` can hold.
    pub fn advance(&self, by: Duration) {
        let later = |now: DateTime<Utc>| now.checked_add_signed(TimeDelta::from_std(by).ok()?);
        self.with(|shown| *shown = later(*shown).unwrap_or(DateTime::<Utc>::MAX_UTC));
    }

    fn with<R>(&self, change: impl FnOnce(&mut DateTime<Utc>) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        self.with(|shown| *shown)
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ManualClock").field(&self.now()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_agrees_with_chrono() {
        let (before, shown, after) = (Utc::now(), SystemClock.now(), Utc::now());
        assert!(before <= shown && shown <= after);
    }

    #[test]
    fn a_manual_clock_moves_only_when_told_and_in_both_directions() {
        let start = DateTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let clock = ManualClock::new(start);
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.now(), start + Duration::from_secs(5));
        clock.set(DateTime::UNIX_EPOCH);
        assert_eq!(clock.now(), DateTime::UNIX_EPOCH);
    }

    #[test]
    fn a_manual_clock_stops_at_the_end_of_time() {
        let clock = ManualClock::new(DateTime::UNIX_EPOCH);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), DateTime::<Utc>::MAX_UTC);
    }

    #[test]
    fn a_closure_is_a_clock() {
        let clock: &dyn Clock = &|| DateTime::UNIX_EPOCH;
        assert_eq!(clock.now(), DateTime::UNIX_EPOCH);
    }
}
