//! What all checks of an endpoint say at one instant.

use std::{cmp::Ordering, slice, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

use crate::{
    read::Lost,
    verdict::{Failure, State, Verdict},
};

/// What all checks of an endpoint say, and which of them speaks for it.
///
/// **Order.** One endpoint has one status, so the worst check decides: stale, then empty, then invalid, then timeout,
/// then error, then warn, then fresh.
/// - A known violation (stale, empty, invalid) outranks not knowing (timeout, error): that one promise is broken is
///   proven, and a second check that fails to answer must not hide it. Stale comes first among them because it is the
///   one that carries the age of the data.
/// - Timeout outranks error: a read that hangs still holds what it holds (a thread, a connection), one that failed has
///   let go.
/// - Within one state, a critical check before an [advisory](crate::Check::advisory) one, then the check whose data is
///   oldest relative to its own limit; between equals, the one added first.
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
    first: CheckReport,
    /// Empty, and then not even allocated, for the one check of most endpoints.
    more: Vec<CheckReport>,
    /// Of `more`; `None` for `first`.
    deciding: Option<usize>,
}

impl Report {
    /// Of one check and more, in the order in which they were added.
    pub(crate) fn new(at: DateTime<Utc>, first: CheckReport, more: Vec<CheckReport>) -> Self {
        let (mut worst, mut deciding) = (&first, None);
        for (index, check) in more.iter().enumerate() {
            if check.cmp_badness(worst).is_gt() {
                (worst, deciding) = (check, Some(index));
            }
        }
        Self {
            at,
            first,
            more,
            deciding,
        }
    }

    /// The state of the whole: that of the [deciding](Self::deciding) check.
    #[must_use]
    pub fn state(&self) -> State {
        self.deciding().state()
    }

    /// The check that speaks for all of them.
    pub fn deciding(&self) -> &CheckReport {
        let other = self.deciding.and_then(|index| self.more.get(index));
        other.unwrap_or(&self.first)
    }

    /// Every check, in the order in which they were added; at least one.
    #[must_use]
    pub fn checks(&self) -> impl ExactSizeIterator<Item = &CheckReport> + Clone {
        Checks {
            first: Some(&self.first),
            more: self.more.iter(),
        }
    }

    /// The wall-clock time at which the report was complete. Each verdict was judged then or shortly before.
    #[must_use]
    pub const fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// The failure behind an answer that is good all the same: some check's data is proven by what was seen before, and
    /// its last read failed. [`Failure::TimedOut`] of one check outranks what ails another.
    #[must_use]
    pub fn hidden_failure(&self) -> Option<Failure> {
        let held = self.checks().filter(|check| check.verdict.state().is_good());
        held.filter_map(CheckReport::last_failure)
            .max_by_key(|failure| failure.state().rank())
    }
}

/// What one check says. See [`Report`].
#[derive(Clone, Debug)]
#[must_use]
pub struct CheckReport {
    subject: Arc<Subject>,
    verdict: Verdict,
    next_read_in: Duration,
    looked: Option<DateTime<Utc>>,
    lost: Option<Lost>,
}

/// Whom a report is about: what is the same in all reports of one check.
#[derive(Debug)]
pub(crate) struct Subject {
    name: Box<str>,
    is_advisory: bool,
    is_custom: bool,
}

impl CheckReport {
    pub(crate) const fn new(subject: Arc<Subject>, verdict: Verdict, next_read_in: Duration) -> Self {
        Self {
            subject,
            verdict,
            next_read_in,
            looked: None,
            lost: None,
        }
    }

    /// When the read was started whose observation the verdict rests on.
    pub(crate) const fn looked(mut self, looked: Option<DateTime<Utc>>) -> Self {
        self.looked = looked;
        self
    }

    pub(crate) fn lost(mut self, lost: Option<Lost>) -> Self {
        self.lost = lost;
        self
    }

    /// Adds that the read in flight should long have ended, unless there is worse to say.
    pub(crate) fn overdue(mut self, is_overdue: bool) -> Self {
        if is_overdue && self.lost.is_none() {
            self.lost = Some(Failure::TimedOut.into());
        }
        self
    }

    /// The name that the check was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.subject.name
    }

    /// The state that counts: the verdict's, but at most [`State::Warn`] for an [advisory](crate::Check::advisory)
    /// check.
    #[must_use]
    pub fn state(&self) -> State {
        match self.verdict.state() {
            State::Fresh => State::Fresh,
            _ if self.subject.is_advisory => State::Warn,
            state => state,
        }
    }

    /// What the check's policy says. Of an advisory check too, so it may be worse than [`state`](Self::state).
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Whether the check only advises.
    #[must_use]
    pub fn is_advisory(&self) -> bool {
        self.subject.is_advisory
    }

    /// How the last read of the data failed, if it did. With a good verdict it says that the data is proven to be good
    /// by what was seen before, and that nobody can look at present.
    #[must_use]
    pub fn last_failure(&self) -> Option<Failure> {
        self.lost.as_ref().map(|lost| lost.failure)
    }

    /// The time after which asking again can bring a live read, for a state that is not fresh; it may be zero.
    #[must_use]
    pub const fn next_read_in(&self) -> Duration {
        self.next_read_in
    }

    /// The wall-clock time at which the read was started that last saw something.
    #[must_use]
    pub const fn last_seen_at(&self) -> Option<DateTime<Utc>> {
        self.looked
    }

    pub(crate) fn subject(&self) -> &Subject {
        &self.subject
    }

    /// What the failed read said. Not for everybody's eyes.
    pub(crate) fn output(&self) -> Option<&str> {
        self.lost.as_ref().and_then(|lost| lost.text.as_deref())
    }

    fn cmp_badness(&self, other: &Self) -> Ordering {
        let rank = |check: &Self| (check.state().rank(), !check.subject.is_advisory);
        let by_rank = rank(self).cmp(&rank(other));
        by_rank.then_with(|| self.verdict.cmp_badness(&other.verdict))
    }
}

impl Subject {
    pub(crate) fn new(name: String, is_advisory: bool, is_custom: bool) -> Self {
        Self {
            name: name.into(),
            is_advisory,
            is_custom,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn is_custom(&self) -> bool {
        self.is_custom
    }
}

#[derive(Clone)]
struct Checks<'a> {
    first: Option<&'a CheckReport>,
    more: slice::Iter<'a, CheckReport>,
}

impl<'a> Iterator for Checks<'a> {
    type Item = &'a CheckReport;

    fn next(&mut self) -> Option<Self::Item> {
        self.first.take().or_else(|| self.more.next())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::from(self.first.is_some()) + self.more.len();
        (left, Some(left))
    }
}

impl ExactSizeIterator for Checks<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Failure, Freshness, Observation, judge, judge_failure};

    const HOUR: Duration = Duration::from_secs(3600);

    fn noon() -> DateTime<Utc> {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    fn check(name: &str, is_advisory: bool, verdict: Verdict) -> CheckReport {
        let subject = Subject::new(name.to_owned(), is_advisory, false);
        CheckReport::new(Arc::new(subject), verdict, Duration::ZERO)
    }

    fn verdict(age: Duration, limit: Duration) -> Verdict {
        judge(&Freshness::within(limit), &Observation::at(noon() - age), noon())
    }

    fn aged(name: &str, age: Duration, limit: Duration) -> CheckReport {
        check(name, false, verdict(age, limit))
    }

    fn failed(name: &str, failure: Failure) -> CheckReport {
        let verdict = judge_failure(&Freshness::within(HOUR), failure, None, noon());
        check(name, false, verdict)
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
        let names: Vec<_> = report.checks().map(CheckReport::name).collect();
        assert_eq!(names, ["slow", "old", "broken", "good"]);
        let mut left = report.checks();
        assert_eq!((left.next().is_some(), left.len()), (true, 3));
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

    #[test]
    fn an_advisory_check_brings_a_warning_at_worst_and_is_named() {
        let stale = check("fx", true, verdict(2 * HOUR, HOUR));
        assert_eq!((stale.state(), stale.verdict().state()), (State::Warn, State::Stale));
        let report = Report::new(noon(), aged("good", HOUR / 2, HOUR), vec![stale.clone()]);
        assert_eq!((report.state(), report.deciding().name()), (State::Warn, "fx"));
        let fresh = check("fx", true, verdict(HOUR, HOUR));
        assert_eq!(Report::new(noon(), fresh, Vec::new()).state(), State::Fresh);

        let warns = Freshness::within(HOUR).warn_after(HOUR / 2);
        let late = judge(&warns, &Observation::at(noon() - HOUR), noon());
        let report = Report::new(noon(), stale, vec![check("sales", false, late)]);
        assert_eq!(report.deciding().name(), "sales", "what is critical speaks first");
    }

    #[test]
    fn a_failure_is_hidden_only_behind_a_good_verdict() {
        let held = |failure: Failure| aged("held", HOUR, HOUR).lost(Some(failure.into()));
        let good = aged("good", HOUR, HOUR);
        assert_eq!(Report::new(noon(), good.clone(), Vec::new()).hidden_failure(), None);
        let report = Report::new(noon(), good, vec![held(Failure::TimedOut), held(Failure::Failed)]);
        assert_eq!(report.hidden_failure(), Some(Failure::TimedOut));
        let broken = failed("broken", Failure::Failed).lost(Some(Failure::Failed.into()));
        assert_eq!(Report::new(noon(), broken, Vec::new()).hidden_failure(), None);
    }

    #[test]
    fn what_an_error_says_is_not_in_what_is_printed_for_debugging() {
        let lost = Lost {
            failure: Failure::Failed,
            text: Some("canary".into()),
        };
        let report = aged("held", HOUR, HOUR).lost(Some(lost));
        assert_eq!(report.output(), Some("canary"));
        assert!(!format!("{report:?}").contains("canary"));
    }
}
