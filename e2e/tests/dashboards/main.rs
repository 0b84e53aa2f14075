//! Every query of every dashboard, read by promtool and answered by the real engines; every page, read by Grafana's own
//! model.
//!
//! The example service is real, and so is what it pushes. What no part of this project pushes yet is written by hand: the
//! series that rules record, those of probes and checks, the gate's decisions (see `stand_ins`).

mod other_languages;
mod pages;
mod past;
mod promtool;
mod sdk;
mod stand_ins;
mod traffic;
mod unit;

use std::collections::BTreeSet;

use e2e::{Failure, Instance, Outcome, PATIENCE, Prom, Prometheus, VictoriaMetrics, VmAgent, eventually};

use crate::pages::{Chosen, Query, every_query};

/// How often the example pushes, in milliseconds: rates need two pushes.
const PUSH: (&str, &str) = ("OTEL_METRIC_EXPORT_INTERVAL", "500");

const EXAMPLE: Chosen = Chosen {
    environment: "e2e",
    service: "real-estate",
};

const EVERYTHING: Chosen = Chosen {
    environment: ".*",
    service: ".*",
};

#[test]
fn victoria_metrics_answers_every_panel() -> Outcome {
    let store = VictoriaMetrics::start()?;
    let mut example = Instance::start("pushing", &store.otlp_endpoint(), &[PUSH])?;
    traffic::drive(&example.base)?;
    let queries = every_query()?;
    eventually(PATIENCE, || what_is_asked_is_emitted(&store.prom(), &queries))?;
    let now = stand_ins::now()?;
    let mut samples = stand_ins::all(now);
    samples.extend(stand_ins::history(now));
    samples.extend(stand_ins::elsewhere(now));
    store.import(&stand_ins::json_lines(&samples))?;
    for chosen in [EXAMPLE, EVERYTHING] {
        eventually(PATIENCE, || all_answered(&store.prom(), &queries, chosen))?;
    }
    states_are_named(&store.prom(), &queries)?;
    what_is_no_promise_is_none(&store.prom(), &queries)?;
    places_stay_apart(&store.prom(), &queries)?;
    nothing_is_not_a_number(&store.prom(), &queries)?;
    example.stop()
}

#[test]
fn prometheus_answers_every_panel() -> Outcome {
    let store = Prometheus::start()?;
    let agent = VmAgent::start(&[store.remote_write_url()])?;
    let mut example = Instance::start("pushing", &agent.otlp_endpoint(), &[PUSH])?;
    traffic::drive(&example.base)?;
    agent.import_text(&stand_ins::text_lines(&stand_ins::all(stand_ins::now()?)))?;
    // A budget that burns and is not spent needs a past, and remote write cannot bring one.
    let needs_a_past = |query: &Query| query.panel == "Spent in" && query.is_raw;
    let queries: Vec<_> = every_query()?
        .into_iter()
        .filter(|query| !needs_a_past(query))
        .collect();
    eventually(PATIENCE, || all_answered(&store.prom(), &queries, EXAMPLE))?;
    states_are_named(&store.prom(), &queries)?;
    what_is_no_promise_is_none(&store.prom(), &queries)?;
    nothing_is_not_a_number(&store.prom(), &queries)?;
    example.stop()
}

/// Every metric of every query comes from the example, or is one of those that have stand-ins.
fn what_is_asked_is_emitted(prom: &Prom, queries: &[Query]) -> Result<(), String> {
    let found = prom.instant("count by (__name__) ({service_name=\"real-estate\"})")?;
    let emitted: BTreeSet<_> = found.iter().map(|sample| sample.label("__name__").to_owned()).collect();
    let asked: BTreeSet<_> = queries.iter().flat_map(Query::metrics).collect();
    let missing: Vec<_> = asked
        .iter()
        .filter(|metric| !emitted.contains(*metric) && !stand_ins::NAMES.contains(&metric.as_str()))
        .collect();
    if missing.is_empty() && asked.len() > stand_ins::NAMES.len() {
        Ok(())
    } else {
        Err(format!("nobody emits {missing:?}; asked for are {asked:?}"))
    }
}

/// No panel is empty, and none shows something that is no number.
fn all_answered(prom: &Prom, queries: &[Query], chosen: Chosen) -> Result<(), String> {
    for query in queries {
        let found = prom
            .instant(&query.with(chosen))
            .map_err(|error| format!("{query}: {error}"))?;
        if found.is_empty() {
            return Err(format!("{query} is empty"));
        }
        if let Some(wrong) = found.iter().find(|sample| !sample.value.is_finite()) {
            return Err(format!("{query} shows {}: {:?}", wrong.value, wrong.labels));
        }
    }
    Ok(())
}

/// All requests are counted whatever is promised, and are a promise on no page.
fn what_is_no_promise_is_none(prom: &Prom, queries: &[Query]) -> Result<(), Failure> {
    let requests = "slo_name=\"requests\"";
    assert!(
        !prom.instant(&format!("slo_events_total{{{requests}}}"))?.is_empty(),
        "nobody counts requests"
    );
    for query in queries {
        let found = prom.instant(&query.with(EXAMPLE))?;
        assert!(
            found.iter().all(|sample| sample.label("slo_name") != "requests"),
            "{query}"
        );
    }
    Ok(())
}

/// A service without a single request: panels may be empty, and say so in words.
fn nothing_is_not_a_number(prom: &Prom, queries: &[Query]) -> Result<(), Failure> {
    let idle = Chosen {
        environment: ".*",
        service: stand_ins::IDLE,
    };
    let mut answered = 0;
    for query in queries {
        for sample in prom.instant(&query.with(idle))? {
            if !sample.value.is_finite() {
                return Err(Failure::new(format!(
                    "{query} shows {} while nothing happens",
                    sample.value
                )));
            }
            answered += 1;
        }
    }
    // Rates of 0, objectives and budgets at least: it is not that nobody was asked.
    assert!(answered > 20, "only {answered} answers for a service at rest");
    Ok(())
}

/// Stale in one environment is not fresh because it is so in another, and the other way round.
fn places_stay_apart(prom: &Prom, queries: &[Query]) -> Result<(), Failure> {
    let is_now = |query: &&Query| query.panel == "Now, as probed" && !query.is_raw;
    let pages: Vec<_> = queries.iter().filter(is_now).collect();
    assert_eq!(pages.len(), 2, "of the service and of the fleet");
    for query in pages {
        let mut found: Vec<_> = prom
            .instant(&query.with(EVERYTHING))?
            .into_iter()
            .map(|sample| {
                let place =
                    ["deployment_environment_name", "service_namespace"].map(|label| sample.label(label).to_owned());
                (place, sample.value.to_string())
            })
            .collect();
        found.sort();
        let expected = [("dev", "", "1"), ("e2e", "", "2"), ("e2e", "resale", "1")];
        let expected = expected.map(|(one, other, state)| ([one.to_owned(), other.to_owned()], state.to_owned()));
        assert_eq!(found, expected, "{query}");
    }
    Ok(())
}

/// The first column of the overview says of each promise what hurts most.
fn states_are_named(prom: &Prom, queries: &[Query]) -> Result<(), Failure> {
    let state = queries
        .iter()
        .find(|query| !query.is_raw && query.panel == "All promises" && query.page == "slo-overview" && query.id == "B")
        .ok_or_else(|| Failure::new("the overview has no states"))?;
    let mut found: Vec<_> = prom
        .instant(&state.with(EVERYTHING))?
        .into_iter()
        .map(|sample| (sample.label("slo_name").to_owned(), sample.value.to_string()))
        .collect();
    found.sort();
    let expected = [
        ("account-availability", "1"),
        ("browse-availability", "5"),
        ("login-availability", "2"),
        ("orders", "1"),
        ("purchase-availability", "3"),
        ("quiet", "3"),
        ("real-price-freshness", "3"),
        ("real-price-latency", "4"),
    ];
    let expected = expected.map(|(slo, code)| (slo.to_owned(), code.to_owned()));
    assert_eq!(found, expected);
    Ok(())
}
