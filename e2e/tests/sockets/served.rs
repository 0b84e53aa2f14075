//! An axum server on loopback with the layer in it, and what the layer counted.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::middleware::map_request;
use e2e::{Failure, Outcome};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, HistogramDataPoint, MetricData, ResourceMetrics};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use slo_axum::{Reliability, opentelemetry_0_33};
use slo_core::{Events, HttpSli, Slo, SloSet, Window};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long a condition may take to come true on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) reliability: Reliability,
    provider: SdkMeterProvider,
    exporter: InMemoryMetricExporter,
    /// Requests that reached the layer, counted outside of it.
    started: Arc<AtomicU64>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

impl Served {
    /// Serves these routes as `axum::serve` does when it is given a router: the layer is put around every route anew for
    /// each connection.
    pub(crate) async fn start(routes: Router) -> Result<Self, Failure> {
        let every = Slo::new("every", HttpSli::every_route(), "99.9%".parse()?, Window::days(30)?);
        let reliability = Reliability::builder(SloSet::builder("sockets").slo(every).build()?).build()?;
        let exporter = InMemoryMetricExporter::default();
        let reader = PeriodicReader::builder(exporter.clone()).with_interval(Duration::from_secs(3_600));
        let provider = SdkMeterProvider::builder().with_reader(reader.build()).build();
        opentelemetry_0_33::record_into(&reliability, &provider)?;

        let started = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&started);
        let count = map_request(move |request: Request| {
            counted.fetch_add(1, Ordering::Relaxed);
            std::future::ready(request)
        });
        let app = routes.layer(reliability.layer()).layer(count);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let server = axum::serve(listener, app).with_graceful_shutdown(async move {
            // A sender that is gone stops it, too.
            let _ = stopped.await;
        });
        Ok(Self {
            address,
            reliability,
            provider,
            exporter,
            started,
            stop,
            server: tokio::spawn(server.into_future()),
        })
    }

    pub(crate) fn started(&self) -> u64 {
        self.started.load(Ordering::SeqCst)
    }

    /// Asks the server to end as soon as it has answered what it began, and lets `meanwhile` go on.
    pub(crate) async fn shut_down(self, meanwhile: impl AsyncFnOnce()) -> Result<Counted, Failure> {
        let _asked = self.stop.send(());
        meanwhile().await;
        soon(self.server).await???;
        let in_flight = self.reliability.status().in_flight;
        self.provider.shutdown()?;
        let counted = Counted::new(&self.reliability, &self.exporter).map_err(Failure::new)?;
        counted
            .check(in_flight, self.started.load(Ordering::SeqCst))
            .map_err(Failure::new)?;
        Ok(counted)
    }

    /// What was counted, once nothing is in flight any more; one record and one event for each request that was begun.
    pub(crate) async fn counted(&self) -> Result<Counted, Failure> {
        eventually(|| {
            self.exporter.reset();
            self.provider.force_flush().map_err(|error| error.to_string())?;
            let counted = Counted::new(&self.reliability, &self.exporter)?;
            // Read last: a request that has begun meanwhile is no reason to believe that the numbers agree.
            counted.check(self.reliability.status().in_flight, self.started())?;
            Ok(counted)
        })
        .await
    }

    /// What was counted is this, and nothing else: good, bad and excluded events, and records of the histogram by status,
    /// error type and version of HTTP.
    pub(crate) async fn check(&self, events: [u64; 3], records: &[(&str, u64)]) -> Outcome {
        self.counted().await?.is(events, records)
    }
}

/// The numbers of one server.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) events: Events,
    every: Events,
    records: BTreeMap<String, u64>,
}

impl Counted {
    fn new(reliability: &Reliability, exporter: &InMemoryMetricExporter) -> Result<Self, String> {
        let status = reliability.status();
        let collected = exporter.get_finished_metrics().map_err(|error| error.to_string())?;
        let last = collected.last().map(durations).unwrap_or_default();
        Ok(Self {
            events: status.requests.totals,
            every: status.slos[0].totals,
            records: last,
        })
    }

    /// The requests that were recorded.
    pub(crate) fn recorded(&self) -> u64 {
        self.records.values().sum()
    }

    /// Each request that was begun is recorded once, and an event once for each SLO.
    fn check(&self, in_flight: u64, started: u64) -> Result<(), String> {
        let [good, bad, excluded] = outcomes(self.events);
        let counted = [good + bad + excluded, self.recorded(), in_flight];
        if counted == [started, started, 0] && self.every == self.events {
            return Ok(());
        }
        Err(format!(
            "{started} requests were begun, {in_flight} are in flight: {self:?}"
        ))
    }

    pub(crate) fn is(&self, events: [u64; 3], records: &[(&str, u64)]) -> Outcome {
        let records: BTreeMap<_, _> = records.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect();
        if outcomes(self.events) == events && self.records == records {
            return Ok(());
        }
        Err(Failure::new(format!(
            "expected {events:?} and {records:?}, found {self:?}"
        )))
    }
}

fn outcomes(events: Events) -> [u64; 3] {
    [events.good(), events.bad(), events.excluded()]
}

/// The counts of the duration histogram, by `200 cancelled 1.1`.
fn durations(collected: &ResourceMetrics) -> BTreeMap<String, u64> {
    let metrics = collected.scope_metrics().flat_map(|scope| scope.metrics());
    let mut counts = BTreeMap::new();
    for metric in metrics.filter(|metric| metric.name() == "http.server.request.duration") {
        let AggregatedMetrics::F64(MetricData::Histogram(histogram)) = metric.data() else {
            continue;
        };
        for point in histogram.data_points() {
            *counts.entry(key(point)).or_default() += point.count();
        }
    }
    counts
}

fn key(point: &HistogramDataPoint<f64>) -> String {
    let named = ["http.response.status_code", "error.type", "network.protocol.version"];
    let value = |name: &str| {
        let found = point.attributes().find(|attribute| attribute.key.as_str() == name);
        found.map_or("-".to_owned(), |attribute| attribute.value.to_string())
    };
    named.map(value).join(" ")
}

/// What comes, if it comes in time: a client that waits for ever says nothing.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let late = |_| Failure::new(format!("nothing came within {PATIENCE:?}"));
    tokio::time::timeout(PATIENCE, future).await.map_err(late)
}

/// Waits for a condition without keeping the server on this thread from running.
pub(crate) async fn eventually<T>(mut condition: impl FnMut() -> Result<T, String>) -> Result<T, Failure> {
    let begun = Instant::now();
    loop {
        match condition() {
            Ok(value) => return Ok(value),
            Err(why) if begun.elapsed() > PATIENCE => {
                return Err(Failure::new(format!("still not so after {PATIENCE:?}: {why}")));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}
