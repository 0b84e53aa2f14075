//! Planned times that count for nothing: maintenance that was announced.

mod recurrence;
#[cfg(test)]
mod tests;

use core::fmt;
use core::ops::Range;
use core::str::FromStr;
use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{Days, NaiveDate, NaiveDateTime};

pub use self::recurrence::{Recurrence, RecurrenceError};
use crate::{Tick, Zone};

/// A planned time, once or again and again, in which no event counts: neither as good nor as bad.
///
/// It begins when clocks in its zone show a time and lasts a number of seconds, so it is as long on the day on which
/// clocks change as on any other. How it comes again is written as RFC 5545 writes it, see [`Recurrence`].
///
/// A time that clocks show twice is the first of the two. A time that they skip is, of a single exclusion, as late as
/// if they had not (RFC 5545, section 3.3.5); of one that comes again it is left out (section 3.3.10).
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use slo_core::{Exclusion, Tick};
///
/// let zone = "Asia/Seoul".parse()?;
/// let nights = Exclusion::new("2026-01-04 02:00".parse()?, zone, Duration::from_secs(7_200), "database upgrade")?
///     .repeated("FREQ=WEEKLY;BYDAY=SU".parse()?)?;
/// let sunday = Tick::from_unix_seconds(1_773_511_200); // 2026-03-15 03:00 in Seoul
/// assert!(nights.covers(sunday));
/// let end = sunday + Duration::from_secs(3_600);
/// assert_eq!(nights.next_boundary(sunday), Some(end));
/// assert!(!nights.covers(end));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Exclusion(Arc<Plan>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Plan {
    from: LocalTime,
    zone: Zone,
    length: Duration,
    reason: String,
    again: Option<Again>,
    /// Days on which it does not begin, though the rule says so.
    except: BTreeSet<NaiveDate>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Again {
    rule: Recurrence,
    /// The last beginning, where the rule counts them or ends.
    last: Option<Tick>,
}

/// How far ahead [`Exclusion::next_boundary`] and [`Slo::excluded_until`](crate::Slo::excluded_until) look.
pub(crate) const HORIZON: Duration = Duration::from_secs(400 * 86_400);

/// How far ahead a rule is looked through for its times (days).
const TEN_YEARS: usize = 3_660;

impl Exclusion {
    /// The shortest: one minute.
    pub const SHORTEST: Duration = Duration::from_secs(60);
    /// The longest: 31 days. What lasts longer is no exception.
    pub const LONGEST: Duration = Duration::from_secs(31 * 86_400);
    /// The most days that can be taken out of a recurrence.
    pub const MOST_EXCEPTIONS: usize = 400;

    /// Once: from a time that clocks show, for a number of seconds. The reason is for people.
    ///
    /// # Errors
    ///
    /// [`ExclusionError`] for a length under a minute or over 31 days, and for a reason without words.
    pub fn new(
        from: LocalTime,
        zone: Zone,
        length: Duration,
        reason: impl Into<String>,
    ) -> Result<Self, ExclusionError> {
        let reason = reason.into();
        if reason.trim().is_empty() {
            return Err(ExclusionError::NoReason);
        }
        if !(Self::SHORTEST..=Self::LONGEST).contains(&length) {
            return Err(ExclusionError::Length { length });
        }
        Ok(Self(Arc::new(Plan {
            from,
            zone,
            length,
            reason,
            again: None,
            except: BTreeSet::new(),
        })))
    }

    /// Once: from one time that clocks show until another.
    ///
    /// # Errors
    ///
    /// As [`Exclusion::new`], with the time between the two as the length.
    pub fn between(
        from: LocalTime,
        until: LocalTime,
        zone: Zone,
        reason: impl Into<String>,
    ) -> Result<Self, ExclusionError> {
        if until.0 <= from.0 {
            return Err(ExclusionError::EndsBefore { from, until });
        }
        let length = zone.moment_of(until.0).since(zone.moment_of(from.0));
        Self::new(from, zone, length, reason)
    }

    /// Again and again, by this rule; `from` is the first time.
    ///
    /// # Errors
    ///
    /// [`ExclusionError::NotTheFirst`] where the rule does not begin with it, [`ExclusionError::TooFar`] where a rule
    /// that counts does not come to its end within ten years, [`ExclusionError::OverBeforeFirst`] where its `UNTIL` is
    /// before `from`.
    pub fn repeated(self, rule: Recurrence) -> Result<Self, ExclusionError> {
        let Plan { from, zone, .. } = *self.0;
        if !rule.occurs_on(from.day(), from.day()) || zone.shown(from.0).is_none() {
            return Err(ExclusionError::NotTheFirst { from });
        }
        let last = match rule.count() {
            Some(count) => Some(nth(&rule, from, zone, count).ok_or(ExclusionError::TooFar { count })?),
            None => rule.until(zone),
        };
        if last.is_some_and(|last| last < zone.moment_of(from.0)) {
            return Err(ExclusionError::OverBeforeFirst { from });
        }
        let again = Some(Again { rule, last });
        Ok(Self(Arc::new(Plan {
            again,
            ..Arc::unwrap_or_clone(self.0)
        })))
    }

    /// But not on these days, as the zone's calendar shows them: RFC 5545's `EXDATE`.
    ///
    /// # Errors
    ///
    /// [`ExclusionError::TooManyDays`] over 400 of them.
    pub fn except(self, days: impl IntoIterator<Item = NaiveDate>) -> Result<Self, ExclusionError> {
        let mut plan = Arc::unwrap_or_clone(self.0);
        plan.except.extend(days);
        match plan.except.len() {
            0..=Self::MOST_EXCEPTIONS => Ok(Self(Arc::new(plan))),
            days => Err(ExclusionError::TooManyDays { days }),
        }
    }

    /// When it begins for the first time.
    pub fn from(&self) -> LocalTime {
        self.0.from
    }

    /// Whose clocks show that time.
    pub fn zone(&self) -> Zone {
        self.0.zone
    }

    /// How long it lasts each time.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.0.length
    }

    /// Why, for people.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// How it comes again, if it does.
    #[must_use]
    pub fn recurrence(&self) -> Option<&Recurrence> {
        self.0.again.as_ref().map(|again| &again.rule)
    }

    /// The days on which it does not begin.
    pub fn exceptions(&self) -> impl Iterator<Item = NaiveDate> {
        self.0.except.iter().copied()
    }

    /// Whether nothing counts at this moment. The first moment is covered, the one behind the last is not.
    #[must_use]
    pub fn covers(&self, at: Tick) -> bool {
        let earliest = at.saturating_sub(self.0.length);
        self.beginnings(earliest, at)
            .any(|begin| begin <= at && at < begin + self.0.length)
    }

    /// The times that lie in a range, at least with a part, each as a whole: ascending, and those that touch as one.
    #[must_use]
    pub fn windows(&self, within: Range<Tick>) -> Vec<Range<Tick>> {
        let mut windows: Vec<Range<Tick>> = Vec::new();
        let earliest = within.start.saturating_sub(self.0.length);
        for begin in self.beginnings(earliest, within.end) {
            let window = begin..begin + self.0.length;
            if window.end <= within.start || window.start >= within.end {
                continue;
            }
            match windows.last_mut() {
                Some(before) if window.start <= before.end => before.end = before.end.max(window.end),
                _ => windows.push(window),
            }
        }
        windows
    }

    /// The time that covers this moment, as a whole, if one does.
    #[must_use]
    pub fn running(&self, at: Tick) -> Option<Range<Tick>> {
        let windows = self.windows(at..at + Duration::from_nanos(1));
        windows.into_iter().find(|window| window.contains(&at))
    }

    /// The next moment from which it covers, or covers no more; `None` where that is more than 400 days ahead.
    #[must_use]
    pub fn next_boundary(&self, after: Tick) -> Option<Tick> {
        let end = after + HORIZON;
        let windows = self.windows(after..end);
        let edges = windows.into_iter().flat_map(|window| [window.start, window.end]);
        edges.into_iter().find(|edge| *edge > after && *edge < end)
    }

    /// Every beginning from one moment to another, ascending; some around them may be among them.
    fn beginnings(&self, earliest: Tick, latest: Tick) -> impl Iterator<Item = Tick> {
        let plan = &*self.0;
        let first = plan.zone.moment_of(plan.from.0);
        // A day more on both sides: a time of a day that clocks skip is one of the next.
        let from_day = plan.zone.day_at(earliest.into()).checked_sub_days(Days::new(1));
        let to_day = plan.zone.day_at(latest.into()).checked_add_days(Days::new(1));
        let from_day = from_day.unwrap_or(NaiveDate::MIN).max(plan.from.day());
        let to_day = match plan.again {
            Some(_) => to_day.unwrap_or(NaiveDate::MAX),
            None => plan.from.day(),
        };
        let days = from_day.iter_days().take_while(move |day| *day <= to_day);
        days.filter_map(move |day| plan.begins_on(day, first))
    }

    /// Whether every time that the rule has is taken out of it.
    #[cfg(feature = "yaml")]
    pub(crate) fn never_begins(&self) -> bool {
        let plan = &*self.0;
        let first = plan.zone.moment_of(plan.from.0);
        let days = plan.from.day().iter_days().take(TEN_YEARS);
        days.into_iter().all(|day| plan.begins_on(day, first).is_none())
    }

    /// Whether nothing counts for more than half of the 400 days from its first beginning on.
    #[cfg(feature = "yaml")]
    pub(crate) fn is_most_of_the_time(&self) -> bool {
        let first = self.0.zone.moment_of(self.0.from.0);
        let windows = self.windows(first..first + HORIZON);
        let covered = windows.iter().map(|window| window.end.since(window.start));
        covered.sum::<Duration>() > HORIZON / 2
    }
}

impl Plan {
    /// The moment at which it begins on this day of the zone's calendar, if it does.
    fn begins_on(&self, day: NaiveDate, first: Tick) -> Option<Tick> {
        if self.except.contains(&day) {
            return None;
        }
        if day == self.from.day() {
            return Some(first);
        }
        let again = self.again.as_ref()?;
        let begin = Some(day).filter(|day| again.rule.occurs_on(self.from.day(), *day))?;
        let begin = self.zone.shown(begin.and_time(self.from.0.time()))?;
        Some(begin).filter(|begin| again.last.is_none_or(|last| *begin <= last))
    }
}

/// The beginning with this number, `from` being the first; `None` when it lies more than ten years ahead.
fn nth(rule: &Recurrence, from: LocalTime, zone: Zone, number: u32) -> Option<Tick> {
    let days = from.day().iter_days().take(TEN_YEARS);
    let begins = days.filter(|day| rule.occurs_on(from.day(), *day));
    let mut begins = begins.filter_map(|day| zone.shown(day.and_time(from.0.time())));
    begins.nth(usize::try_from(number.checked_sub(1)?).ok()?)
}

/// What clocks of some zone show, to the minute: `2026-01-31 02:00`.
///
/// # Examples
///
/// ```
/// use slo_core::LocalTime;
///
/// let from: LocalTime = "2026-01-31 02:00".parse()?;
/// assert_eq!(from.to_string(), "2026-01-31 02:00");
/// assert_eq!("2026-01-31T02:00".parse(), Ok(from));
/// assert!("2026-02-30 02:00".parse::<LocalTime>().is_err());
/// # Ok::<(), slo_core::ExclusionError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[must_use]
pub struct LocalTime(NaiveDateTime);

impl LocalTime {
    fn day(self) -> NaiveDate {
        self.0.date()
    }
}

impl FromStr for LocalTime {
    type Err = ExclusionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
        let shape: Vec<u8> = shape.collect();
        let known = [b"0000-00-00 00:00".as_slice(), b"0000-00-00T00:00"].contains(&shape.as_slice());
        let refused = || ExclusionError::NotATime(text.to_owned());
        if !known {
            return Err(refused());
        }
        let time = NaiveDateTime::parse_from_str(&text.replace('T', " "), "%Y-%m-%d %H:%M");
        let time = time.map_err(|_| refused())?;
        // A moment before 1970 or far ahead is a slip of the pen, and no tick.
        let years = 1971..=2200;
        if !years.contains(&chrono::Datelike::year(&time)) {
            return Err(refused());
        }
        Ok(Self(time))
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.format("%Y-%m-%d %H:%M").fmt(f)
    }
}

/// `2h from 2026-01-04 02:00 in Asia/Seoul, FREQ=WEEKLY;BYDAY=SU, but not on 2026-02-15: database upgrade`.
impl fmt::Display for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = &*self.0;
        let length = crate::window::Seconds(plan.length.as_secs());
        write!(f, "{length} from {} in {}", plan.from, plan.zone)?;
        if let Some(again) = &plan.again {
            write!(f, ", {}", again.rule)?;
        }
        for (index, day) in plan.except.iter().enumerate() {
            write!(f, "{}{day}", if index == 0 { ", but not on " } else { ", " })?;
        }
        write!(f, ": {}", plan.reason)
    }
}

/// Why some words are not an [`Exclusion`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExclusionError {
    /// The text is no time; holds it.
    #[error(
        "`{0}` is not a time; write what clocks show, day, hour and minute, like `2026-01-31 02:00`, and the zone beside it"
    )]
    NotATime(String),
    /// Under a minute or over 31 days.
    #[error(
        "an exclusion of {} is out of range; write from `1m` to `31d`, and for longer times another objective",
        crate::window::Seconds(length.as_secs())
    )]
    Length {
        /// The length that was given.
        length: Duration,
    },
    /// The end is not after the beginning.
    #[error("the exclusion ends at {until}, which is not after its beginning at {from}; write a later `until`")]
    EndsBefore {
        /// The beginning.
        from: LocalTime,
        /// The end.
        until: LocalTime,
    },
    /// Nobody would know why.
    #[error("the exclusion has no reason; write one for people, like `database upgrade`")]
    NoReason,
    /// The rule does not begin with the first time.
    #[error(
        "`{from}` is not a time by the rule, so nobody knows whether it counts; write the first time by the rule, one that \
         clocks show"
    )]
    NotTheFirst {
        /// The first time.
        from: LocalTime,
    },
    /// The rule ends before the first time.
    #[error("the rule's `UNTIL` is before the first time, {from}; write a later day there")]
    OverBeforeFirst {
        /// The first time.
        from: LocalTime,
    },
    /// The count does not come to its end.
    #[error("the rule does not come to its {count}th time within ten years; write `UNTIL=` and a day")]
    TooFar {
        /// How many times it was to begin.
        count: u32,
    },
    /// Too many exceptions.
    #[error("{days} days are too many exceptions; write at most 400, or another rule")]
    TooManyDays {
        /// How many there are.
        days: usize,
    },
}
