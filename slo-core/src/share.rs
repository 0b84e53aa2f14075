//! A share that a limit names.

use core::fmt;
use core::str::FromStr;

use crate::Ratio;
use crate::ratio::write_percent;
use crate::target::ONE_PPB;

/// A share from 0% to 100%, both included, as a limit is written: exact, in parts per billion.
///
/// A [`Target`](crate::Target) is a promise and refuses both ends; a limit may lie on them.
///
/// # Examples
///
/// ```
/// use slo_core::{Ratio, Share, ShareError};
///
/// let limit: Share = "0.5%".parse()?;
/// assert_eq!(limit.ppb(), 5_000_000);
/// assert_eq!(Some(limit.as_ratio()), Ratio::new(5, 1_000));
/// assert_eq!(limit.to_string(), "0.5%");
/// assert!("101%".parse::<Share>().is_err());
/// # Ok::<(), ShareError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[must_use]
pub struct Share(u32);

impl Share {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Everything.
    pub const WHOLE: Self = Self(ONE_PPB);

    /// Makes a share from parts per billion: 5_000_000 is 0.5%.
    ///
    /// # Errors
    ///
    /// [`ShareError::OverWhole`] from 1_000_000_001 on.
    pub const fn from_ppb(ppb: u32) -> Result<Self, ShareError> {
        if ppb > ONE_PPB {
            Err(ShareError::OverWhole { ppb })
        } else {
            Ok(Self(ppb))
        }
    }

    /// For constants: from parts per billion, at most all of them.
    pub(crate) const fn of_ppb(ppb: u32) -> Self {
        if ppb < ONE_PPB { Self(ppb) } else { Self::WHOLE }
    }

    /// The share in parts per billion.
    #[must_use]
    pub const fn ppb(self) -> u32 {
        self.0
    }

    /// The same share as a fraction, to compare with others.
    #[must_use]
    pub fn as_ratio(self) -> Ratio {
        Ratio::of_ppb(self.0)
    }

    /// The double nearest to the decimal, 0.0 to 1.0.
    #[must_use]
    pub fn as_ratio_f64(self) -> f64 {
        self.as_ratio().as_ratio_f64()
    }
}

/// Why a text or a number is not a [`Share`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ShareError {
    /// More than the whole.
    #[error("a limit of {} is more than everything; write at most `100%`, like `0.5%`", Given(*ppb))]
    OverWhole {
        /// The share that was given, in parts per billion.
        ppb: u32,
    },
    /// The text is not a percentage; holds the text.
    #[error("`{0}` is not a percentage; write a limit like `0.5%`")]
    NotAPercentage(String),
    /// The text has a comma where the decimal point belongs; holds the text.
    #[error("`{0}` has a decimal comma; write a point: `{fixed}`", fixed = .0.replace(',', "."))]
    DecimalComma(String),
    /// The text has more than 7 decimals, which parts per billion cannot hold; holds the text.
    #[error("`{0}` has more than 7 decimals, which is finer than a part per billion; write a limit like `0.5%`")]
    TooFine(String),
}

impl FromStr for Share {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ppb = parse_ppb(text).map_err(|unread| match unread {
            Unread::NotAPercentage => ShareError::NotAPercentage(text.to_owned()),
            Unread::DecimalComma => ShareError::DecimalComma(text.to_owned()),
            Unread::TooFine => ShareError::TooFine(text.to_owned()),
        })?;
        Self::from_ppb(ppb)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Percent(self.0).fmt(f)
    }
}

/// Parts per billion as a percentage.
pub(crate) struct Percent(pub(crate) u32);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_percent(f, self.0.into(), 7)
    }
}

/// Parts per billion as the percentage that was given; more than can be held are not told apart.
pub(crate) struct Given(pub(crate) u32);

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < MOST_WHOLE * PPB_OF_PERCENT {
            Percent(self.0).fmt(f)
        } else {
            write!(f, "{MOST_WHOLE}% or more")
        }
    }
}

/// From here on percentages are read as this one and a fraction, which 32 bits hold.
const MOST_WHOLE: u32 = 400;

const PPB_OF_PERCENT: u32 = ONE_PPB / 100;

/// What keeps a text from being a percentage.
pub(crate) enum Unread {
    NotAPercentage,
    DecimalComma,
    TooFine,
}

/// Reads `99.9%` into parts per billion; anything from 400% on is read as 400% and a fraction.
pub(crate) fn parse_ppb(text: &str) -> Result<u32, Unread> {
    let number = text.strip_suffix('%').ok_or(Unread::NotAPercentage)?;
    if is_digits(&number.replacen(',', "", 1)) && number.contains(',') {
        return Err(Unread::DecimalComma);
    }
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    if !is_digits(whole) || !is_digits(decimals) {
        return Err(Unread::NotAPercentage);
    }
    let decimals = decimals.trim_end_matches('0');
    if decimals.len() > 7 {
        return Err(Unread::TooFine);
    }
    // More than three digits before the point is over 100% whatever follows.
    let whole: u32 = if whole.trim_start_matches('0').len() > 3 {
        MOST_WHOLE
    } else {
        whole.parse().map_err(|_| Unread::NotAPercentage)?
    };
    let fraction: u32 = format!("{decimals:0<7}").parse().map_err(|_| Unread::NotAPercentage)?;
    Ok(whole.min(MOST_WHOLE) * PPB_OF_PERCENT + fraction)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(feature = "serde")]
crate::text::serde_through_text!(Share);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_ends_are_shares_and_nothing_beyond_is() {
        assert_eq!("0%".parse(), Ok(Share::NONE));
        assert_eq!("100%".parse(), Ok(Share::WHOLE));
        assert_eq!(
            "100.0000001%".parse::<Share>(),
            Err(ShareError::OverWhole { ppb: ONE_PPB + 1 })
        );
        assert_eq!(Share::from_ppb(u32::MAX), Err(ShareError::OverWhole { ppb: u32::MAX }));
    }

    #[test]
    fn messages_say_what_to_write() {
        let message = |text: &str| text.parse::<Share>().unwrap_err().to_string();
        assert_eq!(
            message("101%"),
            "a limit of 101% is more than everything; write at most `100%`, like `0.5%`"
        );
        assert_eq!(
            message("1000%"),
            "a limit of 400% or more is more than everything; write at most `100%`, like `0.5%`"
        );
        assert_eq!(message("0,5%"), "`0,5%` has a decimal comma; write a point: `0.5%`");
        assert_eq!(
            message("0.005"),
            "`0.005` is not a percentage; write a limit like `0.5%`"
        );
        assert!(message("0.123456789%").contains("more than 7 decimals"));
    }

    proptest! {
        #[test]
        fn text_and_value_round_trip(ppb in 0..=ONE_PPB) {
            let share = Share::from_ppb(ppb).unwrap();
            prop_assert_eq!(share.to_string().parse::<Share>(), Ok(share));
        }
    }
}
