//! The series of the duration histogram: a bounded number, whatever clients send.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use slo_core::Lane;

use crate::attributes::{Key, Labels, Owner, Scheme};
use crate::grown::Grown;
#[cfg(feature = "otlp")]
use crate::instruments::Counted;
use crate::instruments::{Instruments, Recorder};

/// How many series of the duration histogram a process makes at most, where nothing else is said: what an SDK keeps apart
/// by default before it throws everything else together.
pub(crate) const MAX_SERIES: usize = 2_000;
/// Fewer would not even hold one route's.
pub(crate) const LEAST_SERIES: usize = 100;

/// How many of a route's successes have a place that no client can take: which of them it gets, the client chooses.
const SUCCESSES_PER_ROUTE: usize = 16;
/// How many of a route's failures do, which nobody chooses.
const FAILURES_PER_ROUTE: usize = 32;

/// The places that are left, of a process.
///
/// One half is for any labels. When it is full, a success or a failure of the service's own still gets a place of the
/// other half, which the two share evenly, without the protocol's version; everything else is folded into one series per
/// route and scheme, and into one per scheme for all when there is no place for that either.
#[derive(Debug)]
pub(crate) struct Places {
    all: usize,
    any: Left,
    successes: Left,
    /// Of those that fold, too.
    failures: Left,
    is_folding: AtomicBool,
}

/// A count that goes down to zero.
#[derive(Debug)]
struct Left(AtomicUsize);

impl Left {
    const fn new(places: usize) -> Self {
        Self(AtomicUsize::new(places))
    }

    fn take(&self) -> bool {
        // Relaxed, here and below: the count itself is all there is to know.
        let one_less = |left: usize| left.checked_sub(1);
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
            .is_ok()
    }

    fn give_back(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Places {
    /// So many places in all.
    pub(crate) const fn new(all: usize) -> Self {
        let (half, quarter) = (all / 2, all / 4);
        Self {
            all,
            // Set aside, for each scheme, what has no other.
            any: Left::new(all - half - Scheme::ALL.len()),
            successes: Left::new(quarter),
            failures: Left::new(half - quarter),
            is_folding: AtomicBool::new(false),
        }
    }

    fn warn_of_folding(&self) {
        let is_first = !self.is_folding.load(Ordering::Relaxed) && !self.is_folding.swap(true, Ordering::Relaxed);
        if is_first {
            tracing::warn!(
                max_series = self.all,
                "the duration histogram has as many series as it may have; what clients vary is now folded into one series \
                 per route, with the method `_OTHER`, while successes and failures keep theirs. Events of SLOs are not \
                 affected; ask for more with `max_series`"
            );
        }
    }
}

/// The series of one route.
#[derive(Debug)]
pub(crate) struct RouteSeries {
    known: Grown<Series>,
    successes: Left,
    failures: Left,
}

#[derive(Debug)]
struct Series {
    key: Key,
    recorder: Recorder,
}

impl RouteSeries {
    pub(crate) fn new() -> Self {
        Self {
            known: Grown::new(8),
            successes: Left::new(SUCCESSES_PER_ROUTE),
            failures: Left::new(FAILURES_PER_ROUTE),
        }
    }

    /// Records one request of this route, or of none, under its labels or what is left of them.
    ///
    /// `rest` are the series of requests without a route, which take what has no place.
    #[inline]
    pub(crate) fn record(
        &self,
        instruments: &Instruments,
        route: Option<&str>,
        labels: Labels,
        (lane, elapsed): (Lane, Duration),
        rest: &Self,
    ) {
        let known = self.find(labels);
        let series = known.unwrap_or_else(|| self.made(instruments, route, labels, rest));
        series.recorder.record(lane, elapsed);
    }

    /// The series of labels that have none yet.
    #[cold]
    fn made<'a>(
        &'a self,
        instruments: &Instruments,
        route: Option<&str>,
        labels: Labels,
        rest: &'a Self,
    ) -> &'a Series {
        self.place(instruments, route, labels).unwrap_or_else(|| {
            // Its place is set aside.
            let folded = labels.folded();
            rest.find(folded)
                .unwrap_or_else(|| rest.insert(instruments, None, folded, &[]))
        })
    }

    /// Those of our own histogram.
    #[cfg(feature = "otlp")]
    pub(crate) fn counted(&self) -> impl Iterator<Item = Counted<'_>> {
        self.known.iter().filter_map(|series| series.recorder.counted())
    }

    #[inline]
    fn find(&self, labels: Labels) -> Option<&Series> {
        let key = labels.key();
        let (_, series) = self.known.get(key.hash(), |known| known.key == key)?;
        Some(series)
    }

    fn place(&self, instruments: &Instruments, route: Option<&str>, labels: Labels) -> Option<&Series> {
        let places = instruments.places();
        if places.any.take() {
            return Some(self.insert(instruments, route, labels, &[&places.any]));
        }
        places.warn_of_folding();
        let reserved = match labels.owner() {
            Owner::Client => None,
            Owner::Success => Some((&self.successes, &places.successes)),
            Owner::Failure => Some((&self.failures, &places.failures)),
        };
        if let Some((of_route, of_all)) = reserved {
            let reduced = labels.reduced();
            if let Some(known) = self.find(reduced) {
                return Some(known);
            }
            if of_route.take() && of_all.take() {
                return Some(self.insert(instruments, route, reduced, &[of_route, of_all]));
            }
        }
        let folded = labels.folded();
        self.find(folded).or_else(|| {
            let taken = places.failures.take();
            taken.then(|| self.insert(instruments, route, folded, &[&places.failures]))
        })
    }

    /// Makes a series in places that were taken, and gives them back when another thread made it meanwhile.
    fn insert(&self, instruments: &Instruments, route: Option<&str>, labels: Labels, taken: &[&Left]) -> &Series {
        let recorder = instruments.recorder(route, labels);
        let key = labels.key();
        let is = |known: &Series| known.key == key;
        let (_, series, inserted) = self.known.insert(key.hash(), is, Series { key, recorder });
        if !inserted {
            taken.iter().for_each(|left| left.give_back());
        }
        series
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::metrics::NoopMeterProvider;
    use slo_core::SloSet;

    use super::*;
    use crate::Reliability;
    use crate::instruments::Binding;

    #[test]
    fn who_comes_second_with_a_series_gives_its_places_back() {
        let slos = SloSet::builder("shop").build().unwrap();
        let reliability = Reliability::builder(slos).build().unwrap();
        let instruments = Instruments::new(&NoopMeterProvider::new(), Binding::Unbound, reliability.shared());
        let (series, left) = (RouteSeries::new(), Left::new(2));
        let insert = || {
            assert!(left.take());
            let _series = series.insert(&instruments, None, Labels::PLAIN, &[&left]);
            left.0.load(Ordering::Relaxed)
        };
        assert_eq!([insert(), insert(), insert()], [1, 1, 1]);
    }
}
