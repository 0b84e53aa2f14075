//! One engine with the fleet's rules, ready to be pushed to.

use std::any::Any;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use e2e::{
    Failure, Http, Instance, PATIENCE, Port, Prom, Prometheus, TempDir, VictoriaMetrics, VmAgent, VmAlert,
    build_binary, eventually,
};
use serde_json::Value;

/// The promise that is broken.
pub(crate) const SLO: &str = "browse-availability";
pub(crate) const SERVICE: &str = "real-estate";

/// What `slo` writes to standard output.
pub(crate) fn slo(args: &[&str]) -> Result<String, Failure> {
    let output = Command::new(build_binary("slo-cli")?).args(args).output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Failure::new(format!("slo {args:?}: {}\n{said}", output.status)))
    }
}

/// A store, what evaluates rules over it, and the way in.
pub(crate) struct Lane {
    pub(crate) prom: Prom,
    pub(crate) otlp: String,
    _servers: Vec<Box<dyn Any>>,
    _folder: TempDir,
}

impl Lane {
    /// `VictoriaMetrics` and vmalert.
    pub(crate) fn victoria_metrics(alertmanager: &str) -> Result<Self, Failure> {
        let folder = rules_in_a_folder("victoriametrics")?;
        let store = VictoriaMetrics::start()?;
        store.import(&json_lines(&history()?))?;
        let rules = folder.path().join(RULES);
        let vmalert = VmAlert::start_notifying(&store.url(), &[&rules], alertmanager)?;
        Ok(Self {
            prom: store.prom(),
            otlp: store.otlp_endpoint(),
            _servers: vec![Box::new(vmalert), Box::new(store)],
            _folder: folder,
        })
    }

    /// Prometheus behind vmagent.
    pub(crate) fn prometheus(alertmanager: &str) -> Result<Self, Failure> {
        let folder = rules_in_a_folder("prometheus")?;
        let store = Prometheus::start_on(Port::Free, &config(&folder.path().join(RULES), alertmanager))?;
        let agent = VmAgent::start(&[store.remote_write_url()])?;
        agent.import_text(&text_lines(&history()?))?;
        // What fires before it knows of its Alertmanager is told a minute later.
        eventually(PATIENCE, || knows_its_alertmanager(&store))?;
        Ok(Self {
            prom: store.prom(),
            otlp: agent.otlp_endpoint(),
            _servers: vec![Box::new(agent), Box::new(store)],
            _folder: folder,
        })
    }
}

pub(crate) const RULES: &str = "rules.yaml";

/// The fleet's rules, each group evaluated every second.
pub(crate) fn rules_in_a_folder(engine: &str) -> Result<TempDir, Failure> {
    let args = [
        "rules",
        "--fleet",
        "--window",
        "30d",
        "--push-interval",
        "1s",
        "--engine",
    ];
    let rules = slo(&[&args[..], &[engine]].concat())?;
    let fast = rules
        .replace("    interval: 1m\n", "    interval: 1s\n")
        .replace("    interval: 5m\n", "    interval: 1s\n")
        .replace("keep_firing_for: 5m\n", "keep_firing_for: 3s\n");
    assert_eq!(
        fast.matches("    interval: 1s\n").count(),
        rules.matches("  - name: ").count()
    );
    let folder = TempDir::new("slo-e2e-alerting")?;
    std::fs::write(folder.path().join(RULES), fast)?;
    Ok(folder)
}

fn config(rules: &Path, alertmanager: &str) -> String {
    let alertmanager = alertmanager.trim_start_matches("http://");
    format!(
        "rule_files: ['{}']\n\
         alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ['{alertmanager}'] }}] }}] }}\n\
         storage: {{ tsdb: {{ out_of_order_time_window: 4d }} }}\n",
        rules.display()
    )
}

fn knows_its_alertmanager(store: &Prometheus) -> Result<(), String> {
    let reply = Http::new().get(&format!("{}/api/v1/alertmanagers", store.url()))?;
    let reply: Value = serde_json::from_str(&reply.body).map_err(|error| error.to_string())?;
    match reply["data"]["activeAlertmanagers"].as_array().map(Vec::len) {
        Some(1) => Ok(()),
        _ => Err(reply.to_string()),
    }
}

/// A series with its samples: seconds since 1970, value.
struct Series {
    name: &'static str,
    samples: Vec<(u64, &'static str)>,
}

/// Three days with one good event in each tile, and six hours of a known budget: without them a service that is minutes
/// old would be judged by minutes.
fn history() -> Result<[Series; 3], Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let past = |step: u64, seconds: u64, value| -> Vec<_> {
        let begin = now / step * step;
        let each = (1..=seconds / step).rev();
        each.map(|back| (begin - back * step, value)).collect()
    };
    let series = |name, samples| Series { name, samples };
    Ok([
        series("slo:valid_events:increase5m", past(300, 3 * 86_400, "1")),
        series("slo:bad_events:increase5m", past(300, 3 * 86_400, "0")),
        series("slo:error_budget:ratio", past(60, 6 * 3_600, "0.001")),
    ])
}

fn labels() -> [(&'static str, &'static str); 4] {
    [
        ("service_name", SERVICE),
        ("deployment_environment_name", Instance::ENVIRONMENT),
        ("slo_name", SLO),
        ("slo_window", "30d"),
    ]
}

fn json_lines(all: &[Series]) -> String {
    let line = |series: &Series| {
        let labels = labels()
            .map(|(name, value)| format!(",\"{name}\":\"{value}\""))
            .concat();
        let of = |text: fn(&(u64, &'static str)) -> String| -> String {
            series.samples.iter().map(text).collect::<Vec<_>>().join(",")
        };
        format!(
            "{{\"metric\":{{\"__name__\":\"{}\"{labels}}},\"values\":[{}],\"timestamps\":[{}]}}\n",
            series.name,
            of(|(_, value)| (*value).to_owned()),
            of(|(at, _)| format!("{at}000"))
        )
    };
    all.iter().map(line).collect()
}

fn text_lines(all: &[Series]) -> String {
    let labels = labels().map(|(name, value)| format!("{name}=\"{value}\"")).join(",");
    let lines = all.iter().flat_map(|series| {
        let name = series.name;
        let samples = series.samples.iter();
        samples
            .map(|(at, value)| format!("{name}{{{labels}}} {value} {at}000\n"))
            .collect::<Vec<_>>()
    });
    lines.collect()
}
