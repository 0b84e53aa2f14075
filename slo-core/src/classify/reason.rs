//! Why an event was judged as it was: closed sets, so that nobody's text becomes a label.

use crate::Outcome;

/// The decision about one event, with its reason.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct Judgement {
    /// Good, bad or excluded.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
}

impl Judgement {
    pub(super) const fn new(outcome: Outcome, reason: Reason) -> Self {
        Self { outcome, reason }
    }
}

/// What decided.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The response's status code.
    Status,
    /// Good but for its duration, which was over the latency limit.
    TooSlow,
    /// The inner service's error.
    ServiceError,
    /// The body's error.
    BodyError,
    /// The panic.
    Panicked,
    /// The timeout without a status code.
    TimedOut,
    /// The client left before patience was over.
    ClientGoneEarly,
    /// The client left when patience was over.
    ClientGoneLate,
    /// The process that had begun it was killed: see [`Tracker::record_lost`](crate::Tracker::record_lost).
    Lost,
    /// The handler, for this cause.
    Handler(Cause),
}

impl Reason {
    /// The reason's name, one word, from a closed set.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::TooSlow => "too_slow",
            Self::ServiceError => "service_error",
            Self::BodyError => "body_error",
            Self::Panicked => "panicked",
            Self::TimedOut => "timed_out",
            Self::ClientGoneEarly => "client_gone_early",
            Self::ClientGoneLate => "client_gone_late",
            Self::Lost => "lost",
            Self::Handler(cause) => cause.as_str(),
        }
    }
}

/// Why a handler overrules the status code of its response.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// The answer is wrong, whatever its status code says.
    Incorrect,
    /// The answer is part of what was asked for, or a fallback.
    Degraded,
    /// The answer was made from data that is too old.
    Stale,
    /// Something that this service needs failed.
    Dependency,
    /// The service refused in order to protect itself.
    Overload,
    /// The client asked for what cannot be answered, or used up its quota.
    ClientFault,
    /// A probe or a test asked, not a user.
    Probe,
    /// Work that was announced.
    Maintenance,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 8] = [
        Self::Incorrect,
        Self::Degraded,
        Self::Stale,
        Self::Dependency,
        Self::Overload,
        Self::ClientFault,
        Self::Probe,
        Self::Maintenance,
    ];

    /// The cause's name, one word, from a closed set.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incorrect => "incorrect",
            Self::Degraded => "degraded",
            Self::Stale => "stale",
            Self::Dependency => "dependency",
            Self::Overload => "overload",
            Self::ClientFault => "client_fault",
            Self::Probe => "probe",
            Self::Maintenance => "maintenance",
        }
    }
}

/// A handler's own word on its response: put it into the response's extensions.
///
/// It replaces what the status code says, for every SLO that the request is an event of, the built-in `requests` too. It
/// speaks for the answer and for nothing else: a good answer must still be fast enough for a latency SLO, and a request
/// that does not end with the answer (the body failed or panicked, the client left) is judged by that end.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use slo_core::{Cause, Classification, DEFAULT_PATIENCE, Ending, Judge, Outcome, Override, Reason};
///
/// let judge = Judge::new(&Classification::new(), None, DEFAULT_PATIENCE);
/// let empty_list = Override::bad(Cause::Degraded);
/// let judgement = judge.judge_with_reason(Ending::Answered(200), Duration::ZERO, Some(empty_list));
/// assert_eq!(judgement.outcome, Outcome::Bad);
/// assert_eq!(judgement.reason, Reason::Handler(Cause::Degraded));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[must_use]
pub struct Override {
    outcome: Outcome,
    cause: Cause,
}

impl Override {
    /// The answer is no good.
    pub const fn bad(cause: Cause) -> Self {
        Self::new(Outcome::Bad, cause)
    }

    /// The answer is as good as it should be.
    pub const fn good(cause: Cause) -> Self {
        Self::new(Outcome::Good, cause)
    }

    /// The request does not count.
    pub const fn excluded(cause: Cause) -> Self {
        Self::new(Outcome::Excluded, cause)
    }

    /// What the handler decided.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        self.outcome
    }

    /// Why.
    #[must_use]
    pub const fn cause(self) -> Cause {
        self.cause
    }

    const fn new(outcome: Outcome, cause: Cause) -> Self {
        Self { outcome, cause }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_reasons_have_the_same_name() {
        let named = [
            Reason::Status,
            Reason::TooSlow,
            Reason::ServiceError,
            Reason::BodyError,
            Reason::Panicked,
            Reason::TimedOut,
            Reason::ClientGoneEarly,
            Reason::ClientGoneLate,
        ];
        let all: Vec<_> = named.into_iter().chain(Cause::ALL.map(Reason::Handler)).collect();
        let names: BTreeSet<_> = all.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(names.len(), all.len());
        let word = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        assert!(names.into_iter().all(word));
    }

    #[test]
    fn a_judgement_stays_in_a_register() {
        assert!(size_of::<Judgement>() <= 4);
        assert!(size_of::<Option<Override>>() <= 4);
    }
}
