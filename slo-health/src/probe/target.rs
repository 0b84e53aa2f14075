//! Where a probe goes.

use std::{collections::BTreeMap, fmt};

use super::error::ProbeKitError;

/// The address of one instance or entrance of the service, and labels of its own.
///
/// A base address without the path of the endpoint: `https://shop.example` or `http://10.0.0.7:8080/behind/a/prefix`.
///
/// ```
/// use slo_health::probe::{ProbeKitError, ProbeTarget};
///
/// let target = ProbeTarget::new("https://shop.example/")?.label("region", "seoul");
/// assert_eq!(target.base(), "https://shop.example");
/// assert!(matches!(ProbeTarget::new("shop.example"), Err(ProbeKitError::Target { .. })));
/// # Ok::<(), ProbeKitError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct ProbeTarget {
    base: String,
    labels: BTreeMap<String, String>,
}

impl ProbeTarget {
    /// The target at this address.
    ///
    /// # Errors
    ///
    /// [`ProbeKitError::Target`] unless it is `http://` or `https://` with a host, in visible ASCII, without user
    /// names (they would end up as a label), query or fragment; [`ProbeKitError::Port`] where what follows the host is no
    /// port.
    pub fn new(base: impl Into<String>) -> Result<Self, ProbeKitError> {
        let base = base.into();
        let rest = base.strip_prefix("http://").or_else(|| base.strip_prefix("https://"));
        let Some((host, port)) = rest.and_then(host_and_port) else {
            return Err(ProbeKitError::Target { given: base });
        };
        let is_host = !host.is_empty() && !host.contains(['[', ']']) || host.starts_with('[') && host.ends_with(']');
        if !is_host || !rest.is_some_and(|rest| rest.bytes().all(is_of_an_address)) {
            return Err(ProbeKitError::Target { given: base });
        }
        if !port.is_none_or(is_port) {
            return Err(ProbeKitError::Port { given: base });
        }
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            labels: BTreeMap::new(),
        })
    }

    /// A label for the target's series; the last value of a name counts. Names are checked when the kit is built.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(name.into(), value.into());
        self
    }

    /// The address, without a slash at its end.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The labels of its own, by name.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether its own path ends with this one already, which every probe adds: it would be asked for twice.
    pub(super) fn has_path(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let own = self
            .base
            .split_once("://")
            .and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
        !path.is_empty() && own.is_some_and(|own| own.ends_with(path))
    }

    pub(super) const fn own_labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }
}

impl fmt::Display for ProbeTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

/// Where the Blackbox exporter listens: `host:port`, as Prometheus scrapes it.
///
/// ```
/// use slo_health::probe::ExporterAddress;
///
/// assert_eq!("blackbox:9115".parse::<ExporterAddress>()?.to_string(), "blackbox:9115");
/// assert!("http://blackbox:9115".parse::<ExporterAddress>().is_err());
/// # Ok::<(), slo_health::probe::ProbeKitError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct ExporterAddress(String);

impl std::str::FromStr for ExporterAddress {
    type Err = ProbeKitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_address = text.rsplit_once(':').is_some_and(|(host, port)| {
            let of_a_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
            !host.is_empty() && host.bytes().all(of_a_host) && is_port(port)
        });
        if is_address {
            Ok(Self(text.to_owned()))
        } else {
            Err(ProbeKitError::Exporter { given: text.to_owned() })
        }
    }
}

impl fmt::Display for ExporterAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What stands before the path: the host, and the port where one is said. A colon of an IPv6 address is in its brackets.
fn host_and_port(rest: &str) -> Option<(&str, Option<&str>)> {
    let authority = rest.split('/').next()?;
    let after_brackets = authority.find(']').map_or(0, |at| at + 1);
    let (brackets, rest) = authority.split_at_checked(after_brackets)?;
    match rest.split_once(':') {
        Some((host, port)) => Some((authority.get(..brackets.len() + host.len())?, Some(port))),
        None => Some((authority, None)),
    }
}

/// A sign before the digits is none of a port, though a number may have it.
fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Visible ASCII but for user names (`@`), query, fragment, and what addresses never hold unescaped.
fn is_of_an_address(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"@?#\"<>\\^`{|}".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_base_address_is_refused() {
        for given in [
            "",
            "shop.example",
            "ftp://shop.example",
            "http://",
            "https:///path",
            "http://:8080",
            "http://user:secret@shop.example",
            "http://shop.example/?a=b",
            "http://shop.example/#top",
            "http://shop example",
            "http://shop.example\n",
            "http://가게.example",
            "http://shop.example/{x}",
            "http://[::1",
            "http://::1]",
            "http://[::1]a:80",
            "http://a[::1]",
        ] {
            let given = given.to_owned();
            assert_eq!(ProbeTarget::new(given.clone()), Err(ProbeKitError::Target { given }));
        }
        assert_eq!(
            ProbeTarget::new("shop.example").unwrap_err().to_string(),
            "`shop.example` is not a target; write the scheme and the host, like `https://shop.example` or \
             `http://10.0.0.7:8080`, without user names, query and fragment"
        );
    }

    #[test]
    fn a_port_is_one_that_a_prober_can_dial() {
        for given in [
            "https://a:abc",
            "https://a:99999",
            "https://b:0",
            "https://c:",
            "http://a:+80",
            "http://a:1:2/b",
        ] {
            let given = given.to_owned();
            assert_eq!(ProbeTarget::new(given.clone()), Err(ProbeKitError::Port { given }));
        }
        for given in ["http://[::1]:", "http://[::1]:x/a"] {
            assert!(
                matches!(ProbeTarget::new(given), Err(ProbeKitError::Port { .. })),
                "{given}"
            );
        }
        for given in [
            "http://a:1",
            "https://a:65535/b:c",
            "http://[::1]",
            "http://[::1]:080/eu",
        ] {
            assert!(ProbeTarget::new(given).is_ok(), "{given}");
        }
        assert_eq!(
            ProbeTarget::new("https://a:0").unwrap_err().to_string(),
            "`https://a:0` has no port that can be dialled; write one from 1 to 65535, like `http://10.0.0.7:8080`, or none"
        );
    }

    #[test]
    fn an_address_keeps_its_prefix_and_loses_the_slash_at_its_end() {
        for (given, base) in [
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("https://shop.example/a/b/", "https://shop.example/a/b"),
        ] {
            assert_eq!(ProbeTarget::new(given).unwrap().to_string(), base);
        }
    }

    #[test]
    fn an_exporter_is_a_host_and_a_port() {
        for given in ["blackbox:9115", "[::1]:9115", "10.0.0.1:1"] {
            assert!(given.parse::<ExporterAddress>().is_ok(), "{given}");
        }
        for given in [
            "",
            ":9115",
            "blackbox",
            "blackbox:0",
            "blackbox:70000",
            "blackbox:+9115",
            "a b:1",
            "$1:9115",
            "a/b:1",
        ] {
            let error = given.parse::<ExporterAddress>().unwrap_err();
            assert_eq!(
                error,
                ProbeKitError::Exporter {
                    given: given.to_owned()
                }
            );
        }
    }
}
