//! The status routes.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde::Serialize;
use slo_core::Uncounted;

use crate::Reliability;
use crate::status::OneStatus;

/// `/` answers every SLO, `/{name}` one; both are left out of the request metrics and never cached.
pub(crate) fn status_router<S: Clone + Send + Sync + 'static>(reliability: Reliability) -> Router<S> {
    let every = reliability.clone();
    Router::new()
        .route(
            "/",
            get(async move || answer(StatusCode::OK, &every.status())).fallback(method_not_allowed),
        )
        .route(
            "/{name}",
            get(async move |Path(name): Path<String>| one(&reliability, &name)).fallback(method_not_allowed),
        )
}

fn one(reliability: &Reliability, name: &str) -> Response {
    match reliability.shared().status_of(name) {
        Ok(OneStatus::Slo(slo)) => answer(StatusCode::OK, &slo),
        Ok(OneStatus::Composite(composite)) => answer(StatusCode::OK, &composite),
        Err(known) => {
            let error = "no SLO of this name";
            answer(StatusCode::NOT_FOUND, &Unknown { error, known })
        }
    }
}

/// Axum's own answer would be counted as a request of the service.
async fn method_not_allowed() -> Response {
    (
        StatusCode::METHOD_NOT_ALLOWED,
        Extension(Uncounted),
        [(header::ALLOW, "GET,HEAD")],
    )
        .into_response()
}

/// The answer to a name that no SLO has.
#[derive(Serialize)]
struct Unknown {
    error: &'static str,
    known: Vec<String>,
}

fn answer(code: StatusCode, body: &impl Serialize) -> Response {
    (
        code,
        Extension(Uncounted),
        [(header::CACHE_CONTROL, "no-store")],
        Json(body),
    )
        .into_response()
}
