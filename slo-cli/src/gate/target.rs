//! Whose series are asked for.

use slo_core::names;

use crate::render::promql;

/// One service in one environment, as the labels of its series say.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Target {
    service: String,
    namespace: Option<String>,
    environment: Option<String>,
}

impl Target {
    /// A service, in whatever environment there is; several at once are [unknown](slo_core::gate::Unseen::Environments).
    pub fn service(name: impl Into<String>) -> Self {
        Self {
            service: name.into(),
            namespace: None,
            environment: None,
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

    pub(super) fn matchers(&self) -> Vec<String> {
        let is = |label: &str, value: &String| promql::is(label, value);
        let mut matchers = vec![is(names::SERVICE_NAME.label, &self.service)];
        matchers.extend(
            self.namespace
                .iter()
                .map(|name| is(names::SERVICE_NAMESPACE.label, name)),
        );
        let environment = self.environment.iter();
        matchers.extend(environment.map(|name| is(names::DEPLOYMENT_ENVIRONMENT_NAME.label, name)));
        matchers
    }
}
