//! The first push and the last: on threads of their own, the last within a deadline.

use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use opentelemetry_sdk::metrics::SdkMeterProvider;

/// How long a dropped guard tries.
pub(crate) const DROP_DEADLINE: Duration = Duration::from_secs(1);

/// Between a push of zeros and one of totals: engines keep milliseconds, and refuse two values for one.
pub(crate) const APART: Duration = Duration::from_millis(2);

/// The first push, off the caller's thread, which must not wait for a collector: engines must see every series begin at 0.
///
/// What becomes of it the exporter says.
pub(crate) fn push_now(provider: SdkMeterProvider) -> io::Result<()> {
    let push = move || provider.force_flush();
    thread::Builder::new()
        .name("slo-otlp-first".to_owned())
        .spawn(push)
        .map(drop)
}

/// Does `work` on a thread of its own and waits until `deadline`; then the work goes on, and nobody hears of it.
///
/// The SDK's flush has no deadline, and on a current-thread runtime it could wait for its own caller.
pub(crate) fn within<T: Send + 'static>(
    deadline: Duration,
    work: impl FnOnce() -> Result<T, ShutdownError> + Send + 'static,
) -> Result<T, ShutdownError> {
    let (done, waiting) = mpsc::channel();
    let work = move || {
        // The receiver is gone when the deadline has passed.
        let _ = done.send(work());
    };
    thread::Builder::new()
        .name("slo-otlp-shutdown".to_owned())
        .spawn(work)
        .map_err(|refused| ShutdownError::NoThread(refused.to_string()))?;
    waiting
        .recv_timeout(deadline)
        .unwrap_or(Err(ShutdownError::TooLate { deadline }))
}

/// A shutdown that delivered everything that had ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Flushed {
    in_flight: u64,
}

impl Flushed {
    pub(crate) const fn with_in_flight(in_flight: u64) -> Self {
        Self { in_flight }
    }

    /// Requests that were still in flight, and so are in no count.
    #[must_use]
    pub const fn in_flight(self) -> u64 {
        self.in_flight
    }
}

/// Why the last metrics were not delivered.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ShutdownError {
    /// The collector did not accept them, or not all.
    #[error("the collector did not accept the last metrics: {reason}")]
    NotDelivered {
        /// What it answered, or why it was not reached.
        reason: String,
    },
    /// The collector did not answer in time.
    #[error("the collector did not answer within {deadline:?}; the last metrics may be lost")]
    TooLate {
        /// The time it was given.
        deadline: Duration,
    },
    /// No thread could be started; holds the reason.
    #[error("no thread could be started for the last push: {0}")]
    NoThread(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_does_not_end_is_not_waited_for() {
        let (end, ends) = mpsc::channel::<()>();
        let deadline = Duration::from_millis(1);
        let late = within(deadline, move || {
            // Ends when this test does.
            let _ = ends.recv();
            Ok(())
        });
        assert_eq!(late, Err(ShutdownError::TooLate { deadline }));
        drop(end);
    }

    #[test]
    fn work_that_ends_is_heard_of() {
        assert_eq!(within(Duration::MAX, || Ok(7)), Ok(7));
    }
}
