//! What a builder may ask for beyond the defaults.

use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use axum::routing::get;
use axum::{Extension, Router};
use http_body_util::BodyExt;
use slo_axum::{Answer, BuildError, ClosedAttribute, Reliability, ReliabilityBuilder};
use slo_core::{Cause, Override, SloSet};
use tower::{Layer, ServiceExt};

use crate::measured::{Measured, Outcome};

const SLOS: &str = "
version: 1
service: shop
slos:
  - { name: swift, objective: 99%, window: 30d, sli: { http: { routes: [/hang], faster_than: 16ms } } }
";

#[derive(Clone, Copy)]
enum Tier {
    Free,
    Paid,
}

impl ClosedAttribute for Tier {
    const KEY: &'static str = "app.tier";
    const VALUES: &'static [&'static str] = &["free", "paid"];

    fn index(&self) -> usize {
        *self as usize
    }
}

fn app(measured: &Measured) -> Router {
    Router::new()
        .route("/", get(async || ""))
        .route("/free", get(async || (Extension(Tier::Free), "")))
        .route("/paid", get(async || (Extension(Tier::Paid), "")))
        .route("/empty", get(async || ([("x-basket", "empty")], "")))
        .route(
            "/empty-on-purpose",
            get(async || {
                (
                    Extension(Override::good(Cause::ClientFault)),
                    [("x-basket", "empty")],
                    "",
                )
            }),
        )
        .route("/hang", get(async || pending::<()>().await))
        .route("/hang-patiently", get(async || pending::<()>().await))
        .layer(measured.reliability.layer())
}

async fn ask(measured: &Measured, path: &str, headers: &[(&str, &str)]) -> Outcome {
    let request = headers.iter().fold(Request::get(path), |request, (name, value)| {
        request.header(*name, *value)
    });
    let _body = app(measured)
        .oneshot(request.body(Body::empty())?)
        .await?
        .into_body()
        .collect()
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_forwarded_scheme_is_believed_only_when_told_so() -> Outcome {
    let forwarded = &[("x-forwarded-proto", "https"), ("forwarded", "proto=https")];
    let wary = Measured::new(SLOS)?;
    ask(&wary, "/", forwarded).await?;
    assert_eq!(wary.series()?["url.scheme"], "http");

    let trusting = Measured::with(SLOS, ReliabilityBuilder::trust_forwarded_scheme)?;
    ask(&trusting, "/", forwarded).await?;
    assert_eq!(trusting.series()?["url.scheme"], "https");

    let foreign = Measured::with(SLOS, ReliabilityBuilder::trust_forwarded_scheme)?;
    ask(&foreign, "/", &[("x-forwarded-proto", "gopher")]).await?;
    assert_eq!(foreign.series()?["url.scheme"], "http");
    Ok(())
}

#[tokio::test]
async fn an_address_is_the_configured_one_and_never_the_clients() -> Outcome {
    let measured = Measured::with(SLOS, |builder| builder.server_address("shop.example", 443))?;
    ask(&measured, "/", &[("host", "evil.example:1")]).await?;
    let series = measured.series()?;
    assert_eq!(
        (series["server.address"].as_str(), series["server.port"].as_str()),
        ("shop.example", "443")
    );

    let nameless = Measured::with(SLOS, |builder| builder.server_address("shop.example", None))?;
    ask(&nameless, "/", &[]).await?;
    assert!(!nameless.series()?.contains_key("server.port"));
    Ok(())
}

#[tokio::test]
async fn an_attribute_of_the_services_own_has_one_of_its_values_or_is_absent() -> Outcome {
    for (path, tier) in [("/free", Some("free")), ("/paid", Some("paid")), ("/", None)] {
        let measured = Measured::with(SLOS, ReliabilityBuilder::attribute::<Tier>)?;
        ask(&measured, path, &[]).await?;
        assert_eq!(measured.series()?.get("app.tier").map(String::as_str), tier, "{path}");
    }
    let unregistered = Measured::new(SLOS)?;
    ask(&unregistered, "/paid", &[]).await?;
    assert!(!unregistered.series()?.contains_key("app.tier"));
    Ok(())
}

fn empty_baskets(answer: &Answer<'_>) -> Option<Override> {
    assert_eq!((answer.method(), answer.status()), ("GET", StatusCode::OK));
    let is_empty = answer.headers().get("x-basket").is_some_and(|basket| basket == "empty");
    is_empty.then(|| Override::bad(Cause::Degraded))
}

#[tokio::test]
async fn a_hook_judges_answers_that_their_handler_did_not() -> Outcome {
    for (path, outcomes) in [
        ("/", [1, 0, 0]),
        ("/empty", [0, 1, 0]),
        ("/empty-on-purpose", [1, 0, 0]),
    ] {
        let measured = Measured::with(SLOS, |builder| builder.classify(empty_baskets))?;
        ask(&measured, path, &[]).await?;
        assert_eq!(measured.outcomes("requests")?, outcomes, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn a_hook_sees_the_route_and_its_panic_is_the_requests() -> Outcome {
    let panics = |answer: &Answer<'_>| match answer.route() {
        Some("/") => panic!("on purpose"),
        _ => None,
    };
    let measured = Measured::with(SLOS, |builder| builder.classify(panics))?;
    let request = Request::get("/").body(Body::empty())?;
    let _panicked = tokio::spawn(app(&measured).oneshot(request)).await;
    assert_eq!(measured.series()?["error.type"], "panic");
    assert_eq!(measured.outcomes("requests")?, [0, 1, 0]);
    Ok(())
}

#[derive(Clone)]
struct Panicking;

impl ClosedAttribute for Panicking {
    const KEY: &'static str = "app.panicking";
    const VALUES: &'static [&'static str] = &["a"];

    fn index(&self) -> usize {
        panic!("on purpose")
    }
}

#[tokio::test]
async fn an_attribute_that_panics_is_the_requests_panic() -> Outcome {
    let measured = Measured::with(SLOS, ReliabilityBuilder::attribute::<Panicking>)?;
    let answer = tower::service_fn(async |_: Request<Body>| {
        let mut response = Response::new(Body::from("text"));
        response.extensions_mut().insert(Panicking);
        Ok::<_, Infallible>(response)
    });
    let service = measured.reliability.layer().layer(answer);
    let _panicked = tokio::spawn(service.oneshot(Request::new(Body::empty()))).await;
    assert_eq!(measured.series()?["error.type"], "panic");
    Ok(())
}

#[tokio::test]
async fn active_requests_are_exported_when_asked_for() -> Outcome {
    let metric = "http.server.active_requests";
    let measured = Measured::with(SLOS, ReliabilityBuilder::active_requests)?;
    let one = "http.request.method=GET,url.scheme=http 1".to_owned();
    {
        let mut hanging = pin!(app(&measured).oneshot(Request::get("/hang").body(Body::empty())?));
        assert!(
            hanging
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        assert!(measured.counts(metric)?.contains(&one));
    }
    assert!(measured.counts(metric)?.iter().all(|point| point.ends_with(" 0")));

    let unasked = Measured::new(SLOS)?;
    ask(&unasked, "/", &[]).await?;
    assert_eq!(unasked.counts(metric)?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn what_hangs_for_longer_than_patience_is_seen_while_it_hangs() -> Outcome {
    let metric = "slo.requests.abandoned_in_flight";
    let measured = Measured::new(SLOS)?;
    {
        let app = app(&measured).with_state::<()>(());
        let mut hanging = pin!(app.clone().oneshot(Request::get("/hang").body(Body::empty())?));
        let mut patient = pin!(app.oneshot(Request::get("/hang-patiently").body(Body::empty())?));
        let mut context = Context::from_waker(Waker::noop());
        assert!(hanging.as_mut().poll(&mut context).is_pending());
        assert!(patient.as_mut().poll(&mut context).is_pending());
        // Patience is the route's latency limit, 16 ms; it is noticed 2 ms late at most.
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(18) {}
        assert_eq!(
            measured.counts(metric)?,
            [" 0", "http.route=/hang 1", "http.route=/hang-patiently 0"]
        );
    }
    assert_eq!(
        measured.counts(metric)?,
        [" 0", "http.route=/hang 0", "http.route=/hang-patiently 0"]
    );
    Ok(())
}

#[test]
fn what_makes_no_sense_is_refused() -> Outcome {
    let builder = || SloSet::from_yaml(SLOS).map(Reliability::builder);
    let refused = |builder: ReliabilityBuilder| builder.build().map(drop);
    assert_eq!(refused(builder()?.max_series(99)), Err(BuildError::TooFewSeries(99)));
    assert_eq!(refused(builder()?.max_series(100)), Ok(()));
    assert_eq!(
        refused(builder()?.server_address(" ", 80)),
        Err(BuildError::Empty("server address"))
    );
    let twice = builder()?.attribute::<Tier>().attribute::<Tier>();
    assert!(matches!(refused(twice), Err(BuildError::Attribute(_))));
    Ok(())
}
