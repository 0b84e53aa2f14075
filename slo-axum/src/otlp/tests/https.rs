//! TLS: whom we trust, who we are, and what is said of files that cannot be used.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::secrets::{Authority, Files, Signed, tls};
use super::web::YES;
use super::*;

const CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CERTIFICATE";
const CLIENT_CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE";
const CLIENT_KEY: &str = "OTEL_EXPORTER_OTLP_CLIENT_KEY";

/// Over HTTP; `clients` is who must sign a client's certificate.
fn receiver(identity: &Signed, clients: Option<&Authority>) -> Receiver {
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = match clients {
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots
                .add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap())
                .unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            config.with_client_cert_verifier(verifier.unwrap())
        }
        None => config.with_no_client_auth(),
    };
    let chain = vec![CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let config = Arc::new(config.with_single_cert(chain, key).unwrap());
    web::receiver(YES.to_vec(), move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).ok()?;
        Some(StreamOwned::new(connection, stream))
    })
}

fn settings(receiver: &Receiver, variables: &[(&'static str, String)]) -> Settings {
    let host = format!("127.0.0.1:{}", receiver.port);
    Settings {
        endpoint: format!("https://{host}/v1/metrics"),
        tls: Some(tls(variables).unwrap()),
        ..Settings::for_test(&host)
    }
}

#[test]
fn metrics_arrive_where_the_collectors_authority_is_named() {
    let (authority, files) = (Authority::new(), Files::new());
    let receiver = receiver(&authority.sign("127.0.0.1"), None);
    let roots = files.file("ca.pem", &authority.pem());
    arrives(&settings(&receiver, &[(CERTIFICATE, roots)]), &receiver);
}

const STRANGER: &str = "invalid peer certificate: UnknownIssuer; name a file with its CA in \
                        OTEL_EXPORTER_OTLP_CERTIFICATE";

#[test]
fn a_collector_whose_authority_nobody_named_is_not_trusted() {
    let (authority, files) = (Authority::new(), Files::new());
    let receiver = receiver(&authority.sign("127.0.0.1"), None);
    let reason = refusal(&settings(&receiver, &[]));
    assert!(reason.ends_with(STRANGER), "{reason}");

    let other = files.file("ca.pem", &Authority::new().pem());
    let reason = refusal(&settings(&receiver, &[(CERTIFICATE, other)]));
    assert!(reason.contains("invalid peer certificate"), "{reason}");
}

#[test]
fn a_collector_of_another_name_is_not_trusted() {
    let (authority, files) = (Authority::new(), Files::new());
    let receiver = receiver(&authority.sign("collector.example"), None);
    let roots = files.file("ca.pem", &authority.pem());
    let reason = refusal(&settings(&receiver, &[(CERTIFICATE, roots)]));
    assert!(reason.contains("not valid for name"), "{reason}");
}

#[test]
fn a_collector_that_asks_who_we_are_is_told() {
    let (authority, files) = (Authority::new(), Files::new());
    let receiver = receiver(&authority.sign("127.0.0.1"), Some(&authority));
    let own = authority.sign("shop");
    let roots = (CERTIFICATE, files.file("ca.pem", &authority.pem()));
    let known = [
        roots.clone(),
        (CLIENT_CERTIFICATE, files.file("own.pem", &own.certificate)),
        (CLIENT_KEY, files.file("own.key", &own.key)),
    ];
    arrives(&settings(&receiver, &known), &receiver);
    // In which words depends on whether the alert or the end of the connection is read first.
    assert!(!refusal(&settings(&receiver, &[roots])).is_empty());
}

#[cfg(feature = "otlp-grpc")]
#[test]
fn metrics_arrive_over_grpc_as_well_and_strangers_are_not_trusted_there_either() {
    use tonic::transport::{Identity, Server, ServerTlsConfig};

    let (authority, files) = (Authority::new(), Files::new());
    let own = authority.sign("127.0.0.1");
    let config = ServerTlsConfig::new().identity(Identity::from_pem(&own.certificate, &own.key));
    let server = Server::builder().tls_config(config).unwrap();
    let receiver = grpc::receiver(Ok(Default::default()), server);
    let over_grpc = |variables: &[_]| Settings {
        endpoint: format!("https://127.0.0.1:{}", receiver.port),
        protocol: environment::Protocol::Grpc,
        ..settings(&receiver, variables)
    };
    let roots = files.file("ca.pem", &authority.pem());
    arrives(&over_grpc(&[(CERTIFICATE, roots)]), &receiver);
    let reason = refusal(&over_grpc(&[]));
    assert!(reason.ends_with(STRANGER), "{reason}");
}

#[test]
fn files_that_cannot_be_used_are_refused_before_anything_is_pushed() {
    let files = Files::new();
    let (one, other) = (Authority::new().sign("shop"), Authority::new().sign("shop"));
    let certificate = files.file("own.pem", &one.certificate);
    let key = files.file("other.key", &other.key);
    let missing = format!("{certificate}.not-there");
    for (variables, message) in [
        (
            vec![(CERTIFICATE, missing.clone())],
            format!("{CERTIFICATE}=`{missing}` cannot be used: No such file or directory (os error 2)"),
        ),
        (
            vec![(CERTIFICATE, key.clone())],
            format!("{CERTIFICATE}=`{key}` cannot be used: it holds no certificate in PEM"),
        ),
        (
            vec![(CLIENT_CERTIFICATE, certificate.clone())],
            format!("{CLIENT_CERTIFICATE} is set without {CLIENT_KEY}; set both, or neither"),
        ),
        (
            vec![(CLIENT_KEY, key.clone())],
            format!("{CLIENT_KEY} is set without {CLIENT_CERTIFICATE}; set both, or neither"),
        ),
        (
            vec![
                (CLIENT_CERTIFICATE, certificate.clone()),
                (CLIENT_KEY, certificate.clone()),
            ],
            format!("{CLIENT_KEY}=`{certificate}` cannot be used: it holds no private key in PEM without a passphrase"),
        ),
    ] {
        assert_eq!(tls(&variables).unwrap_err().to_string(), message);
    }
    let refused = tls(&[(CLIENT_CERTIFICATE, certificate.clone()), (CLIENT_KEY, key.clone())]).unwrap_err();
    let message = format!("{CLIENT_KEY}=`{key}` cannot be used: it does not fit `{certificate}`: ");
    assert!(refused.to_string().starts_with(&message), "{refused}");
}

#[test]
fn the_metrics_form_wins_and_no_key_is_shown() {
    let (authority, files) = (Authority::new(), Files::new());
    let own = authority.sign("shop");
    let good = files.file("ca.pem", &authority.pem());
    let variables = [
        (CERTIFICATE, "/not/there".to_owned()),
        ("OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", good),
        (CLIENT_CERTIFICATE, files.file("own.pem", &own.certificate)),
        (CLIENT_KEY, files.file("own.key", &own.key)),
    ];
    let shown = format!("{:?}", tls(&variables).unwrap());
    assert_eq!(shown, "Tls { own_roots: true, identity: true }");
}
