//! What a page says, word for word.

use e2e::{Binary, Outcome};

use crate::tools::{folder, run, slo, succeeded};

/// A new version under which half of the payments fail.
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
    values: '0x120 40+40x9'
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
        dashboard_url: "http://grafana/d/slo?orgId=1&var-service_name=shop&var-service_namespace=&var-deployment_environment_name=&var-slo_name=pay"
    - exp_labels: { severity: ticket, slo_window: 30d, service_name: shop, slo_name: pay }
      exp_annotations:
        summary: "shop: pay burns its error budget at 13.3x. Look within days."
        description: "Promise: Whoever pays \"{{ now }}\" can.\nBad events a minute: 50.0\nMost errors of the service: /pay/{id} with 500\nRunning since less than an hour: version 1.2\nBudget left: -2841%\nOnly 1.505% of its window were seen\n"
        runbook_url: http://runbooks/pay
        dashboard_url: "http://grafana/d/slo?orgId=1&var-service_name=shop&var-service_namespace=&var-deployment_environment_name=&var-slo_name=pay"
"#;

#[test]
fn a_page_says_what_is_promised_who_is_hit_where_and_since_which_version() -> Outcome {
    let rules = slo("rules --fleet --window 30d --dashboard-url http://grafana/d/slo?orgId=1")?;
    let folder = folder(&[("rules.yaml", &rules), ("test.yaml", TEST)])?;
    let output = run(Binary::Promtool, folder.path(), &["test", "rules", "test.yaml"])?;
    succeeded("promtool test rules", &output).map(drop)
}
