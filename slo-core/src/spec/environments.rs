//! What is different in some environments, as the spec writes it.

use std::collections::BTreeMap;

use super::composite::Known;
use super::fields::{Fields, Key, named, parsed};
use super::findings::Findings;
use super::gate;
use super::tree::Node;
use super::{checked_at, needs_for_agreement, values};
use crate::composite;
use crate::environment::check_environment;
use crate::{Environment, Slo, SloOverride, Status};

const ENVIRONMENT: [Key; 2] = [
    Key {
        name: "slos",
        example: "slos: { browse-availability: { objective: 95% } }",
    },
    Key {
        name: "gate",
        example: "gate: { mode: observe }",
    },
];

const SLO_OVERRIDE: [Key; 4] = [
    Key {
        name: "objective",
        example: "objective: 95%",
    },
    Key {
        name: "window",
        example: "window: 7d",
    },
    Key {
        name: "status",
        example: "status: draft",
    },
    Key {
        name: "faster_than",
        example: "faster_than: 2s",
    },
];

pub(super) fn environments(
    node: &Node,
    example: &str,
    known: &Known<'_>,
    findings: &mut Findings,
) -> Option<BTreeMap<String, Environment>> {
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
            let slos = fields.optional("slos", findings, |node, example, findings| {
                slos(node, example, known, findings)
            });
            let gate = fields.optional("gate", findings, gate::gate);
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
        objective: fields.optional("objective", findings, values::objective),
        window: fields.optional("window", findings, values::window),
        status: fields.optional("status", findings, values::status),
        faster_than: fields.optional("faster_than", findings, parsed),
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
