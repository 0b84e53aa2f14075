//! What a request tells about itself, from closed sets only: nothing here is a text that a client chose.
//!
//! After the OpenTelemetry semantic conventions for HTTP servers, version 1.42.

use http::header::HeaderMap;
use http::{Uri, Version};
use opentelemetry::{KeyValue, StringValue};
use slo_core::{Ending, EndingName, METHODS, names};

use crate::extra::Extras;
use crate::grown;

/// A request method: one that the conventions know, or `_OTHER`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Method(u8);

impl Method {
    pub(crate) const COUNT: usize = METHODS.len() + 1;
    const OTHER: Self = Self(Self::COUNT_U8 - 1);

    #[inline]
    pub(crate) fn of(method: &http::Method) -> Self {
        // `http::Method` compares standard methods as numbers, and nine in ten requests are one of these two.
        match *method {
            http::Method::GET => Self::GET,
            http::Method::POST => Self::POST,
            _ => Self::named(method.as_str()),
        }
    }

    pub(crate) const CONNECT: Self = Self(0);
    const GET: Self = Self(2);
    pub(crate) const HEAD: Self = Self(3);
    const POST: Self = Self(6);

    #[cold]
    fn named(name: &str) -> Self {
        let known = (0..).zip(METHODS).find(|(_, known)| *known == name);
        known.map_or(Self::OTHER, |(index, _)| Self(index))
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT_U8).map(Self)
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    pub(crate) fn as_str(self) -> &'static str {
        METHODS.get(self.index()).copied().unwrap_or("_OTHER")
    }

    #[expect(clippy::cast_possible_truncation, reason = "ten methods and one")]
    const COUNT_U8: u8 = Self::COUNT as u8;
}

/// `network.protocol.version`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    /// Not told apart.
    Any,
    Http09,
    Http10,
    Http11,
    Http2,
    Http3,
}

impl Protocol {
    pub(crate) fn of(version: Version) -> Self {
        match version {
            Version::HTTP_09 => Self::Http09,
            Version::HTTP_10 => Self::Http10,
            Version::HTTP_2 => Self::Http2,
            Version::HTTP_3 => Self::Http3,
            // 1.1, and whatever a later `http` crate may add without us.
            _ => Self::Http11,
        }
    }

    const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Any => None,
            Self::Http09 => Some("0.9"),
            Self::Http10 => Some("1.0"),
            Self::Http11 => Some("1.1"),
            Self::Http2 => Some("2"),
            Self::Http3 => Some("3"),
        }
    }
}

/// `url.scheme`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(crate) const ALL: [Self; 2] = [Self::Http, Self::Https];

    /// As the connection says in HTTP/2 and absolute-form requests, `http` where a request does not say.
    pub(crate) fn of(uri: &Uri) -> Self {
        if uri.scheme() == Some(&http::uri::Scheme::HTTPS) {
            Self::Https
        } else {
            Self::Http
        }
    }

    /// As the nearest proxy says, which adds to the end of what others said: `X-Forwarded-Proto`, else the `proto` of
    /// `Forwarded` (RFC 7239). `None` when it says neither `http` nor `https`.
    pub(crate) fn forwarded(headers: &HeaderMap) -> Option<Self> {
        let last = |name: &str| {
            let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
            value.rsplit(',').next()
        };
        if let Some(said) = last("x-forwarded-proto") {
            return Self::named(said.trim());
        }
        let mut pairs = last("forwarded")?.split(';').filter_map(|pair| pair.split_once('='));
        let (_, said) = pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case("proto"))?;
        Self::named(said.trim().trim_matches('"'))
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(name))
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// `error.type`: how a request failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Failure {
    /// It did not.
    None,
    /// With the status code that it was answered with: 5xx and 408.
    Status,
    /// With this status of gRPC.
    #[cfg(feature = "grpc")]
    Grpc,
    /// Without a whole answer.
    Ended(EndingName),
    /// In a way that another release of slo-core than ours knows.
    Other,
}

impl Failure {
    pub(crate) fn of(ending: Ending) -> Self {
        match ending {
            Ending::Answered(408 | 500..=599) => Self::Status,
            Ending::Answered(_) => Self::None,
            _ => ending.name().map_or(Self::Other, Self::Ended),
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Status => 1,
            #[cfg(feature = "grpc")]
            Self::Grpc => 2,
            Self::Other => 3,
            Self::Ended(name) => 4 + name as u8,
        }
    }
}

/// What one record of the duration histogram is labelled with, besides its route.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Labels {
    pub(crate) method: Method,
    pub(crate) scheme: Scheme,
    pub(crate) protocol: Protocol,
    /// The status code, once the head was sent; 0 before.
    pub(crate) status: u16,
    pub(crate) failure: Failure,
    /// The status of a gRPC call.
    #[cfg(feature = "grpc")]
    pub(crate) grpc: Option<crate::grpc::Code>,
    pub(crate) extras: Extras,
}

impl Labels {
    /// What is left of them where they have no place of their own.
    pub(crate) const fn folded(self) -> Self {
        Self {
            method: Method::OTHER,
            scheme: self.scheme,
            protocol: Protocol::Any,
            status: 0,
            failure: Failure::None,
            #[cfg(feature = "grpc")]
            grpc: None,
            extras: Extras::NONE,
        }
    }

    /// The same without what a client chooses and nobody misses.
    pub(crate) const fn reduced(self) -> Self {
        Self {
            protocol: Protocol::Any,
            extras: Extras::NONE,
            ..self
        }
    }

    /// Who chose that the request ends so.
    pub(crate) const fn owner(self) -> Owner {
        match (self.failure, self.status) {
            (Failure::Ended(EndingName::Cancelled), _) => Owner::Client,
            (Failure::None, 200..=299) => Owner::Success,
            (Failure::None, _) => Owner::Client,
            _ => Owner::Failure,
        }
    }

    /// All of them in one number, which no other labels have.
    #[inline]
    pub(crate) fn key(self) -> Key {
        let bytes = [
            self.method.0,
            self.protocol as u8,
            self.scheme as u8,
            self.failure.number(),
        ];
        #[cfg(feature = "grpc")]
        let grpc = self.grpc.map_or(0, |code| u64::from(code.number()) + 1);
        #[cfg(not(feature = "grpc"))]
        let grpc = 0;
        let told = u64::from(u32::from_le_bytes(bytes));
        // A status code has three digits: ten bits; gRPC has 17 codes.
        Key(told | (u64::from(self.status) << 32) | (grpc << 42) | (u64::from(self.extras.bits()) << 48))
    }

    /// The attributes, with those of the route and of the server, sorted by key: the order in which the SDK looks a series
    /// up fastest.
    pub(crate) fn attributes(self, route: Option<&str>, others: impl IntoIterator<Item = KeyValue>) -> Vec<KeyValue> {
        let text = |key: names::Attribute, value: Option<&'static str>| Some(KeyValue::new(key.otel, value?));
        let mut attributes: Vec<_> = [
            self.error_type()
                .map(|kind| KeyValue::new(names::ERROR_TYPE.otel, kind)),
            text(names::HTTP_REQUEST_METHOD, Some(self.method.as_str())),
            (self.status > 0).then(|| KeyValue::new(names::HTTP_RESPONSE_STATUS_CODE.otel, i64::from(self.status))),
            route.map(|route| KeyValue::new(names::HTTP_ROUTE.otel, route.to_owned())),
            text(names::NETWORK_PROTOCOL_VERSION, self.protocol.as_str()),
            #[cfg(feature = "grpc")]
            text(
                names::RPC_RESPONSE_STATUS_CODE,
                self.grpc.map(crate::grpc::Code::as_str),
            ),
            text(names::URL_SCHEME, Some(self.scheme.as_str())),
        ]
        .into_iter()
        .flatten()
        .chain(others)
        .collect();
        attributes.sort_by(|one, other| one.key.cmp(&other.key));
        attributes
    }

    /// `error.type`; absent when the request did not fail.
    fn error_type(self) -> Option<StringValue> {
        match self.failure {
            Failure::None => None,
            Failure::Status => Some(self.status.to_string().into()),
            #[cfg(feature = "grpc")]
            Failure::Grpc => self.grpc.map(|code| code.as_str().into()),
            Failure::Ended(name) => Some(name.as_str().into()),
            Failure::Other => Some("_OTHER".into()),
        }
    }
}

/// [`Labels`] as a number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Key(u64);

impl Key {
    #[inline]
    pub(crate) const fn hash(self) -> u64 {
        grown::hash(self.0)
    }
}

/// Who chose that a request ends as it did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Owner {
    /// The client, who asked for something that there is not, or left.
    Client,
    /// The service, with one of its successes; which, the client has a say in.
    Success,
    /// The service, and it did not choose.
    Failure,
}

#[cfg(test)]
impl Labels {
    /// Labels that say as little as labels can.
    pub(crate) const PLAIN: Self = Self {
        method: Method::OTHER,
        scheme: Scheme::Http,
        protocol: Protocol::Any,
        status: 0,
        failure: Failure::None,
        #[cfg(feature = "grpc")]
        grpc: None,
        extras: Extras::NONE,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_known_or_other() {
        for name in METHODS {
            assert_eq!(Method::of(&name.parse().unwrap()).as_str(), name);
        }
        for unknown in ["PURGE", "get", "_OTHER"] {
            assert_eq!(Method::of(&unknown.parse().unwrap()).as_str(), "_OTHER");
        }
        assert_eq!(Method::all().count(), Method::COUNT);
        let named = [Method::CONNECT, Method::GET, Method::HEAD, Method::POST].map(Method::as_str);
        assert_eq!(named, ["CONNECT", "GET", "HEAD", "POST"]);
    }

    #[test]
    fn versions_are_written_as_the_conventions_do() {
        for (version, said) in [
            (Version::HTTP_09, "0.9"),
            (Version::HTTP_10, "1.0"),
            (Version::HTTP_11, "1.1"),
            (Version::HTTP_2, "2"),
            (Version::HTTP_3, "3"),
        ] {
            assert_eq!(Protocol::of(version).as_str(), Some(said));
        }
    }

    #[test]
    fn the_scheme_is_never_empty_and_never_foreign() {
        for (uri, expected) in [
            ("/a", "http"),
            ("https://h/a", "https"),
            ("http://h/a", "http"),
            ("gopher://h/a", "http"),
        ] {
            assert_eq!(Scheme::of(&uri.parse().unwrap()).as_str(), expected);
        }
    }

    #[test]
    fn a_forwarded_scheme_is_the_nearest_proxys_and_one_of_two() {
        let forwarded = |headers: &[(&'static str, &'static str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, value.parse().unwrap());
            }
            Scheme::forwarded(&map)
        };
        for (headers, expected) in [
            (&[][..], None),
            (&[("x-forwarded-proto", "https")], Some(Scheme::Https)),
            (&[("x-forwarded-proto", "HTTP")], Some(Scheme::Http)),
            (&[("x-forwarded-proto", "gopher, https")], Some(Scheme::Https)),
            (&[("x-forwarded-proto", "https,gopher")], None),
            (
                &[("x-forwarded-proto", "http"), ("x-forwarded-proto", "https")],
                Some(Scheme::Https),
            ),
            (
                &[("forwarded", "for=10.0.0.1;proto=http, for=10.0.0.2; Proto=\"https\"")],
                Some(Scheme::Https),
            ),
            (&[("forwarded", "for=10.0.0.1")], None),
            (
                &[("forwarded", "proto=https"), ("x-forwarded-proto", "http")],
                Some(Scheme::Http),
            ),
        ] {
            assert_eq!(forwarded(headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn error_types_are_a_closed_set_and_absent_for_success() {
        let kind = |ending, status| {
            let failure = Failure::of(ending);
            Labels {
                failure,
                status,
                ..Labels::PLAIN
            }
            .error_type()
            .map(|kind| kind.as_str().to_owned())
        };
        assert_eq!(kind(Ending::Answered(404), 404), None);
        assert_eq!(kind(Ending::Answered(503), 503).as_deref(), Some("503"));
        assert_eq!(kind(Ending::Answered(408), 408).as_deref(), Some("408"));
        assert_eq!(kind(Ending::Panicked, 0).as_deref(), Some("panic"));
        assert_eq!(kind(Ending::BodyError, 200).as_deref(), Some("body"));
    }

    #[test]
    fn attributes_are_sorted_by_their_keys() {
        let labels = Labels {
            status: 500,
            failure: Failure::Status,
            protocol: Protocol::Http2,
            ..Labels::PLAIN
        };
        let others = [KeyValue::new("server.port", 443), KeyValue::new("app.tier", "paid")];
        let attributes = labels.attributes(Some("/a"), others);
        assert_eq!(attributes.len(), 8);
        assert!(
            attributes.is_sorted_by(|one, other| one.key < other.key),
            "{attributes:?}"
        );
    }

    #[test]
    fn labels_that_differ_have_other_keys() {
        let failures = [
            Failure::None,
            Failure::Status,
            #[cfg(feature = "grpc")]
            Failure::Grpc,
            Failure::Other,
        ];
        let failures = failures.into_iter().chain(EndingName::ALL.map(Failure::Ended));
        let mut keys = std::collections::HashSet::new();
        let mut count = 0;
        for failure in failures {
            for (method, scheme) in Method::all().flat_map(|method| Scheme::ALL.map(|scheme| (method, scheme))) {
                for (protocol, status, extras) in [
                    (Protocol::Any, 0, Extras::NONE),
                    (Protocol::Http09, 999, Extras::of_bits(u16::MAX)),
                    (Protocol::Http3, 999, Extras::of_bits(1)),
                    (Protocol::Http3, 200, Extras::of_bits(1)),
                    (Protocol::Http3, 999, Extras::NONE),
                ] {
                    let mut labels = Labels::PLAIN;
                    (labels.method, labels.scheme, labels.protocol) = (method, scheme, protocol);
                    (labels.status, labels.failure, labels.extras) = (status, failure, extras);
                    keys.insert(labels.key().0);
                    count += 1;
                    #[cfg(feature = "grpc")]
                    for code in ["0", "16"] {
                        let headers = [("grpc-status".parse().unwrap(), code.parse().unwrap())];
                        let grpc = crate::grpc::Code::said(&headers.into_iter().collect());
                        assert!(grpc.is_some());
                        keys.insert(Labels { grpc, ..labels }.key().0);
                        count += 1;
                    }
                }
            }
        }
        assert_eq!(keys.len(), count);
    }

    #[test]
    fn clients_choose_that_they_leave_and_what_they_ask_wrongly() {
        let owner = |status, failure| {
            let labels = Labels {
                status,
                failure,
                ..Labels::PLAIN
            };
            labels.owner()
        };
        assert_eq!(owner(200, Failure::None), Owner::Success);
        for failure in [
            owner(500, Failure::Status),
            owner(0, Failure::Ended(EndingName::Panic)),
            owner(200, Failure::Ended(EndingName::Body)),
        ] {
            assert_eq!(failure, Owner::Failure);
        }
        for chosen in [
            owner(404, Failure::None),
            owner(304, Failure::None),
            owner(200, Failure::Ended(EndingName::Cancelled)),
        ] {
            assert_eq!(chosen, Owner::Client);
        }
    }
}
