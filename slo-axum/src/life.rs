//! What goes on in the process beside requests: clocks, alerts, levels, snapshots.
//!
//! Requests record and go; nobody but this notices that a clock was set, that a budget burns, that time passes without
//! any request. It happens on a thread of its own, every few seconds.

mod alive;
#[cfg(feature = "store")]
mod memory;
#[cfg(feature = "store")]
mod saver;
mod setup;
mod state;
mod watches;

use std::fmt;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

pub(crate) use self::setup::Setup;
pub(crate) use self::state::{LevelCell, LifeState};
pub use self::watches::AlertChange;

use self::alive::Alive;
use crate::Reliability;
use crate::clock::Moment;

/// How a process looks after its promises: see [`Reliability::run`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use slo_axum::Life;
///
/// let life = Life::every(Duration::from_secs(2)).on_alert(|change| println!("{change}"));
/// # drop(life);
/// ```
#[must_use]
pub struct Life {
    interval: Duration,
    #[cfg(feature = "store")]
    snapshot_every: Duration,
    listeners: Vec<Listener>,
}

type Listener = Box<dyn FnMut(&AlertChange) + Send>;

/// Between two steps, unless said otherwise.
const INTERVAL: Duration = Duration::from_secs(5);

/// Alerts look at windows of 2 minutes, latencies at edges of minutes: a longer pause would miss some.
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);

/// Between two snapshots, unless said otherwise.
#[cfg(feature = "store")]
const SNAPSHOT_EVERY: Duration = Duration::from_secs(60);

impl Life {
    /// A step at every interval, more than 0 and at most a minute. The default is 5 seconds.
    pub fn every(interval: Duration) -> Self {
        Self {
            interval,
            ..Self::default()
        }
    }

    /// Saves a snapshot so often, once a minute unless said otherwise, to the file of
    /// [`ReliabilityBuilder::snapshot_file`](crate::ReliabilityBuilder::snapshot_file): what a killed process forgets.
    ///
    /// More than 0. It is looked at in steps: with one [every](Self::every) 5 seconds 7 seconds are 10, and less than 5 is
    /// every step.
    #[cfg(feature = "store")]
    pub fn snapshot_every(self, time: Duration) -> Self {
        Self {
            snapshot_every: time,
            ..self
        }
    }

    /// Calls this at every change of an alert's state, after the change was logged. Drafts are silent.
    ///
    /// It runs on the thread of the steps: one that takes long holds up the next step, so hand long work over. A panic in
    /// it is logged, and nothing else happens.
    pub fn on_alert(mut self, listener: impl FnMut(&AlertChange) + Send + 'static) -> Self {
        self.listeners.push(Box::new(listener));
        self
    }
}

impl Default for Life {
    fn default() -> Self {
        Self {
            interval: INTERVAL,
            #[cfg(feature = "store")]
            snapshot_every: SNAPSHOT_EVERY,
            listeners: Vec::new(),
        }
    }
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Life")
            .field("interval", &self.interval)
            .field("listeners", &self.listeners.len())
            .finish_non_exhaustive()
    }
}

impl Reliability {
    /// Looks after the promises on a thread of its own (`slo-life`), until the guard ends it. At every step it
    ///
    /// - follows the wall clock: after a suspension or a step of the clock, windows are where people's clocks are;
    /// - tells every tracker that the process runs, so that time in which it did not is a gap, and not covered;
    /// - evaluates the alerts of every SLO with events of its own, and tells of changes: as a `tracing` event always (pages
    ///   as errors, tickets as warnings, the end as information), and to [`Life::on_alert`];
    /// - refreshes what [`BudgetHandle`](crate::BudgetHandle)s say;
    /// - once a minute saves a snapshot, where there is a `snapshot_file` (feature `store`).
    ///
    /// It works with any async runtime and with none. No request waits for it.
    ///
    /// # Errors
    ///
    /// [`LifeError::Interval`] for an interval of 0 or over a minute, `LifeError::SnapshotInterval` for snapshots every 0
    /// seconds, [`LifeError::RunsAlready`] while another guard of the same process is alive, [`LifeError::NoThread`] when
    /// the machine has no thread left.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use slo_axum::{Life, Reliability};
    /// use slo_core::SloSet;
    ///
    /// let reliability = Reliability::builder(SloSet::builder("real-estate").build()?).build()?;
    /// let life = reliability.run(Life::default())?;
    /// // ... serve until told to stop, then:
    /// life.shutdown(Duration::from_secs(5))?;
    ///
    /// assert!(reliability.run(Life::every(Duration::ZERO)).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run(&self, life: Life) -> Result<LifeGuard, LifeError> {
        let interval = life.interval;
        if interval.is_zero() || interval > LONGEST_INTERVAL {
            return Err(LifeError::Interval { interval });
        }
        #[cfg(feature = "store")]
        if life.snapshot_every.is_zero() {
            return Err(LifeError::SnapshotInterval);
        }
        let mut alive = Alive::begin(self.shared(), life)?;
        let (stop, stopped) = mpsc::channel::<()>();
        let (done, ended) = mpsc::channel();
        let live = move || {
            loop {
                alive.step(Moment::now());
                // Told to stop, or nobody is left who could.
                if stopped.recv_timeout(interval) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
            // The receiver is gone when the deadline has passed.
            let _ = done.send(alive.end(Moment::now()));
        };
        let thread = thread::Builder::new().name("slo-life".to_owned()).spawn(live);
        thread.map_err(|refused| LifeError::NoThread(refused.to_string()))?;
        Ok(LifeGuard {
            running: Some(Running { stop, ended }),
        })
    }
}

/// Keeps the process's life going; [`shutdown`](Self::shutdown) ends it with a last step and a last snapshot.
///
/// Dropped without it, it does the same and waits for a second at most.
#[derive(Debug)]
#[must_use = "dropping the guard ends alerts and snapshots; keep it, and call `shutdown` when the server has stopped"]
pub struct LifeGuard {
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    stop: Sender<()>,
    ended: mpsc::Receiver<Result<(), String>>,
}

/// How long a dropped guard waits.
const DROP_DEADLINE: Duration = Duration::from_secs(1);

impl LifeGuard {
    /// A last step, a last snapshot, and the end, within `deadline`: call it when the server has stopped, on a thread that
    /// may block.
    ///
    /// Call it after the last push. A request that outlives the server's drain and ends between the two would else be lost
    /// in the snapshot, which the next process counts as bad, and good in the push.
    ///
    /// Requests that are in flight then are counted as lost by the next process.
    ///
    /// # Errors
    ///
    /// [`LifeShutdownError::NotSaved`] when the last snapshot could not be written, [`LifeShutdownError::TooLate`] when it
    /// was not by then, or a listener did not return.
    pub fn shutdown(mut self, deadline: Duration) -> Result<(), LifeShutdownError> {
        self.running.take().map_or(Ok(()), |running| running.end(deadline))
    }
}

impl Drop for LifeGuard {
    fn drop(&mut self) {
        if let Some(Err(failure)) = self.running.take().map(|running| running.end(DROP_DEADLINE)) {
            tracing::warn!(%failure, "the promises' last snapshot is not known to be saved");
        }
    }
}

impl Running {
    fn end(self, deadline: Duration) -> Result<(), LifeShutdownError> {
        // The receiver is gone when the thread is.
        let _ = self.stop.send(());
        match self.ended.recv_timeout(deadline) {
            Ok(ended) => ended.map_err(|reason| LifeShutdownError::NotSaved { reason }),
            Err(RecvTimeoutError::Timeout) => Err(LifeShutdownError::TooLate { deadline }),
            Err(RecvTimeoutError::Disconnected) => Err(LifeShutdownError::NotSaved {
                reason: "its thread ended before".to_owned(),
            }),
        }
    }
}

/// Why nobody looks after the promises.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LifeError {
    /// The interval is 0 or over a minute.
    #[error("a step every {interval:?} is not what promises need; take more than 0 and at most 60 s, like 5 s")]
    Interval {
        /// The interval that was given.
        interval: Duration,
    },
    /// The time between two snapshots is 0.
    #[cfg(feature = "store")]
    #[error("snapshots every 0s are more than any disk keeps up with; take more than 0, like 60 s")]
    SnapshotInterval,
    /// Another guard is alive: alerts would be told twice.
    #[error("this Reliability is looked after already; keep the first guard and run one Life per process")]
    RunsAlready,
    /// No thread could be started; holds the reason.
    #[error("no thread could be started to look after the promises: {0}")]
    NoThread(String),
}

/// Why the end was not clean.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LifeShutdownError {
    /// The last snapshot could not be written: the next process goes on from the one before it.
    #[error("the last snapshot was not saved: {reason}")]
    NotSaved {
        /// What the system said.
        reason: String,
    },
    /// The disk, or a listener, did not answer in time.
    #[error("the last snapshot was not saved within {deadline:?}")]
    TooLate {
        /// The time it was given.
        deadline: Duration,
    },
}

#[cfg(test)]
mod tests;
