//! YAML as rule files need it: mappings, lists and texts, in the order given, the same bytes each time.
//!
//! A text is written plain where it can be nothing else, as a literal block where it has several lines, else in double
//! quotes with everything escaped that YAML does not call printable. So no text can end its own value.

use super::scalar;

/// A node of a document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Yaml {
    /// Keys in the order in which they are written.
    Map(Vec<(String, Self)>),
    /// Items.
    List(Vec<Self>),
    /// A text; never anything else to a reader, whatever is in it.
    Text(String),
    /// A whole number.
    Number(u64),
}

impl Yaml {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A mapping without those keys that have nothing.
    pub(crate) fn map<const N: usize>(pairs: [(&str, Option<Self>); N]) -> Self {
        let present = pairs
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)));
        Self::Map(present.collect())
    }

    /// A mapping of texts; nothing when it is empty.
    pub(crate) fn texts(pairs: &[(String, String)]) -> Option<Self> {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(key, value)| (key.clone(), Self::text(value)))
            .collect();
        (!pairs.is_empty()).then_some(Self::Map(pairs))
    }

    /// The document, ending in a line break.
    pub(crate) fn document(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0, false);
        out
    }

    /// Writes a node at an indentation; `inline` when something (`- `) stands on the line already.
    fn write(&self, out: &mut String, indent: usize, inline: bool) {
        match self {
            Self::Map(pairs) if pairs.is_empty() => out.push_str("{}\n"),
            Self::List(items) if items.is_empty() => out.push_str("[]\n"),
            Self::Map(pairs) => {
                for (number, (key, value)) in pairs.iter().enumerate() {
                    pad(out, if inline && number == 0 { 0 } else { indent });
                    write_scalar(out, key);
                    out.push(':');
                    value.write_value(out, indent);
                }
            }
            Self::List(items) => {
                for (number, item) in items.iter().enumerate() {
                    pad(out, if inline && number == 0 { 0 } else { indent });
                    out.push_str("- ");
                    item.write(out, indent + 2, true);
                }
            }
            Self::Text(text) => write_text(out, text, indent),
            Self::Number(number) => out.push_str(&format!("{number}\n")),
        }
    }

    /// What follows a key and its colon.
    fn write_value(&self, out: &mut String, indent: usize) {
        match self {
            Self::Map(pairs) if !pairs.is_empty() => {
                out.push('\n');
                self.write(out, indent + 2, false);
            }
            Self::List(items) if !items.is_empty() => {
                out.push('\n');
                self.write(out, indent + 2, false);
            }
            Self::Map(_) | Self::List(_) | Self::Text(_) | Self::Number(_) => {
                out.push(' ');
                self.write(out, indent + 2, true);
            }
        }
    }
}

fn pad(out: &mut String, indent: usize) {
    const SPACES: &str = "                                ";
    for _ in 0..indent / SPACES.len() {
        out.push_str(SPACES);
    }
    out.push_str(&SPACES[..indent % SPACES.len()]);
}

/// Lines of a block stand at `indent`, deeper than the key they belong to.
fn write_text(out: &mut String, text: &str, indent: usize) {
    if !fits_a_block(text) {
        write_scalar(out, text);
        out.push('\n');
        return;
    }
    out.push_str("|-\n");
    for line in text.split('\n') {
        if !line.is_empty() {
            pad(out, indent);
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// Several lines of nothing but printable characters, whose first and last line a reader cannot take for indentation.
fn fits_a_block(text: &str) -> bool {
    let lines = || text.split('\n');
    let is_solid = |line: Option<&str>| line.is_some_and(|line| !line.is_empty() && !line.starts_with(' '));
    lines().count() > 1
        && is_solid(lines().next())
        && lines().next_back().is_some_and(|line| !line.trim().is_empty())
        && lines().all(|line| line.is_empty() || !line.trim().is_empty())
        && text.chars().all(|c| c == '\n' || scalar::is_printable(c))
}

/// One line: plain or in quotes.
fn write_scalar(out: &mut String, text: &str) {
    if is_plain(text) {
        out.push_str(text);
    } else {
        scalar::write_quoted(out, text);
    }
}

fn is_plain(text: &str) -> bool {
    let is_word = |text: &str| {
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.split(':').all(|part| !part.is_empty() && part.chars().all(inside))
    };
    let is_length = |text: &str| {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
        matches!(&text[digits.len()..], "s" | "m" | "h" | "d")
            && !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    (is_word(text) || is_length(text)) && !scalar::is_taken(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use saphyr_parser::{Event, Parser};

    use super::*;

    fn pair(value: &str) -> String {
        Yaml::map([("key", Some(Yaml::text(value)))]).document()
    }

    /// The scalars of a document, in order, as another project's reader has them; none when it refuses.
    fn read(document: &str) -> Option<Vec<String>> {
        let mut scalars = Vec::new();
        for event in Parser::new_from_str(document) {
            if let Event::Scalar(text, ..) = event.ok()?.0 {
                scalars.push(text.into_owned());
            }
        }
        Some(scalars)
    }

    #[test]
    fn words_are_plain_and_what_could_be_something_else_is_quoted() {
        for plain in ["slo:error_ratio:rate5m", "page", "1m", "a/b.c-d"] {
            assert_eq!(pair(plain), format!("key: {plain}\n"));
        }
        for quoted in [
            "",
            "no",
            "Off",
            "1",
            "0.001",
            "1e3",
            "a: b",
            "a:",
            ":a",
            "- a",
            "a #b",
            "#",
            "{{ $value }}",
            "5",
        ] {
            assert_eq!(pair(quoted), format!("key: \"{quoted}\"\n"));
        }
    }

    #[test]
    fn several_lines_are_a_block() {
        assert_eq!(pair("  a\nb"), "key: \"  a\\nb\"\n");
        assert_eq!(pair("a\n\n  b"), "key: |-\n  a\n\n    b\n");
        let nested = Yaml::List(vec![Yaml::map([
            ("a", Some(Yaml::text("x\ny"))),
            ("b", Some(Yaml::List(vec![Yaml::text("z")]))),
            ("c", None),
            ("d", Some(Yaml::Map(Vec::new()))),
            ("e", Some(Yaml::Number(1))),
        ])]);
        let expected = "- a: |-\n    x\n    y\n  b:\n    - z\n  d: {}\n  e: 1\n";
        assert_eq!(nested.document(), expected);
    }

    #[test]
    fn characters_that_are_not_printable_are_escaped() {
        assert_eq!(
            pair("\u{0}\u{85}\u{2028}\u{feff}"),
            "key: \"\\x00\\x85\\u2028\\ufeff\"\n"
        );
        assert_eq!(pair("월세 €5"), "key: \"월세 €5\"\n");
    }

    proptest! {
        #[test]
        fn no_text_ends_its_own_value(
            texts in prop::collection::vec("(\\PC|[\n\t\r :#'\"{}\\[\\]|>&*!%@`\\\\-]|\u{0}|\u{85}|\u{2028}|\u{feff}){0,24}", 1..5)
        ) {
            let list = Yaml::List(texts.iter().map(Yaml::text).collect());
            let map = Yaml::map([("first", Some(list)), ("second", Some(Yaml::text("end")))]);
            let mut expected = vec!["first".to_owned()];
            expected.extend(texts);
            expected.extend(["second".to_owned(), "end".to_owned()]);
            prop_assert_eq!(read(&map.document()), Some(expected));
        }
    }
}
