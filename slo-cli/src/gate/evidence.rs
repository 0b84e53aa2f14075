//! From answers to evidence: what was counted, how much of it was seen, and what could not be.

use std::time::Duration;

use chrono::{DateTime, Utc};
use slo_core::gate::{Evidence, Observation, Unseen};
use slo_core::{Events, Slo, SloSet, names};

use super::Target;
use super::budgets::{Budget, Budgets};
use super::freshness::freshness;
use super::latency::latency;
use super::presence::Presence;
use super::queries::Queries;
use crate::prom::{Ask, Asking, Sample, outcome_of};

/// Asks an engine for everything that the gate's rules need to know of a service, at a moment or at the engine's now.
///
/// Nothing is left out: what could not be seen is evidence as well. An engine that does not answer is asked once.
pub fn gather(engine: &dyn Ask, slos: &SloSet, target: &Target, at: Option<DateTime<Utc>>) -> Evidence {
    let asking = Asking::new(engine, at);
    let gathering = Gathering {
        now: asking.at(),
        asking,
        queries: Queries(target),
        doubt: target.doubt(),
    };
    gathering.evidence(slos)
}

pub(super) struct Gathering<'a> {
    pub(super) asking: Asking<'a>,
    pub(super) queries: Queries<'a>,
    pub(super) now: DateTime<Utc>,
    /// What the labels of the service leave open.
    doubt: Option<String>,
}

impl Gathering<'_> {
    fn evidence(&self, slos: &SloSet) -> Evidence {
        let rules = slos.gate();
        let presence = Presence::of_service(self, self.longest(slos)).knowing_promises(self, slos);
        let (requests, counted) = self.requests(rules.bad_ratio.over.longest(), &presence);
        let durations = latency(self, rules, &presence, &counted);
        let evidence = Evidence::new(requests, durations).as_of(self.now);
        let budgets = Budgets::new(self, slos, &presence).all();
        let evidence = budgets.into_iter().fold(evidence, Budget::into_evidence);
        let checks = freshness(self, slos, &presence);
        let add = |evidence: Evidence, (check, seen): (String, _)| evidence.freshness(check, seen);
        checks.into_iter().fold(evidence, add)
    }

    /// The longest of the windows that matter.
    fn longest(&self, slos: &SloSet) -> Duration {
        let windows = slos.slos().iter().map(|slo| self.length(slo));
        windows
            .max()
            .unwrap_or_default()
            .max(slos.gate().bad_ratio.over.longest())
    }

    /// What was seen of all requests, and what they come to.
    pub(super) fn requests(
        &self,
        window: Duration,
        presence: &Presence,
    ) -> (Observation<Events>, Result<Events, Unseen>) {
        let query = self.queries.events_of(names::REQUESTS, window);
        if let Some(unseen) = presence.unseen(&query) {
            return (unseen, Err(Unseen::NeverSeen));
        }
        let said = self.asking.ask(query);
        let counted = said
            .by(&[names::SLO_OUTCOME.label])
            .and_then(|series| presence.counted(names::REQUESTS, series.iter()))
            .map_err(|why| match why {
                Unseen::NeverSeen => Unseen::Unclear("it pushes events of its SLOs, and none of `requests`".to_owned()),
                other => other,
            });
        let seen = presence.observed(names::REQUESTS, &[&said], counted.clone());
        (self.doubt.iter().cloned().fold(seen, Observation::noted), counted)
    }

    /// How long a window is now: of a calendar period what has passed.
    pub(super) fn length(&self, slo: &Slo) -> Duration {
        let window = slo.window();
        window.rolling_length().unwrap_or_else(|| {
            let begun: DateTime<Utc> = window.bounds(self.now.into()).start.into();
            (self.now - begun)
                .to_std()
                .unwrap_or_default()
                .max(Duration::from_secs(1))
        })
    }
}

/// Counts by outcome.
pub(super) fn events<'a>(series: impl Iterator<Item = &'a Sample>) -> Result<Events, Unseen> {
    let mut each = series.map(|sample| outcome_of(sample.label(names::SLO_OUTCOME.label), sample.value));
    each.try_fold(Events::default(), |sum, events| Ok(sum.saturating_add(events?)))
}
