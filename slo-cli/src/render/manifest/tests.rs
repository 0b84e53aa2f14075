//! The files, read back by another project's reader of YAML.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::reading::{hostile, read};
use super::*;
use crate::render::probes::{Probes, targets};

const SPEC: &str = "version: 1\nservice: shop\nslos:\n  - name: buying\n    objective: 99.9%\n    window: 30d\n    \
                    sli: { http: { routes: [/buy], faster_than: 1s } }\n  - name: stock-freshness\n    objective: 99%\n    \
                    window: 40d\n    sli: { synthetic: { path: /stock/synthetic/health } }\n\
                    gate: { bad_ratio: \"< 0.3% over 10m\", p95: \"< 2s over 5m\" }\n\
                    environments:\n  dev: { gate: { bad_ratio: \"< 5% over 10m\" } }\n";

fn set() -> SloSet {
    SloSet::from_yaml(SPEC).unwrap()
}

/// What the command makes of `--target http://shop`.
static PROBES: LazyLock<(ExporterAddress, Vec<ProbeKit>)> = LazyLock::new(|| {
    let set = set();
    let probes = Probes {
        set: &set,
        environment: "production",
        namespace: None,
        module: "freshness",
        targets: targets(&[], set.service()).unwrap(),
    };
    (
        "blackbox-exporter:9115".parse().unwrap(),
        probes.jobs(|builder| builder).unwrap(),
    )
});

static ALERTMANAGERS: LazyLock<Vec<String>> = LazyLock::new(|| vec!["alertmanager:9093".to_owned()]);

fn plan(set: &SloSet) -> Plan<'_> {
    Plan {
        set,
        spec: SPEC,
        environment: "production",
        namespace: None,
        prometheus: "http://prometheus:9090/",
        remote_write: "http://prometheus:9090/api/v1/write",
        tenant: None,
        alertmanagers: &ALERTMANAGERS,
        image: "slo:1",
        exporter: &PROBES.0,
        probes: &PROBES.1,
        deploy: Deploy::default(),
    }
}

/// A file of these, as JSON.
fn file_of(plan: &Plan<'_>, name: &str) -> Value {
    let files = render(plan);
    let (_, text) = files.iter().find(|(file, _)| file == name).unwrap();
    read(text).unwrap()
}

#[test]
fn every_file_is_one_document_and_every_object_has_a_name() {
    let set = set();
    let files = render(&plan(&set));
    assert_eq!(files.len(), 10);
    for (name, text) in files {
        let value = read(&text).unwrap();
        assert!(text.starts_with("# Written by `slo manifests`"), "{name}");
        if !name.starts_with("settings/") {
            assert!(name.starts_with("kubernetes/") || name.starts_with("shared/"), "{name}");
            for key in ["/apiVersion", "/kind", "/metadata/name"] {
                assert!(value.pointer(key).is_some_and(Value::is_string), "{name} {key}");
            }
        }
    }
}

/// What a container is started with.
fn words_of(plan: &Plan<'_>, file: &str) -> Vec<String> {
    let object = file_of(plan, file);
    let words = object.pointer("/spec/template/spec/containers/0/args").unwrap();
    let words = words.as_array().unwrap().iter();
    words.map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// The gate as the Job starts it.
fn gate_of(plan: &Plan<'_>) -> crate::args::GateArgs {
    use clap::Parser as _;

    let words = words_of(plan, "kubernetes/gate-job.yaml");
    let parsed = crate::args::Args::try_parse_from(std::iter::once("slo".to_owned()).chain(words));
    let crate::args::Command::Gate(gate) = parsed.unwrap().command else {
        panic!("no gate")
    };
    *gate
}

#[test]
fn the_gate_takes_the_arguments_that_the_job_has_for_it() {
    let set = set();
    let gate = gate_of(&Plan {
        namespace: Some("-sales"),
        ..plan(&set)
    });
    assert_eq!(gate.engine.url, "http://prometheus:9090/");
    assert_eq!(gate.namespace.as_deref(), Some("-sales"));
    assert_eq!(
        (gate.environment.as_deref(), gate.revision.as_deref()),
        (Some("production"), Some("$(SLO_REVISION)"))
    );
}

#[test]
fn the_job_ends_after_the_gate_and_asks_once() {
    let set = set();
    let job = file_of(&plan(&set), "kubernetes/gate-job.yaml");
    let spec = &job["spec"];
    let pod = &spec["template"]["spec"];
    assert_eq!(
        (&spec["backoffLimit"], &pod["restartPolicy"]),
        (&json!(0), &json!("Never"))
    );
    let args = pod["containers"][0]["args"].as_array().unwrap();
    let after = |flag: &str| &args[args.iter().position(|arg| arg == flag).unwrap() + 1];
    let timeout: u64 = after("--timeout")
        .as_str()
        .unwrap()
        .trim_end_matches('s')
        .parse()
        .unwrap();
    assert!(spec["activeDeadlineSeconds"].as_u64().unwrap() >= 2 * timeout + 60);
    assert_eq!(after("--environment"), "production");
    let annotations = &job["metadata"]["annotations"];
    assert_eq!(annotations["argocd.argoproj.io/hook"], "PreSync");
    assert_eq!(
        annotations["argocd.argoproj.io/hook-delete-policy"],
        "BeforeHookCreation"
    );
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    let locked = &pod["containers"][0]["securityContext"];
    assert_eq!(
        (&locked["readOnlyRootFilesystem"], &locked["allowPrivilegeEscalation"]),
        (&json!(true), &json!(false))
    );
}

#[test]
fn what_the_gate_is_told_goes_from_annotation_to_variable_to_flag() {
    let set = set();
    let job = file_of(&plan(&set), "kubernetes/gate-job.yaml");
    let template = &job["spec"]["template"];
    let container = &template["spec"]["containers"][0];
    let args = container["args"].as_array().unwrap();
    let variables = container["env"].as_array().unwrap();
    let (told, others): (Vec<_>, Vec<_>) = variables
        .iter()
        .partition(|variable| variable.get("valueFrom").is_some());
    assert_eq!((told.len(), others.len()), (4, 1));
    assert_eq!(
        (&others[0]["name"], &others[0]["value"]),
        (
            &json!("OTEL_EXPORTER_OTLP_ENDPOINT"),
            &json!("http://vmagent:8429/opentelemetry")
        )
    );
    for variable in told {
        let path = variable["valueFrom"]["fieldRef"]["fieldPath"].as_str().unwrap();
        let annotation = path
            .strip_prefix("metadata.annotations['")
            .unwrap()
            .trim_end_matches("']");
        assert_eq!(template["metadata"]["annotations"][annotation], "", "{annotation}");
        let expanded = format!("=$({})", variable["name"].as_str().unwrap());
        let users = args.iter().filter(|arg| arg.as_str().unwrap().ends_with(&expanded));
        assert_eq!(users.count(), 1, "{expanded}");
    }
}

#[test]
fn the_spec_is_mounted_where_the_gate_reads_it() {
    let set = set();
    let (job, spec) = (
        file_of(&plan(&set), "kubernetes/gate-job.yaml"),
        file_of(&plan(&set), "kubernetes/gate-spec.yaml"),
    );
    let pod = &job["spec"]["template"]["spec"];
    assert_eq!(pod["volumes"][0]["configMap"]["name"], spec["metadata"]["name"]);
    assert_eq!(spec["data"]["slo.yaml"], SPEC);
    let folder = pod["containers"][0]["volumeMounts"][0]["mountPath"].as_str().unwrap();
    assert_eq!(pod["containers"][0]["args"][1], format!("{folder}/slo.yaml"));
    let wave = |object: &Value| {
        object["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]
            .as_str()
            .unwrap()
            .parse::<i32>()
    };
    assert!(wave(&spec).unwrap() < wave(&job).unwrap());
}

/// What Argo Rollouts makes of an answer, by its documented rules: failure first, then success, else inconclusive.
fn judged(metric: &Value, result: &[f64]) -> &'static str {
    let holds = |condition: &str| {
        let rest = condition
            .strip_prefix("len(result) == 1 && !isNaN(result[0]) && result[0] ")
            .unwrap_or_else(|| panic!("{condition}"));
        let (comparison, limit) = rest.split_once(' ').unwrap();
        let limit: f64 = limit.parse().unwrap();
        let [value] = result else { return false };
        !value.is_nan()
            && match comparison {
                "<" => *value < limit,
                "<=" => *value <= limit,
                ">" => *value > limit,
                ">=" => *value >= limit,
                other => panic!("{other}"),
            }
    };
    match (&metric["failureCondition"], &metric["successCondition"]) {
        (Value::String(failure), _) if holds(failure) => "failed",
        (_, Value::String(success)) if holds(success) => "successful",
        _ => "inconclusive",
    }
}

#[test]
fn an_answer_that_is_none_is_neither_success_nor_failure() {
    let set = set();
    let template = file_of(&plan(&set), "kubernetes/analysis-template.yaml");
    let [bad, slow] = template["spec"]["metrics"].as_array().unwrap().as_slice() else {
        panic!("two metrics")
    };
    for metric in [bad, slow] {
        for none in [&[][..], &[f64::NAN], &[0.0, 0.0]] {
            assert_eq!(judged(metric, none), "inconclusive", "{none:?}");
        }
        assert_eq!(judged(metric, &[0.0]), "successful");
        assert_eq!(judged(metric, &[1.0]), "failed");
        assert_eq!(judged(metric, &[f64::INFINITY]), "failed");
        assert_eq!(metric["failureLimit"], 0);
    }
    // As the gate: exactly the limit is a breach of `<`, and 95% fast are enough for a p95.
    assert_eq!(
        (judged(bad, &[0.003]), judged(bad, &[0.002_999])),
        ("failed", "successful")
    );
    assert_eq!(
        (judged(slow, &[0.05]), judged(slow, &[0.050_001])),
        ("successful", "failed")
    );
}

#[test]
fn an_environment_has_its_own_limits() {
    let of = |environment| {
        let set = set().for_environment(environment);
        let template = file_of(
            &Plan {
                environment,
                ..plan(&set)
            },
            "kubernetes/analysis-template.yaml",
        );
        let args = template["spec"]["args"][0]["value"].clone();
        (
            template["spec"]["metrics"][0]["successCondition"]
                .as_str()
                .unwrap()
                .to_owned(),
            args,
        )
    };
    assert!(of("production").0.ends_with("< 0.003"));
    let (condition, environment) = of("dev");
    assert!(condition.ends_with("< 0.05"), "{condition}");
    assert_eq!(environment, "dev");
}

#[test]
fn whole_seconds_are_found_however_they_are_written() {
    let set = set();
    let template = file_of(&plan(&set), "kubernetes/analysis-template.yaml");
    let query = template["spec"]["metrics"][1]["provider"]["prometheus"]["query"]
        .as_str()
        .unwrap();
    assert!(query.contains(r#"le=~"2(\\.0)?""#), "{query}");
    assert!(query.contains("[300s]"), "{query}");
}

#[test]
fn a_probe_asks_the_health_endpoint_of_each_synthetic_slo() {
    let set = set();
    let probe = file_of(&plan(&set), "kubernetes/probe-stock-freshness.yaml");
    let targets = &probe["spec"]["targets"]["staticConfig"];
    assert_eq!(targets["static"], json!(["http://shop/stock/synthetic/health"]));
    let labels = json!({
        "service_name": "shop", "deployment_environment_name": "production", "slo_name": "stock-freshness",
    });
    assert_eq!(targets["labels"], labels);
}

#[test]
fn history_is_kept_as_the_spec_says_and_for_longer_than_the_longest_window() {
    for (said, days) in [
        ("", 45),
        ("retention: 400d\n", 400),
        ("retention: 41d\n", 45),
        ("retention: 45d\n", 45),
    ] {
        let set = SloSet::from_yaml(&format!("{SPEC}{said}")).unwrap();
        let files = render(&plan(&set));
        let flag = format!("--storage.tsdb.retention.time={days}d\n");
        let retention = files.iter().filter(|(_, text)| text.contains(&flag));
        assert_eq!(retention.count(), 2, "{said}: {flag}");
    }
}

#[test]
fn what_services_share_is_the_same_for_each_and_in_no_folder_of_theirs() {
    let set = set();
    let other = SloSet::from_yaml(&SPEC.replace("service: shop", "service: till")).unwrap();
    let in_sales = Plan {
        namespace: Some("sales"),
        environment: "dev",
        ..plan(&other)
    };
    let shared = |plan: &Plan<'_>| -> Vec<_> {
        let files = render(plan).into_iter();
        files.filter(|(name, _)| name.starts_with("shared/")).collect()
    };
    assert_eq!(shared(&plan(&set)), shared(&in_sales));
    assert_eq!(shared(&plan(&set)).len(), 3);
    for (name, text) in shared(&plan(&set)) {
        assert!(text.contains("# and not with each service."), "{name}: {text}");
    }
    let names = |plan: &Plan<'_>, folder: &str| -> Vec<_> {
        let files = render(plan).into_iter().filter(|(name, _)| name.starts_with(folder));
        files
            .map(|(_, text)| {
                let object = read(&text).unwrap();
                (object["kind"].to_string(), object["metadata"]["name"].to_string())
            })
            .collect()
    };
    for name in names(&plan(&set), "kubernetes/") {
        assert!(
            !names(&plan(&other), "kubernetes/").contains(&name),
            "two services have {name:?}"
        );
    }
}

#[test]
fn a_service_has_names_of_its_own_in_each_place() {
    let name = |service: &str, environment: &str, namespace: Option<&str>| {
        let set = SloSet::from_yaml(&SPEC.replace("service: shop", &format!("service: {service}"))).unwrap();
        let plan = Plan {
            environment,
            namespace,
            ..plan(&set)
        };
        plan.name("slo-gate")
    };
    assert_eq!(name("shop", "production", None), "shop-slo-gate");
    let all = [
        name("shop", "production", None),
        name("shop", "dev", None),
        name("shop-dev", "production", None),
        name("shop.dev", "production", None),
        name("shop", "production", Some("dev")),
        name("shop", "dev", Some("dev")),
        name("shop-dev", "dev", None),
    ];
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len(), "{all:?}");
    assert!(all[1].starts_with("shop-dev-slo-gate-"), "{}", all[1]);
    assert!(all[4].starts_with("shop-dev-slo-gate-"), "{}", all[4]);
    assert!(name("shop", "dev", Some(&"n".repeat(60))).len() <= LONGEST_NAME);
}

#[test]
fn a_namespace_is_in_whatever_asks_for_the_service() {
    let set = set();
    let plan = Plan {
        namespace: Some("sales \"$(X)\""),
        ..plan(&set)
    };
    let probe = file_of(&plan, "kubernetes/probe-stock-freshness.yaml");
    let labels = &probe["spec"]["targets"]["staticConfig"]["labels"];
    assert_eq!(labels["service_namespace"], "sales \"$(X)\"");
    let job = file_of(&plan, "kubernetes/gate-job.yaml");
    let args = job.pointer("/spec/template/spec/containers/0/args").unwrap();
    // Kubernetes makes one `$` of two.
    assert!(
        args.as_array().unwrap().contains(&json!("--namespace=sales \"$$(X)\"")),
        "{args}"
    );
    let template = file_of(&plan, "kubernetes/analysis-template.yaml");
    for metric in template["spec"]["metrics"].as_array().unwrap() {
        let query = metric["provider"]["prometheus"]["query"].as_str().unwrap();
        let series = query.matches("service_name=").count();
        assert_eq!(
            query.matches(r#"service_namespace="sales \"$(X)\"""#).count(),
            series,
            "{query}"
        );
    }
}

#[test]
fn what_is_pushed_is_written_where_that_is_said() {
    let set = set();
    let mimir = Plan {
        prometheus: "https://mimir/prometheus",
        remote_write: "https://mimir/api/v1/push",
        ..plan(&set)
    };
    let collector = file_of(&mimir, "settings/otel-collector.yaml");
    let endpoint = collector.pointer("/exporters/prometheusremotewrite/endpoint").unwrap();
    assert_eq!(endpoint, "https://mimir/api/v1/push");
    let words = words_of(&mimir, "shared/vmagent-deployment.yaml");
    assert!(
        words.contains(&"-remoteWrite.url=https://mimir/api/v1/push".to_owned()),
        "{words:?}"
    );
}

#[test]
fn a_tenant_is_asked_and_written_to() {
    let set = set();
    let of_one = Plan {
        tenant: Some("team-a!_.*'()"),
        ..plan(&set)
    };
    let told = |plan: &Plan<'_>| {
        let agent = words_of(plan, "shared/vmagent-deployment.yaml");
        let collector = file_of(plan, "settings/otel-collector.yaml");
        let analysis = file_of(plan, "kubernetes/analysis-template.yaml");
        let metrics = analysis["spec"]["metrics"].as_array().unwrap().iter();
        (
            gate_of(plan).engine.headers,
            agent
                .iter()
                .filter_map(|word| word.strip_prefix("-remoteWrite.headers="))
                .map(str::to_owned)
                .collect::<Vec<_>>(),
            collector["exporters"]["prometheusremotewrite"]["headers"].clone(),
            metrics
                .map(|metric| metric["provider"]["prometheus"]["headers"].clone())
                .collect::<Vec<_>>(),
        )
    };
    let header = json!([{ "key": "X-Scope-OrgID", "value": "team-a!_.*'()" }]);
    assert_eq!(
        told(&of_one),
        (
            vec!["X-Scope-OrgID: team-a!_.*'()".to_owned()],
            vec!["X-Scope-OrgID:team-a!_.*'()".to_owned()],
            json!({ "X-Scope-OrgID": "team-a!_.*'()" }),
            vec![header; 2],
        )
    );
    assert_eq!(told(&plan(&set)), (vec![], vec![], Value::Null, vec![Value::Null; 2]));
}

#[test]
fn prometheus_tells_every_alertmanager() {
    let set = set();
    let both = ["am-0:9093".to_owned(), "am-1:9093".to_owned()];
    let plan = Plan {
        alertmanagers: &both,
        ..plan(&set)
    };
    for file in ["settings/prometheus.yml", "settings/prometheus-otlp.yml"] {
        let targets = file_of(&plan, file)["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"].clone();
        assert_eq!(targets, json!(both), "{file}");
    }
}

/// Those of `slo probes`: a scrape job has labels for each target, a Probe one set for all of its own.
#[test]
fn targets_with_labels_of_their_own_have_probes_of_their_own() {
    let set = set();
    let target = |base: &str, labels: &[(&str, &str)]| {
        let target = slo_health::probe::ProbeTarget::new(base).unwrap();
        labels
            .iter()
            .fold(target, |target, (name, value)| target.label(*name, *value))
    };
    let kr = [("region", "kr")];
    let probes = Probes {
        set: &set,
        environment: "production",
        namespace: None,
        module: "freshness",
        targets: vec![
            target("https://kr", &kr),
            target("https://us", &[("region", "us")]),
            target("https://kr2", &kr),
        ],
    };
    let times = |builder: slo_health::probe::ProbeKitBuilder| {
        let builder = builder.interval(std::time::Duration::from_secs(60));
        builder.scrape_timeout(std::time::Duration::from_millis(20_500))
    };
    let kits = probes.jobs(times).unwrap();
    let plan = Plan {
        probes: &kits,
        ..plan(&set)
    };
    let one = file_of(&plan, "kubernetes/probe-stock-freshness.yaml");
    let two = file_of(&plan, "kubernetes/probe-stock-freshness.2.yaml");
    let names = [&one, &two].map(|probe| probe["metadata"]["name"].as_str().unwrap().to_owned());
    assert_eq!(names[0], "shop-stock-freshness");
    assert!(
        names[1].starts_with("shop-stock-freshness-2-") && names[1].len() <= 63,
        "{}",
        names[1]
    );
    for probe in [&one, &two] {
        assert_eq!(probe["spec"]["jobName"], kits[0].job());
        assert_eq!(
            (&probe["spec"]["interval"], &probe["spec"]["scrapeTimeout"]),
            (&json!("60s"), &json!("20500ms"))
        );
        assert_eq!(
            probe["spec"]["targets"]["staticConfig"]["labels"]["slo_name"],
            "stock-freshness"
        );
    }
    // Every target that is scraped is probed, with the same labels.
    let scraped = read(&kits[0].scrape_config(&PROBES.0)).unwrap()["scrape_configs"][0]["static_configs"].clone();
    let scraped: std::collections::BTreeSet<_> = scraped
        .as_array()
        .unwrap()
        .iter()
        .map(|config| (config["targets"][0].to_string(), config["labels"].to_string()))
        .collect();
    let of = |probe: &Value| -> Vec<_> {
        let config = &probe["spec"]["targets"]["staticConfig"];
        let addresses = config["static"].as_array().unwrap().iter();
        addresses
            .map(|address| (address.to_string(), config["labels"].to_string()))
            .collect()
    };
    assert_eq!(
        [of(&one), of(&two)]
            .concat()
            .into_iter()
            .collect::<std::collections::BTreeSet<_>>(),
        scraped
    );
}

#[test]
fn collectors_put_whose_series_it_is_onto_each() {
    let set = set();
    let promoted = file_of(&plan(&set), "settings/prometheus-otlp.yml")["otlp"]["promote_resource_attributes"].clone();
    let whose = json!([
        "service.name",
        "service.namespace",
        "service.version",
        "service.instance.id",
        "deployment.environment.name",
    ]);
    assert_eq!(promoted, whose);
    let collector = file_of(&plan(&set), "settings/otel-collector.yaml");
    let writer = &collector["exporters"]["prometheusremotewrite"];
    assert_eq!(writer["resource_to_telemetry_conversion"]["enabled"], true);
    assert_eq!(writer["endpoint"], "http://prometheus:9090/api/v1/write");
    // What a pipeline names is there.
    let pipeline = &collector["service"]["pipelines"]["metrics"];
    for part in ["receivers", "processors", "exporters"] {
        for name in pipeline[part].as_array().unwrap() {
            assert!(collector[part].get(name.as_str().unwrap()).is_some(), "{part} {name}");
        }
    }
}

#[test]
fn long_names_of_services_are_names_of_objects() {
    let service = "s".repeat(63);
    let set = SloSet::from_yaml(&SPEC.replace("service: shop", &format!("service: {service}"))).unwrap();
    for (name, text) in render(&plan(&set)) {
        if name.starts_with("kubernetes/") {
            let object = read(&text).unwrap()["metadata"]["name"].as_str().unwrap().to_owned();
            assert!(object.len() <= 63, "{name}: {object}");
        }
    }
}

proptest! {
    // Each case renders and reads ten files four times.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_that_ci_or_a_person_writes_can_break_out(
        revision in hostile(),
        message in hostile(),
        author in hostile(),
        committed_at in hostile(),
        image in hostile(),
        spec in hostile(),
        prometheus in hostile(),
    ) {
        let set = set();
        let mild = plan(&set);
        let (revision, message) = (revision.as_str(), message.as_str());
        let (author, committed_at) = (author.as_str(), committed_at.as_str());
        let deploy = Deploy { revision, message, author, committed_at };
        let hostile = Plan { image: &image, spec: &spec, prometheus: &prometheus, deploy, ..mild.clone() };
        for ((name, text), (_, mild)) in render(&hostile).into_iter().zip(render(&mild)) {
            let (value, mild) = (read(&text), read(&mild).unwrap());
            prop_assert!(value.is_ok(), "{}: {:?}\n{}", name, value, text);
            prop_assert_eq!(shape(&value.unwrap()), shape(&mild), "{}", name);
        }
        let job = file_of(&hostile, "kubernetes/gate-job.yaml");
        let template = &job["spec"]["template"];
        let annotations = json!({"slo/revision": revision, "slo/message": message, "slo/author": author,
            "slo/committed-at": committed_at});
        prop_assert_eq!(&template["metadata"]["annotations"], &annotations);
        let container = &template["spec"]["containers"][0];
        prop_assert_eq!(&container["image"], &json!(image));
        // Kubernetes replaces `$(NAME)` and makes `$` of `$$`: what it does to our addresses is nothing.
        prop_assert_eq!(&container["args"][5], &json!(prometheus.replace('$', "$$")));
        prop_assert_eq!(&file_of(&hostile, "kubernetes/gate-spec.yaml")["data"]["slo.yaml"], &json!(spec));
    }
}

/// The keys of a document, and that what they lead to are texts.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(pairs) => Value::Object(pairs.iter().map(|(key, value)| (key.clone(), shape(value))).collect()),
        Value::Array(items) => Value::Array(items.iter().map(shape).collect()),
        Value::String(_) => json!("text"),
        other => other.clone(),
    }
}
