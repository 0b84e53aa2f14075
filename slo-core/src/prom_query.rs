//! A query that counts events in an engine: as much of PromQL as can be checked without one.

mod literal;
mod matchers;
mod regex;
mod words;

use core::fmt;
use core::ops::Range;
use core::str::FromStr;

use crate::BurnWindow;

/// How an engine counts events: a counter's selector, or an expression with `$window` for the time looked back.
///
/// - A **selector** like `mails_failed_total{queue="orders"}` names one counter or several alike; rules take the sum of
///   its increase over whatever window they need.
/// - An **expression** like `sum(increase(mails_failed_total[$window])) - sum(increase(mails_retried_total[$window]))`
///   is taken as it is, with the window in the place of every `[$window]`. It must be the number of events in the
///   window, not their rate, and one value without labels.
///
/// Brackets and quotes must be closed and a comment is refused, so that the text stays whole within a larger query.
/// Line breaks and repeated spaces outside quotes are read as one space. Lists of matchers are read, with their regular
/// expressions; whether the names exist and the functions are right only an engine can say.
///
/// # Examples
///
/// ```
/// use slo_core::{PromQuery, PromQueryError};
///
/// let counter: PromQuery = r#"mails_failed_total{queue="orders"}"#.parse()?;
/// assert_eq!(counter.increase("5m".parse().unwrap()), r#"sum(increase(mails_failed_total{queue="orders"}[5m]))"#);
///
/// let own: PromQuery = "sum(increase(a_total[$window])) - sum(increase(b_total[$window]))".parse()?;
/// assert_eq!(own.increase("1h".parse().unwrap()), "(sum(increase(a_total[1h])) - sum(increase(b_total[1h])))");
///
/// assert!(matches!("mails_failed_total[5m]".parse::<PromQuery>(), Err(PromQueryError::RangeAtTheEnd(_))));
/// # Ok::<(), PromQueryError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[must_use]
pub struct PromQuery {
    text: String,
    /// Where `$window` stands; nowhere in a selector.
    windows: Vec<Range<usize>>,
}

/// Stands for the window in an expression.
const WINDOW: &str = "$window";

impl PromQuery {
    /// The longest (bytes): what is longer is a rule of its own, and its counter can be named here.
    const LONGEST: usize = 4_000;

    /// The selector of a counter; `None` of an expression.
    #[must_use]
    pub fn selector(&self) -> Option<&str> {
        self.windows.is_empty().then_some(self.text.as_str())
    }

    /// The query as it was written, on one line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The number of events in a window that ends now, as one operand of a larger query.
    #[must_use]
    pub fn increase(&self, window: BurnWindow) -> String {
        if self.windows.is_empty() {
            return format!("sum(increase({}[{window}]))", self.text);
        }
        let mut text = String::from("(");
        let mut from = 0;
        for place in &self.windows {
            text.push_str(&self.text[from..place.start]);
            text.push_str(&window.to_string());
            from = place.end;
        }
        text.push_str(&self.text[from..]);
        text.push(')');
        text
    }

    /// Whether an expression counts per second: `rate` or `irate` of something.
    #[must_use]
    pub fn has_a_rate(&self) -> bool {
        let bare = outside_quotes(&self.text);
        let mut words = bare.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_');
        !self.windows.is_empty() && words.any(|word| matches!(word, "rate" | "irate" | "deriv"))
    }
}

impl FromStr for PromQuery {
    type Err = PromQueryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > Self::LONGEST {
            return Err(PromQueryError::TooLong(text.len()));
        }
        let scanned = scan(text)?;
        let text = scanned.text;
        if text.is_empty() {
            return Err(PromQueryError::Empty);
        }
        if text.ends_with(']') {
            return Err(PromQueryError::RangeAtTheEnd(text));
        }
        words::check(&text)?;
        matchers::check(&text)?;
        if scanned.windows.is_empty() && !is_selector(&text) {
            return Err(PromQueryError::NoWindow(text));
        }
        Ok(Self {
            text,
            windows: scanned.windows,
        })
    }
}

impl fmt::Display for PromQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(feature = "serde")]
crate::text::serde_through_text!(PromQuery);

/// A query on one line, and where it has `$window`.
#[derive(Debug, Default)]
struct Scanned {
    text: String,
    windows: Vec<Range<usize>>,
}

/// Goes over a query once: closes what was opened, keeps quoted texts as they are, joins lines.
fn scan(query: &str) -> Result<Scanned, PromQueryError> {
    let mut scanned = Scanned::default();
    let mut open: Vec<char> = Vec::new();
    let mut rest = query.trim();
    while let Some(sign) = rest.chars().next() {
        let length = match sign {
            '"' | '\'' | '`' => quoted(rest, sign)?,
            '#' => return Err(PromQueryError::Comment),
            '$' => window(rest, &open, &mut scanned)?,
            '(' | '[' | '{' => {
                open.push(sign);
                1
            }
            ')' | ']' | '}' => close(sign, &mut open)?,
            _ if sign.is_whitespace() => {
                scanned.text.push(' ');
                rest = rest.trim_start();
                continue;
            }
            _ if sign.is_control() => return Err(PromQueryError::Sign(sign)),
            _ => sign.len_utf8(),
        };
        let (taken, after) = rest.split_at(length);
        scanned.text.push_str(taken);
        rest = after;
    }
    match open.pop() {
        Some(sign) => Err(PromQueryError::Open(sign)),
        None => Ok(scanned),
    }
}

/// The length of the quoted text that begins here. In backquotes nothing is escaped.
fn quoted(rest: &str, quote: char) -> Result<usize, PromQueryError> {
    let mut escaped = false;
    for (index, sign) in rest.char_indices().skip(1) {
        if sign.is_control() {
            return Err(PromQueryError::Sign(sign));
        }
        if escaped {
            escaped = false;
        } else if sign == quote {
            return Ok(index + 1);
        } else {
            escaped = sign == '\\' && quote != '`';
        }
    }
    Err(PromQueryError::Open(quote))
}

/// Notes the `$window` that stands here, right behind `[`: `[$window]`, or `[$window:1m]` of a subquery.
fn window(rest: &str, open: &[char], scanned: &mut Scanned) -> Result<usize, PromQueryError> {
    let after = rest.strip_prefix(WINDOW).filter(|after| after.starts_with([']', ':']));
    let in_range = open.last() == Some(&'[') && scanned.text.ends_with('[');
    if after.is_none() || !in_range {
        return Err(PromQueryError::Dollar);
    }
    let from = scanned.text.len();
    scanned.windows.push(from..from + WINDOW.len());
    Ok(WINDOW.len())
}

fn close(sign: char, open: &mut Vec<char>) -> Result<usize, PromQueryError> {
    let opening = match sign {
        ')' => '(',
        ']' => '[',
        _ => '{',
    };
    if open.pop() == Some(opening) {
        Ok(1)
    } else {
        Err(PromQueryError::Unopened(sign))
    }
}

/// `name`, `name{matchers}` or `{matchers}`; the scan has closed brackets and quotes before.
fn is_selector(text: &str) -> bool {
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':')
            && !name.starts_with(|sign: char| sign.is_ascii_digit())
    };
    let Some((name, matchers)) = text.split_once('{') else {
        return is_name(text);
    };
    let bare = outside_quotes(matchers);
    let Some(inside) = bare.strip_suffix('}') else {
        return false;
    };
    let is_empty = matchers
        .trim_matches(|sign: char| sign.is_whitespace() || sign == '}')
        .is_empty();
    is_name(name.trim_end()) && !is_empty && !inside.contains(['{', '}', '(', ')', '[', ']'])
}

/// The text without what stands in quotes.
fn outside_quotes(text: &str) -> String {
    let mut bare = String::new();
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        let length = match sign {
            '"' | '\'' | '`' => quoted(rest, sign).unwrap_or(rest.len()),
            _ => {
                bare.push(sign);
                sign.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    bare
}

/// Why a text is not a [`PromQuery`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PromQueryError {
    /// Nothing is written.
    #[error("the query is empty; write the selector of a counter, like `mails_failed_total{{queue=\"orders\"}}`")]
    Empty,
    /// Over 4,000 bytes; holds the length.
    #[error("a query of {0} bytes is too long; record it by a rule and write the name of what that records")]
    TooLong(usize),
    /// A bracket or quote is opened and never closed; holds it.
    #[error("`{0}` is opened in the query and not closed; write its other half")]
    Open(char),
    /// A bracket is closed that was not opened; holds it.
    #[error("`{0}` closes nothing that is open in the query; write its other half before it, or leave it out")]
    Unopened(char),
    /// The rest of the line would be lost in a larger query.
    #[error("a query has no comment in it; write it in the spec, behind ` #` outside the query")]
    Comment,
    /// A control character; holds it.
    #[error("the query has a control character in it, U+{:04X}; write it without", u32::from(*.0))]
    Sign(char),
    /// A `\\` in quotes with a sign behind it for which there is no escape; holds the sign.
    #[error(
        "`\\{0}` is no escape in a quoted text; write `\\\\{0}` for a regular expression, or put the text into backquotes"
    )]
    Escape(char),
    /// What stands between braces is no list of matchers; holds it.
    #[error(
        "`{{{0}}}` is no list of matchers; write each with its sign and its quotes, and `,` between, like `{{queue=\"orders\", code=~\"5..\"}}`"
    )]
    Matchers(String),
    /// Every matcher matches series without the label, and there is no name; holds the matchers.
    #[error("`{{{0}}}` matches every series there is; write the name of a counter before it")]
    MatchesAll(String),
    /// A matcher's value is no regular expression.
    #[error(
        "`{given}` is no regular expression: {why}; write `\\\\` before a sign that means itself, or `=` in the place of `=~`"
    )]
    Regex {
        /// The value that was given.
        given: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// An operator or a word at an end of the query; holds it.
    #[error("`{0}` stands at an end of the query, with nothing beside it; write what belongs there, or leave it out")]
    AtAnEnd(String),
    /// `by` or `without` before something else than brackets; holds the word.
    #[error("`{0}` has no brackets behind it; write the labels like `{0} (queue)`")]
    NoLabels(String),
    /// A `$` that does not begin `[$window]`.
    #[error("`$` stands for the window only, as `[$window]`; write it right behind `[`, or in quotes")]
    Dollar,
    /// It ends in a range; holds the query.
    #[error(
        "`{0}` ends with a range, and rules take the range they need; write the selector alone, or `sum(increase(…[$window]))`"
    )]
    RangeAtTheEnd(String),
    /// Neither a selector nor an expression with `[$window]`; holds the query.
    #[error(
        "`{0}` is no selector, and as an expression it has no `[$window]`; write a selector like \
         `mails_failed_total{{queue=\"orders\"}}`, or the number of events in the window, like \
         `sum(increase(mails_failed_total[$window]))`"
    )]
    NoWindow(String),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<PromQuery, PromQueryError> {
        text.parse()
    }

    fn increase(text: &str) -> String {
        read(text).unwrap().increase("5m".parse().unwrap())
    }

    #[test]
    fn a_selector_is_a_name_matchers_or_both() {
        for text in [
            "a_total",
            "job:a_total:sum",
            "a_total{}",
            r#"a_total{x="y"}"#,
            r#"a_total {x=~"5..$", y!='[{(#'}"#,
            r#"{__name__="a.b", job="x"}"#,
            r#"{"a.b"}"#,
        ] {
            let query = read(text);
            if text.ends_with("{}") {
                assert!(query.is_err(), "{text}"); // `a_total` says the same in fewer signs
                continue;
            }
            assert_eq!(query.unwrap().selector(), Some(text));
        }
        assert_eq!(increase(r#"a_total{x="y"}"#), r#"sum(increase(a_total{x="y"}[5m]))"#);
    }

    #[test]
    fn an_expression_has_the_window_in_every_range() {
        let text = r#"sum(increase(a{x="$window#"}[$window])) + max_over_time(b[$window:1m])"#;
        assert_eq!(read(text).unwrap().selector(), None);
        assert_eq!(
            increase(text),
            r#"(sum(increase(a{x="$window#"}[5m])) + max_over_time(b[5m:1m]))"#
        );
        assert_eq!(
            increase("sum(\n  increase(a\t[$window])\n)"),
            "(sum( increase(a [5m]) ))"
        );
    }

    #[test]
    fn spaces_in_quotes_are_part_of_the_text() {
        assert_eq!(read("a{\n  x = \"b  c\"\n}").unwrap().as_str(), "a{ x = \"b  c\" }");
    }

    #[test]
    fn what_an_engine_would_not_take_is_refused() {
        let no_window = |text: &str| PromQueryError::NoWindow(text.to_owned());
        for (text, error) in [
            ("", PromQueryError::Empty),
            (" \n", PromQueryError::Empty),
            ("sum(a", PromQueryError::Open('(')),
            ("a{x=\"b}", PromQueryError::Open('"')),
            ("a{x=\"b\\\"}", PromQueryError::Open('"')),
            ("a{x='b}", PromQueryError::Open('\'')),
            ("a{x=`b}", PromQueryError::Open('`')),
            ("a)", PromQueryError::Unopened(')')),
            ("sum(a]", PromQueryError::Unopened(']')),
            ("a{x=\"b\"}}", PromQueryError::Unopened('}')),
            ("a # [$window]", PromQueryError::Comment),
            ("a{x=\"\u{0}\"}", PromQueryError::Sign('\0')),
            ("a\u{1b}", PromQueryError::Sign('\u{1b}')),
            ("a[$windows]", PromQueryError::Dollar),
            ("a[5m$window]", PromQueryError::Dollar),
            ("a($window)", PromQueryError::Dollar),
            ("$a", PromQueryError::Dollar),
            ("a[5m]", PromQueryError::RangeAtTheEnd("a[5m]".to_owned())),
            ("a[$window]", PromQueryError::RangeAtTheEnd("a[$window]".to_owned())),
            ("1", no_window("1")),
            ("a b", no_window("a b")),
            ("a + b", no_window("a + b")),
            ("sum(increase(a[5m]))", no_window("sum(increase(a[5m]))")),
            ("{}", PromQueryError::MatchesAll(String::new())),
            ("a{x=\"b\"} or c{x=\"d\"}", no_window("a{x=\"b\"} or c{x=\"d\"}")),
            ("a{x=\"b\"} offset 5m", no_window("a{x=\"b\"} offset 5m")),
        ] {
            assert_eq!(read(text), Err(error), "{text:?}");
        }
        assert_eq!(read(&"a".repeat(4_001)), Err(PromQueryError::TooLong(4_001)));
        assert!(read(&"a".repeat(4_000)).is_ok());
    }

    #[test]
    fn lists_of_matchers_are_read() {
        for text in [
            r#"a{x="b",}"#,
            r#"a{ x = "b" , y!~"5..|4.." }"#,
            r#"sum(increase(a{x=~"/users/{id}", y="\\d"}[$window])) by (job)"#,
            r#"sum by (job) (increase(a{x=~`\d+`}[$window]))"#,
            r#"a{x="b" or y="c"}"#,
            r#"{"a.b", "x.y"=~"c"}"#,
            r#"a{x="b" + "c"}"#,
            r#"{x!=""}"#,
            r#"WITH (f = {x="y"}) sum(increase(a{f}[$window]))"#,
            r#"-sum(increase(a[$window])) + 1"#,
            r#"label_replace(sum(increase(a[$window])), "x", "$1", "y", "(.*)")"#,
        ] {
            assert_eq!(read(text).err(), None, "{text}");
        }
        let matchers = |text: &str| PromQueryError::Matchers(text.to_owned());
        for (text, error) in [
            (r#"a{x="a" x="b"}"#, matchers(r#"x="a" x="b""#)),
            ("a{x}", matchers("x")),
            ("a{x=y}", matchers("x=y")),
            (r#"a{x=="y"}"#, matchers(r#"x=="y""#)),
            (r#"a{,x="y"}"#, matchers(r#",x="y""#)),
            (r#"a{x="y" or }"#, matchers(r#"x="y" or "#)),
            (r#"a{1x="y"}"#, matchers(r#"1x="y""#)),
            ("sum(increase(a{x > 1}[$window]))", matchers("x > 1")),
            (r#"{x=""}"#, PromQueryError::MatchesAll(r#"x="""#.to_owned())),
            (
                r#"{x=~".*", y!="z"}"#,
                PromQueryError::MatchesAll(r#"x=~".*", y!="z""#.to_owned()),
            ),
            (r#"a{x=~"\d+"}"#, PromQueryError::Escape('d')),
            (
                r#"sum(increase(a{x=~"("}[$window]))"#,
                PromQueryError::Regex {
                    given: "(".to_owned(),
                    why: "a `(` is not closed",
                },
            ),
            (
                r#"a{x!~"(?!b)"}"#,
                PromQueryError::Regex {
                    given: "(?!b)".to_owned(),
                    why: "`(?` begins nothing that is known; there is no looking ahead or behind",
                },
            ),
        ] {
            assert_eq!(read(text), Err(error), "{text}");
        }
    }

    #[test]
    fn nothing_is_left_hanging() {
        let at_an_end = |word: &str| PromQueryError::AtAnEnd(word.to_owned());
        for (text, error) in [
            ("sum(increase(a[$window])) by", at_an_end("by")),
            ("sum(increase(a[$window])) OFFSET", at_an_end("OFFSET")),
            ("sum(increase(a[$window])) +", at_an_end("+")),
            ("* sum(increase(a[$window]))", at_an_end("*")),
            (
                "sum(increase(a[$window])) by job",
                PromQueryError::NoLabels("by".to_owned()),
            ),
            (
                "sum without job (increase(a[$window]))",
                PromQueryError::NoLabels("without".to_owned()),
            ),
        ] {
            assert_eq!(read(text), Err(error), "{text}");
        }
        for text in [
            "by",
            "sum(increase(by[$window]))",
            "sum(increase(a[$window])) by(job)",
            r#"a{x="by"}"#,
        ] {
            assert_eq!(read(text).err(), None, "{text}");
        }
    }

    #[test]
    fn a_rate_is_noticed_outside_quotes_only() {
        for (text, has_a_rate) in [
            ("sum(rate(a[$window]))", true),
            ("sum(irate (a[$window]))", true),
            ("sum(increase(rate_total[$window]))", false),
            ("sum(increase(a{x=\"rate\"}[$window]))", false),
            ("rate", false),
        ] {
            assert_eq!(read(text).unwrap().has_a_rate(), has_a_rate, "{text}");
        }
    }

    proptest! {
        /// Whatever is taken stays one operand: put into brackets, the brackets are its own.
        #[test]
        fn what_was_read_cannot_break_out_of_a_larger_query(text in "[a{}()\\[\\]\"'`\\\\#$ \\n=,:+]{0,24}|\\PC{0,20}") {
            let Ok(query) = text.parse::<PromQuery>() else { return Ok(()) };
            prop_assert_eq!(query.as_str().parse(), Ok(query.clone()));
            let whole = query.increase(BurnWindow::MIN);
            let bare = outside_quotes(&whole);
            let mut depth = 0_i32;
            for (index, sign) in bare.char_indices() {
                prop_assert!(sign != '#' && sign != '\n' && sign != '"' && sign != '\'' && sign != '`');
                depth += i32::from(matches!(sign, '(' | '[' | '{')) - i32::from(matches!(sign, ')' | ']' | '}'));
                // The bracket that opens first closes last.
                prop_assert!(depth > 0 || index + 1 == bare.len() || bare.starts_with("sum(") && depth == 0, "{}", whole);
            }
            prop_assert_eq!(depth, 0);
        }
    }
}
