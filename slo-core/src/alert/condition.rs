//! One condition: two windows, one factor.

use core::fmt;
use core::time::Duration;

use crate::alert::Severity;
use crate::alert::policy::REFERENCE;
use crate::ratio::{quotient, write_percent};
use crate::target::ONE_PPB;
use crate::{BurnRate, BurnWindow, Events, Factor, Ratio, Share, Target};

/// A burn rate over a factor in a long and in a short window, for one target and period.
///
/// With target `1 - B`, share `p` of the budget, period `W`, long window `L`, short window `s`, factor `f` and a
/// constant error ratio `r`, all from the SRE Workbook, chapter 5 (<https://sre.google/workbook/alerting-on-slos/>): `f
/// = p·W/L`, raised to 1 where it is smaller; it fires at `r/B > f`, strictly.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Condition {
    kind: Kind,
    severity: Severity,
    target: Target,
    period: BurnWindow,
    share_ppb: u32,
    long: BurnWindow,
    short: BurnWindow,
}

/// What else a condition asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Enough bad events in the long window.
    Burn,
    /// Enough bad events in the long window, and too few for the others in the short one.
    Trickle,
}

impl Condition {
    /// A condition of a policy; the share is of the period's budget.
    pub(super) const fn burn(
        severity: Severity,
        (target, period): (Target, BurnWindow),
        share_ppb: u32,
        (long, short): (BurnWindow, BurnWindow),
    ) -> Self {
        Self {
            kind: Kind::Burn,
            severity,
            target,
            period,
            share_ppb,
            long,
            short,
        }
    }

    /// The trickle rule: all of the budget in the whole period, still burning in the last `recent`.
    pub(super) const fn trickle(target: Target, period: BurnWindow, recent: BurnWindow) -> Self {
        Self {
            kind: Kind::Trickle,
            severity: Severity::Ticket,
            target,
            period,
            share_ppb: ONE_PPB,
            long: period,
            short: recent,
        }
    }

    /// The share of the period's budget that it is about.
    pub(super) const fn share(self) -> Share {
        Share::of_ppb(self.share_ppb)
    }

    pub(super) const fn kind(self) -> Kind {
        self.kind
    }

    /// How urgent it is.
    #[must_use]
    pub const fn severity(self) -> Severity {
        self.severity
    }

    /// The target whose budget it watches.
    pub const fn target(self) -> Target {
        self.target
    }

    /// The SLO's period, the longest instance where they differ.
    pub const fn period(self) -> BurnWindow {
        self.period
    }

    /// The long window: the time in which the share is spent.
    pub const fn long(self) -> BurnWindow {
        self.long
    }

    /// The short window: the time in which it must still be burning.
    pub const fn short(self) -> BurnWindow {
        self.short
    }

    /// The burn rate that must be exceeded in both windows, `p·W/L`, exact and never below 1.
    pub const fn factor(self) -> Factor {
        Factor::at_least_one(
            self.share_ppb as u64 * self.period.as_seconds() as u64,
            ONE_PPB as u64 * self.long.as_seconds() as u64,
        )
    }

    /// The share of the period's budget that is spent when it fires under constant traffic, `f·L/W`: the policy's
    /// share, or more where the factor was raised to 1.
    #[must_use]
    pub fn budget_spent_at_fire(self) -> Ratio {
        let long_of_period = Ratio::saturating(self.long.as_seconds().into(), self.period.as_seconds().into());
        Ratio::saturating(self.share_ppb.into(), ONE_PPB.into()).max(long_of_period)
    }

    /// The error ratio that must be exceeded in both windows, `f·B` (the nearest double); 1.0 or more when unreachable.
    #[must_use]
    pub fn threshold_ratio_f64(self) -> f64 {
        let (threshold, scale) = self.threshold();
        quotient(threshold, scale)
    }

    /// How long a constant error ratio lasts, after none, before the condition is met: `f·B/r·L`; `None` when it never
    /// is.
    ///
    /// To the nanosecond, for constant traffic with enough bad events. A [`Tracker`](crate::Tracker) adds up to one
    /// step.
    #[must_use]
    pub fn detection_time(self, error_ratio: Ratio) -> Option<Duration> {
        let part = self.part_of_window(error_ratio)?;
        Some(self.long.as_duration().mul_f64(part))
    }

    /// How long after the last bad event it is met no more: `s·(1 − f·B/r)`; `None` when it never was.
    ///
    /// For constant traffic and an error ratio that lasted for the short window or longer. What fires through several
    /// conditions ends with the slowest of them.
    #[must_use]
    pub fn reset_time(self, error_ratio: Ratio) -> Option<Duration> {
        let part = self.part_of_window(error_ratio)?;
        Some(self.short.as_duration().mul_f64(1.0 - part))
    }

    /// Whether some error ratio fulfils it: `f·B < 1`.
    #[must_use]
    pub fn is_reachable(self) -> bool {
        let (threshold, scale) = self.threshold();
        threshold < scale
    }

    /// Why it can never fire; `None` when it can.
    #[must_use]
    pub fn unreachable(self) -> Option<Unreachable> {
        (!self.is_reachable()).then_some(Unreachable { condition: self })
    }

    /// `f·B/r`, above 0 and at most 1; `None` where the ratio does not exceed the threshold, which is decided exactly.
    fn part_of_window(self, error_ratio: Ratio) -> Option<f64> {
        let events = Events::new(error_ratio.whole() - error_ratio.part(), error_ratio.part());
        let burn = BurnRate::of(self.target, events)?;
        let fires = burn.exceeds(self.factor());
        fires.then(|| (self.factor().as_f64() / burn.as_f64()).min(1.0))
    }

    /// `f·B` as an exact fraction of at most 56 + 30 bits each.
    fn threshold(self) -> (u128, u128) {
        let factor = self.factor();
        (
            u128::from(factor.numerator()) * u128::from(self.target.budget_ppb()),
            u128::from(factor.denominator()) * u128::from(ONE_PPB),
        )
    }
}

/// In one line: `page: 2% of the budget of 30d in 1h (over 14.4x in 1h and in 5m)`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} of the budget of {} in {} (over {} in {} and in {})",
            self.severity,
            self.budget_spent_at_fire(),
            self.period,
            self.long,
            self.factor(),
            self.long,
            self.short
        )
    }
}

/// Why a condition can never fire: not even when every event is bad.
///
/// # Examples
///
/// ```
/// use slo_core::alert::AlertPolicy;
/// use slo_core::Window;
///
/// let alerts = AlertPolicy::standard().resolve("90%".parse()?, Window::days(30)?);
/// let unreachable: Vec<_> = alerts.unreachable().collect();
/// assert_eq!(unreachable.len(), 1);
/// assert!(unreachable[0].to_string().contains("can never fire at a target of 90%"));
/// assert_eq!(unreachable[0].shortest_long_window().to_string(), "1h26m25s");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Unreachable {
    condition: Condition,
}

impl Unreachable {
    /// The condition.
    pub const fn condition(self) -> Condition {
        self.condition
    }

    /// The shortest long window, in whole seconds, in which a total outage spends more than the condition's share.
    pub fn shortest_long_window(self) -> BurnWindow {
        // L > p·W·B, of 30 + 26 + 30 bits. It is below the period, and so is a `u64`.
        let spent = u128::from(self.condition.share_ppb)
            * u128::from(self.condition.period.as_seconds())
            * u128::from(self.condition.target.budget_ppb());
        let seconds = spent / (u128::from(ONE_PPB) * u128::from(ONE_PPB)) + 1;
        BurnWindow::clamped(u64::try_from(seconds).unwrap_or(u64::MAX))
    }

    /// The same as policies and specs write it, for a period of 30 days: the shortest that is long enough once it is
    /// scaled to this period.
    pub fn shortest_long_window_of_a_policy(self) -> BurnWindow {
        // ceil(L·W / 30d) >= s, that is L·W / 30d > s - 1; of 27 + 22 bits.
        let before = u64::from(self.shortest_long_window().as_seconds()) - 1;
        BurnWindow::clamped(before * REFERENCE / u64::from(self.condition.period.as_seconds()) + 1)
    }

    /// What would have to be: `the page for 2% of the budget in 1h can never fire at a target of 90%: ..`.
    fn write_why(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let condition = self.condition;
        let (threshold, scale) = condition.threshold();
        write!(
            f,
            "the {} for {} of the budget in {} can never fire at a target of {}: more than ",
            condition.severity,
            condition.budget_spent_at_fire(),
            condition.long,
            condition.target,
        )?;
        write_percent(f, threshold * 1_000_000 / scale, 4)?;
        f.write_str(" of the events would have to be bad")
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (written, period) = (self.shortest_long_window_of_a_policy(), self.condition.period);
        self.write_why(f)?;
        write!(f, "; take a smaller share, or a long window of at least {written}")?;
        if u64::from(period.as_seconds()) == REFERENCE {
            return write!(f, " in a period of {period}");
        }
        let scaled = (u64::from(written.as_seconds()) * u64::from(period.as_seconds())).div_ceil(REFERENCE);
        write!(
            f,
            " as it is written for 30d, which is {} in a period of {period}",
            BurnWindow::clamped(scaled)
        )
    }
}

impl core::error::Error for Unreachable {}
