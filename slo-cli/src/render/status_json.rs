//! The overview for programs: version 1 of a shape that docs/status.md describes.
//!
//! Fields are added within a version; none is taken away or changes its meaning. Every number is finite: what is not known
//! is null.

use serde::Serialize;
use slo_core::{Events, Ratio};

use super::{plain_json, status_words as words};
use crate::status::{Burn, Check, Overview, Promise, Runs, SeenBy, Whose};

const VERSION: u32 = 1;

/// One document with a line break at its end.
pub(crate) fn json(overview: &Overview, shown: impl Fn(&Promise) -> bool) -> String {
    // Its numbers are finite and its keys texts: there is nothing that JSON could not say.
    serde_json::to_string_pretty(&document(overview, shown))
        .map_or_else(|_| String::new(), |text| plain_json(&text) + "\n")
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    engine: &'a str,
    at: String,
    complete: bool,
    doubts: &'a [String],
    headline: String,
    hurting: usize,
    promises: Vec<OnePromise<'a>>,
    checks: Vec<OneCheck<'a>>,
    gate: Vec<OneGate<'a>>,
}

/// The first fields of each entry.
#[derive(Serialize)]
struct OneWhose<'a> {
    service: &'a str,
    namespace: Option<&'a str>,
    environment: Option<&'a str>,
}

#[derive(Serialize)]
struct OnePromise<'a> {
    #[serde(flatten)]
    whose: OneWhose<'a>,
    slo: &'a str,
    standing: &'static str,
    hurts: bool,
    why: String,
    notes: Vec<String>,
    promise: Option<&'a str>,
    owner: Option<&'a str>,
    journey: Option<&'a str>,
    sli: Option<&'a str>,
    status: &'static str,
    objective: Option<String>,
    objective_ratio: Option<f64>,
    window: Option<OneWindow>,
    counted_from: Option<&'static str>,
    events: Option<Counts>,
    sli_ratio: Option<f64>,
    coverage_ratio: Option<f64>,
    budget: Option<Budget>,
    burn_1h: Option<f64>,
    burn_6h: Option<f64>,
    alert: Option<OneAlert<'a>>,
    excluded_ratio: Option<f64>,
    excluded_1h_ratio: Option<f64>,
    pushed_seconds_ago: Option<u64>,
    gone_since: Option<String>,
    spec_mismatch: Option<OneMismatch<'a>>,
    probe: Option<OneCheck<'a>>,
}

#[derive(Serialize)]
struct OneWindow {
    name: String,
    seconds: u64,
    began_at: Option<String>,
}

#[derive(Serialize)]
struct Counts {
    good: u64,
    bad: u64,
    excluded: u64,
}

#[derive(Serialize)]
struct Budget {
    state: &'static str,
    remaining_ratio: Option<f64>,
    basis: &'static str,
    observed_remaining_ratio: Option<f64>,
}

#[derive(Serialize)]
struct OneAlert<'a> {
    state: &'static str,
    from: &'static str,
    why: Option<&'a str>,
}

#[derive(Serialize)]
struct OneMismatch<'a> {
    instances: u64,
    others: u64,
    what: &'a [String],
}

#[derive(Serialize)]
struct OneCheck<'a> {
    #[serde(flatten)]
    whose: OneWhose<'a>,
    seen_by: &'static str,
    check: Option<&'a str>,
    job: Option<&'a str>,
    instance: Option<&'a str>,
    slo: Option<&'a str>,
    state: &'a str,
    fresh: bool,
    data_age_seconds: Option<u64>,
}

#[derive(Serialize)]
struct OneGate<'a> {
    #[serde(flatten)]
    whose: OneWhose<'a>,
    last: Option<&'static str>,
    last_at: Option<String>,
    allowed: u64,
    blocked: u64,
    unknown: u64,
    bypassed: u64,
}

fn document(overview: &Overview, shown: impl Fn(&Promise) -> bool) -> Document<'_> {
    Document {
        version: VERSION,
        engine: &overview.engine,
        at: moment(overview.at),
        complete: overview.doubts.is_empty(),
        doubts: &overview.doubts,
        headline: words::headline(overview),
        hurting: overview.count(crate::status::Group::Hurting),
        promises: overview
            .promises
            .iter()
            .filter(|promise| shown(promise))
            .map(promise)
            .collect(),
        checks: overview.checks.iter().map(check).collect(),
        gate: overview.runs.iter().map(gate).collect(),
    }
}

fn whose(whose: &Whose) -> OneWhose<'_> {
    OneWhose {
        service: &whose.service,
        namespace: whose.namespace.as_deref(),
        environment: whose.environment.as_deref(),
    }
}

fn promise(promise: &Promise) -> OnePromise<'_> {
    let counts = promise.seen.and_then(|seen| seen.counts());
    let hour = promise
        .hour
        .as_ref()
        .filter(|burn| burn.from == crate::status::CountedFrom::Counters);
    OnePromise {
        whose: whose(&promise.whose),
        slo: &promise.slo,
        standing: promise.standing.as_str(),
        hurts: promise.hurts(),
        why: words::why(promise),
        notes: words::notes(promise),
        promise: promise.sentence.as_deref(),
        owner: promise.owner.as_deref(),
        journey: promise.journey.as_deref(),
        sli: promise.sli.as_deref(),
        status: promise.status.as_str(),
        objective: promise.target.map(|target| target.to_string()),
        objective_ratio: promise.target.map(slo_core::Target::as_ratio_f64),
        window: promise.window.map(|window| OneWindow {
            name: window.to_string(),
            seconds: window.length().as_secs(),
            began_at: window.begun().map(moment),
        }),
        counted_from: promise.seen.map(|seen| seen.from.as_str()),
        events: counts.map(|events| Counts {
            good: events.good(),
            bad: events.bad(),
            excluded: events.excluded(),
        }),
        sli_ratio: promise.seen.and_then(|seen| seen.events.sli()).map(Ratio::as_ratio_f64),
        coverage_ratio: promise.seen.map(|seen| seen.coverage.as_ratio_f64()),
        budget: promise.budget.map(|budget| Budget {
            state: budget.state().as_str(),
            remaining_ratio: promise.left(),
            basis: budget.decisive().basis().as_str(),
            observed_remaining_ratio: budget.remaining_ratio_f64(),
        }),
        burn_1h: promise.hour.as_ref().map(rate),
        burn_6h: promise.six_hours.as_ref().map(rate),
        alert: promise.alert.as_ref().map(|alert| OneAlert {
            state: alert.state.as_str(),
            from: alert.from.as_str(),
            why: alert.why.as_deref(),
        }),
        excluded_ratio: counts.and_then(excluded),
        excluded_1h_ratio: hour.and_then(|burn| excluded(burn.events)),
        pushed_seconds_ago: promise.pushed_ago.map(|ago| ago.as_secs()),
        gone_since: promise.gone_since.map(moment),
        spec_mismatch: promise.mismatch.as_ref().map(|mismatch| OneMismatch {
            instances: mismatch.instances,
            others: mismatch.others,
            what: &mismatch.what,
        }),
        probe: promise.probe.as_ref().map(check),
    }
}

fn check(check: &Check) -> OneCheck<'_> {
    let (seen_by, name, job, instance, slo) = match &check.by {
        SeenBy::Inside { check } => ("service", Some(check.as_str()), None, None, None),
        SeenBy::Probe { job, instance, slo } => (
            "probe",
            None,
            Some(job.as_str()),
            Some(instance.as_str()),
            slo.as_deref(),
        ),
    };
    OneCheck {
        whose: whose(&check.whose),
        seen_by,
        check: name,
        job,
        instance,
        slo,
        state: &check.state,
        fresh: check.is_fresh(),
        data_age_seconds: check.data_age.map(|age| age.as_secs()),
    }
}

fn gate(runs: &Runs) -> OneGate<'_> {
    use slo_core::gate::Decision;
    OneGate {
        whose: whose(&runs.whose),
        last: runs.last.map(|(decision, _)| decision.as_str()),
        last_at: runs.last.map(|(_, at)| moment(at)),
        allowed: runs.count(Decision::Allowed),
        blocked: runs.count(Decision::Blocked),
        unknown: runs.count(Decision::Unknown),
        bypassed: runs.count(Decision::Bypassed),
    }
}

fn rate(burn: &Burn) -> f64 {
    burn.rate.as_f64()
}

fn excluded(events: Events) -> Option<f64> {
    words::excluded(events).map(Ratio::as_ratio_f64)
}

fn moment(at: chrono::DateTime<chrono::Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
