//! What rules on events need not tell while rules on probes do: the inhibitions between the two.

use slo_core::names;
use slo_core::names::alerts::{ALERT_NAME, BUDGET_BURN, DATA_MISSING, PROBE_DOWN, PROBE_FAST_BURN, SEVERITY};

use super::promql;
use crate::args::Identity;

/// A service that probes find down pushes nothing either; and a freshness budget that burns by its probes burns by its events.
/// Nothing where series do not say their environment: an outage of staging would silence production.
///
/// These are of alerts with the severities of pages; of tickets none silences anything.
pub(crate) fn while_probes_tell(identity: Identity, severities: &[(String, String)]) -> String {
    if identity.environment_labels().is_empty() {
        return String::new();
    }
    let mut pages: Vec<_> = severities.iter().map(|(page, _)| page.as_str()).collect();
    pages.sort_unstable();
    pages.dedup();
    let service = identity.labels_of_probes();
    let slo: Vec<_> = service.iter().copied().chain([names::SLO_NAME.label]).collect();
    // What counts for others, of which one promise is told, may be down by itself.
    let silent = [
        promql::is(ALERT_NAME, DATA_MISSING),
        promql::is(names::SLO_NAME.label, ""),
    ];
    let burning = [promql::is(ALERT_NAME, BUDGET_BURN)];
    let down = inhibition((&[PROBE_DOWN], &pages), &silent, &service);
    let burns = inhibition((&[PROBE_DOWN, PROBE_FAST_BURN], &pages), &burning, &slo);
    format!("  # While probes page, what events say of the same is no news.\n{down}{burns}")
}

fn inhibition((alerts, severities): (&[&str], &[&str]), silenced: &[String], equal: &[&str]) -> String {
    let lines = |items: &[String]| -> String { items.iter().map(|item| format!("      - {item}\n")).collect() };
    let source = lines(&[any_of(ALERT_NAME, alerts), any_of(SEVERITY, severities)]);
    let equal = lines(&equal.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>());
    let silenced = lines(silenced);
    format!("  - source_matchers:\n{source}    target_matchers:\n{silenced}    equal:\n{equal}")
}

/// A matcher of Alertmanager, whose quotes are those of `PromQL` for what these values are made of.
fn any_of(label: &str, values: &[&str]) -> String {
    match values {
        [one] => promql::is(label, one),
        several => promql::is_any(label, several),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(pages: &[&str]) -> Vec<(String, String)> {
        pages
            .iter()
            .map(|page| ((*page).to_owned(), "ticket".to_owned()))
            .collect()
    }

    #[test]
    fn pages_of_probes_silence_what_events_say_of_the_same_place() {
        let text = while_probes_tell(Identity::TargetInfo, &pages(&["red.1", "page", "page"]));
        assert_eq!(text.matches(r#"severity=~"page|red\\.1""#).count(), 2, "{text}");
        assert_eq!(
            text.matches("      - deployment_environment_name\n").count(),
            2,
            "{text}"
        );
        assert_eq!(text.matches("      - slo_name\n").count(), 1, "{text}");
        assert_eq!(
            text.matches("SloDataMissing\"\n      - slo_name=\"\"\n").count(),
            1,
            "{text}"
        );
        // The jobs of probes are others.
        assert!(!text.contains("- job"), "{text}");
        assert!(while_probes_tell(Identity::Promoted, &pages(&["page"])).contains(r#"- severity="page""#));
    }

    #[test]
    fn where_no_series_says_its_environment_nothing_is_silenced() {
        assert_eq!(while_probes_tell(Identity::Job, &pages(&["page"])), "");
    }
}
