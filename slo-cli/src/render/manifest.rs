//! Kubernetes objects and settings around the promises of one service.
//!
//! Objects for `kubectl` and Argo CD go into `kubernetes/`, configuration files of other programs into `settings/`.

mod analysis;
mod gate_command;
mod gate_job;
mod monitors;
#[cfg(test)]
mod reading;
mod settings;
mod vmagent;

use std::time::Duration;

use slo_core::yaml_writer::{Map, Style, Yaml};
use slo_core::{Slo, SloSet};

use slo_health::probe::{ExporterAddress, ProbeKit};

use super::short_name::{object_name, shortened};
use super::written_by;

/// The longest name of a Job: it becomes a label of its pods.
const LONGEST_NAME: usize = 63;

/// What a set of files is written for.
#[derive(Clone, Debug)]
pub(crate) struct Plan<'a> {
    /// With the numbers of the environment.
    pub(crate) set: &'a SloSet,
    /// The spec as it was read: the gate reads it again where it runs.
    pub(crate) spec: &'a str,
    /// `deployment.environment.name` of where the files are used.
    pub(crate) environment: &'a str,
    /// The engine that is asked.
    pub(crate) prometheus: &'a str,
    /// The container image with the tool.
    pub(crate) image: &'a str,
    /// Where Blackbox exporter listens.
    pub(crate) exporter: &'a ExporterAddress,
    /// A kit for each SLO that a probe feeds.
    pub(crate) probes: &'a [ProbeKit],
    pub(crate) deploy: Deploy<'a>,
}

/// What a gate cannot see from where it runs, and a continuous integration knows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deploy<'a> {
    pub(crate) revision: &'a str,
    pub(crate) message: &'a str,
    pub(crate) author: &'a str,
    pub(crate) committed_at: &'a str,
}

/// Every file: its name and its content, the same bytes each time.
pub(crate) fn render(plan: &Plan<'_>) -> Vec<(String, String)> {
    let mut files = vec![
        file("kubernetes/gate-spec.yaml", gate_job::spec(plan)),
        file("kubernetes/gate-job.yaml", gate_job::job(plan)),
        file("kubernetes/analysis-template.yaml", analysis::template(plan)),
        file("kubernetes/service-monitor.yaml", monitors::service_monitor()),
        file("kubernetes/vmagent-deployment.yaml", vmagent::deployment(plan)),
        file("kubernetes/vmagent-service.yaml", vmagent::service()),
        file("settings/prometheus.yml", settings::prometheus(plan)),
        file("settings/prometheus-otlp.yml", settings::prometheus_with_otlp(plan)),
        file("settings/otel-collector.yaml", settings::otel_collector(plan)),
    ];
    files.extend(monitors::probes(plan).map(|(slo, text)| (format!("kubernetes/probe-{slo}.yaml"), text)));
    files
}

fn file(name: &str, text: String) -> (String, String) {
    (name.to_owned(), text)
}

impl Plan<'_> {
    /// A name that belongs to the service, and is no longer than Kubernetes takes.
    fn name(&self, of: &str) -> String {
        object_name(&format!("{}-{of}", self.set.service()), LONGEST_NAME)
    }

    /// The engine's address without a slash at its end.
    fn engine(&self) -> &str {
        self.prometheus.trim_end_matches('/')
    }

    /// How many days of history the longest window needs, and some more: rules look back over all of it.
    fn retention_days(&self) -> u64 {
        let longest = self.set.slos().iter().map(|slo: &Slo| slo.window().longest()).max();
        let longest = longest.unwrap_or(Duration::from_secs(30 * 86_400));
        longest.as_secs().div_ceil(86_400) + 5
    }
}

/// Labels that say what an object belongs to.
fn labels(name: &str, part_of: &str) -> Map {
    Map::new()
        .with("app.kubernetes.io/name", name)
        .with("app.kubernetes.io/part-of", label_value(part_of))
}

/// A text as the value of a label: letters, digits, `-`, `_` and `.`, up to 63, at whose ends no sign stands.
fn label_value(text: &str) -> String {
    let is_sign = |sign: char| !sign.is_ascii_alphanumeric();
    if !text.contains(|sign: char| is_sign(sign) && !"-_.".contains(sign)) && !text.starts_with(is_sign) {
        return shortened(text, LONGEST_NAME).trim_end_matches(is_sign).to_owned();
    }
    object_name(text, LONGEST_NAME)
}

/// A whole file, with what it is for at its top.
fn document(map: Map, what: &str) -> String {
    let heading = format!("{}\n{what}", written_by("manifests"));
    Yaml::from(map).document(&heading, Style::Objects)
}

#[cfg(test)]
mod tests;
