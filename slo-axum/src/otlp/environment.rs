//! What the standard variables say.

mod error;

use std::time::Duration;

use http::HeaderMap;
use opentelemetry_sdk::metrics::Temporality;

use super::endpoint::Endpoint;
use super::headers::headers;
#[cfg(feature = "otlp-tls")]
use super::tls::Tls;

pub use error::EnvironmentError;

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    pub(super) endpoint: String,
    pub(super) protocol: Protocol,
    pub(super) headers: HeaderMap,
    pub(super) is_compressed: bool,
    /// For an `https` endpoint.
    #[cfg(feature = "otlp-tls")]
    pub(super) tls: Option<Tls>,
    pub(super) timeout: Duration,
    pub(super) interval: Duration,
    pub(super) temporality: Temporality,
}

/// What is spoken with the collector.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Protocol {
    /// `http/protobuf`.
    Http,
    #[cfg(feature = "otlp-grpc")]
    Grpc,
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);

impl Settings {
    /// `None` when nothing is to be pushed: no endpoint, or switched off.
    pub(super) fn from_variables(
        read: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Option<Self>, EnvironmentError> {
        // An empty variable is an unset one, says the specification.
        let read = |name: &'static str| {
            read(name)
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
        };
        let first = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, read(name)?)));
        if read("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        match read("OTEL_METRICS_EXPORTER").as_deref() {
            None | Some("otlp") => {}
            Some("none") => return Ok(None),
            Some(other) => return Err(unsupported("OTEL_METRICS_EXPORTER", other, "otlp")),
        }
        let Some(endpoint) = Endpoint::from_variables(read)? else {
            return Ok(None);
        };
        let protocol = first(["OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"]);
        let protocol = protocol_of(protocol.as_ref())?;
        let compression = first([
            "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION",
            "OTEL_EXPORTER_OTLP_COMPRESSION",
        ]);
        let timeout = first(["OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"]);
        let interval = "OTEL_METRIC_EXPORT_INTERVAL";
        let headers = headers(first([
            "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
            "OTEL_EXPORTER_OTLP_HEADERS",
        ]))?;
        Ok(Some(Self {
            #[cfg(feature = "otlp-tls")]
            tls: endpoint.is_https.then(|| Tls::from_variables(first)).transpose()?,
            endpoint: endpoint.address(protocol),
            protocol,
            headers,
            is_compressed: is_compressed(compression.as_ref())?,
            timeout: milliseconds(timeout, "10000")?.unwrap_or(DEFAULT_TIMEOUT),
            interval: milliseconds(read(interval).map(|value| (interval, value)), "60000")?.unwrap_or(DEFAULT_INTERVAL),
            temporality: temporality(read("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"))?,
        }))
    }
}

/// A variable and what it says.
pub(super) type Said = (&'static str, String);

fn protocol_of(said: Option<&Said>) -> Result<Protocol, EnvironmentError> {
    match said.map(|(variable, value)| (*variable, value.as_str())) {
        None | Some((_, "http/protobuf")) => Ok(Protocol::Http),
        #[cfg(feature = "otlp-grpc")]
        Some((_, "grpc")) => Ok(Protocol::Grpc),
        #[cfg(not(feature = "otlp-grpc"))]
        Some((variable, value @ "grpc")) => Err(EnvironmentError::NotInThisBuild {
            variable,
            value: value.to_owned(),
            feature: "otlp-grpc",
            instead: "write `http/protobuf`, whose port is usually 4318",
        }),
        Some((variable, other)) => Err(unsupported(variable, other, "http/protobuf` or `grpc")),
    }
}

fn is_compressed(said: Option<&Said>) -> Result<bool, EnvironmentError> {
    match said.map(|(variable, value)| (*variable, value.as_str())) {
        None | Some((_, "none")) => Ok(false),
        Some((_, "gzip")) if cfg!(feature = "otlp-gzip") => Ok(true),
        Some((variable, value @ "gzip")) => Err(EnvironmentError::NotInThisBuild {
            variable,
            value: value.to_owned(),
            feature: "otlp-gzip",
            instead: "write `none`",
        }),
        Some((variable, other)) => Err(unsupported(variable, other, "gzip` or `none")),
    }
}

fn unsupported(variable: &'static str, value: &str, supported: &'static str) -> EnvironmentError {
    EnvironmentError::Unsupported {
        variable,
        value: value.to_owned(),
        supported,
    }
}

fn milliseconds(said: Option<Said>, example: &'static str) -> Result<Option<Duration>, EnvironmentError> {
    let Some((variable, value)) = said else { return Ok(None) };
    match value.parse() {
        Ok(millis @ 1..) => Ok(Some(Duration::from_millis(millis))),
        _ => Err(EnvironmentError::NotMilliseconds {
            variable,
            value,
            example,
        }),
    }
}

/// `slo.events` is an observable counter, which `LowMemory` leaves cumulative: rules can not do without.
fn temporality(said: Option<String>) -> Result<Temporality, EnvironmentError> {
    match said.map(|value| value.to_ascii_lowercase()).as_deref() {
        None | Some("cumulative") => Ok(Temporality::Cumulative),
        Some("delta" | "lowmemory") => Ok(Temporality::LowMemory),
        Some(other) => Err(unsupported(
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
            other,
            "cumulative",
        )),
    }
}

#[cfg(test)]
impl Settings {
    /// What would push to `host` if somebody were there, once an hour.
    pub(super) fn for_test(host: &str) -> Self {
        Self {
            endpoint: format!("http://{host}/v1/metrics"),
            protocol: Protocol::Http,
            headers: HeaderMap::new(),
            is_compressed: false,
            #[cfg(feature = "otlp-tls")]
            tls: None,
            timeout: Duration::from_secs(3_600),
            interval: Duration::from_secs(3_600),
            temporality: Temporality::Cumulative,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Result<Option<Settings>, EnvironmentError> {
        Settings::from_variables(|name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:8428/opentelemetry/");

    #[test]
    fn without_an_endpoint_nothing_is_pushed() {
        assert_eq!(settings(&[]), Ok(None));
        assert_eq!(settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]), Ok(None));
        assert_eq!(settings(&[ENDPOINT, ("OTEL_SDK_DISABLED", "TRUE")]), Ok(None));
        assert_eq!(settings(&[ENDPOINT, ("OTEL_METRICS_EXPORTER", "none")]), Ok(None));
    }

    #[test]
    fn the_general_endpoint_gets_the_path_and_the_own_one_does_not() {
        let pushed = |variables: &[_]| settings(variables).unwrap().unwrap().endpoint;
        assert_eq!(pushed(&[ENDPOINT]), "http://127.0.0.1:8428/opentelemetry/v1/metrics");
        let own = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://127.0.0.1:1/x");
        assert_eq!(pushed(&[ENDPOINT, own]), "http://127.0.0.1:1/x");
    }

    #[test]
    fn times_are_milliseconds_with_the_standard_defaults() {
        let defaults = settings(&[ENDPOINT]).unwrap().unwrap();
        assert_eq!(
            (defaults.timeout, defaults.interval),
            (DEFAULT_TIMEOUT, DEFAULT_INTERVAL)
        );
        let told = settings(&[
            ENDPOINT,
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "700"),
            ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "500"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "1000"),
        ]);
        let told = told.unwrap().unwrap();
        assert_eq!(
            (told.timeout, told.interval),
            (Duration::from_millis(500), Duration::from_secs(1))
        );
    }

    #[test]
    fn events_stay_cumulative_whatever_is_preferred() {
        let preferred = |value| {
            let variable = ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", value);
            settings(&[ENDPOINT, variable]).map(|settings| settings.unwrap().temporality)
        };
        assert_eq!(preferred("cumulative"), Ok(Temporality::Cumulative));
        assert_eq!(preferred("Delta"), Ok(Temporality::LowMemory));
        assert!(matches!(preferred("often"), Err(EnvironmentError::Unsupported { .. })));
    }

    #[test]
    fn what_cannot_be_done_is_refused_by_name() {
        for (variable, value, message) in [
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "127.0.0.1:4318",
                "OTEL_EXPORTER_OTLP_ENDPOINT=`127.0.0.1:4318` is not an endpoint; \
                 write one like `http://127.0.0.1:4318`",
            ),
            (
                "OTEL_EXPORTER_OTLP_PROTOCOL",
                "http/json",
                "OTEL_EXPORTER_OTLP_PROTOCOL=`http/json` is not supported; \
                 write `http/protobuf` or `grpc` or leave it unset",
            ),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "token",
                "OTEL_EXPORTER_OTLP_HEADERS has an entry, number 1, that is no header; \
                 write `name=value,other=value` with values percent-encoded",
            ),
            (
                "OTEL_EXPORTER_OTLP_COMPRESSION",
                "zstd",
                "OTEL_EXPORTER_OTLP_COMPRESSION=`zstd` is not supported; write `gzip` or `none` or leave it unset",
            ),
            (
                "OTEL_METRICS_EXPORTER",
                "prometheus",
                "OTEL_METRICS_EXPORTER=`prometheus` is not supported; write `otlp` or leave it unset",
            ),
            (
                "OTEL_METRIC_EXPORT_INTERVAL",
                "60s",
                "OTEL_METRIC_EXPORT_INTERVAL=`60s` is not a number of milliseconds from 1 on; write one like `60000`",
            ),
        ] {
            let refused = settings(&[(variable, value), ENDPOINT]).unwrap_err();
            assert_eq!(refused.to_string(), message);
        }
    }

    #[test]
    fn what_this_build_does_not_have_is_refused_and_the_feature_named() {
        for (is_on, variable, value, feature, instead) in [
            (
                cfg!(feature = "otlp-tls"),
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "https://collector:4318",
                "otlp-tls",
                "write `http://…` and push to a collector beside the service",
            ),
            (
                cfg!(feature = "otlp-grpc"),
                "OTEL_EXPORTER_OTLP_PROTOCOL",
                "grpc",
                "otlp-grpc",
                "write `http/protobuf`, whose port is usually 4318",
            ),
            (
                cfg!(feature = "otlp-gzip"),
                "OTEL_EXPORTER_OTLP_COMPRESSION",
                "gzip",
                "otlp-gzip",
                "write `none`",
            ),
        ] {
            let refused = settings(&[(variable, value), ENDPOINT]).err();
            let message = format!(
                "{variable}=`{value}` needs the feature `{feature}` of slo-axum, which this build does not have; add \
                 it, or {instead}"
            );
            let expected = (!is_on).then_some(message);
            assert_eq!(refused.map(|refused| refused.to_string()), expected);
        }
    }

    #[cfg(feature = "otlp-grpc")]
    #[test]
    fn grpc_is_called_at_the_endpoint_as_it_is() {
        let grpc = ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc");
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317");
        let other = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        let settings = settings(&[endpoint, grpc, other]).unwrap().unwrap();
        assert_eq!(
            (settings.endpoint.as_str(), settings.protocol),
            (endpoint.1, Protocol::Grpc)
        );
    }
}
