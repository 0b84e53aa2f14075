//! Requests, and the service that answers them.

use std::pin::Pin;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use futures_util::future::poll_fn;
use http_body::Body as _;
use tower::Service;

/// Which requests are sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Load {
    /// 22 requests over 20 routes, with path parameters, four by POST, one answered with 500; then again.
    Mixed,
    /// One route, every request alike.
    Hot,
}

impl Load {
    /// So many requests, built beforehand: building them is no part of serving them.
    #[must_use]
    pub fn requests(self, times: u32) -> Vec<Request<Body>> {
        let build = |(method, path): (&str, &str)| {
            let body = if method == "POST" {
                Body::from(r#"{"id":1}"#)
            } else {
                Body::empty()
            };
            let request = Request::builder().method(method).uri(path);
            let request = request.header("host", "shop.example").header("user-agent", "bench/1");
            request.body(body).expect("the parts are fixed and sound")
        };
        let mixed = SENT.into_iter().cycle().take(times as usize);
        match self {
            Self::Mixed => mixed.map(build).collect(),
            Self::Hot => mixed.map(|_| build(HOT)).collect(),
        }
    }
}

/// Serves the requests one after the other.
pub async fn drive(app: &mut Router, requests: Vec<Request<Body>>) {
    for request in requests {
        answer(app, request).await;
    }
}

/// Serves one request and reads its body as hyper would: never past its end.
pub async fn answer(app: &mut Router, request: Request<Body>) -> StatusCode {
    let response = app.call(request).await.unwrap_or_else(|never| match never {});
    let status = response.status();
    let mut body = response.into_body();
    while !body.is_end_stream() {
        if poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await.is_none() {
            break;
        }
    }
    status
}

/// Twenty routes, no layer.
pub fn app() -> Router {
    let app = GETS.into_iter().fold(Router::new(), |app, route| {
        app.route(route, get(async || r#"[{"id":1,"price":1200000000}]"#))
    });
    let app = POSTS.into_iter().fold(app, |app, route| {
        app.route(route, post(async || (StatusCode::CREATED, r#"{"id":1}"#)))
    });
    app.route(BROKEN, get(async || (StatusCode::INTERNAL_SERVER_ERROR, "no")))
}

const GETS: [&str; 15] = [
    "/",
    "/listings",
    "/listings/{id}",
    "/listings/{id}/photos",
    "/listings/{id}/photos/{photo}",
    "/real-price/{region}",
    "/real-price/{region}/{month}",
    "/agents",
    "/agents/{id}",
    "/agents/{id}/listings",
    "/account",
    "/account/searches",
    "/account/searches/{id}",
    "/regions",
    "/regions/{region}/schools",
];

const POSTS: [&str; 4] = ["/login", "/purchase", "/listings/{id}/visits", "/account/alerts"];

const BROKEN: &str = "/reports/{id}";

const HOT: (&str, &str) = ("GET", "/real-price/gangnam");

const SENT: [(&str, &str); 22] = [
    ("GET", "/"),
    ("GET", "/listings?district=mapo"),
    ("GET", "/listings/4711"),
    ("POST", "/login"),
    ("GET", "/listings/4711/photos"),
    ("GET", "/listings/4711/photos/3"),
    ("GET", "/real-price/gangnam"),
    ("GET", "/real-price/gangnam/2026-01"),
    ("GET", "/agents"),
    ("POST", "/purchase"),
    ("GET", "/agents/17"),
    ("GET", "/agents/17/listings"),
    ("GET", "/reports/1"),
    ("GET", "/account"),
    ("POST", "/listings/4711/visits"),
    ("GET", "/account/searches"),
    ("GET", "/account/searches/9"),
    ("GET", "/regions"),
    ("GET", "/regions/mapo/schools"),
    ("POST", "/account/alerts"),
    ("GET", "/listings/4712"),
    ("GET", "/real-price/mapo"),
];
