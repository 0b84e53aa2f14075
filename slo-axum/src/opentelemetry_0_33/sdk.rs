//! Recording into an `SdkMeterProvider` of one's own, with a guard that flushes it.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use opentelemetry_sdk::metrics::SdkMeterProvider;

use super::record_into;
use crate::flush::{APART, DROP_DEADLINE, Flushed, ShutdownError, push_now, within};
use crate::shared::Shared;
use crate::{AlreadyInstrumented, Reliability};

/// Records into this provider as [`record_into`] does, has it push zeros at once, and flushes it at the end.
///
/// The provider stays its owner's: give a clone, and shut it down after the guard.
///
/// # Errors
///
/// [`AlreadyInstrumented`] when this process records into a provider already: every event would be counted twice.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use slo_axum::{Reliability, opentelemetry_0_33};
/// use slo_core::SloSet;
///
/// # let exporter = opentelemetry_sdk::metrics::InMemoryMetricExporter::default();
/// let provider = opentelemetry_sdk::metrics::SdkMeterProvider::builder()
///     .with_periodic_exporter(exporter)
///     .build();
/// let reliability = Reliability::builder(SloSet::builder("real-estate").build()?).build()?;
/// let guard = opentelemetry_0_33::record_into_sdk(&reliability, provider.clone())?;
/// // ... serve until told to stop, then:
/// guard.shutdown(Duration::from_secs(5))?;
/// provider.shutdown()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn record_into_sdk(reliability: &Reliability, provider: SdkMeterProvider) -> Result<SdkGuard, AlreadyInstrumented> {
    record_into(reliability, &provider)?;
    // Without a thread the reader's first interval is soon enough.
    let _ = push_now(provider.clone());
    Ok(SdkGuard {
        shared: Arc::clone(reliability.shared()),
        provider: Some(provider),
    })
}

/// Has the provider flush once more at the end; [`shutdown`](Self::shutdown) says whether it could.
///
/// Dropped without it, it tries for a second at most.
#[derive(Debug)]
#[must_use = "dropping the guard flushes the provider; keep it, and call `shutdown` when the server has stopped"]
pub struct SdkGuard {
    shared: Arc<Shared>,
    provider: Option<SdkMeterProvider>,
}

impl SdkGuard {
    /// Flushes the provider within `deadline`, on a thread of its own: call it when the server has stopped, on a thread
    /// that may block. The provider is not shut down.
    ///
    /// # Errors
    ///
    /// [`ShutdownError::NotDelivered`] when the provider says so or nobody ever asked it for metrics,
    /// [`ShutdownError::TooLate`] when it did not flush in time, [`ShutdownError::NoThread`] when the machine has no thread
    /// left for it.
    pub fn shutdown(mut self, deadline: Duration) -> Result<Flushed, ShutdownError> {
        self.end(deadline)
    }

    fn end(&mut self, deadline: Duration) -> Result<Flushed, ShutdownError> {
        let shared = Arc::clone(&self.shared);
        let Some(provider) = self.provider.take() else {
            return Ok(Flushed::with_in_flight(shared.in_flight()));
        };
        within(deadline, move || {
            if !shared.export.has_been_collected() {
                // That flush begins the series at 0; the totals follow. Whether it arrives, the next one says.
                let _ = provider.force_flush();
                thread::sleep(APART);
            }
            let not_delivered = |reason| Err(ShutdownError::NotDelivered { reason });
            match provider.force_flush() {
                Ok(()) if shared.export.has_been_collected() => Ok(Flushed::with_in_flight(shared.in_flight())),
                Ok(()) => not_delivered("nobody has asked the provider for metrics; has it a reader?".to_owned()),
                Err(refused) => not_delivered(refused.to_string()),
            }
        })
    }
}

impl Drop for SdkGuard {
    fn drop(&mut self) {
        if let Err(failure) = self.end(DROP_DEADLINE) {
            tracing::warn!(%failure, "the last metrics were not pushed");
        }
    }
}
