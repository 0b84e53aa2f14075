//! Alerts over time: evaluated at each step, told when they change.

use std::fmt;

use chrono::{DateTime, Utc};
use slo_core::alert::{AlertListener, AlertMemory, AlertState, AlertWatch, Alerts, Evaluation, Transition};
use slo_core::{Slo, Tick, Tracker};

use crate::status::{AlertReason, BudgetStatus, ExcludedStatus};

/// What is told when the alert state of an SLO changes. Displays as a line for people.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AlertChange {
    /// The SLO's name.
    pub slo: String,
    /// Its promise in one sentence.
    pub promise: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The state before.
    pub from: AlertState,
    /// The state now.
    pub to: AlertState,
    /// When it was noticed.
    pub at: DateTime<Utc>,
    /// What fires, in words and numbers; empty when nothing does any more.
    pub reasons: Vec<AlertReason>,
    /// What was excluded lately, if it is too much.
    pub excluded: Option<ExcludedStatus>,
    /// What is left of the budget in this process.
    pub budget: BudgetStatus,
}

/// As in `browse: ok -> page: the budget burns at ...; 62.5% of the budget is left`.
impl fmt::Display for AlertChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} -> {}", self.slo, self.from, self.to)?;
        for reason in &self.reasons {
            write!(f, "; {}", reason.sentence)?;
        }
        if let Some(excluded) = &self.excluded {
            write!(f, "; {}", excluded.sentence)?;
        }
        match self.budget.remaining_ratio {
            Some(left) => write!(f, "; {:.1}% of the budget is left", left * 100.0),
            None => f.write_str("; no event says what is left of the budget"),
        }
    }
}

/// An alert watch that keeps a change until somebody can be told outside of the lock.
pub(crate) type Watch = AlertWatch<Pending>;

/// A change that nobody was told of yet.
#[derive(Debug, Default)]
pub(crate) struct Pending(Option<(AlertState, Tick, Evaluation)>);

impl AlertListener for Pending {
    fn changed(&mut self, transition: &Transition<'_>) {
        self.0 = Some((transition.from(), transition.at(), transition.evaluation().clone()));
    }
}

pub(super) fn watch(alerts: Alerts, memory: &AlertMemory) -> Watch {
    AlertWatch::resume(alerts, Pending::default(), memory)
}

/// Evaluates one SLO's alerts; what is to be told, if anything.
pub(super) fn evaluate(watch: &mut Watch, slo: &Slo, tracker: &Tracker, now: Tick) -> Option<AlertChange> {
    let _state = watch.evaluate_tracker(tracker, now).state();
    let (from, at, evaluation) = watch.listener_mut().0.take()?;
    Some(AlertChange {
        slo: slo.name().to_owned(),
        promise: slo.promise_sentence().map(ToOwned::to_owned),
        owner: slo.owner_name().map(ToOwned::to_owned),
        from,
        to: evaluation.state(),
        at: at.into(),
        reasons: evaluation.reasons().map(AlertReason::new).collect(),
        excluded: evaluation
            .excluded()
            .filter(|share| share.verdict().is_firing())
            .map(ExcludedStatus::new),
        budget: BudgetStatus::new(slo, tracker, now),
    })
}

/// Says it to whoever reads the log.
pub(super) fn log(change: &AlertChange) {
    let told = change.to_string();
    let (slo, promise, owner) = (&change.slo, change.promise.as_deref(), change.owner.as_deref());
    let (from, to) = (change.from.as_str(), change.to.as_str());
    let burn_rate = change.reasons.first().and_then(|reason| reason.long.rate);
    let budget_left = change.budget.remaining_ratio;
    match change.to {
        AlertState::Page => tracing::error!(slo, promise, owner, from, to, burn_rate, budget_left, "{told}"),
        AlertState::Ticket => tracing::warn!(slo, promise, owner, from, to, burn_rate, budget_left, "{told}"),
        _ => tracing::info!(slo, promise, owner, from, to, budget_left, "{told}"),
    }
}
