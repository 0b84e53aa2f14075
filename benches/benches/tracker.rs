//! One event recorded and one status read, beside a relaxed atomic add.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use benches::{Effort, Variant, compare};
use slo_core::{BurnRate, ErrorBudget, LatencySketch, Outcome, Ratio, Tick, Tracker, Window};

const NOW: Tick = Tick::from_unix_seconds(1_767_225_600);
const TOOK: Duration = Duration::from_micros(730);

fn main() {
    let window = Window::days(30).expect("30 days are a window");
    print!("{}", one_thread(window));
    print!("{}", two_threads(window));
    print!("{}", reading(window));
}

fn one_thread(window: Window) -> String {
    let cell = AtomicU64::new(0);
    let tracker = Tracker::new(window, NOW);
    let sketch = LatencySketch::new(NOW);
    let variants = vec![
        Variant::each("relaxed atomic add", || {
            black_box(&cell).fetch_add(1, Ordering::Relaxed);
        }),
        Variant::each("Tracker::record, tick given", || {
            black_box(&tracker).record(black_box(NOW), Outcome::Good)
        }),
        Variant::each("LatencySketch::record, tick given", || {
            black_box(&sketch).record(black_box(NOW), black_box(TOOK));
        }),
    ];
    let table = compare(
        "recording, one thread",
        Effort {
            rounds: 101,
            times: 100_000,
        }
        .or_smoke(),
        variants,
    );
    assert_eq!(tracker.totals().good(), cell.into_inner(), "every event was counted");
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

fn reading(window: Window) -> String {
    let target = "99.9%".parse().expect("a target");
    let tracker = Tracker::new(window, NOW);
    let sketch = LatencySketch::new(NOW);
    let mut now = NOW;
    for minute in 0..43_200 {
        now = now + Duration::from_secs(60);
        tracker.record(now, Outcome::Good);
        sketch.record(now, TOOK * (minute % 100));
    }
    let shares = [50, 95, 99].map(|percent| Ratio::new(percent, 100).expect("a share"));
    let burns = ["5m", "30m", "1h", "6h"].map(|text| text.parse::<Window>().expect("a window"));
    let variants = vec![
        Variant::each("Tracker::totals", || {
            let _ = black_box(black_box(&tracker).totals());
        }),
        Variant::each("status of a 30-day SLO: budget, four burns", || {
            let reading = black_box(&tracker).read(now, window);
            black_box(ErrorBudget::observed(target, reading.events()).remaining_ratio_f64());
            for burn in burns {
                black_box(BurnRate::of(target, tracker.read(now, burn).events()));
            }
        }),
        Variant::each("p50, p95 and p99 of 15 minutes", || {
            let latencies = black_box(&sketch).read(now, LatencySketch::LONGEST);
            for share in shares {
                black_box(latencies.quantile(share));
            }
        }),
    ];
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
