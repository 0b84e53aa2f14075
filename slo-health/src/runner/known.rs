//! What is known of a check without a look at its data, and what became of its reads: for those who watch.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::OnceLock,
    time::Duration,
};

use super::Runner;
use crate::{finding::Seen, read::Lost, report::CheckReport, verdict::Failure};

/// How a run ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum RunOutcome {
    Ok,
    Error,
    /// It did not end by its deadline, whatever it said later.
    Timeout,
    Panic,
}

impl RunOutcome {
    pub(crate) const ALL: [Self; 4] = [Self::Ok, Self::Error, Self::Timeout, Self::Panic];

    /// The value of the attribute `slo.health.outcome`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::Panic => "panic",
        }
    }
}

/// Runs by how they ended, one count per [`RunOutcome`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Runs([u64; RunOutcome::ALL.len()]);

impl Runs {
    pub(crate) const fn of(&self, outcome: RunOutcome) -> u64 {
        self.0[outcome as usize]
    }

    pub(crate) fn count(&mut self, ended: &Result<Seen, Lost>, overdue: bool) {
        self.add(match ended.as_ref().map_err(|lost| lost.failure) {
            _ if overdue => RunOutcome::Timeout,
            Ok(_) => RunOutcome::Ok,
            Err(Failure::TimedOut) => RunOutcome::Timeout,
            Err(Failure::Panicked) => RunOutcome::Panic,
            Err(Failure::Failed | Failure::Cancelled | Failure::Expired) => RunOutcome::Error,
        });
    }

    const fn add(&mut self, outcome: RunOutcome) {
        let count = &mut self.0[outcome as usize];
        *count = count.saturating_add(1);
    }
}

/// Who is told how long each run took, if anybody.
#[derive(Default)]
pub(crate) struct Watcher(OnceLock<Box<dyn Fn(Duration) + Send + Sync>>);

impl Watcher {
    pub(crate) fn tell(&self, took: Duration) {
        if let Some(watcher) = self.0.get() {
            // What a meter of the caller's does must not cost the run its result.
            let _ = catch_unwind(AssertUnwindSafe(|| watcher(took)));
        }
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watcher").field(&self.0.get().is_some()).finish()
    }
}

/// What a check knows at one instant.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// `None` before the first run has ended or become overdue.
    pub(crate) report: Option<CheckReport>,
    pub(crate) runs: Runs,
}

impl Runner {
    /// Has the duration of every run told from now on; `false` when somebody else is told already.
    pub(crate) fn watch(&self, watcher: impl Fn(Duration) + Send + Sync + 'static) -> bool {
        self.watcher.0.set(Box::new(watcher)).is_ok()
    }

    /// What a probe would be told now if it had to be told without a read, and the runs so far. Reads nothing, and never
    /// waits for a read.
    pub(crate) fn known(&self) -> Known {
        let now = self.now();
        let slot = self.slot();
        let overdue = slot
            .flight
            .as_ref()
            .is_some_and(|flight| flight.is_overdue(&self.pace, now.at));
        let mut runs = slot.runs;
        if overdue {
            // When it ends, it is counted as the same: this run counts once.
            runs.add(RunOutcome::Timeout);
        }
        let last = || {
            let last = slot.last.as_ref()?;
            let expired = last.is_expired(&self.pace, now.at).then(|| Failure::Expired.into());
            Some(self.conclude(&slot, expired.or_else(|| last.lost.clone()), now))
        };
        let report = match self.cached(&slot, now) {
            None if overdue => Some(self.conclude(&slot, Some(Failure::TimedOut.into()), now)),
            None => last(),
            cached => cached,
        };
        Known { report, runs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Observation;

    #[test]
    fn a_run_is_counted_as_it_ended_and_a_late_one_as_late() {
        let endings = [
            (Ok(Seen::Data(Observation::empty())), RunOutcome::Ok),
            (Err(Failure::Failed.into()), RunOutcome::Error),
            (Err(Failure::Cancelled.into()), RunOutcome::Error),
            (Err(Failure::TimedOut.into()), RunOutcome::Timeout),
            (Err(Failure::Panicked.into()), RunOutcome::Panic),
        ];
        for (ended, expected) in endings {
            for (overdue, expected) in [(false, expected), (true, RunOutcome::Timeout)] {
                let mut runs = Runs::default();
                runs.count(&ended, overdue);
                for outcome in RunOutcome::ALL {
                    assert_eq!(runs.of(outcome), u64::from(outcome == expected), "{ended:?}");
                }
            }
        }
    }

    #[test]
    fn a_watcher_that_panics_is_asked_again_and_stops_nothing() {
        let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let (watcher, counter) = (Watcher::default(), std::sync::Arc::clone(&asked));
        watcher.tell(Duration::ZERO); // nobody is told
        let broken = move |_: Duration| {
            counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            panic!("a broken meter");
        };
        assert!(watcher.0.set(Box::new(broken)).is_ok());
        watcher.tell(Duration::ZERO);
        watcher.tell(Duration::ZERO);
        assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 2);
    }
}
