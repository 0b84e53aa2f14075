//! What a page says, word for word.

mod others;

use e2e::past::{Instance, NOW, Past};
use e2e::{Binary, Failure, Outcome, Prom, TempDir, VictoriaMetrics};

use crate::rule_text::{file, rules};
use crate::tools::{folder, run, slo, succeeded};

/// A new version under which half of the payments fail; their errors come in one push, the first of their series.
const TEST: &str = r#"
rule_files: [rules.yaml]
evaluation_interval: 1m
group_eval_order: [slo-1-definitions, slo-2-ratios, slo-4-30d-tiles, slo-5-data]
tests:
- interval: 1m
  input_series:
  - series: slo_events_total{service_name="shop", slo_name="pay", slo_outcome="good"}
    values: '0+100x120 12050+50x9'
  - series: slo_events_total{service_name="shop", slo_name="pay", slo_outcome="bad"}
    values: '0x120 50+50x9'
  - series: slo_events_total{service_name="shop", slo_name="pay", slo_outcome="excluded"}
    values: '0x130'
  - series: slo_error_budget_ratio{service_name="shop", slo_name="pay"}
    values: '0.001x130'
  - series: slo_window_seconds{service_name="shop", slo_name="pay"}
    values: '2592000x130'
  - series: slo_spec_info{service_name="shop", slo_name="pay", slo_status="agreed", slo_promise="Whoever pays \"{{ now }}\" can.", service_version="1.1", slo_runbook="http://runbooks/pay"}
    values: '1x120 _x10'
  - series: slo_spec_info{service_name="shop", slo_name="pay", slo_status="agreed", slo_promise="Whoever pays \"{{ now }}\" can.", service_version="1.2", slo_runbook="http://runbooks/pay"}
    values: '_x119 1x10'
  - series: http_server_request_duration_seconds_count{service_name="shop", http_route="/pay/{id}", error_type="500"}
    values: '_x129 400'
  - series: http_server_request_duration_seconds_count{service_name="shop", http_route="/cart", error_type="408"}
    values: '0x120 10+10x9'
  alert_rule_test:
  - eval_time: 130m
    alertname: SloErrorBudgetBurn
    exp_alerts:
    - exp_labels: { severity: page, slo_window: 30d, service_name: shop, slo_name: pay }
      exp_annotations:
        summary: "shop: pay burns its error budget at 83.3x. Look now."
        description: "Promise: Whoever pays \"{{ now }}\" can.\nBad events a minute: 50.0\nMost errors of the service: /pay/{id} with 500\nRunning since less than an hour: version 1.2\nBudget left: -2469%\nOnly 1.493% of its window were seen\n"
        runbook_url: http://runbooks/pay
        dashboard_url: "http://grafana/d/slo?orgId=1&var-service=shop&var-namespace=&var-environment=&var-slo=pay"
    - exp_labels: { severity: ticket, slo_window: 30d, service_name: shop, slo_name: pay }
      exp_annotations:
        summary: "shop: pay burns its error budget at 13.3x. Look within days."
        description: "Promise: Whoever pays \"{{ now }}\" can.\nBad events a minute: 50.0\nMost errors of the service: /pay/{id} with 500\nRunning since less than an hour: version 1.2\nBudget left: -2841%\nOnly 1.505% of its window were seen\n"
        runbook_url: http://runbooks/pay
        dashboard_url: "http://grafana/d/slo?orgId=1&var-service=shop&var-namespace=&var-environment=&var-slo=pay"
"#;

#[test]
fn a_page_says_what_is_promised_who_is_hit_where_and_since_which_version() -> Outcome {
    let rules = slo("rules --fleet --window 30d --dashboard-url http://grafana/d/slo?orgId=1")?;
    let folder = folder(&[("rules.yaml", &rules), ("test.yaml", TEST)])?;
    let output = run(Binary::Promtool, folder.path(), &["test", "rules", "test.yaml"])?;
    succeeded("promtool test rules", &output).map(drop)
}

/// An outage of five minutes, told at minute 185, of a service whose errors have no route. Its window was of seven days once.
const WITHOUT: &str = r#"
rule_files: [rules.yaml]
evaluation_interval: 1m
group_eval_order: [slo-1-definitions, slo-2-ratios]
tests:
- interval: 1m
  input_series:
  - series: slo_events_total{service_name="shop", slo_name="pay", slo_outcome="good"}
    values: '0+100x120 _x12 13200+100x47 17900x5'
  - series: slo_events_total{service_name="shop", slo_name="pay", slo_outcome="bad"}
    values: '0x120 _x12 0x47 100+100x5'
  - series: slo_error_budget_ratio{service_name="shop", slo_name="pay"}
    values: '0.001x120 _x12 0.001x53'
  - series: slo_window_seconds{service_name="shop", slo_name="pay"}
    values: '2592000x120 _x12 2592000x53'
  - series: slo_spec_info{service_name="shop", slo_name="pay", slo_status="agreed"VERSION}
    values: 'SEEN'
  - series: http_server_request_duration_seconds_count{service_name="shop", error_type="500"}
    values: '_x180 100+100x5'
  - series: slo:coverage:ratio{service_name="shop", slo_name="pay", slo_window="7d"}
    values: '0.2x185'
  - series: slo:error_budget_remaining:ratio{service_name="shop", slo_name="pay", slo_window="7d"}
    values: '0.5x185'
  alert_rule_test:
  - eval_time: 185m
    alertname: SloErrorBudgetBurn
    exp_alerts:
    - exp_labels: { severity: page, slo_window: 30d, service_name: shop, slo_name: pay }
      exp_annotations:
        summary: "shop: pay burns its error budget at 85.8x. Look now."
        description: "Bad events a minute: 100.0\nMost errors of the service: requests without a route, with 500\nSAID"
        runbook_url: ""
"#;

/// What nobody saw for a while did not begin behind it, and a line is whole and of this window, or it is not there.
#[test]
fn a_page_says_no_version_that_was_there_and_no_empty_name() -> Outcome {
    let mut minute = rules(&slo("rules --fleet --window 30d")?)?;
    minute.retain(|rule| rule.group.contains("interval: 1m"));
    let rules = file(&minute);
    let (version, always) = (r#", service_version="1.1""#, "1x120 _x12 1x53");
    let since = "Running since less than an hour: version 1.1\\n";
    for (version, seen, said) in [
        (version, always, ""),
        // It begins, beside nothing that was there before.
        (version, "_x130 1x55", since),
        ("", "_x130 1x55", ""),
    ] {
        let test = WITHOUT
            .replace("VERSION", version)
            .replace("SEEN", seen)
            .replace("SAID", said);
        let folder = folder(&[("rules.yaml", &rules), ("test.yaml", &test)])?;
        let output = run(Binary::Promtool, folder.path(), &["test", "rules", "test.yaml"])?;
        succeeded(&format!("promtool test rules, {version} {seen}"), &output)?;
    }
    Ok(())
}

/// The query of a page for the worst route, for one service.
fn worst(rules: &str) -> Result<String, Failure> {
    let missing = || Failure::new("no query for the worst route");
    let (_, rest) = rules.split_once("topk(1, sum by (http_route").ok_or_else(missing)?;
    let (query, _) = rest.split_once(" > 0)").ok_or_else(missing)?;
    let query = format!("topk(1, sum by (http_route{query} > 0)").replace('\\', "");
    Ok(query.replace("%s", "service_name=\"shop\""))
}

#[test]
fn the_worst_route_is_said_after_its_first_push_on_both_engines() -> Outcome {
    let name = "http_server_request_duration_seconds_count";
    let (shop, young) = (
        Instance::of("shop"),
        Instance {
            from: 2,
            ..Instance::of("shop")
        },
    );
    let mut past = Past::default();
    past.counter(
        Instance { from: 600, ..shop },
        name,
        &[("http_route", "/cart"), ("error_type", "408")],
        |_| 3,
    );
    past.gauge(young, name, &[("http_route", "/pay"), ("error_type", "500")], 40.0);
    // Of an hour ago, and none since: whatever it counted, it is not the worst now.
    let old = Instance { from: 60, ..shop };
    past.gauge(old, name, &[("http_route", "/login"), ("error_type", "500")], 9_000.0);
    let store = VictoriaMetrics::start()?;
    store.import(&past.json_lines())?;
    store.force_flush()?;
    let folder = TempDir::new("slo-e2e-rules")?;
    let prometheus = past.into_prometheus(folder.path())?;
    let query = worst(&slo("rules --fleet --window 30d")?)?;
    let said = |prom: Prom| -> Result<_, Failure> {
        #[expect(clippy::cast_precision_loss, reason = "a time of this century")]
        let found = prom.instant_at(&query, NOW as f64 / 1_000.0)?;
        let labels = |sample: &e2e::Sample| {
            (
                sample.label("http_route").to_owned(),
                sample.label("error_type").to_owned(),
            )
        };
        Ok(found.iter().map(labels).collect::<Vec<_>>())
    };
    let pay = vec![("/pay".to_owned(), "500".to_owned())];
    assert_eq!(said(prometheus.prom())?, pay);
    e2e::eventually(e2e::PATIENCE, || {
        let found = said(store.prom()).map_err(|error| format!("{error:?}"))?;
        (found == pay).then_some(()).ok_or_else(|| format!("{found:?}"))
    })?;
    Ok(())
}
