//! Our own meter provider: what it keeps of each instrument.

use opentelemetry_sdk::metrics::{Aggregation, Instrument, PeriodicReader, SdkMeterProvider, Stream};
use slo_core::{Outcome, SloSet, names};

use super::environment::Settings;
use super::exporter::WatchedExporter;
use super::resource::resource;
use crate::instruments::boundaries;

/// Pushes through `exporter` at every interval.
pub(super) fn provider(exporter: WatchedExporter, settings: &Settings) -> SdkMeterProvider {
    let resource = resource(&exporter.shared);
    let view = view(&exporter.shared.slos, exporter.shared.options.max_series);
    let reader = PeriodicReader::builder(exporter).with_interval(settings.interval);
    SdkMeterProvider::builder()
        .with_resource(resource)
        .with_view(view)
        .with_reader(reader.build())
        .build()
}

/// Of our instruments; others, which may come with [`meter_provider`](crate::opentelemetry_0_33::meter_provider), are as
/// the SDK has them.
///
/// - The duration histogram has no minimum and maximum: cumulative ones say nothing, and a series that was bound and never
///   recorded would export ±1.8e308. Its series are bounded by our own table, and the SDK's bound lies beyond that.
/// - The SDK folds what is beyond 2,000 series of an instrument into one, which 700 SLOs with three outcomes each are.
fn view(slos: &SloSet, max_series: usize) -> impl Fn(&Instrument) -> Option<Stream> + Send + Sync + 'static {
    let boundaries = boundaries(slos);
    // The SLOs and `requests`.
    let events = (slos.slos().len() + 1) * Outcome::ALL.len();
    move |instrument| {
        let stream = Stream::builder();
        let stream = if instrument.name() == names::HTTP_SERVER_REQUEST_DURATION.otel {
            let histogram = Aggregation::ExplicitBucketHistogram {
                boundaries: boundaries.clone(),
                record_min_max: false,
            };
            stream
                .with_aggregation(histogram)
                .with_cardinality_limit(max_series + 1)
        } else {
            stream.with_cardinality_limit(events.max(SDK_LIMIT))
        };
        stream.build().ok()
    }
}

/// What the SDK keeps of an instrument unless told otherwise.
const SDK_LIMIT: usize = 2_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use opentelemetry::KeyValue;
    use opentelemetry::metrics::MeterProvider as _;
    use opentelemetry_sdk::metrics::InMemoryMetricExporter;
    use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
    use slo_core::{EventsSli, HttpSli, Slo, Window};

    use super::*;
    use crate::series::MAX_SERIES;
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
            .with_view(view(slos, MAX_SERIES))
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
    fn the_histogram_has_every_boundary_and_no_extremes_and_folds_nothing_of_ours() {
        let slos = slos(0);
        let (exporter, provider) = viewed(&slos);
        let duration = names::HTTP_SERVER_REQUEST_DURATION.otel;
        let advised = boundaries(&slos);
        let histogram = provider
            .meter("test")
            .f64_histogram(duration)
            .with_boundaries(advised.clone())
            .build();
        for series in 0..=MAX_SERIES {
            histogram.record(0.3, &[KeyValue::new("series", i64::try_from(series).unwrap())]);
        }
        provider.force_flush().unwrap();
        let mut seen = 0;
        each(&exporter, |name, data| {
            let AggregatedMetrics::F64(MetricData::Histogram(histogram)) = data else {
                panic!("{name} is {data:?}")
            };
            for point in histogram.data_points() {
                seen += 1;
                assert_eq!((point.min(), point.max()), (None, None));
                assert_eq!(point.bounds().collect::<Vec<_>>(), advised);
                assert!(point.attributes().all(|attribute| attribute.key.as_str() == "series"));
            }
        });
        assert_eq!(seen, MAX_SERIES + 1);
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
