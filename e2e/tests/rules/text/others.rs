//! The first page of an outage that counters of others tell of, before a tile holds any of it.
//!
//! Rules of each minute alone: what a group of tiles recorded last is written here, from before the outage.

use e2e::{Binary, Failure, Outcome};

use crate::rule_text::{file, rules};
use crate::tools::{folder, run, slo, succeeded};

/// A hundred events each minute, of which all fail from minute 61 on; the tiles are of minute 60.
const GOOD: &str = "0+100x60 6000x10";
const BAD: &str = "0x60 100+100x9";
/// A twentieth of an hour failed, which is fifty times what a thousandth allows.
const LEFT: &str = "Budget left: 100%\nAt the rate of the last hour it is spent in 14h 24m 0s\n";

/// One SLO whose events are counted so.
fn spec(sli: &str, more: &str) -> String {
    format!(
        "version: 1\nservice: shop\nslos:\n  - name: pay\n    promise: Whoever pays \"{{{{ now }}}}\" can.\n    owner: a-team\n    \
         status: agreed\n    runbook: http://runbooks/pay\n    sli: {sli}\n    objective: 99.9%\n    window: 30d\n{more}"
    )
}

/// The rules of each minute.
fn each_minute(spec: &str, args: &str) -> Result<String, Failure> {
    let folder = folder(&[("slo.yaml", spec)])?;
    let text = slo(&format!("rules {args} {}", folder.path().join("slo.yaml").display()))?;
    let mut kept = rules(&text)?;
    kept.retain(|rule| rule.group.contains("interval: 1m"));
    Ok(file(&kept))
}

/// A series and its values.
type Series = (String, &'static str);

/// What a page says after three minutes of the outage, behind the promise; and the labels that it has beside the usual ones.
struct Page<'a> {
    labels: &'a str,
    burns: &'a str,
    says: &'a str,
}

/// What was recorded of the last tile, under these labels.
fn last_tile(labels: &str) -> [Series; 3] {
    let of = |name| format!("{name}{{{labels}, slo_name=\"pay\", slo_window=\"30d\"}}");
    [
        (of("slo:bad_events:increase5m"), "0x70"),
        (of("slo:error_budget_remaining:ratio"), "1x70"),
        (of("slo:coverage:ratio"), "1x70"),
    ]
}

fn says(rules: &str, series: &[Series], pages: &[Page<'_>]) -> Outcome {
    let series: String = series
        .iter()
        .map(|(series, values)| format!("  - series: '{series}'\n    values: '{values}'\n"))
        .collect();
    let page = |Page { labels, burns, says }: &Page<'_>| {
        format!(
            "    - exp_labels: {{ severity: page, slo_window: 30d, service_name: shop, slo_name: pay{labels} }}\n      \
             exp_annotations:\n        summary: \"shop: pay burns its error budget at {burns}. Look now.\"\n        \
             description: {:?}\n        runbook_url: http://runbooks/pay\n",
            format!("Promise: Whoever pays \"{{{{ now }}}}\" can.\n{says}")
        )
    };
    let pages: String = pages.iter().map(page).collect();
    let test = format!(
        "rule_files: [rules.yaml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n{series}  alert_rule_test:\n  \
         - eval_time: 63m\n    alertname: SloErrorBudgetBurn\n    exp_alerts:\n{pages}"
    );
    let folder = folder(&[("rules.yaml", rules), ("test.yaml", &test)])?;
    let output = run(Binary::Promtool, folder.path(), &["test", "rules", "test.yaml"])?;
    succeeded("promtool test rules", &output).map(drop)
}

/// The labels that raw series have in an environment, and those that are recorded.
fn labels(identity: &str, environment: &str) -> (String, String) {
    let service = "service_name=\"shop\"";
    let environment_is = format!("deployment_environment_name=\"{environment}\"");
    match identity {
        "promoted" => [
            format!("{service}, {environment_is}"),
            format!("{service}, {environment_is}"),
        ]
        .into(),
        _ => [
            format!("job=\"shop\", instance=\"{environment}\""),
            format!("job=\"shop\", {service}, {environment_is}"),
        ]
        .into(),
    }
}

/// A series of the duration histogram.
fn requests(part: &str, whose: &str, more: &str) -> String {
    format!("http_server_request_duration_seconds{part}{{{whose}, {more}}}")
}

/// In two environments, of which one is down and the other has its errors; and a route that is nothing but traps.
#[test]
fn a_page_of_requests_to_services_of_others() -> Outcome {
    let sli = r#"{ http: { routes: ["/pay", "/50%s{{x}}|\"a\\b\""] } }"#;
    let (good, bad) = (
        r#"http_route="/pay", http_response_status_code="200""#,
        r#"http_route="/50%s{{x}}|\"a\\b\"", http_response_status_code="500", error_type="500""#,
    );
    for identity in ["promoted", "target-info"] {
        let rules = each_minute(&spec(sli, ""), &format!("--source http --identity {identity}"))?;
        let ((prod, of_prod), (staging, _)) = (labels(identity, "prod"), labels(identity, "staging"));
        let mut series = vec![
            (requests("_count", &prod, good), GOOD),
            (requests("_count", &prod, bad), BAD),
            (requests("_count", &staging, good), "0+93x70"),
            (requests("_count", &staging, bad), "0+7x70"),
        ];
        for (environment, whose) in [("prod", prod), ("staging", staging)] {
            let target = format!("target_info{{{whose}, deployment_environment_name=\"{environment}\"}}");
            series.extend((identity == "target-info").then_some((target, "1x70")));
        }
        series.extend(last_tile(&of_prod));
        let job = if identity == "promoted" { "" } else { ", job: shop" };
        let worst = "Most errors of the service: /50%s{{x}}|\"a\\b\" with 500\n";
        let pages = [
            Page {
                labels: &format!(", deployment_environment_name: prod{job}"),
                burns: "50.0x",
                says: &format!("Bad events a minute: 60.0\n{worst}{LEFT}"),
            },
            Page {
                labels: &format!(", deployment_environment_name: staging{job}"),
                burns: "70.0x",
                says: &format!("Bad events a minute: 7.0\n{worst}"),
            },
        ];
        says(&rules, &series, &pages)?;
    }
    Ok(())
}

#[test]
fn a_page_of_slow_requests() -> Outcome {
    let sli = r"{ http: { routes: [/pay], faster_than: 800ms } }";
    let rules = each_minute(&spec(sli, ""), "--source http")?;
    let (raw, recorded) = labels("promoted", "prod");
    let answered = r#"http_route="/pay", http_response_status_code="200""#;
    let mut series = vec![
        (requests("_count", &raw, answered), "0+100x70"),
        (requests("_bucket", &raw, &format!(r#"{answered}, le="0.8""#)), GOOD),
    ];
    series.extend(last_tile(&recorded));
    let page = Page {
        labels: ", deployment_environment_name: prod",
        burns: "50.0x",
        says: "Bad events a minute: 60.0\nBudget left: 100%\nAt the rate of the last hour it is spent in 14h 23m 59s\n",
    };
    says(&rules, &series, &[page])
}

/// What is planned is in no count, so minutes are added up: each is read from two.
#[test]
fn a_page_of_requests_beside_planned_times() -> Outcome {
    let exclude = "    exclude: [{ from: 2026-03-14 22:00, duration: 2h, time_zone: Asia/Seoul, reason: move }]\n";
    let spec = spec("{ http: { routes: [/pay] } }", exclude);
    let rules = each_minute(&spec, "--source http --from 2026-01-01")?;
    let (raw, recorded) = labels("promoted", "prod");
    let answered = |code| format!(r#"http_route="/pay", http_response_status_code="{code}""#);
    let mut series = vec![
        (requests("_count", &raw, &answered(200)), GOOD),
        (requests("_count", &raw, &answered(500)), BAD),
    ];
    series.extend(last_tile(&recorded));
    let page = Page {
        labels: ", deployment_environment_name: prod",
        burns: "41.7x",
        says: "Bad events a minute: 50.0\nBudget left: 100%\nAt the rate of the last hour it is spent in 17h 16m 48s\n",
    };
    says(&rules, &series, &[page])
}

/// By bad events, by good ones and by an expression of several lines; under any identity, as they have no labels.
#[test]
fn a_page_of_counters_of_others() -> Outcome {
    let of = |outcome: &str| format!(r#"mails_total{{why="50%s \"a\\b\"", result="{outcome}"}}"#);
    let valid = r#"'mails_total{why="50%s \"a\\b\""}'"#;
    let bad = format!(r"{{ prometheus: {{ bad: '{}', valid: {valid} }} }}", of("bad"));
    let good = format!(r"{{ prometheus: {{ good: '{}', valid: {valid} }} }}", of("good"));
    let lines = "\n      prometheus:\n        valid: mails_total\n        bad: |\n          \
                 sum(increase(mails_total{result=\"bad\"}[$window]))\n          + 0 *\n          \
                 sum(increase(mails_total[$window]))";
    for sli in [bad.as_str(), &good, lines] {
        for identity in ["promoted", "job", "target-info"] {
            let rules = each_minute(&spec(sli, ""), &format!("--identity {identity}"))?;
            let (job, recorded) = if identity == "promoted" {
                ("", r#"service_name="shop""#)
            } else {
                (", job: shop", r#"job="shop", service_name="shop""#)
            };
            let mut series = vec![(of("good"), GOOD), (of("bad"), BAD)];
            series.extend(last_tile(recorded));
            let page = Page {
                labels: job,
                burns: "50.0x",
                says: &format!("Bad events a minute: 60.0\n{LEFT}"),
            };
            says(&rules, &series, &[page])?;
        }
    }
    Ok(())
}
