//! However a request ends: one record, one event per SLO, nothing left in flight.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::measured::{Measured, Outcome};
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{BoxError, Extension, Router};
use futures_util::stream;
use http_body::Frame;
use http_body_util::BodyExt;
use slo_axum::ReliabilityBuilder;
use slo_core::{Cause, Override, Uncounted};
use tower::util::MapRequestLayer;
use tower::{Layer, Service, ServiceExt};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

const SLOS: &str = "
version: 1
service: shop
slos:
  - { name: all, objective: 99.9%, window: 30d, sli: { http: { routes: ['/answer/{code}'] } } }
  - { name: prompt, objective: 99%, window: 30d, sli: { http: { routes: [/events, /switching, /text], faster_than: 60m } } }
  - { name: swift, objective: 99%, window: 30d, sli: { http: { routes: [/hang-briefly], faster_than: 1ms } } }
";

/// Every route that an ending needs.
fn routes() -> Router {
    Router::new()
        .route("/answer/{code}", get(async |Path(code): Path<u16>| answer(code)))
        .route("/empty", get(async || Body::empty()))
        .route("/text", get(async || "twelve bytes"))
        .route("/stream", get(async || streamed([Ok("first "), Ok("second")])))
        .route(
            "/declared",
            get(async || (HeaderMap::from_iter([length(5)]), Body::from_stream(endless()))),
        )
        .route(
            "/last-frame-known",
            get(async || Body::new(LastFrameKnown { sent: false })),
        )
        .route(
            "/no-content",
            get(async || (StatusCode::NO_CONTENT, Body::from_stream(endless()))),
        )
        .route(
            "/broken",
            get(async || streamed([Ok("first "), Err("the disk is gone")])),
        )
        .route(
            "/panicking-body",
            get(async || Body::from_stream(stream::poll_fn(panicking))),
        )
        .route(
            "/panic",
            get(async || {
                if true {
                    panic!("on purpose")
                }
            }),
        )
        .route("/events", get(async || (event_stream(), streamed([Ok("data: 1\n\n")]))))
        .route("/switching", get(async || StatusCode::SWITCHING_PROTOCOLS))
        .route("/hang", get(async || pending::<()>().await))
        .route("/hang-briefly", get(async || pending::<()>().await))
        .route(
            "/degraded",
            get(async || (Extension(Override::bad(Cause::Degraded)), "[]")),
        )
        .route(
            "/clients-fault",
            get(async || (StatusCode::BAD_GATEWAY, Extension(Override::good(Cause::ClientFault)))),
        )
        .route(
            "/probed",
            get(async || (Extension(Override::excluded(Cause::Probe)), "text")),
        )
        .route(
            "/probed-and-broken",
            get(async || {
                let broken = streamed([Ok("first "), Err("the disk is gone")]);
                (Extension(Override::excluded(Cause::Probe)), broken)
            }),
        )
        .route(
            "/uncounted",
            get(async || {
                let mut r = "".into_response();
                r.extensions_mut().insert(Uncounted);
                r
            }),
        )
}

fn answer(code: u16) -> Response<Body> {
    (
        StatusCode::from_u16(code).unwrap_or(StatusCode::IM_A_TEAPOT),
        "some body",
    )
        .into_response()
}

fn streamed<const N: usize>(frames: [Result<&'static str, &'static str>; N]) -> Body {
    Body::from_stream(stream::iter(frames))
}

fn endless() -> impl futures_util::Stream<Item = Result<Bytes, Infallible>> {
    stream::repeat_with(|| Ok(Bytes::from_static(b"hello")))
}

/// One frame of a length that nobody was told, after which it says that it was the last.
struct LastFrameKnown {
    sent: bool,
}

impl http_body::Body for LastFrameKnown {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let first = !std::mem::replace(&mut self.sent, true);
        Poll::Ready(first.then(|| Ok(Frame::data(Bytes::from_static(b"all of it")))))
    }

    fn is_end_stream(&self) -> bool {
        self.sent
    }
}

fn panicking(_: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
    panic!("on purpose")
}

fn event_stream() -> HeaderMap {
    HeaderMap::from_iter([(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("text/event-stream; charset=utf-8"),
    )])
}

fn length(bytes: u64) -> (header::HeaderName, header::HeaderValue) {
    (header::CONTENT_LENGTH, bytes.into())
}

/// What the client does.
#[derive(Clone, Copy, Debug)]
enum Client {
    /// Reads everything.
    Reads,
    /// Leaves before the head.
    Leaves,
    /// Leaves before the head, after patience is over.
    WaitsAndLeaves,
    /// Reads this many frames and leaves.
    ReadsFrames(usize),
}

/// What is expected of one request, besides one record and nothing in flight.
struct Case {
    method: &'static str,
    path: &'static str,
    client: Client,
    status: &'static str,
    error_type: &'static str,
    /// Of the built-in `requests`: good, bad, excluded.
    outcomes: [u64; 3],
}

const GOOD: [u64; 3] = [1, 0, 0];
const BAD: [u64; 3] = [0, 1, 0];
const EXCLUDED: [u64; 3] = [0, 0, 1];

#[rustfmt::skip]
const CASES: [Case; 35] = {
    use Client::{Leaves, Reads, ReadsFrames, WaitsAndLeaves};
    const fn case(
        method: &'static str, path: &'static str, client: Client,
        status: &'static str, error_type: &'static str, outcomes: [u64; 3],
    ) -> Case {
        Case { method, path, client, status, error_type, outcomes }
    }
    [
        case("GET",  "/answer/200",     Reads,          "200", "",          GOOD),
        case("GET",  "/answer/204",     Reads,          "204", "",          GOOD),
        case("GET",  "/answer/304",     Reads,          "304", "",          GOOD),
        case("GET",  "/answer/404",     Reads,          "404", "",          GOOD),
        case("GET",  "/answer/429",     Reads,          "429", "",          GOOD),
        case("GET",  "/answer/408",     Reads,          "408", "408",       BAD),
        case("GET",  "/answer/500",     Reads,          "500", "500",       BAD),
        case("GET",  "/answer/503",     Reads,          "503", "503",       BAD),
        case("HEAD", "/text",           Reads,          "200", "",          GOOD),
        case("HEAD", "/stream",         Reads,          "200", "",          GOOD),
        case("GET",  "/empty",          ReadsFrames(0), "200", "",          GOOD),
        case("GET",  "/text",           Reads,          "200", "",          GOOD),
        case("GET",  "/text",           ReadsFrames(1), "200", "",          GOOD),
        case("GET",  "/text",           ReadsFrames(0), "200", "cancelled", EXCLUDED),
        case("GET",  "/stream",         Reads,          "200", "",          GOOD),
        case("GET",  "/stream",         ReadsFrames(1), "200", "cancelled", EXCLUDED),
        case("GET",  "/declared",       ReadsFrames(1), "200", "",          GOOD),
        // As servers do: they ask `is_end_stream` before they poll for a frame that never comes.
        case("GET",  "/last-frame-known", ReadsFrames(1), "200", "",        GOOD),
        // Whoever reads an event stream ends it by leaving.
        case("GET",  "/events",         ReadsFrames(0), "200", "",          GOOD),
        case("GET",  "/events",         ReadsFrames(1), "200", "",          GOOD),
        case("GET",  "/events",         Reads,          "200", "",          GOOD),
        case("GET",  "/switching",      ReadsFrames(0), "101", "",          GOOD),
        case("GET",  "/no-content",     ReadsFrames(0), "204", "",          GOOD),
        case("GET",  "/broken",         ReadsFrames(2), "200", "body",      BAD),
        case("GET",  "/panicking-body", ReadsFrames(1), "200", "panic",     BAD),
        case("GET",  "/panic",          Reads,          "",    "panic",     BAD),
        // The handler speaks for its answer; an end that is no answer speaks for itself.
        case("GET",  "/degraded",       Reads,          "200", "",          BAD),
        case("GET",  "/clients-fault",  Reads,          "502", "502",       GOOD),
        case("GET",  "/probed",         Reads,          "200", "",          EXCLUDED),
        case("GET",  "/probed-and-broken", ReadsFrames(2), "200", "body",   BAD),
        // Who leaves after a bad head has been answered badly.
        case("GET",  "/answer/500",     ReadsFrames(0), "500", "500",       BAD),
        case("GET",  "/answer/408",     ReadsFrames(0), "408", "408",       BAD),
        case("GET",  "/degraded",       ReadsFrames(0), "200", "cancelled", BAD),
        case("GET",  "/hang",           Leaves,         "",    "cancelled", EXCLUDED),
        case("GET",  "/hang-briefly",   WaitsAndLeaves, "",    "cancelled", BAD),
    ]
};

#[tokio::test]
async fn each_ending_is_recorded_once_and_judged_once() -> Outcome {
    for case in CASES {
        let measured = Measured::with(SLOS, ReliabilityBuilder::active_requests)?;
        let app = routes().layer(measured.reliability.layer()).with_state(());
        let request = Request::builder()
            .method(case.method)
            .uri(case.path)
            .body(Body::empty())?;
        // A task of its own: a panic ends there, as it does in a server.
        let _ended = tokio::spawn(visit(app, request, case.client)).await;
        let name = format!("{} {} {:?}", case.method, case.path, case.client);
        check(&measured, &name, case.status, case.error_type, case.outcomes)?;
        for slo in ["all", "prompt", "swift"] {
            let events = measured.outcomes(slo)?.iter().sum::<u64>();
            assert_eq!(events, u64::from(slos_of(case.path).contains(&slo)), "{name}: {slo}");
        }
        let active = measured.counts("http.server.active_requests")?;
        assert!(active.iter().all(|point| point.ends_with(" 0")), "{name}: {active:?}");
    }
    Ok(())
}

/// The SLOs that the requests of a path are events of.
fn slos_of(path: &str) -> &'static [&'static str] {
    match path {
        "/text" => &["prompt"],
        // A latency SLO says nothing of them.
        "/events" | "/switching" => &[],
        "/hang-briefly" => &["swift"],
        answer if answer.starts_with("/answer/") => &["all"],
        _ => &[],
    }
}

async fn visit(app: Router, request: Request<Body>, client: Client) {
    let answering = app.oneshot(request);
    match client {
        Client::Reads => {
            let response = answering.await.unwrap_or_default();
            let _body = response.into_body().collect().await;
        }
        Client::ReadsFrames(frames) => {
            let mut body = answering.await.unwrap_or_default().into_body();
            for _ in 0..frames {
                let _frame = body.frame().await;
            }
        }
        Client::Leaves => poll_once(answering),
        Client::WaitsAndLeaves => {
            let mut answering = pin!(answering);
            let mut context = Context::from_waker(Waker::noop());
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_millis(2) {
                assert!(answering.as_mut().poll(&mut context).is_pending());
            }
        }
    }
}

fn poll_once(future: impl Future) {
    assert!(pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

/// One record with these attributes, one event, nothing in flight.
fn check(measured: &Measured, name: &str, status: &str, error_type: &str, outcomes: [u64; 3]) -> Outcome {
    let records = measured.records()?;
    assert_eq!(
        records.iter().map(|(_, count)| count).sum::<u64>(),
        1,
        "{name}: {records:?}"
    );
    let found = |key: &str| records[0].0.get(key).map_or("", String::as_str);
    assert_eq!(found("http.response.status_code"), status, "{name}");
    assert_eq!(found("error.type"), error_type, "{name}");
    assert_eq!(measured.outcomes("requests")?, outcomes, "{name}");
    assert_eq!(measured.reliability.status().in_flight, 0, "{name}");
    Ok(())
}

#[tokio::test]
async fn a_panic_caught_inside_is_a_500_and_outside_a_panic() -> Outcome {
    let request = || Request::get("/panic").body(Body::empty());
    let inside = Measured::new(SLOS)?;
    let app = routes().layer(CatchPanicLayer::new()).layer(inside.reliability.layer());
    let _body = app.oneshot(request()?).await?.into_body().collect().await?;
    check(&inside, "inside", "500", "500", BAD)?;

    let outside = Measured::new(SLOS)?;
    let app = routes()
        .layer(outside.reliability.layer())
        .layer(CatchPanicLayer::new());
    assert_eq!(app.oneshot(request()?).await?.status(), 500);
    check(&outside, "outside", "", "panic", BAD)
}

#[tokio::test(start_paused = true)]
async fn a_timeout_inside_is_a_408_and_outside_a_client_that_left() -> Outcome {
    let limit = || TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_secs(1));
    let request = || Request::get("/hang").body(Body::empty());
    let inside = Measured::new(SLOS)?;
    let app = routes().layer(limit()).layer(inside.reliability.layer());
    assert_eq!(app.oneshot(request()?).await?.status(), 408);
    check(&inside, "inside", "408", "408", BAD)?;

    let outside = Measured::new(SLOS)?;
    let app = routes().layer(outside.reliability.layer()).layer(limit());
    assert_eq!(app.oneshot(request()?).await?.status(), 408);
    // The monotonic clock did not move: within patience.
    check(&outside, "outside", "", "cancelled", EXCLUDED)
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_is_an_error_is_a_timeout_inside_and_a_client_that_left_outside() -> Outcome {
    let hanging = || tower::service_fn(async |_: Request<Body>| pending::<Result<Response<Body>, BoxError>>().await);
    let limit = || tower::timeout::TimeoutLayer::new(Duration::from_secs(1));
    let request = || Request::new(Body::empty());
    let inside = Measured::new(SLOS)?;
    let service = inside.reliability.layer().layer(limit().layer(hanging()));
    assert!(service.oneshot(request()).await.is_err());
    assert_eq!(inside.series()?["error.type"], "timeout");

    let outside = Measured::new(SLOS)?;
    let service = limit().layer(outside.reliability.layer().layer(hanging()));
    assert!(service.oneshot(request()).await.is_err());
    assert_eq!(outside.series()?["error.type"], "cancelled");
    assert_eq!(outside.reliability.status().in_flight, 0);
    Ok(())
}

#[tokio::test]
async fn the_clock_stops_at_the_head_unless_the_client_leaves_after_it() -> Outcome {
    for (client_leaves, path) in [(false, "/text"), (true, "/stream")] {
        let measured = Measured::new(SLOS)?;
        let app = routes().layer(measured.reliability.layer());
        let begun = Instant::now();
        let response = app.oneshot(Request::get(path).body(Body::empty())?).await?;
        // At least what the layer measured at the head, whatever the machine was busy with.
        let answered = begun.elapsed();
        while begun.elapsed() <= 2 * answered {}
        if client_leaves {
            drop(response);
        } else {
            let _body = response.into_body().collect().await?;
        }
        let took = measured.durations()?;
        let later = took > answered.as_secs_f64();
        assert_eq!(later, client_leaves, "{took} s measured, head after {answered:?}");
    }
    Ok(())
}

#[tokio::test]
async fn event_streams_and_upgrades_are_in_no_latency_slo() -> Outcome {
    for (path, outcomes) in [("/text", GOOD), ("/events", [0; 3]), ("/switching", [0; 3])] {
        let measured = Measured::new(SLOS)?;
        let app = routes().layer(measured.reliability.layer());
        let response = app.oneshot(Request::get(path).body(Body::empty())?).await?;
        let _body = response.into_body().collect().await?;
        assert_eq!(measured.outcomes("prompt")?, outcomes, "{path}");
        assert_eq!(measured.outcomes("requests")?, GOOD, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn a_tunnel_is_answered_with_its_head() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let tunnel =
        tower::service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::from_stream(endless()))));
    let service = measured.reliability.layer().layer(tunnel);
    let request = Request::builder().method("CONNECT").uri("h:443").body(Body::empty())?;
    drop(service.oneshot(request).await?);
    assert_eq!(measured.series()?.get("error.type"), None);
    Ok(())
}

#[tokio::test]
async fn nobody_waits_for_the_end_of_an_event_stream() -> Outcome {
    let measured = Measured::with(
        "{version: 1, service: shop, slos: [
          {name: swift, objective: 99%, window: 30d, sli: {http: {routes: [/events], faster_than: 1ms, until: body}}}]}",
        |builder| builder,
    )?;
    let app = routes().layer(measured.reliability.layer());
    let begun = Instant::now();
    let response = app.oneshot(Request::get("/events").body(Body::empty())?).await?;
    let answered = begun.elapsed();
    while begun.elapsed() < 2 * answered + Duration::from_millis(4) {}
    assert_eq!(measured.reliability.status().in_flight, 1);
    let abandoned = measured.counts("slo.requests.abandoned_in_flight")?;
    assert_eq!(abandoned, [" 0", "http.route=/events 0"]);
    drop(response);
    assert_eq!(measured.reliability.status().in_flight, 0);
    // Nor is its length how long an answer took, whatever an SLO says.
    assert!(measured.durations()? <= answered.as_secs_f64());
    Ok(())
}

#[tokio::test]
async fn an_error_of_the_inner_service_is_recorded_without_its_text() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let failing = tower::service_fn(async |_: Request<Body>| Err::<Response<Body>, _>("secret: 10.0.0.1 refused"));
    let mut service = measured.reliability.layer().layer(failing);
    assert!(service.ready().await?.call(Request::new(Body::empty())).await.is_err());
    let records = measured.records()?;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].0["error.type"], "service");
    assert!(!format!("{records:?}").contains("secret"));
    assert_eq!(measured.reliability.status().in_flight, 0);
    Ok(())
}

#[tokio::test]
async fn marked_responses_and_unmatched_paths_are_no_events() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let app = routes().layer(measured.reliability.layer());
    let _uncounted = app
        .clone()
        .oneshot(Request::get("/uncounted").body(Body::empty())?)
        .await?;
    assert_eq!(measured.records()?, []);

    let _not_found = app
        .oneshot(Request::get("/wp-login.php").body(Body::empty())?)
        .await?
        .into_body()
        .collect()
        .await?;
    let records = measured.records()?;
    assert_eq!((records.len(), records[0].0.get("http.route")), (1, None));
    assert_eq!(measured.outcomes("requests")?, [0, 0, 0]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_a_storm_of_random_endings_outcomes_sum_to_requests_started() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let begun = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&begun);
    let count = MapRequestLayer::new(move |request: Request<Body>| {
        counted.fetch_add(1, Ordering::Relaxed);
        request
    });
    let app = routes().layer(measured.reliability.layer()).layer(count).with_state(());
    let mut dice = Dice(7);
    let mut visits = Vec::new();
    for _ in 0..2_000 {
        let case = &CASES[dice.roll(CASES.len())];
        let request = Request::builder().method(case.method).uri(case.path);
        let visiting = visit(app.clone(), request.body(Body::empty())?, case.client);
        visits.push(tokio::spawn(visiting));
        if dice.roll(3) == 0 {
            // Leaves wherever it happens to be, or was never there.
            visits[dice.roll(visits.len())].abort();
        }
    }
    for visit in visits {
        let _ended = visit.await;
    }
    let begun = begun.load(Ordering::Relaxed);
    assert!(begun > 1_000, "{begun}");
    assert_eq!(measured.records()?.iter().map(|(_, count)| count).sum::<u64>(), begun);
    assert_eq!(measured.outcomes("requests")?.iter().sum::<u64>(), begun);
    assert_eq!(measured.reliability.status().in_flight, 0);
    Ok(())
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    /// One of the numbers below `sides`.
    fn roll(&mut self, sides: usize) -> usize {
        // Knuth's MMIX generator; its upper bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides
    }
}

#[tokio::test]
async fn a_provider_that_is_gone_changes_nothing_for_the_service() -> Outcome {
    let reliability = slo_axum::Reliability::builder(slo_core::SloSet::from_yaml(SLOS)?).build()?;
    let provider = opentelemetry_sdk::metrics::SdkMeterProvider::builder().build();
    slo_axum::opentelemetry_0_33::record_into(&reliability, &provider)?;
    drop(provider);
    let app = routes().layer(reliability.layer());
    let answer = app.oneshot(Request::get("/answer/500").body(Body::empty())?).await?;
    assert_eq!(answer.status(), 500);
    let _body = answer.into_body().collect().await?;
    assert_eq!(reliability.status().slos[0].totals, slo_core::Events::new(0, 1));
    Ok(())
}
