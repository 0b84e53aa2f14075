//! The set of checks behind one health endpoint.

use std::{fmt, sync::Arc};

use crate::{
    builder::SyntheticHealthBuilder,
    check::{Answer, Check},
    clock::Clock,
    report::Report,
};

/// Freshness checks and the machinery that answers for them. Cheap to clone; clones share everything.
///
/// Asked over HTTP through [`SyntheticHealth::router`], or in the process through [`SyntheticHealth::report`]; both go
/// the same way:
/// - FRESH is proven from the last observation while it holds and is trusted
///   ([`trust_for`](SyntheticHealthBuilder::trust_for)): no read at all.
/// - Anything else is confirmed by a live read, at most one per
///   [`min_interval`](SyntheticHealthBuilder::min_interval); in between the last reading answers.
/// - Each check has at most one read in flight. Whoever comes meanwhile shares it, and gets
///   [`State::Timeout`](crate::State::Timeout) once it is older than the
///   [`deadline`](SyntheticHealthBuilder::deadline). A read that outlives its deadline is left alone and its result is
///   used when it comes; no second one is started beside it.
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
    first: Arc<Check>,
    more: Vec<Arc<Check>>,
    clock: Arc<dyn Clock>,
}

impl SyntheticHealth {
    /// Starts with no checks and the default times.
    pub fn builder() -> SyntheticHealthBuilder {
        SyntheticHealthBuilder::new()
    }

    pub(crate) fn new(first: Check, more: Vec<Check>, clock: Arc<dyn Clock>) -> Self {
        let more = more.into_iter().map(Arc::new).collect();
        Self {
            inner: Arc::new(Inner {
                first: Arc::new(first),
                more,
                clock,
            }),
        }
    }

    /// One endpoint's worth of each check alone, with its name.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, Self)> {
        let alone = |check: &Arc<Check>| {
            let inner = Inner {
                first: Arc::clone(check),
                more: Vec::new(),
                clock: Arc::clone(&self.inner.clock),
            };
            Self { inner: Arc::new(inner) }
        };
        self.checks().map(move |check| (check.name(), alone(check)))
    }

    /// What all checks say now, without HTTP. Reads run in parallel; the answer comes within the deadline.
    ///
    /// # Panics
    ///
    /// When it is not polled within a tokio runtime that has its time driver enabled, as `#[tokio::main]` and
    /// `enable_all` give it.
    pub async fn report(&self) -> Report {
        // Every read is on its way before the first one is awaited.
        let first = self.inner.first.begin();
        let more: Vec<Answer> = self.inner.more.iter().map(Check::begin).collect();
        let first = first.complete().await;
        let mut reports = Vec::with_capacity(more.len() + 1);
        for answer in more {
            reports.push(answer.complete().await);
        }
        Report::new(self.inner.clock.now(), first, reports)
    }

    /// Within what every request is answered.
    #[cfg(feature = "probe-kit")]
    pub(crate) fn deadline(&self) -> std::time::Duration {
        self.inner.first.deadline() // the same for every check
    }

    fn checks(&self) -> impl Iterator<Item = &Arc<Check>> {
        std::iter::once(&self.inner.first).chain(&self.inner.more)
    }
}

impl fmt::Debug for SyntheticHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.checks()).finish()
    }
}
