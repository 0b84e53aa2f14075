//! A YAML writer that no text can break out of: block style, a stable order, the same bytes each time.
//!
//! A text is plain only where no reader of YAML 1.1 or 1.2 takes it for anything else, and no environment variable is ever
//! named: `vmalert` and `VictoriaMetrics` replace `%{NAME}` in a file's bytes before they read the YAML in it. See
//! `docs/adr/038-yaml-by-a-writer-of-our-own.md`.
//!
//! Not part of the promised API: for the crates of this workspace.

mod scalar;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

/// A node of a document.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "whoever writes one knows all there is to write")]
pub enum Yaml {
    /// Keys and values in order.
    Map(Map),
    /// Items in order.
    List(Vec<Self>),
    /// A text of any signs; never anything else to a reader.
    Text(String),
    /// What is no text, like `false`, `30s` or `200`: written as it is.
    Bare(String),
}

/// A mapping in the order in which it is written.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[must_use]
pub struct Map {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Entry {
    remark: Option<&'static str>,
    key: Cow<'static, str>,
    value: Yaml,
}

/// How texts look that need no escapes, for files that people read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "each has its kind of file")]
pub enum Style {
    /// Single quotes, and every text in one line.
    Probes,
    /// Double quotes, lengths of time like `5m` plain, several lines as a block.
    Rules,
    /// Double quotes, words with a colon as well, several lines as a block.
    Objects,
}

impl Yaml {
    /// A text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A value that is no text and that its writer spells himself.
    #[must_use]
    pub fn bare(value: impl Into<String>) -> Self {
        Self::Bare(value.into())
    }

    /// A mapping in the order given, without those keys that have nothing.
    #[must_use]
    pub fn map<K: Into<String>, V: Into<Option<Self>>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        let present = entries
            .into_iter()
            .filter_map(|(key, value)| Some((key, value.into()?)));
        Self::Map(present.fold(Map::new(), |map, (key, value)| map.with(key.into(), value)))
    }

    /// A mapping of texts.
    #[must_use]
    pub fn texts<K: Into<String>, V: Into<String>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::map(entries.into_iter().map(|(key, value)| (key, Self::text(value))))
    }

    /// Itself, unless there is nothing in it.
    #[must_use]
    pub fn unless_empty(self) -> Option<Self> {
        self.is_nested().then_some(self)
    }

    /// The whole document below these lines of remarks; ends with a line break.
    #[must_use]
    pub fn document(&self, remark: &str, style: Style) -> String {
        let mut out = Out {
            text: String::new(),
            style,
        };
        out.say(0, remark);
        out.node(self, 0, false);
        out.text
    }

    /// Whether it stands in lines of its own.
    fn is_nested(&self) -> bool {
        match self {
            Self::Text(_) | Self::Bare(_) => false,
            Self::List(items) => !items.is_empty(),
            Self::Map(map) => !map.entries.is_empty(),
        }
    }
}

impl Map {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more key; twice the same is not looked for.
    pub fn with(self, key: impl Into<Cow<'static, str>>, value: impl Into<Yaml>) -> Self {
        self.entry(None, key.into(), value.into())
    }

    /// One more key if it has something.
    pub fn with_some(self, key: &'static str, value: Option<impl Into<Yaml>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// The same, with a remark for people above it; each line of it becomes one.
    pub fn because(self, remark: &'static str, key: impl Into<Cow<'static, str>>, value: impl Into<Yaml>) -> Self {
        self.entry(Some(remark), key.into(), value.into())
    }

    fn entry(mut self, remark: Option<&'static str>, key: Cow<'static, str>, value: Yaml) -> Self {
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
        Self::text(text)
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Yaml {
    fn from(number: u64) -> Self {
        Self::Bare(number.to_string())
    }
}

impl From<bool> for Yaml {
    fn from(flag: bool) -> Self {
        Self::Bare(flag.to_string())
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

/// A document while it is written.
struct Out {
    text: String,
    style: Style,
}

impl Out {
    /// A node at an indentation, and the end of its last line. `inline` when a `- ` or a key stands on the line already,
    /// on which its first piece follows.
    fn node(&mut self, node: &Yaml, indent: usize, inline: bool) {
        match node {
            Yaml::Map(map) if node.is_nested() => {
                for (number, entry) in map.entries.iter().enumerate() {
                    if !(inline && number == 0) {
                        self.say(indent, entry.remark.unwrap_or_default());
                        self.pad(indent);
                    }
                    self.scalar(&entry.key);
                    self.text.push(':');
                    self.value(&entry.value, indent);
                }
            }
            Yaml::List(items) if node.is_nested() => {
                for (number, item) in items.iter().enumerate() {
                    if !(inline && number == 0) {
                        self.say(indent, first_remark(item));
                        self.pad(indent);
                    }
                    self.text.push_str("- ");
                    self.node(item, indent + 2, true);
                }
            }
            Yaml::Text(text) if self.style.takes_blocks() && scalar::fits_a_block(text) => self.block(text, indent),
            Yaml::Text(text) => self.line(|out| out.scalar(text)),
            Yaml::Bare(value) => self.line(|out| out.text.push_str(value)),
            Yaml::Map(_) => self.line(|out| out.text.push_str("{}")),
            Yaml::List(_) => self.line(|out| out.text.push_str("[]")),
        }
    }

    /// What follows a key and its colon.
    fn value(&mut self, value: &Yaml, indent: usize) {
        self.text.push(if value.is_nested() { '\n' } else { ' ' });
        self.node(value, indent + 2, false);
    }

    fn line(&mut self, write: impl FnOnce(&mut Self)) {
        write(self);
        self.text.push('\n');
    }

    /// Lines as they are; whether the last one is ended is said by the sign after the bar.
    fn block(&mut self, text: &str, indent: usize) {
        let (lines, head) = match text.strip_suffix('\n') {
            Some(lines) => (lines, "|"),
            None => (text, "|-"),
        };
        self.line(|out| out.text.push_str(head));
        for line in lines.split('\n') {
            if !line.is_empty() {
                self.pad(indent);
            }
            self.line(|out| out.text.push_str(line));
        }
    }

    fn scalar(&mut self, text: &str) {
        scalar::write(&mut self.text, text, self.style);
    }

    fn say(&mut self, indent: usize, remark: &str) {
        for line in remark.lines() {
            self.pad(indent);
            self.text.push_str(if line.is_empty() { "#" } else { "# " });
            self.line(|out| scalar::write_remark(&mut out.text, line));
        }
    }

    fn pad(&mut self, indent: usize) {
        /// As deep as rules go; what is deeper takes another round.
        const BLANKS: &str = "                ";
        let mut left = indent;
        while left > 0 {
            let now = left.min(BLANKS.len());
            self.text.push_str(&BLANKS[..now]);
            left -= now;
        }
    }
}

/// Of an item that is a mapping: its first key follows the `- `, so what is said of it stands above that line.
fn first_remark(item: &Yaml) -> &'static str {
    match item {
        Yaml::Map(map) => map.entries.first().and_then(|entry| entry.remark).unwrap_or_default(),
        Yaml::List(_) | Yaml::Text(_) | Yaml::Bare(_) => "",
    }
}
