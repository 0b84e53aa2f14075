//! Running totals that many threads add to without meeting.

use crate::lane::LaneCell;
use crate::sync::{AtomicU64, Ordering};
use crate::{Events, Lane, Outcome};

/// Enough for one stripe per worker thread on most machines, half of them their own thread's; small enough to sum in well
/// under a microsecond.
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

    /// Counts one event on the calling thread's stripe: a load and a store where that is its own, else a relaxed add.
    #[inline]
    pub(crate) fn add(&self, lane: Lane, outcome: Outcome) {
        let lane = lane.among(STRIPES);
        lane.add(self.counter(lane, outcome), 1);
    }

    /// Counts many events, each outcome as one event is.
    pub(crate) fn add_many(&self, events: Events) {
        let lane = Lane::of_this_thread().among(STRIPES);
        for outcome in Outcome::ALL {
            let count = events.of(outcome);
            if count > 0 {
                lane.add(self.counter(lane, outcome), count);
            }
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.stripes)
    }

    #[inline]
    fn counter(&self, lane: LaneCell, outcome: Outcome) -> &AtomicU64 {
        let stripe = &self.stripes[lane.index()];
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
                        stripes.add(Lane::of_this_thread(), Outcome::ALL[number % 3]);
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
