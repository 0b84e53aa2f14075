//! `POST /admin/import/stall` and `/resume`: data that grows old on request. Only there with `--allow-faults`.

use axum::{Router, extract::State, http::StatusCode, routing::post};

use crate::jobs::Switch;

/// The routes, outside of everything that is measured.
pub(crate) fn router(import: Switch) -> Router {
    Router::new()
        .route("/admin/import/stall", post(stall))
        .route("/admin/import/resume", post(resume))
        .with_state(import)
}

async fn stall(State(import): State<Switch>) -> StatusCode {
    import.stall(true);
    StatusCode::NO_CONTENT
}

async fn resume(State(import): State<Switch>) -> StatusCode {
    import.stall(false);
    StatusCode::NO_CONTENT
}
