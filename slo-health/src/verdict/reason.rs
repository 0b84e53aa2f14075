//! Why a verdict is what it is.

use std::fmt;

/// Why a verdict is what it is: a closed set of codes, safe to show to anyone and to match with a regular expression.
///
/// ```
/// assert_eq!(slo_health::Reason::PastLimit.to_string(), "past_limit");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// `within_limit`: the data is young enough.
    WithinLimit,
    /// `landed`: of each cycle whose deadline has passed the batch has landed.
    Landed,
    /// `in_period`: the present period has data.
    InPeriod,
    /// `rollover_grace`: the present period has none yet and has only just begun.
    RolloverGrace,
    /// `past_warning`: older than the policy's `warn_after`, not older than its limit.
    PastWarning,
    /// `landing_due`: the deadline of a batch has passed, its grace has not.
    LandingDue,
    /// `calendar_expired`: the list of holidays has ended, so that nobody knows for sure what is due.
    CalendarExpired,
    /// `past_limit`: older than the policy's limit.
    PastLimit,
    /// `missed_deadline`: a batch has not landed by its deadline and grace.
    MissedDeadline,
    /// `not_in_period`: the present period has no data, and its grace is over.
    NotInPeriod,
    /// `too_few_rows`: fewer rows than the policy's minimum.
    TooFewRows,
    /// `fewer_than_previous`: fewer rows than the policy's share of the rows before.
    FewerThanPrevious,
    /// `no_data`: the read found nothing.
    NoData,
    /// `no_timestamp`: there is data, and nothing says when it happened.
    NoTimestamp,
    /// `signal_missing`: the policy needs a signal that the observation does not carry.
    SignalMissing,
    /// `in_the_future`: a signal is later than the clock by more than the tolerance.
    InTheFuture,
    /// `check_failed`: the check returned an error. Its text goes to the log, and to whom `Details::Full` is granted.
    CheckFailed,
    /// `check_panicked`: the check panicked.
    CheckPanicked,
    /// `check_cancelled`: the read was thrown away before it ended, because its runtime shut down.
    CheckCancelled,
    /// `no_answer`: the check did not answer by the deadline.
    NoAnswer,
    /// `verdict_expired`: the background refresh has not looked at the data for too long.
    VerdictExpired,
    /// `as_reported`: a custom check (`Check::custom`) says so itself.
    AsReported,
}

impl Reason {
    /// The code of this reason, as it stands in the `Slo-Health-Reason` header after the check's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WithinLimit => "within_limit",
            Self::Landed => "landed",
            Self::InPeriod => "in_period",
            Self::RolloverGrace => "rollover_grace",
            Self::PastWarning => "past_warning",
            Self::LandingDue => "landing_due",
            Self::CalendarExpired => "calendar_expired",
            Self::PastLimit => "past_limit",
            Self::MissedDeadline => "missed_deadline",
            Self::NotInPeriod => "not_in_period",
            Self::TooFewRows => "too_few_rows",
            Self::FewerThanPrevious => "fewer_than_previous",
            Self::NoData => "no_data",
            Self::NoTimestamp => "no_timestamp",
            Self::SignalMissing => "signal_missing",
            Self::InTheFuture => "in_the_future",
            Self::CheckFailed => "check_failed",
            Self::CheckPanicked => "check_panicked",
            Self::CheckCancelled => "check_cancelled",
            Self::NoAnswer => "no_answer",
            Self::VerdictExpired => "verdict_expired",
            Self::AsReported => "as_reported",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
