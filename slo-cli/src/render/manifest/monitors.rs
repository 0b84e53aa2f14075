//! Objects of the Prometheus operator: what is probed, and what is scraped.

use std::time::Duration;

use slo_core::names;
use slo_core::yaml_writer::Map;
use slo_health::probe::ProbeKit;

use super::{Plan, document, labels, once};
use crate::render::probes::synthetic;
use crate::render::short_name::numbered;

const OPERATOR: &str = "monitoring.coreos.com/v1";

/// The Probes of each kit that has probes of its own, each with what its name is made of: one for each set of labels that
/// targets have, as a Probe has one for all of its own.
pub(super) fn probes<'a>(plan: &'a Plan<'a>) -> impl Iterator<Item = (String, String)> + 'a {
    let named = synthetic(plan.set).map(|(slo, _)| slo.name()).zip(plan.probes);
    let own = named.filter(|(_, kit)| kit.job() == kit.probes_job());
    own.flat_map(move |(slo, kit)| {
        by_labels(kit).into_iter().zip(1..).map(move |(alike, number)| {
            let text = probe(plan, (slo, number), kit, &alike);
            (numbered(slo, number), text)
        })
    })
}

/// The addresses of targets that have the same labels.
struct Alike<'a> {
    labels: Vec<(&'a str, &'a str)>,
    addresses: Vec<String>,
}

/// In the order in which targets were given.
fn by_labels(kit: &ProbeKit) -> Vec<Alike<'_>> {
    let mut all: Vec<Alike<'_>> = Vec::new();
    for (target, address) in kit.targets().iter().zip(kit.addresses()) {
        let labels: Vec<_> = target.labels().collect();
        match all.iter_mut().find(|alike| alike.labels == labels) {
            Some(alike) => alike.addresses.push(address),
            None => all.push(Alike {
                labels,
                addresses: vec![address],
            }),
        }
    }
    all
}

fn probe(plan: &Plan<'_>, (slo, number): (&str, usize), kit: &ProbeKit, alike: &Alike<'_>) -> String {
    let service = plan.set.service();
    let whose = Map::new()
        .with(names::SERVICE_NAME.label, service)
        .with_some(names::SERVICE_NAMESPACE.label, plan.namespace)
        .with(names::DEPLOYMENT_ENVIRONMENT_NAME.label, plan.environment)
        .with(names::SLO_NAME.label, slo);
    let labels = alike.labels.iter().copied();
    let whose = labels.fold(whose, |all, (name, value)| all.with(name.to_owned(), value));
    let targets = Map::new().with("static", alike.addresses.clone()).because(
        "Rules and dashboards find the probe's numbers by these.",
        "labels",
        whose,
    );
    let length = |time: Duration| match time.subsec_millis() {
        0 => format!("{}s", time.as_secs()),
        _ => format!("{}ms", time.as_millis()),
    };
    let spec = Map::new()
        .because("The rules for probes look for jobs of this name.", "jobName", kit.job())
        .with("prober", Map::new().with("url", plan.exporter.to_string()))
        .with("module", kit.states_module())
        .with("interval", length(kit.interval()))
        .because(
            "Longer than the module's timeout, which is longer than the service's own deadline: the service answers first.",
            "scrapeTimeout",
            length(kit.scrape_timeout()),
        )
        .with("targets", Map::new().with("staticConfig", targets));
    let name = match number {
        1 => plan.name(slo),
        // A slash leaves a checksum: an SLO that is called so has another name.
        number => plan.name(&format!("{slo}/{number}")),
    };
    document(
        object(name, "Probe", service, spec),
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
