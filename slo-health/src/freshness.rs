//! When data counts as fresh: the policy, and the pure functions that apply it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    observation::Observation,
    verdict::{Failure, Reason, State, Verdict},
};

/// When data counts as fresh.
///
/// [`Freshness::within`] bounds the age of the data; more kinds of policy will follow, so the type shows no fields.
/// A policy that makes no sense (a limit of zero, a warning that never comes) is refused by
/// [`SyntheticHealthBuilder::build`](crate::SyntheticHealthBuilder::build).
///
/// ```
/// use std::time::Duration;
///
/// use chrono::{DateTime, Utc};
/// use slo_health::{Freshness, Observation, State, judge};
///
/// let hours = |n: u64| Duration::from_secs(n * 3600);
/// let policy = Freshness::within(hours(26)).warn_after(hours(24));
/// let seen = Observation::at("2026-03-01T06:00:00Z".parse::<DateTime<Utc>>()?);
///
/// let state_at = |now: &str| Ok::<_, chrono::ParseError>(judge(&policy, &seen, now.parse()?).state());
/// assert_eq!(state_at("2026-03-02T06:00:00Z")?, State::Fresh); // 24 h old: exactly at the boundary is still fresh
/// assert_eq!(state_at("2026-03-02T08:00:00Z")?, State::Warn); // 26 h
/// assert_eq!(state_at("2026-03-02T08:00:00.000000001Z")?, State::Stale);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Freshness {
    rule: Rule,
    future_tolerance: Duration,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Rule {
    Within {
        limit: Duration,
        warn_after: Option<Duration>,
    },
}

impl Freshness {
    /// Fresh as long as the newest event is at most `limit` old: fresh iff `age <= limit`.
    pub const fn within(limit: Duration) -> Self {
        Self {
            rule: Rule::Within {
                limit,
                warn_after: None,
            },
            future_tolerance: FUTURE_TOLERANCE,
        }
    }

    /// Warns when the data is older than `age` and not yet stale: fresh iff `age <= warn_after`, warn up to the limit.
    ///
    /// A warning still answers 200: it is for people, before the promise breaks.
    pub const fn warn_after(mut self, age: Duration) -> Self {
        match &mut self.rule {
            Rule::Within { warn_after, .. } => *warn_after = Some(age),
        }
        self
    }

    /// How far ahead of this clock a watermark may lie, because clocks differ: 5 minutes unless said otherwise.
    ///
    /// Up to and including that, the age is zero. Beyond it the observation is invalid and never fresh: one row dated
    /// next year would else keep the check fresh until then. A query with `WHERE ts <= now()` avoids such rows.
    pub const fn future_tolerance(mut self, tolerance: Duration) -> Self {
        self.future_tolerance = tolerance;
        self
    }

    /// The greatest age that is not yet stale, and the age that brings a warning.
    pub(crate) const fn limits(&self) -> (Duration, Option<Duration>) {
        match self.rule {
            Rule::Within { limit, warn_after } => (limit, warn_after),
        }
    }

    fn is_beyond_tolerance(&self, watermark: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        (watermark - now)
            .to_std()
            .is_ok_and(|ahead| ahead > self.future_tolerance)
    }
}

/// Says what `policy` makes of `observation` at the instant `now`. Pure: no clock, no I/O, never panics.
///
/// | observation | state |
/// | --- | --- |
/// | no data | empty |
/// | watermark later than `now` by more than the tolerance | invalid |
/// | `age <= warn_after` (`age <= limit` without a warning) | fresh |
/// | `age <= limit` | warn |
/// | `age > limit` | stale |
///
/// Good offline too: "what would this have said at 05:59?" See [`Freshness`] for an example.
pub fn judge(policy: &Freshness, observation: &Observation, now: DateTime<Utc>) -> Verdict {
    let Some(watermark) = observation.watermark() else {
        return unproven(policy, State::Empty, Reason::NoData, None);
    };
    if policy.is_beyond_tolerance(watermark, now) {
        return unproven(policy, State::Invalid, Reason::InTheFuture, Some(watermark));
    }
    let (limit, warn_after) = policy.limits();
    let fresh_up_to = warn_after.map_or(limit, |warning| warning.min(limit));
    let age = age(watermark, now);
    let (state, reason) = match age {
        age if age <= fresh_up_to => (State::Fresh, Reason::WithinLimit),
        age if age <= limit => (State::Warn, Reason::PastWarning),
        _ => (State::Stale, Reason::PastLimit),
    };
    Verdict {
        age: Some(age),
        proof_until: Some(later(watermark, fresh_up_to)),
        ..unproven(policy, state, reason, Some(watermark))
    }
}

/// Says what it means at the instant `now` that a read gave no observation: error or timeout, never fresh. Pure.
///
/// `last_known` is what an earlier read saw, if any. It decides nothing; the verdict only repeats its watermark and
/// age, unless that watermark is in the future beyond the policy's tolerance.
///
/// ```
/// use std::time::Duration;
///
/// use chrono::{DateTime, Utc};
/// use slo_health::{Failure, Freshness, Observation, State, judge_failure};
///
/// let noon: DateTime<Utc> = "2026-03-01T12:00:00Z".parse()?;
/// let policy = Freshness::within(Duration::from_secs(3600));
/// let verdict = judge_failure(&policy, Failure::TimedOut, Some(&Observation::at(noon)), noon);
/// assert_eq!(verdict.state(), State::Timeout);
/// assert_eq!(verdict.watermark(), Some(noon));
/// assert_eq!(verdict.proof_until(), None);
/// # Ok::<(), chrono::ParseError>(())
/// ```
pub fn judge_failure(
    policy: &Freshness,
    failure: Failure,
    last_known: Option<&Observation>,
    now: DateTime<Utc>,
) -> Verdict {
    let watermark = last_known
        .and_then(Observation::watermark)
        .filter(|&known| !policy.is_beyond_tolerance(known, now));
    Verdict {
        age: watermark.map(|known| age(known, now)),
        ..unproven(policy, failure.state(), failure.reason(), watermark)
    }
}

fn unproven(policy: &Freshness, state: State, reason: Reason, watermark: Option<DateTime<Utc>>) -> Verdict {
    let (limit, _) = policy.limits();
    Verdict {
        state,
        reason,
        watermark,
        age: None,
        limit: Some(limit),
        proof_until: None,
    }
}

/// Zero for a watermark in the future: the caller has ruled out all but a difference between clocks.
fn age(watermark: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (now - watermark).to_std().unwrap_or(Duration::ZERO)
}

fn later(instant: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by)
        .ok()
        .and_then(|by| instant.checked_add_signed(by))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

const FUTURE_TOLERANCE: Duration = Duration::from_secs(5 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    const NANO: Duration = Duration::from_nanos(1);
    const HOUR: Duration = Duration::from_secs(3600);

    fn noon() -> DateTime<Utc> {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    fn judged(policy: &Freshness, age: Duration) -> Verdict {
        judge(policy, &Observation::at(noon()), noon() + age)
    }

    #[test]
    fn fresh_exactly_up_to_the_limit_and_stale_one_nanosecond_later() {
        let policy = Freshness::within(HOUR);
        assert_eq!(judged(&policy, HOUR - NANO).state(), State::Fresh);
        assert_eq!(judged(&policy, HOUR).state(), State::Fresh);
        let stale = judged(&policy, HOUR + NANO);
        assert_eq!((stale.state(), stale.reason()), (State::Stale, Reason::PastLimit));
        assert_eq!((stale.age(), stale.limit()), (Some(HOUR + NANO), Some(HOUR)));
    }

    #[test]
    fn warns_between_the_two_boundaries() {
        let policy = Freshness::within(2 * HOUR).warn_after(HOUR);
        assert_eq!(judged(&policy, HOUR).state(), State::Fresh);
        let warn = judged(&policy, HOUR + NANO);
        assert_eq!((warn.state(), warn.reason()), (State::Warn, Reason::PastWarning));
        assert_eq!(judged(&policy, 2 * HOUR).state(), State::Warn);
        assert_eq!(judged(&policy, 2 * HOUR + NANO).state(), State::Stale);
    }

    #[test]
    fn the_proof_holds_exactly_until_fresh_ends() {
        for policy in [Freshness::within(HOUR), Freshness::within(2 * HOUR).warn_after(HOUR)] {
            let seen = Observation::at(noon());
            let proof = judge(&policy, &seen, noon()).proof_until().unwrap();
            assert_eq!(proof, noon() + HOUR);
            assert_eq!(judge(&policy, &seen, proof).state(), State::Fresh);
            assert_ne!(judge(&policy, &seen, proof + NANO).state(), State::Fresh);
        }
    }

    #[test]
    fn a_warning_at_or_above_the_limit_never_stretches_the_limit() {
        let policy = Freshness::within(HOUR).warn_after(2 * HOUR);
        assert_eq!(judged(&policy, HOUR + NANO).state(), State::Stale);
        assert_eq!(judged(&policy, HOUR).proof_until(), Some(noon() + HOUR));
    }

    #[test]
    fn no_data_is_empty_and_proves_nothing() {
        let verdict = judge(&Freshness::within(HOUR), &Observation::empty(), noon());
        assert_eq!((verdict.state(), verdict.reason()), (State::Empty, Reason::NoData));
        assert_eq!(
            (verdict.watermark(), verdict.age(), verdict.proof_until()),
            (None, None, None)
        );
    }

    #[test]
    fn a_little_ahead_is_age_zero_and_beyond_the_tolerance_invalid() {
        let policy = Freshness::within(HOUR);
        let five_minutes = Duration::from_secs(300);
        let at_tolerance = judge(&policy, &Observation::at(noon() + five_minutes), noon());
        assert_eq!(
            (at_tolerance.state(), at_tolerance.age()),
            (State::Fresh, Some(Duration::ZERO))
        );

        let poisoned = noon() + five_minutes + NANO;
        let beyond = judge(&policy, &Observation::at(poisoned), noon());
        assert_eq!((beyond.state(), beyond.reason()), (State::Invalid, Reason::InTheFuture));
        assert_eq!(
            (beyond.watermark(), beyond.age(), beyond.proof_until()),
            (Some(poisoned), None, None)
        );
    }

    #[test]
    fn the_tolerance_can_be_set_even_to_none() {
        let strict = Freshness::within(HOUR).future_tolerance(Duration::ZERO);
        assert_eq!(judge(&strict, &Observation::at(noon()), noon()).state(), State::Fresh);
        assert_eq!(
            judge(&strict, &Observation::at(noon() + NANO), noon()).state(),
            State::Invalid
        );
    }

    #[test]
    fn a_failure_is_never_fresh_and_repeats_what_was_known() {
        let policy = Freshness::within(HOUR);
        let known = Observation::at(noon());
        let verdict = judge_failure(&policy, Failure::Failed, Some(&known), noon() + HOUR);
        assert_eq!((verdict.state(), verdict.reason()), (State::Error, Reason::CheckFailed));
        assert_eq!((verdict.watermark(), verdict.age()), (Some(noon()), Some(HOUR)));
        assert_eq!(verdict.proof_until(), None);
        assert_eq!(
            judge_failure(&policy, Failure::Panicked, None, noon()).watermark(),
            None
        );
    }

    #[test]
    fn a_failure_does_not_repeat_an_impossible_watermark() {
        let next_day = Observation::at(noon() + 24 * HOUR);
        let verdict = judge_failure(&Freshness::within(HOUR), Failure::TimedOut, Some(&next_day), noon());
        assert_eq!((verdict.watermark(), verdict.age()), (None, None));
    }

    #[test]
    fn extreme_instants_and_limits_do_not_panic() {
        let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
        let endless = Freshness::within(Duration::MAX).future_tolerance(Duration::MAX);
        for (watermark, now) in [(first, last), (last, first), (last, last)] {
            let verdict = judge(&endless, &Observation::at(watermark), now);
            assert_eq!((verdict.state(), verdict.proof_until()), (State::Fresh, Some(last)));
        }
        assert_eq!(
            judge(&Freshness::within(HOUR), &Observation::at(first), last).state(),
            State::Stale
        );
        assert_eq!(
            judge(&Freshness::within(HOUR), &Observation::at(last), first).state(),
            State::Invalid
        );
    }

    #[test]
    fn a_limit_of_zero_is_fresh_only_at_the_instant_itself() {
        let policy = Freshness::within(Duration::ZERO);
        assert_eq!(judged(&policy, Duration::ZERO).state(), State::Fresh);
        assert_eq!(judged(&policy, NANO).state(), State::Stale);
    }
}
