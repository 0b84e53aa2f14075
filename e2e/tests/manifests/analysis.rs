//! The queries of the analysis template, answered by the real engine.

use std::time::{SystemTime, UNIX_EPOCH};

use e2e::{Failure, Outcome, PATIENCE, VictoriaMetrics, eventually};
use serde_json::json;

use crate::written;

/// What one environment saw in the last minutes: good and bad events, fast requests and all.
struct Seen {
    environment: &'static str,
    good: u32,
    bad: u32,
    fast: u32,
    all: u32,
}

const SEEN: [Seen; 5] = [
    Seen {
        environment: "healthy",
        good: 9_990,
        bad: 10,
        fast: 9_800,
        all: 10_000,
    },
    Seen {
        environment: "breached",
        good: 9_900,
        bad: 100,
        fast: 9_000,
        all: 10_000,
    },
    Seen {
        environment: "idle",
        good: 50,
        bad: 49,
        fast: 10,
        all: 99,
    },
    Seen {
        environment: "flawless",
        good: 100,
        bad: 0,
        fast: 100,
        all: 100,
    },
    Seen {
        environment: "at-rest",
        good: 0,
        bad: 0,
        fast: 0,
        all: 0,
    },
];

#[test]
fn a_canary_is_judged_by_what_it_did() -> Outcome {
    let store = VictoriaMetrics::start()?;
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    store.import(&lines(now))?;
    let folder = written(&[])?;
    let template = std::fs::read_to_string(folder.path().join("kubernetes/analysis-template.yaml"))?;
    let queries = queries(&template);
    assert_eq!(queries.len(), 2, "{template}");
    let ask = |query: &str, environment: &str, version: &str| -> Result<Vec<f64>, String> {
        let query = query
            .replace("{{args.environment}}", environment)
            .replace("{{args.service-version}}", version);
        let found = store.prom().instant(&query)?;
        Ok(found.iter().map(|sample| sample.value).collect())
    };
    let near = |found: &[f64], expected: Option<f64>| match (found, expected) {
        ([], None) => true,
        ([found], Some(expected)) => (found - expected).abs() < 1e-9,
        _ => false,
    };
    for (environment, version, bad, slow) in [
        ("healthy", ".*", Some(0.001), Some(0.02)),
        ("breached", ".*", Some(0.01), Some(0.1)),
        ("breached", "1\\\\.2\\\\.3", Some(0.01), Some(0.1)),
        // Too little to judge is a 0: it holds.
        ("idle", ".*", Some(0.0), Some(0.0)),
        ("flawless", ".*", Some(0.0), Some(0.0)),
        ("at-rest", ".*", Some(0.0), Some(0.0)),
        // Nothing at all is nothing: neither success nor failure.
        ("breached", "2", None, None),
        ("nowhere", ".*", None, None),
    ] {
        for (query, expected) in queries.iter().zip([bad, slow]) {
            eventually(PATIENCE, || {
                let found = ask(query, environment, version)?;
                if near(&found, expected) {
                    Ok(())
                } else {
                    Err(format!("{environment} {version}: {found:?}, not {expected:?}\n{query}"))
                }
            })?;
        }
    }
    Ok(())
}

/// The blocks after `query:`, which are the only ones of several lines.
fn queries(template: &str) -> Vec<String> {
    let blocks = template.split("query: |-\n").skip(1);
    let inside = |line: &&str| line.starts_with("            ");
    blocks
        .map(|block| {
            block
                .lines()
                .take_while(inside)
                .map(str::trim)
                .collect::<Vec<_>>()
                .join("\n")
        })
        .collect()
}

/// Counters that stood at 0 and then at what was seen.
fn lines(now: i64) -> String {
    let mut lines = String::new();
    for seen in SEEN {
        let events = |outcome| {
            vec![
                ("__name__", "slo_events_total"),
                ("slo_name", "requests"),
                ("slo_outcome", outcome),
            ]
        };
        let route = ("http_route", "/listings");
        let histogram = |name, le: Option<&'static str>| {
            let mut labels = vec![("__name__", name), route];
            labels.extend(le.map(|le| ("le", le)));
            labels
        };
        for (labels, value) in [
            (events("good"), seen.good),
            (events("bad"), seen.bad),
            (events("excluded"), 5),
            (
                histogram("http_server_request_duration_seconds_bucket", Some("0.8")),
                seen.fast,
            ),
            (
                histogram("http_server_request_duration_seconds_bucket", Some("+Inf")),
                seen.all,
            ),
            (histogram("http_server_request_duration_seconds_count", None), seen.all),
        ] {
            let whose = [
                ("service_name", "real-estate"),
                ("service_version", "1.2.3"),
                ("deployment_environment_name", seen.environment),
            ];
            let metric: serde_json::Map<_, _> = labels
                .into_iter()
                .chain(whose)
                .map(|(label, value)| (label.to_owned(), value.into()))
                .collect();
            let line = json!({"metric": metric, "values": [0, value], "timestamps": [now - 120_000, now - 60_000]});
            lines.push_str(&format!("{line}\n"));
        }
    }
    lines
}

#[test]
fn a_template_has_its_queries_where_they_are_looked_for() -> Result<(), Failure> {
    let found = queries("  query: |-\n            a\n            or\n  end: x\n");
    assert_eq!(found, ["a\nor"]);
    Ok(())
}
