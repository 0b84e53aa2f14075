//! The instruments, created once: the only file that knows the OpenTelemetry metrics API.

use std::any::Any;
use std::sync::{Arc, Weak};
use std::time;

#[cfg(feature = "bound-instruments")]
use opentelemetry::metrics::BoundHistogram;
use opentelemetry::metrics::{Histogram, Meter, MeterProvider};
use opentelemetry::{InstrumentationScope, KeyValue};
use slo_core::{Alerting, Lane, Link, Outcome, Slo, SloSet, Tick, names};

use crate::attributes::Labels;
#[cfg(feature = "otlp")]
use crate::durations::{Bounds, Durations};
use crate::series::Places;
use crate::shared::Shared;

/// The version of the semantic conventions that the scope declares.
const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.42.0";

/// Bucket boundaries in seconds that the conventions advise for the duration histogram.
const ADVISED_BOUNDARIES: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

#[derive(Debug)]
pub(crate) struct Instruments {
    duration: Duration,
    places: Places,
    shared: Weak<Shared>,
}

/// The duration histogram.
#[derive(Debug)]
enum Duration {
    /// A provider's.
    Provided(Histogram<f64>, Binding),
    /// Ours: what is recorded is asked for, see [`RouteSeries::counted`](crate::series::RouteSeries::counted).
    #[cfg(feature = "otlp")]
    Own(Arc<Bounds>),
}

/// How series of a provider's histogram are recorded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Binding {
    /// By their attributes, which the provider looks up at every record: any provider can do that.
    Unbound,
    /// Through a handle per series: a provider that cannot bind would drop every record.
    #[cfg(feature = "bound-instruments")]
    Bound,
}

impl Binding {
    /// The best that this provider can do.
    #[cfg(feature = "bound-instruments")]
    pub(crate) fn of(provider: &impl Any) -> Self {
        match (provider as &dyn Any).is::<opentelemetry_sdk::metrics::SdkMeterProvider>() {
            true => Self::Bound,
            false => Self::Unbound,
        }
    }

    /// The best that this provider can do.
    #[cfg(not(feature = "bound-instruments"))]
    pub(crate) const fn of(_: &impl Any) -> Self {
        Self::Unbound
    }
}

/// Records into one series.
#[derive(Debug)]
pub(crate) enum Recorder {
    #[cfg(feature = "otlp")]
    Own(Box<[KeyValue]>, Durations),
    Unbound(Histogram<f64>, Box<[KeyValue]>),
    #[cfg(feature = "bound-instruments")]
    Bound(BoundHistogram<f64>),
}

/// A series of our own histogram.
#[cfg(feature = "otlp")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted<'a> {
    pub(crate) attributes: &'a [KeyValue],
    pub(crate) durations: &'a Durations,
}

impl Recorder {
    #[inline]
    #[cfg_attr(
        not(feature = "otlp"),
        expect(unused_variables, reason = "only our own histogram has lanes")
    )]
    pub(crate) fn record(&self, lane: Lane, elapsed: time::Duration) {
        match self {
            #[cfg(feature = "otlp")]
            Self::Own(_, durations) => durations.record(lane, elapsed),
            Self::Unbound(histogram, attributes) => histogram.record(elapsed.as_secs_f64(), attributes),
            #[cfg(feature = "bound-instruments")]
            Self::Bound(histogram) => histogram.record(elapsed.as_secs_f64()),
        }
    }

    /// Its series, where that is our own histogram's.
    #[cfg(feature = "otlp")]
    pub(crate) fn counted(&self) -> Option<Counted<'_>> {
        match self {
            Self::Own(attributes, durations) => Some(Counted { attributes, durations }),
            _ => None,
        }
    }
}

impl Instruments {
    /// Records everything into this provider.
    pub(crate) fn new(provider: &dyn MeterProvider, binding: Binding, shared: &Arc<Shared>) -> Self {
        let meter = meter(provider);
        let duration = meter
            .f64_histogram(names::HTTP_SERVER_REQUEST_DURATION.otel)
            .with_unit(names::HTTP_SERVER_REQUEST_DURATION.unit)
            .with_description(names::HTTP_SERVER_REQUEST_DURATION.description)
            .with_boundaries(boundaries(&shared.slos))
            .build();
        Self::begin(&meter, Duration::Provided(duration, binding), shared)
    }

    /// Records all but the durations into this provider, and those into a histogram of our own.
    #[cfg(feature = "otlp")]
    pub(crate) fn with_own_histogram(provider: &dyn MeterProvider, shared: &Arc<Shared>) -> Self {
        let bounds = Bounds::new(boundaries(&shared.slos));
        Self::begin(&meter(provider), Duration::Own(Arc::new(bounds)), shared)
    }

    fn begin(meter: &Meter, duration: Duration, shared: &Arc<Shared>) -> Self {
        let weak = Arc::downgrade(shared);
        observe_events(meter, &weak);
        observe_definitions(meter, &weak);
        observe_abandoned(meter, &weak);
        if shared.options.counts_active {
            observe_active(meter, &weak);
        }
        Self {
            duration,
            places: Places::new(shared.options.max_series),
            shared: weak,
        }
    }
    pub(crate) const fn places(&self) -> &Places {
        &self.places
    }

    pub(crate) fn recorder(&self, route: Option<&str>, labels: Labels) -> Recorder {
        let shared = self.shared.upgrade();
        let others = shared
            .iter()
            .flat_map(|shared| shared.options.attributes(labels.extras));
        let attributes = labels.attributes(route, others);
        match &self.duration {
            Duration::Provided(histogram, Binding::Unbound) => Recorder::Unbound(histogram.clone(), attributes.into()),
            #[cfg(feature = "bound-instruments")]
            Duration::Provided(histogram, Binding::Bound) => Recorder::Bound(histogram.bind(&attributes)),
            #[cfg(feature = "otlp")]
            Duration::Own(bounds) => Recorder::Own(attributes.into(), Durations::new(bounds)),
        }
    }
}

fn meter(provider: &dyn MeterProvider) -> Meter {
    provider.meter_with_scope(scope())
}

/// Of everything that we record.
pub(crate) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_schema_url(SCHEMA_URL)
        .build()
}

/// The advised boundaries and every latency limit in use, so that a limit is judged alike here and in the engine.
pub(crate) fn boundaries(slos: &SloSet) -> Vec<f64> {
    let limits = slos
        .latency_limits()
        .into_iter()
        .map(slo_core::Threshold::as_seconds_f64);
    let mut boundaries: Vec<f64> = ADVISED_BOUNDARIES.into_iter().chain(limits).collect();
    boundaries.sort_by(f64::total_cmp);
    boundaries.dedup();
    boundaries
}

fn observe_events(meter: &Meter, shared: &Weak<Shared>) {
    let shared = Weak::clone(shared);
    // The instrument lives as long as its meter's provider, the callback with it.
    let _events = meter
        .u64_observable_counter(names::EVENTS.otel)
        .with_unit(names::EVENTS.unit)
        .with_description(names::EVENTS.description)
        .with_callback(move |observer| {
            let Some(shared) = shared.upgrade() else { return };
            for (name, totals) in shared.totals_to_export() {
                for outcome in Outcome::ALL {
                    let attributes = [
                        KeyValue::new(names::SLO_NAME.otel, name.clone()),
                        KeyValue::new(names::SLO_OUTCOME.otel, outcome.as_str()),
                    ];
                    observer.observe(totals.of(outcome), &attributes);
                }
            }
        })
        .build();
}

/// One point per route that was seen, so that a route whose requests hang has a name.
fn observe_abandoned(meter: &Meter, shared: &Weak<Shared>) {
    let metric = names::REQUESTS_ABANDONED_IN_FLIGHT;
    let shared = Weak::clone(shared);
    let _gauge = meter
        .u64_observable_gauge(metric.otel)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .with_callback(move |observer| {
            let Some(shared) = shared.upgrade() else { return };
            for (route, abandoned) in shared.abandoned_in_flight() {
                let route = route.map(|route| KeyValue::new(names::HTTP_ROUTE.otel, route.to_owned()));
                observer.observe(abandoned, route.as_slice());
            }
        })
        .build();
}

fn observe_active(meter: &Meter, shared: &Weak<Shared>) {
    let metric = names::HTTP_SERVER_ACTIVE_REQUESTS;
    let shared = Weak::clone(shared);
    let _sum = meter
        .i64_observable_up_down_counter(metric.otel)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .with_callback(move |observer| {
            let Some(shared) = shared.upgrade() else { return };
            for (method, scheme, active) in shared.active() {
                let attributes = [
                    KeyValue::new(names::HTTP_REQUEST_METHOD.otel, method.as_str()),
                    KeyValue::new(names::URL_SCHEME.otel, scheme.as_str()),
                ];
                observer.observe(active, &attributes);
            }
        })
        .build();
}

/// The definitions travel with the events, so that rules and overviews need no file.
fn observe_definitions(meter: &Meter, shared: &Weak<Shared>) {
    observe_each(
        meter,
        names::OBJECTIVE,
        shared,
        |slo, _| Some(slo.target().as_ratio_f64()),
        name_only,
    );
    observe_each(
        meter,
        names::ERROR_BUDGET,
        shared,
        |slo, _| Some(slo.target().budget_as_ratio_f64()),
        name_only,
    );
    observe_each(
        meter,
        names::WINDOW,
        shared,
        |slo, now| Some(slo.window().length_at(now).as_secs_f64()),
        name_only,
    );
    observe_each(meter, names::WINDOW_START, shared, window_start, name_only);
    observe_each(meter, names::EXCLUSION_END, shared, exclusion_end, name_only);
    observe_each(meter, names::SPEC_INFO, shared, |_, _| Some(1.0), spec_info);
}

/// Observes what a definition says at each collection, which a calendar changes; `None` is no point.
fn observe_each(
    meter: &Meter,
    metric: names::Metric,
    shared: &Weak<Shared>,
    value: impl Fn(&Slo, Tick) -> Option<f64> + Send + Sync + 'static,
    attributes: impl Fn(&Slo) -> Vec<KeyValue> + Send + Sync + 'static,
) {
    let shared = Weak::clone(shared);
    let _gauge = meter
        .f64_observable_gauge(metric.otel)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .with_callback(move |observer| {
            let Some(shared) = shared.upgrade() else { return };
            let now = shared.now();
            for slo in shared.slos.slos() {
                if let Some(value) = value(slo, now) {
                    observer.observe(value, &attributes(slo));
                }
            }
        })
        .build();
}

/// In Unix seconds; a rolling window begins anew with every moment, which is nothing to export.
fn window_start(slo: &Slo, now: Tick) -> Option<f64> {
    let window = slo.window();
    let is_calendar = window.rolling_length().is_none();
    is_calendar.then(|| window.bounds(now).start.since(Tick::default()).as_secs_f64())
}

/// In Unix seconds; 0 between planned times, so that there is a series before the first.
fn exclusion_end(slo: &Slo, now: Tick) -> Option<f64> {
    let until = slo.excluded_until(now).unwrap_or_default();
    slo.has_exclusions().then(|| until.since(Tick::default()).as_secs_f64())
}

fn name_only(slo: &Slo) -> Vec<KeyValue> {
    vec![KeyValue::new(names::SLO_NAME.otel, slo.name().to_owned())]
}

fn spec_info(slo: &Slo) -> Vec<KeyValue> {
    let optional = [
        (names::SLO_PROMISE, slo.promise_sentence()),
        (names::SLO_OWNER, slo.owner_name()),
        (names::SLO_JOURNEY, slo.journey_name()),
        (names::SLO_STATUS, Some(slo.current_status().as_str())),
        (names::SLO_RUNBOOK, slo.runbook_link().map(Link::as_str)),
        (names::SLO_SLI, Some(slo.sli().kind())),
        (names::SLO_ALERTS, Some(slo.alerts_kind().as_str())),
        (names::SLO_TIER, slo.alerting_rules().and_then(Alerting::tier_label)),
    ];
    let known = optional
        .into_iter()
        .filter_map(|(key, value)| Some(KeyValue::new(key.otel, value?.to_owned())));
    name_only(slo).into_iter().chain(known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use slo_core::{HttpSli, Window};

    #[test]
    fn every_latency_limit_is_a_boundary_once() {
        let slo = |name: &str, limit: &str| {
            let sli = HttpSli::every_route().faster_than(limit.parse().unwrap());
            Slo::new(name, sli, "95%".parse().unwrap(), Window::days(30).unwrap())
        };
        let set = SloSet::builder("shop")
            .slo(slo("a", "800ms"))
            .slo(slo("b", "1s"))
            .slo(slo("c", "20s"));
        assert_eq!(
            boundaries(&set.build().unwrap()),
            [
                0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 0.8, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0
            ]
        );
    }

    #[cfg(feature = "bound-instruments")]
    #[test]
    fn only_the_sdks_provider_is_bound_to() {
        let sdk = opentelemetry_sdk::metrics::SdkMeterProvider::builder().build();
        assert_eq!(Binding::of(&sdk), Binding::Bound);
        let other = opentelemetry::metrics::NoopMeterProvider::new();
        assert_eq!(Binding::of(&other), Binding::Unbound);
    }
}
