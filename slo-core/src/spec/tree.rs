//! YAML text as a small tree that keeps each value as it was written, with its place.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::findings::Findings;
use super::syntax;

/// Where something stands in the text.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Place {
    /// From 1.
    pub(super) line: usize,
    /// In characters, from 1.
    pub(super) column: usize,
    /// In characters, on this line, at least 1.
    pub(super) width: usize,
}

impl Place {
    pub(super) const START: Self = Self {
        line: 1,
        column: 1,
        width: 1,
    };

    /// A span over several lines is underlined to the end of its first.
    fn of(span: Span) -> Self {
        let width = if span.start.line() == span.end.line() {
            span.len().max(1)
        } else {
            usize::MAX
        };
        Self {
            width,
            ..Self::at(span.start)
        }
    }

    fn at(mark: saphyr_parser::Marker) -> Self {
        Self {
            line: mark.line().max(1),
            column: mark.col() + 1,
            width: 1,
        }
    }
}

/// A value with its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// A value as it was written: no number, no boolean, no date is made of a text here, or `99.9` would become a double.
#[derive(Debug)]
pub(super) enum Value {
    /// Nothing, or one of YAML's words for it.
    Empty,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    /// Something that was reported already: present, but not to be looked at again.
    Refused,
}

/// Deeper nesting than this is no spec, and recursion over it must end.
const MAX_DEPTH: usize = 64;

/// The text without a byte order mark, which is no content.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// A JSON text with a space for each tab outside its quotes, where it has any: JSON is YAML but for tabs that indent.
/// Lines and columns stay as they are. `None` for all other texts.
pub(super) fn json_without_tabs(text: &str) -> Option<String> {
    if !text.contains('\t') || !text.trim_start().starts_with('{') {
        return None;
    }
    let (mut quoted, mut escaped) = (false, false);
    let spaced = text.chars().map(|sign| {
        let tab = sign == '\t' && !quoted;
        if sign == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && sign == '\\' && !escaped;
        if tab { ' ' } else { sign }
    });
    Some(spaced.collect())
}

/// Reads the one document of a text; `None` when a mistake was found that leaves nothing to look at.
pub(super) fn parse(text: &str, findings: &mut Findings) -> Option<Node> {
    let mut events = Events {
        parser: Parser::new_from_str(text),
        open: Vec::new(),
    };
    match events.document(findings) {
        Ok(
            Some(Node {
                value: Value::Empty, ..
            })
            | None,
        ) => {
            findings.mistake(
                Place::START,
                "the file is empty; write `version: 1`, `service:` and `slos:` at least",
            );
            None
        }
        Ok(root) => root,
        Err(Stop::Syntax(error)) => {
            let (place, message) = syntax::explain(text, Place::at(*error.marker()), error.info(), &events.open);
            findings.only(place, message);
            None
        }
        Err(Stop::TooDeep(place)) => {
            let message = format!("nested more than {MAX_DEPTH} levels deep; a spec needs 6, write fewer brackets");
            findings.only(place, message);
            None
        }
    }
}

/// Why reading ended early.
enum Stop {
    Syntax(ScanError),
    TooDeep(Place),
}

impl From<ScanError> for Stop {
    fn from(error: ScanError) -> Self {
        Self::Syntax(error)
    }
}

struct Events<'t> {
    parser: Parser<'t, StrInput<'t>>,
    /// Where the lists and mappings begin that have not ended yet.
    open: Vec<Place>,
}

impl<'t> Events<'t> {
    fn document(&mut self, findings: &mut Findings) -> Result<Option<Node>, Stop> {
        let mut root = None;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::DocumentStart(_) if root.is_some() => {
                    // What follows is not read: one mistake says it all.
                    findings.mistake(
                        Place::of(span),
                        "a second document begins here; write one spec per file",
                    );
                    break;
                }
                Event::Nothing
                | Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(_)
                | Event::DocumentEnd => {}
                content => root = Some(self.node(content, span, findings)?),
            }
        }
        Ok(root)
    }

    fn next(&mut self) -> Result<Option<(Event<'t>, Span)>, ScanError> {
        self.parser.next_event().transpose()
    }

    /// The node that begins with this event.
    fn node(&mut self, event: Event<'t>, span: Span, findings: &mut Findings) -> Result<Node, Stop> {
        let mut place = Place::of(span);
        if self.open.len() > MAX_DEPTH {
            return Err(Stop::TooDeep(place));
        }
        let (value, tag) = match event {
            Event::Scalar(text, style, _, tag) => (scalar(&text, style), tag),
            Event::SequenceStart(_, tag) => {
                place.width = 1;
                (Value::List(self.list(place, findings)?), tag)
            }
            Event::MappingStart(_, tag) => {
                place.width = 1;
                let entries = self.map(place, findings)?;
                if let Some((first, _)) = entries.first() {
                    if (first.place.line, first.place.column) == (place.line, place.column) {
                        place = first.place; // a block mapping begins with its first key: underline that
                    }
                }
                (Value::Map(entries), tag)
            }
            Event::Alias(_) => {
                findings.mistake(place, "aliases are not read; write the value itself once more");
                (Value::Refused, None)
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => (Value::Refused, None), // the parser sends none of these where a node begins
        };
        if let Some(tag) = tag {
            let shown = if tag.is_yaml_core_schema() {
                format!("!!{}", tag.suffix)
            } else {
                tag.to_string()
            };
            findings.mistake(
                place,
                format_args!("`{shown}` is a tag, and tags are not read; write the value alone"),
            );
        }
        Ok(Node { place, value })
    }

    fn list(&mut self, place: Place, findings: &mut Findings) -> Result<Vec<Node>, Stop> {
        self.open.push(place);
        let mut items = Vec::new();
        while let Some((event, span)) = self.next()? {
            if event == Event::SequenceEnd {
                break;
            }
            items.push(findings.item(items.len(), |findings| self.node(event, span, findings))?);
        }
        self.open.pop();
        Ok(items)
    }

    fn map(&mut self, place: Place, findings: &mut Findings) -> Result<Vec<(Node, Node)>, Stop> {
        self.open.push(place);
        let mut entries = Vec::new();
        while let Some((event, span)) = self.next()? {
            if event == Event::MappingEnd {
                break;
            }
            let key = self.node(event, span, findings)?;
            let Some((event, span)) = self.next()? else { break };
            let name = if let Value::Text(name) = &key.value { name } else { "?" };
            let value = findings.under(name, |findings| self.node(event, span, findings))?;
            entries.push((key, value));
        }
        self.open.pop();
        Ok(entries)
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    let null = matches!(text, "~" | "null" | "Null" | "NULL") && style == ScalarStyle::Plain;
    if null || text.trim().is_empty() {
        Value::Empty
    } else {
        Value::Text(text.to_owned())
    }
}
