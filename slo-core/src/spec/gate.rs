//! What the gate asks for, as the spec writes it.

use super::fields::{Fields, Key, parsed};
use super::findings::Findings;
use super::tree::Node;
use crate::gate::GateOverride;

const GATE: [Key; 4] = [
    Key {
        name: "bad_ratio",
        example: "bad_ratio: \"< 0.5% over 15m\"",
    },
    Key {
        name: "p95",
        example: "p95: \"< 800ms over 15m\"",
    },
    Key {
        name: "budget",
        example: "budget: \"> 10%\"",
    },
    Key {
        name: "mode",
        example: "mode: observe",
    },
];

pub(super) fn gate(node: &Node, _: &str, findings: &mut Findings) -> Option<GateOverride> {
    let fields = Fields::of(node, &GATE, findings)?;
    Some(GateOverride {
        bad_ratio: fields.optional("bad_ratio", findings, parsed),
        p95: fields.optional("p95", findings, parsed),
        budget: fields.optional("budget", findings, parsed),
        mode: fields.optional("mode", findings, parsed),
    })
}
