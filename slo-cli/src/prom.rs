//! Asking a Prometheus-compatible engine: Prometheus, VictoriaMetrics, Mimir, Thanos.
//!
//! The format is that of <https://prometheus.io/docs/prometheus/latest/querying/api/>. An answer that is partial, doubted
//! by the engine or not of that format is never taken for numbers: whoever asks gets to see it or an error.

mod access;
mod address;
mod answer;
mod asking;
mod at_once;
mod builder;
mod client;
mod error;
mod login;
mod moment;
mod numbers;
mod reply;
mod retries;
mod said;
mod secrets;
#[cfg(test)]
mod tests;
pub(crate) mod tls;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

pub use self::access::Access;
pub(crate) use self::address::checked as engine_address;
pub(crate) use self::asking::{Asking, Query};
pub use self::builder::EngineBuilder;
pub use self::client::{Engine, Hurried};
pub use self::error::{AskError, EngineError};
pub use self::login::{Login, Secret};
use self::moment::now_of;
pub(crate) use self::numbers::{count, counted, lacking, no_number, outcome_of, share};
pub(crate) use self::said::Said;

/// Whoever answers queries; a trait, so that a verdict can be tested without an engine.
pub trait Ask {
    /// What `query` is at a moment, or now.
    ///
    /// # Errors
    ///
    /// [`AskError`] when no complete answer came.
    fn instant(&self, query: &str, at: Option<DateTime<Utc>>) -> Result<Answered, AskError>;

    /// What `query` was at every step of a stretch of time.
    ///
    /// # Errors
    ///
    /// [`AskError`] when no complete answer came.
    fn range(&self, query: &str, stretch: Stretch) -> Result<History, AskError>;

    /// Where the answers come from, without secrets, for people.
    fn source(&self) -> String;
}

/// What an engine said to one query.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Answered {
    /// One sample for each series, in the engine's order.
    pub series: Vec<Sample>,
    /// The engine's own doubts: warnings, and that the answer is partial.
    pub doubts: Vec<String>,
}

/// A stretch of time and the steps in it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a range query has these three parts")]
pub struct Stretch {
    /// The first moment.
    pub from: DateTime<Utc>,
    /// No moment is later.
    pub to: DateTime<Utc>,
    /// The time between two moments.
    pub step: Duration,
}

/// What an engine said to a query over a stretch of time.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct History {
    /// The series, in the engine's order.
    pub series: Vec<Course>,
    /// The engine's own doubts: warnings, and that the answer is partial.
    pub doubts: Vec<String>,
}

/// One series' value at one moment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sample {
    /// Every label, the metric's name among them as `__name__` unless the query dropped it.
    pub labels: BTreeMap<String, String>,
    /// The value; may be NaN or infinite.
    pub value: f64,
}

/// One series' values over time.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Course {
    /// Every label.
    pub labels: BTreeMap<String, String>,
    /// The values at the moments at which there was one; may be NaN or infinite.
    pub values: Vec<(DateTime<Utc>, f64)>,
}

impl Sample {
    /// A sample, as in a test.
    #[must_use]
    pub fn new<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>, value: f64) -> Self {
        let labels = labels.into_iter();
        Self {
            labels: labels
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            value,
        }
    }

    /// The value of a label; empty when the series lacks it, which is the same in PromQL.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}
