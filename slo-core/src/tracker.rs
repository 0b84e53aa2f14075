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
mod tests {
    #[cfg(feature = "calendar")]
    mod calendar;
    mod clocks;
    #[cfg(feature = "store")]
    mod restarts;

    use super::*;
    use proptest::prelude::*;

    const START: Tick = Tick::from_unix_seconds(1_767_225_603);

    fn after(seconds: u64) -> Tick {
        START + Duration::from_secs(seconds)
    }

    fn window(text: &str) -> Window {
        text.parse().unwrap()
    }

    #[test]
    fn totals_count_everything_and_windows_forget() {
        let tracker = Tracker::new(window("30d"), START);
        for second in 0..7_200 {
            let outcome = if second % 100 == 0 { Outcome::Bad } else { Outcome::Good };
            tracker.record(after(second), outcome);
        }
        assert_eq!(tracker.totals(), Events::new(7_128, 72));
        let hour = tracker.read(after(7_200), window("1h"));
        assert!(
            hour.events().valid() >= 3_600 && hour.events().valid() <= 3_660,
            "{hour:?}"
        );
        assert_eq!(tracker.read(after(7_200), window("30d")).events(), tracker.totals());
    }

    #[test]
    fn a_young_process_says_how_much_it_saw() {
        let tracker = Tracker::new(window("30d"), START);
        let reading = tracker.read(after(86_400), window("30d"));
        assert_eq!(reading.coverage(), Ratio::new(1, 30));
        assert_eq!(reading.from(), START);
        assert_eq!(tracker.read(after(86_400), window("5m")).coverage(), Ratio::new(1, 1));
    }

    #[test]
    fn a_rate_is_exact_wherever_the_window_begins() {
        let tracker = Tracker::new(window("30d"), START);
        for second in 1..=2_000 {
            tracker.record(after(second), Outcome::Good);
            let reading = tracker.read(after(second), window("5m"));
            // The event of the window's very first moment may be in it.
            let more = reading.events().good().abs_diff(reading.measured().as_secs());
            assert!(more <= 1, "{second}: {reading:?}");
            assert!(reading.measured() >= reading.covered());
        }
        let beat = Duration::from_secs(10);
        tracker.heartbeat(after(2_001), beat);
        tracker.heartbeat(after(2_503), beat);
        let reading = tracker.read(after(2_513), window("5m"));
        assert_eq!(reading.measured(), Duration::from_secs(10));
    }

    #[test]
    fn a_longer_window_than_its_own_is_answered_for_its_own_and_not_called_covered() {
        let tracker = Tracker::new(window("1h"), START);
        let reading = tracker.read(after(7_200), window("2h"));
        assert!(reading.from() >= after(3_590), "{reading:?}");
        assert_eq!(reading.coverage(), Ratio::new(1, 2));
    }

    #[test]
    fn a_burn_rate_may_look_at_less_time_than_a_promise() {
        let tracker = Tracker::new(window("30d"), START);
        tracker.record(after(100), Outcome::Bad);
        tracker.record(after(200), Outcome::Good);
        let reading = tracker.read_last(after(300), "2m".parse().unwrap());
        assert_eq!(reading.events(), Events::new(1, 0));
        assert_eq!(reading.covered(), Duration::from_secs(120));
        assert_eq!(
            tracker.read_last(after(300), "1h".parse().unwrap()),
            tracker.read(after(300), window("1h"))
        );
    }

    #[test]
    fn a_clock_that_steps_back_loses_nothing() {
        let tracker = Tracker::new(window("30d"), START);
        tracker.record(after(1_000), Outcome::Good);
        tracker.record(after(10), Outcome::Bad);
        assert_eq!(tracker.totals(), Events::new(1, 1));
        assert_eq!(tracker.read(after(10), window("5m")).events(), Events::new(1, 1));
    }

    #[test]
    fn a_jump_ahead_leaves_what_was_before_it_behind() {
        let tracker = Tracker::new(window("30d"), START);
        tracker.record(after(1), Outcome::Bad);
        tracker.record(after(40 * 86_400), Outcome::Good);
        assert_eq!(tracker.totals(), Events::new(1, 1));
        assert_eq!(
            tracker.read(after(40 * 86_400), window("30d")).events(),
            Events::new(1, 0)
        );
    }

    #[test]
    fn a_month_is_remembered_in_less_than_64_kib() {
        for (length, most) in [("1h", 16), ("1d", 24), ("30d", 64), ("400d", 64)] {
            let tracker = Tracker::new(window(length), START);
            let bytes = tracker.memory_bytes();
            assert!(bytes <= most * 1_024, "{length}: {bytes} bytes");
            tracker.record(after(40_000_000), Outcome::Good);
            assert_eq!(tracker.memory_bytes(), bytes, "{length}");
            for hour in 0..200 {
                tracker.heartbeat(after(40_000_000 + hour * 3_600), Duration::from_secs(60));
            }
            assert!(
                (bytes + 1..=bytes + 2_048).contains(&tracker.memory_bytes()),
                "{length}"
            );
        }
    }

    #[test]
    fn a_reader_between_two_edges_writes_the_older_one() {
        let tracker = Tracker::new(window("30d"), START);
        tracker.record(after(1), Outcome::Good);
        assert_eq!(tracker.read(after(600), window("5m")).events(), Events::default());
        tracker.record(after(601), Outcome::Bad);
        assert_eq!(tracker.read(after(602), window("5m")).events(), Events::new(0, 1));
    }

    #[test]
    fn threads_racing_over_edges_lose_and_double_nothing() {
        let tracker = Tracker::new(window("1h"), START);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let tracker = &tracker;
                scope.spawn(move || {
                    for (number, second) in (0..2_000).flat_map(|second| [second; 10]).enumerate() {
                        tracker.record(after(second), Outcome::ALL[(number + thread) % 3]);
                        if number % 10 == thread {
                            tracker.record_many(after(second), Events::new(7, 2).with_excluded(1));
                        }
                    }
                });
            }
            for second in 0..2_000 {
                let reading = tracker.read(after(second), window("5m"));
                assert!(reading.events().all() <= 160_000);
            }
        });
        assert_eq!(tracker.totals().all(), 160_000);
        let bulk = Events::new(8_000 * 7, 8_000 * 2).with_excluded(8_000);
        let single = tracker.totals().since(bulk);
        // 20,000 a thread over three outcomes, each thread one outcome ahead of the last.
        assert_eq!(
            (single.good(), single.bad(), single.excluded()),
            (26_667, 26_667, 26_666)
        );
        assert_eq!(tracker.read(after(2_000), window("1h")).events(), tracker.totals());
    }

    /// Keeps every event.
    #[derive(Default)]
    struct Model {
        events: Vec<(Tick, Outcome)>,
    }

    impl Model {
        fn count(&self, from: Tick, to: Tick) -> Events {
            let inside = self.events.iter().filter(|(at, _)| *at >= from && *at <= to);
            inside.fold(Events::default(), |seen, (_, outcome)| {
                seen.saturating_add(Events::one(*outcome))
            })
        }
    }

    #[test]
    fn pieces_on_the_two_sides_of_an_edge_that_is_now_are_one() {
        let tracker = Tracker::new(window("30d"), START);
        let midnight = after(86_397);
        assert_eq!(midnight, Tick::from_unix_seconds(1_767_312_000));
        tracker.record(after(86_396), Outcome::Good);
        tracker.record(midnight, Outcome::Bad);
        assert_eq!(tracker.pieces(midnight, window("30d")), [(midnight, Events::new(1, 1))]);
    }

    proptest! {
        #[test]
        fn pieces_are_a_reading_taken_apart(
            gaps in prop::collection::vec((0_u64..20_000, 0_usize..3), 1..200),
            asked in prop::sample::select(vec!["5m", "1h", "1d", "30d"]),
        ) {
            let tracker = Tracker::new(window("30d"), START);
            let mut model = Model::default();
            let mut now = START;
            for (gap, outcome) in gaps {
                now = now + Duration::from_secs(gap);
                tracker.record(now, Outcome::ALL[outcome]);
                model.events.push((now, Outcome::ALL[outcome]));
            }
            let reading = tracker.read(now, window(asked));
            let pieces = tracker.pieces(now, window(asked));
            let sum = pieces.iter().fold(Events::default(), |sum, (_, events)| sum.saturating_add(*events));
            prop_assert_eq!(sum, reading.events());
            prop_assert!(pieces.is_sorted_by(|(one, _), (other, _)| one < other));
            // Up to its last moment a piece and those before it have what was recorded before that moment.
            let mut told = Events::default();
            for (last, events) in pieces {
                told = told.saturating_add(events);
                let until = if last == now { last } else { last.saturating_sub(Duration::from_nanos(1)) };
                prop_assert_eq!(told, model.count(reading.from(), until));
            }
        }
    }

    proptest! {
        #[test]
        fn events_in_bulk_are_as_many_single_ones(
            steps in prop::collection::vec((0_u64..5_000, 0_u64..30, 0_u64..5, 0_u64..5), 1..60),
            asked in prop::sample::select(vec!["5m", "1h", "1d", "30d"]),
        ) {
            let (bulk, single) = (Tracker::new(window("30d"), START), Tracker::new(window("30d"), START));
            let mut now = START;
            for (gap, good, bad, excluded) in steps {
                now = now + Duration::from_secs(gap);
                let events = Events::new(good, bad).with_excluded(excluded);
                bulk.record_many(now, events);
                for outcome in Outcome::ALL {
                    (0..events.of(outcome)).for_each(|_| single.record(now, outcome));
                }
                prop_assert_eq!(bulk.totals(), single.totals());
                prop_assert_eq!(bulk.read(now, window(asked)), single.read(now, window(asked)));
            }
        }

        #[test]
        fn windows_agree_with_a_model_that_keeps_every_event(
            gaps in prop::collection::vec((prop_oneof![0_u64..600, 0_u64..200_000], 0_usize..3), 1..200),
            own in prop::sample::select(vec!["30d", "90d", "400d"]),
            asked in prop::sample::select(vec!["5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d", "60d"]),
        ) {
            let tracker = Tracker::new(window(own), START);
            let mut model = Model::default();
            let mut now = START;
            for (gap, outcome) in gaps {
                now = now + Duration::from_secs(gap);
                tracker.record(now, Outcome::ALL[outcome]);
                model.events.push((now, Outcome::ALL[outcome]));
            }
            let reading = tracker.read(now, window(asked));
            // Exact for the window that it says it read ...
            prop_assert_eq!(reading.events(), model.count(reading.from(), now));
            // ... which is the asked one, up to 4% longer, and never reaches back before the start.
            let length = now.since(reading.from());
            let asked = window(asked).longest().min(window(own).longest()).min(now.since(START));
            prop_assert!(length >= asked, "{:?} is shorter than {:?}", length, asked);
            prop_assert!(length.as_secs_f64() <= asked.as_secs_f64() * 1.04, "{:?} for {:?}", length, asked);
            prop_assert_eq!(tracker.totals(), model.count(START, now));
        }
    }
}

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
