//! Which of a few cells a thread counts in, so that threads seldom meet and most need no atomic addition.

#[cfg(not(loom))]
use core::cell::Cell;
use core::marker::PhantomData;
#[cfg(not(loom))]
use core::sync::atomic::{AtomicU8, Ordering as StdOrdering};

use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// The calling thread's place among cells that many threads count in: the first eight threads that ask have a number of
/// their own while they live, all later ones share eight more.
///
/// Where only one thread ever writes to a cell, a load and a store count as exactly as an atomic addition, and take a
/// tenth of the time. Whoever sums the cells reads each of them.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use slo_core::Lane;
///
/// let cells = [const { AtomicU64::new(0) }; 4];
/// std::thread::scope(|scope| {
///     for _ in 0..20 {
///         scope.spawn(|| {
///             let lane = Lane::of_this_thread().among(cells.len());
///             lane.add(&cells[lane.index()], 1);
///         });
///     }
/// });
/// assert_eq!(cells.iter().map(|cell| cell.load(Ordering::Relaxed)).sum::<u64>(), 20);
/// ```
///
/// It is not to be taken to another thread, whose counts it would undo:
///
/// ```compile_fail,E0277
/// # use slo_core::Lane;
/// let lane = Lane::of_this_thread();
/// std::thread::spawn(move || println!("{lane:?}"));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Lane(u8, OfThread);

/// A [`Lane`] among so many cells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct LaneCell {
    index: usize,
    is_own: bool,
    thread: OfThread,
}

/// Not to be sent to another thread, whose cell it is not.
type OfThread = PhantomData<*const ()>;

impl Lane {
    /// The calling thread's. Kept until the thread ends; what still counts while its thread locals are torn down may
    /// already be in a shared one.
    #[cfg(not(loom))]
    #[inline]
    pub fn of_this_thread() -> Self {
        match DRAWN.get() {
            NONE => draw(),
            drawn => Self(drawn, PhantomData),
        }
    }

    /// loom's threads share one thread of the system; the number that it gives them is in their `Debug` form only.
    #[cfg(loom)]
    pub fn of_this_thread() -> Self {
        let shown = format!("{:?}", loom::thread::current().id());
        let number = shown.trim_matches(|sign: char| !sign.is_ascii_digit());
        Self(number.parse().unwrap_or(0), PhantomData)
    }

    /// Its cell among so many: the first half of them have one thread each, the others share the second half. Of one,
    /// everybody shares that.
    #[inline]
    pub const fn among(self, cells: usize) -> LaneCell {
        let (own, number) = (cells / 2, self.0 as usize);
        if number < own && self.0 < OWN {
            return LaneCell {
                index: number,
                is_own: true,
                thread: self.1,
            };
        }
        let shared = cells - own;
        LaneCell {
            index: if shared == 0 { 0 } else { own + number % shared },
            is_own: false,
            thread: self.1,
        }
    }
}

impl LaneCell {
    /// The cell's index.
    #[inline]
    #[must_use]
    pub const fn index(self) -> usize {
        self.index
    }

    /// Whether no other thread writes to that cell. A thread that had it before has ended, and what it wrote is seen.
    #[inline]
    #[must_use]
    pub const fn is_own(self) -> bool {
        self.is_own
    }

    /// Adds to that cell of some counter; beyond `u64::MAX` it wraps around.
    ///
    /// Whoever else adds to the cell must do so through a `LaneCell` of as many cells, too.
    #[inline]
    pub fn add(self, cell: &AtomicU64, count: u64) {
        // Relaxed: counts carry no other data with them; whoever sums needs no more than that none is lost.
        if self.is_own {
            cell.store(cell.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
        } else {
            cell.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Adds one to that cell of some counter; beyond `u32::MAX` it wraps around.
    #[inline]
    pub(crate) fn add_one(self, cell: &AtomicU32) {
        // Relaxed: as above.
        if self.is_own {
            cell.store(cell.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        } else {
            cell.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// How many threads can have a number of their own: one bit each of `FREE`.
const OWN: u8 = 8;

/// No number was drawn yet.
#[cfg(not(loom))]
const NONE: u8 = u8::MAX;

#[cfg(not(loom))]
thread_local! {
    // Without a destructor, so it can be read while a thread is being torn down.
    static DRAWN: Cell<u8> = const { Cell::new(NONE) };
    static OWNED: Owned = const { Owned(Cell::new(NONE)) };
}

/// Own numbers that no thread has, a bit each.
#[cfg(not(loom))]
static FREE: AtomicU8 = AtomicU8::new(u8::MAX);

/// Gives a thread's own number back when the thread ends.
#[cfg(not(loom))]
struct Owned(Cell<u8>);

#[cfg(not(loom))]
impl Drop for Owned {
    fn drop(&mut self) {
        let number = self.0.get();
        if number < OWN {
            // First: whatever else is torn down after this counts with those that share.
            DRAWN.set(shared());
            // Release: the next thread with this number sees what this one wrote.
            FREE.fetch_or(1 << number, StdOrdering::Release);
        }
    }
}

#[cfg(not(loom))]
#[cold]
fn draw() -> Lane {
    let lowest = |free: u8| (free != 0).then(|| free & (free - 1));
    // Not without the guard that gives it back, which a thread that is being torn down cannot have.
    let own = OWNED.try_with(|owned| {
        // Acquire: what the last thread with this number wrote is seen, or a load and a store would undo it.
        let free = FREE.fetch_update(StdOrdering::Acquire, StdOrdering::Relaxed, lowest);
        let number = free.ok().and_then(|free| u8::try_from(free.trailing_zeros()).ok());
        number.inspect(|number| owned.0.set(*number))
    });
    let drawn = own.ok().flatten().unwrap_or_else(shared);
    DRAWN.set(drawn);
    Lane(drawn, PhantomData)
}

/// A number that other threads may have, too.
#[cfg(not(loom))]
fn shared() -> u8 {
    static NEXT: AtomicU8 = AtomicU8::new(0);
    // Relaxed: threads with one number only meet.
    OWN + NEXT.fetch_add(1, StdOrdering::Relaxed) % OWN
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::{Barrier, Mutex};
    use std::thread;

    use super::*;

    #[test]
    fn the_first_half_of_the_cells_has_one_thread_each() {
        let cell = |number, cells| {
            let cell = Lane(number, PhantomData).among(cells);
            (cell.index(), cell.is_own())
        };
        assert_eq!([cell(0, 16), cell(7, 16)], [(0, true), (7, true)]);
        assert_eq!([cell(8, 16), cell(15, 16)], [(8, false), (15, false)]);
        assert_eq!(
            [cell(1, 4), cell(2, 4), cell(9, 4)],
            [(1, true), (2, false), (3, false)]
        );
        assert_eq!([cell(0, 0), cell(0, 1), cell(12, 1)], [(0, false); 3]);
        for (number, cells) in (0..16).flat_map(|number| (0..40).map(move |cells| (number, cells))) {
            let (index, is_own) = cell(number, cells);
            assert!(index < cells.max(1), "{number} among {cells}");
            assert!(!is_own || (number < OWN && index == usize::from(number)));
        }
    }

    #[test]
    fn no_two_living_threads_have_one_number_of_their_own() {
        for _ in 0..20 {
            let (all_drawn, drawn) = (Barrier::new(12), Mutex::new(BTreeMap::<u8, u32>::new()));
            thread::scope(|scope| {
                for _ in 0..12 {
                    scope.spawn(|| {
                        let lane = Lane::of_this_thread();
                        *drawn.lock().unwrap().entry(lane.0).or_default() += 1;
                        all_drawn.wait();
                        assert_eq!(Lane::of_this_thread(), lane);
                    });
                }
            });
            let drawn = drawn.into_inner().unwrap();
            let own: Vec<_> = drawn.iter().filter(|(number, _)| **number < OWN).collect();
            assert!(own.iter().all(|(_, threads)| **threads == 1), "{drawn:?}");
        }
    }

    /// Counts once more when it is torn down, and says so where its cell is shared.
    struct Late(&'static [AtomicU64; 2]);

    impl Drop for Late {
        fn drop(&mut self) {
            let lane = Lane::of_this_thread();
            lane.among(2).add(&self.0[0], 1);
            self.0[1].fetch_add(u64::from(lane.0 >= OWN), Ordering::Relaxed);
        }
    }

    #[test]
    fn a_thread_that_is_torn_down_counts_with_those_that_share() {
        static LATE: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
        thread_local! {
            static BEFORE: Cell<Option<Late>> = const { Cell::new(None) };
            static AFTER: Cell<Option<Late>> = const { Cell::new(None) };
        }
        for _ in 0..50 {
            let ended = thread::spawn(|| {
                BEFORE.set(Some(Late(&LATE)));
                let _drawn = Lane::of_this_thread();
                AFTER.set(Some(Late(&LATE)));
            });
            ended.join().unwrap();
        }
        let [counted, shared] = LATE.each_ref().map(|count| count.load(Ordering::Relaxed));
        // One of the two is torn down after the number was given back, whichever.
        assert!(counted == 100 && shared >= 50, "{counted} {shared}");
    }

    #[test]
    fn a_number_is_given_back_when_its_thread_ends() {
        let draws_own = || thread::spawn(|| Lane::of_this_thread().0 < OWN).join().unwrap();
        for _ in 0..3 * OWN {
            draws_own();
        }
        // Tests beside this one may have all of them for a moment.
        assert!((0..10_000).any(|_| draws_own()));
    }

    #[test]
    fn threads_that_share_a_cell_lose_nothing() {
        const THREADS: u32 = 4;
        const TIMES: u32 = 2_000_000;
        let (cell, small, all_there) = (AtomicU64::new(0), AtomicU32::new(0), Barrier::new(THREADS as usize));
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    let lane = Lane(OWN, PhantomData).among(2);
                    all_there.wait();
                    for _ in 0..TIMES {
                        lane.add(&cell, 1);
                        lane.add_one(&small);
                    }
                });
            }
        });
        assert_eq!(cell.into_inner(), u64::from(THREADS * TIMES));
        assert_eq!(small.into_inner(), THREADS * TIMES);
    }

    #[test]
    fn numbers_go_from_thread_to_thread_and_no_count_is_lost() {
        let cells: Vec<_> = (0..4).map(|_| AtomicU64::new(0)).collect();
        let smalls: Vec<_> = (0..4).map(|_| AtomicU32::new(0)).collect();
        thread::scope(|scope| {
            for _ in 0..6 {
                let (cells, smalls) = (&cells, &smalls);
                scope.spawn(move || {
                    for _ in 0..200 {
                        let short = || {
                            for _ in 0..50 {
                                let lane = Lane::of_this_thread().among(4);
                                lane.add(&cells[lane.index()], 3);
                                lane.add_one(&smalls[lane.index()]);
                            }
                        };
                        thread::scope(|inner| drop(inner.spawn(short).join()));
                    }
                });
            }
        });
        let counted: u64 = cells.iter().map(|cell| cell.load(Ordering::Relaxed)).sum();
        let ones: u32 = smalls.iter().map(|cell| cell.load(Ordering::Relaxed)).sum();
        assert_eq!((counted, ones), (6 * 200 * 50 * 3, 6 * 200 * 50));
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::{Arc, Mutex};
    use loom::thread;

    /// Thread 0 has a cell of its own among two; the others share the second.
    #[test]
    fn loom_a_load_and_a_store_in_ones_own_cell_lose_nothing() {
        loom::model(|| {
            let cells = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
            let count = |cells: &[AtomicU64; 2]| {
                let lane = Lane::of_this_thread().among(2);
                lane.add(&cells[lane.index()], 1);
            };
            let others = [(); 2].map(|()| {
                let cells = Arc::clone(&cells);
                thread::spawn(move || count(&cells))
            });
            count(&cells);
            count(&cells);
            others.into_iter().for_each(|other| other.join().unwrap());
            let sum: u64 = cells.iter().map(|cell| cell.load(Ordering::Relaxed)).sum();
            assert_eq!(sum, 4);
        });
    }

    fn own() -> LaneCell {
        LaneCell {
            index: 0,
            is_own: true,
            thread: PhantomData,
        }
    }

    /// A number is given back with `Release` and drawn with `Acquire`, like a lock.
    #[test]
    fn loom_a_cell_that_changes_hands_keeps_its_count() {
        loom::model(|| {
            let shared = Arc::new((Mutex::new(()), AtomicU64::new(0)));
            let other = {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    let _drawn = shared.0.lock().unwrap();
                    own().add(&shared.1, 1);
                })
            };
            {
                let _drawn = shared.0.lock().unwrap();
                own().add(&shared.1, 1);
            }
            other.join().unwrap();
            assert_eq!(shared.1.load(Ordering::Relaxed), 2);
        });
    }
}
