//! OTLP over HTTP: protobuf in one POST, with a blocking client that no other crate's features can swap.

use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Request, Uri};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use prost::Message as _;

use super::answer::Answer;
use super::environment::Settings;
use super::transport::Transport;

/// More than any collector answers to a push.
const MAX_ANSWER_BYTES: u64 = 4 * 1024 * 1024;

const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");

/// Each push is a connection of its own.
#[derive(Clone, Debug)]
pub(super) struct HttpClient {
    agent: ureq::Agent,
    endpoint: Uri,
    headers: HeaderMap,
    #[cfg(feature = "otlp-gzip")]
    is_compressed: bool,
    timeout: Duration,
}

impl HttpClient {
    /// A client whose every push ends within the timeout, from look-up to the last byte of the answer.
    pub(super) fn new(settings: &Settings) -> Result<Self, String> {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(settings.timeout))
            .http_status_as_error(false)
            // A redirect could carry the headers, and with them a token, elsewhere.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // A push a minute gains nothing from a kept connection, and may meet one that the collector has closed.
            .max_idle_connections(0)
            // Else any of ALL_PROXY, HTTPS_PROXY and HTTP_PROXY would take a push meant for a collector nearby elsewhere.
            .proxy(None)
            .user_agent(super::USER_AGENT);
        #[cfg(feature = "otlp-tls")]
        let config = match &settings.tls {
            Some(tls) => config.tls_config(tls.for_http()),
            None => config,
        };
        let mut headers = settings.headers.clone();
        headers.insert(CONTENT_TYPE, PROTOBUF);
        #[cfg(feature = "otlp-gzip")]
        if settings.is_compressed {
            headers.insert(http::header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let endpoint = settings.endpoint.parse::<Uri>();
        Ok(Self {
            agent: config.build().new_agent(),
            endpoint: endpoint.map_err(|refused| refused.to_string())?,
            headers,
            #[cfg(feature = "otlp-gzip")]
            is_compressed: settings.is_compressed,
            timeout: settings.timeout,
        })
    }
}

impl Transport for HttpClient {
    fn push(&self, metrics: ExportMetricsServiceRequest) -> Result<Answer, String> {
        let body = metrics.encode_to_vec();
        #[cfg(feature = "otlp-gzip")]
        let body = match self.is_compressed {
            true => compressed(&body).map_err(|refused| refused.to_string())?,
            false => body,
        };
        let mut request = Request::post(self.endpoint.clone())
            .body(body)
            .map_err(|refused| refused.to_string())?;
        *request.headers_mut() = self.headers.clone();
        let reason = |failure: ureq::Error| match failure {
            // In ureq's words `timeout: global`.
            ureq::Error::Timeout(_) => super::no_answer(self.timeout),
            _ => super::with_advice(failure.to_string()),
        };
        let answer = self.agent.run(request).map_err(reason)?;
        let (parts, mut body) = answer.into_parts();
        if !parts.status.is_success() {
            return Err(format!("the collector answered {}", parts.status));
        }
        let body = body.with_config().limit(MAX_ANSWER_BYTES).read_to_vec();
        read(parts.headers.get(CONTENT_TYPE), &body.map_err(reason)?)
    }
}

#[cfg(feature = "otlp-gzip")]
fn compressed(body: &[u8]) -> std::io::Result<Vec<u8>> {
    use std::io::Write as _;

    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

/// A web server's page is not a collector's yes. Another type that the specification does not know may be one.
fn read(content_type: Option<&HeaderValue>, body: &[u8]) -> Result<Answer, String> {
    let content_type = content_type.map_or("", |value| value.to_str().unwrap_or_default());
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/x-protobuf") {
        return match ExportMetricsServiceResponse::decode(body) {
            Ok(response) => Ok(response.into()),
            Err(_) => Err("the answer is not what a collector says; is this its address?".to_owned()),
        };
    }
    if kind.eq_ignore_ascii_case("text/html") {
        return Err("the answer is a web page, not what a collector says; is this its address?".to_owned());
    }
    Ok(Answer::default())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsPartialSuccess;

    use super::*;

    #[test]
    fn a_collector_that_does_not_answer_is_said_to_do_just_that() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let settings = Settings {
            timeout: Duration::from_millis(20),
            ..Settings::for_test(&silent.local_addr().unwrap().to_string())
        };
        let client = HttpClient::new(&settings).unwrap();
        assert_eq!(
            client.push(ExportMetricsServiceRequest::default()),
            Err("no answer within 20ms".to_owned())
        );
    }

    #[test]
    fn an_answer_is_read_as_what_it_says_it_is() {
        let partial = ExportMetricsServiceResponse {
            partial_success: Some(ExportMetricsPartialSuccess {
                rejected_data_points: 2,
                error_message: "too old".to_owned(),
            }),
        };
        let as_type = |content_type| HeaderValue::from_static(content_type);
        let read = |content_type: &'static str, body: &[u8]| read(Some(&as_type(content_type)), body);
        let protobuf = "application/x-protobuf";
        assert_eq!(
            read(protobuf, &partial.encode_to_vec()).map(|answer| answer.rejected),
            Ok(2)
        );
        assert_eq!(read(protobuf, b""), Ok(Answer::default()));
        assert!(read(protobuf, b"garbage").is_err());
        assert!(read("Text/HTML; charset=utf-8", b"<h1>It works!</h1>").is_err());
        assert_eq!(read("application/json", b"{}"), Ok(Answer::default()));
        assert_eq!(super::read(None, b""), Ok(Answer::default()));
    }
}
