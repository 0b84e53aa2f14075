//! Reads in the background.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use slo_health::{Failure, ManualClock, Reason, RefreshError, Report, State, SyntheticHealth, SyntheticHealthBuilder};
use tokio::time::{Instant, advance};

use crate::{
    common::{HOUR, NANO, SECOND, Shows, Source, noon, settle},
    runner::state,
};

const EVERY: Duration = Duration::from_secs(30);
/// Two intervals and the deadline.
const TOO_OLD: Duration = Duration::from_secs(65);

fn builder(source: &Source, clock: &ManualClock) -> SyntheticHealthBuilder {
    source.builder(clock).refresh_every(EVERY)
}

fn said(report: &Report) -> (State, Reason) {
    (report.state(), report.deciding().verdict().reason())
}

#[tokio::test(start_paused = true)]
async fn the_refresher_reads_at_once_and_then_at_its_interval_and_requests_do_not() {
    for shows in [Shows::At(noon()), Shows::Nothing, Shows::Fails] {
        let (clock, source) = (ManualClock::new(noon()), Source::new(shows));
        let health = builder(&source, &clock).build().unwrap();
        let _refresher = health.refresher().unwrap();
        settle().await;
        for runs in 1..=5 {
            assert_eq!(source.runs(), runs);
            for _ in 0..100 {
                let asked = Instant::now();
                let report = health.report().await;
                assert_eq!(asked.elapsed(), Duration::ZERO);
                assert!(report.state().is_good() || report.deciding().next_read_in() <= EVERY);
            }
            assert_eq!(source.runs(), runs, "{shows:?}");
            advance(EVERY - SECOND).await;
            assert_eq!(source.runs(), runs);
            advance(SECOND).await;
            settle().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_its_guard_and_then_nothing_old_is_served() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = builder(&source, &clock).build().unwrap();
    let refresher = health.refresher().unwrap();
    settle().await;
    drop(refresher);
    advance(TOO_OLD - Duration::from_millis(1)).await;
    assert_eq!(said(&health.report().await), (State::Fresh, Reason::WithinLimit));
    advance(Duration::from_millis(1)).await;
    let report = health.report().await;
    assert_eq!(said(&report), (State::Error, Reason::VerdictExpired));
    assert_eq!(report.deciding().verdict().watermark(), Some(noon()));
    assert_eq!(report.deciding().last_failure(), Some(Failure::Expired));
    advance(HOUR).await;
    assert_eq!(said(&health.report().await), (State::Error, Reason::VerdictExpired));
    assert_eq!(
        source.runs(),
        1,
        "a dropped refresher reads no more, and no request does in its stead"
    );

    let _again = health.refresher().unwrap();
    settle().await;
    assert_eq!((state(&health).await, source.runs()), (State::Fresh, 2));
}

#[tokio::test(start_paused = true)]
async fn bad_news_expires_as_well() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Nothing));
    let health = builder(&source, &clock).build().unwrap();
    drop(health.refresher().unwrap());
    assert_eq!(state(&health).await, State::Empty); // the first request reads for itself
    advance(TOO_OLD).await;
    assert_eq!(said(&health.report().await), (State::Error, Reason::VerdictExpired));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_hangs_becomes_a_timeout_and_never_holds_on_for_long() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = builder(&source, &clock).build().unwrap();
    let _refresher = health.refresher().unwrap();
    settle().await;
    source.show(Shows::Hangs);
    advance(EVERY).await;
    settle().await;
    assert_eq!(source.runs(), 2);
    let report = health.report().await;
    assert_eq!(
        (report.state(), report.hidden_failure()),
        (State::Fresh, None),
        "not overdue yet"
    );
    advance(5 * SECOND).await;
    let report = health.report().await;
    assert_eq!(
        (report.state(), report.hidden_failure()),
        (State::Fresh, Some(Failure::TimedOut))
    );
    advance(TOO_OLD - EVERY - 5 * SECOND).await;
    assert_eq!(said(&health.report().await), (State::Timeout, Reason::NoAnswer));
    advance(HOUR).await;
    settle().await;
    assert_eq!(source.runs(), 2, "one in flight, however many intervals pass");

    source.show(Shows::At(noon() + 2 * HOUR));
    clock.set(noon() + 2 * HOUR);
    settle().await;
    advance(EVERY).await;
    settle().await;
    assert_eq!(state(&health).await, State::Fresh);
}

#[tokio::test(start_paused = true)]
async fn a_proof_holds_through_refreshes_that_fail() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = builder(&source, &clock).build().unwrap();
    let _refresher = health.refresher().unwrap();
    settle().await;
    source.show(Shows::Fails);
    for _ in 0..100 {
        advance(EVERY).await;
        settle().await;
        let report = health.report().await;
        assert_eq!(
            (report.state(), report.hidden_failure()),
            (State::Fresh, Some(Failure::Failed))
        );
    }
    clock.set(noon() + HOUR + NANO);
    assert_eq!(state(&health).await, State::Error);
}

#[tokio::test(start_paused = true)]
async fn a_flip_between_two_refreshes_is_confirmed_by_one_look() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = builder(&source, &clock).build().unwrap();
    let _refresher = health.refresher().unwrap();
    settle().await;
    clock.set(noon() + HOUR + NANO);
    source.show(Shows::At(noon() + HOUR)); // landed since
    assert_eq!((state(&health).await, source.runs()), (State::Fresh, 2));
    clock.set(noon() + 3 * HOUR);
    advance(SECOND).await;
    for _ in 0..100 {
        assert_eq!((state(&health).await, source.runs()), (State::Stale, 3));
    }
    advance(20 * SECOND).await;
    assert_eq!((state(&health).await, source.runs()), (State::Stale, 3)); // until the next refresh
}

#[tokio::test(start_paused = true)]
async fn a_warning_between_two_refreshes_accuses_nobody_before_one_look() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let read = source.clone();
    let policy = slo_health::Freshness::within(2 * HOUR).warn_after(HOUR);
    let health = SyntheticHealth::builder()
        .check("sales", policy, move || read.clone().read())
        .clock(clock.clone())
        .refresh_every(EVERY)
        .build()
        .unwrap();
    let _refresher = health.refresher().unwrap();
    settle().await;
    clock.set(noon() + 2 * HOUR);
    advance(EVERY).await;
    settle().await;
    assert_eq!((state(&health).await, source.runs()), (State::Warn, 2));
    source.show(Shows::At(noon() + HOUR)); // lands while the warning is in the cache
    advance(2 * SECOND).await;
    clock.set(noon() + 2 * HOUR + NANO);
    assert_eq!((state(&health).await, source.runs()), (State::Warn, 3));
    // And when nothing lands, that is known after one look, and repeated.
    clock.set(noon() + 3 * HOUR + NANO);
    advance(2 * SECOND).await;
    for _ in 0..100 {
        assert_eq!((state(&health).await, source.runs()), (State::Stale, 4));
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_pause_of_the_machine_it_reads_once_and_the_interval_counts_anew() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = builder(&source, &clock).build().unwrap();
    let _refresher = health.refresher().unwrap();
    settle().await;
    for (after, runs) in [(EVERY + EVERY / 2, 2), (EVERY - SECOND, 2), (SECOND, 3)] {
        advance(after).await;
        settle().await;
        assert_eq!(source.runs(), runs, "{after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_panics_stops_the_refresh_for_one_interval() {
    let (source, breaks) = (Source::new(Shows::At(noon())), Arc::new(AtomicBool::new(false)));
    let (read, broken) = (source.clone(), Arc::clone(&breaks));
    let health = SyntheticHealth::builder()
        .check("sales", slo_health::Freshness::within(HOUR), move || {
            read.clone().read()
        })
        .clock(move || {
            assert!(!broken.load(Ordering::SeqCst), "this clock is broken");
            noon()
        })
        .refresh_every(EVERY)
        .build()
        .unwrap();
    let _refresher = health.refresher().unwrap();
    settle().await;
    assert_eq!(source.runs(), 1);
    breaks.store(true, Ordering::SeqCst);
    advance(EVERY).await;
    settle().await;
    breaks.store(false, Ordering::SeqCst);
    assert_eq!(source.runs(), 1);
    advance(EVERY).await;
    settle().await;
    assert_eq!(source.runs(), 2);
}

#[tokio::test(start_paused = true)]
async fn there_is_nothing_to_start_unless_asked_for() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = source.builder(&clock).build().unwrap();
    let error = health.refresher().unwrap_err();
    assert_eq!(error, RefreshError::NotAskedFor);
    assert_eq!(
        error.to_string(),
        "there is no background refresh to start; call `refresh_every` on the builder, with an interval like 30 s"
    );
}

#[test]
fn outside_of_a_runtime_there_is_none_to_start() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = builder(&source, &clock).build().unwrap();
    let error = health.refresher().unwrap_err();
    assert_eq!(error, RefreshError::NoRuntime);
    assert_eq!(
        error.to_string(),
        "a background refresh runs on a tokio runtime, and there is none here; start it within one"
    );
}
