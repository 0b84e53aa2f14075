//! May we deploy? Rules over what was seen, and a verdict that says why.
//!
//! Arithmetic only: whoever asks an engine or a tracker hands in [`Evidence`], each answer with its source, its coverage
//! and whatever casts doubt on it; nothing can be left out without the verdict saying so.
//!
//! | seen | a rule is | the verdict |
//! | --- | --- | --- |
//! | a limit breached, beyond doubt | `fail` | blocked, exit 1 |
//! | no answer, a partial one, warnings; a series that vanished; a push too old; several environments or namespaces; answers that contradict each other | `unknown` | unknown, exit 3; with [`OnUnknown::Allow`] exit 0 |
//! | no series in the whole window: the deploy that adds us | `warn` | allowed |
//! | fewer than 100 valid events | `idle` (`bad_ratio`, `p95`) | allowed |
//! | more than 5% of the requests excluded | `unknown` (`bad_ratio`), unless breached even if those had been good | unknown |
//! | a budget at or under its limit (of what its whole window allows, where under 90% of that was seen) | `fail` | blocked; [`Class::Reliability`] passes and is announced |
//! | a draft, or data that is not fresh | `warn` | allowed |
//! | a rollback, or a revision that ran before | as it is | allowed |
//! | a good bypass | as it is | bypassed where it was needed |
//!
//! A proven breach outweighs what could not be seen.
//!
//! # Examples
//!
//! ```
//! use slo_core::gate::{Decision, Evidence, GateRules, Latency, Observation, Request, Unseen};
//! use slo_core::{Events, SloSet};
//!
//! let slos = SloSet::builder("shop").build()?;
//! let rules = GateRules::default();
//! let fast = Latency::Counts { limit: rules.p95.limit, events: Events::new(9_900, 100) };
//! let evidence = Evidence::new(
//!     Observation::seen("sum(increase(slo_events_total[15m]))", Events::new(9_950, 50)),
//!     Observation::seen("in-process", fast),
//! );
//! let now = chrono::DateTime::from_timestamp(1_767_225_600, 0).unwrap();
//! let verdict = rules.judge(&slos, &evidence, &Request::deploy().revision("4f2a9c1"), now);
//! assert_eq!((verdict.decision, verdict.exit_code), (Decision::Blocked, 1)); // exactly 0.5% is not below it
//! assert_eq!(verdict.reason, "breached: bad_ratio");
//!
//! let dark = Evidence::new(
//!     Observation::unseen("http://localhost:9090", Unseen::NoAnswer("connection refused".to_owned())),
//!     Observation::unseen("http://localhost:9090", Unseen::NoAnswer("connection refused".to_owned())),
//! );
//! assert_eq!(rules.judge(&slos, &dark, &Request::deploy(), now).exit_code, 3);
//! assert_eq!(rules.judge(&slos, &dark, &Request::rollback(), now).exit_code, 0);
//! # Ok::<(), slo_core::SloSetError>(())
//! ```

mod evidence;
mod measure;
mod outcome;
mod request;
mod rules;
#[cfg(test)]
mod tests;
mod verdict;

use chrono::{DateTime, Utc};

pub use evidence::{Evidence, Freshness, Latency, Observation, Unseen};
pub use outcome::{Figure, RuleName, RuleOutcome, RuleState};
pub use request::{Action, Bypass, BypassRefusal, Class, Request};
pub use rules::{
    Above, Below, DEFAULT_BAD_RATIO, DEFAULT_BUDGET, DEFAULT_LEAST_EVENTS, DEFAULT_MOST_EXCLUDED, DEFAULT_OLDEST_PUSH,
    DEFAULT_OVER, DEFAULT_P95, GateOverride, GateRules, Mode, OnUnknown, RuleTextError,
};
pub use verdict::{BypassOutcome, BypassRecord, Decision, Verdict};

use crate::{Slo, SloSet};

impl GateRules {
    /// The verdict on a request: `bad_ratio` and `p95` judge `requests`, `budget` each SLO of the set, and freshness
    /// warns.
    ///
    /// A composite has no events of its own: its members are judged, each by itself. Evidence for a name that the set does
    /// not have is left aside with a warning.
    pub fn judge(&self, slos: &SloSet, evidence: &Evidence, request: &Request, now: DateTime<Utc>) -> Verdict {
        self.judge_each(slos.service(), slos.slos(), evidence, request, now)
    }

    /// As [`GateRules::judge`], of SLOs that were not checked as a set.
    pub(crate) fn judge_each(
        &self,
        service: &str,
        slos: &[Slo],
        evidence: &Evidence,
        request: &Request,
        now: DateTime<Utc>,
    ) -> Verdict {
        let mut outcomes = vec![
            measure::bad_ratio(self, &evidence.requests),
            measure::p95(self, &evidence.latency),
        ];
        let with_events = slos.iter().filter(|slo| slo.composite().is_none());
        outcomes.extend(with_events.map(|slo| measure::budget(self, slo, evidence, now)));
        let checks = evidence.freshness.iter();
        outcomes.extend(checks.map(|(check, seen)| measure::freshness(self, check, seen)));
        let mut verdict = Verdict::new(service, self, outcomes, request, now);
        let is_known = |name: &str| slos.iter().any(|slo| slo.name() == name);
        let strangers = evidence.budgets.keys().filter(|name| !is_known(name));
        let warnings = strangers.map(|name| format!("budget: `{name}` was asked for and is no SLO of this service"));
        verdict.warnings.extend(warnings);
        verdict
    }
}
