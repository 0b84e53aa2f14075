//! A store that does not promote resource attributes: whose a series is, `job` and `target_info` say.

use e2e::past::{Instance, Past};
use e2e::{Failure, Outcome, TempDir, VictoriaMetrics};

use super::fleet::Promise;
use super::{Status, near, of, standings};

/// Requests a minute.
const BUSY: i64 = 600;
const DAY: i64 = 24 * 60;

/// An instance as Prometheus knows it, with its `target_info`.
fn instance<'a>(past: &mut Past, service: &'a str, environment: &'a str, to: i64) -> Instance<'a> {
    let of = Instance {
        environment,
        name: environment,
        to,
        is_promoted: false,
        ..Instance::of(service)
    };
    let environment = ("deployment_environment_name", environment);
    past.gauge(of, "target_info", &[environment, ("service_version", "1")], 1.0);
    of
}

fn fleet() -> Past {
    let mut past = Past::default();
    for environment in ["production", "staging"] {
        let of = instance(&mut past, "healthy", environment, 0);
        // Only where people are.
        let bad = i64::from(environment == "production");
        Promise::of(of).made(&mut past, |_| BUSY, |ago| i64::from(ago % 10 == 0) * bad);
        let state = [("slo_health_check", "prices"), ("slo_health_state", "fresh")];
        past.gauge(of, "slo_health_state", &state, 1.0);
    }
    let outage = 21 * DAY - 12 * 60..21 * DAY;
    let spent = instance(&mut past, "exhausted", "production", 0);
    Promise::of(spent).made(&mut past, |_| BUSY, |ago| i64::from(outage.contains(&ago)) * 120);
    let gone = instance(&mut past, "stale", "production", 20);
    Promise::of(gone).made(&mut past, |_| BUSY, |_| 0);
    let dead = instance(&mut past, "dead", "production", 16 * DAY);
    past.events_of(dead, "requests", |_| BUSY, |_| 0);
    Promise::of(dead).made_until(&mut past, dead.to);
    ruled(&mut past);
    run_of_the_gate(&mut past);
    past
}

/// What rules record has the labels of a service, and the job beside them.
fn ruled(past: &mut Past) {
    let of = instance(past, "ruled", "production", 0);
    Promise::of(of).made(past, |_| BUSY, |_| 0);
    let recorded = Instance {
        from: 60,
        is_promoted: true,
        ..Instance::of("ruled")
    };
    let own = [
        ("job", "sales/ruled"),
        ("service_namespace", "sales"),
        ("slo_name", "browse"),
        ("slo_window", "30d"),
    ];
    past.gauge(recorded, "slo:coverage:ratio", &own, 1.0);
    let alert = [
        ("alertname", "SloErrorBudgetBurn"),
        ("alertstate", "firing"),
        ("severity", "ticket"),
    ];
    past.gauge(recorded, "ALERTS", &[&own[..], &alert].concat(), 1.0);
}

/// Each run is an instance of its own, with one sample.
fn run_of_the_gate(past: &mut Past) {
    let own = [("job", "sales/healthy"), ("instance", "run-1")];
    let of =
        |name: &'static str, more: (&'static str, &'static str)| [&[("__name__", name)], &own[..], &[more]].concat();
    past.once(
        &of("slo_gate_decisions_total", ("slo_gate_verdict", "blocked")),
        1.0,
        3 * 60,
    );
    past.once(
        &of("target_info", ("deployment_environment_name", "staging")),
        1.0,
        3 * 60,
    );
}

fn is_told_by_either(status: &Status) -> Outcome {
    let by = |identity: &str, more: &[&str]| -> Result<_, Failure> {
        let document = status.json(&[&["--identity", identity], more].concat())?;
        assert_eq!(document["doubts"], serde_json::json!([]), "{document:#}");
        Ok(document)
    };
    let document = by("target-info", &[])?;
    assert_eq!(
        standings(&document),
        [
            "exhausted production exhausted",
            "ruled production ticket",
            "dead production gone",
            "stale production stale",
            "healthy production fine",
            "healthy staging fine",
        ],
        "{document:#}"
    );
    let exhausted = of(&document, "exhausted")?;
    assert_eq!(exhausted["namespace"], "sales");
    assert_eq!(
        (&exhausted["objective"], &exhausted["owner"]),
        (&"99.9%".into(), &"search-team".into())
    );
    near(&exhausted["budget"]["remaining_ratio"], -2.3223, 2e-3)?;
    near(&exhausted["coverage_ratio"], 1.0, 2e-3)?;
    assert_eq!(of(&document, "ruled")?["alert"]["from"], "rules");
    assert_eq!(of(&document, "stale")?["why"], "nothing was pushed for 20m");
    assert_eq!(document["checks"].as_array().map(Vec::len), Some(2), "{document:#}");
    let gate = &document["gate"][0];
    assert_eq!(
        (&gate["environment"], &gate["last"], &gate["last_at"]),
        (&"staging".into(), &"blocked".into(), &"2026-02-28T21:00:00Z".into()),
        "{document:#}"
    );

    let only = by("target-info", &["--service", "healthy", "--environment", "staging"])?;
    assert_eq!(standings(&only), ["healthy staging fine"]);
    assert_eq!(only["promises"][0]["events"]["bad"], 0);

    // Environments are one, and what they count is added up.
    let document = by("job", &[])?;
    assert_eq!(
        standings(&document),
        [
            "exhausted  exhausted",
            "ruled  ticket",
            "dead  gone",
            "stale  stale",
            "healthy  fine"
        ],
        "{document:#}"
    );
    near(&of(&document, "healthy")?["events"]["bad"], 4_320.0, 2.0)?;
    let only = by("job", &["--service", "stale"])?;
    assert_eq!(standings(&only), ["stale  stale"]);
    // Nobody is known by other labels.
    let nobody = status.run(&["--identity", "promoted"])?;
    assert!(!String::from_utf8_lossy(&nobody.stdout).contains("healthy"));
    Ok(())
}

#[test]
fn services_known_by_their_job_on_victoria_metrics() -> Outcome {
    let store = VictoriaMetrics::start()?;
    store.import(&fleet().json_lines())?;
    store.force_flush()?;
    is_told_by_either(&Status::of(store.url())?)
}

#[test]
fn services_known_by_their_job_on_prometheus() -> Outcome {
    let folder = TempDir::new("slo-status-jobs")?;
    let server = fleet().into_prometheus(folder.path())?;
    is_told_by_either(&Status::of(server.url())?)
}
