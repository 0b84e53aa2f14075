//! What the steps leave for others to read.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slo_core::alert::{AlertMemory, AlertPolicy};
use slo_core::{BudgetLevel, BudgetLevels, SloSet, Tick};

use super::watches::{Watch, watch};
use crate::status::LifeStatus;

/// Life as the rest of the process sees it. Part of what all handles share.
#[derive(Debug)]
pub(crate) struct LifeState {
    /// In the order of the spec; none of a composite. A lock each: who reads one does not wait for the evaluation of all.
    watches: Vec<Option<Mutex<Watch>>>,
    /// In the order of the spec.
    levels: Vec<Arc<LevelCell>>,
    pub(super) limits: BudgetLevels,
    runs: AtomicBool,
    /// Nanoseconds; 0 before the first.
    interval: AtomicU64,
    /// A tick; 0 before the first.
    last_step: AtomicU64,
    #[cfg(feature = "store")]
    pub(crate) memory: Option<super::memory::Memory>,
}

impl LifeState {
    /// Goes on from what the process before told its people, if anything is `remembered`.
    pub(super) fn new(slos: &SloSet, policy: &AlertPolicy, remembered: &[AlertMemory], limits: BudgetLevels) -> Self {
        let nothing = AlertMemory::default();
        let watches = slos.slos().iter().enumerate().map(|(place, slo)| {
            let memory = remembered.get(place).unwrap_or(&nothing);
            slo.composite()
                .is_none()
                .then(|| Mutex::new(watch(policy.for_slo(slo), memory)))
        });
        Self {
            watches: watches.collect(),
            levels: slos.slos().iter().map(|_| Arc::default()).collect(),
            limits,
            runs: AtomicBool::new(false),
            interval: AtomicU64::new(0),
            last_step: AtomicU64::new(0),
            #[cfg(feature = "store")]
            memory: None,
        }
    }

    /// The watch of the SLO at this place of the spec; none of a composite. Held for as long as it takes to evaluate or to
    /// read, and never while somebody is told.
    pub(crate) fn watch(&self, place: usize) -> Option<MutexGuard<'_, Watch>> {
        let watch = self.watches.get(place)?.as_ref()?;
        // A watch is whole between two evaluations.
        Some(watch.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn levels(&self) -> &[Arc<LevelCell>] {
        &self.levels
    }

    /// Whether this call is the one that begins.
    pub(super) fn claim(&self, interval: Duration) -> bool {
        // Acquire, and release where it is given back: the next life sees all that the last one did.
        let claimed = !self.runs.swap(true, Ordering::Acquire);
        if claimed {
            let nanos = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
            self.interval.store(nanos, Ordering::Relaxed);
        }
        claimed
    }

    /// Nobody refreshes what handles say from here on.
    pub(super) fn give_back(&self) {
        for level in &self.levels {
            level.set(BudgetLevel::NoData);
        }
        self.runs.store(false, Ordering::Release);
    }

    pub(crate) fn runs(&self) -> bool {
        self.runs.load(Ordering::Relaxed)
    }

    pub(super) fn stepped(&self, now: Tick) {
        self.last_step.store(now.as_unix_nanos(), Ordering::Relaxed);
    }

    pub(crate) fn status(&self) -> LifeStatus {
        let seen = |nanos: &AtomicU64| Some(nanos.load(Ordering::Relaxed)).filter(|nanos| *nanos > 0);
        LifeStatus {
            runs: self.runs(),
            interval_seconds: seen(&self.interval).map(|nanos| Duration::from_nanos(nanos).as_secs_f64()),
            last_step_at: seen(&self.last_step).map(|nanos| Tick::from_unix_nanos(nanos).into()),
            #[cfg(feature = "store")]
            memory: self.memory.as_ref().map(super::memory::Memory::status),
        }
    }
}

/// A level that one thread writes and any number read.
#[derive(Debug, Default)]
pub(crate) struct LevelCell(AtomicU8);

impl LevelCell {
    pub(crate) fn get(&self) -> BudgetLevel {
        // Relaxed: one byte, ordered with nothing.
        let place = usize::from(self.0.load(Ordering::Relaxed));
        BudgetLevel::ALL.get(place).copied().unwrap_or_default()
    }

    pub(super) fn set(&self, level: BudgetLevel) {
        let place = BudgetLevel::ALL.iter().position(|known| *known == level);
        let place = place.and_then(|place| u8::try_from(place).ok()).unwrap_or_default();
        self.0.store(place, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_read_as_it_was_written() {
        let cell = LevelCell::default();
        assert_eq!(cell.get(), BudgetLevel::NoData);
        for level in BudgetLevel::ALL {
            cell.set(level);
            assert_eq!(cell.get(), level);
        }
    }
}
