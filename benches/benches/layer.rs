//! One request through axum: bare, with a layer that does nothing, and with ours.

use std::cell::Cell;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use benches::{Effort, Variant, compare};
use http_body_util::BodyExt;
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use slo_axum::{Reliability, opentelemetry_0_33};
use slo_core::{HttpSli, Slo, SloSet, Window};
use tower::{Layer, Service};

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let counting = reliability();
    let measuring = reliability();
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder()
        .with_reader(PeriodicReader::builder(exporter).build())
        .build();
    opentelemetry_0_33::record_into(&measuring, &provider).expect("the first provider");

    let apps = [
        ("bare axum", app()),
        ("pass-through layer", app().layer(PassThrough)),
        ("SloLayer: requests and 2 SLOs", app().layer(counting.layer())),
        (
            "SloLayer: the same, and the histogram",
            app().layer(measuring.layer()),
        ),
    ];
    let measured = Cell::new(0_u64);
    let variants = apps
        .into_iter()
        .enumerate()
        .map(|(index, (name, app))| {
            let mut app: Router = app.with_state(());
            let (runtime, measured) = (&runtime, (index == 3).then_some(&measured));
            Variant::timed(name, move |times| {
                if let Some(measured) = measured {
                    measured.set(measured.get() + u64::from(times));
                }
                runtime.block_on(drive(&mut app, times))
            })
        })
        .collect();
    print!(
        "{}",
        compare(
            "one request, one thread",
            Effort {
                rounds: 101,
                times: 2_000
            }
            .or_smoke(),
            variants
        )
    );
    assert_eq!(
        measuring.status().requests.totals.good(),
        measured.get(),
        "every request was counted"
    );
}

async fn drive(app: &mut Router, times: u32) -> std::time::Duration {
    let begun = std::time::Instant::now();
    for _ in 0..times {
        let request = Request::get("/real-price/gangnam")
            .body(Body::empty())
            .expect("a request");
        let response = app.call(request).await.unwrap_or_else(|never| match never {});
        let _ = response.into_body().collect().await;
    }
    begun.elapsed()
}

fn app() -> Router {
    Router::new()
        .route("/real-price/{region}", get(async || "1200000000"))
        .route("/listings", get(async || "[]"))
}

fn reliability() -> Reliability {
    let window = Window::days(30).expect("30 days are a window");
    let route = || HttpSli::routes(["/real-price/{region}"]);
    let browse = Slo::new("browse", route(), "99.9%".parse().expect("a target"), window);
    let fast = route().faster_than("800ms".parse().expect("a limit"));
    let latency = Slo::new("latency", fast, "95%".parse().expect("a target"), window);
    let slos = SloSet::builder("bench")
        .slo(browse)
        .slo(latency)
        .build()
        .expect("a sound set");
    Reliability::builder(slos).build().expect("nothing is missing")
}

/// What axum itself charges for a layer.
#[derive(Clone, Copy, Debug)]
struct PassThrough;

impl<S> Layer<S> for PassThrough {
    type Service = PassThroughService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        PassThroughService(inner)
    }
}

#[derive(Clone, Debug)]
struct PassThroughService<S>(S);

impl<S: Service<R>, R> Service<R> for PassThroughService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.0.call(request)
    }
}
