//! A provider of the service's own, flushed by our guard.

use std::fmt;
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ResourceMetrics};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use slo_axum::opentelemetry_0_33::{SdkGuard, record_into_sdk};
use slo_axum::{Flushed, Reliability, ShutdownError};
use slo_core::{EventsSli, Slo, SloSet, Window};

use crate::measured::Outcome;

/// So long that a test which needs it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Calls a closure with every push.
struct Exporter<F>(F);

impl<F> fmt::Debug for Exporter<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exporter")
    }
}

impl<F: Fn(&ResourceMetrics) -> OTelSdkResult + Send + Sync + 'static> PushMetricExporter for Exporter<F> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        (self.0)(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

fn reliability() -> Outcome<Reliability> {
    let mails = EventsSli::of("mails");
    let mails = Slo::new("mails", mails, "99%".parse()?, Window::days(30)?);
    let slos = SloSet::builder("shop").slo(mails).build()?;
    Ok(Reliability::builder(slos).build()?)
}

/// Never pushes by itself in the time of a test.
fn recording(
    reliability: &Reliability,
    export: impl Fn(&ResourceMetrics) -> OTelSdkResult + Send + Sync + 'static,
) -> Outcome<(SdkMeterProvider, SdkGuard)> {
    let reader = PeriodicReader::builder(Exporter(export)).with_interval(Duration::from_secs(3_600));
    let provider = SdkMeterProvider::builder().with_reader(reader.build()).build();
    let guard = record_into_sdk(reliability, provider.clone())?;
    Ok((provider, guard))
}

/// All events of all SLOs in a push.
fn events(pushed: &ResourceMetrics) -> u64 {
    let metrics = pushed.scope_metrics().flat_map(|scope| scope.metrics());
    let events = metrics.filter(|metric| metric.name() == "slo.events");
    let counts = events.map(|metric| match metric.data() {
        AggregatedMetrics::U64(MetricData::Sum(sum)) => sum.data_points().map(|point| point.value()).sum(),
        _ => 0,
    });
    counts.sum()
}

fn zeros_come_first_and_totals_last() -> Outcome {
    let reliability = reliability()?;
    let (pushed, pushes) = mpsc::channel();
    let (provider, guard) = recording(&reliability, move |metrics| {
        let _ = pushed.send(events(metrics));
        Ok(())
    })?;
    assert_eq!(pushes.recv_timeout(PATIENCE)?, 0);
    reliability.events("mails")?.record(slo_core::Outcome::Good);
    assert_eq!(guard.shutdown(PATIENCE).map(Flushed::in_flight), Ok(0));
    assert_eq!(pushes.try_iter().collect::<Vec<_>>(), [1]);
    // It is its owner's: nobody has shut it down.
    Ok(provider.force_flush()?)
}

#[test]
fn a_provider_is_flushed_from_a_plain_thread() -> Outcome {
    zeros_come_first_and_totals_last()
}

#[tokio::test]
async fn a_provider_is_flushed_from_a_runtime_of_one_thread() -> Outcome {
    zeros_come_first_and_totals_last()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_is_flushed_from_a_runtime_of_several_threads() -> Outcome {
    zeros_come_first_and_totals_last()
}

#[test]
fn what_a_provider_says_of_its_flush_is_passed_on() -> Outcome {
    let refused = || Err(OTelSdkError::InternalFailure("no collector".to_owned()));
    let (_provider, guard) = recording(&reliability()?, move |_| refused())?;
    let ended = guard.shutdown(PATIENCE);
    assert!(matches!(ended, Err(ShutdownError::NotDelivered { .. })), "{ended:?}");
    Ok(())
}

/// What it returns ends the push that hangs, when it is dropped.
fn hanging() -> Outcome<(mpsc::Sender<()>, SdkMeterProvider, SdkGuard)> {
    let (latch, closed) = mpsc::channel::<()>();
    let closed = Mutex::new(closed);
    let (provider, guard) = recording(&reliability()?, move |_| {
        let _ = closed.lock().unwrap_or_else(PoisonError::into_inner).recv();
        Ok(())
    })?;
    Ok((latch, provider, guard))
}

#[tokio::test]
async fn a_provider_that_does_not_flush_is_not_waited_for() -> Outcome {
    let (_latch, _provider, guard) = hanging()?;
    let deadline = Duration::from_millis(20);
    assert_eq!(guard.shutdown(deadline), Err(ShutdownError::TooLate { deadline }));
    Ok(())
}

#[test]
fn a_dropped_guard_does_not_wait_either() -> Outcome {
    let (_latch, _provider, guard) = hanging()?;
    drop(guard);
    Ok(())
}

#[test]
fn a_provider_without_a_reader_delivers_nothing() -> Outcome {
    let guard = record_into_sdk(&reliability()?, SdkMeterProvider::builder().build())?;
    let ended = guard.shutdown(PATIENCE);
    assert!(matches!(ended, Err(ShutdownError::NotDelivered { .. })), "{ended:?}");
    Ok(())
}

#[test]
fn a_second_provider_is_refused() -> Outcome {
    let reliability = reliability()?;
    let (provider, _guard) = recording(&reliability, |_| Ok(()))?;
    assert!(record_into_sdk(&reliability, provider).is_err());
    Ok(())
}
