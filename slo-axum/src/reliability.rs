//! The handle: one per process, shared by the layer, the status routes and the export.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use opentelemetry::metrics::MeterProvider;
use slo_core::{Events, Outcome, Slo, SloSet, SloTracker, Tick, Tracker, Window, names};

use crate::attributes::{Labels, Method, Scheme};
use crate::classify::{Classify, Hook};
use crate::clock::{Anchor, Moment, Reading};
use crate::export::ExportHealth;
use crate::extra::{AttributeError, ClosedAttribute, Extra};
use crate::instruments::{Binding, Instruments};
use crate::layer::SloLayer;
use crate::life::{LifeState, Setup};
use crate::mark::{Mark, Marks};
use crate::options::{Asked, Options};
use crate::router::status_router;
use crate::routes::{Ended, Plan, REQUESTS_TRACKER, Route, Routes};
use crate::series::LEAST_SERIES;
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
            asked: Asked::default(),
            life: Setup::default(),
        }
    }

    /// The layer for [`Router::layer`]: outside of timeout and catch-panic layers, inside of nothing that answers by
    /// itself.
    pub fn layer(&self) -> SloLayer {
        SloLayer::new(Arc::clone(&self.shared))
    }

    /// Routes that answer JSON, to be nested: `/` for every SLO, `/{name}` for one. They are in no request metric.
    ///
    /// They ask nobody who they are: whoever can reach them reads routes, owners, traffic and the reasons of failed pushes.
    /// Where that is not for everybody, nest them in a router on an internal listener, or behind a layer that does ask.
    pub fn status_router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        status_router(self.clone())
    }

    /// All SLOs of this process now.
    #[must_use]
    pub fn status(&self) -> Status {
        let now = self.shared.now();
        self.shared.export.warn_if_never_collected(now);
        self.shared.status_at(now)
    }

    /// A mark for routes, which says nothing yet; [`Mark`] has an example.
    pub fn mark(&self) -> Mark {
        Mark::new(Arc::clone(&self.shared))
    }

    pub(crate) fn instrument(&self, provider: &dyn MeterProvider, binding: Binding) -> Result<(), AlreadyInstrumented> {
        if self.shared.claimed.swap(true, Ordering::Relaxed) {
            return Err(AlreadyInstrumented);
        }
        let instruments = Instruments::new(provider, binding, &self.shared);
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
    asked: Asked,
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

    /// Takes `url.scheme` from `X-Forwarded-Proto` or `Forwarded`, where one of them says `http` or `https`.
    ///
    /// Only behind a proxy that sets the header itself: else any client says what it likes. Of several values the last is
    /// taken, which the nearest proxy wrote.
    pub fn trust_forwarded_scheme(mut self) -> Self {
        self.asked.trusts_forwarded = true;
        self
    }

    /// `server.address` and `server.port` of every series of the duration histogram, like `shop.example` and 443; without
    /// this call there are none, since what a client writes into `Host` is no address.
    pub fn server_address(mut self, name: impl Into<String>, port: impl Into<Option<u16>>) -> Self {
        self.asked.server = Some((name.into(), port.into()));
        self
    }

    /// Exports `http.server.active_requests`, too: by method and scheme, for two atomic additions a request.
    pub fn active_requests(mut self) -> Self {
        self.asked.counts_active = true;
        self
    }

    /// How many series of the duration histogram this process makes at most: 2,000 where this is not called, as many as an
    /// OpenTelemetry SDK keeps apart by default; at least 100.
    ///
    /// Half of them are kept for successes and failures, so that no client can take them: enough for thirty of each of
    /// `count / 60` routes. Give a provider of your own a cardinality limit of at least as many.
    pub fn max_series(mut self, count: usize) -> Self {
        self.asked.max_series = count;
        self
    }

    /// Judges answers by more than their status codes; the last call counts. A handler's [`Override`](slo_core::Override)
    /// wins over it.
    pub fn classify(mut self, classify: impl Classify) -> Self {
        self.asked.hook = Some(Hook::new(classify));
        self
    }

    /// Lets handlers say this attribute of the duration histogram; [`ClosedAttribute`] has an example.
    pub fn attribute<A: ClosedAttribute>(mut self) -> Self {
        self.asked.extras.push(Extra::of::<A>());
        self
    }

    /// Begins to measure. Does no I/O but to read the `snapshot_file` (feature `store`), where one is named.
    ///
    /// # Errors
    ///
    /// [`BuildError::Empty`] for a namespace, environment, version or server address without a character in it,
    /// [`BuildError::TooFewSeries`] for fewer than 100 series, [`BuildError::Attribute`] for attributes that cannot be
    /// registered.
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
        let options = Options::new(self.asked)?;
        let anchor = Anchor::at(Moment::now());
        let (trackers, life) = self.life.begin(&slos, anchor.started());
        let routes = Routes::new(&slos, anchor.started());
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
                options,
                number: next_number(),
                active: Default::default(),
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
    /// The duration histogram was given fewer series than one route may need; holds how many.
    #[error(
        "{0} series are too few for the duration histogram; allow at least {LEAST_SERIES}, or leave it at the default"
    )]
    TooFewSeries(usize),
    /// Attributes cannot be registered.
    #[error(transparent)]
    Attribute(#[from] AttributeError),
}

/// Tells one `Reliability` from another in a process; never 0, which is none.
fn next_number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    // Relaxed: only that no number is drawn twice, which four billion of them do not make likely.
    NEXT.fetch_add(1, Ordering::Relaxed).max(1)
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
    pub(crate) routes: Routes,
    pub(crate) options: Options,
    /// Tells its marks from those of another.
    pub(crate) number: u32,
    /// Requests being served by method and scheme, where asked for.
    active: [[AtomicI64; Scheme::ALL.len()]; Method::COUNT],
    claimed: AtomicBool,
    instruments: OnceLock<Instruments>,
    pub(crate) export: ExportHealth,
}

/// A share in the state with a count of references of its own, so that requests of other connections do not meet in it.
#[derive(Debug)]
pub(crate) struct Held(Arc<Shared>);

impl Held {
    pub(crate) fn new(shared: &Arc<Shared>) -> Arc<Self> {
        Arc::new(Self(Arc::clone(shared)))
    }
}

impl Deref for Held {
    type Target = Shared;

    #[inline]
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Shared {
    /// A request of this method and scheme is being served.
    #[inline]
    pub(crate) fn serves(&self, method: Method, scheme: Scheme) {
        if self.options.counts_active {
            self.active_of(method, scheme).fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A request of this method and scheme is no longer being served.
    #[inline]
    pub(crate) fn served(&self, method: Method, scheme: Scheme) {
        if self.options.counts_active {
            self.active_of(method, scheme).fetch_sub(1, Ordering::Relaxed);
        }
    }

    // Relaxed, here and above: counts for people, ordered with nothing.
    fn active_of(&self, method: Method, scheme: Scheme) -> &AtomicI64 {
        &self.active[method.index()][scheme as usize]
    }

    /// Requests being served, by method and scheme: those that ever were.
    pub(crate) fn active(&self) -> impl Iterator<Item = (Method, Scheme, i64)> {
        let every = Method::all().flat_map(|method| Scheme::ALL.map(|scheme| (method, scheme)));
        every.map(|(method, scheme)| (method, scheme, self.active_of(method, scheme).load(Ordering::Relaxed)))
    }

    #[inline]
    pub(crate) fn read_clock(&self) -> Reading {
        self.anchor.read()
    }

    pub(crate) fn in_flight(&self) -> u64 {
        let plans = self.routes.all().flat_map(Route::plans);
        plans.map(|plan| plan.waiting.in_flight()).sum()
    }

    /// By tracker: requests in flight that will be counted there, but for those that only a mark says.
    #[cfg(feature = "store")]
    pub(crate) fn in_flight_by_tracker(&self) -> Vec<u64> {
        let mut counts = vec![0_u64; self.trackers.len()];
        for plan in self.routes.all().flat_map(Route::plans) {
            let in_flight = plan.waiting.in_flight();
            for tracker in plan.trackers() {
                counts[tracker] += in_flight;
            }
        }
        counts
    }

    /// By route, with those that matched none: requests that run for longer than patience.
    pub(crate) fn abandoned_in_flight(&self) -> impl Iterator<Item = (Option<&str>, u64)> {
        let now = self.read_clock();
        self.routes.all().map(move |route| {
            let abandoned = route.plans().map(|plan| plan.waiting.abandoned(now)).sum();
            (route.template(), abandoned)
        })
    }

    pub(crate) fn marked_until_body(&self, marks: Marks) -> bool {
        marks.slos != 0 && Routes::marked_until_body(&self.slos, marks)
    }

    /// Counts the one decision of each SLO about a request whose clock stopped then, and that of `requests` for its route.
    pub(crate) fn judge(&self, route: &Route, plan: &Plan, method: Method, stopped: Reading, ended: Ended) {
        let tick = self.anchor.tick_of(stopped);
        self.routes.judge(plan, method, &self.slos, ended, |tracker, outcome| {
            self.trackers[tracker].record(tick, outcome);
            if let (REQUESTS_TRACKER, Some(red)) = (tracker, route.red()) {
                red.record(tick, outcome, ended.timed.then_some(ended.elapsed));
            }
        });
    }

    /// Counts an event that code told.
    pub(crate) fn told(&self, tracker: usize, outcome: Outcome) {
        self.trackers[tracker].record(self.now(), outcome);
    }

    pub(crate) fn measure(&self, route: &Route, labels: Labels, elapsed: Duration) {
        if let Some(instruments) = self.instruments.get() {
            let rest = &self.routes.unmatched().series;
            let seconds = elapsed.as_secs_f64();
            route
                .series
                .record(instruments, route.template(), labels, seconds, rest);
        }
    }

    /// The totals of every SLO that has events of its own, or zeros until the engine has seen the series begin.
    pub(crate) fn totals_to_export(&self) -> Vec<(String, Events)> {
        let begun = self.export.has_begun();
        let now = self.now();
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
        self.anchor.tick_of(self.read_clock())
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
        let now = shared.now();
        for second in 0..5 {
            for tracker in [1, 1, 1] {
                shared.trackers[tracker].record(now + Duration::from_secs(second * 300), Outcome::Bad);
            }
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
            let shared = reliability.shared();
            let get = Method::of(&http::Method::GET);
            let ended = Ended {
                ending: slo_core::Ending::Answered(200),
                elapsed: Duration::from_secs(5),
                timed: true,
                overruled: None,
                marks: Marks::NONE,
            };
            let route = shared.routes.at(shared.routes.of(Some("/a")));
            let plan = shared.routes.plan(route, get, &shared.slos);
            let mut judged = Vec::new();
            shared
                .routes
                .judge(plan, get, &shared.slos, ended, |_, outcome| judged.push(outcome));
            judged
        };
        assert_eq!(judged(Some("dev")), [Outcome::Good, Outcome::Good]);
        assert_eq!(judged(None), [Outcome::Good, Outcome::Bad]);
    }
}
