//! The words for a budget: what can be said of it, and what it is held against.

/// What can be said of a budget.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum BudgetState {
    /// Nothing was measured in the window: neither traffic nor its absence.
    NoData,
    /// No valid event was seen: neither kept nor broken.
    NoTraffic,
    /// More events were excluded than counted: what is left is the budget of a minority.
    MostlyExcluded,
    /// Under 90% of the window, or of what has passed of a calendar period, was measured, by a young process or around a
    /// gap, and what was seen does not exhaust the budget of the whole window: say the coverage beside every number.
    WarmingUp,
    /// Some of it is left.
    Within,
    /// Spent to the last event, or over-spent.
    Exhausted,
}

impl BudgetState {
    /// The state's name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoData => "no_data",
            Self::NoTraffic => "no_traffic",
            Self::MostlyExcluded => "mostly_excluded",
            Self::WarmingUp => "warming_up",
            Self::Within => "within",
            Self::Exhausted => "exhausted",
        }
    }
}

/// What a budget's bad events are held against.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum BudgetBasis {
    /// What the events seen allow.
    Observed,
    /// What the whole window allows, at the mean traffic of its seen part.
    WholeWindow,
}

impl BudgetBasis {
    /// The basis' name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::WholeWindow => "whole_window",
        }
    }
}
