//! How the export goes: what the exporter tells and the status route shows.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use slo_core::Tick;

#[cfg(feature = "otlp")]
use crate::shortened::shortened;
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
    /// When a provider got our instruments.
    recording: OnceLock<Tick>,
    /// It has asked for their values.
    collected: AtomicBool,
    /// It was said that it has not.
    never_said: AtomicBool,
    succeeded: AtomicU64,
    failed: AtomicU64,
    /// Data points that were rejected from pushes that succeeded.
    rejected: AtomicU64,
    /// A collector's advice was passed on.
    #[cfg(feature = "otlp")]
    advised: AtomicBool,
    failing: Mutex<Option<String>>,
}

// Every ordering here is relaxed: flags and counts for people, and a collection that sees `begun` one push later only
// sends zeros once more.
impl ExportHealth {
    /// Zeros in the first collection, whatever becomes of it: for a provider that does not tell.
    pub(crate) fn zero_once(&self) {
        self.once.store(true, Ordering::Relaxed);
    }

    /// A provider has our instruments from now on.
    pub(crate) fn recording(&self, now: Tick) {
        // A second one was refused.
        let _ = self.recording.set(now);
    }

    /// Warns, once, of a provider that never asks for our values: a no-op one, or one without a reader.
    pub(crate) fn warn_if_never_collected(&self, now: Tick) -> bool {
        let waited = self.recording.get().map(|since| now.since(*since));
        if self.has_been_collected()
            || waited.is_none_or(|waited| waited < PATIENCE)
            || self.never_said.swap(true, Ordering::Relaxed)
        {
            return false;
        }
        tracing::warn!(
            waited = ?PATIENCE,
            "the meter provider has never asked for the metrics that it was given: it may be a no-op provider, be shut \
             down, or have no reader; nothing leaves this process"
        );
        true
    }

    pub(crate) fn has_been_collected(&self) -> bool {
        self.collected.load(Ordering::Relaxed)
    }

    /// Whether totals may be exported; asked once per collection.
    pub(crate) fn has_begun(&self) -> bool {
        if !self.collected.swap(true, Ordering::Relaxed) && self.never_said.load(Ordering::Relaxed) {
            tracing::info!("the meter provider asks for metrics now");
        }
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
            rejected: self.rejected.load(Ordering::Relaxed),
            failing: self.failing(),
        })
    }

    /// Why the last push failed, if it did.
    pub(crate) fn failing(&self) -> Option<String> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Five times the interval at which providers usually collect.
const PATIENCE: Duration = Duration::from_secs(300);

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

    /// Notes a push that was accepted but for some data points. It counts as accepted, also for where series begin: the
    /// same points may be rejected for ever, and the others must go on. One warning for a series of such pushes.
    pub(crate) fn note_partial(&self, endpoint: &str, rejected: u64, why: &str) {
        self.begun.store(true, Ordering::Relaxed);
        self.succeeded.fetch_add(1, Ordering::Relaxed);
        self.rejected.fetch_add(rejected, Ordering::Relaxed);
        let points = if rejected == 1 { "point" } else { "points" };
        let why = if why.is_empty() { "it does not say why" } else { why };
        let reason = format!("{rejected} data {points} rejected: {why}");
        let warning = reason.clone();
        if self.replace(Some(reason)).is_none() {
            tracing::warn!(
                endpoint,
                reason = warning,
                "the OTLP collector accepts pushes but rejects some of their data points; nothing more is said until it \
                 takes them all"
            );
        }
    }

    /// Passes on what a collector says to a push of which it took everything; once, whatever else it says later.
    pub(crate) fn note_advice(&self, endpoint: &str, advice: &str) {
        if !advice.is_empty() && !self.advised.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                endpoint,
                advice,
                "the OTLP collector accepts metrics and has something to say"
            );
        }
    }

    /// Notes a failed push. One warning for a series of failures, not one per push.
    pub(crate) fn note_failure(&self, endpoint: &str, reason: &str) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let reason = shortened(reason);
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
    use opentelemetry::metrics::noop::NoopMeterProvider;
    use slo_core::SloSet;

    use super::*;
    use crate::Reliability;

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
        health.note_failure("http://127.0.0.1:1", "refused");
        assert!(!health.has_begun());
        assert_eq!(health.failing().as_deref(), Some("refused"));
        health.note_success();
        assert!(health.has_begun());
        assert_eq!(health.failing(), None);
    }

    #[cfg(feature = "otlp")]
    #[test]
    fn rejected_points_are_counted_and_said_and_hold_up_no_others() {
        let health = ExportHealth::default();
        health.configured();
        health.note_partial("http://127.0.0.1:1", 2, "too old");
        assert!(health.has_begun());
        assert_eq!(health.failing().as_deref(), Some("2 data points rejected: too old"));
        health.note_partial("http://127.0.0.1:1", 1, "");
        assert_eq!(
            health.failing().as_deref(),
            Some("1 data point rejected: it does not say why")
        );
        health.note_success();
        let status = health.status().unwrap();
        assert_eq!((status.succeeded, status.failed, status.rejected), (3, 0, 3));
        assert_eq!(status.failing, None);
    }

    #[cfg(feature = "otlp")]
    #[test]
    fn a_reason_is_cut_and_cleaned_before_anybody_sees_it() {
        let health = ExportHealth::default();
        health.note_failure("http://127.0.0.1:1", &"\u{1b}[2Jno\n".repeat(100_000));
        let failing = health.failing().unwrap();
        assert!(failing.chars().count() < 600 && failing.ends_with('…'), "{failing}");
        assert!(!failing.contains(char::is_control), "{failing}");
    }

    #[test]
    fn a_provider_that_never_collects_is_warned_of_once() {
        let health = ExportHealth::default();
        let start = Tick::from_unix_seconds(1_000_000);
        let warned = |after| health.warn_if_never_collected(start + after);
        assert!(!warned(PATIENCE)); // nobody records
        health.recording(start);
        assert!(!warned(PATIENCE - Duration::from_nanos(1)));
        assert!(warned(PATIENCE));
        assert!(!warned(PATIENCE * 2));
    }

    #[test]
    fn a_provider_that_collected_once_is_not_warned_of() {
        let health = ExportHealth::default();
        health.recording(Tick::default());
        health.has_begun();
        assert!(!health.warn_if_never_collected(Tick::default() + PATIENCE));
    }

    #[test]
    fn a_no_op_provider_is_one_that_never_collects() {
        let reliability = Reliability::builder(SloSet::builder("shop").build().unwrap())
            .build()
            .unwrap();
        crate::opentelemetry_0_33::record_into(&reliability, &NoopMeterProvider::new()).unwrap();
        let shared = reliability.shared();
        assert!(!shared.export.warn_if_never_collected(shared.now()));
        assert!(shared.export.warn_if_never_collected(shared.now() + PATIENCE));
    }

    #[test]
    fn whoever_asks_for_the_status_has_it_looked_for() {
        let reliability = Reliability::builder(SloSet::builder("shop").build().unwrap())
            .build()
            .unwrap();
        let shared = reliability.shared();
        shared.export.recording(Tick::default());
        let _status = reliability.status();
        // It was said then.
        assert!(!shared.export.warn_if_never_collected(shared.now()));
        assert!(!shared.export.has_been_collected());
    }
}
