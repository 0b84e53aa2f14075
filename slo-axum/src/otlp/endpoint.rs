//! Where to push.

use super::environment::{EnvironmentError, Protocol};

/// An address that can be pushed to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Endpoint {
    value: String,
    /// The variable is that of metrics, and says the whole of the address.
    is_whole: bool,
    pub(super) is_https: bool,
}

impl Endpoint {
    /// The endpoint of metrics, or else the general one; `None` when neither is set.
    pub(super) fn from_variables(
        read: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Option<Self>, EnvironmentError> {
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
        let is_https = match (uri.scheme_str(), uri.host()) {
            (Some("https"), Some(_)) => true,
            (Some("http"), Some(_)) => false,
            _ => return Err(not_an_endpoint()),
        };
        if is_https && cfg!(not(feature = "otlp-tls")) {
            return Err(EnvironmentError::NotInThisBuild {
                variable,
                value: shown(&value),
                feature: "otlp-tls",
                instead: "write `http://…` and push to a collector beside the service",
            });
        }
        Ok(Some(Self {
            value,
            is_whole: variable == own,
            is_https,
        }))
    }

    /// HTTP wants the path of metrics behind the general endpoint; gRPC has the path in its protocol.
    pub(super) fn address(self, protocol: Protocol) -> String {
        match protocol {
            Protocol::Http if !self.is_whole => format!("{}/v1/metrics", self.value.trim_end_matches('/')),
            Protocol::Http => self.value,
            #[cfg(feature = "otlp-grpc")]
            Protocol::Grpc => self.value,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

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
        let refused = Endpoint::from_variables(|_| Some("ftp://ana:secret@h".to_owned())).unwrap_err();
        assert!(!refused.to_string().contains("secret"), "{refused}");
    }
}
