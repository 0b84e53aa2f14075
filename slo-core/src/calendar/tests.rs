use core::time::Duration;
use std::sync::LazyLock;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use proptest::prelude::*;

use super::*;
use crate::Window;

/// Zones and the years that are walked through, from the first of January to the last. Five zones over years with leap
/// days, and Apia without its 2011-12-30; then zones that are odd at midnight: clocks that skip it (Cairo, São Paulo), show
/// it twice (Havana), or show the day before once more after it (St. John's).
const ZONES: [(&str, i32, i32); 9] = [
    ("Asia/Seoul", 2010, 2025),
    ("America/New_York", 2010, 2025),
    ("Europe/London", 2010, 2025),
    ("Australia/Lord_Howe", 2010, 2025),
    ("Pacific/Apia", 2010, 2025),
    ("Africa/Cairo", 2023, 2024),
    ("America/Sao_Paulo", 2017, 2018),
    ("America/Havana", 2023, 2024),
    ("America/St_Johns", 2009, 2010),
];

fn tick(utc: &str) -> Tick {
    let at: DateTime<Utc> = utc.parse().unwrap();
    at.into()
}

fn seconds(tick: Tick) -> u64 {
    tick.since(Tick::default()).as_secs()
}

fn bounds(period: Period, zone: &str, now: &str) -> Range<Tick> {
    let zone = zone.parse().unwrap();
    Calendar { period, zone }.bounds(tick(now))
}

fn assert_bounds(period: Period, zone: &str, now: &str, start: &str, end: &str) {
    assert_eq!(
        bounds(period, zone, now),
        tick(start)..tick(end),
        "{period} in {zone} at {now}"
    );
}

/// What is the same all through a period and in no other.
fn page(period: Period, day: NaiveDate) -> (i32, u32) {
    match period {
        Period::Day => (day.year(), day.ordinal()),
        Period::Week => (day.iso_week().year(), day.iso_week().week()),
        Period::Month => (day.year(), day.month()),
        Period::Quarter => (day.year(), (day.month() - 1) / 3),
        Period::Year => (day.year(), 0),
    }
}

/// Where new periods begin in a zone, in Unix seconds, for each of [`Period::ALL`].
struct Walk {
    zone: Zone,
    begins: [Vec<u64>; 5],
}

impl Walk {
    /// Looks at the calendar on the wall every half hour, and every minute of the half hour in which it turned a page. A
    /// page is turned once: clocks that go back do not turn it back.
    fn through(zone: &str, from: i32, to: i32) -> Self {
        let mut walk = Self {
            zone: zone.parse().unwrap(),
            begins: Default::default(),
        };
        let shown = |second| walk.zone.day_at(Tick::from_unix_seconds(second).into());
        let mut second = seconds(tick(&format!("{from}-01-01T00:00:00Z")));
        let end = seconds(tick(&format!("{}-01-03T00:00:00Z", to + 1)));
        let mut day = shown(second);
        while second < end {
            for step in [1_800, 60] {
                while shown(second + step) <= day {
                    second += step;
                }
            }
            second += 60;
            for (period, begins) in Period::ALL.into_iter().zip(&mut walk.begins) {
                if page(period, shown(second)) != page(period, day) {
                    begins.push(second);
                }
            }
            day = shown(second);
        }
        walk
    }
}

static WALKS: LazyLock<Vec<Walk>> =
    LazyLock::new(|| ZONES.map(|(zone, from, to)| Walk::through(zone, from, to)).into());

#[test]
fn every_period_begins_in_the_second_in_which_the_calendar_turns_its_page() {
    const NANO: Duration = Duration::from_nanos(1);
    for Walk { zone, begins } in WALKS.iter() {
        for (period, begins) in Period::ALL.into_iter().zip(begins) {
            let calendar = Calendar { period, zone: *zone };
            for pair in begins.windows(2) {
                let (start, end) = (Tick::from_unix_seconds(pair[0]), Tick::from_unix_seconds(pair[1]));
                for now in [
                    start,
                    start + NANO,
                    start + end.since(start) / 2,
                    end.saturating_sub(NANO),
                ] {
                    assert_eq!(calendar.bounds(now), start..end, "{period} in {zone} at {now:?}");
                }
            }
        }
    }
}

#[test]
fn the_walk_saw_the_odd_days() {
    let hours = |zone: &str, period: usize| {
        let walk = WALKS.iter().find(|walk| walk.zone.name() == zone).unwrap();
        let mut lengths: Vec<_> = walk.begins[period]
            .windows(2)
            .map(|pair| (pair[1] - pair[0]) / 1_800)
            .collect();
        lengths.sort_unstable();
        lengths.dedup();
        lengths
    };
    // Half hours.
    assert_eq!(hours("Asia/Seoul", 0), [48]);
    assert_eq!(hours("Europe/London", 0), [46, 48, 50]);
    assert_eq!(hours("Australia/Lord_Howe", 0), [47, 48, 49]);
    assert_eq!(hours("America/St_Johns", 0), [46, 48, 50]);
    assert_eq!(hours("Asia/Seoul", 4), [365 * 48, 366 * 48]);
    assert_eq!(
        hours("Pacific/Apia", 4),
        [364 * 48, 365 * 48 - 2, 365 * 48, 365 * 48 + 2, 366 * 48]
    );
}

proptest! {
    #[test]
    fn at_any_moment_the_bounds_are_those_of_the_walk(
        zone in 0..ZONES.len(),
        period in 0..5_usize,
        along in 0.0..1.0_f64,
    ) {
        let walk = &WALKS[zone];
        let begins = &walk.begins[period];
        let [first, .., last] = begins[..] else { unreachable!() };
        let now = Tick::from_unix_seconds(first) + Duration::from_secs(last - first).mul_f64(along);
        let next = begins.partition_point(|begin| Tick::from_unix_seconds(*begin) <= now);
        let expected = Tick::from_unix_seconds(begins[next - 1])..Tick::from_unix_seconds(begins[next]);
        prop_assert_eq!(Calendar { period: Period::ALL[period], zone: walk.zone }.bounds(now), expected);
    }

    #[test]
    fn in_any_zone_periods_have_no_gap_no_overlap_and_no_unheard_of_length(
        zone in prop::sample::select(&chrono_tz::TZ_VARIANTS[..]),
        period in prop::sample::select(&Period::ALL[..]),
        nanos in 0..u64::MAX,
    ) {
        let calendar = Calendar { period, zone: zone.name().parse().unwrap() };
        let now = Tick::from_unix_nanos(nanos);
        let bounds = calendar.bounds(now);
        prop_assert!(bounds.contains(&now), "{:?} is not in {:?}", now, bounds);
        prop_assert_eq!(calendar.bounds(bounds.start), bounds.clone());
        prop_assert_eq!(calendar.bounds(bounds.end.saturating_sub(Duration::from_nanos(1))), bounds.clone());
        // The last period of all ends where ticks end, and none follows it.
        if bounds.end < Tick::from_unix_nanos(u64::MAX) {
            prop_assert_eq!(calendar.bounds(bounds.end).start, bounds.end);
        }
        // The history counts on it.
        prop_assert!(seconds(bounds.start) % 10 == 0 && bounds.start == Tick::from_unix_seconds(seconds(bounds.start)));
        let window = Window::calendar(period, calendar.zone);
        prop_assert_eq!(window.length_at(now), bounds.end.since(bounds.start));
        prop_assert!(window.length_at(now) <= window.longest());
    }
}

#[test]
fn a_month_in_seoul_begins_at_15_00_utc_the_day_before() {
    let (start, end) = ("2026-01-31T15:00:00Z", "2026-02-28T15:00:00Z");
    for now in [
        "2026-01-31T15:00:00Z",
        "2026-02-14T00:00:00Z",
        "2026-02-28T14:59:59.999999999Z",
    ] {
        assert_bounds(Period::Month, "Asia/Seoul", now, start, end);
    }
    assert_bounds(
        Period::Month,
        "Asia/Seoul",
        "2024-02-29T12:00:00Z",
        "2024-01-31T15:00:00Z",
        "2024-02-29T15:00:00Z",
    );
}

#[test]
fn the_days_on_which_clocks_change_are_longer_and_shorter() {
    for (zone, now, start, end) in [
        (
            "America/New_York",
            "2026-03-08T12:00:00Z",
            "2026-03-08T05:00:00Z",
            "2026-03-09T04:00:00Z",
        ), // 23 h
        (
            "America/New_York",
            "2026-11-01T12:00:00Z",
            "2026-11-01T04:00:00Z",
            "2026-11-02T05:00:00Z",
        ), // 25 h
        (
            "Europe/London",
            "2026-03-29T12:00:00Z",
            "2026-03-29T00:00:00Z",
            "2026-03-29T23:00:00Z",
        ),
        (
            "Australia/Lord_Howe",
            "2026-04-05T00:00:00Z",
            "2026-04-04T13:00:00Z",
            "2026-04-05T13:30:00Z",
        ), // 24.5 h
        (
            "Australia/Lord_Howe",
            "2026-10-04T00:00:00Z",
            "2026-10-03T13:30:00Z",
            "2026-10-04T13:00:00Z",
        ), // 23.5 h
    ] {
        assert_bounds(Period::Day, zone, now, start, end);
    }
}

#[test]
fn a_midnight_that_clocks_skip_is_the_moment_after_the_jump() {
    // São Paulo, 2018-11-04: from 23:59:59 to 01:00:00.
    assert_bounds(
        Period::Day,
        "America/Sao_Paulo",
        "2018-11-04T12:00:00Z",
        "2018-11-04T03:00:00Z",
        "2018-11-05T02:00:00Z",
    );
}

#[test]
fn a_midnight_that_clocks_show_twice_is_the_earlier_one() {
    // Havana, 2024-11-03: from 00:59:59 back to 00:00:00.
    assert_bounds(
        Period::Day,
        "America/Havana",
        "2024-11-03T05:30:00Z",
        "2024-11-03T04:00:00Z",
        "2024-11-04T05:00:00Z",
    );
}

#[test]
fn a_day_that_is_shown_once_more_after_midnight_is_over() {
    // St. John's, 2010-11-07: from 00:00:59 back to 23:01:00 on the 6th.
    let (start, end) = ("2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z");
    for now in [
        start,
        "2010-11-07T02:31:00Z",
        "2010-11-07T03:00:00Z",
        "2010-11-07T03:30:00Z",
    ] {
        assert_bounds(Period::Day, "America/St_Johns", now, start, end);
    }
}

#[test]
fn a_day_that_never_was_is_left_out() {
    // Apia went from 2011-12-29 24:00 (UTC-10) to 2011-12-31 00:00 (UTC+14).
    let (before, jump) = ("2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z");
    assert_bounds(Period::Day, "Pacific/Apia", "2011-12-30T09:59:59Z", before, jump);
    assert_bounds(Period::Day, "Pacific/Apia", jump, jump, "2011-12-31T10:00:00Z");
    // Its week and its year are a day short.
    assert_bounds(
        Period::Week,
        "Pacific/Apia",
        jump,
        "2011-12-26T10:00:00Z",
        "2012-01-01T10:00:00Z",
    );
    assert_bounds(
        Period::Year,
        "Pacific/Apia",
        jump,
        "2011-01-01T10:00:00Z",
        "2011-12-31T10:00:00Z",
    );
}

#[test]
fn weeks_begin_on_monday_and_may_span_years() {
    assert_bounds(
        Period::Week,
        "UTC",
        "2026-01-01T00:00:00Z",
        "2025-12-29T00:00:00Z",
        "2026-01-05T00:00:00Z",
    );
}

#[test]
fn the_ends_of_time_are_clamped_and_harmless() {
    for (zone, ..) in ZONES {
        for period in Period::ALL {
            let calendar = Calendar {
                period,
                zone: zone.parse().unwrap(),
            };
            let first = calendar.bounds(Tick::default());
            assert!(first.start == Tick::default() && first.end > Tick::default());
            let last = calendar.bounds(Tick::from_unix_nanos(u64::MAX));
            assert!(last.start <= last.end && last.end == Tick::from_unix_nanos(u64::MAX));
        }
    }
}
