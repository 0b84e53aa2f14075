//! A run of a check on its way, those who wait for it, and how it lands.

use std::{mem, sync::Arc, time::Duration};

use tokio::{
    runtime::Handle,
    sync::watch,
    time::{Instant, timeout},
};

use crate::{
    finding::Seen,
    moment::Moment,
    read::{self, Lost},
    reading::{Known, Pace, Reading},
    report::CheckReport,
    runner::Runner,
    verdict::{Failure, State},
};

/// A run in flight, as those who wait for it see it.
#[derive(Clone, Debug)]
pub(crate) struct Flight {
    started: Instant,
    /// Never sends; it closes when the run has landed.
    landed: watch::Receiver<()>,
}

/// The first half of an answer, made without waiting.
pub(crate) enum Answer {
    Ready(CheckReport),
    Awaited(Awaited),
}

/// An answer that needs the run in flight.
pub(crate) struct Awaited {
    pub(crate) runner: Arc<Runner>,
    pub(crate) flight: Flight,
}

/// The duty to put the result of a run into its slot, whatever becomes of the run.
pub(crate) struct Landing {
    runner: Arc<Runner>,
    started: Moment,
    confirms: bool,
    is_bad: bool,
    accuses: bool,
    outcome: Result<Seen, Lost>,
    /// Dropped after `drop` has run, so that those who wait find the reading in the slot.
    _landed: watch::Sender<()>,
}

impl Flight {
    pub(crate) fn is_overdue(&self, pace: &Pace, at: Instant) -> bool {
        at.duration_since(self.started) >= pace.timeout
    }

    /// An error says that the sender is gone, which is the landing.
    fn has_landed(&self) -> bool {
        self.landed.has_changed().is_err()
    }

    /// Counted from the start of the run and not of the request: whoever meets an overdue run is told so at once.
    async fn lands_within(&mut self, limit: Duration) -> bool {
        // Perhaps it landed long ago, while the wait was for a slower check of the same report. And without a runtime
        // there is no timer to ask.
        let left = limit.saturating_sub(self.started.elapsed());
        if left.is_zero() || self.has_landed() {
            return self.has_landed();
        }
        if Handle::try_current().is_err() {
            return false;
        }
        timeout(left, self.landed.changed()).await.is_ok()
    }
}

impl Answer {
    /// Waits for the run in flight, if the answer needs it, at most until the run's deadline.
    pub(crate) async fn settle(&mut self) {
        if let Self::Awaited(awaited) = self {
            let landed = awaited.flight.lands_within(awaited.runner.pace.timeout).await;
            *self = Self::Ready(awaited.conclude(landed));
        }
    }

    pub(crate) const fn waits(&self) -> bool {
        match self {
            Self::Ready(_) => false,
            Self::Awaited(_) => true,
        }
    }

    /// The answer, which is a timeout for a run that was not waited for.
    pub(crate) fn into_report(self) -> CheckReport {
        match self {
            Self::Ready(report) => report,
            Self::Awaited(awaited) => awaited.conclude(awaited.flight.has_landed()),
        }
    }
}

impl Awaited {
    fn conclude(&self, landed: bool) -> CheckReport {
        let now = self.runner.now();
        let slot = self.runner.slot();
        let lost = match &slot.last {
            Some(reading) if landed => reading.lost.clone(),
            Some(_) | None => Some(Failure::TimedOut.into()),
        };
        self.runner.conclude(&slot, lost, now)
    }
}

impl Landing {
    pub(crate) fn prepare(runner: Arc<Runner>, confirms: bool, started: Moment) -> (Self, Flight) {
        let (sender, landed) = watch::channel(());
        let landing = Self {
            runner,
            started,
            confirms,
            is_bad: true,
            accuses: true,
            outcome: Err(Failure::Cancelled.into()),
            _landed: sender,
        };
        let flight = Flight {
            started: started.at,
            landed,
        };
        (landing, flight)
    }

    pub(crate) async fn run(mut self) {
        let joined = (self.runner.read)().await;
        #[cfg(feature = "otel")]
        self.runner.watcher.tell(self.started.at.elapsed());
        self.outcome = read::outcome(self.runner.name(), joined);
        // Asked here and not in `drop`: the clock is the caller's code and might panic.
        let now = self.runner.now();
        (self.is_bad, self.accuses) = match &self.outcome {
            Ok(seen) => {
                let state = seen.verdict(&self.runner.policy, now.wall_since(&self.started)).state();
                // A finding proves nothing, so a fresh one is repeated like a bad one: for the interval only.
                (!seen.is_judged_by_policy() || state != State::Fresh, !state.is_good())
            }
            Err(lost) => {
                let slot = self.runner.slot();
                let answered = self.runner.conclude(&slot, Some(lost.clone()), now);
                (true, !answered.verdict().state().is_good())
            }
        };
    }
}

impl Drop for Landing {
    // Also runs when the runtime shuts down, or was never there: the slot must not keep a run that no longer exists.
    fn drop(&mut self) {
        let mut outcome = mem::replace(&mut self.outcome, Err(Failure::Cancelled.into()));
        if std::thread::panicking() {
            // Of the runtime, which has no thread for the read, or of the caller's clock: not an end that nobody wanted.
            outcome = Err(Failure::Panicked.into());
        }
        let mut slot = self.runner.slot();
        #[cfg(feature = "otel")]
        slot.runs
            .count(&outcome, self.started.at.elapsed() >= self.runner.pace.timeout);
        let lost = match outcome {
            Ok(seen) => {
                slot.known = Some(Known {
                    seen,
                    looked: self.started,
                });
                None
            }
            Err(lost) => Some(lost),
        };
        slot.last = Some(Reading {
            is_bad: self.is_bad,
            accuses: self.accuses,
            doubted: self.confirms,
            lost,
            started: self.started.at,
            finished: Instant::now(),
        });
        slot.flight = None;
    }
}
