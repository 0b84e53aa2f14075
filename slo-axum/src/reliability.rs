//! The handle: one per process, shared by the layer, the status routes and the export.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::Router;
use opentelemetry::metrics::MeterProvider;
use slo_core::{Events, Outcome, SloSet, Tick, Tracker, Window, names};

use crate::attributes::Labels;
use crate::clock::Anchor;
use crate::export::ExportHealth;
use crate::instruments::Instruments;
use crate::layer::SloLayer;
use crate::router::status_router;
use crate::routes::{REQUESTS_TRACKER, Route, Routes};
use crate::status::{RequestsStatus, SloStatus, Status};

/// The reliability of this process: measures through [`layer`](Self::layer), tells through [`status`](Self::status).
///
/// A cheap handle: clone it freely, all clones are one.
///
/// # Examples
///
/// ```
/// use axum::{Router, routing::get};
/// use slo_axum::Reliability;
/// use slo_core::{HttpSli, Slo, SloSet, Window};
///
/// let browse = Slo::new("browse", HttpSli::routes(["/listings"]), "99.9%".parse()?, Window::days(30)?);
/// let reliability = Reliability::builder(SloSet::builder("real-estate").slo(browse).build()?).build()?;
///
/// let app: Router = Router::new()
///     .route("/listings", get(async || "[]"))
///     .layer(reliability.layer())
///     .nest("/slo", reliability.status_router());
///
/// assert_eq!(reliability.status().slos[0].budget.remaining_ratio, None); // no traffic yet: not 100%
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Reliability {
    shared: Arc<Shared>,
}

impl Reliability {
    /// Starts from a service's SLOs.
    pub fn builder(slos: SloSet) -> ReliabilityBuilder {
        ReliabilityBuilder {
            slos,
            namespace: None,
            environment: None,
            version: None,
        }
    }

    /// The layer for [`Router::layer`]: outside of timeout and catch-panic layers, inside of nothing that answers by
    /// itself.
    pub fn layer(&self) -> SloLayer {
        SloLayer::new(Arc::clone(&self.shared))
    }

    /// Routes that answer JSON, to be nested: `/` for every SLO, `/{name}` for one. They are in no request metric.
    pub fn status_router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        status_router(self.clone())
    }

    /// All SLOs of this process now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.status()
    }

    pub(crate) fn instrument(&self, provider: &dyn MeterProvider) -> Result<(), AlreadyInstrumented> {
        if self.shared.claimed.swap(true, Ordering::Relaxed) {
            return Err(AlreadyInstrumented);
        }
        let instruments = Instruments::new(provider, &Arc::downgrade(&self.shared), &self.shared.slos);
        self.shared
            .instruments
            .set(instruments)
            .map_err(|_| AlreadyInstrumented)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

/// This process records into a meter provider already.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this Reliability records into a meter provider already; build one Reliability per provider")]
pub struct AlreadyInstrumented;

/// Collects what a [`Reliability`] needs.
#[derive(Clone, Debug)]
#[must_use]
pub struct ReliabilityBuilder {
    slos: SloSet,
    namespace: Option<String>,
    environment: Option<String>,
    version: Option<String>,
}

impl ReliabilityBuilder {
    /// `service.namespace`, like `marketplace`: the group that the service's name is unique in;
    /// `OTEL_RESOURCE_ATTRIBUTES` wins over it.
    pub fn service_namespace(self, name: impl Into<String>) -> Self {
        Self {
            namespace: Some(name.into()),
            ..self
        }
    }

    /// `deployment.environment.name`, like `production`; `OTEL_RESOURCE_ATTRIBUTES` wins over it.
    pub fn environment(self, name: impl Into<String>) -> Self {
        Self {
            environment: Some(name.into()),
            ..self
        }
    }

    /// `service.version`, like `env!("CARGO_PKG_VERSION")`; `OTEL_RESOURCE_ATTRIBUTES` wins over it.
    pub fn service_version(self, version: impl Into<String>) -> Self {
        Self {
            version: Some(version.into()),
            ..self
        }
    }

    /// Begins to measure. Does no I/O.
    ///
    /// # Errors
    ///
    /// [`BuildError::Empty`] for a namespace, environment or version without a character in it.
    pub fn build(self) -> Result<Reliability, BuildError> {
        for (what, value) in [
            ("service namespace", &self.namespace),
            ("environment", &self.environment),
            ("service version", &self.version),
        ] {
            if value.as_ref().is_some_and(|value| value.trim().is_empty()) {
                return Err(BuildError::Empty(what));
            }
        }
        let anchor = Anchor::now();
        // The built-in SLI first: `REQUESTS_TRACKER`.
        let windows = std::iter::once(REQUESTS_WINDOW).chain(self.slos.slos().iter().map(slo_core::Slo::window));
        let trackers = windows.map(|window| Tracker::new(window, anchor.started())).collect();
        Ok(Reliability {
            shared: Arc::new(Shared {
                slos: self.slos,
                namespace: self.namespace,
                environment: self.environment,
                version: self.version,
                instance_id: uuid::Uuid::new_v4().to_string(),
                anchor,
                trackers,
                routes: Routes::default(),
                in_flight: AtomicU64::new(0),
                claimed: AtomicBool::new(false),
                instruments: OnceLock::new(),
                export: ExportHealth::default(),
            }),
        })
    }
}

/// Why a [`Reliability`] could not be built.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A name is empty; holds which.
    #[error("the {0} is empty; leave it out or write what it is, like `production` or `1.4.2`")]
    Empty(&'static str),
}

/// How far back `requests` can be asked for.
const REQUESTS_WINDOW: Window = Window::DAY;

/// The state behind all clones of the handle, all layers and all requests in flight.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) slos: SloSet,
    pub(crate) namespace: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) instance_id: String,
    anchor: Anchor,
    /// `requests`, then the SLOs in the order of the spec.
    trackers: Vec<Tracker>,
    routes: Routes,
    in_flight: AtomicU64,
    claimed: AtomicBool,
    instruments: OnceLock<Instruments>,
    pub(crate) export: ExportHealth,
}

impl Shared {
    pub(crate) fn route(&self, template: &str) -> Arc<Route> {
        self.routes.of(template, &self.slos)
    }

    // Relaxed, here and in `left`: a count for people, ordered with nothing.
    pub(crate) fn arrived(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn left(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Counts the one decision of each SLO about a request that ended now.
    pub(crate) fn judge(&self, now: Instant, decisions: impl Iterator<Item = (usize, Outcome)>) {
        let tick = self.anchor.tick(now);
        for (tracker, outcome) in decisions {
            self.trackers[tracker].record(tick, outcome);
        }
    }

    pub(crate) fn measure(&self, elapsed: Duration, labels: Labels) {
        if let Some(instruments) = self.instruments.get() {
            instruments.record(elapsed, labels);
        }
    }

    /// The totals of every SLO, or zeros until the engine has seen the series begin.
    pub(crate) fn totals_to_export(&self) -> Vec<(String, Events)> {
        let begun = self.export.has_begun();
        let names = std::iter::once(names::REQUESTS).chain(self.slos.slos().iter().map(slo_core::Slo::name));
        let totals = |tracker: &Tracker| if begun { tracker.totals() } else { Events::default() };
        names
            .map(ToOwned::to_owned)
            .zip(self.trackers.iter().map(totals))
            .collect()
    }

    pub(crate) fn now(&self) -> Tick {
        self.anchor.tick(Instant::now())
    }

    fn status(&self) -> Status {
        let now = self.now();
        let slos = self.slos.slos().iter().zip(&self.trackers[REQUESTS_TRACKER + 1..]);
        Status {
            service: self.slos.service().to_owned(),
            namespace: self.namespace.clone(),
            environment: self.environment.clone(),
            version: self.version.clone(),
            instance_id: self.instance_id.clone(),
            scope: "instance",
            started_at: self.anchor.started().into(),
            at: now.into(),
            in_flight: self.in_flight(),
            requests: RequestsStatus::new(&self.trackers[REQUESTS_TRACKER], now),
            slos: slos.map(|(slo, tracker)| SloStatus::new(slo, tracker, now)).collect(),
            export: self.export.status(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_character_is_refused() {
        let builder = || Reliability::builder(SloSet::builder("shop").build().unwrap());
        for (refused, what) in [
            (builder().service_namespace("").build(), "service namespace"),
            (builder().environment(" ").build(), "environment"),
            (builder().service_version("").build(), "service version"),
        ] {
            assert_eq!(refused.map(drop), Err(BuildError::Empty(what)));
        }
        assert_eq!(
            BuildError::Empty("environment").to_string(),
            "the environment is empty; leave it out or write what it is, like `production` or `1.4.2`"
        );
    }
}
