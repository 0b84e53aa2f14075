//! The answer of one check: a state, the reason for it, and the numbers behind both.

use std::{cmp::Ordering, fmt, time::Duration};

use chrono::{DateTime, Utc};

/// Where a check stands. The words are those of the `Slo-Health-Status` header.
///
/// ```
/// use slo_health::State;
///
/// assert_eq!(State::Stale.to_string(), "stale");
/// assert!(State::Warn.is_good());
/// assert!(!State::Error.is_good()); // not knowing is not a success
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum State {
    /// The newest data is young enough.
    Fresh,
    /// Late, but still within the limit.
    Warn,
    /// Older than the limit.
    Stale,
    /// The read worked and found no data.
    Empty,
    /// The watermark lies in the future, further than clocks may differ: it proves nothing.
    Invalid,
    /// The check failed or panicked: nothing is known about the data.
    Error,
    /// The check did not answer by its deadline: nothing is known about the data.
    Timeout,
}

impl State {
    /// The word for this state, as it stands in the `Slo-Health-Status` header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Warn => "warn",
            Self::Stale => "stale",
            Self::Empty => "empty",
            Self::Invalid => "invalid",
            Self::Error => "error",
            Self::Timeout => "timeout",
        }
    }

    /// Whether this state keeps the promise: true for [`State::Fresh`] and [`State::Warn`] only.
    #[must_use]
    pub const fn is_good(self) -> bool {
        match self {
            Self::Fresh | Self::Warn => true,
            Self::Stale | Self::Empty | Self::Invalid | Self::Error | Self::Timeout => false,
        }
    }

    /// Which state speaks for several checks: the one with the highest rank. [`crate::Report`] explains the order.
    pub(crate) const fn rank(self) -> u8 {
        match self {
            Self::Fresh => 0,
            Self::Warn => 1,
            Self::Error => 2,
            Self::Timeout => 3,
            Self::Invalid => 4,
            Self::Empty => 5,
            Self::Stale => 6,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a verdict is what it is: a closed set of codes, safe to show to anyone and to match with a regular expression.
///
/// ```
/// assert_eq!(slo_health::Reason::PastLimit.to_string(), "past_limit");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// `within_limit`: the data is young enough.
    WithinLimit,
    /// `past_warning`: older than the policy's `warn_after`, not older than its limit.
    PastWarning,
    /// `past_limit`: older than the policy's limit.
    PastLimit,
    /// `no_data`: the read found nothing.
    NoData,
    /// `in_the_future`: the watermark is later than the clock by more than the tolerance.
    InTheFuture,
    /// `check_failed`: the check returned an error. Its text goes to the log, nowhere else.
    CheckFailed,
    /// `check_panicked`: the check panicked.
    CheckPanicked,
    /// `check_cancelled`: the read was thrown away before it ended, because its runtime shut down.
    CheckCancelled,
    /// `no_answer`: the check did not answer by the deadline.
    NoAnswer,
    /// `verdict_expired`: the background refresh has not looked at the data for too long.
    VerdictExpired,
    /// `as_reported`: a [custom](crate::Check::custom) check says so itself.
    AsReported,
}

impl Reason {
    /// The code of this reason, as it stands in the `Slo-Health-Reason` header after the check's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WithinLimit => "within_limit",
            Self::PastWarning => "past_warning",
            Self::PastLimit => "past_limit",
            Self::NoData => "no_data",
            Self::InTheFuture => "in_the_future",
            Self::CheckFailed => "check_failed",
            Self::CheckPanicked => "check_panicked",
            Self::CheckCancelled => "check_cancelled",
            Self::NoAnswer => "no_answer",
            Self::VerdictExpired => "verdict_expired",
            Self::AsReported => "as_reported",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a read ended without an [`Observation`](crate::Observation).
///
/// It carries no text: what a driver says about its connection must not leave the process.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// The check returned an error.
    Failed,
    /// The check panicked.
    Panicked,
    /// The read was thrown away before it ended, because its runtime shut down.
    Cancelled,
    /// The check did not answer by its deadline.
    TimedOut,
    /// The last read is older than a background refresh allows.
    Expired,
}

impl Failure {
    /// The state that this failure reads as: [`State::Timeout`] for a missing answer, else [`State::Error`].
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::Failed | Self::Panicked | Self::Cancelled | Self::Expired => State::Error,
            Self::TimedOut => State::Timeout,
        }
    }

    /// The reason code of this failure.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Failed => Reason::CheckFailed,
            Self::Panicked => Reason::CheckPanicked,
            Self::Cancelled => Reason::CheckCancelled,
            Self::TimedOut => Reason::NoAnswer,
            Self::Expired => Reason::VerdictExpired,
        }
    }
}

/// What a policy says about an observation at one instant. Made by [`judge`](crate::judge) and
/// [`judge_failure`](crate::judge_failure).
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Verdict {
    pub(crate) state: State,
    pub(crate) reason: Reason,
    pub(crate) watermark: Option<DateTime<Utc>>,
    pub(crate) age: Option<Duration>,
    pub(crate) limit: Option<Duration>,
    pub(crate) proof_until: Option<DateTime<Utc>>,
}

impl Verdict {
    /// Where the check stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Why it stands there.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The instant of the newest business event.
    ///
    /// `None` for [`State::Empty`]. For [`State::Error`] and [`State::Timeout`] it is the last one known, if any. For
    /// [`State::Invalid`] it is the impossible instant itself, so that an operator can look for that row.
    #[must_use]
    pub const fn watermark(&self) -> Option<DateTime<Utc>> {
        self.watermark
    }

    /// The age of the data: now minus the watermark, and zero for a watermark that is a tolerated bit in the future.
    ///
    /// `None` when there is no watermark or it is invalid.
    #[must_use]
    pub const fn age(&self) -> Option<Duration> {
        self.age
    }

    /// The greatest age at which the data still counts as not stale; `None` for a policy that knows no such number.
    #[must_use]
    pub const fn limit(&self) -> Option<Duration> {
        self.limit
    }

    /// The last instant at which this observation, on its own, still proves [`State::Fresh`].
    ///
    /// Data only gets newer, so until then FRESH can be answered without a look at the data. For warn and stale it lies
    /// in the past. `None` when the observation proves nothing: empty, invalid, error and timeout. It ends with the last
    /// instant a `DateTime` can hold when the limit is that large.
    #[must_use]
    pub const fn proof_until(&self) -> Option<DateTime<Utc>> {
        self.proof_until
    }

    /// The order of badness: first by state, then by age relative to the check's own limit.
    pub(crate) fn cmp_badness(&self, other: &Self) -> Ordering {
        let by_state = self.state.rank().cmp(&other.state.rank());
        by_state.then_with(|| self.cmp_relative_age(other))
    }

    /// Compares `age / limit` as exact fractions in milliseconds; a verdict without the numbers counts as age 0.
    fn cmp_relative_age(&self, other: &Self) -> Ordering {
        let fraction = |verdict: &Self| match (verdict.age, verdict.limit) {
            (Some(age), Some(limit)) => (age.as_millis(), limit.as_millis().max(1)),
            _ => (0, 1),
        };
        let ((age, limit), (other_age, other_limit)) = (fraction(self), fraction(other));
        // Saturating: 524,000 years (all of chrono's range) are 2^54 ms, so only limits beyond 2^74 ms could tie here.
        age.saturating_mul(other_limit).cmp(&other_age.saturating_mul(limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [State; 7] = [
        State::Fresh,
        State::Warn,
        State::Stale,
        State::Empty,
        State::Invalid,
        State::Error,
        State::Timeout,
    ];

    fn aged(state: State, age: u64, limit: u64) -> Verdict {
        Verdict {
            state,
            reason: Reason::WithinLimit,
            watermark: None,
            age: Some(Duration::from_secs(age)),
            limit: Some(Duration::from_secs(limit)),
            proof_until: None,
        }
    }

    #[test]
    fn the_words_of_the_header_are_pinned() {
        assert_eq!(
            STATES.map(State::as_str),
            ["fresh", "warn", "stale", "empty", "invalid", "error", "timeout"]
        );
    }

    #[test]
    fn only_fresh_and_warn_are_good() {
        assert_eq!(
            STATES.map(State::is_good),
            [true, true, false, false, false, false, false]
        );
    }

    #[test]
    fn a_known_violation_outranks_not_knowing() {
        let mut by_rank = STATES;
        by_rank.sort_by_key(|state| std::cmp::Reverse(state.rank()));
        let expected = [
            State::Stale,
            State::Empty,
            State::Invalid,
            State::Timeout,
            State::Error,
            State::Warn,
            State::Fresh,
        ];
        assert_eq!(by_rank, expected);
    }

    #[test]
    fn within_a_state_the_age_counts_relative_to_the_limit() {
        let half_of_a_day = aged(State::Fresh, 43_200, 86_400);
        let most_of_a_minute = aged(State::Fresh, 50, 60);
        assert_eq!(most_of_a_minute.cmp_badness(&half_of_a_day), Ordering::Greater);
        assert_eq!(half_of_a_day.cmp_badness(&aged(State::Fresh, 30, 60)), Ordering::Equal);
        assert_eq!(half_of_a_day.cmp_badness(&aged(State::Warn, 0, 60)), Ordering::Less);
    }

    #[test]
    fn extreme_limits_neither_panic_nor_divide_by_zero() {
        let endless = aged(State::Fresh, u64::MAX, u64::MAX);
        let zero = aged(State::Fresh, 1, 0);
        assert_eq!(zero.cmp_badness(&zero), Ordering::Equal);
        assert_eq!(endless.cmp_badness(&endless), Ordering::Equal);
    }

    #[test]
    fn every_failure_has_its_code() {
        let failures = [
            Failure::Failed,
            Failure::Panicked,
            Failure::Cancelled,
            Failure::TimedOut,
            Failure::Expired,
        ];
        assert_eq!(
            failures.map(|failure| failure.reason().as_str()),
            [
                "check_failed",
                "check_panicked",
                "check_cancelled",
                "no_answer",
                "verdict_expired"
            ]
        );
        assert_eq!(
            failures.map(Failure::state),
            [State::Error, State::Error, State::Error, State::Timeout, State::Error]
        );
    }
}
