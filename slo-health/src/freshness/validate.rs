//! Policies that make no sense, each with a name.

use std::time::Duration;

use chrono::{DateTime, Utc};
#[cfg(feature = "calendar")]
use chrono::{NaiveDate, NaiveTime};

use super::{Freshness, Rule, age::Within};

/// Why a policy was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// A limit is zero, so that the data would be stale the moment it is written.
    #[error("the limit is 0 s; give the greatest age at which the data is still fresh, like 1 h")]
    ZeroLimit,
    /// It warns at or after its limit, so that the warning would never be seen.
    #[error("the warning comes after {warn_after:?}, which is not before the limit of {limit:?}; warn earlier")]
    WarnNotBeforeLimit {
        /// The age that brings the warning.
        warn_after: Duration,
        /// The age beyond which the data is stale.
        limit: Duration,
    },
    /// A method was called that says nothing about this kind of policy.
    #[error("`{method}` means nothing here; it belongs to {belongs_to}")]
    Misplaced {
        /// The method.
        method: &'static str,
        /// The kinds of policy that it says something about.
        belongs_to: &'static str,
    },
    /// A limit on rows that any number of rows meets.
    #[error("{limit} of 0 is met by no rows at all; ask for at least one row or leave it out")]
    NoRowsNeeded {
        /// The method that gave the limit.
        limit: &'static str,
    },
    /// A combination of nothing, which would have nothing to say.
    #[error("`{combinator}` has no members; give it at least one policy")]
    NoMembers {
        /// `all_of` or `any_of`.
        combinator: &'static str,
    },
    /// A member of a combination has quiet windows of its own.
    #[error(
        "a member of `{combinator}` has a quiet window; a check is quiet as a whole, so call `quiet` on the combination"
    )]
    QuietMember {
        /// `all_of` or `any_of`.
        combinator: &'static str,
    },
    /// A quiet window ends before it starts.
    #[error("a quiet window from {start} to {end} ends before it starts; give the start first")]
    QuietWindowEndsFirst {
        /// The start that was given.
        start: DateTime<Utc>,
        /// The end that was given.
        end: DateTime<Utc>,
    },
    /// A repeated quiet window ends at the time at which it starts.
    #[cfg(feature = "calendar")]
    #[error(
        "a quiet window from {at} to {at} has no length; for whole days write two windows, like 00:00 to 12:00 and 12:00 to 00:00"
    )]
    QuietWindowWithoutLength {
        /// The time of day that was given twice.
        at: NaiveTime,
    },
    /// No day of the calendar is due.
    #[cfg(feature = "calendar")]
    #[error("nothing is due on any day; name at least one day of the week, and leave one out of the weekend")]
    NothingDue,
    /// No month has such a day, or none of the business days in it.
    #[cfg(feature = "calendar")]
    #[error("there is no day {day} of a month; write 1 to 31, where 31 is the last day of every month")]
    NoSuchDay {
        /// The day that was given.
        day: u8,
    },
    /// A batch would have to land in no time.
    #[cfg(feature = "calendar")]
    #[error("a batch that may land from {not_before} on cannot be due at {deadline}; let `not_before` be earlier")]
    NotBeforeAfterDeadline {
        /// The time of day from which on a batch counts.
        not_before: NaiveTime,
        /// The time of day at which it is due.
        deadline: NaiveTime,
    },
    /// The grace of a period would not end before the next one begins.
    #[cfg(feature = "calendar")]
    #[error("a rollover grace of {grace:?} does not end within a {period}; keep it under {shortest:?}")]
    RolloverGraceTooLong {
        /// The grace that was given.
        grace: Duration,
        /// The kind of period.
        period: slo_core::Period,
        /// The length of the shortest of its kind.
        shortest: Duration,
    },
    /// A holiday later than the day to which the list claims to be complete.
    #[cfg(feature = "calendar")]
    #[error(
        "the holiday {holiday} is after {valid_through}, to which the list is valid; put that day after the last holiday"
    )]
    HolidayAfterList {
        /// The holiday.
        holiday: NaiveDate,
        /// The last day of which the list knows.
        valid_through: NaiveDate,
    },
}

impl Freshness {
    /// Looks for mistakes; `SyntheticHealthBuilder::build` asks it of each policy.
    ///
    /// # Errors
    ///
    /// The first mistake found; see [`PolicyError`].
    pub fn validate(&self) -> Result<(), PolicyError> {
        if let Some((method, belongs_to)) = self.misplaced {
            return Err(PolicyError::Misplaced { method, belongs_to });
        }
        self.quiet.iter().try_for_each(super::quiet::QuietWindow::validate)?;
        if self.volume.min_rows == Some(0) {
            return Err(PolicyError::NoRowsNeeded { limit: "`min_rows`" });
        }
        if self.volume.of_previous == Some(slo_core::Share::NONE) {
            let limit = "`at_least_of_previous`";
            return Err(PolicyError::NoRowsNeeded { limit });
        }
        match &self.rule {
            Rule::Within(Within { limit, warn_after, .. }) => validate_ages(*limit, *warn_after),
            #[cfg(feature = "calendar")]
            Rule::ByDeadline(deadline) => deadline.validate(),
            #[cfg(feature = "calendar")]
            Rule::CurrentPeriod(period) => period.validate(),
            Rule::AllOf(members) => validate_members("all_of", members),
            Rule::AnyOf(members) => validate_members("any_of", members),
        }
    }
}

pub(crate) fn validate_ages(limit: Duration, warn_after: Option<Duration>) -> Result<(), PolicyError> {
    if limit.is_zero() {
        return Err(PolicyError::ZeroLimit);
    }
    match warn_after {
        Some(warn_after) if warn_after >= limit => Err(PolicyError::WarnNotBeforeLimit { warn_after, limit }),
        Some(_) | None => Ok(()),
    }
}

fn validate_members(combinator: &'static str, members: &[Freshness]) -> Result<(), PolicyError> {
    if members.is_empty() {
        return Err(PolicyError::NoMembers { combinator });
    }
    if members.iter().any(|member| !member.quiet.is_empty()) {
        return Err(PolicyError::QuietMember { combinator });
    }
    members.iter().try_for_each(Freshness::validate)
}
