use super::*;
use crate::Share;
use proptest::prelude::*;

/// Three seconds into a minute.
const START: Tick = Tick::from_unix_seconds(1_767_225_603);

fn after(seconds: u64) -> Tick {
    START + Duration::from_secs(seconds)
}

fn minutes(target: &str) -> SliceTracker {
    let definition = TimeSlices::new(Duration::from_secs(60), target.parse().unwrap());
    SliceTracker::new(definition.unwrap(), Window::days(30).unwrap(), START)
}

fn record(tracker: &SliceTracker, at: Tick, good: u64, bad: u64) {
    (0..good).for_each(|_| tracker.record(at, Outcome::Good));
    (0..bad).for_each(|_| tracker.record(at, Outcome::Bad));
}

#[test]
fn exactly_the_target_is_enough() {
    let judge = |target: &str, good, bad| {
        let definition = TimeSlices::new(Duration::from_secs(60), target.parse().unwrap()).unwrap();
        definition.judge(Events::new(good, bad))
    };
    assert_eq!(judge("99%", 99, 1), Some(Outcome::Good));
    assert_eq!(judge("99.0000001%", 99, 1), Some(Outcome::Bad));
    assert_eq!(judge("100%", u64::MAX, 0), Some(Outcome::Good));
    assert_eq!(judge("100%", u64::MAX - 1, 1), Some(Outcome::Bad));
    assert_eq!(judge("0.0000001%", 0, 1), Some(Outcome::Bad));
}

#[test]
fn a_slice_counts_when_it_is_over() {
    let tracker = minutes("50%");
    record(&tracker, after(10), 1, 1);
    assert_eq!(tracker.at(after(56)).totals(), Events::default());
    assert_eq!(tracker.events(), Events::new(1, 1));
    assert_eq!(tracker.at(after(57)).totals(), Events::new(1, 0));
    record(&tracker, after(58), 0, 7);
    tracker.advance(after(116));
    assert_eq!(tracker.at(after(116)).totals(), Events::new(1, 0));
    tracker.advance(after(117));
    assert_eq!(tracker.slices.totals(), Events::new(1, 1));
}

#[test]
fn slices_that_saw_nothing_are_no_events_and_those_with_excluded_ones_only_are_excluded() {
    let tracker = minutes("99%");
    tracker.record(after(1), Outcome::Excluded);
    assert_eq!(tracker.at(after(86_400)).totals(), Events::default().with_excluded(1));
    tracker.record(after(86_401), Outcome::Excluded);
    tracker.record(after(86_402), Outcome::Bad);
    let month_later = after(31 * 86_400);
    assert_eq!(tracker.at(month_later).totals(), Events::new(0, 1).with_excluded(1));
}

#[test]
fn a_slice_that_is_closed_late_counts_where_it_ended() {
    let tracker = minutes("99%");
    record(&tracker, after(1), 0, 1);
    let hours_later = after(7_200);
    record(&tracker, hours_later, 1, 0);
    let hour = "1h".parse().unwrap();
    assert_eq!(
        tracker.at(hours_later).read(hours_later, hour).events(),
        Events::default()
    );
    assert_eq!(tracker.slices.totals(), Events::new(0, 1));
    let window = Window::days(30).unwrap();
    assert_eq!(
        tracker.at(hours_later).read(hours_later, window).events(),
        Events::new(0, 1)
    );
}

#[test]
fn a_window_that_begins_where_a_slice_ends_does_not_hold_it() {
    let tracker = minutes("100%");
    record(&tracker, after(10), 0, 1);
    let five_minutes = |now| tracker.at(after(now)).read(after(now), "5m".parse().unwrap()).events();
    assert_eq!(five_minutes(57), Events::new(0, 1));
    assert_eq!(five_minutes(57 + 299), Events::new(0, 1));
    assert_eq!(five_minutes(57 + 300), Events::default());
}

#[test]
fn a_clock_that_steps_back_counts_in_the_open_slice() {
    let tracker = minutes("100%");
    record(&tracker, after(120), 1, 0);
    record(&tracker, after(5), 0, 1);
    assert_eq!(tracker.at(after(5)).totals(), Events::default());
    assert_eq!(tracker.at(after(180)).totals(), Events::new(0, 1));
}

#[test]
fn after_a_jump_ahead_and_back_the_open_slice_waits_for_the_clock() {
    let tracker = minutes("100%");
    record(&tracker, after(1), 1, 0);
    record(&tracker, after(3_600), 1, 0); // the jump: the first slice is over
    for minute in 1..60 {
        record(&tracker, after(minute * 60), 1, 0);
    }
    assert_eq!(tracker.at(after(3_599)).totals(), Events::new(1, 0));
    assert_eq!(tracker.at(after(3_657)).totals(), Events::new(2, 0));
    assert_eq!(tracker.events(), Events::new(61, 0));
}

#[test]
fn a_heartbeat_of_a_clock_that_was_set_back_ends_the_open_slice() {
    let tracker = minutes("100%");
    let beat = |seconds| tracker.heartbeat(after(seconds), Duration::from_secs(30));
    record(&tracker, after(7_000), 1, 0);
    beat(7_000);
    for late in [6_980, 6_900] {
        // In the same slice, and 57 s before it.
        beat(late);
        assert_eq!(tracker.at(after(late)).totals(), Events::default());
    }
    beat(3_400);
    assert_eq!(tracker.at(after(3_400)).totals(), Events::new(1, 0));
    let now = tracker.at(after(3_400)).read(after(3_400), "5m".parse().unwrap());
    assert_eq!(now.to(), after(3_400));
    record(&tracker, after(3_410), 0, 1);
    beat(3_480);
    let five_minutes = "5m".parse().unwrap();
    assert_eq!(tracker.at(after(3_480)).totals(), Events::new(1, 1));
    let reading = tracker.at(after(3_480)).read(after(3_480), five_minutes);
    assert_eq!((reading.events().bad(), reading.to()), (1, after(3_480)));
}

#[cfg(feature = "store")]
#[test]
fn slices_are_remembered_over_a_restart_and_the_open_one_is_lost() {
    let tracker = minutes("100%");
    record(&tracker, after(10), 0, 1);
    record(&tracker, after(70), 0, 1);
    let snapshot = tracker.at(after(80)).snapshot(after(80));
    let window = Window::days(30).unwrap();
    let restored = SliceTracker::restore(tracker.definition(), window, &snapshot, after(90));
    record(&restored, after(95), 1, 0);
    let now = after(180);
    assert_eq!(restored.at(now).totals(), Events::new(1, 0));
    assert_eq!(restored.at(now).read(now, window).events(), Events::new(1, 1));
}

#[test]
fn the_last_moment_of_time_is_in_a_slice() {
    let tracker = minutes("100%");
    let last = Tick::from_unix_nanos(u64::MAX);
    tracker.record(last, Outcome::Good);
    assert_eq!(tracker.at(last).totals().all(), 1); // judged at once, as time does not go on
    assert_eq!(tracker.events(), Events::new(1, 0));
}

#[test]
fn definitions_are_checked() {
    let seconds = |seconds| TimeSlices::new(Duration::from_secs(seconds), Share::WHOLE);
    assert!(seconds(10).is_ok() && seconds(300).is_ok());
    for length in [
        Duration::ZERO,
        Duration::from_secs(9),
        Duration::from_secs(301),
        Duration::from_millis(10_500),
    ] {
        let refused = TimeSlices::new(length, Share::WHOLE);
        assert_eq!(refused, Err(TimeSlicesError::OutOfRange { length }));
    }
    assert_eq!(
        TimeSlices::new(Duration::from_secs(60), Share::NONE),
        Err(TimeSlicesError::NoTarget)
    );
    assert_eq!(TimeSlices::parse_length("1m30s"), Ok(Duration::from_secs(90)));
    assert_eq!(
        TimeSlices::parse_length("1h").unwrap_err().to_string(),
        "a slice of 3600s is out of range; write whole seconds from `10s` to `5m`, usually `1m`"
    );
    let endless = TimeSlices::parse_length("99999999999999999999d");
    assert!(
        endless
            .unwrap_err()
            .to_string()
            .starts_with("a slice of far more than 5m is")
    );
    assert_eq!(
        TimeSlices::parse_length("60").unwrap_err().to_string(),
        "`60` is not the length of a slice; write minutes or seconds, like `1m` or `30s`"
    );
    assert_eq!(
        TimeSlicesError::NoTarget.to_string(),
        "a slice target of 0% is met by every slice; write the share that must be good in a slice, like `99%`"
    );
    assert_eq!(seconds(90).unwrap().to_string(), "slices of 1m30s, good from 100%");
}

#[test]
fn threads_racing_over_the_ends_of_slices_lose_and_double_nothing() {
    let tracker = minutes("100%");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for second in 0..3_000 {
                    tracker.record(after(second), Outcome::Good);
                }
            });
        }
        for second in 0..3_000 {
            assert!(tracker.at(after(second)).totals().all() <= 51);
        }
    });
    assert_eq!(tracker.events(), Events::new(12_000, 0));
    // Each slice once, whichever thread ended it; the threads may drift apart, so a slice may have gone by unseen.
    assert!(tracker.at(after(3_060)).totals().good() <= 51);
}

fn counted(seen: Events, outcome: Outcome) -> Events {
    seen.saturating_add(match outcome {
        Outcome::Good => Events::new(1, 0),
        Outcome::Bad => Events::new(0, 1),
        Outcome::Excluded => Events::default().with_excluded(1),
    })
}

proptest! {
    #[test]
    fn slices_agree_with_a_model_that_keeps_every_event(
        events in prop::collection::vec((0_u64..40, 0_usize..3), 1..300),
        length in 10_u64..=300,
        target in 1_u32..=1_000_000_000,
    ) {
        let definition = TimeSlices::new(Duration::from_secs(length), Share::from_ppb(target).unwrap()).unwrap();
        let tracker = SliceTracker::new(definition, Window::days(30).unwrap(), START);
        let number = |at: Tick| at.as_unix_nanos() / 1_000_000_000 / length;
        let mut slices = std::collections::BTreeMap::<u64, Events>::new();
        let mut now = START;
        for (gap, outcome) in events {
            now = now + Duration::from_secs(gap);
            tracker.record(now, Outcome::ALL[outcome]);
            let slice = slices.entry(number(now)).or_default();
            *slice = counted(*slice, Outcome::ALL[outcome]);
        }
        let over = |from: u64| {
            let over = slices.range(from..number(now));
            let judged = over.filter_map(|(_, seen)| definition.judge(*seen));
            judged.fold(Events::default(), counted)
        };
        prop_assert_eq!(tracker.at(now).totals(), over(0));
        // A window holds the slices that end in it.
        let reading = tracker.at(now).read(now, "30m".parse().unwrap());
        prop_assert_eq!(reading.events(), over(number(reading.from())));
    }
}
