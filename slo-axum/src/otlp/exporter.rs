//! The exporter: sends what the SDK collected, and keeps each push's real result.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;

use super::durations::PushedDurations;
use super::transport::Transport;
use crate::shared::Shared;

/// Tells the reader that all is well, since it would log an error at every push, and tells us the truth.
#[derive(Debug)]
pub(super) struct WatchedExporter {
    pub(super) transport: Box<dyn Transport>,
    pub(super) temporality: Temporality,
    pub(super) durations: PushedDurations,
    pub(super) shared: Arc<Shared>,
    /// Where it pushes, as it may stand in a log.
    pub(super) endpoint: String,
    /// The last push was made: the one that the SDK adds at shutdown would only delay it.
    pub(super) closing: Arc<AtomicBool>,
}

impl PushMetricExporter for WatchedExporter {
    // Called on the periodic reader's own thread, where blocking is what is wanted. Nothing is sent twice: totals are
    // cumulative, so the next interval carries everything.
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        // Acquire: pairs with the guard's release, after its last push.
        if self.closing.load(Ordering::Acquire) {
            return Ok(());
        }
        let health = &self.shared.export;
        let mut push = ExportMetricsServiceRequest::from(metrics);
        self.durations.add_to(&mut push, &self.shared, SystemTime::now());
        match self.transport.push(push) {
            Ok(answer) if answer.rejected > 0 => {
                health.note_partial(&self.endpoint, answer.rejected, &answer.message);
            }
            Ok(answer) => {
                health.note_success();
                health.note_advice(&self.endpoint, &answer.message);
            }
            Err(reason) => health.note_failure(&self.endpoint, &reason),
        }
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        self.temporality
    }
}
