//! The status routes.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde::Serialize;
use slo_core::Uncounted;

use crate::Reliability;

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
    let status = reliability.status();
    if let Some(composite) = status.composites.iter().find(|slo| slo.name == name) {
        return answer(StatusCode::OK, composite);
    }
    match status.slos.iter().find(|slo| slo.name == name) {
        Some(slo) => answer(StatusCode::OK, slo),
        None => {
            let composites = status.composites.into_iter().map(|slo| slo.name);
            let known = status.slos.into_iter().map(|slo| slo.name).chain(composites).collect();
            answer(
                StatusCode::NOT_FOUND,
                &Unknown {
                    error: "no SLO of this name",
                    known,
                },
            )
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
