//! Past totals at several resolutions: what a window's start is looked up in.

use core::time::Duration;

use crate::{Events, Tick, Window};

const NANOS: u64 = 1_000_000_000;

/// Steps in seconds and how many of them are kept. A level is used for windows that begin within its reach, so a
/// window of 5 minutes or more is at most 4% longer than asked: 10 s in 5 min, 1 min in 31 min, 10 min in 6 h 12 min,
/// 1 h in 26 h, 1 day in 32 days. That is some 34 KiB for 30 days and 44 KiB for the longest windows.
const LEVELS: [(u64, usize); 5] = [(10, 186), (60, 372), (600, 156), (3_600, 769), (86_400, 402)];

/// Cumulative totals at the edges of steps, for as long back as the tracker's window.
#[derive(Debug)]
pub(crate) struct History {
    started: Tick,
    levels: Vec<Level>,
    period: Option<PeriodStart>,
}

impl History {
    pub(crate) fn new(window: Window, started: Tick) -> Self {
        Self {
            started,
            levels: levels(window.longest(), started),
            period: PeriodStart::new(window, started),
        }
    }

    pub(crate) fn started(&self) -> Tick {
        self.started
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let rings = self.levels.iter().map(|level| size_of_val(&*level.ring));
        self.levels.capacity() * size_of::<Level>() + rings.sum::<usize>()
    }

    /// The first edge that is not written yet. A calendar period ends at one: in every zone at a whole 10 s of Unix time.
    pub(crate) fn next_edge(&self) -> Tick {
        self.levels[0].next_edge()
    }

    /// The last edge that is written; the start before there is one.
    pub(crate) fn last_edge(&self) -> Tick {
        self.levels[0].last_edge().unwrap_or(self.started)
    }

    /// Writes `totals` at every edge up to `now` that is not written yet. A `now` that lies back changes nothing.
    pub(crate) fn advance(&mut self, now: Tick, totals: Events) {
        for level in &mut self.levels {
            level.advance(now, totals);
        }
        if let Some(period) = &mut self.period {
            period.advance(now, totals);
        }
    }

    /// The totals at the last known moment at or before `at`, and that moment; before the start they are 0.
    pub(crate) fn at_or_before(&self, at: Tick) -> (Tick, Events) {
        let found = self.levels.iter().find_map(|level| level.at_or_before(at));
        let (edge, totals) = found.unwrap_or((self.started, Events::default()));
        match &self.period {
            Some(period) if period.from <= at && period.from > edge => (period.from, period.totals),
            _ => (edge, totals),
        }
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
#[derive(Debug)]
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
