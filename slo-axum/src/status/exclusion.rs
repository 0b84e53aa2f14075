//! The planned time in which an SLO's events do not count.

use chrono::{DateTime, Utc};
use serde::Serialize;
use slo_core::{Slo, Tick};

use super::rfc3339;

/// A planned time that runs: every event of the SLO is excluded.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ExclusionStatus {
    /// Why, for people.
    pub reason: String,
    /// From when on events count again.
    #[serde(serialize_with = "rfc3339")]
    pub until: DateTime<Utc>,
}

impl ExclusionStatus {
    pub(crate) fn running(slo: &Slo, now: Tick) -> Option<Self> {
        Some(Self {
            reason: slo.excluded_because(now)?.to_owned(),
            until: slo.excluded_until(now)?.into(),
        })
    }
}
