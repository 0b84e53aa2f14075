//! Whose numbers they are.

use std::collections::BTreeMap;

use slo_core::names;

/// A service in one environment. What a label does not say is `None`.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct Whose {
    /// `service.name`.
    pub service: String,
    /// `service.namespace`.
    pub namespace: Option<String>,
    /// `deployment.environment.name`.
    pub environment: Option<String>,
}

impl Whose {
    /// As the labels of a series say.
    pub(super) fn of(labels: &BTreeMap<String, String>) -> Self {
        let label = |name: &str| labels.get(name).filter(|value| !value.is_empty()).cloned();
        Self {
            service: label(names::SERVICE_NAME.label).unwrap_or_default(),
            namespace: label(names::SERVICE_NAMESPACE.label),
            environment: label(names::DEPLOYMENT_ENVIRONMENT_NAME.label),
        }
    }

    /// `namespace/service`, or the service alone.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.service),
            None => self.service.clone(),
        }
    }
}

/// One SLO of one service in one environment.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Key {
    pub(super) whose: Whose,
    pub(super) slo: String,
}

impl Key {
    /// As the labels of a series say; `None` when they name no SLO.
    pub(super) fn of(labels: &BTreeMap<String, String>) -> Option<Self> {
        let slo = labels.get(names::SLO_NAME.label).filter(|name| !name.is_empty())?;
        Some(Self {
            whose: Whose::of(labels),
            slo: slo.clone(),
        })
    }
}
