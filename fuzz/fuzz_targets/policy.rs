//! The texts of planned times, queries, labels and links: a value that shows itself as it was read, or a refusal.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use slo_core::{BurnWindow, Exclusion, Labels, Link, LocalTime, PromQuery, Recurrence, Tick, Zone};

fuzz_target!(|text: &str| {
    if let Ok(rule) = text.parse::<Recurrence>() {
        assert_eq!(rule.to_string().parse(), Ok(rule.clone()));
        let from = "2026-01-01 02:30".parse().unwrap();
        let zone: Zone = "America/New_York".parse().unwrap();
        let exclusion = Exclusion::new(from, zone, Duration::from_secs(90_000), "x").unwrap();
        if let Ok(exclusion) = exclusion.repeated(rule) {
            let start = Tick::from_unix_seconds(1_767_225_600);
            let windows = exclusion.windows(start..start + Duration::from_secs(100 * 86_400));
            assert!(windows.windows(2).all(|pair| pair[0].end < pair[1].start));
            assert!(windows.iter().all(|window| exclusion.covers(window.start)));
        }
    }
    if let Ok(query) = text.parse::<PromQuery>() {
        assert_eq!(query.as_str().parse(), Ok(query.clone()));
        let whole = query.increase(BurnWindow::MIN);
        assert!(whole.ends_with(')') && !whole.contains(['\n', '\r', '\0']), "{whole:?}");
        let _ = query.has_a_rate();
    }
    if let Ok(time) = text.parse::<LocalTime>() {
        assert_eq!(time.to_string().parse(), Ok(time));
    }
    if let Ok(link) = text.parse::<Link>() {
        assert!(link.as_str().starts_with("http"));
        assert!(!link.as_str().contains(['"', '<', '{', '`', ' ']));
    }
    if let Some((name, value)) = text.split_once('=') {
        if let Ok(labels) = Labels::new().with(name, value) {
            assert_eq!(labels.get(name), Some(value));
            assert!(!value.contains("{{"));
        }
    }
});
