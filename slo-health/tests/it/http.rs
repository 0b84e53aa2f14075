//! The wire contract: what a prober sees, for every state.

use std::time::Duration;

use axum::{Router, body::Body, routing::get};
use chrono::Utc;
use http::{Method, Request, StatusCode};
use slo_health::{Freshness, ManualClock, StatusCodes, SyntheticHealth};
use tokio::time::advance;
use tower::ServiceExt;

use crate::{
    common::{HOUR, NANO, SECOND, Shows, Source, noon, settle},
    seen::{Seen, see, send},
};

pub(crate) const PATH: &str = "/real-price/synthetic/health";

pub(crate) fn app(source: &Source, clock: &ManualClock) -> Result<Router, slo_health::BuildError> {
    Ok(source.builder(clock).build()?.router(PATH))
}

#[tokio::test(start_paused = true)]
async fn every_state_has_exactly_its_code_its_headers_and_its_body() {
    let [pass, warn, fail] = ["pass", "warn", "fail"].map(|word| format!(r#"{{"status":"{word}"}}"#));
    let half_past = "Sun, 01 Mar 2026 11:30:00 GMT";
    let bad = |status, state, reason: &str, watermark: Option<&str>| {
        let reason = format!("sales:{reason}");
        let mut headers = vec![
            ("cache-control", "no-store"),
            ("content-length", "17"),
            ("content-type", "application/health+json"),
            ("date", "Sun, 01 Mar 2026 12:00:00 GMT"),
            ("retry-after", "1"),
            ("slo-health-reason", reason.as_str()),
            ("slo-health-status", state),
        ];
        if let Some(watermark) = watermark {
            headers.insert(4, ("last-modified", watermark));
        }
        Seen::new(status, &headers, &fail)
    };
    let good = |state, reason: &str, watermark, body: &str| {
        let headers = [
            ("cache-control", "no-store"),
            ("content-length", "17"),
            ("content-type", "application/health+json"),
            ("date", "Sun, 01 Mar 2026 12:00:00 GMT"),
            ("last-modified", watermark),
            ("slo-health-reason", reason),
            ("slo-health-status", state),
        ];
        Seen::new(200, &headers, body)
    };
    let cases = [
        (
            Shows::At(noon() - HOUR / 2),
            good("fresh", "sales:within_limit", half_past, &pass),
        ),
        (
            Shows::At(noon() - HOUR / 2 - NANO),
            good("warn", "sales:past_warning", "Sun, 01 Mar 2026 11:29:59 GMT", &warn),
        ),
        (
            Shows::At(noon() - HOUR - NANO),
            bad(503, "stale", "past_limit", Some("Sun, 01 Mar 2026 10:59:59 GMT")),
        ),
        (Shows::Nothing, bad(503, "empty", "no_data", None)),
        (Shows::At(noon() + HOUR), bad(503, "invalid", "in_the_future", None)),
        (Shows::Fails, bad(500, "error", "check_failed", None)),
        (Shows::Panics, bad(500, "error", "check_panicked", None)),
        (Shows::Hangs, bad(504, "timeout", "no_answer", None)),
    ];
    for (shows, expected) in cases {
        let source = Source::new(shows);
        let read = source.clone();
        let app: Router = SyntheticHealth::builder()
            .check("sales", Freshness::within(HOUR).warn_after(HOUR / 2), move || {
                read.clone().read()
            })
            .clock(ManualClock::new(noon()))
            .build()
            .unwrap()
            .router(PATH);
        let got = see(&app, Method::GET, PATH).await.unwrap();
        assert_eq!(got, expected);
        serde_json::from_str::<serde_json::Value>(&got.body).unwrap();

        let head = see(&app, Method::HEAD, PATH).await.unwrap();
        assert_eq!((head.status, &head.headers), (got.status, &got.headers));
        assert_eq!(head.body, "");

        let alone = see(&app, Method::GET, &format!("{PATH}/sales")).await.unwrap();
        assert_eq!(alone, got);
        assert_eq!(
            source.runs(),
            1,
            "{shows:?}: three requests within a second share one read"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_request_evaluates_like_a_get() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let app = app(&source, &clock).unwrap();
    assert_eq!(see(&app, Method::HEAD, PATH).await.unwrap().status, 200);
    assert_eq!(source.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_error_and_a_timeout_keep_showing_the_last_known_watermark() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon() - HOUR / 2)));
    let health = source.builder(&clock).hold_for(Duration::ZERO).build();
    let app: Router = health.unwrap().router(PATH);
    let known = Some("Sun, 01 Mar 2026 11:30:00 GMT");
    assert_eq!(
        see(&app, Method::GET, PATH).await.unwrap().header("last-modified"),
        known
    );
    for (shows, status) in [(Shows::Fails, 500), (Shows::Hangs, 504)] {
        source.show(shows);
        advance(60 * SECOND).await;
        let seen = see(&app, Method::GET, PATH).await.unwrap();
        assert_eq!((seen.status, seen.header("last-modified")), (status, known));
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_counts_down_to_the_next_read() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Nothing));
    let health = source.builder(&clock).min_interval(10 * SECOND).build();
    let app: Router = health.unwrap().router(PATH);
    assert_eq!(
        see(&app, Method::GET, PATH).await.unwrap().header("retry-after"),
        Some("10")
    );
    advance(Duration::from_millis(6_500)).await;
    assert_eq!(
        see(&app, Method::GET, PATH).await.unwrap().header("retry-after"),
        Some("4")
    );
    assert_eq!(source.runs(), 1);

    let app: Router = source
        .builder(&clock)
        .min_interval(Duration::ZERO)
        .build()
        .unwrap()
        .router(PATH);
    assert_eq!(
        see(&app, Method::GET, PATH).await.unwrap().header("retry-after"),
        Some("1")
    );
}

#[tokio::test(start_paused = true)]
async fn while_a_read_is_out_the_interval_is_what_is_worth_waiting() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Nothing));
    let health = source.builder(&clock).min_interval(10 * SECOND).build();
    let app: Router = health.unwrap().router(PATH);
    assert_eq!(see(&app, Method::GET, PATH).await.unwrap().status, 503);
    source.show(Shows::Hangs);
    advance(10 * SECOND).await;
    let seen = see(&app, Method::GET, PATH).await.unwrap();
    assert_eq!((seen.status, seen.header("retry-after")), (504, Some("10")));
}

#[tokio::test(start_paused = true)]
async fn a_conditional_request_gets_the_verdict_and_never_a_304() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let request = Request::get(PATH)
        .header("if-modified-since", "Sun, 01 Mar 2026 12:00:00 GMT")
        .header("if-none-match", "*")
        .body(Body::empty())
        .unwrap();
    let response = app(&source, &clock).unwrap().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_check_is_404_and_another_method_405_without_a_verdict() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let app = app(&source, &clock).unwrap();
    for name in ["nobody", "SALES", "%ff", "sales%2F"] {
        let seen = see(&app, Method::GET, &format!("{PATH}/{name}")).await.unwrap();
        assert_eq!(
            seen,
            Seen::new(404, &[("cache-control", "no-store"), ("content-length", "0")], "")
        );
    }
    for path in [PATH.to_owned(), format!("{PATH}/sales")] {
        for method in [
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::OPTIONS,
            Method::PATCH,
            Method::TRACE,
        ] {
            let seen = see(&app, method, &path).await.unwrap();
            let headers = [
                ("allow", "GET,HEAD"),
                ("cache-control", "no-store"),
                ("content-length", "0"),
            ];
            assert_eq!(seen, Seen::new(405, &headers, ""));
        }
    }
    let posted = see(&app, Method::POST, &format!("{PATH}/nobody")).await.unwrap();
    assert_eq!(posted.status, 404);
    assert_eq!(source.runs(), 0);
}

#[tokio::test(start_paused = true)]
async fn no_response_counts_as_a_request_of_the_service() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Hangs));
    let app = app(&source, &clock).unwrap();
    let mut codes = Vec::new();
    for (method, path) in [
        (Method::GET, PATH.to_owned()),
        (Method::HEAD, PATH.to_owned()),
        (Method::GET, format!("{PATH}/sales")),
        (Method::POST, PATH.to_owned()),
        (Method::POST, format!("{PATH}/sales")),
        (Method::GET, format!("{PATH}/nobody")),
        (Method::POST, format!("{PATH}/nobody")),
    ] {
        let response = send(&app, method, &path).await.unwrap();
        assert!(response.extensions().get::<slo_core::Uncounted>().is_some(), "{path}");
        codes.push(response.status().as_u16());
    }
    assert_eq!(codes, [504, 504, 504, 405, 405, 404, 404]);

    source.show(Shows::At(noon()));
    settle().await;
    let response = send(&app, Method::GET, PATH).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.extensions().get::<slo_core::Uncounted>().is_some());
}

#[tokio::test(start_paused = true)]
async fn several_checks_share_an_endpoint_and_the_worst_one_speaks() {
    let (clock, stale, broken) = (
        ManualClock::new(noon()),
        Source::new(Shows::At(noon() - 2 * HOUR)),
        Source::new(Shows::Fails),
    );
    let app: Router = stale
        .builder(&clock)
        .check("chat", Freshness::within(HOUR), move || broken.clone().read())
        .check("listings", Freshness::within(HOUR), async || Ok::<_, String>(noon()))
        .build()
        .unwrap()
        .router(PATH);
    let all = see(&app, Method::GET, PATH).await.unwrap();
    assert_eq!(
        (all.status, all.header("slo-health-reason")),
        (503, Some("sales:past_limit"))
    );
    assert_eq!(all.header("last-modified"), Some("Sun, 01 Mar 2026 10:00:00 GMT"));
    for (name, status) in [("sales", 503), ("chat", 500), ("listings", 200)] {
        assert_eq!(
            see(&app, Method::GET, &format!("{PATH}/{name}")).await.unwrap().status,
            status
        );
    }
    assert_eq!(stale.runs(), 1); // a sub-path shares the read with the whole
}

#[tokio::test(start_paused = true)]
async fn it_merges_into_a_service_with_state_and_routes_nearby() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let health = source.builder(&clock).build().unwrap();
    let service: Router = Router::new()
        .route(
            "/real-price/{region}",
            get(async |axum::extract::State(name): axum::extract::State<String>| name),
        )
        .merge(health.router(PATH))
        .merge(health.router("/other/health/"))
        .with_state("state".to_owned());
    assert_eq!(
        see(&service, Method::GET, "/real-price/seoul").await.unwrap().body,
        "state"
    );
    for path in [PATH, "/other/health/", "/other/health/sales"] {
        assert_eq!(see(&service, Method::GET, path).await.unwrap().status, 200, "{path}");
    }
    let nested: Router = Router::new().nest("/api", health.router("/health"));
    assert_eq!(
        see(&nested, Method::GET, "/api/health/sales").await.unwrap().status,
        200
    );
    let root: Router = health.router("/");
    assert_eq!(see(&root, Method::GET, "/").await.unwrap().status, 200);
    assert_eq!(see(&root, Method::GET, "/sales").await.unwrap().status, 200);
}

#[tokio::test(start_paused = true)]
async fn the_system_clock_is_the_default() {
    let health = SyntheticHealth::builder()
        .check("sales", Freshness::within(HOUR), async || Ok::<_, String>(Utc::now()))
        .build()
        .unwrap();
    assert_eq!(see(&health.router(PATH), Method::GET, PATH).await.unwrap().status, 200);
}

#[test]
fn the_types_can_cross_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<SyntheticHealth>();
    crosses::<slo_health::Report>();
    crosses::<slo_health::SyntheticHealthBuilder>();
    crosses::<slo_health::Check>();
    crosses::<slo_health::Refresher>();
}

#[tokio::test(start_paused = true)]
async fn a_failure_behind_a_good_verdict_shows_in_a_header_of_its_own() {
    for (shows, word) in [
        (Shows::Fails, "error"),
        (Shows::Panics, "error"),
        (Shows::Hangs, "timeout"),
    ] {
        let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
        let app = app(&source, &clock).unwrap();
        let seen = see(&app, Method::GET, PATH).await.unwrap();
        assert_eq!((seen.status, seen.header("slo-health-check")), (200, None));

        source.show(shows);
        advance(60 * SECOND).await;
        let seen = see(&app, Method::GET, PATH).await.unwrap();
        assert_eq!((seen.status, seen.header("slo-health-status")), (200, Some("fresh")));
        assert_eq!(seen.header("slo-health-check"), Some(word));

        clock.set(noon() + HOUR + NANO);
        advance(SECOND).await;
        let seen = see(&app, Method::GET, PATH).await.unwrap();
        assert_eq!(
            seen.header("slo-health-status"),
            Some(word),
            "never stale: nobody knows"
        );
        assert_eq!(seen.header("slo-health-check"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn an_advisory_check_warns_with_200_and_is_named() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let rates = Source::new(Shows::Fails);
    let read = rates.clone();
    let app: Router = source
        .builder(&clock)
        .advisory("fx", Freshness::within(HOUR), move || read.clone().read())
        .build()
        .unwrap()
        .router(PATH);
    for (shows, reason) in [
        (Shows::Fails, "fx:check_failed"),
        (Shows::Nothing, "fx:no_data"),
        (Shows::At(noon() - 2 * HOUR), "fx:past_limit"),
        (Shows::Hangs, "fx:no_answer"),
    ] {
        rates.show(shows);
        advance(SECOND).await;
        for path in [PATH.to_owned(), format!("{PATH}/fx")] {
            let seen = see(&app, Method::GET, &path).await.unwrap();
            assert_eq!((seen.status, seen.header("slo-health-reason")), (200, Some(reason)));
            assert_eq!(seen.header("slo-health-status"), Some("warn"));
            assert_eq!(
                (seen.body.as_str(), seen.header("retry-after")),
                (r#"{"status":"warn"}"#, None)
            );
        }
    }
    assert_eq!(
        see(&app, Method::GET, &format!("{PATH}/sales")).await.unwrap().status,
        200
    );
}

#[tokio::test(start_paused = true)]
async fn the_codes_are_those_that_were_asked_for() {
    let codes = StatusCodes::default()
        .fresh(StatusCode::ACCEPTED)
        .stale(StatusCode::FAILED_DEPENDENCY)
        .error(StatusCode::NOT_IMPLEMENTED);
    for (shows, status) in [
        (Shows::At(noon()), 202),
        (Shows::At(noon() - 2 * HOUR), 424),
        (Shows::Fails, 501),
        (Shows::Hangs, 504),
    ] {
        let source = Source::new(shows);
        let app: Router = source
            .builder(&ManualClock::new(noon()))
            .codes(codes)
            .build()
            .unwrap()
            .router(PATH);
        for path in [PATH.to_owned(), format!("{PATH}/sales")] {
            assert_eq!(see(&app, Method::GET, &path).await.unwrap().status, status, "{shows:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn liveness_looks_at_nothing() {
    let app: Router = slo_health::livez("/livez");
    let headers = [
        ("cache-control", "no-store"),
        ("content-length", "17"),
        ("content-type", "application/health+json"),
    ];
    let alive = Seen::new(200, &headers, r#"{"status":"pass"}"#);
    assert_eq!(see(&app, Method::GET, "/livez").await.unwrap(), alive);
    assert_eq!(see(&app, Method::HEAD, "/livez").await.unwrap().headers, alive.headers);
    let refused = see(&app, Method::POST, "/livez").await.unwrap();
    assert_eq!(
        (refused.status, refused.header("cache-control")),
        (405, Some("no-store"))
    );
    let response = send(&app, Method::GET, "/livez").await.unwrap();
    assert!(response.extensions().get::<slo_core::Uncounted>().is_some());
}
