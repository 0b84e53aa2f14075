//! What the checks know, as metrics of a meter provider of OpenTelemetry 0.33.
//!
//! The module is named for the version because its types are in the signatures: a provider of another version is another
//! type, and would silently get nothing.

use opentelemetry::metrics::MeterProvider;

use crate::{SyntheticHealth, telemetry};

pub use opentelemetry;

/// Records into this provider, which its owner then flushes and shuts down.
///
/// | metric | kind, unit | attributes | what |
/// | --- | --- | --- | --- |
/// | `slo.health.state` | gauge | `slo.health.check`, `slo.health.state` | 1 for the state that holds, 0 for the other six |
/// | `slo.health.data.timestamp` | gauge, s | `slo.health.check` | the watermark, in Unix time |
/// | `slo.health.stale_at.timestamp` | gauge, s | `slo.health.check` | [`proof_until`](crate::Verdict::proof_until), in Unix time |
/// | `slo.health.check.duration` | histogram, s | `slo.health.check` | how long each read took |
/// | `slo.health.check.runs` | counter | `slo.health.check`, `slo.health.outcome` | reads by how they ended: `ok`, `error`, `timeout`, `panic` |
///
/// Something has to look at the data: a probe, a [feed](SyntheticHealth::feed) or a
/// [refresher](SyntheticHealth::refresher) in this process. Without any, what was seen last grows old here.
///
/// A collection never reads the data. It judges what was seen last anew, so a check turns stale here at the moment at
/// which it does so for a probe, even when nobody asks. Before the first read has ended or has become overdue there is
/// no state. Timestamps and not ages, for an age that is pushed stays young when the process dies:
/// `time() - slo_health_data_timestamp_seconds` is the age. A watermark that is
/// [invalid](crate::State::Invalid) is not exported; one that an error or a timeout repeats is.
///
/// A run counts as `timeout` from its deadline on, once, whatever it says when it ends; its duration is recorded when it
/// ends, so that a hung read shows in `slo.health.check.runs` alone. One that its runtime took away is an `error`.
///
/// The name of a check is a label. Two [`SyntheticHealth`] with checks of one name that record into one provider are one
/// series there: give their checks different names. Points end when the last clone of the [`SyntheticHealth`], its routes
/// and feeds included, is gone and no read is in flight.
///
/// # Errors
///
/// [`AlreadyInstrumented`] when these checks record into a provider already: every read would be counted twice.
///
/// # Examples
///
/// ```
/// use std::{convert::Infallible, time::Duration};
///
/// use chrono::Utc;
/// use slo_health::{Freshness, SyntheticHealth, opentelemetry_0_33};
///
/// let provider = opentelemetry_sdk::metrics::SdkMeterProvider::builder().build();
/// let health = SyntheticHealth::builder()
///     .check("transactions", Freshness::within(Duration::from_secs(3600)), async || Ok::<_, Infallible>(Utc::now()))
///     .build()?;
/// opentelemetry_0_33::record_into(&health, &provider)?;
/// assert!(opentelemetry_0_33::record_into(&health, &provider).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn record_into<P>(health: &SyntheticHealth, provider: &P) -> Result<(), AlreadyInstrumented>
where
    P: MeterProvider,
{
    match telemetry::instrument(health, provider) {
        true => Ok(()),
        false => Err(AlreadyInstrumented),
    }
}

/// These checks record into a meter provider already.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("these checks record into a meter provider already; build one SyntheticHealth per provider")]
pub struct AlreadyInstrumented;
