//! Times on the command line, like `10m`.

use std::str::FromStr;
use std::time::Duration;

/// A length of time: a whole number and one of the units s, m, h.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Span(pub(crate) Duration);

/// Why a text is not a [`Span`]; holds the text.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not a time; write one like `90s`, `10m` or `2h`")]
pub(crate) struct SpanError(String);

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let seconds = || {
            let unit = text.chars().next_back()?;
            let seconds_each: u64 = match unit {
                's' => 1,
                'm' => 60,
                'h' => 3600,
                _ => return None,
            };
            let digits = text.strip_suffix(unit)?;
            // Rust's own parser would take `+5` as well.
            let count: u64 = digits
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| digits.parse().ok())??;
            count.checked_mul(seconds_each).filter(|seconds| *seconds > 0)
        };
        seconds()
            .map(|seconds| Self(Duration::from_secs(seconds)))
            .ok_or_else(|| SpanError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_is_read() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("2h", 7200), ("007m", 420)] {
            assert_eq!(text.parse(), Ok(Span(Duration::from_secs(seconds))), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "s",
            "10",
            "0s",
            "-1s",
            "+1s",
            "1.5h",
            "1d",
            "10 m",
            "1é",
            "18446744073709551615h",
        ] {
            assert_eq!(text.parse::<Span>(), Err(SpanError(text.to_owned())));
        }
    }
}
