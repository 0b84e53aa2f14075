//! Days on which business is done.

use chrono::{Datelike, NaiveDate, Weekday};

use super::validate::PolicyError;

/// The days of a calendar that are neither in a weekend nor a holiday.
///
/// Holidays come from the caller, none are built in: many are decided from year to year (lunar ones, substitute days,
/// days off at short notice), and a table that is out of date is a silent lie. Therefore a list says to which day it is
/// complete. Past that day a check is at best [`State::Warn`](crate::State::Warn), with
/// [`Reason::CalendarExpired`](crate::Reason::CalendarExpired), until somebody brings the list up to date.
///
/// ```
/// use chrono::NaiveDate;
/// use slo_health::BusinessDays;
///
/// let day = |text: &str| text.parse::<NaiveDate>();
/// let holidays = [day("2026-03-02")?, day("2026-05-05")?];
/// let seoul = BusinessDays::monday_to_friday().holidays(holidays, day("2026-12-31")?);
/// assert!(!seoul.contains(day("2026-03-01")?)); // a Sunday
/// assert!(!seoul.contains(day("2026-03-02")?)); // its substitute holiday
/// assert!(seoul.contains(day("2026-03-03")?));
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct BusinessDays {
    weekend: Vec<Weekday>,
    /// In order, each once.
    holidays: Vec<NaiveDate>,
    valid_through: Option<NaiveDate>,
}

impl BusinessDays {
    /// Every Monday to Friday, with no holidays: a calendar that cannot expire.
    pub fn monday_to_friday() -> Self {
        Self::except([Weekday::Sat, Weekday::Sun])
    }

    /// Every day but those of the `weekend`, with no holidays: for a place where the week ends on other days.
    pub fn except(weekend: impl IntoIterator<Item = Weekday>) -> Self {
        Self {
            weekend: weekend.into_iter().collect(),
            holidays: Vec::new(),
            valid_through: None,
        }
    }

    /// Without these days either; the list is complete up to and including the day `valid_through`.
    pub fn holidays(mut self, holidays: impl IntoIterator<Item = NaiveDate>, valid_through: NaiveDate) -> Self {
        self.holidays.extend(holidays);
        self.holidays.sort_unstable();
        self.holidays.dedup();
        self.valid_through = Some(valid_through);
        self
    }

    /// Whether business is done that day. After `valid_through` it is a guess: weekends are known, holidays are not.
    #[must_use]
    pub fn contains(&self, day: NaiveDate) -> bool {
        !self.weekend.contains(&day.weekday()) && self.holidays.binary_search(&day).is_err()
    }

    pub(crate) const fn valid_through(&self) -> Option<NaiveDate> {
        self.valid_through
    }

    pub(crate) fn is_never(&self) -> bool {
        super::cycle_days::WEEK.iter().all(|day| self.weekend.contains(day))
    }

    pub(crate) fn validate(&self) -> Result<(), PolicyError> {
        match (self.holidays.last(), self.valid_through) {
            (Some(&holiday), Some(valid_through)) if holiday > valid_through => {
                Err(PolicyError::HolidayAfterList { holiday, valid_through })
            }
            _ => Ok(()),
        }
    }
}
