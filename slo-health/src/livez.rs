//! Liveness, which looks at nothing.

use axum::{Router, body::Body, response::Response, routing::get};
use http::StatusCode;

use crate::router::{health_json, method_not_allowed, plain};

/// A route that answers GET and HEAD with 200 as long as this process answers at all, for a Kubernetes liveness or
/// readiness probe.
///
/// It takes no check, and there is no way to give it one: old data is no reason to restart a process or to take it out
/// of service, and a database that all instances share would do so to all of them at once.
///
/// ```
/// use axum::Router;
///
/// let app: Router = Router::new().merge(slo_health::livez("/livez"));
/// ```
///
/// A [`SyntheticHealth`](crate::SyntheticHealth) does not fit in, and is no handler that could be mounted in its place:
///
/// ```compile_fail,E0061
/// fn alive(health: slo_health::SyntheticHealth) -> axum::Router {
///     slo_health::livez("/livez", health) // takes one argument
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn ready(health: slo_health::SyntheticHealth) -> axum::Router {
///     axum::Router::new().route("/readyz", axum::routing::get(health)) // not a handler
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn ready(check: slo_health::Check) -> axum::Router {
///     axum::Router::new().route("/readyz", axum::routing::get(async move || check)) // not a response
/// }
/// ```
///
/// The answer has no `Slo-Health-Status`: it is no verdict. Like all routes of this crate it carries
/// [`slo_core::Uncounted`] and is never stored by a cache.
///
/// # Panics
///
/// Where axum's [`Router::route`] does: when `path` does not begin with `/` or is no valid route.
pub fn livez<S>(path: &str) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    Router::new().route(path, get(alive).fallback(method_not_allowed))
}

async fn alive() -> Response {
    health_json(plain(StatusCode::OK), Body::from(r#"{"status":"pass"}"#))
}
