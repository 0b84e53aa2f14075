//! How a push travels.

use std::fmt::Debug;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;

use super::answer::Answer;
use super::environment::{Protocol, Settings};
#[cfg(feature = "otlp-grpc")]
use super::over_grpc::GrpcClient;
use super::over_http::HttpClient;

/// A client of our own for each protocol.
pub(super) trait Transport: Debug + Send + Sync {
    /// Blocks until the collector has answered or the timeout has passed; `Err` says why it did not accept.
    fn push(&self, metrics: ExportMetricsServiceRequest) -> Result<Answer, String>;
}

/// Calls nobody yet; `Err` says why it cannot be made.
pub(super) fn transport(settings: &Settings) -> Result<Box<dyn Transport>, String> {
    Ok(match settings.protocol {
        Protocol::Http => Box::new(HttpClient::new(settings)?),
        #[cfg(feature = "otlp-grpc")]
        Protocol::Grpc => Box::new(GrpcClient::new(settings)?),
    })
}
