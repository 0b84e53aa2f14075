//! What counts the events of one SLO.

use core::time::Duration;

use crate::{Events, Lane, Outcome, SliceTracker, Slo, Tick, Tracker, Window};

/// Counts the events of an SLO as they are or, where it is judged by time slices, slices of them.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use slo_core::{Events, HttpSli, Outcome, Slo, SloTracker, Tick, TimeSlices, Window};
///
/// let slo = Slo::new("browse", HttpSli::routes(["/listings"]), "99.9%".parse()?, Window::days(30)?);
/// let minutes = TimeSlices::new(Duration::from_secs(60), "99%".parse()?)?;
/// let start = Tick::from_unix_seconds(1_767_225_600);
/// let (requests, slices) = (SloTracker::of(&slo, start), SloTracker::of(&slo.clone().in_time_slices(minutes), start));
/// for tracker in [&requests, &slices] {
///     tracker.record(start, Outcome::Good);
///     tracker.record(start, Outcome::Bad);
/// }
/// let minute_later = start + Duration::from_secs(60);
/// assert_eq!(requests.at(minute_later).totals(), Events::new(1, 1));
/// assert_eq!(slices.at(minute_later).totals(), Events::new(0, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SloTracker(Counting);

#[derive(Debug)]
enum Counting {
    Events(Tracker),
    Slices(SliceTracker),
}

impl SloTracker {
    /// A tracker that remembers enough for the SLO's window and saw nothing before `started`.
    ///
    /// A composite has no events: its tracker is as small as can be, and nobody feeds it. Read its members, see
    /// [`CompositeSli::read`](crate::CompositeSli::read).
    #[must_use]
    pub fn of(slo: &Slo, started: Tick) -> Self {
        if slo.composite().is_some() {
            return Self::events(Window::MIN, started);
        }
        match slo.time_slices() {
            Some(slices) => Self(Counting::Slices(SliceTracker::new(slices, slo.window(), started))),
            None => Self::events(slo.window(), started),
        }
    }

    /// A tracker of events without an SLO, like those of the built-in `requests`.
    #[must_use]
    pub fn events(window: Window, started: Tick) -> Self {
        Self(Counting::Events(Tracker::new(window, started)))
    }

    /// A tracker of events without an SLO that remembers what another process did, as [`Tracker::restore`].
    #[cfg(feature = "store")]
    #[must_use]
    pub fn restore_events(window: Window, snapshot: &crate::TrackerSnapshot, now: Tick) -> Self {
        Self(Counting::Events(Tracker::restore(window, snapshot, now)))
    }

    /// A tracker that remembers what another process did, as [`Tracker::restore`].
    #[cfg(feature = "store")]
    #[must_use]
    pub fn restore(slo: &Slo, snapshot: &crate::TrackerSnapshot, now: Tick) -> Self {
        if slo.composite().is_some() {
            return Self::of(slo, now);
        }
        match slo.time_slices() {
            Some(slices) => Self(Counting::Slices(SliceTracker::restore(
                slices,
                slo.window(),
                snapshot,
                now,
            ))),
            None => Self::restore_events(slo.window(), snapshot, now),
        }
    }

    /// Says that it is `now`, that the process runs, and that it means to say so at every `interval`: see
    /// [`Tracker::heartbeat`].
    pub fn heartbeat(&self, now: Tick, interval: Duration) {
        match &self.0 {
            Counting::Events(tracker) => tracker.heartbeat(now, interval),
            Counting::Slices(tracker) => tracker.heartbeat(now, interval),
        }
    }

    /// Counts one event; no lock, no allocation.
    #[inline]
    pub fn record(&self, now: Tick, outcome: Outcome) {
        self.record_by(Lane::of_this_thread(), now, outcome);
    }

    /// As [`record`](Self::record), see [`Tracker::record_by`].
    #[inline]
    pub fn record_by(&self, lane: Lane, now: Tick, outcome: Outcome) {
        match &self.0 {
            Counting::Events(tracker) => tracker.record_by(lane, now, outcome),
            Counting::Slices(tracker) => tracker.record_by(lane, now, outcome),
        }
    }

    /// Counts many events at once, as [`Tracker::record_many`].
    pub fn record_many(&self, now: Tick, events: Events) {
        match &self.0 {
            Counting::Events(tracker) => tracker.record_many(now, events),
            Counting::Slices(tracker) => tracker.record_many(now, events),
        }
    }

    /// Counts events that a killed process had begun and not ended, as [`Tracker::record_lost`]: as bad events of the
    /// open slice where slices are judged, not as bad slices.
    pub fn record_lost(&self, now: Tick, events: u64) {
        self.record_many(now, Events::new(0, events));
    }

    /// Everything that was recorded since the start, whatever became of it; exact at rest.
    pub(crate) fn recorded(&self) -> Events {
        match &self.0 {
            Counting::Events(tracker) => tracker.totals(),
            Counting::Slices(tracker) => tracker.events(),
        }
    }

    /// The tracker of what the target is about, at this moment: of the events, or of the slices that are over. To read
    /// and to take snapshots of; what is recorded there would be slices.
    #[must_use]
    pub fn at(&self, now: Tick) -> &Tracker {
        match &self.0 {
            Counting::Events(tracker) => tracker,
            Counting::Slices(tracker) => tracker.at(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HttpSli, TimeSlices};

    const START: Tick = Tick::from_unix_seconds(1_767_225_600);

    fn slo() -> Slo {
        Slo::new("browse", HttpSli::every_route(), "99%".parse().unwrap(), Window::DAY)
    }

    #[test]
    fn lost_events_are_bad_events_and_never_bad_slices() {
        let minutes = TimeSlices::new(Duration::from_secs(60), "50%".parse().unwrap()).unwrap();
        let (events, slices) = (
            SloTracker::of(&slo(), START),
            SloTracker::of(&slo().in_time_slices(minutes), START),
        );
        for tracker in [&events, &slices] {
            tracker.record_lost(START, 3);
            tracker.record_many(START, Events::new(3, 0));
        }
        let later = START + Duration::from_secs(60);
        assert_eq!(events.at(later).totals(), Events::new(3, 3));
        assert_eq!(slices.at(later).totals(), Events::new(1, 0));
    }
}
