//! Queries for an engine, as the spec writes them.

use super::checked_at;
use super::fields::{Fields, wrong_kind};
use super::findings::Findings;
use super::keys::{SpecKey, SpecTable};
use super::shapes::QUERY;
use super::tree::{Node, Value};
use crate::terminal::is_unseen;
use crate::{PromQuery, PrometheusSli, Sli};

pub(super) static PROMETHEUS: SpecTable = SpecTable {
    one_of: &["bad", "good"],
    ..SpecTable::of(&[
        SpecKey::optional(
            "bad",
            QUERY,
            "bad: 'mails_failed_total{queue=\"orders\"}'",
            "What counts the bad events: the selector of a counter, or the number of events in a window as an expression \
             with `[$window]`.",
        ),
        SpecKey::optional(
            "good",
            QUERY,
            "good: 'sum(increase(mails_sent_total{queue=\"orders\"}[$window]))'",
            "In the place of `bad`: what counts the good events.",
        ),
        SpecKey::required(
            "valid",
            QUERY,
            "valid: 'mails_total{queue=\"orders\"}'",
            "What counts all events that are good or bad. Of a query the brackets, quotes, lists of matchers and regular \
             expressions are checked; whether an engine has its names and functions, and counts what is meant, only that \
             engine can say.",
        ),
    ])
};

pub(super) fn prometheus(node: &Node, _: &str, findings: &mut Findings) -> Option<Sli> {
    let fields = Fields::of(node, &PROMETHEUS, findings)?;
    let bad = fields.read("bad", findings, query);
    let good = fields.read("good", findings, query);
    let valid = fields.read("valid", findings, query);
    let sli = match fields.exactly_one(findings)? {
        "good" => PrometheusSli::good(good?, valid?),
        _ => PrometheusSli::bad(bad?, valid?),
    };
    Some(sli.into())
}

/// A query on one line or in a block of lines.
fn query(node: &Node, example: &str, findings: &mut Findings) -> Option<PromQuery> {
    let Value::Text(text) = &node.value else {
        wrong_kind(node, "a query", example, findings);
        return None;
    };
    // It joins lines and refuses control characters, but other signs that nobody sees it may have in quotes.
    if let Some(sign) = text.chars().find(|sign| is_unseen(*sign) && !sign.is_control()) {
        let code = u32::from(sign);
        let message = format!("the query has a sign in it that nobody sees, U+{code:04X}; write it without");
        findings.mistake(node.place, message);
        return None;
    }
    checked_at(node, findings, text.parse())
}
