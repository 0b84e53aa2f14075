//! Our own push, once a second, to a collector in this process that remembers how many requests it was told of.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use prost::Message;
use slo_axum::{OtlpGuard, Reliability, opentelemetry_0_33};

use crate::collected::INTERVAL;

/// The push, and what its last message held.
pub(crate) struct Pushed {
    guard: OtlpGuard,
    latest: Arc<AtomicU64>,
}

impl Pushed {
    pub(crate) fn by(reliability: &Reliability) -> Self {
        let collector = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = collector.local_addr().expect("it is bound").port();
        let latest = Arc::<AtomicU64>::default();
        let told = Arc::clone(&latest);
        thread::spawn(move || {
            for push in collector.incoming().flatten() {
                // A push that broke off is missing in the end, where all must have been counted.
                let _ = accept(push, &told);
            }
        });
        let variable = |name| match name {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(format!("http://127.0.0.1:{port}")),
            "OTEL_METRIC_EXPORT_INTERVAL" => Some(INTERVAL.as_millis().to_string()),
            _ => None,
        };
        let guard = reliability.push_otlp_from(variable).expect("the first push");
        Self { guard, latest }
    }

    /// The records in `http.server.request.duration` now.
    pub(crate) fn records(&self) -> u64 {
        let provider = opentelemetry_0_33::meter_provider(&self.guard).expect("it pushes");
        provider.force_flush().expect("the collector is here");
        self.latest.load(Ordering::Relaxed)
    }
}

/// Notes what is told before it answers: who waits for the answer reads it.
fn accept(push: TcpStream, told: &AtomicU64) -> io::Result<()> {
    let mut push = BufReader::new(push);
    let mut length = 0;
    loop {
        let mut line = String::new();
        push.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        let header = line.split_once(':');
        if let Some((_, value)) = header.filter(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut body = vec![0; length];
    push.read_exact(&mut body)?;
    told.store(
        records(&ExportMetricsServiceRequest::decode(&*body)?),
        Ordering::Relaxed,
    );
    let answer =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    push.get_mut().write_all(answer)
}

fn records(push: &ExportMetricsServiceRequest) -> u64 {
    let scopes = push
        .resource_metrics
        .iter()
        .flat_map(|resource| &resource.scope_metrics);
    let metrics = scopes.flat_map(|scope| &scope.metrics);
    let durations = metrics.filter(|metric| metric.name == "http.server.request.duration");
    let counts = durations.map(|metric| match &metric.data {
        Some(Data::Histogram(histogram)) => histogram.data_points.iter().map(|point| point.count).sum(),
        _ => 0,
    });
    counts.sum::<u64>()
}
