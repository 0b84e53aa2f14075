//! Services whose promise is about mails that others count: the engine is asked by the queries of the spec.
//!
//! What they export themselves does well, so that only these queries can find what is wrong.

use crate::services::healthy;
use crate::table::Row;
use e2e::past::{Instance, Past};

/// Mails a minute.
const MAILS: i64 = 600;
const DAY: i64 = 24 * 60;

const NOTHING_KNOWN: &str = "allowed 0 pass pass warn";
const UNKNOWN: &str = "unknown 3 pass pass unknown";
const SPENT: &str = "blocked 1 pass pass fail";

pub(crate) const MAILERS: [Row; 10] = [
    (
        "mails-fine",
        &[],
        "allowed 0 pass pass pass",
        &[
            "bad events of 25920.0 allowed)",
            "label_replace(sum(increase(mails_failed_total{service_name=\"mails-fine\"}[30d]))",
        ],
    ),
    // As with counters of our own, the last of the outage leaves the window in 9 days and 12 hours.
    (
        "mails-lost",
        &[],
        SPENT,
        &["fail    budget of browse: exhausted", "to pass: wait until 2026-03-10"],
    ),
    (
        "mails-lost-by-window",
        &[],
        SPENT,
        &["(86400 bad events", "to pass: wait until 2026-03-10"],
    ),
    (
        "mails-flawless",
        &[],
        "allowed 0 pass pass pass",
        &["(0 bad events of 25920.0 allowed)"],
    ),
    (
        "mails-unheard",
        &[],
        NOTHING_KNOWN,
        &["budget of browse: never seen in the window"],
    ),
    (
        "mails-gone",
        &[],
        UNKNOWN,
        &["budget of browse: the series existed and vanished"],
    ),
    (
        "mails-gone-by-window",
        &[],
        UNKNOWN,
        &["budget of browse: the series existed and vanished"],
    ),
    (
        "mails-misspelt",
        &[],
        UNKNOWN,
        &["its query for valid events finds nothing, and that for bad ones does"],
    ),
    (
        "mails-planned",
        &[],
        "allowed 0 pass pass pass",
        &["note: counted by the tiles that rules recorded, which leave planned times out and cover 100% of the window"],
    ),
    (
        "mails-planned-unruled",
        &[],
        SPENT,
        &["note: planned times count as any other: no tiles of rules that leave them out were found"],
    ),
];

/// What the promise of a service is about, and when nothing counts.
pub(crate) fn measured_by(service: &str) -> String {
    if !service.starts_with("mails-") {
        return "sli: {http: {routes: [/listings]}}".to_owned();
    }
    let [failed, all] =
        ["mails_failed_total", "mails_total"].map(|name| format!("{name}{{service_name=\"{service}\"}}"));
    let sli = match service.ends_with("by-window") {
        false => format!("{{bad: '{failed}', valid: '{all}'}}"),
        true => {
            let [failed, all] = [failed, all].map(|counter| format!("sum(increase({counter}[$window]))"));
            format!("{{good: '{all} - {failed}', valid: '{all}'}}")
        }
    };
    let planned = match service.contains("planned") {
        true => ", exclude: [{from: 2026-02-08 00:00, duration: 12h, time_zone: UTC, reason: upgrade}]",
        false => "",
    };
    format!("sli: {{prometheus: {sli}}}{planned}")
}

/// A month of each.
pub(crate) fn mailers(past: &mut Past) {
    // The first half of 8 February 2026.
    let outage = |ago: i64| i64::from((21 * DAY - 12 * 60..21 * DAY).contains(&ago)) * 120;
    let usual = |ago: i64| i64::from(ago % 10 == 0) * 3;
    let valid = |past: &mut Past, of| past.counter(of, "mails_total", &[], |_| MAILS);
    for (service, _, _, _) in MAILERS {
        let of = Instance::of(service);
        healthy(past, of);
        match service {
            "mails-unheard" => {}
            "mails-misspelt" => past.counter(of, "mails_failed_total", &[], usual),
            "mails-flawless" => valid(past, of),
            "mails-gone" | "mails-gone-by-window" => {
                let gone = Instance { to: 20, ..of };
                valid(past, gone);
                past.counter(gone, "mails_failed_total", &[], usual);
            }
            "mails-fine" => {
                valid(past, of);
                past.counter(of, "mails_failed_total", &[], usual);
            }
            _ => {
                valid(past, of);
                past.counter(of, "mails_failed_total", &[], outage);
            }
        }
    }
    let planned = Instance::of("mails-planned");
    past.tiles(planned, "slo:bad_events:increase5m", |_| 0);
    past.tiles(planned, "slo:valid_events:increase5m", |ago| {
        (MAILS - outage(ago) * 5) * 5
    });
}
