//! What comes out of a simulation.

use core::time::Duration;

use crate::alert::{AlertState, Evaluation};
use crate::gate::Verdict;
use crate::{BudgetState, ErrorBudget, Ratio, Tick};

/// What happened, in order of time.
///
/// Changes are dated to the evaluation that noticed them, up to one interval after the fact.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Timeline {
    pub(super) started: Tick,
    pub(super) unseen: Duration,
    pub(super) alerts: Vec<AlertChange>,
    pub(super) budgets: Vec<BudgetChange>,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) looks: Vec<Look>,
    pub(super) end: Look,
}

impl Timeline {
    /// Where it began.
    pub const fn started(&self) -> Tick {
        self.started
    }

    /// What one saw at its end, the moment of the last sample.
    pub const fn end(&self) -> &Look {
        &self.end
    }

    /// The share of its time that was no gap; `None` without a sample.
    #[must_use]
    pub fn coverage(&self) -> Option<Ratio> {
        let all = self.end.at.since(self.started);
        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).ok();
        Ratio::new(nanos(all.saturating_sub(self.unseen))?, nanos(all)?)
    }

    /// The changes of the alert state, which begins as [`AlertState::Ok`].
    pub fn alert_changes(&self) -> &[AlertChange] {
        &self.alerts
    }

    /// The changes of the budget's state, beginning with the first evaluation.
    ///
    /// The moment in which a calendar period begins, of which nothing has passed, is none of them.
    pub fn budget_changes(&self) -> &[BudgetChange] {
        &self.budgets
    }

    /// The gate's answers on a deploy, the first and whenever the decision changed: in the rules' mode, or as the rules
    /// alone would have it. Empty without a gate.
    pub fn gate_changes(&self) -> &[Verdict] {
        &self.verdicts
    }

    /// What one saw at the moments asked for.
    pub fn looks(&self) -> &[Look] {
        &self.looks
    }

    /// When somebody was paged, from the page's beginning to its end.
    pub fn pages(&self) -> impl Iterator<Item = Span> {
        self.alerts_in(AlertState::Page)
    }

    /// When there was a ticket and no page: while both fire, people are told of the page.
    pub fn tickets(&self) -> impl Iterator<Item = Span> {
        self.alerts_in(AlertState::Ticket)
    }

    /// When the budget was spent, from the moment of exhaustion to that of recovery.
    pub fn exhaustions(&self) -> impl Iterator<Item = Span> {
        let is_exhausted = |change: &BudgetChange| change.budget.state() == BudgetState::Exhausted;
        spans(&self.budgets, self.end.at, |change| change.at, is_exhausted)
    }

    /// How long after a moment, a deploy or the beginning of an incident, the alert state was at least this; zero when
    /// it was then, `None` when it never was.
    #[must_use]
    pub fn delay(&self, least: AlertState, after: Tick) -> Option<Duration> {
        let begun = (self.started, AlertState::Ok);
        let changes = self.alerts.iter().map(|change| (change.at, change.to()));
        let states: Vec<_> = core::iter::once(begun).chain(changes).collect();
        // What was so at that moment, and all that came later.
        let first = states.partition_point(|(at, _)| *at <= after).saturating_sub(1);
        let mut later = states[first..].iter().filter(|(_, state)| *state >= least);
        later.next().map(|(at, _)| at.since(after))
    }

    fn alerts_in(&self, state: AlertState) -> impl Iterator<Item = Span> {
        spans(
            &self.alerts,
            self.end.at,
            |change| change.at,
            move |change| change.to() == state,
        )
    }
}

/// How long each change lasted that is to something wanted; no two in a row are.
fn spans<C>(
    changes: &[C],
    end: Tick,
    at: impl Fn(&C) -> Tick,
    is_wanted: impl Fn(&C) -> bool,
) -> impl Iterator<Item = Span> {
    let places = (0..changes.len()).filter(move |place| is_wanted(&changes[*place]));
    places.map(move |place| {
        let next = changes.get(place + 1).map(&at);
        Span {
            from: at(&changes[place]),
            to: next.unwrap_or(end),
            is_open: next.is_none(),
        }
    })
}

/// One change of the alert state.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct AlertChange {
    pub(super) at: Tick,
    pub(super) from: AlertState,
    pub(super) evaluation: Evaluation,
}

impl AlertChange {
    /// When it was noticed.
    pub const fn at(&self) -> Tick {
        self.at
    }

    /// The state before.
    #[must_use]
    pub const fn from(&self) -> AlertState {
        self.from
    }

    /// The state from then on; never the one before.
    #[must_use]
    pub fn to(&self) -> AlertState {
        self.evaluation.state()
    }

    /// Why: the numbers of every condition.
    pub const fn evaluation(&self) -> &Evaluation {
        &self.evaluation
    }
}

/// One change of the budget's state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct BudgetChange {
    pub(super) at: Tick,
    pub(super) budget: ErrorBudget,
}

impl BudgetChange {
    /// When it was noticed.
    pub const fn at(&self) -> Tick {
        self.at
    }

    /// The budget then, with its state.
    pub const fn budget(&self) -> ErrorBudget {
        self.budget
    }
}

/// What one saw at a moment.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Look {
    pub(super) at: Tick,
    pub(super) budget: ErrorBudget,
    pub(super) alert: AlertState,
    pub(super) verdict: Option<Verdict>,
}

impl Look {
    /// The moment.
    pub const fn at(&self) -> Tick {
        self.at
    }

    /// The budget of the SLO's window, exact, with its coverage.
    pub const fn budget(&self) -> ErrorBudget {
        self.budget
    }

    /// The alert state of the last evaluation.
    #[must_use]
    pub const fn alert(&self) -> AlertState {
        self.alert
    }

    /// The gate's answer on a deploy; `None` without a gate.
    #[must_use]
    pub const fn verdict(&self) -> Option<&Verdict> {
        self.verdict.as_ref()
    }
}

/// A stretch of time in which something was so.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[must_use]
pub struct Span {
    from: Tick,
    to: Tick,
    is_open: bool,
}

impl Span {
    /// Where it began.
    pub const fn from(&self) -> Tick {
        self.from
    }

    /// Where it ended: the first moment at which it was no longer so, or the timeline's end.
    pub const fn to(&self) -> Tick {
        self.to
    }

    /// Whether it was still so at the timeline's end.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.is_open
    }

    /// How long it lasted, as far as the timeline knows.
    #[must_use]
    pub const fn length(&self) -> Duration {
        self.to.since(self.from)
    }

    /// Whether it has a moment in common with the time from one moment to another, both included.
    #[must_use]
    pub fn meets(&self, from: Tick, to: Tick) -> bool {
        self.from <= to && (from < self.to || self.is_open)
    }
}
