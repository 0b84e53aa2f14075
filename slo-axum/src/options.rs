//! What a builder was told about requests.

use http::Extensions;
use opentelemetry::KeyValue;
use slo_core::{Override, names};

use crate::builder::BuildError;
use crate::classify::{Answer, Hook};
use crate::extra::{Extra, ExtraSet, Extras};
use crate::series::{LEAST_SERIES, MAX_SERIES};

/// As the builder collects them.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) max_series: usize,
    pub(crate) trusts_forwarded: bool,
    pub(crate) counts_active: bool,
    #[cfg(feature = "fast-clock")]
    pub(crate) has_fast_clock: bool,
    pub(crate) server: Option<(String, Option<u16>)>,
    pub(crate) extras: Vec<Extra>,
    pub(crate) hook: Option<Hook>,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            max_series: MAX_SERIES,
            trusts_forwarded: false,
            counts_active: false,
            #[cfg(feature = "fast-clock")]
            has_fast_clock: false,
            server: None,
            extras: Vec::new(),
            hook: None,
        }
    }
}

/// As they hold for the process's life.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) max_series: usize,
    /// The proxy in front says by which scheme a request came.
    pub(crate) trusts_forwarded: bool,
    /// Requests being served are counted by method and scheme, too.
    pub(crate) counts_active: bool,
    /// The processor's counter is read in place of the system's clock.
    #[cfg(feature = "fast-clock")]
    pub(crate) has_fast_clock: bool,
    server: Vec<KeyValue>,
    extras: ExtraSet,
    hook: Option<Hook>,
}

impl Options {
    pub(crate) fn new(asked: Asked) -> Result<Self, BuildError> {
        if asked.max_series < LEAST_SERIES {
            return Err(BuildError::TooFewSeries(asked.max_series));
        }
        let server = match asked.server {
            Some((name, _)) if name.trim().is_empty() => return Err(BuildError::Empty("server address")),
            Some((name, port)) => {
                let port = port.map(|port| KeyValue::new(names::SERVER_PORT.otel, i64::from(port)));
                let name = KeyValue::new(names::SERVER_ADDRESS.otel, name);
                std::iter::once(name).chain(port).collect()
            }
            None => Vec::new(),
        };
        Ok(Self {
            max_series: asked.max_series,
            trusts_forwarded: asked.trusts_forwarded,
            counts_active: asked.counts_active,
            #[cfg(feature = "fast-clock")]
            has_fast_clock: asked.has_fast_clock,
            server,
            extras: ExtraSet::new(asked.extras)?,
            hook: asked.hook,
        })
    }

    /// The attributes of every series and those that its responses carried.
    pub(crate) fn attributes(&self, extras: Extras) -> impl Iterator<Item = KeyValue> {
        self.server.iter().cloned().chain(self.extras.attributes(extras))
    }

    pub(crate) fn extras(&self, extensions: &Extensions) -> Extras {
        self.extras.read(extensions)
    }

    pub(crate) const fn has_hook(&self) -> bool {
        self.hook.is_some()
    }

    /// The handler's own word on its response, else the hook's.
    pub(crate) fn word(&self, answer: &Answer<'_>) -> Option<Override> {
        let handlers = answer.extensions().get::<Override>().copied();
        handlers.or_else(|| self.hook.as_ref()?.classify(answer))
    }
}
