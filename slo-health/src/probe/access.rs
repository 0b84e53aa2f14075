//! What a probe must show to be let in.

use std::collections::BTreeMap;

use slo_core::yaml_writer::Yaml;

use super::error::ProbeKitError;

/// Headers, TLS and credentials of the probes, for the Blackbox exporter's modules.
///
/// Secrets are named by the file that holds them where the exporter runs, and are never part of the output.
///
/// ```
/// use slo_health::probe::ProbeAccess;
///
/// let access = ProbeAccess::new()
///     .header("X-Probe", "slo-health")
///     .basic_auth("prober", "/etc/blackbox/password")
///     .ca_file("/etc/blackbox/ca.pem");
/// assert!(ProbeAccess::new().header("Authorization", "Bearer secret").check().is_err());
/// # assert!(access.check().is_ok());
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[must_use]
pub struct ProbeAccess {
    headers: BTreeMap<String, String>,
    basic: Option<(String, String)>,
    bearer_file: Option<String>,
    tls: BTreeMap<&'static str, String>,
}

impl ProbeAccess {
    /// None of it: plain requests, the exporter's own trust in certificates.
    pub fn new() -> Self {
        Self::default()
    }

    /// A header with a value that everybody may read; `Host` says which host is asked for.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Basic authentication, with the password in a file where the exporter runs.
    pub fn basic_auth(self, user: impl Into<String>, password_file: impl Into<String>) -> Self {
        Self {
            basic: Some((user.into(), password_file.into())),
            ..self
        }
    }

    /// A bearer token in a file where the exporter runs.
    pub fn bearer_file(self, token_file: impl Into<String>) -> Self {
        Self {
            bearer_file: Some(token_file.into()),
            ..self
        }
    }

    /// Trusts the certificates in this file, in PEM, instead of the system's.
    pub fn ca_file(self, file: impl Into<String>) -> Self {
        self.tls("ca_file", file.into())
    }

    /// Shows a certificate of its own, both files in PEM.
    pub fn client_certificate(self, certificate_file: impl Into<String>, key_file: impl Into<String>) -> Self {
        self.tls("cert_file", certificate_file.into())
            .tls("key_file", key_file.into())
    }

    /// The name that the service's certificate must have, where it is not the target's host.
    pub fn server_name(self, name: impl Into<String>) -> Self {
        self.tls("server_name", name.into())
    }

    /// Whether the exporter could use it; also done when the kit is built.
    ///
    /// # Errors
    ///
    /// [`ProbeKitError::Header`] for what HTTP cannot carry, [`ProbeKitError::SecretHeader`] for credentials in the
    /// open, [`ProbeKitError::TwoCredentials`].
    pub fn check(&self) -> Result<(), ProbeKitError> {
        for (name, value) in &self.headers {
            if !is_token(name) || value.chars().any(char::is_control) {
                return Err(ProbeKitError::Header { name: name.clone() });
            }
            if SECRET_HEADERS.iter().any(|secret| secret.eq_ignore_ascii_case(name)) {
                return Err(ProbeKitError::SecretHeader { name: name.clone() });
            }
        }
        if self.basic.is_some() && self.bearer_file.is_some() {
            return Err(ProbeKitError::TwoCredentials);
        }
        Ok(())
    }

    /// The keys of a module's `http` section.
    pub(super) fn entries(&self) -> Vec<(String, Yaml)> {
        let mut entries = Vec::new();
        if !self.headers.is_empty() {
            let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            entries.push(("headers".to_owned(), Yaml::texts(headers)));
        }
        if let Some((user, file)) = &self.basic {
            let basic = Yaml::texts([("username", user.as_str()), ("password_file", file)]);
            entries.push(("basic_auth".to_owned(), basic));
        }
        if let Some(file) = &self.bearer_file {
            let bearer = Yaml::texts([("type", "Bearer"), ("credentials_file", file)]);
            entries.push(("authorization".to_owned(), bearer));
        }
        if !self.tls.is_empty() {
            let tls = self.tls.iter().map(|(key, value)| (*key, value.as_str()));
            entries.push(("tls_config".to_owned(), Yaml::texts(tls)));
        }
        entries
    }

    fn tls(mut self, key: &'static str, value: String) -> Self {
        self.tls.insert(key, value);
        self
    }
}

/// Whether it is a header's name: RFC 9110, 5.6.2.
fn is_token(name: &str) -> bool {
    let of_a_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(of_a_token)
}

const SECRET_HEADERS: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_the_open_are_refused() {
        for name in ["Authorization", "COOKIE", "proxy-authorization"] {
            let error = ProbeAccess::new().header(name, "secret").check().unwrap_err();
            assert_eq!(error, ProbeKitError::SecretHeader { name: name.to_owned() });
            assert!(!error.to_string().contains("`secret`"));
        }
    }

    #[test]
    fn what_http_cannot_carry_is_refused() {
        for (name, value) in [("", "a"), ("a b", "a"), ("a:", "a"), ("a", "b\r\nc: d"), ("ä", "a")] {
            let error = ProbeAccess::new().header(name, value).check().unwrap_err();
            assert_eq!(error, ProbeKitError::Header { name: name.to_owned() });
        }
    }

    #[test]
    fn one_kind_of_credentials_is_enough() {
        let access = ProbeAccess::new().basic_auth("a", "/b").bearer_file("/c");
        assert_eq!(access.check(), Err(ProbeKitError::TwoCredentials));
    }
}
