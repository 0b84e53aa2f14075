//! A tracker's snapshot: refused, or restored without a panic and without more events than it says.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slo_core::{Tick, Tracker, TrackerSnapshot, Window};

fuzz_target!(|json: &[u8]| {
    let Ok(snapshot) = serde_json::from_slice::<TrackerSnapshot>(json) else {
        return;
    };
    let window = Window::days(30).expect("30 days are a window");
    for now in [
        snapshot.saved_at(),
        Tick::from_unix_seconds(1_767_225_600),
        snapshot.started_at(),
    ] {
        let tracker = Tracker::restore(window, &snapshot, now);
        let reading = tracker.read(now, window);
        assert!(reading.events().all() <= snapshot.totals().all());
        assert!(reading.covered() <= window.longest());
        let again = tracker.snapshot(now);
        assert!(TrackerSnapshot::merge([&snapshot, &again]).is_ok() || snapshot.window() != window);
    }
});
