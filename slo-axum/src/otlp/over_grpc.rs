//! OTLP over gRPC: one unary call per push, on a runtime that lives as long as the push.

use std::error::Error;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use tokio::runtime::Builder;
use tonic::metadata::MetadataMap;
use tonic::transport::Endpoint;
use tonic::{Request, Status};

use super::answer::Answer;
use super::environment::Settings;
use super::transport::Transport;

/// Each push is a connection of its own.
///
/// A kept one would need somebody who answers its pings between the pushes: a runtime that is always there. And where
/// a runtime lives as long as its push, none is ever dropped inside another.
#[derive(Clone, Debug)]
pub(super) struct GrpcClient {
    endpoint: Endpoint,
    metadata: MetadataMap,
    #[cfg(feature = "otlp-gzip")]
    is_compressed: bool,
    timeout: Duration,
}

impl GrpcClient {
    /// A client whose every push ends within the timeout, from look-up to the last byte of the answer.
    pub(super) fn new(settings: &Settings) -> Result<Self, String> {
        let endpoint = Endpoint::from_shared(settings.endpoint.clone())
            .and_then(|endpoint| endpoint.user_agent(super::USER_AGENT))
            .map_err(|refused| in_full(&refused))?;
        #[cfg(feature = "otlp-tls")]
        let endpoint = match &settings.tls {
            Some(tls) => endpoint
                .tls_config(tls.for_grpc())
                .map_err(|refused| in_full(&refused))?,
            None => endpoint,
        };
        Ok(Self {
            endpoint,
            metadata: MetadataMap::from_headers(settings.headers.clone()),
            #[cfg(feature = "otlp-gzip")]
            is_compressed: settings.is_compressed,
            timeout: settings.timeout,
        })
    }

    async fn call(&self, metrics: ExportMetricsServiceRequest) -> Result<Answer, String> {
        let connected = self.endpoint.connect().await;
        let channel = connected.map_err(|refused| super::with_advice(in_full(&refused)))?;
        let mut request = Request::new(metrics);
        *request.metadata_mut() = self.metadata.clone();
        let client = MetricsServiceClient::new(channel);
        #[cfg(feature = "otlp-gzip")]
        let client = match self.is_compressed {
            true => client.send_compressed(tonic::codec::CompressionEncoding::Gzip),
            false => client,
        };
        let mut client = client;
        let answer = client.export(request).await;
        answer
            .map(|answer| answer.into_inner().into())
            .map_err(|status| said(&status))
    }
}

impl Transport for GrpcClient {
    // On a thread that belongs to no runtime.
    fn push(&self, metrics: ExportMetricsServiceRequest) -> Result<Answer, String> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|refused| format!("no runtime for the call: {refused}"))?;
        let answer = runtime.block_on(async { tokio::time::timeout(self.timeout, self.call(metrics)).await });
        // Without waiting for a look-up of the host's name that hangs.
        runtime.shutdown_background();
        answer.unwrap_or_else(|_| Err(super::no_answer(self.timeout)))
    }
}

/// What the collector said. Its own words stay out: they may repeat a token.
fn said(status: &Status) -> String {
    match status.source() {
        // Made on this side: the connection broke.
        Some(source) => in_full(source),
        None => format!("the collector answered {:?}", status.code()),
    }
}

/// An error and what caused it, each once.
fn in_full(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::super::environment::Protocol;
    use super::*;

    #[test]
    fn a_collector_that_does_not_answer_is_said_to_do_just_that() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let settings = Settings {
            protocol: Protocol::Grpc,
            timeout: Duration::from_millis(20),
            ..Settings::for_test(&silent.local_addr().unwrap().to_string())
        };
        let client = GrpcClient::new(&settings).unwrap();
        assert_eq!(
            client.push(ExportMetricsServiceRequest::default()),
            Err("no answer within 20ms".to_owned())
        );
    }

    #[test]
    fn a_cause_that_its_effect_has_told_is_not_told_again() {
        #[derive(Debug, thiserror::Error)]
        #[error("{text}")]
        struct Told {
            text: &'static str,
            source: Option<Box<Self>>,
        }
        let told = |text, source: Option<Told>| Told {
            text,
            source: source.map(Box::new),
        };
        let chain = told("no push", Some(told("io: refused", Some(told("refused", None)))));
        assert_eq!(in_full(&chain), "no push: io: refused");
    }
}
