//! The instruments, created once: the only file that knows the OpenTelemetry metrics API.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Weak},
};

use chrono::{DateTime, Utc};
use opentelemetry::{
    InstrumentationScope, KeyValue,
    metrics::{AsyncInstrument, Meter, MeterProvider},
};
use slo_core::names::{self, Metric};

use crate::{
    health::SyntheticHealth,
    report::CheckReport,
    runner::{RunOutcome, Runner, Watched},
    verdict::{State, Verdict},
};

/// Bucket boundaries in seconds that the conventions advise for [database operations], which most reads are.
///
/// [database operations]: https://opentelemetry.io/docs/specs/semconv/db/database-metrics/
const BOUNDARIES: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// `false`, and nothing is created, when these checks have instruments already.
pub(crate) fn instrument(health: &SyntheticHealth, provider: &dyn MeterProvider) -> bool {
    let scope = InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
        .with_version(env!("CARGO_PKG_VERSION"))
        .build();
    let meter = provider.meter_with_scope(scope);
    if !record_durations(health, &meter) {
        return false;
    }
    let checks = Checks(health.runners().map(Arc::downgrade).collect());
    observe_states(&meter, checks.clone());
    observe_instant(&meter, names::HEALTH_DATA_TIMESTAMP, checks.clone(), watermark);
    observe_instant(&meter, names::HEALTH_STALE_AT, checks.clone(), Verdict::proof_until);
    observe_runs(&meter, checks);
    true
}

/// All clones of a [`SyntheticHealth`] share their checks, so one check that is watched says that all are.
fn record_durations(health: &SyntheticHealth, meter: &Meter) -> bool {
    let metric = names::HEALTH_CHECK_DURATION;
    let duration = meter
        .f64_histogram(metric.otel)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .with_boundaries(BOUNDARIES.to_vec())
        .build();
    health.runners().all(|check| {
        let (duration, attributes) = (duration.clone(), [name_of(check)]);
        check.watch(move |took| duration.record(took.as_secs_f64(), &attributes))
    })
}

/// The checks that instruments tell of, for as long as somebody else holds them.
#[derive(Clone)]
struct Checks(Arc<[Weak<Runner>]>);

impl Checks {
    /// Every check that is alive, with what it knows now.
    fn each(&self, mut tell: impl FnMut(KeyValue, Watched)) {
        for check in self.0.iter().filter_map(Weak::upgrade) {
            // A panic of the caller's clock would end the reader's thread, and with it all metrics of the process.
            if let Ok(known) = catch_unwind(AssertUnwindSafe(|| check.known())) {
                tell(name_of(&check), known);
            }
        }
    }
}

fn observe_states(meter: &Meter, checks: Checks) {
    let metric = names::HEALTH_STATES;
    let observe = move |observer: &dyn AsyncInstrument<u64>| {
        checks.each(|name, known| {
            let Some(report) = known.report else { return };
            for state in State::ALL {
                let attributes = [name.clone(), KeyValue::new(names::HEALTH_STATE.otel, state.as_str())];
                observer.observe(u64::from(state == report.state()), &attributes);
            }
        });
    };
    // The instrument lives as long as its meter's provider, the callback with it.
    let _gauge = meter
        .u64_observable_gauge(metric.otel)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .with_callback(observe)
        .build();
}

/// One point per check whose verdict has this instant.
fn observe_instant(meter: &Meter, metric: Metric, checks: Checks, instant: fn(&Verdict) -> Option<DateTime<Utc>>) {
    let observe = move |observer: &dyn AsyncInstrument<f64>| {
        checks.each(|name, known| {
            if let Some(instant) = known.report.as_ref().map(CheckReport::verdict).and_then(instant) {
                observer.observe(unix_seconds(instant), &[name]);
            }
        });
    };
    let _gauge = meter
        .f64_observable_gauge(metric.otel)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .with_callback(observe)
        .build();
}

fn observe_runs(meter: &Meter, checks: Checks) {
    let metric = names::HEALTH_CHECK_RUNS;
    let observe = move |observer: &dyn AsyncInstrument<u64>| {
        checks.each(|name, known| {
            for outcome in RunOutcome::ALL {
                let attributes = [
                    name.clone(),
                    KeyValue::new(names::HEALTH_OUTCOME.otel, outcome.as_str()),
                ];
                observer.observe(known.runs.of(outcome), &attributes);
            }
        });
    };
    let _runs = meter
        .u64_observable_counter(metric.otel)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .with_callback(observe)
        .build();
}

fn name_of(check: &Runner) -> KeyValue {
    KeyValue::new(names::HEALTH_CHECK.otel, check.name().to_owned())
}

/// As over HTTP: an impossible instant is no watermark.
fn watermark(verdict: &Verdict) -> Option<DateTime<Utc>> {
    match verdict.state() {
        State::Empty | State::Invalid => None,
        State::Fresh | State::Warn | State::Stale | State::Error | State::Timeout => verdict.watermark(),
    }
}

/// Seconds since 1970, negative before.
fn unix_seconds(instant: DateTime<Utc>) -> f64 {
    let since = instant.signed_duration_since(DateTime::UNIX_EPOCH);
    let seconds = since.abs().to_std().unwrap_or_default().as_secs_f64();
    if since < chrono::TimeDelta::zero() {
        -seconds
    } else {
        seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_unix_seconds_with_their_fraction() {
        let seconds = |text: &str| unix_seconds(text.parse().unwrap());
        let exactly = |text: &str, expected: f64| assert_eq!(seconds(text).to_bits(), expected.to_bits(), "{text}");
        exactly("1970-01-01T00:00:00Z", 0.0);
        exactly("2026-03-01T12:00:00.25Z", 1_772_366_400.25);
        exactly("1969-12-31T23:59:58.5Z", -1.5);
        assert!(unix_seconds(DateTime::<Utc>::MAX_UTC) > 8e12);
        assert!(unix_seconds(DateTime::<Utc>::MIN_UTC) < -8e12);
    }

    #[test]
    fn every_state_is_told_of_once() {
        // Does not compile when there is a new one.
        let place = |state: State| match state {
            State::Fresh => 0,
            State::Warn => 1,
            State::Stale => 2,
            State::Empty => 3,
            State::Invalid => 4,
            State::Error => 5,
            State::Timeout => 6,
        };
        assert_eq!(State::ALL.map(place), [0, 1, 2, 3, 4, 5, 6]);
    }
}
