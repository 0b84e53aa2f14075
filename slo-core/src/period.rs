//! The periods of the calendar.

use core::fmt;
use core::ops::RangeInclusive;
use core::str::FromStr;

use chrono::{Datelike, Days, Months, NaiveDate};

/// A period of the calendar: it begins anew for everybody at the same local midnight.
///
/// # Examples
///
/// ```
/// use slo_core::{Period, PeriodError};
///
/// let period: Period = "month".parse()?;
/// assert_eq!(period.days(), 28..=31);
/// assert_eq!("monthly".parse::<Period>(), Err(PeriodError::Unknown("monthly".to_owned())));
/// # Ok::<(), PeriodError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From Monday on, as ISO 8601 counts weeks.
    Week,
    /// From the first of the month on.
    Month,
    /// Three months, from the first of January, April, July or October on.
    Quarter,
    /// From the first of January on.
    Year,
}

impl Period {
    /// Every period, the shortest first.
    pub const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year];

    /// The period as a spec writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// How many days of the calendar it has, from the shortest to the longest of its kind.
    #[must_use]
    pub const fn days(self) -> RangeInclusive<u32> {
        match self {
            Self::Day => 1..=1,
            Self::Week => 7..=7,
            Self::Month => 28..=31,
            Self::Quarter => 90..=92,
            Self::Year => 365..=366,
        }
    }

    /// The first day of the period that `day` is in.
    pub(crate) fn first_day(self, day: NaiveDate) -> NaiveDate {
        let first = match self {
            Self::Day => Some(day),
            Self::Week => day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into())),
            Self::Month => day.with_day(1),
            Self::Quarter => NaiveDate::from_ymd_opt(day.year(), day.month0() / 3 * 3 + 1, 1),
            Self::Year => NaiveDate::from_ymd_opt(day.year(), 1, 1),
        };
        first.unwrap_or(day) // every month has a first day, and every week a Monday but for chrono's very first
    }

    /// The first day of the next period.
    pub(crate) fn next_first_day(self, first: NaiveDate) -> NaiveDate {
        let next = match self {
            Self::Day => first.checked_add_days(Days::new(1)),
            Self::Week => first.checked_add_days(Days::new(7)),
            Self::Month => first.checked_add_months(Months::new(1)),
            Self::Quarter => first.checked_add_months(Months::new(3)),
            Self::Year => first.checked_add_months(Months::new(12)),
        };
        next.unwrap_or(NaiveDate::MAX) // some 260,000 years from now
    }
}

/// Why a text is not a [`Period`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PeriodError {
    /// The calendar has no such period; holds the text.
    #[error("`{0}` is not a period of the calendar; write `day`, `week`, `month`, `quarter` or `year`")]
    Unknown(String),
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|period| period.as_str() == text);
        known.ok_or_else(|| PeriodError::Unknown(text.to_owned()))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(feature = "serde")]
crate::text::serde_through_text!(Period);

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    #[test]
    fn each_period_begins_on_its_own_first_day() {
        let leap_day = day(2024, 2, 29); // a Thursday
        for (period, first, next) in [
            (Period::Day, leap_day, day(2024, 3, 1)),
            (Period::Week, day(2024, 2, 26), day(2024, 3, 4)),
            (Period::Month, day(2024, 2, 1), day(2024, 3, 1)),
            (Period::Quarter, day(2024, 1, 1), day(2024, 4, 1)),
            (Period::Year, day(2024, 1, 1), day(2025, 1, 1)),
        ] {
            assert_eq!(period.first_day(leap_day), first, "{period}");
            assert_eq!(period.next_first_day(first), next, "{period}");
        }
        // ISO 8601: this Sunday ends the last week of 2023.
        assert_eq!(Period::Week.first_day(day(2023, 12, 31)), day(2023, 12, 25));
        assert_eq!(Period::Quarter.first_day(day(2024, 12, 31)), day(2024, 10, 1));
    }

    #[test]
    fn no_period_is_shorter_or_longer_than_it_says() {
        for period in Period::ALL {
            let mut first = period.first_day(day(2000, 1, 1));
            let mut seen = Vec::new();
            while first < day(2030, 1, 1) {
                let next = period.next_first_day(first);
                seen.push(u32::try_from((next - first).num_days()).unwrap());
                first = next;
            }
            let (least, most) = (*seen.iter().min().unwrap(), *seen.iter().max().unwrap());
            assert_eq!(least..=most, period.days(), "{period}");
        }
    }

    #[test]
    fn text_and_value_round_trip() {
        for period in Period::ALL {
            assert_eq!(period.to_string().parse(), Ok(period));
        }
    }

    #[test]
    fn what_is_not_a_period_is_named_with_all_that_are() {
        for text in ["", "Month", "months", "month ", "30d", "fortnight"] {
            assert_eq!(text.parse::<Period>(), Err(PeriodError::Unknown(text.to_owned())));
        }
        assert_eq!(
            "months".parse::<Period>().unwrap_err().to_string(),
            "`months` is not a period of the calendar; write `day`, `week`, `month`, `quarter` or `year`"
        );
    }
}
