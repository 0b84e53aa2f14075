//! How an exclusion comes again, as RFC 5545 writes it.

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};

use crate::{Tick, Zone};

/// A recurrence rule of RFC 5545, section 3.3.10, as much of it as maintenance needs.
///
/// `FREQ=DAILY`, `WEEKLY` or `MONTHLY` with `INTERVAL`, `BYDAY` (with a number, like `2TU` or `-1FR`, of a month),
/// `BYMONTHDAY` (from the end, too: `-1`), and `COUNT` (to 1,000) or `UNTIL`. Weeks begin on Monday. Everything else is
/// refused by name; the last day of `UNTIL=20261231` is included.
///
/// # Examples
///
/// ```
/// use slo_core::{Recurrence, RecurrenceError};
///
/// let second_tuesday: Recurrence = "FREQ=MONTHLY;BYDAY=2TU".parse()?;
/// assert_eq!(second_tuesday.to_string(), "FREQ=MONTHLY;BYDAY=2TU");
/// assert_eq!("FREQ=HOURLY".parse::<Recurrence>(), Err(RecurrenceError::Frequency("HOURLY".to_owned())));
/// # Ok::<(), RecurrenceError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Recurrence {
    frequency: Frequency,
    /// In days, weeks or months; at least 1.
    interval: u32,
    by_day: Vec<ByDay>,
    /// From 1 to 31, or from -31 to -1.
    by_month_day: BTreeSet<i8>,
    end: End,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Frequency {
    Daily,
    Weekly,
    Monthly,
}

/// A day of the week; with a number the so manieth one of the month, from its end if negative.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct ByDay {
    number: Option<i8>,
    day: Weekday,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    Never,
    Count(u32),
    /// The last moment, as clocks show it.
    Local(NaiveDateTime),
    /// The last day.
    Day(NaiveDate),
    /// The last moment.
    Utc(NaiveDateTime),
}

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Mon),
    ("TU", Weekday::Tue),
    ("WE", Weekday::Wed),
    ("TH", Weekday::Thu),
    ("FR", Weekday::Fri),
    ("SA", Weekday::Sat),
    ("SU", Weekday::Sun),
];

const FREQUENCIES: [(&str, Frequency); 3] = [
    ("DAILY", Frequency::Daily),
    ("WEEKLY", Frequency::Weekly),
    ("MONTHLY", Frequency::Monthly),
];

impl Recurrence {
    /// Whether it comes on this day, having begun on the first one. Neither [`Self::count`] nor the end is asked.
    pub(super) fn occurs_on(&self, first: NaiveDate, day: NaiveDate) -> bool {
        if day < first {
            return false;
        }
        let steps = match self.frequency {
            Frequency::Daily => (day - first).num_days(),
            Frequency::Weekly => (monday(day) - monday(first)).num_days() / 7,
            Frequency::Monthly => months(day) - months(first),
        };
        steps % i64::from(self.interval) == 0 && self.is_by(first, day)
    }

    /// Whether the day is one of those within its period.
    fn is_by(&self, first: NaiveDate, day: NaiveDate) -> bool {
        let by_day = || self.by_day.iter().any(|by| by.is(day));
        let by_month_day = || {
            let (from_start, from_end) = places(day.day(), day);
            self.by_month_day.contains(&from_start) || self.by_month_day.contains(&from_end)
        };
        match (self.by_day.is_empty(), self.by_month_day.is_empty()) {
            (true, true) => match self.frequency {
                Frequency::Daily => true,
                Frequency::Weekly => day.weekday() == first.weekday(),
                Frequency::Monthly => day.day() == first.day(),
            },
            (false, true) => by_day(),
            (true, false) => by_month_day(),
            (false, false) => by_day() && by_month_day(),
        }
    }

    /// How many times it comes, if that is said.
    pub(super) const fn count(&self) -> Option<u32> {
        match self.end {
            End::Count(count) => Some(count),
            End::Never | End::Local(_) | End::Day(_) | End::Utc(_) => None,
        }
    }

    /// The last moment at which it may begin, if there is one.
    pub(super) fn until(&self, zone: Zone) -> Option<Tick> {
        match self.end {
            End::Never | End::Count(_) => None,
            End::Local(last) => Some(zone.moment_of(last)),
            End::Day(day) => {
                let next = day.checked_add_days(Days::new(1)).unwrap_or(day);
                let end = zone.first_moment(next);
                Some(Tick::from(end).saturating_sub(core::time::Duration::from_nanos(1)))
            }
            End::Utc(last) => Some(Tick::from(last.and_utc())),
        }
    }
}

impl ByDay {
    fn is(self, day: NaiveDate) -> bool {
        let Some(number) = self.number else {
            return day.weekday() == self.day;
        };
        let week = |place: i8| {
            if place > 0 {
                (place - 1) / 7 + 1
            } else {
                (place + 1) / 7 - 1
            }
        };
        let (from_start, from_end) = places(day.day(), day);
        day.weekday() == self.day && (week(from_start) == number || week(from_end) == number)
    }
}

/// The day's place in its month, from the start (1 to 31) and from the end (-31 to -1).
fn places(day_of_month: u32, day: NaiveDate) -> (i8, i8) {
    let small = |number: u32| i8::try_from(number).unwrap_or(i8::MAX); // at most 31
    let from_start = small(day_of_month);
    (from_start, from_start - small(days_in_month(day)) - 1)
}

fn days_in_month(day: NaiveDate) -> u32 {
    let (year, month) = (day.year() + i32::from(day.month() == 12), day.month() % 12 + 1);
    let next = NaiveDate::from_ymd_opt(year, month, 1).and_then(|first| first.pred_opt());
    next.map_or(31, |last| last.day())
}

fn monday(day: NaiveDate) -> NaiveDate {
    let back = TimeDelta::days(day.weekday().num_days_from_monday().into());
    day.checked_sub_signed(back).unwrap_or(day)
}

fn months(day: NaiveDate) -> i64 {
    i64::from(day.year()) * 12 + i64::from(day.month0())
}

impl FromStr for Recurrence {
    type Err = RecurrenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::read_all(text).map_err(|(first, _)| first)
    }
}

impl Recurrence {
    /// The rule, or everything that is wrong with it: the first, and the others.
    pub(crate) fn read_all(text: &str) -> Result<Self, (RecurrenceError, Vec<RecurrenceError>)> {
        if text.len() > 500 {
            return Err((RecurrenceError::NotAPart(text.chars().take(40).collect()), Vec::new()));
        }
        let mut wrong = Vec::new();
        let mut rule = Self {
            frequency: Frequency::Daily,
            interval: 1,
            by_day: Vec::new(),
            by_month_day: BTreeSet::new(),
            end: End::Never,
        };
        let mut seen: Vec<&str> = Vec::new();
        for part in text.split(';') {
            let Some((name, value)) = part.split_once('=') else {
                wrong.push(RecurrenceError::NotAPart(part.to_owned()));
                continue;
            };
            if seen.contains(&name) {
                wrong.push(RecurrenceError::Twice(name.to_owned()));
                continue;
            }
            seen.push(name);
            wrong.extend(rule.read(name, value).err());
        }
        if !seen.contains(&"FREQ") {
            wrong.push(RecurrenceError::NoFrequency);
        }
        if seen.contains(&"COUNT") && seen.contains(&"UNTIL") {
            wrong.push(RecurrenceError::TwoEnds);
        }
        let mut wrong = wrong.into_iter();
        match wrong.next() {
            Some(first) => Err((first, wrong.collect())),
            None => rule.check().map_err(|first| (first, Vec::new())),
        }
    }

    fn read(&mut self, name: &str, value: &str) -> Result<(), RecurrenceError> {
        match name {
            "FREQ" => self.frequency = frequency(value)?,
            "INTERVAL" => self.interval = number(name, value, 1, 1_000)?,
            "COUNT" => self.end = End::Count(number(name, value, 1, 1_000)?),
            "UNTIL" => self.end = until(value)?,
            "BYDAY" => self.by_day = value.split(',').map(by_day).collect::<Result<_, _>>()?,
            "BYMONTHDAY" => self.by_month_day = value.split(',').map(by_month_day).collect::<Result<_, _>>()?,
            "WKST" if value == "MO" => {}
            _ => return Err(RecurrenceError::Unknown(format!("{name}={value}"))),
        }
        Ok(())
    }

    fn check(self) -> Result<Self, RecurrenceError> {
        let numbered = self.by_day.iter().any(|by| by.number.is_some());
        if numbered && self.frequency != Frequency::Monthly {
            return Err(RecurrenceError::NumberedDay);
        }
        if !self.by_month_day.is_empty() && self.frequency == Frequency::Weekly {
            return Err(RecurrenceError::DayOfMonthInWeek);
        }
        Ok(self)
    }
}

fn frequency(value: &str) -> Result<Frequency, RecurrenceError> {
    let known = FREQUENCIES.into_iter().find(|(name, _)| *name == value);
    known
        .map(|(_, frequency)| frequency)
        .ok_or_else(|| RecurrenceError::Frequency(value.to_owned()))
}

fn number(name: &str, value: &str, least: u32, most: u32) -> Result<u32, RecurrenceError> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value
        .parse()
        .ok()
        .filter(|number| digits && (least..=most).contains(number));
    number.ok_or_else(|| RecurrenceError::Number {
        part: format!("{name}={value}"),
        least,
        most,
    })
}

fn by_day(text: &str) -> Result<ByDay, RecurrenceError> {
    let refused = || RecurrenceError::NotADay(text.to_owned());
    let at = text.len().checked_sub(2).filter(|at| text.is_char_boundary(*at));
    let (number, day) = text.split_at(at.ok_or_else(refused)?);
    let known = WEEKDAYS.into_iter().find(|(name, _)| *name == day);
    let (_, day) = known.ok_or_else(refused)?;
    let number = match number {
        "" => None,
        number => Some(signed(number, 5).ok_or_else(refused)?),
    };
    Ok(ByDay { number, day })
}

fn by_month_day(text: &str) -> Result<i8, RecurrenceError> {
    signed(text, 31).ok_or_else(|| RecurrenceError::NotADayOfMonth(text.to_owned()))
}

/// A number other than 0, at most so far from it; a plus may stand before it.
fn signed(text: &str, most: i8) -> Option<i8> {
    let digits = text.trim_start_matches(['+', '-']);
    if digits.is_empty() || text.len() - digits.len() > 1 || digits.bytes().any(|byte| !byte.is_ascii_digit()) {
        return None;
    }
    let number: i8 = text.parse().ok()?;
    (number != 0 && (-most..=most).contains(&number)).then_some(number)
}

/// `20261231`, `20261231T235959`, `20261231T235959Z`.
fn until(text: &str) -> Result<End, RecurrenceError> {
    let refused = || RecurrenceError::NotAnEnd(text.to_owned());
    let shape: String = text
        .chars()
        .map(|sign| if sign.is_ascii_digit() { '0' } else { sign })
        .collect();
    let day = || {
        let day = text
            .get(..8)
            .and_then(|day| NaiveDate::parse_from_str(day, "%Y%m%d").ok());
        day.filter(|day| (1971..=2200).contains(&day.year()))
            .ok_or_else(refused)
    };
    let time = || {
        let time = text
            .get(9..15)
            .and_then(|time| NaiveTime::parse_from_str(time, "%H%M%S").ok());
        time.ok_or_else(refused)
    };
    match shape.as_str() {
        "00000000" => Ok(End::Day(day()?)),
        "00000000T000000" => Ok(End::Local(day()?.and_time(time()?))),
        "00000000T000000Z" => Ok(End::Utc(day()?.and_time(time()?))),
        _ => Err(refused()),
    }
}

impl fmt::Display for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = FREQUENCIES.into_iter().find(|(_, known)| *known == self.frequency);
        write!(f, "FREQ={}", name.map_or("", |(name, _)| name))?;
        if self.interval > 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        if !self.by_day.is_empty() {
            let days: Vec<_> = self.by_day.iter().map(ToString::to_string).collect();
            write!(f, ";BYDAY={}", days.join(","))?;
        }
        if !self.by_month_day.is_empty() {
            let days: Vec<_> = self.by_month_day.iter().map(ToString::to_string).collect();
            write!(f, ";BYMONTHDAY={}", days.join(","))?;
        }
        match self.end {
            End::Never => Ok(()),
            End::Count(count) => write!(f, ";COUNT={count}"),
            End::Day(day) => write!(f, ";UNTIL={}", day.format("%Y%m%d")),
            End::Local(last) => write!(f, ";UNTIL={}", last.format("%Y%m%dT%H%M%S")),
            End::Utc(last) => write!(f, ";UNTIL={}Z", last.format("%Y%m%dT%H%M%S")),
        }
    }
}

impl fmt::Display for ByDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(number) = self.number {
            write!(f, "{number}")?;
        }
        let name = WEEKDAYS.into_iter().find(|(_, day)| *day == self.day);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

/// Why a text is not a [`Recurrence`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecurrenceError {
    /// Not of the form `NAME=value`; holds the part.
    #[error("`{0}` is not a part of a rule; write parts with `;` between them, like `FREQ=WEEKLY;BYDAY=SU`")]
    NotAPart(String),
    /// A part is written twice; holds its name.
    #[error("`{0}` is twice in the rule; write it once, with commas between its values")]
    Twice(String),
    /// It does not say how often.
    #[error("the rule does not say how often; write `FREQ=DAILY`, `FREQ=WEEKLY` or `FREQ=MONTHLY`")]
    NoFrequency,
    /// Another frequency; holds it.
    #[error(
        "a rule with `FREQ={0}` is not read; write `DAILY`, `WEEKLY` or `MONTHLY`, and for a year `MONTHLY` with `INTERVAL=12`"
    )]
    Frequency(String),
    /// A part that is not read here; holds it.
    #[error(
        "`{0}` is not read in a rule; write `FREQ`, `INTERVAL`, `BYDAY`, `BYMONTHDAY`, and `COUNT` or `UNTIL`, in capital \
         letters; weeks begin on Monday"
    )]
    Unknown(String),
    /// A number out of its range.
    #[error("`{part}` is out of range; write a whole number from {least} to {most}")]
    Number {
        /// The part of the rule.
        part: String,
        /// The least number.
        least: u32,
        /// The greatest number.
        most: u32,
    },
    /// No day of the week; holds the text.
    #[error("`{0}` is not a day; write `MO` to `SU`, of a month with a number from -5 to 5, like `2TU` or `-1FR`")]
    NotADay(String),
    /// No day of a month; holds the text.
    #[error("`{0}` is not a day of a month; write `1` to `31`, or `-1` for the last day")]
    NotADayOfMonth(String),
    /// No end; holds the text.
    #[error("`{0}` is not an end; write a day like `20261231`, or a moment like `20261231T235959Z`")]
    NotAnEnd(String),
    /// Both a count and a last day.
    #[error("`COUNT` and `UNTIL` both end the rule; write one of the two")]
    TwoEnds,
    /// The so manieth day of a week or a day.
    #[error("a day with a number, like `2TU`, is one of a month; write `FREQ=MONTHLY`, or leave out the number")]
    NumberedDay,
    /// RFC 5545 forbids it.
    #[error("`BYMONTHDAY` does not go with `FREQ=WEEKLY`; write `FREQ=MONTHLY`, or `BYDAY`")]
    DayOfMonthInWeek,
}
