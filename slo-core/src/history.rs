//! Past totals at several resolutions: what a window's start is looked up in.

use core::time::Duration;

use crate::gaps::{Entry, Gap, GapCause, Gaps};
use crate::{Events, Tick, Window};

#[cfg(feature = "store")]
mod record;
#[cfg(feature = "store")]
pub(crate) use self::record::Record;

const NANOS: u64 = 1_000_000_000;

/// Steps in seconds and how many of them are kept. A level is used for windows that begin within its reach, so a
/// window of 5 minutes or more is at most 4% longer than asked: 10 s in 5 min, 1 min in 31 min, 10 min in 6 h 12 min,
/// 1 h in 26 h, 1 day in 32 days. That is some 34 KiB for 30 days and 44 KiB for the longest windows.
const LEVELS: [(u64, usize); 5] = [(10, 186), (60, 372), (600, 156), (3_600, 769), (86_400, 402)];

/// How far a heartbeat may lie behind the last edge before the clock counts as set back: threads differ by less.
const STEADY: Duration = Duration::from_secs(60);

/// A heartbeat that comes later than this many of its intervals says that the process did not run.
const MISSED_BEATS: u32 = 3;

/// Cumulative totals at the edges of steps, for as long back as the tracker's window.
///
/// Steps lie on a time line of its own, which never steps back: the caller's ticks and `shift`. What is asked and
/// answered is in the caller's ticks of now.
#[derive(Debug)]
pub(crate) struct History {
    window: Window,
    /// Nanoseconds by which the caller's clock was set back in all; whole steps, so that edges stay where they are.
    shift: u64,
    /// The first known moment, on our own time line.
    origin: Tick,
    /// The totals there.
    base: Events,
    /// What restored processes counted: no part of the process's own totals.
    carried: Events,
    levels: Vec<Level>,
    period: Option<PeriodStart>,
    gaps: Gaps,
    /// The last heartbeat, on our own time line and by the caller's clock.
    beat: Option<(Tick, Tick)>,
}

impl History {
    pub(crate) fn new(window: Window, started: Tick) -> Self {
        Self {
            window,
            shift: 0,
            origin: started,
            base: Events::default(),
            carried: Events::default(),
            levels: levels(window.longest(), started),
            period: PeriodStart::new(window, started),
            gaps: Gaps::default(),
            beat: None,
        }
    }

    /// When measuring began.
    pub(crate) fn started(&self) -> Tick {
        self.theirs(self.origin)
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let rings = self.levels.iter().map(|level| size_of_val(&*level.ring));
        self.levels.capacity() * size_of::<Level>() + rings.sum::<usize>() + self.gaps.heap_bytes()
    }

    /// The first edge that is not written yet. A calendar period ends at one: in every zone at a whole 10 s of Unix time.
    pub(crate) fn next_edge(&self) -> Tick {
        self.theirs(self.levels[0].next_edge())
    }

    /// The last edge that is written; the start before there is one.
    pub(crate) fn last_edge(&self) -> Tick {
        self.theirs(self.own_last_edge())
    }

    /// A process's totals and what was carried over.
    pub(crate) fn with_carried(&self, totals: Events) -> Events {
        self.carried.saturating_add(totals)
    }

    /// Writes the process's `totals` at every edge up to `now` that is not written yet. A `now` that lies back changes
    /// nothing.
    pub(crate) fn advance(&mut self, now: Tick, totals: Events) {
        let (own, totals) = (self.own(now), self.with_carried(totals));
        for level in &mut self.levels {
            level.advance(own, totals);
        }
        if let Some(period) = &mut self.period {
            period.advance(now, totals);
        }
    }

    /// Takes `now` for the truth, before the edges up to it are written: it says whether the clock was set back, and
    /// whether the process did not run since the last heartbeat.
    pub(crate) fn heartbeat(&mut self, now: Tick, interval: Duration) {
        let last = self.newest();
        let back = last.since(self.own(now));
        if back > STEADY {
            let before = self.theirs(last);
            self.set_back(back);
            self.push_gap(last, last, Gap::new(before, now, GapCause::ClockSetBack));
        }
        let own = self.own(now).max(last);
        let previous = self.beat.replace((own, now));
        if let Some((before, theirs)) =
            previous.filter(|(before, _)| own.since(*before) > interval.saturating_mul(MISSED_BEATS))
        {
            self.push_gap(before, own, Gap::new(theirs, now, GapCause::Suspended));
        }
    }

    /// Lets the time line go on while the caller's clock repeats itself; by whole steps, so that a calendar period still
    /// ends at an edge.
    fn set_back(&mut self, back: Duration) {
        let step = self.levels[0].step;
        let steps = u64::try_from(back.as_nanos()).unwrap_or(u64::MAX).div_ceil(step);
        self.shift = self.shift.saturating_add(steps.saturating_mul(step));
    }

    /// The time between two moments in which nothing was measured.
    pub(crate) fn unseen(&self, from: Tick, to: Tick) -> Duration {
        self.gaps.unseen(self.own(from), self.own(to))
    }

    /// The gaps that reach into what is remembered, oldest first.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = Gap> {
        self.gaps.iter().map(|entry| entry.gap)
    }

    /// The totals at the last known moment at or before `at`, and that moment; before the first known one, those there.
    pub(crate) fn at_or_before(&self, at: Tick) -> (Tick, Events) {
        let own = self.own(at);
        let found = self.levels.iter().find_map(|level| level.at_or_before(own));
        let (edge, totals) = found.unwrap_or((self.origin, self.base));
        let edge = self.theirs(edge);
        match &self.period {
            Some(period) if period.from <= at && period.from > edge => (period.from, period.totals),
            _ => (edge, totals),
        }
    }

    /// Every written edge from one moment to before another with the totals there, oldest first.
    pub(crate) fn edges(&self, from: Tick, to: Tick) -> Vec<(Tick, Events)> {
        let (from, to) = (self.own(from), self.own(to));
        let levels = self.levels.iter();
        let mut edges: Vec<_> = levels.flat_map(|level| level.edges(from, to)).collect();
        // What several levels know is the same in each.
        edges.sort_unstable_by_key(|(at, _)| *at);
        edges.dedup_by_key(|(at, _)| *at);
        for (at, _) in &mut edges {
            *at = self.theirs(*at);
        }
        edges
    }

    fn push_gap(&mut self, own_from: Tick, own_to: Tick, gap: Gap) {
        let oldest = own_to.saturating_sub(self.window.longest());
        self.gaps.push(Entry { own_from, own_to, gap }, oldest);
    }

    /// The newest moment that is known to have been, on our own time line.
    fn newest(&self) -> Tick {
        let beat = self.beat.map_or(self.origin, |(own, _)| own);
        let gap = self.gaps.last_end().unwrap_or(self.origin);
        self.own_last_edge().max(beat).max(gap)
    }

    fn own_last_edge(&self) -> Tick {
        self.levels[0].last_edge().unwrap_or(self.origin)
    }

    /// A moment of the caller's clock on our own time line.
    fn own(&self, theirs: Tick) -> Tick {
        theirs + Duration::from_nanos(self.shift)
    }

    /// A moment of our own time line by the caller's clock as it goes now.
    fn theirs(&self, own: Tick) -> Tick {
        own.saturating_sub(Duration::from_nanos(self.shift))
    }
}

/// The levels that windows of up to this length need.
fn levels(longest: Duration, started: Tick) -> Vec<Level> {
    let mut levels = Vec::with_capacity(LEVELS.len());
    for (step, kept) in LEVELS {
        // The narrowing is of a count that is at most `kept`.
        let needed = usize::try_from(longest.as_secs().div_ceil(step) + 1).unwrap_or(kept);
        levels.push(Level::new(step, kept.min(needed), started));
        if needed <= kept {
            break;
        }
    }
    levels
}

/// The totals at the very start of the present calendar period, to which a step would only be near.
#[derive(Clone, Debug)]
struct PeriodStart {
    window: Window,
    /// Where the period began; where measuring began, in the first one.
    from: Tick,
    /// The totals there.
    totals: Events,
    /// Where the next period begins.
    end: Tick,
}

impl PeriodStart {
    /// `None` for a rolling window.
    fn new(window: Window, started: Tick) -> Option<Self> {
        window.rolling_length().is_none().then(|| Self {
            window,
            from: started,
            totals: Events::default(),
            end: window.bounds(started).end,
        })
    }

    fn advance(&mut self, now: Tick, totals: Events) {
        if now >= self.end {
            let bounds = self.window.bounds(now);
            (self.from, self.end) = (bounds.start, bounds.end);
            self.totals = totals;
        }
    }
}

/// Totals at the multiples of one step, the newest `kept` of them.
#[derive(Debug)]
struct Level {
    /// Step length in nanoseconds.
    step: u64,
    ring: Box<[Events]>,
    /// Number (multiple of the step since 1970) of the first edge after the start.
    first: u64,
    /// Number of the next edge to write.
    next: u64,
}

impl Level {
    fn new(step_seconds: u64, kept: usize, started: Tick) -> Self {
        let step = step_seconds * NANOS;
        let first = started.as_unix_nanos() / step + 1;
        Self {
            step,
            ring: vec![Events::default(); kept.max(1)].into_boxed_slice(),
            first,
            next: first,
        }
    }

    fn tick(&self, edge: u64) -> Tick {
        Tick::from_unix_nanos(edge.saturating_mul(self.step))
    }

    fn next_edge(&self) -> Tick {
        self.tick(self.next)
    }

    fn last_edge(&self) -> Option<Tick> {
        (self.next > self.first).then(|| self.tick(self.next - 1))
    }

    /// Number of the oldest edge that is still kept.
    fn oldest(&self) -> u64 {
        self.first.max(self.next.saturating_sub(self.ring.len() as u64))
    }

    fn edges(&self, from: Tick, to: Tick) -> impl Iterator<Item = (Tick, Events)> {
        let first = self.oldest().max(from.as_unix_nanos().div_ceil(self.step));
        let end = self.next.min(to.as_unix_nanos().div_ceil(self.step));
        (first..end).map(|edge| (self.tick(edge), self.ring[self.slot(edge)]))
    }

    fn slot(&self, edge: u64) -> usize {
        // The remainder is below a length that is a `usize`.
        usize::try_from(edge % self.ring.len() as u64).unwrap_or(0)
    }

    fn advance(&mut self, now: Tick, totals: Events) {
        let last = now.as_unix_nanos() / self.step;
        // After a long silence only the edges that will be kept.
        let from = self.next.max((last + 1).saturating_sub(self.ring.len() as u64));
        for edge in from..=last {
            let slot = self.slot(edge);
            self.ring[slot] = totals;
        }
        self.next = self.next.max(last + 1);
    }

    fn at_or_before(&self, at: Tick) -> Option<(Tick, Events)> {
        let edge = (at.as_unix_nanos() / self.step).min(self.next - 1);
        (edge >= self.oldest() && self.next > self.first).then(|| (self.tick(edge), self.ring[self.slot(edge)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(at: u64) -> Tick {
        Tick::from_unix_seconds(at)
    }

    fn good(count: u64) -> Events {
        Events::new(count, 0)
    }

    #[test]
    fn before_the_first_edge_the_start_is_the_only_known_moment() {
        let history = History::new(Window::days(30).unwrap(), seconds(1_003));
        assert_eq!(history.next_edge(), seconds(1_010));
        assert_eq!(
            history.at_or_before(seconds(1_009)),
            (seconds(1_003), Events::default())
        );
        assert_eq!(history.at_or_before(seconds(7)), (seconds(1_003), Events::default()));
    }

    #[test]
    fn an_edge_holds_the_totals_before_it() {
        let mut history = History::new(Window::days(30).unwrap(), seconds(1_000));
        history.advance(seconds(1_011), good(5));
        history.advance(seconds(1_025), good(8));
        assert_eq!(history.at_or_before(seconds(1_019)), (seconds(1_010), good(5)));
        assert_eq!(history.at_or_before(seconds(1_020)), (seconds(1_020), good(8)));
        assert_eq!(history.at_or_before(seconds(9_999)), (seconds(1_020), good(8)));
    }

    #[test]
    fn a_step_back_changes_nothing() {
        let mut history = History::new(Window::days(30).unwrap(), seconds(1_000));
        history.advance(seconds(1_050), good(5));
        history.advance(seconds(1_005), good(7));
        assert_eq!(history.next_edge(), seconds(1_060));
        assert_eq!(history.at_or_before(seconds(1_050)), (seconds(1_050), good(5)));
    }

    #[test]
    fn older_moments_come_from_coarser_steps() {
        let mut history = History::new(Window::days(30).unwrap(), seconds(0));
        for minute in 1..=45_000 {
            history.advance(seconds(minute * 60), good(minute));
        }
        let now = 45_000 * 60;
        for (back, step) in [
            (300, 10),
            (1_800, 10),
            (3_600, 60),
            (21_600, 60),
            (86_400, 600),
            (2_592_000, 3_600),
        ] {
            let (from, totals) = history.at_or_before(seconds(now - back));
            let late = seconds(now - back).since(from).as_secs();
            assert!(late < step, "{back} s back: {late} s early");
            // Totals stood still between the minutes.
            assert_eq!(
                totals,
                good(from.as_unix_nanos() / NANOS / 60 + u64::from(from.as_unix_nanos() / NANOS % 60 > 0))
            );
        }
    }

    #[test]
    fn a_month_of_silence_is_written_at_once() {
        let mut history = History::new(Window::days(30).unwrap(), seconds(0));
        history.advance(seconds(35 * 86_400), good(9));
        assert_eq!(
            history.at_or_before(seconds(5 * 86_400)),
            (seconds(5 * 86_400), good(9))
        );
        assert_eq!(history.at_or_before(seconds(35 * 86_400 - 17)).1, good(9));
    }

    #[test]
    fn memory_stays_bounded_for_every_window() {
        for length in ["5m", "31m", "6h", "1d", "7d", "28d", "30d", "90d", "400d"] {
            let history = History::new(length.parse().unwrap(), seconds(0));
            let bytes = history.heap_bytes();
            assert!(bytes <= 45 * 1_024, "{length}: {bytes} bytes");
        }
    }
}
