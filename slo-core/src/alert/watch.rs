//! Alerts over time: what changed, told once.

use core::fmt;

use super::{AlertMemory, AlertState, Alerts, Evaluation, Seen};
use crate::{BurnWindow, Tick, Tracker};

/// One change of an SLO's alert state.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Transition<'a> {
    from: AlertState,
    at: Tick,
    evaluation: &'a Evaluation,
}

impl<'a> Transition<'a> {
    /// The state before.
    #[must_use]
    pub const fn from(&self) -> AlertState {
        self.from
    }

    /// The state now; never the one before.
    #[must_use]
    pub fn to(&self) -> AlertState {
        self.evaluation.state()
    }

    /// When it was noticed.
    pub const fn at(&self) -> Tick {
        self.at
    }

    /// Why: the numbers of every condition.
    pub const fn evaluation(&self) -> &'a Evaluation {
        self.evaluation
    }
}

/// Who is told of changes: any closure over a [`Transition`].
pub trait AlertListener {
    /// Called once per change, after the watch has taken it over: a panic here is not repeated at the next evaluation.
    fn changed(&mut self, transition: &Transition<'_>);
}

impl<F: FnMut(&Transition<'_>)> AlertListener for F {
    fn changed(&mut self, transition: &Transition<'_>) {
        self(transition);
    }
}

/// [`Alerts`] with a memory: evaluated again and again, it tells a listener of changes only.
///
/// It begins at [`AlertState::Ok`]. A condition that fired goes on while its long window is over the limit and its
/// short one is empty: no traffic is not success, and a service with two requests an hour would else page at each of
/// them. A draft's listener is never called; its state can be read.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use slo_core::alert::{AlertPolicy, AlertState, AlertWatch, Transition};
/// use slo_core::{Outcome, Tick, Tracker, Window};
///
/// let start = Tick::from_unix_seconds(1_767_225_600);
/// let tracker = Tracker::new(Window::days(30)?, start);
/// let alerts = AlertPolicy::standard().resolve("99.9%".parse()?, Window::days(30)?);
///
/// let mut told = Vec::new();
/// let mut watch = AlertWatch::new(alerts, |change: &Transition<'_>| told.push((change.from(), change.to())));
/// for second in 0..120 {
///     let now = start + Duration::from_secs(second);
///     tracker.record(now, Outcome::Bad);
///     watch.evaluate_tracker(&tracker, now);
/// }
/// assert_eq!(watch.state(), AlertState::Page); // after 52 s
/// drop(watch);
/// assert_eq!(told, [(AlertState::Ok, AlertState::Page)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct AlertWatch<L> {
    alerts: Alerts,
    /// What fired at the last evaluation, of this process or of the one before it.
    fired: AlertMemory,
    last: Option<Evaluation>,
    listener: L,
}

impl<L: AlertListener> AlertWatch<L> {
    /// Watches from now on.
    pub fn new(alerts: Alerts, listener: L) -> Self {
        Self::resume(alerts, listener, &AlertMemory::default())
    }

    /// Goes on from what another watch [remembered](AlertWatch::memory): an alert that was told before a restart is not
    /// told again, and its end is told once. What `alerts` no longer have is forgotten.
    pub fn resume(alerts: Alerts, listener: L, memory: &AlertMemory) -> Self {
        Self {
            fired: memory.of(&alerts),
            alerts,
            last: None,
            listener,
        }
    }

    /// Judges every condition, as [`Alerts::evaluate`], and tells the listener if the state changed.
    pub fn evaluate<S: Into<Seen>>(&mut self, at: Tick, seen: impl FnMut(BurnWindow) -> S) -> &Evaluation {
        let from = self.state();
        let evaluation = Evaluation::of(&self.alerts, |condition| self.fired.holds(condition), seen);
        let evaluation = evaluation.at(&self.alerts, at);
        self.fired = AlertMemory::after(&evaluation);
        let evaluation = &*self.last.insert(evaluation);
        if evaluation.state() != from && !self.alerts.is_silent() {
            self.listener.changed(&Transition { from, at, evaluation });
        }
        evaluation
    }

    /// Judges every condition by a tracker's counts, and tells the listener if the state changed.
    pub fn evaluate_tracker(&mut self, tracker: &Tracker, now: Tick) -> &Evaluation {
        self.evaluate(now, |window| tracker.read_last(now, window))
    }
}

impl<L> AlertWatch<L> {
    /// The state of the last evaluation; before the first the one that it [resumed](Self::resume) from, else
    /// [`AlertState::Ok`].
    #[must_use]
    pub fn state(&self) -> AlertState {
        self.fired.state()
    }

    /// What fires, to go on from in another process.
    pub const fn memory(&self) -> &AlertMemory {
        &self.fired
    }

    /// The last evaluation of this watch.
    #[must_use]
    pub const fn last(&self) -> Option<&Evaluation> {
        self.last.as_ref()
    }

    /// What is watched.
    pub const fn alerts(&self) -> &Alerts {
        &self.alerts
    }

    /// Who is told.
    #[must_use]
    pub const fn listener(&self) -> &L {
        &self.listener
    }

    /// Who is told: for one that collects what it is told.
    pub const fn listener_mut(&mut self) -> &mut L {
        &mut self.listener
    }
}

impl<L> fmt::Debug for AlertWatch<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertWatch")
            .field("alerts", &self.alerts)
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}
