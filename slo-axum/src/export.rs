//! How the export goes: what the exporter tells and the status route shows.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::status::ExportStatus;

/// The results of pushes, and whether the engine has seen `slo.events` begin at 0.
#[derive(Debug, Default)]
pub(crate) struct ExportHealth {
    /// A push exists: without one there is nothing to show.
    configured: AtomicBool,
    /// Zeros were delivered, so totals may follow. Without them the first events are lost to `increase()`.
    begun: AtomicBool,
    /// Zeros are due in one collection only: nobody tells whether it is delivered.
    once: AtomicBool,
    succeeded: AtomicU64,
    failed: AtomicU64,
    failing: Mutex<Option<String>>,
}

// Every ordering here is relaxed: flags and counts for people, and a collection that sees `begun` one push later only
// sends zeros once more.
impl ExportHealth {
    /// Zeros in the first collection, whatever becomes of it: for a provider that does not tell.
    pub(crate) fn zero_once(&self) {
        self.once.store(true, Ordering::Relaxed);
    }

    /// Whether totals may be exported; asked once per collection.
    pub(crate) fn has_begun(&self) -> bool {
        let begun = self.begun.load(Ordering::Relaxed);
        if !begun && self.once.load(Ordering::Relaxed) {
            self.begun.store(true, Ordering::Relaxed);
        }
        begun
    }

    pub(crate) fn status(&self) -> Option<ExportStatus> {
        self.configured.load(Ordering::Relaxed).then(|| ExportStatus {
            succeeded: self.succeeded.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            failing: self.failing(),
        })
    }

    /// Why the last push failed, if it did.
    pub(crate) fn failing(&self) -> Option<String> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(feature = "otlp")]
impl ExportHealth {
    pub(crate) fn configured(&self) {
        self.configured.store(true, Ordering::Relaxed);
    }

    pub(crate) fn succeeded(&self) -> u64 {
        self.succeeded.load(Ordering::Relaxed)
    }

    /// Notes an accepted push. One note when it ends a series of failures.
    pub(crate) fn note_success(&self) {
        self.begun.store(true, Ordering::Relaxed);
        self.succeeded.fetch_add(1, Ordering::Relaxed);
        if self.replace(None).is_some() {
            tracing::info!("the OTLP collector accepts metrics again; nothing was lost, counters are cumulative");
        }
    }

    /// Notes a failed push. One warning for a series of failures, not one per push.
    pub(crate) fn note_failure(&self, endpoint: &str, reason: String) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let warning = reason.clone();
        if self.replace(Some(reason)).is_none() {
            tracing::warn!(
                endpoint,
                reason = warning,
                "metrics could not be pushed over OTLP; the service goes on, counters are kept, and pushing is tried \
                 again at every interval without another word until it works"
            );
        }
    }

    fn replace(&self, failing: Option<String>) -> Option<String> {
        std::mem::replace(
            &mut *self.failing.lock().unwrap_or_else(PoisonError::into_inner),
            failing,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_tells_nothing_gets_zeros_once() {
        let health = ExportHealth::default();
        health.zero_once();
        assert_eq!(
            [health.has_begun(), health.has_begun(), health.has_begun()],
            [false, true, true]
        );
        assert!(health.status().is_none());
    }

    #[cfg(feature = "otlp")]
    #[test]
    fn zeros_are_sent_until_one_push_was_accepted() {
        let health = ExportHealth::default();
        health.configured();
        assert!(!health.has_begun());
        health.note_failure("http://127.0.0.1:1", "refused".to_owned());
        assert!(!health.has_begun());
        assert_eq!(health.failing().as_deref(), Some("refused"));
        health.note_success();
        assert!(health.has_begun());
        assert_eq!(health.failing(), None);
    }
}
