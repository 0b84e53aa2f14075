//! Every metric that a rule, a panel or the text of an alert asks for is emitted by the example, or recorded by a rule.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use e2e::{
    BlackboxExporter, Failure, Http, Instance, Outcome, PATIENCE, Port, Prometheus, TempDir, VictoriaMetrics,
    build_binary, eventually, workspace_root,
};
use serde_json::Value;
use slo_core::{Slo, Status, SyntheticSli, Window};
use slo_health::probe::{ProbeKit, ProbeTarget};

use crate::lane::{SERVICE, slo};
use crate::metric_names::{of_query, queries_of_text};
use crate::traffic::send;

type Names = BTreeSet<String>;

/// The example's promises, and one over the calendar's month that had a planned time: the period's start and the planned
/// time's end are metrics of their own.
const BY_THE_MONTH: &str = "
  - name: browse-month
    promise: Anyone can look at listings in this month.
    owner: search-team
    status: agreed
    sli: { http: { routes: [\"/listings\"] } }
    objective: 99.9%
    window: { calendar: month, time_zone: Asia/Seoul }
    exclude: [{ from: 2026-01-31 02:00, until: 2026-01-31 04:00, time_zone: UTC, reason: move to another region }]
";

/// What neither the example nor a rule has, and who does.
const OTHERS: [&str; 4] = [
    // The engine itself.
    "ALERTS",
    // `slo gate`, once per run.
    "slo_gate_decisions_total",
    // What receives OTLP where resource attributes are not promoted, for `--identity target-info` alone.
    "target_info",
    // The engine, of what it scrapes.
    "up",
];

#[test]
fn what_is_asked_for_is_emitted_or_recorded() -> Outcome {
    let folder = TempDir::new("slo-e2e-asked")?;
    let rules = rules(folder.path())?;
    let (mut asked, recorded) = read_by_prometheus(folder.path(), &rules)?;
    let of_rules = asked.len();
    asked.extend(of_dashboards(folder.path())?);
    assert!(of_rules > 15 && asked.len() > of_rules, "{asked:?}");

    let spec = folder.path().join("slo.yaml");
    std::fs::write(
        &spec,
        example_spec()?.replacen("\ngate:", &format!("{BY_THE_MONTH}\ngate:"), 1),
    )?;
    let store = VictoriaMetrics::start()?;
    let args = ["--slo", &spec.display().to_string()];
    let mut example = Instance::start_with("asked", &store.otlp_endpoint(), &args, &[PUSH])?;
    send(&example.base, 3, None)?;
    send(&example.base, 3, Some("error"))?;
    let probed = probed(&example)?;
    let prom = store.prom();
    eventually(PATIENCE, || {
        let found = prom.instant(&format!("count by (__name__) ({{service_name=\"{SERVICE}\"}})"))?;
        let mut there: Names = found.iter().map(|sample| sample.label("__name__").to_owned()).collect();
        there.extend(probed.iter().cloned());
        there.extend(recorded.iter().cloned());
        let missing: Vec<_> = asked.difference(&there).map(String::as_str).collect();
        if missing == OTHERS {
            Ok(())
        } else {
            Err(format!("nobody has {missing:?}; others have {OTHERS:?}"))
        }
    })?;
    example.stop()
}

/// How often the example pushes, in milliseconds.
const PUSH: (&str, &str) = ("OTEL_METRIC_EXPORT_INTERVAL", "500");

fn example_spec() -> Result<String, Failure> {
    Ok(std::fs::read_to_string(
        workspace_root().join("examples/real-estate/slo.yaml"),
    )?)
}

/// Every file of rules that there is for the example, by name.
fn rules(folder: &Path) -> Result<Vec<String>, Failure> {
    let spec = workspace_root()
        .join("examples/real-estate/slo.yaml")
        .display()
        .to_string();
    let mut texts = Vec::new();
    for identity in ["promoted", "job", "target-info"] {
        texts.push(slo(&["rules", "--fleet", "--identity", identity])?);
        texts.push(slo(&["rules", "--identity", identity, &spec])?);
    }
    texts.push(slo(&["rules", "--fleet", "--engine", "mimir"])?);
    texts.push(of_plain_http(folder)?);
    texts.push(beside_the_fleets(folder)?);
    let kit = probe_kit()?;
    texts.extend([kit.recording_rules(), kit.alerting_rules()]);
    let named = texts.into_iter().enumerate().map(|(number, text)| {
        let name = format!("rules-{number}.yaml");
        std::fs::write(folder.join(&name), text)?;
        Ok(name)
    });
    named.collect()
}

/// Of a service that exports the duration histogram and nothing else.
fn of_plain_http(folder: &Path) -> Result<String, Failure> {
    let spec = example_spec()?;
    let (before, after) = spec
        .split_once("  - name: real-price-freshness")
        .ok_or_else(|| Failure::new("the example has no freshness"))?;
    let (_, gate) = after
        .split_once("\n# What a deploy needs")
        .ok_or_else(|| Failure::new("the example has no gate"))?;
    let path = folder.join("http.yaml");
    std::fs::write(&path, format!("{before}# {gate}"))?;
    slo(&["rules", "--source", "http", &path.display().to_string()])
}

/// Of promises with alerts of their own, which the fleet's rules record.
fn beside_the_fleets(folder: &Path) -> Result<String, Failure> {
    let path = folder.join("beside.yaml");
    let own = "alerts: { minimum_bad_events: 3 }\nslos:\n";
    std::fs::write(&path, example_spec()?.replacen("slos:\n", own, 1))?;
    slo(&["rules", "--beside-fleet", &path.display().to_string()])
}

/// For what the example promises about its prices.
fn probe_kit() -> Result<ProbeKit, Failure> {
    let sli = SyntheticSli::new("/real-price/synthetic/health");
    let freshness = Slo::new("real-price-freshness", sli, "99%".parse()?, Window::days(30)?).status(Status::Agreed);
    let kit = ProbeKit::builder(SERVICE)
        .target(ProbeTarget::new("http://127.0.0.1:3000")?)
        .slo(&freshness);
    Ok(kit.build()?)
}

/// What the engine that reads all these rules finds asked for in them, in texts as well, and what they record.
fn read_by_prometheus(folder: &Path, files: &[String]) -> Result<(Names, Names), Failure> {
    let paths: Vec<_> = files
        .iter()
        .map(|file| format!("'{}'", folder.join(file).display()))
        .collect();
    let server = Prometheus::start_on(Port::Free, &format!("rule_files: [{}]\n", paths.join(", ")))?;
    let reply = Http::new().get(&format!("{}/api/v1/rules", server.url()))?;
    let reply: Value = serde_json::from_str(&reply.body)?;
    let (mut asked, mut recorded) = (Names::new(), Names::new());
    for rule in items(&reply["data"]["groups"]).flat_map(|group| items(&group["rules"])) {
        asked.extend(of_query(text(&rule["query"])));
        if rule["type"] == "recording" {
            recorded.insert(text(&rule["name"]).to_owned());
        }
        let texts = rule["annotations"].as_object().into_iter().flatten();
        let queries = texts.flat_map(|(_, annotation)| queries_of_text(text(annotation)));
        asked.extend(queries.flat_map(|query| of_query(&query)));
    }
    Ok((asked, recorded))
}

/// What panels and variables ask for: of the example's pages and of the fleet's, from recorded series and from raw ones.
fn of_dashboards(folder: &Path) -> Result<Names, Failure> {
    let program = build_binary("slo-cli")?;
    let spec = workspace_root().join("examples/real-estate/slo.yaml");
    let mut asked = Names::new();
    for source in ["recorded", "raw"] {
        for fleet in [true, false] {
            let out = folder.join(format!("{source}-{fleet}"));
            let mut command = Command::new(&program);
            command.args(["dashboards", "--source", source, "--out"]).arg(&out);
            if fleet {
                command.arg("--fleet")
            } else {
                command.arg(&spec)
            };
            let output = command.output()?;
            if !output.status.success() {
                return Err(Failure::new(String::from_utf8_lossy(&output.stderr)));
            }
            for entry in std::fs::read_dir(&out)? {
                let page: Value = serde_json::from_str(&std::fs::read_to_string(entry?.path())?)?;
                asked.extend(of_page(&page));
            }
        }
    }
    Ok(asked)
}

fn of_page(page: &Value) -> Names {
    let targets = items(&page["panels"]).flat_map(|panel| items(&panel["targets"]));
    let panels = targets.map(|target| text(&target["expr"]));
    let variables = items(&page["templating"]["list"]).filter_map(|variable| {
        let asked = text(&variable["definition"]).strip_prefix("label_values(")?;
        asked.rsplit_once(", ").map(|(series, _)| series)
    });
    panels.chain(variables).flat_map(of_query).collect()
}

/// What the exporter says of the example's freshness.
fn probed(example: &Instance) -> Result<Names, Failure> {
    let kit = probe_kit()?;
    let config = kit.blackbox_config();
    let module = config
        .split_once("modules:\n")
        .and_then(|(_, rest)| rest.trim_start().split_once(':'))
        .map(|(module, _)| module.trim_matches(['"', '\'']).to_owned())
        .ok_or_else(|| Failure::new(format!("no module in {config}")))?;
    let exporter = BlackboxExporter::start_on(Port::Free, &config)?;
    let url = format!(
        "{}/probe?module={module}&target={}/real-price/synthetic/health",
        exporter.url(),
        example.base
    );
    let reply = Http::new().get(&url)?;
    let lines = reply.body.lines().filter(|line| !line.starts_with('#'));
    Ok(lines
        .flat_map(|line| of_query(line.split(' ').next().unwrap_or_default()))
        .collect())
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
