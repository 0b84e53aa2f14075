//! Whom we trust and who we are over TLS, as files in PEM say.
//!
//! rustls with ring; without a file the roots are Mozilla's, compiled in.

use std::fmt;
use std::fs;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use ureq::tls::{ClientCert, PrivateKey, RootCerts, TlsConfig};

use super::environment::{EnvironmentError, Said};

/// Checked as a whole: a client that is made from it does not find out on its first push.
#[derive(Clone, Default, Eq, PartialEq)]
pub(super) struct Tls {
    /// The only ones to trust; `None` is everybody's.
    roots: Option<Vec<u8>>,
    identity: Option<Identity>,
}

#[derive(Clone, Eq, PartialEq)]
struct Identity {
    chain: Vec<u8>,
    key: Vec<u8>,
}

impl Tls {
    /// Reads the files that the variables name.
    pub(super) fn from_variables(first: impl Fn([&'static str; 2]) -> Option<Said>) -> Result<Self, EnvironmentError> {
        let roots = first([
            "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE",
            "OTEL_EXPORTER_OTLP_CERTIFICATE",
        ]);
        let chain = first([
            "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE",
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
        ]);
        let key = first(["OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_KEY"]);
        let alone = |(variable, _): Said, missing| Err(EnvironmentError::Alone { variable, missing });
        Ok(Self {
            roots: roots.map(|said| trusted(&said)).transpose()?,
            identity: match (chain, key) {
                (None, None) => None,
                (Some(chain), Some(key)) => Some(Identity::read(&chain, &key)?),
                (Some(chain), None) => return alone(chain, "OTEL_EXPORTER_OTLP_CLIENT_KEY"),
                (None, Some(key)) => return alone(key, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"),
            },
        })
    }

    pub(super) fn for_http(&self) -> TlsConfig {
        let roots = self.roots.as_deref().map(ureq_certificates);
        let identity = self.identity.as_ref().and_then(Identity::for_http);
        TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(provider()))
            .root_certs(roots.map_or(RootCerts::WebPki, |roots| RootCerts::new_with_certs(&roots)))
            .client_cert(identity)
            .build()
    }

    #[cfg(feature = "otlp-grpc")]
    pub(super) fn for_grpc(&self) -> tonic::transport::ClientTlsConfig {
        let config = tonic::transport::ClientTlsConfig::new();
        let config = match &self.roots {
            Some(roots) => config.ca_certificate(tonic::transport::Certificate::from_pem(roots)),
            None => config.with_webpki_roots(),
        };
        match &self.identity {
            Some(Identity { chain, key }) => config.identity(tonic::transport::Identity::from_pem(chain, key)),
            None => config,
        }
    }
}

impl fmt::Debug for Tls {
    // Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("own_roots", &self.roots.is_some())
            .field("identity", &self.identity.is_some())
            .finish()
    }
}

impl Identity {
    /// A certificate's chain and the key that belongs to it.
    fn read(chain_said: &Said, key_said: &Said) -> Result<Self, EnvironmentError> {
        let (chain, key) = (file(chain_said)?, file(key_said)?);
        let certificates = certificates(chain_said, &chain)?;
        let no_key = |_| unusable(key_said, "it holds no private key in PEM without a passphrase");
        let private = PrivateKeyDer::from_pem_slice(&key).map_err(no_key)?;
        // ureq would panic on such a pair, on the reader's thread.
        CertifiedKey::from_der(certificates, private, &provider())
            .map_err(|refused| unusable(key_said, format!("it does not fit `{}`: {refused}", chain_said.1)))?;
        Ok(Self { chain, key })
    }

    fn for_http(&self) -> Option<ClientCert> {
        // It was read before.
        let key = PrivateKey::from_pem(&self.key).ok()?;
        Some(ClientCert::new_with_certs(&ureq_certificates(&self.chain), key))
    }
}

/// Said where it is used: two providers in one graph would have rustls panic for want of a default.
fn provider() -> CryptoProvider {
    ring::default_provider()
}

fn trusted(said: &Said) -> Result<Vec<u8>, EnvironmentError> {
    let pem = file(said)?;
    let mut store = RootCertStore::empty();
    for certificate in certificates(said, &pem)? {
        store
            .add(certificate)
            .map_err(|refused| unusable(said, refused.to_string()))?;
    }
    Ok(pem)
}

fn certificates(said: &Said, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, EnvironmentError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(unusable(said, "it holds no certificate in PEM")),
    }
}

/// Those that were read before.
fn ureq_certificates(pem: &[u8]) -> Vec<ureq::tls::Certificate<'static>> {
    let certificates = CertificateDer::pem_slice_iter(pem).flatten();
    certificates
        .map(|certificate| ureq::tls::Certificate::from_der(&certificate).to_owned())
        .collect()
}

fn file(said: &Said) -> Result<Vec<u8>, EnvironmentError> {
    fs::read(&said.1).map_err(|refused| unusable(said, refused.to_string()))
}

fn unusable((variable, value): &Said, reason: impl Into<String>) -> EnvironmentError {
    EnvironmentError::Unusable {
        variable,
        value: value.clone(),
        reason: reason.into(),
    }
}
