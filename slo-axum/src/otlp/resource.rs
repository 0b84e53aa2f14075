//! Who speaks: the resource attributes of this process.

use std::env;

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, ResourceDetector, TelemetryResourceDetector};
use slo_core::names;

use crate::shared::Shared;

/// The spec's and the builder's attributes, overruled by `OTEL_RESOURCE_ATTRIBUTES`, then by `OTEL_SERVICE_NAME`.
pub(super) fn resource(shared: &Shared) -> Resource {
    let said = said(shared);
    let named = env::var("OTEL_SERVICE_NAME").ok().filter(|name| !name.is_empty());
    let resource = Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes(said.clone())
        .with_attributes(not_empty(&EnvResourceDetector::new().detect()))
        .with_attributes(named.map(|name| KeyValue::new(names::SERVICE_NAME.otel, name)))
        .build();
    for (attribute, environment) in overruled(&said, &resource) {
        tracing::warn!(
            attribute = %attribute.key,
            said = %attribute.value,
            environment,
            "the OTEL_ variables say something else than slo.yaml or the program; they win, also where the status route \
             shows what was said"
        );
    }
    resource
}

/// What the environment says: `service.name=` without a value says nothing, and must not take a name away.
fn not_empty(detected: &Resource) -> Vec<KeyValue> {
    let given = detected.iter().filter(|(_, value)| !value.as_str().is_empty());
    given
        .map(|(key, value)| KeyValue::new(key.clone(), value.clone()))
        .collect()
}

/// What the spec and the builder say.
fn said(shared: &Shared) -> Vec<KeyValue> {
    let known = [
        (names::SERVICE_NAME, Some(shared.slos.service())),
        (names::SERVICE_NAMESPACE, shared.names.namespace.as_deref()),
        (names::SERVICE_INSTANCE_ID, Some(&*shared.instance_id)),
        (names::SERVICE_VERSION, shared.names.version.as_deref()),
        (names::DEPLOYMENT_ENVIRONMENT_NAME, shared.names.environment.as_deref()),
    ];
    known
        .into_iter()
        .filter_map(|(key, value)| Some(KeyValue::new(key.otel, value?.to_owned())))
        .collect()
}

/// The attributes that got another value, with it. Not the instance's id: what we say of it is drawn at random.
fn overruled<'a>(said: &'a [KeyValue], resource: &Resource) -> Vec<(&'a KeyValue, String)> {
    let named = said
        .iter()
        .filter(|attribute| attribute.key.as_str() != names::SERVICE_INSTANCE_ID.otel);
    named
        .filter_map(|attribute| {
            let value = resource.get(&attribute.key)?;
            (value != attribute.value).then(|| (attribute, value.to_string()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use slo_core::SloSet;

    use super::*;
    use crate::Reliability;

    fn shared() -> Arc<Shared> {
        let builder = Reliability::builder(SloSet::builder("shop").build().unwrap());
        let reliability = builder
            .service_namespace("marketplace")
            .environment("production")
            .service_version("1.4.2")
            .build()
            .unwrap();
        Arc::clone(reliability.shared())
    }

    #[test]
    fn everything_that_was_said_of_the_service_is_an_attribute() {
        let shared = shared();
        let said = said(&shared);
        let said: Vec<_> = said
            .iter()
            .map(|attribute| (attribute.key.as_str(), attribute.value.to_string()))
            .collect();
        assert_eq!(
            said,
            [
                ("service.name", "shop".to_owned()),
                ("service.namespace", "marketplace".to_owned()),
                ("service.instance.id", shared.instance_id.clone()),
                ("service.version", "1.4.2".to_owned()),
                ("deployment.environment.name", "production".to_owned()),
            ]
        );
    }

    #[test]
    fn an_empty_value_takes_no_name_away() {
        let detected = Resource::builder_empty()
            .with_attributes([KeyValue::new("service.name", ""), KeyValue::new("host.name", "h")])
            .build();
        assert_eq!(not_empty(&detected), [KeyValue::new("host.name", "h")]);
    }

    #[test]
    fn whatever_the_environment_overrules_is_named() {
        let said = said(&shared());
        let environment = Resource::builder_empty()
            .with_attributes(said.clone())
            .with_attributes([
                KeyValue::new("deployment.environment.name", "dev"),
                KeyValue::new("service.instance.id", "pod-7"),
                KeyValue::new("service.version", "1.4.2"),
                KeyValue::new("host.name", "h"),
            ])
            .build();
        let overruled: Vec<_> = overruled(&said, &environment)
            .into_iter()
            .map(|(attribute, value)| (attribute.key.as_str(), value))
            .collect();
        assert_eq!(overruled, [("deployment.environment.name", "dev".to_owned())]);
    }
}
