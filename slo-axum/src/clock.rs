//! From monotonic clock readings to the trackers' time line.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use slo_core::Tick;

/// A monotonic clock that was set by the wall clock once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anchor {
    instant: Instant,
    tick: Tick,
}

impl Anchor {
    pub(crate) fn now() -> Self {
        // A wall clock before 1970 gives the epoch: windows only need differences.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            instant: Instant::now(),
            tick: Tick::default() + since_epoch,
        }
    }

    pub(crate) fn started(self) -> Tick {
        self.tick
    }

    /// Reads the monotonic clock.
    #[inline]
    pub(crate) fn read(self) -> Reading {
        Reading::of(self.instant.elapsed())
    }

    #[inline]
    pub(crate) fn tick(self, at: Reading) -> Tick {
        self.tick + at.since(Reading::default())
    }
}

/// A reading of the monotonic clock, in nanoseconds since it was anchored: half as large as an `Instant`, for it travels
/// with every request. Good for 584 years.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Reading(u64);

impl Reading {
    #[expect(clippy::cast_possible_truncation, reason = "see above")]
    pub(crate) const fn of(since_anchored: Duration) -> Self {
        Self(since_anchored.as_nanos() as u64)
    }

    pub(crate) const fn nanos(self) -> u64 {
        self.0
    }

    /// The time since an earlier reading; zero when that is later.
    pub(crate) const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}
