//! The push over OTLP: one call sets it up, the guard that it returns flushes.
//!
//! # Environment
//!
//! The standard variables decide; `…_METRICS_…` wins over the general form.
//!
//! | variable | |
//! | --- | --- |
//! | `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT` | honoured; without either nothing is pushed |
//! | `OTEL_EXPORTER_OTLP_TIMEOUT`, `OTEL_EXPORTER_OTLP_METRICS_TIMEOUT` (ms) | honoured, 10 s by default |
//! | `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_METRICS_HEADERS` | honoured |
//! | `OTEL_METRIC_EXPORT_INTERVAL` (ms) | honoured, 60 s by default |
//! | `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_SERVICE_NAME` | honoured, and they win over the builder and the spec |
//! | `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` | `delta` reaches the histogram; `slo.*` stays cumulative |
//! | `OTEL_SDK_DISABLED=true`, `OTEL_METRICS_EXPORTER=none` | honoured: nothing is pushed |
//! | `OTEL_EXPORTER_OTLP_PROTOCOL`, `OTEL_EXPORTER_OTLP_METRICS_PROTOCOL` | `http/protobuf`; anything else is refused |
//! | `OTEL_EXPORTER_OTLP_COMPRESSION`, `OTEL_EXPORTER_OTLP_METRICS_COMPRESSION` | `none`; anything else is refused |
//! | an `https` endpoint | refused: this build has no TLS |
//! | `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` | not read: the endpoint is called directly |

mod client;
mod environment;
mod exporter;
mod guard;
mod resource;

use std::sync::Arc;
use std::thread;

use opentelemetry_otlp::{MetricExporter, Protocol, RetryPolicy, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};

pub use environment::EnvironmentError;
pub use guard::{Flushed, OtlpGuard, ShutdownError};

use crate::instruments::Binding;
use crate::{AlreadyInstrumented, Reliability};
use client::BlockingClient;
use environment::Settings;
use exporter::WatchedExporter;

impl Reliability {
    /// Pushes the metrics of this process over OTLP (HTTP/protobuf), as the standard `OTEL_*` variables say.
    ///
    /// Returns at once, also when the collector is not there: pushing happens on threads of its own, and the first push,
    /// with zeros, starts now. Without an endpoint variable nothing is pushed, and the guard has nothing to do.
    ///
    /// Keep the guard and call [`OtlpGuard::shutdown`] after the server has stopped, or the last interval is lost.
    ///
    /// # Errors
    ///
    /// [`OtlpError::Environment`] when a variable says what cannot be done, [`OtlpError::AlreadyInstrumented`] on a
    /// second call, [`OtlpError::Setup`] when a thread or the exporter cannot be made.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use slo_axum::Reliability;
    /// use slo_core::SloSet;
    ///
    /// let reliability = Reliability::builder(SloSet::builder("real-estate").build()?).build()?;
    /// let otlp = reliability.push_otlp_from_env()?;
    /// // ... serve until told to stop, then:
    /// otlp.shutdown(Duration::from_secs(5))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn push_otlp_from_env(&self) -> Result<OtlpGuard, OtlpError> {
        let Some(settings) = Settings::from_variables(|name| std::env::var(name).ok())? else {
            tracing::info!(
                "nothing is pushed over OTLP, for no OTEL_EXPORTER_OTLP_ENDPOINT is set, or OTEL_SDK_DISABLED or \
                 OTEL_METRICS_EXPORTER=none switches it off: budgets are kept in this process only"
            );
            return Ok(OtlpGuard::idle(Arc::clone(self.shared())));
        };
        self.push_otlp(&settings)
    }

    fn push_otlp(&self, settings: &Settings) -> Result<OtlpGuard, OtlpError> {
        let shared = Arc::clone(self.shared());
        let client = BlockingClient::new(settings.timeout);
        // Without retries: totals are cumulative, so the next interval carries everything, and a retry that sleeps on
        // the reader's thread would hold up the last push.
        let exporter = MetricExporter::builder()
            .with_http()
            .with_http_client(client.clone())
            .with_endpoint(settings.endpoint.clone())
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(settings.timeout)
            .with_retry_policy(RetryPolicy::disabled())
            .with_temporality(settings.temporality)
            .build()
            .map_err(|refused| OtlpError::Setup(refused.to_string()))?;
        let closing = Arc::default();
        let exporter = WatchedExporter::new(
            exporter,
            client,
            Arc::clone(&shared),
            environment::shown(&settings.endpoint),
            Arc::clone(&closing),
        );
        let provider = SdkMeterProvider::builder()
            .with_resource(resource::resource(&shared))
            .with_reader(
                PeriodicReader::builder(exporter)
                    .with_interval(settings.interval)
                    .build(),
            )
            .build();
        self.instrument(&provider, Binding::of(&provider))?;
        shared.export.configured();
        push_now(provider.clone())?;
        Ok(OtlpGuard::new(provider, shared, closing))
    }
}

/// The first push, off the caller's thread: engines must see every series begin at 0.
fn push_now(provider: SdkMeterProvider) -> Result<(), OtlpError> {
    let push = move || {
        // Whether it was accepted is noted by the exporter.
        let _ = provider.force_flush();
    };
    let spawned = thread::Builder::new().name("slo-otlp-first".to_owned()).spawn(push);
    spawned
        .map(drop)
        .map_err(|refused| OtlpError::Setup(refused.to_string()))
}

/// Why the push could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OtlpError {
    /// An environment variable says what cannot be done.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// This process pushes already.
    #[error(transparent)]
    AlreadyInstrumented(#[from] AlreadyInstrumented),
    /// The exporter or a thread could not be made; holds the reason.
    #[error("the push over OTLP cannot be set up: {0}")]
    Setup(String),
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::TcpListener;
    use std::time::Duration;

    use opentelemetry_sdk::metrics::Temporality;
    use slo_core::SloSet;

    use super::*;

    /// A collector that takes connections, as the operating system does for any listener, and never answers.
    struct Silent {
        listener: TcpListener,
    }

    impl Silent {
        fn new() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            Self { listener }
        }

        /// An hour of patience with it: whoever waits for its answer hangs this test.
        fn settings(&self) -> Settings {
            Settings {
                endpoint: format!("http://{}/v1/metrics", self.listener.local_addr().unwrap()),
                timeout: Duration::from_secs(3_600),
                interval: Duration::from_secs(3_600),
                temporality: Temporality::Cumulative,
            }
        }

        fn was_called(&self) -> bool {
            match self.listener.accept() {
                Ok(_) => true,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    false
                }
            }
        }
    }

    fn reliability() -> Reliability {
        Reliability::builder(SloSet::builder("shop").build().unwrap())
            .build()
            .unwrap()
    }

    #[tokio::test]
    async fn a_collector_that_never_answers_holds_up_neither_the_start_nor_the_end() {
        let collector = Silent::new();
        let guard = reliability().push_otlp(&collector.settings()).unwrap();
        let deadline = Duration::from_millis(50);
        assert_eq!(guard.shutdown(deadline), Err(ShutdownError::TooLate { deadline }));
    }

    #[tokio::test]
    async fn a_collector_that_never_answers_does_not_hold_up_a_dropped_guard() {
        let collector = Silent::new();
        drop(reliability().push_otlp(&collector.settings()).unwrap());
    }

    #[test]
    fn a_second_push_is_refused_before_it_calls_anybody() {
        let (first, second) = (Silent::new(), Silent::new());
        let reliability = reliability();
        let guard = reliability.push_otlp(&first.settings()).unwrap();
        let refused = reliability.push_otlp(&second.settings());
        assert!(matches!(refused, Err(OtlpError::AlreadyInstrumented(_))), "{refused:?}");
        assert!(!second.was_called());
        let _too_late = guard.shutdown(Duration::from_millis(1));
    }
}
