//! Labels of one's own, as the spec writes them.

use super::fields::{named, words};
use super::findings::Findings;
use super::tree::Node;
use crate::Labels;
use crate::labels::{check_name, check_value};

pub(super) fn labels(node: &Node, example: &str, findings: &mut Findings) -> Option<Labels> {
    let entries = named(
        node,
        "a mapping of labels",
        example,
        findings,
        |name, key, node, findings| {
            if let Err(error) = check_name(name) {
                findings.mistake(key.place, error);
            }
            let value = words(node, "team: search", findings)?;
            super::checked_at(node, findings, check_value(name, &value))?;
            Some(value)
        },
    )?;
    let mut entries = entries.into_iter();
    // What is wrong with one of them was said at its place; what is left is that they are too many.
    let all = entries.try_fold(Labels::new(), |all, (name, value)| all.with(name, value));
    match all {
        Err(error @ crate::LabelError::TooMany(_)) => {
            findings.mistake(node.place, error);
            None
        }
        all => all.ok(),
    }
}
