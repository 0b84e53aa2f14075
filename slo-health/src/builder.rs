//! From closures and policies to a checked [`SyntheticHealth`].

use std::{collections::HashSet, error::Error, fmt, future::Future, sync::Arc, time::Duration};

use http::{StatusCode, request::Parts};

use crate::{
    check::Check,
    clock::{Clock, SystemClock},
    codes::StatusCodes,
    details::{Details, Grants},
    freshness::{Freshness, PolicyError},
    health::SyntheticHealth,
    observation::Observation,
    pace::Paces,
    report::Subject,
    runner::Runner,
    verdict::State,
};

/// Collects checks and times; [`build`](Self::build) looks at the whole.
///
/// ```
/// use std::{convert::Infallible, time::Duration};
///
/// use chrono::Utc;
/// use slo_health::{BuildError, Freshness, SyntheticHealth};
///
/// let within_a_day = Freshness::within(Duration::from_secs(86_400));
/// let health = SyntheticHealth::builder()
///     .check("listings", within_a_day.clone(), || async { Ok::<_, Infallible>(Some(Utc::now())) })
///     .check_blocking("transactions", within_a_day.clone(), || Ok::<_, Infallible>(Some(Utc::now())))
///     .deadline(Duration::from_secs(3))
///     .build();
/// assert!(health.is_ok());
///
/// let refused = SyntheticHealth::builder()
///     .check("Real price", within_a_day, || async { Ok::<_, Infallible>(Utc::now()) })
///     .build();
/// assert_eq!(refused.err(), Some(BuildError::InvalidName { name: "Real price".into() }));
/// ```
#[must_use = "nothing is checked before `build`"]
pub struct SyntheticHealthBuilder {
    checks: Vec<Check>,
    paces: Paces,
    codes: StatusCodes,
    grants: Grants,
    clock: Arc<dyn Clock>,
}

impl SyntheticHealthBuilder {
    pub(crate) fn new() -> Self {
        Self {
            checks: Vec::new(),
            paces: Paces::default(),
            codes: StatusCodes::default(),
            grants: Grants::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// Adds a check whose read is async: [`Check::new`] with the times of this builder.
    pub fn check<F, Fut, T, E>(self, name: impl Into<String>, policy: Freshness, read: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Into<Observation> + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.with(Check::new(name, policy, read))
    }

    /// Adds a check whose read blocks its thread: [`Check::blocking`] with the times of this builder.
    pub fn check_blocking<F, T, E>(self, name: impl Into<String>, policy: Freshness, read: F) -> Self
    where
        F: Fn() -> Result<T, E> + Send + Sync + 'static,
        T: Into<Observation> + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.with(Check::blocking(name, policy, read))
    }

    /// Adds a check that answers [`State::Warn`] at worst: [`Check::advisory`] with the times of this builder.
    pub fn advisory<F, Fut, T, E>(self, name: impl Into<String>, policy: Freshness, read: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Into<Observation> + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.with(Check::new(name, policy, read).advisory())
    }

    /// Adds a check with times of its own, one that only advises, or one that judges for itself.
    pub fn with(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// The time within which every request is answered, 5 s unless said otherwise. Also each check's
    /// [`timeout`](Check::timeout), unless that is shorter.
    ///
    /// Keep it below the prober's own timeout, or "the check does not answer" cannot be told from "the service is
    /// down". The Blackbox exporter gives up 0.5 s before the scrape timeout, so after 9.5 s by default.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.paces.deadline = deadline;
        self
    }

    /// [`Check::trust_for`], for all checks that do not say otherwise; 60 s by default.
    pub const fn trust_for(mut self, trust: Duration) -> Self {
        self.paces.trust_for = trust;
        self
    }

    /// [`Check::hold_for`], for all checks that do not say otherwise; by default as long as the proof lasts.
    pub const fn hold_for(mut self, hold: Duration) -> Self {
        self.paces.hold_for = Some(hold);
        self
    }

    /// [`Check::min_interval`], for all checks that do not say otherwise; 1 s by default.
    pub const fn min_interval(mut self, interval: Duration) -> Self {
        self.paces.min_interval = interval;
        self
    }

    /// Has the data read in the background, at this interval, so that no request waits for a read.
    ///
    /// [`SyntheticHealth::refresher`] starts that. Requests then answer from the last reading, whatever it was, and read
    /// for themselves only before the first one and to confirm that a check has just ceased to be fresh;
    /// [`trust_for`](Self::trust_for) is not asked. A reading older than
    /// [`max_result_age`](Self::max_result_age) answers nothing: without a living refresher the state is
    /// [`State::Error`] with the reason `verdict_expired`, and never what was true long ago.
    pub const fn refresh_every(mut self, interval: Duration) -> Self {
        self.paces.refresh_every = Some(interval);
        self
    }

    /// The age at which a reading of the background refresh answers no longer; two intervals and the deadline unless said
    /// otherwise.
    ///
    /// At least one interval and the deadline, or a slow read would look like a dead refresher.
    pub const fn max_result_age(mut self, age: Duration) -> Self {
        self.paces.max_result_age = Some(age);
        self
    }

    /// Other status codes than the contract's; see [`StatusCodes`] for which maps are refused.
    pub const fn codes(mut self, codes: StatusCodes) -> Self {
        self.codes = codes;
        self
    }

    /// Tells `details` in the body to the requests for which `predicate` is true. By default the body tells nobody more
    /// than one word; headers tell everybody which check decides, why, and the watermark.
    ///
    /// May be called again, for [`Details::Names`] to many and [`Details::Full`] to few; a request gets the most that any
    /// predicate grants. Compare secrets in constant time. A predicate that panics grants nothing.
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use chrono::Utc;
    /// use slo_health::{Details, Freshness, SyntheticHealth};
    ///
    /// # fn is_operator(_: &http::HeaderMap) -> bool { true }
    /// let health = SyntheticHealth::builder()
    ///     .check("sales", Freshness::within(Duration::from_secs(60)), || async { Ok::<_, Infallible>(Utc::now()) })
    ///     .details_when(Details::Names, |_| true)
    ///     .details_when(Details::Full, |request| is_operator(&request.headers))
    ///     .build()?;
    /// # Ok::<(), slo_health::BuildError>(())
    /// ```
    pub fn details_when(
        mut self,
        details: Details,
        predicate: impl Fn(&Parts) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.grants.add(details, predicate);
        self
    }

    /// The wall clock that ages are measured against, the system's unless said otherwise.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Checks the whole. Does no I/O: the first read runs with the first request.
    ///
    /// # Errors
    ///
    /// The first mistake found; see [`BuildError`].
    pub fn build(self) -> Result<SyntheticHealth, BuildError> {
        self.validate()?;
        let (codes, grants) = (self.codes, self.grants);
        let runner = |check| runner(check, &self.paces, &self.clock);
        let mut runners = self.checks.into_iter().map(runner);
        let first = runners.next().ok_or(BuildError::NoChecks)?;
        let more = runners.collect();
        Ok(SyntheticHealth::new(
            first,
            more,
            self.paces,
            codes,
            grants,
            Arc::clone(&self.clock),
        ))
    }

    fn validate(&self) -> Result<(), BuildError> {
        let mut names = HashSet::new();
        for check in &self.checks {
            let name = &check.name;
            validate_name(name)?;
            if !names.insert(name) {
                return Err(BuildError::DuplicateName { name: name.clone() });
            }
            if !check.is_custom {
                validate_policy(name, &check.policy)?;
            }
        }
        self.paces.validate()?;
        for check in &self.checks {
            self.paces.validate_timeout(check)?;
        }
        self.codes.validate()
    }
}

fn runner(check: Check, paces: &Paces, clock: &Arc<dyn Clock>) -> Arc<Runner> {
    Arc::new(Runner {
        pace: paces.of(&check.times),
        subject: Arc::new(Subject::new(check.name, check.is_advisory, check.is_custom)),
        policy: check.policy,
        read: check.read,
        clock: Arc::clone(clock),
        slot: Default::default(),
        #[cfg(feature = "otel")]
        watcher: Default::default(),
    })
}

impl fmt::Debug for SyntheticHealthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyntheticHealthBuilder")
            .field("checks", &self.checks)
            .field("paces", &self.paces)
            .field("codes", &self.codes)
            .field("grants", &self.grants)
            .finish_non_exhaustive()
    }
}

/// Why a set of checks was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There is no check, and an endpoint that checks nothing would always be fresh.
    #[error("no checks; add at least one with `check` or `check_blocking`")]
    NoChecks,
    /// Two checks share a name.
    #[error("there are two checks named `{name}`; give each a name of its own")]
    DuplicateName {
        /// The name that was given twice.
        name: String,
    },
    /// A name is empty or holds a character that is not allowed.
    #[error("`{name}` cannot name a check; use one or more of a-z, 0-9, `_` and `-`, like `real-price`")]
    InvalidName {
        /// The name that was given.
        name: String,
    },
    /// A policy makes no sense.
    #[error("check `{check}`: {mistake}")]
    InvalidPolicy {
        /// The check's name.
        check: String,
        /// What is wrong with its policy.
        mistake: PolicyError,
    },
    /// The deadline is zero, so that every check would time out.
    #[error("the deadline is 0 s; give the time within which a check has to answer, like 5 s")]
    ZeroDeadline,
    /// A check's timeout is zero, or longer than the deadline of the whole request.
    #[error(
        "check `{check}` has a timeout of {timeout:?}; give it more than 0 s and at most the deadline, {deadline:?}"
    )]
    TimeoutOutOfRange {
        /// The check's name.
        check: String,
        /// The timeout that was given.
        timeout: Duration,
        /// The deadline of the whole request.
        deadline: Duration,
    },
    /// The background refresh has no interval.
    #[error("the background refresh runs every 0 s; give the time between two reads, like 30 s")]
    ZeroRefresh,
    /// Readings would be too old before the next one can have come.
    #[error(
        "readings are too old after {max_result_age:?}, before a refresh can replace them; give at least {least:?}"
    )]
    ResultAgeTooShort {
        /// The greatest age that was given.
        max_result_age: Duration,
        /// One interval of the refresh and the deadline.
        least: Duration,
    },
    /// A greatest age of readings without a background refresh, where each answer rests on a look when it is needed.
    #[error("`max_result_age` is for readings of a background refresh; add `refresh_every`, or leave it out")]
    ResultAgeWithoutRefresh,
    /// A state that keeps the promise has a code that is no success, or one that has no body.
    #[error(
        "state `{state}` has status code {code}; it keeps the promise, so give it a 2xx with a body, like 200",
        code = code.as_u16()
    )]
    NotASuccess {
        /// The state.
        state: State,
        /// The code that it was given.
        code: StatusCode,
    },
    /// A state that breaks the promise, or does not know, has a code that is no failure.
    #[error(
        "state `{state}` has status code {code}; it breaks the promise, so give it a 4xx or 5xx, like 503",
        code = code.as_u16()
    )]
    NotAFailure {
        /// The state.
        state: State,
        /// The code that it was given.
        code: StatusCode,
    },
    /// A state has a code by which routers, authentication and rate limits say that they asked nobody.
    #[error(
        "state `{state}` has status code {code}, which says that nobody was asked; give it a code of its own, like 500",
        code = code.as_u16()
    )]
    NotAVerdict {
        /// The state.
        state: State,
        /// The code that it was given.
        code: StatusCode,
    },
    /// What is known to be wrong has the same code as not knowing.
    #[error(
        "states `{violation}` and `{unknown}` share status code {code}, and data that is late must not look like a \
         check that broke; give one of them another code",
        code = code.as_u16()
    )]
    ConfusedCodes {
        /// Stale, empty or invalid.
        violation: State,
        /// Error or timeout.
        unknown: State,
        /// The code of both.
        code: StatusCode,
    },
}

fn validate_name(name: &str) -> Result<(), BuildError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err(BuildError::InvalidName { name: name.to_owned() });
    }
    Ok(())
}

fn validate_policy(check: &str, policy: &Freshness) -> Result<(), BuildError> {
    policy.validate().map_err(|mistake| BuildError::InvalidPolicy {
        check: check.to_owned(),
        mistake,
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use chrono::{DateTime, Utc};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const HOUR: Duration = Duration::from_secs(3600);

    async fn nothing() -> Result<Option<DateTime<Utc>>, Infallible> {
        Ok(None)
    }

    fn named(names: &[&str]) -> SyntheticHealthBuilder {
        let add = |builder: SyntheticHealthBuilder, name: &&str| builder.check(*name, Freshness::within(HOUR), nothing);
        names.iter().fold(SyntheticHealth::builder(), add)
    }

    fn refusal(builder: SyntheticHealthBuilder) -> BuildError {
        builder.build().unwrap_err()
    }

    #[test]
    fn an_endpoint_without_checks_is_refused() {
        let error = refusal(SyntheticHealth::builder());
        assert_eq!(error, BuildError::NoChecks);
        assert_eq!(
            error.to_string(),
            "no checks; add at least one with `check` or `check_blocking`"
        );
    }

    #[test]
    fn two_checks_of_one_name_are_refused() {
        let error = refusal(named(&["a", "b", "a"]));
        assert_eq!(error, BuildError::DuplicateName { name: "a".into() });
        assert_eq!(
            error.to_string(),
            "there are two checks named `a`; give each a name of its own"
        );
    }

    #[test]
    fn names_that_do_not_fit_a_path_or_a_header_are_refused() {
        for name in ["", "Sales", "a b", "a/b", "ä", "a:b", "{x}", "a\r\nb", "."] {
            assert_eq!(refusal(named(&[name])), BuildError::InvalidName { name: name.into() });
        }
        assert_eq!(
            refusal(named(&["a/b"])).to_string(),
            "`a/b` cannot name a check; use one or more of a-z, 0-9, `_` and `-`, like `real-price`"
        );
        assert!(named(&["real-price_2", "0", "-"]).build().is_ok());
    }

    #[test]
    fn a_policy_that_makes_no_sense_is_refused() {
        let error = refusal(SyntheticHealth::builder().check("a", Freshness::within(Duration::ZERO), nothing));
        let expected = BuildError::InvalidPolicy {
            check: "a".into(),
            mistake: PolicyError::ZeroLimit,
        };
        assert_eq!(error, expected);
        assert_eq!(
            error.to_string(),
            "check `a`: the limit is 0 s; give the greatest age at which the data is still fresh, like 1 h"
        );
    }

    #[test]
    fn a_deadline_of_zero_is_refused() {
        let error = refusal(named(&["a"]).deadline(Duration::ZERO));
        assert_eq!(error, BuildError::ZeroDeadline);
        assert_eq!(
            error.to_string(),
            "the deadline is 0 s; give the time within which a check has to answer, like 5 s"
        );
    }

    #[test]
    fn a_timeout_beyond_the_deadline_is_refused() {
        let with = |timeout| {
            let check = Check::new("a", Freshness::within(HOUR), nothing).timeout(timeout);
            SyntheticHealth::builder().with(check).deadline(3 * SECOND)
        };
        for timeout in [Duration::ZERO, 3 * SECOND + Duration::from_nanos(1)] {
            let error = refusal(with(timeout));
            let deadline = 3 * SECOND;
            assert_eq!(
                error,
                BuildError::TimeoutOutOfRange {
                    check: "a".into(),
                    timeout,
                    deadline
                }
            );
        }
        assert_eq!(
            refusal(with(4 * SECOND)).to_string(),
            "check `a` has a timeout of 4s; give it more than 0 s and at most the deadline, 3s"
        );
        assert!(with(3 * SECOND).build().is_ok());
    }

    #[test]
    fn a_refresh_without_an_interval_is_refused() {
        let error = refusal(named(&["a"]).refresh_every(Duration::ZERO));
        assert_eq!(error, BuildError::ZeroRefresh);
        assert_eq!(
            error.to_string(),
            "the background refresh runs every 0 s; give the time between two reads, like 30 s"
        );
    }

    #[test]
    fn readings_must_live_until_the_next_one_can_be_there() {
        let with = |age| named(&["a"]).refresh_every(30 * SECOND).max_result_age(age);
        let error = refusal(with(35 * SECOND - Duration::from_nanos(1)));
        assert!(matches!(error, BuildError::ResultAgeTooShort { least, .. } if least == 35 * SECOND));
        assert_eq!(
            refusal(with(30 * SECOND)).to_string(),
            "readings are too old after 30s, before a refresh can replace them; give at least 35s"
        );
        assert!(with(35 * SECOND).build().is_ok());

        let error = refusal(named(&["a"]).max_result_age(HOUR));
        assert_eq!(error, BuildError::ResultAgeWithoutRefresh);
        assert_eq!(
            error.to_string(),
            "`max_result_age` is for readings of a background refresh; add `refresh_every`, or leave it out"
        );
    }

    #[test]
    fn a_map_of_codes_that_confuses_is_refused() {
        let error = refusal(named(&["a"]).codes(StatusCodes::default().stale(StatusCode::OK)));
        assert!(matches!(error, BuildError::NotAFailure { .. }));
    }

    #[test]
    fn debug_shows_names_and_policies_and_no_closures() {
        let shown = format!("{:?}", named(&["sales"]));
        assert!(shown.contains("sales") && shown.contains("Within"), "{shown}");
    }
}
