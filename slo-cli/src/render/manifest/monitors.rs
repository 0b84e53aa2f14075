//! Objects of the Prometheus operator: what is probed, and what is scraped.

use slo_core::{Sli, names};

use super::yaml::Map;
use super::{Plan, heading, labels};

const OPERATOR: &str = "monitoring.coreos.com/v1";

/// Where Blackbox exporter listens.
const PROBER: &str = "blackbox-exporter:9115";

/// The module that takes every answer of ours for an answer, whatever it says: one probe tells seven states apart.
const MODULE: &str = "freshness_answered";

/// One Probe for each SLO that a probe feeds: its name and its text.
pub(super) fn probes<'a>(plan: &'a Plan<'a>) -> impl Iterator<Item = (&'a str, String)> {
    plan.set.slos().iter().filter_map(move |slo| match slo.sli() {
        Sli::Synthetic(sli) => Some((slo.name(), probe(plan, slo.name(), sli.path()))),
        _ => None,
    })
}

fn probe(plan: &Plan<'_>, slo: &str, path: &str) -> String {
    let service = plan.set.service();
    let whose = Map::new()
        .with(names::SERVICE_NAME.label, service)
        .with(names::DEPLOYMENT_ENVIRONMENT_NAME.label, plan.environment)
        .with(names::SLO_NAME.label, slo);
    let address = format!("{}{path}", plan.target.trim_end_matches('/'));
    let targets = Map::new().with("static", [address]).because(
        "Rules and dashboards find the probe's numbers by these.",
        "labels",
        whose,
    );
    let spec = Map::new()
        .because(
            "The rules for probes look for jobs of this name.",
            "jobName",
            format!("slo-health/{service}/{}/{slo}", plan.environment),
        )
        .with("prober", Map::new().with("url", PROBER))
        .with("module", MODULE)
        .with("interval", "30s")
        .because(
            "Longer than the module's timeout, which is longer than the service's own deadline: the service answers first.",
            "scrapeTimeout",
            "10s",
        )
        .with("targets", Map::new().with("staticConfig", targets));
    object(plan.name(slo), "Probe", service, spec).document(&heading(
        "What the SLO's events come from. The module is one of `slo probes`.",
    ))
}

/// The programs between services and stores: who watches them?
pub(super) fn service_monitor() -> String {
    let watched = Map::new()
        .with("key", "app.kubernetes.io/name")
        .with("operator", "In")
        .with("values", ["vmagent", "opentelemetry-collector", "blackbox-exporter"]);
    let endpoint = Map::new()
        .with("port", "http")
        .with("path", "/metrics")
        .with("interval", "30s");
    let spec = Map::new()
        .with("selector", Map::new().with("matchExpressions", [watched]))
        .with("endpoints", [endpoint]);
    object("slo-telemetry".to_owned(), "ServiceMonitor", "slo", spec).document(&heading(
        "Services push; what they push to is scraped, so that a collector in trouble is seen. Each of these Services names its\n\
         port `http`.",
    ))
}

fn object(name: String, kind: &str, part_of: &str, spec: Map) -> Map {
    Map::new()
        .with("apiVersion", OPERATOR)
        .with("kind", kind)
        .with(
            "metadata",
            Map::new()
                .with("name", name)
                .with("labels", labels("slo-probe", part_of)),
        )
        .with("spec", spec)
}
