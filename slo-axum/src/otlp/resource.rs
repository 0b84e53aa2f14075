//! Who speaks: the resource attributes of this process.

use std::env;

use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use slo_core::names;

use crate::reliability::Shared;

/// The spec's and the builder's attributes, overruled by `OTEL_RESOURCE_ATTRIBUTES`, then by `OTEL_SERVICE_NAME`.
pub(super) fn resource(shared: &Shared) -> Resource {
    let spec = shared.slos.service();
    let known = [
        (names::SERVICE_NAME, Some(spec)),
        (names::SERVICE_INSTANCE_ID, Some(&*shared.instance_id)),
        (names::SERVICE_VERSION, shared.version.as_deref()),
        (names::DEPLOYMENT_ENVIRONMENT_NAME, shared.environment.as_deref()),
    ];
    let ours = known
        .into_iter()
        .filter_map(|(key, value)| Some(KeyValue::new(key.otel, value?.to_owned())));
    let named = env::var("OTEL_SERVICE_NAME").ok().filter(|name| !name.is_empty());
    let resource = Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes(ours)
        .with_detector(Box::new(EnvResourceDetector::new()))
        .with_attributes(named.map(|name| KeyValue::new(names::SERVICE_NAME.otel, name)))
        .build();
    let effective = resource
        .get(&Key::new(names::SERVICE_NAME.otel))
        .map(|name| name.to_string());
    if let Some(name) = effective.filter(|name| name != spec) {
        tracing::warn!(
            spec,
            environment = name,
            "the environment names another service than slo.yaml; it wins"
        );
    }
    resource
}
