//! Who tells people that the budget of an SLO burns, as services export it; and the tier that alerts carry.
//!
//! See `docs/adr/074-a-service-says-who-tells-of-its-promises.md`.

use slo_core::AlertsKind;
use slo_core::names::{self, alerts::TIER};

use super::promql;
use super::recorded::AGREED;
use super::recording::indented;

/// Agreed SLOs, by who tells of them. Instances that disagree are counted as each of what they say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Teller {
    /// The rules of a fleet: of a service that is older than the attribute, too.
    Fleet,
    /// Rules of its own.
    ItsOwn,
    /// Either.
    Somebody,
}

impl Teller {
    /// What is recorded of such SLOs, where these matchers match.
    pub(crate) fn series(self, whose: impl IntoIterator<Item = String>) -> String {
        let label = names::SLO_ALERTS.label;
        let kind = match self {
            Self::Fleet => promql::is_any(label, [AlertsKind::Standard.as_str(), ""]),
            Self::ItsOwn => promql::is(label, AlertsKind::Own.as_str()),
            Self::Somebody => promql::is_none(label, [AlertsKind::Nobody.as_str()]),
        };
        let matchers: Vec<_> = whose.into_iter().chain([kind]).collect();
        promql::selector(AGREED, &matchers)
    }
}

/// Definitions with their tier under the name that it has in alerts. Whatever else is called so is not said by the service.
pub(crate) fn with_tier(definitions: &str) -> String {
    let from = names::SLO_TIER.label;
    format!(r#"label_replace({definitions}, "{TIER}", "$1", "{from}", "(.*)")"#)
}

/// An expression with one sample for each SLO, of those that are told, with their tiers: where instances disagree about that,
/// each of them is told.
pub(crate) fn of_told(by: &str, told: &str, expr: &str) -> String {
    format!(
        "max by ({by}, {TIER}) (\n{}\n)\n* on ({by}) group_left ()\n(\n{}\n)",
        indented(told),
        indented(expr)
    )
}
