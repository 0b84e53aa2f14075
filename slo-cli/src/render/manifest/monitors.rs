//! Objects of the Prometheus operator: what is probed, and what is scraped.

use std::time::Duration;

use slo_core::names;
use slo_core::yaml_writer::Map;
use slo_health::probe::ProbeKit;

use super::{Plan, document, labels, once};
use crate::render::probes::synthetic;

const OPERATOR: &str = "monitoring.coreos.com/v1";

/// One Probe for each kit that has probes of its own: the name of its SLO and its text.
pub(super) fn probes<'a>(plan: &'a Plan<'a>) -> impl Iterator<Item = (&'a str, String)> {
    let named = synthetic(plan.set).map(|(slo, _)| slo.name()).zip(plan.probes);
    let own = named.filter(|(_, kit)| kit.job() == kit.probes_job());
    own.map(|(slo, kit)| (slo, probe(plan, slo, kit)))
}

fn probe(plan: &Plan<'_>, slo: &str, kit: &ProbeKit) -> String {
    let service = plan.set.service();
    let whose = Map::new()
        .with(names::SERVICE_NAME.label, service)
        .with_some(names::SERVICE_NAMESPACE.label, plan.namespace)
        .with(names::DEPLOYMENT_ENVIRONMENT_NAME.label, plan.environment)
        .with(names::SLO_NAME.label, slo);
    let targets = Map::new().with("static", kit.addresses().collect::<Vec<_>>()).because(
        "Rules and dashboards find the probe's numbers by these.",
        "labels",
        whose,
    );
    let seconds = |time: Duration| format!("{}s", time.as_secs());
    let spec = Map::new()
        .because("The rules for probes look for jobs of this name.", "jobName", kit.job())
        .with("prober", Map::new().with("url", plan.exporter.to_string()))
        .with("module", kit.states_module())
        .with("interval", seconds(kit.interval()))
        .because(
            "Longer than the module's timeout, which is longer than the service's own deadline: the service answers first.",
            "scrapeTimeout",
            seconds(kit.scrape_timeout()),
        )
        .with("targets", Map::new().with("staticConfig", targets));
    document(
        object(plan.name(slo), "Probe", service, spec),
        "What the SLO's events come from. The module is one of `slo probes`.",
    )
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
    document(
        object("slo-telemetry".to_owned(), "ServiceMonitor", "slo", spec),
        &once(
            "Services push; what they push to is scraped, so that a collector in trouble is seen. Each of these Services names \
             its\nport `http`.",
        ),
    )
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
