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
        .route("/", get(async move || answer(StatusCode::OK, &every.status())))
        .route(
            "/{name}",
            get(async move |Path(name): Path<String>| one(&reliability, &name)),
        )
}

fn one(reliability: &Reliability, name: &str) -> Response {
    let status = reliability.status();
    match status.slos.iter().find(|slo| slo.name == name) {
        Some(slo) => answer(StatusCode::OK, slo),
        None => {
            let known = status.slos.into_iter().map(|slo| slo.name).collect();
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
