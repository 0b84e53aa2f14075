//! The answer of one check: a state, the reason for it, and the numbers behind both.

mod cycle;
mod explain;
mod reason;
mod signal;

use std::{cmp::Ordering, fmt, time::Duration};

use chrono::{DateTime, Utc};

pub use self::{cycle::Cycle, reason::Reason, signal::Signal};

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
    /// The policy is kept.
    Fresh,
    /// Kept still, but somebody should look: late and within the limit, or judged by a list of holidays that has ended.
    Warn,
    /// The policy is not kept: data too old, a batch missing, a period empty, rows too few.
    Stale,
    /// The read worked and found no data.
    Empty,
    /// The observation proves nothing: an instant in the future, further than clocks may differ, or a signal missing that
    /// the policy needs.
    Invalid,
    /// The check failed or panicked: nothing is known about the data.
    Error,
    /// The check did not answer by its deadline: nothing is known about the data.
    Timeout,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Fresh,
        Self::Warn,
        Self::Stale,
        Self::Empty,
        Self::Invalid,
        Self::Error,
        Self::Timeout,
    ];

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

    /// Which state speaks for several checks: the one with the highest rank. `Report` explains the order.
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
///
/// ```
/// use std::time::Duration;
///
/// use chrono::{DateTime, Utc};
/// use slo_health::{Freshness, Observation, Signal, judge};
///
/// let noon: DateTime<Utc> = "2026-03-01T12:00:00Z".parse()?;
/// let hour = Duration::from_secs(3600);
/// let verdict = judge(&Freshness::within(hour), &Observation::at(noon), noon + hour / 2);
/// assert_eq!(verdict.signal(), Some(Signal::Age));
/// assert_eq!(verdict.proof_until(), Some(noon + hour));
/// assert_eq!(verdict.next_change(), Some(noon + hour + Duration::from_nanos(1)));
/// assert_eq!(verdict.explain().to_string(), "fresh: the newest event is 30 min old and may be 1 h old");
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Verdict {
    pub(crate) state: State,
    pub(crate) reason: Reason,
    pub(crate) signal: Option<Signal>,
    pub(crate) watermark: Option<DateTime<Utc>>,
    pub(crate) age: Option<Duration>,
    pub(crate) limit: Option<Duration>,
    pub(crate) cycle: Option<Cycle>,
    pub(crate) deadline: Option<DateTime<Utc>>,
    pub(crate) rows: Option<(u64, u64)>,
    pub(crate) proof_until: Option<DateTime<Utc>>,
    pub(crate) next_change: Option<DateTime<Utc>>,
    pub(crate) quiet: bool,
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

    /// What decided; `None` where there was nothing to look at: empty, error, timeout.
    #[must_use]
    pub const fn signal(&self) -> Option<Signal> {
        self.signal
    }

    /// The instant of the newest business event.
    ///
    /// `None` for [`State::Empty`] and for data that has no such instant. For [`State::Error`] and [`State::Timeout`] it
    /// is the last one known, if any. For [`State::Invalid`] it may be the impossible instant itself, so that an operator
    /// can look for that row.
    #[must_use]
    pub const fn watermark(&self) -> Option<DateTime<Utc>> {
        self.watermark
    }

    /// The age of the data: now minus the watermark, or minus the load where [that](Signal::Loaded) decided; zero for an
    /// instant that is a tolerated bit in the future.
    ///
    /// `None` when there is no such instant or it is impossible.
    #[must_use]
    pub const fn age(&self) -> Option<Duration> {
        self.age
    }

    /// The greatest age at which the data still counts as not stale; `None` for a policy that knows no such number.
    #[must_use]
    pub const fn limit(&self) -> Option<Duration> {
        self.limit
    }

    /// The first cycle whose batch the data does not cover, so the one due next or the first one missed; of a policy by
    /// period, the period that the newest event is in. `None` for other policies, and where that is not known.
    #[must_use]
    pub const fn cycle(&self) -> Option<Cycle> {
        self.cycle
    }

    /// When the batch of the [cycle](Self::cycle) is due, without its grace; of a policy by period, when an event of a
    /// later period is needed.
    #[must_use]
    pub const fn deadline(&self) -> Option<DateTime<Utc>> {
        self.deadline
    }

    /// How many rows there are, where too few of them decided.
    #[must_use]
    pub const fn rows(&self) -> Option<u64> {
        match self.rows {
            Some((rows, _)) => Some(rows),
            None => None,
        }
    }

    /// How many rows were needed, where too few of them decided.
    #[must_use]
    pub const fn rows_needed(&self) -> Option<u64> {
        match self.rows {
            Some((_, needed)) => Some(needed),
            None => None,
        }
    }

    /// The last instant at which this observation, on its own, still proves [`State::Fresh`].
    ///
    /// Data only gets newer, so until then FRESH can be answered without a look at the data. For warn and stale it lies
    /// in the past. `None` when the observation proves nothing and never did: empty, invalid, error and timeout, and too
    /// few rows. It ends with the last instant a `DateTime` can hold when the limit is that large.
    ///
    /// Of rows it proves what holds while those of a period only become more. A policy by age or deadline that counts
    /// rows has to be read to see the next batch, which may be a small one.
    #[must_use]
    pub const fn proof_until(&self) -> Option<DateTime<Utc>> {
        self.proof_until
    }

    /// The first instant after now at which state, reason or [`quiet`](Self::quiet) will be another, if nothing lands;
    /// `None` when they stay as they are.
    ///
    /// Quiet windows that follow one another without a gap for weeks are taken to do so for ever.
    #[must_use]
    pub const fn next_change(&self) -> Option<DateTime<Utc>> {
        self.next_change
    }

    /// Whether now is in a [`QuietWindow`](crate::QuietWindow) of the policy: then the state counts for nothing.
    #[must_use]
    pub const fn quiet(&self) -> bool {
        self.quiet
    }

    /// The order of badness: first by state, in the order that `Report` explains, then by age relative to the check's
    /// own limit.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use chrono::{DateTime, Utc};
    /// use slo_health::{Freshness, Observation, judge};
    ///
    /// # let noon: DateTime<Utc> = "2026-03-01T12:00:00Z".parse()?;
    /// let seen = Observation::at(noon - Duration::from_secs(60));
    /// let under = |limit: u64| judge(&Freshness::within(Duration::from_secs(limit)), &seen, noon);
    /// assert!(under(100).cmp_badness(&under(1000)).is_gt()); // both fresh, one nearer to its limit
    /// assert!(under(100).cmp_badness(&under(59)).is_lt());
    /// # Ok::<(), chrono::ParseError>(())
    /// ```
    #[must_use]
    pub fn cmp_badness(&self, other: &Self) -> Ordering {
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

    fn aged(state: State, age: u64, limit: u64) -> Verdict {
        Verdict {
            state,
            reason: Reason::WithinLimit,
            signal: Some(Signal::Age),
            watermark: None,
            age: Some(Duration::from_secs(age)),
            limit: Some(Duration::from_secs(limit)),
            cycle: None,
            deadline: None,
            rows: None,
            proof_until: None,
            next_change: None,
            quiet: false,
        }
    }

    #[test]
    fn the_words_of_the_header_are_pinned() {
        assert_eq!(
            State::ALL.map(State::as_str),
            ["fresh", "warn", "stale", "empty", "invalid", "error", "timeout"]
        );
    }

    #[test]
    fn only_fresh_and_warn_are_good() {
        assert_eq!(
            State::ALL.map(State::is_good),
            [true, true, false, false, false, false, false]
        );
    }

    #[test]
    fn a_known_violation_outranks_not_knowing() {
        let mut by_rank = State::ALL;
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
