//! What trackers remember across processes, and what several remember together.

use super::*;
use crate::{GapCause, SnapshotError, TrackerSnapshot};

fn count(tracker: &Tracker, from: u64, to: u64, every: u64, outcome: Outcome) {
    for second in (from..to).step_by(usize::try_from(every).unwrap()) {
        tracker.record(after(second), outcome);
    }
}

/// As another process reads it.
fn reread(snapshot: &TrackerSnapshot) -> TrackerSnapshot {
    serde_json::from_str(&serde_json::to_string(snapshot).unwrap()).unwrap()
}

#[test]
fn a_restart_is_remembered_and_not_exported_again() {
    let first = Tracker::new(window("30d"), START);
    count(&first, 0, 86_400, 60, Outcome::Good);
    count(&first, 0, 86_400, 3_600, Outcome::Bad);
    let saved = first.snapshot(after(86_400));
    assert_eq!((saved.totals(), saved.saved_at()), (first.totals(), after(86_400)));

    let second = Tracker::restore(window("30d"), &reread(&saved), after(90_000));
    assert_eq!(second.totals(), Events::default());
    second.record(after(90_001), Outcome::Bad);
    assert_eq!(second.totals(), Events::new(0, 1));
    let month = second.read(after(90_001), window("30d"));
    assert_eq!(month.events(), Events::new(1_440, 25));
    assert_eq!(month.covered().as_secs(), 86_401);
    let gap = second.gaps()[0];
    assert_eq!(
        (gap.from(), gap.to(), gap.cause()),
        (after(86_400), after(90_000), GapCause::NotRunning)
    );
    // And on: the third process remembers both.
    let third = Tracker::restore(window("30d"), &reread(&second.snapshot(after(90_100))), after(90_200));
    assert_eq!(
        third.read(after(90_200), window("30d")).events(),
        Events::new(1_440, 25)
    );
    assert_eq!(third.gaps().len(), 2);
}

#[test]
fn a_snapshot_of_a_moment_before_a_gap_ended_can_be_read() {
    let tracker = Tracker::new(window("30d"), START);
    tracker.heartbeat(after(10), Duration::from_secs(10));
    tracker.heartbeat(after(125), Duration::from_secs(10));
    let late = tracker.snapshot(after(121));
    assert_eq!(reread(&late).saved_at(), after(125));
    // As that of a process that began at 2:05 and was told a moment before.
    let next = Tracker::restore(window("30d"), &late, after(205));
    let late = reread(&next.snapshot(after(201)));
    assert_eq!(late.saved_at(), after(205));
}

#[test]
fn what_was_in_flight_may_be_counted_as_lost_and_is_exported() {
    let saved = Tracker::new(window("30d"), START).snapshot(after(60));
    let next = Tracker::restore(window("30d"), &saved, after(120));
    next.record_lost(after(120), 3);
    assert_eq!(next.totals(), Events::new(0, 3));
}

#[test]
fn a_longer_window_begins_where_memory_does() {
    let short = Tracker::new(window("1d"), START);
    count(&short, 0, 5 * 86_400, 600, Outcome::Good);
    let saved = short.snapshot(after(5 * 86_400));
    let long = Tracker::restore(window("30d"), &saved, after(5 * 86_400));
    let reading = long.read(after(5 * 86_400), window("30d"));
    // Only the last day is known step by step; what was before is neither counted nor called covered.
    assert!((144..=151).contains(&reading.events().good()), "{reading:?}");
    assert!((86_400..=90_000).contains(&reading.covered().as_secs()), "{reading:?}");

    let back = Tracker::restore(window("6h"), &saved, after(5 * 86_400));
    let reading = back.read(after(5 * 86_400), window("6h"));
    assert!((36..=37).contains(&reading.events().good()), "{reading:?}");
}

#[test]
fn a_clock_that_is_behind_the_snapshot_lets_nothing_age_twice() {
    let first = Tracker::new(window("30d"), START);
    count(&first, 0, 3_600, 10, Outcome::Good);
    let saved = first.snapshot(after(3_600));
    let next = Tracker::restore(window("30d"), &saved, after(1_800));
    assert!((30..=32).contains(&next.read(after(1_800), window("5m")).events().good()));
    assert_eq!(next.read(after(1_800 + 310), window("5m")).events().good(), 0);
    assert_eq!(next.read(after(1_800 + 310), window("2h")).events().good(), 360);
}

#[cfg(feature = "calendar")]
#[test]
fn a_calendar_period_is_exact_across_a_restart_and_ends_as_usual() {
    // Further back than a month steps are days of UTC, and this one begins at 15:00.
    let quarter = window("quarter in Asia/Seoul");
    let at = |text: &str| Tick::from(text.parse::<chrono::DateTime<chrono::Utc>>().unwrap());
    let first = Tracker::new(quarter, at("2025-12-20T00:00:00Z"));
    first.record(at("2025-12-31T14:59:59Z"), Outcome::Bad);
    first.record(at("2025-12-31T15:00:01Z"), Outcome::Good);
    let saved = reread(&first.snapshot(at("2026-03-10T00:00:00Z")));
    let next = Tracker::restore(quarter, &saved, at("2026-03-11T00:00:00Z"));
    let reading = next.read(at("2026-03-11T00:00:00Z"), quarter);
    assert_eq!(
        (reading.events(), reading.from()),
        (Events::new(1, 0), at("2025-12-31T15:00:00Z"))
    );
    let merged = TrackerSnapshot::merge([&saved, &saved]).unwrap();
    let both = Tracker::restore(quarter, &merged, at("2026-03-11T00:00:00Z"));
    assert_eq!(
        both.read(at("2026-03-11T00:00:00Z"), quarter).events(),
        Events::new(2, 0)
    );

    let april = Tracker::restore(quarter, &saved, at("2026-04-02T00:00:00Z"));
    assert_eq!(
        april.read(at("2026-04-02T00:00:00Z"), quarter).events(),
        Events::default()
    );
}

#[test]
fn instances_add_up_and_one_of_them_is_enough_to_see() {
    let [early, late] = [0, 3_600].map(|begin| Tracker::new(window("30d"), after(begin)));
    count(&early, 0, 5_400, 60, Outcome::Good);
    // The second was suspended from 1:40 h to 1:50 h, when the first had ended.
    let beat = Duration::from_secs(10);
    count(&late, 3_600, 6_000, 60, Outcome::Bad);
    late.heartbeat(after(6_000), beat);
    late.heartbeat(after(6_600), beat);
    count(&late, 6_600, 7_200, 60, Outcome::Bad);
    // The first ended at 1:30 h and the second began at 1 h; a third lived from 2:30 h on.
    let third = Tracker::new(window("30d"), after(9_000));
    let saved = [
        early.snapshot(after(5_400)),
        late.snapshot(after(7_200)),
        third.snapshot(after(10_000)),
    ];
    let merged = TrackerSnapshot::merge(saved.iter().map(reread).collect::<Vec<_>>().iter()).unwrap();
    assert_eq!(merged.totals(), Events::new(90, 50));
    assert_eq!((merged.started_at(), merged.saved_at()), (START, after(10_000)));

    let fleet = Tracker::restore(window("30d"), &reread(&merged), after(10_000));
    let day = fleet.read(after(10_000), window("1d"));
    assert_eq!(
        (day.events(), day.covered().as_secs()),
        (Events::new(90, 50), 10_000 - 1_800 - 600)
    );
    let last = fleet.read(after(10_000), window("1h"));
    // From 1:46:40 h on, that is what the second instance counted after it had been suspended.
    assert_eq!(last.events(), Events::new(0, 10));
}

#[test]
fn only_snapshots_of_one_window_are_merged() {
    let [month, week] = ["30d", "7d"].map(|text| Tracker::new(window(text), START).snapshot(after(5)));
    assert_eq!(
        TrackerSnapshot::merge([&month, &week]).unwrap_err().to_string(),
        "snapshots over 30d and over 7d do not add up; merge those of one window"
    );
    assert_eq!(TrackerSnapshot::merge([]), Err(SnapshotError::None));
}

#[test]
fn what_no_tracker_can_have_written_is_refused_with_a_reason() {
    let tracker = Tracker::new(window("1d"), START);
    tracker.heartbeat(START, Duration::from_secs(10));
    count(&tracker, 0, 2_000, 300, Outcome::Bad);
    tracker.heartbeat(after(2_000), Duration::from_secs(10));
    let good = serde_json::to_value(tracker.snapshot(after(2_000))).unwrap();
    assert!(serde_json::from_value::<TrackerSnapshot>(good.clone()).is_ok());
    let saved = good["history"]["own_saved"].as_u64().unwrap();
    let edge = saved / 10_000_000_000;
    let point = |edge: u64, bad: u64| serde_json::json!([edge, 0, bad, 0]);
    let cases = [
        (
            "/history/own_origin",
            (saved + 1).into(),
            "it was saved before it began",
        ),
        (
            "/history/own_saved",
            u64::MAX.into(),
            "it was saved after the year 2500",
        ),
        ("/history/shift", u64::MAX.into(), "its clock was set back before 1970"),
        ("/history/base/bad", 99.into(), "its totals go back"),
        ("/history/totals/bad", 6.into(), "its totals go back"),
        ("/history/levels", serde_json::json!([]), "its steps are not ours"),
        ("/history/levels/0/step_seconds", 20.into(), "its steps are not ours"),
        ("/history/levels/1/points", serde_json::json!([]), "it lacks steps"),
        (
            "/history/levels/0/points/0/0",
            (edge + 1).into(),
            "its steps lie outside of its time",
        ),
        (
            "/history/levels/0/points/0/0",
            0.into(),
            "its steps lie outside of its time",
        ),
        (
            "/history/levels/0/points",
            serde_json::json!([point(edge - 187, 1)]),
            "it has more steps than are kept",
        ),
        (
            "/history/levels/0/points",
            serde_json::json!([point(edge - 9, 1), point(edge - 9, 2)]),
            "its steps are out of order",
        ),
        (
            "/history/levels/0/points",
            serde_json::json!([point(edge - 9, 1), point(edge + 1, 2)]),
            "its steps are out of order",
        ),
        (
            "/history/levels/0/points",
            serde_json::json!([point(edge - 9, 2), point(edge - 8, 1)]),
            "its totals go back",
        ),
        (
            "/history/levels/0/points",
            serde_json::json!([point(edge - 9, 8)]),
            "its totals go back",
        ),
        ("/history/gaps/0/own_to", 0.into(), "its gaps are out of order"),
        (
            "/history/gaps/0/own_to",
            (saved + 1).into(),
            "its gaps are out of order",
        ),
    ];
    for (place, value, why) in cases {
        let mut changed = good.clone();
        *changed.pointer_mut(place).unwrap() = value;
        let refused = serde_json::from_value::<TrackerSnapshot>(changed)
            .unwrap_err()
            .to_string();
        assert_eq!(
            refused,
            format!("this cannot be what a tracker remembered: {why}"),
            "{place}"
        );
    }
    let mut unknown = good;
    unknown["history"]["more"] = 1.into();
    assert!(serde_json::from_value::<TrackerSnapshot>(unknown).is_err());
}

proptest! {
    #[test]
    fn merged_instances_are_what_one_tracker_would_have_seen(
        events in prop::collection::vec((0_u64..4_000, 0_usize..3, 0_usize..3), 1..150),
        asked in prop::sample::select(vec!["5m", "1h", "6h", "1d", "30d"]),
    ) {
        let instances = [START; 3].map(|start| Tracker::new(window("30d"), start));
        let together = Tracker::new(window("30d"), START);
        let mut now = START;
        for (gap, outcome, instance) in events {
            now = now + Duration::from_secs(gap);
            instances[instance].record(now, Outcome::ALL[outcome]);
            together.record(now, Outcome::ALL[outcome]);
        }
        let saved = instances.each_ref().map(|instance| instance.snapshot(now));
        let merged = TrackerSnapshot::merge(&saved).unwrap();
        prop_assert_eq!(&merged, &together.snapshot(now));
        let read = |tracker: &Tracker| tracker.read(now, window(asked));
        prop_assert_eq!(read(&Tracker::restore(window("30d"), &merged, now)), read(&together));
    }

    /// Whatever stands in a file: refused, or restored without a panic and without a count that goes back.
    #[test]
    fn nothing_that_is_accepted_harms(
        number in 0_usize..60, to in any::<u64>(), seconds in 0_u64..40_000, later in 0_u64..1 << 33,
    ) {
        let tracker = Tracker::new(window("1d"), START);
        count(&tracker, 0, seconds, 1_000, Outcome::Bad);
        let written = serde_json::to_string(&tracker.snapshot(after(seconds))).unwrap();
        // One number of it becomes another.
        let mut numbers = 0;
        let mut changed = String::new();
        for part in written.split_inclusive(|sign: char| !sign.is_ascii_digit()) {
            let digits = part.trim_end_matches(|sign: char| !sign.is_ascii_digit());
            if digits.is_empty() {
                changed.push_str(part);
            } else {
                if numbers == number {
                    changed.push_str(&to.to_string());
                } else {
                    changed.push_str(digits);
                }
                changed.push_str(&part[digits.len()..]);
                numbers += 1;
            }
        }
        if let Ok(accepted) = serde_json::from_str::<TrackerSnapshot>(&changed) {
            let now = after(later);
            let restored = Tracker::restore(window("30d"), &accepted, now);
            for asked in ["5m", "1h", "1d", "30d"] {
                let reading = restored.read(now, window(asked));
                prop_assert!(reading.events().all() <= accepted.totals().all());
                prop_assert!(reading.covered() <= window(asked).longest());
            }
            let again = restored.snapshot(now);
            prop_assert_eq!(&reread(&again), &again);
            let _merged = TrackerSnapshot::merge([&accepted, &again]);
        }
    }
}
