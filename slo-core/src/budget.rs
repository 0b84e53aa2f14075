//! What is left of the share that may fail.

mod outlook;
mod recovery;
mod state;
#[cfg(test)]
mod tests;

use core::cmp::Ordering;

pub use outlook::Exhaustion;
pub use recovery::Recovery;
pub use state::{BudgetBasis, BudgetState};

use crate::ratio::{compare, quotient, signed_quotient};
use crate::target::ONE_PPB;
use crate::{BurnRate, Events, Ratio, Reading, Share, Target, Tick, Window};

/// The error budget of one target after some events.
///
/// `remaining = 1 - (bad / valid) / (1 - target)`: 1 is untouched, 0 is the limit, negative is broken, and it is never
/// clamped and never NaN.
///
/// # Two variants
///
/// - *Observed* ([`ErrorBudget::observed`], [`ErrorBudget::of`]): the budget of the events that were seen, as if the
///   window held no others. Two days into 30, 1% bad against 99.9% reads -900%.
/// - *Against the whole window* ([`ErrorBudget::against_whole_window`]): what was spent so far, of what the whole window
///   allows when its unseen part has the traffic of the seen part: `remaining = 1 - coverage x (bad / valid) / (1 -
///   target)`. The same two days read +33.3%. It is exhausted only when no unseen event could save it.
///
/// Of a calendar period, what is still to come is unseen as well: on the 2nd of a month nothing was missed, and most of
/// what the month allows is untouched ([`ErrorBudget::so_far`]; [`ErrorBudget::of`] knows it).
///
/// [`ErrorBudget::decisive`] is the one to act on: observed from [`COVERED`](Self::COVERED) on, else the other.
///
/// # Examples
///
/// ```
/// use slo_core::{BudgetState, ErrorBudget, Events, Ratio, Target};
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
///
/// let young = ErrorBudget::observed(target, Events::new(990, 10)).covering(Ratio::new(3, 30).unwrap());
/// assert_eq!(young.remaining_ratio_f64(), Some(-9.0));
/// assert_eq!(young.against_whole_window().remaining_ratio_f64(), Some(0.0));
/// # Ok::<(), slo_core::TargetError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct ErrorBudget {
    target: Target,
    seen: Events,
    /// Of what has passed of the window.
    coverage: Ratio,
    /// How much has passed of a calendar period: parts and whole below 2^32.
    elapsed: Option<Ratio>,
    basis: BudgetBasis,
}

impl ErrorBudget {
    /// From this coverage of the window on (90%), the events seen stand for the window.
    pub const COVERED: Ratio = Ratio::of_ppb(900_000_000);

    /// The budget after exactly these events, which cover the whole window unless [`covering`](Self::covering) says less.
    pub const fn observed(target: Target, seen: Events) -> Self {
        Self {
            target,
            seen,
            coverage: Ratio::of_ppb(ONE_PPB),
            elapsed: None,
            basis: BudgetBasis::Observed,
        }
    }

    /// The observed budget of a tracker's window, with the window's coverage, and with what has passed of it.
    pub fn of(target: Target, reading: Reading) -> Self {
        let budget = Self::observed(target, reading.events());
        budget
            .covering(reading.coverage().unwrap_or(Ratio::of_ppb(0)))
            .after(reading.elapsed())
    }

    /// Says which share of the window the events come from: of a calendar window, which share of what has passed of it.
    pub const fn covering(self, coverage: Ratio) -> Self {
        Self { coverage, ..self }
    }

    /// Says of which window the events are, and when: of a calendar period a part is still to come.
    pub fn so_far(self, window: Window, now: Tick) -> Self {
        self.after(window.elapsed_at(now))
    }

    /// As [`so_far`](Self::so_far), where no window is at hand: the share of a calendar period that has passed, in whole
    /// seconds; `None` of a rolling window.
    pub const fn after(self, elapsed: Option<Ratio>) -> Self {
        Self { elapsed, ..self }
    }

    /// The same events against what the whole window allows, at the mean traffic of its seen part.
    pub const fn against_whole_window(self) -> Self {
        Self {
            basis: BudgetBasis::WholeWindow,
            ..self
        }
    }

    /// The variant to act on: as it is where 90% of the window was seen, against the whole window below that.
    pub fn decisive(self) -> Self {
        let (part, whole) = self.seen_of_window();
        let covered = Self::COVERED;
        if compare(part, whole, covered.part().into(), covered.whole().into()) == Ordering::Less {
            self.against_whole_window()
        } else {
            self
        }
    }

    /// The target it belongs to.
    pub const fn target(self) -> Target {
        self.target
    }

    /// The events it was computed from.
    pub const fn seen(self) -> Events {
        self.seen
    }

    /// The share of the window that the events come from; of a calendar window, of what has passed of it.
    #[must_use]
    pub const fn coverage(self) -> Ratio {
        self.coverage
    }

    /// The share of a calendar period that has passed; `None` of a rolling window.
    #[must_use]
    pub const fn elapsed(self) -> Option<Ratio> {
        self.elapsed
    }

    /// What the events are held against.
    #[must_use]
    pub const fn basis(self) -> BudgetBasis {
        self.basis
    }

    /// What can be said of it; exact. Exhausted is said of the [`decisive`](Self::decisive) variant, and comes before
    /// mostly excluded and warming up, because no event that is still missing could undo it.
    #[must_use]
    pub fn state(self) -> BudgetState {
        if self.coverage.part() == 0 {
            return BudgetState::NoData;
        }
        let mostly_excluded = self.seen.excluded() > self.seen.valid();
        match self.decisive().leaves_more_than(Share::NONE) {
            None if mostly_excluded => BudgetState::MostlyExcluded,
            None => BudgetState::NoTraffic,
            Some(false) => BudgetState::Exhausted,
            Some(true) if mostly_excluded => BudgetState::MostlyExcluded,
            Some(true) if self.coverage < Self::COVERED => BudgetState::WarmingUp,
            Some(true) => BudgetState::Within,
        }
    }

    /// The share of the budget that is left (no unit, at most 1.0, negative when broken); `None` without a valid event,
    /// and against a whole window of which nothing was seen.
    #[must_use]
    pub fn remaining_ratio_f64(self) -> Option<f64> {
        let exact = self.remaining_against(Share::NONE)?;
        let scaled = self.scaled();
        Some(agreeing(
            signed_quotient(scaled.allowed, scaled.spent, scaled.allowed),
            exact,
        ))
    }

    /// How far the share that is left is above `limit` (no unit, negative when below); `None` as for the share itself.
    #[must_use]
    pub fn margin_ratio_f64(self, limit: Share) -> Option<f64> {
        let margin = self.remaining_ratio_f64()? - limit.as_ratio_f64();
        Some(agreeing(margin, self.remaining_against(limit)?))
    }

    /// How many more events may be bad (events, a fraction of one included; negative when broken).
    #[must_use]
    pub fn remaining_events_f64(self) -> f64 {
        let scaled = self.scaled();
        signed_quotient(scaled.allowed, scaled.spent, scaled.event)
    }

    /// How many events may be bad (events, a fraction of one included): of those seen, or of those that the whole window
    /// is expected to have.
    #[must_use]
    pub fn allowed_events_f64(self) -> f64 {
        let scaled = self.scaled();
        quotient(scaled.allowed, scaled.event)
    }

    /// The share of the budget that is spent (no unit, above 1.0 when broken): 1 - remaining; `None` as for that.
    #[must_use]
    pub fn spent_ratio_f64(self) -> Option<f64> {
        self.remaining_against(Share::NONE)?;
        let scaled = self.scaled();
        Some(quotient(scaled.spent, scaled.allowed))
    }

    /// How many of the events seen were bad.
    #[must_use]
    pub const fn spent_events(self) -> u64 {
        self.seen.bad()
    }

    /// Whether strictly more than this share of the budget is left; exact. `None` as for
    /// [`remaining_ratio_f64`](Self::remaining_ratio_f64).
    #[must_use]
    pub fn leaves_more_than(self, limit: Share) -> Option<bool> {
        Some(self.remaining_against(limit)? == Ordering::Greater)
    }

    /// How fast its own events spend it; `None` without a valid event.
    #[must_use]
    pub const fn burn_rate(self) -> Option<BurnRate> {
        self.burn_rate_of(self.seen)
    }

    /// How fast the events of any other window spend it; `None` without a valid event in that.
    #[must_use]
    pub const fn burn_rate_of(self, recent: Events) -> Option<BurnRate> {
        BurnRate::of(self.target, recent)
    }

    /// The share that is left, compared with a limit; exact for all counts.
    ///
    /// `1 - spent / (allowed / coverage)` against `limit` is `spent / allowed` against `(1 - limit) / coverage`, upside
    /// down.
    fn remaining_against(self, limit: Share) -> Option<Ordering> {
        let (part, whole) = self.basis_coverage();
        if self.seen.valid() == 0 || part == 0 {
            return None;
        }
        // Of 30 bits, and 96 in the other factors.
        let may_be_spent = u128::from(ONE_PPB - limit.ppb());
        let spent = compare(
            self.spent(),
            self.allowed(),
            may_be_spent * whole,
            u128::from(ONE_PPB) * part,
        );
        Some(spent.reverse())
    }

    /// The share of the expected events that were seen, as part and whole: all of them, as far as the observed budget is
    /// concerned.
    fn basis_coverage(self) -> (u128, u128) {
        match self.basis {
            BudgetBasis::Observed => (1, 1),
            BudgetBasis::WholeWindow => self.seen_of_window(),
        }
    }

    /// The share of the whole window that was seen, what is still to come of it included: part and whole of at most 64 +
    /// 32 bits.
    fn seen_of_window(self) -> (u128, u128) {
        let (part, whole) = (u128::from(self.coverage.part()), u128::from(self.coverage.whole()));
        match self.elapsed {
            Some(elapsed) => (part * u128::from(elapsed.part()), whole * u128::from(elapsed.whole())),
            None => (part, whole),
        }
    }

    /// Bad events that the events seen allow, in billionths of an event.
    fn allowed(self) -> u128 {
        u128::from(self.seen.valid()) * u128::from(self.target.budget_ppb())
    }

    /// Bad events, in billionths of an event.
    fn spent(self) -> u128 {
        u128::from(self.seen.bad()) * u128::from(ONE_PPB)
    }

    /// Both sides of the budget for display, over one denominator.
    fn scaled(self) -> Scaled {
        let (part, whole) = self.basis_coverage();
        let divisor = gcd(part, whole);
        let (mut part, mut whole) = (part / divisor, whole / divisor);
        if part == 0 {
            whole = 0; // Nothing seen: nothing is known to be allowed.
        }
        loop {
            if let (Some(allowed), Some(spent)) = (self.allowed().checked_mul(whole), self.spent().checked_mul(part)) {
                let event = u128::from(ONE_PPB) * part.max(1);
                return Scaled { allowed, spent, event };
            }
            // Over 10^14 events, or 10^7 bad ones of a calendar period, where coverage has no short fraction: its last bits
            // are not shown.
            (part, whole) = ((part / 2).max(1), whole / 2);
        }
    }
}

/// What a budget allows, what is spent of it, and one event, in one unit.
struct Scaled {
    allowed: u128,
    spent: u128,
    event: u128,
}

/// The double next to `shown` that has the sign of the exact comparison with 0.
fn agreeing(shown: f64, exact: Ordering) -> f64 {
    match exact {
        Ordering::Less => shown.min(-f64::MIN_POSITIVE),
        Ordering::Equal => 0.0,
        Ordering::Greater => shown.max(f64::MIN_POSITIVE),
    }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}
