//! The push over OTLP: one call sets it up, the guard that it returns flushes.
//!
//! # Environment
//!
//! The standard variables decide; `…_METRICS_…` wins over the general form.
//!
//! | variable | |
//! | --- | --- |
//! | `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT` | honoured by us; without either nothing is pushed |
//! | a query in an endpoint | sent as it is, behind the path; left out of every message and of the status, as a password is |
//! | an `https` endpoint | honoured by us with the feature `otlp-tls`, else refused |
//! | `OTEL_EXPORTER_OTLP_PROTOCOL`, `OTEL_EXPORTER_OTLP_METRICS_PROTOCOL` | honoured by us: `http/protobuf`, which is the default; `grpc` with the feature `otlp-grpc`, else refused; `http/json` is refused |
//! | `OTEL_EXPORTER_OTLP_CERTIFICATE`, `OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE` | honoured by us with `otlp-tls`: a file in PEM with the only CAs to trust; without it, those that Mozilla trusts |
//! | `OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE`, `OTEL_EXPORTER_OTLP_CLIENT_KEY`, and both as `…_METRICS_…` | honoured by us with `otlp-tls`: files in PEM |
//! | `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_METRICS_HEADERS` | honoured by us; an entry that is no header is refused |
//! | `OTEL_EXPORTER_OTLP_TIMEOUT`, `OTEL_EXPORTER_OTLP_METRICS_TIMEOUT` (ms) | honoured by us, 10 s by default |
//! | `OTEL_METRIC_EXPORT_INTERVAL` (ms) | honoured by us, 60 s by default |
//! | `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` | honoured by us: `delta` reaches the histogram; `slo.*` stays cumulative |
//! | `OTEL_SDK_DISABLED=true`, `OTEL_METRICS_EXPORTER=none` | honoured by us: nothing is pushed; another exporter than `otlp` is refused |
//! | `OTEL_RESOURCE_ATTRIBUTES` | honoured by the SDK, and it wins over the builder and the spec |
//! | `OTEL_SERVICE_NAME` | honoured by us, and it wins over everything else |
//! | `OTEL_EXPORTER_OTLP_COMPRESSION`, `OTEL_EXPORTER_OTLP_METRICS_COMPRESSION` | honoured by us: `none`; `gzip` with the feature `otlp-gzip`, else refused; anything else is refused |
//! | `OTEL_EXPORTER_OTLP_INSECURE`, `OTEL_EXPORTER_OTLP_METRICS_INSECURE` | not read: they speak for endpoints without a scheme, and those are refused |
//! | `OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION` | not read: every latency limit must be a bucket's boundary |
//! | `OTEL_METRIC_EXPORT_TIMEOUT` | not read: the timeout above is that of a push |
//! | `OTEL_METRICS_EXEMPLAR_FILTER` | not read: there are no exemplars |
//! | `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` | not read: the endpoint is called directly |
//!
//! # What a collector may do
//!
//! Pushes are made on threads of their own, over a connection of their own each, once per interval and without retries:
//! totals are cumulative, so the next push carries everything. A collector that is absent, hangs or refuses costs one
//! warning, a note when it accepts again, and nothing else. Data points that it rejects from a push that it accepts are
//! counted in [`ExportStatus::rejected`](crate::ExportStatus), and warned of once.
//!
//! `https` is spoken by rustls with ring. Over gRPC each push has a runtime of its own while it lasts; the service's is
//! never used.

mod answer;
mod durations;
mod endpoint;
mod environment;
mod exporter;
mod guard;
mod headers;
#[cfg(feature = "otlp-grpc")]
mod over_grpc;
mod over_http;
mod provider;
mod resource;
#[cfg(feature = "otlp-tls")]
mod tls;
mod transport;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

pub use environment::EnvironmentError;
pub use guard::OtlpGuard;

use crate::flush::push_now;
use crate::instruments::Instruments;
use crate::{AlreadyInstrumented, Reliability};
use durations::PushedDurations;
use endpoint::shown;
use environment::Settings;
use exporter::WatchedExporter;
use transport::transport;

impl Reliability {
    /// Pushes the metrics of this process over OTLP, as the [standard `OTEL_*` variables](self) say.
    ///
    /// Returns at once, also when the collector is not there: pushing happens on threads of its own, and the first push,
    /// with zeros, starts now. Without an endpoint variable nothing is pushed, and the guard has nothing to do.
    ///
    /// Keep the guard and call [`OtlpGuard::shutdown`] after the server has stopped, or the last interval is lost.
    ///
    /// # Errors
    ///
    /// [`OtlpError::Environment`] when a variable says what cannot be done or names a file that cannot be used,
    /// [`OtlpError::AlreadyInstrumented`] on a second call, [`OtlpError::Setup`] when a thread or the exporter cannot be
    /// made.
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
        self.push_otlp_from(|name| std::env::var(name).ok())
    }

    /// As [`push_otlp_from_env`](Self::push_otlp_from_env), with the value of each variable from `read`: for services whose
    /// settings come from elsewhere. `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` are the environment's all the same.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use slo_axum::Reliability;
    /// use slo_core::SloSet;
    ///
    /// let collector = "http://127.0.0.1:9"; // from a file of the service's own
    /// let reliability = Reliability::builder(SloSet::builder("real-estate").build()?).build()?;
    /// let otlp = reliability
    ///     .push_otlp_from(|name| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| collector.to_owned()))?;
    /// # let _nobody_listens = otlp.shutdown(Duration::from_secs(5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn push_otlp_from(&self, read: impl Fn(&'static str) -> Option<String>) -> Result<OtlpGuard, OtlpError> {
        let Some(settings) = Settings::from_variables(read)? else {
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
        let closing = Arc::<AtomicBool>::default();
        let exporter = WatchedExporter {
            transport: transport(settings).map_err(OtlpError::Setup)?,
            temporality: settings.temporality,
            durations: PushedDurations::begun(SystemTime::now(), settings.temporality),
            shared: Arc::clone(&shared),
            endpoint: shown(&settings.endpoint),
            closing: Arc::clone(&closing),
        };
        let provider = provider::provider(exporter, settings);
        self.instrument(|shared| Instruments::with_own_histogram(&provider, shared))?;
        shared.export.configured();
        shared.export.recording(shared.now());
        push_now(provider.clone()).map_err(|refused| {
            // The provider ends here, and with it comes a push of the SDK's that nothing must wait for.
            closing.store(true, Ordering::Release);
            OtlpError::Setup(refused.to_string())
        })?;
        Ok(OtlpGuard::new(provider, shared, closing))
    }
}

const USER_AGENT: &str = concat!("slo-axum/", env!("CARGO_PKG_VERSION"));

fn no_answer(timeout: Duration) -> String {
    format!("no answer within {timeout:?}")
}

/// A reason, and what to do about it where that is known.
fn with_advice(reason: String) -> String {
    if reason.contains("UnknownIssuer") {
        return format!("{reason}; name a file with its CA in OTEL_EXPORTER_OTLP_CERTIFICATE");
    }
    reason
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
mod tests;
