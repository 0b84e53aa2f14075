//! Health endpoints that judge the data behind a service: fresh answers 200, stale 503, and neither looks like down.
//!
//! A service can answer 200 for a month with data that is a month old. This crate turns "this data is never older than
//! an hour" into a [check](SyntheticHealthBuilder::check) and serves its verdict where a prober, such as the Prometheus
//! Blackbox exporter, can see it.
//!
//! # Quick start
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//!
//! use axum::{Router, routing::get};
//! use chrono::{DateTime, Utc};
//! use slo_health::{Freshness, State, SyntheticHealth};
//!
//! /// `SELECT max(traded_at) FROM transactions WHERE traded_at <= now()`
//! async fn newest_transaction() -> Result<Option<DateTime<Utc>>, Infallible> {
//!     Ok(Some(Utc::now() - Duration::from_secs(600)))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), slo_health::BuildError> {
//! let health = SyntheticHealth::builder()
//!     .check("transactions", Freshness::within(Duration::from_secs(3600)), newest_transaction)
//!     .build()?;
//!
//! let app: Router = Router::new()
//!     .route("/real-price", get(async || "..."))
//!     .merge(health.router("/real-price/synthetic/health"));
//!
//! assert_eq!(health.report().await.state(), State::Fresh); // the same evaluation without HTTP
//! # drop(app);
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//! $ curl -i http://localhost:3000/real-price/synthetic/health
//! HTTP/1.1 200 OK
//! slo-health-status: fresh
//! slo-health-reason: transactions:within_limit
//! last-modified: Sun, 01 Mar 2026 11:50:00 GMT
//! cache-control: no-store
//! content-type: application/health+json
//!
//! {"status":"pass"}
//! ```
//!
//! # Concepts
//!
//! - The **watermark** is the instant of the newest business event in the data. A check reads it, in an [`Observation`].
//! - [`Freshness`] is the policy, and [`judge`] applies it: a pure function of policy, observation and time.
//! - A [`Verdict`] has a [`State`], a [`Reason`] from a closed set, and the numbers behind both. Not knowing (error,
//!   timeout) and not having (empty, invalid) are states of their own and never fresh.
//! - **The observation is cached, not the verdict.** That a transaction of 12:00 exists stays true, so it proves FRESH
//!   until 13:00 without another query, and ceases to at 13:00 sharp. Anything but fresh is confirmed by a live read. A
//!   database that is gone at 12:30 does not make that data late: the answer stays FRESH until 13:00, says in
//!   `Slo-Health-Check` that nobody can look, and is an error after that. [`SyntheticHealth`] has the rules.
//! - Policies by the calendar ("every business day by 06:00 in Seoul", "this month has data"), enough rows, combinations
//!   and quiet times: [`Freshness`] lists them.
//! - A [`Check`] can have times of its own, only advise, or judge for itself. Reads happen when somebody asks, or
//!   [in the background](SyntheticHealthBuilder::refresh_every).
//! - The body of a response tells one word to anybody, and [`Details`] to whom you grant them. Its headers tell anybody which
//!   check decides, why, and the watermark.
//! - [`SyntheticHealth::router`] has the wire contract: codes, headers, bodies. [`Report`] says which of several checks
//!   speaks for an endpoint.
//! - [`SyntheticHealth::feed`] makes one event of an SLO every 30 s of what the checks say, however many probes come;
//!   it has an example with `slo-axum`.
//!
//! # Not for liveness or readiness
//!
//! Do not point a Kubernetes liveness, readiness or startup probe, or a load balancer's target check, at this endpoint,
//! and there is deliberately nothing here to mount as one. All instances read the same data: when it is late, a
//! readiness probe takes every instance out of service at once and turns *stale* into *down*, and a liveness probe
//! restarts processes that are well. Old data is for people to look at, and for the error budget to count. For those
//! probes there is [`livez`], which looks at nothing and cannot be given a check.
//!
//! # Features
//!
//! | feature | what | adds |
//! | --- | --- | --- |
//! | `serve` (default) | the runner, its routes and its feed; without it all that is left is pure | axum, tokio, tracing |
//! | `probe-kit` | the module `probe`: configuration and rules for Blackbox exporter, Prometheus and Alertmanager, which tell fresh, stale, a failed check and down apart and keep the freshness SLO; pure | nothing |
//! | `otel` | `opentelemetry_0_33::record_into`: states, watermarks and reads as metrics | opentelemetry |
//! | `tonic-health` | `tonic_health_0_14::bridge`: the verdicts as services of the gRPC health protocol | tonic-health |
//! | `calendar` | policies by deadline and by period, weekly quiet windows | chrono-tz |
//! | `jiff`, `time` | observations from the instants of those crates | jiff, time |
//!
//! # Limits
//!
//! - Needs a tokio runtime with its time driver enabled. On a single-threaded runtime a check that blocks its thread
//!   blocks everything, deadlines included; use [`check_blocking`](SyntheticHealthBuilder::check_blocking).
//! - A panic is contained only where panics unwind; with `panic = "abort"` it ends the process.
//! - The proof from the cache assumes that data only gets newer;
//!   [`trust_for`](SyntheticHealthBuilder::trust_for) and [`hold_for`](SyntheticHealthBuilder::hold_for) bound what that can
//!   cost where it does not.
//! - It sees its own process. Whether the service is reachable at all only a prober outside can tell.

#[cfg(feature = "serve")]
mod body;
#[cfg(feature = "serve")]
mod builder;
#[cfg(feature = "serve")]
mod check;
#[cfg(feature = "serve")]
mod clock;
#[cfg(feature = "serve")]
mod codes;
#[cfg(feature = "serve")]
mod details;
#[cfg(feature = "serve")]
mod feed;
#[cfg(feature = "serve")]
mod finding;
#[cfg(feature = "serve")]
mod flight;
mod freshness;
#[cfg(feature = "serve")]
mod health;
#[cfg(feature = "serve")]
mod http_date;
#[cfg(feature = "serve")]
mod livez;
#[cfg(feature = "serve")]
mod moment;
mod observation;
#[cfg(feature = "otel")]
pub mod opentelemetry_0_33;
#[cfg(feature = "serve")]
mod pace;
#[cfg(feature = "probe-kit")]
pub mod probe;
#[cfg(feature = "serve")]
mod read;
#[cfg(feature = "serve")]
mod reading;
#[cfg(feature = "serve")]
mod refresh;
#[cfg(feature = "serve")]
mod report;
#[cfg(feature = "serve")]
mod router;
#[cfg(feature = "serve")]
mod runner;
#[cfg(feature = "otel")]
mod telemetry;
#[cfg(feature = "serve")]
mod ticks;
#[cfg(feature = "tonic-health")]
pub mod tonic_health_0_14;
mod verdict;

#[cfg(feature = "serve")]
pub use builder::{BuildError, SyntheticHealthBuilder};
#[cfg(feature = "serve")]
pub use check::Check;
#[cfg(feature = "serve")]
pub use clock::{Clock, ManualClock, SystemClock};
#[cfg(feature = "serve")]
pub use codes::StatusCodes;
#[cfg(feature = "serve")]
pub use details::Details;
#[cfg(feature = "serve")]
pub use feed::{Feed, FeedBuilder, FeedError};
#[cfg(feature = "serve")]
pub use finding::Finding;
#[cfg(feature = "calendar")]
pub use freshness::{BusinessDays, CycleDays};
pub use freshness::{Freshness, PolicyError, QuietWindow, judge, judge_failure};
#[cfg(feature = "serve")]
pub use health::SyntheticHealth;
#[cfg(feature = "serve")]
pub use livez::livez;
pub use observation::Observation;
#[cfg(feature = "serve")]
pub use refresh::{RefreshError, Refresher};
#[cfg(feature = "serve")]
pub use report::{CheckReport, Report};
pub use slo_core::Share;
#[cfg(feature = "calendar")]
pub use slo_core::{Period, Zone};
pub use verdict::{Cycle, Failure, Reason, Signal, State, Verdict};
