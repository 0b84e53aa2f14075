//! A service that exports nothing of ours: what its own rules record is all that pages have of its promises.

use e2e::{Failure, Outcome, TempDir};
use serde_json::{Value, json};

use crate::pages::{Chosen, Query, queries_of, write};
use crate::unit::{expects, passes, rules};

/// One is counted by its requests, two by others, of which a process of ours says what one is; of the composite only such a
/// process says anything.
const SPEC: &str = "\
version: 1
service: legacy
retention: 40d
slos:
  - { name: calls, promise: Calls are answered., owner: desk, status: agreed, objective: 99%, window: 30d,
      sli: { http: { routes: [/calls] } } }
  - { name: mails, promise: Mails are sent., status: draft, objective: 99%, window: 30d,
      sli: { prometheus: { bad: 'mails_total{sent=\"no\"}', valid: mails_total } } }
  - { name: faxes, promise: As it was., status: draft, objective: 99%, window: 30d,
      sli: { prometheus: { bad: 'mails_total{sent=\"no\"}', valid: mails_total } } }
  - { name: whole, promise: All of it., objective: 99%, window: 30d, sli: { composite: { weights: { calls: 1, mails: 1 } } } }
";

const LEGACY: Chosen = Chosen {
    environment: "production",
    service: "legacy",
};

/// Nine hours without a failure, then five in which three of two hundred fail.
const VALID: &str = "0+600x840";
const BAD: &str = "0x539 9+9x300";
const NOW: &str = "14h";

#[test]
fn its_promises_are_on_every_page_that_shows_promises() -> Outcome {
    let folder = TempDir::new("slo-e2e-other-languages")?;
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("slo.yaml"), SPEC)?;
    let spec = at("slo.yaml").to_string_lossy().into_owned();
    let mut tests = Vec::new();
    for (name, way) in [("one", &[spec.as_str()][..]), ("fleet", &["--fleet"])] {
        let files = write(way, &at(name))?.into_iter().map(|path| (path, false));
        let queries = queries_of(&files.collect::<Vec<_>>())?;
        let asked: Vec<_> = queries.iter().filter(|query| is_of_promises(query)).collect();
        assert!(asked.len() > 25, "{}", asked.len());
        tests.extend(asked.iter().map(|query| answered(query)));
        tests.extend(rows(&queries)?);
    }
    let options = ["--source", "http", "--environment-label", "production", spec.as_str()];
    passes(&rules(&options)?, &series(), &tests)
}

/// On the overview and the page of budgets, but what only a process of ours can count: what it excluded, and versions.
fn is_of_promises(query: &Query) -> bool {
    let is_counted_here = query.metrics().iter().any(|metric| metric == "slo_events_total");
    !is_counted_here
        && ["slo-overview", "slo-budget"]
            .iter()
            .any(|page| query.page.starts_with(page))
}

/// That there is an answer, for each.
fn answered(query: &Query) -> Value {
    let expr = format!("count({}) > bool 0", query.with(LEGACY));
    expects(&expr, NOW, &[("{}".to_owned(), 1.0)])
}

/// What the table and its tiles show: all of them burn, one is a draft, a composite is no row, and what a process says is
/// neither said nor recorded once more.
fn rows(queries: &[Query]) -> Result<Vec<Value>, Failure> {
    let query = |panel: &str, id: &str| {
        let is_it = |query: &&Query| query.page.starts_with("slo-overview") && query.panel == panel && query.id == id;
        let found = queries.iter().find(is_it).map(|query| query.with(LEGACY));
        found.ok_or_else(|| Failure::new(format!("no query {id} of {panel}")))
    };
    let of = |slo: &str, more: &str| {
        format!("{{deployment_environment_name=\"production\", service_name=\"legacy\", slo_name=\"{slo}\"{more}}}")
    };
    let each = |value: f64| ["calls", "mails", "faxes"].map(|slo| (of(slo, ""), value));
    let recorded = |slo: &str| {
        let labels = of(slo, "").replace('{', "{__name__=\"slo:window:seconds\", ");
        (labels, 2_592_000.0)
    };
    let words = [
        (
            "calls",
            ", slo_promise=\"Calls are answered.\", slo_owner=\"desk\", slo_status=\"agreed\"",
        ),
        ("mails", ", slo_promise=\"Mails are sent.\", slo_status=\"draft\""),
        ("faxes", ", slo_promise=\"Faxes are sent.\", slo_status=\"agreed\""),
    ];
    let words = words.map(|(slo, more)| (of(slo, more), 1.0));
    // To choose from, there is all that anybody says.
    let names = ["calls", "mails", "faxes", "whole"].map(|slo| (format!("{{slo_name=\"{slo}\"}}"), 1.0));
    Ok(vec![
        expects(&query("Promises", "A")?, NOW, &[("{}".to_owned(), 3.0)]),
        expects(&query("Burning", "A")?, NOW, &[("{}".to_owned(), 3.0)]),
        expects(&query("No data", "A")?, NOW, &[("{}".to_owned(), 0.0)]),
        expects(&query("All promises", "B")?, NOW, &each(4.0)),
        expects(&query("All promises", "C")?, NOW, &each(0.99)),
        expects(&query("All promises", "A")?, NOW, &words),
        expects(&query("variable", "slo")?, NOW, &names),
        expects("slo:window:seconds", NOW, &["calls", "mails"].map(recorded)),
    ])
}

fn series() -> Value {
    let request = |code: &str| {
        let place = "service_name=\"legacy\", deployment_environment_name=\"production\"";
        format!(
            "http_server_request_duration_seconds_count{{{place}, http_route=\"/calls\", http_request_method=\"GET\", \
             http_response_status_code=\"{code}\"}}"
        )
    };
    let said = |slo: &str, metric: &str, more: &str| {
        let place = "service_name=\"legacy\", deployment_environment_name=\"production\"";
        format!("{metric}{{{place}, slo_name=\"{slo}\"{more}}}")
    };
    let faxes = ", slo_sli=\"prometheus\", slo_promise=\"Faxes are sent.\", slo_status=\"agreed\"";
    let whole = ", slo_sli=\"composite\", slo_promise=\"All of it.\"";
    json!([
        { "series": request("200"), "values": VALID },
        { "series": request("500"), "values": BAD },
        { "series": "mails_total{sent=\"yes\"}", "values": VALID },
        { "series": "mails_total{sent=\"no\"}", "values": BAD },
        { "series": said("faxes", "slo_spec_info", faxes), "values": "1x840" },
        { "series": said("faxes", "slo_window_seconds", ""), "values": "2592000x840" },
        { "series": said("whole", "slo_spec_info", whole), "values": "1x840" },
        { "series": said("whole", "slo_objective_ratio", ""), "values": "0.99x840" },
        { "series": said("whole", "slo_error_budget_ratio", ""), "values": "0.01x840" },
        { "series": said("whole", "slo_window_seconds", ""), "values": "2592000x840" },
    ])
}
