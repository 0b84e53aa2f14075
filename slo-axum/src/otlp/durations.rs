//! Our duration histogram in a push: added to what the SDK collected, in the same scope.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::KeyValue;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Histogram, HistogramDataPoint, Metric, ScopeMetrics, metric,
};
use opentelemetry_proto::transform::common::tonic::Attributes;
use opentelemetry_sdk::metrics::Temporality;
use slo_core::names::HTTP_SERVER_REQUEST_DURATION as DURATION;

use crate::durations::Recorded;
use crate::instruments::{Counted, scope};
use crate::shared::Shared;

/// What is pushed of the durations: all since the beginning each time, or what is new since the last push.
#[derive(Debug)]
pub(super) struct PushedDurations {
    begun: SystemTime,
    /// What the last push had, where each has only what is new.
    last: Option<Mutex<Last>>,
}

/// The last push: when, and what of each series had been recorded by then.
#[derive(Debug)]
struct Last {
    at: SystemTime,
    recorded: HashMap<Box<[KeyValue]>, Recorded>,
}

impl PushedDurations {
    pub(super) fn begun(at: SystemTime, temporality: Temporality) -> Self {
        let last = Last {
            at,
            recorded: HashMap::new(),
        };
        Self {
            begun: at,
            last: (temporality != Temporality::Cumulative).then(|| Mutex::new(last)),
        }
    }

    /// Adds the histogram to a push made now, unless nobody has recorded anything.
    pub(super) fn add_to(&self, push: &mut ExportMetricsServiceRequest, shared: &Shared, now: SystemTime) {
        let data_points: Vec<_> = match &self.last {
            None => all(shared)
                .map(|(series, recorded)| point(&series, &recorded, self.begun, now))
                .collect(),
            Some(last) => lock(last).new_points(shared, now),
        };
        if data_points.is_empty() {
            return;
        }
        let temporality = match self.last {
            None => AggregationTemporality::Cumulative,
            Some(_) => AggregationTemporality::Delta,
        };
        let histogram = Histogram {
            data_points,
            aggregation_temporality: temporality.into(),
        };
        let scope = our_scope(push);
        scope.metrics.push(Metric {
            name: DURATION.otel.to_owned(),
            description: DURATION.description.to_owned(),
            unit: DURATION.unit.to_owned(),
            data: Some(metric::Data::Histogram(histogram)),
            ..Metric::default()
        });
    }
}

impl Last {
    /// What is new since the last push, whatever became of that: sent again, it would be counted twice where the answer
    /// was lost and not the push.
    fn new_points(&mut self, shared: &Shared, now: SystemTime) -> Vec<HistogramDataPoint> {
        let since = std::mem::replace(&mut self.at, now);
        let new = all(shared).filter_map(|(series, recorded)| {
            let new = recorded.since(self.recorded.get(series.attributes));
            if new.count() == 0 {
                return None;
            }
            self.recorded.insert(series.attributes.into(), recorded);
            Some(point(&series, &new, since, now))
        });
        new.collect()
    }
}

fn all(shared: &Shared) -> impl Iterator<Item = (Counted<'_>, Recorded)> {
    let series = shared.routes.all().flat_map(|route| route.series.counted());
    series.map(|series| (series, series.durations.read()))
}

fn point(series: &Counted<'_>, recorded: &Recorded, since: SystemTime, now: SystemTime) -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: Attributes::from(series.attributes.iter().cloned()).0,
        start_time_unix_nano: unix_nanos(since),
        time_unix_nano: unix_nanos(now),
        count: recorded.count(),
        sum: Some(recorded.sum().as_secs_f64()),
        bucket_counts: recorded.counts.clone(),
        explicit_bounds: series.durations.bounds().as_seconds().to_vec(),
        ..HistogramDataPoint::default()
    }
}

/// The scope that our other metrics are in.
fn our_scope(push: &mut ExportMetricsServiceRequest) -> &mut ScopeMetrics {
    if push.resource_metrics.is_empty() {
        push.resource_metrics.push(Default::default());
    }
    let scopes = &mut push.resource_metrics[0].scope_metrics;
    let ours = scope();
    let is_ours = |known: &ScopeMetrics| known.scope.as_ref().is_some_and(|known| known.name == ours.name());
    let place = scopes.iter().position(is_ours).unwrap_or_else(|| {
        scopes.push(ScopeMetrics {
            scope: Some((&ours, None).into()),
            schema_url: ours.schema_url().unwrap_or_default().to_owned(),
            ..ScopeMetrics::default()
        });
        scopes.len() - 1
    });
    &mut scopes[place]
}

/// In OTLP's form: good until 2554.
fn unix_nanos(at: SystemTime) -> u64 {
    let since_epoch = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX)
}

fn lock(last: &Mutex<Last>) -> MutexGuard<'_, Last> {
    last.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use futures_util::FutureExt as _;
    use http::{Request, StatusCode};
    use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
    use slo_core::{HttpSli, Slo, SloSet, Window};
    use tower::ServiceExt as _;

    use super::*;
    use crate::instruments::Instruments;
    use crate::{Reliability, opentelemetry_0_33};

    fn reliability() -> Reliability {
        let fast = HttpSli::every_route().faster_than("800ms".parse().unwrap());
        let fast = Slo::new("fast", fast, "99%".parse().unwrap(), Window::days(30).unwrap());
        Reliability::builder(SloSet::builder("shop").slo(fast).build().unwrap())
            .build()
            .unwrap()
    }

    /// Records into a histogram of our own, of which nothing is pushed by itself.
    fn own() -> Reliability {
        let reliability = reliability();
        let provider = SdkMeterProvider::builder().build();
        let own = |shared: &_| Instruments::with_own_histogram(&provider, shared);
        reliability.instrument(own).unwrap();
        reliability
    }

    fn serve(reliability: &Reliability, paths: &[&str]) {
        let app: Router = Router::new()
            .route("/a", get(async || ""))
            .route("/b", get(async || StatusCode::INTERNAL_SERVER_ERROR))
            .layer(reliability.layer());
        for path in paths {
            let request = Request::get(*path).body(Body::empty()).unwrap();
            let answer = app.clone().oneshot(request).now_or_never().unwrap().unwrap();
            drop(answer);
        }
    }

    fn after(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_767_225_600 + seconds)
    }

    fn pushed(durations: &PushedDurations, reliability: &Reliability, at: SystemTime) -> Option<(Histogram, i32)> {
        let mut push = ExportMetricsServiceRequest::default();
        durations.add_to(&mut push, reliability.shared(), at);
        let metric = metrics_of(&push).pop()?;
        let Some(metric::Data::Histogram(histogram)) = metric.data else {
            panic!("{metric:?}")
        };
        let temporality = histogram.aggregation_temporality;
        Some((histogram, temporality))
    }

    /// Those of our scope.
    fn metrics_of(push: &ExportMetricsServiceRequest) -> Vec<Metric> {
        let scopes = push
            .resource_metrics
            .iter()
            .flat_map(|resource| &resource.scope_metrics);
        scopes.flat_map(|scope| scope.metrics.clone()).collect()
    }

    /// By route: begin and end in seconds, and how many requests.
    fn points(histogram: &Histogram) -> Vec<(String, u64, u64, u64)> {
        let route = |point: &HistogramDataPoint| {
            let route = point.attributes.iter().find(|attribute| attribute.key == "http.route");
            format!("{:?}", route.unwrap().value.as_ref().unwrap().value.as_ref().unwrap())
        };
        let seconds = |nanos| nanos / 1_000_000_000 - 1_767_225_600;
        let point = |point: &HistogramDataPoint| {
            let (from, to) = (seconds(point.start_time_unix_nano), seconds(point.time_unix_nano));
            (route(point), from, to, point.count)
        };
        let mut points: Vec<_> = histogram.data_points.iter().map(point).collect();
        points.sort();
        points
    }

    const A: &str = "StringValue(\"/a\")";
    const B: &str = "StringValue(\"/b\")";

    #[test]
    fn cumulative_pushes_have_everything_since_the_beginning() {
        let (reliability, durations) = (own(), PushedDurations::begun(after(0), Temporality::Cumulative));
        assert_eq!(pushed(&durations, &reliability, after(1)), None);
        serve(&reliability, &["/a"]);
        let (first, temporality) = pushed(&durations, &reliability, after(2)).unwrap();
        assert_eq!(temporality, AggregationTemporality::Cumulative as i32);
        assert_eq!(points(&first), [(A.to_owned(), 0, 2, 1)]);
        serve(&reliability, &["/a", "/b"]);
        let (second, _) = pushed(&durations, &reliability, after(3)).unwrap();
        assert_eq!(points(&second), [(A.to_owned(), 0, 3, 2), (B.to_owned(), 0, 3, 1)]);
    }

    #[test]
    fn delta_pushes_have_what_is_new() {
        let (reliability, durations) = (own(), PushedDurations::begun(after(0), Temporality::LowMemory));
        serve(&reliability, &["/a", "/a"]);
        let (first, temporality) = pushed(&durations, &reliability, after(2)).unwrap();
        assert_eq!(temporality, AggregationTemporality::Delta as i32);
        assert_eq!(points(&first), [(A.to_owned(), 0, 2, 2)]);
        assert_eq!(pushed(&durations, &reliability, after(3)), None);
        serve(&reliability, &["/b", "/a"]);
        let (last, _) = pushed(&durations, &reliability, after(5)).unwrap();
        assert_eq!(points(&last), [(A.to_owned(), 3, 5, 1), (B.to_owned(), 3, 5, 1)]);
        let sums = |histogram: &Histogram| -> f64 { histogram.data_points.iter().filter_map(|point| point.sum).sum() };
        let (all, _) = pushed(
            &PushedDurations::begun(after(0), Temporality::Cumulative),
            &reliability,
            after(6),
        )
        .unwrap();
        assert!((sums(&first) + sums(&last) - sums(&all)).abs() < 1e-9);
    }

    #[test]
    fn it_is_what_the_sdk_would_push() {
        let theirs = reliability();
        let exporter = InMemoryMetricExporter::default();
        let provider = SdkMeterProvider::builder()
            .with_periodic_exporter(exporter.clone())
            .build();
        opentelemetry_0_33::record_into(&theirs, &provider).unwrap();
        let ours = own();
        let paths = ["/a", "/b", "/a", "/nowhere"];
        serve(&theirs, &paths);
        serve(&ours, &paths);
        provider.force_flush().unwrap();
        let collected = exporter.get_finished_metrics().unwrap();
        let expected = ExportMetricsServiceRequest::from(collected.last().unwrap());

        // Everything else is there already: its own scope is found.
        let mut push = expected.clone();
        push.resource_metrics[0].scope_metrics[0]
            .metrics
            .retain(|metric| metric.name != DURATION.otel);
        PushedDurations::begun(after(0), Temporality::Cumulative).add_to(&mut push, ours.shared(), after(1));
        assert_eq!(shape(&push), shape(&expected));
        let mut alone = ExportMetricsServiceRequest::default();
        PushedDurations::begun(after(0), Temporality::Cumulative).add_to(&mut alone, ours.shared(), after(1));
        let scope = |push: &ExportMetricsServiceRequest| {
            let scope = &push.resource_metrics[0].scope_metrics[0];
            (scope.scope.clone(), scope.schema_url.clone())
        };
        assert_eq!(scope(&alone), scope(&expected));
    }

    /// The metric of durations without moments, and without how long each took.
    fn shape(push: &ExportMetricsServiceRequest) -> Metric {
        let mut metrics = metrics_of(push);
        metrics.retain(|metric| metric.name == DURATION.otel);
        let mut metric = metrics.pop().unwrap();
        assert!(metrics.is_empty());
        let Some(metric::Data::Histogram(histogram)) = &mut metric.data else {
            panic!("{metric:?}")
        };
        for point in &mut histogram.data_points {
            assert_eq!(point.bucket_counts.iter().sum::<u64>(), point.count);
            assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
            point.bucket_counts.clear();
            (point.start_time_unix_nano, point.time_unix_nano, point.sum) = (0, 0, None);
            // The SDK's view is what leaves them out of our own provider.
            (point.min, point.max) = (None, None);
        }
        let by_name = |point: &HistogramDataPoint| format!("{:?}", point.attributes);
        histogram.data_points.sort_by_key(by_name);
        metric
    }
}
