//! Requests that have begun and not ended, by when they began: a request that hangs for ever ends nothing, so it must be
//! seen here.

use std::cmp::Ordering::{Equal, Greater, Less};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use slo_core::Lane;

use crate::clock::Reading;

/// How many requests are in flight, and how many of them for longer than patience.
///
/// A ring of counts: one per stretch of time in which requests began. Whoever comes with a stretch whose slot an older
/// stretch still holds moves what is left of that to `older`. A few rings, so that threads seldom meet in one: who begins
/// a request adds in its own ring, who ends it takes from its own, and only the sum over all rings says something.
//
// Relaxed everywhere: counts for people, ordered with nothing. Each request adds to its stretch and later takes from that
// same stretch, or from `older` where that is no longer there.
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

/// Each slot the number of a stretch, and in the lower bits how many more of its requests began on the ring's threads than
/// ended there. On cache lines of its own: adjacent ones are fetched in pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Ring([AtomicU64; SLOTS]);

const RINGS: usize = 8;
/// With stretches of at least an eighth of patience, a stretch loses its slot when its requests are long abandoned.
const SLOTS: usize = 16;
/// Stretches per patience, at least: by so much of it the count may be late.
const STRETCHES: u32 = 4;
/// About a millisecond: with shorter stretches their numbers would run out within years.
const LEAST_SHIFT: u32 = 20;

/// With a sign. Eight million requests that began on one thread within one stretch and ended on others, more than ever
/// do, would find no room and count as older.
const COUNT_BITS: u32 = 24;
const COUNT: u64 = (1 << COUNT_BITS) - 1;
const MOST: i64 = (1 << (COUNT_BITS - 1)) - 1;

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

    /// A request began then, on the thread of this lane.
    #[inline]
    pub(crate) fn began(&self, lane: Lane, at: Reading) {
        let ring = lane.among(RINGS);
        self.change(ring.index(), ring.is_own(), at, 1);
    }

    /// That request ended, on the thread of this lane.
    #[inline]
    pub(crate) fn ended(&self, lane: Lane, began: Reading) {
        let ring = lane.among(RINGS);
        self.change(ring.index(), ring.is_own(), began, -1);
    }

    #[inline]
    fn change(&self, ring: usize, is_own: bool, began: Reading, by: i64) {
        let stretch = self.stretch(began);
        #[expect(clippy::cast_possible_truncation, reason = "less than 16")]
        let slot = &self.rings[ring].0[(stretch % SLOTS as u64) as usize];
        let changed = |known| match stretch_of(known).cmp(&stretch) {
            Equal if count_of(known).abs() < MOST => Some(with_count(stretch, count_of(known) + by)),
            Less => Some(with_count(stretch, by)),
            Equal | Greater => None,
        };
        let known = if is_own {
            let known = slot.load(Ordering::Relaxed);
            changed(known).map(|changed| {
                slot.store(changed, Ordering::Relaxed);
                known
            })
        } else {
            // Compare and exchange rather than add: between a look and an addition the slot could go to another stretch.
            slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, changed).ok()
        };
        if known.is_none_or(|known| stretch_of(known) != stretch) {
            self.change_older(known, by);
        }
    }

    #[cold]
    fn change_older(&self, taken_from: Option<u64>, by: i64) {
        // The slot is ours now, and what it had is older; or it is not, for a thread that stood still while the ring went
        // round.
        self.older.fetch_add(taken_from.map_or(by, count_of), Ordering::Relaxed);
    }

    /// Nobody waits for that request any longer, though it goes on.
    pub(crate) fn stepped_aside(&self, lane: Lane, began: Reading) {
        // In this order, so that it is in flight all the time.
        self.aside.fetch_add(1, Ordering::Relaxed);
        self.ended(lane, began);
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
        let mut look = self.look();
        // Again where something changed meanwhile: a request that began after the look at one ring and ended before that
        // at another would hide one that waits. Whoever is still not alone after that is a moment off.
        for _ in 0..3 {
            let before = std::mem::replace(&mut look, self.look());
            if before == look {
                break;
            }
        }
        u64::try_from(look.count(is_meant)).unwrap_or(0)
    }

    fn look(&self) -> Look {
        Look {
            older: self.older.load(Ordering::Relaxed),
            rings: self
                .rings
                .each_ref()
                .map(|ring| ring.0.each_ref().map(|slot| slot.load(Ordering::Relaxed))),
        }
    }

    /// Stretches are numbered from 1: zero is a slot that was never used.
    fn stretch(&self, at: Reading) -> u64 {
        (at.nanos() >> self.shift) + 1
    }
}

/// All that there is, one after the other.
#[derive(Eq, PartialEq)]
struct Look {
    older: i64,
    rings: [[u64; SLOTS]; RINGS],
}

impl Look {
    fn count(&self, is_meant: impl Fn(u64) -> bool) -> i64 {
        let slots = self.rings.as_flattened().iter();
        let meant = slots.filter(|slot| **slot > COUNT && is_meant(stretch_of(**slot) - 1));
        self.older + meant.map(|slot| count_of(*slot)).sum::<i64>()
    }
}

const fn stretch_of(slot: u64) -> u64 {
    slot >> COUNT_BITS
}

#[expect(
    clippy::cast_possible_wrap,
    reason = "its sign is the upper one of the bits that are left"
)]
const fn count_of(slot: u64) -> i64 {
    (slot << (u64::BITS - COUNT_BITS)) as i64 >> (u64::BITS - COUNT_BITS)
}

const fn with_count(stretch: u64, count: i64) -> u64 {
    (stretch << COUNT_BITS) | (u64::from_ne_bytes(count.to_ne_bytes()) & COUNT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    impl Waiting {
        /// As in rings of the calling thread's own, whichever.
        fn begins(&self, ring: usize, since: Duration) {
            self.change(ring, true, at(since), 1);
        }

        fn ends(&self, ring: usize, since: Duration) {
            self.change(ring, true, at(since), -1);
        }
    }

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
        waiting.begins(3, began);
        assert_eq!(seen(&waiting, began + PATIENCE), (1, 0));
        assert_eq!(seen(&waiting, began + PATIENCE + PATIENCE / 4), (1, 1));
        assert_eq!(seen(&waiting, began + Duration::from_secs(1_000_000)), (1, 1));
        waiting.ends(5, began);
        assert_eq!(seen(&waiting, began + Duration::from_secs(1_000_000)), (0, 0));
    }

    #[test]
    fn one_that_hangs_is_still_seen_when_its_slot_was_taken() {
        let waiting = Waiting::new(PATIENCE);
        waiting.begins(3, Duration::ZERO);
        for second in 1..1_000 {
            let then = Duration::from_secs(second);
            waiting.begins(3, then);
            waiting.ends(5, then);
        }
        assert_eq!(seen(&waiting, Duration::from_secs(1_000)), (1, 1));
        waiting.ends(5, Duration::ZERO);
        assert_eq!(seen(&waiting, Duration::from_secs(1_000)), (0, 0));
    }

    #[test]
    fn one_that_began_in_a_stretch_that_is_gone_is_counted_all_the_same() {
        let waiting = Waiting::new(PATIENCE);
        let (late, early) = (Duration::from_secs(1_000), Duration::ZERO);
        let same_slot = late - Duration::from_nanos(u64::try_from(SLOTS).unwrap() << waiting.shift);
        waiting.begins(3, late);
        waiting.begins(3, same_slot);
        waiting.begins(3, early);
        assert_eq!(seen(&waiting, late), (3, 2), "the late one has its slot");
        for began in [late, same_slot, early] {
            waiting.ends(5, began);
        }
        assert_eq!(waiting.in_flight(), 0);
    }

    #[test]
    fn patience_of_a_moment_lasts_as_long_as_any_other() {
        let waiting = Waiting::new(Duration::from_nanos(1));
        let years = Duration::from_secs(30 * 365 * 86_400);
        waiting.begins(3, years);
        assert_eq!(seen(&waiting, years), (1, 0));
        waiting.ends(3, years);
        assert_eq!(waiting.in_flight(), 0);
    }

    #[test]
    fn requests_that_begin_on_one_thread_and_end_on_another_are_gone() {
        let waiting = Waiting::new(Duration::from_millis(1));
        std::thread::scope(|scope| {
            for thread in 1..=6 {
                let (began, ends) = std::sync::mpsc::channel();
                let waiting = &waiting;
                scope.spawn(move || {
                    for step in 0..20_000_u64 {
                        let then = at(Duration::from_micros(step * 37 * thread));
                        waiting.began(Lane::of_this_thread(), then);
                        if step % 2 == 0 {
                            waiting.ended(Lane::of_this_thread(), then);
                        } else {
                            began.send(then).unwrap();
                        }
                    }
                });
                scope.spawn(move || ends.iter().for_each(|then| waiting.ended(Lane::of_this_thread(), then)));
            }
        });
        assert_eq!(waiting.in_flight(), 0);
    }

    #[test]
    fn more_than_a_slot_can_hold_are_counted_all_the_same() {
        let waiting = Waiting::new(PATIENCE);
        let stretch = waiting.stretch(at(Duration::ZERO));
        for most in [MOST, -MOST] {
            waiting.rings[0].0[1].store(with_count(stretch, most), Ordering::Relaxed);
            assert_eq!(
                (
                    stretch_of(with_count(stretch, most)),
                    count_of(with_count(stretch, most))
                ),
                (stretch, most)
            );
            waiting.begins(0, Duration::ZERO);
            waiting.begins(0, Duration::ZERO);
            waiting.ends(0, Duration::ZERO);
            assert_eq!(waiting.look().count(|_| true), most + 1);
            waiting.ends(0, Duration::ZERO);
            assert_eq!(waiting.look().count(|_| true), most);
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_list_of_requests(
            steps in prop::collection::vec(
                (0..3_000_u64, any::<bool>(), any::<prop::sample::Index>(), 0..RINGS, any::<bool>()), 1..200,
            ),
            patience in prop::sample::select(vec![1_u64, 10, 800, 5_000]),
        ) {
            let patience = Duration::from_millis(patience);
            let waiting = Waiting::new(patience);
            let mut model = Vec::new();
            let mut now = Duration::ZERO;
            for (millis, begins, which, ring, is_own) in steps {
                now += Duration::from_millis(millis);
                if begins || model.is_empty() {
                    model.push(now);
                    waiting.change(ring, is_own, at(now), 1);
                } else {
                    let began = model.swap_remove(which.index(model.len()));
                    waiting.change(ring, is_own, at(began), -1);
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
