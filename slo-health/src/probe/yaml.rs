//! A YAML writer that no text can break out of: block style, a stable order, quotes wherever a plain text could read as
//! anything but itself.
//!
//! Written by hand because the output is small, must be the same byte for byte, and must be read alike by parsers of
//! YAML 1.1 (Blackbox exporter, Prometheus) and by engines that replace `%{NAME}` before they parse (`vmalert`,
//! `VictoriaMetrics`): `docs/adr/038-yaml-by-a-writer-of-our-own.md`.

use std::fmt::Write as _;

/// A piece of a document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Yaml {
    /// A text of any signs; quoted unless it is plainly a word.
    Text(String),
    /// What is no text, like `false`, `30s` or `200`: written as it is.
    Bare(String),
    /// Items in order.
    List(Vec<Self>),
    /// Keys and values in order.
    Map(Vec<(String, Self)>),
}

impl Yaml {
    /// A text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A value that is no text and that this crate spells itself.
    pub(super) fn bare(value: impl Into<String>) -> Self {
        Self::Bare(value.into())
    }

    /// A mapping in the order given.
    pub(super) fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// A mapping of texts.
    pub(super) fn texts<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self::map(entries.into_iter().map(|(key, value)| (key, Self::text(value))))
    }

    /// The whole document, with a line of comment before it; ends with a line break.
    pub(super) fn document(&self, comment: &'static str) -> String {
        let mut out = format!("# {comment}\n");
        self.write(&mut out, 0);
        out
    }

    /// Writes what follows a `key:` or stands alone, lines of a nested piece at this depth.
    fn write(&self, out: &mut String, depth: usize) {
        match self {
            Self::Text(text) => out.push_str(&quoted(text)),
            Self::Bare(value) => out.push_str(value),
            Self::List(items) if items.is_empty() => out.push_str("[]"),
            Self::Map(entries) if entries.is_empty() => out.push_str("{}"),
            Self::List(items) => {
                for item in items {
                    begin_line(out, depth);
                    out.push_str("- ");
                    item.write_inline(out, depth + 1);
                }
            }
            Self::Map(entries) => {
                for (key, value) in entries {
                    begin_line(out, depth);
                    let _ = write!(out, "{}:", quoted(key));
                    value.write_value(out, depth);
                }
            }
        }
    }

    fn write_value(&self, out: &mut String, depth: usize) {
        if self.is_nested() {
            out.push('\n');
            self.write(out, depth + 1);
        } else {
            out.push(' ');
            self.write_inline(out, depth);
        }
    }

    fn write_inline(&self, out: &mut String, depth: usize) {
        self.write(out, depth);
        if !self.is_nested() {
            out.push('\n');
        }
    }

    fn is_nested(&self) -> bool {
        match self {
            Self::Text(_) | Self::Bare(_) => false,
            Self::List(items) => !items.is_empty(),
            Self::Map(entries) => !entries.is_empty(),
        }
    }
}

/// Indents, except right after the `- ` of an item, whose first piece stands on that line.
fn begin_line(out: &mut String, depth: usize) {
    if out.ends_with('\n') {
        out.extend(std::iter::repeat_n("  ", depth));
    }
}

/// Plain for words, in single quotes where those can hold it, else in double quotes with escapes.
fn quoted(text: &str) -> String {
    if is_word(text) {
        text.to_owned()
    } else if text.chars().all(is_visible) && !text.contains(ENVIRONMENT) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        escaped(text)
    }
}

/// Whether every reader takes it, without quotes, as this very text.
fn is_word(text: &str) -> bool {
    let begins = text.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_');
    let goes_on = text
        .chars()
        .all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, '_' | '-' | '.' | '/' | ':'));
    // YAML 1.1 reads more words as booleans than 1.2 does: `on`, `y`. Words of digits, like `1e3`, do not begin so.
    begins && goes_on && !text.ends_with(':') && !RESERVED.contains(&text.to_ascii_lowercase().as_str())
}

/// Whether a sign may stand in single quotes: visible, and no break, mark or private sign that some reader refuses.
fn is_visible(sign: char) -> bool {
    sign == ' ' || (sign.is_ascii_graphic()) || (!sign.is_ascii() && sign.is_alphanumeric())
}

fn escaped(text: &str) -> String {
    let mut out = String::from("\"");
    let mut last = ' ';
    for sign in text.chars() {
        match sign {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            // `%{NAME}` is replaced in the file's bytes, before the YAML in it is read.
            '{' if last == '%' => out.push_str("\\x7B"),
            sign if is_visible(sign) => out.push(sign),
            sign if u32::from(sign) <= 0xFF => {
                let _ = write!(out, "\\x{:02X}", u32::from(sign));
            }
            sign if u32::from(sign) <= 0xFFFF => {
                let _ = write!(out, "\\u{:04X}", u32::from(sign));
            }
            sign => {
                let _ = write!(out, "\\U{:08X}", u32::from(sign));
            }
        }
        last = sign;
    }
    out.push('"');
    out
}

/// How `VictoriaMetrics` and `vmalert` begin the name of an environment variable in a configuration file.
const ENVIRONMENT: &str = "%{";
/// Words that some reader takes for a boolean or for nothing.
const RESERVED: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::probe::reading::read;

    fn any_yaml() -> impl Strategy<Value = Yaml> {
        let text = prop_oneof![
            any::<String>(),
            "[ \\t\\n:#'\"{}\\[\\],&*!|>%@`?~=<-]{0,8}",
            Just("%{HOME}".to_owned()),
            "(true|No|ON|null|~|1|1e3|0x1f|[.]inf|2026-01-01|<<|---)",
        ];
        let leaf = text.prop_map(Yaml::Text);
        leaf.prop_recursive(4, 24, 4, |inner| {
            let keys = prop::collection::btree_map(any::<String>(), inner.clone(), 1..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Yaml::List),
                keys.prop_map(|entries| Yaml::Map(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_whatever_the_texts_are(yaml in any_yaml()) {
            let document = yaml.document("comment");
            prop_assert_eq!(read(&document), Ok(yaml), "{}", document);
        }

        #[test]
        fn no_environment_variable_is_ever_named(yaml in any_yaml()) {
            prop_assert!(!yaml.document("comment").contains(ENVIRONMENT));
        }
    }

    #[test]
    fn words_are_plain_and_everything_else_is_quoted() {
        for (text, written) in [
            ("freshness_answered", "freshness_answered"),
            ("on", "'on'"),
            ("Null", "'Null'"),
            ("", "''"),
            ("200", "'200'"),
            ("a: b", "'a: b'"),
            ("slo:a/b.c", "slo:a/b.c"),
            ("a:", "'a:'"),
            ("it's", "'it''s'"),
            ("실거래가", "'실거래가'"),
            ("two\nlines", "\"two\\nlines\""),
            ("%{HOME}", "\"%\\x7BHOME}\""),
            ("\u{85}\u{2028}\u{1F600}", "\"\\x85\\u2028\\U0001F600\""),
        ] {
            assert_eq!(quoted(text), written);
        }
    }

    #[test]
    fn nesting_is_by_two_spaces() {
        let yaml = Yaml::map([(
            "groups",
            Yaml::List(vec![Yaml::map([
                ("name", Yaml::text("a b")),
                ("empty", Yaml::List(Vec::new())),
                ("codes", Yaml::List(vec![Yaml::bare("200"), Yaml::bare("503")])),
            ])]),
        )]);
        let expected = "\
# comment
groups:
  - name: 'a b'
    empty: []
    codes:
      - 200
      - 503
";
        assert_eq!(yaml.document("comment"), expected);
    }
}
