//! The exporter around the SDK's: it keeps each push's real result.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_otlp::MetricExporter;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;

use super::client::BlockingClient;
use crate::reliability::Shared;

/// Tells the reader that all is well, since it would log an error at every push, and tells us the truth.
#[derive(Debug)]
pub(super) struct WatchedExporter {
    inner: MetricExporter,
    client: BlockingClient,
    shared: Arc<Shared>,
    endpoint: String,
    /// The last push was made: the one that the SDK adds at shutdown would only delay it.
    closing: Arc<AtomicBool>,
}

impl WatchedExporter {
    pub(super) fn new(
        inner: MetricExporter,
        client: BlockingClient,
        shared: Arc<Shared>,
        endpoint: String,
        closing: Arc<AtomicBool>,
    ) -> Self {
        Self {
            inner,
            client,
            shared,
            endpoint,
            closing,
        }
    }
}

impl PushMetricExporter for WatchedExporter {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        // Acquire: pairs with the guard's release, after its last push.
        if self.closing.load(Ordering::Acquire) {
            return Ok(());
        }
        match self.inner.export(metrics).await {
            Ok(()) => self.shared.export.note_success(),
            Err(failure) => {
                let reason = self.client.take_refusal().unwrap_or_else(|| failure.to_string());
                self.shared.export.note_failure(&self.endpoint, reason);
            }
        }
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}
