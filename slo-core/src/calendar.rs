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
        let (_, period) = self.zone.period_at(self.period, now.into());
        period.start.into()..period.end.into()
    }
}

#[cfg(test)]
mod tests;
