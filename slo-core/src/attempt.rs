//! Several tries of one piece of work are one event.

use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::Outcome;

/// One piece of work that may take several tries: a notification that is sent on the second one is one good event.
///
/// It is decided once: by [`succeeded`](Self::succeeded), [`gave_up`](Self::gave_up) or [`withdrawn`](Self::withdrawn),
/// else when it is dropped, which is bad: somebody forgot it, or a `?` left it behind. The decision goes to a sink, which
/// is any closure that takes an [`Attempted`]; the clock is the sink's, too. Only an attempt that is leaked
/// ([`core::mem::forget`]) or whose process dies is never decided.
///
/// Dropping never panics: were the sink to, the panic would be caught, and the event lost.
///
/// # Examples
///
/// ```
/// use slo_core::{Attempt, Attempted, Events, Tick, Tracker, Window};
///
/// let now = Tick::from_unix_seconds(1_767_225_600);
/// let tracker = Tracker::new(Window::days(30)?, now);
/// let sink = |attempted: Attempted| tracker.record(now, attempted.outcome());
///
/// let mut sending = Attempt::start(sink);
/// sending.failed(); // the mail server was busy
/// sending.succeeded();
/// assert_eq!(tracker.totals(), Events::new(1, 0));
///
/// drop(Attempt::start(sink)); // never sent
/// assert_eq!(tracker.totals(), Events::new(1, 1));
/// # Ok::<(), slo_core::WindowError>(())
/// ```
#[must_use = "an attempt that is dropped is a bad event"]
pub struct Attempt<S: AttemptSink> {
    sink: S,
    failed: u32,
    decided: bool,
    /// Whether the thread was unwinding already: then a drop says nothing about this work.
    unwinding: bool,
}

impl<S: AttemptSink> Attempt<S> {
    /// Starts a piece of work.
    pub fn start(sink: S) -> Self {
        Self {
            sink,
            failed: 0,
            decided: false,
            unwinding: std::thread::panicking(),
        }
    }

    /// A try failed, another may follow. Says nothing about the event yet.
    pub fn failed(&mut self) {
        self.failed = self.failed.saturating_add(1);
    }

    /// The tries that failed so far.
    #[must_use]
    pub const fn failed_tries(&self) -> u32 {
        self.failed
    }

    /// A try succeeded: good, whatever the tries before it did.
    pub fn succeeded(mut self) {
        self.decide(AttemptEnd::Succeeded);
    }

    /// No further try will be made: bad.
    pub fn gave_up(mut self) {
        self.decide(AttemptEnd::GaveUp);
    }

    /// Nobody wants the work done any more: excluded.
    pub fn withdrawn(mut self) {
        self.decide(AttemptEnd::Withdrawn);
    }

    fn decide(&mut self, end: AttemptEnd) {
        // Before the sink is called: were it to panic, the drop must not ask it again.
        self.decided = true;
        let tries = match end {
            AttemptEnd::Succeeded => self.failed.saturating_add(1),
            AttemptEnd::GaveUp | AttemptEnd::Withdrawn | AttemptEnd::Abandoned | AttemptEnd::Panicked => self.failed,
        };
        self.sink.take(Attempted { end, tries });
    }
}

impl<S: AttemptSink> Drop for Attempt<S> {
    fn drop(&mut self) {
        if self.decided {
            return;
        }
        let end = if std::thread::panicking() && !self.unwinding {
            AttemptEnd::Panicked
        } else {
            AttemptEnd::Abandoned
        };
        // A panic that leaves a drop while the thread unwinds would end the process. Forgotten, because what it carries
        // may panic in its own drop.
        core::mem::forget(catch_unwind(AssertUnwindSafe(|| self.decide(end))));
    }
}

impl<S: AttemptSink> fmt::Debug for Attempt<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// Takes the decision about an attempt: any closure that takes an [`Attempted`].
pub trait AttemptSink {
    /// Called once per attempt.
    fn take(&self, attempted: Attempted);
}

impl<F: Fn(Attempted)> AttemptSink for F {
    fn take(&self, attempted: Attempted) {
        self(attempted);
    }
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[must_use]
pub struct Attempted {
    end: AttemptEnd,
    tries: u32,
}

impl Attempted {
    /// The one event that all the tries are.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        self.end.outcome()
    }

    /// What decided.
    #[must_use]
    pub const fn end(self) -> AttemptEnd {
        self.end
    }

    /// The tries that came to an end, the successful one included: for a histogram or a log.
    #[must_use]
    pub const fn tries(self) -> u32 {
        self.tries
    }
}

/// How an attempt was decided.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum AttemptEnd {
    /// A try succeeded.
    Succeeded,
    /// Nobody will try again.
    GaveUp,
    /// Nobody wants it done any more.
    Withdrawn,
    /// It was dropped without a result.
    Abandoned,
    /// It was dropped while its thread unwound.
    Panicked,
}

impl AttemptEnd {
    /// Every end.
    pub const ALL: [Self; 5] = [
        Self::Succeeded,
        Self::GaveUp,
        Self::Withdrawn,
        Self::Abandoned,
        Self::Panicked,
    ];

    /// The end's name, from a closed set.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::GaveUp => "gave_up",
            Self::Withdrawn => "withdrawn",
            Self::Abandoned => "abandoned",
            Self::Panicked => "panicked",
        }
    }

    /// What it is for a promise.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Succeeded => Outcome::Good,
            Self::GaveUp | Self::Abandoned | Self::Panicked => Outcome::Bad,
            Self::Withdrawn => Outcome::Excluded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cell::RefCell;

    /// What a sink was told while `work` ran.
    fn told(work: impl FnOnce(Attempt<&dyn Fn(Attempted)>)) -> Vec<(AttemptEnd, u32)> {
        let told = RefCell::new(Vec::new());
        let sink = |attempted: Attempted| told.borrow_mut().push((attempted.end(), attempted.tries()));
        work(Attempt::start(&sink));
        told.into_inner()
    }

    #[test]
    fn tries_before_the_last_do_not_matter() {
        let second = told(|mut attempt| {
            attempt.failed();
            assert_eq!(attempt.failed_tries(), 1);
            attempt.succeeded();
        });
        assert_eq!(second, [(AttemptEnd::Succeeded, 2)]);
        assert_eq!(told(|attempt| attempt.succeeded()), [(AttemptEnd::Succeeded, 1)]);
    }

    #[test]
    fn giving_up_is_bad_and_withdrawing_is_no_event() {
        let tried = told(|mut attempt| {
            attempt.failed();
            attempt.failed();
            attempt.gave_up();
        });
        assert_eq!(tried, [(AttemptEnd::GaveUp, 2)]);
        assert_eq!(told(|attempt| attempt.withdrawn()), [(AttemptEnd::Withdrawn, 0)]);
        let outcomes = AttemptEnd::ALL.map(AttemptEnd::outcome);
        let expected = [
            Outcome::Good,
            Outcome::Bad,
            Outcome::Excluded,
            Outcome::Bad,
            Outcome::Bad,
        ];
        assert_eq!(outcomes, expected);
    }

    #[test]
    fn what_is_dropped_without_a_result_is_abandoned() {
        let dropped = told(|mut attempt| {
            attempt.failed();
            drop(attempt);
        });
        assert_eq!(dropped, [(AttemptEnd::Abandoned, 1)]);
    }

    #[test]
    fn what_unwinds_is_panicked_once() {
        let unwound = told(|attempt| {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                let _attempt = attempt;
                panic!("on purpose");
            }));
            assert!(caught.is_err());
        });
        assert_eq!(unwound, [(AttemptEnd::Panicked, 0)]);
    }

    /// Starts and drops an attempt in its own drop.
    struct CleansUp<'a>(&'a dyn Fn(Attempted));

    impl Drop for CleansUp<'_> {
        fn drop(&mut self) {
            drop(Attempt::start(self.0));
        }
    }

    #[test]
    fn work_that_began_while_the_thread_unwound_did_not_panic() {
        let ends = RefCell::new(Vec::new());
        let sink = |attempted: Attempted| ends.borrow_mut().push(attempted.end());
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let _cleans_up = CleansUp(&sink);
            panic!("on purpose");
        }));
        assert!(caught.is_err());
        assert_eq!(ends.into_inner(), [AttemptEnd::Abandoned]);
    }

    #[test]
    fn a_sink_that_panics_is_asked_once_and_never_ends_the_process() {
        let asked = RefCell::new(0);
        let sink = |_: Attempted| {
            *asked.borrow_mut() += 1;
            panic!("a broken sink");
        };
        drop(Attempt::start(sink));
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let _dropped_while_unwinding = Attempt::start(sink);
            panic!("on purpose");
        }));
        assert!(caught.is_err());
        // Told its result, it may panic in the face of who told it.
        assert!(catch_unwind(AssertUnwindSafe(|| Attempt::start(sink).succeeded())).is_err());
        assert_eq!(asked.into_inner(), 3);
    }

    #[test]
    fn an_attempt_may_travel_between_threads() {
        fn travels<T: Send + 'static>(value: T) -> T {
            value
        }
        travels(Attempt::start(|_: Attempted| {})).succeeded();
    }

    proptest! {
        #[test]
        fn any_course_of_tries_is_one_event(failures in 0_u32..50, last in 0_usize..4) {
            let told = told(|mut attempt| {
                (0..failures).for_each(|_| attempt.failed());
                match last {
                    0 => attempt.succeeded(),
                    1 => attempt.gave_up(),
                    2 => attempt.withdrawn(),
                    _ => drop(attempt),
                }
            });
            let end = AttemptEnd::ALL[last];
            prop_assert_eq!(told, [(end, failures + u32::from(end == AttemptEnd::Succeeded))]);
        }
    }
}
