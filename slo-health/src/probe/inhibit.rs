//! What people need not be told while they are told of its cause, for Alertmanager.
//!
//! See `docs/adr/077-one-outage-seen-by-probes-is-one-page.md`.

use std::collections::BTreeSet;

use slo_core::{
    alert::Severity,
    names::alerts::{
        ALERT_NAME, PROBE_CHECK_BROKEN, PROBE_DOWN, PROBE_FAST_BURN, PROBE_SLOW_BURN, PROBE_STALE, PROBES,
        PROBES_BEGIN, SEVERITY,
    },
    yaml_writer::{Style, Yaml},
};

use super::{ProbeKit, mute::quoted, promise::Told};

impl ProbeKit {
    /// A snippet for `alertmanager.yml`: inhibitions, by which one outage is one page. A page silences the tickets on the
    /// same probes; a page on a target that is down silences that the budget burns fast; a ticket on stale data or on a
    /// broken check silences that the budget burns slowly. No ticket silences a page.
    ///
    /// It names no service: what belongs together has the same `slo_probes`. So it is the same for all kits that call pages
    /// and tickets alike, and Alertmanager needs it once.
    #[must_use]
    pub fn inhibition_config(&self) -> String {
        document(&[self])
    }

    /// What pages and tickets are called; `None` where nobody is told.
    fn severities(&self) -> Option<[&str; 2]> {
        let name = |severity: Severity| match &self.promise {
            Some(promise) => promise.severity_label(severity),
            None => severity.as_str(),
        };
        (self.told != Told::Nobody).then(|| [name(Severity::Page), name(Severity::Ticket)])
    }
}

/// The snippet for these kits. SLOs of one endpoint may call pages and tickets differently, so all names are in each rule.
pub(super) fn document(kits: &[&ProbeKit]) -> String {
    let pairs: Vec<_> = kits.iter().filter_map(|kit| kit.severities()).collect();
    let [pages, tickets] = [0, 1].map(|which| {
        let names: BTreeSet<_> = pairs.iter().map(|pair| pair[which]).collect();
        any_of(names)
    });
    let rules = if pairs.is_empty() {
        Vec::new()
    } else {
        inhibitions(&pages, &tickets).into()
    };
    Yaml::map([("inhibit_rules", Yaml::List(rules))]).document(COMMENT, Style::Probes)
}

fn inhibitions(page: &str, ticket: &str) -> [Yaml; 3] {
    let every = format!("=~\"{PROBES_BEGIN}.+\"");
    let one = |name: &str| any_of([name]);
    let causes = any_of([PROBE_CHECK_BROKEN, PROBE_STALE]);
    [
        inhibition((&every, page), (&every, ticket)),
        inhibition((&one(PROBE_DOWN), page), (&one(PROBE_FAST_BURN), page)),
        inhibition((&causes, ticket), (&one(PROBE_SLOW_BURN), ticket)),
    ]
}

/// While an alert of this name and severity fires, those of that one on the same probes are not told.
fn inhibition(source: (&str, &str), target: (&str, &str)) -> Yaml {
    let matchers = |(alert, severity): (&str, &str)| {
        let matchers = [format!("{ALERT_NAME}{alert}"), format!("{SEVERITY}{severity}")];
        Yaml::List(matchers.map(Yaml::text).into())
    };
    Yaml::map([
        ("source_matchers", matchers(source)),
        ("target_matchers", matchers(target)),
        ("equal", Yaml::List(vec![Yaml::text(PROBES)])),
    ])
}

/// What follows a label's name in a matcher that any of these values meets: letters, digits, `-`, `_` and `.`.
fn any_of<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let values: Vec<_> = values.into_iter().collect();
    match values.as_slice() {
        [one] => format!("={}", quoted(one)),
        several => format!("=~{}", quoted(&several.join("|").replace('.', "\\."))),
    }
}

const COMMENT: &str = "Alertmanager: add these to inhibit_rules of alertmanager.yml, once for all services that call pages \
                       and tickets so.\nWhile people are told of a cause, they are not told of what follows from it.";

#[cfg(test)]
mod tests {
    use slo_core::{Alerting, Slo, Status, SyntheticSli};

    use super::*;
    use crate::probe::{ProbeKits, ProbeTarget};

    fn kit(name: &str, alerting: Alerting) -> ProbeKit {
        let sli = SyntheticSli::new(format!("/{name}"));
        let slo = Slo::new(name, sli, "99%".parse().unwrap(), "30d".parse().unwrap());
        let target = ProbeTarget::new("https://shop.example").unwrap();
        let slo = slo.status(Status::Agreed).alerting(alerting);
        ProbeKit::builder("shop").target(target).slo(&slo).build().unwrap()
    }

    fn named(page: &str) -> Alerting {
        Alerting::as_elsewhere().named(Severity::Page, page).unwrap()
    }

    #[test]
    fn every_name_of_a_severity_is_in_the_same_three_rules() {
        let kits = [
            kit("a", Alerting::default()),
            kit("b", named("red.1")),
            kit("c", Alerting::default()),
        ];
        let config = ProbeKits::new(kits).unwrap().inhibition_config();
        for (piece, count) in [
            ("equal:\n      - slo_probes\n", 3),
            (r#"'severity=~"page|red\\.1"'"#, 3),
            (r#"'severity="ticket"'"#, 3),
            ("shop", 0),
        ] {
            assert_eq!(config.matches(piece).count(), count, "{piece} in {config}");
        }
    }

    #[test]
    fn where_nobody_is_told_nothing_is_silenced() {
        let config = kit("a", Alerting::nobody()).inhibition_config();
        assert!(config.ends_with("inhibit_rules: []\n"), "{config}");
    }

    #[test]
    fn no_ticket_silences_a_page() {
        for rule in inhibitions("=\"wake\"", "=\"wait\"") {
            let text = Yaml::List(vec![rule]).document("", Style::Probes);
            let (source, target) = text.split_once("target_matchers").unwrap();
            assert!(source.contains("\"wake\"") || !target.contains("\"wake\""), "{text}");
        }
    }
}
