//! One step of life: a list of chores, done with a moment that the caller supplies.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
#[cfg(feature = "store")]
use std::time::Instant;

use slo_core::Tick;

use super::{Life, LifeError, Listener, watches};
#[cfg(feature = "fast-clock")]
use crate::clock::Kept;
use crate::clock::{Followed, Moment};
use crate::shared::Shared;

/// Who does the steps. Gives its place back when it ends, however it does.
pub(super) struct Alive {
    pub(super) shared: Arc<Shared>,
    interval: Duration,
    listeners: Vec<Listener>,
    #[cfg(feature = "store")]
    snapshots: Option<Snapshots>,
}

/// When snapshots are due, and who writes them.
#[cfg(feature = "store")]
struct Snapshots {
    every: Duration,
    last: Option<Instant>,
    saver: super::saver::Saver,
}

#[cfg(feature = "store")]
impl Snapshots {
    /// `None` without a file to write.
    fn begin(shared: &Arc<Shared>, every: Duration) -> Result<Option<Self>, LifeError> {
        if shared.life.memory.is_none() {
            return Ok(None);
        }
        let saver = super::saver::Saver::start(shared)?;
        let last = None;
        Ok(Some(Self { every, last, saver }))
    }
}

/// What every step does, in this order, after the clock was followed: whoever needs something done every few seconds adds
/// it here.
///
/// One that panics is logged, and the next ones are done all the same.
const CHORES: &[(&str, Chore)] = &[
    ("heartbeats", Alive::beat),
    ("budget levels", Alive::refresh_levels),
    // Before the snapshot: what is remembered as told was told.
    ("alerts", Alive::alert),
    ("export", Alive::look_for_collections),
    #[cfg(feature = "store")]
    ("snapshot", Alive::snapshot),
];

pub(super) type Chore = fn(&mut Alive, Tick, Moment);

/// The least interval that heartbeats promise. A pause of three of them, half a minute, is a machine that is busy, and
/// not one that measures nothing.
const PROMISED: Duration = Duration::from_secs(10);

impl Alive {
    pub(super) fn begin(shared: &Arc<Shared>, life: Life) -> Result<Self, LifeError> {
        #[cfg(feature = "store")]
        let snapshots = Snapshots::begin(shared, life.snapshot_every)?;
        if !shared.life.claim(life.interval) {
            return Err(LifeError::RunsAlready);
        }
        // From here on its drop gives the place back.
        Ok(Self {
            shared: Arc::clone(shared),
            interval: life.interval,
            listeners: life.listeners,
            #[cfg(feature = "store")]
            snapshots,
        })
    }

    /// Everything that is due at this moment.
    pub(super) fn step(&mut self, moment: Moment) {
        self.follow(moment);
        let now = self.shared.anchor.tick(moment.instant);
        self.do_all(CHORES, now, moment);
        self.shared.life.stepped(now);
    }

    pub(super) fn do_all(&mut self, chores: &[(&str, Chore)], now: Tick, moment: Moment) {
        for (what, chore) in chores {
            // Each chore leaves behind what a reader may see: counts, evaluations, bytes of levels.
            let done = catch_unwind(AssertUnwindSafe(|| chore(self, now, moment)));
            if done.is_err() {
                tracing::error!(chore = what, "a chore of the promises' life panicked; the others go on");
            }
        }
    }

    /// The last step, and a snapshot whether one is due or not; why it was not saved.
    pub(super) fn end(mut self, moment: Moment) -> Result<(), String> {
        #[cfg(feature = "store")]
        let snapshots = self.snapshots.take();
        self.step(moment);
        #[cfg(feature = "store")]
        if let Some(snapshots) = snapshots {
            let now = self.shared.anchor.tick(moment.instant);
            return snapshots.saver.end(super::memory::snapshot(&self.shared, now));
        }
        Ok(())
    }

    fn follow(&self, moment: Moment) {
        #[cfg(feature = "fast-clock")]
        self.keep_counter();
        match self.shared.anchor.follow(moment) {
            Followed::Steady => {}
            Followed::Ahead(by) => tracing::info!(
                seconds = by.as_secs_f64(),
                "the clock is ahead of the time that passed for this process: it was suspended, or the clock was set"
            ),
            Followed::SetBack(by) => tracing::warn!(
                seconds = by.as_secs_f64(),
                "the clock was set back; windows go by the new time, and what was counted keeps its age"
            ),
        }
    }

    #[cfg(feature = "fast-clock")]
    fn keep_counter(&self) {
        if !self.shared.options.has_fast_clock {
            return;
        }
        match self.shared.anchor.keep_counter() {
            Kept::Begun => tracing::debug!("requests are timed by the processor's counter"),
            Kept::Quiet => {}
            Kept::Strayed(by) => tracing::warn!(
                seconds = by.as_secs_f64(),
                "the processor's counter strayed from the system's clock, which times requests from now on: the machine was \
                 suspended or moved, or its counter cannot be trusted"
            ),
        }
    }

    fn beat(&mut self, now: Tick, _: Moment) {
        let interval = self.interval.max(PROMISED);
        for tracker in &self.shared.trackers {
            tracker.heartbeat(now, interval);
        }
        for (_, red) in self.shared.routes.red() {
            red.heartbeat(now, interval);
        }
    }

    fn alert(&mut self, now: Tick, _: Moment) {
        let shared = Arc::clone(&self.shared);
        let mut changes = Vec::new();
        for (place, (slo, tracker)) in shared.declared().enumerate() {
            let Some(mut watch) = shared.life.watch(place) else {
                continue;
            };
            changes.extend(watches::evaluate(&mut watch, slo, tracker.at(now), now));
        }
        // Outside of the locks: a listener may ask for the status.
        for change in &changes {
            watches::log(change);
            for listener in &mut self.listeners {
                if catch_unwind(AssertUnwindSafe(|| listener(change))).is_err() {
                    tracing::error!(
                        slo = change.slo,
                        "a listener of alerts panicked; it is called again at the next change"
                    );
                }
            }
        }
    }

    fn look_for_collections(&mut self, now: Tick, _: Moment) {
        self.shared.export.warn_if_never_collected(now);
    }

    fn refresh_levels(&mut self, now: Tick, _: Moment) {
        let shared = &self.shared;
        let trackers = shared.trackers_at(now);
        for (slo, level) in shared.slos.slos().iter().zip(shared.life.levels()) {
            level.set(trackers.level(slo, shared.life.limits, level.get()));
        }
    }

    #[cfg(feature = "store")]
    fn snapshot(&mut self, now: Tick, moment: Moment) {
        let Some(snapshots) = &mut self.snapshots else { return };
        let since = snapshots
            .last
            .map(|last| moment.instant.saturating_duration_since(last));
        if since.is_none_or(|since| since >= snapshots.every) && snapshots.saver.is_free() {
            snapshots.last = Some(moment.instant);
            snapshots.saver.save(super::memory::snapshot(&self.shared, now));
        }
    }
}

#[cfg(all(test, feature = "store"))]
impl Alive {
    pub(super) fn is_saving(&self) -> bool {
        self.snapshots
            .as_ref()
            .is_some_and(|snapshots| !snapshots.saver.is_free())
    }

    /// When the last snapshot was taken, once it is written.
    pub(super) fn last_saved(&self) -> Option<Instant> {
        let snapshots = self.snapshots.as_ref()?;
        while !snapshots.saver.is_free() {
            std::thread::yield_now();
        }
        snapshots.last
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.shared.life.give_back();
    }
}
