//! Events that the service's code tells: jobs, notifications, checks.

use std::sync::Arc;

use slo_core::{AttemptSink, Attempted, Outcome, Slo};

use crate::Reliability;
use crate::instead::Instead;
use crate::routes::REQUESTS_TRACKER;
use crate::shared::Shared;

impl Reliability {
    /// The handle through which code tells the events of this SLO, whose SLI must be `events` or `synthetic`.
    ///
    /// # Errors
    ///
    /// [`NotTold`] when no SLO has this name, or when requests are its events.
    ///
    /// # Examples
    ///
    /// ```
    /// use slo_axum::Reliability;
    /// use slo_core::{Attempt, EventsSli, Slo, SloSet, Window};
    ///
    /// let mails = Slo::new("mails-sent", EventsSli::of("order mails"), "99.9%".parse()?, Window::days(30)?);
    /// let reliability = Reliability::builder(SloSet::builder("shop").slo(mails).build()?).build()?;
    ///
    /// let mut sending = Attempt::start(reliability.events("mails-sent")?);
    /// sending.failed(); // the mail server was busy
    /// sending.succeeded();
    /// assert_eq!(reliability.status().slos[0].totals.good(), 1);
    ///
    /// assert!(reliability.events("mails").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn events(&self, slo: &str) -> Result<EventSink, NotTold> {
        let shared = self.shared();
        let told = |slo: &&Slo| slo.sli().is_told();
        let mut slos = shared.slos.slos().iter().zip(REQUESTS_TRACKER + 1..);
        match slos.find(|(known, _)| known.name() == slo) {
            Some((known, tracker)) if told(&known) => Ok(EventSink {
                shared: Arc::clone(shared),
                tracker,
            }),
            found => Err(NotTold {
                name: slo.to_owned(),
                known: found.is_some(),
                told: shared
                    .slos
                    .slos()
                    .iter()
                    .filter(told)
                    .map(|slo| slo.name().to_owned())
                    .collect(),
            }),
        }
    }
}

/// Takes the events of one SLO. A cheap handle: clone it freely.
///
/// It is a sink for a [`slo_core::Attempt`], too.
#[derive(Clone, Debug)]
pub struct EventSink {
    shared: Arc<Shared>,
    tracker: usize,
}

impl EventSink {
    /// Counts one event that was decided now: no lock, no allocation.
    pub fn record(&self, outcome: Outcome) {
        self.shared.told(self.tracker, outcome);
    }
}

impl AttemptSink for EventSink {
    fn take(&self, attempted: Attempted) {
        self.record(attempted.outcome());
    }
}

/// Why code cannot tell the events of an SLO.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`{name}` is {}; {}",
    if *.known { "no SLO whose events code tells" } else { "the name of no SLO" },
    Instead("ask for", .told, "give an SLO of the spec an SLI like `events: { of: notifications }`")
)]
pub struct NotTold {
    name: String,
    known: bool,
    told: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use slo_core::{Attempt, SloSet};

    fn reliability(slos: &str) -> Reliability {
        let spec = format!("{{version: 1, service: shop, slos: [{slos}]}}");
        Reliability::builder(SloSet::from_yaml(&spec).unwrap()).build().unwrap()
    }

    const BROWSE: &str = "{name: browse, objective: 99%, window: 30d, sli: {http: {routes: [/a]}}}";
    const MAILS: &str = "{name: mails, objective: 99%, window: 30d, sli: {events: {of: mails}}}";
    const FRESH: &str = "{name: fresh, objective: 99%, window: 30d, sli: {synthetic: {path: /health}}}";

    #[test]
    fn events_are_those_of_the_slo_that_was_asked_for() {
        let reliability = reliability(&format!("{BROWSE}, {MAILS}, {FRESH}"));
        let mails = reliability.events("mails").unwrap();
        mails.record(Outcome::Good);
        drop(Attempt::start(mails.clone()));
        reliability.events("fresh").unwrap().record(Outcome::Excluded);
        let totals: Vec<_> = reliability.status().slos.iter().map(|slo| slo.totals).collect();
        let expected = [
            slo_core::Events::default(),
            slo_core::Events::new(1, 1),
            slo_core::Events::default().with_excluded(1),
        ];
        assert_eq!(totals, expected);
        assert_eq!(reliability.status().requests.totals, slo_core::Events::default());
    }

    #[test]
    fn requests_are_told_by_nobody_and_unknown_names_by_no_one() {
        let both = reliability(&format!("{BROWSE}, {MAILS}, {FRESH}"));
        let refusal = |reliability: &Reliability, name: &str| reliability.events(name).unwrap_err().to_string();
        assert_eq!(
            refusal(&both, "browse"),
            "`browse` is no SLO whose events code tells; ask for one of mails, fresh"
        );
        assert_eq!(
            refusal(&both, "requests"),
            "`requests` is the name of no SLO; ask for one of mails, fresh"
        );
        assert_eq!(
            refusal(&reliability(BROWSE), "mails"),
            "`mails` is the name of no SLO; give an SLO of the spec an SLI like `events: { of: notifications }`"
        );
    }
}
