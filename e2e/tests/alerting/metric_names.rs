//! The names of metrics in a query, and the queries in the text of an alert.

use std::collections::BTreeSet;

/// Words of the language that stand where a metric could.
const WORDS: [&str; 23] = [
    "and",
    "or",
    "unless",
    "offset",
    "bool",
    "atan2",
    "inf",
    "nan",
    "start",
    "end",
    "sum",
    "count",
    "min",
    "max",
    "avg",
    "group",
    "topk",
    "bottomk",
    "count_values",
    "quantile",
    "stddev",
    "stdvar",
    "default",
];
/// Words before labels in parentheses.
const BEFORE_LABELS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

/// Every metric that a query reads, by name.
pub(crate) fn of_query(query: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        let is_inside = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        rest = match first {
            '"' | '\'' | '`' => after_quoted(rest, first),
            '{' => after_closed(rest, '}'),
            '[' => after_closed(rest, ']'),
            first if is_inside(first) => {
                let (word, after) = rest.split_at(rest.find(|c| !is_inside(c)).unwrap_or(rest.len()));
                let opens = after.trim_start().starts_with('(');
                if BEFORE_LABELS.contains(&word) {
                    if opens {
                        after_closed(after.trim_start(), ')')
                    } else {
                        after
                    }
                } else {
                    let is_name = !first.is_ascii_digit() && !opens;
                    if is_name && !WORDS.contains(&word.to_ascii_lowercase().as_str()) {
                        found.insert(word.to_owned());
                    }
                    after
                }
            }
            first => &rest[first.len_utf8()..],
        };
    }
    found
}

/// The queries that an alert's text asks: `query (printf "..." ..)`, with the labels left out that are filled in.
pub(crate) fn queries_of_text(text: &str) -> Vec<String> {
    let asked = text.split("query (printf \"").skip(1);
    asked
        .map(|rest| {
            let end = rest.len() - after_quoted(&format!("\"{rest}"), '"').len();
            let inside = &rest[..end];
            unquoted(inside.strip_suffix('"').unwrap_or(inside)).replace("%s", "")
        })
        .collect()
}

/// What is between the quotes of a text, as Go reads it.
fn unquoted(text: &str) -> String {
    let mut signs = text.chars();
    let mut found = String::with_capacity(text.len());
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => found.extend(signs.next().map(|sign| if sign == 'n' { '\n' } else { sign })),
            sign => found.push(sign),
        }
    }
    found
}

/// What follows a quoted text at the beginning.
fn after_quoted(text: &str, quote: char) -> &str {
    let mut inside = text.char_indices().skip(1);
    while let Some((at, c)) = inside.next() {
        if c == '\\' && quote != '`' {
            inside.next();
        } else if c == quote {
            return &text[at + c.len_utf8()..];
        }
    }
    ""
}

/// What follows a bracket that opens at the beginning; the quoted texts in it are passed over.
fn after_closed(text: &str, close: char) -> &str {
    let mut rest = &text[1..];
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '"' | '\'' | '`' => after_quoted(rest, first),
            first => &rest[first.len_utf8()..],
        };
        if first == close {
            break;
        }
    }
    rest
}

#[test]
fn names_are_told_from_functions_labels_words_and_numbers() {
    for (query, names) in [
        ("up", &["up"][..]),
        (
            "sum by (a, b) (rate(x_total{a=\"}b\", c=~'d(e)'}[5m])) / on (a) group_left y > bool 1e3",
            &["x_total", "y"],
        ),
        ("slo:a:b offset 1h or last_over_time(z[10m]) @ end()", &["slo:a:b", "z"]),
        (
            "label_replace(x, \"to\", \"$1\", \"from\", \"(.*)\") unless -inf",
            &["x"],
        ),
        (
            "count_values by (a) (\"b\", x offset 5m or x) and time() > vector(1)",
            &["x"],
        ),
        ("", &[]),
    ] {
        assert_eq!(of_query(query).into_iter().collect::<Vec<_>>(), names, "{query}");
    }
    let text = r#"{{ with query (printf "60 * sum(rate(e{o=\"bad\", %s}[5m]))" "x") }}..{{ with query (printf "b{%s}" "y") }}"#;
    let lines = r#"{{ with query (printf "a\nor\nb{%s, c=\"\\d\"}" "x") }}"#;
    assert_eq!(queries_of_text(lines), ["a\nor\nb{, c=\"\\d\"}"]);
    assert_eq!(queries_of_text(text), ["60 * sum(rate(e{o=\"bad\", }[5m]))", "b{}"]);
}
