//! What a `Reliability` is built from.

use slo_core::SloSet;

use crate::Reliability;
use crate::classify::{Classify, Hook};
use crate::extra::{AttributeError, ClosedAttribute, Extra};
use crate::life::Setup;
use crate::options::{Asked, Options};
use crate::series::LEAST_SERIES;
use crate::shared::{Names, Shared};

/// Collects what a [`Reliability`] needs.
#[derive(Clone, Debug)]
#[must_use]
pub struct ReliabilityBuilder {
    slos: SloSet,
    names: Names,
    asked: Asked,
    pub(crate) life: Setup,
}

impl ReliabilityBuilder {
    pub(crate) fn new(slos: SloSet) -> Self {
        Self {
            slos,
            names: Names::default(),
            asked: Asked::default(),
            life: Setup::default(),
        }
    }

    /// `service.namespace`, like `marketplace`: the group that the service's name is unique in;
    /// `OTEL_RESOURCE_ATTRIBUTES` wins over it.
    pub fn service_namespace(mut self, name: impl Into<String>) -> Self {
        self.names.namespace = Some(name.into());
        self
    }

    /// `deployment.environment.name`, like `production`; what the SLOs' `environments` change there is changed by
    /// [`build`](Self::build).
    ///
    /// `OTEL_RESOURCE_ATTRIBUTES` wins over the name in what is exported, but not over the changes: those are made before it
    /// is read. Say the same name in both, or a service that calls itself `dev` exports dev's objectives as production's.
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.names.environment = Some(name.into());
        self
    }

    /// `service.version`, like `env!("CARGO_PKG_VERSION")`; `OTEL_RESOURCE_ATTRIBUTES` wins over it.
    pub fn service_version(mut self, version: impl Into<String>) -> Self {
        self.names.version = Some(version.into());
        self
    }

    /// Takes `url.scheme` from `X-Forwarded-Proto` or `Forwarded`, where one of them says `http` or `https`.
    ///
    /// Only behind a proxy that sets the header itself: else any client says what it likes. Of several values the last is
    /// taken, which the nearest proxy wrote.
    pub fn trust_forwarded_scheme(mut self) -> Self {
        self.asked.trusts_forwarded = true;
        self
    }

    /// `server.address` and `server.port` of every series of the duration histogram, like `shop.example` and 443; without
    /// this call there are none, since what a client writes into `Host` is no address.
    pub fn server_address(mut self, name: impl Into<String>, port: impl Into<Option<u16>>) -> Self {
        self.asked.server = Some((name.into(), port.into()));
        self
    }

    /// Exports `http.server.active_requests`, too: by method and scheme, for two atomic additions a request.
    pub fn active_requests(mut self) -> Self {
        self.asked.counts_active = true;
        self
    }

    /// Reads the processor's counter twice a request instead of the system's clock, for as long as the two agree.
    ///
    /// From the first step of [`Reliability::run`] on, which is where the counter is calibrated (for up to 200 ms, on that
    /// thread) and at every step held against the system's clock; without a [`Life`](crate::Life) nothing changes. A
    /// counter that strayed by more than a hundredth is not read again, and a warning says so. Until the step that sees it,
    /// durations are by that counter: of requests in flight while the machine is suspended or moved, too.
    ///
    /// Where the processor has no counter that can be trusted, the system's clock is read.
    #[cfg(feature = "fast-clock")]
    pub fn fast_clock(mut self) -> Self {
        self.asked.has_fast_clock = true;
        self
    }

    /// How many series of the duration histogram this process makes at most: 2,000 where this is not called, as many as an
    /// OpenTelemetry SDK keeps apart by default; at least 100.
    ///
    /// Half of them are kept from clients: a quarter for successes, at most 16 a route, and a quarter for failures, at most
    /// 32 a route. Give a provider of your own a cardinality limit of at least as many.
    pub fn max_series(mut self, count: usize) -> Self {
        self.asked.max_series = count;
        self
    }

    /// Judges answers by more than their status codes; the last call counts. A handler's [`Override`](slo_core::Override)
    /// wins over it.
    pub fn classify(mut self, classify: impl Classify) -> Self {
        self.asked.hook = Some(Hook::new(classify));
        self
    }

    /// Lets handlers say this attribute of the duration histogram; [`ClosedAttribute`] has an example.
    pub fn attribute<A: ClosedAttribute>(mut self) -> Self {
        self.asked.extras.push(Extra::of::<A>());
        self
    }

    /// Begins to measure. Does no I/O but to read the `snapshot_file` (feature `store`), where one is named.
    ///
    /// # Errors
    ///
    /// [`BuildError::Empty`] for a namespace, environment, version or server address without a character in it,
    /// [`BuildError::TooFewSeries`] for fewer than 100 series, [`BuildError::Attribute`] for attributes that cannot be
    /// registered.
    pub fn build(self) -> Result<Reliability, BuildError> {
        for (what, value) in [
            ("service namespace", &self.names.namespace),
            ("environment", &self.names.environment),
            ("service version", &self.names.version),
        ] {
            if value.as_ref().is_some_and(|value| value.trim().is_empty()) {
                return Err(BuildError::Empty(what));
            }
        }
        let slos = match &self.names.environment {
            Some(environment) => self.slos.for_environment(environment),
            None => self.slos,
        };
        let options = Options::new(self.asked)?;
        Ok(Reliability::new(Shared::begin(slos, self.names, options, self.life)))
    }
}

/// Why a [`Reliability`] could not be built.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A name is empty; holds which.
    #[error("the {0} is empty; leave it out or write what it is, like `production` or `1.4.2`")]
    Empty(&'static str),
    /// The duration histogram was given fewer series than one route may need; holds how many.
    #[error(
        "{0} series are too few for the duration histogram; allow at least {LEAST_SERIES}, or leave it at the default"
    )]
    TooFewSeries(usize),
    /// Attributes cannot be registered.
    #[error(transparent)]
    Attribute(#[from] AttributeError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_character_is_refused() {
        let builder = || Reliability::builder(SloSet::builder("shop").build().unwrap());
        for (refused, what) in [
            (builder().service_namespace("").build(), "service namespace"),
            (builder().environment(" ").build(), "environment"),
            (builder().service_version("").build(), "service version"),
        ] {
            assert_eq!(refused.map(drop), Err(BuildError::Empty(what)));
        }
        assert_eq!(
            BuildError::Empty("environment").to_string(),
            "the environment is empty; leave it out or write what it is, like `production` or `1.4.2`"
        );
    }
}
