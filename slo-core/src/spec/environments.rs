//! What is different in some environments, as the spec writes it.

use std::collections::BTreeMap;

use super::composite::Known;
use super::fields::{Fields, named, parsed};
use super::findings::Findings;
use super::gate;
use super::keys::{SpecKey, SpecShape, SpecTable};
use super::shapes::{PERCENT, THRESHOLD};
use super::tree::{Node, Value};
use super::{checked_at, needs_for_agreement, values};
use crate::composite;
use crate::environment::check_environment;
use crate::{Environment, Slo, SloOverride, Status};

pub(super) static ENVIRONMENT: SpecTable = SpecTable::of(&[
    SpecKey::optional(
        "slos",
        SpecShape::Named {
            names: "[a-z][a-z0-9-]{0,62}",
            values: &SpecShape::Map(&SLO_OVERRIDE),
        },
        "slos: { browse-availability: { objective: 95% } }",
        "What is different of SLOs, by name.",
    ),
    SpecKey::optional(
        "gate",
        SpecShape::Map(&gate::GATE),
        "gate: { mode: observe }",
        "What is different of the gate.",
    ),
]);

static SLO_OVERRIDE: SpecTable = SpecTable::of(&[
    SpecKey::optional("objective", PERCENT, "objective: 95%", "Another share must be good."),
    SpecKey::optional("window", values::WINDOW, "window: 7d", "Over another period."),
    SpecKey::optional(
        "status",
        SpecShape::Word(&["draft", "agreed"]),
        "status: draft",
        "In force, or not. `agreed` needs `promise` and `owner` of the SLO.",
    ),
    SpecKey::optional(
        "faster_than",
        THRESHOLD,
        "faster_than: 2s",
        "Another latency limit, of an SLO that has one.",
    ),
]);

/// More environments than these are none that anybody remembers.
const MOST: usize = 64;

pub(super) fn environments(
    node: &Node,
    example: &str,
    known: &Known<'_>,
    findings: &mut Findings,
) -> Option<BTreeMap<String, Environment>> {
    if let Value::Map(entries) = &node.value {
        if let Some((first, _)) = entries.get(MOST) {
            let message = format!("{} environments are too many; write at most {MOST}", entries.len());
            findings.mistake(first.place, message);
            return None;
        }
    }
    let entries = named(
        node,
        "a mapping of environments",
        example,
        findings,
        |name, key, node, findings| {
            if let Err(error) = check_environment(name) {
                findings.mistake(key.place, error);
            }
            let fields = Fields::of(node, &ENVIRONMENT, findings)?;
            let slos = fields.read("slos", findings, |node, example, findings| {
                slos(node, example, known, findings)
            });
            let gate = fields.read("gate", findings, gate::gate);
            let environment = slos.unwrap_or_default().gate(gate.unwrap_or_default());
            if findings.is_empty() {
                // With other mistakes around, members may be missing that are only not understood.
                checked_at(key, findings, composite::check(&environment.applied_to(known.slos)))?;
            }
            Some(environment)
        },
    )?;
    Some(entries.into_iter().collect())
}

fn slos(node: &Node, example: &str, known: &Known<'_>, findings: &mut Findings) -> Option<Environment> {
    let entries = named(
        node,
        "a mapping of SLOs",
        example,
        findings,
        |name, key, node, findings| {
            checked_at(key, findings, known.check(name))?;
            findings.in_slo(Some(name.to_owned()));
            let change = slo_override(node, known.slo(name), findings);
            findings.in_slo(None);
            change
        },
    )?;
    let changes = entries.into_iter();
    Some(changes.fold(Environment::new(), |all, (name, change)| all.slo(name, change)))
}

fn slo_override(node: &Node, slo: Option<&Slo>, findings: &mut Findings) -> Option<SloOverride> {
    let fields = Fields::of(node, &SLO_OVERRIDE, findings)?;
    let change = SloOverride {
        objective: fields.read("objective", findings, values::objective),
        window: fields.read("window", findings, values::window),
        status: fields.read("status", findings, values::status),
        faster_than: fields.read("faster_than", findings, parsed),
    };
    if let (Some(node), Some(slo)) = (fields.raw("faster_than"), slo) {
        if slo.latency_limit().is_none() {
            let message = format!(
                "`{}` has no latency limit to change; leave this out, or give its `sli` a `faster_than`",
                slo.name()
            );
            findings.mistake_under("faster_than", node.place, message);
        }
    }
    if let (Some(Status::Agreed), Some(slo)) = (change.status, slo) {
        let place = fields.raw("status").map_or(fields.place(), |status| status.place);
        let has = |key: &str| match key {
            "promise" => slo.promise_sentence().is_some(),
            _ => slo.owner_name().is_some(),
        };
        for (_, message) in needs_for_agreement(has) {
            findings.mistake_under("status", place, message);
        }
    }
    Some(change)
}
