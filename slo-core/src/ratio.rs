//! Exact fractions and how to compare them.

use core::cmp::Ordering;
use core::fmt;

use crate::target::ONE_PPB;

/// A share from 0 to 1, held as the exact fraction of two counts.
///
/// Equality and order are those of the values: one half equals two quarters.
///
/// # Examples
///
/// ```
/// use slo_core::Ratio;
///
/// assert_eq!(Ratio::new(1, 2), Ratio::new(2, 4));
/// assert!(Ratio::new(1, 3) < Ratio::new(334, 1_000));
/// assert_eq!(Ratio::new(0, 0), None);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    part: u64,
    whole: u64,
}

impl Ratio {
    /// From parts per billion, at most all of them.
    pub(crate) const fn of_ppb(ppb: u32) -> Self {
        Self {
            part: if ppb < ONE_PPB { ppb as u64 } else { ONE_PPB as u64 },
            whole: ONE_PPB as u64,
        }
    }

    /// `part / whole`; `None` when `whole` is 0 or smaller than `part`.
    #[must_use]
    pub const fn new(part: u64, whole: u64) -> Option<Self> {
        if whole == 0 || part > whole {
            None
        } else {
            Some(Self { part, whole })
        }
    }

    /// `part / whole`, at most 1; where `whole` is 0, that is 1.
    pub(crate) const fn saturating(part: u64, whole: u64) -> Self {
        match Self::new(part, whole) {
            Some(ratio) => ratio,
            None => Self { part: 1, whole: 1 },
        }
    }

    /// The numerator (events).
    #[must_use]
    pub const fn part(self) -> u64 {
        self.part
    }

    /// The denominator (events); never 0.
    #[must_use]
    pub const fn whole(self) -> u64 {
        self.whole
    }

    /// The nearest double, from 0.0 to 1.0, for reports and gauges; never NaN.
    #[must_use]
    pub fn as_ratio_f64(self) -> f64 {
        quotient(u128::from(self.part), u128::from(self.whole))
    }
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ratio {}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(
            self.part.into(),
            self.whole.into(),
            other.part.into(),
            other.whole.into(),
        )
    }
}

/// In percent, with up to 4 decimals, for people: `99.95%`. A share that is not whole is never rounded up to `100%`.
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millionths = u128::from(self.part) * 1_000_000 / u128::from(self.whole);
        write_percent(f, millionths, 4)
    }
}

/// Writes `units / 10^decimals` as a percentage without trailing zeros.
pub(crate) fn write_percent(f: &mut fmt::Formatter<'_>, units: u128, decimals: u32) -> fmt::Result {
    let scale = 10_u128.pow(decimals);
    let (whole, mut rest) = (units / scale, units % scale);
    write!(f, "{whole}")?;
    let mut places = decimals as usize;
    while places > 0 && rest % 10 == 0 {
        rest /= 10;
        places -= 1;
    }
    if places > 0 {
        write!(f, ".{rest:0places$}")?;
    }
    f.write_str("%")
}

/// Compares `a / b` with `c / d` exactly; `b` and `d` must not be 0.
///
/// Cross-multiplication where it fits into 128 bits, else Euclid's way: compare whole parts, then the remainders upside
/// down.
pub(crate) fn compare(mut a: u128, mut b: u128, mut c: u128, mut d: u128) -> Ordering {
    loop {
        if let (Some(left), Some(right)) = (a.checked_mul(d), c.checked_mul(b)) {
            return left.cmp(&right);
        }
        match (a / b).cmp(&(c / d)) {
            Ordering::Equal => {}
            unequal => return unequal,
        }
        // a/b ? c/d with equal whole parts is (c mod d)'s inverse against (a mod b)'s: d/(c%d) ? b/(a%b).
        let (left, right) = (a % b, c % d);
        match (left, right) {
            (0, 0) => return Ordering::Equal,
            (0, _) => return Ordering::Less,
            (_, 0) => return Ordering::Greater,
            _ => (a, b, c, d) = (d, right, b, left),
        }
    }
}

/// The double nearest to `a / b` that two correctly rounded conversions and one division give; `b` must not be 0.
#[expect(
    clippy::cast_precision_loss,
    reason = "the one place where exact fractions become doubles, for display"
)]
pub(crate) fn quotient(a: u128, b: u128) -> f64 {
    a as f64 / b as f64
}

/// `(a - b) / whole`, with the difference taken exactly before it becomes a double; `whole` must not be 0.
pub(crate) fn signed_quotient(a: u128, b: u128, whole: u128) -> f64 {
    if a >= b {
        quotient(a - b, whole)
    } else {
        -quotient(b - a, whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_needs_a_whole_that_holds_it() {
        assert_eq!(Ratio::new(0, 0), None);
        assert_eq!(Ratio::new(2, 1), None);
        assert!(Ratio::new(0, 1).is_some());
        assert!(Ratio::new(u64::MAX, u64::MAX).is_some());
    }

    #[test]
    fn order_is_exact_where_doubles_are_not() {
        let (big, bigger) = (
            Ratio::new(u64::MAX - 2, u64::MAX).unwrap(),
            Ratio::new(u64::MAX - 1, u64::MAX).unwrap(),
        );
        assert!(big < bigger);
        assert!((big.as_ratio_f64() - bigger.as_ratio_f64()).abs() < f64::EPSILON);
    }

    #[test]
    fn comparison_survives_products_beyond_128_bits() {
        let max = u128::MAX;
        assert_eq!(compare(max, max - 1, max - 1, max - 2), Ordering::Less);
        assert_eq!(compare(max - 1, max - 2, max, max - 1), Ordering::Greater);
        assert_eq!(compare(max, 3, max, 3), Ordering::Equal);
        assert_eq!(compare(max, max, 1, 1), Ordering::Equal);
        assert_eq!(compare(max, 2, max, 3), Ordering::Greater);
    }

    #[test]
    fn a_percentage_is_never_rounded_up_to_perfection() {
        assert_eq!(Ratio::new(999_999_999, 1_000_000_000).unwrap().to_string(), "99.9999%");
        assert_eq!(Ratio::new(1, 1).unwrap().to_string(), "100%");
        assert_eq!(Ratio::new(1, 8).unwrap().to_string(), "12.5%");
        assert_eq!(Ratio::new(0, 8).unwrap().to_string(), "0%");
    }
}
