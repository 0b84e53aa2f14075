//! The router: what is served, what is measured, and in which order the layers stand.

use std::time::Duration;

use axum::{
    Router,
    http::StatusCode,
    middleware,
    routing::{get, post},
};
use slo_axum::Reliability;
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};

use crate::{
    faults,
    freshness::Endpoints,
    jobs::Switch,
    routes::{self, listings::Searching},
    store::Store,
};

/// What the router is made from.
#[derive(Clone, Debug)]
pub(crate) struct App {
    /// Where the data is.
    pub(crate) store: Store,
    /// Lets the import stall.
    pub(crate) import: Switch,
    /// Whether clients may ask for failures.
    pub(crate) allow_faults: bool,
    /// Time after which a request is answered with 408.
    pub(crate) request_timeout: Duration,
}

impl App {
    /// The whole service.
    pub(crate) fn router(self, reliability: &Reliability, endpoints: &Endpoints) -> Router {
        let searching = Searching {
            store: self.store.clone(),
            // Another `slo.yaml` may promise something else: then nothing is left out.
            budget: reliability.budget("browse-availability").ok(),
        };
        let mut measured = Router::new()
            .route("/listings", get(routes::listings::search).with_state(searching))
            .route("/real-price/{region}", get(routes::prices::real_price))
            .route("/login", post(routes::login::login))
            .route("/purchase", post(routes::purchase::purchase))
            .route("/account", get(routes::account::account))
            .route("/chat", get(routes::chat::said).post(routes::chat::say))
            // Else `merge` below would put its own, unmeasured answer in the place of the measured one.
            .fallback(routes::not_found)
            .with_state(self.store);
        let mut unmeasured = Router::new();
        if self.allow_faults {
            measured = measured.layer(middleware::from_fn(faults::obey));
            unmeasured = routes::admin::router(self.import);
        }
        // The layer added last is the outermost. Timeouts and panics become answers inside the one that measures:
        // outside of it, a timeout would read as a client that left.
        measured
            .layer(TimeoutLayer::with_status_code(
                StatusCode::REQUEST_TIMEOUT,
                self.request_timeout,
            ))
            .layer(CatchPanicLayer::new())
            .layer(reliability.layer())
            // Below the layers: probes and operators are not the users whom the promises are made to.
            .merge(endpoints.router())
            .nest("/slo", reliability.status_router())
            .merge(unmeasured)
    }
}

#[cfg(test)]
mod tests;
