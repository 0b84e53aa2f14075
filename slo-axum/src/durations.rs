//! A histogram of our own, for what this crate pushes itself: a record is two additions to counters that the thread seldom
//! shares, where the SDK's takes a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use slo_core::Lane;

/// Where buckets end, in seconds as they are exported and in whole nanoseconds as they are compared.
#[derive(Debug)]
pub(crate) struct Bounds {
    seconds: Box<[f64]>,
    nanos: Box<[u64]>,
    /// By how many bits a duration's nanoseconds have: the buckets that it may be in, from the first to the last.
    by_bits: [(usize, usize); u64::BITS as usize + 1],
}

impl Bounds {
    /// Of upper bounds in seconds, positive and ascending.
    pub(crate) fn new(seconds: Vec<f64>) -> Self {
        let nanos: Box<[u64]> = seconds.iter().map(|bound| longest_within(*bound)).collect();
        let bucket = |limit: u64| nanos.partition_point(|bound| *bound < limit);
        let of_bits = |bits: usize| match bits.checked_sub(1) {
            None => (bucket(0), bucket(0)),
            Some(log2) => (bucket(1 << log2), bucket(u64::MAX >> (u64::BITS as usize - bits))),
        };
        Self {
            by_bits: core::array::from_fn(of_bits),
            nanos,
            seconds: seconds.into(),
        }
    }

    pub(crate) const fn as_seconds(&self) -> &[f64] {
        &self.seconds
    }

    /// Which bucket a duration belongs to: the first that ends at or after it, else the last, which has no end.
    #[inline]
    fn bucket(&self, nanos: u64) -> usize {
        let (first, last) = self.by_bits[(u64::BITS - nanos.leading_zeros()) as usize];
        let between = self.nanos[first..last].iter();
        first + between.take_while(|bound| **bound < nanos).count()
    }

    const fn buckets(&self) -> usize {
        self.nanos.len() + 1
    }
}

/// The longest duration, in nanoseconds, that is not above this bound by `Duration::as_secs_f64`: latency SLOs are judged
/// by that number.
fn longest_within(bound: f64) -> u64 {
    let is_within = |nanos: u64| Duration::from_nanos(nanos).as_secs_f64() <= bound;
    // The two roundings are off by a few hundred nanoseconds after a year, by none or one below a day.
    let near = Duration::try_from_secs_f64(bound)
        .map_or(u64::MAX, |bound| u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX));
    let from = (0..=near).rev().find(|nanos| is_within(*nanos)).unwrap_or(0);
    (from..u64::MAX)
        .take_while(|nanos| is_within(*nanos))
        .last()
        .unwrap_or(from)
}

/// One series: how many requests took how long, and how long they took together.
#[derive(Debug)]
pub(crate) struct Durations {
    bounds: Arc<Bounds>,
    /// Stripe by stripe the sum in nanoseconds and a count per bucket, on cache lines that no other stripe has.
    lines: Box<[Line]>,
    lines_per_stripe: usize,
}

/// Two lines of x86-64, which fetches them in pairs, and one of Apple's cores.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Line([AtomicU64; CELLS]);

const CELLS: usize = 16;
/// Half of them have one thread each.
const STRIPES: usize = 8;
/// Before the buckets.
const SUM: usize = 0;

impl Durations {
    pub(crate) fn new(bounds: &Arc<Bounds>) -> Self {
        let lines_per_stripe = (SUM + 1 + bounds.buckets()).div_ceil(CELLS);
        Self {
            bounds: Arc::clone(bounds),
            lines: (0..STRIPES * lines_per_stripe).map(|_| Line::default()).collect(),
            lines_per_stripe,
        }
    }

    /// Counts a request that took so long; beyond 584 years it took that.
    #[inline]
    pub(crate) fn record(&self, lane: Lane, elapsed: Duration) {
        let nanos = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        let bucket = self.bounds.bucket(nanos);
        let lane = lane.among(STRIPES);
        let stripe = &self.lines[lane.index() * self.lines_per_stripe..][..self.lines_per_stripe];
        lane.add(cell(stripe, SUM), nanos);
        lane.add(cell(stripe, SUM + 1 + bucket), 1);
    }

    /// All that was recorded. What is recorded meanwhile may be in the sum and not yet in the counts.
    pub(crate) fn read(&self) -> Recorded {
        let total = |cell: usize| {
            let parts = self.lines.chunks_exact(self.lines_per_stripe);
            let parts = parts.map(|stripe| self::cell(stripe, cell).load(Ordering::Relaxed));
            parts.fold(0_u64, u64::wrapping_add)
        };
        Recorded {
            nanos: total(SUM),
            counts: (0..self.bounds.buckets())
                .map(|bucket| total(SUM + 1 + bucket))
                .collect(),
        }
    }

    pub(crate) fn bounds(&self) -> &Bounds {
        &self.bounds
    }
}

#[inline]
fn cell(stripe: &[Line], cell: usize) -> &AtomicU64 {
    &stripe[cell / CELLS].0[cell % CELLS]
}

/// What a series has counted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Recorded {
    /// How long all requests took together; wraps around after 584 years.
    nanos: u64,
    /// By bucket.
    pub(crate) counts: Vec<u64>,
}

impl Recorded {
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(crate) const fn sum(&self) -> Duration {
        Duration::from_nanos(self.nanos)
    }

    /// What was recorded since; all of it where nothing is known of before.
    pub(crate) fn since(&self, before: Option<&Self>) -> Self {
        let Some(before) = before else { return self.clone() };
        let pairs = self.counts.iter().zip(&before.counts);
        Self {
            nanos: self.nanos.wrapping_sub(before.nanos),
            counts: pairs.map(|(now, then)| now.saturating_sub(*then)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bounds(seconds: &[f64]) -> Arc<Bounds> {
        Arc::new(Bounds::new(seconds.to_vec()))
    }

    fn recorded(bounds: &Arc<Bounds>, nanos: &[u64]) -> Recorded {
        let durations = Durations::new(bounds);
        for nanos in nanos {
            durations.record(Lane::of_this_thread(), Duration::from_nanos(*nanos));
        }
        durations.read()
    }

    #[test]
    fn a_bucket_has_its_upper_bound_and_not_its_lower_one() {
        let bounds = bounds(&[0.005, 0.8, 1.0]);
        let recorded = recorded(
            &bounds,
            &[
                0,
                5_000_000,
                5_000_001,
                800_000_000,
                800_000_001,
                1_000_000_001,
                u64::MAX,
            ],
        );
        assert_eq!(recorded.counts, [2, 2, 1, 2]);
        assert_eq!(recorded.count(), 7);
    }

    #[test]
    fn the_sum_is_exact() {
        let recorded = recorded(&bounds(&[1.0]), &[1, 999_999_999, 3]);
        assert_eq!(recorded.sum(), Duration::from_nanos(1_000_000_003));
    }

    #[test]
    fn what_came_since_is_told_apart() {
        let bounds = bounds(&[0.001]);
        let durations = Durations::new(&bounds);
        durations.record(Lane::of_this_thread(), Duration::from_micros(1));
        let before = durations.read();
        durations.record(Lane::of_this_thread(), Duration::from_secs(1));
        let after = durations.read();
        assert_eq!(after.since(Some(&before)).counts, [0, 1]);
        assert_eq!(after.since(Some(&before)).sum(), Duration::from_secs(1));
        assert_eq!(after.since(None), after);
    }

    #[test]
    fn many_buckets_take_further_lines_and_threads_lose_nothing() {
        let limits: Vec<_> = (1_u32..=40).map(|limit| f64::from(limit) / 1_000.0).collect();
        let durations = Durations::new(&bounds(&limits));
        std::thread::scope(|scope| {
            for _ in 0..2 * STRIPES {
                scope.spawn(|| {
                    for millis in 0..4_100 {
                        durations.record(Lane::of_this_thread(), Duration::from_millis(millis % 41 + 1));
                    }
                });
            }
        });
        let recorded = durations.read();
        let threads = 2 * STRIPES as u64;
        assert_eq!(recorded.counts, [threads * 100; 41]);
        assert_eq!(
            recorded.sum(),
            Duration::from_millis(threads * 100 * (1..=41).sum::<u64>())
        );
    }

    proptest! {
        #[test]
        fn a_bucket_is_found_however_close_the_bounds_lie(
            bounds in prop::collection::btree_set((0_u64..2_000_000).prop_map(|count| count * 500), 0..60),
            nanos in prop_oneof![0_u64..2_000_000_000, any::<u64>()],
        ) {
            #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
            let seconds: Vec<_> = bounds.iter().map(|nanos| *nanos as f64 / 1e9).collect();
            let bounds = Bounds::new(seconds);
            prop_assert_eq!(bounds.bucket(nanos), bounds.nanos.partition_point(|bound| *bound < nanos));
            for near in bounds.nanos.iter().flat_map(|bound| [bound - bound.min(&1), *bound, bound + 1]) {
                prop_assert_eq!(bounds.bucket(near), bounds.nanos.partition_point(|bound| *bound < near));
            }
        }

        #[test]
        fn a_bound_is_compared_as_latency_slos_compare_it(
            bound in prop_oneof![0.000_001_f64..1.0, 0.001_f64..100_000.0],
            off in -3_i64..=3,
            any in 0_u64..100_000_000_000_000,
        ) {
            let bounds = Bounds::new(vec![bound]);
            let near = bounds.nanos[0].saturating_add_signed(off);
            for nanos in [near, any] {
                let is_within = Duration::from_nanos(nanos).as_secs_f64() <= bound;
                prop_assert_eq!(bounds.bucket(nanos) == 0, is_within, "{} {}", nanos, bound);
            }
        }
    }
}
