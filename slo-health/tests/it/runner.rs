//! When the data is read and when not, through the public API and without HTTP.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use chrono::{DateTime, Utc};
use slo_health::{BuildError, Check, Failure, Finding, Freshness, ManualClock, Reason, State, SyntheticHealth};
use tokio::{
    task::JoinSet,
    time::{Instant, advance, timeout},
};

use crate::common::{HOUR, NANO, SECOND, Shows, Source, noon, settle};

pub(crate) async fn state(health: &SyntheticHealth) -> State {
    health.report().await.state()
}

#[tokio::test(start_paused = true)]
async fn a_fresh_observation_is_proof_and_needs_no_further_read() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = source.builder(&clock).build().unwrap();
    assert_eq!(state(&health).await, State::Fresh);

    source.show(Shows::Fails); // nobody looks
    advance(Duration::from_millis(59_999)).await;
    for _ in 0..100 {
        assert_eq!(state(&health).await, State::Fresh);
    }
    assert_eq!(source.runs(), 1);

    advance(Duration::from_millis(1)).await; // 60 s: trusted no longer without a look, though still a proof
    let report = health.report().await;
    assert_eq!(
        (report.state(), report.hidden_failure()),
        (State::Fresh, Some(Failure::Failed))
    );
    assert_eq!(source.runs(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_verdict_flips_exactly_at_the_boundary_after_one_look() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = source.builder(&clock).trust_for(Duration::MAX).build().unwrap();
    assert_eq!(state(&health).await, State::Fresh);

    clock.set(noon() + HOUR);
    assert_eq!(state(&health).await, State::Fresh);
    assert_eq!(source.runs(), 1);

    clock.advance(NANO);
    assert_eq!(state(&health).await, State::Stale);
    assert_eq!(source.runs(), 2);
    assert_eq!(state(&health).await, State::Stale); // confirmed a moment ago
    assert_eq!(source.runs(), 2);
}

#[tokio::test(start_paused = true)]
async fn data_that_landed_in_time_is_found_by_that_look() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = source.builder(&clock).trust_for(Duration::MAX).build().unwrap();
    assert_eq!(state(&health).await, State::Fresh);
    clock.set(noon() + 2 * HOUR);
    source.show(Shows::At(noon() + HOUR));
    assert_eq!(state(&health).await, State::Fresh);
    assert_eq!(source.runs(), 2);
}

#[tokio::test(start_paused = true)]
async fn anything_but_fresh_is_looked_at_once_per_interval() {
    for shows in [
        Shows::At(noon() - 2 * HOUR),
        Shows::Nothing,
        Shows::At(noon() + HOUR),
        Shows::Fails,
        Shows::Panics,
    ] {
        let (clock, source) = (ManualClock::new(noon()), Source::new(shows));
        let health = source.builder(&clock).build().unwrap();
        let first = state(&health).await;
        assert!(!first.is_good());
        advance(Duration::from_millis(999)).await;
        for _ in 0..100 {
            assert_eq!(state(&health).await, first);
        }
        assert_eq!(source.runs(), 1, "{shows:?}");

        source.show(Shows::At(noon()));
        advance(Duration::from_millis(1)).await;
        assert_eq!(state(&health).await, State::Fresh, "{shows:?}");
        assert_eq!(source.runs(), 2, "{shows:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_warning_is_confirmed_as_well() {
    let (clock, source) = (
        ManualClock::new(noon() + HOUR / 2 + NANO),
        Source::new(Shows::At(noon())),
    );
    let read = source.clone();
    let health = SyntheticHealth::builder()
        .check("sales", Freshness::within(HOUR).warn_after(HOUR / 2), move || {
            read.clone().read()
        })
        .clock(clock)
        .build()
        .unwrap();
    let report = health.report().await;
    assert_eq!(
        (report.state(), report.deciding().verdict().reason()),
        (State::Warn, Reason::PastWarning)
    );
    advance(SECOND).await;
    assert_eq!(state(&health).await, State::Warn);
    assert_eq!(source.runs(), 2);
}

#[tokio::test(start_paused = true)]
async fn without_an_interval_bad_news_is_looked_at_each_time() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Nothing));
    let health = source.builder(&clock).min_interval(Duration::ZERO).build().unwrap();
    for _ in 0..3 {
        assert_eq!(state(&health).await, State::Empty);
    }
    assert_eq!(source.runs(), 3);
}

#[tokio::test(start_paused = true)]
async fn without_trust_every_request_reads() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = source.builder(&clock).trust_for(Duration::ZERO).build().unwrap();
    for runs in 1..=3 {
        assert_eq!(state(&health).await, State::Fresh);
        assert_eq!(source.runs(), runs);
    }
}

#[tokio::test(start_paused = true)]
async fn data_that_keeps_slipping_past_its_limit_is_still_read_at_a_bounded_rate() {
    let (clock, source) = (ManualClock::new(noon() + HOUR), Source::new(Shows::At(noon())));
    let health = source.builder(&clock).build().unwrap();
    for step in 1..=100_u32 {
        state(&health).await;
        clock.advance(NANO); // what was fresh a moment ago is stale now, and the source moves on just as far
        source.show(Shows::At(noon() + step * NANO));
        state(&health).await;
        clock.advance(NANO);
    }
    assert!(source.runs() <= 2, "{} reads within one interval", source.runs());
}

#[tokio::test(start_paused = true)]
async fn the_wall_clock_neither_expires_the_trust_nor_the_interval() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon() - HOUR / 2)));
    let health = source.builder(&clock).build().unwrap();
    assert_eq!(state(&health).await, State::Fresh);
    clock.set(noon() + HOUR / 4); // 15 minutes for the wall, none for the machine
    assert_eq!(state(&health).await, State::Fresh);
    clock.set(noon() - HOUR / 2); // set back
    assert_eq!(state(&health).await, State::Fresh);
    assert_eq!(source.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_error_repeats_the_last_known_watermark() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = source.builder(&clock).hold_for(Duration::ZERO).build().unwrap();
    assert_eq!(state(&health).await, State::Fresh);
    for shows in [Shows::Fails, Shows::Panics, Shows::Hangs] {
        source.show(shows);
        advance(60 * SECOND).await;
        let report = health.report().await;
        assert!(matches!(report.state(), State::Error | State::Timeout));
        assert_eq!(report.deciding().verdict().watermark(), Some(noon()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_that_never_returns_is_a_timeout_and_is_not_started_again() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Hangs));
    let health = source
        .builder(&clock)
        .deadline(3 * SECOND)
        .hold_for(Duration::ZERO)
        .build()
        .unwrap();
    let asked = Instant::now();
    let report = health.report().await;
    assert_eq!(
        (report.state(), report.deciding().verdict().reason()),
        (State::Timeout, Reason::NoAnswer)
    );
    assert_eq!(asked.elapsed(), 3 * SECOND);

    let asked = Instant::now();
    for _ in 0..100 {
        assert_eq!(state(&health).await, State::Timeout);
        advance(SECOND).await;
    }
    assert_eq!(source.runs(), 1);
    assert_eq!(asked.elapsed(), 100 * SECOND); // only the 100 steps: each answer came at once

    source.show(Shows::At(noon()));
    settle().await;
    source.show(Shows::Hangs);
    // The late answer counts, but it was read 103 s ago: FRESH is not proven by it, so this is a look of its own.
    assert_eq!(state(&health).await, State::Timeout);
    assert_eq!(source.runs(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_after_the_deadline_is_used_by_the_next_request() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Hangs));
    let health = source.builder(&clock).build().unwrap();
    assert_eq!(state(&health).await, State::Timeout);
    source.show(Shows::At(noon()));
    settle().await;
    source.show(Shows::Hangs);
    assert_eq!(state(&health).await, State::Fresh);
    assert_eq!(source.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_counts_from_the_start_of_the_run_for_latecomers_too() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Hangs));
    let health = source.builder(&clock).build().unwrap();
    let early = health.clone();
    let early = tokio::spawn(async move { early.report().await.state() });
    settle().await;
    advance(4 * SECOND).await;
    let asked = Instant::now();
    assert_eq!(state(&health).await, State::Timeout);
    assert_eq!(asked.elapsed(), SECOND);
    assert_eq!(early.await.unwrap(), State::Timeout);
}

#[tokio::test(start_paused = true)]
async fn the_run_completes_when_its_caller_has_gone() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Hangs));
    let health = source.builder(&clock).build().unwrap();
    assert!(timeout(Duration::from_millis(10), health.report()).await.is_err());
    source.show(Shows::At(noon()));
    settle().await;
    source.show(Shows::Hangs); // a second read would not come back
    assert_eq!(state(&health).await, State::Fresh);
    assert_eq!(source.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_the_future_is_made_is_an_error_too() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let health = SyntheticHealth::builder()
        .check("sales", Freshness::within(HOUR), move || {
            assert!(
                counted.fetch_add(1, Ordering::SeqCst) > 0,
                "the first call panics before there is a future"
            );
            async { Ok::<_, String>(Some(noon())) }
        })
        .clock(ManualClock::new(noon()))
        .build()
        .unwrap();
    let report = health.report().await;
    assert_eq!(
        (report.state(), report.deciding().verdict().reason()),
        (State::Error, Reason::CheckPanicked)
    );
    advance(SECOND).await;
    assert_eq!(state(&health).await, State::Fresh);
}

#[tokio::test(start_paused = true)]
async fn checks_run_in_parallel_and_one_hanging_check_does_not_hide_the_others() {
    let (clock, hanging, broken) = (
        ManualClock::new(noon()),
        Source::new(Shows::Hangs),
        Source::new(Shows::At(noon() - 2 * HOUR)),
    );
    let other_hanging = hanging.clone();
    let health = hanging
        .builder(&clock)
        .check("chat", Freshness::within(HOUR), move || other_hanging.clone().read())
        .check("listings", Freshness::within(HOUR), move || broken.clone().read())
        .build()
        .unwrap();
    let asked = Instant::now();
    let report = health.report().await;
    assert_eq!(asked.elapsed(), 5 * SECOND); // not twice that
    let states: Vec<_> = report
        .checks()
        .map(|check| (check.name(), check.verdict().state()))
        .collect();
    assert_eq!(
        states,
        [
            ("sales", State::Timeout),
            ("chat", State::Timeout),
            ("listings", State::Stale)
        ]
    );
    assert_eq!(report.deciding().name(), "listings");
}

#[tokio::test(start_paused = true)]
async fn a_blocking_check_answers_fails_and_panics_like_an_async_one() {
    let calls = AtomicUsize::new(0);
    let health = SyntheticHealth::builder()
        .check_blocking("sales", Freshness::within(HOUR), move || {
            match calls.fetch_add(1, Ordering::SeqCst) {
                0 => Ok(Some(noon())),
                1 => Ok(None),
                2 => Err("no connection"),
                _ => panic!("no luck"),
            }
        })
        .clock(ManualClock::new(noon()))
        .trust_for(Duration::ZERO)
        .min_interval(Duration::ZERO)
        .build()
        .unwrap();
    for (expected, reason) in [
        (State::Fresh, Reason::WithinLimit),
        (State::Empty, Reason::NoData),
        (State::Error, Reason::CheckFailed),
        (State::Error, Reason::CheckPanicked),
    ] {
        let report = health.report().await;
        assert_eq!(
            (report.state(), report.deciding().verdict().reason()),
            (expected, reason)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_blocked_thread_is_a_timeout_and_takes_no_second_thread() {
    let (release, blocked) = mpsc::channel::<()>();
    let (blocked, runs) = (std::sync::Mutex::new(blocked), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&runs);
    let health = SyntheticHealth::builder()
        .check_blocking("sales", Freshness::within(HOUR), move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ended = blocked.lock().map(|blocked| blocked.recv());
            Ok::<Option<DateTime<Utc>>, String>(None)
        })
        .clock(ManualClock::new(noon()))
        .build()
        .unwrap();
    let asked = health.clone();
    let asked = tokio::spawn(async move { asked.report().await.state() });
    settle().await;
    advance(5 * SECOND).await; // a busy blocking thread keeps tokio's paused clock from moving on its own
    assert_eq!(asked.await.unwrap(), State::Timeout);
    for _ in 0..100 {
        assert_eq!(state(&health).await, State::Timeout);
    }
    assert!(runs.load(Ordering::SeqCst) <= 1);
    drop(release);
}

// On real threads: the check blocks one of the runtime's own, and the answer must come nevertheless.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_async_check_that_blocks_its_thread_is_answered_by_the_others() {
    let (release, blocked) = mpsc::channel::<()>();
    let blocked = Arc::new(std::sync::Mutex::new(blocked));
    let health = SyntheticHealth::builder()
        .check("sales", Freshness::within(HOUR), move || {
            let blocked = Arc::clone(&blocked);
            async move {
                let _ended = blocked.lock().map(|blocked| blocked.recv());
                Ok::<Option<DateTime<Utc>>, String>(None)
            }
        })
        .deadline(Duration::from_millis(20))
        .build()
        .unwrap();
    let asked = health.clone();
    assert_eq!(
        tokio::spawn(async move { asked.report().await.state() }).await.unwrap(),
        State::Timeout
    );
    drop(release);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_at_once_on_several_threads_cause_one_read() {
    let source = Source::new(Shows::Hangs);
    let health = source
        .builder(&ManualClock::new(noon()))
        .deadline(60 * SECOND)
        .build()
        .unwrap();
    let mut asking = JoinSet::new();
    for _ in 0..1_000 {
        let health = health.clone();
        asking.spawn(async move { health.report().await.state() });
    }
    settle().await;
    source.show(Shows::At(noon()));
    let states = asking.join_all().await;
    assert!(states.iter().all(|&state| state == State::Fresh));
    assert_eq!((states.len(), source.runs()), (1_000, 1));
}

#[test]
fn a_run_lost_with_its_runtime_does_not_block_the_next() -> Result<(), BuildError> {
    let source = Source::new(Shows::Hangs);
    let health = source
        .builder(&ManualClock::new(noon()))
        .min_interval(Duration::ZERO)
        .build()?;
    let in_a_runtime = |wait: Duration| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async { timeout(wait, health.report()).await.ok().map(|report| report.state()) })
    };
    assert_eq!(in_a_runtime(SECOND), None);
    source.show(Shows::At(noon()));
    assert_eq!(in_a_runtime(SECOND), Some(State::Fresh));
    assert_eq!(source.runs(), 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn data_that_turned_stale_while_it_was_read_is_confirmed_by_that_read() {
    let (clock, source) = (ManualClock::new(noon() + HOUR), Source::new(Shows::Hangs));
    let health = source.builder(&clock).build().unwrap();
    let (first, ()) = tokio::join!(health.report(), async {
        settle().await;
        clock.advance(NANO);
        source.show(Shows::At(noon()));
    });
    assert_eq!((first.state(), first.at()), (State::Stale, noon() + HOUR + NANO));
    assert_eq!((state(&health).await, source.runs()), (State::Stale, 1));
}

#[tokio::test(start_paused = true)]
async fn a_check_has_times_of_its_own_and_the_others_keep_the_builders() {
    let (clock, slow, quick) = (
        ManualClock::new(noon()),
        Source::new(Shows::Hangs),
        Source::new(Shows::Hangs),
    );
    let read = quick.clone();
    let quick_check = Check::new("quick", Freshness::within(HOUR), move || read.clone().read())
        .timeout(SECOND)
        .min_interval(10 * SECOND);
    let health = slow.builder(&clock).with(quick_check).build().unwrap();
    let asked = Instant::now();
    let report = health.report().await;
    assert_eq!((asked.elapsed(), health.deadline()), (5 * SECOND, 5 * SECOND)); // the whole request
    assert!(report.checks().all(|check| check.verdict().state() == State::Timeout));

    quick.show(Shows::Nothing);
    slow.show(Shows::Nothing);
    settle().await;
    for (after, slow_runs, quick_runs) in [(SECOND, 2, 1), (8 * SECOND, 3, 1), (SECOND, 4, 2)] {
        advance(after).await;
        assert_eq!(state(&health).await, State::Empty);
        assert_eq!((slow.runs(), quick.runs()), (slow_runs, quick_runs), "{after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_with_a_short_timeout_answers_early_alone() {
    let source = Source::new(Shows::Hangs);
    let check = Check::new("quick", Freshness::within(HOUR), move || source.clone().read()).timeout(SECOND);
    let health = SyntheticHealth::builder().with(check).build().unwrap();
    let asked = Instant::now();
    assert_eq!(state(&health).await, State::Timeout);
    assert_eq!(asked.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_finding_answers_for_the_interval_and_no_longer_fresh_or_not() {
    for finding in [Finding::fresh(), Finding::warn(), Finding::stale()] {
        let looks = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&looks);
        let check = Check::custom("replicas", move || {
            counted.fetch_add(1, Ordering::SeqCst);
            async move { Ok::<_, String>(finding.watermark(noon())) }
        });
        let health = SyntheticHealth::builder()
            .with(check.trust_for(Duration::MAX).hold_for(Duration::MAX))
            .clock(ManualClock::new(noon()))
            .build()
            .unwrap();
        for looks_so_far in 1..=3 {
            for _ in 0..100 {
                let report = health.report().await;
                let verdict = report.deciding().verdict();
                assert_eq!(
                    (verdict.reason(), verdict.watermark()),
                    (Reason::AsReported, Some(noon()))
                );
            }
            assert_eq!(looks.load(Ordering::SeqCst), looks_so_far, "{finding:?}");
            advance(SECOND).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_finding_never_outlives_a_look_that_fails() {
    let broken = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&broken);
    let check = Check::custom_blocking("replicas", move || match asked.load(Ordering::SeqCst) {
        0 => Ok(Finding::fresh().watermark(noon())),
        _ => Err("no connection"),
    });
    let health = SyntheticHealth::builder()
        .with(check.hold_for(Duration::MAX))
        .clock(ManualClock::new(noon()))
        .build()
        .unwrap();
    assert_eq!(state(&health).await, State::Fresh);
    broken.store(1, Ordering::SeqCst);
    advance(SECOND).await;
    let report = health.report().await;
    let verdict = report.deciding().verdict();
    assert_eq!((verdict.state(), verdict.reason()), (State::Error, Reason::CheckFailed));
    assert_eq!((verdict.watermark(), verdict.limit()), (Some(noon()), None));
}

#[test]
fn without_a_runtime_a_run_in_flight_is_not_waited_for() -> Result<(), BuildError> {
    let source = Source::new(Shows::Hangs);
    let health = source.builder(&ManualClock::new(noon())).build()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let begins = async {
        let mut report = pin!(health.report());
        assert!(
            report
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
    };
    runtime.block_on(begins);
    let at_once = match pin!(health.report()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(report) => Some(report.state()),
        Poll::Pending => None,
    };
    assert_eq!(at_once, Some(State::Timeout));
    drop(runtime);
    Ok(())
}

#[test]
fn without_a_runtime_what_is_proven_is_answered_and_all_else_is_an_error() -> Result<(), BuildError> {
    let source = Source::new(Shows::At(noon()));
    let health = source
        .builder(&ManualClock::new(noon()))
        .trust_for(Duration::MAX)
        .min_interval(Duration::ZERO)
        .build()?;
    let at_once = || match pin!(health.report()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(report) => Some((report.state(), report.deciding().verdict().reason())),
        Poll::Pending => None,
    };
    assert_eq!(at_once(), Some((State::Error, Reason::CheckCancelled)));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    assert_eq!(runtime.block_on(state(&health)), State::Fresh);
    drop(runtime);
    assert_eq!(at_once(), Some((State::Fresh, Reason::WithinLimit)));
    assert_eq!(source.runs(), 1);
    Ok(())
}
