//! The cycle or period that a verdict is about.

use std::fmt;

use chrono::{Datelike, NaiveDate};
#[cfg(feature = "calendar")]
use slo_core::Period;

/// A day on which a batch is due, or a period of the calendar.
///
/// Written as ISO 8601 does where it can: `2026-03-06`, `2026-W10`, `2026-03`, `2026-Q1`, `2026`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Cycle {
    first_day: NaiveDate,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(
    not(feature = "calendar"),
    expect(dead_code, reason = "only a calendar makes cycles")
)]
enum Kind {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Cycle {
    #[cfg(feature = "calendar")]
    pub(crate) const fn day(day: NaiveDate) -> Self {
        Self {
            first_day: day,
            kind: Kind::Day,
        }
    }

    #[cfg(feature = "calendar")]
    pub(crate) const fn period(period: Period, first_day: NaiveDate) -> Self {
        let kind = match period {
            Period::Week => Kind::Week,
            Period::Month => Kind::Month,
            Period::Quarter => Kind::Quarter,
            Period::Year => Kind::Year,
            _ => Kind::Day, // the calendar of slo-core has no more of them
        };
        Self { first_day, kind }
    }

    /// The day on which the batch is due, or the first day of the period.
    #[must_use]
    pub const fn first_day(self) -> NaiveDate {
        self.first_day
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.first_day;
        match self.kind {
            Kind::Day => write!(f, "{day}"),
            Kind::Week => write!(f, "{:04}-W{:02}", day.iso_week().year(), day.iso_week().week()),
            Kind::Month => write!(f, "{:04}-{:02}", day.year(), day.month()),
            Kind::Quarter => write!(f, "{:04}-Q{}", day.year(), day.month0() / 3 + 1),
            Kind::Year => write!(f, "{:04}", day.year()),
        }
    }
}

#[cfg(all(test, feature = "calendar"))]
mod tests {
    use super::*;

    #[test]
    fn cycles_are_written_as_iso_8601_does() {
        let monday: NaiveDate = "2024-12-30".parse().unwrap(); // in the first week of 2025
        assert_eq!(Cycle::day(monday).to_string(), "2024-12-30");
        let shown = Period::ALL.map(|period| Cycle::period(period, monday).to_string());
        assert_eq!(shown, ["2024-12-30", "2025-W01", "2024-12", "2024-Q4", "2024"]);
        assert_eq!(Cycle::day(monday).first_day(), monday);
    }
}
