//! What a tracker counts, over which time, beside a slow model of it.

#[cfg(feature = "calendar")]
mod calendar;
mod clocks;
#[cfg(feature = "store")]
mod restarts;

use super::*;
use proptest::prelude::*;

const START: Tick = Tick::from_unix_seconds(1_767_225_603);

fn after(seconds: u64) -> Tick {
    START + Duration::from_secs(seconds)
}

fn window(text: &str) -> Window {
    text.parse().unwrap()
}

#[test]
fn totals_count_everything_and_windows_forget() {
    let tracker = Tracker::new(window("30d"), START);
    for second in 0..7_200 {
        let outcome = if second % 100 == 0 { Outcome::Bad } else { Outcome::Good };
        tracker.record(after(second), outcome);
    }
    assert_eq!(tracker.totals(), Events::new(7_128, 72));
    let hour = tracker.read(after(7_200), window("1h"));
    assert!(
        hour.events().valid() >= 3_600 && hour.events().valid() <= 3_660,
        "{hour:?}"
    );
    assert_eq!(tracker.read(after(7_200), window("30d")).events(), tracker.totals());
}

#[test]
fn a_young_process_says_how_much_it_saw() {
    let tracker = Tracker::new(window("30d"), START);
    let reading = tracker.read(after(86_400), window("30d"));
    assert_eq!(reading.coverage(), Ratio::new(1, 30));
    assert_eq!(reading.from(), START);
    assert_eq!(tracker.read(after(86_400), window("5m")).coverage(), Ratio::new(1, 1));
}

#[test]
fn a_rate_is_exact_wherever_the_window_begins() {
    let tracker = Tracker::new(window("30d"), START);
    for second in 1..=2_000 {
        tracker.record(after(second), Outcome::Good);
        let reading = tracker.read(after(second), window("5m"));
        // The event of the window's very first moment may be in it.
        let more = reading.events().good().abs_diff(reading.measured().as_secs());
        assert!(more <= 1, "{second}: {reading:?}");
        assert!(reading.measured() >= reading.covered());
    }
    let beat = Duration::from_secs(10);
    tracker.heartbeat(after(2_001), beat);
    tracker.heartbeat(after(2_503), beat);
    let reading = tracker.read(after(2_513), window("5m"));
    assert_eq!(reading.measured(), Duration::from_secs(10));
}

#[test]
fn a_longer_window_than_its_own_is_answered_for_its_own_and_not_called_covered() {
    let tracker = Tracker::new(window("1h"), START);
    let reading = tracker.read(after(7_200), window("2h"));
    assert!(reading.from() >= after(3_590), "{reading:?}");
    assert_eq!(reading.coverage(), Ratio::new(1, 2));
}

#[test]
fn a_burn_rate_may_look_at_less_time_than_a_promise() {
    let tracker = Tracker::new(window("30d"), START);
    tracker.record(after(100), Outcome::Bad);
    tracker.record(after(200), Outcome::Good);
    let reading = tracker.read_last(after(300), "2m".parse().unwrap());
    assert_eq!(reading.events(), Events::new(1, 0));
    assert_eq!(reading.covered(), Duration::from_secs(120));
    assert_eq!(
        tracker.read_last(after(300), "1h".parse().unwrap()),
        tracker.read(after(300), window("1h"))
    );
}

#[test]
fn a_clock_that_steps_back_loses_nothing() {
    let tracker = Tracker::new(window("30d"), START);
    tracker.record(after(1_000), Outcome::Good);
    tracker.record(after(10), Outcome::Bad);
    assert_eq!(tracker.totals(), Events::new(1, 1));
    assert_eq!(tracker.read(after(10), window("5m")).events(), Events::new(1, 1));
}

#[test]
fn a_jump_ahead_leaves_what_was_before_it_behind() {
    let tracker = Tracker::new(window("30d"), START);
    tracker.record(after(1), Outcome::Bad);
    tracker.record(after(40 * 86_400), Outcome::Good);
    assert_eq!(tracker.totals(), Events::new(1, 1));
    assert_eq!(
        tracker.read(after(40 * 86_400), window("30d")).events(),
        Events::new(1, 0)
    );
}

#[test]
fn a_month_is_remembered_in_less_than_64_kib() {
    for (length, most) in [("1h", 16), ("1d", 24), ("30d", 64), ("400d", 64)] {
        let tracker = Tracker::new(window(length), START);
        let bytes = tracker.memory_bytes();
        assert!(bytes <= most * 1_024, "{length}: {bytes} bytes");
        tracker.record(after(40_000_000), Outcome::Good);
        assert_eq!(tracker.memory_bytes(), bytes, "{length}");
        for hour in 0..200 {
            tracker.heartbeat(after(40_000_000 + hour * 3_600), Duration::from_secs(60));
        }
        assert!(
            (bytes + 1..=bytes + 2_048).contains(&tracker.memory_bytes()),
            "{length}"
        );
    }
}

#[test]
fn a_reader_between_two_edges_writes_the_older_one() {
    let tracker = Tracker::new(window("30d"), START);
    tracker.record(after(1), Outcome::Good);
    assert_eq!(tracker.read(after(600), window("5m")).events(), Events::default());
    tracker.record(after(601), Outcome::Bad);
    assert_eq!(tracker.read(after(602), window("5m")).events(), Events::new(0, 1));
}

#[test]
fn threads_racing_over_edges_lose_and_double_nothing() {
    let tracker = Tracker::new(window("1h"), START);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let tracker = &tracker;
            scope.spawn(move || {
                for (number, second) in (0..2_000).flat_map(|second| [second; 10]).enumerate() {
                    tracker.record(after(second), Outcome::ALL[(number + thread) % 3]);
                    if number % 10 == thread {
                        tracker.record_many(after(second), Events::new(7, 2).with_excluded(1));
                    }
                }
            });
        }
        for second in 0..2_000 {
            let reading = tracker.read(after(second), window("5m"));
            assert!(reading.events().all() <= 160_000);
        }
    });
    assert_eq!(tracker.totals().all(), 160_000);
    let bulk = Events::new(8_000 * 7, 8_000 * 2).with_excluded(8_000);
    let single = tracker.totals().since(bulk);
    // 20,000 a thread over three outcomes, each thread one outcome ahead of the last.
    assert_eq!(
        (single.good(), single.bad(), single.excluded()),
        (26_667, 26_667, 26_666)
    );
    assert_eq!(tracker.read(after(2_000), window("1h")).events(), tracker.totals());
}

/// Keeps every event.
#[derive(Default)]
struct Model {
    events: Vec<(Tick, Outcome)>,
}

impl Model {
    fn count(&self, from: Tick, to: Tick) -> Events {
        let inside = self.events.iter().filter(|(at, _)| *at >= from && *at <= to);
        inside.fold(Events::default(), |seen, (_, outcome)| {
            seen.saturating_add(Events::one(*outcome))
        })
    }
}

#[test]
fn pieces_on_the_two_sides_of_an_edge_that_is_now_are_one() {
    let tracker = Tracker::new(window("30d"), START);
    let midnight = after(86_397);
    assert_eq!(midnight, Tick::from_unix_seconds(1_767_312_000));
    tracker.record(after(86_396), Outcome::Good);
    tracker.record(midnight, Outcome::Bad);
    assert_eq!(tracker.pieces(midnight, window("30d")), [(midnight, Events::new(1, 1))]);
}

proptest! {
    #[test]
    fn pieces_are_a_reading_taken_apart(
        gaps in prop::collection::vec((0_u64..20_000, 0_usize..3), 1..200),
        asked in prop::sample::select(vec!["5m", "1h", "1d", "30d"]),
    ) {
        let tracker = Tracker::new(window("30d"), START);
        let mut model = Model::default();
        let mut now = START;
        for (gap, outcome) in gaps {
            now = now + Duration::from_secs(gap);
            tracker.record(now, Outcome::ALL[outcome]);
            model.events.push((now, Outcome::ALL[outcome]));
        }
        let reading = tracker.read(now, window(asked));
        let pieces = tracker.pieces(now, window(asked));
        let sum = pieces.iter().fold(Events::default(), |sum, (_, events)| sum.saturating_add(*events));
        prop_assert_eq!(sum, reading.events());
        prop_assert!(pieces.is_sorted_by(|(one, _), (other, _)| one < other));
        // Up to its last moment a piece and those before it have what was recorded before that moment.
        let mut told = Events::default();
        for (last, events) in pieces {
            told = told.saturating_add(events);
            let until = if last == now { last } else { last.saturating_sub(Duration::from_nanos(1)) };
            prop_assert_eq!(told, model.count(reading.from(), until));
        }
    }
}

proptest! {
    #[test]
    fn events_in_bulk_are_as_many_single_ones(
        steps in prop::collection::vec((0_u64..5_000, 0_u64..30, 0_u64..5, 0_u64..5), 1..60),
        asked in prop::sample::select(vec!["5m", "1h", "1d", "30d"]),
    ) {
        let (bulk, single) = (Tracker::new(window("30d"), START), Tracker::new(window("30d"), START));
        let mut now = START;
        for (gap, good, bad, excluded) in steps {
            now = now + Duration::from_secs(gap);
            let events = Events::new(good, bad).with_excluded(excluded);
            bulk.record_many(now, events);
            for outcome in Outcome::ALL {
                (0..events.of(outcome)).for_each(|_| single.record(now, outcome));
            }
            prop_assert_eq!(bulk.totals(), single.totals());
            prop_assert_eq!(bulk.read(now, window(asked)), single.read(now, window(asked)));
        }
    }

    #[test]
    fn windows_agree_with_a_model_that_keeps_every_event(
        gaps in prop::collection::vec((prop_oneof![0_u64..600, 0_u64..200_000], 0_usize..3), 1..200),
        own in prop::sample::select(vec!["30d", "90d", "400d"]),
        asked in prop::sample::select(vec!["5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d", "60d"]),
    ) {
        let tracker = Tracker::new(window(own), START);
        let mut model = Model::default();
        let mut now = START;
        for (gap, outcome) in gaps {
            now = now + Duration::from_secs(gap);
            tracker.record(now, Outcome::ALL[outcome]);
            model.events.push((now, Outcome::ALL[outcome]));
        }
        let reading = tracker.read(now, window(asked));
        // Exact for the window that it says it read ...
        prop_assert_eq!(reading.events(), model.count(reading.from(), now));
        // ... which is the asked one, up to 4% longer, and never reaches back before the start.
        let length = now.since(reading.from());
        let asked = window(asked).longest().min(window(own).longest()).min(now.since(START));
        prop_assert!(length >= asked, "{:?} is shorter than {:?}", length, asked);
        prop_assert!(length.as_secs_f64() <= asked.as_secs_f64() * 1.04, "{:?} for {:?}", length, asked);
        prop_assert_eq!(tracker.totals(), model.count(START, now));
    }
}
