//! Three promises that are broken alike: one has a tier, one is told by nobody, one has a tier that nobody reads. Through
//! vmalert and a real Alertmanager that routes by tier.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use e2e::{Failure, Outcome, VictoriaMetrics, VmAlert, eventually};
use serde_json::{Map, Value, json};

use crate::lane::{RULES, rules_in_a_folder};
use crate::people::People;

const DEADLINE: Duration = Duration::from_secs(120);
/// Minutes that were seen, of which the last ten failed; and minutes in which the same goes on while the test looks.
const SEEN: u64 = 180;
const FAILED: u64 = 10;
const MORE: u64 = 10;

/// One promise with what its service says of its alerts.
fn series(slo: &str, said: &[(&str, &str)], now: u64) -> String {
    let begin = now - SEEN * 60;
    let line = |name: &str, more: &[(&str, &str)], value: &dyn Fn(u64) -> Value| {
        let whose = [
            ("__name__", name),
            ("service_name", "shop"),
            ("deployment_environment_name", "prod"),
            ("slo_name", slo),
        ];
        let labels: Map<_, _> = whose
            .iter()
            .chain(more)
            .map(|(label, value)| ((*label).to_owned(), json!(value)))
            .collect();
        let minutes = 0..=SEEN + MORE;
        let times: Vec<_> = minutes.clone().map(|minute| (begin + minute * 60) * 1_000).collect();
        let values: Vec<_> = minutes.map(value).collect();
        format!(
            "{}\n",
            json!({ "metric": labels, "values": values, "timestamps": times })
        )
    };
    let failing = SEEN - FAILED;
    [
        line("slo_events_total", &[("slo_outcome", "good")], &|minute| {
            json!(minute.min(failing) * 100)
        }),
        line("slo_events_total", &[("slo_outcome", "bad")], &|minute| {
            json!(minute.saturating_sub(failing) * 100)
        }),
        line("slo_error_budget_ratio", &[], &|_| json!(0.001)),
        line("slo_window_seconds", &[], &|_| json!(2_592_000)),
        line("slo_spec_info", &[&[("slo_status", "agreed")], said].concat(), &|_| {
            json!(1)
        }),
        // As the rules would have recorded it, had they been there.
        line("slo:error_budget:ratio", &[("slo_window", "30d")], &|_| json!(0.001)),
    ]
    .concat()
}

#[test]
fn a_page_reaches_the_reader_of_its_tier_and_none_where_nobody_is_told() -> Outcome {
    let people = People::start()?;
    let (store, folder) = (VictoriaMetrics::start()?, rules_in_a_folder("victoriametrics")?);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let standard = ("slo_alerts", "standard");
    store.import(&series("pay", &[standard, ("slo_tier", "gold")], now))?;
    store.import(&series("quiet", &[("slo_alerts", "none"), ("slo_tier", "gold")], now))?;
    store.import(&series("own", &[("slo_alerts", "own"), ("slo_tier", "gold")], now))?;
    store.import(&series("search", &[standard, ("slo_tier", "tin")], now))?;
    store.import(&series("older", &[], now))?;
    store.force_flush()?;
    let rules = folder.path().join(RULES);
    let _vmalert = VmAlert::start_notifying(&store.url(), &[&rules], &people.alertmanager.url())?;
    let pages = || -> Vec<Vec<String>> {
        let mut heard = people.heard(&["severity", "slo_name", "tier"]);
        heard.retain(|alert| alert[1] == "page");
        heard.sort();
        heard.dedup();
        heard
    };
    eventually(DEADLINE, || match pages().len() {
        0..3 => Err(format!("{:?}", pages())),
        _ => Ok(()),
    })?;
    // All are evaluated in one pass, so who is told would be by now.
    let expected = [
        ["gold", "page", "pay", "gold"],
        ["people", "page", "older", ""],
        ["people", "page", "search", "tin"],
    ];
    if pages() != expected {
        return Err(Failure::new(format!("{:?}", pages())));
    }
    let firing = r#"count by (slo_name) (ALERTS{alertname="SloErrorBudgetBurn", slo_name=~"quiet|own"})"#;
    assert!(store.prom().instant(firing)?.is_empty());
    Ok(())
}
