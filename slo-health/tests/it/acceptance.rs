//! The rows of the acceptance matrix that this crate's runner and routes answer for, one module each.
//!
//! The row on calendars is with the policies, the one with the real exporter among the tests on real servers.

use std::{collections::BTreeMap, time::Duration};

use axum::Router;
use chrono::DateTime;
use http::Method;
use slo_health::{Freshness, ManualClock, State, SyntheticHealth};
use tokio::{
    task::JoinSet,
    time::{Instant, advance, sleep, timeout},
};

use crate::{
    common::{CANARY, HOUR, NANO, SECOND, Shows, Source, noon, settle},
    http::{PATH, app},
    seen::{see, send},
};

async fn code(app: &Router) -> u16 {
    see(app, Method::GET, PATH).await.map_or(0, |seen| seen.status)
}

/// How many of a thousand requests at once got which code.
async fn a_thousand(app: &Router) -> BTreeMap<u16, usize> {
    let mut asking = JoinSet::new();
    for _ in 0..1_000 {
        let app = app.clone();
        asking.spawn(async move { code(&app).await });
    }
    let mut counted = BTreeMap::new();
    while let Some(code) = asking.join_next().await {
        *counted.entry(code.unwrap_or_default()).or_default() += 1;
    }
    counted
}

#[tokio::test(start_paused = true)]
async fn row_1_a_thousand_requests_cause_one_read_then_none_while_fresh_and_one_per_interval_while_stale() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Hangs));
    let app = app(&source, &clock).unwrap();
    let (cold, ()) = tokio::join!(a_thousand(&app), async {
        settle().await;
        source.show(Shows::At(noon()));
    });
    assert_eq!((cold, source.runs()), (BTreeMap::from([(200, 1_000)]), 1));

    assert_eq!(a_thousand(&app).await, BTreeMap::from([(200, 1_000)]));
    assert_eq!(source.runs(), 1);

    clock.set(noon() + HOUR + NANO);
    for runs in 2..=5 {
        for _ in 0..4 {
            assert_eq!(a_thousand(&app).await, BTreeMap::from([(503, 1_000)]));
            assert_eq!(source.runs(), runs);
            advance(SECOND / 4).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn row_2_a_client_that_leaves_neither_stops_the_run_nor_marks_it_as_late() {
    let source = Source::new(Shows::At(noon()));
    let read = source.clone();
    let app: Router = SyntheticHealth::builder()
        .check("sales", Freshness::within(HOUR), move || {
            let read = read.clone();
            async move {
                sleep(Duration::from_millis(200)).await;
                read.read().await
            }
        })
        .clock(ManualClock::new(noon()))
        .build()
        .unwrap()
        .router(PATH);
    let gone = timeout(Duration::from_millis(10), send(&app, Method::GET, PATH)).await;
    assert!(gone.is_err());
    advance(Duration::from_millis(190)).await;
    settle().await;
    assert_eq!((source.runs(), source.in_flight()), (1, 0), "the run came to its end");

    let asked = Instant::now();
    let seen = see(&app, Method::GET, PATH).await.unwrap();
    assert_eq!((seen.status, seen.header("slo-health-check")), (200, None));
    assert_eq!((asked.elapsed(), source.runs()), (Duration::ZERO, 1));
}

#[tokio::test(start_paused = true)]
async fn row_3_a_check_that_never_answers_is_504_at_the_deadline_and_a_hundred_requests_start_nothing() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Hangs));
    let app = app(&source, &clock).unwrap();
    let asked = Instant::now();
    assert_eq!(code(&app).await, 504);
    assert_eq!(asked.elapsed(), 5 * SECOND);
    for _ in 0..100 {
        assert_eq!(code(&app).await, 504);
    }
    assert_eq!((asked.elapsed(), source.runs()), (5 * SECOND, 1));
}

#[tokio::test(start_paused = true)]
async fn row_4_a_panic_is_500_the_others_are_reported_and_the_next_run_is_a_normal_one() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Panics));
    let health = source
        .builder(&clock)
        .check("listings", Freshness::within(HOUR), async || Ok::<_, String>(noon()))
        .build()
        .unwrap();
    let app: Router = health.router(PATH);
    assert_eq!(code(&app).await, 500);
    let report = health.report().await;
    let states: Vec<_> = report.checks().map(|check| (check.name(), check.state())).collect();
    assert_eq!(states, [("sales", State::Error), ("listings", State::Fresh)]);

    source.show(Shows::At(noon()));
    advance(SECOND).await;
    assert_eq!(code(&app).await, 200);
}

#[tokio::test(start_paused = true)]
async fn row_5_the_verdict_flips_to_the_nanosecond_with_one_confirming_read() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = source.builder(&clock).trust_for(Duration::MAX).build();
    let app: Router = health.unwrap().router(PATH);
    assert_eq!(code(&app).await, 200);
    clock.set(noon() + HOUR);
    assert_eq!((code(&app).await, source.runs()), (200, 1));
    clock.advance(NANO);
    let stale = see(&app, Method::GET, PATH).await.unwrap();
    assert_eq!((stale.status, stale.header("slo-health-status")), (503, Some("stale")));
    assert_eq!((code(&app).await, source.runs()), (503, 2));
}

/// Fuzzed in `details`.
#[tokio::test(start_paused = true)]
async fn row_7_what_an_error_or_a_panic_says_never_leaves_the_process() {
    for shows in [Shows::Fails, Shows::Panics] {
        let (clock, source) = (ManualClock::new(noon()), Source::new(shows));
        let app = app(&source, &clock).unwrap();
        for tail in ["", "/sales", "?verbose&full=1", "/nobody"] {
            for method in [Method::GET, Method::HEAD, Method::POST] {
                let seen = see(&app, method, &format!("{PATH}{tail}")).await.unwrap();
                let everything = format!("{seen:?}");
                assert!(
                    !everything.contains("canary") && !everything.contains(CANARY),
                    "{everything}"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn row_8_head_has_the_headers_of_get_nothing_is_stored_and_nothing_is_modified_after_its_date() {
    let cases = [
        Shows::At(noon()),
        Shows::At(noon() + NANO),
        Shows::At(noon() + 10 * SECOND),
        Shows::At(noon() + 300 * SECOND),
        Shows::At(noon() - 2 * HOUR),
        Shows::At(noon() + HOUR),
        Shows::Nothing,
        Shows::Fails,
        Shows::Hangs,
    ];
    for shows in cases {
        for past in [Duration::ZERO, NANO, Duration::from_millis(999)] {
            let (clock, source) = (ManualClock::new(noon() + past), Source::new(shows));
            let app = app(&source, &clock).unwrap();
            let get = see(&app, Method::GET, PATH).await.unwrap();
            let head = see(&app, Method::HEAD, PATH).await.unwrap();
            assert_eq!(
                (head.status, head.headers),
                (get.status, get.headers.clone()),
                "{shows:?}"
            );
            assert_eq!(head.body, "");
            assert_eq!(get.header("cache-control"), Some("no-store"));
            let instant = |name| get.header(name).map(|text| DateTime::parse_from_rfc2822(text).unwrap());
            let date = instant("date").unwrap();
            assert_eq!(date, noon());
            assert!(
                instant("last-modified").is_none_or(|modified| modified <= date),
                "{shows:?}"
            );
        }
    }
}
