//! What rules go on adding up of what is no more: a service that is gone, and a window that was another.

use e2e::{Failure, Outcome, TempDir};
use serde_json::{Value, json};

use crate::pages::{Chosen, Query, queries_of, write};
use crate::unit::{expects, passes, rules};

/// One ends after two hours. The other goes on with a window of 7 days in the place of 30; in the first of its hours requests
/// failed.
const NOW: &str = "4h";

const GONE: Chosen = Chosen {
    environment: "production",
    service: "gone",
};
const MOVED: Chosen = Chosen {
    environment: "production",
    service: "moved",
};

#[test]
fn what_is_no_more_is_on_no_page() -> Outcome {
    let folder = TempDir::new("slo-e2e-past")?;
    let files = write(&["--fleet"], folder.path())?;
    let files: Vec<_> = files.into_iter().map(|path| (path, false)).collect();
    let queries = queries_of(&files)?;
    let mut tests = Vec::new();
    for query in queries.iter().filter(|query| is_of_promises(query)) {
        // A tile counts, and counts none.
        let is_tile = query.page == "slo-overview" && query.panel != "All promises";
        let none = [("{}".to_owned(), 0.0)];
        let answer = if is_tile { &none[..] } else { &[] };
        tests.push(expects(&query.with(GONE), NOW, answer));
    }
    assert!(tests.len() > 25, "{}", tests.len());
    let of_moved = |panel: &str, id: &str| -> Result<String, Failure> {
        let is_it = |query: &&Query| query.panel == panel && query.id == id;
        let query = queries.iter().find(is_it);
        Ok(query.ok_or_else(|| Failure::new(format!("no {panel}")))?.with(MOVED))
    };
    let promise = "{deployment_environment_name=\"production\", service_name=\"moved\", slo_name=\"pay\"}".to_owned();
    let one = [("{}".to_owned(), 1.0)];
    // Over 30 days 5% failed, over 7 none; an hour and a half is 0.9% of 7 days, and two hours are 0.3% of 30.
    tests.extend([
        expects(&of_moved("Promises", "A")?, NOW, &one),
        expects(&of_moved("Kept over the window", "A")?, NOW, &[(promise, 1.0)]),
        expects(&format!("count(({}) > 0.008)", of_moved("Coverage", "A")?), NOW, &one),
    ]);
    let rules = rules(&["--fleet", "--window", "7d", "--window", "30d"])?;
    passes(&rules, &series(), &tests)
}

fn is_of_promises(query: &Query) -> bool {
    query.panel != "variable" && ["slo-overview", "slo-budget"].contains(&query.page.as_str())
}

fn series() -> Value {
    let mut series = of_instance("gone", "1", "2592000", ["0+100x120", "0x120"], "");
    series.extend(of_instance(
        "moved",
        "1",
        "2592000",
        ["0+100x120", "0+10x60 600x59"],
        "",
    ));
    series.extend(of_instance("moved", "2", "604800", ["0+100x120", "0x120"], "_x120 "));
    Value::from(series)
}

/// What a process pushes in two hours, behind what comes before it.
fn of_instance(service: &str, instance: &str, window: &str, [good, bad]: [&str; 2], before: &str) -> Vec<Value> {
    let labels = format!(
        "deployment_environment_name=\"production\", service_name=\"{service}\", service_instance_id=\"{instance}\", \
         slo_name=\"pay\""
    );
    let each = [
        ("slo_events_total", ", slo_outcome=\"good\"", good.to_owned()),
        ("slo_events_total", ", slo_outcome=\"bad\"", bad.to_owned()),
        ("slo_events_total", ", slo_outcome=\"excluded\"", "0x120".to_owned()),
        (
            "slo_spec_info",
            ", slo_sli=\"http\", slo_promise=\"It pays.\"",
            "1x120".to_owned(),
        ),
        ("slo_objective_ratio", "", "0.99x120".to_owned()),
        ("slo_error_budget_ratio", "", "0.01x120".to_owned()),
        ("slo_window_seconds", "", format!("{window}x120")),
    ];
    each.into_iter()
        .map(|(name, more, values)| {
            let series = format!("{name}{{{labels}{more}}}");
            json!({ "series": series, "values": format!("{before}{values}") })
        })
        .collect()
}
