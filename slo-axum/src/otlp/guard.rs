//! The guard: flushes within a deadline, whatever the collector does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use opentelemetry_sdk::metrics::SdkMeterProvider;

use crate::flush::{APART, DROP_DEADLINE, Flushed, ShutdownError, within};
use crate::shared::Shared;

/// Keeps the push alive; [`shutdown`](Self::shutdown) sends what is not yet sent.
///
/// Dropped without it, it tries for a second at most.
#[derive(Debug)]
#[must_use = "dropping the guard ends the push; keep it, and call `shutdown` when the server has stopped"]
pub struct OtlpGuard {
    shared: Arc<Shared>,
    push: Option<Push>,
}

#[derive(Debug)]
struct Push {
    provider: SdkMeterProvider,
    shared: Arc<Shared>,
    closing: Arc<AtomicBool>,
}

impl OtlpGuard {
    pub(super) fn new(provider: SdkMeterProvider, shared: Arc<Shared>, closing: Arc<AtomicBool>) -> Self {
        let push = Push {
            provider,
            shared: Arc::clone(&shared),
            closing,
        };
        Self {
            shared,
            push: Some(push),
        }
    }

    /// A guard of nothing.
    pub(super) fn idle(shared: Arc<Shared>) -> Self {
        Self { shared, push: None }
    }

    pub(crate) const fn provider(&self) -> Option<&SdkMeterProvider> {
        match &self.push {
            Some(push) => Some(&push.provider),
            None => None,
        }
    }

    /// Whether anything is pushed.
    #[must_use]
    pub fn is_pushing(&self) -> bool {
        self.push.is_some()
    }

    /// Pushes once more and ends, within `deadline`: call it when the server has stopped, on a thread that may block.
    ///
    /// What ended before is in the push; the count of requests still in flight is in the result.
    ///
    /// # Errors
    ///
    /// [`ShutdownError::NotDelivered`] when the collector did not accept the push or rejected some of it,
    /// [`ShutdownError::TooLate`] when it did not answer in time, [`ShutdownError::NoThread`] when the machine has no
    /// thread left for it.
    pub fn shutdown(mut self, deadline: Duration) -> Result<Flushed, ShutdownError> {
        match self.push.take() {
            Some(push) => push.end(deadline),
            None => Ok(Flushed::with_in_flight(self.shared.in_flight())),
        }
    }
}

impl Drop for OtlpGuard {
    fn drop(&mut self) {
        if let Some(Err(failure)) = self.push.take().map(|push| push.end(DROP_DEADLINE)) {
            tracing::warn!(%failure, "the last metrics were not pushed");
        }
    }
}

impl Push {
    fn end(self, deadline: Duration) -> Result<Flushed, ShutdownError> {
        let (provider, closing) = (self.provider.clone(), Arc::clone(&self.closing));
        let ended = within(deadline, move || self.flush());
        if matches!(ended, Err(ShutdownError::NoThread(_))) {
            closing.store(true, Ordering::Release);
            // The last handle of a provider shuts it down when it is dropped, on this thread and without a deadline.
            std::mem::forget(provider);
        }
        ended
    }

    fn flush(self) -> Result<Flushed, ShutdownError> {
        let health = &self.shared.export;
        let accepted = health.succeeded();
        let never = accepted == 0;
        // The exporter answers for the result: to the SDK every push is fine.
        let _ = self.provider.force_flush();
        if never && health.succeeded() > 0 {
            // That push began the series at 0; the totals follow.
            thread::sleep(APART);
            let _ = self.provider.force_flush();
        }
        // Release: the reader's thread must see it before the push that the SDK adds.
        self.closing.store(true, Ordering::Release);
        let _ = self.provider.shutdown();
        match health.failing() {
            None if health.succeeded() > accepted => Ok(Flushed::with_in_flight(self.shared.in_flight())),
            failing => Err(ShutdownError::NotDelivered {
                reason: failing.unwrap_or_else(|| "nothing was sent".to_owned()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use slo_core::SloSet;

    use super::*;
    use crate::Reliability;
    use crate::in_flight::InFlight;
    use crate::shared::Held;

    #[test]
    fn requests_in_flight_are_told_even_where_nothing_is_pushed() {
        let slos = SloSet::builder("shop").build().unwrap();
        let reliability = Reliability::builder(slos).build().unwrap();
        let _arrived = InFlight::new(&Held::new(reliability.shared()), &http::Request::new(()));
        let guard = OtlpGuard::idle(Arc::clone(reliability.shared()));
        assert_eq!(guard.shutdown(Duration::ZERO).map(Flushed::in_flight), Ok(1));
    }
}
