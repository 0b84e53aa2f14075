//! What was seen of a service, with where it was read and how far it can be believed.

use core::time::Duration;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::RuleState;
use crate::window::Seconds;
use crate::{Events, Ratio, Reading, Threshold};

/// Everything that one verdict is made from.
#[derive(Clone, Debug)]
#[must_use]
pub struct Evidence {
    pub(super) requests: Observation<Events>,
    pub(super) latency: Observation<Latency>,
    pub(super) budgets: BTreeMap<String, Observation<Events>>,
    pub(super) recoveries: BTreeMap<String, DateTime<Utc>>,
    pub(super) freshness: Vec<(String, Observation<Freshness>)>,
    pub(super) as_of: Option<DateTime<Utc>>,
}

impl Evidence {
    /// The events and durations of `requests`, over the windows of their rules. Both are always asked for: what could
    /// not be seen is said by [`Observation::unseen`], never left out.
    pub fn new(requests: Observation<Events>, latency: Observation<Latency>) -> Self {
        Self {
            requests,
            latency,
            budgets: BTreeMap::new(),
            recoveries: BTreeMap::new(),
            freshness: Vec::new(),
            as_of: None,
        }
    }

    /// Says at which moment the sources were asked, by their clock: how much of a calendar's period has passed is
    /// reckoned by it, and not by the clock of whoever judges.
    pub fn as_of(mut self, moment: DateTime<Utc>) -> Self {
        self.as_of = Some(moment);
        self
    }

    /// Adds the events of an SLO over its window. An agreed SLO without them is unknown.
    pub fn budget(mut self, slo: impl Into<String>, seen: Observation<Events>) -> Self {
        self.budgets.insert(slo.into(), seen);
        self
    }

    /// Adds when an SLO's budget recovers ([`ErrorBudget::recovery`](crate::ErrorBudget::recovery)), for whoever is
    /// blocked by it.
    pub fn recovers_at(mut self, slo: impl Into<String>, at: DateTime<Utc>) -> Self {
        self.recoveries.insert(slo.into(), at);
        self
    }

    /// Adds a freshness check.
    pub fn freshness(mut self, check: impl Into<String>, seen: Observation<Freshness>) -> Self {
        self.freshness.push((check.into(), seen));
        self
    }
}

/// One answer of one source.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Observation<T> {
    pub(super) source: String,
    pub(super) answer: Result<T, Unseen>,
    pub(super) coverage: Option<Ratio>,
    pub(super) pushed_ago: Option<Duration>,
    pub(super) warnings: Vec<String>,
    pub(super) notes: Vec<String>,
}

impl<T> Observation<T> {
    /// What a source said: the query, or `in-process`.
    pub fn seen(source: impl Into<String>, value: T) -> Self {
        Self::answered(source.into(), Ok(value))
    }

    /// Why a source said nothing that can be used.
    pub fn unseen(source: impl Into<String>, why: Unseen) -> Self {
        Self::answered(source.into(), Err(why))
    }

    /// Says which share of the window was measured, where the source knows.
    pub fn covering(self, coverage: Ratio) -> Self {
        Self {
            coverage: Some(coverage),
            ..self
        }
    }

    /// Says how long ago the newest sample came.
    pub fn pushed_ago(self, age: Duration) -> Self {
        Self {
            pushed_ago: Some(age),
            ..self
        }
    }

    /// Says that the source calls its answer partial, or warns. What it says twice is kept once.
    pub fn warned(mut self, words: impl Into<String>) -> Self {
        let words = words.into();
        if !self.warnings.contains(&words) {
            self.warnings.push(words);
        }
        self
    }

    /// Adds what a reader should know of the answer, which casts no doubt on it: that it was interpolated, say.
    pub fn noted(mut self, words: impl Into<String>) -> Self {
        self.notes.push(words.into());
        self
    }

    fn answered(source: String, answer: Result<T, Unseen>) -> Self {
        Self {
            source,
            answer,
            coverage: None,
            pushed_ago: None,
            warnings: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Why the answer cannot be judged, and what that makes of its rule.
    ///
    /// Warnings come first: a partial answer can hide a series that exists, and with it the news that it was ever seen.
    pub(super) fn doubt(&self, oldest_push: Duration) -> Option<(RuleState, String)> {
        if !self.warnings.is_empty() {
            let words = format!(
                "the answer is partial or doubted by its source: {}",
                self.warnings.join("; ")
            );
            return Some((RuleState::Unknown, words));
        }
        if let Err(unseen) = &self.answer {
            return Some((unseen.state(), unseen.to_string()));
        }
        if let Some(age) = self.pushed_ago.filter(|age| *age > oldest_push) {
            let (age, most) = (Seconds(age.as_secs()), Seconds(oldest_push.as_secs()));
            let words = format!("the last push is {age} old, more than {most}");
            return Some((RuleState::Unknown, words));
        }
        if self.coverage.is_some_and(|coverage| coverage.part() == 0) {
            return Some((RuleState::Unknown, "nothing of the window was measured".to_owned()));
        }
        None
    }
}

impl Observation<Events> {
    /// What a tracker of this process saw.
    pub fn in_process(reading: Reading) -> Self {
        Self {
            coverage: reading.coverage(),
            ..Self::seen("in-process", reading.events())
        }
    }
}

/// Why a source said nothing that can be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unseen {
    /// It could not be asked, or refused; holds its words.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// It answered in full, and no such series existed in the whole window: the deploy that adds us.
    #[error("never seen in the window: is this the deploy that adds it?")]
    NeverSeen,
    /// The series existed in the window and has no sample now.
    #[error("the series existed and vanished")]
    Vanished,
    /// It answered, and what it has of the service goes by other labels than those that were asked for; holds what to do.
    #[error("its series are there under other labels: {0}")]
    OtherLabels(String),
    /// Several environments match; holds them.
    #[error("several environments match: {}; name one", .0.join(", "))]
    Environments(Vec<String>),
    /// Several namespaces match: services of the same name; holds them.
    #[error("several namespaces match: {}; name one", .0.join(", "))]
    Namespaces(Vec<String>),
    /// It answered, and the answers do not settle it: they contradict each other, or leave open what matters; holds why.
    #[error("{0}")]
    Unclear(String),
}

impl Unseen {
    fn state(&self) -> RuleState {
        match self {
            Self::NeverSeen => RuleState::Warn,
            Self::NoAnswer(_) | Self::OtherLabels(_) | Self::Vanished | Self::Environments(_) => RuleState::Unknown,
            Self::Namespaces(_) | Self::Unclear(_) => RuleState::Unknown,
        }
    }
}

/// How fast `requests` were.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Latency {
    /// Exact: good events took at most `limit`, bad ones longer, as a histogram with that bucket boundary knows. The p95
    /// is under the limit when 95% are good; an event of exactly the limit is in the bucket.
    Counts {
        /// The boundary.
        limit: Threshold,
        /// The events on both sides of it.
        events: Events,
    },
    /// A 95th percentile, as a sketch estimates it.
    P95 {
        /// The duration.
        p95: Duration,
        /// The number of events behind it.
        events: u64,
    },
}

/// What a freshness check says.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Freshness {
    /// The data meets its policy.
    Fresh,
    /// It does not, or nobody knows; holds the check's words.
    NotFresh(String),
}
