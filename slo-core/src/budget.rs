//! What is left of the share that may fail.

use core::cmp::Ordering;

use crate::ratio::{compare, quotient};
use crate::target::ONE_PPB;
use crate::{Events, Target};

/// The error budget of one target after some events.
///
/// `remaining = 1 - (bad / valid) / (1 - target)`: 1 is untouched, 0 is the limit, negative is broken, and it is never
/// clamped and never NaN. This is the *observed* budget, of the events that were seen: say beside it how much of the
/// window they cover ([`Reading::coverage`](crate::Reading::coverage)).
///
/// # Examples
///
/// ```
/// use slo_core::{BudgetState, ErrorBudget, Events, Target};
///
/// let target: Target = "99.9%".parse()?;
/// let budget = ErrorBudget::observed(target, Events::new(99_950, 50));
/// assert_eq!(budget.remaining_ratio_f64(), Some(0.5));
/// assert_eq!(budget.remaining_events_f64(), 50.0);
/// assert_eq!(budget.state(), BudgetState::Within);
///
/// let broken = ErrorBudget::observed(target, Events::new(997, 3));
/// assert_eq!(broken.remaining_ratio_f64(), Some(-2.0));
/// assert_eq!(broken.state(), BudgetState::Exhausted);
///
/// let silent = ErrorBudget::observed(target, Events::new(0, 0));
/// assert_eq!(silent.remaining_ratio_f64(), None);
/// assert_eq!(silent.state(), BudgetState::NoTraffic);
/// # Ok::<(), slo_core::TargetError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct ErrorBudget {
    target: Target,
    seen: Events,
}

/// What can be said of a budget.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum BudgetState {
    /// No valid event was seen: neither kept nor broken.
    NoTraffic,
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
            Self::NoTraffic => "no_traffic",
            Self::Within => "within",
            Self::Exhausted => "exhausted",
        }
    }
}

impl ErrorBudget {
    /// The budget after exactly these events.
    pub const fn observed(target: Target, seen: Events) -> Self {
        Self { target, seen }
    }

    /// The target it belongs to.
    pub const fn target(self) -> Target {
        self.target
    }

    /// The events it was computed from.
    pub const fn seen(self) -> Events {
        self.seen
    }

    /// Whether anything is left; exact. A budget spent to the last event is exhausted.
    #[must_use]
    pub fn state(self) -> BudgetState {
        if self.seen.valid() == 0 {
            BudgetState::NoTraffic
        } else if self.spent() < self.allowed() {
            BudgetState::Within
        } else {
            BudgetState::Exhausted
        }
    }

    /// The share of the budget that is left (no unit, at most 1.0, negative when broken); `None` without a valid event.
    #[must_use]
    pub fn remaining_ratio_f64(self) -> Option<f64> {
        (self.seen.valid() > 0).then(|| signed_quotient(self.allowed(), self.spent(), self.allowed()))
    }

    /// How many more events may be bad (events, a fraction of one included; negative when broken).
    #[must_use]
    pub fn remaining_events_f64(self) -> f64 {
        signed_quotient(self.allowed(), self.spent(), ONE_PPB.into())
    }

    /// How many of the events seen may be bad (events, a fraction of one included).
    #[must_use]
    pub fn allowed_events_f64(self) -> f64 {
        quotient(self.allowed(), ONE_PPB.into())
    }

    /// Whether strictly more than `ppb` parts per billion of the budget are left; exact. `None` without a valid event.
    #[must_use]
    pub fn leaves_more_than_ppb(self, ppb: u32) -> Option<bool> {
        if self.seen.valid() == 0 {
            return None;
        }
        let left = self.allowed().saturating_sub(self.spent());
        Some(compare(left, self.allowed(), ppb.into(), ONE_PPB.into()) == Ordering::Greater)
    }

    /// Bad events that the budget allows, in billionths of an event.
    fn allowed(self) -> u128 {
        u128::from(self.seen.valid()) * u128::from(self.target.budget_ppb())
    }

    /// Bad events, in billionths of an event.
    fn spent(self) -> u128 {
        u128::from(self.seen.bad()) * u128::from(ONE_PPB)
    }
}

/// `(a - b) / whole`, with the difference taken exactly before it becomes a double; `whole` must not be 0.
fn signed_quotient(a: u128, b: u128, whole: u128) -> f64 {
    if a >= b {
        quotient(a - b, whole)
    } else {
        -quotient(b - a, whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn budget(target: &str, good: u64, bad: u64) -> ErrorBudget {
        ErrorBudget::observed(target.parse().unwrap(), Events::new(good, bad))
    }

    #[test]
    fn untouched_is_one_and_the_limit_is_zero() {
        assert_eq!(budget("99.9%", 1, 0).remaining_ratio_f64(), Some(1.0));
        assert_eq!(budget("99.9%", 999, 1).remaining_ratio_f64(), Some(0.0));
        assert_eq!(budget("99.9%", 999, 1).state(), BudgetState::Exhausted);
        assert_eq!(budget("99.9%", 1_000, 1).state(), BudgetState::Within);
    }

    #[test]
    fn a_broken_budget_is_negative_and_not_clamped() {
        assert_eq!(budget("99.9%", 980, 20).remaining_ratio_f64(), Some(-19.0));
        assert!((budget("99.9%", 980, 20).remaining_events_f64() + 19.0).abs() < 1e-12);
        assert_eq!(budget("99.9%", 980, 20).leaves_more_than_ppb(0), Some(false));
    }

    #[test]
    fn no_traffic_is_a_state_and_not_a_number() {
        let silent = ErrorBudget::observed("99.9%".parse().unwrap(), Events::default().with_excluded(9));
        assert_eq!(
            (silent.state(), silent.remaining_ratio_f64()),
            (BudgetState::NoTraffic, None)
        );
        assert_eq!(
            (
                silent.allowed_events_f64().to_bits(),
                silent.remaining_events_f64().to_bits()
            ),
            (0, 0)
        );
        assert_eq!(silent.leaves_more_than_ppb(0), None);
    }

    #[test]
    fn a_gate_limit_is_compared_exactly() {
        // 10% left to the last event is not more than 10%.
        assert_eq!(budget("99%", 9_910, 90).leaves_more_than_ppb(100_000_000), Some(false));
        assert_eq!(budget("99%", 9_911, 89).leaves_more_than_ppb(100_000_000), Some(true));
    }

    proptest! {
        #[test]
        fn remaining_is_finite_at_most_one_and_agrees_with_the_state(
            ppb in 1_u32..1_000_000_000, good in any::<u64>(), bad in any::<u64>(),
        ) {
            let budget = ErrorBudget::observed(Target::from_ppb(ppb).unwrap(), Events::new(good, bad));
            match budget.remaining_ratio_f64() {
                None => prop_assert_eq!(budget.state(), BudgetState::NoTraffic),
                Some(remaining) => {
                    prop_assert!(remaining.is_finite() && remaining <= 1.0);
                    prop_assert_eq!(budget.state() == BudgetState::Within, remaining > 0.0);
                }
            }
            prop_assert!(budget.remaining_events_f64().is_finite());
        }

        #[test]
        fn one_more_bad_event_never_leaves_more(good in 0_u64..1 << 40, bad in 0_u64..1 << 40) {
            let target = "99.9%".parse().unwrap();
            let before = ErrorBudget::observed(target, Events::new(good + 1, bad)).remaining_ratio_f64();
            let after = ErrorBudget::observed(target, Events::new(good + 1, bad + 1)).remaining_ratio_f64();
            prop_assert!(after <= before);
        }
    }
}
