//! A service measured into memory, and what was exported of it.

use std::collections::BTreeMap;
use std::error::Error;

use opentelemetry::KeyValue;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData, ResourceMetrics};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use slo_axum::{Reliability, ReliabilityBuilder, opentelemetry_0_33};
use slo_core::SloSet;

/// What tests return.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// A [`Reliability`] that exports into memory.
#[derive(Debug)]
pub(crate) struct Measured {
    /// The handle.
    pub(crate) reliability: Reliability,
    provider: SdkMeterProvider,
    exporter: InMemoryMetricExporter,
}

/// The attributes of a point, as text.
pub(crate) type Labels = BTreeMap<String, String>;

impl Measured {
    /// Measures these SLOs; the collection of zeros is over.
    pub(crate) fn new(slos: &str) -> Outcome<Self> {
        Self::with(slos, |builder| builder)
    }

    /// Measures these SLOs with more than the defaults.
    pub(crate) fn with(slos: &str, more: impl FnOnce(ReliabilityBuilder) -> ReliabilityBuilder) -> Outcome<Self> {
        let reliability = more(Reliability::builder(SloSet::from_yaml(slos)?)).build()?;
        let exporter = InMemoryMetricExporter::default();
        let provider = SdkMeterProvider::builder()
            .with_reader(PeriodicReader::builder(exporter.clone()).build())
            .build();
        opentelemetry_0_33::record_into(&reliability, &provider)?;
        let measured = Self {
            reliability,
            provider,
            exporter,
        };
        assert!(
            measured.events()?.values().all(|count| *count == 0),
            "the first collection is zeros"
        );
        Ok(measured)
    }

    /// Every histogram point: its attributes and how many records it has.
    pub(crate) fn records(&self) -> Outcome<Vec<(Labels, u64)>> {
        self.points("http.server.request.duration", |metric| match metric.data() {
            AggregatedMetrics::F64(MetricData::Histogram(histogram)) => histogram
                .data_points()
                .map(|point| {
                    (
                        labels(point.attributes().map(|kv| (kv.key.to_string(), kv.value.to_string()))),
                        point.count(),
                    )
                })
                .collect(),
            _ => Vec::new(),
        })
    }

    /// The sum of all durations recorded, in seconds.
    pub(crate) fn durations(&self) -> Outcome<f64> {
        let sums = self.points("http.server.request.duration", |metric| match metric.data() {
            AggregatedMetrics::F64(MetricData::Histogram(histogram)) => {
                histogram.data_points().map(|point| point.sum()).collect()
            }
            _ => Vec::new(),
        })?;
        Ok(sums.iter().sum())
    }

    /// `slo.events` by SLO and outcome.
    pub(crate) fn events(&self) -> Outcome<BTreeMap<(String, String), u64>> {
        let points = self.points("slo.events", |metric| match metric.data() {
            AggregatedMetrics::U64(MetricData::Sum(sum)) => sum
                .data_points()
                .map(|point| {
                    (
                        labels(point.attributes().map(|kv| (kv.key.to_string(), kv.value.to_string()))),
                        point.value(),
                    )
                })
                .collect(),
            _ => Vec::new(),
        })?;
        Ok(points
            .into_iter()
            .map(|(labels, count)| ((labels["slo.name"].clone(), labels["slo.outcome"].clone()), count))
            .collect())
    }

    /// The outcomes of one SLO that were counted: `[good, bad, excluded]`.
    pub(crate) fn outcomes(&self, slo: &str) -> Outcome<[u64; 3]> {
        let events = self.events()?;
        Ok(["good", "bad", "excluded"].map(|outcome| events[&(slo.to_owned(), outcome.to_owned())]))
    }

    /// The attributes of the one series of the duration histogram.
    pub(crate) fn series(&self) -> Outcome<Labels> {
        let records = self.records()?;
        match <[_; 1]>::try_from(records) {
            Ok([(labels, _)]) => Ok(labels),
            Err(records) => Err(format!("not one series: {records:?}").into()),
        }
    }

    /// The points of a metric of whole numbers as `http.route=/a 3`, in order.
    pub(crate) fn counts(&self, name: &str) -> Outcome<Vec<String>> {
        let mut points = self.points(name, |metric| match metric.data() {
            AggregatedMetrics::U64(MetricData::Gauge(gauge)) => {
                let points = gauge.data_points();
                points
                    .map(|point| (text(point.attributes()), i64::try_from(point.value())))
                    .collect()
            }
            AggregatedMetrics::I64(MetricData::Sum(sum)) => {
                let points = sum.data_points();
                points
                    .map(|point| (text(point.attributes()), Ok(point.value())))
                    .collect()
            }
            _ => Vec::new(),
        })?;
        points.sort_by(|one, other| one.0.cmp(&other.0));
        points
            .into_iter()
            .map(|(labels, count)| Ok(format!("{labels} {}", count?)))
            .collect()
    }

    /// The points of a gauge as `slo.name=items 0.999`, in order.
    pub(crate) fn gauge(&self, name: &str) -> Outcome<Vec<String>> {
        let mut points = self.points(name, |metric| match metric.data() {
            AggregatedMetrics::F64(MetricData::Gauge(gauge)) => gauge
                .data_points()
                .map(|point| format!("{} {}", text(point.attributes()), point.value()))
                .collect(),
            _ => Vec::new(),
        })?;
        points.sort();
        Ok(points)
    }

    /// The schema that the scope of our metrics declares.
    pub(crate) fn schema_url(&self) -> Outcome<Option<String>> {
        self.exporter.reset();
        self.provider.force_flush()?;
        let collected = self.exporter.get_finished_metrics()?;
        let scopes = collected.iter().flat_map(ResourceMetrics::scope_metrics);
        let mut ours = scopes.filter(|scope| scope.scope().name() == "slo-axum");
        let scope = ours.next().ok_or("no scope of ours")?;
        Ok(scope.scope().schema_url().map(ToOwned::to_owned))
    }

    /// The points of a metric in a collection made now.
    pub(crate) fn points<T>(&self, name: &str, read: impl Fn(&Metric) -> Vec<T>) -> Outcome<Vec<T>> {
        self.exporter.reset();
        self.provider.force_flush()?;
        let collected = self.exporter.get_finished_metrics()?;
        let metrics = collected
            .iter()
            .flat_map(ResourceMetrics::scope_metrics)
            .flat_map(|scope| scope.metrics());
        Ok(metrics.filter(|metric| metric.name() == name).flat_map(read).collect())
    }
}

fn labels(pairs: impl Iterator<Item = (String, String)>) -> Labels {
    pairs.collect()
}

fn text<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> String {
    let attributes = attributes.map(|kv| format!("{}={}", kv.key, kv.value));
    let mut attributes: Vec<_> = attributes.collect();
    attributes.sort();
    attributes.join(",")
}
