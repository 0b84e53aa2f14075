//! What a probe must show to be let in.

use std::collections::{BTreeMap, HashSet};

use slo_core::yaml_writer::Yaml;

use super::error::ProbeKitError;

/// Headers, TLS and credentials of the probes, for the Blackbox exporter's modules.
///
/// Secrets are named by the file that holds them where the exporter runs, and are no part of the output; headers whose names say
/// that they hold one are refused.
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
    /// By name; one that is given twice is there twice.
    headers: Vec<(String, String)>,
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
        self.headers.push((name.into(), value.into()));
        self.headers.sort();
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
    /// open, [`ProbeKitError::HeaderTwice`], [`ProbeKitError::TwoCredentials`].
    pub fn check(&self) -> Result<(), ProbeKitError> {
        self.mistakes().into_iter().next().map_or(Ok(()), Err)
    }

    /// All that the exporter could not use.
    pub(super) fn mistakes(&self) -> Vec<ProbeKitError> {
        let mut mistakes = Vec::new();
        let mut seen = HashSet::new();
        for (name, value) in &self.headers {
            if !is_token(name) || value.chars().any(char::is_control) {
                mistakes.push(ProbeKitError::Header { name: name.clone() });
            } else if is_secret(name) {
                mistakes.push(ProbeKitError::SecretHeader { name: name.clone() });
            } else if !seen.insert(name.to_ascii_lowercase()) {
                mistakes.push(ProbeKitError::HeaderTwice(name.clone()));
            }
        }
        if self.basic.is_some() && self.bearer_file.is_some() {
            mistakes.push(ProbeKitError::TwoCredentials);
        }
        mistakes
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

/// Whether a header of this name holds a secret by habit: `X-Api-Key`, `Private-Token`. By the name alone, as nothing tells a
/// secret from another value.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let last = name.rsplit(['-', '_', '.']).next().unwrap_or_default();
    SECRET_WORDS.contains(&last) || SECRET_ENDS.iter().any(|end| last.ends_with(end))
}

/// Last words of names, which others end with that hold none, like `Turkey`.
const SECRET_WORDS: [&str; 4] = ["key", "auth", "pass", "jwt"];
/// How words end that stand for nothing else, alone or after another: `apikey`, `accesstoken`.
const SECRET_ENDS: [&str; 11] = [
    "apikey",
    "accesskey",
    "secretkey",
    "token",
    "secret",
    "password",
    "passwd",
    "credential",
    "credentials",
    "authorization",
    "cookie",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_the_open_are_refused() {
        for name in [
            "Authorization",
            "COOKIE",
            "proxy-authorization",
            "X-Api-Key",
            "apikey",
            "X_API_KEY",
            "X-ApiKey",
            "key",
            "X-Auth-Token",
            "Private-Token",
            "AccessToken",
            "Client-Secret",
            "X-Password",
            "X-Auth",
        ] {
            let error = ProbeAccess::new().header(name, "secret").check().unwrap_err();
            assert_eq!(error, ProbeKitError::SecretHeader { name: name.to_owned() });
            assert!(!error.to_string().contains("`secret`"));
        }
        for name in [
            "Host",
            "X-Probe",
            "X-Scope-OrgID",
            "X-Turkey",
            "X-Key-Id",
            "Author",
            "Accept",
        ] {
            assert_eq!(ProbeAccess::new().header(name, "a").check(), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_header_has_one_value_whatever_the_case_of_its_name() {
        for twice in ["Host", "host", "HOST"] {
            let error = ProbeAccess::new().header("Host", "a").header(twice, "b").check();
            assert!(matches!(error, Err(ProbeKitError::HeaderTwice(_))), "{twice}");
        }
        let (one, other) = (ProbeAccess::new().header("A", "1"), ProbeAccess::new().header("B", "2"));
        assert_eq!(one.header("B", "2"), other.header("A", "1"), "in whatever order");
        assert_eq!(
            ProbeKitError::HeaderTwice("host".to_owned()).to_string(),
            "the header `host` is given twice, and its name is the same in any case; write it once"
        );
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
