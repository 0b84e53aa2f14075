//! From closures and policies to a checked [`SyntheticHealth`].

use std::{collections::HashSet, error::Error, fmt, future::Future, sync::Arc, time::Duration};

use crate::{
    check::{self, Check, Read},
    clock::{Clock, SystemClock},
    freshness::{Freshness, PolicyError},
    health::SyntheticHealth,
    observation::Observation,
    reading::Pace,
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
    checks: Vec<(String, Freshness, Read)>,
    pace: Pace,
    clock: Arc<dyn Clock>,
}

impl SyntheticHealthBuilder {
    pub(crate) fn new() -> Self {
        Self {
            checks: Vec::new(),
            pace: DEFAULT_PACE,
            clock: Arc::new(SystemClock),
        }
    }

    /// Adds a check whose read is async.
    ///
    /// `name` stands in the sub-path and in the `Slo-Health-Reason` header: letters a to z, digits, `_` and `-`.
    ///
    /// `read` gives the watermark of the data, usually `Result<Option<DateTime<Utc>>, E>`: `Ok(None)` is empty, `Err`
    /// is an error, whose text goes to the log and nowhere else. It must not block its thread, for example with a
    /// synchronous database driver; that is what [`check_blocking`](Self::check_blocking) is for. It is never
    /// cancelled: give the query a timeout of its own.
    pub fn check<F, Fut, T, E>(self, name: impl Into<String>, policy: Freshness, read: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Into<Observation>,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.add(name.into(), policy, check::asynchronous(read))
    }

    /// Adds a check whose read blocks its thread; it runs on tokio's threads for blocking work, at most one at a time.
    ///
    /// Otherwise like [`check`](Self::check). A read that never returns keeps its one thread, and a runtime that is
    /// dropped waits for it.
    pub fn check_blocking<F, T, E>(self, name: impl Into<String>, policy: Freshness, read: F) -> Self
    where
        F: Fn() -> Result<T, E> + Send + Sync + 'static,
        T: Into<Observation>,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.add(name.into(), policy, check::blocking(read))
    }

    /// The time within which every request is answered and a read has to come back, 5 s unless said otherwise.
    ///
    /// Keep it below the prober's own timeout, or "the check does not answer" cannot be told from "the service is
    /// down". The Blackbox exporter gives up 0.5 s before the scrape timeout, so after 9.5 s by default.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.pace.deadline = deadline;
        self
    }

    /// How long after a read FRESH may be proven from what that read saw, 60 s unless said otherwise.
    ///
    /// For data that only ever gets newer the proof is sound until
    /// [`proof_until`](crate::Verdict::proof_until), and [`Duration::MAX`] asks for just that. Data that may be deleted
    /// or reloaded can fall back behind what was seen; this bounds how long that stays unnoticed. Zero reads for every
    /// request that finds the check fresh (requests at the same time still share one read).
    pub const fn trust_for(mut self, trust: Duration) -> Self {
        self.pace.trust_for = trust;
        self
    }

    /// The least time between two live reads of a check that is not fresh, 1 s unless said otherwise.
    ///
    /// In between, the last reading answers, so a flood of requests cannot become a flood of queries. A check that
    /// has just ceased to be fresh in the cache gets one look at once. Zero looks each time.
    pub const fn min_interval(mut self, interval: Duration) -> Self {
        self.pace.min_interval = interval;
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
        let Self { checks, pace, clock } = self;
        let mut checks = checks
            .into_iter()
            .map(|(name, policy, read)| Check::new(name, policy, read, pace, Arc::clone(&clock)));
        let first = checks.next().ok_or(BuildError::NoChecks)?;
        let more = checks.collect();
        Ok(SyntheticHealth::new(first, more, clock))
    }

    fn add(mut self, name: String, policy: Freshness, read: Read) -> Self {
        self.checks.push((name, policy, read));
        self
    }

    fn validate(&self) -> Result<(), BuildError> {
        let mut names = HashSet::new();
        for (name, policy, _) in &self.checks {
            validate_name(name)?;
            if !names.insert(name) {
                return Err(BuildError::DuplicateName { name: name.clone() });
            }
            validate_policy(name, policy)?;
        }
        if self.pace.deadline.is_zero() {
            return Err(BuildError::ZeroDeadline);
        }
        Ok(())
    }
}

impl fmt::Debug for SyntheticHealthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let checks: Vec<_> = self.checks.iter().map(|(name, policy, _)| (name, policy)).collect();
        f.debug_struct("SyntheticHealthBuilder")
            .field("checks", &checks)
            .field("pace", &self.pace)
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

const DEFAULT_PACE: Pace = Pace {
    deadline: Duration::from_secs(5),
    trust_for: Duration::from_secs(60),
    min_interval: Duration::from_secs(1),
};

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use chrono::{DateTime, Utc};

    use super::*;

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
    fn the_defaults_are_the_documented_ones() {
        let pace = SyntheticHealth::builder().pace;
        assert_eq!(
            (
                pace.deadline.as_secs(),
                pace.trust_for.as_secs(),
                pace.min_interval.as_secs()
            ),
            (5, 60, 1)
        );
    }

    #[test]
    fn debug_shows_names_and_policies_and_no_closures() {
        let shown = format!("{:?}", named(&["sales"]));
        assert!(shown.contains("sales") && shown.contains("Within"), "{shown}");
    }
}
