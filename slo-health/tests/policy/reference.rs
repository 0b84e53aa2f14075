//! The policies once more, slowly: a walk through every minute of some months, which only ever asks what clocks show at an
//! instant, and applies each rule as people put it. Nothing is searched from the other side.

#[path = "reference/batches.rs"]
mod batches;
#[path = "reference/present.rs"]
mod present;
#[path = "reference/quiet.rs"]
mod quiet;

use std::sync::LazyLock;

use chrono::{Datelike, Days, NaiveDateTime};
use chrono_tz::Tz;
use slo_health::Period;

use super::*;

/// Zones, and a day around which something is odd. Havana and St. John's turn back over midnight, Cairo skips it.
const ODD: [(&str, &str); 12] = [
    (SEOUL, "2026-03-08"),
    (NEW_YORK, "2026-03-08"),
    (NEW_YORK, "2026-11-01"),
    (LONDON, "2026-03-29"),
    (LONDON, "2026-10-25"),
    (LORD_HOWE, "2026-04-05"),
    (LORD_HOWE, "2026-10-04"),
    (APIA, "2011-09-24"),
    (APIA, "2011-12-30"),
    ("America/Havana", "2023-11-05"),
    ("America/St_Johns", "2010-11-07"),
    ("Africa/Cairo", "2024-04-26"),
];
const BEFORE: u64 = 110;
const AFTER: u64 = 45;
/// Three days less at each end: the walk does not show those whole.
const WHOLE: usize = 149;
const TOLERANCE: i64 = 5;
const PER_DAY: i64 = 1440;
const PERIODS: [Period; 3] = [Period::Day, Period::Week, Period::Month];

static WALKS: LazyLock<Vec<Walk>> = LazyLock::new(|| ODD.iter().map(|(name, odd)| Walk::new(name, day(odd))).collect());

/// What clocks in a zone show in each minute; minutes are counted from the Unix epoch.
struct Walk {
    zone: Zone,
    start: i64,
    odd: i64,
    first_day: NaiveDate,
    shown: Vec<NaiveDateTime>,
    /// The latest day that calendars have shown up to each minute.
    latest_day: Vec<NaiveDate>,
    /// For each of [`PERIODS`] the minute in which the period of each minute began.
    begins: [Vec<i64>; 3],
}

impl Walk {
    fn new(name: &str, odd: NaiveDate) -> Self {
        let tz: Tz = name.parse().expect("a zone of the database");
        let minute = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc().timestamp() / 60;
        let (first_day, last_day) = (odd - Days::new(BEFORE), odd + Days::new(AFTER));
        let (start, end) = (minute(first_day), minute(last_day));
        let shown: Vec<_> = (start..end)
            .map(|at| instant(at).with_timezone(&tz).naive_local())
            .collect();
        let latest = |latest: &mut NaiveDate, shown: &NaiveDateTime| {
            *latest = shown.date().max(*latest);
            Some(*latest)
        };
        let latest_day: Vec<_> = shown.iter().scan(NaiveDate::MIN, latest).collect();
        let begins = PERIODS.map(|period| beginnings(period, start, &latest_day));
        let zone = zone(name);
        Self {
            zone,
            start,
            odd: minute(odd),
            first_day,
            shown,
            latest_day,
            begins,
        }
    }

    fn shown(&self, minute: i64) -> NaiveDateTime {
        self.shown[index(minute - self.start)]
    }

    fn days(&self) -> impl Iterator<Item = NaiveDate> {
        let days = self.first_day.iter_days().skip(3).take(WHOLE);
        days.filter(|&day| self.near(day).any(|minute| self.shown(minute).date() == day))
    }

    /// The minutes around a day.
    fn near(&self, day: NaiveDate) -> impl Iterator<Item = i64> {
        let midnight = day.and_time(NaiveTime::MIN).and_utc().timestamp() / 60;
        let end = self.start + i64::try_from(self.shown.len()).expect("some months");
        (midnight - 2 * PER_DAY).max(self.start + 1)..(midnight + 3 * PER_DAY).min(end)
    }

    /// The minutes that show a time, or the one that a jump over it ends with.
    fn showing(&self, day: NaiveDate, time: NaiveTime) -> Vec<i64> {
        let local = day.and_time(time);
        let exact: Vec<_> = self.near(day).filter(|&minute| self.shown(minute) == local).collect();
        if !exact.is_empty() {
            return exact;
        }
        let jumps = |minute: &i64| self.shown(*minute - 1) < local && local < self.shown(*minute);
        self.near(day).filter(jumps).collect()
    }
}

/// For each minute the one in which its period began.
fn beginnings(period: Period, start: i64, latest_day: &[NaiveDate]) -> Vec<i64> {
    let mut begins = start;
    let mut page = page(period, latest_day[0]);
    let mut minutes = Vec::with_capacity(latest_day.len());
    for (minute, &day) in (start..).zip(latest_day) {
        let here = self::page(period, day);
        if here != page {
            (begins, page) = (minute, here);
        }
        minutes.push(begins);
    }
    minutes
}

/// What is the same all through a period and in no other.
fn page(period: Period, day: NaiveDate) -> (i32, u32) {
    match period {
        Period::Week => (day.iso_week().year(), day.iso_week().week()),
        Period::Month => (day.year(), day.month()),
        _ => (day.year(), day.ordinal()),
    }
}

fn index(number: i64) -> usize {
    usize::try_from(number).expect("inside of the walk")
}

fn instant(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(minute * 60, 0).expect("a minute of this century")
}

fn minutes(count: i64) -> Duration {
    Duration::from_secs(60 * count.unsigned_abs())
}

/// The minute that an instant is in.
fn minute_of(instant: DateTime<Utc>) -> i64 {
    instant.timestamp().div_euclid(60)
}

/// Both reasons of a period that was missed count as one: which came first is not the reference's business.
fn alike(verdict: &Verdict) -> (State, Reason) {
    match (verdict.state(), verdict.reason()) {
        (State::Stale, _) => (State::Stale, Reason::PastLimit),
        other => other,
    }
}

const STALE: (State, Reason) = (State::Stale, Reason::PastLimit);

fn clock(minute_of_day: u16) -> NaiveTime {
    NaiveTime::from_num_seconds_from_midnight_opt(u32::from(minute_of_day) * 60, 0).expect("a time of day")
}
