//! Whether two texts are the same PromQL: engines show rules in a form of their own.

/// An expression without what engines change when they show it: space, how numbers and lengths of time are written, and the
/// order of matchers.
///
/// Texts in quotes stay as they are. What is equal here is equal; what differs may still mean the same.
pub(super) fn canonical(expression: &str) -> String {
    let mut out = String::with_capacity(expression.len());
    let mut rest = expression;
    let mut in_word = false;
    // Where the matchers of the selector begin, each of them.
    let mut matchers: Vec<usize> = Vec::new();
    while let Some(sign) = rest.chars().next() {
        let taken = match sign {
            '"' | '\'' | '`' => quoted(rest, sign),
            sign if sign.is_whitespace() => {
                in_word = false;
                rest = &rest[sign.len_utf8()..];
                continue;
            }
            sign if sign.is_ascii_digit() && !in_word => number(rest),
            sign => sign.len_utf8(),
        };
        let (token, after) = rest.split_at(taken);
        if sign.is_ascii_digit() && !in_word {
            out.push_str(&value(token));
        } else {
            out.push_str(token);
        }
        match sign {
            '{' => matchers = vec![out.len()],
            ',' if !matchers.is_empty() => matchers.push(out.len()),
            '}' => sort(&mut out, &core::mem::take(&mut matchers)),
            _ => {}
        }
        in_word = sign == '_' || sign == ':' || sign.is_ascii_alphabetic() || (in_word && sign.is_ascii_digit());
        rest = after;
    }
    out
}

/// Puts the matchers before the closing brace at the end into an order; each begins at one of these places.
fn sort(out: &mut String, begins: &[usize]) {
    let Some(first) = begins.first().copied() else { return };
    let ends = begins.iter().skip(1).map(|next| next - 1).chain([out.len() - 1]);
    let all = begins.iter().zip(ends).map(|(begin, end)| out[*begin..end].to_owned());
    let mut all: Vec<_> = all.collect();
    all.sort_unstable();
    out.truncate(first);
    out.push_str(&all.join(","));
    out.push('}');
}

/// How long a text in quotes is, both of them included.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, sign) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if sign == '\\' && quote != '`' {
            escaped = true;
        } else if sign == quote {
            return at + sign.len_utf8();
        }
    }
    text.len()
}

/// How long a number or a length of time is: `0.05`, `2.592e+06`, `1h30m`.
fn number(text: &str) -> usize {
    let mut before = ' ';
    let end = text.find(|sign: char| {
        let is_sign_of_exponent = matches!(before, 'e' | 'E') && matches!(sign, '+' | '-');
        before = sign;
        !(sign.is_ascii_alphanumeric() || sign == '.' || is_sign_of_exponent)
    });
    end.unwrap_or(text.len())
}

/// A number as the double that it is, a length of time in milliseconds; anything else as it stands.
fn value(token: &str) -> String {
    if let Ok(number) = token.parse::<f64>() {
        return format!("{number:?}");
    }
    match super::store::lengths(token) {
        Some(length) => format!("{}ms", length.as_millis()),
        None => token.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_engine_writes_in_its_own_way_is_the_same() {
        for (ours, shown) in [
            ("sum by (a)\n(\n  rate(x[3630s]))", "sum by (a) (rate(x[1h30s]))"),
            ("a == 2592000", "a == 2.592e+06"),
            ("x[2591999s] * (5 / 6) > 0.0010", "x[29d23h59m59s] * (5 / 6) > 0.001"),
            ("slo:rate5m / 1e-3", "slo:rate5m/0.001"),
            ("x{b=\"1,2}\", a=\"3\"} / y{}", "x{a=\"3\",b=\"1,2}\"} / y{}"),
        ] {
            assert_eq!(canonical(ours), canonical(shown));
        }
    }

    #[test]
    fn what_means_something_else_differs() {
        for (one, other) in [
            ("a > 1", "a >= 1"),
            ("rate(x[5m])", "rate(x[6m])"),
            ("x{a=\"1 0\"}", "x{a=\"10\"}"),
            ("x{a=\"60s\"}", "x{a=\"1m\"}"),
            ("x{a=\"\\\" 1\"}", "x{a=\"\\\"1\"}"),
            ("rate5m", "rate300s"),
            ("sum by (a, b) (x)", "sum by (b, a) (x)"),
            ("x{a=\"b\",c=\"d\"}", "x{a=\"d\",c=\"b\"}"),
            ("x2 0", "x20.0"),
        ] {
            assert_ne!(canonical(one), canonical(other), "{one} {other}");
        }
    }

    #[test]
    fn any_text_has_a_form() {
        for text in [
            "\"",
            "'\\",
            "`\\`",
            "1e+",
            "1e",
            "é5",
            "5é",
            "99999999999999999999d",
            "\u{a0}1",
        ] {
            let once = canonical(text);
            assert_eq!(canonical(&once), once, "{text}");
        }
    }
}
