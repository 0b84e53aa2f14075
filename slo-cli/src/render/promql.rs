//! Pieces of PromQL that cannot be broken out of: quoted values, matchers, lengths of time, exact numbers.

/// A string literal, with everything escaped that is not a letter, a digit or printable ASCII.
///
/// Prometheus and MetricsQL read the escapes of Go.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::from('"');
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

/// `label="value"`.
pub(crate) fn is(label: &str, value: &str) -> String {
    format!("{label}={}", quote(value))
}

/// `label=~"one|other"`: any of these values and nothing else.
pub(crate) fn is_any(label: &str, values: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let escaped: Vec<_> = values.into_iter().map(|value| escape_regex(value.as_ref())).collect();
    matches_regex(label, &escaped.join("|"))
}

/// `label=~"regex"`.
pub(crate) fn matches_regex(label: &str, regex: &str) -> String {
    format!("{label}=~{}", quote(regex))
}

/// The text as a regular expression of RE2 that matches it alone.
pub(crate) fn escape_regex(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `metric{matchers}`; without any, the metric alone.
pub(crate) fn selector(metric: &str, matchers: &[String]) -> String {
    match matchers {
        [] => metric.to_owned(),
        matchers => format!("{metric}{{{}}}", matchers.join(", ")),
    }
}

/// A range one second short of a length: engines that close both ends of a range (Prometheus before 3.0) would count a
/// tile too many.
pub(crate) fn tiles_in(seconds: u64) -> String {
    format!("{}s", seconds.saturating_sub(1))
}

/// `numerator / denominator` as an exact decimal, or as a division where it has none.
pub(crate) fn fraction(numerator: u128, denominator: u128) -> String {
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
    fn values_are_matched_as_they_are() {
        assert_eq!(is("slo_name", "a\"b\\c\n"), r#"slo_name="a\"b\\c\n""#);
        assert_eq!(
            is_any("http_route", ["/a.b", "/{id}"]),
            r#"http_route=~"/a\\.b|/\\{id\\}""#
        );
        assert_eq!(selector("up", &[]), "up");
        assert_eq!(selector("up", &[is("a", "1"), is("b", "월")]), r#"up{a="1", b="월"}"#);
        assert_eq!(quote("\u{7}\u{200b}"), r#""\U00000007\U0000200b""#);
    }

    #[test]
    fn a_range_of_tiles_is_a_second_short() {
        assert_eq!(tiles_in(2_592_000), "2591999s");
    }

    proptest! {
        /// Whatever is quoted, its first unescaped quote is its last character.
        #[test]
        fn no_value_ends_its_own_string(text in "\\PC{0,20}|[\"\\\\\n\r\t{}]{0,20}") {
            let quoted = quote(&text);
            let mut inside = quoted[1..].char_indices();
            let mut end = None;
            while let Some((at, c)) = inside.next() {
                match c {
                    '\\' => drop(inside.next()),
                    '"' => { end = Some(at + 2); break; }
                    c => prop_assert!(c == ' ' || !c.is_whitespace() && !c.is_control()),
                }
            }
            prop_assert_eq!(end, Some(quoted.len()));
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
