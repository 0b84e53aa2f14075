//! For tests: a document back from its text, by a parser that is not ours.

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::yaml::Yaml;

/// The one document in `text`; what is not in quotes and no word comes back as [`Yaml::Bare`].
pub(super) fn read(text: &str) -> Result<Yaml, String> {
    let mut events = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| error.to_string())?;
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            Event::Scalar(value, style, ..) => events.push(Seen::Scalar(value.into_owned(), style)),
            Event::SequenceStart(..) => events.push(Seen::List),
            Event::MappingStart(..) => events.push(Seen::Map),
            Event::SequenceEnd | Event::MappingEnd => events.push(Seen::End),
            other => return Err(format!("{other:?} in {text}")),
        }
    }
    let mut events = events.into_iter().peekable();
    let document = piece(&mut events).ok_or("nothing")?;
    events
        .next()
        .map_or(Ok(document), |more| Err(format!("{more:?} after the document")))
}

#[derive(Debug, Eq, PartialEq)]
enum Seen {
    Scalar(String, ScalarStyle),
    List,
    Map,
    End,
}

type Events = std::iter::Peekable<std::vec::IntoIter<Seen>>;

fn piece(events: &mut Events) -> Option<Yaml> {
    match events.next()? {
        Seen::Scalar(value, ScalarStyle::Plain)
            if !value.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_') =>
        {
            Some(Yaml::Bare(value))
        }
        Seen::Scalar(value, _) => Some(Yaml::Text(value)),
        Seen::List => Some(Yaml::List(until_end(events, piece)?)),
        Seen::Map => Some(Yaml::Map(until_end(events, |events| match piece(events)? {
            Yaml::Text(key) => Some((key, piece(events)?)),
            _ => None,
        })?)),
        Seen::End => None,
    }
}

fn until_end<T>(events: &mut Events, item: impl Fn(&mut Events) -> Option<T>) -> Option<Vec<T>> {
    let mut items = Vec::new();
    while events.peek()? != &Seen::End {
        items.push(item(events)?);
    }
    events.next();
    Some(items)
}
