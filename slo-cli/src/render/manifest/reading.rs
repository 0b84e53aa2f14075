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
