//! What the deploy gate decided.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use slo_core::gate::Decision;
use slo_core::names;

use super::identity::Whose;
use super::overview::Runs;
use super::queries::WHEN;
use crate::prom::{Sample, count};

/// Runs by service; a verdict that nobody knows is left out.
pub(super) fn runs(series: &[Sample]) -> Vec<Runs> {
    let mut all: BTreeMap<Whose, Runs> = BTreeMap::new();
    for sample in series {
        let verdict = sample.label(names::GATE_VERDICT.label);
        let decision = Decision::ALL.into_iter().find(|decision| decision.as_str() == verdict);
        let (Some(decision), Some(value)) = (decision, count(sample.value)) else {
            continue;
        };
        let whose = Whose::of(&sample.labels);
        let runs = all.entry(whose.clone()).or_insert_with(|| Runs {
            whose,
            by_decision: Vec::new(),
            last: None,
        });
        match (sample.label(WHEN), moment(value)) {
            ("count", _) if value > 0 => runs.by_decision.push((decision, value)),
            ("last", Some(at)) if runs.last.is_none_or(|(_, last)| at > last) => runs.last = Some((decision, at)),
            _ => {}
        }
    }
    for runs in all.values_mut() {
        runs.by_decision.sort_by_key(|(decision, _)| decision.as_str());
    }
    all.into_values().collect()
}

fn moment(seconds: u64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds.try_into().ok()?, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_run_is_the_latest_and_each_kind_is_counted() {
        let sample = |when, verdict, value| {
            Sample::new(
                [("service_name", "a"), (WHEN, when), ("slo_gate_verdict", verdict)],
                value,
            )
        };
        let all = runs(&[
            sample("count", "bypassed", 2.0),
            sample("count", "allowed", 7.0),
            sample("count", "odd", 7.0),
            sample("last", "bypassed", 2_000.0),
            sample("last", "allowed", 1_000.0),
            sample("last", "blocked", f64::NAN),
        ]);
        assert_eq!(all.len(), 1);
        assert_eq!(
            (all[0].count(Decision::Bypassed), all[0].count(Decision::Blocked)),
            (2, 0)
        );
        let (last, at) = all[0].last.unwrap();
        assert_eq!((last, at.timestamp()), (Decision::Bypassed, 2_000));
    }
}
