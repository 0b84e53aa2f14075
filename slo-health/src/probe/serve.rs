//! From a health endpoint to its probe kit.

use super::{ProbeKit, ProbeKitBuilder};
use crate::SyntheticHealth;

impl SyntheticHealth {
    /// Starts the [`ProbeKit`] of this endpoint where it is mounted: with its path, and with its own deadline, so that
    /// the exporter's timeouts fit it.
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use chrono::Utc;
    /// use slo_health::{Freshness, SyntheticHealth, probe::ProbeTarget};
    ///
    /// let health = SyntheticHealth::builder()
    ///     .check("sales", Freshness::within(Duration::from_secs(3600)), || async { Ok::<_, Infallible>(Utc::now()) })
    ///     .deadline(Duration::from_secs(3))
    ///     .build()?;
    /// let kit = health
    ///     .probe_kit("real-estate", "/synthetic/health")
    ///     .target(ProbeTarget::new("https://real-estate.example")?)
    ///     .build()?;
    /// assert_eq!(kit.module_timeout(), Duration::from_millis(6_250)); // between 3 s and 9.5 s
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn probe_kit(&self, service: impl Into<String>, path: impl Into<String>) -> ProbeKitBuilder {
        ProbeKit::builder(service).path(path).deadline(self.deadline())
    }
}
