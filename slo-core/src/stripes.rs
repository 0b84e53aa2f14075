//! Running totals that many threads add to without meeting.

#[cfg(not(loom))]
use core::cell::Cell;
#[cfg(not(loom))]
use core::sync::atomic::{AtomicUsize, Ordering as StdOrdering};

use crate::sync::{AtomicU64, Ordering};
use crate::{Events, Outcome};

/// Enough for one stripe per worker thread on most machines, small enough to sum in well under a microsecond.
#[cfg(not(loom))]
const STRIPES: usize = 16;
#[cfg(loom)]
const STRIPES: usize = 2;

/// One thread's share of the totals, alone on its cache lines: adjacent lines are fetched in pairs on x86-64, and 128
/// bytes are one line on Apple's cores.
#[derive(Debug)]
#[repr(align(128))]
struct Stripe {
    good: AtomicU64,
    bad: AtomicU64,
    excluded: AtomicU64,
}

/// Totals since the start, never reset: the sum of the stripes.
#[derive(Debug)]
pub(crate) struct Stripes {
    stripes: Box<[Stripe; STRIPES]>,
}

impl Stripes {
    pub(crate) fn new() -> Self {
        let stripe = |_| Stripe {
            good: AtomicU64::new(0),
            bad: AtomicU64::new(0),
            excluded: AtomicU64::new(0),
        };
        Self {
            stripes: Box::new(core::array::from_fn(stripe)),
        }
    }

    /// Counts one event: one relaxed add on the calling thread's own stripe.
    #[inline]
    pub(crate) fn add(&self, outcome: Outcome) {
        self.add_at(home(), outcome);
    }

    #[inline]
    pub(crate) fn add_at(&self, home: usize, outcome: Outcome) {
        // Relaxed: counts carry no other data with them; whoever sums needs no more than that none is lost.
        self.counter(home, outcome).fetch_add(1, Ordering::Relaxed);
    }

    /// Counts many events: at most one relaxed add per outcome, on the calling thread's own stripe.
    pub(crate) fn add_many(&self, events: Events) {
        let home = home();
        for outcome in Outcome::ALL {
            let count = events.of(outcome);
            if count > 0 {
                // Relaxed: as for one event.
                self.counter(home, outcome).fetch_add(count, Ordering::Relaxed);
            }
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.stripes)
    }

    #[inline]
    fn counter(&self, home: usize, outcome: Outcome) -> &AtomicU64 {
        let stripe = &self.stripes[home % STRIPES];
        match outcome {
            Outcome::Good => &stripe.good,
            Outcome::Bad => &stripe.bad,
            Outcome::Excluded => &stripe.excluded,
        }
    }

    /// The totals. Events added meanwhile may or may not be in; two sums of one reader, or of two readers ordered by a
    /// lock, never go back, because each cell only grows and coherence keeps its reads in order.
    pub(crate) fn sum(&self) -> Events {
        self.stripes.iter().fold(Events::default(), |sum, stripe| {
            let [good, bad, excluded] =
                [&stripe.good, &stripe.bad, &stripe.excluded].map(|counter| counter.load(Ordering::Relaxed));
            sum.saturating_add(Events::new(good, bad).with_excluded(excluded))
        })
    }
}

/// The calling thread's number, given out in order of first use and kept for the thread's life.
#[cfg(not(loom))]
#[inline]
pub(crate) fn home() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        // Without a destructor, so it can be read while a thread is being torn down.
        static HOME: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    let known = HOME.get();
    if known != usize::MAX {
        return known;
    }
    // Relaxed: a number drawn twice would only mean a shared stripe, and it cannot be drawn twice.
    let drawn = NEXT.fetch_add(1, StdOrdering::Relaxed) % STRIPES;
    HOME.set(drawn);
    drawn
}

/// loom's threads share one thread of the system; the number that it gives them is in their `Debug` form only.
#[cfg(loom)]
pub(crate) fn home() -> usize {
    let shown = format!("{:?}", loom::thread::current().id());
    shown
        .trim_matches(|sign: char| !sign.is_ascii_digit())
        .parse()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn no_event_is_lost_between_threads() {
        let stripes = Stripes::new();
        thread::scope(|scope| {
            for _ in 0..STRIPES + 3 {
                scope.spawn(|| {
                    for number in 0..3_000 {
                        stripes.add(Outcome::ALL[number % 3]);
                        stripes.add_many(Events::new(5, 5).with_excluded(5));
                    }
                });
            }
        });
        let each = (1_000 + 5 * 3_000) * (STRIPES as u64 + 3);
        assert_eq!(stripes.sum(), Events::new(each, each).with_excluded(each));
    }

    #[test]
    fn stripes_do_not_share_a_cache_line() {
        assert_eq!(size_of::<Stripe>(), 128);
    }
}
