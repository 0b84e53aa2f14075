//! One check at work: its policy, its read, and a slot that lets at most one read run at a time.

#[cfg(feature = "otel")]
mod known;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::runtime::Handle;

use crate::{
    clock::Clock,
    finding::{Finding, Seen},
    flight::{Answer, Awaited, Flight, Landing},
    freshness::{Freshness, judge_failure},
    moment::Moment,
    read::{Lost, Read},
    reading::{Known, Pace, Reading},
    report::{CheckReport, Subject},
    verdict::{Failure, State, Verdict},
};

#[cfg(feature = "otel")]
pub(crate) use known::{Known as Watched, RunOutcome};

pub(crate) struct Runner {
    pub(crate) subject: Arc<Subject>,
    pub(crate) policy: Freshness,
    pub(crate) read: Read,
    pub(crate) pace: Pace,
    pub(crate) clock: Arc<dyn Clock>,
    /// Held for a few instructions at a time, never across a read or an await.
    pub(crate) slot: Mutex<Slot>,
    #[cfg(feature = "otel")]
    pub(crate) watcher: known::Watcher,
}

#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// The run in flight; it stays here past its deadline, until it really ends.
    pub(crate) flight: Option<Flight>,
    pub(crate) last: Option<Reading>,
    /// What the last read that worked saw.
    pub(crate) known: Option<Known>,
    #[cfg(feature = "otel")]
    pub(crate) runs: known::Runs,
}

impl Runner {
    pub(crate) fn name(&self) -> &str {
        self.subject.name()
    }

    /// Answers from the cache if that is sound, else joins the run in flight, else starts one. Does not wait.
    pub(crate) fn begin(self: &Arc<Self>, now: Moment) -> Answer {
        let (landing, flight) = {
            let mut slot = self.slot();
            if let Some(report) = self.cached(&slot, now) {
                return Answer::Ready(report);
            }
            if let Some(flight) = &slot.flight {
                return self.awaited(flight.clone());
            }
            let confirms = self.is_in_doubt(&slot, now);
            self.prepare(&mut slot, confirms, now)
        };
        launch(landing);
        self.awaited(flight)
    }

    /// Starts a read unless one is in flight, however sound the cache is.
    pub(crate) fn refresh(self: &Arc<Self>) {
        let now = self.now();
        let (landing, _) = {
            let mut slot = self.slot();
            if slot.flight.is_some() {
                return;
            }
            let confirms = self.is_in_doubt(&slot, now);
            self.prepare(&mut slot, confirms, now)
        };
        launch(landing);
    }

    /// What the check says at `now` if the last look at the data ended as `lost` says.
    pub(crate) fn conclude(&self, slot: &Slot, lost: Option<Lost>, now: Moment) -> CheckReport {
        let known = slot.known.as_ref();
        let judged = known.map(|known| known.seen.verdict(&self.policy, now.wall_since(&known.looked)));
        let verdict = match (judged, &lost) {
            (Some(verdict), None) => verdict,
            (Some(verdict), Some(_)) if self.is_held(&verdict, slot, now) => verdict,
            (_, lost) => {
                let failure = lost.as_ref().map_or(Failure::Cancelled, |lost| lost.failure);
                self.unknown(known, failure, now)
            }
        };
        let rest = slot.last.as_ref().filter(|_| slot.flight.is_none());
        let next_read_in = rest.map_or(self.pace.min_interval, |last| last.rest(&self.pace, now.at));
        CheckReport::new(Arc::clone(&self.subject), verdict, next_read_in)
            .looked(known.map(|known| known.looked.wall))
            .lost(lost)
    }

    pub(crate) fn now(&self) -> Moment {
        Moment::read(&*self.clock)
    }

    pub(crate) fn slot(&self) -> MutexGuard<'_, Slot> {
        // A slot is whole between any two statements, whatever panics.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cached(&self, slot: &Slot, now: Moment) -> Option<CheckReport> {
        let last = slot.last.as_ref()?;
        if last.is_expired(&self.pace, now.at) {
            // With a run in flight the answer is worth a wait, and a timeout if there is none.
            let is_idle = slot.flight.is_none();
            return is_idle.then(|| self.conclude(slot, Some(Failure::Expired.into()), now));
        }
        let report = self.conclude(slot, last.lost.clone(), now);
        let proven = last.lost.is_none() && !self.subject.is_custom();
        if !last.may_answer(report.verdict().state(), proven, &self.pace, now.at) {
            return None;
        }
        Some(
            report.overdue(
                slot.flight
                    .as_ref()
                    .is_some_and(|flight| flight.is_overdue(&self.pace, now.at)),
            ),
        )
    }

    /// Whether a look at the data now would confirm a bad state, and not just keep a proof young.
    fn is_in_doubt(&self, slot: &Slot, now: Moment) -> bool {
        slot.last.is_some() && self.conclude(slot, None, now).verdict().state() != State::Fresh
    }

    /// Whether what is known outweighs a read that failed: the data was good and can only have become better since.
    fn is_held(&self, verdict: &Verdict, slot: &Slot, now: Moment) -> bool {
        let holds = |known: &Known| now.at.duration_since(known.looked.at) < self.pace.hold_for;
        let is_expired = |last: &Reading| last.is_expired(&self.pace, now.at);
        verdict.state().is_good()
            && !self.subject.is_custom()
            && slot.known.as_ref().is_some_and(holds)
            && !slot.last.as_ref().is_some_and(is_expired)
    }

    fn unknown(&self, known: Option<&Known>, failure: Failure, now: Moment) -> Verdict {
        match known {
            Some(known) => known.seen.failed(&self.policy, failure, now.wall_since(&known.looked)),
            None if self.subject.is_custom() => Seen::Found(Finding::empty()).failed(&self.policy, failure, now.wall),
            None => judge_failure(&self.policy, failure, None, now.wall),
        }
    }

    fn prepare(self: &Arc<Self>, slot: &mut Slot, confirms: bool, now: Moment) -> (Landing, Flight) {
        let (landing, flight) = Landing::prepare(Arc::clone(self), confirms, now);
        slot.flight = Some(flight.clone());
        (landing, flight)
    }

    fn awaited(self: &Arc<Self>, flight: Flight) -> Answer {
        Answer::Awaited(Awaited {
            runner: Arc::clone(self),
            flight,
        })
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("subject", &self.subject)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// A task of its own: hyper drops a handler's future when the prober hangs up, and the run must go on. Without a
/// runtime the landing is dropped, and that says so to those who wait.
fn launch(landing: Landing) {
    if let Ok(runtime) = Handle::try_current() {
        drop(runtime.spawn(landing.run()));
    }
}
