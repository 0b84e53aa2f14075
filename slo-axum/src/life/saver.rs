//! Writes snapshots on a thread of its own: a disk that hangs must not keep alerts from being evaluated.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use slo_core::{Snapshot, Tick};

use super::LifeError;
use super::memory::Memory;
use crate::shared::Shared;

type Job = (Tick, Snapshot);

pub(super) struct Saver {
    shared: Arc<Shared>,
    jobs: Sender<Job>,
    busy: Arc<AtomicBool>,
    /// The result of the last one.
    ended: Receiver<Result<(), String>>,
}

impl Saver {
    pub(super) fn start(shared: &Arc<Shared>) -> Result<Self, LifeError> {
        let (jobs, taken) = mpsc::channel();
        let (done, ended) = mpsc::channel();
        let busy = Arc::new(AtomicBool::new(false));
        let (working, memory) = (Arc::clone(&busy), Arc::clone(shared));
        let work = move || {
            let last = write_all(taken, &working, memory.life.memory.as_ref(), Memory::write);
            // The receiver is gone when nobody waits for the end.
            let _ = done.send(last);
        };
        let thread = thread::Builder::new().name("slo-snapshot".to_owned()).spawn(work);
        thread.map_err(|refused| LifeError::NoThread(refused.to_string()))?;
        Ok(Self {
            shared: Arc::clone(shared),
            jobs,
            busy,
            ended,
        })
    }

    /// Whether the last one is written.
    pub(super) fn is_free(&self) -> bool {
        !self.busy.load(Ordering::Relaxed)
    }

    /// Hands one over, and does not wait.
    pub(super) fn save(&self, job: Job) {
        self.busy.store(true, Ordering::Relaxed);
        let Err(mpsc::SendError((now, _))) = self.jobs.send(job) else {
            return;
        };
        self.busy.store(false, Ordering::Relaxed);
        if let Some(memory) = &self.shared.life.memory {
            let _told = memory.note(now, Err(NO_THREAD.to_owned()));
        }
    }

    /// Hands over the last one, and waits until it is written or was refused.
    pub(super) fn end(self, job: Job) -> Result<(), String> {
        self.save(job);
        drop(self.jobs);
        self.ended.recv().unwrap_or_else(|_| Err(NO_THREAD.to_owned()))
    }
}

const NO_THREAD: &str = "its thread ended before";

type Write = fn(&Memory, &Snapshot) -> Result<(), String>;

/// Writes what comes, until nothing more can; what became of the last one.
fn write_all(jobs: Receiver<Job>, busy: &AtomicBool, memory: Option<&Memory>, write: Write) -> Result<(), String> {
    let mut last = Ok(());
    for (now, snapshot) in jobs {
        let _working = Working(busy);
        if let Some(memory) = memory {
            // The file is written whole or not at all, so nothing half done is left behind.
            let written = catch_unwind(AssertUnwindSafe(|| write(memory, &snapshot)));
            last = memory.note(now, written.unwrap_or_else(|_| Err("it panicked".to_owned())));
        }
    }
    last
}

/// Gives the place back, also when the thread unwinds.
struct Working<'a>(&'a AtomicBool);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        // Relaxed: who sees it late skips one snapshot.
        self.0.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::life::tests::Log;
    use slo_core::SnapshotFile;

    fn memory() -> Memory {
        let path = std::env::temp_dir().join(format!("slo-axum-saver-{}", std::process::id()));
        Memory::new(SnapshotFile::new(path), None)
    }

    fn job() -> Job {
        (Tick::from_unix_seconds(1_000_000), Snapshot::new("shop", "me"))
    }

    #[test]
    fn a_panic_while_writing_is_told_once_and_the_next_one_is_tried() {
        let log = Log::begin();
        let (memory, busy) = (memory(), AtomicBool::new(true));
        let (sender, jobs) = mpsc::channel();
        for _ in 0..3 {
            sender.send(job()).unwrap();
        }
        drop(sender);
        let ended = write_all(jobs, &busy, Some(&memory), |_, _| panic!("on purpose"));
        assert_eq!(ended, Err("it panicked".to_owned()));
        assert!(!busy.load(Ordering::Relaxed));
        assert_eq!(memory.status().failing.as_deref(), Some("it panicked"));
        let lines = log.lines();
        assert!(
            lines.len() == 1 && lines[0].starts_with("WARN the snapshot could not be saved"),
            "{lines:?}"
        );

        let (sender, jobs) = mpsc::channel();
        sender.send(job()).unwrap();
        drop(sender);
        assert_eq!(write_all(jobs, &busy, Some(&memory), |_, _| Ok(())), Ok(()));
        assert_eq!(memory.status().failing, None);
        assert_eq!(log.lines().len(), 2);
    }

    #[test]
    fn the_place_is_given_back_on_the_way_out() {
        let busy = AtomicBool::new(true);
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let _working = Working(&busy);
            panic!("on purpose");
        }));
        assert!(unwound.is_err() && !busy.load(Ordering::Relaxed));
    }

    #[test]
    fn a_thread_that_is_gone_is_told_once_and_holds_nobody_up() {
        let log = Log::begin();
        let slos = slo_core::SloSet::builder("shop").build().unwrap();
        let path = std::env::temp_dir().join(format!("slo-axum-gone-{}", std::process::id()));
        let reliability = crate::Reliability::builder(slos).snapshot_file(path).build().unwrap();
        let (jobs, _) = mpsc::channel();
        let (_, ended) = mpsc::channel();
        let saver = Saver {
            shared: Arc::clone(reliability.shared()),
            jobs,
            busy: Arc::default(),
            ended,
        };
        saver.save(job());
        assert!(saver.is_free());
        saver.save(job());
        assert_eq!(saver.end(job()), Err(NO_THREAD.to_owned()));
        let warned = log.lines().iter().filter(|line| line.starts_with("WARN")).count();
        assert_eq!(warned, 1, "{:?}", log.lines());
    }
}
