//! What a receiver got.

use std::sync::mpsc;

use http::HeaderMap;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint, metric, number_data_point};

use super::PATIENCE;

/// The end of a receiver at which the test takes out what came in.
pub(super) struct Receiver {
    pub(super) port: u16,
    pub(super) inbox: mpsc::Receiver<Received>,
}

impl Receiver {
    pub(super) fn next(&self) -> Received {
        self.inbox.recv_timeout(PATIENCE).unwrap()
    }
}

/// One push.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) headers: HeaderMap,
    pub(super) metrics: ExportMetricsServiceRequest,
}

impl Received {
    /// The count of an SLO's events with this outcome.
    pub(super) fn events(&self, slo: &str, outcome: &str) -> Option<i64> {
        let Some(metric::Data::Sum(events)) = self.metric("slo.events")?.data.as_ref() else {
            return None;
        };
        let mut points = events.data_points.iter();
        let wanted = |point: &&NumberDataPoint| {
            text(&point.attributes, "slo.name").as_deref() == Some(slo)
                && text(&point.attributes, "slo.outcome").as_deref() == Some(outcome)
        };
        match points.find(wanted)?.value? {
            number_data_point::Value::AsInt(count) => Some(count),
            number_data_point::Value::AsDouble(_) => None,
        }
    }

    /// How many requests the histogram counts, each without extremes.
    pub(super) fn durations(&self) -> u64 {
        let data = self.metric("http.server.request.duration").map(|metric| &metric.data);
        let Some(Some(metric::Data::Histogram(durations))) = data else {
            return 0;
        };
        let counts = durations.data_points.iter().map(|point| {
            assert_eq!((point.min, point.max), (None, None));
            point.count
        });
        counts.sum()
    }

    /// A resource attribute.
    pub(super) fn attribute(&self, key: &str) -> Option<String> {
        let resource = self.metrics.resource_metrics.first()?.resource.as_ref()?;
        text(&resource.attributes, key)
    }

    pub(super) fn metric(&self, name: &str) -> Option<&Metric> {
        let scopes = self.metrics.resource_metrics.iter().flat_map(|one| &one.scope_metrics);
        scopes
            .flat_map(|scope| &scope.metrics)
            .find(|metric| metric.name == name)
    }
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.key == key)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}
