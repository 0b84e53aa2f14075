//! Handlers that wait where a test wants them to.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, CONTENT_TYPE, UPGRADE};
use axum::routing::{get, post};
use e2e::Outcome;
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt as _;
use tokio::sync::Semaphore;

use crate::served::eventually;

/// How often handlers were reached, and a gate that holds some of them.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    begun: Arc<AtomicU64>,
    gate: Arc<Semaphore>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self {
            begun: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
        }
    }

    /// Waits until so many requests have reached a handler that waits or streams.
    pub(crate) async fn begun(&self, expected: u64) -> Outcome {
        eventually(|| match self.begun.load(Ordering::SeqCst) {
            begun if begun == expected => Ok(()),
            begun => Err(format!("{begun} requests have begun, not {expected}")),
        })
        .await
    }

    /// Lets everybody through, now and later.
    pub(crate) fn open(&self) {
        self.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    }

    fn begin(&self) {
        self.begun.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn routes(&self) -> Router {
        let hangs = self.clone();
        let gated = self.clone();
        let stalls = self.clone();
        let streams = self.clone();
        let uploads = self.clone();
        Router::new()
            .route("/text", get(async || TEXT))
            .route(
                "/hang",
                get(async move || {
                    hangs.begin();
                    std::future::pending::<()>().await;
                }),
            )
            .route(
                "/gated",
                get(async move || {
                    gated.begin();
                    let _through = gated.gate.acquire().await;
                    TEXT
                }),
            )
            .route(
                "/stalled",
                get(async move || {
                    stalls.begin();
                    Body::from_stream(frames(1).chain(stream::pending()))
                }),
            )
            .route(
                "/endless",
                get(async move || {
                    streams.begin();
                    Body::from_stream(frames(usize::MAX))
                }),
            )
            .route(
                "/upload",
                post(async move |body: Body| {
                    uploads.begin();
                    match body.collect().await {
                        Ok(_) => StatusCode::CREATED,
                        Err(_) => StatusCode::BAD_REQUEST,
                    }
                }),
            )
            .route(
                "/events",
                get(async || {
                    let events = stream::iter([Ok::<_, Infallible>("data: 1\n\n")]).chain(stream::pending());
                    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(events))
                }),
            )
            .route(
                "/switching",
                get(async || {
                    (
                        StatusCode::SWITCHING_PROTOCOLS,
                        [(CONNECTION, "upgrade"), (UPGRADE, "echo")],
                    )
                }),
            )
            .route("/empty", get(async || StatusCode::NO_CONTENT))
            .route(
                "/failing",
                get(async || (StatusCode::INTERNAL_SERVER_ERROR, Body::from_stream(frames(usize::MAX)))),
            )
            // More than the sockets' buffers hold: whoever does not read keeps the server waiting.
            .route("/large", get(async || Body::from_stream(frames(LARGE / FRAME.len()))))
    }
}

fn frames(count: usize) -> impl stream::Stream<Item = Result<Bytes, Infallible>> + Send {
    stream::repeat_with(|| Ok(Bytes::from_static(FRAME))).take(count)
}

pub(crate) const TEXT: &str = "twelve bytes";

/// In bytes.
pub(crate) const LARGE: usize = 32 * 1_024 * 1_024;

static FRAME: &[u8] = &[b'.'; 64 * 1_024];
