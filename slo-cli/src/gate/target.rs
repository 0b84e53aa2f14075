//! Whose series are asked for.

use slo_core::names;

use crate::args::Identity;
use crate::render::promql;
use crate::render::whose::{Environment, Place, Whose};

/// One service in one environment, as the labels of its series say.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Target {
    service: String,
    namespace: Option<String>,
    environment: Option<String>,
    identity: Identity,
}

impl Target {
    /// A service, in whatever environment there is; several at once are [unknown](slo_core::gate::Unseen::Environments).
    pub fn service(name: impl Into<String>) -> Self {
        Self {
            service: name.into(),
            namespace: None,
            environment: None,
            identity: Identity::Promoted,
        }
    }

    /// Names the namespace of the service.
    pub fn namespace(self, name: impl Into<String>) -> Self {
        Self {
            namespace: Some(name.into()),
            ..self
        }
    }

    /// Names the environment.
    pub fn environment(self, name: impl Into<String>) -> Self {
        Self {
            environment: Some(name.into()),
            ..self
        }
    }

    /// Says which labels tell whose series it is.
    pub fn identity(self, identity: Identity) -> Self {
        Self { identity, ..self }
    }

    /// The service in whatever environment and namespace.
    pub(super) fn anywhere(&self) -> Self {
        Self {
            namespace: None,
            environment: None,
            ..self.clone()
        }
    }

    /// The environment that its series are told apart by, if one was named.
    pub(super) fn environment_asked(&self) -> Option<&str> {
        let environment = self.environment.as_deref();
        environment.filter(|_| self.identity != Identity::Job)
    }

    pub(super) fn namespace_asked(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The label that has the namespace, alone or before the service's name.
    pub(super) const fn namespace_label(&self) -> &'static str {
        match self.identity {
            Identity::Promoted => names::SERVICE_NAMESPACE.label,
            Identity::Job | Identity::TargetInfo => JOB,
        }
    }

    /// The namespace as that label has it; `None` where there is none.
    pub(super) fn namespace_in<'a>(&self, value: &'a str) -> Option<&'a str> {
        let namespace = match self.identity {
            Identity::Promoted => value,
            Identity::Job | Identity::TargetInfo => value.rsplit_once('/').map_or("", |(namespace, _)| namespace),
        };
        Some(namespace).filter(|namespace| !namespace.is_empty())
    }

    /// Matches what the service itself pushes.
    pub(super) fn matchers(&self) -> Vec<String> {
        self.whose().raw()
    }

    /// Matches what rules and probes record of the service.
    pub(super) fn recorded_matchers(&self) -> Vec<String> {
        self.whose().recorded()
    }

    /// As the rules say it.
    fn whose(&self) -> Whose {
        let environment = self.environment.clone();
        Whose {
            identity: self.identity,
            service: self.service.clone(),
            place: Place {
                namespace: self.namespace.clone(),
                environment: environment.map_or_else(Environment::default, Environment::Named),
            },
        }
    }

    /// Of series that the service pushes: those of the environment, where another series says which that is.
    pub(super) fn in_environment(&self, series: &str, range: &str) -> String {
        let environment = self
            .environment
            .as_ref()
            .filter(|_| self.identity == Identity::TargetInfo);
        let Some(environment) = environment else {
            return series.to_owned();
        };
        let mut matchers = self.matchers();
        matchers.push(promql::is(names::DEPLOYMENT_ENVIRONMENT_NAME.label, environment));
        let targets = promql::selector(TARGETS, &matchers);
        format!("({series} and on ({JOB}, {INSTANCE}) last_over_time({targets}[{range}]))")
    }

    /// Series that the service pushes, with the label of their environment.
    pub(super) fn with_environment(&self, series: &str, range: &str) -> String {
        if self.identity != Identity::TargetInfo {
            return series.to_owned();
        }
        let label = names::DEPLOYMENT_ENVIRONMENT_NAME.label;
        let targets = promql::selector(TARGETS, &self.matchers());
        format!(
            "({} * on ({JOB}, {INSTANCE}) group_left ({label}) topk by ({JOB}, {INSTANCE}) (1, max by ({JOB}, {INSTANCE}, \
             {label}) (last_over_time({targets}[{range}]))))",
            self.in_environment(series, range)
        )
    }

    /// Questions for series of this service under other labels in the last so long, and what to do where there are some.
    /// They are worth asking only where the right labels found nothing.
    pub(super) fn elsewhere(&self, range: &str) -> Vec<(String, &'static str)> {
        let (job, promoted) = (self.known_by(Identity::Job), self.known_by(Identity::Promoted));
        let seen = |matchers: &[String]| {
            let slo = promql::is(names::SLO_NAME.label, names::REQUESTS);
            let requests = promql::selector(names::EVENTS.prometheus, &[matchers, &[slo]].concat());
            format!("present_over_time({requests}[{range}])")
        };
        // A store may have both: only series without the right labels are lost.
        let no_job = format!(
            "{JOB}!~{}",
            promql::quote(&format!("(.*/)?{}", promql::escape_regex(&self.service)))
        );
        let is_promoted = (
            format!("count({})", seen(&[&promoted[..], &[no_job]].concat())),
            "the store promotes resource attributes; say `--identity promoted`",
        );
        match self.identity {
            Identity::Promoted => {
                let not_promoted = promql::is(names::SERVICE_NAME.label, "");
                vec![(
                    format!("count({})", seen(&[&job[..], &[not_promoted]].concat())),
                    "the store does not promote resource attributes; say `--identity job` or `--identity target-info`",
                )]
            }
            Identity::Job => vec![is_promoted],
            Identity::TargetInfo => {
                let targets = format!("last_over_time({}[{range}])", promql::selector(TARGETS, &job));
                let lonely = format!("count({} unless on ({JOB}, {INSTANCE}) {targets})", seen(&job));
                let mend = "the store has no `target_info` of its instances; say `--identity job`";
                vec![is_promoted, (lonely, mend)]
            }
        }
    }

    fn known_by(&self, identity: Identity) -> Vec<String> {
        self.clone().identity(identity).matchers()
    }

    /// What the labels leave open, for people.
    pub(super) fn doubt(&self) -> Option<String> {
        let environment = self.environment.as_ref().filter(|_| self.identity == Identity::Job)?;
        Some(format!(
            "`{JOB}` does not tell environments apart: everything of this service in the engine is taken for {environment}"
        ))
    }
}

const JOB: &str = "job";
pub(super) const INSTANCE: &str = "instance";
pub(super) const TARGETS: &str = "target_info";
