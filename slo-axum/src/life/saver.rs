//! Writes snapshots on a thread of its own: a disk that hangs must not keep alerts from being evaluated.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use slo_core::{Snapshot, Tick};

use super::LifeError;
use crate::shared::Shared;

type Job = (Tick, Snapshot);

pub(super) struct Saver {
    jobs: Sender<Job>,
    busy: Arc<AtomicBool>,
    /// The result of the last one.
    ended: Receiver<Result<(), String>>,
}

impl Saver {
    pub(super) fn start(shared: &Arc<Shared>) -> Result<Self, LifeError> {
        let (jobs, taken) = mpsc::channel::<Job>();
        let (done, ended) = mpsc::channel();
        let busy = Arc::new(AtomicBool::new(false));
        let (shared, working) = (Arc::clone(shared), Arc::clone(&busy));
        let work = move || {
            let mut last = Ok(());
            for job in taken {
                if let Some(memory) = &shared.life.memory {
                    last = memory.save(&job);
                }
                // Relaxed: who sees it late skips one snapshot.
                working.store(false, Ordering::Relaxed);
            }
            // The receiver is gone when nobody waits for the end.
            let _ = done.send(last);
        };
        let thread = thread::Builder::new().name("slo-snapshot".to_owned()).spawn(work);
        thread.map_err(|refused| LifeError::NoThread(refused.to_string()))?;
        Ok(Self { jobs, busy, ended })
    }

    /// Whether the last one is written.
    pub(super) fn is_free(&self) -> bool {
        !self.busy.load(Ordering::Relaxed)
    }

    /// Hands one over, and does not wait.
    pub(super) fn save(&self, job: Job) {
        self.busy.store(true, Ordering::Relaxed);
        // Only a thread that panicked takes none; its end is told by `end`.
        let _ = self.jobs.send(job);
    }

    /// Hands over the last one, and waits until it is written or was refused.
    pub(super) fn end(self, job: Job) -> Result<(), String> {
        self.save(job);
        drop(self.jobs);
        self.ended
            .recv()
            .unwrap_or_else(|_| Err("its thread ended before".to_owned()))
    }
}
