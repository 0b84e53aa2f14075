//! The handle: one per process, shared by the layer, the status routes and the export.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::Router;
use opentelemetry::metrics::MeterProvider;
use slo_core::{Events, Outcome, Slo, SloSet, SloTracker, Tick, Tracker, Window, names};

use crate::attributes::Labels;
use crate::clock::{Anchor, Moment};
use crate::export::ExportHealth;
use crate::instruments::Instruments;
use crate::layer::SloLayer;
use crate::life::{LifeState, Setup};
use crate::router::status_router;
use crate::routes::{REQUESTS_TRACKER, Route, Routes};
use crate::status::Status;

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
            life: Setup::default(),
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
        self.shared.status_at(self.shared.now())
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
    pub(crate) life: Setup,
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

    /// `deployment.environment.name`, like `production`; what the SLOs' `environments` change there is changed by
    /// [`build`](Self::build).
    ///
    /// `OTEL_RESOURCE_ATTRIBUTES` wins over the name in what is exported, but not over the changes: those are made before it
    /// is read. Say the same name in both, or a service that calls itself `dev` exports dev's objectives as production's.
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

    /// Begins to measure. Does no I/O but to read the `snapshot_file` (feature `store`), where one is named.
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
        let slos = match &self.environment {
            Some(environment) => self.slos.for_environment(environment),
            None => self.slos,
        };
        let anchor = Anchor::at(Moment::now());
        let (trackers, life) = self.life.begin(&slos, anchor.started());
        let routes = Routes::new(&slos);
        Ok(Reliability {
            shared: Arc::new(Shared {
                slos,
                namespace: self.namespace,
                environment: self.environment,
                version: self.version,
                instance_id: uuid::Uuid::new_v4().to_string(),
                anchor,
                trackers,
                life,
                routes,
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
pub(crate) const REQUESTS_WINDOW: Window = Window::DAY;

/// The state behind all clones of the handle, all layers and all requests in flight.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) slos: SloSet,
    pub(crate) namespace: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) instance_id: String,
    pub(crate) anchor: Anchor,
    /// `requests`, then the SLOs in the order of the spec.
    pub(crate) trackers: Vec<SloTracker>,
    pub(crate) life: LifeState,
    routes: Routes,
    in_flight: AtomicU64,
    claimed: AtomicBool,
    instruments: OnceLock<Instruments>,
    pub(crate) export: ExportHealth,
}

impl Shared {
    pub(crate) fn route(&self, template: &str) -> Arc<Route> {
        self.routes.of(template, &self.slos, self.anchor.started())
    }

    /// Every route that was seen.
    pub(crate) fn seen_routes(&self) -> Vec<Arc<Route>> {
        self.routes.seen()
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

    /// The moment of a clock reading.
    pub(crate) fn tick(&self, at: Instant) -> Tick {
        self.anchor.tick(at)
    }

    pub(crate) fn measure(&self, elapsed: Duration, labels: Labels) {
        if let Some(instruments) = self.instruments.get() {
            instruments.record(elapsed, labels);
        }
    }

    /// The totals of every SLO that has events of its own, or zeros until the engine has seen the series begin.
    pub(crate) fn totals_to_export(&self) -> Vec<(String, Events)> {
        let begun = self.export.has_begun();
        let now = self.anchor.tick(Instant::now());
        let declared = self.slos.slos().iter().map(|slo| (slo.name(), is_composite(slo)));
        let totals = |tracker: &SloTracker| match begun {
            true => tracker.at(now).totals(),
            false => Events::default(),
        };
        let names = std::iter::once((names::REQUESTS, false)).chain(declared);
        names
            .zip(self.trackers.iter().map(totals))
            .filter(|((_, is_composite), _)| !is_composite)
            .map(|((name, _), totals)| (name.to_owned(), totals))
            .collect()
    }

    pub(crate) fn now(&self) -> Tick {
        self.anchor.tick(Instant::now())
    }

    /// Every tracker by the name of its SLO, with the slices closed that are over.
    pub(crate) fn trackers_at(&self, now: Tick) -> Trackers<'_> {
        let declared = self.slos.slos().iter().zip(&self.trackers[REQUESTS_TRACKER + 1..]);
        Trackers {
            slos: &self.slos,
            by_name: declared.map(|(slo, tracker)| (slo.name(), tracker.at(now))).collect(),
            now,
        }
    }
}

/// The trackers by the names of their SLOs, at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Trackers<'a> {
    pub(crate) slos: &'a SloSet,
    by_name: HashMap<&'a str, &'a Tracker>,
    pub(crate) now: Tick,
}

impl<'a> Trackers<'a> {
    /// What counts the events of an SLO.
    pub(crate) fn of(&self, name: &str) -> Option<&'a Tracker> {
        self.by_name.get(name).copied()
    }
}

fn is_composite(slo: &Slo) -> bool {
    slo.composite().is_some()
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

    const SPEC: &str = "
version: 1
service: shop
slos:
  - name: minutes
    objective: 99.9%
    window: 30d
    sli: { http: { routes: [/a], faster_than: 1s }, time_slices: { length: 5m, target: 99% } }
environments:
  dev: { slos: { minutes: { objective: 90%, faster_than: 20s } } }
";

    fn built(environment: Option<&str>) -> Reliability {
        let builder = Reliability::builder(SloSet::from_yaml(SPEC).unwrap());
        let named = environment.into_iter().fold(builder, ReliabilityBuilder::environment);
        named.build().unwrap()
    }

    #[test]
    fn an_slo_in_time_slices_counts_slices_that_are_over() {
        let shared = Arc::clone(built(None).shared());
        let now = Instant::now();
        for second in 0..5 {
            shared.judge(
                now + Duration::from_secs(second * 300),
                [(1, Outcome::Bad); 3].into_iter(),
            );
        }
        let exported = shared.totals_to_export();
        assert_eq!(exported[1], ("minutes".to_owned(), Events::default())); // zeros come first
        shared.export.zero_once();
        let _zeros = shared.totals_to_export();
        assert_eq!(shared.totals_to_export()[1].1, Events::new(0, 4));
    }

    #[test]
    fn the_environment_changes_what_is_measured_and_exported() {
        let slo = |environment| built(environment).status().slos.remove(0);
        assert_eq!(slo(Some("dev")).objective.to_string(), "90%");
        assert_eq!(slo(Some("dev")).sli.faster_than, "20s".parse().ok());
        for unchanged in [None, Some("production"), Some("DEV")] {
            assert_eq!(slo(unchanged).objective.to_string(), "99.9%");
        }
        let judged = |environment| {
            let reliability = built(environment);
            let route = reliability.shared().route("/a");
            let get = crate::attributes::Method::of(&http::Method::GET);
            let answered = slo_core::Ending::Answered(200);
            let decisions = route.judge(get, answered, Duration::from_secs(5), true, None);
            decisions.map(|(_, outcome)| outcome).collect::<Vec<_>>()
        };
        assert_eq!(judged(Some("dev")), [Outcome::Good, Outcome::Good]);
        assert_eq!(judged(None), [Outcome::Good, Outcome::Bad]);
    }
}
