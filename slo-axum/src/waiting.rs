//! Requests that have begun and not ended, by when they began: a request that hangs for ever ends nothing, so it must be
//! seen here.

use std::cmp::Ordering::{Equal, Greater, Less};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Reading;

/// How many requests are in flight, and how many of them for longer than patience.
///
/// A ring of counts: one per stretch of time in which requests began. Whoever begins in a stretch whose slot an older
/// stretch still holds moves what is left of that to `older`.
//
// Relaxed everywhere: counts for people, ordered with nothing. Each request adds to a place and later takes from that same
// place, or from `older` when its stretch is no longer there.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// Each the number of a stretch, and in the lower bits how many of its requests have not ended.
    slots: [AtomicU64; SLOTS],
    /// Requests of stretches that lost their slots. A request may leave it a moment before it was moved there.
    older: AtomicI64,
    /// A stretch is 2 to the power of this nanoseconds.
    shift: u32,
    patience: Duration,
}

/// With stretches of at least a sixteenth of patience, a stretch loses its slot when its requests are long abandoned.
const SLOTS: usize = 32;
/// Stretches per patience, at least: by so much of it the count may be late.
const STRETCHES: u32 = 8;
/// About a millisecond: with shorter stretches their numbers would run out within years.
const LEAST_SHIFT: u32 = 20;

const COUNT_BITS: u32 = 24;
const COUNT: u64 = (1 << COUNT_BITS) - 1;

impl Waiting {
    pub(crate) fn new(patience: Duration) -> Self {
        let stretch = u64::try_from((patience / STRETCHES).as_nanos()).unwrap_or(u64::MAX);
        Self {
            slots: [const { AtomicU64::new(0) }; SLOTS],
            older: AtomicI64::new(0),
            shift: stretch.checked_ilog2().unwrap_or(0).max(LEAST_SHIFT),
            patience,
        }
    }

    /// A request began then.
    #[inline]
    pub(crate) fn began(&self, at: Reading) {
        let (stretch, slot) = self.slot(at);
        let fresh = (stretch << COUNT_BITS) | 1;
        // Compare and exchange rather than add: between a look and an addition the slot could go to another stretch.
        let taken = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |known| {
            match stretch_of(known).cmp(&stretch) {
                Equal => Some(known + 1),
                Less => Some(fresh),
                Greater => None,
            }
        });
        match taken {
            Ok(known) if stretch_of(known) == stretch => {}
            // The slot is ours now; what it had is older.
            Ok(known) => _ = self.older.fetch_add(count_of(known), Ordering::Relaxed),
            // A thread that stood still while the ring went round.
            Err(_) => _ = self.older.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// That request ended.
    #[inline]
    pub(crate) fn ended(&self, began: Reading) {
        let (stretch, slot) = self.slot(began);
        let left = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |known| {
            (stretch_of(known) == stretch).then(|| known - 1)
        });
        if left.is_err() {
            self.older.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Requests that have begun and not ended; exact at rest.
    pub(crate) fn in_flight(&self) -> u64 {
        self.count(|_| true)
    }

    /// Those that have run for longer than patience; noticed at most an eighth of it, or two milliseconds, late.
    pub(crate) fn abandoned(&self, now: Reading) -> u64 {
        let now = now.nanos();
        let patience = Reading::of(self.patience).nanos();
        // By its end, so that even the last request of the stretch has waited so long.
        self.count(|stretch| now.saturating_sub((stretch + 1) << self.shift) >= patience)
    }

    fn count(&self, is_meant: impl Fn(u64) -> bool) -> u64 {
        let slots = self.slots.iter().map(|slot| slot.load(Ordering::Relaxed));
        // Stretches are numbered from 1: zero is a slot that was never used.
        let meant = slots.filter(|slot| *slot > COUNT && is_meant(stretch_of(*slot) - 1));
        let counted: i64 = meant.map(count_of).sum();
        u64::try_from(counted + self.older.load(Ordering::Relaxed)).unwrap_or(0)
    }

    fn slot(&self, at: Reading) -> (u64, &AtomicU64) {
        let stretch = (at.nanos() >> self.shift) + 1;
        #[expect(clippy::cast_possible_truncation, reason = "less than 32")]
        let index = (stretch % SLOTS as u64) as usize;
        (stretch, &self.slots[index])
    }
}

const fn stretch_of(slot: u64) -> u64 {
    slot >> COUNT_BITS
}

#[expect(clippy::cast_possible_wrap, reason = "24 bits")]
const fn count_of(slot: u64) -> i64 {
    (slot & COUNT) as i64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    fn at(since: Duration) -> Reading {
        Reading::of(since)
    }

    fn seen(waiting: &Waiting, now: Duration) -> (u64, u64) {
        (waiting.in_flight(), waiting.abandoned(at(now)))
    }

    #[test]
    fn a_request_is_abandoned_once_patience_is_over_and_until_it_ends() {
        let waiting = Waiting::new(PATIENCE);
        let began = Duration::from_secs(100);
        waiting.began(at(began));
        assert_eq!(seen(&waiting, began + PATIENCE), (1, 0));
        assert_eq!(seen(&waiting, began + PATIENCE + PATIENCE / 8), (1, 1));
        assert_eq!(seen(&waiting, began + Duration::from_secs(1_000_000)), (1, 1));
        waiting.ended(at(began));
        assert_eq!(seen(&waiting, began + Duration::from_secs(1_000_000)), (0, 0));
    }

    #[test]
    fn one_that_hangs_is_still_seen_when_its_slot_was_taken() {
        let waiting = Waiting::new(PATIENCE);
        waiting.began(at(Duration::ZERO));
        for second in 1..1_000 {
            let then = Duration::from_secs(second);
            waiting.began(at(then));
            waiting.ended(at(then));
        }
        assert_eq!(seen(&waiting, Duration::from_secs(1_000)), (1, 1));
        waiting.ended(at(Duration::ZERO));
        assert_eq!(seen(&waiting, Duration::from_secs(1_000)), (0, 0));
    }

    #[test]
    fn one_that_began_in_a_stretch_that_is_gone_is_counted_all_the_same() {
        let waiting = Waiting::new(PATIENCE);
        let (late, early) = (Duration::from_secs(1_000), Duration::ZERO);
        let same_slot = late - Duration::from_nanos(u64::try_from(SLOTS).unwrap() << waiting.shift);
        waiting.began(at(late));
        waiting.began(at(same_slot));
        waiting.began(at(early));
        assert_eq!(seen(&waiting, late), (3, 2), "the late one has its slot");
        for began in [late, same_slot, early] {
            waiting.ended(at(began));
        }
        assert_eq!(waiting.in_flight(), 0);
    }

    #[test]
    fn patience_of_a_moment_lasts_as_long_as_any_other() {
        let waiting = Waiting::new(Duration::from_nanos(1));
        let years = at(Duration::from_secs(30 * 365 * 86_400));
        waiting.began(years);
        assert_eq!((waiting.in_flight(), waiting.abandoned(years)), (1, 0));
        waiting.ended(years);
        assert_eq!(waiting.in_flight(), 0);
    }

    #[test]
    fn under_threads_everything_that_ended_is_gone() {
        let waiting = Waiting::new(Duration::from_millis(1));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let waiting = &waiting;
                scope.spawn(move || {
                    for step in 0..20_000_u64 {
                        let then = Duration::from_micros(step * 37 * (thread + 1));
                        waiting.began(at(then));
                        waiting.ended(at(then));
                    }
                });
            }
        });
        assert_eq!(waiting.in_flight(), 0);
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_list_of_requests(
            steps in prop::collection::vec((0..3_000_u64, any::<bool>(), any::<prop::sample::Index>()), 1..200),
            patience in prop::sample::select(vec![1_u64, 10, 800, 5_000]),
        ) {
            let patience = Duration::from_millis(patience);
            let waiting = Waiting::new(patience);
            let mut model = Vec::new();
            let mut now = Duration::ZERO;
            for (millis, begins, which) in steps {
                now += Duration::from_millis(millis);
                if begins || model.is_empty() {
                    model.push(now);
                    waiting.began(at(now));
                } else {
                    waiting.ended(at(model.swap_remove(which.index(model.len()))));
                }
                let late = (patience / 8).max(Duration::from_millis(2));
                let longer = |than: Duration| model.iter().filter(|began| now - **began > than).count() as u64;
                prop_assert_eq!(waiting.in_flight(), model.len() as u64);
                let abandoned = waiting.abandoned(at(now));
                prop_assert!(longer(patience + late) <= abandoned, "{abandoned}");
                prop_assert!(abandoned <= longer(patience.saturating_sub(Duration::from_nanos(1))), "{abandoned}");
            }
        }
    }
}
