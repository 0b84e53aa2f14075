//! YAML as Kubernetes reads it: mappings, lists, texts, numbers, flags, and remarks for people; the same bytes each time.
//!
//! A text is plain where it can be nothing else, a literal block where it has several lines of printable characters, else
//! in double quotes with everything escaped that YAML does not call printable: no text can end its own value.

use crate::render::scalar::{is_printable, is_taken, write_quoted};

/// A node of a document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Yaml {
    Map(Map),
    List(Vec<Self>),
    Text(String),
    Number(u64),
    Flag(bool),
}

/// A mapping in the order in which it is written.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Map {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Entry {
    remark: Option<&'static str>,
    key: String,
    value: Yaml,
}

impl Map {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with(self, key: impl Into<String>, value: impl Into<Yaml>) -> Self {
        self.entry(None, key.into(), value.into())
    }

    /// The same, with a remark for people above it; each line of it becomes one.
    pub(crate) fn because(self, remark: &'static str, key: impl Into<String>, value: impl Into<Yaml>) -> Self {
        self.entry(Some(remark), key.into(), value.into())
    }

    /// The document, with remarks at its top.
    pub(crate) fn document(&self, remark: &str) -> String {
        let mut out = String::new();
        say(&mut out, 0, remark);
        write_map(&mut out, self, 0, false);
        out
    }

    fn entry(mut self, remark: Option<&'static str>, key: String, value: Yaml) -> Self {
        self.entries.push(Entry { remark, key, value });
        self
    }
}

impl From<Map> for Yaml {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Yaml {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Yaml {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<T: Into<Self>, const N: usize> From<[T; N]> for Yaml {
    fn from(items: [T; N]) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Self>> From<Vec<T>> for Yaml {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

/// Entries at an indentation; the first one follows what stands on the line already when `inline`, and its remark stands
/// above that line.
fn write_map(out: &mut String, map: &Map, indent: usize, inline: bool) {
    for (number, entry) in map.entries.iter().enumerate() {
        if !(inline && number == 0) {
            say(out, indent, entry.remark.unwrap_or_default());
            pad(out, indent);
        }
        write_scalar(out, &entry.key);
        out.push(':');
        match &entry.value {
            Yaml::Map(map) if !map.entries.is_empty() => {
                out.push('\n');
                write_map(out, map, indent + 2, false);
            }
            Yaml::List(items) if !items.is_empty() => {
                out.push('\n');
                write_list(out, items, indent + 2);
            }
            value => {
                out.push(' ');
                write_leaf(out, value, indent + 2);
            }
        }
    }
}

fn write_list(out: &mut String, items: &[Yaml], indent: usize) {
    for item in items {
        if let Yaml::Map(map) = item {
            say(
                out,
                indent,
                map.entries.first().and_then(|entry| entry.remark).unwrap_or_default(),
            );
        }
        pad(out, indent);
        out.push_str("- ");
        match item {
            Yaml::Map(map) if !map.entries.is_empty() => write_map(out, map, indent + 2, true),
            item => write_leaf(out, item, indent + 2),
        }
    }
}

/// What fits on the line, or a block whose lines stand at `indent`. A list in a list is written in one line.
fn write_leaf(out: &mut String, value: &Yaml, indent: usize) {
    match value {
        Yaml::Text(text) if fits_a_block(text) => return write_block(out, text, indent),
        Yaml::Text(text) => write_scalar(out, text),
        Yaml::Number(number) => out.push_str(&number.to_string()),
        Yaml::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Yaml::Map(_) => out.push_str("{}"),
        Yaml::List(_) => out.push_str("[]"),
    }
    out.push('\n');
}

fn say(out: &mut String, indent: usize, remark: &str) {
    for line in remark.lines() {
        pad(out, indent);
        out.push_str(if line.is_empty() { "#" } else { "# " });
        out.push_str(line);
        out.push('\n');
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Lines as they are; whether the last one is ended is said by the sign after the bar.
fn write_block(out: &mut String, text: &str, indent: usize) {
    let (lines, ended) = match text.strip_suffix('\n') {
        Some(lines) => (lines, true),
        None => (text, false),
    };
    out.push_str(if ended { "|\n" } else { "|-\n" });
    for line in lines.split('\n') {
        if !line.is_empty() {
            pad(out, indent);
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// Several lines of printable characters, none of them blanks alone, that begin and end with one that is not empty: a reader
/// takes the first for the indentation, and drops empty ones at the end.
fn fits_a_block(text: &str) -> bool {
    let lines = text.strip_suffix('\n').unwrap_or(text);
    let is_blank = |line: &str| !line.is_empty() && line.trim_matches(' ').is_empty();
    text.contains('\n')
        && !lines.starts_with([' ', '\n'])
        && !lines.is_empty()
        && !lines.ends_with('\n')
        && lines.split('\n').all(|line| !is_blank(line))
        && lines.chars().all(|c| c == '\n' || is_printable(c))
}

fn write_scalar(out: &mut String, text: &str) {
    if is_plain(text) {
        out.push_str(text);
    } else {
        write_quoted(out, text);
    }
}

/// A word that no reader takes for anything else.
fn is_plain(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(inside) && !is_taken(text)
}

#[cfg(test)]
pub(crate) mod reading {
    //! What another project's reader makes of a document.

    use proptest::strategy::Strategy;
    use saphyr_parser::{Event, Parser, ScalarStyle};
    use serde_json::{Map, Value};

    /// Texts with everything in them that means something to a reader of YAML, or nothing to anybody.
    pub(crate) fn hostile() -> impl Strategy<Value = String> {
        "(\\PC|[\n\t\r :#'\"{}\\[\\]|>&*!%@`\\\\~?,-]|no|null|0x1|\u{0}|\u{85}|\u{7f}|\u{2028}|\u{feff}){0,24}"
    }

    /// The document as JSON: only plain scalars may be anything but texts, as in YAML's core schema.
    pub(crate) fn read(document: &str) -> Result<Value, String> {
        let events: Result<Vec<_>, _> = Parser::new_from_str(document)
            .map(|event| event.map(|event| event.0))
            .collect();
        let events = events.map_err(|error| error.to_string())?;
        let is_frame = |event: &Event<'_>| {
            matches!(
                event,
                Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing
            )
        };
        let mut rest = events.iter().filter(|event| !is_frame(event));
        let value = node(rest.next().ok_or("nothing")?, &mut rest)?;
        match rest.next() {
            None => Ok(value),
            Some(more) => Err(format!("more follows: {more:?}")),
        }
    }

    fn node<'e, 'i: 'e>(event: &Event<'i>, rest: &mut impl Iterator<Item = &'e Event<'i>>) -> Result<Value, String> {
        match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) => Ok(plain(text)),
            Event::Scalar(text, ..) => Ok(Value::from(text.as_ref())),
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    match rest.next().ok_or("an open list")? {
                        Event::SequenceEnd => return Ok(Value::from(items)),
                        event => items.push(node(event, rest)?),
                    }
                }
            }
            Event::MappingStart(..) => {
                let mut pairs = Map::new();
                loop {
                    let key = match rest.next().ok_or("an open mapping")? {
                        Event::MappingEnd => return Ok(Value::from(pairs)),
                        event => node(event, rest)?,
                    };
                    let value = node(rest.next().ok_or("a key without a value")?, rest)?;
                    let key = key.as_str().ok_or("a key that is no text")?.to_owned();
                    if pairs.insert(key.clone(), value).is_some() {
                        return Err(format!("`{key}` twice"));
                    }
                }
            }
            other => Err(format!("not expected: {other:?}")),
        }
    }

    fn plain(text: &str) -> Value {
        let known: Result<Value, _> = serde_json::from_str(text);
        match (text, known) {
            ("" | "~", _) => Value::Null,
            (_, Ok(value)) => value,
            (text, Err(_)) => Value::from(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::reading::{hostile, read};
    use super::*;

    #[test]
    fn a_document_reads_as_it_is_meant() {
        let inner = Map::new()
            .because("first", "a", 1_u64)
            .because("why\n\nnot", "b", "x: y");
        let map = Map::new()
            .with(
                "list",
                [Yaml::from(inner), Yaml::from("no"), Yaml::from("1"), Map::new().into()],
            )
            .with("text", "one\n\n  two\n")
            .with("flag", true)
            .because("Nothing yet.", "none", Vec::<Yaml>::new());
        let expected = "# top\nlist:\n  # first\n  - a: 1\n    # why\n    #\n    # not\n    b: \"x: y\"\n  - \"no\"\n  - \"1\"\n  - {}\n\
                        text: |\n  one\n\n    two\nflag: true\n# Nothing yet.\nnone: []\n";
        assert_eq!(map.document("top"), expected);
        let value = json!({
            "list": [{"a": 1, "b": "x: y"}, "no", "1", {}], "text": "one\n\n  two\n", "flag": true, "none": [],
        });
        assert_eq!(read(expected), Ok(value));
    }

    #[test]
    fn what_could_be_something_else_is_quoted() {
        for text in [
            "", "No", "Y", "null", "~", "1", "1e3", "0x1", ".5", "-", "- a", "a: b", "a #b", "#", "10:30", "*a",
        ] {
            assert_eq!(Map::new().with("k", text).document(""), format!("k: \"{text}\"\n"));
        }
        for text in ["batch/v1", "PreSync", "app.kubernetes.io/name"] {
            assert_eq!(Map::new().with("k", text).document(""), format!("k: {text}\n"));
        }
    }

    proptest! {
        #[test]
        fn no_text_ends_its_own_value(texts in prop::collection::vec(hostile(), 1..5), key in hostile()) {
            let inner = Map::new().with("first", texts.clone()).with("last", texts[0].clone());
            let map = Map::new().with(format!("{key}x"), [Yaml::from(inner)]).with("end", "end");
            let mut expected = serde_json::Map::new();
            expected.insert(format!("{key}x"), json!([{"first": texts, "last": texts[0]}]));
            expected.insert("end".to_owned(), json!("end"));
            prop_assert_eq!(read(&map.document("")), Ok(serde_json::Value::from(expected)));
        }

        #[test]
        fn several_lines_stay_as_they_are(lines in prop::collection::vec("[ a#:-]{0,6}", 1..6), ended in any::<bool>()) {
            let mut text = lines.join("\n");
            if ended {
                text.push('\n');
            }
            let map = Map::new().with("k", text.clone()).with("list", [text.clone()]);
            prop_assert_eq!(read(&map.document("")), Ok(json!({"k": text, "list": [text]})));
        }
    }
}
