//! What all checks of an endpoint say at one instant.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

use crate::verdict::{State, Verdict};

/// What all checks of an endpoint say, and which of them speaks for it.
///
/// **Order.** One endpoint has one status, so the worst check decides: stale, then empty, then invalid, then timeout,
/// then error, then warn, then fresh.
/// - A known violation (stale, empty, invalid) outranks not knowing (timeout, error): that one promise is broken is
///   proven, and a second check that fails to answer must not hide it. Stale comes first among them because it is the
///   one that carries the age of the data.
/// - Timeout outranks error: a read that hangs still holds what it holds (a thread, a connection), one that failed has
///   let go.
/// - Within one state, the check whose data is oldest relative to its own limit; between equals, the one added first.
///
/// The status, the reason and the watermark of the endpoint are all those of this one check, so they never contradict
/// one another. Use the sub-path of a check to see it alone.
///
/// ```
/// use std::{convert::Infallible, time::Duration};
///
/// use chrono::Utc;
/// use slo_health::{Freshness, State, SyntheticHealth};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), slo_health::BuildError> {
/// let hour = Duration::from_secs(3600);
/// let health = SyntheticHealth::builder()
///     .check("listings", Freshness::within(hour), || async { Ok::<_, Infallible>(Utc::now()) })
///     .check("sales", Freshness::within(hour), move || async move { Ok::<_, Infallible>(Utc::now() - 2 * hour) })
///     .build()?;
///
/// let report = health.report().await;
/// assert_eq!(report.state(), State::Stale);
/// assert_eq!(report.deciding().name(), "sales");
/// assert_eq!(report.checks().len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Report {
    at: DateTime<Utc>,
    deciding: CheckReport,
    checks: Vec<CheckReport>,
}

impl Report {
    /// Of one check and more, in the order in which they were added.
    pub(crate) fn new(at: DateTime<Utc>, first: CheckReport, more: Vec<CheckReport>) -> Self {
        let mut deciding = &first;
        for check in &more {
            if check.verdict.cmp_badness(&deciding.verdict).is_gt() {
                deciding = check;
            }
        }
        let deciding = deciding.clone();
        let mut checks = more;
        checks.insert(0, first);
        Self { at, deciding, checks }
    }

    /// The state of the whole: that of the [deciding](Self::deciding) check.
    #[must_use]
    pub const fn state(&self) -> State {
        self.deciding.verdict.state()
    }

    /// The check that speaks for all of them.
    pub const fn deciding(&self) -> &CheckReport {
        &self.deciding
    }

    /// Every check, in the order in which they were added; never empty.
    pub fn checks(&self) -> &[CheckReport] {
        &self.checks
    }

    /// The wall-clock time at which the report was complete. Each verdict was judged then or shortly before.
    #[must_use]
    pub const fn at(&self) -> DateTime<Utc> {
        self.at
    }
}

/// What one check says. See [`Report`].
#[derive(Clone, Debug)]
#[must_use]
pub struct CheckReport {
    name: Arc<str>,
    verdict: Verdict,
    next_read_in: Duration,
}

impl CheckReport {
    pub(crate) const fn new(name: Arc<str>, verdict: Verdict, next_read_in: Duration) -> Self {
        Self {
            name,
            verdict,
            next_read_in,
        }
    }

    /// The name that the check was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the check's policy says.
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The time after which asking again can bring a live read, for a state that is not fresh; it may be zero.
    #[must_use]
    pub const fn next_read_in(&self) -> Duration {
        self.next_read_in
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Failure, Freshness, Observation, judge, judge_failure};

    const HOUR: Duration = Duration::from_secs(3600);

    fn noon() -> DateTime<Utc> {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    fn aged(name: &str, age: Duration, limit: Duration) -> CheckReport {
        let verdict = judge(&Freshness::within(limit), &Observation::at(noon() - age), noon());
        CheckReport::new(name.into(), verdict, Duration::ZERO)
    }

    fn failed(name: &str, failure: Failure) -> CheckReport {
        let verdict = judge_failure(&Freshness::within(HOUR), failure, None, noon());
        CheckReport::new(name.into(), verdict, Duration::ZERO)
    }

    #[test]
    fn the_worst_check_speaks_and_the_order_of_the_checks_is_kept() {
        let report = Report::new(
            noon(),
            failed("slow", Failure::TimedOut),
            vec![
                aged("old", 2 * HOUR, HOUR),
                failed("broken", Failure::Failed),
                aged("good", HOUR, HOUR),
            ],
        );
        assert_eq!((report.state(), report.deciding().name()), (State::Stale, "old"));
        let names: Vec<_> = report.checks().iter().map(CheckReport::name).collect();
        assert_eq!(names, ["slow", "old", "broken", "good"]);
    }

    #[test]
    fn not_knowing_outranks_good_news() {
        let report = Report::new(
            noon(),
            aged("good", HOUR, HOUR),
            vec![failed("broken", Failure::Panicked)],
        );
        assert_eq!((report.state(), report.deciding().name()), (State::Error, "broken"));
    }

    #[test]
    fn among_equals_the_oldest_relative_to_its_limit_speaks_and_then_the_first() {
        let report = Report::new(
            noon(),
            aged("day", 10 * HOUR, 24 * HOUR),
            vec![aged("hour", HOUR / 2, HOUR)],
        );
        assert_eq!(report.deciding().name(), "hour");
        let report = Report::new(
            noon(),
            aged("first", HOUR / 2, HOUR),
            vec![aged("second", HOUR / 2, HOUR)],
        );
        assert_eq!(report.deciding().name(), "first");
    }
}
