//! The example service, the real exporter and both engines, set up by what `slo probes` makes of the example's own spec.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e::{
    BlackboxExporter, Failure, Http, Instance, Outcome, Port, Prom, Prometheus, Sample, TempDir, VictoriaMetrics,
    VmAlert, eventually, workspace_root,
};
use slo_core::names::HEALTH_STATUS_HEADER;
use slo_health::State;
use slo_health::probe::ProbeState;

use crate::slo_probes;

const PATIENCE: Duration = Duration::from_secs(90);
const ENDPOINT: &str = "/real-price/synthetic/health";

/// One that every spec has: numbers as written.
const ENVIRONMENT: &str = "production";
const NAMESPACE: &str = "homes";

/// The example, probed by an exporter of the written modules; and the other files, in a folder.
struct Probed {
    example: Instance,
    _exporter: BlackboxExporter,
    folder: TempDir,
}

impl Probed {
    fn start(name: &str, spec: &Path) -> Result<Self, Failure> {
        // Nobody is asked to take what the service itself pushes: this is about who asks it.
        let example = Instance::start(name, "http://127.0.0.1:1", &[])?;
        let spec = spec.display().to_string();
        let common = [
            spec.as_str(),
            "--environment",
            ENVIRONMENT,
            "--namespace",
            NAMESPACE,
            "--target",
            &example.base,
            "--interval",
            "3s",
            "--scrape-timeout",
            "3s",
            "--deadline",
            "1s",
        ];
        let modules = slo_probes(&[&common[..], &["--print", "blackbox.yml"]].concat())?;
        let exporter = BlackboxExporter::start_on(Port::Free, &modules)?;
        let address = exporter.url().replace("http://", "");
        let folder = TempDir::new("slo-e2e-probes")?;
        let out = folder.path().display().to_string();
        slo_probes(&[&common[..], &["--exporter", &address, "--out", &out]].concat())?;
        Ok(Self {
            example,
            _exporter: exporter,
            folder,
        })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn scrapes(&self) -> Result<String, Failure> {
        Ok(std::fs::read_to_string(self.file("scrape.yml"))?)
    }

    /// What the service says in its header, as a prober sees it.
    fn said(&self) -> Result<ProbeState, String> {
        let reply = Http::new().get(&format!("{}{ENDPOINT}", self.example.base))?;
        let word = reply.header(HEALTH_STATUS_HEADER).unwrap_or_default();
        let state = State::ALL.into_iter().find(|state| state.as_str() == word);
        state.map(ProbeState::of).ok_or_else(|| format!("`{word}` is no state"))
    }
}

/// The one state of an SLO's one target, with the whole set looked at: seven series, one of them 1.
fn state(prom: &Prom, slo: &str) -> Result<Sample, String> {
    let samples = prom.instant(&format!("slo_health:probe_state{{slo_name=\"{slo}\"}}"))?;
    let states: BTreeSet<_> = samples.iter().map(|sample| sample.label("state")).collect();
    let of = |value: f64| {
        samples
            .iter()
            .filter(move |sample| (sample.value - value).abs() < f64::EPSILON)
    };
    let ones: Vec<_> = of(1.0).collect();
    match ones.as_slice() {
        [one] if states.len() == 7 && of(0.0).count() == 6 && samples.len() == 7 => Ok((*one).clone()),
        _ => Err(format!("{samples:?}")),
    }
}

fn is_in(prom: &Prom, slo: &str, expected: ProbeState) -> Result<Sample, String> {
    let sample = state(prom, slo)?;
    if sample.label("state") == expected.as_str() {
        Ok(sample)
    } else {
        Err(format!("{sample:?} is not {expected}"))
    }
}

#[test]
fn prometheus_sees_what_the_examples_own_header_says_and_then_that_it_is_gone() -> Outcome {
    let mut probed = Probed::start("probes-1", &workspace_root().join("examples/real-estate/slo.yaml"))?;
    let rules = ["recording.yml", "alerting.yml"].map(|file| probed.file(file).display().to_string());
    let config = format!("{}rule_files: ['{}', '{}']\n", probed.scrapes()?, rules[0], rules[1]);
    let prometheus = Prometheus::start_on(Port::Free, &config)?;
    let prom = prometheus.prom();
    let seen = eventually(PATIENCE, || is_in(&prom, "real-price-freshness", probed.said()?))?;
    let labels = [
        "job",
        "service_name",
        "deployment_environment_name",
        "service_namespace",
    ];
    let job = "slo-health/homes/real-estate/production/real-price-freshness";
    assert_eq!(
        labels.map(|label| seen.label(label)),
        [job, "real-estate", ENVIRONMENT, NAMESPACE]
    );
    assert_eq!(seen.label("instance"), format!("{}{ENDPOINT}", probed.example.base));
    // Only an answer of ours tells an age; the newest price is of this month.
    let age = eventually(PATIENCE, || Ok(prom.scalar("slo_health:data_age_seconds")?))?;
    assert!((0.0..32.0 * 86_400.0).contains(&age), "{age}");

    probed.example.stop()?;
    eventually(PATIENCE, || {
        is_in(&prom, "real-price-freshness", ProbeState::Unreachable)
    })?;
    Ok(())
}

#[test]
fn two_slos_of_one_endpoint_are_told_by_its_one_probe() -> Outcome {
    let folder = TempDir::new("slo-e2e-probes")?;
    let spec = folder.path().join("slo.yaml");
    let own = std::fs::read_to_string(workspace_root().join("examples/real-estate/slo.yaml"))?;
    let second = format!(
        "slos:\n  - {{ name: prices-of-the-week, objective: 90%, window: 7d, sli: {{ synthetic: {{ path: {ENDPOINT} }} }} }}\n"
    );
    std::fs::write(&spec, own.replacen("slos:\n", &second, 1))?;
    let probed = Probed::start("probes-2", &spec)?;
    let victoria = VictoriaMetrics::start_scraping(&probed.scrapes()?)?;
    let (recording, alerting) = (probed.file("recording.yml"), probed.file("alerting.yml"));
    let _vmalert = VmAlert::start(&victoria.url(), &[&recording, &alerting])?;
    let prom = victoria.prom();
    for slo in ["prices-of-the-week", "real-price-freshness"] {
        let seen = eventually(PATIENCE, || is_in(&prom, slo, probed.said()?))?;
        assert_eq!(
            seen.label("job"),
            format!("slo-health/homes/real-estate/production/{slo}")
        );
        let of_slo = format!("slo_health:data_age_seconds{{slo_name=\"{slo}\"}}");
        eventually(PATIENCE, || Ok(prom.scalar(&of_slo)?))?;
    }
    let jobs = prom.scalar("count(count by (job) (probe_success))")?;
    assert!((jobs - 1.0).abs() < f64::EPSILON, "{jobs} jobs probe");
    // What each promise makes of the same probes: asked for here, as its group is evaluated once a minute only.
    let rules = std::fs::read_to_string(recording)?;
    for (slo, ratio) in [("prices-of-the-week", "rate7m"), ("real-price-freshness", "rate5m")] {
        let expression = expression(&rules, &format!("slo_health:error_ratio:{ratio}"))?;
        let found = eventually(PATIENCE, || {
            let found = prom.instant(&expression)?;
            found.first().cloned().ok_or_else(|| format!("nothing: {expression}"))
        })?;
        assert_eq!(
            [found.label("slo_name"), found.label("service_namespace")],
            [slo, NAMESPACE]
        );
        assert!((0.0..=1.0).contains(&found.value), "{found:?}");
    }
    Ok(())
}

/// The expression of the one rule that records this.
fn expression(rules: &str, name: &str) -> Result<String, Failure> {
    let begin = format!("record: {name}\n        expr: '");
    let inside = rules.split_once(&begin).and_then(|(_, rest)| rest.split_once("'\n"));
    let (expression, _) = inside.ok_or_else(|| Failure::new(format!("no rule `{name}`")))?;
    Ok(expression.to_owned())
}
