//! Where the periods of a calendar begin and end in a zone.

use core::ops::Range;

use crate::{Period, Tick, Zone};

/// A period of the calendar, as a zone's clocks show it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Calendar {
    pub(crate) period: Period,
    pub(crate) zone: Zone,
}

impl Calendar {
    /// The period that `now` is in. Periods follow one another without a gap and without an overlap.
    pub(crate) fn bounds(self, now: Tick) -> Range<Tick> {
        let first = self.period.first_day(self.zone.day_at(now));
        let next = self.period.next_first_day(first);
        let end = self.zone.first_moment(next);
        if now < end {
            return self.zone.first_moment(first)..end;
        }
        // Clocks that were turned back over midnight show the old day once more; its period is over all the same.
        end..self.zone.first_moment(self.period.next_first_day(next))
    }
}

#[cfg(test)]
mod tests;
