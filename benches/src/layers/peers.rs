//! The layers that others publish, each as its documentation sets it up, without traces.

use axum_otel_metrics::HttpMetricsLayerBuilder;
use axum_prometheus::PrometheusMetricLayer;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_instrumentation_tower::http::server::LayerBuilder;

use super::{Kind, Layered};
use crate::collected::{INTERVAL, otel_0_32, otel_0_33};

pub(super) fn all() -> [Layered; 4] {
    [
        axum_otel_metrics(),
        opentelemetry_instrumentation_tower(),
        tower_otel(),
        axum_prometheus(),
    ]
}

fn axum_otel_metrics() -> Layered {
    let collected = otel_0_32::Collected::new();
    let layer = HttpMetricsLayerBuilder::new()
        .with_provider(collected.provider.clone())
        .build();
    let app = served::app().layer(layer);
    Layered::new(Kind::Peer, "axum-otel-metrics", app, move || vec![collected.records()])
}

fn opentelemetry_instrumentation_tower() -> Layered {
    let collected = otel_0_33::Collected::new();
    // It knows no other way to be given one.
    opentelemetry::global::set_meter_provider(collected.provider.clone());
    let layer = LayerBuilder::builder().with_tracing(false).build();
    let app = served::app().layer(layer.expect("nothing is missing"));
    Layered::new(Kind::Peer, "opentelemetry-instrumentation-tower", app, move || {
        vec![collected.records()]
    })
}

fn tower_otel() -> Layered {
    let collected = otel_0_33::Collected::new();
    let layer = tower_otel::metrics::HttpLayer::server(&collected.provider.meter("bench"));
    let app = served::app().layer(layer);
    Layered::new(Kind::Peer, "tower-otel", app, move || vec![collected.records()])
}

fn axum_prometheus() -> Layered {
    // It spawns a task that adds up what was recorded. This runtime never runs it: a scrape does the same, and is what
    // the exporters of the others are.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let (layer, handle) = {
        let runtime = runtime.expect("a runtime");
        let _entered = runtime.enter();
        PrometheusMetricLayer::pair()
    };
    let scraped = handle.clone();
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(INTERVAL);
            let _page = scraped.render();
        }
    });
    let app = served::app().layer(layer);
    Layered::new(Kind::Peer, "axum-prometheus", app, move || {
        let page = handle.render();
        let counts = page
            .lines()
            .filter(|line| line.starts_with("axum_http_requests_duration_seconds_count"));
        let counts = counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
        vec![counts.sum()]
    })
}
