//! Meter providers that really collect, once a second, and remember how many requests they were told of.

use std::time::Duration;

/// How often every provider collects.
pub(crate) const INTERVAL: Duration = Duration::from_secs(1);

/// One module per version of the SDK that a layer links: to a provider of another version it would record nothing.
macro_rules! provider_of {
    ($module:ident, $sdk:ident) => {
        pub(crate) mod $module {
            use std::sync::Arc;
            use std::sync::atomic::{AtomicU64, Ordering};
            use std::time::Duration;

            use $sdk::error::OTelSdkResult;
            use $sdk::metrics::data::{AggregatedMetrics, MetricData, ResourceMetrics};
            use $sdk::metrics::exporter::PushMetricExporter;
            use $sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};

            /// A provider, and what its last collection held.
            pub(crate) struct Collected {
                pub(crate) provider: SdkMeterProvider,
                latest: Latest,
            }

            impl Collected {
                pub(crate) fn new() -> Self {
                    let latest = Latest::default();
                    let reader = PeriodicReader::builder(latest.clone())
                        .with_interval(super::INTERVAL)
                        .build();
                    let provider = SdkMeterProvider::builder().with_reader(reader).build();
                    Self { provider, latest }
                }

                /// The records in `http.server.request.duration` now.
                pub(crate) fn records(&self) -> u64 {
                    self.provider.force_flush().expect("nothing is sent anywhere");
                    self.latest.0.load(Ordering::Relaxed)
                }
            }

            #[derive(Clone, Debug, Default)]
            struct Latest(Arc<AtomicU64>);

            impl PushMetricExporter for Latest {
                async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
                    self.0.store(records(metrics), Ordering::Relaxed);
                    Ok(())
                }

                fn force_flush(&self) -> OTelSdkResult {
                    Ok(())
                }

                fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
                    Ok(())
                }

                fn temporality(&self) -> Temporality {
                    Temporality::Cumulative
                }
            }

            fn records(metrics: &ResourceMetrics) -> u64 {
                let metrics = metrics.scope_metrics().flat_map(|scope| scope.metrics());
                let durations = metrics.filter(|metric| metric.name() == "http.server.request.duration");
                let counts = durations.map(|metric| match metric.data() {
                    AggregatedMetrics::F64(MetricData::Histogram(histogram)) => {
                        histogram.data_points().map(|point| point.count()).sum()
                    }
                    _ => 0,
                });
                counts.sum::<u64>()
            }
        }
    };
}

provider_of!(otel_0_32, opentelemetry_sdk_0_32);
provider_of!(otel_0_33, opentelemetry_sdk);
