//! What a prober can tell apart, and what it knows from the service's own answer.

use std::fmt;

use slo_core::{DownCounts, Outcome};

use crate::State;

/// What one probe found: exactly one of seven.
///
/// The first four are answers of `slo-health` itself, recognised by their `Slo-Health-Status` header; the others are
/// what a prober sees when no such answer comes.
///
/// ```
/// use slo_health::{State, probe::ProbeState};
///
/// assert_eq!(ProbeState::of(State::Empty), ProbeState::Stale); // both are 503: no data is not fresh data
/// assert!(ProbeState::Foreign.is_down());
/// assert_eq!(ProbeState::ALL.len(), 7);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ProbeState {
    /// The service says fresh or warn.
    Fresh,
    /// The service says stale, empty or invalid.
    Stale,
    /// The service says that its check failed: nothing is known about the data.
    CheckError,
    /// The service says that its check did not answer by the deadline.
    CheckTimeout,
    /// Somebody else answered: a proxy, a load balancer, another program, a redirect to a login page.
    Foreign,
    /// The connection was made and no answer came in time. For `https`, a handshake that fails, too.
    Hung,
    /// No connection: refused, no route, no such name.
    Unreachable,
}

impl ProbeState {
    /// All seven, in the order of the enum.
    pub const ALL: [Self; 7] = [
        Self::Fresh,
        Self::Stale,
        Self::CheckError,
        Self::CheckTimeout,
        Self::Foreign,
        Self::Hung,
        Self::Unreachable,
    ];

    /// The word for this state, as in the label `state` of `slo_health:probe_state`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::CheckError => "check_error",
            Self::CheckTimeout => "check_timeout",
            Self::Foreign => "foreign",
            Self::Hung => "hung",
            Self::Unreachable => "unreachable",
        }
    }

    /// What a probe finds when the service answers with this state.
    #[must_use]
    pub const fn of(state: State) -> Self {
        match state {
            State::Fresh | State::Warn => Self::Fresh,
            State::Stale | State::Empty | State::Invalid => Self::Stale,
            State::Error => Self::CheckError,
            State::Timeout => Self::CheckTimeout,
        }
    }

    /// Whether the service itself did not answer, so that its users get nothing either.
    #[must_use]
    pub const fn is_down(self) -> bool {
        match self {
            Self::Fresh | Self::Stale | Self::CheckError | Self::CheckTimeout => false,
            Self::Foreign | Self::Hung | Self::Unreachable => true,
        }
    }

    /// What a probe that found this is for a freshness SLO: not knowing is bad, being down what `down_counts` says.
    #[must_use]
    pub const fn outcome(self, down_counts: DownCounts) -> Outcome {
        match self {
            Self::Fresh => Outcome::Good,
            Self::Stale | Self::CheckError | Self::CheckTimeout => Outcome::Bad,
            Self::Foreign | Self::Hung | Self::Unreachable => down_counts.outcome(),
        }
    }
}

impl fmt::Display for ProbeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Lists the states of a service in one place: a state that is missing here does not compile.
macro_rules! every_state {
    ($($state:ident),+) => {
        /// Every state that the `Slo-Health-Status` header can say.
        pub(super) const EVERY_STATE: &[State] = &[$(State::$state),+];

        const fn _is_listed(state: State) {
            match state {
                $(State::$state)|+ => {}
            }
        }
    };
}

every_state!(Fresh, Warn, Stale, Empty, Invalid, Error, Timeout);

/// A regular expression for exactly the words of these states, for a header's whole value.
pub(super) fn header_regexp(states: impl Fn(State) -> bool) -> String {
    let words: Vec<_> = EVERY_STATE
        .iter()
        .filter(|state| states(**state))
        .map(|state| state.as_str())
        .collect();
    format!("^({})$", words.join("|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_pinned() {
        assert_eq!(
            ProbeState::ALL.map(ProbeState::as_str),
            [
                "fresh",
                "stale",
                "check_error",
                "check_timeout",
                "foreign",
                "hung",
                "unreachable"
            ]
        );
    }

    #[test]
    fn each_state_of_the_service_is_one_that_is_answered_and_good_only_when_fresh() {
        for state in EVERY_STATE {
            let seen = ProbeState::of(*state);
            assert!(!seen.is_down(), "{state}");
            assert_eq!(seen == ProbeState::Fresh, state.is_good(), "{state}");
        }
    }

    #[test]
    fn only_being_down_is_up_to_the_slo() {
        for state in ProbeState::ALL {
            let (bad, excluded) = (state.outcome(DownCounts::Bad), state.outcome(DownCounts::Excluded));
            assert_eq!(bad == Outcome::Good, state == ProbeState::Fresh);
            assert_eq!(bad != excluded, state.is_down());
            assert!(excluded != Outcome::Excluded || state.is_down());
        }
    }

    #[test]
    fn the_header_is_matched_as_a_whole() {
        assert_eq!(header_regexp(State::is_good), "^(fresh|warn)$");
        assert_eq!(
            header_regexp(|_| true),
            "^(fresh|warn|stale|empty|invalid|error|timeout)$"
        );
    }
}
