//! Every metric, attribute and header name, in the OpenTelemetry spelling and as Prometheus shows it.
//!
//! HTTP names follow the [OpenTelemetry semantic conventions] 1.42 (stable); names under `slo.` are ours. Prometheus'
//! spelling is that of the OTLP translation: dots become underscores, a unit and `_total` are appended.
//!
//! [OpenTelemetry semantic conventions]: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/

pub mod alerts;

/// A metric: its OpenTelemetry name, its unit (UCUM) and its Prometheus name without histogram suffixes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Metric {
    /// The OpenTelemetry name.
    pub otel: &'static str,
    /// The unit, in UCUM.
    pub unit: &'static str,
    /// The Prometheus name.
    pub prometheus: &'static str,
    /// One sentence on what is measured.
    pub description: &'static str,
}

/// An attribute of a metric or resource, and the Prometheus label that it becomes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Attribute {
    /// The OpenTelemetry key.
    pub otel: &'static str,
    /// The Prometheus label.
    pub label: &'static str,
}

const fn attribute(otel: &'static str, label: &'static str) -> Attribute {
    Attribute { otel, label }
}

/// The duration histogram of the HTTP server conventions (stable).
pub const HTTP_SERVER_REQUEST_DURATION: Metric = Metric {
    otel: "http.server.request.duration",
    unit: "s",
    prometheus: "http_server_request_duration_seconds",
    description: "Duration of HTTP server requests.",
};

/// Requests being served, by method and scheme (development): off unless asked for.
pub const HTTP_SERVER_ACTIVE_REQUESTS: Metric = Metric {
    otel: "http.server.active_requests",
    unit: "{request}",
    prometheus: "http_server_active_requests",
    description: "Number of active HTTP server requests.",
};

/// Requests that run longer than patience, by route: what hangs ends nothing, so it is seen here only.
pub const REQUESTS_ABANDONED_IN_FLIGHT: Metric = Metric {
    otel: "slo.requests.abandoned_in_flight",
    unit: "{request}",
    prometheus: "slo_requests_abandoned_in_flight",
    description: "Requests in flight for longer than a client is expected to wait.",
};

/// Judged events per SLO and outcome: cumulative from 0 at process start.
pub const EVENTS: Metric = Metric {
    otel: "slo.events",
    unit: "{event}",
    prometheus: "slo_events_total",
    description: "Events judged for an SLO since the process started.",
};

/// The objective of an SLO.
pub const OBJECTIVE: Metric = Metric {
    otel: "slo.objective",
    unit: "1",
    prometheus: "slo_objective_ratio",
    description: "Share of valid events that must be good.",
};

/// The error budget of an SLO: the double nearest to the decimal, never `1 - objective`.
pub const ERROR_BUDGET: Metric = Metric {
    otel: "slo.error_budget",
    unit: "1",
    prometheus: "slo_error_budget_ratio",
    description: "Share of valid events that may be bad.",
};

/// The window of an SLO: its length, of a calendar window that of the present period.
pub const WINDOW: Metric = Metric {
    otel: "slo.window",
    unit: "s",
    prometheus: "slo_window_seconds",
    description: "Length of the period over which the objective must hold.",
};

/// The start of the present period of a calendar window; rolling windows have no point.
pub const WINDOW_START: Metric = Metric {
    otel: "slo.window.start",
    unit: "s",
    prometheus: "slo_window_start_seconds",
    description: "Start of the present calendar period over which the objective must hold, in Unix time.",
};

/// When the planned exclusion of an SLO that runs now ends: a timestamp, because it still says so when the process is
/// stopped for the planned work. 0 while none runs; SLOs without planned times have no point.
pub const EXCLUSION_END: Metric = Metric {
    otel: "slo.exclusion.end",
    unit: "s",
    prometheus: "slo_exclusion_end_seconds",
    description: "End of the planned exclusion that runs, in Unix time; 0 while none does.",
};

/// The definition of an SLO as attributes, value 1.
pub const SPEC_INFO: Metric = Metric {
    otel: "slo.spec.info",
    unit: "",
    prometheus: "slo_spec_info",
    description: "Definition of an SLO; the value is always 1.",
};

/// Where a freshness check stands: one series per state, 1 for the one that holds and 0 for the others.
pub const HEALTH_STATES: Metric = Metric {
    otel: "slo.health.state",
    unit: "",
    prometheus: "slo_health_state",
    description: "State of a freshness check: 1 for the one that holds, 0 for the others.",
};

/// The watermark of a check's data, in Unix time: a timestamp, because an age would stay young when the process dies.
pub const HEALTH_DATA_TIMESTAMP: Metric = Metric {
    otel: "slo.health.data.timestamp",
    unit: "s",
    prometheus: "slo_health_data_timestamp_seconds",
    description: "Time of the newest business event in the data of a freshness check, in Unix time.",
};

/// When a check ceases to be fresh unless newer data lands, in Unix time.
pub const HEALTH_STALE_AT: Metric = Metric {
    otel: "slo.health.stale_at.timestamp",
    unit: "s",
    prometheus: "slo_health_stale_at_timestamp_seconds",
    description: "Last moment at which what a freshness check saw proves it fresh, in Unix time.",
};

/// How long the reads of a check took, the late ones included.
pub const HEALTH_CHECK_DURATION: Metric = Metric {
    otel: "slo.health.check.duration",
    unit: "s",
    prometheus: "slo_health_check_duration_seconds",
    description: "Duration of the reads of a freshness check.",
};

/// The reads of a check by how they ended: cumulative from 0 at process start.
pub const HEALTH_CHECK_RUNS: Metric = Metric {
    otel: "slo.health.check.runs",
    unit: "{run}",
    prometheus: "slo_health_check_runs_total",
    description: "Reads of a freshness check since the process started.",
};

/// Verdicts of the deploy gate: one series a run, value 1.
pub const GATE_DECISIONS: Metric = Metric {
    otel: "slo.gate.decisions",
    unit: "{decision}",
    prometheus: "slo_gate_decisions_total",
    description: "Decisions of the deploy gate; each run has a series of its own with value 1.",
};

/// `http.request.method` (stable).
pub const HTTP_REQUEST_METHOD: Attribute = attribute("http.request.method", "http_request_method");
/// `url.scheme` (stable).
pub const URL_SCHEME: Attribute = attribute("url.scheme", "url_scheme");
/// `http.route` (stable).
pub const HTTP_ROUTE: Attribute = attribute("http.route", "http_route");
/// `http.response.status_code` (stable).
pub const HTTP_RESPONSE_STATUS_CODE: Attribute = attribute("http.response.status_code", "http_response_status_code");
/// `error.type` (stable).
pub const ERROR_TYPE: Attribute = attribute("error.type", "error_type");
/// `network.protocol.version` (stable).
pub const NETWORK_PROTOCOL_VERSION: Attribute = attribute("network.protocol.version", "network_protocol_version");

/// `rpc.response.status_code` (release candidate): the status of a gRPC call, like `UNAVAILABLE`.
pub const RPC_RESPONSE_STATUS_CODE: Attribute = attribute("rpc.response.status_code", "rpc_response_status_code");
/// `server.address` (stable): the name that clients know the service by.
pub const SERVER_ADDRESS: Attribute = attribute("server.address", "server_address");
/// `server.port` (stable).
pub const SERVER_PORT: Attribute = attribute("server.port", "server_port");

/// The name of the SLO.
pub const SLO_NAME: Attribute = attribute("slo.name", "slo_name");
/// `good`, `bad` or `excluded`.
pub const SLO_OUTCOME: Attribute = attribute("slo.outcome", "slo_outcome");
/// The promise in one sentence.
pub const SLO_PROMISE: Attribute = attribute("slo.promise", "slo_promise");
/// Who answers for it.
pub const SLO_OWNER: Attribute = attribute("slo.owner", "slo_owner");
/// The journey it belongs to.
pub const SLO_JOURNEY: Attribute = attribute("slo.journey", "slo_journey");
/// `draft` or `agreed`.
pub const SLO_STATUS: Attribute = attribute("slo.status", "slo_status");

/// The page with what to do when an alert fires.
pub const SLO_RUNBOOK: Attribute = attribute("slo.runbook", "slo_runbook");
/// What its events are: `http`, `synthetic`, `events`, `composite` or `prometheus`.
pub const SLO_SLI: Attribute = attribute("slo.sli", "slo_sli");

/// Whose rules tell of it: `standard`, `own` or `none`.
pub const SLO_ALERTS: Attribute = attribute("slo.alerts", "slo_alerts");
/// The tier by which its alerts are routed, where it has one.
pub const SLO_TIER: Attribute = attribute("slo.tier", "slo_tier");

/// The name of a freshness check.
pub const HEALTH_CHECK: Attribute = attribute("slo.health.check", "slo_health_check");
/// A state of a freshness check, in the words of [`HEALTH_STATUS_HEADER`].
pub const HEALTH_STATE: Attribute = attribute("slo.health.state", "slo_health_state");
/// How a read of a freshness check ended: `ok`, `error`, `timeout` or `panic`.
pub const HEALTH_OUTCOME: Attribute = attribute("slo.health.outcome", "slo_health_outcome");

/// `allowed`, `blocked`, `unknown` or `bypassed`.
pub const GATE_VERDICT: Attribute = attribute("slo.gate.verdict", "slo_gate_verdict");

/// What the gate's rules alone said, in mode `observe` as well: `allowed`, `blocked` or `unknown`.
pub const GATE_WOULD_HAVE_BEEN: Attribute = attribute("slo.gate.would_have_been", "slo_gate_would_have_been");

/// `service.name` (stable resource attribute).
pub const SERVICE_NAME: Attribute = attribute("service.name", "service_name");
/// `service.namespace` (stable resource attribute).
pub const SERVICE_NAMESPACE: Attribute = attribute("service.namespace", "service_namespace");
/// `service.version` (stable resource attribute).
pub const SERVICE_VERSION: Attribute = attribute("service.version", "service_version");
/// `service.instance.id`, unique per process.
pub const SERVICE_INSTANCE_ID: Attribute = attribute("service.instance.id", "service_instance_id");
/// `deployment.environment.name`.
pub const DEPLOYMENT_ENVIRONMENT_NAME: Attribute =
    attribute("deployment.environment.name", "deployment_environment_name");

/// The SLO that every service has without asking: all matched routes, bad by the defaults.
pub const REQUESTS: &str = "requests";

/// What rules on probes record of each target: 1 for the one of seven states, in the label `state`, that holds, else 0.
pub const PROBE_STATE_RECORDED: &str = "slo_health:probe_state";
/// What they record of the age of the data, in seconds, where a target tells it.
pub const PROBE_DATA_AGE_RECORDED: &str = "slo_health:data_age_seconds";

/// Header with a freshness endpoint's state; only ours is in this word, a proxy's answer has none.
pub const HEALTH_STATUS_HEADER: &str = "slo-health-status";

/// Header with the check that speaks for a freshness endpoint and its reason, like `transactions:within_limit`.
pub const HEALTH_REASON_HEADER: &str = "slo-health-reason";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_the_keys_with_underscores() {
        let attributes = [
            HTTP_REQUEST_METHOD,
            URL_SCHEME,
            HTTP_ROUTE,
            HTTP_RESPONSE_STATUS_CODE,
            ERROR_TYPE,
            NETWORK_PROTOCOL_VERSION,
            SLO_NAME,
            SLO_OUTCOME,
            SLO_PROMISE,
            SLO_OWNER,
            SLO_JOURNEY,
            SLO_STATUS,
            SLO_RUNBOOK,
            SLO_SLI,
            SLO_ALERTS,
            SLO_TIER,
            HEALTH_CHECK,
            HEALTH_STATE,
            HEALTH_OUTCOME,
            GATE_VERDICT,
            GATE_WOULD_HAVE_BEEN,
            SERVICE_NAME,
            SERVICE_NAMESPACE,
            SERVICE_VERSION,
            SERVICE_INSTANCE_ID,
            DEPLOYMENT_ENVIRONMENT_NAME,
            RPC_RESPONSE_STATUS_CODE,
            SERVER_ADDRESS,
            SERVER_PORT,
        ];
        for attribute in attributes {
            assert_eq!(attribute.label, attribute.otel.replace('.', "_"));
        }
    }

    #[test]
    fn prometheus_names_carry_the_unit() {
        for metric in [
            HTTP_SERVER_REQUEST_DURATION,
            HTTP_SERVER_ACTIVE_REQUESTS,
            REQUESTS_ABANDONED_IN_FLIGHT,
            EVENTS,
            OBJECTIVE,
            ERROR_BUDGET,
            WINDOW,
            WINDOW_START,
            EXCLUSION_END,
            SPEC_INFO,
            HEALTH_STATES,
            HEALTH_DATA_TIMESTAMP,
            HEALTH_STALE_AT,
            HEALTH_CHECK_DURATION,
            HEALTH_CHECK_RUNS,
            GATE_DECISIONS,
        ] {
            let suffix = match metric.unit {
                "s" => "_seconds",
                "1" => "_ratio",
                "{event}" | "{decision}" | "{run}" => "_total",
                _ => "",
            };
            assert_eq!(metric.prometheus, metric.otel.replace('.', "_") + suffix);
        }
    }
}
