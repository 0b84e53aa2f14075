//! Our own meter provider: what it keeps of each instrument.

use opentelemetry_sdk::metrics::{Instrument, PeriodicReader, SdkMeterProvider, Stream};
use slo_core::{Outcome, SloSet};

use super::environment::Settings;
use super::exporter::WatchedExporter;
use super::resource::resource;

/// Pushes through `exporter` at every interval.
pub(super) fn provider(exporter: WatchedExporter, settings: &Settings) -> SdkMeterProvider {
    let resource = resource(&exporter.shared);
    let view = view(&exporter.shared.slos);
    let reader = PeriodicReader::builder(exporter).with_interval(settings.interval);
    SdkMeterProvider::builder()
        .with_resource(resource)
        .with_view(view)
        .with_reader(reader.build())
        .build()
}

/// The SDK folds what is beyond 2,000 series of an instrument into one, which 700 SLOs with three outcomes each are. The
/// duration histogram is not the SDK's (`durations.rs`).
fn view(slos: &SloSet) -> impl Fn(&Instrument) -> Option<Stream> + Send + Sync + 'static {
    // The SLOs and `requests`.
    let events = (slos.slos().len() + 1) * Outcome::ALL.len();
    move |_| {
        let stream = Stream::builder().with_cardinality_limit(events.max(SDK_LIMIT));
        stream.build().ok()
    }
}

/// What the SDK keeps of an instrument unless told otherwise.
const SDK_LIMIT: usize = 2_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use opentelemetry_sdk::metrics::InMemoryMetricExporter;
    use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
    use slo_core::{EventsSli, HttpSli, Slo, Window, names};

    use super::*;
    use crate::{Reliability, opentelemetry_0_33};

    fn slos(count: usize) -> SloSet {
        let slo = |number| {
            let sli = EventsSli::of("things");
            Slo::new(
                format!("slo-{number}"),
                sli,
                "99%".parse().unwrap(),
                Window::days(30).unwrap(),
            )
        };
        let slow = HttpSli::every_route().faster_than("800ms".parse().unwrap());
        let slow = Slo::new("slow", slow, "99%".parse().unwrap(), Window::days(30).unwrap());
        let set = (0..count).fold(SloSet::builder("shop").slo(slow), |set, number| set.slo(slo(number)));
        set.build().unwrap()
    }

    fn viewed(slos: &SloSet) -> (InMemoryMetricExporter, SdkMeterProvider) {
        let exporter = InMemoryMetricExporter::default();
        let reader = PeriodicReader::builder(exporter.clone()).with_interval(Duration::from_secs(3_600));
        let provider = SdkMeterProvider::builder()
            .with_view(view(slos))
            .with_reader(reader.build());
        (exporter, provider.build())
    }

    /// Calls `look` with every metric of the last collection.
    fn each(exporter: &InMemoryMetricExporter, mut look: impl FnMut(&str, &AggregatedMetrics)) {
        let collected = exporter.get_finished_metrics().unwrap();
        for scope in collected.last().unwrap().scope_metrics() {
            scope.metrics().for_each(|metric| look(metric.name(), metric.data()));
        }
    }

    #[test]
    fn a_thousand_slos_are_all_told_apart() {
        let slos = slos(1_000);
        let (exporter, provider) = viewed(&slos);
        let reliability = Reliability::builder(slos).build().unwrap();
        opentelemetry_0_33::record_into(&reliability, &provider).unwrap();
        provider.force_flush().unwrap();
        let mut told = 0;
        each(&exporter, |name, data| {
            if let (true, AggregatedMetrics::U64(MetricData::Sum(events))) = (name == names::EVENTS.otel, data) {
                let known = |key: &str| key == names::SLO_NAME.otel || key == names::SLO_OUTCOME.otel;
                for point in events.data_points() {
                    told += 1;
                    assert!(point.attributes().all(|attribute| known(attribute.key.as_str())));
                }
            }
        });
        assert_eq!(told, 1_002 * 3);
    }
}
