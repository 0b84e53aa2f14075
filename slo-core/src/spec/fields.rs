//! Reading values out of the tree: texts, lists and mappings with known keys.

use core::fmt::Display;
use core::str::FromStr;
use std::collections::BTreeMap;

use super::findings::{Findings, brief};
use super::keys::{SpecKey, SpecTable};
use super::similar;
use super::tree::{Node, Place, Value};
use crate::terminal::is_unseen;

/// What stands where a mistake was reported already.
static REFUSED: Node = Node {
    place: Place::START,
    value: Value::Refused,
};

/// The message for `key: 99,9%` in braces, where the comma ends the value and the rest is a key without one.
fn decimal_comma(value: &Node, next: &Node, none: &Node) -> Option<String> {
    let (Value::Text(whole), Value::Text(rest), Value::Empty) = (&value.value, &next.value, &none.value) else {
        return None;
    };
    let adjoins =
        next.place.line == value.place.line && next.place.column == value.place.column + value.place.width + 1;
    let digits =
        whole.bytes().all(|sign| sign.is_ascii_digit()) && rest.starts_with(|sign: char| sign.is_ascii_digit());
    (adjoins && digits).then(|| format!("`{whole},{rest}` has a decimal comma; write a point: `{whole}.{rest}`"))
}

/// A key for a message.
fn shown(key: &Node) -> &str {
    match &key.value {
        Value::Text(text) => text,
        _ => "",
    }
}

/// A mapping whose keys were checked.
#[derive(Debug)]
pub(super) struct Fields<'n> {
    place: Place,
    table: &'static SpecTable,
    values: BTreeMap<&'static str, (Place, &'n Node)>,
}

impl<'n> Fields<'n> {
    /// Checks the keys of a mapping: known, each once. A misspelt key is a mistake and then read as what was meant, so
    /// that a mistake in its value shows too.
    pub(super) fn of(node: &'n Node, table: &'static SpecTable, findings: &mut Findings) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let first = table.keys.first().map_or("", |key| key.example);
            wrong_kind(node, "a mapping", first, findings);
            return None;
        };
        let mut fields = Self {
            place: node.place,
            table,
            values: BTreeMap::new(),
        };
        let mut misspelt = Vec::new();
        let mut rest = entries.iter().peekable();
        while let Some((key, value)) = rest.next() {
            let value = match rest.peek().and_then(|(next, none)| decimal_comma(value, next, none)) {
                Some(message) => {
                    rest.next();
                    findings.mistake_under(shown(key), value.place, message);
                    &REFUSED
                }
                None => value,
            };
            let Value::Text(given) = &key.value else {
                if !matches!(key.value, Value::Refused) {
                    findings.mistake(key.place, "a key must be a word; write `key: value`");
                }
                continue;
            };
            match table.keys.iter().find(|known| known.name == given) {
                Some(known) => fields.insert(known.name, key.place, value, findings),
                None => {
                    let meant = unknown_key(given, key, table.keys, findings);
                    misspelt.extend(meant.map(|meant| (meant, key.place, value)));
                }
            }
        }
        for (meant, place, value) in misspelt {
            fields.values.entry(meant).or_insert((place, value));
        }
        Some(fields)
    }

    fn insert(&mut self, name: &'static str, place: Place, value: &'n Node, findings: &mut Findings) {
        match self.values.get(name) {
            Some((first, _)) => findings.mistake_under(
                name,
                place,
                format_args!("`{name}` is written twice, first on line {}; write it once", first.line),
            ),
            None => {
                self.values.insert(name, (place, value));
            }
        }
    }

    /// Where the mapping begins.
    pub(super) const fn place(&self) -> Place {
        self.place
    }

    /// The value of a key as it was written, without any check.
    pub(super) fn raw(&self, name: &str) -> Option<&'n Node> {
        self.values.get(name).map(|(_, value)| *value)
    }

    /// Where a key stands; where the mapping begins if it is not there.
    pub(super) fn key_place(&self, name: &str) -> Place {
        self.values.get(name).map_or(self.place, |(key, _)| *key)
    }

    /// Reads the value of a key. That it is missing is a mistake where the table says so; a key without a value always is.
    pub(super) fn read<T>(
        &self,
        name: &str,
        findings: &mut Findings,
        read: impl FnOnce(&'n Node, &'static str, &mut Findings) -> Option<T>,
    ) -> Option<T> {
        let example = self.example(name);
        let Some((key_place, node)) = self.values.get(name) else {
            if self.table.requires(name) {
                let message = format!("`{name}` is missing; write it like `{example}`");
                findings.mistake_under(name, self.place, message);
            }
            return None;
        };
        findings.under(name, |findings| match node.value {
            Value::Empty => {
                findings.mistake(
                    *key_place,
                    format_args!("`{name}` has no value; write it like `{example}`"),
                );
                None
            }
            Value::Refused => None,
            Value::Text(_) | Value::List(_) | Value::Map(_) => read(node, example, findings),
        })
    }

    /// The one that is there of the keys of which the table wants exactly one.
    pub(super) fn exactly_one(&self, findings: &mut Findings) -> Option<&'static str> {
        let keys = self.table.one_of;
        let given: Vec<_> = keys.iter().filter(|key| self.values.contains_key(*key)).collect();
        let all: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
        match given.as_slice() {
            [] => {
                let (all, first) = (
                    all.join(" or "),
                    self.example(keys.first().copied().unwrap_or_default()),
                );
                findings.mistake(self.place, format_args!("{all} is missing; write one, like `{first}`"));
                None
            }
            [one] => Some(one),
            [first, others @ ..] => {
                for key in others {
                    let message = format!("`{key}` stands beside `{first}`; write one of the two");
                    findings.mistake_under(key, self.key_place(key), message);
                }
                None
            }
        }
    }

    pub(super) fn example(&self, name: &str) -> &'static str {
        self.table.example(name)
    }
}

/// Reports an unknown key and answers what was probably meant.
fn unknown_key(given: &str, key: &Node, known: &[SpecKey], findings: &mut Findings) -> Option<&'static str> {
    let names: Vec<_> = known.iter().map(|key| key.name).collect();
    let list = names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let meant = if findings.is_full() {
        None
    } else {
        similar::closest(given, &names)
    };
    findings.mistake_under(given, key.place, {
        match meant {
            Some(meant) => format!("`{given}` is not a key here, did you mean `{meant}`? write one of {list}"),
            None => format!("`{given}` is not a key here; write one of {list}"),
        }
    });
    meant
}

/// A value that must be one text, on one line.
pub(super) fn text<'n>(node: &'n Node, example: &str, findings: &mut Findings) -> Option<&'n str> {
    let Value::Text(text) = &node.value else {
        wrong_kind(node, "one value", example, findings);
        return None;
    };
    visible(text, node.place, findings).then_some(text)
}

/// A text for people: one line or a block of lines, of which one line is made.
pub(super) fn words(node: &Node, example: &str, findings: &mut Findings) -> Option<String> {
    let Value::Text(text) = &node.value else {
        wrong_kind(node, "one value", example, findings);
        return None;
    };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    visible(&line, node.place, findings).then_some(line)
}

/// Whether people can see all of a text; it ends up in terminals, pages and alerts.
fn visible(text: &str, place: Place, findings: &mut Findings) -> bool {
    let unseen = text.chars().find(|sign| is_unseen(*sign));
    if let Some(sign) = unseen {
        let code = u32::from(sign);
        findings.mistake(
            place,
            format_args!("the text has a sign in it that is not shown, U+{code:04X}; write it without"),
        );
    }
    unseen.is_none()
}

/// A value that a type of ours reads; its error is the message.
pub(super) fn parsed<T>(node: &Node, example: &str, findings: &mut Findings) -> Option<T>
where
    T: FromStr<Err: Display>,
{
    let text = text(node, example, findings)?;
    text.parse().map_err(|error| findings.mistake(node.place, error)).ok()
}

/// A list with one item at least, no two alike, each read by `read`; each with its place.
pub(super) fn list<T>(
    node: &Node,
    example: &str,
    findings: &mut Findings,
    mut read: impl FnMut(&str) -> Result<T, String>,
) -> Option<Vec<(Place, T)>> {
    let Value::List(items) = &node.value else {
        if let Value::Text(text) = &node.value {
            let message = format!(
                "`{text}` is one value where a list belongs; write it in brackets: `[{}]`",
                quoted(text)
            );
            findings.mistake(node.place, message);
        } else {
            wrong_kind(node, "a list", example, findings);
        }
        return None;
    };
    if items.is_empty() {
        findings.mistake(
            node.place,
            format_args!("the list is empty; write one at least, like `{example}`"),
        );
    }
    let mut seen = BTreeMap::new();
    let mut values = Vec::new();
    for (index, item) in items.iter().enumerate() {
        findings.item(index, |findings| {
            let text = match &item.value {
                Value::Empty => {
                    findings.mistake(
                        item.place,
                        format_args!("the item is empty; write it like in `{example}`"),
                    );
                    return;
                }
                Value::Refused => return,
                Value::Text(_) | Value::List(_) | Value::Map(_) => text(item, example, findings),
            };
            let Some(text) = text else { return };
            if let Some(first) = seen.insert(text, index) {
                findings.mistake(
                    item.place,
                    format_args!("`{text}` is item [{first}] of the list already; write it once"),
                );
                return;
            }
            match read(text) {
                Ok(value) => values.push((item.place, value)),
                Err(message) => findings.mistake(item.place, message),
            }
        });
    }
    Some(values)
}

/// A list of mappings: one at least, and no more than so many. What was understood of it.
pub(super) fn items<T>(
    node: &Node,
    wanted: &str,
    example: &str,
    most: usize,
    findings: &mut Findings,
    mut read: impl FnMut(&Node, &mut Findings) -> Option<T>,
) -> Option<Vec<T>> {
    let Value::List(items) = &node.value else {
        wrong_kind(node, wanted, example, findings);
        return None;
    };
    if items.is_empty() {
        let message = format!("the list is empty; write one at least, like `{example}`");
        findings.mistake(node.place, message);
    }
    if let Some(first) = items.get(most) {
        let message = format!("{} items are too many; write at most {most}", items.len());
        findings.mistake(first.place, message);
    }
    let mut values = Vec::new();
    for (index, item) in items.iter().take(most).enumerate() {
        values.extend(findings.item(index, |findings| read(item, findings)));
    }
    Some(values)
}

/// A mapping whose keys are names that somebody chose: one at least, each once. `read` gets the name, its key and value,
/// under its own path.
pub(super) fn named<'n, T>(
    node: &'n Node,
    wanted: &str,
    example: &str,
    findings: &mut Findings,
    mut read: impl FnMut(&'n str, &'n Node, &'n Node, &mut Findings) -> Option<T>,
) -> Option<Vec<(String, T)>> {
    let Value::Map(entries) = &node.value else {
        wrong_kind(node, wanted, example, findings);
        return None;
    };
    if entries.is_empty() {
        let message = format!("the mapping is empty; write one at least, like `{example}`");
        findings.mistake(node.place, message);
    }
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    let mut values = Vec::new();
    for (key, value) in entries {
        let Value::Text(name) = &key.value else {
            if !matches!(key.value, Value::Refused) {
                findings.mistake(key.place, "a key must be a word; write `key: value`");
            }
            continue;
        };
        if let Some(first) = lines.insert(name, key.place.line) {
            let message = format!("`{name}` is written twice, first on line {first}; write it once");
            findings.mistake_under(name, key.place, message);
            continue;
        }
        let read = findings.under(name, |findings| match &value.value {
            Value::Empty => {
                let message = format!("`{name}` has no value; write it like in `{example}`");
                findings.mistake(key.place, message);
                None
            }
            Value::Refused => None,
            Value::Text(_) | Value::List(_) | Value::Map(_) => read(name, key, value, findings),
        });
        values.extend(read.map(|value| (name.clone(), value)));
    }
    Some(values)
}

/// Reports a value of another kind than the one that belongs here.
pub(super) fn wrong_kind(node: &Node, wanted: &str, example: &str, findings: &mut Findings) {
    let found = match &node.value {
        Value::Empty => "nothing".to_owned(),
        Value::Text(text) => format!("`{}`", brief(text)),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a mapping".to_owned(),
        Value::Refused => return,
    };
    findings.mistake(
        node.place,
        format_args!("found {found} where {wanted} belongs; write it like `{example}`"),
    );
}

/// A text as it can stand in a list in brackets.
fn quoted(text: &str) -> String {
    let plain = text.chars().all(|sign| sign.is_ascii_alphanumeric());
    if plain { text.to_owned() } else { format!("\"{text}\"") }
}
