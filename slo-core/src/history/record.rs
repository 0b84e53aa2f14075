//! A history as it is kept between processes: only where totals changed, and checked before it is trusted.

use serde::{Deserialize, Serialize};

use super::{History, LEVELS, Level, NANOS, PeriodStart};
use crate::gaps::{Entry, Gap, GapCause, Gaps};
use crate::{Events, Tick, Window};

/// A history and the totals at the moment it was saved. Times are nanoseconds since 1970; those called `own` are on the
/// history's time line, the others by the clock of then.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    shift: u64,
    own_origin: u64,
    base: Events,
    own_saved: u64,
    totals: Events,
    levels: Vec<LevelRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    period: Option<PeriodRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    gaps: Vec<GapRecord>,
}

/// The edges of one step length, up to the last one before saving.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct LevelRecord {
    step_seconds: u64,
    /// Edge number, good, bad, excluded: the oldest edge kept, then each whose totals differ from the one before.
    points: Vec<[u64; 4]>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct PeriodRecord {
    from: u64,
    end: u64,
    totals: Events,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct GapRecord {
    own_from: u64,
    own_to: u64,
    from: u64,
    to: u64,
    cause: GapCause,
}

impl Record {
    /// Why it cannot be a history, if it cannot: whatever passes can be restored without a panic and without a count that
    /// goes back.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        ensure(self.own_origin <= self.own_saved, "it was saved before it began")?;
        ensure(self.own_saved <= LATEST, "it was saved after the year 2500")?;
        ensure(self.shift <= self.own_saved, "its clock was set back before 1970")?;
        ensure(grows(self.base, self.totals), "its totals go back")?;
        let steps = self.levels.iter().map(|level| level.step_seconds);
        let known = LEVELS.iter().map(|(step, _)| *step);
        ensure(
            !self.levels.is_empty() && self.levels.len() <= LEVELS.len(),
            "its steps are not ours",
        )?;
        ensure(steps.eq(known.take(self.levels.len())), "its steps are not ours")?;
        for (level, (_, kept)) in self.levels.iter().zip(LEVELS) {
            self.check_level(level, kept)?;
        }
        if let Some(period) = &self.period {
            ensure(period.from < period.end, "its period ends before it begins")?;
            ensure(
                grows(self.base, period.totals) && grows(period.totals, self.totals),
                "its totals go back",
            )?;
        }
        let mut after = 0;
        for gap in &self.gaps {
            ensure(
                after <= gap.own_from && gap.own_from <= gap.own_to,
                "its gaps are out of order",
            )?;
            after = gap.own_to;
        }
        ensure(after <= self.own_saved, "its gaps are out of order")
    }

    fn check_level(&self, level: &LevelRecord, kept: usize) -> Result<(), &'static str> {
        let step = level.step_seconds * NANOS;
        let (first, next) = (self.own_origin / step + 1, self.own_saved / step + 1);
        let Some([oldest, ..]) = level.points.first() else {
            return ensure(first == next, "it lacks steps");
        };
        ensure((first..next).contains(oldest), "its steps lie outside of its time")?;
        ensure(next - oldest <= kept as u64, "it has more steps than are kept")?;
        let (mut edge, mut totals) = (oldest - 1, self.base);
        for point in &level.points {
            let (at, then) = read(*point);
            ensure(edge < at && at < next, "its steps are out of order")?;
            ensure(grows(totals, then), "its totals go back")?;
            (edge, totals) = (at, then);
        }
        ensure(grows(totals, self.totals), "its totals go back")
    }

    /// Everything that it counts, what was before its first known moment included.
    pub(crate) fn totals(&self) -> Events {
        self.totals
    }

    /// When it was saved, by the clock of then.
    pub(crate) fn saved_at(&self) -> Tick {
        Tick::from_unix_nanos(self.own_saved.saturating_sub(self.shift))
    }

    /// When measuring began, by the clock as it went when it was saved.
    pub(crate) fn started_at(&self) -> Tick {
        Tick::from_unix_nanos(self.own_origin.saturating_sub(self.shift))
    }

    /// What several histories of one window saw together, as if one process had seen it.
    ///
    /// A moment is unseen when none of them measured; before and after its own time a history adds nothing.
    pub(crate) fn merged(window: Window, records: &[&Self]) -> Option<Self> {
        let saved = records.iter().map(|record| record.saved_at()).max()?;
        let all: Vec<_> = records.iter().map(|record| Past::of(window, record)).collect();
        let origin = all.iter().map(|past| past.history.started()).min()?;
        let sum = |at: Tick| total(all.iter().map(|past| past.known_at(at)));
        let mut merged = History::new(window, origin);
        merged.base = sum(origin);
        merged.fill(saved, sum);
        merged.gaps = unseen_by_all(&all, origin, saved);
        if let Some(end) = all
            .iter()
            .filter_map(|past| Some(past.history.period.as_ref()?.end))
            .max()
        {
            let present = |past: &Past<'_>| past.history.period.clone().filter(|period| period.end == end);
            let from = all.iter().filter_map(|past| Some(present(past)?.from)).min()?;
            let totals = all
                .iter()
                .map(|past| present(past).map_or(past.known_at(from), |period| period.totals));
            merged.period = Some(PeriodStart {
                window,
                from,
                totals: total(totals),
                end,
            });
        }
        Some(merged.record(saved, total(records.iter().map(|record| record.totals))))
    }
}

/// A record, ready to be asked about its time.
struct Past<'r> {
    record: &'r Record,
    history: History,
}

impl<'r> Past<'r> {
    fn of(window: Window, record: &'r Record) -> Self {
        let history = History::of(window, record);
        Self { record, history }
    }

    /// What it had counted at a moment, as far as it knows.
    fn known_at(&self, at: Tick) -> Events {
        if at > self.record.saved_at() {
            self.record.totals
        } else {
            self.history.at_or_before(at).1
        }
    }

    fn saw(&self, from: Tick, to: Tick) -> bool {
        self.history.started() <= from && to <= self.record.saved_at() && self.history.unseen(from, to).is_zero()
    }
}

fn unseen_by_all(all: &[Past<'_>], origin: Tick, saved: Tick) -> Gaps {
    let mut moments = vec![origin, saved];
    for past in all {
        moments.extend([past.history.started(), past.record.saved_at()]);
        let gaps = past.history.gaps.iter();
        moments.extend(
            gaps.flat_map(|gap| [gap.own_from, gap.own_to])
                .map(|own| past.history.theirs(own)),
        );
    }
    moments.retain(|moment| (origin..=saved).contains(moment));
    moments.sort_unstable();
    moments.dedup();
    let mut gaps = Gaps::default();
    for stretch in moments.windows(2) {
        let [from, to] = [stretch[0], stretch[1]];
        if !all.iter().any(|past| past.saw(from, to)) {
            let gap = Gap::new(from, to, GapCause::NotRunning);
            gaps.push(
                Entry {
                    own_from: from,
                    own_to: to,
                    gap,
                },
                origin,
            );
        }
    }
    gaps
}

impl History {
    /// The history as it is at `now`, up to which it must be written, when `totals` include what was carried.
    pub(crate) fn record(&self, now: Tick, totals: Events) -> Record {
        let gap = |entry: &Entry| GapRecord {
            own_from: entry.own_from.as_unix_nanos(),
            own_to: entry.own_to.as_unix_nanos(),
            from: entry.gap.from().as_unix_nanos(),
            to: entry.gap.to().as_unix_nanos(),
            cause: entry.gap.cause(),
        };
        Record {
            shift: self.shift,
            own_origin: self.origin.as_unix_nanos(),
            base: self.base,
            own_saved: self.own(now).max(self.newest()).as_unix_nanos(),
            totals,
            levels: self.levels.iter().map(Level::record).collect(),
            period: self.period.as_ref().map(|period| PeriodRecord {
                from: period.from.as_unix_nanos(),
                end: period.end.as_unix_nanos(),
                totals: period.totals,
            }),
            gaps: self.gaps.iter().map(gap).collect(),
        }
    }

    /// Goes on at `now` where a checked record ends. The time between is a gap.
    pub(crate) fn restored(window: Window, recorded_for: Window, record: &Record, now: Tick) -> Self {
        let past = Past::of(recorded_for, record);
        let mut history = Self::new(window, past.history.origin);
        (history.shift, history.gaps) = (record.shift, past.history.gaps.clone());
        (history.base, history.carried) = (past.history.base, record.totals);
        let saved = record.saved_at();
        history.fill(saved, |at| past.known_at(at));
        if let Some(period) = &mut history.period {
            // Exact where the record is of the same calendar, else near by a step.
            let bounds = window.bounds(saved);
            (period.from, period.totals) = past.history.at_or_before(bounds.start);
            period.end = bounds.end;
        }
        let (own_saved, back) = (Tick::from_unix_nanos(record.own_saved), saved.since(now));
        history.set_back(back);
        let own_now = history.own(now);
        if own_now > own_saved {
            history.push_gap(own_saved, own_now, Gap::new(saved, now, GapCause::NotRunning));
        }
        history.advance(now, Events::default());
        history
    }

    /// A checked record as the history that it was.
    fn of(window: Window, record: &Record) -> Self {
        let origin = Tick::from_unix_nanos(record.own_origin);
        let mut history = Self::new(window, origin);
        (history.shift, history.base) = (record.shift, record.base);
        history.levels = record.levels.iter().map(|level| Level::of(level, record)).collect();
        if let (Some(level), Some(oldest)) = (
            history.levels.last(),
            history.levels.last().and_then(Level::oldest_known),
        ) {
            // What was before the oldest step is known in sum only: the history begins there.
            if level.first > record.own_origin / level.step + 1 {
                (history.origin, history.base) = oldest;
            }
        }
        history.period = record.period.as_ref().map(|period| PeriodStart {
            window,
            from: Tick::from_unix_nanos(period.from),
            totals: period.totals,
            end: Tick::from_unix_nanos(period.end),
        });
        for gap in &record.gaps {
            let (from, to) = (Tick::from_unix_nanos(gap.from), Tick::from_unix_nanos(gap.to));
            let entry = Entry {
                own_from: Tick::from_unix_nanos(gap.own_from),
                own_to: Tick::from_unix_nanos(gap.own_to),
                gap: Gap::new(from, to, gap.cause),
            };
            history.gaps.push(entry, Tick::default());
        }
        history
    }

    /// Writes every edge up to `saved` that this history keeps.
    fn fill(&mut self, saved: Tick, totals_at: impl Fn(Tick) -> Events) {
        let shift = self.shift;
        let own_saved = self.own(saved);
        for level in &mut self.levels {
            level.fill(own_saved, |own| {
                totals_at(own.saturating_sub(core::time::Duration::from_nanos(shift)))
            });
        }
    }
}

impl Level {
    fn record(&self) -> LevelRecord {
        let mut points: Vec<[u64; 4]> = Vec::new();
        let mut before = None;
        for edge in self.oldest()..self.next {
            let totals = self.ring[self.slot(edge)];
            if before != Some(totals) {
                points.push([edge, totals.good(), totals.bad(), totals.excluded()]);
                before = Some(totals);
            }
        }
        LevelRecord {
            step_seconds: self.step / NANOS,
            points,
        }
    }

    fn of(record: &LevelRecord, whole: &Record) -> Self {
        let step = record.step_seconds * NANOS;
        let next = whole.own_saved / step + 1;
        let oldest = record.points.first().map_or(next, |point| point[0]);
        let mut points = record.points.iter().copied().map(read).peekable();
        let mut totals = whole.base;
        let ring = (oldest..next).map(|edge| {
            while let Some((_, then)) = points.next_if(|(at, _)| *at <= edge) {
                totals = then;
            }
            totals
        });
        let mut ring: Vec<_> = ring.collect();
        // Edge `n` lives in slot `n % length`.
        if let Some(length) = std::num::NonZeroU64::new(ring.len() as u64) {
            ring.rotate_right(usize::try_from(oldest % length).unwrap_or(0));
        } else {
            ring.push(whole.base);
        }
        Self {
            step,
            ring: ring.into_boxed_slice(),
            first: oldest,
            next,
        }
    }

    fn oldest_known(&self) -> Option<(Tick, Events)> {
        let oldest = self.oldest();
        (oldest < self.next).then(|| (self.tick(oldest), self.ring[self.slot(oldest)]))
    }

    fn fill(&mut self, saved: Tick, totals_at: impl Fn(Tick) -> Events) {
        self.next = (saved.as_unix_nanos() / self.step + 1).max(self.first);
        for edge in self.oldest()..self.next {
            let slot = self.slot(edge);
            self.ring[slot] = totals_at(self.tick(edge));
        }
    }
}

/// In the year 2500: further ticks would come near the end of what nanoseconds can say.
const LATEST: u64 = 16_725_225_600 * NANOS;

fn ensure(holds: bool, else_it_is: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(else_it_is) }
}

fn grows(earlier: Events, later: Events) -> bool {
    earlier.good() <= later.good() && earlier.bad() <= later.bad() && earlier.excluded() <= later.excluded()
}

fn read([edge, good, bad, excluded]: [u64; 4]) -> (u64, Events) {
    (edge, Events::new(good, bad).with_excluded(excluded))
}

fn total(counts: impl Iterator<Item = Events>) -> Events {
    counts.fold(Events::default(), Events::saturating_add)
}
