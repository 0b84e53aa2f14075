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
//!   ([`opentelemetry_0_33::record_into`]).
//! - [`Reliability::run`] looks after the promises: alerts are told, the clock is followed, gaps are noticed, snapshots
//!   saved. [`BudgetHandle`] says in nanoseconds how a budget does.
//! - A handler that knows better than its status code puts a [`slo_core::Override`] into the response's extensions.
//! - Jobs and notifications tell their events through [`Reliability::events`].
//! - Health and status routes carry [`slo_core::Uncounted`] in their responses and are in no metric. Only an answer can
//!   carry it: where such a route lies inside the layer, a prober that leaves before the answer is counted. Add these
//!   routes after the layer.
//!
//! # Features
//!
//! - `otlp`: the push over OTLP, HTTP/protobuf, with the SDK's exporter and a blocking client (ureq) of its own.
//! - `store`: windows that go on after a restart, from a file: `ReliabilityBuilder::snapshot_file`. Adds crc32fast and
//!   serde_json.
//!
//! # Limits
//!
//! Each route that was seen takes 69 KiB for the rate, errors and durations of its last 15 minutes, each SLO some 36 KiB.
//!
//! `nest_service` hides the inner router's route templates: add the layer to the inner router there. A router that is
//! merged after the layer brings its own default fallback, unmeasured: give the measured router a `fallback` of its own
//! to see paths that match no route. A request that passes two layers of one [`Reliability`] is counted by both: add it
//! once, at the outermost router that knows the routes. Over TLS ended by somebody else, or by this process under
//! HTTP/1.1, a request does not say that it came by `https`; its `url.scheme` is then `http`. The numbers of a process are its own; the engine that the instances push to sums
//! the fleet.

mod attributes;
mod body;
mod budget;
mod clock;
mod export;
mod future;
mod in_flight;
mod instruments;
mod layer;
mod life;
pub mod opentelemetry_0_33;
#[cfg(feature = "otlp")]
pub mod otlp;
mod red;
mod reliability;
mod router;
mod routes;
mod service;
mod status;
mod told;

pub use body::TrackedBody;
pub use budget::{BudgetHandle, UnknownSlo};
pub use future::ResponseFuture;
pub use layer::SloLayer;
pub use life::{AlertChange, Life, LifeError, LifeGuard, LifeShutdownError};
#[cfg(feature = "otlp")]
pub use otlp::{Flushed, OtlpError, OtlpGuard, ShutdownError};
pub use reliability::{AlreadyInstrumented, BuildError, Reliability, ReliabilityBuilder};
pub use service::SloService;
pub use status::{
    AlertReason, AlertStatus, AlertWindow, BudgetStatus, Burn, CompositeStatus, ErrorRatio, ExhaustionStatus,
    ExportStatus, GapStatus, JourneyStatus, LatencyStatus, LifeStatus, MemberStatus, QuantileStatus, RequestsStatus,
    RouteStatus, SliStatus, SloStatus, Status,
};
#[cfg(feature = "store")]
pub use status::{MemoryStatus, RestoredStatus};
pub use told::{EventSink, NotTold};

/// The program in the README is one that compiles.
#[cfg(all(doctest, feature = "otlp"))]
#[doc = include_str!("../../README.md")]
mod readme {}
