//! What goes into a simulation.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::{Events, Tick};

/// What came after the sample before, up to and including a moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Sample {
    at: Tick,
    seen: Seen,
}

/// Nothing is known of a gap: not of the SLO's events, and not of the requests either.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Seen {
    Gap,
    Counts {
        events: Events,
        requests: Option<Events>,
        latency: Option<Events>,
    },
}

impl Sample {
    /// The SLO's events since the sample before.
    pub const fn new(at: Tick, events: Events) -> Self {
        Self {
            at,
            seen: Seen::Counts {
                events,
                requests: None,
                latency: None,
            },
        }
    }

    /// Nothing is known of the time since the sample before.
    pub const fn gap(at: Tick) -> Self {
        Self { at, seen: Seen::Gap }
    }

    /// Adds the events of the built-in SLI `requests` since the sample before: what the gate's `bad_ratio` judges. Of a
    /// gap nothing is known: it stays one.
    pub const fn requests(self, requests: Events) -> Self {
        match self.seen {
            Seen::Gap => self,
            Seen::Counts { events, latency, .. } => Self {
                seen: Seen::Counts {
                    events,
                    requests: Some(requests),
                    latency,
                },
                ..self
            },
        }
    }

    /// Adds the requests since the sample before by their latency: good within the limit of the gate's `p95`, bad beyond.
    /// Of a gap nothing is known: it stays one.
    pub const fn latency(self, latency: Events) -> Self {
        match self.seen {
            Seen::Gap => self,
            Seen::Counts { events, requests, .. } => Self {
                seen: Seen::Counts {
                    events,
                    requests,
                    latency: Some(latency),
                },
                ..self
            },
        }
    }

    /// Its moment.
    pub const fn at(&self) -> Tick {
        self.at
    }

    /// The SLO's events since the sample before; `None` of a gap.
    #[must_use]
    pub const fn events(&self) -> Option<Events> {
        match self.seen {
            Seen::Gap => None,
            Seen::Counts { events, .. } => Some(events),
        }
    }

    pub(super) const fn request_events(&self) -> Option<Events> {
        match self.seen {
            Seen::Gap => None,
            Seen::Counts { requests, .. } => requests,
        }
    }

    pub(super) const fn latency_events(&self) -> Option<Events> {
        match self.seen {
            Seen::Gap => None,
            Seen::Counts { latency, .. } => latency,
        }
    }
}

/// Why a series cannot be played. Samples are counted from 0.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SeriesError {
    /// A sample is not later than the one before it; the first one not later than the start.
    #[error(
        "sample {index} (counted from 0) at {} is not after {}; sort the series by time, add up samples of one moment and \
         begin after the start",
        text(*at),
        text(*before)
    )]
    NotAfter {
        /// Which one.
        index: usize,
        /// Its moment.
        at: Tick,
        /// The moment of the sample before it, or the start.
        before: Tick,
    },
    /// With this sample, more events were counted than a `u64` holds.
    #[error(
        "sample {index} (counted from 0) makes the sum of all events exceed {}; are these running totals? write what came \
         since the sample before",
        u64::MAX
    )]
    TooMany {
        /// Which one.
        index: usize,
    },
}

fn text(tick: Tick) -> String {
    DateTime::<Utc>::from(tick).to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
