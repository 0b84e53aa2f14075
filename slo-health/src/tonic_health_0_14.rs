//! The verdicts as services of the [gRPC health protocol], through `tonic-health` 0.14.
//!
//! The module is named for the version because its types are in the signatures.
//!
//! [gRPC health protocol]: https://grpc.io/docs/guides/health-checking/

use std::time::Duration;

use tokio::task::AbortHandle;
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::{
    SyntheticHealth,
    ticks::{Found, Look, Ticks},
};

pub use tonic_health;

/// Prepares to report to gRPC clients: `service` for all checks, and `service/check` for each check alone.
///
/// | state | status |
/// | --- | --- |
/// | fresh, warn | `SERVING` |
/// | stale, empty, invalid, error, timeout | `NOT_SERVING` |
/// | before the first verdict, and when the bridge has ended | `UNKNOWN` |
///
/// The checks are asked by a timer, the way a probe asks them; clients that watch are told of changes. The Blackbox
/// exporter's gRPC prober asks for a service by name, and succeeds only when it is `SERVING`.
///
/// The service of the empty name, which stands for the server and which a Kubernetes probe asks for unless told
/// otherwise, stays what the program makes it: old data must not restart a process or take it out of service.
///
/// # Examples
///
/// ```
/// use std::{convert::Infallible, time::Duration};
///
/// use chrono::Utc;
/// use slo_health::{Freshness, SyntheticHealth, tonic_health_0_14};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let prices = SyntheticHealth::builder()
///     .check("transactions", Freshness::within(Duration::from_secs(3600)), async || Ok::<_, Infallible>(Utc::now()))
///     .build()?;
///
/// let (reporter, server) = tonic_health::server::health_reporter();
/// let bridge = tonic_health_0_14::bridge(&prices, "real-price").start(reporter).await?;
/// // ... `Server::builder().add_service(server)` answers for `real-price` and `real-price/transactions`.
/// # drop((server, bridge));
///
/// let (reporter, _) = tonic_health::server::health_reporter();
/// assert!(tonic_health_0_14::bridge(&prices, "").start(reporter).await.is_err());
/// # Ok(())
/// # }
/// ```
pub fn bridge(health: &SyntheticHealth, service: impl Into<String>) -> BridgeBuilder {
    BridgeBuilder {
        health: health.clone(),
        service: service.into(),
        every: EVERY,
    }
}

/// A bridge to be; [`start`](Self::start) looks at the whole.
#[derive(Debug)]
#[must_use = "nothing is reported before `start`"]
pub struct BridgeBuilder {
    health: SyntheticHealth,
    service: String,
    every: Duration,
}

impl BridgeBuilder {
    /// How often the checks are asked, 5 s unless said otherwise: so late can a status be.
    ///
    /// While a check is fresh that costs no read; while it is not, a read each time.
    pub fn every(self, interval: Duration) -> Self {
        Self {
            every: interval,
            ..self
        }
    }

    /// Registers the services as `UNKNOWN`, and reports until the [`Bridge`] is dropped.
    ///
    /// # Errors
    ///
    /// The first mistake found; see [`BridgeError`].
    ///
    /// # Panics
    ///
    /// When it is not polled within a tokio runtime that has its time driver enabled, as `#[tokio::main]` and
    /// `enable_all` give it.
    pub async fn start(self, reporter: HealthReporter) -> Result<Bridge, BridgeError> {
        if self.service.is_empty() {
            return Err(BridgeError::EmptyService);
        }
        if self.every.is_zero() {
            return Err(BridgeError::ZeroInterval);
        }
        let mut services = self.services();
        set_all(&reporter, &mut services, ServingStatus::Unknown).await;
        let following = tokio::spawn(follow(
            Ticks::new(self.health, self.every),
            reporter.clone(),
            services.clone(),
        ));
        let following_ends = following.abort_handle();
        tokio::spawn(async move {
            // However it ends: a status that nobody looks after must not stay.
            let _ = following.await;
            set_all(&reporter, &mut services, ServingStatus::Unknown).await;
        });
        Ok(Bridge { following_ends })
    }

    fn services(&self) -> Vec<Service> {
        let whole = Service::new(self.service.clone(), None);
        let alone = |(name, _): (&str, _)| Service::new(format!("{}/{name}", self.service), Some(name.to_owned()));
        std::iter::once(whole).chain(self.health.each().map(alone)).collect()
    }
}

/// Reports until it is dropped; then its services become `UNKNOWN`.
#[derive(Debug)]
#[must_use = "dropping the bridge makes its services unknown; keep it for as long as the server runs"]
pub struct Bridge {
    following_ends: AbortHandle,
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.following_ends.abort();
    }
}

/// Why nothing is reported.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BridgeError {
    /// The service has no name, which would stand for the whole server.
    #[error(
        "the service's name is empty, which stands for the server itself, and old data must not restart it; give a name \
         like `real-price`"
    )]
    EmptyService,
    /// The interval is zero, so that the checks would be asked without end.
    #[error("the interval is 0 s; give the time between two looks, like 5 s")]
    ZeroInterval,
}

/// A service of the health protocol.
#[derive(Clone, Debug)]
struct Service {
    name: String,
    /// `None` for the whole endpoint.
    check: Option<String>,
    /// What its clients were told last.
    status: Option<ServingStatus>,
}

impl Service {
    const fn new(name: String, check: Option<String>) -> Self {
        Self {
            name,
            check,
            status: None,
        }
    }

    fn found(&self, look: &Look) -> Found {
        self.check
            .as_deref()
            .map_or_else(|| look.whole(), |check| look.check(check))
    }

    /// Tells of changes only: the reporter would wake whoever watches each time.
    async fn set(&mut self, reporter: &HealthReporter, status: ServingStatus) {
        if self.status.replace(status) != Some(status) {
            reporter.set_service_status(&self.name, status).await;
        }
    }
}

async fn set_all(reporter: &HealthReporter, services: &mut [Service], status: ServingStatus) {
    for service in services {
        service.status = None;
        service.set(reporter, status).await;
    }
}

async fn follow(mut ticks: Ticks, reporter: HealthReporter, mut services: Vec<Service>) {
    while let Some(look) = ticks.next().await {
        for service in &mut services {
            let status = match service.found(&look).state.is_good() {
                true => ServingStatus::Serving,
                false => ServingStatus::NotServing,
            };
            service.set(&reporter, status).await;
        }
    }
}

const EVERY: Duration = Duration::from_secs(5);
