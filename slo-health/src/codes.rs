//! Which status code each state is answered with, and which maps are refused.

use http::StatusCode;

use crate::{builder::BuildError, verdict::State};

/// The status code of each state, for [`SyntheticHealthBuilder::codes`](crate::SyntheticHealthBuilder::codes).
///
/// The default is the contract that the recipes for probers build on, so change it only where something on the way cannot
/// live with it. [`build`](crate::SyntheticHealthBuilder::build) refuses maps with which a prober could no longer tell
/// what it must:
/// - fresh and warn need a 2xx that may have a body, the others a 4xx or 5xx
///   ([draft-inadarei-api-health-check-06](https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06),
///   section 3.1);
/// - what is known to be wrong (stale, empty, invalid) must not share a code with not knowing (error, timeout);
/// - 401, 403, 404, 405, 407 and 429 say that nobody was asked, and are no verdict.
///
/// ```
/// use http::StatusCode;
/// use slo_health::StatusCodes;
///
/// let codes = StatusCodes::default().stale(StatusCode::FAILED_DEPENDENCY);
/// # let _ = codes;
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct StatusCodes {
    fresh: StatusCode,
    warn: StatusCode,
    stale: StatusCode,
    empty: StatusCode,
    invalid: StatusCode,
    error: StatusCode,
    timeout: StatusCode,
}

impl StatusCodes {
    /// The code of [`State::Fresh`], 200 unless said otherwise.
    pub const fn fresh(mut self, code: StatusCode) -> Self {
        self.fresh = code;
        self
    }

    /// The code of [`State::Warn`], 200 unless said otherwise.
    pub const fn warn(mut self, code: StatusCode) -> Self {
        self.warn = code;
        self
    }

    /// The code of [`State::Stale`], 503 unless said otherwise.
    pub const fn stale(mut self, code: StatusCode) -> Self {
        self.stale = code;
        self
    }

    /// The code of [`State::Empty`], 503 unless said otherwise.
    pub const fn empty(mut self, code: StatusCode) -> Self {
        self.empty = code;
        self
    }

    /// The code of [`State::Invalid`], 503 unless said otherwise.
    pub const fn invalid(mut self, code: StatusCode) -> Self {
        self.invalid = code;
        self
    }

    /// The code of [`State::Error`], 500 unless said otherwise.
    pub const fn error(mut self, code: StatusCode) -> Self {
        self.error = code;
        self
    }

    /// The code of [`State::Timeout`], 504 unless said otherwise.
    pub const fn timeout(mut self, code: StatusCode) -> Self {
        self.timeout = code;
        self
    }

    /// The code of `state`.
    #[must_use]
    pub const fn of(&self, state: State) -> StatusCode {
        match state {
            State::Fresh => self.fresh,
            State::Warn => self.warn,
            State::Stale => self.stale,
            State::Empty => self.empty,
            State::Invalid => self.invalid,
            State::Error => self.error,
            State::Timeout => self.timeout,
        }
    }

    pub(crate) fn validate(&self) -> Result<(), BuildError> {
        for state in [State::Fresh, State::Warn] {
            self.validate_good(state)?;
        }
        for state in VIOLATIONS.into_iter().chain(UNKNOWNS) {
            self.validate_bad(state)?;
        }
        for violation in VIOLATIONS {
            for unknown in UNKNOWNS {
                self.validate_distinct(violation, unknown)?;
            }
        }
        Ok(())
    }

    fn validate_good(&self, state: State) -> Result<(), BuildError> {
        let code = self.of(state);
        let has_no_body = matches!(code, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT);
        match code.is_success() && !has_no_body {
            true => Ok(()),
            false => Err(BuildError::NotASuccess { state, code }),
        }
    }

    fn validate_bad(&self, state: State) -> Result<(), BuildError> {
        let code = self.of(state);
        if !(code.is_client_error() || code.is_server_error()) {
            return Err(BuildError::NotAFailure { state, code });
        }
        match NOBODY_WAS_ASKED.contains(&code) {
            true => Err(BuildError::NotAVerdict { state, code }),
            false => Ok(()),
        }
    }

    fn validate_distinct(&self, violation: State, unknown: State) -> Result<(), BuildError> {
        let code = self.of(violation);
        match code == self.of(unknown) {
            true => Err(BuildError::ConfusedCodes {
                violation,
                unknown,
                code,
            }),
            false => Ok(()),
        }
    }
}

impl Default for StatusCodes {
    fn default() -> Self {
        Self {
            fresh: StatusCode::OK,
            warn: StatusCode::OK,
            stale: StatusCode::SERVICE_UNAVAILABLE,
            empty: StatusCode::SERVICE_UNAVAILABLE,
            invalid: StatusCode::SERVICE_UNAVAILABLE,
            error: StatusCode::INTERNAL_SERVER_ERROR,
            timeout: StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

const VIOLATIONS: [State; 3] = [State::Stale, State::Empty, State::Invalid];
const UNKNOWNS: [State; 2] = [State::Error, State::Timeout];
/// Answers of authentication, of routers (this one's too) and of rate limits.
const NOBODY_WAS_ASKED: [StatusCode; 6] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::PROXY_AUTHENTICATION_REQUIRED,
    StatusCode::TOO_MANY_REQUESTS,
];

#[cfg(test)]
mod tests {
    use super::*;

    type Set = fn(StatusCodes, StatusCode) -> StatusCodes;

    const GOOD: [(State, Set); 2] = [(State::Fresh, StatusCodes::fresh), (State::Warn, StatusCodes::warn)];
    const BROKEN: [(State, Set); 3] = [
        (State::Stale, StatusCodes::stale),
        (State::Empty, StatusCodes::empty),
        (State::Invalid, StatusCodes::invalid),
    ];
    const UNKNOWN: [(State, Set); 2] = [
        (State::Error, StatusCodes::error),
        (State::Timeout, StatusCodes::timeout),
    ];

    fn code(code: u16) -> StatusCode {
        StatusCode::from_u16(code).unwrap()
    }

    #[test]
    fn the_default_is_allowed_and_each_setter_sets_its_own_state() {
        let default = StatusCodes::default();
        assert_eq!(default.validate(), Ok(()));
        for (state, set) in GOOD.into_iter().chain(BROKEN).chain(UNKNOWN) {
            let changed = set(default, code(599));
            for (other, _) in GOOD.into_iter().chain(BROKEN).chain(UNKNOWN) {
                let expected = if other == state { code(599) } else { default.of(other) };
                assert_eq!(changed.of(other), expected);
            }
        }
    }

    #[test]
    fn a_good_state_needs_a_success_with_a_body() {
        for (state, set) in GOOD {
            for refused in [100, 101, 204, 205, 301, 304, 404, 503] {
                let code = code(refused);
                let error = set(StatusCodes::default(), code).validate().unwrap_err();
                assert_eq!(error, BuildError::NotASuccess { state, code });
            }
            assert_eq!(set(StatusCodes::default(), code(203)).validate(), Ok(()));
        }
    }

    #[test]
    fn a_bad_state_needs_a_failure() {
        for (state, set) in BROKEN.into_iter().chain(UNKNOWN) {
            for refused in [100, 200, 204, 299, 302, 304, 600] {
                let code = code(refused);
                let error = set(StatusCodes::default(), code).validate().unwrap_err();
                assert_eq!(error, BuildError::NotAFailure { state, code });
            }
            for refused in [401, 403, 404, 405, 407, 429] {
                let code = code(refused);
                let error = set(StatusCodes::default(), code).validate().unwrap_err();
                assert_eq!(error, BuildError::NotAVerdict { state, code });
            }
            assert_eq!(set(StatusCodes::default(), code(424)).validate(), Ok(()));
        }
    }

    #[test]
    fn what_is_wrong_and_what_is_not_known_never_share_a_code() {
        for (violation, set_violation) in BROKEN {
            for (unknown, set_unknown) in UNKNOWN {
                let code = code(520);
                let codes = set_unknown(set_violation(StatusCodes::default(), code), code);
                assert_eq!(
                    codes.validate(),
                    Err(BuildError::ConfusedCodes {
                        violation,
                        unknown,
                        code
                    })
                );
            }
        }
        let all_unknown_alike = StatusCodes::default().error(code(500)).timeout(code(500));
        assert_eq!(all_unknown_alike.validate(), Ok(()));
    }

    #[test]
    fn the_refusals_say_what_to_write_instead() {
        let refusal = |codes: StatusCodes| codes.validate().unwrap_err().to_string();
        assert_eq!(
            refusal(StatusCodes::default().warn(code(503))),
            "state `warn` has status code 503; it keeps the promise, so give it a 2xx with a body, like 200"
        );
        assert_eq!(
            refusal(StatusCodes::default().stale(code(200))),
            "state `stale` has status code 200; it breaks the promise, so give it a 4xx or 5xx, like 503"
        );
        assert_eq!(
            refusal(StatusCodes::default().error(code(429))),
            "state `error` has status code 429, which says that nobody was asked; give it a code of its own, like 500"
        );
        assert_eq!(
            refusal(StatusCodes::default().stale(code(500))),
            "states `stale` and `error` share status code 500, and data that is late must not look like a check that \
             broke; give one of them another code"
        );
    }
}
