//! The policies once more, slowly: a walk through every minute of some months, which only ever asks what clocks show at an
//! instant, and applies each rule as people put it. Nothing is searched from the other side.

use std::sync::LazyLock;

use chrono::{Datelike, Days, NaiveDateTime, TimeDelta, Weekday};
use chrono_tz::Tz;
use proptest::prelude::*;
use slo_health::{BusinessDays, CycleDays, Period, QuietWindow};

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

#[derive(Clone, Debug)]
enum On {
    Week(Vec<Weekday>),
    Business { holidays: Vec<i64>, valid_for: i64 },
    DayOfMonth(u8),
}

#[derive(Clone, Debug)]
struct Batches {
    walk: usize,
    deadline: u16,
    not_before: Option<u16>,
    grace: i64,
    on: On,
    dated: Option<i64>,
    by_previous: bool,
    now: i64,
    landed: i64,
}

fn clock(minute_of_day: u16) -> NaiveTime {
    NaiveTime::from_num_seconds_from_midnight_opt(u32::from(minute_of_day) * 60, 0).expect("a time of day")
}

impl Batches {
    fn walk(&self) -> &'static Walk {
        &WALKS[self.walk]
    }

    fn offset(&self, days: i64) -> NaiveDate {
        let odd = instant(self.walk().odd).date_naive();
        odd.checked_add_signed(TimeDelta::days(days))
            .expect("a day of this century")
    }

    fn not_before(&self) -> Option<u16> {
        self.not_before.filter(|&time| time < self.deadline)
    }

    fn policy(&self) -> Freshness {
        let days = match &self.on {
            On::Week(days) => CycleDays::weekdays(days.iter().copied()),
            On::DayOfMonth(day) => CycleDays::day_of_month(*day),
            On::Business { holidays, valid_for } => {
                let holidays = holidays.iter().map(|&days| self.offset(days));
                BusinessDays::monday_to_friday()
                    .holidays(holidays, self.offset(*valid_for))
                    .into()
            }
        };
        let mut policy = Freshness::by_deadline(clock(self.deadline), self.walk().zone)
            .on(days)
            .grace(minutes(self.grace));
        if let Some(time) = self.not_before() {
            policy = policy.not_before(clock(time));
        }
        if self.by_previous {
            policy.dated_by_previous_cycle()
        } else {
            policy
        }
    }

    fn seen(&self) -> Observation {
        match self.dated {
            Some(days) => Observation::for_business_date(self.offset(days)),
            None => Observation::at(instant(self.landed)),
        }
    }

    fn is_due(&self, day: NaiveDate) -> bool {
        match &self.on {
            On::Week(days) => days.contains(&day.weekday()),
            On::Business { holidays, .. } => {
                day.weekday().num_days_from_monday() < 5 && holidays.iter().all(|&days| self.offset(days) != day)
            }
            On::DayOfMonth(wanted) => {
                let last = day.succ_opt().is_some_and(|next| next.month() != day.month());
                day.day() == u32::from(*wanted) || last && day.day() < u32::from(*wanted)
            }
        }
    }

    /// Every cycle of the walk: its day, its deadline, and the opening of its window.
    fn cycles(&self) -> Vec<(NaiveDate, i64, i64)> {
        let walk = self.walk();
        let mut cycles: Vec<(NaiveDate, i64, i64)> = Vec::new();
        for day in walk.days().filter(|&day| self.is_due(day)) {
            let deadline = *walk
                .showing(day, clock(self.deadline))
                .last()
                .expect("shown, or jumped over");
            let previous = cycles.last().map_or(i64::MIN, |&(_, deadline, _)| deadline);
            let own = self.not_before().map(|time| walk.showing(day, clock(time))[0]);
            let opens = own
                .filter(|&opens| opens < deadline)
                .map_or(previous, |opens| opens.max(previous));
            assert!(opens < deadline, "a window of {day} is empty");
            cycles.push((day, deadline, opens));
        }
        cycles
    }

    /// The rule as people put it.
    fn reference(&self, cycles: &[(NaiveDate, i64, i64)], now: i64) -> (State, Reason) {
        let latest = |by: i64| {
            cycles
                .iter()
                .rposition(|&(_, deadline, _)| deadline <= by)
                .expect("a long walk")
        };
        let covers = |cycle: usize| match self.dated {
            Some(days) => self.offset(days) >= cycles[cycle - usize::from(self.by_previous)].0,
            None => instant(self.landed) >= instant(cycles[cycle].2),
        };
        if self
            .dated
            .is_some_and(|days| self.offset(days) > cycles[latest(now + TOLERANCE) + 1].0)
        {
            return (State::Invalid, Reason::InTheFuture);
        }
        if !covers(latest(now - self.grace)) {
            return STALE;
        }
        if !covers(latest(now)) {
            return (State::Warn, Reason::LandingDue);
        }
        match self.on {
            On::Business { valid_for, .. } if self.shows_day_after(self.offset(valid_for), now) => {
                (State::Warn, Reason::CalendarExpired)
            }
            _ => (State::Fresh, Reason::Landed),
        }
    }

    fn shows_day_after(&self, day: NaiveDate, now: i64) -> bool {
        self.walk().latest_day[index(now - self.walk().start)] > day
    }
}

fn batches() -> impl Strategy<Value = Batches> {
    let day = 0..1440_u16;
    let on = prop_oneof![
        prop::collection::vec((0..7_u8).prop_map(|day| Weekday::try_from(day).expect("a day")), 1..7)
            .prop_map(On::Week),
        (prop::collection::vec(-20..8_i64, 0..6), 8..14_i64, any::<bool>()).prop_map(|(holidays, far, near)| {
            let last = holidays.iter().max().copied().unwrap_or(-5);
            On::Business {
                valid_for: if near { last } else { far },
                holidays,
            }
        }),
        (1..=31_u8).prop_map(On::DayOfMonth),
    ];
    (
        (
            0..ODD.len(),
            prop_oneof![day.clone(), 0..240_u16],
            prop::option::of(day),
        ),
        (prop_oneof![Just(0), 0..300_i64, 0..5000_i64], on),
        (prop::option::of(-9..6_i64), any::<bool>()),
        (
            -4 * PER_DAY..4 * PER_DAY,
            prop_oneof![-TOLERANCE..3 * PER_DAY, 0..40 * PER_DAY],
        ),
    )
        .prop_map(
            |((walk, deadline, not_before), (grace, on), (dated, by_previous), (now, age))| Batches {
                walk,
                deadline,
                not_before,
                grace,
                on,
                dated,
                by_previous,
                now: WALKS[walk].odd + now,
                landed: WALKS[walk].odd + now - age,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_batch_is_judged_as_people_would(case in batches()) {
        let (policy, seen, cycles) = (case.policy(), case.seen(), case.cycles());
        prop_assert_eq!(policy.validate(), Ok(()));
        let verdict = judge(&policy, &seen, instant(case.now));
        let here = case.reference(&cycles, case.now);
        prop_assert_eq!(alike(&verdict), here);
        // A nanosecond before each minute it is still what it was in the minute before.
        prop_assert_eq!(alike(&judge(&policy, &seen, instant(case.now + 1) - NANO)), here);

        // The walk has as many days more, and cycles to the end of them.
        let ahead = case.now + 1..case.walk().odd + 5 * PER_DAY;
        let changes = ahead.clone().find(|&minute| case.reference(&cycles, minute) != here);
        let told = verdict.next_change().filter(|at| ahead.contains(&minute_of(*at)));
        prop_assert_eq!(told, changes.map(instant));
        if here.0 == State::Fresh {
            let ends = ahead.clone().find(|&minute| case.reference(&cycles, minute).0 != State::Fresh);
            let proof = verdict.proof_until().map(|proof| proof + NANO).filter(|at| ahead.contains(&minute_of(*at)));
            prop_assert_eq!(proof, ends.map(instant));
        }
    }
}

#[derive(Clone, Debug)]
struct Present {
    walk: usize,
    period: Period,
    grace: i64,
    newest_within: Option<i64>,
    warn_after: Option<i64>,
    min_rows: bool,
    rows: (bool, bool),
    now: i64,
    age: i64,
    past: bool,
}

impl Present {
    fn walk(&self) -> &'static Walk {
        &WALKS[self.walk]
    }

    fn policy(&self) -> Freshness {
        let mut policy = Freshness::current_period(self.period, self.walk().zone).rollover_grace(minutes(self.grace));
        if let Some(limit) = self.newest_within {
            policy = policy.newest_within(minutes(limit));
            if let Some(warn_after) = self.warn_after.filter(|&warn_after| warn_after < limit) {
                policy = policy.warn_after(minutes(warn_after));
            }
        }
        if self.min_rows { policy.min_rows(10) } else { policy }
    }

    fn seen(&self) -> Observation {
        let count = |enough| if enough { 10 } else { 9 };
        Observation::at(instant(self.now - self.age))
            .rows(count(self.rows.0))
            .previous_rows(count(self.rows.1))
    }

    fn first_minute_of_period(&self, minute: i64) -> i64 {
        let period = PERIODS
            .iter()
            .position(|&period| period == self.period)
            .expect("one of them");
        self.walk().begins[period][index(minute - self.walk().start)]
    }

    fn reference(&self, now: DateTime<Utc>) -> (State, Reason) {
        let minute = minute_of(now);
        let begins = self.first_minute_of_period(minute);
        if minute - begins >= self.grace {
            return self.live(now);
        }
        // The verdict of the period before, as it was at its end.
        let newest = self.now - self.age;
        let held = self.live(instant(begins) - NANO);
        match held {
            (State::Fresh, _) if newest < begins => (State::Fresh, Reason::RolloverGrace),
            held => held,
        }
    }

    /// Without any grace.
    fn live(&self, now: DateTime<Utc>) -> (State, Reason) {
        let newest = self.now - self.age;
        let begins = self.first_minute_of_period(minute_of(now));
        // Of the period after `now` there is an event already: then the rows before are those of this one.
        let later = newest > minute_of(now) && self.first_minute_of_period(newest) > minute_of(now);
        let enough = if later { self.rows.1 } else { self.rows.0 };
        let age = (now - instant(newest)).to_std().unwrap_or_default();
        if newest < begins || self.min_rows && !enough || self.newest_within.is_some_and(|limit| age > minutes(limit)) {
            return STALE;
        }
        let (limit, warn_after) = (self.newest_within, self.warn_after);
        match warn_after.filter(|&warn_after| limit.is_some_and(|limit| warn_after < limit)) {
            Some(warn_after) if age > minutes(warn_after) => (State::Warn, Reason::PastWarning),
            _ => (State::Fresh, Reason::InPeriod),
        }
    }
}

fn present() -> impl Strategy<Value = Present> {
    let period = prop::sample::select(PERIODS.to_vec());
    let age = || prop::option::of(prop_oneof![0..PER_DAY, 0..12 * PER_DAY].prop_map(|age| age + 1));
    (
        (
            0..ODD.len(),
            period,
            prop_oneof![Just(0), 0..22 * 60_i64, 0..6 * PER_DAY],
        ),
        (age(), age(), any::<bool>(), any::<(bool, bool)>()),
        (
            -4 * PER_DAY..4 * PER_DAY,
            prop_oneof![0..3 * PER_DAY, 0..40 * PER_DAY],
            any::<bool>(),
        ),
    )
        .prop_map(
            |((walk, period, grace), (newest_within, warn_after, min_rows, rows), (now, age, past))| Present {
                walk,
                period,
                grace: if period == Period::Day {
                    grace.min(22 * 60)
                } else {
                    grace
                },
                newest_within,
                warn_after,
                min_rows,
                rows,
                now: WALKS[walk].odd + now,
                age,
                past,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_period_is_judged_as_people_would(case in present()) {
        let (policy, seen) = (case.policy(), case.seen());
        prop_assert_eq!(policy.validate(), Ok(()));
        // An age is passed a nanosecond after the minute.
        let now = instant(case.now) + if case.past { NANO } else { Duration::ZERO };
        let verdict = judge(&policy, &seen, now);
        let here = case.reference(now);
        prop_assert_eq!(alike(&verdict), here);

        let ahead = case.now..case.walk().odd + 9 * PER_DAY;
        let mut instants = ahead.clone().flat_map(|minute| [instant(minute), instant(minute) + NANO]).filter(|at| *at > now);
        let changes = instants.find(|&at| case.reference(at) != here);
        // From stale to stale for another reason is a change as well, which the reference does not tell.
        let told = verdict.next_change().filter(|at| alike(&judge(&policy, &seen, *at)) != here);
        prop_assert_eq!(told.filter(|at| ahead.contains(&minute_of(*at))), changes);
    }
}

#[derive(Clone, Debug)]
struct Quiet {
    walk: usize,
    weekday: Option<Weekday>,
    from: u16,
    to: u16,
    now: i64,
}

impl Quiet {
    fn reference(&self, spans: &[(i64, i64)], minute: i64) -> bool {
        spans.iter().any(|&(start, end)| start <= minute && minute < end)
    }

    fn spans(&self) -> Vec<(i64, i64)> {
        let walk = &WALKS[self.walk];
        let days = walk
            .days()
            .filter(|day| self.weekday.is_none_or(|weekday| weekday == day.weekday()));
        days.map(|day| {
            let last = if self.from < self.to { day } else { day + Days::new(1) };
            let end = *walk
                .showing(last, clock(self.to))
                .last()
                .expect("shown, or jumped over");
            (walk.showing(day, clock(self.from))[0], end)
        })
        .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_quiet_window_holds_as_clocks_show_it(
        walk in 0..ODD.len(),
        weekday in prop::option::of((0..7_u8).prop_map(|day| Weekday::try_from(day).expect("a day"))),
        (from, length) in (prop_oneof![0..1440_u16, 0..240_u16], prop_oneof![1..1440_u16, 1..120_u16]),
        now in -4 * PER_DAY..4 * PER_DAY,
    ) {
        let case = Quiet { walk, weekday, from, to: (from + length) % 1440, now: WALKS[walk].odd + now };
        let (zone, from, to) = (WALKS[walk].zone, clock(case.from), clock(case.to));
        let window = match weekday {
            Some(weekday) => QuietWindow::weekly(weekday, from, to, zone),
            None => QuietWindow::daily(from, to, zone),
        };
        let policy = Freshness::within(HOUR).quiet(window);
        let verdict = judge(&policy, &Observation::at(DateTime::<Utc>::MIN_UTC), instant(case.now));
        let spans = case.spans();
        let here = case.reference(&spans, case.now);
        prop_assert_eq!(verdict.quiet(), here);
        let ahead = case.now + 1..WALKS[walk].odd + 10 * PER_DAY;
        let changes = ahead.clone().find(|&minute| case.reference(&spans, minute) != here);
        prop_assert_eq!(verdict.next_change().filter(|at| ahead.contains(&minute_of(*at))), changes.map(instant));
    }
}
