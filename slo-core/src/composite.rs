//! A promise over several SLOs.

mod definition;
mod natural;
#[cfg(test)]
mod tests;

use core::cmp::Ordering;

pub(crate) use definition::check;
pub use definition::{CompositeError, CompositeSli};

use crate::target::ONE_PPB;
use crate::{BudgetState, ErrorBudget, Events, Ratio, Share, Target, Tick, Window};
use natural::{Natural, quotient};

/// A composite at one moment: its SLI is the mean of its members' SLIs, by weight.
///
/// `SLI = sum(w x good / valid) / sum(w)` over the members that saw a valid event, over the composite's own window. Each
/// member counts by its weight, however much traffic it has; its own target does not matter here. What is left of the
/// budget is `1 - (1 - SLI) / (1 - target)`, as for any SLO. Members without a valid event are *silent*: they are left out
/// and the weights of the others fill the whole; [`silent`](Self::silent) names them. With nobody but silent members there
/// is no SLI.
///
/// Every comparison is exact, whatever the counts; doubles are made at the very end.
///
/// # Examples
///
/// ```
/// use slo_core::{BudgetState, Composite, CompositeMember, Events, Ratio};
///
/// let whole = Ratio::new(1, 1).unwrap();
/// let member = |name: &str, weight, events| CompositeMember::new(name, weight, events, whole);
/// let shop = Composite::new("99%".parse()?, [
///     member("browse", 1, Events::new(1_000_000, 0)),
///     member("purchase", 3, Events::new(99, 1)),
///     member("refund", 1, Events::default()),
/// ]);
/// assert_eq!(shop.sli_ratio_f64(), Some(0.9925)); // one part of 100%, three of 99%
/// assert_eq!(shop.remaining_ratio_f64(), Some(0.25));
/// assert_eq!(shop.state(), BudgetState::Within);
/// assert_eq!(shop.silent().collect::<Vec<_>>(), ["refund"]);
/// # Ok::<(), slo_core::TargetError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Composite {
    target: Target,
    members: Vec<CompositeMember>,
    elapsed: Option<Ratio>,
}

/// A member of a composite with what was seen of it in the composite's window.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct CompositeMember {
    name: String,
    weight: u32,
    events: Events,
    coverage: Ratio,
}

impl CompositeMember {
    /// The member's events, and the share of the window that they come from.
    pub fn new(name: impl Into<String>, weight: u32, events: Events, coverage: Ratio) -> Self {
        Self {
            name: name.into(),
            weight,
            events,
            coverage,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its weight, relative to the others'.
    #[must_use]
    pub const fn weight(&self) -> u32 {
        self.weight
    }

    /// What was seen of it.
    pub const fn events(&self) -> Events {
        self.events
    }

    /// Whether it has a say: a weight, and a valid event.
    fn speaks(&self) -> bool {
        self.weight > 0 && self.events.valid() > 0
    }
}

impl Composite {
    /// The composite of these members. A member of weight 0 is silent.
    pub fn new(target: Target, members: impl IntoIterator<Item = CompositeMember>) -> Self {
        Self {
            target,
            members: members.into_iter().collect(),
            elapsed: None,
        }
    }

    /// Says over which window the events were counted, and when: of a calendar period a part is still to come.
    pub fn so_far(self, window: Window, now: Tick) -> Self {
        self.after(window.elapsed_at(now))
    }

    fn after(self, elapsed: Option<Ratio>) -> Self {
        Self { elapsed, ..self }
    }

    /// The share that must be good.
    pub const fn target(&self) -> Target {
        self.target
    }

    /// The members, in order.
    pub fn members(&self) -> &[CompositeMember] {
        &self.members
    }

    /// The members that were left out, because they saw no valid event.
    pub fn silent(&self) -> impl Iterator<Item = &str> {
        self.members
            .iter()
            .filter(|member| !member.speaks())
            .map(CompositeMember::name)
    }

    /// The share of the window, or of what has passed of a calendar period, that was measured: of the speaking members, or else of all, that of the least measured one.
    /// Nothing of a composite without members.
    #[must_use]
    pub fn coverage(&self) -> Ratio {
        let least = |members: &mut dyn Iterator<Item = &CompositeMember>| members.map(|member| member.coverage).min();
        let speaking = least(&mut self.members.iter().filter(|member| member.speaks()));
        let least = speaking.or_else(|| least(&mut self.members.iter()));
        least.unwrap_or(Share::NONE.as_ratio())
    }

    /// What can be said of its budget; exact, and in the order of [`ErrorBudget::state`].
    ///
    /// Mostly excluded is a composite one of whose speaking members is, or all of whose members are silent and one is.
    /// Where under 90% of its window was seen, it is exhausted only when no unseen event could save it.
    #[must_use]
    pub fn state(&self) -> BudgetState {
        if self.coverage().part() == 0 {
            return BudgetState::NoData;
        }
        let any_speaks = self.members.iter().any(CompositeMember::speaks);
        let mostly_excluded = self
            .members
            .iter()
            .any(|member| (member.speaks() || !any_speaks) && member.events.excluded() > member.events.valid());
        match self.leaves_more_than(Share::NONE) {
            None if mostly_excluded => BudgetState::MostlyExcluded,
            None => BudgetState::NoTraffic,
            Some(false) => BudgetState::Exhausted,
            Some(true) if mostly_excluded => BudgetState::MostlyExcluded,
            Some(true) if self.coverage() < ErrorBudget::COVERED => BudgetState::WarmingUp,
            Some(true) => BudgetState::Within,
        }
    }

    /// The SLI (no unit, 0.0 to 1.0); `None` when every member is silent.
    #[must_use]
    pub fn sli_ratio_f64(&self) -> Option<f64> {
        let errors = self.errors()?;
        Some(quotient(&errors.whole.minus(&errors.part), &errors.whole))
    }

    /// The share of the budget that is left of what was seen (no unit, at most 1.0, negative when broken); `None` when
    /// every member is silent.
    #[must_use]
    pub fn remaining_ratio_f64(&self) -> Option<f64> {
        let (spent, allowed) = self.spent_and_allowed()?;
        Some(match spent.cmp(&allowed) {
            Ordering::Greater => -quotient(&spent.minus(&allowed), &allowed),
            Ordering::Equal | Ordering::Less => quotient(&allowed.minus(&spent), &allowed),
        })
    }

    /// The burn rate: error ratio over error budget (no unit); `None` when every member is silent.
    #[must_use]
    pub fn burn_rate_f64(&self) -> Option<f64> {
        let (spent, allowed) = self.spent_and_allowed()?;
        Some(quotient(&spent, &allowed))
    }

    /// Whether strictly more than this share of the budget is left, in the [decisive](ErrorBudget::decisive) variant;
    /// exact. `None` when every member is silent.
    #[must_use]
    pub fn leaves_more_than(&self, limit: Share) -> Option<bool> {
        let (spent, allowed) = self.spent_and_allowed()?;
        // `1 - spent / allowed > limit`, without the division.
        let spent = spent.times(ONE_PPB.into());
        let allowed = allowed.times((ONE_PPB - limit.ppb()).into());
        let all = Share::WHOLE.as_ratio();
        let (coverage, elapsed) = (self.coverage(), self.elapsed.unwrap_or(all));
        let part = Natural::from(coverage.part()).times(elapsed.part());
        let whole = Natural::from(coverage.whole()).times(elapsed.whole());
        let covered = ErrorBudget::COVERED;
        if part.times(covered.whole()) < whole.times(covered.part()) {
            let spent = spent.times(coverage.part()).times(elapsed.part());
            Some(spent < allowed.times(coverage.whole()).times(elapsed.whole()))
        } else {
            Some(spent < allowed)
        }
    }

    /// The error ratio and the error budget as whole numbers of one unit.
    fn spent_and_allowed(&self) -> Option<(Natural, Natural)> {
        let errors = self.errors()?;
        Some((
            errors.part.times(ONE_PPB.into()),
            errors.whole.times(self.target.budget_ppb().into()),
        ))
    }

    /// The weighted mean of the error ratios; `None` when every member is silent.
    fn errors(&self) -> Option<Fraction> {
        let mut sum = Fraction::default();
        let mut weights = 0_u64;
        for member in self.members.iter().filter(|member| member.speaks()) {
            sum = sum.plus(member.weight, member.events);
            weights = weights.saturating_add(member.weight.into());
        }
        (weights > 0).then(|| Fraction {
            whole: sum.whole.times(weights),
            ..sum
        })
    }
}

/// A sum of fractions, not reduced.
#[derive(Debug)]
struct Fraction {
    part: Natural,
    whole: Natural,
}

impl Default for Fraction {
    fn default() -> Self {
        Self {
            part: Natural::from(0),
            whole: Natural::from(1),
        }
    }
}

impl Fraction {
    /// Adds `weight x bad / valid`; there must be a valid event.
    fn plus(self, weight: u32, events: Events) -> Self {
        let added = self.whole.times(events.bad()).times(weight.into());
        Self {
            part: self.part.times(events.valid()).plus(&added),
            whole: self.whole.times(events.valid()),
        }
    }
}
