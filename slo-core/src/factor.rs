//! A multiple of the burn rate that spends the budget in exactly one window.

use core::cmp::Ordering;
use core::fmt;

use crate::ratio::{compare, quotient};

/// A limit for burn rates (no unit), held as an exact fraction in lowest terms: `14.4` is 72 / 5.
///
/// # Examples
///
/// ```
/// use slo_core::Factor;
///
/// let factor = Factor::new(144, 10).unwrap();
/// assert_eq!((factor.numerator(), factor.denominator()), (72, 5));
/// assert_eq!(factor.to_string(), "14.4x");
/// assert!(factor > Factor::from(14));
/// assert_eq!(Factor::new(1, 0), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[must_use]
pub struct Factor {
    numerator: u64,
    denominator: u64,
}

impl Factor {
    /// Exactly 1: the budget lasts exactly one window.
    pub const ONE: Self = Self {
        numerator: 1,
        denominator: 1,
    };

    /// `numerator / denominator`; `None` when the denominator is 0.
    #[must_use]
    pub const fn new(numerator: u64, denominator: u64) -> Option<Self> {
        if denominator == 0 {
            return None;
        }
        let common = greatest_common_divisor(numerator, denominator);
        Some(Self {
            numerator: numerator / common,
            denominator: denominator / common,
        })
    }

    /// `numerator / denominator`, raised to 1 where it is smaller or no number.
    pub(crate) const fn at_least_one(numerator: u64, denominator: u64) -> Self {
        match Self::new(numerator, denominator) {
            Some(factor) if factor.numerator > factor.denominator => factor,
            Some(_) | None => Self::ONE,
        }
    }

    /// The numerator in lowest terms.
    #[must_use]
    pub const fn numerator(self) -> u64 {
        self.numerator
    }

    /// The denominator in lowest terms; never 0.
    #[must_use]
    pub const fn denominator(self) -> u64 {
        self.denominator
    }

    /// The nearest double, for reports; finite and never negative.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        quotient(self.numerator.into(), self.denominator.into())
    }
}

/// Euclid's; never 0 as long as one of the two is not.
const fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl From<u32> for Factor {
    fn from(whole: u32) -> Self {
        Self {
            numerator: whole.into(),
            denominator: 1,
        }
    }
}

impl PartialOrd for Factor {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Factor {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(
            self.numerator.into(),
            self.denominator.into(),
            other.numerator.into(),
            other.denominator.into(),
        )
    }
}

/// With up to 4 decimals, the last one rounded: `14.4x`, `1x`.
impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let denominator = u128::from(self.denominator);
        let units = (u128::from(self.numerator) * 10_000 + denominator / 2) / denominator;
        let decimals = format!("{:04}", units % 10_000);
        match decimals.trim_end_matches('0') {
            "" => write!(f, "{}x", units / 10_000),
            decimals => write!(f, "{}.{decimals}x", units / 10_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_fractions_are_equal_and_hash_alike() {
        assert_eq!(Factor::new(144, 10), Factor::new(72, 5));
        assert_eq!(Factor::new(7, 7), Some(Factor::ONE));
        assert_eq!(Factor::new(0, 9), Some(Factor::from(0)));
        assert_eq!(Factor::new(0, 0), None);
    }

    #[test]
    fn below_one_is_raised_to_one() {
        assert_eq!(Factor::at_least_one(999, 1_000), Factor::ONE);
        assert_eq!(Factor::at_least_one(5, 0), Factor::ONE);
        assert_eq!(Factor::at_least_one(0, 5), Factor::ONE);
        assert!(Factor::at_least_one(u64::MAX, u64::MAX - 1) > Factor::ONE);
    }

    #[test]
    fn order_is_exact_where_doubles_are_not() {
        let (small, large) = (
            Factor::new(u64::MAX - 1, u64::MAX).unwrap(),
            Factor::new(u64::MAX, u64::MAX - 1).unwrap(),
        );
        assert!(small < Factor::ONE && Factor::ONE < large);
        assert!((small.as_f64() - large.as_f64()).abs() < f64::EPSILON);
    }

    #[test]
    fn people_read_a_few_decimals() {
        for (numerator, denominator, shown) in [
            (72, 5, "14.4x"),
            (6, 1, "6x"),
            (0, 1, "0x"),
            (48, 25, "1.92x"),
            (1, 3, "0.3333x"),
            (2, 3, "0.6667x"),
            (99_999_999, 100_000_000, "1x"),
            (100_001, 100_000, "1x"),
            (10_001, 10_000, "1.0001x"),
            (u64::MAX, 1, "18446744073709551615x"),
        ] {
            assert_eq!(Factor::new(numerator, denominator).unwrap().to_string(), shown);
        }
    }
}
