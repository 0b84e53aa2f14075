//! vmagent: takes what services push, and writes it to any number of stores.

use slo_core::yaml_writer::{Map, Yaml};

use super::{Plan, TENANT_HEADER, document, labels, once};

const NAME: &str = "vmagent";
const PORT: u64 = 8429;
/// Where services push, as OTEL_EXPORTER_OTLP_ENDPOINT.
pub(super) const PUSHED_TO: &str = "http://vmagent:8429/opentelemetry";

/// The version that the tests run.
const IMAGE: &str = "victoriametrics/vmagent:v1.112.0";

/// What vmagent is started with.
fn arguments(plan: &Plan<'_>) -> Vec<String> {
    let mut arguments = vec![
        format!("-httpListenAddr=:{PORT}"),
        // Without it names keep their dots, and neither rules nor dashboards find them.
        "-opentelemetry.usePrometheusNaming".to_owned(),
        format!("-remoteWrite.url={}", plan.remote_write),
        // Else the first blocks are tried in VictoriaMetrics' own format, which Prometheus refuses.
        "-remoteWrite.forcePromProto=true".to_owned(),
        // Several queues overtake one another, and Prometheus drops samples that come late.
        "-remoteWrite.queues=1".to_owned(),
        "-remoteWrite.tmpDataPath=/queue".to_owned(),
        "-remoteWrite.maxDiskUsagePerURL=1GiB".to_owned(),
    ];
    let header = plan
        .tenant
        .map(|tenant| format!("-remoteWrite.headers={TENANT_HEADER}:{tenant}"));
    arguments.extend(header);
    arguments
}

pub(super) fn deployment(plan: &Plan<'_>) -> String {
    let selector = Map::new().with("app.kubernetes.io/name", NAME);
    let template = Map::new()
        .with("metadata", Map::new().with("labels", labels(NAME, "slo")))
        .with("spec", pod(plan));
    let spec = Map::new()
        .because(
            "One: two would need a queue each, and one takes the pushes of thousands of instances.",
            "replicas",
            1,
        )
        .with("selector", Map::new().with("matchLabels", selector))
        .with("template", template);
    let map = Map::new()
        .with("apiVersion", "apps/v1")
        .with("kind", "Deployment")
        .with(
            "metadata",
            Map::new().with("name", NAME).with("labels", labels(NAME, "slo")),
        )
        .with("spec", spec);
    document(
        map,
        &once(&format!("Services push to it: OTEL_EXPORTER_OTLP_ENDPOINT={PUSHED_TO}")),
    )
}

fn pod(plan: &Plan<'_>) -> Map {
    let user = Map::new()
        .with("runAsNonRoot", true)
        .with("runAsUser", 65_534)
        .with("fsGroup", 65_534)
        .with("seccompProfile", Map::new().with("type", "RuntimeDefault"));
    let queue = Map::new().with("name", "queue").because(
        "What cannot be written yet waits here; a volume of its own keeps it over restarts.",
        "emptyDir",
        Map::new().with("sizeLimit", "2Gi"),
    );
    Map::new()
        .with("automountServiceAccountToken", false)
        .with("securityContext", user)
        .with("containers", [container(plan)])
        .with("volumes", [queue])
}

fn container(plan: &Plan<'_>) -> Map {
    let locked = Map::new()
        .with("allowPrivilegeEscalation", false)
        .with("readOnlyRootFilesystem", true)
        .with("capabilities", Map::new().with("drop", ["ALL"]));
    let resources = Map::new()
        .with("requests", Map::new().with("cpu", "100m").with("memory", "128Mi"))
        .with("limits", Map::new().with("memory", "512Mi"));
    let health = Map::new().with("httpGet", Map::new().with("path", "/health").with("port", "http"));
    let port = Map::new().with("name", "http").with("containerPort", PORT);
    let mount = Map::new().with("name", "queue").with("mountPath", "/queue");
    Map::new()
        .with("name", NAME)
        .with("image", IMAGE)
        .with("args", arguments(plan))
        .with("ports", [port])
        .with("readinessProbe", health)
        .with("resources", resources)
        .with("securityContext", locked)
        .with("volumeMounts", [mount])
}

pub(super) fn service() -> String {
    let port = Map::new()
        .with("name", "http")
        .with("port", PORT)
        .with("targetPort", "http");
    let spec: Yaml = Map::new()
        .with("selector", Map::new().with("app.kubernetes.io/name", NAME))
        .with("ports", [port])
        .into();
    let map = Map::new()
        .with("apiVersion", "v1")
        .with("kind", "Service")
        .with(
            "metadata",
            Map::new().with("name", NAME).with("labels", labels(NAME, "slo")),
        )
        .with("spec", spec);
    document(
        map,
        &once("Where services and the scraper of its own metrics find vmagent."),
    )
}
