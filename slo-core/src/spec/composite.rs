//! A composite as the spec writes it, and its members among the other SLOs.

use super::checked_at;
use super::fields::{Fields, Key, named, text};
use super::findings::Findings;
use super::tree::{Node, Value};
use crate::similar::distance;
use crate::{CompositeError, CompositeSli, Sli, Slo};

const COMPOSITE: [Key; 1] = [Key {
    name: "weights",
    example: "weights: { browse-availability: 3, real-price-latency: 1 }",
}];

/// The names of the SLOs of a spec, and those of them that were understood.
pub(super) struct Known<'a> {
    /// Every readable name of an SLO, whatever else is wrong with it.
    pub(super) names: Vec<&'a str>,
    /// The SLOs that were understood.
    pub(super) slos: &'a [Slo],
}

impl Known<'_> {
    pub(super) fn slo(&self, name: &str) -> Option<&Slo> {
        self.slos.iter().find(|slo| slo.name() == name)
    }

    /// Why a name is none of the SLOs', if it is none.
    pub(super) fn check(&self, name: &str) -> Result<(), String> {
        if self.names.contains(&name) {
            return Ok(());
        }
        let near = self.names.iter().map(|known| (distance(name, known), *known));
        Err(
            match near.filter(|(edits, known)| *edits <= (known.len() / 3).max(1)).min() {
                Some((_, meant)) => format!("`{name}` is not an SLO of this spec, did you mean `{meant}`?"),
                None => {
                    let names: Vec<_> = self.names.iter().map(|name| format!("`{name}`")).collect();
                    format!("`{name}` is not an SLO of this spec; write one of {}", names.join(", "))
                }
            },
        )
    }
}

pub(super) fn composite(node: &Node, _: &str, findings: &mut Findings) -> Option<Sli> {
    let fields = Fields::of(node, &COMPOSITE, findings)?;
    let weights = fields.required("weights", findings, |node, example, findings| {
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
