//! Kubernetes objects and settings around the promises of one service.
//!
//! Objects of the service for `kubectl` and Argo CD go into `kubernetes/`, those that all services share into `shared/`,
//! configuration files of other programs into `settings/`.
//!
//! See `docs/adr/076-what-services-share-is-in-a-folder-of-its-own.md`.

mod analysis;
mod gate_command;
mod gate_job;
mod monitors;
#[cfg(test)]
pub(crate) mod reading;
mod settings;
mod vmagent;

use std::time::Duration;

use slo_core::yaml_writer::{Map, Style, Yaml};
use slo_core::{Slo, SloSet};

use slo_health::probe::{ExporterAddress, ProbeKit};

pub(crate) use self::gate_command::SPEC_FILE;

use super::short_name::{object_name, shortened};
use super::written_by;
use crate::args::USUAL_ENVIRONMENT;

/// The longest name of a Job: it becomes a label of its pods.
const LONGEST_NAME: usize = 63;

/// The window of a spec without any SLO: the gate asks for the built-in one.
const USUAL_WINDOW: Duration = Duration::from_secs(30 * 86_400);

/// The header by which Mimir and its kin tell tenants apart.
const TENANT_HEADER: &str = "X-Scope-OrgID";

/// What is kept beyond the longest window: an engine drops blocks of up to some days at once.
const MARGIN_DAYS: u64 = 5;

/// What a set of files is written for.
#[derive(Clone, Debug)]
pub(crate) struct Plan<'a> {
    /// With the numbers of the environment.
    pub(crate) set: &'a SloSet,
    /// The spec as it was read: the gate reads it again where it runs.
    pub(crate) spec: &'a str,
    /// `deployment.environment.name` of where the files are used.
    pub(crate) environment: &'a str,
    /// `service.namespace`, where the service has one.
    pub(crate) namespace: Option<&'a str>,
    /// The engine that is asked.
    pub(crate) prometheus: &'a str,
    /// Where telemetry is written to.
    pub(crate) remote_write: &'a str,
    /// Whose data they are, in a store of several.
    pub(crate) tenant: Option<&'a str>,
    /// Who is told by Prometheus: hosts and ports.
    pub(crate) alertmanagers: &'a [String],
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
        file("shared/service-monitor.yaml", monitors::service_monitor()),
        file("shared/vmagent-deployment.yaml", vmagent::deployment(plan)),
        file("shared/vmagent-service.yaml", vmagent::service()),
        file("settings/prometheus.yml", settings::prometheus(plan)),
        file("settings/prometheus-otlp.yml", settings::prometheus_with_otlp(plan)),
        file("settings/otel-collector.yaml", settings::otel_collector(plan)),
    ];
    files.extend(monitors::probes(plan).map(|(name, text)| (format!("kubernetes/probe-{name}.yaml"), text)));
    files
}

fn file(name: &str, text: String) -> (String, String) {
    (name.to_owned(), text)
}

impl Plan<'_> {
    /// A name that belongs to the service where it runs, and is no longer than Kubernetes takes. Where more is said than the
    /// service, slashes leave a checksum: the service `a-b` and `a` in the environment `b` have two names.
    fn name(&self, of: &str) -> String {
        let environment = Some(self.environment).filter(|name| *name != USUAL_ENVIRONMENT);
        let service = self.set.service();
        let name = match (environment, self.namespace) {
            (None, None) => format!("{service}-{of}"),
            (environment, namespace) => {
                let [environment, namespace] = [environment, namespace].map(Option::unwrap_or_default);
                format!("{service}/{environment}/{namespace} {of}")
            }
        };
        object_name(&name, LONGEST_NAME)
    }

    /// The engine's address without a slash at its end.
    fn engine(&self) -> &str {
        self.prometheus.trim_end_matches('/')
    }

    /// How many days of history are kept: as the spec says, and never less than the longest window and some more, as rules
    /// look back over all of it.
    fn retention_days(&self) -> u64 {
        let days = |length: Duration| length.as_secs().div_ceil(86_400);
        let longest = self.set.slos().iter().map(|slo: &Slo| slo.window().longest()).max();
        let needed = days(longest.unwrap_or(USUAL_WINDOW)) + MARGIN_DAYS;
        self.set.retention().map_or(needed, |said| days(said).max(needed))
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

/// What an object of all services is for, and that it is one.
fn once(what: &str) -> String {
    format!(
        "{what}\nOne for all services that push to the same store, and the same for each of them: apply it once, from one place,\n\
         and not with each service."
    )
}

/// A whole file, with what it is for at its top.
fn document(map: Map, what: &str) -> String {
    let heading = format!("{}\n{what}", written_by("manifests"));
    Yaml::from(map).document(&heading, Style::Objects)
}

#[cfg(test)]
mod tests;
