use chrono::{DateTime, Utc};

use super::*;

/// With the year in which each has most to offer: changes of 30 minutes, an hour, a whole day, a leap day.
const ZONES: [(&str, &str); 5] = [
    ("Asia/Seoul", "2024-02-01T00:00:00Z"),
    ("America/New_York", "2024-02-20T00:00:00Z"),
    ("Europe/London", "2025-10-01T00:00:00Z"),
    ("Australia/Lord_Howe", "2025-03-30T00:00:00Z"),
    ("Pacific/Apia", "2011-12-20T00:00:00Z"),
];

const MONTH: &str = "month in Asia/Seoul";

fn tick(utc: &str) -> Tick {
    let at: DateTime<Utc> = utc.parse().unwrap();
    at.into()
}

#[test]
fn a_month_forgets_to_the_second_where_a_rolling_window_forgets_by_the_step() {
    let tracker = Tracker::new(window(MONTH), tick("2026-01-10T00:00:00Z"));
    tracker.record(tick("2026-01-31T14:59:59.999Z"), Outcome::Bad); // the last of January in Seoul
    tracker.record(tick("2026-01-31T15:00:00Z"), Outcome::Good);
    tracker.record(tick("2026-01-31T15:00:01Z"), Outcome::Good);
    for now in [
        "2026-01-31T15:00:01Z",
        "2026-02-03T00:00:00Z",
        "2026-02-28T14:59:59.999Z",
    ] {
        let reading = tracker.read(tick(now), window(MONTH));
        assert_eq!(reading.events(), Events::new(2, 0), "{now}");
        assert_eq!(reading.from(), tick("2026-01-31T15:00:00Z"), "{now}");
    }
    let march = tracker.read(tick("2026-02-28T15:00:00Z"), window(MONTH));
    assert_eq!(march.events(), Events::default());
    assert_eq!(tracker.totals(), Events::new(2, 1));
}

#[test]
fn coverage_is_the_share_of_what_has_passed_of_the_period() {
    let tracker = Tracker::new(window("day in UTC"), tick("2026-01-01T06:00:00Z"));
    let coverage = |now: &str| tracker.read(tick(now), window("day in UTC")).coverage();
    assert_eq!(coverage("2026-01-01T06:00:00Z"), Ratio::new(0, 1));
    assert_eq!(coverage("2026-01-01T12:00:00Z"), Ratio::new(1, 2));
    assert_eq!(coverage("2026-01-01T18:00:00Z"), Ratio::new(2, 3));
    assert_eq!(coverage("2026-01-02T00:00:00Z"), None); // nothing has passed: neither all nor nothing of it
    assert_eq!(coverage("2026-01-02T00:00:01Z"), Ratio::new(1, 1));
}

#[test]
fn a_burn_rate_looks_back_over_the_start_of_the_month() {
    let tracker = Tracker::new(window(MONTH), tick("2026-01-10T00:00:00Z"));
    tracker.record(tick("2026-01-31T14:50:00Z"), Outcome::Bad);
    let now = tick("2026-01-31T15:01:00Z");
    assert_eq!(tracker.read(now, window(MONTH)).events(), Events::default());
    assert_eq!(tracker.read(now, window("1h")).events(), Events::new(0, 1));
    assert_eq!(tracker.read(now, window("5m")).events(), Events::default());
}

#[test]
fn a_whole_year_is_remembered() {
    let tracker = Tracker::new(window("year in UTC"), tick("2024-01-01T00:00:00Z"));
    tracker.record(tick("2024-01-01T00:00:00Z"), Outcome::Bad);
    let last = tracker.read(tick("2024-12-31T23:59:59Z"), window("year in UTC"));
    assert_eq!((last.events(), last.coverage()), (Events::new(0, 1), Ratio::new(1, 1)));
}

#[test]
fn another_calendar_than_its_own_is_read_by_the_step_and_as_far_as_it_remembers() {
    let tracker = Tracker::new(window("day in UTC"), tick("2026-01-01T00:00:00Z"));
    tracker.record(tick("2026-01-01T00:00:05Z"), Outcome::Bad);
    tracker.record(tick("2026-01-10T12:00:00Z"), Outcome::Good);
    let month = tracker.read(tick("2026-01-10T12:00:00Z"), window("month in UTC"));
    assert_eq!(
        (month.events(), month.from()),
        (Events::new(1, 0), tick("2026-01-08T12:00:00Z"))
    );
    assert_eq!(month.coverage(), Ratio::new(2 * 24, 9 * 24 + 12));
}

#[test]
fn a_clock_that_steps_back_over_the_start_of_a_month_loses_nothing() {
    let tracker = Tracker::new(window(MONTH), tick("2026-01-10T00:00:00Z"));
    tracker.record(tick("2026-01-31T15:00:00Z"), Outcome::Good);
    tracker.record(tick("2026-01-31T14:00:00Z"), Outcome::Bad);
    let reading = tracker.read(tick("2026-01-31T14:00:00Z"), window(MONTH));
    assert_eq!(
        (reading.events(), reading.to()),
        (Events::new(1, 1), tick("2026-01-31T15:00:00Z"))
    );
}

#[test]
fn a_reader_at_the_start_of_a_month_writes_it_down() {
    let tracker = Tracker::new(window(MONTH), tick("2026-01-10T00:00:00Z"));
    tracker.record(tick("2026-01-31T14:59:59Z"), Outcome::Bad);
    tracker.advance(tick("2026-01-31T15:00:00Z"));
    tracker.record(tick("2026-01-31T14:59:59Z"), Outcome::Good); // late, after its month was closed
    let february = tracker.read(tick("2026-02-01T00:00:00Z"), window(MONTH));
    assert_eq!(february.events(), Events::new(1, 0));
}

proptest! {
    #[test]
    fn calendar_windows_agree_to_the_event_with_a_model_that_keeps_every_event(
        zone in prop::sample::select(&ZONES[..]),
        period in prop::sample::select(vec!["day", "week", "month", "quarter", "year"]),
        asked in prop::sample::select(vec!["5m", "1h", "6h", "1d"]),
        // Milliseconds between events: a crowd, minutes, hours, weeks of silence.
        gaps in prop::collection::vec((prop_oneof![0_u64..50, 0_u64..600_000, 0_u64..20_000_000, 0_u64..3_000_000_000], 0_usize..3), 1..150),
        silence in 0_u64..10_000_000_000,
    ) {
        let (zone, start) = zone;
        let start = tick(start);
        let own = window(&format!("{period} in {zone}"));
        let tracker = Tracker::new(own, start);
        let mut model = Model::default();
        let mut now = start;
        for (gap, outcome) in gaps {
            now = now + Duration::from_millis(gap);
            tracker.record(now, Outcome::ALL[outcome]);
            model.events.push((now, Outcome::ALL[outcome]));

            let reading = tracker.read(now, own);
            let begun = own.bounds(now).start;
            prop_assert_eq!(reading.from(), begun.max(start));
            prop_assert_eq!(reading.events(), model.count(begun, now));
            prop_assert_eq!(reading.covered(), now.since(begun.max(start)));
        }
        // The rolling windows beside it are as near as ever, over the start of a period too.
        let rolling = tracker.read(now, window(asked));
        prop_assert_eq!(rolling.events(), model.count(rolling.from(), now));
        let length = window(asked).longest().min(now.since(start));
        let longer = now.since(rolling.from()).as_secs_f64();
        prop_assert!((1.0..=1.04).contains(&(longer / length.as_secs_f64().max(1e-9))) || longer == 0.0, "{} for {:?}", longer, length);
        // After a silence that may span periods, nobody having looked.
        now = now + Duration::from_millis(silence);
        prop_assert_eq!(tracker.read(now, own).events(), model.count(own.bounds(now).start, now));
        prop_assert_eq!(tracker.totals(), model.count(start, now));
    }

    #[test]
    fn an_event_in_the_very_moment_of_the_change_belongs_to_the_new_period(
        zone in prop::sample::select(&ZONES[..]),
        period in prop::sample::select(vec!["day", "week", "month", "quarter", "year"]),
        before in 1_u64..20_000_000_000,
        after in prop_oneof![Just(0), 0_u64..20_000_000_000],
        along in 0.0..1.0_f64,
    ) {
        let (zone, start) = zone;
        let own = window(&format!("{period} in {zone}"));
        let edge = own.bounds(tick(start)).end;
        let tracker = Tracker::new(own, tick(start));
        tracker.record(edge.saturating_sub(Duration::from_nanos(before)), Outcome::Bad);
        tracker.record(edge + Duration::from_nanos(after), Outcome::Good);
        // Some moment of the new period, when the fine steps may be forgotten.
        let now = edge + Duration::from_nanos(after) + (own.length_at(edge) - Duration::from_secs(21)).mul_f64(along);
        tracker.advance(now);
        prop_assert_eq!(tracker.read(now, own).events(), Events::new(1, 0));
        prop_assert_eq!(tracker.read(now, own).from(), edge);
    }
}
