//! Whom to trust over TLS.

use std::fs;
use std::path::Path;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// Certificates that a person names, and no others.
#[derive(Clone, Debug)]
pub(crate) struct Trusted(Vec<Certificate<'static>>);

impl Trusted {
    /// The certificates of a file in PEM; else why there are none.
    pub(crate) fn from_file(file: &Path) -> Result<Self, String> {
        let pem = fs::read(file).map_err(|error| error.to_string())?;
        let certificates = parse_pem(&pem).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        });
        let certificates: Vec<_> = certificates.collect();
        if certificates.is_empty() {
            return Err("it holds no certificate in PEM".to_owned());
        }
        Ok(Self(certificates))
    }
}

/// These, or Mozilla's.
pub(crate) fn config(trusted: Option<&Trusted>) -> TlsConfig {
    let roots = trusted.map_or(RootCerts::WebPki, |Trusted(all)| RootCerts::new_with_certs(all));
    TlsConfig::builder().root_certs(roots).build()
}
