//! The status of a gRPC call, which HTTP calls a 200.

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName};

/// A status code of gRPC.
///
/// After [the list of status codes](https://grpc.io/docs/guides/status-codes/).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Code(u8);

/// The names, with the HTTP status code that each is judged as: those of `google/rpc/code.proto`.
const CODES: [(&str, u16); 17] = [
    ("OK", 200),
    ("CANCELLED", 499),
    ("UNKNOWN", 500),
    ("INVALID_ARGUMENT", 400),
    ("DEADLINE_EXCEEDED", 504),
    ("NOT_FOUND", 404),
    ("ALREADY_EXISTS", 409),
    ("PERMISSION_DENIED", 403),
    ("RESOURCE_EXHAUSTED", 429),
    ("FAILED_PRECONDITION", 400),
    ("ABORTED", 409),
    ("OUT_OF_RANGE", 400),
    ("UNIMPLEMENTED", 501),
    ("INTERNAL", 500),
    ("UNAVAILABLE", 503),
    ("DATA_LOSS", 500),
    ("UNAUTHENTICATED", 401),
];

static STATUS: HeaderName = HeaderName::from_static("grpc-status");

impl Code {
    /// A call that ended without saying how, or with a number that is no status: clients take it for this, too.
    pub(crate) const UNKNOWN: Self = Self(2);

    /// What trailers, or the headers of an answer that has nothing else, say.
    pub(crate) fn said(headers: &HeaderMap) -> Option<Self> {
        let said = headers.get(&STATUS)?;
        let number = said.to_str().ok().and_then(|text| text.parse().ok());
        let known = number.filter(|number| usize::from(*number) < CODES.len());
        Some(known.map_or(Self::UNKNOWN, Self))
    }

    pub(crate) fn as_str(self) -> &'static str {
        self.entry().0
    }

    /// The HTTP status code that it is judged as.
    pub(crate) fn as_http_status(self) -> u16 {
        self.entry().1
    }

    pub(crate) const fn number(self) -> u8 {
        self.0
    }

    fn entry(self) -> (&'static str, u16) {
        CODES.get(usize::from(self.0)).copied().unwrap_or(CODES[2])
    }
}

/// Whether a response's headers say that it is gRPC's: `application/grpc`, and with an encoding, but not gRPC-Web, whose
/// trailers lie in the body.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
    let rest = media_type.and_then(|value| value.strip_prefix(b"application/grpc"));
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_of_the_known_ones() {
        let said = |value: &str| {
            let headers = HeaderMap::from_iter([(STATUS.clone(), value.parse().unwrap())]);
            let code = Code::said(&headers).unwrap();
            (code.as_str(), code.as_http_status())
        };
        assert_eq!(said("0"), ("OK", 200));
        assert_eq!(said("14"), ("UNAVAILABLE", 503));
        assert_eq!(said("16"), ("UNAUTHENTICATED", 401));
        for unknown in ["17", "-1", "", "fine", "256"] {
            assert_eq!(said(unknown), ("UNKNOWN", 500), "{unknown}");
        }
        assert_eq!(Code::said(&HeaderMap::new()), None);
    }

    #[test]
    fn grpc_is_told_by_its_media_type() {
        for (media_type, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc; charset=x", true),
            ("application/grpc-web", false),
            ("application/json", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, media_type.parse().unwrap())]);
            assert_eq!(is_grpc(&headers), expected, "{media_type}");
        }
    }
}
