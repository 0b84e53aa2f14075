//! A composite as the spec writes it, and its members among the other SLOs.

use std::collections::{BTreeMap, BTreeSet};

use super::checked_at;
use super::fields::{Fields, named, text};
use super::findings::Findings;
use super::keys::{SpecKey, SpecShape, SpecTable};
use super::tree::{Node, Value};
use crate::similar::distance;
use crate::{CompositeError, CompositeSli, Sli, Slo};

pub(super) static COMPOSITE: SpecTable = SpecTable::of(&[SpecKey::required(
    "weights",
    SpecShape::Named {
        names: "[a-z][a-z0-9-]{0,62}",
        values: &SpecShape::Number(1, CompositeSli::GREATEST_WEIGHT),
    },
    "weights: { browse-availability: 3, real-price-latency: 1 }",
    "From 2 to 25 other SLOs of the spec with the same window, each with a weight from 1 to 1000.",
)]);

/// The names of the SLOs of a spec, and those of them that were understood.
pub(super) struct Known<'a> {
    /// Every readable name of an SLO, whatever else is wrong with it, as written; and in order.
    names: &'a [&'a str],
    sorted: BTreeSet<&'a str>,
    /// The SLOs that were understood.
    pub(super) slos: &'a [Slo],
    by_name: BTreeMap<&'a str, &'a Slo>,
}

/// How many names are compared with a misspelt one, and how many are listed: a spec may have thousands.
const COMPARED: usize = 100;
const LISTED: usize = 12;

impl<'a> Known<'a> {
    pub(super) fn new(names: &'a [&'a str], slos: &'a [Slo]) -> Self {
        Self {
            names,
            sorted: names.iter().copied().collect(),
            slos,
            by_name: slos.iter().map(|slo| (slo.name(), slo)).collect(),
        }
    }

    pub(super) fn slo(&self, name: &str) -> Option<&'a Slo> {
        self.by_name.get(name).copied()
    }

    /// Why a name is none of the SLOs', if it is none.
    pub(super) fn check(&self, name: &str) -> Result<(), String> {
        if self.sorted.contains(name) {
            return Ok(());
        }
        let near = self.names.iter().take(COMPARED);
        let near = near.map(|known| (distance(name, known), *known));
        let near = near.filter(|(edits, known)| *edits <= (known.len() / 3).max(1));
        if let Some((_, meant)) = near.min() {
            return Err(format!("`{name}` is not an SLO of this spec, did you mean `{meant}`?"));
        }
        let names: Vec<_> = self.names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
        let others = if self.names.len() > LISTED { " …" } else { "" };
        Err(format!(
            "`{name}` is not an SLO of this spec; write one of {}{others}",
            names.join(", ")
        ))
    }
}

pub(super) fn composite(node: &Node, _: &str, findings: &mut Findings) -> Option<Sli> {
    let fields = Fields::of(node, &COMPOSITE, findings)?;
    let weights = fields.read("weights", findings, |node, example, findings| {
        let weights = named(node, "a mapping of SLOs to weights", example, findings, weight)?;
        if let Value::Map(entries) = &node.value {
            // An empty one was reported; whatever is wrong with a member, it is one.
            if !entries.is_empty() {
                checked_at(node, findings, CompositeSli::check_members(entries.len()))?;
            }
        }
        Some(weights)
    });
    Some(CompositeSli::of(weights?).into())
}

fn weight(_: &str, _: &Node, node: &Node, findings: &mut Findings) -> Option<u32> {
    let given = text(node, "browse-availability: 3", findings)?;
    let digits = !given.is_empty() && given.bytes().all(|byte| byte.is_ascii_digit());
    let weight = given.parse().ok().filter(|_| digits);
    let refused = || format!("`{given}` is not a weight; write a whole number from 1 to 1000");
    let weight = checked_at(node, findings, weight.ok_or_else(refused))?;
    checked_at(node, findings, CompositeSli::check_weight(weight).map(|()| weight))
}

/// Checks the members of every composite among these SLOs, now that all are read.
pub(super) fn check_members(slos: &Node, known: &Known<'_>, findings: &mut Findings) {
    let Value::List(items) = &slos.value else { return };
    for (index, item) in items.iter().enumerate() {
        let Some(own) = super::peek_name(item).and_then(|name| known.slo(name)) else {
            continue;
        };
        let path = ["sli", "composite", "weights"];
        let Some(weights) = path.iter().try_fold(item, |node, key| child(node, key)) else {
            continue;
        };
        findings.in_slo(Some(own.name().to_owned()));
        findings.item(index, |findings| {
            findings.under("sli.composite.weights", |findings| {
                members(own, weights, known, findings)
            });
        });
        findings.in_slo(None);
    }
}

fn members(own: &Slo, weights: &Node, known: &Known<'_>, findings: &mut Findings) {
    let Value::Map(entries) = &weights.value else { return };
    for (key, _) in entries {
        let Value::Text(name) = &key.value else { continue };
        let wrong = match known.slo(name) {
            Some(member) => CompositeSli::check_member(own, member).map_err(|error: CompositeError| error.to_string()),
            None => known.check(name),
        };
        if let Err(message) = wrong {
            findings.mistake_under(name, key.place, message);
        }
    }
}

fn child<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let Value::Map(entries) = &node.value else { return None };
    let found = entries
        .iter()
        .find(|(key, _)| matches!(&key.value, Value::Text(text) if text == name));
    found.map(|(_, value)| value)
}
