//! Freshness of data: what services say of their checks, and what probes found.

use std::collections::BTreeMap;
use std::time::Duration;

use slo_core::names;

use super::identity::Whose;
use super::overview::{Check, SeenBy};
use crate::prom::Sample;
use crate::render::dashboard::{CHECK_STATES, PROBE_STATES};

/// Each check and each probed address once, in its worst state; the worst first.
pub(super) fn checks(states: &[Sample], ages: &[Sample]) -> Vec<Check> {
    let mut all: BTreeMap<(Whose, String, String, String), Check> = BTreeMap::new();
    for sample in states {
        let state = match sample.label(names::HEALTH_CHECK.label) {
            "" => sample.label(PROBE_STATE),
            _ => sample.label(names::HEALTH_STATE.label),
        };
        let check = Check {
            whose: Whose::of(&sample.labels),
            by: seen_by(sample),
            state: state.to_owned(),
            data_age: None,
        };
        let known = all.entry(place(sample)).or_insert_with(|| check.clone());
        if badness(&check) > badness(known) {
            *known = check;
        }
    }
    for sample in ages {
        if let Some(check) = all.get_mut(&place(sample)) {
            check.data_age = Duration::try_from_secs_f64(sample.value.max(0.0)).ok();
        }
    }
    let mut all: Vec<_> = all.into_values().collect();
    // In order of their places, where equally bad.
    all.sort_by_key(|check| std::cmp::Reverse(badness(check)));
    all
}

fn place(sample: &Sample) -> (Whose, String, String, String) {
    let label = |name: &str| sample.label(name).to_owned();
    // A check's job is the service's, which with some identities is a label of its series.
    let check = label(names::HEALTH_CHECK.label);
    let [job, instance] = match check.as_str() {
        "" => [label("job"), label("instance")],
        _ => [String::new(), String::new()],
    };
    (Whose::of(&sample.labels), check, job, instance)
}

fn seen_by(sample: &Sample) -> SeenBy {
    let label = |name: &str| sample.label(name).to_owned();
    match label(names::HEALTH_CHECK.label) {
        none if none.is_empty() => SeenBy::Probe {
            job: label("job"),
            instance: label("instance"),
            slo: Some(label(names::SLO_NAME.label)).filter(|slo| !slo.is_empty()),
        },
        check => SeenBy::Inside { check },
    }
}

/// How bad a state is: 0 fresh; of states that nobody knows, more than of any other.
fn badness(check: &Check) -> usize {
    let known = match check.by {
        SeenBy::Inside { .. } => &CHECK_STATES,
        SeenBy::Probe { .. } => &PROBE_STATES,
    };
    let at = known.iter().position(|(state, _)| *state == check.state);
    at.unwrap_or(known.len())
}

/// The label with the state that a probe found.
const PROBE_STATE: &str = "state";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_instance_speaks_for_a_check() {
        let state = |instance, state| {
            let labels = [
                ("service_name", "a"),
                ("slo_health_check", "prices"),
                ("slo_health_state", state),
            ];
            Sample::new(labels.into_iter().chain([("instance", instance)]), 1.0)
        };
        let probed = Sample::new(
            [
                ("job", "p"),
                ("instance", "http://a"),
                ("state", "hung"),
                ("slo_name", "f"),
            ],
            1.0,
        );
        let age = Sample::new([("service_name", "a"), ("slo_health_check", "prices")], 90.0);
        let all = checks(&[state("1", "stale"), state("2", "fresh"), probed], &[age]);
        let seen: Vec<_> = all.iter().map(|check| (check.state.as_str(), check.data_age)).collect();
        assert_eq!(seen, [("stale", Some(Duration::from_secs(90))), ("hung", None)]);
        let SeenBy::Probe { slo, .. } = &all[1].by else {
            panic!("a probe")
        };
        assert_eq!(slo.as_deref(), Some("f"));
    }

    #[test]
    fn what_nobody_knows_is_not_fresh() {
        let odd = Sample::new([("job", "p"), ("instance", "i"), ("state", "odd")], 1.0);
        let all = checks(&[odd], &[]);
        assert!(!all[0].is_fresh());
        assert_eq!(badness(&all[0]), PROBE_STATES.len());
    }
}
