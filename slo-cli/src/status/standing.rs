//! How a promise stands, in one word: what hurts most is the least.

use core::fmt;
use core::str::FromStr;

use slo_core::alert::AlertState;
use slo_core::gate::DEFAULT_OLDEST_PUSH;
use slo_core::{BudgetState, Factor, Status};

use super::overview::{Burn, Promise};

/// How a promise stands; what hurts most first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Standing {
    /// Somebody should look now.
    Paging,
    /// The budget is spent.
    Exhausted,
    /// Somebody should look within days.
    Ticket,
    /// Its service pushed nothing for more than a day.
    Gone,
    /// Its service pushes nothing, or a probe finds its data too old.
    Stale,
    /// The budget will not last if the last six hours go on.
    Burning,
    /// Nothing was counted.
    NoData,
    /// No valid event was counted.
    NoTraffic,
    /// More events were excluded than counted.
    MostlyExcluded,
    /// Under 90% of the window was seen, and what was seen is within the budget.
    WarmingUp,
    /// Within the budget.
    Fine,
    /// No instance makes the promise any more.
    Removed,
}

impl Standing {
    /// Every standing, what hurts most first.
    pub const ALL: [Self; 12] = [
        Self::Paging,
        Self::Exhausted,
        Self::Ticket,
        Self::Gone,
        Self::Stale,
        Self::Burning,
        Self::NoData,
        Self::NoTraffic,
        Self::MostlyExcluded,
        Self::WarmingUp,
        Self::Fine,
        Self::Removed,
    ];

    /// The name, as in JSON and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paging => "paging",
            Self::Exhausted => "exhausted",
            Self::Ticket => "ticket",
            Self::Gone => "gone",
            Self::Stale => "stale",
            Self::Burning => "burning",
            Self::NoData => "no-data",
            Self::NoTraffic => "no-traffic",
            Self::MostlyExcluded => "mostly-excluded",
            Self::WarmingUp => "warming-up",
            Self::Fine => "fine",
            Self::Removed => "removed",
        }
    }

    /// Whether somebody should do something.
    #[must_use]
    pub const fn hurts(self) -> bool {
        match self {
            Self::Paging | Self::Exhausted | Self::Ticket | Self::Gone | Self::Stale | Self::Burning => true,
            Self::NoData | Self::NoTraffic | Self::MostlyExcluded | Self::WarmingUp | Self::Fine | Self::Removed => {
                false
            }
        }
    }

    /// Whether nothing can be said.
    #[must_use]
    pub const fn is_unknown(self) -> bool {
        matches!(self, Self::NoData | Self::NoTraffic | Self::MostlyExcluded)
    }

    /// What all that is known of a promise comes to.
    pub(super) fn of(promise: &Promise) -> Self {
        let told = match (&promise.alert, promise.status) {
            (Some(alert), Status::Agreed) => alert.state,
            _ => AlertState::Ok,
        };
        let budget = promise.budget_state();
        if promise.removed {
            Self::Removed
        } else if promise.gone_since.is_some() {
            Self::Gone
        } else if told == AlertState::Page {
            Self::Paging
        } else if budget == BudgetState::Exhausted {
            Self::Exhausted
        } else if told == AlertState::Ticket {
            Self::Ticket
        } else if is_silent(promise) || promise.probe.as_ref().is_some_and(|probe| !probe.is_fresh()) {
            Self::Stale
        } else if promise.six_hours.as_ref().is_some_and(will_not_last) {
            Self::Burning
        } else {
            Self::of_budget(budget)
        }
    }

    const fn of_budget(state: BudgetState) -> Self {
        match state {
            BudgetState::Exhausted => Self::Exhausted,
            BudgetState::NoTraffic => Self::NoTraffic,
            BudgetState::MostlyExcluded => Self::MostlyExcluded,
            BudgetState::WarmingUp => Self::WarmingUp,
            BudgetState::Within => Self::Fine,
            // And whatever else may come to be said of a budget.
            _ => Self::NoData,
        }
    }
}

/// Whether nothing was pushed for a while.
pub(super) fn is_silent(promise: &Promise) -> bool {
    promise.pushed_ago.is_none_or(|ago| ago > DEFAULT_OLDEST_PUSH)
}

/// Whether a rate over 1 is more than bad luck with a handful of events, as for alerts.
fn will_not_last(burn: &Burn) -> bool {
    let few = slo_core::alert::AlertPolicy::standard().least_bad_events();
    let enough = match burn.from {
        super::CountedFrom::Counters => burn.events.bad() >= few.into(),
        super::CountedFrom::Rules => true,
    };
    enough && burn.rate.exceeds(Factor::ONE)
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Promises that somebody wants to see, or to be told of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Group {
    /// Paging, exhausted, ticket, gone, stale or burning, and no draft.
    Hurting,
    /// Drafts, however they stand.
    Draft,
    /// Agreed ones that stand like this.
    Standing(Standing),
}

impl FromStr for Group {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let standing = Standing::ALL.into_iter().find(|standing| standing.as_str() == text);
        match text {
            "hurting" => Ok(Self::Hurting),
            "draft" => Ok(Self::Draft),
            _ => standing.map(Self::Standing).ok_or_else(|| {
                let known: Vec<_> = Standing::ALL.iter().map(|standing| standing.as_str()).collect();
                format!(
                    "`{text}` is no standing; write `hurting`, `draft`, or one of: {}",
                    known.join(", ")
                )
            }),
        }
    }
}
