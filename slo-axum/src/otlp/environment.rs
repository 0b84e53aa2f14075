//! What the standard variables say.

use std::time::Duration;

use opentelemetry_sdk::metrics::Temporality;

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    pub(super) endpoint: String,
    pub(super) timeout: Duration,
    pub(super) interval: Duration,
    pub(super) temporality: Temporality,
}

/// A standard variable that asks for what cannot be done.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvironmentError {
    /// The endpoint is not an address to push to.
    #[error("{variable}=`{value}` is not an endpoint; write one like `http://127.0.0.1:4318`")]
    NotAnEndpoint {
        /// The variable.
        variable: &'static str,
        /// What it says.
        value: String,
    },
    /// The endpoint asks for TLS.
    #[error(
        "{variable}=`{value}` asks for TLS, which this build does not have; write `http://…`, or push to a collector beside the service"
    )]
    NoTls {
        /// The variable.
        variable: &'static str,
        /// What it says.
        value: String,
    },
    /// The variable is not a count of milliseconds.
    #[error("{variable}=`{value}` is not a number of milliseconds from 1 on; write one like `{example}`")]
    NotMilliseconds {
        /// The variable.
        variable: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        example: &'static str,
    },
    /// The variable asks for something this build does not have.
    #[error("{variable}=`{value}` is not supported; write `{supported}` or leave it unset")]
    Unsupported {
        /// The variable.
        variable: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        supported: &'static str,
    },
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
        let Some(endpoint) = endpoint(read)? else {
            return Ok(None);
        };
        let protocol = first(["OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"]);
        only(protocol, "http/protobuf")?;
        only(
            first([
                "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION",
                "OTEL_EXPORTER_OTLP_COMPRESSION",
            ]),
            "none",
        )?;
        let timeout = first(["OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"]);
        let interval = "OTEL_METRIC_EXPORT_INTERVAL";
        Ok(Some(Self {
            endpoint,
            timeout: milliseconds(timeout, "10000")?.unwrap_or(DEFAULT_TIMEOUT),
            interval: milliseconds(read(interval).map(|value| (interval, value)), "60000")?.unwrap_or(DEFAULT_INTERVAL),
            temporality: temporality(read("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"))?,
        }))
    }
}

/// The metrics endpoint as it is, or the general one with the path of metrics.
fn endpoint(read: impl Fn(&'static str) -> Option<String>) -> Result<Option<String>, EnvironmentError> {
    let (own, general) = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");
    let (variable, value) = match (read(own), read(general)) {
        (Some(value), _) => (own, value),
        (None, Some(value)) => (general, value),
        (None, None) => return Ok(None),
    };
    let not_an_endpoint = || EnvironmentError::NotAnEndpoint {
        variable,
        value: shown(&value),
    };
    let uri: http::Uri = value.parse().map_err(|_| not_an_endpoint())?;
    match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(_)) => {
            return Err(EnvironmentError::NoTls {
                variable,
                value: shown(&value),
            });
        }
        (Some("http"), Some(_)) => {}
        _ => return Err(not_an_endpoint()),
    }
    Ok(Some(if variable == own {
        value
    } else {
        format!("{}/v1/metrics", value.trim_end_matches('/'))
    }))
}

/// An endpoint as it may stand in a log: a name and a password before the host are left out.
pub(super) fn shown(endpoint: &str) -> String {
    let authority = endpoint.find("://").map_or(0, |scheme| scheme + "://".len());
    let end = endpoint[authority..]
        .find(['/', '?', '#'])
        .map_or(endpoint.len(), |length| authority + length);
    let host = endpoint[authority..end]
        .rfind('@')
        .map_or(authority, |at| authority + at + 1);
    format!("{}{}", &endpoint[..authority], &endpoint[host..])
}

fn only(said: Option<(&'static str, String)>, supported: &'static str) -> Result<(), EnvironmentError> {
    match said {
        Some((variable, value)) if value != supported => Err(unsupported(variable, &value, supported)),
        _ => Ok(()),
    }
}

fn unsupported(variable: &'static str, value: &str, supported: &'static str) -> EnvironmentError {
    EnvironmentError::Unsupported {
        variable,
        value: value.to_owned(),
        supported,
    }
}

fn milliseconds(
    said: Option<(&'static str, String)>,
    example: &'static str,
) -> Result<Option<Duration>, EnvironmentError> {
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
    fn a_password_in_an_endpoint_is_not_shown() {
        for (endpoint, shown) in [
            ("http://ana:secret@h:4318/v1/metrics", "http://h:4318/v1/metrics"),
            ("https://ana:se@cret@h", "https://h"),
            ("http://h/a@b", "http://h/a@b"),
            ("http://h?a@b", "http://h?a@b"),
            ("ana:secret@h", "h"),
        ] {
            assert_eq!(super::shown(endpoint), shown);
        }
        let refused = settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://ana:secret@h")]).unwrap_err();
        assert!(!refused.to_string().contains("secret"), "{refused}");
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
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "https://collector:4318",
                "OTEL_EXPORTER_OTLP_ENDPOINT=`https://collector:4318` asks for TLS, which this build does not have; \
                 write `http://…`, or push to a collector beside the service",
            ),
            (
                "OTEL_EXPORTER_OTLP_PROTOCOL",
                "grpc",
                "OTEL_EXPORTER_OTLP_PROTOCOL=`grpc` is not supported; write `http/protobuf` or leave it unset",
            ),
            (
                "OTEL_EXPORTER_OTLP_COMPRESSION",
                "gzip",
                "OTEL_EXPORTER_OTLP_COMPRESSION=`gzip` is not supported; write `none` or leave it unset",
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
}
