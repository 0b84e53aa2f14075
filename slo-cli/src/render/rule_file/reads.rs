//! What an expression reads of what rules record.

use std::ops::Range;

/// The series with a colon in their names that an expression reads at its own moment: where each stands, with its matchers, and
/// its name. What it reads over a time or of an earlier moment is not among them.
pub(super) fn read_now(expr: &str) -> Vec<(Range<usize>, &str)> {
    let bytes = expr.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'"' | b'\'' | b'`' => after_text(bytes, at),
            b'{' => after_matchers(bytes, at),
            b'#' => after(bytes, at, |byte| byte != b'\n'),
            byte if is_of_a_name(byte) => {
                let end = after(bytes, at, is_of_a_name);
                let whole = after_matchers(bytes, end);
                let name = &expr[at..end];
                if name.contains(':')
                    && !name.starts_with(|first: char| first.is_ascii_digit())
                    && is_now(&expr[whole..])
                {
                    found.push((at..whole, name));
                }
                whole
            }
            _ => at + 1,
        };
        at = end;
    }
    found
}

/// Whether what follows a series leaves it at the moment of the expression.
fn is_now(rest: &str) -> bool {
    let rest = rest.trim_start();
    !rest.starts_with(['[', '@']) && !rest.starts_with("offset ")
}

const fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':'
}

/// Behind the bytes from here on that are such.
fn after(bytes: &[u8], from: usize, is_such: impl Fn(u8) -> bool) -> usize {
    from + bytes[from..].iter().take_while(|byte| is_such(**byte)).count()
}

/// Behind the matchers that begin here, if they do.
fn after_matchers(bytes: &[u8], from: usize) -> usize {
    if bytes.get(from) != Some(&b'{') {
        return from;
    }
    let mut at = from + 1;
    while at < bytes.len() {
        at = match bytes[at] {
            b'}' => return at + 1,
            b'"' | b'\'' | b'`' => after_text(bytes, at),
            _ => at + 1,
        };
    }
    at
}

/// Behind the text whose quote is here. In backticks nothing is escaped.
fn after_text(bytes: &[u8], from: usize) -> usize {
    let quote = bytes[from];
    let mut at = from + 1;
    while at < bytes.len() {
        at += match bytes[at] {
            byte if byte == quote => return at + 1,
            b'\\' if quote != b'`' => 2,
            _ => 1,
        };
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(expr: &str) -> Vec<&str> {
        read_now(expr).into_iter().map(|(place, _)| &expr[place]).collect()
    }

    #[test]
    fn what_is_read_now_is_found_with_its_matchers() {
        let matched = r#"slo:a:b{x="} slo:no:no \"", y=~'{'}"#;
        assert_eq!(names(&format!("sum(a) / {matched} > 0")), [matched]);
        assert_eq!(names("slo:a:b * on (x) slo:c"), ["slo:a:b", "slo:c"]);
        assert_eq!(names("slo:a offset 5m or slo:a @ end() or slo:a"), ["slo:a"]);
        assert_eq!(names("label_replace(a, `\\`) + slo:b"), ["slo:b"]);
        for none in [
            "sum_over_time(slo:a{x=\"y\"}[5m])",
            "slo:a [5m]",
            "rate(x[5m:1m])",
            "\"slo:a\"",
            "'slo:a'",
            "`slo:a\\`",
            "# slo:a\nx",
            "x{y=\"slo:a\"}",
            "{__name__=\"slo:a\"}",
        ] {
            assert_eq!(names(none), [""; 0], "{none}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(expr in "([a-z:{}\\[\"'`\\\\# 0-9]|\\PC){0,60}") {
            for (place, name) in read_now(&expr) {
                prop_assert!(expr[place].starts_with(name));
            }
        }
    }
}
