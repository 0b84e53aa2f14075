//! What was counted: events by SLO, and which share of time they come from.

use std::collections::{BTreeMap, BTreeSet};

use slo_core::{Events, Outcome, Ratio, names};

use super::identity::Key;
use super::span::Span;
use crate::prom::{self, Sample, count, outcome_of, share};
use crate::render::recorded;
use crate::render::subject::WINDOW_LABEL;

/// Events by SLO; what is no count of events is left out, so that nothing is known of that SLO. So is what lacks one of
/// these outcomes: a series that is 0 is there from the first push on, and one that was lost on the way is no 0.
pub(super) fn events(series: &[Sample], least: &[Outcome]) -> BTreeMap<Key, Events> {
    let (mut sums, lacking): (BTreeMap<Key, Option<Events>>, _) = (BTreeMap::new(), lacking(series, least));
    for sample in series {
        let Some(key) = Key::of(&sample.labels) else { continue };
        let more = outcome_of(sample.label(names::SLO_OUTCOME.label), sample.value).ok();
        let sum = sums.entry(key).or_insert(Some(Events::default()));
        *sum = sum.zip(more).map(|(sum, more)| sum.saturating_add(more));
    }
    let whole = sums.into_iter().filter(|(key, _)| !lacking.contains_key(key));
    whole.filter_map(|(key, sum)| Some((key, sum?))).collect()
}

/// The SLOs that have some of these outcomes and not all, with one that they lack.
pub(super) fn lacking(series: &[Sample], least: &[Outcome]) -> BTreeMap<Key, Outcome> {
    let mut seen: BTreeMap<Key, BTreeSet<&str>> = BTreeMap::new();
    for sample in series {
        if let Some(key) = Key::of(&sample.labels) {
            seen.entry(key)
                .or_default()
                .insert(sample.label(names::SLO_OUTCOME.label));
        }
    }
    let lacks = |outcomes: &BTreeSet<&str>| prom::lacking(least, |outcome| outcomes.contains(outcome));
    seen.into_iter()
        .filter_map(|(key, outcomes)| Some((key, lacks(&outcomes)?)))
        .collect()
}

/// What alerts look at.
pub(super) const VALID: &[Outcome] = &[Outcome::Good, Outcome::Bad];

/// One number by SLO.
pub(super) fn numbers(series: &[Sample]) -> BTreeMap<Key, f64> {
    let number = |sample: &Sample| Some((Key::of(&sample.labels)?, sample.value));
    let finite = series.iter().filter(|sample| sample.value.is_finite());
    finite.filter_map(number).collect()
}

/// A share of a length of time, by SLO.
pub(super) fn shares(series: &[Sample]) -> BTreeMap<Key, Ratio> {
    let numbers = numbers(series);
    numbers
        .into_iter()
        .filter_map(|(key, value)| Some((key, share(value)?)))
        .collect()
}

/// What rules recorded.
#[derive(Debug, Default)]
pub(super) struct Recorded(BTreeMap<Key, Vec<(String, String, f64)>>);

impl Recorded {
    pub(super) fn of(series: &[Sample]) -> Self {
        let mut all: BTreeMap<Key, Vec<_>> = BTreeMap::new();
        for sample in series.iter().filter(|sample| sample.value.is_finite()) {
            if let Some(key) = Key::of(&sample.labels) {
                let label = |name: &str| sample.label(name).to_owned();
                all.entry(key)
                    .or_default()
                    .push((label("__name__"), label(WINDOW_LABEL), sample.value));
            }
        }
        Self(all)
    }

    /// Whether rules run for an SLO with this window: its budget is there before its first tiles, and these when it is gone.
    pub(super) fn has(&self, key: &Key, window: Span) -> bool {
        let recorded = |name| self.find(key, name, &window.to_string()).is_some();
        recorded(recorded::BUDGET) || recorded(recorded::COVERAGE)
    }

    /// Which share of the window was seen.
    pub(super) fn coverage(&self, key: &Key, window: Span) -> Option<Ratio> {
        share(self.find(key, recorded::COVERAGE, &window.to_string())?)
    }

    /// The share of bad events of the window, as parts of a trillion.
    pub(super) fn period(&self, key: &Key, window: Span) -> Option<Events> {
        parts(self.find(key, recorded::PERIOD_RATIO, &window.to_string())?)
    }

    /// The share of bad events of `1h` or `6h`, as parts of a trillion.
    pub(super) fn last(&self, key: &Key, length: &str) -> Option<Events> {
        parts(self.find(key, &recorded::error_ratio(length), "")?)
    }

    fn find(&self, key: &Key, name: &str, window: &str) -> Option<f64> {
        let of = |(each, of, _): &&(String, String, f64)| each == name && of == window;
        self.0.get(key)?.iter().find(of).map(|(_, _, value)| *value)
    }
}

/// A share of bad events as events, exact to a trillionth.
fn parts(bad_ratio: f64) -> Option<Events> {
    const ALL: u64 = 1_000_000_000_000;
    let bad = count(bad_ratio * 1e12).filter(|bad| *bad <= ALL)?;
    Some(Events::new(ALL - bad, bad))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(outcome: &str, value: f64) -> Sample {
        Sample::new(
            [("service_name", "a"), ("slo_name", "b"), ("slo_outcome", outcome)],
            value,
        )
    }

    #[test]
    fn events_are_the_nearest_whole_numbers_and_anything_else_is_nothing() {
        let all = events(
            &[sample("good", 99.6), sample("bad", 0.2), sample("excluded", 3.0)],
            &Outcome::ALL,
        );
        assert_eq!(all.into_values().next(), Some(Events::new(100, 0).with_excluded(3)));
        for wrong in [f64::NAN, f64::INFINITY, -2.0] {
            assert!(
                events(&[sample("good", 1.0), sample("bad", wrong)], VALID).is_empty(),
                "{wrong}"
            );
        }
        assert!(events(&[sample("odd", 1.0)], &[]).is_empty());
        assert!(events(&[Sample::new([("slo_outcome", "good")], 1.0)], &[]).is_empty());
    }

    #[test]
    fn an_outcome_that_is_not_there_is_no_zero() {
        let both = [sample("good", 9.0), sample("excluded", 0.0)];
        assert!(events(&both, &Outcome::ALL).is_empty() && events(&both, VALID).is_empty());
        assert_eq!(lacking(&both, VALID).into_values().collect::<Vec<_>>(), [Outcome::Bad]);
        let valid = [sample("good", 9.0), sample("bad", 0.0)];
        assert!(events(&valid, &Outcome::ALL).is_empty() && lacking(&valid, VALID).is_empty());
        assert_eq!(events(&valid, VALID).into_values().next(), Some(Events::new(9, 0)));
    }

    #[test]
    fn a_recorded_share_is_exact_to_a_trillionth() {
        assert_eq!(parts(0.001), Some(Events::new(999_000_000_000, 1_000_000_000)));
        assert_eq!((parts(1.5), parts(-0.1), parts(f64::NAN)), (None, None, None));
    }
}
