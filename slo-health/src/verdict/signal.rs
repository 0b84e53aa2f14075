//! What a verdict looked at.

use std::fmt;

/// What decided a verdict: a closed set of words.
///
/// ```
/// assert_eq!(slo_health::Signal::BusinessDate.to_string(), "business_date");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Signal {
    /// `age`: the age of the watermark.
    Age,
    /// `loaded`: the age of the newest load.
    Loaded,
    /// `landed`: whether the batch of each cycle has landed.
    Landed,
    /// `business_date`: the business date of the newest batch.
    BusinessDate,
    /// `period`: the period that the newest event is in.
    Period,
    /// `rows`: the number of rows.
    Rows,
    /// `previous_rows`: the number of rows before.
    PreviousRows,
    /// `observed_at`: the clock of the source.
    ObservedAt,
    /// `calendar`: the list of holidays.
    Calendar,
}

impl Signal {
    /// The word for this signal.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Loaded => "loaded",
            Self::Landed => "landed",
            Self::BusinessDate => "business_date",
            Self::Period => "period",
            Self::Rows => "rows",
            Self::PreviousRows => "previous_rows",
            Self::ObservedAt => "observed_at",
            Self::Calendar => "calendar",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
