//! What the gate asks for, as the spec writes it.

use core::time::Duration;

use super::checked_at;
use super::fields::{Fields, parsed, text};
use super::findings::Findings;
use super::keys::{SpecKey, SpecShape, SpecTable};
use super::shapes::{DURATION, PERCENT};
use super::tree::Node;
use super::values::whole_number;
use crate::gate::GateOverride;
use crate::window::parse_seconds;

const BELOW: SpecShape = SpecShape::Text(" *<.+ over .+");

pub(super) static GATE: SpecTable = SpecTable::of(&[
    SpecKey::optional(
        "bad_ratio",
        BELOW,
        "bad_ratio: \"< 0.5% over 15m\"",
        "The share of all requests that may be bad, `< 0.5% over 15m` if left out. Exactly the limit is a breach.",
    ),
    SpecKey::optional(
        "p95",
        BELOW,
        "p95: \"< 800ms over 15m\"",
        "The duration that 95% of all requests must stay under, `< 800ms over 15m` if left out.",
    ),
    SpecKey::optional(
        "budget",
        SpecShape::Text(" *>.+"),
        "budget: \"> 10%\"",
        "The share of each agreed SLO's error budget that must be left, `> 10%` if left out.",
    ),
    SpecKey::optional(
        "mode",
        SpecShape::Word(&["observe", "enforce"]),
        "mode: observe",
        "`enforce`, if left out: a breach blocks. `observe` records what it would have done.",
    ),
    SpecKey::optional(
        "on_unknown",
        SpecShape::Word(&["refuse", "allow"]),
        "on_unknown: allow",
        "What happens when nothing is proven and something could not be seen: `refuse` if left out (exit code 3), or \
         `allow` (exit code 0, recorded as unknown).",
    ),
    SpecKey::optional(
        "least_events",
        SpecShape::Number(0, MOST_EVENTS),
        "least_events: 100",
        "With fewer events in their window, `bad_ratio` and `p95` say nothing: 100 if left out.",
    ),
    SpecKey::optional(
        "most_excluded",
        PERCENT,
        "most_excluded: 5%",
        "With a larger share of excluded events, `bad_ratio` is unknown, because a hang looks like this: `5%` if left out.",
    ),
    SpecKey::optional(
        "oldest_push",
        DURATION,
        "oldest_push: 5m",
        "A source whose last push is older is not believed: `5m` if left out.",
    ),
]);

const MOST_EVENTS: u32 = 1_000_000_000;

pub(super) fn gate(node: &Node, _: &str, findings: &mut Findings) -> Option<GateOverride> {
    let fields = Fields::of(node, &GATE, findings)?;
    Some(GateOverride {
        bad_ratio: fields.read("bad_ratio", findings, parsed),
        p95: fields.read("p95", findings, parsed),
        budget: fields.read("budget", findings, parsed),
        mode: fields.read("mode", findings, parsed),
        on_unknown: fields.read("on_unknown", findings, parsed),
        least_events: fields
            .read("least_events", findings, |node, example, findings| {
                whole_number(node, example, 0..=MOST_EVENTS, findings)
            })
            .map(u64::from),
        most_excluded: fields.read("most_excluded", findings, parsed),
        oldest_push: fields.read("oldest_push", findings, oldest_push),
    })
}

/// From a minute, which is how often most push, to a day.
fn oldest_push(node: &Node, example: &str, findings: &mut Findings) -> Option<Duration> {
    let given = text(node, example, findings)?;
    let age = parse_seconds(given).filter(|seconds| (60..=86_400).contains(seconds));
    let refused = || format!("`{given}` is not an age of a push; write from `1m` to `1d`, like `5m`");
    checked_at(node, findings, age.ok_or_else(refused)).map(Duration::from_secs)
}
