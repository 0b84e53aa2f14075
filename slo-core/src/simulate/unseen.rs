//! The time of which nothing is known.

use core::time::Duration;

use crate::Tick;

/// Gaps in order of time, each with the length of those before it: a window's unseen time is a difference, as its events
/// are.
///
/// Not the tracker's own gaps: those are known when they have ended, and the oldest of very many are joined.
#[derive(Debug, Default)]
pub(super) struct Unseen {
    gaps: Vec<Gap>,
}

#[derive(Debug)]
struct Gap {
    from: Tick,
    to: Tick,
    before: Duration,
}

impl Unseen {
    /// Adds a gap that begins at or after the end of the last one.
    pub(super) fn add(&mut self, from: Tick, to: Tick) {
        match self.gaps.last_mut() {
            Some(last) if last.to == from => last.to = to,
            _ => {
                let before = self.before(from);
                self.gaps.push(Gap { from, to, before });
            }
        }
    }

    /// How much of the time between two moments is unseen.
    pub(super) fn between(&self, from: Tick, to: Tick) -> Duration {
        self.before(to).saturating_sub(self.before(from))
    }

    /// How much of the time before a moment is unseen.
    fn before(&self, at: Tick) -> Duration {
        let place = self.gaps.partition_point(|gap| gap.from < at);
        let last = place.checked_sub(1).and_then(|place| self.gaps.get(place));
        last.map_or(Duration::ZERO, |gap| gap.before + at.min(gap.to).since(gap.from))
    }
}
