//! How alerts find their readers: what their severity is called, and labels besides ours.

use slo_core::alert::Severity;
use slo_core::names::alerts::SEVERITY;
use slo_core::{Alerting, Slo, SloSet};

use super::rule_file::Rule;

/// What a spec says of where alerts go; as usual, with no label of one's own, where it says nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routing {
    alerting: Alerting,
    labels: Vec<(String, String)>,
}

impl Routing {
    /// Of alerts about one SLO.
    pub(crate) fn of_slo(slo: &Slo) -> Self {
        Self::new(slo.alerting_rules(), slo.alert_labels())
    }

    /// Of alerts about the whole service.
    pub(crate) fn of_service(set: &SloSet) -> Self {
        Self::new(set.alerting_rules(), set.alert_labels())
    }

    fn new<'a>(alerting: Option<&Alerting>, labels: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self {
            alerting: alerting.cloned().unwrap_or_default(),
            labels: labels
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        }
    }

    /// What a severity is called.
    pub(crate) fn severity(&self, severity: Severity) -> &str {
        self.alerting.severity_label(severity)
    }

    /// The rule with its severity, these labels, and behind them what is said of whose it is.
    pub(crate) fn routed(&self, rule: Rule, severity: Severity, whose: &[(String, String)]) -> Rule {
        rule.label(SEVERITY, self.severity(severity))
            .labels(whose)
            .labels(&self.labels)
    }
}

/// Each pair of names that pages and tickets have in a spec, once, in its order; and the usual one, which the rules of a fleet
/// have beside them. Not where it is one of the spec the other way round: page and ticket would silence one another.
pub(crate) fn severities(set: &SloSet) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let each = set.slos().iter().map(Routing::of_slo);
    let usual = [Routing::default()].into_iter();
    for routing in [Routing::of_service(set)].into_iter().chain(each).chain(usual) {
        let name = |severity| routing.severity(severity).to_owned();
        let (page, ticket) = (name(Severity::Page), name(Severity::Ticket));
        let is_known = all.contains(&(page.clone(), ticket.clone())) || all.contains(&(ticket.clone(), page.clone()));
        if !is_known {
            all.push((page, ticket));
        }
    }
    all
}
