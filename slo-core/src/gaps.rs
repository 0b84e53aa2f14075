//! Time that was not measured, and clocks that were not steady.

use core::time::Duration;

use crate::Tick;

/// A stretch that a tracker did not measure, or a place where its clock was not steady.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Gap {
    from: Tick,
    to: Tick,
    cause: GapCause,
}

/// What made a [`Gap`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum GapCause {
    /// No process measured: between a snapshot and the start of the process that restored it.
    NotRunning,
    /// The process was there and did not run, or its clock jumped ahead: a [heartbeat](crate::Tracker::heartbeat) came
    /// late.
    Suspended,
    /// The clock was set back. No time went unmeasured; `to` is before `from`.
    ClockSetBack,
}

impl GapCause {
    /// The cause's name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotRunning => "not_running",
            Self::Suspended => "suspended",
            Self::ClockSetBack => "clock_set_back",
        }
    }
}

impl Gap {
    pub(crate) const fn new(from: Tick, to: Tick, cause: GapCause) -> Self {
        Self { from, to, cause }
    }

    /// The last moment before, by the clock of then.
    pub const fn from(self) -> Tick {
        self.from
    }

    /// The first moment after, by the clock of then.
    pub const fn to(self) -> Tick {
        self.to
    }

    /// What made it.
    #[must_use]
    pub const fn cause(self) -> GapCause {
        self.cause
    }

    /// The time that nobody measured; zero where the clock was set back.
    #[must_use]
    pub const fn unseen(self) -> Duration {
        self.to.since(self.from)
    }
}

/// How many are kept: what fails more often within one window is told more roughly.
const KEPT: usize = 32;

/// The gaps of one history, in order and apart from each other, on its own time line.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Gaps(Vec<Entry>);

/// A gap, and where it lies on the time line that never steps back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Entry {
    pub(crate) own_from: Tick,
    pub(crate) own_to: Tick,
    pub(crate) gap: Gap,
}

impl Gaps {
    /// Adds one that begins where the last one ended, or later; forgets those that ended before `oldest`.
    pub(crate) fn push(&mut self, entry: Entry, oldest: Tick) {
        self.0.retain(|kept| kept.own_to >= oldest);
        if self.0.len() == KEPT {
            self.make_room();
        }
        self.0.push(entry);
    }

    fn make_room(&mut self) {
        // Where a clock was only set back, nothing went unseen and nothing is lost but the note.
        if let Some(note) = self.0.iter().position(|kept| kept.own_from == kept.own_to) {
            self.0.remove(note);
            return;
        }
        // The two oldest become one: time between them counts as unseen, which errs on the honest side.
        let first = self.0.remove(0);
        if let Some(second) = self.0.first_mut() {
            second.own_from = first.own_from;
            second.gap.from = first.gap.from;
        }
    }

    /// The unseen time between two moments.
    pub(crate) fn unseen(&self, from: Tick, to: Tick) -> Duration {
        let parts = self.0.iter();
        parts
            .map(|entry| entry.own_to.min(to).since(entry.own_from.max(from)))
            .sum()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.0.capacity() * size_of::<Entry>()
    }

    /// Where the last one ends.
    pub(crate) fn last_end(&self) -> Option<Tick> {
        self.0.last().map(|entry| entry.own_to)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Tick {
        Tick::from_unix_seconds(seconds)
    }

    fn entry(from: u64, to: u64) -> Entry {
        Entry {
            own_from: at(from),
            own_to: at(to),
            gap: Gap::new(at(from), at(to), GapCause::Suspended),
        }
    }

    #[test]
    fn only_what_lies_between_two_moments_is_unseen() {
        let mut gaps = Gaps::default();
        gaps.push(entry(10, 20), at(0));
        gaps.push(entry(30, 60), at(0));
        for (from, to, unseen) in [(0, 100, 40), (15, 35, 10), (20, 30, 0), (40, 50, 10), (70, 60, 0)] {
            assert_eq!(gaps.unseen(at(from), at(to)).as_secs(), unseen, "{from} to {to}");
        }
    }

    #[test]
    fn what_reaches_into_what_is_remembered_is_kept() {
        let mut gaps = Gaps::default();
        gaps.push(entry(10, 20), at(0));
        gaps.push(entry(30, 40), at(15));
        assert_eq!(gaps.unseen(at(0), at(100)).as_secs(), 20);
        gaps.push(entry(50, 60), at(21));
        assert_eq!(gaps.unseen(at(0), at(100)).as_secs(), 20);
    }

    #[test]
    fn notes_of_clocks_set_back_make_room_first_and_hide_nothing_that_was_seen() {
        let mut gaps = Gaps::default();
        gaps.push(entry(10, 20), at(0));
        for number in 10..100 {
            gaps.push(entry(number * 10, number * 10), at(0));
        }
        assert_eq!(gaps.iter().count(), KEPT);
        assert_eq!(gaps.unseen(at(0), at(1_000)).as_secs(), 10);
    }

    #[test]
    fn too_many_are_joined_and_never_call_unseen_time_seen() {
        let mut gaps = Gaps::default();
        for number in 0..100 {
            gaps.push(entry(number * 10, number * 10 + 5), at(0));
        }
        assert_eq!(gaps.iter().count(), KEPT);
        assert!(gaps.unseen(at(0), at(1_000)) >= Duration::from_secs(500));
        assert_eq!(gaps.unseen(at(900), at(1_000)).as_secs(), 50);
        gaps.push(entry(2_000, 2_001), at(996));
        assert_eq!(gaps.iter().count(), 1);
    }
}
