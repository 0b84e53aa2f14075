//! How long what was seen proves that data is good: through failures, and whatever the wall clock does.

use std::time::Duration;

use slo_health::{Check, Failure, Freshness, ManualClock, Reason, Report, State, SyntheticHealth};
use tokio::time::advance;

use crate::{
    common::{HOUR, NANO, SECOND, Shows, Source, noon, settle},
    runner::state,
};

const BROKEN: [(Shows, State, Failure); 3] = [
    (Shows::Fails, State::Error, Failure::Failed),
    (Shows::Panics, State::Error, Failure::Panicked),
    (Shows::Hangs, State::Timeout, Failure::TimedOut),
];

fn said(report: &Report) -> (State, Option<Failure>) {
    (report.state(), report.hidden_failure())
}

/// Both clocks go on.
async fn pass(clock: &ManualClock, time: Duration) {
    clock.advance(time);
    advance(time).await;
}

#[tokio::test(start_paused = true)]
async fn a_proof_outlives_failures_to_its_last_instant_and_then_nothing_is_known() {
    for (shows, unknown, failure) in BROKEN {
        let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
        let health = source.builder(&clock).build().unwrap();
        assert_eq!(said(&health.report().await), (State::Fresh, None));

        source.show(shows);
        pass(&clock, 60 * SECOND).await;
        let report = health.report().await;
        assert_eq!(said(&report), (State::Fresh, Some(failure)));
        assert_eq!(report.deciding().last_failure(), Some(failure));
        clock.set(noon() + HOUR);
        assert_eq!(said(&health.report().await), (State::Fresh, Some(failure)));
        clock.advance(NANO);
        pass(&clock, SECOND).await;
        let report = health.report().await;
        assert_eq!(said(&report), (unknown, None));
        assert_eq!(report.deciding().verdict().watermark(), Some(noon()));

        source.show(Shows::At(clock_shows(&clock)));
        settle().await;
        pass(&clock, SECOND).await;
        assert_eq!(said(&health.report().await), (State::Fresh, None), "back");
    }
}

fn clock_shows(clock: &ManualClock) -> chrono::DateTime<chrono::Utc> {
    slo_health::Clock::now(clock)
}

#[tokio::test(start_paused = true)]
async fn a_warning_is_a_promise_kept_and_outlives_failures_as_well() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let read = source.clone();
    let policy = Freshness::within(HOUR).warn_after(HOUR / 2);
    let health = SyntheticHealth::builder()
        .check("sales", policy, move || read.clone().read())
        .clock(clock.clone())
        .build()
        .unwrap();
    assert_eq!(state(&health).await, State::Fresh);
    source.show(Shows::Fails);
    for (after, expected) in [
        (HOUR / 2, (State::Fresh, Some(Failure::Failed))),
        (HOUR / 4, (State::Warn, Some(Failure::Failed))),
        (HOUR / 4, (State::Warn, Some(Failure::Failed))),
        (SECOND, (State::Error, None)),
    ] {
        pass(&clock, after).await;
        assert_eq!(said(&health.report().await), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_held_through_failures_can_be_bounded() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = source.builder(&clock).hold_for(120 * SECOND).build().unwrap();
    assert_eq!(state(&health).await, State::Fresh);
    source.show(Shows::Fails);
    advance(120 * SECOND - NANO).await;
    assert_eq!(state(&health).await, State::Fresh);
    advance(NANO).await;
    assert_eq!(state(&health).await, State::Error);
}

#[tokio::test(start_paused = true)]
async fn who_trusts_nothing_or_holds_nothing_hears_of_a_failure_at_once() {
    let check = |source: &Source| {
        let read = source.clone();
        Check::new("sales", Freshness::within(HOUR), move || read.clone().read())
    };
    let tighten: [fn(Check) -> Check; 2] = [
        |check| check.trust_for(Duration::ZERO),
        |check| check.hold_for(Duration::ZERO).trust_for(SECOND),
    ];
    for tight in tighten {
        let source = Source::new(Shows::At(noon()));
        let health = SyntheticHealth::builder()
            .with(tight(check(&source)))
            .clock(ManualClock::new(noon()))
            .build()
            .unwrap();
        assert_eq!(state(&health).await, State::Fresh);
        source.show(Shows::Fails);
        advance(SECOND).await;
        assert_eq!(said(&health.report().await), (State::Error, None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_gone_is_asked_once_per_interval_behind_the_proof() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = source.builder(&clock).build().unwrap();
    assert_eq!(state(&health).await, State::Fresh);
    source.show(Shows::Fails);
    advance(60 * SECOND).await;
    for runs in 2..=11 {
        for _ in 0..1_000 {
            assert_eq!(said(&health.report().await), (State::Fresh, Some(Failure::Failed)));
        }
        assert_eq!(source.runs(), runs);
        advance(SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_was_seen_last_is_a_proof() {
    for shows in [Shows::Nothing, Shows::At(noon() + HOUR), Shows::At(noon() - 2 * HOUR)] {
        let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
        let health = source.builder(&clock).build().unwrap();
        assert_eq!(state(&health).await, State::Fresh);
        source.show(shows);
        advance(60 * SECOND).await;
        assert!(!state(&health).await.is_good());
        source.show(Shows::Fails);
        advance(SECOND).await;
        assert_eq!(state(&health).await, State::Error, "{shows:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn while_a_read_is_overdue_what_is_trusted_says_so() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = source.builder(&clock).trust_for(SECOND).build().unwrap();
    assert_eq!(state(&health).await, State::Fresh);
    source.show(Shows::Hangs);
    advance(SECOND).await;
    assert_eq!(said(&health.report().await), (State::Fresh, Some(Failure::TimedOut)));
    advance(HOUR / 2).await;
    assert_eq!(said(&health.report().await), (State::Fresh, Some(Failure::TimedOut)));
    assert_eq!(source.runs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_extends_no_proof() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = source.builder(&clock).trust_for(Duration::MAX).build().unwrap();
    assert_eq!(state(&health).await, State::Fresh);
    source.show(Shows::Fails);

    clock.set(noon() - 12 * HOUR);
    advance(HOUR).await;
    assert_eq!(state(&health).await, State::Fresh); // an hour has passed, and the limit is an hour
    assert_eq!(source.runs(), 1);
    advance(NANO.max(Duration::from_millis(1))).await;
    assert_eq!(state(&health).await, State::Error);
    assert_eq!(source.runs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_ahead_and_is_set_right_costs_one_look_and_accuses_nobody() {
    let (clock, source) = (ManualClock::new(noon() + HOUR), Source::new(Shows::At(noon())));
    let health = source.builder(&clock).trust_for(Duration::MAX).build().unwrap();
    assert_eq!(state(&health).await, State::Fresh);
    clock.set(noon()); // the read was at noon, and the clock said one o'clock
    advance(SECOND).await;
    assert_eq!(state(&health).await, State::Fresh);
    assert_eq!(source.runs(), 2);
    advance(HOUR - SECOND).await;
    assert_eq!(state(&health).await, State::Fresh);
    assert_eq!(source.runs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_ahead_ends_a_proof_and_one_look_confirms_it() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = source.builder(&clock).trust_for(Duration::MAX).build().unwrap();
    assert_eq!(state(&health).await, State::Fresh);
    clock.set(noon() + 30 * HOUR); // the machine slept
    let report = health.report().await;
    let verdict = report.deciding().verdict();
    assert_eq!((verdict.state(), verdict.reason()), (State::Stale, Reason::PastLimit));
    assert_eq!(source.runs(), 2);
}
