//! Which labels the series of a kit have.

use std::collections::BTreeMap;

use slo_core::names::{self, alerts};

use super::error::ProbeKitError;

/// Labels in order, so that the output is the same byte for byte.
pub(super) type Labels = BTreeMap<String, String>;

/// Labels that say whose promise it is; the fleet's rules know services and SLOs by them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Identity {
    pub(super) service: String,
    pub(super) namespace: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) slo: Option<String>,
}

impl Identity {
    /// The labels, by name.
    pub(super) fn labels(&self) -> Labels {
        let given = [
            (names::SERVICE_NAME, Some(&self.service)),
            (names::SERVICE_NAMESPACE, self.namespace.as_ref()),
            (names::DEPLOYMENT_ENVIRONMENT_NAME, self.environment.as_ref()),
            (names::SLO_NAME, self.slo.as_ref()),
        ];
        let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
        given
            .map(|(attribute, value)| (attribute.label.to_owned(), value.clone()))
            .collect()
    }

    /// Refuses empty names: an empty label is none.
    pub(super) fn check(&self) -> Result<(), ProbeKitError> {
        let named = [
            ("service", Some(&self.service)),
            ("service's namespace", self.namespace.as_ref()),
            ("environment", self.environment.as_ref()),
            ("SLO", self.slo.as_ref()),
        ];
        match named.iter().find(|(_, name)| name.is_some_and(String::is_empty)) {
            Some((whose, _)) => Err(ProbeKitError::NoName(whose)),
            None => Ok(()),
        }
    }

    /// The name of the scrape job: one per kit, as job names are unique.
    pub(super) fn job(&self, path: &str) -> String {
        let environment = self.environment.iter().map(String::as_str);
        let last = self.slo.as_deref().unwrap_or(path).trim_start_matches('/');
        let parts: Vec<_> = ["slo-health"]
            .into_iter()
            .chain(self.namespace.as_deref())
            .chain([self.service.as_str()])
            .chain(environment)
            .chain([last])
            .collect();
        parts.join("/")
    }
}

/// Refuses names that Prometheus does not know, that the rules use themselves, and labels without a value.
pub(super) fn check(labels: &Labels) -> Result<(), ProbeKitError> {
    for (name, value) in labels {
        let begins = name.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_');
        let goes_on = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !begins || !goes_on || name.starts_with("__") || is_used(name) {
            return Err(ProbeKitError::Label { name: name.clone() });
        }
        if value.is_empty() {
            return Err(ProbeKitError::EmptyLabel { name: name.clone() });
        }
    }
    Ok(())
}

fn is_used(name: &str) -> bool {
    let identity = [
        names::SERVICE_NAME,
        names::SERVICE_NAMESPACE,
        names::DEPLOYMENT_ENVIRONMENT_NAME,
        names::SLO_NAME,
        names::SLO_OUTCOME,
    ];
    USED.contains(&name) || identity.iter().any(|attribute| attribute.label == name)
}

/// Labels of scrapes, of the exporter's phases, of the recorded series and of alerts.
const USED: [&str; 8] = [
    "job",
    "instance",
    "phase",
    "state",
    alerts::ALERT_NAME,
    "alertstate",
    alerts::SEVERITY,
    alerts::PROBES,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_rules_need_are_not_given_away() {
        for name in [
            "",
            "a-b",
            "0a",
            "__a",
            "job",
            "state",
            "slo_name",
            "service_namespace",
            "severity",
            "slo_probes",
            "ä",
        ] {
            let labels = Labels::from([(name.to_owned(), "a".to_owned())]);
            assert_eq!(check(&labels), Err(ProbeKitError::Label { name: name.to_owned() }));
        }
        assert_eq!(check(&Labels::from([("_region2".to_owned(), "a".to_owned())])), Ok(()));
        let empty = Labels::from([("region".to_owned(), String::new())]);
        assert!(matches!(check(&empty), Err(ProbeKitError::EmptyLabel { .. })));
    }

    #[test]
    fn each_kit_has_a_job_of_its_own() {
        let identity = Identity {
            service: "real-estate".to_owned(),
            namespace: None,
            environment: Some("prod".to_owned()),
            slo: None,
        };
        assert_eq!(
            identity.job("/synthetic/health"),
            "slo-health/real-estate/prod/synthetic/health"
        );
        let identity = Identity {
            slo: Some("prices".to_owned()),
            ..identity
        };
        assert_eq!(identity.job("/synthetic/health"), "slo-health/real-estate/prod/prices");
    }
}
