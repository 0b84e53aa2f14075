//! The body of a verdict, in the format of [draft-inadarei-api-health-check-06].
//!
//! [draft-inadarei-api-health-check-06]: https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06

use axum::body::Body;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};

use crate::{
    details::Details,
    report::{CheckReport, Report},
    verdict::{Signal, State},
};

/// One word, and what is granted.
pub(crate) fn body(report: &Report, granted: Option<Details>) -> Body {
    let state = report.state();
    let detailed = granted.and_then(|details| {
        let whole = Whole {
            status: status(state),
            checks: Checks { report, details },
        };
        serde_json::to_vec(&whole).ok()
    });
    detailed.map_or_else(|| Body::from(one_word(state)), Body::from)
}

#[derive(Serialize)]
struct Whole<'a> {
    status: &'static str,
    checks: Checks<'a>,
}

/// An object of arrays, keyed by `component:measurement`; names of checks have no colon.
struct Checks<'a> {
    report: &'a Report,
    details: Details,
}

impl Serialize for Checks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.report.checks().map(|check| {
            let measurement = if check.subject().is_custom() { "state" } else { "age" };
            (
                format!("{}:{measurement}", check.name()),
                [Entry::new(check, self.details)],
            )
        }))
    }
}

/// `status`, `observedValue`, `observedUnit`, `time` and `output` are the draft's; its section 4 allows keys of one's own.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    status: &'static str,
    state: &'static str,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    advisory: Option<bool>,
    /// In a quiet time the state counts for no promise.
    #[serde(skip_serializing_if = "Option::is_none")]
    quiet: Option<bool>,
    /// `error` or `timeout` when the last read failed, whatever is still proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_read: Option<&'static str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    full: Option<Full<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Full<'a> {
    /// One sentence for people.
    explanation: String,
    /// What decided: `age`, `rows`, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<&'static str>,
    /// The age of the data, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_unit: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    watermark: Option<String>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<f64>,
    /// The day, week or month whose batch is due next or was missed first.
    #[serde(skip_serializing_if = "Option::is_none")]
    cycle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_needed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof_until: Option<String>,
    /// When the state changes if nothing lands.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_change: Option<String>,
    /// Also beside `pass`, where the draft would rather not have it: a proof that stands in for a read that fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a str>,
}

impl<'a> Entry<'a> {
    fn new(check: &'a CheckReport, details: Details) -> Self {
        Self {
            status: status(check.state()),
            state: check.verdict().state().as_str(),
            reason: check.verdict().reason().as_str(),
            advisory: check.is_advisory().then_some(true),
            quiet: check.verdict().quiet().then_some(true),
            last_read: check.last_failure().map(|failure| failure.state().as_str()),
            full: match details {
                Details::Names => None,
                Details::Full => Some(Full::new(check)),
            },
        }
    }
}

impl<'a> Full<'a> {
    fn new(check: &'a CheckReport) -> Self {
        let verdict = check.verdict();
        let age = verdict.age().map(|age| age.as_secs_f64());
        Self {
            explanation: verdict.explain().to_string(),
            signal: verdict.signal().map(Signal::as_str),
            observed_value: age,
            observed_unit: age.map(|_| "s"),
            time: check.last_seen_at().map(instant),
            watermark: verdict.watermark().map(instant),
            limit: verdict.limit().map(|limit| limit.as_secs_f64()),
            cycle: verdict.cycle().map(|cycle| cycle.to_string()),
            deadline: verdict.deadline().map(instant),
            rows: verdict.rows(),
            rows_needed: verdict.rows_needed(),
            proof_until: verdict.proof_until().map(instant),
            next_change: verdict.next_change().map(instant),
            output: check.output(),
        }
    }
}

/// The words of the draft, section 3.1: `warn` goes with 2xx, `fail` with 4xx and 5xx.
const fn status(state: State) -> &'static str {
    match state {
        State::Fresh => "pass",
        State::Warn => "warn",
        State::Stale | State::Empty | State::Invalid | State::Error | State::Timeout => "fail",
    }
}

const fn one_word(state: State) -> &'static str {
    match state {
        State::Fresh => r#"{"status":"pass"}"#,
        State::Warn => r#"{"status":"warn"}"#,
        State::Stale | State::Empty | State::Invalid | State::Error | State::Timeout => r#"{"status":"fail"}"#,
    }
}

fn instant(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
