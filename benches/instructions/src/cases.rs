//! What is counted.

use std::hint::black_box;
use std::time::Duration;

use axum::Router;
use futures_util::FutureExt as _;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use served::{Load, PassThrough, app, drive};
use slo_axum::{Reliability, opentelemetry_0_33};
use slo_core::{
    Classification, DEFAULT_PATIENCE, Ending, HttpSli, Judge, LatencySketch, Outcome, Slo, SloSet, Tick, Tracker,
    Window,
};

use crate::nowhere::provider;

/// One piece of the hot path.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Repetitions that are counted together.
    pub(crate) times: u32,
    /// The case whose count is subtracted; empty for none.
    pub(crate) net_of: &'static str,
    /// Sets up what is needed, and returns what does it so often.
    pub(crate) prepare: fn(u32) -> Box<dyn FnMut()>,
}

const fn case(name: &'static str, times: u32, prepare: fn(u32) -> Box<dyn FnMut()>) -> Case {
    Case {
        name,
        times,
        net_of: "",
        prepare,
    }
}

/// A request in a layer, less what axum and a layer that does nothing take for it.
const fn request(name: &'static str, prepare: fn(u32) -> Box<dyn FnMut()>) -> Case {
    Case {
        net_of: PASSED.name,
        ..case(name, PASSED.times, prepare)
    }
}

const PASSED: Case = case("request-passed-through", 220, |times| {
    requests(times, app().layer(PassThrough))
});

pub(crate) const CASES: [Case; 8] = [
    case("tracker-record", 1_000, tracker),
    case("latency-sketch-record", 1_000, sketch),
    case("judge-answer", 1_000, |times| judge(times, Ending::Answered(200))),
    case("judge-cancelled", 1_000, |times| judge(times, Ending::Cancelled)),
    PASSED,
    request("request-2-slos", |times| requests(times, ours(None))),
    request("request-2-slos-bound-histogram", |times| {
        requests(times, ours(Some(provider())))
    }),
    request("request-2-slos-own-push", |times| requests(times, pushed())),
];

const NOW: Tick = Tick::from_unix_seconds(1_767_225_600);

fn tracker(times: u32) -> Box<dyn FnMut()> {
    let tracker = Tracker::new(days(30), NOW);
    repeat(times, move || tracker.record(black_box(NOW), black_box(Outcome::Good)))
}

fn sketch(times: u32) -> Box<dyn FnMut()> {
    let sketch = LatencySketch::new(NOW);
    repeat(times, move || {
        sketch.record(black_box(NOW), black_box(Duration::from_micros(730)))
    })
}

fn judge(times: u32, ending: Ending) -> Box<dyn FnMut()> {
    let limit = "800ms".parse().expect("a limit");
    let judge = Judge::new(&Classification::new(), Some(limit), DEFAULT_PATIENCE);
    repeat(times, move || {
        let elapsed = black_box(Duration::from_micros(730));
        let _ = black_box(judge.judge_with_reason(black_box(ending), elapsed, black_box(None)));
    })
}

/// Through axum, but without a socket: 20 routes in turn.
fn requests(times: u32, app: Router) -> Box<dyn FnMut()> {
    let mut app = app.with_state(());
    // For the run before and the one that is counted, neither of which is to build them.
    let mut built = vec![Load::Mixed.requests(times), Load::Mixed.requests(times)];
    Box::new(move || {
        let requests = built.pop().expect("it runs twice");
        let served = drive(&mut app, requests).now_or_never();
        served.expect("no handler waits for anything");
    })
}

fn ours(provider: Option<SdkMeterProvider>) -> Router {
    let reliability = reliability();
    if let Some(provider) = provider {
        opentelemetry_0_33::record_into(&reliability, &provider).expect("the first provider");
        // It would be shut down when dropped, and record nothing.
        std::mem::forget(provider);
    }
    app().layer(reliability.layer())
}

/// With our own histogram, pushed to where nobody listens.
fn pushed() -> Router {
    let reliability = reliability();
    let nobody = |name| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| "http://127.0.0.1:9".to_owned());
    let guard = reliability.push_otlp_from(nobody).expect("the first push");
    std::mem::forget(guard);
    app().layer(reliability.layer())
}

fn reliability() -> Reliability {
    let slo = |name: &str, sli: HttpSli| Slo::new(name, sli, "99.9%".parse().expect("a target"), days(30));
    let limit = "800ms".parse().expect("a limit");
    let slos = SloSet::builder("counted")
        .slo(slo("answers", HttpSli::every_route()))
        .slo(slo("swift", HttpSli::every_route().faster_than(limit)));
    let reliability = Reliability::builder(slos.build().expect("names differ")).build();
    reliability.expect("nothing is missing")
}

fn repeat(times: u32, mut once: impl FnMut() + 'static) -> Box<dyn FnMut()> {
    Box::new(move || {
        for _ in 0..times {
            once();
        }
    })
}

fn days(count: u32) -> Window {
    Window::days(count).expect("1 to 400 days are a window")
}
