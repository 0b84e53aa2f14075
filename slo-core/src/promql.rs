//! Pieces of PromQL that no text can break out of, and numbers that are exact: one for all who write rules.
//!
//! Not part of the promised API: for the crates of this workspace.

/// A string literal, with everything escaped that is not a letter, a digit or printable ASCII: what is inside can end
/// neither it nor the expression.
///
/// Prometheus and MetricsQL read the escapes of Go.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            '\n' => out.push_str("\\n"),
            c if c.is_alphanumeric() => out.push(c),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// `numerator / denominator` as an exact decimal, or as a division in parentheses where it has none.
#[must_use]
pub fn fraction(numerator: u128, denominator: u128) -> String {
    let common = greatest_common_divisor(numerator, denominator).max(1);
    let (numerator, denominator) = (numerator / common, denominator / common);
    decimal(numerator, denominator).unwrap_or_else(|| format!("({numerator} / {denominator})"))
}

/// Long division that ends, within as many places as parts per billion of a factor have.
fn decimal(numerator: u128, denominator: u128) -> Option<String> {
    const MOST_PLACES: usize = 18;
    let mut rest = numerator.checked_rem(denominator)?;
    let mut digits = String::new();
    while rest > 0 {
        if digits.len() == MOST_PLACES {
            return None;
        }
        rest = rest.checked_mul(10)?;
        digits.push_str(&(rest / denominator).to_string());
        rest %= denominator;
    }
    let whole = numerator / denominator;
    Some(if digits.is_empty() {
        whole.to_string()
    } else {
        format!("{whole}.{digits}")
    })
}

const fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_exact() {
        for (numerator, denominator, text) in [
            (72, 5, "14.4"),
            (144, 10_000, "0.0144"),
            (86_400, 30, "2880"),
            (1, 1, "1"),
            (1_000_000, 1_000_000_000, "0.001"),
            (1, 1_000_000_000, "0.000000001"),
            (40, 3, "(40 / 3)"),
            (80, 6, "(40 / 3)"),
            (0, 7, "0"),
        ] {
            assert_eq!(fraction(numerator, denominator), text);
        }
    }

    #[test]
    fn a_literal_ends_where_it_should() {
        assert_eq!(quote(r#"a"} or vector(1) #\"#), r#""a\"} or vector(1) #\\""#);
        assert_eq!(quote("a\n\u{7}\u{200b}월"), r#""a\n\U00000007\U0000200b월""#);
    }

    /// The text again, as Go reads the literal.
    fn read(literal: &str) -> Option<String> {
        let mut signs = literal.strip_prefix('"')?.strip_suffix('"')?.chars();
        let mut back = String::new();
        while let Some(sign) = signs.next() {
            back.push(match sign {
                '"' => return None,
                '\\' => match signs.next()? {
                    'n' => '\n',
                    'U' => {
                        let code: String = signs.by_ref().take(8).collect();
                        char::from_u32(u32::from_str_radix(&code, 16).ok()?)?
                    }
                    sign @ ('"' | '\\') => sign,
                    _ => return None,
                },
                sign if sign == ' ' || !sign.is_whitespace() && !sign.is_control() => sign,
                _ => return None,
            });
        }
        Some(back)
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back(text in any::<String>(), signs in "[\"\\\\\n\r\t{}]{0,20}") {
            for text in [text, signs] {
                prop_assert_eq!(read(&quote(&text)), Some(text));
            }
        }

        #[test]
        fn decimals_are_the_fraction(numerator in 0_u64..u64::MAX, places in 0_u32..=9) {
            let denominator = 10_u128.pow(places);
            let text = fraction(numerator.into(), denominator);
            let (whole, digits) = text.split_once('.').unwrap_or((&text, ""));
            let scale = 10_u128.pow(u32::try_from(digits.len()).unwrap());
            let units = whole.parse::<u128>().unwrap() * scale + digits.parse::<u128>().unwrap_or(0);
            prop_assert_eq!(units * denominator, u128::from(numerator) * scale);
            prop_assert!(!text.contains('.') || !text.ends_with('0'));
        }
    }
}
