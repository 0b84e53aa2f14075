//! When data counts as fresh: the policies.

mod age;
#[cfg(feature = "calendar")]
mod business_days;
#[cfg(feature = "calendar")]
mod current_period;
#[cfg(feature = "calendar")]
mod cycle_days;
#[cfg(feature = "calendar")]
mod deadline;
mod instant;
mod judge;
mod leaf;
mod line;
mod outlook;
mod quiet;
#[cfg(feature = "calendar")]
mod scheduled;
#[cfg(test)]
mod tests;
mod validate;
mod volume;

use std::time::Duration;

use slo_core::Share;

#[cfg(feature = "calendar")]
pub(crate) use self::scheduled::clock_time;
use self::{age::Within, volume::Volume};
#[cfg(feature = "calendar")]
pub use self::{business_days::BusinessDays, cycle_days::CycleDays};
#[cfg(feature = "calendar")]
use self::{current_period::CurrentPeriod, deadline::Deadline};
pub use self::{
    judge::{judge, judge_failure},
    quiet::QuietWindow,
    validate::PolicyError,
};
use crate::verdict::Signal;

/// When data counts as fresh.
///
/// | policy | fresh |
/// | --- | --- |
/// | [`within`](Self::within) | the newest event is at most so old |
/// | [`loaded_within`](Self::loaded_within) | the newest load is at most so old |
/// | `by_deadline` | of each cycle that is due the batch has landed: "every business day by 06:00 in Seoul" |
/// | `current_period`, `current_month`, … | the present month (week, day) has data |
/// | [`all_of`](Self::all_of), [`any_of`](Self::any_of) | all of some policies are kept, or one of them |
///
/// The third and fourth need the feature `calendar`. To each of them can be added that there are
/// [enough rows](Self::min_rows) and that some times are [quiet](Self::quiet). A policy that makes no sense (a limit of
/// zero, a warning that never comes) is refused by [`validate`](Self::validate), which `SyntheticHealthBuilder::build`
/// calls.
///
/// ```
/// use std::time::Duration;
///
/// use chrono::{DateTime, Utc};
/// use slo_health::{Freshness, Observation, State, judge};
///
/// let hours = |n: u64| Duration::from_secs(n * 3600);
/// let policy = Freshness::within(hours(26)).warn_after(hours(24));
/// let seen = Observation::at("2026-03-01T06:00:00Z".parse::<DateTime<Utc>>()?);
///
/// let state_at = |now: &str| Ok::<_, chrono::ParseError>(judge(&policy, &seen, now.parse()?).state());
/// assert_eq!(state_at("2026-03-02T06:00:00Z")?, State::Fresh); // 24 h old: exactly at the boundary is still fresh
/// assert_eq!(state_at("2026-03-02T08:00:00Z")?, State::Warn); // 26 h
/// assert_eq!(state_at("2026-03-02T08:00:00.000000001Z")?, State::Stale);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Freshness {
    rule: Rule,
    volume: Volume,
    quiet: Vec<QuietWindow>,
    future_tolerance: Duration,
    /// A method that says nothing about this rule, and the rules that it says something about.
    misplaced: Option<(&'static str, &'static str)>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Rule {
    Within(Within),
    #[cfg(feature = "calendar")]
    ByDeadline(Deadline),
    #[cfg(feature = "calendar")]
    CurrentPeriod(CurrentPeriod),
    AllOf(Vec<Freshness>),
    AnyOf(Vec<Freshness>),
}

impl Freshness {
    /// Fresh as long as the newest event is at most `limit` old: fresh iff `age <= limit`.
    pub const fn within(limit: Duration) -> Self {
        Self::aged(limit, Signal::Age)
    }

    /// Fresh as long as the newest load ([`Observation::loaded_at`](crate::Observation::loaded_at)) is at most `limit`
    /// old, whatever it has loaded.
    ///
    /// On its own it is content with a job that loads last week's file every night. Together with `within` it tells a
    /// pipeline that stands still from a source that does:
    ///
    /// ```
    /// # use std::time::Duration;
    /// use slo_health::Freshness;
    /// # let hours = |n: u64| Duration::from_secs(n * 3600);
    /// let policy = Freshness::all_of([Freshness::loaded_within(hours(25)), Freshness::within(hours(48))]);
    /// assert!(policy.validate().is_ok());
    /// ```
    pub const fn loaded_within(limit: Duration) -> Self {
        Self::aged(limit, Signal::Loaded)
    }

    /// Fresh while all of these are, and else what the worst of them is: stale, then empty, then invalid, then warn.
    /// Among equals the first one gives the reason.
    pub fn all_of(policies: impl IntoIterator<Item = Self>) -> Self {
        Self::with(Rule::AllOf(policies.into_iter().collect()))
    }

    /// Fresh while one of these is, and else what the best of them is, in the order of [`all_of`](Self::all_of).
    pub fn any_of(policies: impl IntoIterator<Item = Self>) -> Self {
        Self::with(Rule::AnyOf(policies.into_iter().collect()))
    }

    /// Warns when the data is older than `age` and not yet stale: fresh iff `age <= warn_after`, warn up to the limit.
    ///
    /// A warning still answers 200: it is for people, before the promise breaks. For `within`, `loaded_within` and
    /// `newest_within`.
    pub fn warn_after(mut self, age: Duration) -> Self {
        match &mut self.rule {
            Rule::Within(within) => within.warn_after = Some(age),
            #[cfg(feature = "calendar")]
            Rule::CurrentPeriod(period) => period.warn_after = Some(age),
            #[cfg(feature = "calendar")]
            Rule::ByDeadline(_) => return self.misplaced("warn_after", AGED),
            Rule::AllOf(_) | Rule::AnyOf(_) => return self.misplaced("warn_after", AGED),
        }
        self
    }

    /// How far ahead of this clock an instant may lie, because clocks differ: 5 minutes unless said otherwise. Of a
    /// combination, for all its members.
    ///
    /// Up to and including that, the age is zero. Beyond it the observation is invalid and never fresh: one row dated
    /// next year would else keep the check fresh until then. A query with `WHERE ts <= now()` avoids such rows.
    ///
    /// It holds for every instant of an observation, and for a business date: that of the cycle due next is the latest
    /// that a batch may carry.
    pub fn future_tolerance(mut self, tolerance: Duration) -> Self {
        if let Rule::AllOf(members) | Rule::AnyOf(members) = &mut self.rule {
            let tolerant = |member: Self| member.future_tolerance(tolerance);
            *members = std::mem::take(members).into_iter().map(tolerant).collect();
        }
        self.future_tolerance = tolerance;
        self
    }

    /// And there are at least so many [rows](crate::Observation::rows); stale with fewer, however young they are.
    ///
    /// Of the present period it is asked once its rollover grace is over. Until then the period before has to have had
    /// so many, so that [`previous_rows`](crate::Observation::previous_rows) is needed as well, at all times.
    pub const fn min_rows(mut self, rows: u64) -> Self {
        self.volume.min_rows = Some(rows);
        self
    }

    /// And there are at least this share of the [rows before](crate::Observation::previous_rows); stale with fewer. Before
    /// the rollover grace of a period is over nothing is compared, and with no row before any number will do.
    ///
    /// ```
    /// # use std::time::Duration;
    /// use chrono::{DateTime, Utc};
    /// use slo_health::{Freshness, Observation, Reason, judge};
    ///
    /// let noon: DateTime<Utc> = "2026-03-01T12:00:00Z".parse()?;
    /// let policy = Freshness::within(Duration::from_secs(3600)).at_least_of_previous("80%".parse()?);
    /// let half = Observation::at(noon).rows(5_000).previous_rows(10_000);
    /// assert_eq!(judge(&policy, &half, noon).reason(), Reason::FewerThanPrevious);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn at_least_of_previous(mut self, share: Share) -> Self {
        self.volume.of_previous = Some(share);
        self
    }

    /// Marks what is said in this time as [`quiet`](crate::Verdict::quiet): it counts for nothing, but is still said. May
    /// be called several times. Of a combination it belongs to the whole and not to a member.
    pub fn quiet(mut self, window: QuietWindow) -> Self {
        self.quiet.push(window);
        self
    }

    const fn aged(limit: Duration, signal: Signal) -> Self {
        Self::with(Rule::Within(Within {
            limit,
            warn_after: None,
            signal,
        }))
    }

    const fn with(rule: Rule) -> Self {
        Self {
            rule,
            volume: Volume {
                min_rows: None,
                of_previous: None,
            },
            quiet: Vec::new(),
            future_tolerance: FUTURE_TOLERANCE,
            misplaced: None,
        }
    }

    fn misplaced(mut self, method: &'static str, belongs_to: &'static str) -> Self {
        self.misplaced = self.misplaced.or(Some((method, belongs_to)));
        self
    }
}

const FUTURE_TOLERANCE: Duration = Duration::from_secs(5 * 60);
const AGED: &str = "`within`, `loaded_within` and `newest_within`";
