//! Planned times: known by date on the real engines, and what alerts make of them.

use std::path::Path;

use e2e::{Binary, Failure, Http, Outcome, Prom, Prometheus, VictoriaMetrics};
use serde_json::Value;
use slo_core::{Slo, SloSet, Tick};

use crate::tools::{folder, in_workspace, run, slo, succeeded};

/// In the spec's golden rules.
const FROM: u64 = 1_767_225_600; // 2026-01-01
const TO: u64 = FROM + 400 * 86_400;
/// Over an hour and no part of a day, so that every time of a day is seen.
const STEP: u64 = 3_607;

fn golden(file: &str) -> Result<String, Failure> {
    Ok(std::fs::read_to_string(in_workspace("slo-cli/tests/rules").join(file))?)
}

fn planned(name: &str) -> Result<Slo, Failure> {
    let set = SloSet::from_yaml(&golden("in/planned.yaml")?).map_err(|error| Failure::new(error.to_string()))?;
    set.slo(name)
        .cloned()
        .ok_or_else(|| Failure::new(format!("no SLO {name}")))
}

/// The expressions that are recorded under a name in the groups of one SLO, each on one line.
fn expressions(rules: &str, slo: &str, record: &str) -> Result<Vec<String>, Failure> {
    let group = rules.split("\n  - name: ").filter(|group| {
        group.starts_with(&format!("slo-shop-production-{slo}\n"))
            || group.starts_with(&format!("slo-shop-production-{slo}.tiles\n"))
    });
    let all = group.flat_map(|group| group.split("\n      - ").skip(1));
    let wanted = all.filter(|rule| rule.starts_with(&format!("record: {record}\n")));
    let expr = |rule: &str| {
        let text = rule.split_once("expr: |-\n")?.1;
        let lines = text.lines().take_while(|line| line.starts_with("          "));
        Some(lines.map(str::trim).collect::<Vec<_>>().join(" "))
    };
    let found: Option<Vec<_>> = wanted.map(expr).collect();
    found
        .filter(|found| !found.is_empty())
        .ok_or_else(|| Failure::new(format!("{slo} records no {record}")))
}

/// What an expression is over the days that the rules know; nothing where it is empty.
fn course(url: &str, query: &str) -> Result<Vec<(u64, Option<u64>)>, Failure> {
    let (start, end, step) = (FROM.to_string(), TO.to_string(), STEP.to_string());
    let form = [
        ("query", query),
        ("start", &start),
        ("end", &end),
        ("step", &step),
        ("nocache", "1"),
    ];
    let reply = Http::new().post_form(&format!("{url}/api/v1/query_range"), &form)?;
    let reply: Value = serde_json::from_str(&reply.body)?;
    let series = reply["data"]["result"].as_array().map_or(0, Vec::len);
    let values = reply["data"]["result"][0]["values"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    assert!(series <= 1, "{reply}");
    let number = |value: &Value| -> Option<u64> { value.as_str()?.parse().ok() };
    let seen: std::collections::BTreeMap<u64, Option<u64>> = values
        .iter()
        .filter_map(|pair| Some((pair[0].as_u64()?, number(&pair[1]))))
        .collect();
    let moments = (0..).map(|number| FROM + number * STEP).take_while(|at| *at <= TO);
    Ok(moments.map(|at| (at, seen.get(&at).copied().flatten())).collect())
}

fn seconds(at: Tick) -> u64 {
    at.as_unix_nanos() / 1_000_000_000
}

/// At the seconds around the boundaries of the first planned times.
fn around_boundaries(slo: &Slo) -> Vec<u64> {
    let tick = Tick::from_unix_seconds;
    let windows = slo.excluded_windows(tick(FROM)..tick(TO));
    let edges = windows
        .iter()
        .take(12)
        .flat_map(|window| [seconds(window.start), seconds(window.end)]);
    edges.flat_map(|edge| [edge - 1, edge, edge + 1]).collect()
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole seconds"
)]
fn at(url: &str, query: &str, moment: u64) -> Result<Option<u64>, Failure> {
    let found = Prom::new(url).instant_at(query, moment as f64)?;
    Ok(found.first().map(|sample| sample.value as u64))
}

/// Every hour of 400 days, and every second around the changes.
fn agrees(url: &str) -> Outcome {
    let rules = golden("out/planned-http.yaml")?;
    let tick = Tick::from_unix_seconds;
    for name in ["pay", "mails"] {
        let slo = planned(name)?;
        let until = |moment: u64| slo.excluded_until(tick(moment)).map(seconds);
        let ends = expressions(&rules, name, "slo:exclusion_end:seconds")?.remove(0);
        let moments = course(url, &ends)?;
        assert!(
            moments.iter().filter(|(_, end)| end.is_some()).count() > 100,
            "{name}: {ends}"
        );
        for (moment, end) in moments {
            assert_eq!(end, until(moment), "{name} at {moment}");
        }
        let masks: Vec<_> = [
            "slo:bad_events:increase1m",
            "slo:valid_events:increase1m",
            "slo:bad_events:increase5m",
        ]
        .iter()
        .map(|record| {
            let expr = expressions(&rules, name, record)?.remove(0);
            let from = expr
                .find("scalar(")
                .ok_or_else(|| Failure::new(format!("no mask in {expr}")))?;
            // A calendar's tile goes on behind its mask.
            let mask = expr[from..].split(" * on ()").next().unwrap_or_default();
            Ok(format!("vector({mask})"))
        })
        .collect::<Result<_, Failure>>()?;
        for moment in around_boundaries(&slo) {
            assert_eq!(at(url, &ends, moment)?, until(moment), "{name} at {moment}");
            for mask in &masks {
                let counts = u64::from(until(moment).is_none());
                assert_eq!(at(url, mask, moment)?, Some(counts), "{name} at {moment}: {mask}");
            }
        }
    }
    for name in ["search", "mails"] {
        let slo = planned(name)?;
        let starts = expressions(&rules, name, "slo:window_start:seconds")?.remove(0);
        for (moment, start) in course(url, &starts)? {
            let begun = seconds(slo.window().bounds(tick(moment)).start);
            assert_eq!(start, Some(begun), "{name} at {moment}");
        }
    }
    Ok(())
}

#[test]
fn engines_know_by_date_what_slo_core_knows() -> Outcome {
    let prometheus = Prometheus::start()?;
    agrees(&prometheus.url())?;
    let store = VictoriaMetrics::start()?;
    agrees(&store.url())
}

/// What the fleet's rules make of a planned time: of events that the process excludes, and of a service that is stopped.
const FLEET: &str = r#"
rule_files: [rules.yaml]
evaluation_interval: 1m
group_eval_order: [slo-1-definitions, slo-2-ratios, slo-4-30d-tiles, slo-5-data]
tests:
- name: what was planned is no hang, what goes on after it is
  interval: 1m
  input_series:
  - { series: 'slo_events_total{service_name="shop", slo_name="pay", slo_outcome="good"}', values: '0+100x120' }
  - { series: 'slo_events_total{service_name="shop", slo_name="pay", slo_outcome="bad"}', values: '0x120' }
  - { series: 'slo_events_total{service_name="shop", slo_name="pay", slo_outcome="excluded"}', values: '0x20 100+100x99' }
  - { series: 'slo_error_budget_ratio{service_name="shop", slo_name="pay"}', values: '0.001x120' }
  - { series: 'slo_window_seconds{service_name="shop", slo_name="pay"}', values: '2592000x120' }
  - { series: 'slo_spec_info{service_name="shop", slo_name="pay", slo_status="agreed", slo_sli="http"}', values: '1x120' }
  - { series: 'slo_exclusion_end_seconds{service_name="shop", slo_name="pay"}', values: '0x19 3600x39 0x60' }
  # Code tells these, and excludes on purpose; those are of a version that does not say what they are.
  - { series: 'slo_events_total{service_name="shop", slo_name="mails", slo_outcome="good"}', values: '0+100x120' }
  - { series: 'slo_events_total{service_name="shop", slo_name="mails", slo_outcome="excluded"}', values: '0+100x120' }
  - { series: 'slo_spec_info{service_name="shop", slo_name="mails", slo_status="agreed", slo_sli="events"}', values: '1x120' }
  - { series: 'slo_events_total{service_name="shop", slo_name="old", slo_outcome="good"}', values: '0+100x120' }
  - { series: 'slo_events_total{service_name="shop", slo_name="old", slo_outcome="excluded"}', values: '0+100x120' }
  - { series: 'slo_spec_info{service_name="shop", slo_name="old", slo_status="agreed"}', values: '1x120' }
  # An engine counts it: its budget is the business of other rules, and without them somebody is told.
  - { series: 'slo_error_budget_ratio{service_name="shop", slo_name="queue"}', values: '0.001x120' }
  - { series: 'slo_window_seconds{service_name="shop", slo_name="queue"}', values: '2592000x120' }
  - { series: 'slo_spec_info{service_name="shop", slo_name="queue", slo_status="agreed", slo_sli="prometheus"}', values: '1x120' }
  promql_expr_test:
  - { expr: 'slo:exclusion_end:seconds - time()', eval_time: 50m, exp_samples: [{ labels: '{service_name="shop", slo_name="pay"}', value: 600 }] }
  - { expr: 'slo:exclusion_end:seconds', eval_time: 60m, exp_samples: [] }
  - { expr: 'count(ALERTS{alertname="SloMuchExcluded", slo_name="pay"})', eval_time: 40m, exp_samples: [] }
  - { expr: 'count(ALERTS{alertname="SloMuchExcluded", slo_name="pay"})', eval_time: 76m, exp_samples: [] }
  - { expr: 'count(ALERTS{alertname="SloMuchExcluded", slo_name="pay"})', eval_time: 80m, exp_samples: [{ labels: '{}', value: 1 }] }
  - { expr: 'count(ALERTS{alertname="SloMuchExcluded", slo_name="mails"})', eval_time: 40m, exp_samples: [] }
  - { expr: 'count(ALERTS{alertname="SloMuchExcluded", slo_name="old"})', eval_time: 40m, exp_samples: [{ labels: '{}', value: 1 }] }
  - { expr: 'count(slo:error_budget:ratio) by (slo_name)', eval_time: 40m, exp_samples: [{ labels: '{slo_name="pay"}', value: 1 }] }
  - { expr: 'count(ALERTS{alertname="SloWindowWithoutRules", alertstate="firing"}) by (slo_name)', eval_time: 40m, exp_samples: [{ labels: '{slo_name="queue"}', value: 1 }] }
- name: a service that is stopped for the work is missed when it should be back
  interval: 1m
  input_series:
  - { series: 'slo_events_total{service_name="shop", slo_name="pay", slo_outcome="good"}', values: '0+100x29 _x60' }
  - { series: 'slo_events_total{service_name="shop", slo_name="pay", slo_outcome="bad"}', values: '0x29 _x60' }
  - { series: 'slo_error_budget_ratio{service_name="shop", slo_name="pay"}', values: '0.001x29 _x60' }
  - { series: 'slo_window_seconds{service_name="shop", slo_name="pay"}', values: '2592000x29 _x60' }
  - { series: 'slo_spec_info{service_name="shop", slo_name="pay", slo_status="agreed", slo_sli="http"}', values: '1x29 _x60' }
  - { series: 'slo_exclusion_end_seconds{service_name="shop", slo_name="pay"}', values: '0x19 3600x9 _x60' }
  promql_expr_test:
  - { expr: 'count(ALERTS{alertname="SloDataMissing"})', eval_time: 59m, exp_samples: [] }
  - { expr: 'count(ALERTS{alertname="SloDataMissing"})', eval_time: 61m, exp_samples: [{ labels: '{}', value: 1 }] }
"#;

/// Counters of others: nothing bad yet, and counters that vanish.
const FOREIGN: &str = r#"
rule_files: [rules.yaml]
evaluation_interval: 1m
group_eval_order: [slo-mailer-production-post.heartbeat, slo-mailer-production-post-mails, slo-mailer-production-post-mails.tiles, slo-mailer-production-post-calls, slo-mailer-production-post-calls.tiles, slo-mailer-production-post-steps, slo-mailer-production-post-steps.tiles, slo-mailer-production-post.data]
tests:
- name: counters of others
  interval: 1m
  input_series:
  - { series: 'mails_total', values: '0+60x60 _x30' }
  - { series: 'gateway_requests_total{code="200", job="gateway"}', values: '0+120x90' }
  - { series: 'gateway_requests_total{code="200", job="other"}', values: '0+500x90' }
  - { series: 'steps_total{step="a"}', values: '0+60x90' }
  - { series: 'steps_failed_total{step="a"}', values: '0+3x90' }
  - { series: 'steps_retried_total{step="a"}', values: '0+1x90' }
  promql_expr_test:
  - { expr: 'slo:error_ratio:rate5m{slo_name="mails"}', eval_time: 30m, exp_samples: [{ labels: 'slo:error_ratio:rate5m{service_name="mailer", service_namespace="post", deployment_environment_name="production", slo_name="mails"}', value: 0 }] }
  - { expr: 'slo:bad_events:increase5m{slo_name="mails"}', eval_time: 30m, exp_samples: [{ labels: 'slo:bad_events:increase5m{service_name="mailer", service_namespace="post", deployment_environment_name="production", slo_name="mails", slo_window="30d", slo_rules="own"}', value: 0 }] }
  - { expr: 'round(sum(slo:valid_events:increase5m{slo_name="mails"}))', eval_time: 30m, exp_samples: [{ labels: '{}', value: 300 }] }
  - { expr: 'round(sum(slo:error_ratio:rate1h{slo_name="steps"}) * 600)', eval_time: 70m, exp_samples: [{ labels: '{}', value: 20 }] }
  - { expr: 'sum(slo:error_ratio:rate5m{slo_name="calls"})', eval_time: 30m, exp_samples: [{ labels: '{}', value: 0 }] }
  - { expr: 'count(ALERTS{alertname="SloDataMissing"}) by (slo_name)', eval_time: 65m, exp_samples: [] }
  - { expr: 'count(ALERTS{alertname="SloDataMissing"}) by (slo_name)', eval_time: 72m, exp_samples: [{ labels: '{slo_name="mails"}', value: 1 }] }
  - { expr: 'count(ALERTS{alertname="SloCountsDiffer"})', eval_time: 90m, exp_samples: [] }
"#;

fn tested(rules: &str, tests: &str) -> Result<String, Failure> {
    let folder = folder(&[("rules.yaml", rules), ("test.yaml", tests)])?;
    let output = run(Binary::Promtool, folder.path(), &["test", "rules", "test.yaml"])?;
    succeeded("promtool test rules", &output)
}

#[test]
fn the_fleet_knows_a_planned_time_from_a_hang_and_from_an_outage() -> Outcome {
    tested(&slo("rules --fleet --window 30d")?, FLEET).map(drop)
}

/// Work that is planned until the eighth hour, and ended after one by a rollout that dies after another: of a spec with an earlier
/// end, or without any. And one instance that is stopped for the work, of which nobody says more.
#[test]
fn what_is_said_last_of_planned_work_is_so() -> Outcome {
    let spec = "version: 1\nservice: shop\nslos:\n  - { name: pay, promise: P., owner: o, status: agreed, objective: 99%, window: 30d, \
                sli: { http: { routes: [/pay] } } }\nexclude: [{ from: 2026-01-04 02:00, duration: 8h, time_zone: UTC, reason: upgrade }]\n";
    let folder = folder(&[("slo.yaml", spec)])?;
    let spec = path(&folder.path().join("slo.yaml"));
    let instance = |number: u64, present: &str, end: &str| -> String {
        let of = |metric: &str, more: &str, values: &str| {
            format!(
                "  - {{ series: '{metric}{{service_name=\"shop\", service_instance_id=\"{number}\", slo_name=\"pay\"{more}}}', values: \
                 '{values}' }}\n"
            )
        };
        let counts = present.replace("1x", "0+100x");
        [
            of("slo_events_total", ", slo_outcome=\"good\"", &counts),
            of("slo_spec_info", ", slo_status=\"agreed\"", present),
            of("slo_window_seconds", "", &present.replace("1x", "2592000x")),
            of("slo_error_budget_ratio", "", &present.replace("1x", "0.01x")),
            of("slo_exclusion_end_seconds", "", end),
        ]
        .concat()
    };
    let old = instance(1, "1x60", "0x19 28800x40");
    let ended = [&old, &instance(2, "_x60 1x60", "_x60 0x60")]
        .map(String::as_str)
        .concat();
    let without = [&old, &instance(2, "_x60 1x60", "_x120")].map(String::as_str).concat();
    let test = |name: &str, series: &str, is_planned: bool| {
        let counted = |query: &str, minute: u64, is_there: bool| {
            let samples = if is_there { "{ labels: '{}', value: 1 }" } else { "" };
            format!("  - {{ expr: 'count({query})', eval_time: {minute}m, exp_samples: [{samples}] }}\n")
        };
        let (ends, missing) = ("slo:exclusion_end:seconds", "ALERTS{alertname=\"SloDataMissing\"}");
        let then: String = [70, 110, 200, 470]
            .map(|minute| counted(ends, minute, is_planned))
            .concat();
        let told = [counted(missing, 200, !is_planned), counted(missing, 485, true)].concat();
        let before = counted(ends, 58, true);
        format!("- name: {name}\n  interval: 1m\n  input_series:\n{series}  promql_expr_test:\n{before}{then}{told}")
    };
    let tests = [
        test("ended", &ended, false),
        test("without", &without, false),
        test("stopped", &old, true),
    ];
    let tests = format!(
        "rule_files: [rules.yaml]\nevaluation_interval: 1m\ntests:\n{}",
        tests.concat()
    );
    for engine in ["prometheus", "victoriametrics"] {
        tested(&slo(&format!("rules --fleet --window 30d --engine {engine}"))?, &tests)?;
        tested(&slo(&format!("rules --engine {engine} {spec}"))?, &tests)?;
    }
    Ok(())
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn counters_of_others_are_counted_and_missed() -> Outcome {
    let spec = path(&in_workspace("slo-cli/tests/rules/in/foreign.yaml"));
    let rules = slo(&format!(
        "rules --beside-fleet --namespace post --environment-label production {spec}"
    ))?;
    tested(&rules, FOREIGN).map(drop)
}

/// A spec whose two queries count different things.
#[test]
fn a_part_that_is_more_than_the_whole_is_told() -> Outcome {
    let spec = "version: 1\nservice: mailer\nslos:\n  - name: mails\n    objective: 99%\n    window: 30d\n    sli: { \
                prometheus: { good: sent_total, valid: taken_total } }\n";
    let folder = folder(&[("slo.yaml", spec)])?;
    let rules = slo(&format!("rules {}", path(&folder.path().join("slo.yaml"))))?;
    let test = "rule_files: [rules.yaml]\nevaluation_interval: 1m\ngroup_eval_order: [slo-mailer-mails, slo-mailer-mails.tiles]\n\
                tests:\n- interval: 1m\n  input_series:\n  - { series: sent_total, values: '0+120x90' }\n  - { series: \
                taken_total, values: '0+100x90' }\n  promql_expr_test:\n  - { expr: 'count(ALERTS{alertname=\"SloCountsDiffer\", \
                alertstate=\"firing\"})', eval_time: 90m, exp_samples: [{ labels: '{}', value: 1 }] }\n  - { expr: \
                'sum(slo:error_ratio:rate1h)', eval_time: 90m, exp_samples: [{ labels: '{}', value: 0 }] }\n";
    tested(&rules, test).map(drop)
}
