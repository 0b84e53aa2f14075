//! Times that no process tells the engine: written into the rules, by date.

use core::ops::Range;
use core::time::Duration;
use std::collections::HashSet;

use chrono::NaiveDate;
use slo_core::{Slo, Tick};

/// How far the rules know ahead of the day from which on they do.
pub(crate) const HORIZON: Duration = Duration::from_secs(400 * DAY);
/// How long before their end somebody is told.
pub(crate) const WARNED_BEFORE: u64 = 28 * DAY;

const DAY: u64 = 86_400;
const WEEK: u64 = 7 * DAY;

/// The most runs that one expression holds: `VictoriaMetrics` takes queries of 16 KiB.
const MOST_RUNS: usize = 90;

/// Stretches of time in seconds, as PromQL that finds the one that runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Dates {
    runs: Vec<Run>,
    /// Up to when nothing is missing.
    known_until: u64,
}

/// Stretches of one length at one distance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Run {
    first: u64,
    /// From one beginning to the next.
    distance: u64,
    length: u64,
    count: u64,
}

impl Dates {
    /// The planned times of an SLO in the days from this one on.
    pub(crate) fn of_exclusions(slo: &Slo, from: NaiveDate) -> Self {
        let begin = midnight(from);
        let windows = slo.excluded_windows(begin..begin + HORIZON);
        Self::of(windows.iter().map(seconds), begin + HORIZON)
    }

    /// The periods of an SLO's calendar window in the days from this one on; none of a rolling window.
    pub(crate) fn of_periods(slo: &Slo, from: NaiveDate) -> Self {
        let begin = midnight(from);
        let mut periods = Vec::new();
        let mut next = begin;
        while slo.window().rolling_length().is_none() && next < begin + HORIZON {
            let period = slo.window().bounds(next);
            next = period.end;
            periods.push(seconds(&period));
        }
        Self::of(periods.into_iter(), begin + HORIZON)
    }

    fn of(stretches: impl Iterator<Item = Range<u64>>, known_until: Tick) -> Self {
        let stretches: Vec<_> = stretches.collect();
        let known: HashSet<_> = stretches.iter().cloned().collect();
        let mut runs: Vec<Run> = Vec::new();
        for stretch in &stretches {
            let goes_on = runs.iter_mut().find(|run| run.goes_on_with(stretch, &known));
            match goes_on {
                Some(run) => {
                    run.distance = stretch.start - run.last();
                    run.count += 1;
                }
                None => runs.push(Run::single(stretch)),
            }
        }
        let known_until = match runs.get(MOST_RUNS) {
            Some(run) => run.first,
            None => known_until.since(Tick::default()).as_secs(),
        };
        runs.truncate(MOST_RUNS);
        Self { runs, known_until }
    }

    /// Up to when nothing is missing, in Unix seconds.
    pub(crate) const fn known_until(&self) -> u64 {
        self.known_until
    }

    /// The end of the stretch that runs, without labels; empty while none does. `None` where there is none at all.
    pub(crate) fn ends(&self) -> Option<String> {
        self.any(Run::ends)
    }

    /// The beginning of the stretch that runs, of stretches that follow one another.
    pub(crate) fn begins(&self) -> Option<String> {
        self.any(Run::begins)
    }

    fn any(&self, expr: impl Fn(&Run) -> String) -> Option<String> {
        let all: Vec<_> = self.runs.iter().map(expr).collect();
        (!all.is_empty()).then(|| all.join("\nor\n"))
    }
}

impl Run {
    const fn single(stretch: &Range<u64>) -> Self {
        Self {
            first: stretch.start,
            distance: 0,
            length: stretch.end - stretch.start,
            count: 1,
        }
    }

    const fn last(&self) -> u64 {
        self.first + self.distance * (self.count - 1)
    }

    const fn end(&self) -> u64 {
        self.last() + self.length
    }

    /// As the next one at its distance. Of a single one that is a week later, or as much later as six more of them are:
    /// Tuesday is no day after Monday where there is no work on Saturdays.
    fn goes_on_with(&self, stretch: &Range<u64>, known: &HashSet<Range<u64>>) -> bool {
        let distance = stretch.start - self.last();
        let is_there = |times: u64| {
            let start = stretch.start + distance * times;
            known.contains(&(start..start + self.length))
        };
        stretch.end - stretch.start == self.length
            && match self.count {
                1 => distance == WEEK || (1..=6).all(is_there),
                _ => distance == self.distance,
            }
    }

    /// Whole multiples, and no remainder: `time()` has fractions, and a start must be the same number all the time.
    fn begins(&self) -> String {
        let begins = self.counted_from(self.first);
        let still = match self.count {
            1 => String::new(),
            _ if self.distance == self.length => String::new(),
            _ => format!(" > time() - {}", self.length),
        };
        format!("({begins}{still} and {})", self.holds())
    }

    fn ends(&self) -> String {
        let ends = self.counted_from(self.first + self.length);
        let still = if self.count > 1 { " > time()" } else { "" };
        format!("({ends}{still} and {})", self.holds())
    }

    fn counted_from(&self, at: u64) -> String {
        match self.count {
            1 => format!("vector({at})"),
            _ => format!(
                "{at} + {distance} * floor((vector(time()) - {}) / {distance})",
                self.first,
                distance = self.distance
            ),
        }
    }

    fn holds(&self) -> String {
        format!("vector(time()) >= {} < {}", self.first, self.end())
    }
}

fn midnight(day: NaiveDate) -> Tick {
    day.and_time(chrono::NaiveTime::MIN).and_utc().into()
}

/// Whole seconds that hold the stretch.
fn seconds(window: &Range<Tick>) -> Range<u64> {
    let nanos = |at: Tick| at.as_unix_nanos();
    nanos(window.start) / 1_000_000_000..nanos(window.end).div_ceil(1_000_000_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dates(stretches: &[(u64, u64)]) -> Dates {
        let stretches = stretches.iter().map(|(start, length)| *start..start + length);
        Dates::of(stretches, Tick::from_unix_seconds(1_000_000))
    }

    #[test]
    fn what_comes_at_one_distance_is_one_run() {
        let weeks: Vec<_> = (0..3).map(|week| (1_000 + week * WEEK, 60)).collect();
        let weekly = dates(&[weeks, vec![(2_000_000, 60)]].concat());
        assert_eq!(
            weekly.ends().unwrap(),
            "(1060 + 604800 * floor((vector(time()) - 1000) / 604800) > time() and vector(time()) >= 1000 < 1210660)\n\
             or\n(vector(2000060) and vector(time()) >= 2000000 < 2000060)"
        );
        let days: Vec<_> = (0..8).map(|day| (day * DAY, DAY)).collect();
        let daily = dates(&[days, vec![(8 * DAY, DAY - 3_600)]].concat());
        assert_eq!(
            daily.begins().unwrap(),
            "(0 + 86400 * floor((vector(time()) - 0) / 86400) and vector(time()) >= 0 < 691200)\n\
             or\n(vector(691200) and vector(time()) >= 691200 < 774000)"
        );
        assert_eq!(dates(&[]).ends(), None);
    }

    #[test]
    fn working_days_are_five_runs_whatever_else_there_is() {
        let is_work = |day: &u64| day % 7 < 5;
        let work = (0..400).filter(is_work).map(|day| (day * DAY, 3_600));
        let noon = (0..400).map(|day| (day * DAY + 43_200, 1_200));
        let mut both: Vec<_> = work.chain(noon).collect();
        both.sort_unstable();
        assert_eq!(dates(&both).runs.len(), 6);
    }

    #[test]
    fn what_is_too_much_for_an_engine_is_known_for_a_shorter_time() {
        let irregular: Vec<_> = (0..200).map(|n| (n * n * 1_000, 60 + n)).collect();
        let dates = dates(&irregular);
        assert_eq!(dates.runs.len(), MOST_RUNS);
        assert_eq!(dates.known_until(), 90 * 90 * 1_000);
        assert!(dates.ends().unwrap().len() < 12_000);
    }

    /// What an engine makes of a run.
    fn end_at(run: &Run, at: u64) -> Option<u64> {
        let end =
            run.first + run.length + (at.checked_sub(run.first)?.checked_div(run.distance).unwrap_or(0)) * run.distance;
        let still = run.count == 1 || end > at;
        (still && at >= run.first && at < run.end()).then_some(end)
    }

    proptest! {
        #[test]
        fn runs_hold_what_they_were_made_of(
            gaps in prop::collection::vec((0_u64..3, 1_u64..3), 1..80),
            unit in prop::sample::select(vec![1, DAY / 2, WEEK / 2]),
            at in 0.0..1.0,
        ) {
            let mut stretches = Vec::new();
            let mut next = 5;
            for (gap, length) in gaps {
                next += gap * unit;
                stretches.push((next, length * unit));
                next += length * unit;
            }
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "any moment will do")]
            let at = (next as f64 * at) as u64;
            // Those that touch are one; else they would be two that run.
            stretches.dedup_by(|later, before| {
                let touches = before.0 + before.1 == later.0;
                if touches { before.1 += later.1; }
                touches
            });
            let dates = dates(&stretches);
            let said: Vec<_> = dates.runs.iter().filter_map(|run| end_at(run, at)).collect();
            let ends: Vec<_> = stretches.iter().filter(|(start, length)| (*start..start + length).contains(&at))
                .map(|(start, length)| start + length).collect();
            prop_assert_eq!(said, ends);
        }
    }
}
