//! OTLP over HTTP without TLS.

use http::HeaderValue;
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsPartialSuccess, ExportMetricsServiceResponse};
use prost::Message as _;

use super::web::YES;
use super::*;

fn settings(receiver: &Receiver) -> Settings {
    Settings::for_test(&format!("127.0.0.1:{}", receiver.port))
}

#[test]
fn metrics_arrive_from_a_plain_thread() {
    let receiver = web::receiver(YES.to_vec(), Some);
    arrives(&settings(&receiver), &receiver);
}

#[tokio::test]
async fn metrics_arrive_from_a_runtime_of_one_thread() {
    let receiver = web::receiver(YES.to_vec(), Some);
    arrives(&settings(&receiver), &receiver);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_arrive_from_a_runtime_of_several_threads() {
    let receiver = web::receiver(YES.to_vec(), Some);
    arrives(&settings(&receiver), &receiver);
}

#[test]
fn headers_travel_along_and_cannot_say_what_the_body_is() {
    let receiver = web::receiver(YES.to_vec(), Some);
    let mut settings = settings(&receiver);
    settings.headers.insert("x-scope", HeaderValue::from_static("shop"));
    settings
        .headers
        .insert("content-type", HeaderValue::from_static("text/plain"));
    let (_, last) = first_and_last(&settings, &receiver);
    assert_eq!(last.headers["x-scope"], "shop");
    assert_eq!(last.headers["content-type"], "application/x-protobuf");
}

#[test]
fn metrics_of_others_go_the_same_way() {
    let receiver = web::receiver(YES.to_vec(), Some);
    let guard = reliability().push_otlp(&settings(&receiver)).unwrap();
    let meter = opentelemetry::metrics::MeterProvider::meter(guard.provider().unwrap(), "mine");
    meter.u64_counter("mine.sales").build().add(2, &[]);
    guard.shutdown(PATIENCE).unwrap();
    let mut pushes = std::iter::from_fn(|| receiver.inbox.try_recv().ok());
    assert!(pushes.any(|push| push.metric("mine.sales").is_some()));
    let idle = OtlpGuard::idle(Arc::clone(reliability().shared()));
    assert!(idle.provider().is_none());
}

#[cfg(feature = "otlp-gzip")]
#[test]
fn metrics_arrive_compressed_where_that_is_asked_for() {
    let receiver = web::receiver(YES.to_vec(), Some);
    let compressed = Settings {
        is_compressed: true,
        ..settings(&receiver)
    };
    let (_, last) = first_and_last(&compressed, &receiver);
    assert_eq!((last.events("browse", "good"), last.durations()), (Some(3), 3));
    assert_eq!(last.headers["content-encoding"], "gzip");
    let receiver = web::receiver(YES.to_vec(), Some);
    let (_, whole) = first_and_last(&settings(&receiver), &receiver);
    assert!(!whole.headers.contains_key("content-encoding"));
}

#[test]
fn points_that_a_collector_rejects_are_heard_of() {
    let partial = ExportMetricsServiceResponse {
        partial_success: Some(ExportMetricsPartialSuccess {
            rejected_data_points: 2,
            error_message: "too many series".to_owned(),
        }),
    };
    let body = partial.encode_to_vec();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let receiver = web::receiver([head.into_bytes(), body].concat(), Some);
    assert_eq!(refusal(&settings(&receiver)), "2 data points rejected: too many series");
}

#[test]
fn an_answer_that_is_no_yes_is_told_in_words() {
    let page = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi";
    for (answer, reason) in [
        (
            &b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"[..],
            "the collector answered 429 Too Many Requests",
        ),
        (
            page,
            "the answer is a web page, not what a collector says; is this its address?",
        ),
    ] {
        let receiver = web::receiver(answer.to_vec(), Some);
        assert_eq!(refusal(&settings(&receiver)), reason);
    }
    let garbage = web::receiver(b"\x16\x03\x01 what?\r\n\r\n".to_vec(), Some);
    assert!(!refusal(&settings(&garbage)).is_empty());
}
