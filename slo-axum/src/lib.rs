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
//! - The clock stops at the response's head, or at the end of the body where an SLO or a mark says so; the outcome is known
//!   when the body has ended. Event streams (`text/event-stream`) are ended by the client and upgrades go on elsewhere:
//!   neither is in a latency SLO.
//! - SLOs name routes by their templates. [`Reliability::mark`] marks routes in the program instead: as an SLO's, as
//!   unmeasured, or as measured to the end of the body.
//! - `http.server.request.duration` follows the OpenTelemetry semantic conventions, version 1.42; `slo.events` counts good, bad and excluded
//!   events per SLO. Both leave through `Reliability::push_otlp_from_env` (feature `otlp`) or a provider of your own
//!   ([`opentelemetry_0_33::record_into`], with a flush at the end `record_into_sdk`).
//! - The histogram has at most 2,000 series ([`ReliabilityBuilder::max_series`]), whatever clients send: what they vary is
//!   folded into one series per route when half of them are taken, successes and failures keep their own.
//! - `slo.requests.abandoned_in_flight` counts, by route, requests that run for longer than a client is expected to wait;
//!   not event streams, upgrades and what is in no metric.
//! - A client that leaves after a bad head was answered badly; one that leaves a good answer is excluded until patience
//!   ends. A layer **outside** that throws bodies away, to replace them, looks like such a client: put it inside.
//! - [`Reliability::run`] looks after the promises: alerts are told, the clock is followed, gaps are noticed, snapshots
//!   saved. [`BudgetHandle`] says in nanoseconds how a budget does.
//! - A handler that knows better than its status code puts a [`slo_core::Override`] into the response's extensions; a
//!   [`Classify`] hook does so for answers that no handler of yours gives.
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
//! | `otlp-tls` | `https` endpoints, client certificates; has `otlp` | 12 more: rustls with ring (which needs a C compiler) and Mozilla's roots |
//! | `otlp-grpc` | `OTEL_EXPORTER_OTLP_PROTOCOL=grpc`; has `otlp` | 23 more: tonic with hyper, h2 and tokio |
//! | `otlp-gzip` | `OTEL_EXPORTER_OTLP_COMPRESSION=gzip`; has `otlp` | 5 more: flate2 |
//! | `bound-instruments` | in an `SdkMeterProvider` of your own, each series of the histogram is looked up once, not at every record; has `sdk` | those of `sdk` |
//! | `store` | windows that go on after a restart, from a file: `ReliabilityBuilder::snapshot_file` | 1: crc32fast |
//! | `grpc` | calls of `application/grpc` are judged by their trailers, as the HTTP status that their own stands for | none |
//!
//! With both `otlp-tls` and `otlp-grpc` gRPC is spoken over TLS as well, for two crates more. Asking for what a build does
//! not have is refused when the push is set up, by the name of the feature.
//!
//! `bound-instruments` switches the SDK's experimental feature of that name on for the whole process: other crates may then
//! bind, too, and instruments of a provider that is not the SDK's drop what is recorded through a bound handle. Ours binds
//! with the SDK's provider only.
//!
//! # Limits
//!
//! Each route that was seen takes 69 KiB for the rate, errors and durations of its last 15 minutes, each SLO some 36 KiB.
//!
//! `nest_service` hides the inner router's route templates: add the layer to the inner router there. A router that is
//! merged after the layer brings its own default fallback, unmeasured: give the measured router a `fallback` of its own
//! to see paths that match no route. A request that passes two layers of one [`Reliability`] is counted by the outer one,
//! with the route that it knows; so is what a handler asks a router of its own process.
//!
//! Over TLS ended by somebody else, or by this process under HTTP/1.1, a request does not say that it came by `https`; its
//! `url.scheme` is then `http`, unless a proxy says so and is [trusted](ReliabilityBuilder::trust_forwarded_scheme).
//!
//! The numbers of a process are its own; the engine that the instances push to sums the fleet.

mod attributes;
mod body;
mod budget;
mod builder;
mod classify;
mod clock;
#[cfg(feature = "otlp")]
mod durations;
mod export;
mod extra;
#[cfg(feature = "sdk")]
mod flush;
mod future;
mod grown;
#[cfg(feature = "grpc")]
mod grpc;
mod in_flight;
mod instead;
mod instruments;
mod layer;
mod life;
mod mark;
pub mod opentelemetry_0_33;
mod options;
#[cfg(feature = "otlp")]
pub mod otlp;
mod red;
mod reliability;
mod router;
mod routes;
mod series;
mod service;
mod shared;
#[cfg(feature = "otlp")]
mod shortened;
mod status;
mod timeout;
mod told;
mod waiting;

pub use budget::{BudgetHandle, UnknownSlo};
pub use builder::{BuildError, ReliabilityBuilder};
pub use classify::{Answer, Classify};
pub use extra::{AttributeError, ClosedAttribute, MAX_ATTRIBUTES, MAX_VALUES};
#[cfg(feature = "sdk")]
pub use flush::{Flushed, ShutdownError};
pub use future::ResponseFuture;
pub use layer::SloLayer;
pub use life::{AlertChange, Life, LifeError, LifeGuard, LifeShutdownError};
pub use mark::{Mark, MarkError, MarkService};
#[cfg(feature = "otlp")]
pub use otlp::{OtlpError, OtlpGuard};
pub use reliability::{AlreadyInstrumented, Reliability};
pub use service::SloService;
pub use status::{
    AlertReason, AlertStatus, AlertWindow, BudgetStatus, Burn, CompositeStatus, ErrorRatio, ExcludedStatus,
    ExclusionStatus, ExhaustionStatus, ExportStatus, GapStatus, JourneyStatus, LatencyStatus, LifeStatus, MemberStatus,
    QuantileStatus, RequestsStatus, RouteStatus, SliStatus, SloStatus, Status,
};
#[cfg(feature = "store")]
pub use status::{MemoryStatus, RestoredStatus};
pub use told::{EventSink, NotTold};

/// The program in the README is one that compiles.
#[cfg(all(doctest, feature = "otlp"))]
#[doc = include_str!("../../README.md")]
mod readme {}
