//! Series in the place of those that other parts push or record: rules, probes, checks, the gate.
//!
//! Their names and labels are the ones that those parts have agreed on; a part that is there is better asked itself.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use e2e::Failure;
use serde_json::json;

/// A service that has SLOs and no requests.
pub(crate) const IDLE: &str = "idle-shop";

/// What is written here in the place of others.
pub(crate) const NAMES: [&str; 13] = [
    // Rules.
    "slo:error_ratio:rate1h",
    "slo:error_ratio:rate6h",
    "slo:error_ratio:period",
    "slo:burn_rate:1h",
    "slo:burn_rate:6h",
    "slo:error_budget_remaining:ratio",
    "slo:coverage:ratio",
    // Those of a spec whose service exports nothing of ours.
    "slo:spec:info",
    "slo:window:seconds",
    "slo:error_budget:ratio",
    // Rules on what probes find.
    "slo_health:probe_state",
    "slo_health:data_age_seconds",
    // The gate.
    "slo_gate_decisions_total",
];

/// One sample: name, labels, value, milliseconds since 1970.
pub(crate) struct Sample {
    name: String,
    labels: Vec<(&'static str, String)>,
    value: f64,
    at: i64,
}

/// Milliseconds since 1970.
pub(crate) fn now() -> Result<i64, Failure> {
    Ok(i64::try_from(
        SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis(),
    )?)
}

pub(crate) fn all(now: i64) -> Vec<Sample> {
    let mut samples = recorded(now);
    samples.extend(freshness(now));
    samples.extend(decisions(now));
    samples.extend(idle(now));
    samples.extend(in_another_language(now));
    samples
}

/// Rules that add up tiles do so every five minutes, and the next pass takes its time: their last samples are older than an
/// engine looks back.
const PASS: i64 = 330_000;

/// When rules recorded the last sample of this name.
fn recorded_at(name: &str, now: i64) -> i64 {
    if is_of_tiles(name) { now - PASS } else { now }
}

fn is_of_tiles(name: &str) -> bool {
    let of_tiles = [
        "slo:error_ratio:period",
        "slo:error_budget_remaining:ratio",
        "slo:coverage:ratio",
    ];
    of_tiles.contains(&name)
}

/// A service of which rules alone say anything, and a composite, of which they say nothing.
fn in_another_language(now: i64) -> Vec<Sample> {
    let mut samples: Vec<_> = [
        ("slo:spec:info", 1.0),
        ("slo:window:seconds", 2_592_000.0),
        ("slo:error_budget:ratio", 0.01),
        ("slo:error_budget_remaining:ratio", 0.5),
        ("slo:burn_rate:6h", 0.5),
        ("slo:coverage:ratio", 1.0),
    ]
    .map(|(name, value)| of_service("legacy", name, &[("slo_name", "orders")], value, recorded_at(name, now)))
    .into();
    let whole = [("slo_name", "whole"), ("slo_sli", "composite")];
    samples.push(sample("slo_spec_info", &whole, 1.0, now));
    samples.push(sample("slo_objective_ratio", &whole[..1], 0.99, now));
    samples
}

/// What rules record: each SLO of the example in a state of its own.
fn recorded(now: i64) -> Vec<Sample> {
    // Budget left, burn over 6 hours, coverage; purchases are not recorded at all.
    let slos = [
        ("browse-availability", -0.25, 4.0, 1.0),
        ("real-price-latency", 0.5, 2.0, 1.0),
        ("login-availability", 0.9, 0.5, 0.07),
        ("account-availability", 1.0, 0.0, 1.0),
    ];
    let window = ("slo_window", "30d");
    let mut samples = Vec::new();
    for (slo, left, burn, coverage) in slos {
        let budget = [("slo_name", slo), window];
        samples.push(sample("slo:error_budget:ratio", &budget, 0.001, now));
        for (name, value) in [
            ("slo:error_ratio:rate1h", burn / 1_000.0),
            ("slo:error_ratio:rate6h", burn / 1_000.0),
            ("slo:error_ratio:period", (1.0 - left) / 1_000.0),
            ("slo:burn_rate:1h", burn),
            ("slo:burn_rate:6h", burn),
            ("slo:error_budget_remaining:ratio", left),
            ("slo:coverage:ratio", coverage),
        ] {
            let labels = [("slo_name", slo), window];
            let labels = if is_of_tiles(name) { &labels[..] } else { &labels[..1] };
            samples.push(sample(name, labels, value, recorded_at(name, now)));
        }
    }
    // Rules record ratios of whatever is counted.
    for name in ["slo:error_ratio:rate1h", "slo:error_ratio:rate6h"] {
        samples.push(sample(name, &[("slo_name", "requests")], 0.001, now));
    }
    samples
}

/// What a probe finds and what the checks of two instances say.
fn freshness(now: i64) -> Vec<Sample> {
    let mut samples = Vec::new();
    let target = ("instance", "http://127.0.0.1/real-price/synthetic/health");
    for state in [
        "fresh",
        "stale",
        "check_error",
        "check_timeout",
        "foreign",
        "hung",
        "unreachable",
    ] {
        let value = f64::from(u8::from(state == "stale"));
        samples.push(sample(
            "slo_health:probe_state",
            &[target, ("state", state)],
            value,
            now,
        ));
    }
    samples.push(sample("slo_health:data_age_seconds", &[target], 7_200.0, now));
    samples
}

/// The same service is fresh where nobody looks, and in another namespace of where they do.
pub(crate) fn elsewhere(now: i64) -> Vec<Sample> {
    let target = ("instance", "http://127.0.0.1/real-price/synthetic/health");
    let fresh = || sample("slo_health:probe_state", &[target, ("state", "fresh")], 1.0, now);
    let mut dev = fresh();
    dev.labels[1].1 = "dev".to_owned();
    let mut other_namespace = fresh();
    other_namespace.labels.push(("service_namespace", "resale".to_owned()));
    vec![dev, other_namespace]
}

/// One run of the gate for each verdict.
fn decisions(now: i64) -> Vec<Sample> {
    let verdicts = ["allowed", "blocked", "unknown", "bypassed"];
    let run = |verdict| {
        let labels = [
            ("slo_gate_verdict", verdict),
            ("slo_gate_would_have_been", "blocked"),
            ("service_instance_id", verdict),
            ("service_version", "1.2.3"),
        ];
        sample("slo_gate_decisions_total", &labels, 1.0, now)
    };
    verdicts.map(run).into()
}

/// A service at rest: counters that stand still.
fn idle(now: i64) -> Vec<Sample> {
    let mut samples = Vec::new();
    let route = ("http_route", "/");
    for at in [now - 60_000, now - 30_000, now] {
        for outcome in ["good", "bad", "excluded"] {
            let labels = [("slo_name", "quiet"), ("slo_outcome", outcome)];
            samples.push(of_idle("slo_events_total", &labels, 0.0, at));
        }
        for (name, value) in [
            ("slo_objective_ratio", 0.999),
            ("slo_error_budget_ratio", 0.001),
            ("slo_window_seconds", 2_592_000.0),
            ("slo_spec_info", 1.0),
        ] {
            samples.push(of_idle(name, &[("slo_name", "quiet")], value, at));
        }
        for le in ["0.1", "1", "+Inf"] {
            samples.push(of_idle(
                "http_server_request_duration_seconds_bucket",
                &[route, ("le", le)],
                0.0,
                at,
            ));
        }
        samples.push(of_idle("http_server_request_duration_seconds_count", &[route], 0.0, at));
        let failed = [route, ("error_type", "500")];
        samples.push(of_idle("http_server_request_duration_seconds_count", &failed, 0.0, at));
    }
    samples
}

/// Twenty days ago another instance of the example had a million good requests of accounts, prices and purchases.
pub(crate) fn history(now: i64) -> Vec<Sample> {
    const TWENTY_DAYS: i64 = 20 * 86_400_000;
    let mut samples = Vec::new();
    for slo in ["account-availability", "real-price-latency", "purchase-availability"] {
        for (outcome, value) in [("good", 1e6), ("bad", 0.0), ("excluded", 0.0)] {
            let labels = [
                ("slo_name", slo),
                ("slo_outcome", outcome),
                ("service_instance_id", "old"),
            ];
            samples.push(sample("slo_events_total", &labels, 0.0, now - TWENTY_DAYS));
            samples.push(sample("slo_events_total", &labels, value, now - TWENTY_DAYS + 60_000));
        }
    }
    samples
}

fn sample(name: &str, labels: &[(&'static str, &str)], value: f64, at: i64) -> Sample {
    of_service("real-estate", name, labels, value, at)
}

fn of_idle(name: &str, labels: &[(&'static str, &str)], value: f64, at: i64) -> Sample {
    of_service(IDLE, name, labels, value, at)
}

fn of_service(service: &str, name: &str, labels: &[(&'static str, &str)], value: f64, at: i64) -> Sample {
    let whose = [("service_name", service), ("deployment_environment_name", "e2e")];
    let labels = whose
        .iter()
        .chain(labels)
        .map(|(label, value)| (*label, (*value).to_owned()));
    Sample {
        name: name.to_owned(),
        labels: labels.collect(),
        value,
        at,
    }
}

/// As `VictoriaMetrics` imports them.
pub(crate) fn json_lines(samples: &[Sample]) -> String {
    let mut lines = String::new();
    for sample in samples {
        let mut metric: serde_json::Map<_, _> = sample
            .labels
            .iter()
            .map(|(label, value)| ((*label).to_owned(), value.clone().into()))
            .collect();
        metric.insert("__name__".to_owned(), sample.name.clone().into());
        let line = json!({"metric": metric, "values": [sample.value], "timestamps": [sample.at]});
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{line}");
    }
    lines
}

/// As vmagent imports them.
pub(crate) fn text_lines(samples: &[Sample]) -> String {
    let mut lines = String::new();
    for sample in samples {
        let labels: Vec<_> = sample
            .labels
            .iter()
            .map(|(label, value)| format!("{label}={value:?}"))
            .collect();
        let _ = writeln!(
            lines,
            "{}{{{}}} {} {}",
            sample.name,
            labels.join(","),
            sample.value,
            sample.at
        );
    }
    lines
}
