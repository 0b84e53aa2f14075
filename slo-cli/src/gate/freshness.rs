//! Whether data is fresh: what the service says of its own checks, and what probes see from outside.

use std::collections::BTreeMap;

use slo_core::gate::{Freshness, Observation, Unseen};
use slo_core::{Sli, SloSet, names};

use super::asking::Said;
use super::evidence::{Gathering, Presence};
use super::queries::PROBE_STATE;
use crate::prom::Sample;
use crate::render::plain;

/// Each check with what was seen of it, checks of the process first.
///
/// Freshness stops no deploy, so a service that is not there at all is not asked about it.
pub(super) fn freshness(
    gathering: &Gathering<'_>,
    slos: &SloSet,
    presence: &Presence,
) -> Vec<(String, Observation<Freshness>)> {
    if !presence.is_seen() {
        return Vec::new();
    }
    let checks = gathering.asking.ask(gathering.queries.checks());
    let probes = gathering.asking.ask(gathering.queries.probes());
    let mut seen = by_name(
        &checks,
        names::HEALTH_CHECK.label,
        names::HEALTH_STATE.label,
        "instances",
    );
    let probed = by_name(&probes, names::SLO_NAME.label, PROBE_STATE, "probed targets");
    seen.extend(probed);
    let failed = [&checks, &probes].into_iter().find(|said| said.failure().is_some());
    if let Some((said, why)) = failed.and_then(|said| Some((said, said.failure()?))) {
        seen.push(("its checks".to_owned(), Observation::unseen(&said.query, why)));
    } else if seen.is_empty() {
        seen.extend(promised(slos, &checks));
    }
    seen
}

/// Checks that a promise rests on and that nobody has heard of.
fn promised<'a>(slos: &'a SloSet, said: &'a Said) -> impl Iterator<Item = (String, Observation<Freshness>)> + 'a {
    let slos = slos.slos().iter().filter(|slo| matches!(slo.sli(), Sli::Synthetic(_)));
    slos.map(|slo| {
        (
            slo.name().to_owned(),
            Observation::unseen(&said.query, Unseen::NeverSeen),
        )
    })
}

/// The states of each check, by how many are in them.
fn by_name(said: &Said, name: &str, state: &str, of: &str) -> Vec<(String, Observation<Freshness>)> {
    let mut checks: BTreeMap<&str, Vec<(&str, f64)>> = BTreeMap::new();
    let named = |sample: &&Sample| !sample.label(name).is_empty();
    for sample in said.series().iter().filter(named) {
        let states = checks.entry(sample.label(name)).or_default();
        states.push((sample.label(state), sample.value));
    }
    let observed = |(check, states): (&str, Vec<_>)| {
        let seen = Observation::seen(&said.query, judged(&states, of));
        (plain(check), said.doubting(seen))
    };
    checks.into_iter().map(observed).collect()
}

/// Fresh where every one of them is; a check that only warns keeps its promise.
fn judged(states: &[(&str, f64)], of: &str) -> Freshness {
    let all: f64 = states.iter().map(|(_, count)| count).sum();
    let not_fresh = states.iter().filter(|(state, _)| !["fresh", "warn"].contains(state));
    let words: Vec<_> = not_fresh
        .map(|(state, count)| format!("{} on {count:.0} of {all:.0} {of}", plain(state)))
        .collect();
    match words.is_empty() {
        true => Freshness::Fresh,
        false => Freshness::NotFresh(words.join(", ")),
    }
}
