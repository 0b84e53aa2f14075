//! What counts the events of one SLO.

use core::time::Duration;

#[cfg(feature = "calendar")]
use crate::planned::Planned;
use crate::{Events, Lane, Outcome, SliceTracker, Slo, Tick, Tracker, Window};

/// Counts the events of an SLO as they are or, where it is judged by time slices, slices of them.
///
/// Of an SLO with planned times ([`Slo::excluding`]) every event in one of them is excluded, whatever it was: by its own
/// moment, also where it is recorded later.
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
    /// A kind of its own, so that SLOs without planned times pay nothing for those that have some.
    #[cfg(feature = "calendar")]
    Planned(Box<(Planned, SloTracker)>),
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
        let counting = match slo.time_slices() {
            Some(slices) => Self(Counting::Slices(SliceTracker::new(slices, slo.window(), started))),
            None => Self::events(slo.window(), started),
        };
        counting.planned_as(slo)
    }

    /// Looks at the planned times of this SLO, if it has some, before it counts.
    #[cfg(feature = "calendar")]
    fn planned_as(self, slo: &Slo) -> Self {
        match Planned::of(slo) {
            Some(planned) => Self(Counting::Planned(Box::new((planned, self)))),
            None => self,
        }
    }

    #[cfg(not(feature = "calendar"))]
    fn planned_as(self, _: &Slo) -> Self {
        self
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
        let counting = match slo.time_slices() {
            Some(slices) => Self(Counting::Slices(SliceTracker::restore(
                slices,
                slo.window(),
                snapshot,
                now,
            ))),
            None => Self::restore_events(slo.window(), snapshot, now),
        };
        counting.planned_as(slo)
    }

    /// Says that it is `now`, that the process runs, and that it means to say so at every `interval`: see
    /// [`Tracker::heartbeat`].
    pub fn heartbeat(&self, now: Tick, interval: Duration) {
        match &self.0 {
            Counting::Events(tracker) => tracker.heartbeat(now, interval),
            Counting::Slices(tracker) => tracker.heartbeat(now, interval),
            #[cfg(feature = "calendar")]
            Counting::Planned(planned) => planned.1.heartbeat(now, interval),
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
            #[cfg(feature = "calendar")]
            Counting::Planned(planned) => {
                let (planned, tracker) = &**planned;
                let outcome = if planned.covers(now) {
                    Outcome::Excluded
                } else {
                    outcome
                };
                tracker.record_by(lane, now, outcome);
            }
        }
    }

    /// Counts many events at once, as [`Tracker::record_many`].
    pub fn record_many(&self, now: Tick, events: Events) {
        match &self.0 {
            Counting::Events(tracker) => tracker.record_many(now, events),
            Counting::Slices(tracker) => tracker.record_many(now, events),
            #[cfg(feature = "calendar")]
            Counting::Planned(planned) => {
                let (planned, tracker) = &**planned;
                let excluded = || Events::default().with_excluded(events.all());
                tracker.record_many(now, if planned.covers(now) { excluded() } else { events });
            }
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
            #[cfg(feature = "calendar")]
            Counting::Planned(planned) => planned.1.recorded(),
        }
    }

    /// The tracker of what the target is about, at this moment: of the events, or of the slices that are over. To read
    /// and to take snapshots of; what is recorded there would be slices.
    #[must_use]
    pub fn at(&self, now: Tick) -> &Tracker {
        match &self.0 {
            Counting::Events(tracker) => tracker,
            Counting::Slices(tracker) => tracker.at(now),
            #[cfg(feature = "calendar")]
            Counting::Planned(planned) => planned.1.at(now),
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

    #[cfg(feature = "calendar")]
    fn planned(from: &str, seconds: u64) -> crate::Exclusion {
        let length = Duration::from_secs(seconds);
        crate::Exclusion::new(from.parse().unwrap(), "UTC".parse().unwrap(), length, "move").unwrap()
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

    #[cfg(feature = "calendar")]
    #[test]
    fn an_event_in_a_planned_time_is_excluded_and_so_is_its_slice() {
        let slo = slo().excluding(planned("2026-01-01 00:01", 60));
        let minutes = TimeSlices::new(Duration::from_secs(60), "50%".parse().unwrap()).unwrap();
        let (events, slices) = (
            SloTracker::of(&slo, START),
            SloTracker::of(&slo.in_time_slices(minutes), START),
        );
        for tracker in [&events, &slices] {
            for second in [0, 59, 60, 119, 120] {
                tracker.record(START + Duration::from_secs(second), Outcome::Bad);
            }
            tracker.record_many(START + Duration::from_secs(90), Events::new(1, 2).with_excluded(3));
            tracker.record_lost(START + Duration::from_secs(90), 4);
            // Late, of a moment before the planned time.
            tracker.record(START + Duration::from_secs(30), Outcome::Good);
        }
        let end = START + Duration::from_secs(180);
        assert_eq!(events.at(end).totals(), Events::new(1, 3).with_excluded(12));
        assert_eq!(events.recorded(), slices.recorded());
        // The minute in which nothing counts is an excluded one; the late event is in the slice that was open then.
        assert_eq!(slices.at(end).totals(), Events::new(1, 1).with_excluded(1));
    }

    #[cfg(all(feature = "calendar", feature = "store"))]
    #[test]
    fn planned_times_hold_after_a_restart() {
        let slo = slo().excluding(planned("2026-01-01 00:00", 3_600));
        let snapshot = SloTracker::of(&slo, START).at(START).snapshot(START);
        let restored = SloTracker::restore(&slo, &snapshot, START);
        restored.record(START, Outcome::Bad);
        assert_eq!(restored.at(START).totals(), Events::default().with_excluded(1));
    }
}
