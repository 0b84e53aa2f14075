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
