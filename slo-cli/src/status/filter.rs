//! Which promises are asked for.

use slo_core::names;

use super::identity::{Key, Whose};
use super::overview::Promise;
use crate::args::Identity;
use crate::render::promql;

/// Which promises are asked for: those whose labels have one of the values given, each by its whole name. An empty list
/// asks for all.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "made by callers; a new filter must be thought of"
)]
pub struct Filter {
    /// `service.name`.
    pub services: Vec<String>,
    /// `service.namespace`.
    pub namespaces: Vec<String>,
    /// `deployment.environment.name`.
    pub environments: Vec<String>,
    /// Names of SLOs.
    pub slos: Vec<String>,
    /// Journeys of SLOs.
    pub journeys: Vec<String>,
    /// Owners of SLOs.
    pub owners: Vec<String>,
}

impl Filter {
    /// Whether everything is asked for.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// The names that were given and that no promise has which is there, each with its flag.
    #[must_use]
    pub fn unknown(&self, there: &[&Promise]) -> Vec<(&'static str, &str)> {
        type Of = fn(&Promise) -> Option<&String>;
        let all: [(&str, &Vec<String>, Of); 6] = [
            ("--service", &self.services, |promise| Some(&promise.whose.service)),
            ("--namespace", &self.namespaces, |promise| {
                promise.whose.namespace.as_ref()
            }),
            ("--environment", &self.environments, |promise| {
                promise.whose.environment.as_ref()
            }),
            ("--slo", &self.slos, |promise| Some(&promise.slo)),
            ("--journey", &self.journeys, |promise| promise.journey.as_ref()),
            ("--owner", &self.owners, |promise| promise.owner.as_ref()),
        ];
        let unknown = all.into_iter().flat_map(|(flag, names, of)| {
            let is_there = move |name: &&String| there.iter().any(|promise| of(promise) == Some(*name));
            let names = names.iter().filter(move |name| !is_there(name));
            names.map(move |name| (flag, name.as_str()))
        });
        unknown.collect()
    }

    /// By how many things at once somebody chose: of the names of one, each is enough.
    pub(crate) fn kinds(&self) -> usize {
        let all = [
            &self.services,
            &self.namespaces,
            &self.environments,
            &self.slos,
            &self.journeys,
            &self.owners,
        ];
        all.into_iter().filter(|names| !names.is_empty()).count()
    }

    /// Matchers that spare the engine what nobody asked for. Raw series that are known by their job tell the service only.
    pub(super) fn raw(&self, identity: Identity) -> Vec<String> {
        match identity {
            Identity::Promoted => self.of_services(),
            Identity::Job | Identity::TargetInfo if self.services.is_empty() => Vec::new(),
            Identity::Job | Identity::TargetInfo => {
                let names: Vec<_> = self.services.iter().map(|name| promql::escape_regex(name)).collect();
                vec![promql::matches_regex("job", &format!("(.*/)?({})", names.join("|")))]
            }
        }
    }

    /// Matchers for series that rules record, and for alerts.
    pub(super) fn of_services(&self) -> Vec<String> {
        [
            (names::SERVICE_NAME.label, &self.services),
            (names::SERVICE_NAMESPACE.label, &self.namespaces),
            (names::DEPLOYMENT_ENVIRONMENT_NAME.label, &self.environments),
        ]
        .into_iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(label, values)| promql::is_any(label, values))
        .collect()
    }

    /// A matcher for SLOs.
    pub(super) fn of_slos(&self) -> Vec<String> {
        let names = (!self.slos.is_empty()).then(|| promql::is_any(names::SLO_NAME.label, &self.slos));
        names.into_iter().collect()
    }

    pub(super) fn has_service(&self, whose: &Whose) -> bool {
        is_one(&self.services, Some(&whose.service))
            && is_one(&self.namespaces, whose.namespace.as_ref())
            && is_one(&self.environments, whose.environment.as_ref())
    }

    pub(super) fn has(&self, key: &Key, journey: Option<&String>, owner: Option<&String>) -> bool {
        self.has_service(&key.whose)
            && is_one(&self.slos, Some(&key.slo))
            && is_one(&self.journeys, journey)
            && is_one(&self.owners, owner)
    }
}

fn is_one(wanted: &[String], value: Option<&String>) -> bool {
    wanted.is_empty() || value.is_some_and(|value| wanted.contains(value))
}
