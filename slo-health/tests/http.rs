//! The wire contract: what a prober sees, for every state.

mod common;

use std::time::Duration;

use axum::{Router, body::Body, response::Response, routing::get};
use chrono::{DateTime, Utc};
use common::{CANARY, HOUR, NANO, SECOND, Shows, Source, noon, settle};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use slo_health::{Freshness, ManualClock, SyntheticHealth};
use tokio::{
    task::JoinSet,
    time::{advance, timeout},
};
use tower::ServiceExt;

const PATH: &str = "/real-price/synthetic/health";

/// Everything a prober can see, headers sorted by name.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Seen {
    fn new(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let headers = headers
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Self {
            status,
            headers,
            body: body.to_owned(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

async fn send(app: &Router, method: Method, path: &str) -> Result<Response, Box<dyn std::error::Error>> {
    let request = Request::builder().method(method).uri(path).body(Body::empty())?;
    Ok(app.clone().oneshot(request).await?)
}

async fn see(app: &Router, method: Method, path: &str) -> Result<Seen, Box<dyn std::error::Error>> {
    let (parts, body) = send(app, method, path).await?.into_parts();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut headers: Vec<_> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
        .collect();
    headers.sort();
    Ok(Seen {
        status: parts.status.as_u16(),
        headers,
        body: text(&body.collect().await?.to_bytes()),
    })
}

fn app(source: &Source, clock: &ManualClock) -> Result<Router, slo_health::BuildError> {
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
            ("retry-after", "1"),
            ("slo-health-reason", reason.as_str()),
            ("slo-health-status", state),
        ];
        if let Some(watermark) = watermark {
            headers.insert(3, ("last-modified", watermark));
        }
        Seen::new(status, &headers, &fail)
    };
    let good = |state, reason: &str, watermark, body: &str| {
        let headers = [
            ("cache-control", "no-store"),
            ("content-length", "17"),
            ("content-type", "application/health+json"),
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
async fn a_thousand_requests_at_a_cold_cache_cause_one_read() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Hangs));
    let app = app(&source, &clock).unwrap();
    let mut asking = JoinSet::new();
    for _ in 0..1_000 {
        let app = app.clone();
        asking.spawn(async move { see(&app, Method::GET, PATH).await.map(|seen| seen.status).ok() });
    }
    settle().await;
    source.show(Shows::At(noon()));
    let codes = asking.join_all().await;
    assert_eq!(codes, vec![Some(200); 1_000]);
    assert_eq!(source.runs(), 1);

    for _ in 0..100 {
        assert_eq!(see(&app, Method::GET, PATH).await.unwrap().status, 200);
    }
    assert_eq!(source.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_hangs_up_neither_stops_nor_repeats_the_read() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Hangs));
    let app = app(&source, &clock).unwrap();
    assert!(
        timeout(Duration::from_millis(10), send(&app, Method::GET, PATH))
            .await
            .is_err()
    );
    source.show(Shows::At(noon()));
    settle().await;
    source.show(Shows::Hangs);
    assert_eq!(see(&app, Method::GET, PATH).await.unwrap().status, 200);
    assert_eq!(source.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_blocked_check_is_504_and_a_hundred_more_requests_start_nothing() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Hangs));
    let app = app(&source, &clock).unwrap();
    for _ in 0..101 {
        assert_eq!(see(&app, Method::GET, PATH).await.unwrap().status, 504);
    }
    assert_eq!(source.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_panic_the_next_run_is_a_normal_one() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Panics));
    let app = app(&source, &clock).unwrap();
    assert_eq!(see(&app, Method::GET, PATH).await.unwrap().status, 500);
    source.show(Shows::At(noon()));
    advance(SECOND).await;
    assert_eq!(see(&app, Method::GET, PATH).await.unwrap().status, 200);
}

#[tokio::test(start_paused = true)]
async fn the_code_flips_exactly_at_the_boundary() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let app = app(&source, &clock).unwrap();
    clock.set(noon() + HOUR);
    assert_eq!(see(&app, Method::GET, PATH).await.unwrap().status, 200);
    clock.advance(NANO);
    let stale = see(&app, Method::GET, PATH).await.unwrap();
    assert_eq!((stale.status, stale.header("slo-health-status")), (503, Some("stale")));
}

#[tokio::test(start_paused = true)]
async fn what_an_error_or_a_panic_says_never_leaves_the_process() {
    for shows in [Shows::Fails, Shows::Panics] {
        let (clock, source) = (ManualClock::new(noon()), Source::new(shows));
        let app = app(&source, &clock).unwrap();
        for path in [
            PATH.to_owned(),
            format!("{PATH}/sales"),
            format!("{PATH}?verbose&full=1"),
        ] {
            let seen = see(&app, Method::GET, &path).await.unwrap();
            assert_eq!(seen.status, 500);
            let everything = format!("{seen:?}");
            assert!(
                !everything.contains("canary") && !everything.contains(CANARY),
                "{everything}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn last_modified_is_never_later_than_now() {
    for ahead in [Duration::ZERO, NANO, 10 * SECOND, 300 * SECOND] {
        let now = noon() + Duration::from_millis(700);
        let (clock, source) = (ManualClock::new(now), Source::new(Shows::At(now + ahead)));
        let seen = see(&app(&source, &clock).unwrap(), Method::GET, PATH).await.unwrap();
        assert_eq!(seen.status, 200);
        let shown = DateTime::parse_from_rfc2822(seen.header("last-modified").unwrap()).unwrap();
        assert_eq!(shown, noon(), "{ahead:?} ahead");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_and_a_timeout_keep_showing_the_last_known_watermark() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon() - HOUR / 2)));
    let app = app(&source, &clock).unwrap();
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
    let app: Router = source
        .builder(&clock)
        .min_interval(10 * SECOND)
        .build()
        .unwrap()
        .router(PATH);
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
}
