//! From a health endpoint to its probe kit.

use super::{ProbeCodes, ProbeKit, ProbeKitBuilder, states::EVERY_STATE};
use crate::SyntheticHealth;

impl SyntheticHealth {
    /// Starts the [`ProbeKit`] of this endpoint where it is mounted: with its path, its status codes, and its own deadline,
    /// so that the exporter's timeouts fit it.
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
        let known = self.codes();
        let codes = EVERY_STATE.iter().fold(ProbeCodes::default(), |codes, state| {
            codes.with(*state, known.of(*state).as_u16())
        });
        ProbeKit::builder(service)
            .path(path)
            .deadline(self.deadline())
            .codes(codes)
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use chrono::{DateTime, Utc};
    use http::StatusCode;

    use super::*;
    use crate::{Freshness, State, StatusCodes, probe::ProbeTarget};

    #[test]
    fn the_kit_knows_the_codes_of_its_endpoint() {
        let read = || async { Ok::<_, Infallible>(None::<DateTime<Utc>>) };
        let health = SyntheticHealth::builder()
            .check("data", Freshness::within(Duration::from_secs(60)), read)
            .codes(StatusCodes::default().stale(StatusCode::FAILED_DEPENDENCY))
            .build()
            .unwrap();
        let kit = health.probe_kit("shop", "/health");
        let kit = kit
            .target(ProbeTarget::new("http://shop.example").unwrap())
            .build()
            .unwrap();
        assert_eq!(kit.codes.of(State::Stale), 424);
        assert!(kit.blackbox_config().contains("- 424\n"));
        assert_eq!(ProbeCodes::default(), usual());
    }

    /// What the endpoint answers with unless said otherwise.
    fn usual() -> ProbeCodes {
        let usual = StatusCodes::default();
        let with = |codes: ProbeCodes, state: &State| codes.with(*state, usual.of(*state).as_u16());
        EVERY_STATE.iter().fold(ProbeCodes::default(), with)
    }
}
