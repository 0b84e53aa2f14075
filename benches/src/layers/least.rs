//! What is left of ours when nothing is looked at: how far the others could be brought.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry::metrics::{BoundHistogram, MeterProvider};
use served::Floor;

use super::{Kind, Layered};
use crate::collected::otel_0_33::Collected;

/// Two readings of the clock, the body's box, one series bound beforehand, the latency's bucket, and the counts of
/// `requests`, of two SLOs, of the route and of requests in flight, by atomic additions.
pub(super) fn layered() -> Layered {
    let collected = Collected::new();
    let meter = collected.provider.meter("least");
    let duration = meter.f64_histogram("http.server.request.duration").build();
    let least = Arc::new(Least {
        duration: duration.bind(&[]),
        counts: Default::default(),
    });
    let recording = Arc::clone(&least);
    let app = served::app().layer(Floor::new(move |took| recording.record(took)));
    Layered::new(Kind::Floor, "the least that a layer could do", app, move || {
        let counts = least.counts.iter().map(|count| count.load(Ordering::Relaxed));
        counts.chain([collected.records()]).collect()
    })
}

struct Least {
    duration: BoundHistogram<f64>,
    counts: [AtomicU64; 7],
}

impl Least {
    fn record(&self, took: Duration) {
        for count in &self.counts {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.duration.record(took.as_secs_f64());
    }
}
