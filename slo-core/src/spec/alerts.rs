//! Who is told that a budget burns, as the spec writes it.

use super::checked_at;
use super::fields::{Fields, items, parsed, words, wrong_kind};
use super::findings::Findings;
use super::keys::{SpecKey, SpecShape, SpecTable};
use super::shapes::{DURATION, PERCENT};
use super::tree::{Node, Value};
use super::values::whole_number;
use crate::alert::{AlertPolicy, AlertPolicyBuilder, Severity, wrong_with};
use crate::{Alerting, AlertingError, BurnWindow, Share};

/// A mapping, or nobody.
pub(super) const ALERTS_OR_FALSE: SpecShape = SpecShape::Either(&EITHER);

// A name of its own: the oldest compiler that is promised drops what is borrowed here when it names a static in turn.
static EITHER: [SpecShape; 2] = [SpecShape::Word(&["false"]), SpecShape::Map(&ALERTS)];

static ALERTS: SpecTable = SpecTable::of(&[
    SpecKey::optional(
        "tier",
        SpecShape::Words,
        "tier: gold",
        "The value of the label `tier`, for alerts to be routed by: letters, digits, `-`, `_` and `.`.",
    ),
    SpecKey::optional(
        "severities",
        SpecShape::Map(&SEVERITIES),
        "severities: { page: critical, ticket: warning }",
        "Other values of the label `severity` than `page` and `ticket`. The rules of a fleet leave such an SLO to `slo rules \
         --beside-fleet`.",
    ),
    SpecKey::optional(
        "minimum_bad_events",
        SpecShape::Number(1, MOST_BAD_EVENTS),
        "minimum_bad_events: 5",
        "How many bad events there must be in the long window, so that one failure at night wakes nobody: 5 if left out. \
         The rules of a fleet leave an SLO with another number to `slo rules --beside-fleet`.",
    ),
    SpecKey::optional(
        "conditions",
        SpecShape::List(&SpecShape::Map(&CONDITION)),
        "conditions: [ { severity: page, share: 2%, long: 1h, short: 5m }, { severity: ticket, share: 10%, long: 3d, short: \
         6h } ]",
        "When somebody is told, in the place of the usual four conditions. The rules of a fleet leave such an SLO to `slo \
         rules --beside-fleet`.",
    ),
]);

static SEVERITIES: SpecTable = SpecTable::of(&[
    SpecKey::optional(
        "page",
        SpecShape::Words,
        "page: critical",
        "What a page is called: somebody should look now.",
    ),
    SpecKey::optional(
        "ticket",
        SpecShape::Words,
        "ticket: warning",
        "What a ticket is called: somebody should look within days.",
    ),
]);

static CONDITION: SpecTable = SpecTable::of(&[
    SpecKey::required(
        "severity",
        SpecShape::Word(&["page", "ticket"]),
        "severity: page",
        "Whether it is a page or a ticket.",
    ),
    SpecKey::required(
        "share",
        PERCENT,
        "share: 2%",
        "The share of the budget that is spent in the long window, for an SLO over 30 days; from it the burn rate follows.",
    ),
    SpecKey::required(
        "long",
        DURATION,
        "long: 1h",
        "The window in which that is spent, at most `30d`. For other periods it is scaled with them.",
    ),
    SpecKey::required(
        "short",
        DURATION,
        "short: 5m",
        "The window in which it must still be burning, a twelfth of the long one usually.",
    ),
]);

const MOST_BAD_EVENTS: u32 = 1_000_000;
const MOST_CONDITIONS: usize = 16;

pub(super) fn alerts(node: &Node, _: &str, findings: &mut Findings) -> Option<Alerting> {
    if matches!(&node.value, Value::Text(word) if word == "false") {
        return Some(Alerting::nobody());
    }
    if !matches!(node.value, Value::Map(_)) {
        wrong_kind(
            node,
            "a mapping, or `false` for nobody,",
            "alerts: { tier: gold }",
            findings,
        );
        return None;
    }
    let fields = Fields::of(node, &ALERTS, findings)?;
    let conditions = fields.read("conditions", findings, conditions);
    let minimum = fields.read("minimum_bad_events", findings, |node, example, findings| {
        whole_number(node, example, 1..=MOST_BAD_EVENTS, findings)
    });
    let alerting = conditions.map_or_else(Alerting::as_elsewhere, Alerting::of);
    let alerting = minimum.into_iter().fold(alerting, Alerting::minimum_bad_events);
    let named = fields.read("severities", findings, |node, _, findings| {
        severities(node, alerting.clone(), findings)
    });
    let named = named.unwrap_or(alerting);
    let tier = fields.read("tier", findings, |node, example, findings| {
        let tier = words(node, example, findings)?;
        checked_at(node, findings, named.clone().tier(tier))
    });
    Some(tier.unwrap_or(named))
}

fn severities(node: &Node, alerting: Alerting, findings: &mut Findings) -> Option<Alerting> {
    let fields = Fields::of(node, &SEVERITIES, findings)?;
    let page = fields.read("page", findings, words);
    let ticket = fields.read("ticket", findings, words);
    // Both at once: of two names that change places, the one in between would be taken twice.
    let alerting: Result<_, AlertingError> = alerting.with_names(page, ticket);
    checked_at(node, findings, alerting)
}

fn conditions(node: &Node, example: &str, findings: &mut Findings) -> Option<AlertPolicy> {
    let conditions = items(
        node,
        "a list of conditions",
        example,
        MOST_CONDITIONS,
        findings,
        condition,
    )?;
    let all = conditions.into_iter().fold(AlertPolicy::builder(), |all, add| add(all));
    all.build().ok()
}

/// A condition, as what adds it to a policy.
fn condition(
    node: &Node,
    findings: &mut Findings,
) -> Option<impl Fn(AlertPolicyBuilder) -> AlertPolicyBuilder + use<>> {
    let fields = Fields::of(node, &CONDITION, findings)?;
    let severity = fields.read("severity", findings, |node, example, findings| {
        let given = super::fields::text(node, example, findings)?;
        let known = [Severity::Page, Severity::Ticket];
        let known = known.into_iter().find(|severity| severity.as_str() == given);
        let refused = || format!("`{given}` is not a severity; write `page` or `ticket`");
        checked_at(node, findings, known.ok_or_else(refused))
    });
    let share: Option<Share> = fields.read("share", findings, parsed);
    let long: Option<BurnWindow> = fields.read("long", findings, parsed);
    let short: Option<BurnWindow> = fields.read("short", findings, parsed);
    // All at once, of what was understood: what is wrong with one is said at its place.
    let mut is_wrong = false;
    for error in wrong_with(share, long, short) {
        is_wrong = true;
        findings.mistake(node.place, error);
    }
    let (severity, share, long, short) = (severity?, share?, long?, short?);
    let add = move |all: AlertPolicyBuilder| match severity {
        Severity::Page => all.page(share, long, short),
        Severity::Ticket => all.ticket(share, long, short),
    };
    (!is_wrong).then_some(add)
}
