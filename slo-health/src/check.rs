//! One check: its policy, its read, and the machinery that lets at most one read run at a time.

use std::{
    error::Error,
    fmt,
    future::Future,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::{
    sync::watch,
    task::{JoinError, JoinHandle, spawn_blocking},
    time::{Instant, timeout},
};

use crate::{
    clock::Clock,
    freshness::{Freshness, judge, judge_failure},
    observation::Observation,
    reading::{Pace, Reading},
    report::CheckReport,
    verdict::{Failure, State, Verdict},
};

/// Starts one read in a task of its own and hands back the handle. The only part that differs between kinds of check.
pub(crate) type Read = Box<dyn Fn() -> JoinHandle<Result<Observation, ReadError>> + Send + Sync>;

pub(crate) type ReadError = Box<dyn Error + Send + Sync>;

/// A read that is a future.
pub(crate) fn asynchronous<F, Fut, T, E>(read: F) -> Read
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Into<Observation>,
    E: Into<ReadError>,
{
    let read = Arc::new(read);
    Box::new(move || {
        let read = Arc::clone(&read);
        // The closure is called inside the task, so that a panic while it builds its future is contained as well.
        tokio::spawn(async move { read().await.map(Into::into).map_err(Into::into) })
    })
}

/// A read that blocks its thread, and therefore gets one of tokio's threads for blocking work.
pub(crate) fn blocking<F, T, E>(read: F) -> Read
where
    F: Fn() -> Result<T, E> + Send + Sync + 'static,
    T: Into<Observation>,
    E: Into<ReadError>,
{
    let read = Arc::new(read);
    Box::new(move || {
        let read = Arc::clone(&read);
        spawn_blocking(move || read().map(Into::into).map_err(Into::into))
    })
}

pub(crate) struct Check {
    name: Arc<str>,
    policy: Freshness,
    read: Read,
    pace: Pace,
    clock: Arc<dyn Clock>,
    /// Held for a few instructions at a time, never across a read or an await.
    slot: Mutex<Slot>,
}

#[derive(Debug, Default)]
struct Slot {
    /// The run in flight; it stays here past its deadline, until it really ends.
    flight: Option<Flight>,
    last: Option<Reading>,
    /// What the last read that worked saw.
    last_known: Option<Observation>,
}

/// A run in flight, as those who wait for it see it.
#[derive(Clone, Debug)]
struct Flight {
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
    check: Arc<Check>,
    flight: Flight,
}

/// The duty to put the result of a run into its slot, whatever becomes of the run.
struct Landing {
    check: Arc<Check>,
    started: Instant,
    confirms: bool,
    outcome: Result<Observation, Failure>,
    /// Dropped after `drop` has run, so that those who wait find the reading in the slot.
    _landed: watch::Sender<()>,
}

impl Check {
    pub(crate) fn new(name: String, policy: Freshness, read: Read, pace: Pace, clock: Arc<dyn Clock>) -> Self {
        Self {
            name: name.into(),
            policy,
            read,
            pace,
            clock,
            slot: Mutex::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    #[cfg(feature = "probe-kit")]
    pub(crate) const fn deadline(&self) -> std::time::Duration {
        self.pace.deadline
    }

    /// Answers from the cache if that is sound, else joins the run in flight, else starts one. Does not wait.
    pub(crate) fn begin(self: &Arc<Self>) -> Answer {
        let (now, at) = (self.clock.now(), Instant::now());
        let (landing, flight) = {
            let mut slot = self.slot();
            let cached = slot
                .last
                .as_ref()
                .map(|reading| (reading, self.verdict_of(reading, &slot, now)));
            if let Some((reading, verdict)) = &cached {
                if reading.may_answer(verdict.state(), &self.pace, at) {
                    return Answer::Ready(self.report(verdict.clone(), reading.rest(&self.pace, at)));
                }
            }
            if let Some(flight) = &slot.flight {
                return Answer::Awaited(Awaited {
                    check: Arc::clone(self),
                    flight: flight.clone(),
                });
            }
            let confirms = cached.is_some_and(|(_, verdict)| verdict.state() != State::Fresh);
            let (landing, flight) = self.prepare(confirms, at);
            slot.flight = Some(flight.clone());
            (landing, flight)
        };
        // A task of its own: hyper drops a handler's future when the prober hangs up, and the run must go on.
        tokio::spawn(landing.run());
        Answer::Awaited(Awaited {
            check: Arc::clone(self),
            flight,
        })
    }

    fn prepare(self: &Arc<Self>, confirms: bool, started: Instant) -> (Landing, Flight) {
        let (sender, landed) = watch::channel(());
        let landing = Landing {
            check: Arc::clone(self),
            started,
            confirms,
            outcome: Err(Failure::Cancelled),
            _landed: sender,
        };
        (landing, Flight { started, landed })
    }

    fn verdict_of(&self, reading: &Reading, slot: &Slot, now: DateTime<Utc>) -> Verdict {
        reading.verdict(&self.policy, slot.last_known.as_ref(), now)
    }

    fn report(&self, verdict: Verdict, next_read_in: Duration) -> CheckReport {
        CheckReport::new(Arc::clone(&self.name), verdict, next_read_in)
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        // No code that can panic runs under the lock, and a slot is whole between any two statements.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl Answer {
    /// Waits for the run in flight, if the answer needs it, at most until the run's deadline.
    pub(crate) async fn complete(self) -> CheckReport {
        match self {
            Self::Ready(report) => report,
            Self::Awaited(awaited) => awaited.complete().await,
        }
    }
}

impl Awaited {
    async fn complete(mut self) -> CheckReport {
        let landed = self.landed_in_time().await;
        let Self { check, .. } = self;
        let (now, at) = (check.clock.now(), Instant::now());
        let slot = check.slot();
        match &slot.last {
            Some(reading) if landed => {
                check.report(check.verdict_of(reading, &slot, now), reading.rest(&check.pace, at))
            }
            Some(_) | None => {
                let verdict = judge_failure(&check.policy, Failure::TimedOut, slot.last_known.as_ref(), now);
                check.report(verdict, check.pace.min_interval)
            }
        }
    }

    /// Counted from the start of the run and not of the request: whoever meets an overdue run is told so at once.
    async fn landed_in_time(&mut self) -> bool {
        let left = self.check.pace.deadline.saturating_sub(self.flight.started.elapsed());
        // An error says that the sender is gone, which is the landing.
        if left.is_zero() {
            // Perhaps it landed long ago, while the wait was for a slower check of the same report.
            return self.flight.landed.has_changed().is_err();
        }
        timeout(left, self.flight.landed.changed()).await.is_ok()
    }
}

impl Landing {
    async fn run(mut self) {
        let joined = (self.check.read)().await;
        self.outcome = self.outcome_of(joined);
        // Asked here and not in `drop`: the clock is the caller's code and might panic.
        let found = match &self.outcome {
            Ok(observation) => judge(&self.check.policy, observation, self.check.clock.now()).state(),
            Err(failure) => failure.state(),
        };
        self.confirms |= found != State::Fresh;
    }

    fn outcome_of(&self, joined: Result<Result<Observation, ReadError>, JoinError>) -> Result<Observation, Failure> {
        let check = self.check.name();
        match joined {
            Ok(Ok(observation)) => Ok(observation),
            Ok(Err(error)) => {
                tracing::warn!(check, error = &*error as &dyn Error, "a freshness check failed");
                Err(Failure::Failed)
            }
            Err(panic) if panic.is_panic() => {
                tracing::error!(check, "a freshness check panicked"); // the panic hook has shown the message
                Err(Failure::Panicked)
            }
            Err(_cancelled) => Err(Failure::Cancelled),
        }
    }
}

impl Drop for Landing {
    // Also runs when the runtime shuts down, or was never there: the slot must not keep a run that no longer exists.
    fn drop(&mut self) {
        let outcome = mem::replace(&mut self.outcome, Err(Failure::Cancelled));
        let mut slot = self.check.slot();
        if let Ok(observation) = &outcome {
            slot.last_known = Some(observation.clone());
        }
        let confirms = self.confirms || outcome.is_err();
        slot.last = Some(Reading {
            outcome,
            started: self.started,
            finished: Instant::now(),
            confirms,
        });
        slot.flight = None;
    }
}
