//! What trackers remember, as values that outlive the process.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::alert::AlertMemory;
use crate::history::Record;
use crate::{Events, Tick, Window};

/// What one tracker remembers: past totals, gaps, and nothing of who recorded them.
///
/// Made by [`Tracker::snapshot`](crate::Tracker::snapshot), brought back by
/// [`Tracker::restore`](crate::Tracker::restore). Deserializing checks it: what is accepted can be restored.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "Unchecked", into = "Unchecked")]
#[must_use]
pub struct TrackerSnapshot {
    window: Window,
    record: Record,
}

/// A snapshot that somebody else may have written.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    window: Window,
    history: Record,
}

impl TryFrom<Unchecked> for TrackerSnapshot {
    type Error = SnapshotError;

    fn try_from(Unchecked { window, history }: Unchecked) -> Result<Self, Self::Error> {
        history.check().map_err(SnapshotError::Impossible)?;
        Ok(Self::new(window, history))
    }
}

impl From<TrackerSnapshot> for Unchecked {
    fn from(TrackerSnapshot { window, record }: TrackerSnapshot) -> Self {
        Self {
            window,
            history: record,
        }
    }
}

/// Why snapshots are not what they should be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// No tracker can have written it; holds what is wrong.
    #[error("this cannot be what a tracker remembered: {0}")]
    Impossible(&'static str),
    /// Trackers of different windows do not add up.
    #[error("snapshots over {first} and over {other} do not add up; merge those of one window")]
    Windows {
        /// The window of the first.
        first: Window,
        /// Another one.
        other: Window,
    },
    /// There is nothing to merge.
    #[error("there is no snapshot to merge")]
    None,
}

impl TrackerSnapshot {
    pub(crate) const fn new(window: Window, record: Record) -> Self {
        Self { window, record }
    }

    pub(crate) const fn record(&self) -> &Record {
        &self.record
    }

    /// The window of the tracker.
    pub const fn window(&self) -> Window {
        self.window
    }

    /// When it was made, by the clock of then.
    pub fn saved_at(&self) -> Tick {
        self.record.saved_at()
    }

    /// When measuring began.
    pub fn started_at(&self) -> Tick {
        self.record.started_at()
    }

    /// Everything that was counted since then, by every process before it as well.
    pub fn totals(&self) -> Events {
        self.record.totals()
    }

    /// What several instances saw together, as if one tracker had seen it.
    ///
    /// Time counts as measured when at least one of them measured. Instances are told apart by nobody: give each one's
    /// newest snapshot once.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Windows`] when their windows differ, [`SnapshotError::None`] without any.
    pub fn merge<'s>(snapshots: impl IntoIterator<Item = &'s Self>) -> Result<Self, SnapshotError> {
        let all: Vec<_> = snapshots.into_iter().collect();
        let first = all.first().ok_or(SnapshotError::None)?.window;
        if let Some(other) = all
            .iter()
            .map(|snapshot| snapshot.window)
            .find(|window| *window != first)
        {
            return Err(SnapshotError::Windows { first, other });
        }
        let records: Vec<_> = all.iter().map(|snapshot| &snapshot.record).collect();
        let record = Record::merged(first, &records).ok_or(SnapshotError::None)?;
        Ok(Self::new(first, record))
    }
}

/// What a process remembers of all its SLOs.
///
/// # Examples
///
/// ```
/// use slo_core::{Events, Outcome, Snapshot, SloSnapshot, Tick, Tracker, Window};
///
/// let window = Window::days(30)?;
/// let tracker = Tracker::new(window, Tick::from_unix_seconds(0));
/// tracker.record(Tick::from_unix_seconds(5), Outcome::Bad);
///
/// // Now and then, and at the end:
/// let now = Tick::from_unix_seconds(60);
/// let browse = SloSnapshot::new("GET /listings, bad: 5xx", tracker.snapshot(now));
/// let snapshot = Snapshot::new("real-estate", "instance-1").with("browse", browse);
///
/// // In the next process, ten minutes later:
/// let now = Tick::from_unix_seconds(660);
/// let restored = snapshot.slo("browse").filter(|slo| slo.definition() == "GET /listings, bad: 5xx");
/// let tracker = Tracker::restore(window, restored.unwrap().tracker(), now);
/// assert_eq!(tracker.read(now, window).events(), Events::new(0, 1));
/// assert_eq!(tracker.totals(), Events::default()); // what is exported: the engine has the rest already
/// # Ok::<(), slo_core::WindowError>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct Snapshot {
    service: String,
    instance_id: String,
    slos: BTreeMap<String, SloSnapshot>,
}

/// What a process remembers of one SLO.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct SloSnapshot {
    definition: String,
    in_flight: u64,
    #[serde(default)]
    alert: AlertMemory,
    tracker: TrackerSnapshot,
}

impl Snapshot {
    /// An empty one.
    pub fn new(service: impl Into<String>, instance_id: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            instance_id: instance_id.into(),
            slos: BTreeMap::new(),
        }
    }

    /// Adds an SLO, in the place of one of the same name.
    pub fn with(mut self, name: impl Into<String>, slo: SloSnapshot) -> Self {
        self.slos.insert(name.into(), slo);
        self
    }

    /// `service.name`.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// `service.instance.id` of the process that made it.
    #[must_use]
    pub fn instance_id(&self) -> &str {
        &self.instance_id
    }

    /// The SLO of this name.
    #[must_use]
    pub fn slo(&self, name: &str) -> Option<&SloSnapshot> {
        self.slos.get(name)
    }

    /// Every SLO by name.
    pub fn slos(&self) -> impl Iterator<Item = (&str, &SloSnapshot)> {
        self.slos.iter().map(|(name, slo)| (name.as_str(), slo))
    }
}

impl SloSnapshot {
    /// What a tracker counted by the rules in `definition`: any text that changes when the rules do, so that counts of
    /// other rules are not mistaken for counts of these.
    pub fn new(definition: impl Into<String>, tracker: TrackerSnapshot) -> Self {
        Self {
            definition: definition.into(),
            in_flight: 0,
            alert: AlertMemory::default(),
            tracker,
        }
    }

    /// Notes which alerts fire, so that the next process does not tell of them anew.
    pub fn alert(self, alert: AlertMemory) -> Self {
        Self { alert, ..self }
    }

    /// Notes how many of its events had begun and not ended. Should this be the last snapshot of a process that is
    /// killed, they are lost, and the next process may [count them as bad](crate::Tracker::record_lost).
    pub fn in_flight(self, events: u64) -> Self {
        Self {
            in_flight: events,
            ..self
        }
    }

    /// By which rules it was counted.
    #[must_use]
    pub fn definition(&self) -> &str {
        &self.definition
    }

    /// How many events had begun and not ended.
    #[must_use]
    pub const fn events_in_flight(&self) -> u64 {
        self.in_flight
    }

    /// Which alerts fired.
    pub const fn alert_memory(&self) -> &AlertMemory {
        &self.alert
    }

    /// The counts.
    pub const fn tracker(&self) -> &TrackerSnapshot {
        &self.tracker
    }
}
