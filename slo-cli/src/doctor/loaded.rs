//! The rules that an engine has loaded, as it tells them: the API of Prometheus, which vmalert speaks as well.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;

/// One rule.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub(super) name: String,
    pub(super) query: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    /// How long it must be so before it fires, and how long it fires on; nothing of a rule that records.
    pub(super) lasting: Duration,
    pub(super) keeps_firing: Duration,
    /// What went wrong at the last evaluation.
    pub(super) error: Option<String>,
    /// `None` before the first.
    pub(super) evaluated: Option<DateTime<Utc>>,
    /// Between two evaluations, in seconds.
    pub(super) interval: f64,
}

#[derive(Deserialize)]
struct Reply {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    interval: f64,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    name: String,
    query: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    /// In seconds. vmalert has it of rules that record as well.
    #[serde(default)]
    duration: f64,
    /// Prometheus writes it in one word, vmalert with lines between.
    #[serde(default, alias = "keep_firing_for")]
    keep_firing_for: f64,
    #[serde(default)]
    last_error: String,
    last_evaluation: Option<DateTime<Utc>>,
}

/// The rules of an answer; `None` of what is none.
pub(super) fn read(body: &[u8]) -> Option<Vec<Loaded>> {
    let reply: Reply = serde_json::from_slice(body).ok()?;
    let groups = reply.data.groups.into_iter();
    let rules = groups.flat_map(|group| group.rules.into_iter().map(move |rule| rule.loaded(group.interval)));
    Some(rules.collect())
}

/// A length in seconds; none of what is none.
fn length(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

impl Rule {
    fn loaded(self, interval: f64) -> Loaded {
        Loaded {
            name: self.name,
            query: self.query,
            labels: self.labels,
            annotations: self.annotations,
            lasting: length(self.duration),
            keeps_firing: length(self.keep_firing_for),
            error: Some(self.last_error).filter(|words| !words.is_empty()),
            // Go's zero time stands for never.
            evaluated: self.last_evaluation.filter(|at| at.timestamp() > 0),
            interval,
        }
    }
}
