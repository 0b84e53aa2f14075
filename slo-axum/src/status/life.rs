//! Whether somebody looks after the promises of this process.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{rfc3339, rfc3339_or_null};

/// How [`Reliability::run`](crate::Reliability::run) goes.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct LifeStatus {
    /// Whether it runs: else nobody is told of alerts, gaps are not noticed, and budget levels are unknown.
    pub runs: bool,
    /// The time between two steps, in seconds; `None` where it never ran.
    pub interval_seconds: Option<f64>,
    /// The last step; `None` before the first. One that is many intervals old says that a listener does not return.
    #[serde(serialize_with = "rfc3339_or_null")]
    pub last_step_at: Option<DateTime<Utc>>,
    /// What is remembered across restarts; `None` without a snapshot file.
    #[cfg(feature = "store")]
    pub memory: Option<MemoryStatus>,
}

/// How it goes with the snapshot file.
#[cfg(feature = "store")]
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct MemoryStatus {
    /// What the windows go on from; `None` where they began with this process.
    pub restored: Option<RestoredStatus>,
    /// When this process last saved a snapshot.
    #[serde(serialize_with = "rfc3339_or_null")]
    pub saved_at: Option<DateTime<Utc>>,
    /// Why the last one could not be saved; `None` when it was.
    pub failing: Option<String>,
}

/// What this process was told by the one before it.
#[cfg(feature = "store")]
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RestoredStatus {
    /// `service.instance.id` of that process.
    pub instance_id: String,
    /// When its last snapshot was taken.
    #[serde(serialize_with = "rfc3339_or_null")]
    pub saved_at: Option<DateTime<Utc>>,
    /// How many SLOs go on.
    pub slos: u64,
    /// Requests that were in flight in it then, and are in this process's `requests` as bad.
    pub lost: u64,
}

/// Time that was not measured, or a clock that was set back.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct GapStatus {
    /// The last moment before, by the clock of then.
    #[serde(serialize_with = "rfc3339")]
    pub from: DateTime<Utc>,
    /// The first moment after, by the clock of then.
    #[serde(serialize_with = "rfc3339")]
    pub to: DateTime<Utc>,
    /// `not_running`, `suspended` or `clock_set_back`.
    pub cause: slo_core::GapCause,
    /// Seconds that nobody measured; 0 where the clock was set back.
    pub unseen_seconds: f64,
}

impl GapStatus {
    pub(crate) fn new(gap: slo_core::Gap) -> Self {
        Self {
            from: gap.from().into(),
            to: gap.to().into(),
            cause: gap.cause(),
            unseen_seconds: gap.unseen().as_secs_f64(),
        }
    }
}
