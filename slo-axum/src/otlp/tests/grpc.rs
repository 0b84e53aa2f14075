//! OTLP over gRPC, to the service of `opentelemetry-proto`.

use std::sync::mpsc;
use std::thread;

use http::HeaderValue;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use super::environment::Protocol;
use super::*;

type Answer = Result<ExportMetricsServiceResponse, Status>;

/// Gives one answer to all.
struct Inbox {
    outbox: mpsc::Sender<Received>,
    answer: Answer,
}

#[tonic::async_trait]
impl MetricsService for Inbox {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let (metadata, _, metrics) = request.into_parts();
        let headers = metadata.into_headers();
        // A test that is over listens no more.
        let _ = self.outbox.send(Received { headers, metrics });
        self.answer.clone().map(Response::new)
    }
}

/// Ends with the test's process.
pub(super) fn receiver(answer: Answer, server: Server) -> Receiver {
    let (outbox, inbox) = mpsc::channel();
    let (bound, binding) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async {
            let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).unwrap();
            bound.send(incoming.local_addr().unwrap().port()).unwrap();
            let mut server = server;
            let service = MetricsServiceServer::new(Inbox { outbox, answer });
            #[cfg(feature = "otlp-gzip")]
            let service = service.accept_compressed(tonic::codec::CompressionEncoding::Gzip);
            server.add_service(service).serve_with_incoming(incoming).await.unwrap();
        });
    });
    let port = binding.recv_timeout(PATIENCE).unwrap();
    Receiver { port, inbox }
}

fn accepting() -> Receiver {
    receiver(Ok(ExportMetricsServiceResponse::default()), Server::builder())
}

fn settings(receiver: &Receiver) -> Settings {
    let host = format!("127.0.0.1:{}", receiver.port);
    Settings {
        endpoint: format!("http://{host}"),
        protocol: Protocol::Grpc,
        ..Settings::for_test(&host)
    }
}

#[test]
fn metrics_arrive_from_a_plain_thread() {
    let receiver = accepting();
    arrives(&settings(&receiver), &receiver);
}

#[tokio::test]
async fn metrics_arrive_from_a_runtime_of_one_thread() {
    let receiver = accepting();
    arrives(&settings(&receiver), &receiver);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_arrive_from_a_runtime_of_several_threads() {
    let receiver = accepting();
    arrives(&settings(&receiver), &receiver);
}

#[test]
fn headers_travel_along_as_metadata() {
    let receiver = accepting();
    let mut settings = settings(&receiver);
    settings.headers.insert("x-scope", HeaderValue::from_static("shop"));
    let (_, last) = first_and_last(&settings, &receiver);
    assert_eq!(last.headers["x-scope"], "shop");
}

#[cfg(feature = "otlp-gzip")]
#[test]
fn metrics_arrive_compressed_where_that_is_asked_for() {
    let receiver = accepting();
    let compressed = Settings {
        is_compressed: true,
        ..settings(&receiver)
    };
    let (_, last) = first_and_last(&compressed, &receiver);
    assert_eq!((last.events("browse", "good"), last.durations()), (Some(3), 3));
    assert_eq!(last.headers["grpc-encoding"], "gzip");
}

#[test]
fn points_that_a_collector_rejects_are_heard_of() {
    let partial = ExportMetricsServiceResponse {
        partial_success: Some(ExportMetricsPartialSuccess {
            rejected_data_points: 1,
            error_message: "too old".to_owned(),
        }),
    };
    let receiver = receiver(Ok(partial), Server::builder());
    assert_eq!(refusal(&settings(&receiver)), "1 data point rejected: too old");
}

#[test]
fn a_refusal_is_told_without_the_words_of_the_collector() {
    let busy = Status::resource_exhausted("token abc123 is over its quota");
    let receiver = receiver(Err(busy), Server::builder());
    assert_eq!(
        refusal(&settings(&receiver)),
        "the collector answered ResourceExhausted"
    );
}

#[test]
fn a_collector_that_is_not_there_is_said_to_be_unreachable() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let (_, inbox) = mpsc::channel();
    let reason = refusal(&settings(&Receiver { port, inbox }));
    assert!(reason.contains("Connection refused"), "{reason}");
}
