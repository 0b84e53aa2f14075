//! Counts of one SLO in this process, over any window up to its own.

use core::time::Duration;
use std::sync::PoisonError;

#[cfg(feature = "store")]
use crate::TrackerSnapshot;
use crate::gaps::Gap;
use crate::history::History;
use crate::stripes::Stripes;
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering};
use crate::{BurnWindow, Events, Lane, Outcome, Ratio, Tick, Window};

/// The events of one SLO since this process began to measure, lock-free to record.
///
/// The totals are the only truth: they are exact, and they are what is exported. A window is the difference between the
/// totals now and those at the window's start, which are remembered in steps of 10 s up to 31 minutes back, 1 min up to
/// 6 h, 10 min up to 26 h, 1 h up to 32 days, and 1 day beyond.
///
/// # Accuracy
///
/// A window begins at the last remembered step at or before the moment asked for, so it is up to one step longer than
/// asked: 4% at most for 5 minutes and more, 9% for 2 minutes. The start of the tracker's own calendar period is
/// remembered beside the steps, so that window is exact. An event that races the edge of a step or period may be counted
/// on either side of it.
///
/// # Time
///
/// The caller supplies it, and it may be wrong; no event is lost or counted twice whatever it does.
///
/// - A tick that lies back, even far, counts in the current step.
/// - After silence, a month of it as well, the missed steps are written with the totals of before: nothing happened in
///   them.
/// - Whoever owns the clock sends a [heartbeat](Self::heartbeat). It tells silence from a process that was suspended or a
///   clock that jumped ahead: the time since the last one is then a [`Gap`], and not covered. And it tells a late event
///   from a clock that was set back: from then on windows go by the new time, and what was recorded keeps its age.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use slo_core::{Events, Outcome, Tick, Tracker, Window};
///
/// let start = Tick::from_unix_seconds(0);
/// let tracker = Tracker::new(Window::days(30)?, start);
/// tracker.record(start + Duration::from_secs(60), Outcome::Bad);
/// tracker.record(start + Duration::from_secs(3_600), Outcome::Good);
///
/// let now = start + Duration::from_secs(3_600);
/// assert_eq!(tracker.totals(), Events::new(1, 1));
/// assert_eq!(tracker.read(now, "5m".parse()?).events(), Events::new(1, 0));
/// # Ok::<(), slo_core::WindowError>(())
/// ```
#[derive(Debug)]
pub struct Tracker {
    stripes: Stripes,
    /// The next step's edge in Unix nanoseconds: a hint for `record`, the truth is in `history`.
    next_edge: AtomicU64,
    history: Mutex<History>,
    window: Window,
}

impl Tracker {
    /// A tracker that remembers enough for `window` and saw nothing before `started`.
    #[must_use]
    pub fn new(window: Window, started: Tick) -> Self {
        Self::of(window, History::new(window, started))
    }

    fn of(window: Window, history: History) -> Self {
        Self {
            stripes: Stripes::new(),
            next_edge: AtomicU64::new(history.next_edge().as_unix_nanos()),
            history: Mutex::new(history),
            window,
        }
    }

    /// Counts one event: no lock, no allocation, and no atomic addition where the calling thread has a stripe of its own,
    /// which the first eight threads that count have.
    ///
    /// The first event after a step's edge also writes that edge, unless another thread is at it.
    #[inline]
    pub fn record(&self, now: Tick, outcome: Outcome) {
        self.record_by(Lane::of_this_thread(), now, outcome);
    }

    /// As [`record`](Self::record), for who counts the same event in several trackers and looks its [`Lane`] up once.
    #[inline]
    pub fn record_by(&self, lane: Lane, now: Tick, outcome: Outcome) {
        if self.is_past_step(now) {
            self.cross(now);
        }
        self.stripes.add(lane, outcome);
    }

    /// Counts many events at once, as so many calls of [`Tracker::record`] would: for counts that come in bulk, like the
    /// samples of a series. One add per outcome; who reads meanwhile may see some of the outcomes and not yet the others.
    ///
    /// Totals beyond `u64::MAX` wrap around.
    pub fn record_many(&self, now: Tick, events: Events) {
        self.advance(now);
        self.stripes.add_many(events);
    }

    /// Writes the edges up to `now`: call it now and then where no event may come for long.
    pub fn advance(&self, now: Tick) {
        if self.is_past_step(now) {
            self.cross(now);
        }
    }

    /// Says that it is `now`, that the process runs, and that it means to say so at every `interval`.
    ///
    /// One that comes more than three intervals after the last makes the time between a [`Gap`]: the process was
    /// suspended, or its clock jumped ahead. One more than a minute before the last known step says that the clock was set
    /// back. Until it is told, a tracker takes silence for silence and late events for late.
    pub fn heartbeat(&self, now: Tick, interval: Duration) {
        let mut history = self.lock();
        history.heartbeat(now, interval);
        let _totals = self.write_edges(&mut history, now);
    }

    /// What was not measured, or by a clock that was set back, within what is remembered; oldest first.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        self.lock().gaps().collect()
    }

    #[inline]
    fn is_past_step(&self, now: Tick) -> bool {
        // Relaxed: a stale edge only means that the edge is written by another event, or looked at in vain.
        now.as_unix_nanos() >= self.next_edge.load(Ordering::Relaxed)
    }

    /// Counts events that a killed process had begun and not ended, as its last snapshot says: bad, because nobody got an
    /// answer. They are in the totals: no process has exported them.
    pub fn record_lost(&self, now: Tick, events: u64) {
        self.record_many(now, Events::new(0, events));
    }

    /// What it remembers, to go on from in another process.
    #[cfg(feature = "store")]
    pub fn snapshot(&self, now: Tick) -> TrackerSnapshot {
        let mut history = self.lock();
        let totals = self.write_edges(&mut history, now);
        TrackerSnapshot::new(self.window, history.record(now, totals))
    }

    /// A tracker that remembers what another process did: in its windows, not in its totals, since an engine would count
    /// exported totals again.
    ///
    /// The time since the snapshot is a [`Gap`]. With another window than the snapshot's it remembers as much as both do.
    #[cfg(feature = "store")]
    #[must_use]
    pub fn restore(window: Window, snapshot: &TrackerSnapshot, now: Tick) -> Self {
        Self::of(
            window,
            History::restored(window, snapshot.window(), snapshot.record(), now),
        )
    }

    /// All events since the start; exact at rest.
    pub fn totals(&self) -> Events {
        self.stripes.sum()
    }

    /// The window that it remembers.
    pub fn window(&self) -> Window {
        self.window
    }

    /// The memory that it holds, in bytes: fixed from the start whatever the traffic, but for some 2 KiB for gaps.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.stripes.heap_bytes() + self.lock().heap_bytes()
    }

    /// The events of `window` up to `now`, as far back as the tracker remembers: the length of its own window, or the
    /// longest that its calendar period can be.
    ///
    /// Never blocks a recording thread. A `now` before the last known step is read as that step.
    pub fn read(&self, now: Tick, window: Window) -> Reading {
        let reading = self.read_since(now, |now| window.bounds(now).start, window.rolling_length());
        Reading {
            elapsed: window.elapsed_at(reading.to),
            ..reading
        }
    }

    /// The events of the last `stretch` before `now`, as [`Tracker::read`]: for burn rates, which look at less time.
    pub fn read_last(&self, now: Tick, stretch: BurnWindow) -> Reading {
        let length = stretch.as_duration();
        self.read_since(now, |now| now.saturating_sub(length), Some(length))
    }

    /// The events of `window` up to `now` in pieces, oldest first, each with its last moment: as finely as they are
    /// remembered, without the empty ones. Together they are what [`Tracker::read`] counts.
    ///
    /// [`ErrorBudget::recovery`](crate::ErrorBudget::recovery) asks for them.
    #[must_use]
    pub fn pieces(&self, now: Tick, window: Window) -> Vec<(Tick, Events)> {
        let reading = self.read(now, window);
        let history = self.lock();
        let (from, mut before) = history.at_or_before(reading.from());
        let last = before.saturating_add(reading.events());
        let edges = history.edges(from, reading.to());
        let moments = edges.into_iter().chain([(reading.to(), last)]);
        let pieces = moments.map(|(at, totals)| (at, totals.since(core::mem::replace(&mut before, totals))));
        pieces.filter(|(_, events)| *events != Events::default()).collect()
    }

    /// `length` is what was asked for, of a rolling window; a calendar period is as long as what has passed of it.
    fn read_since(&self, now: Tick, begin: impl Fn(Tick) -> Tick, length: Option<Duration>) -> Reading {
        let mut history = self.lock();
        let totals = self.write_edges(&mut history, now);
        let now = now.max(history.last_edge());
        let asked = begin(now);
        let start = asked.max(now.saturating_sub(self.window.longest()));
        let seen = start.max(history.started());
        let (from, before) = history.at_or_before(start);
        Reading {
            events: totals.since(before),
            from,
            to: now,
            covered: now.since(seen).saturating_sub(history.unseen(seen, now)),
            measured: now.since(from).saturating_sub(history.unseen(from, now)),
            asked: length.unwrap_or(now.since(asked)),
            elapsed: None,
        }
    }

    #[cold]
    fn cross(&self, now: Tick) {
        // Skipped when taken: the holder, or the next event, writes the edge.
        if let Ok(mut history) = self.history.try_lock() {
            let _totals = self.write_edges(&mut history, now);
        }
    }

    /// Sums first, then writes: an edge never shows more than what a later reading shows.
    fn write_edges(&self, history: &mut History, now: Tick) -> Events {
        let totals = self.stripes.sum();
        history.advance(now, totals);
        // Relaxed: the lock orders the history, this is only the hint.
        self.next_edge
            .store(history.next_edge().as_unix_nanos(), Ordering::Relaxed);
        history.with_carried(totals)
    }

    fn lock(&self) -> MutexGuard<'_, History> {
        // Nothing panics under this lock; a poisoned history would still be whole.
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a tracker saw in one window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Reading {
    events: Events,
    from: Tick,
    to: Tick,
    covered: Duration,
    measured: Duration,
    asked: Duration,
    elapsed: Option<Ratio>,
}

impl Reading {
    /// The events.
    pub const fn events(self) -> Events {
        self.events
    }

    /// Where the window really began: up to one step before the moment asked for, and never before the start.
    pub const fn from(self) -> Tick {
        self.from
    }

    /// Where it ended.
    pub const fn to(self) -> Tick {
        self.to
    }

    /// The share of the asked window in which this process measured, 0 to 1; of a calendar window, the share of what has
    /// passed of its period. `None` in the very moment in which a calendar period begins, of which nothing has passed.
    #[must_use]
    pub fn coverage(self) -> Option<Ratio> {
        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).ok();
        Ratio::new(nanos(self.covered)?, nanos(self.asked)?)
    }

    /// The share of a calendar period that had passed ([`Window::elapsed_at`]); `None` of a rolling window.
    #[must_use]
    pub const fn elapsed(self) -> Option<Ratio> {
        self.elapsed
    }

    /// The time within the asked window in which this process measured: since its start, without the gaps.
    #[must_use]
    pub const fn covered(self) -> Duration {
        self.covered
    }

    /// The time from [`from`](Self::from) in which this process measured, which is the time that the events came in: what to
    /// divide them by for a rate.
    #[must_use]
    pub const fn measured(self) -> Duration {
        self.measured
    }
}

#[cfg(test)]
mod tests;

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Arc;
    use loom::thread;

    #[test]
    fn loom_recording_over_an_edge_while_reading_loses_and_doubles_nothing() {
        loom::model(|| {
            let start = Tick::from_unix_seconds(0);
            let tracker = Arc::new(Tracker::new(Window::MIN, start));
            let recording = {
                let tracker = Arc::clone(&tracker);
                thread::spawn(move || tracker.record(Tick::from_unix_seconds(11), Outcome::Good))
            };
            let seen = tracker.read(Tick::from_unix_seconds(12), Window::MIN);
            recording.join().unwrap();
            assert!(seen.events().all() <= 1);
            assert_eq!(tracker.totals(), Events::new(1, 0));
            assert_eq!(
                tracker.read(Tick::from_unix_seconds(12), Window::MIN).events(),
                Events::new(1, 0)
            );
        });
    }

    #[test]
    fn loom_an_event_that_saw_an_edge_written_is_behind_it() {
        loom::model(|| {
            let start = Tick::from_unix_seconds(0);
            let tracker = Arc::new(Tracker::new(Window::MIN, start));
            let recording = {
                let tracker = Arc::clone(&tracker);
                thread::spawn(move || {
                    let tick = Tick::from_unix_seconds(12);
                    let written = !tracker.is_past_step(tick);
                    tracker.record(tick, Outcome::Bad);
                    written
                })
            };
            tracker.record(Tick::from_unix_seconds(11), Outcome::Good);
            let written = recording.join().unwrap();
            assert_eq!(tracker.totals(), Events::new(1, 1));
            // Two minutes before 2:10 is the edge itself.
            let two_minutes = "2m".parse().unwrap();
            let behind = tracker.read_last(Tick::from_unix_seconds(130), two_minutes).events();
            assert!(!written || behind.bad() == 1, "{behind:?}");
        });
    }
}
