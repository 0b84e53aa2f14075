//! One reading of both clocks, the wall's and the machine's.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use crate::clock::Clock;

/// The wall clock dates data, the monotonic clock measures waits; read together, the one keeps the other honest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) wall: DateTime<Utc>,
    pub(crate) at: Instant,
}

impl Moment {
    pub(crate) fn read(clock: &dyn Clock) -> Self {
        Self {
            wall: clock.now(),
            at: Instant::now(),
        }
    }

    /// The wall-clock time to judge by what was seen at `looked`: the clock's own, but never less time after `looked`
    /// than the monotonic clock has measured. Else a clock that is set back would make what was seen younger, and
    /// extend the proof that it is fresh.
    pub(crate) fn wall_since(&self, looked: &Self) -> DateTime<Utc> {
        let passed = self.at.duration_since(looked.at);
        let at_least = TimeDelta::from_std(passed)
            .ok()
            .and_then(|passed| looked.wall.checked_add_signed(passed))
            .unwrap_or(DateTime::<Utc>::MAX_UTC);
        self.wall.max(at_least)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn time_passes_at_least_as_fast_as_the_machine_measures() {
        let looked = Moment {
            wall: DateTime::UNIX_EPOCH,
            at: Instant::now(),
        };
        let later = |wall: DateTime<Utc>| Moment {
            wall,
            at: looked.at + HOUR,
        };
        let set_back = later(DateTime::UNIX_EPOCH - HOUR);
        assert_eq!(set_back.wall_since(&looked), DateTime::UNIX_EPOCH + HOUR);
        let ahead = later(DateTime::UNIX_EPOCH + 2 * HOUR); // the machine slept, for example
        assert_eq!(ahead.wall_since(&looked), DateTime::UNIX_EPOCH + 2 * HOUR);
        let at_the_end = Moment {
            wall: DateTime::<Utc>::MAX_UTC,
            ..looked
        };
        assert_eq!(
            later(DateTime::UNIX_EPOCH).wall_since(&at_the_end),
            DateTime::<Utc>::MAX_UTC
        );
    }
}
