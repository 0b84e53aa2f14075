//! What a check with rules of its own says.

use std::time::Duration;

use chrono::{DateTime, TimeZone, Utc};

use crate::{
    freshness::{Freshness, judge, judge_failure},
    observation::Observation,
    verdict::{Failure, Reason, State, Verdict},
};

/// What a [custom](crate::Check::custom) check says of its data: one of the five states that are known by looking.
///
/// Error and timeout are not among them: they say that nobody could look. An `Err` of the check's closure is an error,
/// and an answer that does not come is a timeout.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use slo_health::Finding;
///
/// /// Two replicas that disagree by more than a thousand rows are stale, whatever their newest row is.
/// fn compared(ours: u64, theirs: u64, newest: DateTime<Utc>) -> Finding {
///     match theirs.abs_diff(ours) {
///         0..=100 => Finding::fresh(),
///         101..=1_000 => Finding::warn(),
///         _ => Finding::stale(),
///     }
///     .watermark(newest)
/// }
/// # assert_ne!(compared(1, 5_000, Utc::now()), Finding::stale());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Finding {
    state: State,
    watermark: Option<DateTime<Utc>>,
}

impl Finding {
    /// The data keeps its promise.
    pub const fn fresh() -> Self {
        Self::new(State::Fresh)
    }

    /// Late, but the promise is still kept.
    pub const fn warn() -> Self {
        Self::new(State::Warn)
    }

    /// The promise is broken.
    pub const fn stale() -> Self {
        Self::new(State::Stale)
    }

    /// There is no data.
    pub const fn empty() -> Self {
        Self::new(State::Empty)
    }

    /// There is data that cannot be true.
    pub const fn invalid() -> Self {
        Self::new(State::Invalid)
    }

    /// The instant of the newest business event, for `Last-Modified` and the age. It decides nothing here.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an instant is a value, often the result of a computation"
    )]
    pub fn watermark<Tz: TimeZone>(mut self, watermark: DateTime<Tz>) -> Self {
        self.watermark = Some(watermark.to_utc());
        self
    }

    const fn new(state: State) -> Self {
        Self { state, watermark: None }
    }
}

/// What a read that worked has seen.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    /// Judged by a policy, anew at each answer.
    Data(Observation),
    /// Judged by the check itself when it looked: true then, and no proof of anything later.
    Found(Finding),
}

impl Seen {
    pub(crate) fn verdict(&self, policy: &Freshness, now: DateTime<Utc>) -> Verdict {
        match self {
            Self::Data(observation) => judge(policy, observation, now),
            Self::Found(finding) => Verdict {
                state: finding.state,
                reason: Reason::AsReported,
                ..self.failed(policy, Failure::Failed, now)
            },
        }
    }

    /// The verdict that nothing is known, beside what was seen here before.
    pub(crate) fn failed(&self, policy: &Freshness, failure: Failure, now: DateTime<Utc>) -> Verdict {
        match self {
            Self::Data(observation) => judge_failure(policy, failure, Some(observation), now),
            Self::Found(Finding { watermark, .. }) => Verdict {
                watermark: *watermark,
                age: watermark.map(|watermark| (now - watermark).to_std().unwrap_or(Duration::ZERO)),
                limit: None,
                ..judge_failure(policy, failure, None, now)
            },
        }
    }

    pub(crate) const fn is_judged_by_policy(&self) -> bool {
        match self {
            Self::Data(_) => true,
            Self::Found(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_finding_is_the_verdict_and_proves_nothing() {
        let (policy, now) = (Freshness::within(HOUR), DateTime::UNIX_EPOCH + 2 * HOUR);
        for (finding, state) in [
            (Finding::fresh(), State::Fresh),
            (Finding::warn(), State::Warn),
            (Finding::stale(), State::Stale),
            (Finding::empty(), State::Empty),
            (Finding::invalid(), State::Invalid),
        ] {
            let verdict = Seen::Found(finding.watermark(DateTime::UNIX_EPOCH)).verdict(&policy, now);
            assert_eq!((verdict.state(), verdict.reason()), (state, Reason::AsReported));
            assert_eq!(verdict.watermark(), Some(DateTime::UNIX_EPOCH));
            assert_eq!((verdict.age(), verdict.limit()), (Some(2 * HOUR), None));
            assert_eq!(verdict.proof_until(), None);
        }
    }

    #[test]
    fn a_finding_without_a_watermark_has_no_age_and_one_ahead_has_none_to_speak_of() {
        let (policy, now) = (Freshness::within(HOUR), DateTime::UNIX_EPOCH);
        assert_eq!(Seen::Found(Finding::fresh()).verdict(&policy, now).age(), None);
        let ahead = Seen::Found(Finding::fresh().watermark(now + HOUR)).verdict(&policy, now);
        assert_eq!(ahead.age(), Some(Duration::ZERO));
    }
}
