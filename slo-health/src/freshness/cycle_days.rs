//! The days on which a batch is due.

use chrono::{Datelike, Months, NaiveDate, Weekday};

use super::{business_days::BusinessDays, validate::PolicyError};

/// The days on which a batch is due. A [`BusinessDays`], a [`Weekday`] and an array of those convert into it.
///
/// A day that the time zone leaves out altogether (Apia had no 2011-12-30) asks for nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct CycleDays(Kind);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Kind {
    Week(Vec<Weekday>),
    Business(BusinessDays),
    DayOfMonth(u8),
    BusinessDayOfMonth(u8, BusinessDays),
}

impl CycleDays {
    /// Every day of the week.
    pub fn every_day() -> Self {
        Self::weekdays(WEEK)
    }

    /// These days of every week.
    pub fn weekdays(days: impl IntoIterator<Item = Weekday>) -> Self {
        Self(Kind::Week(days.into_iter().collect()))
    }

    /// Once a month on this day, 1 to 31; on the last day of a month that has no such day.
    pub const fn day_of_month(day: u8) -> Self {
        Self(Kind::DayOfMonth(day))
    }

    /// Once a month on its first, second, … business day, 1 to 31; on the last one of a month that has fewer, so that 31
    /// is the last business day of every month.
    pub const fn business_day_of_month(nth: u8, days: BusinessDays) -> Self {
        Self(Kind::BusinessDayOfMonth(nth, days))
    }

    pub(crate) fn valid_through(&self) -> Option<NaiveDate> {
        match &self.0 {
            Kind::Business(days) | Kind::BusinessDayOfMonth(_, days) => days.valid_through(),
            Kind::Week(_) | Kind::DayOfMonth(_) => None,
        }
    }

    /// No day at all, so that a search would not end.
    pub(crate) fn is_never(&self) -> bool {
        match &self.0 {
            Kind::Week(days) => days.is_empty(),
            Kind::Business(days) | Kind::BusinessDayOfMonth(_, days) => days.is_never(),
            Kind::DayOfMonth(_) => false,
        }
    }

    /// The first such day from `day` on; `None` at the end of time.
    pub(crate) fn on_or_after(&self, day: NaiveDate) -> Option<NaiveDate> {
        if self.is_never() {
            return None;
        }
        if !self.is_monthly() {
            return day.iter_days().find(|&day| self.has(day));
        }
        let mut months = std::iter::successors(day.with_day(1), |first| first.checked_add_months(Months::new(1)));
        months.find_map(|first| self.in_month(first).filter(|&due| due >= day))
    }

    /// The last such day up to `day`; `None` at the beginning of time.
    pub(crate) fn on_or_before(&self, day: NaiveDate) -> Option<NaiveDate> {
        if self.is_never() {
            return None;
        }
        if !self.is_monthly() {
            return std::iter::successors(Some(day), NaiveDate::pred_opt).find(|&day| self.has(day));
        }
        let mut months = std::iter::successors(day.with_day(1), |first| first.checked_sub_months(Months::new(1)));
        months.find_map(|first| self.in_month(first).filter(|&due| due <= day))
    }

    pub(crate) fn validate(&self) -> Result<(), PolicyError> {
        if self.is_never() {
            return Err(PolicyError::NothingDue);
        }
        match &self.0 {
            Kind::DayOfMonth(day) | Kind::BusinessDayOfMonth(day, _) if !(1..=31).contains(day) => {
                Err(PolicyError::NoSuchDay { day: *day })
            }
            Kind::Business(days) | Kind::BusinessDayOfMonth(_, days) => days.validate(),
            Kind::Week(_) | Kind::DayOfMonth(_) => Ok(()),
        }
    }

    const fn is_monthly(&self) -> bool {
        match self.0 {
            Kind::DayOfMonth(_) | Kind::BusinessDayOfMonth(..) => true,
            Kind::Week(_) | Kind::Business(_) => false,
        }
    }

    fn has(&self, day: NaiveDate) -> bool {
        match &self.0 {
            Kind::Week(days) => days.contains(&day.weekday()),
            Kind::Business(days) => days.contains(day),
            Kind::DayOfMonth(_) | Kind::BusinessDayOfMonth(..) => {
                day.with_day(1).and_then(|first| self.in_month(first)) == Some(day)
            }
        }
    }

    /// The one such day of the month that begins with `first`; `None` for a month without a business day.
    fn in_month(&self, first: NaiveDate) -> Option<NaiveDate> {
        let mut days = first.iter_days().take_while(|day| day.month() == first.month());
        match &self.0 {
            Kind::DayOfMonth(day) => days.take((*day).max(1).into()).last(),
            Kind::BusinessDayOfMonth(nth, business) => days
                .filter(|&day| business.contains(day))
                .take((*nth).max(1).into())
                .last(),
            Kind::Week(_) | Kind::Business(_) => days.find(|&day| self.has(day)),
        }
    }
}

impl From<BusinessDays> for CycleDays {
    fn from(days: BusinessDays) -> Self {
        Self(Kind::Business(days))
    }
}

impl From<Weekday> for CycleDays {
    fn from(day: Weekday) -> Self {
        Self::weekdays([day])
    }
}

impl<const N: usize> From<[Weekday; N]> for CycleDays {
    fn from(days: [Weekday; N]) -> Self {
        Self::weekdays(days)
    }
}

pub(crate) const WEEK: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn from(days: &CycleDays, start: &str) -> Vec<String> {
        let next = |due: &NaiveDate| due.succ_opt().and_then(|next| days.on_or_after(next));
        let found = std::iter::successors(days.on_or_after(day(start)), next);
        found.take(3).map(|due| due.to_string()).collect()
    }

    #[test]
    fn a_day_that_a_month_does_not_have_is_its_last() {
        assert_eq!(
            from(&CycleDays::day_of_month(31), "2024-01-31"),
            ["2024-01-31", "2024-02-29", "2024-03-31"]
        );
        let before = |text| CycleDays::day_of_month(30).on_or_before(day(text));
        assert_eq!(before("2026-03-29"), Some(day("2026-02-28")));
        assert_eq!(before("2026-02-28"), Some(day("2026-02-28")));
    }

    #[test]
    fn business_days_of_a_month_are_counted_without_weekends_and_holidays() {
        let business = || BusinessDays::monday_to_friday().holidays([day("2026-03-02")], day("2026-12-31"));
        assert_eq!(
            from(&CycleDays::business_day_of_month(1, business()), "2026-02-03"),
            ["2026-03-03", "2026-04-01", "2026-05-01"]
        );
        assert_eq!(
            from(&CycleDays::business_day_of_month(31, business()), "2026-02-01"),
            ["2026-02-27", "2026-03-31", "2026-04-30"]
        );
    }

    #[test]
    fn a_month_of_holidays_has_no_business_day() {
        let holidays = day("2026-02-01").iter_days().take(28);
        let business = BusinessDays::except([]).holidays(holidays, day("2026-12-31"));
        let days = CycleDays::business_day_of_month(1, business);
        assert_eq!(days.on_or_after(day("2026-01-02")), Some(day("2026-03-01")));
        assert_eq!(days.on_or_before(day("2026-02-28")), Some(day("2026-01-01")));
    }

    #[test]
    fn a_search_ends_without_any_day_and_at_the_ends_of_time() {
        let never = CycleDays::weekdays([]);
        assert_eq!(
            (
                never.on_or_after(day("2026-01-01")),
                never.on_or_before(day("2026-01-01"))
            ),
            (None, None)
        );
        let (first, last) = (NaiveDate::MIN, NaiveDate::MAX);
        for days in [CycleDays::every_day(), CycleDays::day_of_month(31)] {
            assert!(days.on_or_after(last).is_none_or(|found| found == last));
            assert!(days.on_or_before(first).is_none_or(|found| found == first));
        }
        assert_eq!(CycleDays::from(Weekday::Mon).on_or_before(NaiveDate::MIN), None);
    }
}
