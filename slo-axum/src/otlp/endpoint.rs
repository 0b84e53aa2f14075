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
            Protocol::Http if !self.is_whole => {
                let (path, query) = self.value.split_at(path_end(&self.value));
                // A fragment is for no server.
                let query = query.split('#').next().unwrap_or_default();
                format!("{}/v1/metrics{query}", path.trim_end_matches('/'))
            }
            Protocol::Http => self.value,
            #[cfg(feature = "otlp-grpc")]
            Protocol::Grpc => self.value,
        }
    }
}

/// An endpoint as it may stand in a log: what may be a secret is left out, a name and a password before the host and
/// whatever comes after the path.
pub(super) fn shown(endpoint: &str) -> String {
    let endpoint = &endpoint[..path_end(endpoint)];
    let authority = endpoint.find("://").map_or(0, |scheme| scheme + "://".len());
    let end = endpoint[authority..]
        .find('/')
        .map_or(endpoint.len(), |length| authority + length);
    let host = endpoint[authority..end]
        .rfind('@')
        .map_or(authority, |at| authority + at + 1);
    format!("{}{}", &endpoint[..authority], &endpoint[host..])
}

/// Where a query or a fragment begins.
fn path_end(endpoint: &str) -> usize {
    endpoint.find(['?', '#']).unwrap_or(endpoint.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_metrics_comes_before_a_query() {
        for (general, address) in [
            ("http://h:4318", "http://h:4318/v1/metrics"),
            ("http://h:4318?x=1", "http://h:4318/v1/metrics?x=1"),
            ("http://h/a/?x=/b/", "http://h/a/v1/metrics?x=/b/"),
            ("http://h/a?x=1#there", "http://h/a/v1/metrics?x=1"),
            ("http://h/a#there?x=1", "http://h/a/v1/metrics"),
        ] {
            let read = |name| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| general.to_owned());
            let endpoint = Endpoint::from_variables(read).unwrap().unwrap();
            assert_eq!(endpoint.address(Protocol::Http), address);
        }
    }

    #[test]
    fn a_password_or_a_token_in_an_endpoint_is_not_shown() {
        for (endpoint, shown) in [
            ("http://ana:secret@h:4318/v1/metrics", "http://h:4318/v1/metrics"),
            ("https://ana:se@cret@h", "https://h"),
            ("http://h/a@b", "http://h/a@b"),
            ("http://h?a@b", "http://h"),
            ("http://h/v1/metrics?token=secret", "http://h/v1/metrics"),
            ("h:4318?to=http://secret", "h:4318"),
            ("http://h/a#secret", "http://h/a"),
            ("ana:secret@h", "h"),
        ] {
            assert_eq!(super::shown(endpoint), shown);
        }
        let refused = Endpoint::from_variables(|_| Some("ftp://ana:secret@h?token=secret".to_owned())).unwrap_err();
        assert!(!refused.to_string().contains("secret"), "{refused}");
    }
}
