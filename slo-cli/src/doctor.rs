//! `slo doctor`: what is wrong on the way from the process to the pager, link by link, and how to mend it.
//!
//! Every look is of its own: a link that cannot be seen does not hide those behind it.

mod alertmanager;
mod compared;
mod expression;
mod finding;
mod health;
mod loaded;
mod process;
mod rules;
mod skew;
mod store;
mod telemetry;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use slo_core::{SloSet, names};

pub use self::finding::{Diagnosis, Finding, Link, State};
use crate::args::DoctorArgs;
use crate::prom::{Asking, Query, Sample};
use crate::render::promql;
use crate::web::Fetch;

/// Everything that can be looked at.
pub(crate) struct Patient<'a> {
    pub(crate) args: &'a DoctorArgs,
    pub(crate) slos: &'a SloSet,
    /// The store's answers, of this moment: left out, VictoriaMetrics takes one of 30 s ago.
    pub(crate) asking: Asking<'a>,
    /// The store's pages, by their paths, with what logs in there.
    pub(crate) store: &'a dyn Fetch,
    /// The Alertmanager's, by their addresses, with what logs in there.
    pub(crate) pager: &'a dyn Fetch,
    /// Everybody else's, by their addresses.
    pub(crate) web: &'a dyn Fetch,
    /// Our clock.
    pub(crate) clock: &'a dyn Fn() -> DateTime<Utc>,
}

impl Patient<'_> {
    /// Looks at every link, from the process to the pager.
    pub(crate) fn examine(&self) -> Diagnosis {
        let mut findings = self.process();
        let (store, is_there) = self.store();
        findings.extend(store);
        if is_there {
            findings.extend(self.telemetry());
            findings.extend(self.rules());
        } else {
            findings.extend([Link::Telemetry, Link::Rules].map(|link| {
                Finding::unknown(link, "store", "cannot be seen without the store").mend("mend the store first")
            }));
        }
        findings.extend(self.health(is_there));
        findings.extend(self.alertmanager(is_there));
        Diagnosis {
            service: self.slos.service().to_owned(),
            environment: self.args.environment.clone(),
            findings,
        }
    }

    /// The samples of an answer that the store stands by; or the finding that it said nothing. A question that takes too
    /// long hides no other.
    fn ask(&self, link: Link, check: &'static str, query: &str) -> Result<Vec<Sample>, Finding> {
        let said = self.asking.ask(Query::costly(query.to_owned()));
        said.sound().map_err(|why| Finding::unknown(link, check, why))
    }

    /// A raw series of the service.
    fn raw(&self, metric: &str, more: &[String]) -> String {
        let mut matchers = vec![self.args.identity.is_service(self.slos.service())];
        if let (Some(name), true) = (&self.args.environment, self.knows_environments()) {
            matchers.push(promql::is(names::DEPLOYMENT_ENVIRONMENT_NAME.label, name));
        }
        matchers.extend_from_slice(more);
        promql::selector(metric, &matchers)
    }

    /// Whether raw series say in which environment they came about.
    fn knows_environments(&self) -> bool {
        self.args
            .identity
            .raw_labels()
            .contains(&names::DEPLOYMENT_ENVIRONMENT_NAME.label)
    }
}
