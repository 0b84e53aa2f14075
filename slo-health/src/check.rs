//! One check as it is written down: a name, a policy, a read, and what is particular about it.

use std::{error::Error, fmt, future::Future, time::Duration};

use crate::{
    finding::{Finding, Seen},
    freshness::Freshness,
    observation::Observation,
    read::{self, Read},
};

/// A check with times of its own, or one that only advises, for
/// [`SyntheticHealthBuilder::with`](crate::SyntheticHealthBuilder::with).
///
/// A time that is not set here is that of the [builder](crate::SyntheticHealthBuilder), under the same name.
///
/// ```
/// use std::{convert::Infallible, time::Duration};
///
/// use chrono::{DateTime, Utc};
/// use slo_health::{Check, Finding, Freshness, State, SyntheticHealth};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), slo_health::BuildError> {
/// let day = Duration::from_secs(86_400);
/// async fn newest_sale() -> Result<Option<DateTime<Utc>>, Infallible> { Ok(Some(Utc::now())) }
/// async fn newest_rate() -> Result<Option<DateTime<Utc>>, Infallible> { Ok(None) }
/// async fn replicas() -> Result<Finding, Infallible> { Ok(Finding::fresh()) }
///
/// let health = SyntheticHealth::builder()
///     .with(Check::new("sales", Freshness::within(day), newest_sale).timeout(Duration::from_secs(2)))
///     .with(Check::new("exchange-rates", Freshness::within(day), newest_rate).advisory())
///     .with(Check::custom("replicas", replicas).min_interval(Duration::from_secs(10)))
///     .build()?;
///
/// // There are no exchange rates, but that check only advises.
/// let report = health.report().await;
/// assert_eq!((report.state(), report.deciding().name()), (State::Warn, "exchange-rates"));
/// # Ok(())
/// # }
/// ```
#[must_use = "a check does nothing before it is added to a builder"]
pub struct Check {
    pub(crate) name: String,
    /// Not asked for a custom check.
    pub(crate) policy: Freshness,
    pub(crate) read: Read,
    pub(crate) is_custom: bool,
    pub(crate) is_advisory: bool,
    pub(crate) times: Times,
}

/// What a check says about its own times; the builder's apply to the rest.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    pub(crate) timeout: Option<Duration>,
    pub(crate) trust_for: Option<Duration>,
    pub(crate) hold_for: Option<Duration>,
    pub(crate) min_interval: Option<Duration>,
}

impl Check {
    /// A check whose read is async.
    ///
    /// `name` stands in the sub-path and in the `Slo-Health-Reason` header: letters a to z, digits, `_` and `-`.
    ///
    /// `read` gives the watermark of the data, usually `Result<Option<DateTime<Utc>>, E>`: `Ok(None)` is empty, `Err`
    /// is an error, whose text goes to the log, and to those alone to whom
    /// [`Details::Full`](crate::Details::Full) is granted. It must not block its thread, for example with a
    /// synchronous database driver; that is what [`blocking`](Self::blocking) is for. It is never cancelled: give the
    /// query a timeout of its own.
    pub fn new<F, Fut, T, E>(name: impl Into<String>, policy: Freshness, read: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Into<Observation> + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Self::of(name.into(), policy, read::asynchronous(read, observed))
    }

    /// A check whose read blocks its thread; it runs on tokio's threads for blocking work, at most one at a time.
    ///
    /// Otherwise like [`new`](Self::new). A read that never returns keeps its one thread, and a runtime that is dropped
    /// waits for it.
    pub fn blocking<F, T, E>(name: impl Into<String>, policy: Freshness, read: F) -> Self
    where
        F: Fn() -> Result<T, E> + Send + Sync + 'static,
        T: Into<Observation> + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Self::of(name.into(), policy, read::blocking(read, observed))
    }

    /// A check that judges for itself, where no [`Freshness`] fits.
    ///
    /// A [`Finding`] is true when it is made and proves nothing about later, so none is answered without a look beyond
    /// [`min_interval`](Self::min_interval), not even a fresh one, and none outlives a read that fails:
    /// [`trust_for`](Self::trust_for) and [`hold_for`](Self::hold_for) have no meaning here. Everything else is as with
    /// [`new`](Self::new).
    pub fn custom<F, Fut, E>(name: impl Into<String>, look: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Finding, E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Self::of_findings(name.into(), read::asynchronous(look, Seen::Found))
    }

    /// A [`custom`](Self::custom) check that blocks its thread, as [`blocking`](Self::blocking) does.
    pub fn custom_blocking<F, E>(name: impl Into<String>, look: F) -> Self
    where
        F: Fn() -> Result<Finding, E> + Send + Sync + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Self::of_findings(name.into(), read::blocking(look, Seen::Found))
    }

    /// The time within which a read has to come back: at most the
    /// [`deadline`](crate::SyntheticHealthBuilder::deadline), and that unless said otherwise.
    ///
    /// Counted from the start of the read. Whoever waits for it longer gets [`State::Timeout`](crate::State::Timeout),
    /// or what is still [proven](Self::hold_for).
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.times.timeout = Some(timeout);
        self
    }

    /// How long after a read FRESH may be proven from what that read saw, 60 s unless said otherwise.
    ///
    /// For data that only ever gets newer the proof is sound until
    /// [`proof_until`](crate::Verdict::proof_until), and [`Duration::MAX`] asks for just that. Data that may be deleted
    /// or reloaded can fall back behind what was seen; this bounds how long that stays unnoticed while it can be read.
    /// Zero reads for every request that finds the check fresh (requests at the same time still share one read).
    pub const fn trust_for(mut self, trust: Duration) -> Self {
        self.times.trust_for = Some(trust);
        self
    }

    /// How long after a read that worked its observation still proves a good verdict while later reads fail.
    ///
    /// Unless said otherwise, as long as the policy calls that observation fresh, or warns: data only gets newer, so what
    /// nobody can look at is at least as good as what was seen. The answer then carries `Slo-Health-Check: error` or
    /// `timeout`. Once the policy calls the observation stale nothing is known, and the answer is error or timeout.
    ///
    /// Zero is right for data that may be deleted or reloaded, and the default where
    /// [`trust_for`](Self::trust_for) is zero: then a read that fails is an error at once.
    pub const fn hold_for(mut self, hold: Duration) -> Self {
        self.times.hold_for = Some(hold);
        self
    }

    /// The least time between two live reads that requests cause while the check is not fresh, 1 s unless said
    /// otherwise.
    ///
    /// In between, the last reading answers, so a flood of requests cannot become a flood of queries. A check that
    /// has just ceased to be fresh in the cache gets one look at once. Zero looks each time.
    pub const fn min_interval(mut self, interval: Duration) -> Self {
        self.times.min_interval = Some(interval);
        self
    }

    /// Makes the check advise only: whatever ails it, its state is [`State::Warn`](crate::State::Warn) at worst, which
    /// answers 200.
    ///
    /// When nothing worse decides, the endpoint's status is `warn` and its reason names this check. The same holds on the
    /// check's own sub-path.
    pub const fn advisory(mut self) -> Self {
        self.is_advisory = true;
        self
    }

    fn of(name: String, policy: Freshness, read: Read) -> Self {
        Self {
            name,
            policy,
            read,
            is_custom: false,
            is_advisory: false,
            times: Times::default(),
        }
    }

    fn of_findings(name: String, read: Read) -> Self {
        Self {
            is_custom: true,
            ..Self::of(name, Freshness::within(Duration::MAX), read)
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Check");
        shown.field("name", &self.name);
        if !self.is_custom {
            shown.field("policy", &self.policy);
        }
        shown
            .field("is_advisory", &self.is_advisory)
            .field("times", &self.times)
            .finish_non_exhaustive()
    }
}

fn observed<T: Into<Observation>>(seen: T) -> Seen {
    Seen::Data(seen.into())
}
