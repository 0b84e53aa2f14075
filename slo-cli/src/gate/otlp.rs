//! The gate's decision as a metric, for dashboards: `slo.gate.decisions`, pushed over OTLP as HTTP and Protocol Buffers.
//!
//! Each run has a series of its own, known by `service.instance.id`, with the one value 1: an `increase` of a series that
//! begins at 1 and ends there would be nothing, so it is read with `max_over_time`.
//!
//! The fields are those of [`metrics.proto`], which is stable.
//!
//! [`metrics.proto`]: https://github.com/open-telemetry/opentelemetry-proto/blob/v1.7.0/opentelemetry/proto/metrics/v1/metrics.proto

use std::path::Path;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use slo_core::names::{self, Attribute};
use ureq::http::header::{HeaderMap, HeaderName, HeaderValue};

use super::Notice;
use super::post::{Post, Untold};
use super::protobuf::{Field, Message, next};
use crate::prom::tls::Trusted;
use crate::render::plain;
use crate::web::http_address;

/// Who takes metrics over OTLP.
#[derive(Clone, Debug)]
#[must_use]
pub struct Collector {
    url: String,
    headers: HeaderMap,
    trusted: Option<Trusted>,
}

/// Why metrics cannot be pushed. Displays without secrets.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CollectorError {
    /// The address is none; holds where it was given.
    #[error(
        "{0} is not the address of a collector; write what stands before `/v1/metrics`, like `http://collector:4318`"
    )]
    Address(&'static str),
    /// A variable with headers has something else; holds its name.
    #[error("{0} is not `name=value,other=value` with percent-encoded values")]
    Headers(&'static str),
    /// The certificates to trust cannot be read; holds the reason.
    #[error("{CERTIFICATE} names a file that cannot be used: {0}")]
    Certificates(String),
    /// Another protocol is asked for; holds the variable and its value.
    #[error("{0} asks for `{1}`, and this tool speaks http/protobuf; give the address for that with --otlp")]
    Protocol(&'static str, String),
}

impl Collector {
    /// The collector that an argument or else the environment names; `None` when neither does.
    ///
    /// As the [specification] has it: the variables for metrics win over the general ones, and the general endpoint
    /// stands before `/v1/metrics`, as the argument does.
    ///
    /// # Errors
    ///
    /// [`CollectorError`] for what cannot be used.
    ///
    /// [specification]: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
    pub fn find(
        given: Option<&str>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, CollectorError> {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let of_either = |[own, general]: [&'static str; 2]| {
            let own = variable(own).map(|value| (own, value));
            own.or_else(|| variable(general).map(|value| (general, value)))
        };
        let (name, base, is_whole) = match (given, of_either(ENDPOINTS)) {
            (Some(given), _) => ("--otlp", given.to_owned(), false),
            (None, _) if is_off(&variable) => return Ok(None),
            (None, Some((name, value))) => (name, value, name == ENDPOINTS[0]),
            (None, None) => return Ok(None),
        };
        let protocol = of_either(PROTOCOLS).filter(|(_, protocol)| given.is_none() && protocol != "http/protobuf");
        if let Some((name, protocol)) = protocol {
            return Err(CollectorError::Protocol(name, plain(&protocol)));
        }
        let headers = of_either(HEADERS).map_or_else(
            || Ok(HeaderMap::new()),
            |(name, value)| headers(&value).ok_or(CollectorError::Headers(name)),
        )?;
        let trusted = variable(CERTIFICATE).map(|file| Trusted::from_file(Path::new(&file)));
        Ok(Some(Self {
            url: address(&base, is_whole).ok_or(CollectorError::Address(name))?,
            headers,
            trusted: trusted.transpose().map_err(CollectorError::Certificates)?,
        }))
    }

    /// Pushes what was decided, as it was at that time.
    pub(super) fn tell(&self, notice: &Notice, within: Duration) -> Result<(), Untold> {
        let answer = Post {
            url: &self.url,
            content_type: "application/x-protobuf",
            headers: self.headers.clone(),
            body: &request(notice),
            trusted: self.trusted.as_ref(),
            within,
        };
        let taken = answer.send()?;
        if taken.is_page() {
            let words = "it answered with a page, which no collector does; is this its address?";
            return Err(Untold::NotNow(words.to_owned()));
        }
        match rejection(&taken.body) {
            None => Ok(()),
            Some(words) => Err(Untold::Never(format!("it rejected the point: {words}"))),
        }
    }
}

fn is_off(variable: &impl Fn(&str) -> Option<String>) -> bool {
    let is = |name, value: &str| variable(name).is_some_and(|found| found.trim().eq_ignore_ascii_case(value));
    is("OTEL_SDK_DISABLED", "true") || is("OTEL_METRICS_EXPORTER", "none")
}

fn address(base: &str, is_whole: bool) -> Option<String> {
    let base = base.trim();
    let uri = http_address(base)?;
    if uri.query().is_some() || base.contains('@') {
        return None;
    }
    Some(if is_whole {
        base.to_owned()
    } else {
        format!("{}/v1/metrics", base.trim_end_matches('/'))
    })
}

fn headers(list: &str) -> Option<HeaderMap> {
    let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let header = |entry: &str| {
        let (name, value) = entry.split_once('=')?;
        let value: Vec<u8> = percent_decode_str(value.trim()).collect();
        let mut value = HeaderValue::try_from(value).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::try_from(name.trim()).ok()?, value))
    };
    entries.map(header).collect()
}

/// An `ExportMetricsServiceRequest` with one point.
fn request(notice: &Notice) -> Vec<u8> {
    let metric = names::GATE_DECISIONS;
    let verdict = attribute(names::GATE_VERDICT, notice.decision.as_str());
    let alone = attribute(names::GATE_WOULD_HAVE_BEEN, notice.would_have_been.as_str());
    let at = u64::try_from(notice.decided_at.timestamp_nanos_opt().unwrap_or_default()).unwrap_or_default();
    let point = Message::default()
        // Not the same moment: a point without a duration has counted nothing.
        .fixed64(2, at.saturating_sub(1_000_000_000))
        .fixed64(3, at)
        .fixed64(6, 1)
        .message(7, &verdict)
        .message(7, &alone);
    let sum = Message::default().message(1, &point).number(2, CUMULATIVE).number(3, 1);
    let metric = Message::default()
        .text(1, metric.otel)
        .text(2, metric.description)
        .text(3, metric.unit)
        .message(7, &sum);
    let scope = Message::default()
        .text(1, env!("CARGO_PKG_NAME"))
        .text(2, env!("CARGO_PKG_VERSION"));
    let of_scope = Message::default().message(1, &scope).message(2, &metric);
    let of_resource = Message::default().message(1, &resource(notice)).message(2, &of_scope);
    Message::default().message(1, &of_resource).into_bytes()
}

/// Whose deploy it was, and which run.
fn resource(notice: &Notice) -> Message {
    let said = [
        (names::SERVICE_NAME, Some(notice.service.as_str())),
        (names::SERVICE_NAMESPACE, notice.namespace.as_deref()),
        (names::SERVICE_VERSION, notice.revision.as_deref()),
        (names::SERVICE_INSTANCE_ID, Some(notice.run.as_str())),
        (names::DEPLOYMENT_ENVIRONMENT_NAME, notice.environment.as_deref()),
    ];
    said.into_iter()
        .fold(Message::default(), |resource, (name, value)| match value {
            Some(value) => resource.message(1, &attribute(name, value)),
            None => resource,
        })
}

fn attribute(name: Attribute, value: &str) -> Message {
    // A label of more than this is dropped by some engines, and with it all labels of the series.
    let end = value
        .char_indices()
        .nth(LONGEST_VALUE)
        .map_or(value.len(), |(end, _)| end);
    Message::default()
        .text(1, name.otel)
        .message(2, &Message::default().text(1, &value[..end]))
}

/// Why the one point of a push that was accepted was not: `partial_success` of an `ExportMetricsServiceResponse`.
fn rejection(mut answer: &[u8]) -> Option<String> {
    let Some((1, Field::Bytes(mut partial))) = next(&mut answer) else {
        return None;
    };
    let (mut rejected, mut words) = (0, String::new());
    while let Some(field) = next(&mut partial) {
        match field {
            (1, Field::Number(points)) => rejected = points,
            (2, Field::Bytes(text)) => words = plain(&String::from_utf8_lossy(text)),
            _ => {}
        }
    }
    (rejected > 0).then_some(words)
}

const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const HEADERS: [&str; 2] = ["OTEL_EXPORTER_OTLP_METRICS_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CERTIFICATE";
/// `AGGREGATION_TEMPORALITY_CUMULATIVE`.
const CUMULATIVE: u64 = 2;
/// In characters.
const LONGEST_VALUE: usize = 128;

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::metrics::v1::{
        ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
    };
    use opentelemetry_proto::tonic::metrics::v1::metric::Data;
    use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
    use prost::Message as _;

    use super::*;

    fn found(given: Option<&str>, variables: &[(&str, &str)]) -> Result<Option<Collector>, CollectorError> {
        Collector::find(given, |name| {
            let mut known = variables.iter().filter(|(known, _)| *known == name);
            known.next().map(|(_, value)| (*value).to_owned())
        })
    }

    fn url(given: Option<&str>, variables: &[(&str, &str)]) -> Option<String> {
        found(given, variables).unwrap().map(|collector| collector.url)
    }

    #[test]
    fn another_reader_finds_one_point_with_all_that_is_known_of_the_run() {
        let notice = Notice::example();
        let read = ExportMetricsServiceRequest::decode(request(&notice).as_slice()).unwrap();
        let resource = read.resource_metrics[0].resource.as_ref().unwrap();
        let attributes: Vec<_> = resource.attributes.iter().map(|pair| pair.key.as_str()).collect();
        assert_eq!(
            attributes,
            [
                "service.name",
                "service.namespace",
                "service.version",
                "service.instance.id",
                "deployment.environment.name"
            ]
        );
        let of_scope = &read.resource_metrics[0].scope_metrics[0];
        assert_eq!(of_scope.scope.as_ref().unwrap().name, "slo-cli");
        let metric = &of_scope.metrics[0];
        assert_eq!(
            (metric.name.as_str(), metric.unit.as_str()),
            ("slo.gate.decisions", "{decision}")
        );
        let Some(Data::Sum(sum)) = &metric.data else {
            panic!("{metric:?}")
        };
        assert_eq!((sum.aggregation_temporality, sum.is_monotonic), (2, true));
        let point = &sum.data_points[0];
        assert_eq!(point.value, Some(Value::AsInt(1)));
        assert_eq!(
            i64::try_from(point.time_unix_nano).ok(),
            notice.decided_at.timestamp_nanos_opt()
        );
        assert!(point.start_time_unix_nano < point.time_unix_nano);
        assert_eq!(point.attributes[0].key, "slo.gate.verdict");
        assert!(
            format!("{:?}", point.attributes[0].value).contains("bypassed"),
            "{point:?}"
        );
        assert_eq!(point.attributes[1].key, "slo.gate.would_have_been");
        assert!(
            format!("{:?}", point.attributes[1].value).contains("blocked"),
            "{point:?}"
        );
        let nothing = Notice {
            namespace: None,
            revision: None,
            environment: None,
            ..notice
        };
        let read = ExportMetricsServiceRequest::decode(request(&nothing).as_slice()).unwrap();
        assert_eq!(read.resource_metrics[0].resource.as_ref().unwrap().attributes.len(), 2);
    }

    #[test]
    fn a_long_revision_is_cut_between_two_characters() {
        let notice = Notice {
            revision: Some("é".repeat(500)),
            ..Notice::example()
        };
        let read = ExportMetricsServiceRequest::decode(request(&notice).as_slice()).unwrap();
        let version = &read.resource_metrics[0].resource.as_ref().unwrap().attributes[2];
        assert!(format!("{version:?}").contains(&format!("\"{}\"", "é".repeat(128))));
    }

    #[test]
    fn a_rejected_point_is_not_taken_for_an_accepted_one() {
        let answer = |rejected, words: &str| ExportMetricsServiceResponse {
            partial_success: Some(ExportMetricsPartialSuccess {
                rejected_data_points: rejected,
                error_message: words.to_owned(),
            }),
        };
        assert_eq!(
            rejection(&answer(1, "too old").encode_to_vec()).as_deref(),
            Some("too old")
        );
        assert_eq!(rejection(&answer(0, "mind the names").encode_to_vec()), None);
        for other in [&b""[..], b"{}", b"\x0a\xff", b"\x08\x01"] {
            assert_eq!(rejection(other), None);
        }
    }

    #[test]
    fn the_endpoint_is_the_arguments_then_that_of_metrics_then_the_general_one() {
        let general = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://general:4318/");
        let own = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://own/push");
        assert_eq!(url(None, &[]), None);
        assert_eq!(url(None, &[general]).as_deref(), Some("http://general:4318/v1/metrics"));
        assert_eq!(url(None, &[general, own]).as_deref(), Some("http://own/push"));
        assert_eq!(
            url(Some("http://given/otlp"), &[general, own]).as_deref(),
            Some("http://given/otlp/v1/metrics")
        );
        assert_eq!(url(None, &[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]), None);
        for off in [("OTEL_SDK_DISABLED", "TRUE"), ("OTEL_METRICS_EXPORTER", "none")] {
            assert_eq!(url(None, &[general, off]), None);
            assert!(url(Some("http://given"), &[off]).is_some());
        }
    }

    #[test]
    fn what_cannot_be_used_is_named_and_shows_no_secret() {
        let refused = |given, variables: &[(&str, &str)]| found(given, variables).unwrap_err().to_string();
        for address in [
            "collector:4318",
            "http://ana:hush@collector",
            "http://c/?token=hush",
            "ftp://c",
            "http://",
            "http://c/#hush",
            "http://c:99999",
        ] {
            assert!(
                refused(Some(address), &[]).starts_with("--otlp is not the address"),
                "{address}"
            );
            assert!(!refused(Some(address), &[]).contains("hush"));
        }
        let general = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://general:4317");
        assert_eq!(
            refused(None, &[general, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]),
            "OTEL_EXPORTER_OTLP_PROTOCOL asks for `grpc`, and this tool speaks http/protobuf; give the address for that \
             with --otlp"
        );
        for list in ["token hush", "a=b,to ken=hush", "a=%0Ahush"] {
            let words = refused(None, &[general, ("OTEL_EXPORTER_OTLP_HEADERS", list)]);
            assert!(
                words.starts_with("OTEL_EXPORTER_OTLP_HEADERS is not") && !words.contains("hush"),
                "{words}"
            );
        }
        assert!(refused(None, &[general, (CERTIFICATE, "/nowhere")]).starts_with(CERTIFICATE));
        let collector = found(
            None,
            &[general, ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hush")],
        );
        let collector = collector.unwrap().unwrap();
        assert_eq!(collector.headers["authorization"], "Bearer hush");
        assert!(!format!("{collector:?}").contains("hush"));
    }
}
