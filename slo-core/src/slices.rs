//! Time slices: a promise about minutes instead of requests.

mod definition;
#[cfg(test)]
mod tests;

use core::time::Duration;
use std::sync::PoisonError;

pub use definition::{TimeSlices, TimeSlicesError};

use crate::stripes::Stripes;
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering};
use crate::{Events, Lane, Outcome, Tick, Tracker, Window};

/// Makes one event of each time slice and counts those: a [`Tracker`] with an hourglass in front of it.
///
/// Slices begin at whole multiples of their length since 1970, so that all instances of a service cut time alike. A slice
/// is judged once, when it is over, by [`TimeSlices::judge`]: good when enough of its valid events were good, bad when
/// not, excluded when all its events were. A slice without any event is no event: no traffic is not success, and no
/// failure either. The slice that is not over yet counts nowhere.
///
/// A process judges the slices of its own traffic; the sum over a fleet counts slices of instances.
///
/// # Time
///
/// The caller supplies it. A slice is closed by the first event, reading or [`advance`](Self::advance) after its end, and
/// counts at its end, however late that is. A tick that lies back counts in the open slice; so after a jump ahead and
/// back the open slice lasts until time has caught up, or until a [heartbeat](Self::heartbeat) says so. An event that
/// races the edge of a slice may be counted on either side of it.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use slo_core::{Events, Outcome, SliceTracker, Tick, TimeSlices, Window};
///
/// let minutes = TimeSlices::new(Duration::from_secs(60), "99%".parse()?)?;
/// let start = Tick::from_unix_seconds(1_767_225_600);
/// let tracker = SliceTracker::new(minutes, Window::days(30)?, start);
///
/// tracker.record(start, Outcome::Bad);
/// let two_minutes_on = start + Duration::from_secs(120);
/// for _ in 0..200 {
///     tracker.record(two_minutes_on, Outcome::Good);
/// }
/// let three_minutes_on = start + Duration::from_secs(180);
/// assert_eq!(tracker.at(three_minutes_on).totals(), Events::new(1, 1)); // the minute between saw nothing
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SliceTracker {
    definition: TimeSlices,
    /// Every event since the start.
    events: Stripes,
    /// One event per slice.
    slices: Tracker,
    /// The end of the open slice in Unix nanoseconds: a hint for `record`, the truth is in `open`.
    next_edge: AtomicU64,
    open: Mutex<Open>,
}

/// How far before the open slice a heartbeat must lie to say that the clock was set back: as for a tracker's step.
const SET_BACK: Duration = Duration::from_secs(60);

/// The slice that is not over.
#[derive(Debug)]
struct Open {
    end: Tick,
    /// The totals where it began.
    before: Events,
}

impl SliceTracker {
    /// A tracker that remembers the slices of `window` and saw nothing before `started`.
    #[must_use]
    pub fn new(definition: TimeSlices, window: Window, started: Tick) -> Self {
        Self::over(Tracker::new(window, started), definition, started)
    }

    /// A tracker that remembers the slices that another process counted, as [`Tracker::restore`]. The slice that was open
    /// when the snapshot was taken is lost.
    #[cfg(feature = "store")]
    #[must_use]
    pub fn restore(definition: TimeSlices, window: Window, snapshot: &crate::TrackerSnapshot, now: Tick) -> Self {
        Self::over(Tracker::restore(window, snapshot, now), definition, now)
    }

    fn over(slices: Tracker, definition: TimeSlices, started: Tick) -> Self {
        let end = definition.end_of_slice(started);
        Self {
            definition,
            events: Stripes::new(),
            slices,
            next_edge: AtomicU64::new(end.as_unix_nanos()),
            open: Mutex::new(Open {
                end,
                before: Events::default(),
            }),
        }
    }

    /// Counts one event of a slice, as [`Tracker::record`]: no lock, no allocation.
    ///
    /// The first event after a slice's end also judges that slice, unless another thread is at it.
    pub fn record(&self, now: Tick, outcome: Outcome) {
        self.record_by(Lane::of_this_thread(), now, outcome);
    }

    /// As [`record`](Self::record), see [`Tracker::record_by`].
    pub fn record_by(&self, lane: Lane, now: Tick, outcome: Outcome) {
        self.advance(now);
        self.events.add(lane, outcome);
    }

    /// Counts many events of a slice at once, as [`Tracker::record_many`].
    pub fn record_many(&self, now: Tick, events: Events) {
        self.advance(now);
        self.events.add_many(events);
    }

    /// Judges the slices that are over: call it now and then where no event may come for long.
    pub fn advance(&self, now: Tick) {
        // Relaxed: a stale edge only means that the slice is judged by another event, or looked at in vain.
        if now.as_unix_nanos() >= self.next_edge.load(Ordering::Relaxed) {
            self.cross(now);
        }
    }

    /// Says that it is `now` and that the process runs, as [`Tracker::heartbeat`]. When the clock was set back to more than
    /// a minute before the open slice, that slice is over: it counts now, and the next one begins.
    pub fn heartbeat(&self, now: Tick, interval: Duration) {
        let mut open = self.lock();
        let begun = open.end.saturating_sub(self.definition.length());
        if now + SET_BACK < begun {
            self.slices.heartbeat(now, interval);
            self.end_slice(&mut open, now, now);
        } else {
            self.close(&mut open, now);
            self.slices.heartbeat(now, interval);
        }
    }

    /// The tracker of the slices, each of which is one event, with every slice judged that is over at `now`.
    ///
    /// Never blocks a recording thread.
    #[must_use]
    pub fn at(&self, now: Tick) -> &Tracker {
        self.close(&mut self.lock(), now);
        &self.slices
    }

    /// The events of all slices since the start, those of the open one too; exact at rest.
    pub fn events(&self) -> Events {
        self.events.sum()
    }

    /// What a slice is and when it is good.
    pub const fn definition(&self) -> TimeSlices {
        self.definition
    }

    #[cold]
    fn cross(&self, now: Tick) {
        // Skipped when taken: the holder, or the next event, judges the slice.
        if let Ok(mut open) = self.open.try_lock() {
            self.close(&mut open, now);
        }
    }

    /// Judges the open slice if it is over, and opens the one that `now` lies in. Slices between the two saw nothing.
    fn close(&self, open: &mut Open, now: Tick) {
        if now < open.end {
            return;
        }
        // The slice's last moment: a window that begins at its end begins after it.
        let counts_at = open.end.saturating_sub(Duration::from_nanos(1));
        self.end_slice(open, counts_at, now);
    }

    fn end_slice(&self, open: &mut Open, counts_at: Tick, now: Tick) {
        let totals = self.events.sum();
        if let Some(outcome) = self.definition.judge(totals.since(open.before)) {
            self.slices.record(counts_at, outcome);
        }
        open.before = totals;
        open.end = self.definition.end_of_slice(now);
        // Relaxed: the lock orders the slices, this is only the hint.
        self.next_edge.store(open.end.as_unix_nanos(), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // Nothing panics under this lock; a poisoned slice would still be whole.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Arc;
    use loom::thread;

    #[test]
    fn loom_an_event_that_races_the_end_of_a_slice_is_in_one_slice() {
        loom::model(|| {
            let definition = TimeSlices::new(Duration::from_secs(60), crate::Share::WHOLE).unwrap();
            let start = Tick::from_unix_seconds(0);
            let tracker = Arc::new(SliceTracker::new(definition, Window::MIN, start));
            let recording = {
                let tracker = Arc::clone(&tracker);
                thread::spawn(move || tracker.record(Tick::from_unix_seconds(61), Outcome::Bad))
            };
            let seen = tracker.at(Tick::from_unix_seconds(62)).totals();
            recording.join().unwrap();
            assert!(seen.all() <= 1);
            let later = tracker.at(Tick::from_unix_seconds(120)).totals();
            assert_eq!(later, Events::new(0, 1));
        });
    }
}
