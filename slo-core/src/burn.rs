//! How fast a budget is being spent.

use core::cmp::Ordering;
use core::fmt;

use crate::ratio::{compare, quotient};
use crate::target::ONE_PPB;
use crate::{BurnWindow, Events, Factor, Target};

/// Error ratio over error budget (no unit): 1 spends the budget in exactly one window.
///
/// An exact fraction, `bad / valid / (1 - target)`, as the SRE Workbook defines it
/// (<https://sre.google/workbook/alerting-on-slos/>). From 0 up to `1 / budget`.
///
/// # Examples
///
/// ```
/// use slo_core::{BurnRate, Events, Factor, Target};
///
/// let target: Target = "99.9%".parse()?;
/// let burn = BurnRate::of(target, Events::new(999, 1)).unwrap();
/// assert!(!burn.exceeds(Factor::ONE)); // exactly 1: silent
/// assert_eq!(burn.as_f64(), 1.0);
/// assert_eq!(BurnRate::of(target, Events::new(0, 0)), None);
/// # Ok::<(), slo_core::TargetError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct BurnRate {
    bad: u64,
    valid: u64,
    budget_ppb: u32,
    /// How much of its window was measured: so many seconds ...
    measured: u32,
    /// ... of so many; never 0.
    window: u32,
}

impl BurnRate {
    /// The burn rate of these events; `None` when no valid event was seen.
    #[must_use]
    pub const fn of(target: Target, seen: Events) -> Option<Self> {
        match seen.valid() {
            0 => None,
            valid => Some(Self {
                bad: seen.bad(),
                valid,
                budget_ppb: target.budget_ppb(),
                measured: 1,
                window: 1,
            }),
        }
    }

    /// The rate over a window of which only so many seconds were measured: the rest counts as free of bad events, at
    /// the same traffic. Measured time beyond the window is the window.
    pub(crate) fn within(self, measured_seconds: u32, window: BurnWindow) -> Self {
        let window = window.as_seconds();
        Self {
            measured: measured_seconds.min(window),
            window,
            ..self
        }
    }

    /// Whether the rate is strictly over the factor; exact.
    #[must_use]
    pub fn exceeds(self, factor: Factor) -> bool {
        let (limit, scale) = (factor.numerator().into(), factor.denominator().into());
        compare(self.numerator(), self.denominator(), limit, scale) == Ordering::Greater
    }

    /// The nearest double, for reports and gauges; finite and never negative.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        quotient(self.numerator(), self.denominator())
    }

    // At most 64 + 30 + 26 bits, as is the denominator.
    fn numerator(self) -> u128 {
        u128::from(self.bad) * u128::from(ONE_PPB) * u128::from(self.measured)
    }

    fn denominator(self) -> u128 {
        u128::from(self.valid) * u128::from(self.budget_ppb) * u128::from(self.window)
    }
}

impl PartialEq for BurnRate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for BurnRate {}

impl PartialOrd for BurnRate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for BurnRate {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(
            self.numerator(),
            self.denominator(),
            other.numerator(),
            other.denominator(),
        )
    }
}

/// With two decimals, as people quote it: `14.40x`.
impl fmt::Display for BurnRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}x", self.as_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burn(target: &str, good: u64, bad: u64) -> BurnRate {
        BurnRate::of(target.parse().unwrap(), Events::new(good, bad)).unwrap()
    }

    #[test]
    fn exactly_one_is_not_over_one() {
        // With doubles 1 - 0.999 is above 0.001, and Sloth's rules page here (B03 of the research notes).
        for (target, good, bad) in [
            ("99.9%", 999, 1),
            ("99.99%", 9_999, 1),
            ("99.5%", 199, 1),
            ("90%", 9, 1),
        ] {
            assert!(!burn(target, good, bad).exceeds(Factor::ONE), "{target}");
            assert!(burn(target, good - 1, bad).exceeds(Factor::ONE), "{target}");
        }
    }

    #[test]
    fn the_largest_counts_do_not_overflow() {
        let worst = burn("99.9999999%", 0, u64::MAX);
        assert!(worst.exceeds(Factor::from(u32::from(u16::MAX))));
        assert!((worst.as_f64() - 1e9).abs() < 1e-3);
        assert!(burn("0.0000001%", 0, u64::MAX) < worst);
        assert_eq!(
            burn("99.9%", u64::MAX - 1, 1).as_f64().partial_cmp(&0.0),
            Some(Ordering::Greater)
        );
    }

    #[test]
    fn equal_rates_are_equal_whatever_their_counts() {
        assert_eq!(burn("99.9%", 999, 1), burn("99%", 99, 1));
        assert_eq!(burn("99.9%", 1_998, 2).to_string(), "1.00x");
    }

    #[test]
    fn time_that_was_not_measured_counts_as_free_of_bad_events() {
        let hour = "1h".parse().unwrap();
        let total = burn("99.9%", 0, 7);
        assert_eq!(total.within(36, hour), burn("99.9%", 99, 1));
        assert!(!total.within(0, hour).exceeds(Factor::from(0)));
        assert_eq!(total.within(u32::MAX, hour), total);
        let worst = burn("99.9999999%", 0, u64::MAX).within(34_560_000, BurnWindow::MAX);
        assert!(worst.exceeds(Factor::from(999_999_999)) && !worst.exceeds(Factor::from(1_000_000_000)));
    }

    #[test]
    fn no_valid_event_has_no_burn_rate() {
        let target = "99.9%".parse().unwrap();
        assert_eq!(BurnRate::of(target, Events::default().with_excluded(3)), None);
    }
}
