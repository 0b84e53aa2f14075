//! Quantiles of latencies over the last minutes, in fixed buckets.

use core::fmt;
use core::time::Duration;
use std::sync::PoisonError;

use crate::sync::{AtomicU32, AtomicU64, Mutex, MutexGuard, Ordering};
use crate::{Lane, Ratio, Tick};

/// Latencies of the last 15 minutes, lock-free to record: good for p50, p95 and p99 of what this process saw.
///
/// # Error
///
/// A quantile is told as the bucket that it lies in. Buckets divide each power of two into 32, so from 2^15 ns (33 us)
/// to 2^40 ns (18 minutes) a bucket is at most 1/32 of its lower bound wide: whoever shows its middle is at most 1.6%
/// off. Faster events are told as *below 33 us*, slower ones as *18 minutes or more*. To hold a limit against a share of
/// events, count them with a [`Threshold`](crate::Threshold) instead: that is exact.
///
/// Like that of a [`Tracker`](crate::Tracker), the window begins at a step's edge: up to a minute before the moment asked
/// for.
///
/// # Size
///
/// 64 KiB, whatever the traffic: 802 buckets of 4 bytes, in 4 stripes and at 16 edges. A bucket may take 4 thousand
/// million events in 16 minutes; beyond that its count is wrong.
///
/// # Time
///
/// The caller supplies it, as for a tracker: a tick that lies back counts in the current minute, and after a jump ahead
/// what was before it is left behind. Whoever owns the clock sends a [heartbeat](Self::heartbeat), which tells a late
/// event from a clock that was set back: without it, such a clock stops the sketch from forgetting until it has caught up.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use slo_core::{LatencySketch, Ratio, Tick};
///
/// let now = Tick::from_unix_seconds(1_767_225_600);
/// let sketch = LatencySketch::new(now);
/// for millis in 1..=1_000 {
///     sketch.record(now, Duration::from_millis(millis));
/// }
/// let latencies = sketch.read(now, LatencySketch::LONGEST);
/// let p95 = latencies.quantile(Ratio::new(95, 100).unwrap()).unwrap();
/// assert!(p95.at_least() <= Duration::from_millis(950));
/// assert!(p95.below().unwrap() > Duration::from_millis(950));
/// assert_eq!(p95.middle().as_millis(), 947);
/// ```
pub struct LatencySketch {
    stripes: Box<[Cells]>,
    /// The next minute's edge in Unix nanoseconds: a hint for `record`, the truth is in `edges`.
    next_edge: AtomicU64,
    edges: Mutex<Edges>,
}

impl LatencySketch {
    /// The longest window that can be read: 15 minutes.
    pub const LONGEST: Duration = Duration::from_secs(15 * 60);

    /// A sketch that saw nothing before `started`.
    #[must_use]
    pub fn new(started: Tick) -> Self {
        let edges = Edges::new(started);
        Self {
            stripes: (0..STRIPES).map(|_| Cells::new()).collect(),
            next_edge: AtomicU64::new(edges.next_edge().as_unix_nanos()),
            edges: Mutex::new(edges),
        }
    }

    /// Counts an event that took `elapsed`: no lock, no allocation, and no atomic addition where the calling
    /// thread has a stripe of its own.
    ///
    /// The first event of a minute also writes the edge before it, unless another thread is at it.
    #[inline]
    pub fn record(&self, now: Tick, elapsed: Duration) {
        self.record_by(Lane::of_this_thread(), now, elapsed);
    }

    /// As [`record`](Self::record), see [`Tracker::record_by`](crate::Tracker::record_by).
    #[inline]
    pub fn record_by(&self, lane: Lane, now: Tick, elapsed: Duration) {
        // Relaxed: a stale edge only means that the edge is written by another event, or looked at in vain.
        if now.as_unix_nanos() >= self.next_edge.load(Ordering::Relaxed) {
            self.cross(now);
        }
        let lane = lane.among(STRIPES);
        lane.add_one(&self.stripes[lane.index()].0[bucket(elapsed)]);
    }

    /// Says that it is `now`. More than a minute before the last known edge, that says that the clock was set back: from
    /// then on windows go by the new time, and what was recorded keeps its age.
    pub fn heartbeat(&self, now: Tick) {
        let mut edges = self.lock();
        edges.set_back_to(now);
        let _totals = self.write_edges(&mut edges, now);
    }

    /// The events of the last `window` before `now`, of 15 minutes at most. Never blocks a recording thread.
    ///
    /// A `now` before the last known edge is read as that edge.
    pub fn read(&self, now: Tick, window: Duration) -> Latencies {
        let mut edges = self.lock();
        let totals = self.write_edges(&mut edges, now);
        let now = now.max(edges.last_edge());
        let start = now.saturating_sub(window.min(Self::LONGEST));
        let (from, before) = edges.at_or_before(start);
        // Wrapping: the totals do, too, and their difference is right for less than 2^32 events in a bucket.
        let since = |(total, before): (&u32, &u32)| total.wrapping_sub(*before);
        Latencies {
            counts: totals.iter().zip(before).map(since).collect(),
            from,
            to: now,
        }
    }

    #[cold]
    fn cross(&self, now: Tick) {
        // Skipped when taken: the holder, or the next event, writes the edge.
        if let Ok(mut edges) = self.edges.try_lock() {
            let _totals = self.write_edges(&mut edges, now);
        }
    }

    /// Sums first, then writes: an edge never shows more than what a later reading shows.
    fn write_edges(&self, edges: &mut Edges, now: Tick) -> [u32; CELLS] {
        let mut totals = [0_u32; CELLS];
        for stripe in &self.stripes {
            for (total, cell) in totals.iter_mut().zip(&stripe.0) {
                *total = total.wrapping_add(cell.load(Ordering::Relaxed));
            }
        }
        edges.advance(now, &totals);
        // Relaxed: the lock orders the edges, this is only the hint.
        self.next_edge
            .store(edges.next_edge().as_unix_nanos(), Ordering::Relaxed);
        totals
    }

    fn lock(&self) -> MutexGuard<'_, Edges> {
        // Nothing panics under this lock; poisoned edges would still be whole.
        self.edges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for LatencySketch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LatencySketch").finish_non_exhaustive()
    }
}

/// The latencies of one window.
#[derive(Clone)]
#[must_use]
pub struct Latencies {
    counts: Box<[u32]>,
    from: Tick,
    to: Tick,
}

impl Latencies {
    /// How many events there were.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }

    /// Where the window really began: up to a minute before the moment asked for, and never before the start.
    pub const fn from(&self) -> Tick {
        self.from
    }

    /// Where it ended.
    pub const fn to(&self) -> Tick {
        self.to
    }

    /// The bucket of the smallest latency that at least this share of the events did not exceed (the nearest rank); of 0,
    /// that of the fastest event. `None` without an event.
    #[must_use]
    pub fn quantile(&self, share: Ratio) -> Option<LatencyBounds> {
        let rank = (u128::from(share.part()) * u128::from(self.events())).div_ceil(u128::from(share.whole()));
        let mut seen = 0_u128;
        let found = self.counts.iter().position(|count| {
            seen += u128::from(*count);
            seen >= rank.max(1)
        });
        found.map(|bucket| LatencyBounds {
            at_least: lower_bound(bucket),
            below: (bucket + 1 < CELLS).then(|| lower_bound(bucket + 1)),
        })
    }
}

impl fmt::Debug for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latencies")
            .field("events", &self.events())
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

/// The bucket that a quantile lies in.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[must_use]
pub struct LatencyBounds {
    at_least: Duration,
    below: Option<Duration>,
}

impl LatencyBounds {
    /// The latency is no less than this; zero for events faster than 33 us.
    #[must_use]
    pub const fn at_least(self) -> Duration {
        self.at_least
    }

    /// The latency is less than this; `None` from 18 minutes on.
    #[must_use]
    pub const fn below(self) -> Option<Duration> {
        self.below
    }

    /// The middle of the bucket, to show one number: at most 1.6% off from 33 us to 18 minutes. Where there is no upper
    /// bound, the lower one.
    #[must_use]
    pub fn middle(self) -> Duration {
        self.below
            .map_or(self.at_least, |below| self.at_least + (below - self.at_least) / 2)
    }
}

/// Log 2 of the buckets in a power of two. Loom explores every cell: there it gets three.
const DIVISIONS_LOG2: u32 = if cfg!(loom) { 0 } else { 5 };
const DIVISIONS: usize = 1 << DIVISIONS_LOG2;

/// Log 2 of the nanoseconds where the buckets begin to grow, and where they end.
const FIRST_LOG2: u32 = 15;
const LAST_LOG2: u32 = if cfg!(loom) { 16 } else { 40 };

/// The faster ones, the divisions of each power of two, the slower ones.
const CELLS: usize = 1 + (LAST_LOG2 - FIRST_LOG2) as usize * DIVISIONS + 1;

const STRIPES: usize = if cfg!(loom) { 2 } else { 4 };

/// Every edge from 15 minutes before any moment of a minute up to it.
const KEPT: usize = 16;

const MINUTE_NANOS: u64 = 60_000_000_000;

#[inline]
fn bucket(elapsed: Duration) -> usize {
    let nanos = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
    let Some(log2) = nanos.checked_ilog2().filter(|log2| *log2 >= FIRST_LOG2) else {
        return 0;
    };
    if log2 >= LAST_LOG2 {
        return CELLS - 1;
    }
    // The bits below the leading one; the narrowing is of a number below `DIVISIONS`.
    let division = usize::try_from(nanos >> (log2 - DIVISIONS_LOG2)).unwrap_or(0) - DIVISIONS;
    1 + (log2 - FIRST_LOG2) as usize * DIVISIONS + division
}

/// The shortest latency of a bucket.
fn lower_bound(bucket: usize) -> Duration {
    let Some(grown) = bucket.checked_sub(1) else {
        return Duration::ZERO;
    };
    let (power, division) = (grown / DIVISIONS, grown % DIVISIONS);
    Duration::from_nanos((((DIVISIONS + division) as u64) << power) << (FIRST_LOG2 - DIVISIONS_LOG2))
}

/// One stripe's counts since the start, modulo 2^32; on cache lines of its own.
#[repr(align(128))]
struct Cells([AtomicU32; CELLS]);

impl Cells {
    fn new() -> Self {
        Self(core::array::from_fn(|_| AtomicU32::new(0)))
    }
}

/// How far a heartbeat may lie behind the last edge before the clock counts as set back, as for a tracker.
const STEADY: Duration = Duration::from_secs(60);

/// The totals at the newest edges of minutes, on a time line of its own that never steps back: the caller's ticks and
/// `shift`.
struct Edges {
    /// Nanoseconds by which the caller's clock was set back in all; whole minutes.
    shift: u64,
    /// On our own time line, as are the edges.
    started: Tick,
    /// `KEPT` times `CELLS`.
    ring: Box<[[u32; CELLS]]>,
    /// Number (minutes since 1970) of the first edge after the start.
    first: u64,
    /// Number of the next edge to write.
    next: u64,
}

impl Edges {
    fn new(started: Tick) -> Self {
        let first = started.as_unix_nanos() / MINUTE_NANOS + 1;
        Self {
            shift: 0,
            started,
            ring: (0..KEPT).map(|_| [0; CELLS]).collect(),
            first,
            next: first,
        }
    }

    fn next_edge(&self) -> Tick {
        self.theirs(tick(self.next))
    }

    /// The last edge that is written; the start before there is one.
    fn last_edge(&self) -> Tick {
        self.theirs(if self.next > self.first {
            tick(self.next - 1)
        } else {
            self.started
        })
    }

    /// Lets the time line go on while the caller's clock repeats itself, if it does.
    fn set_back_to(&mut self, now: Tick) {
        let back = self.last_edge().since(now);
        if back > STEADY {
            let minutes = u64::try_from(back.as_nanos())
                .unwrap_or(u64::MAX)
                .div_ceil(MINUTE_NANOS);
            self.shift = self.shift.saturating_add(minutes.saturating_mul(MINUTE_NANOS));
        }
    }

    /// A moment of the caller's clock on our own time line.
    fn own(&self, theirs: Tick) -> Tick {
        theirs + Duration::from_nanos(self.shift)
    }

    /// A moment of our own time line by the caller's clock as it goes now.
    fn theirs(&self, own: Tick) -> Tick {
        own.saturating_sub(Duration::from_nanos(self.shift))
    }

    /// Writes `totals` at every edge up to `now` that is not written yet. A `now` that lies back changes nothing.
    fn advance(&mut self, now: Tick, totals: &[u32; CELLS]) {
        let last = self.own(now).as_unix_nanos() / MINUTE_NANOS;
        // After a long silence only the edges that will be kept.
        let from = self.next.max((last + 1).saturating_sub(KEPT as u64));
        for edge in from..=last {
            self.ring[slot(edge)] = *totals;
        }
        self.next = self.next.max(last + 1);
    }

    /// The last known moment at or before `at`, and the totals there.
    fn at_or_before(&self, at: Tick) -> (Tick, &[u32; CELLS]) {
        let oldest = self.first.max(self.next.saturating_sub(KEPT as u64));
        let edge = self.own(at).as_unix_nanos() / MINUTE_NANOS;
        if self.next == self.first || edge < self.first {
            return (self.theirs(self.started), &[0; CELLS]);
        }
        let edge = edge.clamp(oldest, self.next - 1);
        (self.theirs(tick(edge)), &self.ring[slot(edge)])
    }
}

fn tick(edge: u64) -> Tick {
    Tick::from_unix_nanos(edge.saturating_mul(MINUTE_NANOS))
}

fn slot(edge: u64) -> usize {
    // The remainder is below a length that is a `usize`.
    usize::try_from(edge % KEPT as u64).unwrap_or(0)
}

#[cfg(all(test, not(loom)))]
mod tests;

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Arc;
    use loom::thread;

    #[test]
    fn loom_recording_over_an_edge_while_reading_loses_and_doubles_nothing() {
        loom::model(|| {
            let sketch = Arc::new(LatencySketch::new(Tick::from_unix_seconds(0)));
            let recording = {
                let sketch = Arc::clone(&sketch);
                thread::spawn(move || sketch.record(Tick::from_unix_seconds(61), Duration::ZERO))
            };
            let now = Tick::from_unix_seconds(62);
            let seen = sketch.read(now, Duration::from_secs(1));
            recording.join().unwrap();
            // The event races the edge at 60 s: it may be on either side of it, but it is one.
            assert!(seen.events() <= 1);
            assert_eq!(sketch.read(now, LatencySketch::LONGEST).events(), 1);
        });
    }
}
