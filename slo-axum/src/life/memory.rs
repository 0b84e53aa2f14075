//! What outlives the process: written into one file, read once at the next start.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use slo_core::alert::AlertMemory;
use slo_core::{Reason, SloSet, SloSnapshot, SloTracker, Snapshot, SnapshotFile, Tick, names};

use crate::routes::REQUESTS_TRACKER;
use crate::shared::{REQUESTS_WINDOW, Shared};
use crate::status::{MemoryStatus, RestoredStatus};

/// The file, and how it goes with it.
#[derive(Debug)]
pub(crate) struct Memory {
    file: SnapshotFile,
    restored: Option<RestoredStatus>,
    /// A tick; 0 before the first.
    saved_at: AtomicU64,
    failing: Mutex<Option<String>>,
}

/// What became of a snapshot.
pub(super) struct Restored {
    /// `requests`, then the SLOs in the order of the spec.
    pub(super) trackers: Vec<SloTracker>,
    /// In the order of the spec.
    pub(super) alerts: Vec<AlertMemory>,
    pub(super) told: RestoredStatus,
}

/// By which rules the built-in `requests` are counted.
const REQUESTS_RULES: &str = "the built-in requests";

/// Reads the file; whatever is wrong with it, the process starts.
pub(super) fn load(path: &Path, service: &str) -> (SnapshotFile, Option<Snapshot>) {
    let file = SnapshotFile::new(path);
    let snapshot = file.load(service).unwrap_or_else(|refused| {
        tracing::warn!(%refused, "there is no snapshot to go on from; windows begin now");
        None
    });
    (file, snapshot)
}

/// The trackers as they were, where the rules are what they were.
pub(super) fn restore(slos: &SloSet, snapshot: &Snapshot, now: Tick) -> Restored {
    let mut restored = RestoredStatus {
        instance_id: snapshot.instance_id().to_owned(),
        saved_at: snapshot
            .slos()
            .map(|(_, slo)| slo.tracker().saved_at())
            .max()
            .map(Into::into),
        slos: 0,
        lost: 0,
    };
    let requests = known(snapshot, names::REQUESTS, REQUESTS_RULES);
    let mut trackers = vec![match requests {
        Some(known) => SloTracker::restore_events(REQUESTS_WINDOW, known.tracker(), now),
        None => SloTracker::events(REQUESTS_WINDOW, now),
    }];
    if let Some(known) = requests {
        restored.lost = known.events_in_flight();
        record_lost(names::REQUESTS, known, &trackers[0], now);
    }
    let mut alerts = Vec::new();
    for slo in slos.slos() {
        let known = known(snapshot, slo.name(), &slo.counting_rules());
        let tracker = known.map_or_else(
            || SloTracker::of(slo, now),
            |known| SloTracker::restore(slo, known.tracker(), now),
        );
        if let Some(known) = known {
            restored.slos += 1;
            record_lost(slo.name(), known, &tracker, now);
        }
        trackers.push(tracker);
        alerts.push(known.map_or_else(AlertMemory::default, |known| known.alert_memory().clone()));
    }
    tracing::info!(
        slos = restored.slos,
        instance_id = restored.instance_id,
        saved_at = restored.saved_at.map(|at| at.to_rfc3339()),
        "windows go on from a snapshot; exported totals begin at 0"
    );
    Restored {
        trackers,
        alerts,
        told: restored,
    }
}

/// What the snapshot knows of an SLO, unless it was counted by other rules.
fn known<'s>(snapshot: &'s Snapshot, name: &str, rules: &str) -> Option<&'s SloSnapshot> {
    let known = snapshot.slo(name)?;
    if known.definition() == rules {
        return Some(known);
    }
    tracing::info!(
        slo = name,
        before = known.definition(),
        now = rules,
        "the rules of counting changed, so this SLO's window begins now"
    );
    None
}

/// Counts what the killed process had begun, as far as it could say.
fn record_lost(slo: &str, known: &SloSnapshot, tracker: &SloTracker, now: Tick) {
    let lost = known.events_in_flight();
    if lost > 0 {
        tracker.record_lost(now, lost);
        let reason = Reason::Lost.as_str();
        tracing::warn!(
            slo,
            lost,
            reason,
            "requests were in flight when the last snapshot was taken; they count as bad"
        );
    }
}

/// Everything that is to be remembered at this moment.
pub(super) fn snapshot(shared: &Shared, now: Tick) -> (Tick, Snapshot) {
    // Before what is in flight is read: a request that ends meanwhile is in neither. In both is only one that is being
    // counted at this very moment, for it leaves those in flight some microseconds after it was recorded.
    let trackers: Vec<_> = shared
        .trackers
        .iter()
        .map(|tracker| tracker.at(now).snapshot(now))
        .collect();
    let in_flight = shared.in_flight_by_tracker();
    let mut counted = trackers.into_iter().zip(in_flight);
    let mut snapshot = Snapshot::new(shared.slos.service(), &shared.instance_id);
    if let Some((requests, in_flight)) = counted.next() {
        let requests = SloSnapshot::new(REQUESTS_RULES, requests).in_flight(in_flight);
        snapshot = snapshot.with(names::REQUESTS, requests);
    }
    for (place, (slo, (tracker, in_flight))) in shared.slos.slos().iter().zip(counted).enumerate() {
        // None of a composite: it has no events of its own.
        let Some(alert) = shared.life.watch(place).map(|watch| watch.memory().clone()) else {
            continue;
        };
        let slo_snapshot = SloSnapshot::new(slo.counting_rules(), tracker)
            .in_flight(in_flight)
            .alert(alert);
        snapshot = snapshot.with(slo.name(), slo_snapshot);
    }
    (now, snapshot)
}

impl Memory {
    pub(super) fn new(file: SnapshotFile, restored: Option<RestoredStatus>) -> Self {
        Self {
            file,
            restored,
            saved_at: AtomicU64::new(0),
            failing: Mutex::default(),
        }
    }

    /// Writes the file; the result is for [`note`](Self::note).
    pub(super) fn write(&self, snapshot: &Snapshot) -> Result<(), String> {
        self.file.save(snapshot).map_err(|error| error.to_string())
    }

    /// Notes what became of a snapshot of this moment, and logs the first failure of a series and its end.
    pub(super) fn note(&self, now: Tick, saved: Result<(), String>) -> Result<(), String> {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let failed_before = std::mem::replace(&mut *failing, saved.clone().err()).is_some();
        drop(failing);
        match &saved {
            Ok(()) => {
                self.saved_at.store(now.as_unix_nanos(), Ordering::Relaxed);
                if failed_before {
                    tracing::info!("snapshots can be saved again");
                }
            }
            Err(reason) if !failed_before => tracing::warn!(
                path = %self.file.path().display(),
                reason,
                "the snapshot could not be saved; the service goes on, and it is tried again without another word until it \
                 works: a restart now forgets what came since the last one"
            ),
            Err(_) => {}
        }
        saved
    }

    pub(super) fn status(&self) -> MemoryStatus {
        let saved_at = Some(self.saved_at.load(Ordering::Relaxed)).filter(|nanos| *nanos > 0);
        MemoryStatus {
            restored: self.restored.clone(),
            saved_at: saved_at.map(|nanos| Tick::from_unix_nanos(nanos).into()),
            failing: self.failing.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

/// The place of the built-in SLI: the snapshot takes it apart from the others.
const _: () = assert!(REQUESTS_TRACKER == 0);
