//! Recording into a meter provider of one's own, of OpenTelemetry 0.33.
//!
//! The module is named for the version because its types are in the signatures: a provider of another version is another
//! type, and would silently get nothing.

#[cfg(feature = "sdk")]
mod sdk;

use opentelemetry::metrics::MeterProvider;

use crate::instruments::{Binding, Instruments};
use crate::{AlreadyInstrumented, Reliability};

pub use opentelemetry;
#[cfg(feature = "sdk")]
pub use opentelemetry_sdk;
#[cfg(feature = "sdk")]
pub use sdk::{SdkGuard, record_into_sdk};

/// The provider that [`push_otlp_from_env`](Reliability::push_otlp_from_env) made, for metrics of others to go the same
/// way: those of `slo-health`, or of the service itself. `None` where nothing is pushed.
///
/// It ends with the guard: record into it, and keep no clone of it, for the last one that is dropped shuts it down on its
/// own thread and without a deadline. A histogram without boundaries of its own has the SDK's, which are for milliseconds.
///
/// # Examples
///
/// ```
/// use slo_axum::{Reliability, opentelemetry_0_33};
/// use slo_core::SloSet;
///
/// let reliability = Reliability::builder(SloSet::builder("real-estate").build()?).build()?;
/// let otlp = reliability.push_otlp_from_env()?;
/// if let Some(provider) = opentelemetry_0_33::meter_provider(&otlp) {
///     // slo_health::opentelemetry_0_33::record_into(&health, provider)?;
/// #   let _ = provider;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "otlp")]
#[must_use]
pub const fn meter_provider(otlp: &crate::OtlpGuard) -> Option<&opentelemetry_sdk::metrics::SdkMeterProvider> {
    otlp.provider()
}

/// Records into this provider, which its owner then flushes and shuts down.
///
/// With the feature `bound-instruments`, series are bound where the provider is the SDK's own, and only there: another one
/// would drop what is recorded through a handle that it does not know.
///
/// `slo.events` is reported as 0 in the first collection, so that engines see the series begin. A provider that collects
/// nothing for five minutes, like a no-op one, is warned of once, when [`Reliability::status`] is asked for.
///
/// A provider cannot be asked who records into it: two [`Reliability`] with SLOs of one name that record into one provider
/// are one series there, and the engine sees the counts of only one of them. Build one per process, and clone it.
///
/// # Errors
///
/// [`AlreadyInstrumented`] when this process records into a provider already: every event would be counted twice.
///
/// # Examples
///
/// ```
/// use slo_axum::{Reliability, opentelemetry_0_33};
/// use slo_core::SloSet;
///
/// let provider = opentelemetry_sdk::metrics::SdkMeterProvider::builder().build();
/// let reliability = Reliability::builder(SloSet::builder("real-estate").build()?).build()?;
/// opentelemetry_0_33::record_into(&reliability, &provider)?;
/// assert!(opentelemetry_0_33::record_into(&reliability, &provider).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn record_into<P>(reliability: &Reliability, provider: &P) -> Result<(), AlreadyInstrumented>
where
    P: MeterProvider + 'static,
{
    reliability.instrument(|shared| Instruments::new(provider, Binding::of(provider), shared))?;
    let shared = reliability.shared();
    shared.export.zero_once();
    shared.export.recording(shared.now());
    Ok(())
}
