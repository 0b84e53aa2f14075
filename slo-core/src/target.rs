//! The share of valid events that must be good.

use core::fmt;
use core::str::FromStr;

use crate::ratio::quotient;
use crate::share::{Given, Percent, Unread, parse_ppb};

/// Parts per billion in the whole.
pub(crate) const ONE_PPB: u32 = 1_000_000_000;

/// The share of valid events that must be good: more than 0, less than 1.
///
/// Held in parts per billion, so `99.9%` leaves a budget of exactly `0.1%`.
///
/// # Examples
///
/// ```
/// use slo_core::{Target, TargetError};
///
/// let target: Target = "99.9%".parse()?;
/// assert_eq!(target.ppb(), 999_000_000);
/// assert_eq!(target.budget_ppb(), 1_000_000);
/// assert_eq!(target.to_string(), "99.9%");
/// assert!(matches!("100%".parse::<Target>(), Err(TargetError::NoBudget { .. })));
/// # Ok::<(), TargetError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[must_use]
pub struct Target(u32);

impl Target {
    /// Makes a target from parts per billion: 999_000_000 is 99.9%.
    ///
    /// # Errors
    ///
    /// [`TargetError::Nothing`] for 0, [`TargetError::NoBudget`] from 1_000_000_000 on.
    pub const fn from_ppb(ppb: u32) -> Result<Self, TargetError> {
        match ppb {
            0 => Err(TargetError::Nothing),
            1..ONE_PPB => Ok(Self(ppb)),
            _ => Err(TargetError::NoBudget { ppb }),
        }
    }

    /// The target in parts per billion.
    #[must_use]
    pub const fn ppb(self) -> u32 {
        self.0
    }

    /// The error budget, 1 - target, in parts per billion; never 0.
    #[must_use]
    pub const fn budget_ppb(self) -> u32 {
        ONE_PPB - self.0
    }

    /// The double nearest to the decimal, 0.0 to 1.0, as exported in `slo.objective`.
    #[must_use]
    pub fn as_ratio_f64(self) -> f64 {
        quotient(self.0.into(), ONE_PPB.into())
    }

    /// The double nearest to the budget's decimal: `0.001` for 99.9%, where `1.0 - 0.999` is `0.0010000000000000009`.
    #[must_use]
    pub fn budget_as_ratio_f64(self) -> f64 {
        quotient(self.budget_ppb().into(), ONE_PPB.into())
    }
}

/// Why a text or a number is not a [`Target`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The share is 0.
    #[error("a target of 0% promises nothing, every outage would meet it; write what users may count on, like `99.9%`")]
    Nothing,
    /// The share is 1 or more.
    #[error(
        "a target of {} leaves no error budget, the first bad event breaks it; write a target below 100%, like `99.9%`",
        Given(*ppb)
    )]
    NoBudget {
        /// The share that was given, in parts per billion.
        ppb: u32,
    },
    /// The text is not a percentage; holds the text.
    #[error("`{0}` is not a percentage; write a target like `99.9%`")]
    NotAPercentage(String),
    /// The text has a comma where the decimal point belongs; holds the text.
    #[error("`{0}` has a decimal comma; write a point: `{fixed}`", fixed = .0.replace(',', "."))]
    DecimalComma(String),
    /// The text has more than 7 decimals, which parts per billion cannot hold; holds the text.
    #[error("`{0}` has more than 7 decimals, which is finer than a part per billion; write a target like `99.9999%`")]
    TooFine(String),
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ppb = parse_ppb(text).map_err(|unread| match unread {
            Unread::NotAPercentage => TargetError::NotAPercentage(text.to_owned()),
            Unread::DecimalComma => TargetError::DecimalComma(text.to_owned()),
            Unread::TooFine => TargetError::TooFine(text.to_owned()),
        })?;
        Self::from_ppb(ppb)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Percent(self.0).fmt(f)
    }
}

#[cfg(feature = "serde")]
crate::text::serde_through_text!(Target);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_budget_of_a_decimal_target_is_a_decimal() {
        let target: Target = "99.9%".parse().unwrap();
        assert_eq!(target.budget_ppb(), 1_000_000);
        assert_eq!(target.budget_as_ratio_f64().to_string(), "0.001");
        assert_eq!(target.as_ratio_f64().to_string(), "0.999");
    }

    #[test]
    fn the_edges_are_refused_with_a_reason() {
        assert_eq!("0%".parse::<Target>(), Err(TargetError::Nothing));
        assert_eq!("0.0%".parse::<Target>(), Err(TargetError::Nothing));
        assert_eq!("100%".parse::<Target>(), Err(TargetError::NoBudget { ppb: ONE_PPB }));
        assert!(matches!(
            "99999999999%".parse::<Target>(),
            Err(TargetError::NoBudget { .. })
        ));
        assert_eq!(Target::from_ppb(0), Err(TargetError::Nothing));
        assert_eq!(Target::from_ppb(u32::MAX), Err(TargetError::NoBudget { ppb: u32::MAX }));
        assert!(Target::from_ppb(1).is_ok() && Target::from_ppb(ONE_PPB - 1).is_ok());
    }

    #[test]
    fn what_is_not_a_percentage_is_named() {
        for text in [
            "", "%", "99.9", "0.999", "99.9 %", " 99.9%", "-1%", "+5%", "9e1%", ".5%", "5.%", "NaN%", "٩٩%",
        ] {
            assert_eq!(
                text.parse::<Target>(),
                Err(TargetError::NotAPercentage(text.to_owned())),
                "{text:?}"
            );
        }
        assert_eq!(
            "99,9%".parse::<Target>(),
            Err(TargetError::DecimalComma("99,9%".to_owned()))
        );
        assert_eq!(
            "99.00000001%".parse::<Target>(),
            Err(TargetError::TooFine("99.00000001%".to_owned()))
        );
        assert_eq!("99.90000000000%".parse::<Target>().unwrap().to_string(), "99.9%");
    }

    #[test]
    fn messages_say_what_to_write() {
        let message = |text: &str| text.parse::<Target>().unwrap_err().to_string();
        assert_eq!(
            message("100%"),
            "a target of 100% leaves no error budget, the first bad event breaks it; \
             write a target below 100%, like `99.9%`"
        );
        assert_eq!(
            message("1000%"),
            "a target of 400% or more leaves no error budget, the first bad event breaks it; \
             write a target below 100%, like `99.9%`"
        );
        assert!(message("399%").starts_with("a target of 399% leaves"));
        assert_eq!(message("99,9%"), "`99,9%` has a decimal comma; write a point: `99.9%`");
        assert_eq!(
            message("0.999"),
            "`0.999` is not a percentage; write a target like `99.9%`"
        );
        assert!(message("0%").starts_with("a target of 0% promises nothing"));
        assert!(message("99.123456789%").contains("more than 7 decimals"));
    }

    proptest! {
        #[test]
        fn text_and_value_round_trip(ppb in 1..ONE_PPB) {
            let target = Target::from_ppb(ppb).unwrap();
            prop_assert_eq!(target.to_string().parse::<Target>(), Ok(target));
            prop_assert_eq!(target.ppb() + target.budget_ppb(), ONE_PPB);
        }

        #[test]
        fn any_text_is_a_target_or_an_error(text in "\\PC*") {
            let _ = text.parse::<Target>();
        }
    }
}
