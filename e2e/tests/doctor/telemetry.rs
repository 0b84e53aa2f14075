//! Series in a store that are not as they should be.

use std::time::{SystemTime, UNIX_EPOCH};

use e2e::{Failure, Outcome, VictoriaMetrics};
use serde_json::{Map, Value, json};

use super::Doctor;

/// Series as lines of VictoriaMetrics' import format, with samples up to now.
#[derive(Default)]
struct Series(Vec<String>);

impl Series {
    /// A series with a sample a minute, the last one so many seconds ago.
    fn push(&mut self, name: &str, labels: &[(&str, &str)], values: &[f64], seconds_ago: i64) -> Result<(), Failure> {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
        let last = i64::try_from(values.len())? - 1;
        let moments: Vec<_> = (0..=last)
            .map(|at| now - 1_000 * (seconds_ago + 60 * (last - at)))
            .collect();
        let named = [("__name__", name)];
        let metric: Map<String, Value> = named
            .iter()
            .chain(labels)
            .map(|(key, value)| ((*key).to_owned(), json!(value)))
            .collect();
        self.0
            .push(json!({ "metric": metric, "values": values, "timestamps": moments }).to_string());
        Ok(())
    }

    /// The events that a sound instance exports.
    fn events(
        &mut self,
        of: &[(&str, &str)],
        slos: &[&str],
        outcomes: &[&str],
        seconds_ago: i64,
    ) -> Result<(), Failure> {
        for slo in slos {
            for outcome in outcomes {
                let labels = [of, &[("slo_name", *slo), ("slo_outcome", *outcome)]].concat();
                self.push("slo_events_total", &labels, &[0.0, 1.0], seconds_ago)?;
            }
        }
        Ok(())
    }

    /// What it says of its promise.
    fn definition(&mut self, of: &[(&str, &str)], budget: f64, window: f64) -> Result<(), Failure> {
        let labels = [of, &[("slo_name", "browse")]].concat();
        self.push("slo_error_budget_ratio", &labels, &[budget], 5)?;
        self.push("slo_window_seconds", &labels, &[window], 5)
    }

    fn bucket(&mut self, of: &[(&str, &str)], le: &str) -> Result<(), Failure> {
        let labels = [of, &[("http_route", "/listings"), ("le", le)]].concat();
        self.push("http_server_request_duration_seconds_bucket", &labels, &[0.0, 1.0], 5)
    }
}

const BOTH: [&str; 2] = ["browse", "requests"];
const OUTCOMES: [&str; 3] = ["good", "bad", "excluded"];
const MONTH: f64 = 2_592_000.0;

fn of<'a>(service: &'a str, instance: &'a str) -> [(&'a str, &'a str); 3] {
    [
        ("service_name", service),
        ("deployment_environment_name", "production"),
        ("service_instance_id", instance),
    ]
}

#[test]
fn nothing_there_and_why() -> Outcome {
    let store = VictoriaMetrics::start()?;
    let args = ["--prometheus", &store.url()];
    let found = |service: &str, words: &str, more: &[&str]| -> Result<(), Failure> {
        Doctor::of(service)?.finds("telemetry.present", "broken", words, &[&args, more].concat())
    };
    let add = |series: &Series| -> Result<(), Failure> {
        store.import(&series.0.join("\n"))?;
        Ok(store.force_flush()?)
    };
    found("shop", "nobody pushes `slo_events_total` to this store", &[])?;

    let mut dotted = Series::default();
    dotted.push("slo.events", &[("service.name", "shop")], &[0.0], 5)?;
    add(&dotted)?;
    found("shop", "the store has `slo.events`, and not `slo_events_total`", &[])?;

    let mut bare = Series::default();
    bare.events(&[("job", "shop")], &BOTH, &OUTCOMES, 5)?;
    add(&bare)?;
    found("shop", "have no label `service_name`", &[])?;
    // Known by its job it is there.
    let (state, _) = Doctor::of("shop")?.finding("telemetry.present", &[&args[..], &["--identity", "job"]].concat())?;
    assert_eq!(state, "fine");

    let mut others = Series::default();
    others.events(&of("search", "a"), &BOTH, &OUTCOMES, 5)?;
    others.events(&of("gone", "a"), &BOTH, &OUTCOMES, 1_200)?;
    add(&others)?;
    found("shop", "no series of `shop`; there are those of search", &[])?;
    found(
        "search",
        "it is not in this environment; it is in production",
        &["--environment", "staging"],
    )?;
    found("gone", "its series ended some 20 minutes ago", &[])?;
    Ok(())
}

#[test]
fn there_and_wrong() -> Outcome {
    let store = VictoriaMetrics::start()?;
    let mut all = Series::default();
    for service in [
        "two-places",
        "late",
        "whole",
        "other-budget",
        "rollout",
        "falls",
        "no-histogram",
        "half",
        "lacking",
    ] {
        let late = if service == "late" { 200 } else { 5 };
        all.events(&of(service, "a"), &BOTH, &OUTCOMES, late)?;
        let budget = if service == "other-budget" { 0.005 } else { 0.001 };
        all.definition(&of(service, "a"), budget, MONTH)?;
        if service != "no-histogram" {
            all.bucket(&of(service, "a"), "+Inf")?;
        }
        if !matches!(service, "no-histogram" | "lacking") {
            all.bucket(&of(service, "a"), "0.8")?;
        }
    }
    let mut elsewhere = of("two-places", "b");
    elsewhere[1].1 = "staging";
    all.events(&elsewhere, &BOTH, &OUTCOMES, 5)?;
    all.definition(&of("rollout", "b"), 0.001, 604_800.0)?;
    all.bucket(&of("half", "b"), "+Inf")?;
    let falling = [
        &of("falls", "a")[..],
        &[("slo_name", "browse"), ("slo_outcome", "good"), ("x", "y")],
    ]
    .concat();
    all.push("slo_events_total", &falling, &[5.0, 1.0, 4.0, 2.0, 7.0, 1.0], 5)?;
    all.events(&of("unpromised", "a"), &["requests"], &OUTCOMES, 5)?;
    all.events(&of("no-zeros", "a"), &BOTH, &["good"], 5)?;
    all.events(&of("old-spec", "a"), &["browse", "requests", "login"], &OUTCOMES, 5)?;
    store.import(&all.0.join("\n"))?;
    store.force_flush()?;
    let args = ["--prometheus", &store.url()];
    for (service, check, state, words) in [
        (
            "two-places",
            "present",
            "warning",
            "it runs in several environments: production, staging",
        ),
        ("late", "last_push", "broken", "and one should come every 60 s"),
        ("unpromised", "zeros", "broken", "no events of browse"),
        ("no-zeros", "zeros", "broken", "browse has not all three outcomes"),
        (
            "old-spec",
            "zeros",
            "warning",
            "events of login are there, which the spec does not have",
        ),
        (
            "other-budget",
            "spec",
            "warning",
            "the error budget of browse is 0.005, and 0.001 in the spec",
        ),
        (
            "rollout",
            "spec",
            "warning",
            "instances differ about the window of browse: 604800 and 2592000",
        ),
        (
            "falls",
            "temporality",
            "broken",
            "a series of `slo_events_total` fell 3 times within the hour",
        ),
        ("no-histogram", "buckets", "warning", "no request that matched a route"),
        (
            "half",
            "buckets",
            "warning",
            "1 of 2 instances have no boundary at 800ms",
        ),
        (
            "lacking",
            "buckets",
            "broken",
            "1 of 1 instances have no boundary at 800ms",
        ),
    ] {
        Doctor::of(service)?.finds(&format!("telemetry.{check}"), state, words, &args)?;
    }
    // What is right is said to be right.
    let (_, findings) = Doctor::of("whole")?.examine(&args)?;
    let telemetry: Vec<_> = findings
        .iter()
        .filter(|finding| finding.check.starts_with("telemetry."))
        .collect();
    assert_eq!(telemetry.len(), 6, "{telemetry:#?}");
    assert!(
        telemetry.iter().all(|finding| finding.state == "fine"),
        "{telemetry:#?}"
    );
    Ok(())
}
