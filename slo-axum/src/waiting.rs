//! Requests that have begun and not ended, by when they began: a request that hangs for ever ends nothing, so it must be
//! seen here.

use std::cell::Cell;
use std::cmp::Ordering::{Equal, Greater, Less};
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Reading;

/// How many requests are in flight, and how many of them for longer than patience.
///
/// A ring of counts: one per stretch of time in which requests began. Whoever begins in a stretch whose slot an older
/// stretch still holds moves what is left of that to `older`. A few rings, so that threads seldom meet in one.
//
// Relaxed everywhere: counts for people, ordered with nothing. Each request adds to a place and later takes from that same
// place, or from `older` when its stretch is no longer there.
#[derive(Debug)]
pub(crate) struct Waiting {
    rings: [Ring; RINGS],
    /// Requests of stretches that lost their slots. A request may leave it a moment before it was moved there.
    older: AtomicI64,
    /// Requests that are in flight without anybody waiting: event streams, upgrades, what is in no metric.
    aside: AtomicI64,
    /// A stretch is 2 to the power of this nanoseconds.
    shift: u32,
    patience: Duration,
}

/// Each slot the number of a stretch, and in the lower bits how many of its requests have not ended. On cache lines of its
/// own: adjacent ones are fetched in pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Ring([AtomicU64; SLOTS]);

/// Which ring a request is counted in, from its beginning to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RingId(u8);

impl RingId {
    /// The calling thread's.
    #[inline]
    pub(crate) fn of_this_thread() -> Self {
        static NEXT: AtomicU8 = AtomicU8::new(0);
        thread_local! {
            static DRAWN: Cell<Option<u8>> = const { Cell::new(None) };
        }
        let drawn = DRAWN.get().unwrap_or_else(|| {
            // Relaxed: threads that share a ring only meet in it.
            let drawn = NEXT.fetch_add(1, Ordering::Relaxed);
            DRAWN.set(Some(drawn));
            drawn
        });
        Self(drawn)
    }
}

const RINGS: usize = 8;
/// With stretches of at least an eighth of patience, a stretch loses its slot when its requests are long abandoned.
const SLOTS: usize = 16;
/// Stretches per patience, at least: by so much of it the count may be late.
const STRETCHES: u32 = 4;
/// About a millisecond: with shorter stretches their numbers would run out within years.
const LEAST_SHIFT: u32 = 20;

const COUNT_BITS: u32 = 24;
const COUNT: u64 = (1 << COUNT_BITS) - 1;

impl Waiting {
    pub(crate) fn new(patience: Duration) -> Self {
        let stretch = u64::try_from((patience / STRETCHES).as_nanos()).unwrap_or(u64::MAX);
        Self {
            rings: [const { Ring([const { AtomicU64::new(0) }; SLOTS]) }; RINGS],
            older: AtomicI64::new(0),
            aside: AtomicI64::new(0),
            shift: stretch.checked_ilog2().unwrap_or(0).max(LEAST_SHIFT),
            patience,
        }
    }

    /// A request began then.
    #[inline]
    pub(crate) fn began(&self, ring: RingId, at: Reading) {
        let (stretch, slot) = self.slot(ring, at);
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
    pub(crate) fn ended(&self, ring: RingId, began: Reading) {
        let (stretch, slot) = self.slot(ring, began);
        let left = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |known| {
            (stretch_of(known) == stretch).then(|| known - 1)
        });
        if left.is_err() {
            self.older.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Nobody waits for that request any longer, though it goes on.
    pub(crate) fn stepped_aside(&self, ring: RingId, began: Reading) {
        // In this order, so that it is in flight all the time.
        self.aside.fetch_add(1, Ordering::Relaxed);
        self.ended(ring, began);
    }

    /// A request that had stepped aside ended.
    pub(crate) fn ended_aside(&self) {
        self.aside.fetch_sub(1, Ordering::Relaxed);
    }

    /// Requests that have begun and not ended; exact at rest.
    pub(crate) fn in_flight(&self) -> u64 {
        self.owed() + u64::try_from(self.aside.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// Those of them that somebody waits for.
    pub(crate) fn owed(&self) -> u64 {
        self.count(|_| true)
    }

    /// Those that somebody has waited for longer than patience; noticed at most a quarter of it, or two milliseconds, late.
    pub(crate) fn abandoned(&self, now: Reading) -> u64 {
        let now = now.nanos();
        let patience = Reading::of(self.patience).nanos();
        // By its end, so that even the last request of the stretch has waited so long.
        self.count(|stretch| now.saturating_sub((stretch + 1) << self.shift) >= patience)
    }

    fn count(&self, is_meant: impl Fn(u64) -> bool) -> u64 {
        let older = || self.older.load(Ordering::Relaxed);
        let mut before = older();
        // Again where a stretch lost its slot meanwhile: it could be missed, or be counted in both places. Whoever is
        // still not alone after that is a moment off.
        for _ in 0..3 {
            let counted = self.in_slots(&is_meant);
            let after = older();
            if before == after {
                return u64::try_from(counted + after).unwrap_or(0);
            }
            before = after;
        }
        u64::try_from(self.in_slots(&is_meant) + before).unwrap_or(0)
    }

    fn in_slots(&self, is_meant: impl Fn(u64) -> bool) -> i64 {
        let slots = self.rings.iter().flat_map(|ring| &ring.0);
        let slots = slots.map(|slot| slot.load(Ordering::Relaxed));
        // Stretches are numbered from 1: zero is a slot that was never used.
        let meant = slots.filter(|slot| *slot > COUNT && is_meant(stretch_of(*slot) - 1));
        meant.map(count_of).sum()
    }

    fn slot(&self, ring: RingId, at: Reading) -> (u64, &AtomicU64) {
        let stretch = (at.nanos() >> self.shift) + 1;
        #[expect(clippy::cast_possible_truncation, reason = "less than 16")]
        let index = (stretch % SLOTS as u64) as usize;
        (stretch, &self.rings[usize::from(ring.0) % RINGS].0[index])
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

    const RING: RingId = RingId(3);
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
        waiting.began(RING, at(began));
        assert_eq!(seen(&waiting, began + PATIENCE), (1, 0));
        assert_eq!(seen(&waiting, began + PATIENCE + PATIENCE / 4), (1, 1));
        assert_eq!(seen(&waiting, began + Duration::from_secs(1_000_000)), (1, 1));
        waiting.ended(RING, at(began));
        assert_eq!(seen(&waiting, began + Duration::from_secs(1_000_000)), (0, 0));
    }

    #[test]
    fn one_that_hangs_is_still_seen_when_its_slot_was_taken() {
        let waiting = Waiting::new(PATIENCE);
        waiting.began(RING, at(Duration::ZERO));
        for second in 1..1_000 {
            let then = Duration::from_secs(second);
            waiting.began(RING, at(then));
            waiting.ended(RING, at(then));
        }
        assert_eq!(seen(&waiting, Duration::from_secs(1_000)), (1, 1));
        waiting.ended(RING, at(Duration::ZERO));
        assert_eq!(seen(&waiting, Duration::from_secs(1_000)), (0, 0));
    }

    #[test]
    fn one_that_began_in_a_stretch_that_is_gone_is_counted_all_the_same() {
        let waiting = Waiting::new(PATIENCE);
        let (late, early) = (Duration::from_secs(1_000), Duration::ZERO);
        let same_slot = late - Duration::from_nanos(u64::try_from(SLOTS).unwrap() << waiting.shift);
        waiting.began(RING, at(late));
        waiting.began(RING, at(same_slot));
        waiting.began(RING, at(early));
        assert_eq!(seen(&waiting, late), (3, 2), "the late one has its slot");
        for began in [late, same_slot, early] {
            waiting.ended(RING, at(began));
        }
        assert_eq!(waiting.in_flight(), 0);
    }

    #[test]
    fn patience_of_a_moment_lasts_as_long_as_any_other() {
        let waiting = Waiting::new(Duration::from_nanos(1));
        let years = at(Duration::from_secs(30 * 365 * 86_400));
        waiting.began(RING, years);
        assert_eq!((waiting.in_flight(), waiting.abandoned(years)), (1, 0));
        waiting.ended(RING, years);
        assert_eq!(waiting.in_flight(), 0);
    }

    #[test]
    fn under_threads_everything_that_ended_is_gone() {
        let waiting = Waiting::new(Duration::from_millis(1));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let waiting = &waiting;
                scope.spawn(move || {
                    let ring = RingId(u8::try_from(thread % 2).unwrap());
                    for step in 0..20_000_u64 {
                        let then = Duration::from_micros(step * 37 * (thread + 1));
                        waiting.began(ring, at(then));
                        waiting.ended(ring, at(then));
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
                    waiting.began(RING, at(now));
                } else {
                    waiting.ended(RING, at(model.swap_remove(which.index(model.len()))));
                }
                let late = (patience / 4).max(Duration::from_millis(2));
                let longer = |than: Duration| model.iter().filter(|began| now - **began > than).count() as u64;
                prop_assert_eq!(waiting.in_flight(), model.len() as u64);
                let abandoned = waiting.abandoned(at(now));
                prop_assert!(longer(patience + late) <= abandoned, "{abandoned}");
                prop_assert!(abandoned <= longer(patience.saturating_sub(Duration::from_nanos(1))), "{abandoned}");
            }
        }
    }
}
