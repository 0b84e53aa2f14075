//! The set of checks behind one health endpoint.

use std::{fmt, iter, sync::Arc, time::Duration};

use http::request::Parts;

use crate::{
    builder::SyntheticHealthBuilder,
    clock::Clock,
    codes::StatusCodes,
    details::{Details, Grants},
    flight::Answer,
    moment::Moment,
    pace::Paces,
    refresh::{RefreshError, Refresher},
    report::Report,
    runner::Runner,
};

/// Freshness checks and the machinery that answers for them. Cheap to clone; clones share everything.
///
/// Asked over HTTP through [`SyntheticHealth::router`], or in the process through [`SyntheticHealth::report`]; both go
/// the same way:
/// - FRESH is proven from the last observation while it holds and is trusted
///   ([`trust_for`](SyntheticHealthBuilder::trust_for)): no read at all.
/// - Anything else is confirmed by a live read, at most one per
///   [`min_interval`](SyntheticHealthBuilder::min_interval); in between the last reading answers.
/// - A read that fails or does not come back while the proof still holds does not undo it
///   ([`hold_for`](SyntheticHealthBuilder::hold_for)): good data is still good, and the answer says that nobody can look.
///   After the proof has ended nothing is known: error or timeout, never stale.
/// - Each check has at most one read in flight. Whoever comes meanwhile shares it, and gets
///   [`State::Timeout`](crate::State::Timeout) once it is older than the check's
///   [`timeout`](crate::Check::timeout). A read that outlives that is left alone and its result is used when it comes; no
///   second one is started beside it.
/// - A clock that is set back makes no data younger: since a read at least as much time has passed as the monotonic clock
///   has measured.
/// - A read runs in a task of its own. A caller that hangs up does not stop it, and a panic in it is an error of that
///   one check.
///
/// The crate documentation has an example.
#[derive(Clone)]
#[must_use]
pub struct SyntheticHealth {
    inner: Arc<Inner>,
}

/// At least one check, by construction.
struct Inner {
    first: Arc<Runner>,
    more: Vec<Arc<Runner>>,
    paces: Paces,
    wire: Arc<Wire>,
    clock: Arc<dyn Clock>,
}

/// What HTTP makes of a report.
#[derive(Debug)]
struct Wire {
    codes: StatusCodes,
    grants: Grants,
}

impl SyntheticHealth {
    /// Starts with no checks and the default times.
    pub fn builder() -> SyntheticHealthBuilder {
        SyntheticHealthBuilder::new()
    }

    pub(crate) fn new(
        first: Arc<Runner>,
        more: Vec<Arc<Runner>>,
        paces: Paces,
        codes: StatusCodes,
        grants: Grants,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let wire = Arc::new(Wire { codes, grants });
        Self {
            inner: Arc::new(Inner {
                first,
                more,
                paces,
                wire,
                clock,
            }),
        }
    }

    /// One endpoint's worth of each check alone, with its name.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, Self)> {
        let alone = |runner: &Arc<Runner>| {
            let inner = Inner {
                first: Arc::clone(runner),
                more: Vec::new(),
                paces: self.inner.paces,
                wire: Arc::clone(&self.inner.wire),
                clock: Arc::clone(&self.inner.clock),
            };
            Self { inner: Arc::new(inner) }
        };
        self.runners().map(move |runner| (runner.name(), alone(runner)))
    }

    /// The time within which every request is answered; a prober's own timeout must be longer.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.inner.paces.deadline
    }

    pub(crate) fn codes(&self) -> &StatusCodes {
        &self.inner.wire.codes
    }

    pub(crate) fn grants(&self, request: &Parts) -> Option<Details> {
        self.inner.wire.grants.of(request)
    }

    /// Starts the reads in the background that
    /// [`refresh_every`](SyntheticHealthBuilder::refresh_every) asked for. They end when the [`Refresher`] is dropped, or
    /// with the runtime.
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use chrono::Utc;
    /// use slo_health::{Freshness, SyntheticHealth};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let health = SyntheticHealth::builder()
    ///     .check("sales", Freshness::within(Duration::from_secs(3600)), || async { Ok::<_, Infallible>(Utc::now()) })
    ///     .refresh_every(Duration::from_secs(30))
    ///     .build()?;
    /// let _refresher = health.refresher()?; // until the end of `main`
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`RefreshError::NotAskedFor`] when the builder was given no interval, [`RefreshError::NoRuntime`] outside of a
    /// tokio runtime.
    pub fn refresher(&self) -> Result<Refresher, RefreshError> {
        let every = self.inner.paces.refresh_every.ok_or(RefreshError::NotAskedFor)?;
        Refresher::start(self.runners().cloned().collect(), every)
    }

    /// What all checks say now, without HTTP. Reads run in parallel; the answer comes within the deadline.
    ///
    /// Outside of a tokio runtime what is proven is answered, and all else is an error: nobody can look.
    ///
    /// # Panics
    ///
    /// When it has to wait for a read within a tokio runtime whose time driver is not enabled, as `#[tokio::main]` and
    /// `enable_all` do.
    pub async fn report(&self) -> Report {
        let Inner { first, more, clock, .. } = &*self.inner;
        let now = Moment::read(&**clock);
        // Every read is on its way before the first one is awaited.
        let mut first = first.begin(now);
        let mut more: Vec<Answer> = more.iter().map(|runner| runner.begin(now)).collect();
        let waits = first.waits() || more.iter().any(Answer::waits);
        first.settle().await;
        for answer in &mut more {
            answer.settle().await;
        }
        let more = more.into_iter().map(Answer::into_report).collect();
        let at = if waits { clock.now() } else { now.wall };
        Report::new(at, first.into_report(), more)
    }

    pub(crate) fn runners(&self) -> impl Iterator<Item = &Arc<Runner>> {
        iter::once(&self.inner.first).chain(&self.inner.more)
    }
}

impl fmt::Debug for SyntheticHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.runners()).finish()
    }
}
