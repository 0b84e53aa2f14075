//! What a request tells about itself, from closed sets only: nothing here is a text that a client chose.
//!
//! After the OpenTelemetry semantic conventions for HTTP servers, version 1.42.

use std::sync::Arc;

use http::{Uri, Version};
use opentelemetry::{KeyValue, StringValue};
use slo_core::{Ending, EndingName, METHODS, names};

/// A request method: one that the conventions know, or `_OTHER`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Method(u8);

impl Method {
    pub(crate) const COUNT: usize = METHODS.len() + 1;
    const OTHER: &'static str = "_OTHER";

    pub(crate) fn of(method: &http::Method) -> Self {
        let known = (0..).zip(METHODS).find(|(_, name)| *name == method.as_str());
        known.map_or(Self(Self::COUNT_U8 - 1), |(index, _)| Self(index))
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT_U8).map(Self)
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    pub(crate) fn as_str(self) -> &'static str {
        METHODS.get(self.index()).copied().unwrap_or(Self::OTHER)
    }

    #[expect(clippy::cast_possible_truncation, reason = "ten methods and one")]
    const COUNT_U8: u8 = Self::COUNT as u8;
}

/// `network.protocol.version`.
pub(crate) fn protocol_version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        // 1.1, and whatever a later `http` crate may add without us.
        _ => "1.1",
    }
}

/// `url.scheme`: as the connection says in HTTP/2 and absolute-form requests, `http` where a request does not say.
pub(crate) fn scheme(uri: &Uri) -> &'static str {
    if uri.scheme() == Some(&http::uri::Scheme::HTTPS) {
        "https"
    } else {
        "http"
    }
}

/// What one record of the duration histogram is labelled with.
#[derive(Clone, Debug)]
pub(crate) struct Labels {
    pub(crate) method: Method,
    pub(crate) scheme: &'static str,
    pub(crate) version: &'static str,
    /// The matched route's template; a request that matched none has none.
    pub(crate) route: Option<Arc<str>>,
    /// The status code, once the head was sent.
    pub(crate) status: Option<u16>,
    pub(crate) ending: Ending,
}

impl Labels {
    /// The attributes, sorted by key: the order in which the SDK looks a series up fastest.
    pub(crate) fn attributes(self) -> Vec<KeyValue> {
        let mut attributes = Vec::with_capacity(6);
        if let Some(kind) = error_type(self.ending) {
            attributes.push(KeyValue::new(names::ERROR_TYPE.otel, kind));
        }
        attributes.push(KeyValue::new(names::HTTP_REQUEST_METHOD.otel, self.method.as_str()));
        if let Some(status) = self.status {
            attributes.push(KeyValue::new(names::HTTP_RESPONSE_STATUS_CODE.otel, i64::from(status)));
        }
        if let Some(route) = self.route {
            attributes.push(KeyValue::new(names::HTTP_ROUTE.otel, route));
        }
        attributes.push(KeyValue::new(names::NETWORK_PROTOCOL_VERSION.otel, self.version));
        attributes.push(KeyValue::new(names::URL_SCHEME.otel, self.scheme));
        attributes
    }
}

/// `error.type`: the code of 5xx and 408, else how the request failed; absent when it did not.
fn error_type(ending: Ending) -> Option<StringValue> {
    match ending {
        Ending::Answered(status @ (408 | 500..=599)) => Some(status.to_string().into()),
        Ending::Answered(_) => None,
        // `Ending` may grow in another release of slo-core than ours.
        _ => Some(ending.name().map_or("_OTHER", EndingName::as_str).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_known_or_other() {
        for (given, label) in [
            ("GET", "GET"),
            ("QUERY", "QUERY"),
            ("PURGE", "_OTHER"),
            ("get", "_OTHER"),
        ] {
            assert_eq!(
                Method::of(&http::Method::from_bytes(given.as_bytes()).unwrap()).as_str(),
                label
            );
        }
        assert_eq!(Method::all().count(), Method::COUNT);
    }

    #[test]
    fn versions_are_written_as_the_conventions_do() {
        assert_eq!(protocol_version(Version::HTTP_11), "1.1");
        assert_eq!(protocol_version(Version::HTTP_2), "2");
    }

    #[test]
    fn the_scheme_is_never_empty_and_never_foreign() {
        for (uri, expected) in [
            ("/a", "http"),
            ("https://h/a", "https"),
            ("http://h/a", "http"),
            ("gopher://h/a", "http"),
        ] {
            assert_eq!(scheme(&uri.parse().unwrap()), expected);
        }
    }

    #[test]
    fn error_types_are_a_closed_set_and_absent_for_success() {
        assert_eq!(error_type(Ending::Answered(404)), None);
        assert_eq!(error_type(Ending::Answered(503)), Some("503".into()));
        assert_eq!(error_type(Ending::Answered(408)), Some("408".into()));
        assert_eq!(error_type(Ending::Panicked), Some("panic".into()));
    }
}
