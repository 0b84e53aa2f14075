//! Which status code the service answers with in each state.

use super::{
    error::ProbeKitError,
    states::{EVERY_STATE, ProbeState},
};
use crate::State;

/// The status code of each state; those of `slo-health` itself unless said otherwise.
///
/// A prober tells stale, a failed check and a check that timed out by the code, so these must differ.
///
/// ```
/// use slo_health::{State, probe::ProbeCodes};
///
/// assert_eq!(ProbeCodes::default().of(State::Stale), 503);
/// assert_eq!(ProbeCodes::default().with(State::Warn, 203).of(State::Warn), 203);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct ProbeCodes(Vec<(State, u16)>);

impl Default for ProbeCodes {
    fn default() -> Self {
        Self(EVERY_STATE.iter().map(|state| (*state, usual(*state))).collect())
    }
}

impl ProbeCodes {
    /// Another code for one state; the whole is checked when the kit is built.
    pub fn with(mut self, state: State, code: u16) -> Self {
        for entry in &mut self.0 {
            if entry.0 == state {
                entry.1 = code;
            }
        }
        self
    }

    /// The code of a state.
    #[must_use]
    pub fn of(&self, state: State) -> u16 {
        let found = self.0.iter().find(|(known, _)| *known == state);
        found.map_or_else(|| usual(state), |(_, code)| *code)
    }

    /// The codes by which a prober knows this state, each once, ascending; none for what is no answer of the service.
    pub(super) fn seen_as(&self, seen: ProbeState) -> Vec<u16> {
        let of_it = self.0.iter().filter(|(state, _)| ProbeState::of(*state) == seen);
        sorted(of_it.map(|(_, code)| *code).collect())
    }

    /// Every code in use, each once, ascending.
    pub(super) fn all(&self) -> Vec<u16> {
        sorted(self.0.iter().map(|(_, code)| *code).collect())
    }

    /// Each code is a final answer's, and no code means two things to a prober.
    pub(super) fn check(&self) -> Result<(), ProbeKitError> {
        for (state, code) in &self.0 {
            if !(200..=599).contains(code) {
                return Err(ProbeKitError::Code {
                    state: *state,
                    code: *code,
                });
            }
            let other =
                |(other, theirs): &&(State, u16)| theirs == code && ProbeState::of(*other) != ProbeState::of(*state);
            if let Some((other, _)) = self.0.iter().find(other) {
                return Err(ProbeKitError::CodeTwice {
                    code: *code,
                    one: *state,
                    other: *other,
                });
            }
        }
        Ok(())
    }
}

/// The table of [`SyntheticHealth::router`](crate::SyntheticHealth).
const fn usual(state: State) -> u16 {
    match state {
        State::Fresh | State::Warn => 200,
        State::Stale | State::Empty | State::Invalid => 503,
        State::Error => 500,
        State::Timeout => 504,
    }
}

fn sorted(mut codes: Vec<u16>) -> Vec<u16> {
    codes.sort_unstable();
    codes.dedup();
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_codes_tell_four_states_apart() {
        let codes = ProbeCodes::default();
        assert_eq!(codes.check(), Ok(()));
        assert_eq!(codes.all(), [200, 500, 503, 504]);
        let seen: Vec<_> = ProbeState::ALL.iter().map(|state| codes.seen_as(*state)).collect();
        assert_eq!(
            seen,
            [vec![200], vec![503], vec![500], vec![504], vec![], vec![], vec![]]
        );
    }

    #[test]
    fn states_that_mean_the_same_to_a_prober_may_have_codes_of_their_own() {
        let codes = ProbeCodes::default().with(State::Warn, 203).with(State::Empty, 404);
        assert_eq!(codes.check(), Ok(()));
        assert_eq!(codes.seen_as(ProbeState::Fresh), [200, 203]);
        assert_eq!(codes.seen_as(ProbeState::Stale), [404, 503]);
    }

    #[test]
    fn a_code_for_two_things_is_refused() {
        let error = ProbeCodes::default().with(State::Error, 503).check().unwrap_err();
        assert_eq!(
            error,
            ProbeKitError::CodeTwice {
                code: 503,
                one: State::Stale,
                other: State::Error
            }
        );
        assert_eq!(
            error.to_string(),
            "503 is the code of stale and of error, so a prober cannot tell them apart; give each a code of its own"
        );
    }

    #[test]
    fn what_is_no_final_status_code_is_refused() {
        for code in [0, 100, 199, 600] {
            let error = ProbeCodes::default().with(State::Stale, code).check();
            assert_eq!(
                error,
                Err(ProbeKitError::Code {
                    state: State::Stale,
                    code
                })
            );
        }
    }
}
