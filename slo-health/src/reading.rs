//! How the last live read ended, and how long it may answer for the data without another look.

use std::time::Duration;

use tokio::time::Instant;

use crate::{finding::Seen, moment::Moment, read::Lost, verdict::State};

/// How often the data may and must be looked at. All are monotonic durations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// A run and every request that waits for it get an answer within this time of the run's start.
    pub(crate) timeout: Duration,
    /// FRESH may be proven from the cache for less than this time after the read was started.
    pub(crate) trust_for: Duration,
    /// While live reads fail, what the last one that worked saw is proof for less than this time after it was started.
    pub(crate) hold_for: Duration,
    /// Anything else may be repeated from the cache for less than this time after the read came back.
    pub(crate) min_interval: Duration,
    pub(crate) refresh: Option<Refresh>,
}

/// Reads in the background, which take the place of those that requests would cause.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refresh {
    pub(crate) every: Duration,
    /// A reading answers for less than this time after it was started.
    pub(crate) max_result_age: Duration,
}

/// What a live read that worked has seen. It is kept, never the verdict: the verdict is made anew for each request, so
/// it flips at the very instant the policy names.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) seen: Seen,
    /// When the read was started, because that is what it saw.
    pub(crate) looked: Moment,
}

/// How the last live read ended.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// `None` when it worked; what it saw is the slot's [`Known`] then.
    pub(crate) lost: Option<Lost>,
    pub(crate) started: Instant,
    pub(crate) finished: Instant,
    /// The read itself found a bad state, or failed.
    pub(crate) is_bad: bool,
    /// What was answered right after it broke the promise. A warning, or a proof that stood in for a read that failed, is
    /// bad and no accusation: what comes of it later needs one look first.
    pub(crate) accuses: bool,
    /// The read was made to confirm a bad state.
    pub(crate) doubted: bool,
}

impl Pace {
    /// The time for which FRESH needs no other look than that of the reading.
    fn trusted_for(&self) -> Duration {
        self.refresh.map_or(self.trust_for, |refresh| refresh.max_result_age)
    }
}

impl Reading {
    /// Whether `state`, judged from this reading, may be answered at `at` without a live read.
    pub(crate) fn may_answer(&self, state: State, proven: bool, pace: &Pace, at: Instant) -> bool {
        match state {
            // The proof: data only gets newer.
            State::Fresh if proven => at.duration_since(self.started) < pace.trusted_for(),
            State::Fresh
            | State::Warn
            | State::Stale
            | State::Empty
            | State::Invalid
            | State::Error
            | State::Timeout => self.may_repeat(state, pace, at),
        }
    }

    fn may_repeat(&self, state: State, pace: &Pace, at: Instant) -> bool {
        let rests = at.duration_since(self.finished) < pace.min_interval;
        if !state.is_good() && !self.accuses {
            // But for the rate: data that slips past its limit again and again is not read again and again.
            return self.doubted && rests;
        }
        let is_refreshed = self.is_bad && pace.refresh.is_some();
        self.confirms() && (rests || is_refreshed)
    }

    /// The read was made to confirm a bad state, or found one: only then may a bad state be repeated from it. A state
    /// that turns bad while it sits in the cache needs one look first, for new data may have landed since.
    const fn confirms(&self) -> bool {
        self.doubted || self.is_bad
    }

    /// Whether nobody has looked for longer than a background refresh allows.
    pub(crate) fn is_expired(&self, pace: &Pace, at: Instant) -> bool {
        let age = at.duration_since(self.started);
        pace.refresh.is_some_and(|refresh| age >= refresh.max_result_age)
    }

    /// The time from `at` until a bad state is looked at again; zero when that may happen at once.
    pub(crate) fn rest(&self, pace: &Pace, at: Instant) -> Duration {
        match pace.refresh {
            Some(refresh) => refresh.every.saturating_sub(at.duration_since(self.started)),
            None => pace.min_interval.saturating_sub(at.duration_since(self.finished)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const PACE: Pace = Pace {
        timeout: Duration::from_secs(5),
        trust_for: Duration::from_secs(60),
        hold_for: Duration::MAX,
        min_interval: SECOND,
        refresh: None,
    };
    const BAD: [State; 6] = [
        State::Warn,
        State::Stale,
        State::Empty,
        State::Invalid,
        State::Error,
        State::Timeout,
    ];

    fn reading(is_bad: bool) -> Reading {
        let started = Instant::now();
        Reading {
            lost: None,
            started,
            finished: started + 2 * SECOND,
            is_bad,
            accuses: is_bad,
            doubted: false,
        }
    }

    #[test]
    fn fresh_is_trusted_from_the_start_of_the_read() {
        let reading = reading(false);
        let almost = reading.started + Duration::from_millis(59_999);
        assert!(reading.may_answer(State::Fresh, true, &PACE, almost));
        assert!(!reading.may_answer(State::Fresh, true, &PACE, reading.started + 60 * SECOND));
    }

    #[test]
    fn no_trust_means_never_from_the_cache() {
        let reading = reading(true);
        let pace = Pace {
            trust_for: Duration::ZERO,
            ..PACE
        };
        assert!(!reading.may_answer(State::Fresh, true, &pace, reading.started));
    }

    #[test]
    fn fresh_without_proof_is_repeated_only_for_the_interval() {
        let reading = reading(true);
        assert!(reading.may_answer(State::Fresh, false, &PACE, reading.finished));
        assert!(!reading.may_answer(State::Fresh, false, &PACE, reading.finished + SECOND));
    }

    #[test]
    fn a_confirmed_bad_state_is_repeated_only_for_the_interval_after_the_read() {
        let reading = reading(true);
        for state in BAD {
            assert!(reading.may_answer(state, true, &PACE, reading.finished + Duration::from_millis(999)));
            assert!(!reading.may_answer(state, true, &PACE, reading.finished + SECOND));
        }
    }

    #[test]
    fn a_state_that_turned_bad_in_the_cache_needs_a_look_first() {
        let reading = reading(false);
        assert!(!reading.may_answer(State::Stale, true, &PACE, reading.finished));
    }

    #[test]
    fn a_warning_is_repeated_and_accuses_nobody() {
        let warned = Reading {
            accuses: false,
            ..reading(true)
        };
        assert!(warned.may_answer(State::Warn, true, &PACE, warned.finished));
        for state in [State::Stale, State::Empty, State::Invalid, State::Error, State::Timeout] {
            assert!(!warned.may_answer(state, true, &PACE, warned.finished));
        }
        let doubted = Reading {
            doubted: true,
            ..warned
        };
        assert!(doubted.may_answer(State::Stale, true, &PACE, doubted.finished));
        assert!(!doubted.may_answer(State::Stale, true, &PACE, doubted.finished + SECOND));
    }

    #[test]
    fn what_a_refresh_has_read_answers_until_it_is_too_old() {
        let (reading, pace) = (
            reading(true),
            Pace {
                trust_for: Duration::ZERO,
                refresh: Some(Refresh {
                    every: 10 * SECOND,
                    max_result_age: 30 * SECOND,
                }),
                ..PACE
            },
        );
        let almost = reading.started + 30 * SECOND - Duration::from_nanos(1);
        assert!(reading.may_answer(State::Fresh, true, &pace, almost));
        assert!(BAD.iter().all(|&state| reading.may_answer(state, true, &pace, almost)));
        let flipped = Reading {
            is_bad: false,
            doubted: true,
            ..reading.clone()
        };
        assert!(flipped.may_answer(State::Stale, true, &pace, flipped.finished));
        assert!(!flipped.may_answer(State::Stale, true, &pace, flipped.finished + SECOND));
        assert!(!reading.is_expired(&pace, almost));
        assert!(reading.is_expired(&pace, reading.started + 30 * SECOND));
        assert!(!reading.is_expired(&PACE, reading.started + 30 * SECOND));
        assert_eq!(reading.rest(&pace, reading.started + 4 * SECOND), 6 * SECOND);
    }
}
