//! Configuration files of the programs that take what services push.

use slo_core::names;
use slo_core::yaml_writer::Map;

use super::{Plan, TENANT_HEADER, document};

/// What tells one service, instance and environment from another on every series.
const PROMOTED: [&str; 5] = [
    names::SERVICE_NAME.otel,
    names::SERVICE_NAMESPACE.otel,
    names::SERVICE_VERSION.otel,
    names::SERVICE_INSTANCE_ID.otel,
    names::DEPLOYMENT_ENVIRONMENT_NAME.otel,
];

/// One store has many services.
const KEPT: &str = "It keeps 15 days by default, and a longer window silently means those. One for all services: the longest\n\
                    retention that one of them asks for holds.";

/// Prometheus that gets samples by remote write, from vmagent or a collector.
pub(super) fn prometheus(plan: &Plan<'_>) -> String {
    document(
        store(plan),
        &format!(
            "For Prometheus behind vmagent or an OpenTelemetry Collector. Start it with\n\
         \n    --web.enable-remote-write-receiver --storage.tsdb.retention.time={}d\n\
         \n{KEPT}",
            plan.retention_days()
        ),
    )
}

/// Prometheus that takes what services push by itself.
pub(super) fn prometheus_with_otlp(plan: &Plan<'_>) -> String {
    let map = store(plan).because(
        "On every series, not on `target_info` alone: rules and dashboards read them there.",
        "otlp",
        Map::new().with("promote_resource_attributes", PROMOTED),
    );
    document(
        map,
        &format!(
            "For Prometheus 2.54, or 3, that services push to without anything in between. Start it with\n\
         \n    --web.enable-otlp-receiver --storage.tsdb.retention.time={}d\n\
         \nand let services push to it: OTEL_EXPORTER_OTLP_ENDPOINT=http://prometheus:9090/api/v1/otlp\n{KEPT}",
            plan.retention_days()
        ),
    )
}

fn store(plan: &Plan<'_>) -> Map {
    let global = Map::new()
        .with("scrape_interval", "30s")
        .with("evaluation_interval", "1m");
    let tsdb = Map::new().because(
        "What is pushed again after a failure may come late.",
        "out_of_order_time_window",
        "10m",
    );
    Map::new()
        .with("global", global)
        .because(
            "Who is told. Without it alerts fire in here, and nobody hears of them.",
            "alerting",
            Map::new().with("alertmanagers", [alertmanagers(plan)]),
        )
        .because(
            "What `slo rules` writes, and what `slo probes` does with `--out probes`.",
            "rule_files",
            ["rules/*.yaml", "probes/recording*.yml", "probes/alerting*.yml"],
        )
        .because(
            "The scrape jobs of `slo probes`; nothing else is scraped, services push.",
            "scrape_config_files",
            ["probes/scrape*.yml"],
        )
        .with("storage", Map::new().with("tsdb", tsdb))
}

fn alertmanagers(plan: &Plan<'_>) -> Map {
    Map::new().with(
        "static_configs",
        [Map::new().with("targets", plan.alertmanagers.to_vec())],
    )
}

/// The OpenTelemetry Collector as a way from services to a store.
pub(super) fn otel_collector(plan: &Plan<'_>) -> String {
    let endpoint = |port: u64| Map::new().with("endpoint", format!("0.0.0.0:{port}"));
    let protocols = Map::new().with("grpc", endpoint(4317)).with("http", endpoint(4318));
    let mut writer = Map::new().with("endpoint", plan.remote_write);
    if let Some(tenant) = plan.tenant {
        writer = writer.with("headers", Map::new().with(TENANT_HEADER, tenant));
    }
    let writer = writer
        .because(
            "Units and `_total` in names: rules and dashboards read them so.",
            "add_metric_suffixes",
            true,
        )
        .because(
            "Every resource attribute becomes a label of every series.",
            "resource_to_telemetry_conversion",
            Map::new().with("enabled", true),
        )
        .because(
            "Samples of one series in their order, or Prometheus drops them.",
            "remote_write_queue",
            Map::new().with("enabled", true).with("num_consumers", 1),
        );
    let pipeline = Map::new()
        .with("receivers", ["otlp"])
        .with("processors", ["batch"])
        .with("exporters", ["prometheusremotewrite"]);
    let map = Map::new()
        .with(
            "receivers",
            Map::new().with("otlp", Map::new().with("protocols", protocols)),
        )
        .with("processors", Map::new().with("batch", Map::new()))
        .with("exporters", Map::new().with("prometheusremotewrite", writer))
        .with(
            "service",
            Map::new().with("pipelines", Map::new().with("metrics", pipeline)),
        );
    document(
        map,
        "For the OpenTelemetry Collector with the contributed exporters. Services push to it:\n\
         OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318",
    )
}
