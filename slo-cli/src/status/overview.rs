//! What is known of all promises at one moment.

use std::time::Duration;

use chrono::{DateTime, Utc};
use slo_core::alert::AlertState;
use slo_core::gate::Decision;
use slo_core::{BudgetState, BurnRate, ErrorBudget, Events, Ratio, Status, Target};

use super::identity::Whose;
use super::span::Span;
use super::standing::{Group, Standing};

/// The kind of an SLI that is made of others.
pub(crate) const COMPOSITE: &str = "composite";
/// The kind of an SLI whose events an engine counts.
pub(crate) const COUNTED_BY_ENGINE: &str = "prometheus";

/// All promises that were asked for, at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Overview {
    /// Which engine was asked.
    pub engine: String,
    /// The moment that everything is about, by the engine's clock unless another was asked for.
    pub at: DateTime<Utc>,
    /// The promises, what hurts most first, drafts last.
    pub promises: Vec<Promise>,
    /// What services and probes say of the freshness of data, the worst first.
    pub checks: Vec<Check>,
    /// What the deploy gate decided in the last 30 days, by service.
    pub runs: Vec<Runs>,
    /// What could not be seen, and what the engine itself doubts; empty when the answer is whole.
    pub doubts: Vec<String>,
}

/// One promise and how it stands.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Promise {
    /// Whose promise it is.
    pub whose: Whose,
    /// The name of the SLO.
    pub slo: String,
    /// What is promised, in one sentence.
    pub sentence: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The journey that it belongs to.
    pub journey: Option<String>,
    /// The kind of its SLI (`http`, `synthetic`, `events`, `prometheus`, `composite`), where instances say it.
    pub sli: Option<String>,
    /// Whether people agreed to it.
    pub status: Status,
    /// The share of valid events that must be good; `None` when the engine's number is none.
    pub target: Option<Target>,
    /// The window; `None` when the engine's number is none.
    pub window: Option<Span>,
    /// What was counted over the window.
    pub seen: Option<Seen>,
    /// What is left of the budget: observed, or against the whole window where little of it was seen
    /// ([`ErrorBudget::decisive`]).
    pub budget: Option<ErrorBudget>,
    /// How fast the budget burns, over one hour.
    pub hour: Option<Burn>,
    /// How fast the budget burns, over six hours.
    pub six_hours: Option<Burn>,
    /// Who is told.
    pub alert: Option<Alert>,
    /// How long ago the last push came; `None` when none was seen within a day.
    pub pushed_ago: Option<Duration>,
    /// Whether no instance makes the promise any more, although its service still pushes.
    pub removed: bool,
    /// When the promise was seen last, where its whole service has been gone for more than a day. Then no number is asked for.
    pub gone_since: Option<DateTime<Utc>>,
    /// Whether the instances disagree about the definition.
    pub mismatch: Option<Mismatch>,
    /// The probe that watches this SLO, when one says so.
    pub probe: Option<Check>,
    /// How the budget went over the window; only where it was asked for.
    pub burn_down: Option<BurnDown>,
    /// How it stands.
    pub standing: Standing,
}

/// Where counts come from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CountedFrom {
    /// `increase()` of the raw counters: exact on VictoriaMetrics, within 0.02% on Prometheus.
    Counters,
    /// The shares that rules recorded: the numbers of events are not known, and are parts of a trillion here.
    Rules,
}

impl CountedFrom {
    /// The name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counters => "counters",
            Self::Rules => "rules",
        }
    }
}

/// What was counted over a window.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Seen {
    /// The events, or parts of a trillion where only a share was recorded.
    pub events: Events,
    /// Where they come from.
    pub from: CountedFrom,
    /// The share of the window, or of what has passed of a period, for which there are samples.
    pub coverage: Ratio,
}

impl Seen {
    /// The events, where they were counted.
    #[must_use]
    pub fn counts(&self) -> Option<Events> {
        (self.from == CountedFrom::Counters).then_some(self.events)
    }
}

/// How fast a budget burns over some hours.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Burn {
    /// The rate.
    pub rate: BurnRate,
    /// The events, or parts of a trillion where only a share was recorded.
    pub events: Events,
    /// Where they come from.
    pub from: CountedFrom,
}

/// Where it is known from that an alert fires.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AlertFrom {
    /// The engine's rules: `ALERTS`.
    Rules,
    /// No rules run for this SLO: computed from the counters by the standard policy of `slo_core::alert`.
    Computed,
}

impl AlertFrom {
    /// The name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Computed => "computed",
        }
    }
}

/// Whether somebody is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Alert {
    /// What is asked of people.
    pub state: AlertState,
    /// Where that is known from.
    pub from: AlertFrom,
    /// The condition that fires, with its numbers, where it was computed.
    pub why: Option<String>,
}

/// Instances that disagree about a promise. The newest counts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Mismatch {
    /// How many instances make the promise.
    pub instances: u64,
    /// How many at least say something else than what counts.
    pub others: u64,
    /// What they say, like `objective 99.5%`.
    pub what: Vec<String>,
}

/// Who looked at the data.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SeenBy {
    /// The service itself, by a check of this name.
    Inside {
        /// The name of the check.
        check: String,
    },
    /// A probe from outside.
    Probe {
        /// The job.
        job: String,
        /// The address.
        instance: String,
        /// The SLO that it feeds, if it says so.
        slo: Option<String>,
    },
}

/// What was seen of the freshness of data.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Check {
    /// Whose data.
    pub whose: Whose,
    /// Who looked.
    pub by: SeenBy,
    /// The state, in the words of `slo_health_state` or of the probe's seven.
    pub state: String,
    /// How old the newest data is.
    pub data_age: Option<Duration>,
}

impl Check {
    /// Whether the data is as new as promised.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        matches!(self.state.as_str(), "fresh" | "warn")
    }
}

/// What the deploy gate decided of one service.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Runs {
    /// The service.
    pub whose: Whose,
    /// How many runs ended like this; those that none did are left out.
    pub by_decision: Vec<(Decision, u64)>,
    /// The last decision and when it was, to the hour when it is older than a day.
    pub last: Option<(Decision, DateTime<Utc>)>,
}

impl Runs {
    /// How many runs ended like this.
    #[must_use]
    pub fn count(&self, decision: Decision) -> u64 {
        let found = self.by_decision.iter().find(|(each, _)| *each == decision);
        found.map_or(0, |(_, count)| *count)
    }
}

/// How a budget went over its window: what was left of it, at moments in order of time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BurnDown {
    /// When the window begins.
    pub from: DateTime<Utc>,
    /// When it ends: now, or the end of the calendar's period.
    pub to: DateTime<Utc>,
    /// What was left of the budget at moments up to now: 1 untouched, 0 spent, negative when broken; always finite.
    pub left: Vec<(DateTime<Utc>, f64)>,
}

impl Promise {
    /// Whether nobody agreed to it yet.
    #[must_use]
    pub fn is_draft(&self) -> bool {
        self.status == Status::Draft
    }

    /// Whether somebody should do something: never because of a draft.
    #[must_use]
    pub fn hurts(&self) -> bool {
        !self.is_draft() && self.standing.hurts()
    }

    /// Whether it is there: neither gone nor taken out of the spec.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !matches!(self.standing, Standing::Gone | Standing::Removed)
    }

    /// Whether nobody can say that it is kept although somebody should: an agreed promise of which nothing was counted. A
    /// composite has no events of its own; its members say how it stands.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        let is_composite = self.sli.as_deref() == Some(COMPOSITE);
        !self.is_draft() && self.standing == Standing::NoData && !is_composite
    }

    /// Whether it is one of a group.
    #[must_use]
    pub fn is(&self, group: Group) -> bool {
        match group {
            Group::Hurting => self.hurts(),
            Group::Draft => self.is_draft(),
            Group::Standing(standing) => !self.is_draft() && self.standing == standing,
        }
    }

    /// What can be said of its budget.
    #[must_use]
    pub fn budget_state(&self) -> BudgetState {
        self.budget.map_or(BudgetState::NoData, ErrorBudget::state)
    }

    /// The share of the budget that is left (no unit), by the arithmetic of the decisive budget.
    #[must_use]
    pub fn left(&self) -> Option<f64> {
        self.budget?.decisive().remaining_ratio_f64()
    }
}

impl Overview {
    /// How many promises are of a group.
    #[must_use]
    pub fn count(&self, group: Group) -> usize {
        self.promises.iter().filter(|promise| promise.is(group)).count()
    }

    /// How many services there are, whatever their environments.
    #[must_use]
    pub fn services(&self) -> usize {
        let services = self.promises.iter().map(|promise| promise.whose.name());
        services.collect::<std::collections::BTreeSet<_>>().len()
    }
}
