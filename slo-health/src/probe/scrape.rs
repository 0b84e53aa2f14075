//! The scrape jobs, which Prometheus, `vmagent` and `VictoriaMetrics` read alike.

use slo_core::yaml_writer::{Style, Yaml};

use super::{
    ProbeKit,
    target::{ExporterAddress, ProbeTarget},
    timing::duration,
};

impl ProbeKit {
    /// The scrape job behind the seven states, in a document with `scrape_configs`: a file of its own for Prometheus'
    /// `scrape_config_files` or `-promscrape.config`, or to copy from.
    ///
    /// Each target keeps its full address as `instance`, and has the labels of service, environment and SLO.
    #[must_use]
    pub fn scrape_config(&self, exporter: &ExporterAddress) -> String {
        document(vec![self.states_job(exporter)])
    }

    /// The job behind the seven states.
    pub(super) fn states_job(&self, exporter: &ExporterAddress) -> Yaml {
        self.scrape_job(&self.job, &self.states_module(), exporter)
    }

    /// A second, simpler job, whose `probe_success` is 1 exactly when the data is fresh: `avg_over_time(probe_success
    /// {..}[30d])` is then the share of fresh probes. Its job name has ` (fresh)` appended.
    ///
    /// It cannot tell stale from down, and no rule needs it.
    #[must_use]
    pub fn freshness_scrape_config(&self, exporter: &ExporterAddress) -> String {
        let job = self.scrape_job(&format!("{} (fresh)", self.job), &self.module, exporter);
        Yaml::map([("scrape_configs", Yaml::List(vec![job]))]).document(FRESHNESS, Style::Probes)
    }

    fn scrape_job(&self, name: &str, module: &str, exporter: &ExporterAddress) -> Yaml {
        let module = Yaml::List(vec![Yaml::text(module)]);
        Yaml::map([
            ("job_name", Yaml::text(name)),
            ("metrics_path", Yaml::text("/probe")),
            ("scrape_interval", Yaml::bare(duration(self.timing.interval))),
            ("scrape_timeout", Yaml::bare(duration(self.timing.scrape_timeout))),
            ("params", Yaml::map([("module", module)])),
            (
                "static_configs",
                Yaml::List(self.targets.iter().map(|target| self.static_config(target)).collect()),
            ),
            ("relabel_configs", relabelling(exporter)),
        ])
    }

    fn static_config(&self, target: &ProbeTarget) -> Yaml {
        let mut labels = self.labels.clone();
        labels.extend(target.own_labels().clone());
        labels.extend(self.identity.labels());
        let labels = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Yaml::map([
            ("targets", Yaml::List(vec![Yaml::text(self.address(target))])),
            ("labels", Yaml::texts(labels)),
        ])
    }
}

/// A document with these jobs behind the seven states.
pub(super) fn document(jobs: Vec<Yaml>) -> String {
    Yaml::map([("scrape_configs", Yaml::List(jobs))]).document(STATES, Style::Probes)
}

/// The target's address becomes the exporter's parameter and the instance; what is scraped is the exporter.
fn relabelling(exporter: &ExporterAddress) -> Yaml {
    let from = |label: &str| Yaml::List(vec![Yaml::text(label)]);
    Yaml::List(vec![
        Yaml::map([
            ("source_labels", from("__address__")),
            ("target_label", Yaml::text("__param_target")),
        ]),
        Yaml::map([
            ("source_labels", from("__param_target")),
            ("target_label", Yaml::text("instance")),
        ]),
        Yaml::map([
            ("target_label", Yaml::text("__address__")),
            ("replacement", Yaml::text(exporter.to_string())),
        ]),
    ])
}

const STATES: &str =
    "Probes of health endpoints of slo-health through Blackbox exporter; the recording rules need this job.";
const FRESHNESS: &str = "Probes whose probe_success says fresh or not; simple, and blind to why not.";
