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
    /// names (they would end up as a label), query or fragment.
    pub fn new(base: impl Into<String>) -> Result<Self, ProbeKitError> {
        let base = base.into();
        let rest = base.strip_prefix("http://").or_else(|| base.strip_prefix("https://"));
        let is_address = |rest: &str| {
            let host = rest.split('/').next().unwrap_or_default();
            !host.is_empty() && !host.starts_with(':') && rest.bytes().all(is_of_an_address)
        };
        if rest.is_some_and(is_address) {
            Ok(Self {
                base: base.trim_end_matches('/').to_owned(),
                labels: BTreeMap::new(),
            })
        } else {
            Err(ProbeKitError::Target { given: base })
        }
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
            !host.is_empty() && host.bytes().all(of_a_host) && port.parse::<u16>().is_ok_and(|port| port > 0)
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
