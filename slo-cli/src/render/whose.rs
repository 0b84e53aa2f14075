//! One service where it runs: which series are its own, raw ones and recorded ones.
//!
//! See `docs/adr/072-rules-of-a-spec-are-of-the-environments-it-speaks-of.md`.

use slo_core::names;

use super::identity::{JOB, from_target_info};
use super::promql;
use crate::args::Identity;

const SERVICE: &str = names::SERVICE_NAME.label;
const NAMESPACE: &str = names::SERVICE_NAMESPACE.label;
const ENVIRONMENT: &str = names::DEPLOYMENT_ENVIRONMENT_NAME.label;

/// Where a service runs, as its labels say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    /// In every one, unless it is named.
    pub(crate) namespace: Option<String>,
    pub(crate) environment: Environment,
}

/// The environments that numbers hold in.
#[derive(Clone, Debug)]
pub(crate) enum Environment {
    Named(String),
    /// Every one but those that have numbers of their own.
    AllBut(Vec<String>),
}

impl Default for Environment {
    fn default() -> Self {
        Self::AllBut(Vec::new())
    }
}

impl Environment {
    pub(crate) fn named(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::AllBut(_) => None,
        }
    }

    /// What a label must be; `None` where any will do.
    fn matcher(&self) -> Option<String> {
        match self {
            Self::Named(name) => Some(promql::is(ENVIRONMENT, name)),
            Self::AllBut(others) if others.is_empty() => None,
            Self::AllBut(others) => Some(promql::is_none(ENVIRONMENT, others)),
        }
    }
}

/// A service, where it runs, and which labels say so.
#[derive(Clone, Debug)]
pub(crate) struct Whose {
    pub(crate) identity: Identity,
    pub(crate) service: String,
    pub(crate) place: Place,
}

impl Whose {
    /// Matches its raw series. An environment that only `target_info` knows is matched where that is joined.
    pub(crate) fn raw(&self) -> Vec<String> {
        match (self.identity, &self.place.namespace) {
            (Identity::Promoted, _) => self.recorded(),
            (_, Some(namespace)) => vec![promql::is(JOB, &[namespace, "/", &self.service].concat())],
            (_, None) => vec![self.identity.is_service(&self.service)],
        }
    }

    /// Matches what rules record of it.
    pub(crate) fn recorded(&self) -> Vec<String> {
        let namespace = self.place.namespace.as_deref();
        [Some(promql::is(SERVICE, &self.service))]
            .into_iter()
            .chain([namespace.map(|namespace| promql::is(NAMESPACE, namespace))])
            .chain([self.environment()])
            .flatten()
            .collect()
    }

    /// Its environments, where a label can say so.
    fn environment(&self) -> Option<String> {
        match self.identity {
            Identity::Job => None,
            Identity::Promoted | Identity::TargetInfo => self.place.environment.matcher(),
        }
    }

    /// `op by (service, others) (raw)` of its own series.
    pub(crate) fn aggregate(&self, op: &str, others: &[&str], raw: &str, range: &str) -> String {
        match self.environment() {
            Some(matcher) if self.identity == Identity::TargetInfo => {
                from_target_info((op, ""), others, raw, (&matcher, range))
            }
            _ => self.identity.aggregate(op, others, raw, range),
        }
    }

    /// The labels of one of its raw series.
    pub(crate) fn example(&self) -> Vec<String> {
        match self.identity {
            Identity::Promoted => {
                let labels = self.labels().into_iter();
                let instance = promql::is(names::SERVICE_INSTANCE_ID.label, "1");
                labels
                    .map(|(label, value)| promql::is(label, &value))
                    .chain([instance])
                    .collect()
            }
            Identity::Job | Identity::TargetInfo => vec![promql::is(JOB, &self.job()), promql::is("instance", "1")],
        }
    }

    /// The labels of its `target_info`.
    pub(crate) fn example_target(&self) -> Vec<String> {
        let environment = self.place.environment.named();
        let environment = environment.map(|name| promql::is(ENVIRONMENT, name));
        self.example().into_iter().chain(environment).collect()
    }

    /// The labels of what is recorded of it, as far as they are known, for what has none.
    pub(crate) fn labels(&self) -> Vec<(&'static str, String)> {
        let value = |label: &str| match label {
            SERVICE => Some(self.service.clone()),
            NAMESPACE => self.place.namespace.clone(),
            ENVIRONMENT => self.place.environment.named().map(ToOwned::to_owned),
            _ => Some(self.job()),
        };
        let labels = self.identity.service_labels().iter();
        labels.filter_map(|label| Some((*label, value(label)?))).collect()
    }

    /// Matches what is recorded with just these labels: none of what is not said.
    pub(crate) fn exactly(&self) -> Vec<String> {
        let said = self.labels();
        let value = |wanted: &str| {
            said.iter()
                .find(|(label, _)| *label == wanted)
                .map(|(_, value)| value.as_str())
        };
        let labels = self.identity.service_labels().iter();
        labels
            .map(|label| promql::is(label, value(label).unwrap_or_default()))
            .collect()
    }

    /// The same without what Prometheus makes of them.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&'static str, String)> + use<> {
        self.labels().into_iter().filter(|(label, _)| *label != JOB)
    }

    /// As Prometheus makes it.
    fn job(&self) -> String {
        match &self.place.namespace {
            Some(namespace) => [namespace, "/", &self.service].concat(),
            None => self.service.clone(),
        }
    }

    /// What tells its groups and objects from those of others: the service, then where it runs, as far as that is said.
    pub(crate) fn parts(&self) -> Vec<&str> {
        let place = [self.place.environment.named(), self.place.namespace.as_deref()];
        [self.service.as_str()]
            .into_iter()
            .chain(place.into_iter().flatten())
            .collect()
    }

    /// Where it runs, for people; nothing where every series of its name is its own.
    pub(crate) fn said(&self) -> Option<String> {
        let namespace = self.place.namespace.as_ref();
        let namespace = namespace.map(|namespace| format!("in namespace {namespace}"));
        let environment = match (&self.place.environment, self.identity) {
            (Environment::AllBut(others), _) if others.is_empty() => None,
            (_, Identity::Job) => Some("in every environment, as `job` does not tell them apart".to_owned()),
            (Environment::Named(name), _) => Some(format!("in environment {name}")),
            (Environment::AllBut(others), _) => Some(format!(
                "in every environment but {}, whose numbers are others",
                others.join(", ")
            )),
        };
        let both: Vec<_> = [namespace, environment].into_iter().flatten().collect();
        (!both.is_empty()).then(|| both.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop(identity: Identity, namespace: Option<&str>, environment: Environment) -> Whose {
        Whose {
            identity,
            service: "shop".to_owned(),
            place: Place {
                namespace: namespace.map(ToOwned::to_owned),
                environment,
            },
        }
    }

    fn dev() -> Environment {
        Environment::Named("dev".to_owned())
    }

    #[test]
    fn what_is_named_is_matched_and_what_has_other_numbers_is_not() {
        let all = shop(Identity::Promoted, None, Environment::default());
        assert_eq!(all.raw(), [r#"service_name="shop""#]);
        let named = shop(Identity::Promoted, Some("sales"), dev());
        let matchers = [
            r#"service_name="shop""#,
            r#"service_namespace="sales""#,
            r#"deployment_environment_name="dev""#,
        ];
        assert_eq!(
            (named.raw(), named.recorded()),
            (matchers.map(str::to_owned).into(), named.raw())
        );
        let others = Environment::AllBut(vec!["dev".to_owned(), "a.b".to_owned()]);
        let rest = shop(Identity::Promoted, None, others);
        assert_eq!(rest.raw()[1], r#"deployment_environment_name!~"dev|a\\.b""#);
    }

    #[test]
    fn a_job_says_the_namespace_and_target_info_the_environment() {
        let job = shop(Identity::Job, Some("sales"), dev());
        assert_eq!(job.raw(), [r#"job="sales/shop""#]);
        assert_eq!(
            job.recorded(),
            [r#"service_name="shop""#, r#"service_namespace="sales""#]
        );
        assert!(!job.aggregate("sum", &[], "a", "5m").contains("dev"));
        let target = shop(Identity::TargetInfo, None, dev());
        assert_eq!(target.raw(), [r#"job=~"(.*/)?shop""#]);
        let of_targets = r#"last_over_time(target_info{deployment_environment_name="dev"}[5m])"#;
        assert!(target.aggregate("sum", &[], "a", "5m").contains(of_targets));
    }

    #[test]
    fn people_read_where_it_is() {
        let said = |identity, namespace, environment| shop(identity, namespace, environment).said();
        assert_eq!(said(Identity::Promoted, None, Environment::default()), None);
        assert_eq!(said(Identity::Job, None, Environment::default()), None);
        assert_eq!(
            said(Identity::Promoted, Some("sales"), dev()).unwrap(),
            "in namespace sales, in environment dev"
        );
        let others = || Environment::AllBut(vec!["dev".to_owned(), "test".to_owned()]);
        assert_eq!(
            said(Identity::TargetInfo, None, others()).unwrap(),
            "in every environment but dev, test, whose numbers are others"
        );
        assert!(
            said(Identity::Job, None, others())
                .unwrap()
                .contains("every environment, as")
        );
    }
}
