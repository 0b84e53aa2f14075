//! Rate, errors and durations of each route.

use serde::Serialize;
use slo_core::{Latencies, LatencyBounds, Ratio, Tick};

use crate::red::RouteRed;

/// One route over the last 15 minutes, or since the process began.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RouteStatus {
    /// Its template: `/real-price/{region}`.
    pub route: String,
    /// How many seconds were measured: 15 minutes, and up to 10 s more where the window begins at a step's edge.
    pub measured_seconds: f64,
    /// Requests that ended in that time, the excluded ones among them.
    pub requests: u64,
    /// Those of them that count neither as good nor as bad: clients that left early, and what the spec leaves out.
    pub excluded: u64,
    /// Requests per second; `None` while no time was measured.
    pub rate_per_second: Option<f64>,
    /// The share of bad requests among those that are not excluded, as the built-in `requests` judges them, 0 to 1; `None`
    /// without such a one.
    pub error_ratio: Option<f64>,
    /// How long they took. Event streams and upgrades are not in it.
    pub latency: LatencyStatus,
}

/// How long requests took.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct LatencyStatus {
    /// How many were timed; of up to a minute more than 15 minutes.
    pub timed: u64,
    /// The median; `None` without a timed request.
    pub p50: Option<QuantileStatus>,
    /// What 95% did not exceed.
    pub p95: Option<QuantileStatus>,
    /// What 99% did not exceed.
    pub p99: Option<QuantileStatus>,
}

/// A latency, known to lie between two bounds at most 1/32 apart (from 33 us to 18 minutes).
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct QuantileStatus {
    /// One number to show: the middle, at most 1.6% off.
    pub seconds: f64,
    /// It is no less than this.
    pub at_least_seconds: f64,
    /// It is less than this; `None` from 18 minutes on.
    pub below_seconds: Option<f64>,
}

impl RouteStatus {
    pub(crate) fn new(route: &str, red: &RouteRed, now: Tick) -> Self {
        let reading = red.read(now);
        let (events, measured) = (reading.events.events(), reading.events.measured());
        let requests = events.all();
        let nanos = u64::try_from(measured.as_nanos()).unwrap_or(u64::MAX);
        // Nobody answers a thousand million requests per second.
        let per_nanosecond = Ratio::new(requests.min(nanos), nanos);
        Self {
            route: route.to_owned(),
            measured_seconds: measured.as_secs_f64(),
            requests,
            excluded: events.excluded(),
            rate_per_second: per_nanosecond.map(|rate| rate.as_ratio_f64() * 1e9),
            error_ratio: events.error_ratio().map(Ratio::as_ratio_f64),
            latency: LatencyStatus::new(&reading.latencies),
        }
    }
}

impl LatencyStatus {
    fn new(latencies: &Latencies) -> Self {
        let quantile = |percent| {
            let share = Ratio::new(percent, 100)?;
            latencies.quantile(share).map(QuantileStatus::new)
        };
        Self {
            timed: latencies.events(),
            p50: quantile(50),
            p95: quantile(95),
            p99: quantile(99),
        }
    }
}

impl QuantileStatus {
    fn new(bounds: LatencyBounds) -> Self {
        Self {
            seconds: bounds.middle().as_secs_f64(),
            at_least_seconds: bounds.at_least().as_secs_f64(),
            below_seconds: bounds.below().map(|below| below.as_secs_f64()),
        }
    }
}
