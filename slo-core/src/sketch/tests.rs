use super::*;
use proptest::prelude::*;

const START: Tick = Tick::from_unix_seconds(1_767_225_603);

fn after(seconds: u64) -> Tick {
    START + Duration::from_secs(seconds)
}

fn share(part: u64, whole: u64) -> Option<Ratio> {
    Ratio::new(part, whole)
}

#[test]
fn buckets_follow_one_another_and_are_a_thirty_second_wide() {
    assert_eq!(lower_bound(0), Duration::ZERO);
    assert_eq!(lower_bound(1), Duration::from_nanos(1 << 15));
    assert_eq!(lower_bound(CELLS - 1), Duration::from_nanos(1 << 40));
    for index in 1..CELLS - 1 {
        let (lower, upper) = (lower_bound(index).as_nanos(), lower_bound(index + 1).as_nanos());
        assert!(
            lower < upper && (upper - lower) * 32 <= lower,
            "{index}: {lower}..{upper}"
        );
        let nanos = |nanos: u128| Duration::from_nanos(u64::try_from(nanos).unwrap());
        assert_eq!([bucket(nanos(lower)), bucket(nanos(upper - 1))], [index, index]);
    }
}

#[test]
fn the_fastest_and_the_slowest_have_a_bucket_of_their_own() {
    assert_eq!(bucket(Duration::ZERO), 0);
    assert_eq!(bucket(Duration::from_nanos((1 << 15) - 1)), 0);
    for slow in [
        Duration::from_nanos(1 << 40),
        Duration::from_secs(u64::MAX),
        Duration::MAX,
    ] {
        assert_eq!(bucket(slow), CELLS - 1);
    }
    let sketch = LatencySketch::new(START);
    sketch.record(START, Duration::MAX);
    let bounds = sketch
        .read(START, LatencySketch::LONGEST)
        .quantile(share(1, 2).unwrap())
        .unwrap();
    assert_eq!(bounds.at_least(), Duration::from_nanos(1 << 40));
    assert_eq!((bounds.below(), bounds.middle()), (None, bounds.at_least()));
}

#[test]
fn without_an_event_there_is_no_quantile() {
    let latencies = LatencySketch::new(START).read(after(60), LatencySketch::LONGEST);
    assert_eq!(latencies.quantile(share(1, 2).unwrap()), None);
    assert_eq!(latencies.quantile(share(0, 1).unwrap()), None);
    assert_eq!(latencies.events(), 0);
}

#[test]
fn the_ends_are_the_fastest_and_the_slowest_event() {
    let sketch = LatencySketch::new(START);
    for millis in [5, 70, 900] {
        sketch.record(START, Duration::from_millis(millis));
    }
    let latencies = sketch.read(START, LatencySketch::LONGEST);
    let bucket_of = |part, whole| bucket(latencies.quantile(share(part, whole).unwrap()).unwrap().at_least());
    assert_eq!(bucket_of(0, 1), bucket(Duration::from_millis(5)));
    assert_eq!(bucket_of(1, 3), bucket(Duration::from_millis(5)));
    assert_eq!(bucket_of(34, 100), bucket(Duration::from_millis(70)));
    assert_eq!(bucket_of(1, 1), bucket(Duration::from_millis(900)));
}

#[test]
fn old_events_leave_after_at_most_a_minute_more() {
    let sketch = LatencySketch::new(START);
    sketch.record(after(1), Duration::from_secs(1));
    for seconds in (60..=900).step_by(60) {
        sketch.record(after(seconds), Duration::from_millis(1));
        assert_eq!(
            sketch.read(after(seconds), LatencySketch::LONGEST).events(),
            1 + seconds / 60
        );
    }
    // START is 3 s after an edge.
    assert_eq!(sketch.read(after(956), LatencySketch::LONGEST).events(), 16);
    let later = sketch.read(after(957), LatencySketch::LONGEST);
    assert_eq!((later.events(), later.from()), (15, after(57)));
    assert_eq!(sketch.read(after(957), Duration::from_secs(60)).events(), 1);
    assert_eq!(sketch.read(after(40 * 86_400), LatencySketch::LONGEST).events(), 0);
}

#[test]
fn a_longer_window_is_answered_for_fifteen_minutes() {
    let sketch = LatencySketch::new(START);
    sketch.record(START, Duration::ZERO);
    let reading = sketch.read(after(3_600), Duration::MAX);
    assert_eq!((reading.events(), reading.to()), (0, after(3_600)));
    assert_eq!(reading.from(), after(3_600 - 903)); // an edge
}

#[test]
fn a_clock_that_steps_back_or_jumps_ahead_loses_nothing_that_follows() {
    let sketch = LatencySketch::new(START);
    sketch.record(after(1_000), Duration::ZERO);
    sketch.record(after(10), Duration::ZERO);
    let back = sketch.read(after(10), LatencySketch::LONGEST);
    assert_eq!((back.events(), back.to()), (2, after(957)));
    sketch.record(after(86_400), Duration::ZERO);
    assert_eq!(sketch.read(after(86_400), LatencySketch::LONGEST).events(), 1);
    sketch.record(after(2_000), Duration::ZERO);
    assert_eq!(sketch.read(after(86_401), LatencySketch::LONGEST).events(), 2);
}

#[test]
fn after_a_clock_is_set_back_windows_go_by_the_new_time() {
    let sketch = LatencySketch::new(START);
    sketch.heartbeat(after(86_400));
    sketch.record(after(86_400), Duration::ZERO);
    // Late by a minute, as threads may be: the last edge is 3 s before.
    sketch.heartbeat(after(86_397 - 60));
    assert_eq!(sketch.read(after(0), LatencySketch::LONGEST).to(), after(86_397));
    assert_eq!(sketch.read(after(86_401), LatencySketch::LONGEST).to(), after(86_401));
    sketch.heartbeat(after(7));
    let now = sketch.read(after(7), LatencySketch::LONGEST);
    assert_eq!(now.events(), 1);
    assert!(now.to().since(after(7)) < Duration::from_secs(60), "{now:?}");
    // The event keeps its age, and a new one is a new one.
    sketch.record(after(600), Duration::ZERO);
    assert_eq!(sketch.read(after(600), LatencySketch::LONGEST).events(), 2);
    assert_eq!(sketch.read(after(600), Duration::from_secs(300)).events(), 1);
    assert_eq!(sketch.read(after(1_100), LatencySketch::LONGEST).events(), 1);
    assert_eq!(sketch.read(after(1_800), LatencySketch::LONGEST).events(), 0);
}

#[test]
fn a_heartbeat_may_say_anything() {
    let sketch = LatencySketch::new(START);
    sketch.record(START, Duration::ZERO);
    for now in [
        Tick::from_unix_nanos(u64::MAX),
        Tick::default(),
        START,
        Tick::from_unix_nanos(u64::MAX),
    ] {
        sketch.heartbeat(now);
        assert!(sketch.read(now, LatencySketch::LONGEST).events() <= 1);
    }
}

#[test]
fn counts_that_run_over_are_still_a_difference() {
    let sketch = LatencySketch::new(START);
    sketch.stripes[Lane::of_this_thread().among(STRIPES).index()].0[0].store(u32::MAX - 1, Ordering::Relaxed);
    let before = sketch.read(after(60), LatencySketch::LONGEST).events();
    assert_eq!(before, u64::from(u32::MAX - 1));
    for _ in 0..5 {
        sketch.record(after(1_000), Duration::ZERO);
    }
    assert_eq!(sketch.read(after(1_000), Duration::from_secs(60)).events(), 5);
}

#[test]
fn threads_racing_over_edges_lose_and_double_nothing() {
    let sketch = LatencySketch::new(START);
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let sketch = &sketch;
            scope.spawn(move || {
                for second in 0..600 {
                    for number in 0..20 {
                        sketch.record(after(second), Duration::from_micros(100 * (number + thread)));
                    }
                }
            });
        }
        for second in 0..600 {
            assert!(sketch.read(after(second), LatencySketch::LONGEST).events() <= 48_000);
        }
    });
    assert_eq!(sketch.read(after(600), LatencySketch::LONGEST).events(), 48_000);
}

#[test]
fn it_takes_what_its_documentation_says() {
    let sketch = LatencySketch::new(START);
    let cells = size_of_val(&*sketch.stripes);
    let ring = size_of_val(&*sketch.lock().ring);
    assert_eq!(CELLS, 802);
    assert_eq!((cells + ring).div_ceil(1_024), 64, "{cells} + {ring} bytes");
}

proptest! {
    #[test]
    fn quantiles_agree_with_a_model_that_keeps_every_event(
        // Spread evenly over the powers of two from 1 ns to 584 years.
        events in prop::collection::vec((0_u64..90, 0_u32..64, any::<u64>()), 1..300),
        asked in 0_u64..=15,
        part in 0_u64..=1_000,
    ) {
        let sketch = LatencySketch::new(START);
        let mut kept = Vec::new();
        let mut now = START;
        for (gap, shift, bits) in events {
            now = now + Duration::from_secs(gap);
            let elapsed = Duration::from_nanos(bits >> shift);
            sketch.record(now, elapsed);
            kept.push((now, elapsed));
        }
        let reading = sketch.read(now, Duration::from_secs(asked * 60));
        let late = now.saturating_sub(Duration::from_secs(asked * 60)).since(reading.from());
        prop_assert!(late < Duration::from_secs(60));
        let inside = kept.into_iter().filter(|(at, _)| *at >= reading.from());
        let mut sorted: Vec<_> = inside.map(|(_, elapsed)| elapsed).collect();
        sorted.sort();
        prop_assert_eq!(reading.events(), sorted.len() as u64);
        let rank = (part * reading.events()).div_ceil(1_000).max(1);
        let Some(exact) = sorted.get(usize::try_from(rank - 1).unwrap()) else {
            prop_assert_eq!(reading.quantile(share(part, 1_000).unwrap()), None);
            return Ok(());
        };
        let told = reading.quantile(share(part, 1_000).unwrap()).unwrap();
        prop_assert!(told.at_least() <= *exact && told.below().is_none_or(|below| *exact < below));
        if (1 << 15..1 << 40).contains(&exact.as_nanos()) {
            let off = told.middle().abs_diff(*exact).as_nanos();
            prop_assert!(off * 64 <= exact.as_nanos(), "{:?} told for {:?}", told.middle(), exact);
        }
    }
}
