//! What the alerts of an SLO say, in words and numbers.

use serde::Serialize;
use slo_core::BurnWindow;
use slo_core::alert::{AlertState, Alerts, Evaluation, ExcludedShare, Judged, Severity, Verdict, WindowBurn};

/// Whether somebody should be told, and why.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct AlertStatus {
    /// `ok`, `ticket` or `page`.
    pub state: AlertState,
    /// Whether it is a draft, of which nobody is told.
    pub silent: bool,
    /// Whether somebody is told of changes, that is whether [`Reliability::run`](crate::Reliability::run) runs. Without
    /// it this is what a first evaluation would say.
    pub watched: bool,
    /// The conditions that fire.
    pub reasons: Vec<AlertReason>,
    /// The conditions that would fire if a few bad events were enough.
    pub held_back: Vec<AlertReason>,
    /// What was excluded lately; `None` where nobody watches it: only of requests.
    pub excluded: Option<ExcludedStatus>,
}

/// The share of excluded events: much of it, and the budget says little of what users feel.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ExcludedStatus {
    /// `fires` (a ticket), `too_few` or `quiet`.
    pub verdict: Verdict,
    /// All of it in one sentence.
    pub sentence: String,
    /// The window.
    pub window: BurnWindow,
    /// Excluded events as a share of all; `None` without an event.
    pub ratio: Option<f64>,
    /// The share that must be exceeded.
    pub limit_ratio: f64,
}

/// One condition with the numbers that it was judged by.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct AlertReason {
    /// `ticket` or `page`.
    pub severity: Severity,
    /// `fires`, `unresolved` (it fired, and no event since shows that it ended) or `too_few` (held back).
    pub verdict: Verdict,
    /// All of it in one sentence.
    pub sentence: String,
    /// The window in which enough of the budget must be spent.
    pub long: AlertWindow,
    /// The window in which it must still be being spent.
    pub short: AlertWindow,
}

/// One window of a condition.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct AlertWindow {
    /// The window.
    pub window: BurnWindow,
    /// The burn rate, the time not measured taken as free of bad events; `None` without a valid event.
    pub rate: Option<f64>,
    /// Bad events in it.
    pub bad: u64,
    /// Valid events in it.
    pub valid: u64,
    /// How much of it was measured, in seconds.
    pub measured_seconds: u64,
}

impl AlertStatus {
    pub(crate) fn new(alerts: &Alerts, evaluation: &Evaluation, watched: bool) -> Self {
        Self {
            state: evaluation.state(),
            silent: alerts.is_silent(),
            watched,
            reasons: evaluation.reasons().map(AlertReason::new).collect(),
            held_back: evaluation.held_back().map(AlertReason::new).collect(),
            excluded: evaluation.excluded().map(ExcludedStatus::new),
        }
    }
}

impl ExcludedStatus {
    pub(crate) fn new(share: ExcludedShare) -> Self {
        Self {
            verdict: share.verdict(),
            sentence: share.to_string(),
            window: share.window(),
            ratio: share.ratio().map(slo_core::Ratio::as_ratio_f64),
            limit_ratio: share.limit().as_ratio().as_ratio_f64(),
        }
    }
}

impl AlertReason {
    pub(crate) fn new(judged: &Judged) -> Self {
        Self {
            severity: judged.condition().severity(),
            verdict: judged.verdict(),
            sentence: judged.to_string(),
            long: AlertWindow::new(judged.long()),
            short: AlertWindow::new(judged.short()),
        }
    }
}

impl AlertWindow {
    fn new(burn: WindowBurn) -> Self {
        Self {
            window: burn.window(),
            rate: burn.rate().map(slo_core::BurnRate::as_f64),
            bad: burn.events().bad(),
            valid: burn.events().valid(),
            measured_seconds: burn.covered().as_secs(),
        }
    }
}
