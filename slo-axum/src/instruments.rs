//! The instruments, created once: the only file that knows the OpenTelemetry metrics API.

use std::sync::Weak;
use std::time::Duration;

use opentelemetry::metrics::{Histogram, Meter, MeterProvider};
use opentelemetry::{InstrumentationScope, KeyValue};
use slo_core::{Outcome, Slo, SloSet, Tick, names};

use crate::attributes::Labels;
use crate::reliability::Shared;

/// The version of the semantic conventions that the scope declares.
const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.42.0";

/// Bucket boundaries in seconds that the conventions advise for the duration histogram.
const ADVISED_BOUNDARIES: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

#[derive(Debug)]
pub(crate) struct Instruments {
    duration: Histogram<f64>,
}

impl Instruments {
    pub(crate) fn new(provider: &dyn MeterProvider, shared: &Weak<Shared>, slos: &SloSet) -> Self {
        let scope = InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
            .with_version(env!("CARGO_PKG_VERSION"))
            .with_schema_url(SCHEMA_URL)
            .build();
        let meter = provider.meter_with_scope(scope);
        observe_events(&meter, shared);
        observe_definitions(&meter, shared);
        let duration = meter
            .f64_histogram(names::HTTP_SERVER_REQUEST_DURATION.otel)
            .with_unit(names::HTTP_SERVER_REQUEST_DURATION.unit)
            .with_description(names::HTTP_SERVER_REQUEST_DURATION.description)
            .with_boundaries(boundaries(slos))
            .build();
        Self { duration }
    }

    pub(crate) fn record(&self, elapsed: Duration, labels: Labels) {
        self.duration.record(elapsed.as_secs_f64(), &labels.attributes());
    }
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

fn name_only(slo: &Slo) -> Vec<KeyValue> {
    vec![KeyValue::new(names::SLO_NAME.otel, slo.name().to_owned())]
}

fn spec_info(slo: &Slo) -> Vec<KeyValue> {
    let optional = [
        (names::SLO_PROMISE, slo.promise_sentence()),
        (names::SLO_OWNER, slo.owner_name()),
        (names::SLO_JOURNEY, slo.journey_name()),
        (names::SLO_STATUS, Some(slo.current_status().as_str())),
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
}
