//! The result of one live read, and how long it may answer for the data without another look.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::{
    freshness::{Freshness, judge, judge_failure},
    observation::Observation,
    verdict::{Failure, State, Verdict},
};

/// How often the data may and must be looked at. All are monotonic durations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// A run and every request that waits for it get an answer within this time of the run's start.
    pub(crate) deadline: Duration,
    /// FRESH may be proven from the cache for less than this time after the read was started.
    pub(crate) trust_for: Duration,
    /// Anything else may be repeated from the cache for less than this time after the read came back.
    pub(crate) min_interval: Duration,
}

/// What a live read brought home: an observation, or the way it failed. The observation is kept, never the verdict:
/// the verdict is made anew for each request, so it flips at the very instant the policy names.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) outcome: Result<Observation, Failure>,
    pub(crate) started: Instant,
    pub(crate) finished: Instant,
    /// The read was made to confirm a bad state, or found one: only then may a bad state be repeated from it. A state
    /// that turns bad while it sits in the cache needs one look first, for new data may have landed since.
    pub(crate) confirms: bool,
}

impl Reading {
    pub(crate) fn verdict(&self, policy: &Freshness, last_known: Option<&Observation>, now: DateTime<Utc>) -> Verdict {
        match &self.outcome {
            Ok(observation) => judge(policy, observation, now),
            Err(failure) => judge_failure(policy, *failure, last_known, now),
        }
    }

    /// Whether `state`, judged from this reading, may be answered at `at` without a live read.
    pub(crate) fn may_answer(&self, state: State, pace: &Pace, at: Instant) -> bool {
        match state {
            // The proof: data only gets newer. From the start of the read, because that is what it saw.
            State::Fresh => at.duration_since(self.started) < pace.trust_for,
            State::Warn | State::Stale | State::Empty | State::Invalid | State::Error | State::Timeout => {
                self.confirms && !self.rest(pace, at).is_zero()
            }
        }
    }

    /// The time from `at` until a bad state is looked at again; zero when that may happen at once.
    pub(crate) fn rest(&self, pace: &Pace, at: Instant) -> Duration {
        pace.min_interval.saturating_sub(at.duration_since(self.finished))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const PACE: Pace = Pace {
        deadline: Duration::from_secs(5),
        trust_for: Duration::from_secs(60),
        min_interval: SECOND,
    };

    fn reading(confirms: bool) -> Reading {
        let started = Instant::now();
        Reading {
            outcome: Ok(Observation::empty()),
            started,
            finished: started + 2 * SECOND,
            confirms,
        }
    }

    #[test]
    fn fresh_is_trusted_from_the_start_of_the_read() {
        let reading = reading(false);
        let almost = reading.started + Duration::from_millis(59_999);
        assert!(reading.may_answer(State::Fresh, &PACE, almost));
        assert!(!reading.may_answer(State::Fresh, &PACE, reading.started + 60 * SECOND));
    }

    #[test]
    fn no_trust_means_never_from_the_cache() {
        let reading = reading(true);
        let pace = Pace {
            trust_for: Duration::ZERO,
            ..PACE
        };
        assert!(!reading.may_answer(State::Fresh, &pace, reading.started));
    }

    #[test]
    fn a_confirmed_bad_state_is_repeated_only_for_the_interval_after_the_read() {
        let reading = reading(true);
        for state in [
            State::Warn,
            State::Stale,
            State::Empty,
            State::Invalid,
            State::Error,
            State::Timeout,
        ] {
            assert!(reading.may_answer(state, &PACE, reading.finished + Duration::from_millis(999)));
            assert!(!reading.may_answer(state, &PACE, reading.finished + SECOND));
        }
    }

    #[test]
    fn a_state_that_turned_bad_in_the_cache_needs_a_look_first() {
        let reading = reading(false);
        assert!(!reading.may_answer(State::Stale, &PACE, reading.finished));
    }
}
