//! A spec's own rules count the service where it speaks of it: in its environments, and in its namespace.

use e2e::{Binary, Failure, Outcome};

use crate::tools::{folder, run, slo, succeeded};

const SPEC: &str = r#"
version: 1
service: shop
slos:
  - name: pay
    promise: Whoever wants to pay can.
    owner: deals-team
    status: agreed
    sli: { http: { routes: ["/pay"] } }
    objective: 99.9%
    window: 30d
environments:
  dev: { slos: { pay: { objective: 50%, status: draft } } }
"#;

/// One in five fails everywhere: in two environments, and for another team of the same name. A line for each way to say whose.
fn series(of: &str) -> String {
    let places = [("sales", "production"), ("sales", "dev"), ("toys", "production")];
    let each = places.iter().flat_map(|(namespace, environment)| {
        let labels = match of {
            "promoted" => format!(r#"service_name="shop", service_namespace="{namespace}", deployment_environment_name="{environment}""#),
            _ => format!(r#"job="{namespace}/shop", instance="{namespace}-{environment}""#),
        };
        let events = |outcome: &str, each: u64| {
            format!("  - {{ series: 'slo_events_total{{{labels}, slo_name=\"pay\", slo_outcome=\"{outcome}\"}}', values: '0+{each}x180' }}\n")
        };
        let target = format!("  - {{ series: 'target_info{{{labels}, deployment_environment_name=\"{environment}\"}}', values: '1x180' }}\n");
        [events("good", 80), events("bad", 20), if of == "target-info" { target } else { String::new() }]
    });
    each.collect()
}

/// Nothing is written twice, and these page: a label set each.
fn pages(files: &[(&str, String)], of: &str, expected: &[&str]) -> Outcome {
    let names: Vec<_> = files.iter().map(|(name, _)| *name).collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|labels| format!("{{ labels: '{labels}', value: 1 }}"))
        .collect();
    let test = format!(
        "rule_files: [{}]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n{}  promql_expr_test:\n  \
         - {{ expr: 'count by (service_namespace, deployment_environment_name) (ALERTS{{severity=\"page\", alertstate=\"firing\"}})', \
         eval_time: 150m, exp_samples: [{}] }}\n",
        names.join(", "),
        series(of),
        expected.join(", ")
    );
    let mut all: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    all.push(("test.yaml", &test));
    let folder = folder(&all)?;
    let output = run(Binary::Promtool, folder.path(), &["test", "rules", "test.yaml"])?;
    succeeded(&format!("promtool test rules, {of}"), &output).map(drop)
}

fn rules(args: &str) -> Result<String, Failure> {
    let folder = folder(&[("slo.yaml", SPEC)])?;
    let spec = folder.path().join("slo.yaml").display().to_string();
    let words: Vec<_> = ["rules", args, &spec]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect();
    slo(&words.join(" "))
}

const SALES: &str = r#"{service_namespace="sales", deployment_environment_name="production"}"#;
const TOYS: &str = r#"{service_namespace="toys", deployment_environment_name="production"}"#;

/// In dev it is a draft, whether or not the rules of dev are beside them.
#[test]
fn an_environment_with_numbers_of_its_own_is_left_to_its_rules() -> Outcome {
    for of in ["promoted", "target-info"] {
        let all = rules(&format!("--identity {of}"))?;
        let dev = rules(&format!("--identity {of} --environment dev"))?;
        pages(&[("rules.yaml", all.clone())], of, &[SALES, TOYS])?;
        pages(&[("rules.yaml", all), ("dev.yaml", dev.clone())], of, &[SALES, TOYS])?;
        pages(&[("dev.yaml", dev)], of, &[])?;
    }
    Ok(())
}

#[test]
fn what_is_named_is_counted_alone() -> Outcome {
    for of in ["promoted", "target-info"] {
        let named = |namespace: &str, environment: &str| {
            rules(&format!(
                "--identity {of} --namespace {namespace} --environment {environment}"
            ))
        };
        let (sales, toys) = (named("sales", "production")?, named("toys", "production")?);
        pages(&[("sales.yaml", sales.clone())], of, &[SALES])?;
        pages(&[("sales.yaml", sales), ("toys.yaml", toys)], of, &[SALES, TOYS])?;
    }
    let job = rules("--identity job --namespace sales")?;
    assert!(job.contains("# Counted in namespace sales, in every environment, as `job` does not tell them apart.\n"));
    pages(&[("job.yaml", job)], "job", &[r#"{service_namespace="sales"}"#])
}

/// A service that is stopped is missed in its own environment, by its own rules.
#[test]
fn data_is_missed_where_it_was() -> Outcome {
    let stopped = |environment: &str, values: &str| {
        format!(
            "  - {{ series: 'slo_events_total{{service_name=\"shop\", deployment_environment_name=\"{environment}\", slo_name=\"pay\", \
             slo_outcome=\"good\"}}', values: '{values}' }}\n"
        )
    };
    let test = format!(
        "rule_files: [rules.yaml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n{}{}  promql_expr_test:\n  - {{ \
         expr: 'count by (deployment_environment_name) (ALERTS{{alertname=\"SloDataMissing\"}})', eval_time: 75m, exp_samples: \
         [{{ labels: '{{deployment_environment_name=\"production\"}}', value: 1 }}] }}\n",
        stopped("production", "0+100x60 _x40"),
        stopped("dev", "0+100x50 _x50")
    );
    for args in ["", "--environment production"] {
        let rules = rules(args)?;
        let folder = folder(&[("rules.yaml", &rules), ("test.yaml", &test)])?;
        let output = run(Binary::Promtool, folder.path(), &["test", "rules", "test.yaml"])?;
        succeeded("promtool test rules", &output)?;
    }
    Ok(())
}

/// A spec with a planned time, and one promise that is told and one that is not.
const PLANNED: &str = r#"
version: 1
service: shop
slos:
  - { name: pay, promise: P., owner: o, status: agreed, sli: { http: { routes: [/pay] } }, objective: 99.9%, window: 30d }
  - { name: quiet, promise: P., owner: o, status: agreed, sli: { http: { routes: [/q] } }, objective: 99%, window: 30d, alerts: false }
  - { name: draft, sli: { http: { routes: [/d] } }, objective: 99%, window: 30d }
exclude: [{ from: 2026-01-04 02:00, duration: 2h, time_zone: UTC, reason: upgrade }]
"#;

/// Labels of a service in a place, as an identity has them.
fn place(of: &str, namespace: &str, environment: &str) -> String {
    match of {
        "promoted" => {
            format!(
                r#"service_name="shop", service_namespace="{namespace}", deployment_environment_name="{environment}""#
            )
        }
        _ => format!(r#"job="{namespace}/shop", instance="{namespace}-{environment}""#),
    }
}

fn input(metric: &str, labels: &str, values: &str) -> String {
    format!("  - {{ series: '{metric}{{{labels}}}', values: '{values}' }}\n")
}

/// What is so at a minute, of rules that count what these series tell.
fn so(rules: &str, input: &str, minute: u64, expr: &str, expected: &str) -> Outcome {
    let test = format!(
        "rule_files: [rules.yaml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n{input}  promql_expr_test:\n  - {{ \
         expr: '{expr}', eval_time: {minute}m, exp_samples: [{expected}] }}\n"
    );
    let folder = folder(&[("rules.yaml", rules), ("test.yaml", &test)])?;
    let output = run(Binary::Promtool, folder.path(), &["test", "rules", "test.yaml"])?;
    succeeded("promtool test rules", &output).map(drop)
}

fn planned(args: &str) -> Result<String, Failure> {
    let folder = folder(&[("slo.yaml", PLANNED)])?;
    let spec = folder.path().join("slo.yaml").display().to_string();
    let args = args.split(' ').filter(|arg| !arg.is_empty());
    let words: Vec<_> = ["rules"].into_iter().chain(args).chain([spec.as_str()]).collect();
    slo(&words.join(" "))
}

const MISSED: &str =
    r#"count by (service_namespace, deployment_environment_name) (ALERTS{alertname="SloDataMissing"})"#;

/// Two places, of which the first stops to push after an hour, and one of which says that work is planned until the fourth hour.
fn work(of: &str, [stops, goes_on]: [[&str; 2]; 2], says: [&str; 2]) -> String {
    let each = [(stops, "0+100x60 _x60", "1x60 _x60"), (goes_on, "0+100x120", "1x120")];
    let each = each.map(|([namespace, environment], values, target)| {
        let labels = place(of, namespace, environment);
        let more = format!(r#"{labels}, slo_name="pay", slo_outcome="good""#);
        let target = match of {
            "target-info" => input(
                "target_info",
                &format!(r#"{labels}, deployment_environment_name="{environment}""#),
                target,
            ),
            _ => String::new(),
        };
        input("slo_events_total", &more, values) + &target
    });
    let says = format!(r#"{}, slo_name="pay""#, place(of, says[0], says[1]));
    each.concat() + &input("slo_exclusion_end_seconds", &says, "14400x60 _x60")
}

/// What is planned in one environment, or for one team, is no reason for silence in another.
#[test]
fn planned_work_is_of_the_place_that_says_it() -> Outcome {
    let (production, staging, toys) = (["sales", "production"], ["sales", "staging"], ["toys", "production"]);
    for engine in ["prometheus", "victoriametrics"] {
        for of in ["promoted", "target-info"] {
            let rules = planned(&format!("--engine {engine} --identity {of}"))?;
            for other in [staging, toys] {
                let missed = format!("{{ labels: '{}', value: 1 }}", SALES);
                so(&rules, &work(of, [production, other], other), 75, MISSED, &missed)?;
                so(&rules, &work(of, [production, other], production), 75, MISSED, "")?;
            }
        }
        let rules = planned(&format!("--engine {engine} --identity job"))?;
        let missed = r#"{ labels: '{service_namespace="sales"}', value: 1 }"#;
        so(&rules, &work("job", [production, toys], toys), 75, MISSED, missed)?;
        so(&rules, &work("job", [production, toys], production), 75, MISSED, "")?;
    }
    Ok(())
}

/// Rules that know planned times by date leave out those: what a process of another place says takes nothing out of their
/// counts, and no missing data is left untold.
#[test]
fn what_rules_know_by_date_no_process_changes() -> Outcome {
    let rules = planned("--source http --from 2026-01-01")?;
    let requests = |environment: &str, values: &str| {
        let labels = place("promoted", "sales", environment);
        let labels =
            format!(r#"{labels}, http_route="/pay", http_request_method="GET", http_response_status_code="200""#);
        input("http_server_request_duration_seconds_count", &labels, values)
    };
    let says = format!(r#"{}, slo_name="pay""#, place("promoted", "sales", "staging"));
    let input = [
        requests("production", "0+100x60 _x60"),
        requests("staging", "0+100x120"),
        input("slo_exclusion_end_seconds", &says, "14400x120"),
    ];
    let counted =
        r#"round(sum(slo:valid_events:increase5m{slo_name="pay", deployment_environment_name="production"}))"#;
    so(&rules, &input.concat(), 50, counted, "{ labels: '{}', value: 500 }")?;
    so(
        &rules,
        &input.concat(),
        75,
        MISSED,
        &format!("{{ labels: '{SALES}', value: 1 }}"),
    )
}

/// Only what nobody is told of had traffic when the service went away.
#[test]
fn what_nobody_is_told_of_is_not_missed() -> Outcome {
    let events = |slo: &str, values: &str| {
        let labels = place("promoted", "sales", "production");
        input(
            "slo_events_total",
            &format!(r#"{labels}, slo_name="{slo}", slo_outcome="good""#),
            values,
        )
    };
    let (busy, idle) = ("0+100x60 _x60", "0x60 _x60");
    let of = |told, quiet, draft| [events("pay", told), events("quiet", quiet), events("draft", draft)].concat();
    for args in ["", "--engine victoriametrics --identity promoted"] {
        let rules = planned(args)?;
        so(&rules, &of(idle, busy, busy), 75, MISSED, "")?;
        let missed = format!("{{ labels: '{SALES}', value: 1 }}");
        so(&rules, &of(busy, idle, idle), 75, MISSED, &missed)?;
    }
    Ok(())
}
