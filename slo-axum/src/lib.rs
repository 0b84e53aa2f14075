//! A tower layer for axum that measures a service's promises: every request is judged once per SLO, however it ends.
//!
//! # Quick start
//!
//! ```
//! use axum::{Router, routing::get};
//! use slo_axum::Reliability;
//! use slo_core::SloSet;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let slos = SloSet::from_yaml(
//!     "
//!     version: 1
//!     service: real-estate
//!     slos:
//!       - name: browse-availability
//!         promise: Anyone can look at listings at any time.
//!         sli: { http: { routes: [/listings] } }
//!         objective: 99.9%
//!         window: 30d
//!     ",
//! )?;
//! let reliability = Reliability::builder(slos).build()?;
//! let app: Router = Router::new()
//!     .route("/listings", get(async || "[]"))
//!     .layer(reliability.layer())
//!     .nest("/slo", reliability.status_router());
//!
//! assert_eq!(reliability.status().slos[0].name, "browse-availability");
//! # drop(app);
//! # Ok(())
//! # }
//! ```
//!
//! # Concepts
//!
//! - [`Reliability`] is the handle of the process: layer, status, export. It works without any server around it.
//! - [`SloLayer`] counts each request exactly once: a response, an error of the inner service or of the body, a panic, a
//!   client that left. Timeout and catch-panic layers go **inside** it.
//! - The clock stops at the response's head; the outcome is known when the body has ended. Event streams
//!   (`text/event-stream`) are ended by the client and upgrades go on elsewhere: neither is in a latency SLO.
//! - `http.server.request.duration` follows the OpenTelemetry conventions; `slo.events` counts good, bad and excluded
//!   events per SLO. Both leave through [`Reliability::push_otlp_from_env`] (feature `otlp`) or a provider of your own
//!   ([`opentelemetry_0_33::record_into`], with a flush at the end `record_into_sdk`).
//! - A handler that knows better than its status code puts a [`slo_core::Override`] into the response's extensions.
//! - Jobs and notifications tell their events through [`Reliability::events`].
//! - Health and status routes carry [`slo_core::Uncounted`] in their responses and are in no metric. Only an answer can
//!   carry it: where such a route lies inside the layer, a prober that leaves before the answer is counted. Add these
//!   routes after the layer.
//!
//! # Features
//!
//! None is on by default. What each adds to the crates of the layer, direct and indirect:
//!
//! | feature | what | crates |
//! | --- | --- | --- |
//! | `sdk` | `opentelemetry_0_33::record_into_sdk`: a provider of your own, flushed at the end | 5: opentelemetry_sdk and futures |
//! | `otlp` | the push over OTLP, HTTP/protobuf; has `sdk` | 18: those, opentelemetry-proto with prost, ureq without TLS |
//! | `otlp-tls` | `https` endpoints, client certificates; has `otlp` | 9 more: rustls with ring (which needs a C compiler) and Mozilla's roots |
//! | `otlp-grpc` | `OTEL_EXPORTER_OTLP_PROTOCOL=grpc`; has `otlp` | 24 more: tonic with hyper, h2 and tokio |
//! | `otlp-gzip` | `OTEL_EXPORTER_OTLP_COMPRESSION=gzip`; has `otlp` | 5 more: flate2 |
//!
//! With both `otlp-tls` and `otlp-grpc` gRPC is spoken over TLS as well, for two crates more. Asking for what a build does
//! not have is refused when the push is set up, by the name of the feature.
//!
//! # Limits
//!
//! `nest_service` hides the inner router's route templates: add the layer to the inner router there. A router that is
//! merged after the layer brings its own default fallback, unmeasured: give the measured router a `fallback` of its own
//! to see paths that match no route. A request that passes two layers of one [`Reliability`] is counted by both: add it
//! once, at the outermost router that knows the routes. Over TLS ended by somebody else, or by this process under
//! HTTP/1.1, a request does not say that it came by `https`; its `url.scheme` is then `http`. The numbers of a process are its own; the engine that the instances push to sums
//! the fleet.

mod attributes;
mod body;
mod clock;
mod export;
#[cfg(feature = "sdk")]
mod flush;
mod future;
mod in_flight;
mod instruments;
mod layer;
pub mod opentelemetry_0_33;
#[cfg(feature = "otlp")]
pub mod otlp;
mod reliability;
mod router;
mod routes;
mod series;
mod service;
mod status;
mod told;

pub use body::TrackedBody;
#[cfg(feature = "sdk")]
pub use flush::{Flushed, ShutdownError};
pub use future::ResponseFuture;
pub use layer::SloLayer;
#[cfg(feature = "otlp")]
pub use otlp::{OtlpError, OtlpGuard};
pub use reliability::{AlreadyInstrumented, BuildError, Reliability, ReliabilityBuilder};
pub use service::SloService;
pub use status::{
    BudgetStatus, Burn, CompositeStatus, ErrorRatio, ExportStatus, JourneyStatus, MemberStatus, RequestsStatus,
    SliStatus, SloStatus, Status,
};
pub use told::{EventSink, NotTold};

/// The program in the README is one that compiles.
#[cfg(all(doctest, feature = "otlp"))]
#[doc = include_str!("../../README.md")]
mod readme {}
