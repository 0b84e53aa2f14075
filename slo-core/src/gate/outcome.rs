//! What one rule makes of what was seen.

use core::fmt;

use chrono::{DateTime, Utc};

use crate::{BudgetBasis, Events, Ratio, Window};

/// One rule's part of a verdict.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RuleOutcome {
    /// Which rule.
    pub name: RuleName,
    /// What it judged: `requests`, an SLO or a check.
    pub subject: String,
    /// What it found.
    pub state: RuleState,
    /// The promise in one sentence, of an SLO that has one.
    pub promise: Option<String>,
    /// Who answers for it, if named.
    pub owner: Option<String>,
    /// What was measured, where it was.
    pub value: Option<Figure>,
    /// What it had to be below, or above in the case of `budget` and of latency counts.
    pub limit: Option<Figure>,
    /// How far it is on the right side of the limit: negative for a breach. Exactly on the limit it is 0, which is a
    /// breach too, except for latency counts, which may be right at 95%.
    pub margin: Option<Figure>,
    /// The events behind it, where they were counted.
    pub events: Option<Events>,
    /// The period it looked at.
    pub window: Option<Window>,
    /// The share of that period that was measured, 0 to 1, where the source knows.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "coverage_ratio", serialize_with = "coverage_ratio")
    )]
    pub coverage: Option<Ratio>,
    /// Which budget was judged.
    pub basis: Option<BudgetBasis>,
    /// When the budget is expected to be above its limit again.
    pub recovers_at: Option<DateTime<Utc>>,
    /// Where it was read: the query, or `in-process`.
    pub source: String,
    /// All of this for people.
    pub sentence: String,
    /// What could not be seen, and whatever else weakens the finding.
    pub caveats: Vec<String>,
}

/// The rules.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum RuleName {
    /// The share of `requests` that were bad.
    BadRatio,
    /// The 95th percentile of their durations.
    P95,
    /// What is left of an SLO's error budget.
    Budget,
    /// The age of data; warns only.
    Freshness,
}

impl RuleName {
    /// The rule's name, as in specs and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRatio => "bad_ratio",
            Self::P95 => "p95",
            Self::Budget => "budget",
            Self::Freshness => "freshness",
        }
    }
}

/// What a rule found.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum RuleState {
    /// It holds.
    Pass,
    /// Too little happened to judge: it passes.
    Idle,
    /// It passes, and somebody should read why.
    Warn,
    /// It could not be judged.
    Unknown,
    /// It is breached, and that is proven.
    Fail,
}

impl RuleState {
    /// The state's name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Idle => "idle",
            Self::Warn => "warn",
            Self::Unknown => "unknown",
            Self::Fail => "fail",
        }
    }

    /// The same for a rule that may not stop anybody.
    pub(super) const fn softened(self) -> Self {
        match self {
            Self::Fail | Self::Unknown => Self::Warn,
            Self::Pass | Self::Idle | Self::Warn => self,
        }
    }
}

/// A number with its unit; always finite.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Figure {
    /// A share, 1 for everything.
    Ratio(f64),
    /// A time in seconds.
    Seconds(f64),
}

/// As people read it: `0.5%`, `800ms`.
impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self {
            Self::Ratio(ratio) => (ratio * 100.0, "%"),
            Self::Seconds(seconds) => (seconds * 1_000.0, "ms"),
        };
        let text = format!("{number:.4}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        write!(f, "{}{unit}", if text == "-0" { "0" } else { text })
    }
}

impl RuleOutcome {
    /// A rule about which nothing is known yet.
    pub(super) fn new(name: RuleName, subject: &str, source: &str) -> Self {
        Self {
            name,
            subject: subject.to_owned(),
            state: RuleState::Unknown,
            promise: None,
            owner: None,
            value: None,
            limit: None,
            margin: None,
            events: None,
            window: None,
            coverage: None,
            basis: None,
            recovers_at: None,
            source: source.to_owned(),
            sentence: String::new(),
            caveats: Vec::new(),
        }
    }

    /// The same with its finding.
    pub(super) fn found(self, state: RuleState, sentence: impl Into<String>) -> Self {
        Self {
            state,
            sentence: sentence.into(),
            ..self
        }
    }

    /// The same with its numbers.
    pub(super) fn figures(self, value: Figure, limit: Figure, margin: Figure) -> Self {
        Self {
            value: Some(value),
            limit: Some(limit),
            margin: Some(margin),
            ..self
        }
    }

    /// Rule and subject: `budget of browse-availability`, `p95`.
    #[must_use]
    pub fn title(&self) -> String {
        match self.name {
            RuleName::BadRatio | RuleName::P95 => self.name.as_str().to_owned(),
            RuleName::Budget | RuleName::Freshness => format!("{} of {}", self.name.as_str(), self.subject),
        }
    }
}

#[cfg(feature = "serde")]
fn coverage_ratio<S: serde::Serializer>(coverage: &Option<Ratio>, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&coverage.map(Ratio::as_ratio_f64), serializer)
}
