use chrono::{DateTime, TimeZone, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;

const DAY: u64 = 86_400;

fn utc(text: &str) -> Tick {
    let at = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    Tick::from(at.and_utc())
}

fn once(from: &str, zone: &str, seconds: u64) -> Exclusion {
    let length = Duration::from_secs(seconds);
    Exclusion::new(from.parse().unwrap(), zone.parse().unwrap(), length, "work").unwrap()
}

fn again(from: &str, zone: &str, seconds: u64, rule: &str) -> Result<Exclusion, ExclusionError> {
    once(from, zone, seconds).repeated(rule.parse().unwrap())
}

/// The beginnings from one day to another, in UTC.
fn begins(exclusion: &Exclusion, from: &str, to: &str) -> Vec<String> {
    let windows = exclusion.windows(utc(&format!("{from} 00:00"))..utc(&format!("{to} 00:00")));
    let shown = |at: Tick| DateTime::<Utc>::from(at).format("%Y-%m-%d %H:%M").to_string();
    windows.into_iter().map(|window| shown(window.start)).collect()
}

#[test]
fn once_is_once() {
    let night = once("2026-01-31 02:00", "Asia/Seoul", 7_200);
    let (start, end) = (utc("2026-01-30 17:00"), utc("2026-01-30 19:00"));
    let nano = Duration::from_nanos(1);
    assert!(night.covers(start) && night.covers(end.saturating_sub(nano)));
    assert!(!night.covers(end) && !night.covers(start.saturating_sub(nano)));
    assert_eq!(night.next_boundary(Tick::from_unix_seconds(0)), None); // more than 400 days ahead
    assert_eq!(night.next_boundary(utc("2026-01-01 00:00")), Some(start));
    assert_eq!(night.next_boundary(start), Some(end));
    assert_eq!(night.next_boundary(end), None);
    let whole = utc("2026-01-01 00:00")..utc("2027-01-01 00:00");
    assert_eq!(night.windows(whole), [start..end]);
    assert_eq!(night.windows(end..end + nano), []);
    assert_eq!(night.windows(start.saturating_sub(nano)..start), []);
    assert_eq!(night.windows(start..start + nano), [start..end]);
}

#[test]
fn planned_times_that_follow_one_another_end_together() {
    let slo = crate::Slo::new(
        "mails",
        crate::EventsSli::of("mails"),
        "99%".parse().unwrap(),
        crate::Window::DAY,
    );
    assert!(!slo.has_exclusions());
    let [first, second, later] =
        ["02:00", "03:00", "09:00"].map(|hour| once(&format!("2026-01-31 {hour}"), "UTC", 5_400));
    let slo = slo.excluding(later).excluding(second).excluding(first);
    assert!(slo.has_exclusions());
    let (before, start, end) = (
        utc("2026-01-31 01:59"),
        utc("2026-01-31 02:00"),
        utc("2026-01-31 04:30"),
    );
    assert_eq!((slo.excluded_until(before), slo.excluded_because(before)), (None, None));
    assert_eq!(
        (slo.excluded_until(start), slo.excluded_because(start)),
        (Some(end), Some("work"))
    );
    assert_eq!(slo.excluded_until(utc("2026-01-31 04:29")), Some(end));
    assert_eq!(slo.excluded_until(end), None);
    let day = utc("2026-01-31 00:00")..utc("2026-02-01 00:00");
    let last = utc("2026-01-31 09:00")..utc("2026-01-31 10:30");
    assert_eq!(slo.excluded_windows(day), [start..end, last]);
}

#[test]
fn a_time_until_another_is_as_long_as_clocks_make_it() {
    let between = |from: &str, until: &str, zone: &str| {
        let (from, until) = (from.parse().unwrap(), until.parse().unwrap());
        Exclusion::between(from, until, zone.parse().unwrap(), "work")
    };
    let autumn = between("2026-11-01 00:30", "2026-11-01 03:30", "America/New_York").unwrap();
    assert_eq!(autumn.length(), Duration::from_secs(4 * 3_600));
    let spring = between("2026-03-08 00:30", "2026-03-08 03:30", "America/New_York").unwrap();
    assert_eq!(spring.length(), Duration::from_secs(2 * 3_600));
    let refused = between("2026-01-01 02:00", "2026-01-01 02:00", "UTC").unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the exclusion ends at 2026-01-01 02:00, which is not after its beginning at 2026-01-01 02:00; write a later `until`"
    );
    let long = between("2026-01-01 02:00", "2026-03-01 02:00", "UTC").unwrap_err();
    assert_eq!(
        long.to_string(),
        "an exclusion of 59d is out of range; write from `1m` to `31d`, and for longer times another objective"
    );
}

#[test]
fn a_skipped_time_is_later_once_and_left_out_again_and_again() {
    // RFC 5545, 3.3.5: 2007-03-11 02:30 in New York is 03:30 EDT.
    let single = once("2007-03-11 02:30", "America/New_York", 60);
    assert!(single.covers(utc("2007-03-11 07:30")));
    let daily = again("2026-03-07 02:30", "America/New_York", 60, "FREQ=DAILY;COUNT=3").unwrap();
    assert_eq!(
        begins(&daily, "2026-03-01", "2026-04-01"),
        ["2026-03-07 07:30", "2026-03-09 06:30", "2026-03-10 06:30"] // the 8th does not count
    );
    let refused = again("2026-03-08 02:30", "America/New_York", 60, "FREQ=DAILY");
    assert!(matches!(refused, Err(ExclusionError::NotTheFirst { .. })));
    // Samoa had no 30th of December 2011.
    let skipped_day = once("2011-12-30 12:00", "Pacific/Apia", 60);
    assert!(skipped_day.covers(utc("2011-12-30 22:00"))); // as if the 29th had gone on: noon of the 31st
    let daily = again("2011-12-28 12:00", "Pacific/Apia", 60, "FREQ=DAILY;COUNT=3").unwrap();
    assert_eq!(
        begins(&daily, "2011-12-01", "2012-02-01"),
        ["2011-12-28 22:00", "2011-12-29 22:00", "2011-12-30 22:00"]
    );
}

#[test]
fn a_time_that_is_shown_twice_is_the_first() {
    let autumn = once("2026-11-01 01:30", "America/New_York", 1_800);
    assert!(autumn.covers(utc("2026-11-01 05:30")));
    assert!(!autumn.covers(utc("2026-11-01 06:30")));
    // Lord Howe turns its clocks by half an hour.
    let half = once("2026-04-05 01:45", "Australia/Lord_Howe", 60);
    assert!(half.covers(utc("2026-04-04 14:45")));
}

#[test]
fn the_examples_of_the_rfc_come_out_as_it_says() {
    // Section 3.8.5.3, all from 1997-09-02 09:00 in New York, a Tuesday.
    let zone = "America/New_York";
    let begins = |from: &str, rule: &str, to: &str| -> Vec<String> {
        let exclusion = again(from, zone, 60, rule).unwrap();
        let days = begins(&exclusion, "1997-01-01", to);
        days.into_iter().map(|at| at[..10].to_owned()).collect()
    };
    let daily = begins("1997-09-02 09:00", "FREQ=DAILY;INTERVAL=10;COUNT=5", "1999-01-01");
    assert_eq!(
        daily,
        ["1997-09-02", "1997-09-12", "1997-09-22", "1997-10-02", "1997-10-12"]
    );
    let weekly = "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=MO;BYDAY=TU,TH";
    assert_eq!(begins("1997-09-02 09:00", weekly, "1998-02-01").len(), 17);
    let other_weeks = begins(
        "1997-08-05 09:00",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU",
        "1998-01-01",
    );
    assert_eq!(other_weeks, ["1997-08-05", "1997-08-10", "1997-08-19", "1997-08-24"]);
    let first_friday = begins("1997-09-05 09:00", "FREQ=MONTHLY;COUNT=3;BYDAY=1FR", "1998-01-01");
    assert_eq!(first_friday, ["1997-09-05", "1997-10-03", "1997-11-07"]);
    let two_sundays = "FREQ=MONTHLY;INTERVAL=2;COUNT=4;BYDAY=1SU,-1SU";
    assert_eq!(
        begins("1997-09-07 09:00", two_sundays, "1998-01-01"),
        ["1997-09-07", "1997-09-28", "1997-11-02", "1997-11-30"]
    );
    let last_but_two = begins("1997-09-28 09:00", "FREQ=MONTHLY;BYMONTHDAY=-3", "1997-12-01");
    assert_eq!(last_but_two, ["1997-09-28", "1997-10-29", "1997-11-28"]);
    let thirteenth = "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13";
    assert_eq!(
        begins("1998-02-13 09:00", thirteenth, "1999-01-01"),
        ["1998-02-13", "1998-03-13", "1998-11-13"]
    );
    let last_days = begins("1997-10-31 09:00", "FREQ=MONTHLY;COUNT=3", "1999-01-01");
    assert_eq!(last_days, ["1997-10-31", "1997-12-31", "1998-01-31"]); // months without a 31st are left out
}

#[test]
fn an_end_is_included_and_days_can_be_taken_out() {
    let days = |rule: &str| {
        let exclusion = again("2026-01-01 22:00", "Asia/Seoul", 3_600, rule).unwrap();
        begins(&exclusion, "2025-12-01", "2026-02-01").len()
    };
    assert_eq!(days("FREQ=DAILY;UNTIL=20260103"), 3);
    assert_eq!(days("FREQ=DAILY;UNTIL=20260103T220000"), 3);
    assert_eq!(days("FREQ=DAILY;UNTIL=20260103T215959"), 2);
    assert_eq!(days("FREQ=DAILY;UNTIL=20260103T130000Z"), 3);
    assert_eq!(days("FREQ=DAILY;UNTIL=20260103T125959Z"), 2);
    let daily = again("2026-01-01 22:00", "Asia/Seoul", 3_600, "FREQ=DAILY;COUNT=4").unwrap();
    let day = |day| NaiveDate::from_ymd_opt(2026, 1, day).unwrap();
    let some = daily.except([day(1), day(3)]).unwrap();
    assert_eq!(
        begins(&some, "2025-12-01", "2026-02-01"),
        ["2026-01-02 13:00", "2026-01-04 13:00"]
    );
    assert_eq!(
        some.to_string(),
        "1h from 2026-01-01 22:00 in Asia/Seoul, FREQ=DAILY;COUNT=4, but not on 2026-01-01, 2026-01-03: work"
    );
    let many = day(1).iter_days().take(401);
    assert_eq!(some.except(many), Err(ExclusionError::TooManyDays { days: 401 }));
}

#[test]
fn times_that_touch_are_one() {
    let always = again("2026-01-01 00:00", "UTC", DAY, "FREQ=DAILY").unwrap();
    assert_eq!(always.next_boundary(utc("2026-06-01 00:00")), None);
    assert_eq!(
        always.next_boundary(utc("2025-06-01 00:00")),
        Some(utc("2026-01-01 00:00"))
    );
    let overlapping = again("2026-01-01 00:00", "UTC", 2 * DAY, "FREQ=DAILY;COUNT=3").unwrap();
    let whole = utc("2025-01-01 00:00")..utc("2027-01-01 00:00");
    assert_eq!(
        overlapping.windows(whole),
        [utc("2026-01-01 00:00")..utc("2026-01-05 00:00")]
    );
}

#[test]
fn a_rule_begins_with_the_first_time_and_comes_to_its_end() {
    let refused = again("2026-01-03 02:00", "UTC", 60, "FREQ=WEEKLY;BYDAY=SU").unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`2026-01-03 02:00` is not a time by the rule, so nobody knows whether it counts; write the first time by the \
         rule, one that clocks show"
    );
    let far = again("2024-02-29 02:00", "UTC", 60, "FREQ=MONTHLY;INTERVAL=12;COUNT=4");
    assert_eq!(far, Err(ExclusionError::TooFar { count: 4 }));
    assert!(again("2024-02-29 02:00", "UTC", 60, "FREQ=MONTHLY;INTERVAL=12;COUNT=3").is_ok());
    let no_reason = Exclusion::new(
        "2026-01-03 02:00".parse().unwrap(),
        Zone::UTC,
        Duration::from_secs(60),
        " ",
    );
    assert_eq!(no_reason, Err(ExclusionError::NoReason));
    for seconds in [0, 59, 31 * DAY + 1] {
        let length = Duration::from_secs(seconds);
        let refused = Exclusion::new("2026-01-03 02:00".parse().unwrap(), Zone::UTC, length, "x");
        assert_eq!(refused, Err(ExclusionError::Length { length }));
    }
}

#[test]
fn times_are_days_hours_and_minutes() {
    for text in [
        "",
        "2026-01-31",
        "2026-1-31 02:00",
        "2026-01-31 2:00",
        "2026-01-31 02:00:00",
        "2026-01-31 24:00",
        "2026-02-29 02:00",
        "1970-01-01 00:00",
        "2201-01-01 00:00",
        "2026-01-31t02:00",
        "2026-01-31T02:00Z",
    ] {
        assert_eq!(
            text.parse::<LocalTime>(),
            Err(ExclusionError::NotATime(text.to_owned()))
        );
    }
}

#[test]
fn rules_are_read_in_any_order_and_written_in_one() {
    for (text, written) in [
        ("FREQ=DAILY", "FREQ=DAILY"),
        ("INTERVAL=1;FREQ=DAILY", "FREQ=DAILY"),
        (
            "COUNT=3;BYDAY=MO,TU;INTERVAL=2;FREQ=WEEKLY;WKST=MO",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU;COUNT=3",
        ),
        ("FREQ=MONTHLY;BYDAY=+2TU,-1FR", "FREQ=MONTHLY;BYDAY=2TU,-1FR"),
        ("FREQ=MONTHLY;BYMONTHDAY=31,-1,1", "FREQ=MONTHLY;BYMONTHDAY=-1,1,31"),
        ("FREQ=DAILY;UNTIL=20261231", "FREQ=DAILY;UNTIL=20261231"),
        ("FREQ=DAILY;UNTIL=20261231T235959", "FREQ=DAILY;UNTIL=20261231T235959"),
        ("FREQ=DAILY;UNTIL=20261231T235959Z", "FREQ=DAILY;UNTIL=20261231T235959Z"),
    ] {
        let rule: Recurrence = text.parse().unwrap();
        assert_eq!(rule.to_string(), written);
        assert_eq!(written.parse(), Ok(rule));
    }
}

#[test]
fn what_is_not_read_in_a_rule_is_refused_by_name() {
    let refusal = |text: &str| text.parse::<Recurrence>().unwrap_err();
    let range = |part: &str| RecurrenceError::Number {
        part: part.to_owned(),
        least: 1,
        most: 1_000,
    };
    for (text, error) in [
        ("", RecurrenceError::NotAPart(String::new())),
        (
            "RRULE:FREQ=DAILY;",
            RecurrenceError::Unknown("RRULE:FREQ=DAILY".to_owned()),
        ),
        ("FREQ=DAILY;", RecurrenceError::NotAPart(String::new())),
        ("FREQ=YEARLY", RecurrenceError::Frequency("YEARLY".to_owned())),
        ("FREQ=daily", RecurrenceError::Frequency("daily".to_owned())),
        ("INTERVAL=2", RecurrenceError::NoFrequency),
        ("FREQ=DAILY;FREQ=DAILY", RecurrenceError::Twice("FREQ".to_owned())),
        ("FREQ=DAILY;BYHOUR=2", RecurrenceError::Unknown("BYHOUR=2".to_owned())),
        ("FREQ=DAILY;WKST=SU", RecurrenceError::Unknown("WKST=SU".to_owned())),
        (
            "FREQ=MONTHLY;BYSETPOS=1",
            RecurrenceError::Unknown("BYSETPOS=1".to_owned()),
        ),
        ("FREQ=DAILY;INTERVAL=0", range("INTERVAL=0")),
        ("FREQ=DAILY;INTERVAL=1001", range("INTERVAL=1001")),
        ("FREQ=DAILY;COUNT=+1", range("COUNT=+1")),
        ("FREQ=DAILY;COUNT=", range("COUNT=")),
        ("FREQ=WEEKLY;BYDAY=XX", RecurrenceError::NotADay("XX".to_owned())),
        ("FREQ=WEEKLY;BYDAY=é", RecurrenceError::NotADay("é".to_owned())),
        ("FREQ=WEEKLY;BYDAY=", RecurrenceError::NotADay(String::new())),
        ("FREQ=MONTHLY;BYDAY=0MO", RecurrenceError::NotADay("0MO".to_owned())),
        ("FREQ=MONTHLY;BYDAY=6MO", RecurrenceError::NotADay("6MO".to_owned())),
        ("FREQ=MONTHLY;BYDAY=--1MO", RecurrenceError::NotADay("--1MO".to_owned())),
        ("FREQ=WEEKLY;BYDAY=2TU", RecurrenceError::NumberedDay),
        ("FREQ=DAILY;BYDAY=2TU", RecurrenceError::NumberedDay),
        ("FREQ=WEEKLY;BYMONTHDAY=1", RecurrenceError::DayOfMonthInWeek),
        (
            "FREQ=MONTHLY;BYMONTHDAY=0",
            RecurrenceError::NotADayOfMonth("0".to_owned()),
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=32",
            RecurrenceError::NotADayOfMonth("32".to_owned()),
        ),
        (
            "FREQ=DAILY;UNTIL=2026-12-31",
            RecurrenceError::NotAnEnd("2026-12-31".to_owned()),
        ),
        (
            "FREQ=DAILY;UNTIL=20261331",
            RecurrenceError::NotAnEnd("20261331".to_owned()),
        ),
        (
            "FREQ=DAILY;UNTIL=20261231T240000",
            RecurrenceError::NotAnEnd("20261231T240000".to_owned()),
        ),
        ("FREQ=DAILY;COUNT=1;UNTIL=20261231", RecurrenceError::TwoEnds),
    ] {
        assert_eq!(refusal(text), error, "{text}");
    }
    assert_eq!(
        refusal("FREQ=YEARLY").to_string(),
        "a rule with `FREQ=YEARLY` is not read; write `DAILY`, `WEEKLY` or `MONTHLY`, and for a year `MONTHLY` with `INTERVAL=12`"
    );
}

const ZONES: [&str; 5] = [
    "Asia/Seoul",
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "Pacific/Apia",
];

/// A rule in parts, so that the slow model reads none of ours.
#[derive(Clone, Debug)]
struct Parts {
    monthly_weekly_daily: u8,
    interval: i64,
    week_days: Vec<(i64, u32)>,
    month_days: Vec<i64>,
    count: Option<usize>,
}

const NAMES: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

impl Parts {
    fn text(&self) -> String {
        let frequency = ["MONTHLY", "WEEKLY", "DAILY"][usize::from(self.monthly_weekly_daily)];
        let mut text = format!("FREQ={frequency};INTERVAL={}", self.interval);
        let day = |(number, day): &(i64, u32)| match number {
            0 => NAMES[*day as usize].to_owned(),
            number => format!("{number}{}", NAMES[*day as usize]),
        };
        if !self.week_days.is_empty() {
            text += &format!(
                ";BYDAY={}",
                self.week_days.iter().map(day).collect::<Vec<_>>().join(",")
            );
        }
        if !self.month_days.is_empty() {
            let days: Vec<_> = self.month_days.iter().map(ToString::to_string).collect();
            text += &format!(";BYMONTHDAY={}", days.join(","));
        }
        if let Some(count) = self.count {
            text += &format!(";COUNT={count}");
        }
        text
    }

    /// Whether the rule has this day, by going through the days of its month.
    fn has(&self, first: NaiveDate, day: NaiveDate) -> bool {
        use chrono::Datelike;
        let month_of = |day: NaiveDate| day.year() * 12 + day.month() as i32;
        let mut month: Vec<NaiveDate> = Vec::new();
        let mut at = NaiveDate::from_ymd_opt(day.year(), day.month(), 1).unwrap();
        while month_of(at) == month_of(day) {
            month.push(at);
            at = at.succ_opt().unwrap();
        }
        // Weeks counted by their Mondays, from the Monday of the first week on.
        let mut mondays = 0;
        let mut at = first;
        while at < day {
            at = at.succ_opt().unwrap();
            mondays += i64::from(at.weekday() == chrono::Weekday::Mon);
        }
        let steps = match self.monthly_weekly_daily {
            0 => i64::from(month_of(day) - month_of(first)),
            1 => mondays,
            _ => (day - first).num_days(),
        };
        let same_weekday: Vec<_> = month.iter().filter(|other| other.weekday() == day.weekday()).collect();
        let named = |(number, name): &(i64, u32)| {
            let nth = match *number {
                0 => Some(&&day),
                number if number > 0 => same_weekday.get(usize::try_from(number - 1).unwrap()),
                number => same_weekday.iter().rev().nth(usize::try_from(-number - 1).unwrap()),
            };
            day.weekday().num_days_from_monday() == *name && nth.is_some_and(|nth| **nth == day)
        };
        let numbered = |number: &i64| {
            let nth = match *number {
                number if number > 0 => month.get(usize::try_from(number - 1).unwrap()),
                number => month.iter().rev().nth(usize::try_from(-number - 1).unwrap()),
            };
            nth == Some(&day)
        };
        let by_week_day = self.week_days.is_empty() || self.week_days.iter().any(named);
        let by_month_day = self.month_days.is_empty() || self.month_days.iter().any(numbered);
        let by_itself = !self.week_days.is_empty()
            || !self.month_days.is_empty()
            || match self.monthly_weekly_daily {
                0 => day.day() == first.day(),
                1 => day.weekday() == first.weekday(),
                _ => true,
            };
        steps % self.interval == 0 && by_week_day && by_month_day && by_itself
    }
}

fn parts() -> impl Strategy<Value = Parts> {
    let week_days = proptest::collection::vec((-5_i64..=5, 0_u32..7), 0..3);
    let month_days = proptest::collection::vec((1_i64..=31, any::<bool>()), 0..3);
    let all = (
        0_u8..3,
        1_i64..4,
        week_days,
        month_days,
        proptest::option::of(1_usize..8),
    );
    all.prop_map(|(kind, interval, mut week_days, month_days, count)| {
        if kind != 0 {
            week_days.iter_mut().for_each(|day| day.0 = 0);
        }
        let signed = |(day, negative): (i64, bool)| if negative { -day } else { day };
        let month_days: Vec<i64> = month_days.into_iter().map(signed).collect();
        Parts {
            monthly_weekly_daily: kind,
            interval,
            week_days,
            month_days: if kind == 1 { Vec::new() } else { month_days },
            count,
        }
    })
}

/// Every moment at which clocks show this time, by trying each quarter of an hour around it.
fn moments(zone: Tz, local: NaiveDateTime) -> Vec<Tick> {
    let around = Tick::from(local.and_utc()).saturating_sub(Duration::from_secs(2 * DAY));
    let quarters = (0..4 * 96_u64).map(|quarter| around + Duration::from_secs(quarter * 900));
    let shows = |at: &Tick| {
        zone.from_utc_datetime(&DateTime::<Utc>::from(*at).naive_utc())
            .naive_local()
            == local
    };
    quarters.filter(shows).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Against going through all days one by one, and through all quarters of an hour for what clocks show.
    #[test]
    fn a_recurrence_is_what_going_through_all_days_finds(
        parts in parts(),
        zone in 0_usize..5,
        // Around the changes of clocks in 2011, when Samoa skipped a day, and in 2026.
        start in prop_oneof![0_i64..700, 5_400_i64..6_100],
        quarter in 0_u32..96,
        hours in prop_oneof![1_u64..30, 100_u64..300],
        except in proptest::collection::vec(0_i64..150, 0..3),
    ) {
        let tz: Tz = ZONES[zone].parse().unwrap();
        let time = chrono::NaiveTime::from_num_seconds_from_midnight_opt(quarter * 900, 0).unwrap();
        let origin = NaiveDate::from_ymd_opt(2011, 1, 1).unwrap() + chrono::TimeDelta::days(start);
        // The first day from there on that the rule has, if it comes soon.
        let Some(first) = origin.iter_days().take(120).find(|day| parts.has(*day, *day)) else { return Ok(()) };
        if moments(tz, first.and_time(time)).is_empty() {
            return Ok(()); // refused: see the tests above
        }
        let except: Vec<_> = except.into_iter().map(|days| first + chrono::TimeDelta::days(days)).collect();
        let from = LocalTime(first.and_time(time));
        let exclusion = Exclusion::new(from, ZONES[zone].parse().unwrap(), Duration::from_secs(hours * 3_600), "x").unwrap();
        let repeated = exclusion.repeated(parts.text().parse().unwrap());
        let exclusion = match repeated {
            Err(ExclusionError::TooFar { .. }) => return Ok(()), // the model does not look ten years ahead
            repeated => repeated.unwrap().except(except.iter().copied()).unwrap(),
        };

        let days = first.iter_days().take(150).filter(|day| parts.has(first, *day));
        let begins = days.filter_map(|day| Some((day, *moments(tz, day.and_time(time)).first()?)));
        let begins: Vec<_> = begins.take(parts.count.unwrap_or(usize::MAX)).collect();
        let kept = begins.iter().filter(|(day, _)| !except.contains(day)).map(|(_, begin)| *begin);
        let expected: Vec<_> = kept.map(|begin| begin..begin + exclusion.length()).collect();

        let origin = Tick::from(first.and_hms_opt(0, 0, 0).unwrap().and_utc()).saturating_sub(Duration::from_secs(3 * DAY));
        let end = origin + Duration::from_secs(140 * DAY);
        let covered = |at: Tick| expected.iter().any(|window| window.contains(&at));
        let mut boundary = exclusion.next_boundary(origin);
        for step in 0..140 * 24 * 2 {
            let at = origin + Duration::from_secs(step * 1_800);
            prop_assert_eq!(exclusion.covers(at), covered(at), "{} at {:?}", exclusion, at);
            // Between two boundaries nothing changes, and at each of them something does.
            if let Some(next) = boundary.filter(|next| *next <= at) {
                let before = next.saturating_sub(Duration::from_nanos(1));
                prop_assert_ne!(covered(before), covered(next), "{} at {:?}", exclusion, next);
                boundary = exclusion.next_boundary(next);
                prop_assert!(boundary.is_none_or(|after| after > next));
            }
        }
        let inside = exclusion.windows(origin..end);
        prop_assert!(inside.windows(2).all(|pair| pair[0].end < pair[1].start));
        let total = |windows: &[Range<Tick>], at: Tick| windows.iter().filter(|window| window.contains(&at)).count();
        prop_assert!(expected.iter().filter(|window| window.start < end).all(|window| total(&inside, window.start) == 1));
    }

    #[test]
    fn any_text_is_a_rule_or_refused_and_a_rule_round_trips(text in "(FREQ=(DAILY|WEEKLY|MONTHLY))?(;[A-Z]{2,10}=[-+0-9A-Z,]{0,12}){0,3}|\\PC{0,40}") {
        if let Ok(rule) = text.parse::<Recurrence>() {
            prop_assert_eq!(rule.to_string().parse(), Ok(rule));
        }
    }
}
