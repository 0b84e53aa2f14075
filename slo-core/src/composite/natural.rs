//! Whole numbers of any size: what a sum of fractions of counts needs.

use core::cmp::Ordering;

/// A whole number, in digits of 64 bits, the least first, without leading zeros.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Natural(Vec<u64>);

impl From<u64> for Natural {
    fn from(digit: u64) -> Self {
        Self(vec![digit]).trimmed()
    }
}

impl Natural {
    pub(super) fn times(&self, factor: u64) -> Self {
        let mut carry = 0;
        let mut digits = Vec::with_capacity(self.0.len() + 1);
        for digit in &self.0 {
            let product = u128::from(*digit) * u128::from(factor) + carry;
            digits.push(low(product));
            carry = product >> 64;
        }
        digits.push(low(carry));
        Self(digits).trimmed()
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        let mut carry = 0;
        let mut digits = Vec::new();
        for index in 0..self.0.len().max(other.0.len()) {
            let sum = u128::from(self.digit(index)) + u128::from(other.digit(index)) + carry;
            digits.push(low(sum));
            carry = sum >> 64;
        }
        digits.push(low(carry));
        Self(digits).trimmed()
    }

    /// The difference; 0 where `other` is greater.
    pub(super) fn minus(&self, other: &Self) -> Self {
        if *self < *other {
            return Self::from(0);
        }
        let mut borrow = false;
        let mut digits = Vec::with_capacity(self.0.len());
        for (index, digit) in self.0.iter().enumerate() {
            let (less, first) = digit.overflowing_sub(other.digit(index));
            let (less, second) = less.overflowing_sub(borrow.into());
            digits.push(less);
            borrow = first || second;
        }
        Self(digits).trimmed()
    }

    fn digit(&self, index: usize) -> u64 {
        self.0.get(index).copied().unwrap_or(0)
    }

    fn trimmed(mut self) -> Self {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        self
    }

    /// How many digits it has.
    fn length(&self) -> usize {
        self.0.len()
    }

    /// The 128 bits from the digit at `index` on; it must have no more than two digits from there on.
    fn top(&self, index: usize) -> u128 {
        u128::from(self.digit(index)) | u128::from(self.digit(index + 1)) << 64
    }
}

impl Ord for Natural {
    fn cmp(&self, other: &Self) -> Ordering {
        let lengths = self.0.len().cmp(&other.0.len());
        lengths.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The double next to `part / whole`, within 2^-52 of itself or, where that is more, 2^-63; `whole` must not be 0.
pub(super) fn quotient(part: &Natural, whole: &Natural) -> f64 {
    // The same digits are left away from both: at least 65 bits of the longer one stay.
    let left_away = part.length().max(whole.length()).saturating_sub(2);
    let (part, whole) = (part.top(left_away), whole.top(left_away));
    crate::ratio::quotient(part, whole.max(1))
}

fn low(number: u128) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
    let low = number as u64;
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn natural(number: u128) -> Natural {
        Natural(vec![low(number), low(number >> 64)]).trimmed()
    }

    #[test]
    fn carries_go_on_for_as_long_as_there_are_digits() {
        let ones = Natural(vec![u64::MAX; 3]);
        let next = ones.plus(&Natural::from(1));
        assert_eq!(next, Natural(vec![0, 0, 0, 1]));
        assert_eq!(next.minus(&Natural::from(1)), ones);
        assert_eq!(
            ones.times(u64::MAX).plus(&ones),
            Natural(vec![0, u64::MAX, u64::MAX, u64::MAX])
        );
        assert_eq!(ones.minus(&next), Natural::from(0));
        assert!(ones < next && Natural::from(0) < Natural::from(1));
    }

    #[test]
    fn quotients_of_long_numbers_are_those_of_their_tops() {
        let long = Natural(vec![5, 7, u64::MAX, u64::MAX / 2]);
        assert!((quotient(&long.times(3), &long.times(4)) - 0.75).abs() < 1e-15);
        assert!(quotient(&Natural::from(1), &long).abs() < f64::EPSILON);
        assert!((quotient(&long, &long) - 1.0).abs() < f64::EPSILON);
    }

    proptest! {
        #[test]
        fn arithmetic_is_that_of_128_bits(a in 0..1_u128 << 63, b in 0..1_u128 << 63, c in any::<u64>()) {
            prop_assert_eq!(natural(a).plus(&natural(b)), natural(a + b));
            prop_assert_eq!(natural(a).minus(&natural(b)), natural(a.saturating_sub(b)));
            prop_assert_eq!(natural(a).times(c), natural(a * u128::from(c)));
            prop_assert_eq!(natural(a).times(c).cmp(&natural(b).times(c)), (a * u128::from(c)).cmp(&(b * u128::from(c))));
        }
    }
}
