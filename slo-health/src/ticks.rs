//! One look at an endpoint per interval, whoever else asks meanwhile.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::{
    health::SyntheticHealth,
    report::{CheckReport, Report},
    verdict::{Reason, State},
};

/// Asks an endpoint at once and then at every interval, through the runner that also answers probes.
pub(crate) struct Ticks {
    health: SyntheticHealth,
    interval: Interval,
}

impl Ticks {
    /// `every` must not be zero. Must be called within a tokio runtime that has its time driver enabled.
    pub(crate) fn new(health: SyntheticHealth, every: Duration) -> Self {
        let mut interval = interval(every);
        // After a suspend or a stalled runtime the present is looked at once, not once for every tick that was missed.
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { health, interval }
    }

    /// Waits for the next tick, then looks; `None` when the runtime shuts down.
    pub(crate) async fn next(&mut self) -> Option<Look> {
        self.interval.tick().await;
        let health = self.health.clone();
        // A task of its own contains a panic of the caller's clock: the next tick must come.
        match tokio::spawn(async move { health.report().await }).await {
            Ok(report) => Some(Look(Some(report))),
            Err(ended) if ended.is_cancelled() => None,
            Err(_panicked) => Some(Look(None)),
        }
    }
}

/// What one look showed; nothing when it panicked.
pub(crate) struct Look(Option<Report>);

/// What one check, or the one that decides for all, said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Found {
    pub(crate) state: State,
    pub(crate) reason: Reason,
}

impl Look {
    /// What the whole endpoint said: what its deciding check says.
    pub(crate) fn whole(&self) -> Found {
        let deciding = self.0.as_ref().map(Report::deciding);
        deciding.map_or(Found::PANICKED, Found::of)
    }

    /// What one check said.
    pub(crate) fn check(&self, name: &str) -> Found {
        let report = self.0.as_ref();
        let asked = report.and_then(|report| report.checks().find(|check| check.name() == name));
        asked.map_or(Found::PANICKED, Found::of)
    }
}

impl Found {
    /// Nothing is known about the data.
    const PANICKED: Self = Self {
        state: State::Error,
        reason: Reason::CheckPanicked,
    };

    fn of(check: &CheckReport) -> Self {
        Self {
            state: check.state(),
            reason: check.verdict().reason(),
        }
    }
}
