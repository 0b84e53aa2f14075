//! Recording allocates nothing, over edges of steps and periods as well.

use std::time::Duration;

use slo_core::{Events, LatencySketch, Outcome, SliceTracker, Tick, TimeSlices, Tracker, Window};

const START: Tick = Tick::from_unix_seconds(1_767_225_600);

/// Calls `record` at every 7 s of two days, and insists.
fn allocates_nothing(what: &str, record: impl Fn(Tick)) {
    record(START); // a thread finds its stripe once
    let seen = allocation_counter::measure(|| {
        for number in 0..24_000 {
            record(START + Duration::from_secs(7 * number));
        }
    });
    assert_eq!((seen.count_total, seen.bytes_total), (0, 0), "{what}");
}

#[test]
fn recording_allocates_nothing() {
    for window in ["5m", "30d", "400d"] {
        let tracker = Tracker::new(window.parse().unwrap(), START);
        allocates_nothing(window, |now| tracker.record(now, Outcome::Bad));
        allocates_nothing(window, |now| tracker.record_many(now, Events::new(3, 1)));
    }
    let sketch = LatencySketch::new(START);
    allocates_nothing("sketch", |now| sketch.record(now, Duration::from_millis(3)));
    let minutes = TimeSlices::new(Duration::from_secs(60), "99%".parse().unwrap()).unwrap();
    let slices = SliceTracker::new(minutes, Window::days(30).unwrap(), START);
    allocates_nothing("slices", |now| slices.record(now, Outcome::Good));
}

#[cfg(feature = "calendar")]
#[test]
fn a_new_calendar_period_allocates_nothing() {
    let tracker = Tracker::new("day in Asia/Seoul".parse().unwrap(), START);
    allocates_nothing("calendar", |now| tracker.record(now, Outcome::Good));
}
