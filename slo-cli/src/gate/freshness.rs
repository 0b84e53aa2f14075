//! Whether data is fresh: what the service says of its own checks, and what probes see from outside.

use std::collections::BTreeMap;

use slo_core::gate::{Freshness, Observation, Unseen};
use slo_core::{Sli, SloSet, names};

use super::evidence::Gathering;
use super::presence::Presence;
use super::queries::PROBE_STATE;
use crate::prom::{Said, Sample};
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
    let told = by_name(
        &checks,
        [names::HEALTH_CHECK.label, names::HEALTH_STATE.label],
        "instances",
    );
    let probed = by_name(&probes, [names::SLO_NAME.label, PROBE_STATE], "probed targets");
    let mut seen = Vec::new();
    let mut failed = None;
    for (said, states) in [(&checks, told), (&probes, probed)] {
        match states {
            Ok(states) => seen.extend(states),
            Err(why) => failed = failed.or(Some(Observation::unseen(&said.query, why))),
        }
    }
    if let Some(unseen) = failed {
        seen.push(("its checks".to_owned(), unseen));
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
fn by_name(said: &Said, labels: [&str; 2], of: &str) -> Result<Vec<(String, Observation<Freshness>)>, Unseen> {
    let [name, state] = labels;
    let mut checks: BTreeMap<&str, Vec<(&str, f64)>> = BTreeMap::new();
    let named = |sample: &&Sample| !sample.label(name).is_empty();
    for sample in said.by(&labels)?.iter().filter(named) {
        let states = checks.entry(sample.label(name)).or_default();
        states.push((sample.label(state), sample.value));
    }
    let observed = |(check, states): (&str, Vec<_>)| {
        let seen = Observation::seen(&said.query, judged(&states, of));
        (plain(check), said.doubting(seen))
    };
    Ok(checks.into_iter().map(observed).collect())
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
