//! Events recorded, statuses read, alerts and deploys judged, beside a relaxed atomic add; and a year simulated.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use benches::{Effort, Variant, compare, is_smoke};
use slo_core::alert::AlertPolicy;
use slo_core::gate::{Evidence, GateRules, Latency, Observation, Request};
use slo_core::simulate::{Sample, Simulation};
use slo_core::{
    BurnRate, ErrorBudget, Events, HttpSli, LatencySketch, Outcome, Ratio, Slo, SloSet, Target, Tick, Tracker, Window,
};

const NOW: Tick = Tick::from_unix_seconds(1_767_225_600);
const TOOK: Duration = Duration::from_micros(730);

fn main() {
    print!("{}", one_thread(days(30)));
    print!("{}", two_threads(days(30)));
    print!("{}", reading());
    print!("{}", memory());
    print!("{}", judging());
    print!("{}", a_year());
}

fn days(count: u32) -> Window {
    Window::days(count).expect("1 to 400 days are a window")
}

fn target() -> Target {
    "99.9%".parse().expect("a target")
}

/// The variant that every table begins with, for its ratios.
fn relaxed_add(cell: &AtomicU64) -> Variant<'_> {
    Variant::each("relaxed atomic add", move || {
        black_box(cell).fetch_add(1, Ordering::Relaxed);
    })
}

/// Each event into so many SLOs' trackers: what one more costs is the difference.
fn one_thread(window: Window) -> String {
    let cell = AtomicU64::new(0);
    let trackers: Vec<_> = (0..20).map(|_| Tracker::new(window, NOW)).collect();
    let bulk = Tracker::new(window, NOW);
    let into = |name, count: usize| {
        let trackers = &trackers[..count];
        Variant::each(name, move || {
            for tracker in black_box(trackers) {
                tracker.record(black_box(NOW), Outcome::Good);
            }
        })
    };
    let effort = Effort {
        rounds: 101,
        times: 100_000,
    }
    .or_smoke();
    let sketch = LatencySketch::new(NOW);
    let variants = vec![
        relaxed_add(&cell),
        into("Tracker::record, tick given", 1),
        into("Tracker::record, 5 SLOs", 5),
        into("Tracker::record, 20 SLOs", 20),
        Variant::each("Tracker::record_many, good and bad", || {
            black_box(&bulk).record_many(black_box(NOW), black_box(Events::new(1_000, 1)));
        }),
        Variant::each("LatencySketch::record, tick given", || {
            black_box(&sketch).record(black_box(NOW), black_box(TOOK));
        }),
    ];
    let table = compare("recording, one thread", effort, variants);
    let added = cell.into_inner();
    assert_eq!(trackers[0].totals().good(), 3 * added, "every event was counted");
    assert_eq!(trackers[19].totals().good(), added, "every event was counted");
    assert_eq!(
        bulk.totals(),
        Events::new(1_000 * added, added),
        "every event was counted"
    );
    table
}

fn two_threads(window: Window) -> String {
    let cell = AtomicU64::new(0);
    let tracker = Tracker::new(window, NOW);
    let sketch = LatencySketch::new(NOW);
    let both = |once: &(dyn Fn() + Sync), times: u32| -> Duration {
        let work = || {
            let begun = Instant::now();
            for _ in 0..times {
                once();
            }
            begun.elapsed()
        };
        std::thread::scope(|scope| {
            let other = scope.spawn(work);
            let mine = work();
            (mine + other.join().unwrap_or_default()) / 2
        })
    };
    let variants = vec![
        Variant::timed("relaxed atomic add, one cell", |times| {
            both(
                &|| {
                    cell.fetch_add(1, Ordering::Relaxed);
                },
                times,
            )
        }),
        Variant::timed("Tracker::record, one tracker", |times| {
            both(&|| tracker.record(NOW, Outcome::Good), times)
        }),
        Variant::timed("LatencySketch::record, one sketch, one bucket", |times| {
            both(&|| sketch.record(NOW, TOOK), times)
        }),
    ];
    compare(
        "recording, two threads",
        Effort {
            rounds: 51,
            times: 200_000,
        }
        .or_smoke(),
        variants,
    )
}

/// What is read of an SLO by how much of its past it remembers.
fn reading() -> String {
    let cell = AtomicU64::new(0);
    let windows = [1, 30, 90, 400].map(days);
    let trackers = windows.map(|window| full(window, 60));
    let names = ["1-day", "30-day", "90-day", "400-day"];
    let sketch = LatencySketch::new(NOW);
    let mut now = NOW;
    for minute in 0..43_200 {
        now = now + Duration::from_secs(60);
        sketch.record(now, TOOK * (minute % 100));
    }
    let shares = [50, 95, 99].map(|percent| Ratio::new(percent, 100).expect("a share"));
    let mut variants = vec![
        relaxed_add(&cell),
        Variant::each("Tracker::totals", || {
            let _ = black_box(black_box(&trackers[1].0).totals());
        }),
        Variant::each("p50, p95 and p99 of 15 minutes", || {
            let latencies = black_box(&sketch).read(now, LatencySketch::LONGEST);
            for share in shares {
                black_box(latencies.quantile(share));
            }
        }),
    ];
    let statuses = trackers.iter().zip(windows).zip(names);
    variants.extend(statuses.map(|(((tracker, now), window), name)| {
        let name = format!("status of a {name} SLO: budget, four burns");
        Variant::each(name, move || status(black_box(tracker), *now, window))
    }));
    compare(
        "reading",
        Effort {
            rounds: 51,
            times: 20_000,
        }
        .or_smoke(),
        variants,
    )
}

fn status(tracker: &Tracker, now: Tick, window: Window) {
    let budget = ErrorBudget::of(target(), tracker.read(now, window));
    black_box((budget.remaining_ratio_f64(), budget.state()));
    for seconds in [300, 1_800, 3_600, 21_600] {
        let burn = Window::rolling(seconds).expect("5 minutes and more are a window");
        black_box(BurnRate::of(target(), tracker.read(now, burn).events()));
    }
}

/// A tracker that has counted an event every so many seconds for a whole window, and its present moment.
fn full(window: Window, every: u64) -> (Tracker, Tick) {
    let tracker = Tracker::new(window, NOW);
    let mut now = NOW;
    for number in 0..window.longest().as_secs() / every {
        now = now + Duration::from_secs(every);
        tracker.record(
            now,
            if number % 2_000 == 0 {
                Outcome::Bad
            } else {
                Outcome::Good
            },
        );
    }
    (tracker, now)
}

/// Not a time: what one SLO holds, and what one more hour of history adds, from one row to the next.
fn memory() -> String {
    let mut table = format!("memory per SLO\n{:<48} {:>12} {:>12}\n", "", "KiB", "B/more hour");
    let mut before = None;
    for count in [1, 30, 90, 400] {
        let bytes = Tracker::new(days(count), NOW).memory_bytes();
        let name = format!("a {count}-day SLO");
        table += &format!("{name:<48} {:>12.1}", bytes as f64 / 1_024.0);
        if let Some((days, less)) = before.replace((count, bytes)) {
            table += &format!(" {:>12.1}", (bytes - less) as f64 / f64::from(24 * (count - days)));
        }
        table.push('\n');
    }
    table
}

/// One answer: should somebody know, and may we deploy?
fn judging() -> String {
    let cell = AtomicU64::new(0);
    let window = days(30);
    let (tracker, now) = full(window, 10);
    let slo = Slo::new("browse", HttpSli::every_route(), target(), window);
    let alerts = AlertPolicy::standard().resolve(target(), window);
    let slos = SloSet::builder("shop").slo(slo).build().expect("one SLO is a set");
    let rules = GateRules::default();
    let request = Request::deploy();
    let variants = vec![
        relaxed_add(&cell),
        Variant::each("standard alert policy on a 30-day tracker", || {
            black_box(alerts.evaluate_tracker(black_box(&tracker), now).state());
        }),
        Variant::each("one gate judgement: two rules, one budget", || {
            let recent = tracker.read(now, rules.bad_ratio.over);
            let limit = rules.p95.limit;
            let events = recent.events();
            let latency = Observation::seen("in-process", Latency::Counts { limit, events });
            let evidence = Evidence::new(Observation::in_process(recent), latency);
            let evidence = evidence.budget("browse", Observation::in_process(tracker.read(now, window)));
            let _ = black_box(rules.judge(&slos, &evidence, &request, now.into()));
        }),
    ];
    compare(
        "judging",
        Effort {
            rounds: 51,
            times: 5_000,
        }
        .or_smoke(),
        variants,
    )
}

/// A year of one-minute samples of one SLO.
fn a_year() -> String {
    let slo = Slo::new("browse", HttpSli::every_route(), target(), days(30));
    let played = Simulation::of(&slo, NOW);
    let gated = played.clone().gate(GateRules::default());
    // Some bad events in most minutes, a bad half hour every fortnight; or a slow burn that never ends.
    let mixed = |minute: u64| match (minute % 20_160 < 30, minute % 3) {
        (true, _) => 50,
        (false, third) => third % 2,
    };
    let series = |bad: &dyn Fn(u64) -> u64| -> Vec<_> {
        let minutes = 1..=if is_smoke() { 5_000 } else { 365 * 1_440 };
        minutes
            .map(|minute| {
                let events = Events::new(1_000 - bad(minute), bad(minute));
                let at = NOW + Duration::from_secs(60 * minute);
                Sample::new(at, events).requests(events).latency(events)
            })
            .collect()
    };
    let (mixed, burning) = (series(&mixed), series(&|_| 2));
    let play = |name: &str, simulation: &Simulation, series: &[Sample]| {
        let (simulation, series) = (simulation.clone(), series.to_vec());
        Variant::each(name.to_owned(), move || {
            let timeline = simulation.run(series.iter().copied());
            let _ = black_box(timeline.expect("the minutes are in order"));
        })
    };
    let variants = vec![
        play("a year of minutes", &played, &mixed),
        play("a year of minutes, burning at 2x throughout", &played, &burning),
        play("a year of minutes, the gate every 15 minutes", &gated, &mixed),
    ];
    compare("simulating", Effort { rounds: 5, times: 1 }, variants)
}
