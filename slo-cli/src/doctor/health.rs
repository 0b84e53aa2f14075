//! Health endpoints: what they answer, and what probes of them have found.

use std::collections::BTreeMap;

use slo_core::{Sli, names};
use slo_health::State as DataState;
use slo_health::probe::ProbeState;

use super::{Finding, Link, Patient, skew};
use crate::render::{plain, promql};
use crate::web::Page;

const HERE: Link = Link::Health;

impl Patient<'_> {
    pub(super) fn health(&self, store_is_there: bool) -> Vec<Finding> {
        let mut paths: Vec<_> = self
            .slos
            .slos()
            .iter()
            .filter_map(|slo| match slo.sli() {
                Sli::Synthetic(sli) => Some(sli.path()),
                _ => None,
            })
            .collect();
        paths.sort_unstable();
        paths.dedup();
        if paths.is_empty() {
            return vec![Finding::skipped(
                HERE,
                "answers",
                "no SLO of the spec is about a health endpoint",
            )];
        }
        let mut findings = Vec::new();
        match &self.args.service {
            None => findings.push(Finding::skipped(
                HERE,
                "answers",
                "give --service URL to ask the health endpoints themselves",
            )),
            Some(base) => {
                for path in paths {
                    findings.extend(self.answers(&format!("{}{path}", base.trim_end_matches('/'))));
                }
            }
        }
        if store_is_there {
            findings.push(self.probed());
        }
        findings
    }

    fn answers(&self, address: &str) -> Vec<Finding> {
        let before = (self.clock)();
        match self.web.get(address) {
            Err(why) => {
                let found = format!("{} cannot be reached: {why}", plain(address));
                vec![Finding::broken(HERE, "answers", found).mend("is the service up?")]
            }
            Ok(page) => {
                let looks = [before, (self.clock)()];
                let clock = skew::of_page(HERE, "the health endpoint", &page, looks);
                let clock = clock.filter(|finding| finding.state != super::State::Fine);
                [answer(&plain(address), &page)].into_iter().chain(clock).collect()
            }
        }
    }

    /// One of seven states for each target, by the rules of the probe kit.
    fn probed(&self) -> Finding {
        let service = promql::is(names::SERVICE_NAME.label, self.slos.service());
        let query = format!(
            "sum by (state) ({})",
            promql::selector(names::PROBE_STATE_RECORDED, &[service])
        );
        let series = match self.ask(HERE, "probed", &query) {
            Ok(series) => series,
            Err(unknown) => return unknown,
        };
        if series.is_empty() {
            let found = format!(
                "no probe of its health endpoints is recorded as `{}`",
                names::PROBE_STATE_RECORDED
            );
            return Finding::warning(HERE, "probed", found)
                .mend("let a Blackbox exporter probe them: `slo probes` writes what it needs");
        }
        let counts: BTreeMap<_, _> = series
            .iter()
            .map(|sample| (sample.label("state"), sample.value))
            .collect();
        let targets: f64 = counts.values().sum();
        let of = |state: ProbeState| counts.get(state.as_str()).copied().unwrap_or_default();
        for (state, meaning, mend) in ASTRAY {
            if of(state) > 0.0 {
                let found = format!("{} of {targets} targets {meaning}", of(state));
                return Finding::broken(HERE, "probed", found).mend(mend);
            }
        }
        let stale = of(ProbeState::Stale);
        if stale > 0.0 {
            let found = format!("{stale} of {targets} targets have stale data");
            return Finding::warning(HERE, "probed", found).mend("look into what should bring new data");
        }
        Finding::fine(HERE, "probed", format!("{targets} targets are probed and fresh"))
    }
}

/// States of probes in which nobody judges the data, and what to do then.
const ASTRAY: [(ProbeState, &str, &str); 5] = [
    (
        ProbeState::Foreign,
        "are answered by somebody else, without our header",
        "does the probe go through a proxy that answers itself, or to another host or path?",
    ),
    (
        ProbeState::Unreachable,
        "cannot be reached",
        "is the service up, and may the exporter reach it?",
    ),
    (
        ProbeState::Hung,
        "do not answer in time",
        "the endpoint's deadline must be below the prober's: see `slo probes`",
    ),
    (
        ProbeState::CheckError,
        "cannot judge their data",
        "look into the service's log: its check fails",
    ),
    (
        ProbeState::CheckTimeout,
        "do not judge their data in time",
        "look into what the check reads",
    ),
];

fn answer(address: &str, page: &Page) -> Finding {
    let told = page.header(names::HEALTH_STATUS_HEADER);
    let Some(state) = DataState::ALL.into_iter().find(|state| state.as_str() == told) else {
        let found = format!("{address} answers with status {} and without our header", page.status);
        return Finding::broken(HERE, "answers", found).mend(
            "merge the router of `SyntheticHealth` at this path; nothing on the way may drop `Slo-Health-Status`",
        );
    };
    let (is_good, state) = (state.is_good(), state.as_str());
    if page.is_success() != is_good {
        let found = format!("{address} says {state} with status {}", page.status);
        return Finding::broken(HERE, "answers", found).mend("nothing on the way may change its status");
    }
    if !page.header("cache-control").contains("no-store") {
        let found = format!("{address} may be answered from a cache");
        return Finding::broken(HERE, "answers", found)
            .mend("nothing on the way may change its Cache-Control: no-store");
    }
    let found = format!("{address} says {state}");
    if is_good {
        Finding::fine(HERE, "answers", found)
    } else {
        Finding::warning(HERE, "answers", found).mend("look into what should bring new data")
    }
}
