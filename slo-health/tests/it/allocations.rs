//! What an answer allocates while it is proven.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use slo_health::{Freshness, ManualClock, Report, State, SyntheticHealth};

use crate::common::{HOUR, Shows, Source, noon};

/// Ready at once, or it was not answered from the cache.
fn at_once(health: &SyntheticHealth) -> Option<Report> {
    match pin!(health.report()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(report) => Some(report),
        Poll::Pending => None,
    }
}

/// The allocations of one answer, its report and the drop of it.
fn allocations(health: &SyntheticHealth) -> u64 {
    let mut state = None;
    let seen = allocation_counter::measure(|| state = at_once(health).map(|report| report.state()));
    assert_eq!(state, Some(State::Fresh));
    seen.count_total
}

fn proven(checks: usize) -> Result<SyntheticHealth, Box<dyn std::error::Error>> {
    let source = Source::new(Shows::At(noon()));
    let add = |builder: slo_health::SyntheticHealthBuilder, number: usize| {
        let read = source.clone();
        builder.check(format!("more-{number}"), Freshness::within(HOUR), move || {
            read.clone().read()
        })
    };
    let builder = (1..checks).fold(source.builder(&ManualClock::new(noon())), add);
    let health = builder.build()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { health.report().await.state() });
    Ok(health)
}

#[test]
fn one_check_that_is_proven_fresh_is_answered_without_an_allocation() {
    let health = proven(1).unwrap();
    for _ in 0..100 {
        assert_eq!(allocations(&health), 0);
    }
}

#[test]
fn several_checks_cost_the_list_of_their_reports() {
    for checks in [2, 3, 20] {
        let health = proven(checks).unwrap();
        for _ in 0..10 {
            assert_eq!(allocations(&health), 1, "{checks} checks");
        }
    }
}
