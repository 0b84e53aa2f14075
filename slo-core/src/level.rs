//! A budget as a level, for code that acts on it: two limits each, so that it does not flap.

use core::fmt;

use crate::{BudgetState, Composite, ErrorBudget, Share};

/// How much of a budget is left, in one word; what is scarcer is greater.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum BudgetLevel {
    /// Nothing can be said: no valid event, or nobody looks.
    #[default]
    NoData,
    /// Nothing speaks against it, and under 90% of the window was seen: see [`BudgetState::WarmingUp`].
    WarmingUp,
    /// There is enough.
    Ample,
    /// There is little.
    Low,
    /// There is nothing, or as good as nothing.
    Exhausted,
}

impl BudgetLevel {
    /// Every level, from the least scarce.
    pub const ALL: [Self; 5] = [Self::NoData, Self::WarmingUp, Self::Ample, Self::Low, Self::Exhausted];

    /// The level's name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoData => "no_data",
            Self::WarmingUp => "warming_up",
            Self::Ample => "ample",
            Self::Low => "low",
            Self::Exhausted => "exhausted",
        }
    }

    /// Whether optional work should be left out: the budget is low or exhausted.
    #[must_use]
    pub const fn is_scarce(self) -> bool {
        match self {
            Self::Low | Self::Exhausted => true,
            Self::NoData | Self::WarmingUp | Self::Ample => false,
        }
    }
}

impl fmt::Display for BudgetLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a budget becomes low and exhausted, and where it stops being that.
///
/// Low from 25% down until more than 35% is left, exhausted from 0% down until more than 5% is left, unless said
/// otherwise. Between the two limits of a level it stays what it was. Limits are compared as integers, with the
/// [decisive](ErrorBudget::decisive) variant of the budget.
///
/// # Examples
///
/// ```
/// use slo_core::{BudgetLevel, BudgetLevels, ErrorBudget, Events};
///
/// let levels = BudgetLevels::default();
/// let left = |percent: u64| ErrorBudget::observed("99%".parse().unwrap(), Events::new(9_900 + percent, 100 - percent));
/// let mut level = BudgetLevel::NoData;
/// let mut seen = Vec::new();
/// for percent in [30, 25, 35, 36, 30] {
///     level = levels.next(level, left(percent));
///     seen.push(level);
/// }
/// use BudgetLevel::{Ample, Low};
/// assert_eq!(seen, [Ample, Low, Low, Ample, Ample]);
///
/// assert!(levels.low("30%".parse()?, "20%".parse()?).is_err()); // it would flap
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct BudgetLevels {
    low: Band,
    exhausted: Band,
}

/// A level's two limits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Band {
    /// It begins where no more than this is left.
    from: Share,
    /// It ends where more than this is left.
    until: Share,
}

impl Band {
    /// Whether the level is on, having been on or not.
    fn is_on(self, was_on: bool, leaves_more_than: impl FnOnce(Share) -> Option<bool>) -> Option<bool> {
        leaves_more_than(if was_on { self.until } else { self.from }).map(|more| !more)
    }
}

impl BudgetLevels {
    /// Low begins where no more than `from` is left and ends where more than `until` is.
    ///
    /// # Errors
    ///
    /// [`BudgetLevelsError`] unless `from < until < 100%`, and no limit of exhausted is above that of low.
    pub fn low(self, from: Share, until: Share) -> Result<Self, BudgetLevelsError> {
        Self {
            low: Band { from, until },
            ..self
        }
        .checked()
    }

    /// Exhausted begins where no more than `from` is left and ends where more than `until` is.
    ///
    /// # Errors
    ///
    /// As for [`low`](Self::low).
    pub fn exhausted(self, from: Share, until: Share) -> Result<Self, BudgetLevelsError> {
        Self {
            exhausted: Band { from, until },
            ..self
        }
        .checked()
    }

    /// The level after `before`, by the budget's decisive variant.
    #[must_use]
    pub fn next(self, before: BudgetLevel, budget: ErrorBudget) -> BudgetLevel {
        let decisive = budget.decisive();
        self.after(before, budget.state(), |limit| decisive.leaves_more_than(limit))
    }

    /// The same for a composite.
    #[must_use]
    pub fn next_of_composite(self, before: BudgetLevel, composite: &Composite) -> BudgetLevel {
        self.after(before, composite.state(), |limit| composite.leaves_more_than(limit))
    }

    fn after(
        self,
        before: BudgetLevel,
        state: BudgetState,
        leaves_more_than: impl Fn(Share) -> Option<bool>,
    ) -> BudgetLevel {
        let was_exhausted = before == BudgetLevel::Exhausted;
        let exhausted = self.exhausted.is_on(was_exhausted, &leaves_more_than);
        // Who comes from exhausted comes from below the limits of low.
        let low = self.low.is_on(before.is_scarce(), &leaves_more_than);
        match (state, exhausted, low) {
            (BudgetState::NoData, ..) | (_, None, _) | (_, _, None) => BudgetLevel::NoData,
            (_, Some(true), _) => BudgetLevel::Exhausted,
            (_, Some(false), Some(true)) => BudgetLevel::Low,
            (BudgetState::WarmingUp, ..) => BudgetLevel::WarmingUp,
            (_, Some(false), Some(false)) => BudgetLevel::Ample,
        }
    }

    fn checked(self) -> Result<Self, BudgetLevelsError> {
        for (level, band) in [(BudgetLevel::Low, self.low), (BudgetLevel::Exhausted, self.exhausted)] {
            let Band { from, until } = band;
            if from >= until {
                return Err(BudgetLevelsError::NoBand { level, from, until });
            }
            if until == Share::WHOLE {
                return Err(BudgetLevelsError::NeverEnds { level });
            }
        }
        let crossed = [
            (self.exhausted.from, self.low.from),
            (self.exhausted.until, self.low.until),
        ];
        match crossed.into_iter().find(|(exhausted, low)| exhausted > low) {
            Some((exhausted, low)) => Err(BudgetLevelsError::Crossed { exhausted, low }),
            None => Ok(self),
        }
    }
}

impl Default for BudgetLevels {
    fn default() -> Self {
        Self {
            low: Band {
                from: Share::of_ppb(250_000_000),
                until: Share::of_ppb(350_000_000),
            },
            exhausted: Band {
                from: Share::NONE,
                until: Share::of_ppb(50_000_000),
            },
        }
    }
}

/// Why limits are no [`BudgetLevels`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BudgetLevelsError {
    /// A level ends where it begins, or below.
    #[error(
        "{level} begins at {from} and ends at {until}; let it end above where it begins, or it flaps: `25%` and `35%`"
    )]
    NoBand {
        /// The level.
        level: BudgetLevel,
        /// Where it begins.
        from: Share,
        /// Where it ends.
        until: Share,
    },
    /// A level ends where more than 100% is left.
    #[error("{level} ends where more than 100% is left, which is never; write less, like `35%`")]
    NeverEnds {
        /// The level.
        level: BudgetLevel,
    },
    /// Exhausted has a limit above the one of low.
    #[error("exhausted has the limit {exhausted}, above the {low} of low; write at most that")]
    Crossed {
        /// The limit of exhausted.
        exhausted: Share,
        /// The one of low that it goes with.
        low: Share,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CompositeMember, Events, Ratio, Window};
    use proptest::prelude::*;

    fn share(text: &str) -> Share {
        text.parse().unwrap()
    }

    /// A budget of which so many thousandths are left.
    fn left(thousandths: i64) -> ErrorBudget {
        let bad = u64::try_from(1_000 - thousandths).unwrap();
        ErrorBudget::observed("99%".parse().unwrap(), Events::new(100_000 - bad, bad))
    }

    fn next(before: BudgetLevel, thousandths: i64) -> BudgetLevel {
        BudgetLevels::default().next(before, left(thousandths))
    }

    #[test]
    fn limits_are_exact_and_belong_to_the_level_that_they_end() {
        use BudgetLevel::{Ample, Exhausted, Low};
        for (before, thousandths, after) in [
            (Ample, 251, Ample),
            (Ample, 250, Low),
            (Low, 350, Low),
            (Low, 351, Ample),
            (Low, 1, Low),
            (Low, 0, Exhausted),
            (Exhausted, 50, Exhausted),
            (Exhausted, 51, Low),
            (Exhausted, 350, Low),
            (Exhausted, 351, Ample),
            (Ample, -5_000, Exhausted),
        ] {
            assert_eq!(next(before, thousandths), after, "{before} at {thousandths}");
        }
    }

    #[test]
    fn nothing_seen_is_no_level_and_a_young_process_may_be_low() {
        let levels = BudgetLevels::default();
        let target = "99%".parse().unwrap();
        let silent = ErrorBudget::observed(target, Events::default());
        assert_eq!(levels.next(BudgetLevel::Low, silent), BudgetLevel::NoData);
        let unseen = left(1_000).covering(Ratio::new(0, 1).unwrap());
        assert_eq!(levels.next(BudgetLevel::Low, unseen), BudgetLevel::NoData);
        let young =
            |bad| ErrorBudget::observed(target, Events::new(1_000 - bad, bad)).covering(Ratio::new(1, 10).unwrap());
        // 20 of 1,000 in a tenth of the window are a fifth of what the whole allows; 80 of them four fifths.
        assert_eq!(levels.next(BudgetLevel::Ample, young(20)), BudgetLevel::WarmingUp);
        assert_eq!(levels.next(BudgetLevel::Ample, young(80)), BudgetLevel::Low);
        assert_eq!(levels.next(BudgetLevel::Ample, young(100)), BudgetLevel::Exhausted);
    }

    #[test]
    fn a_composite_of_one_has_the_level_of_that_one() {
        let levels = BudgetLevels::default();
        for before in BudgetLevel::ALL {
            for thousandths in [1_000, 351, 350, 251, 250, 51, 50, 1, 0, -900] {
                let budget = left(thousandths);
                let member = CompositeMember::new("one", 3, budget.seen(), budget.coverage());
                let composite = Composite::new(budget.target(), [member]).so_far(Window::DAY, crate::Tick::default());
                assert_eq!(
                    levels.next_of_composite(before, &composite),
                    levels.next(before, budget),
                    "{before} at {thousandths}"
                );
            }
        }
    }

    #[test]
    fn limits_that_make_no_sense_are_refused() {
        let levels = BudgetLevels::default();
        let refused = |levels: Result<BudgetLevels, BudgetLevelsError>| levels.unwrap_err().to_string();
        assert_eq!(
            refused(levels.low(share("30%"), share("30%"))),
            "low begins at 30% and ends at 30%; let it end above where it begins, or it flaps: `25%` and `35%`"
        );
        assert_eq!(
            refused(levels.low(share("30%"), share("100%"))),
            "low ends where more than 100% is left, which is never; write less, like `35%`"
        );
        assert_eq!(
            refused(levels.exhausted(share("1%"), share("36%"))),
            "exhausted has the limit 36%, above the 35% of low; write at most that"
        );
        assert!(levels.exhausted(share("26%"), share("30%")).is_err());
        assert!(levels.exhausted(share("25%"), share("35%")).is_ok());
    }

    proptest! {
        #[test]
        fn between_its_limits_a_level_stays_what_it_was(
            path in prop::collection::vec(prop_oneof![-200_i64..=1_000, 240_i64..=360, -5_i64..=55], 2..200),
        ) {
            let mut level = BudgetLevel::NoData;
            for thousandths in path {
                let after = next(level, thousandths);
                // As often as one likes, the same number says the same.
                prop_assert_eq!(next(after, thousandths), after);
                match (level, after) {
                    (before, after) if before == after => {}
                    (_, BudgetLevel::Exhausted) => prop_assert!(thousandths <= 0),
                    (BudgetLevel::Exhausted, _) => prop_assert!(thousandths > 50),
                    (_, BudgetLevel::Low) => prop_assert!(thousandths <= 250),
                    (BudgetLevel::Low, _) => prop_assert!(thousandths > 350),
                    _ => {}
                }
                level = after;
            }
        }

        #[test]
        fn a_budget_that_swings_within_the_band_changes_its_level_once_at_most(
            swings in prop::collection::vec(251_i64..=350, 2..100), first in prop::sample::select(BudgetLevel::ALL.to_vec()),
        ) {
            let mut changes = 0;
            let mut level = first;
            for thousandths in swings {
                let after = next(level, thousandths);
                changes += u32::from(after != level);
                level = after;
            }
            prop_assert!(changes <= 1);
        }
    }
}
