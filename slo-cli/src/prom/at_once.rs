//! Doing several things at once whose results do not depend on who is first.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// How many questions are under way at once: what an engine of two cores takes without letting one wait.
pub(super) const AT_ONCE: usize = 4;

/// What `work` makes of each item, in the items' order. Items are begun in their order; after a result that `ends` it all
/// none is begun any more, and those have no result.
///
/// The first result in order that ends it all is always there, and all before it: as if one had been done after the other.
pub(super) fn each_at_once<T: Sync, R: Send>(
    items: &[T],
    at_once: usize,
    work: impl Fn(&T) -> R + Sync,
    ends: impl Fn(&T, &R) -> bool + Sync,
) -> Vec<Option<R>> {
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let (next, ended) = (AtomicUsize::new(0), AtomicBool::new(false));
    let worker = || {
        // Relaxed: each number is handed out once, and results are seen once the threads have ended.
        while !ended.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let (Some(item), Some(place)) = (items.get(at), results.get(at)) else {
                return;
            };
            let result = work(item);
            if ends(item, &result) {
                ended.store(true, Ordering::Relaxed);
            }
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        }
    };
    thread::scope(|scope| {
        // This thread is one of them.
        for _ in 1..at_once.min(items.len()) {
            scope.spawn(worker);
        }
        worker();
    });
    let results = results.into_iter();
    results
        .map(|place| place.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn so_many_are_under_way_at_once() {
        // Nobody gets past it alone.
        let barrier = Barrier::new(3);
        let items = [1, 2, 3, 4, 5, 6];
        let results = each_at_once(&items, 3, |item| (barrier.wait(), *item).1, |_, _| false);
        assert_eq!(results, items.map(Some));
    }

    #[test]
    fn nothing_to_do_is_done() {
        assert_eq!(each_at_once(&[0_u8; 0], 4, |item| *item, |_, _| false), []);
    }

    #[test]
    fn nothing_is_begun_after_the_end() {
        let begun = AtomicUsize::new(0);
        let work = |item: &i32| {
            begun.fetch_add(1, Ordering::Relaxed);
            *item
        };
        let results = each_at_once(&[1, 2, 3], 1, work, |_, result| *result == 2);
        assert_eq!((results, begun.into_inner()), (vec![Some(1), Some(2), None], 2));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn it_comes_to_the_same_as_one_after_the_other(
            items in proptest::collection::vec((any::<bool>(), 0_u8..20), 0..24),
            at_once in 1_usize..6,
        ) {
            let items: Vec<_> = items.into_iter().enumerate().map(|(at, (ends, waits))| (at, ends && at % 3 == 0, waits)).collect();
            let work = |(at, ends, waits): &(usize, bool, u8)| {
                (0..*waits).for_each(|_| thread::yield_now());
                (*at, *ends)
            };
            let results = each_at_once(&items, at_once, work, |_, (_, ends)| *ends);
            let first = items.iter().position(|(_, ends, _)| *ends);
            let sure = first.map_or(items.len(), |first| first + 1);
            for (at, result) in results.iter().enumerate().take(sure) {
                prop_assert_eq!(*result, Some((at, items[at].1)));
            }
            prop_assert_eq!(results.into_iter().flatten().find(|(_, ends)| *ends).map(|(at, _)| at), first);
        }
    }
}
