//! Engines that are broken, as the whole command meets them: never an allowance by accident, and one sentence that says
//! what is wrong, without a secret in it.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use flate2::write::GzEncoder;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::tests::whole;
use super::*;
use crate::cmd::test_day::Day;
use crate::test_server::{http, json, nobody, request, serving};
use crate::test_words::{assert_begins, assert_says};

pub(super) const SPEC: &str = "{version: 1, service: shop, slos: [{name: a, promise: Anyone can look., owner: search, status: agreed, \
                    objective: 99%, window: 30d, sli: {http: {routes: [/a]}}}]}";
const NOTHING: &str = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;

fn gate(url: &str, more: &[&str]) -> Answer {
    gate_with(url, more, &[])
}

fn gate_with(url: &str, more: &[&str], variables: &[(&'static str, &'static str)]) -> Answer {
    let line = ["--prometheus", url, "--retries", "1", "--header", "X-Key: hush"];
    let token = [("SLO_PROMETHEUS_TOKEN", "hush")];
    whole(
        SPEC,
        &[&line[..], more].concat(),
        Day::with(&[&token, variables].concat()),
    )
}

/// The sentence behind a verdict that is unknown, in each format and without the address.
fn sentence(url: &str, more: &[&str]) -> String {
    let answer = gate(url, more);
    assert_eq!(answer.exit, Exit::NoAnswer, "{}", answer.out);
    assert!(!format!("{answer:?}").contains("hush"), "{answer:?}");
    let first = answer.out.lines().next().unwrap_or_default();
    let sentence = first.strip_prefix("unknown: nothing could be judged: ");
    sentence
        .unwrap_or_else(|| panic!("{}", answer.out))
        .replace(url, "ENGINE")
}

fn always(answer: &[u8]) -> String {
    serving(vec![answer.to_vec(); 40]).0
}

const NOW: &str = r#"{"status":"success","data":{"resultType":"scalar","result":[1767225600,"1767225600"]}}"#;

/// What an engine that knows nothing but the time says to a request.
fn knows_the_time(request: &str) -> &'static str {
    let is_time = ["query=time()", "query=time%28%29"]
        .iter()
        .any(|form| request.ends_with(form));
    if is_time { NOW } else { NOTHING }
}

/// Says what time it is, and this to everything else.
fn knowing(answer: &[u8]) -> String {
    let answer = answer.to_vec();
    saying(move |_, request| match knows_the_time(request) {
        NOW => json("200 OK", NOW),
        _ => answer.clone(),
    })
}

/// Answers the requests, counted from 0, one after the other.
fn saying(answer: impl Fn(usize, &str) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let request = request(&mut stream);
            let _ = stream.write_all(&answer(number, &request));
        }
    });
    url
}

#[test]
fn an_engine_that_says_nothing_of_use_is_one_sentence() {
    let page = http("200 OK", "content-type: text/html\r\n", "<h1>Welcome</h1>");
    let moved = http("302 Found", "location: https://login.example.com/\r\n", "");
    let half = json("200 OK", r#"{"status":"success","data":{"resultType":"vec"#);
    let other = json("200 OK", r#"{"fine":true}"#);
    let no_answer = "which is not what a Prometheus-compatible engine says; is this its address?";
    for (answer, expected) in [
        (
            page,
            format!("no answer: ENGINE answered with `text/html`, {no_answer}"),
        ),
        (
            half,
            format!("no answer: ENGINE answered with half an answer, {no_answer}"),
        ),
        (
            other,
            format!("no answer: ENGINE answered with other JSON, or none, {no_answer}"),
        ),
        (
            moved,
            "no answer: ENGINE redirects to https://login.example.com/; give that address if it is the right one"
                .to_owned(),
        ),
        (
            json("206 Partial Content", NOTHING),
            format!("no answer: ENGINE answered with status 206, {no_answer}"),
        ),
        (
            http("403 Forbidden", "", "hush"),
            "no answer: ENGINE refused with status 403: give a token, a user or a tenant header that may read"
                .to_owned(),
        ),
        (
            http("503 Service Unavailable", "", "starting up"),
            "no answer: ENGINE answered with status 503: starting up".to_owned(),
        ),
        (
            json(
                "422 Unprocessable Entity",
                r#"{"status":"error","error":"too many\u001b[2J samples"}"#,
            ),
            r"no answer: ENGINE answered with status 422: too many\u{1b}[2J samples".to_owned(),
        ),
        (
            json(
                "200 OK",
                &NOTHING.replace(r#""data""#, r#""warnings":["a store is gone"],"data""#),
            ),
            "the answer is partial or doubted by its source: a store is gone".to_owned(),
        ),
        (
            json("200 OK", &NOTHING.replace(r#""data""#, r#""isPartial":true,"data""#)),
            "the answer is partial or doubted by its source: the answer is partial".to_owned(),
        ),
    ] {
        assert_eq!(sentence(&knowing(&answer), &[]), expected);
    }
}

#[test]
fn an_engine_that_cannot_be_reached_is_one_sentence() {
    let refused = sentence(&nobody(), &[]);
    let expected = "no answer: ENGINE cannot be reached: io: Connection refused";
    assert_begins(&refused, expected);
    let cut = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{\"status\":";
    assert!(sentence(&always(cut), &[]).starts_with("no answer: ENGINE cannot be reached: "));
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    assert_eq!(
        sentence(&url, &["--timeout", "30ms"]),
        "no answer: ENGINE did not answer within 30 ms"
    );
}

#[test]
fn an_engine_that_drips_is_given_up_on() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // Each byte is in time, and the answer never is.
            while stream.write_all(b"H").is_ok() {
                thread::yield_now();
            }
        }
    });
    assert!(sentence(&url, &["--timeout", "200ms"]).starts_with("no answer: ENGINE "));
}

#[test]
fn more_than_anybody_needs_is_too_much_packed_or_not() {
    let series = r#"{"metric":{"instance":"0123456789"},"value":[1,"2"]},"#.repeat(200_000);
    let series = series.trim_end_matches(',');
    let body = format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{series}]}}}}"#);
    let expected = "no answer: ENGINE answered with more than 8 MB; is the query's selector right?";
    assert_eq!(sentence(&always(&json("200 OK", &body)), &[]), expected);

    let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(body.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n\
         content-length: {}\r\n\r\n",
        packed.len()
    );
    assert!(packed.len() < 1_000_000);
    assert_eq!(sentence(&always(&[head.as_bytes(), &packed].concat()), &[]), expected);
}

#[test]
fn an_engine_that_goes_away_while_it_is_asked_proves_nothing_and_allows_nothing() {
    for whole in 0..9 {
        let url = saying(move |number, request| match number < whole {
            true => json("200 OK", knows_the_time(request)),
            false => http("502 Bad Gateway", "", ""),
        });
        let answer = gate(&url, &[]);
        // With the first four it has said that the service was never there, by no labels: the deploy that adds it.
        let expected = if whole < 4 { Exit::NoAnswer } else { Exit::Pass };
        assert_eq!(answer.exit, expected, "{whole}: {}", answer.out);
    }
}

#[test]
fn a_spec_cannot_alter_a_query_and_an_engines_labels_cannot_alter_a_verdict() {
    let label = r#"prod\u001b[2J\n\nallowed: \u202e"#;
    let series = format!(r#"{{"metric":{{"deployment_environment_name":"{label}"}},"value":[1,"1"]}}"#);
    let both = NOTHING.replace("[]", &format!("[{series},{}]", series.replace("prod", "test")));
    let answer = gate(&knowing(&json("200 OK", &both)), &[]);
    assert_eq!(answer.exit, Exit::NoAnswer);
    assert_says(&answer.out, "several environments match");
    assert!(
        answer.out.lines().skip(1).all(|line| !line.starts_with("allowed")),
        "{}",
        answer.out
    );
    assert!(!answer.out.contains(['\u{1b}', '\u{202e}']), "{}", answer.out);
}

/// Who signs, and a server whose certificate is for one name.
struct Secure {
    ca: PathBuf,
    port: u16,
}

impl Secure {
    fn named(name: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // Each by another name, or a stranger would be known by his name and betrayed by his signature.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        params
            .distinguished_name
            .push(DnType::CommonName, format!("CA {number}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap().pem();
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth();
        let config = Arc::new(config.with_single_cert(chain, key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                answer(StreamOwned::new(connection, stream.unwrap()));
            }
        });
        let ca = std::env::temp_dir().join(format!("slo-gate-ca-{}-{port}.pem", std::process::id()));
        std::fs::write(&ca, authority.pem()).unwrap();
        Self { ca, port }
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.ca);
    }
}

/// One question and one answer, unless there was no handshake.
fn answer(mut stream: StreamOwned<ServerConnection, TcpStream>) {
    let said = knows_the_time(&request(&mut stream));
    let _ = stream.write_all(&json("200 OK", said));
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

#[test]
fn an_authority_of_ones_own_is_trusted_when_it_is_named_and_only_then() {
    let engine = Secure::named("127.0.0.1");
    let ca = engine.ca.display().to_string();
    let answer = gate(&engine.url(), &["--ca-file", &ca]);
    assert_eq!(answer.exit, Exit::Pass, "{}", answer.out);
    assert_says(&answer.out, "never seen in the window");
    let unknown = sentence(&engine.url(), &[]);
    assert_eq!(
        unknown,
        "no answer: ENGINE cannot be reached: its certificate is signed by nobody known; name the CA's by --ca-file"
    );
    let stranger = Secure::named("127.0.0.1");
    assert_eq!(sentence(&stranger.url(), &["--ca-file", &ca]), unknown);
}

#[test]
fn a_certificate_for_somebody_else_is_no_certificate() {
    let engine = Secure::named("prometheus.example.com");
    let ca = engine.ca.display().to_string();
    let said = sentence(&engine.url(), &["--ca-file", &ca]);
    assert_begins(&said, "no answer: ENGINE cannot be reached: ");
    assert_says(&said, "not valid for name");
}

#[test]
fn a_collectors_authority_is_trusted_when_the_environment_names_it() {
    let (engine, collector) = (knowing(&json("200 OK", NOTHING)), Secure::named("127.0.0.1"));
    let pushed = ["--otlp", &collector.url()];
    let ca: &'static str = collector.ca.display().to_string().leak();
    let trusted = gate_with(&engine, &pushed, &[("OTEL_EXPORTER_OTLP_CERTIFICATE", ca)]);
    assert_eq!((trusted.exit, trusted.err.as_str()), (Exit::Pass, ""));
    let stranger = gate(&engine, &pushed);
    assert_eq!(stranger.exit, Exit::Pass);
    assert_begins(&stranger.err, "slo: NOT ANNOUNCED: OTLP: ");
    assert_says(&stranger.err, "name the CA's by OTEL_EXPORTER_OTLP_CERTIFICATE");
}

#[test]
fn an_alertmanagers_authority_is_trusted_when_it_is_named_and_only_then() {
    let (engine, pager) = (nobody(), Secure::named("127.0.0.1"));
    let (url, ca) = (pager.url(), pager.ca.display().to_string());
    let bypass = [
        "--revision",
        "4f2a",
        "--message",
        "Fix [slo-bypass: nobody can pay]",
        "--author",
        "Ana",
    ];
    let told = |more: &[&str]| gate(&engine, &[&bypass[..], &["--alertmanager", &url], more].concat());
    let trusted = told(&["--alertmanager-ca-file", &ca]);
    assert_eq!(trusted.exit, Exit::Pass);
    assert!(!trusted.err.contains("NOT "), "{}", trusted.err);
    // The engine's authority is the engine's.
    for more in [&[][..], &["--ca-file", &ca]] {
        let stranger = told(more);
        assert_eq!(stranger.exit, Exit::Pass);
        assert!(
            stranger.err.contains(
                "NOT ANNOUNCED: Alertmanager: its certificate is signed by nobody known; name the CA's by \
                 --alertmanager-ca-file"
            ),
            "{}",
            stranger.err
        );
    }
}

#[test]
fn what_an_engine_says_back_to_us_is_not_shown() {
    let echoes = [
        json(
            "422 Unprocessable Entity",
            r#"{"status":"error","error":"no such user: Bearer hush"}"#,
        ),
        json(
            "200 OK",
            &NOTHING.replace(r#""data""#, r#""warnings":["Authorization: Bearer hush"],"data""#),
        ),
        http(
            "302 Found",
            "location: https://ana:hush@login.example.com/?t=hush#hush\r\n",
            "",
        ),
        http("302 Found", "location: https://login.example.com/?t=other\r\n", ""),
        http("302 Found", "location: https://login.example.com/hush/\r\n", ""),
        http("200 OK", "content-type: text/hush\r\n", ""),
        http("500 Oops", "", "X-Key: hush"),
    ];
    for echo in echoes {
        let audit = ["--audit=-", "--on-unknown", "allow"];
        let answer = gate(&knowing(&echo), &audit);
        let said = format!("{answer:?}");
        assert!(!said.contains("hush") && !said.contains("other"), "{said}");
        assert!(said.contains("***") || said.contains("login.example.com"), "{said}");
    }
}
