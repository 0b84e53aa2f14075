//! From monotonic clock readings to the trackers' time line.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

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

    /// The moment of a clock reading; readings from before the anchor are the anchor's moment.
    pub(crate) fn tick(self, at: Instant) -> Tick {
        self.tick + at.saturating_duration_since(self.instant)
    }
}
