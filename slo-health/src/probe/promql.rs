//! Pieces of `PromQL` that no name can break out of, and numbers that are exact.

/// A string literal: what is inside can end neither it nor the expression.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::from("\"");
    for sign in text.chars() {
        match sign {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            sign if sign.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(sign))),
            sign => out.push(sign),
        }
    }
    out.push('"');
    out
}

/// A text inside a template of annotations, as that very text: `{{` would begin an action.
pub(super) fn untemplated(text: &str) -> String {
    // Each brace alone: one at the end of a text would otherwise join those of the action after it.
    text.replace('{', r#"{{ "{" }}"#)
}

/// `numerator / denominator` as a decimal where it has one, else as a division in parentheses; the denominator is not 0.
pub(super) fn fraction(numerator: u128, denominator: u128) -> String {
    let mut digits = String::new();
    let mut rest = numerator % denominator;
    while rest > 0 && digits.len() < MOST_DECIMALS {
        rest *= 10;
        digits.push(char::from_digit(digit(rest / denominator), 10).unwrap_or('0'));
        rest %= denominator;
    }
    match (rest, digits.is_empty()) {
        (0, true) => (numerator / denominator).to_string(),
        (0, false) => format!("{}.{digits}", numerator / denominator),
        _ => format!("({numerator} / {denominator})"),
    }
}

fn digit(value: u128) -> u32 {
    u32::try_from(value).unwrap_or(0) // below 10: the rest is below the denominator
}

/// As many as the exact decimal of a budget (9) times a factor with a short decimal needs, with room.
const MOST_DECIMALS: usize = 15;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_exact_and_what_has_none_is_a_division() {
        for (numerator, denominator, written) in [
            (1_000_000, 1_000_000_000, "0.001"),
            (1, 1_000_000_000, "0.000000001"),
            (144, 10_000, "0.0144"),
            (72, 5, "14.4"),
            (86_400, 30, "2880"),
            (0, 7, "0"),
            (1, 3, "(1 / 3)"),
        ] {
            assert_eq!(fraction(numerator, denominator), written);
        }
    }

    #[test]
    fn a_literal_ends_where_it_should() {
        assert_eq!(literal(r#"a"} or vector(1) #\"#), r#""a\"} or vector(1) #\\""#);
        assert_eq!(literal("a\nb\u{7}"), r#""a\nb\u0007""#);
    }

    #[test]
    fn braces_begin_no_template() {
        assert_eq!(untemplated("{{ evil }}{"), r#"{{ "{" }}{{ "{" }} evil }}{{ "{" }}"#);
    }

    proptest! {
        #[test]
        fn a_fraction_is_the_nearest_double_of_itself(numerator in 0_u32..1_000_000_000, scale in 0_u32..9) {
            let denominator = 10_u32.pow(scale);
            let written: f64 = fraction(numerator.into(), denominator.into()).parse().unwrap();
            let exact = f64::from(numerator) / f64::from(denominator);
            prop_assert_eq!(written.to_bits(), exact.to_bits());
        }

        #[test]
        fn no_text_ends_its_literal(text in any::<String>()) {
            let written = literal(&text);
            let inside = &written[1..written.len() - 1];
            // Every quote and backslash inside is part of an escape.
            let mut signs = inside.chars();
            let mut back = String::new();
            while let Some(sign) = signs.next() {
                prop_assert!(sign != '"' && !sign.is_control());
                back.push(match sign {
                    '\\' => match signs.next().unwrap() {
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        'u' => {
                            let code: String = signs.by_ref().take(4).collect();
                            char::from_u32(u32::from_str_radix(&code, 16).unwrap()).unwrap()
                        }
                        other => other,
                    },
                    other => other,
                });
            }
            prop_assert_eq!(back, text);
        }
    }
}
