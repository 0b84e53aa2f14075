//! Pushes to real receivers on loopback, of both protocols, with and without TLS.

#[cfg(feature = "otlp-grpc")]
mod grpc;
#[cfg(feature = "otlp-tls")]
mod https;
mod plain;
mod received;
#[cfg(feature = "otlp-tls")]
mod secrets;
mod silent;
mod web;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use futures_util::FutureExt as _;
use http::Request;
use http_body_util::BodyExt as _;
use slo_core::{HttpSli, Slo, SloSet, Window};
use tower::ServiceExt as _;

use super::environment::Settings;
use super::*;
use crate::{Flushed, ShutdownError};
use received::{Received, Receiver};

/// So long that a test which needs it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

fn reliability() -> Reliability {
    let browse = HttpSli::routes(["/listings"]);
    let browse = Slo::new("browse", browse, "99%".parse().unwrap(), Window::days(30).unwrap());
    let slos = SloSet::builder("shop").slo(browse).build().unwrap();
    Reliability::builder(slos).environment("e2e").build().unwrap()
}

/// One request and its whole answer, with no runtime.
fn serve_one(app: &Router) {
    let request = Request::get("/listings").body(Body::empty()).unwrap();
    let answer = app.clone().oneshot(request).now_or_never().unwrap().unwrap();
    answer.into_body().collect().now_or_never().unwrap().unwrap();
}

/// Starts to push, serves three requests after the first push, and ends: what was received first and last.
fn first_and_last(settings: &Settings, receiver: &Receiver) -> (Received, Received) {
    let reliability = reliability();
    let guard = reliability.push_otlp(settings).unwrap();
    let first = receiver.next();
    let app = Router::new()
        .route("/listings", get(async || "[]"))
        .layer(reliability.layer());
    for _ in 0..3 {
        serve_one(&app);
    }
    assert_eq!(guard.shutdown(PATIENCE).map(Flushed::in_flight), Ok(0));
    (first, receiver.next())
}

/// What every receiver must have got.
fn arrives(settings: &Settings, receiver: &Receiver) {
    let (first, last) = first_and_last(settings, receiver);
    for slo in ["requests", "browse"] {
        assert_eq!(
            [first.events(slo, "good"), first.events(slo, "bad")],
            [Some(0), Some(0)]
        );
        assert_eq!([last.events(slo, "good"), last.events(slo, "bad")], [Some(3), Some(0)]);
    }
    assert_eq!((first.durations(), last.durations()), (0, 3));
    for (attribute, value) in [("service.name", "shop"), ("deployment.environment.name", "e2e")] {
        assert_eq!(last.attribute(attribute).as_deref(), Some(value));
    }
    assert!(last.attribute("service.instance.id").is_some());
}

/// Why the only push, the one at the end, was not delivered.
fn refusal(settings: &Settings) -> String {
    let guard = reliability().push_otlp(settings).unwrap();
    match guard.shutdown(PATIENCE) {
        Err(ShutdownError::NotDelivered { reason }) => reason,
        other => panic!("{other:?}"),
    }
}
