//! Fetching a page of a service, an exporter or an Alertmanager: one deadline, no redirects, no secrets, a bounded answer.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::Duration;

use ureq::http::Uri;
use ureq::http::header::HeaderMap;
use ureq::{Agent, Body, RequestBuilder};

use crate::prom::Access;
use crate::prom::tls::{self, Trusted};
use crate::render::plain;

/// What came back, whatever its status.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// The headers by their names in lower case; of those that come twice, the last.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Whoever fetches pages; a trait, so that a diagnosis can be tested without servers.
pub trait Fetch {
    /// The page at an address.
    ///
    /// # Errors
    ///
    /// Why there is none, in words without secrets.
    fn get(&self, address: &str) -> Result<Page, String>;
}

/// Pages of the network.
#[derive(Debug)]
pub struct Web {
    agent: Agent,
    headers: HeaderMap,
}

/// The largest page that is read, in bytes: the rules of a fleet are some 200 KB, the status of a service less.
const LARGEST: u64 = 8_000_000;

impl Page {
    /// A header, by its name in lower case; empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Whether the status is one of success.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    pub(crate) fn of(response: ureq::http::Response<Body>) -> Result<Self, ureq::Error> {
        let (head, mut body) = response.into_parts();
        let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = head.headers.iter();
        Ok(Self {
            status: head.status.as_u16(),
            headers: headers
                .map(|(name, value)| (name.as_str().to_owned(), text(value)))
                .collect(),
            body: whole(&mut body, LARGEST)?,
        })
    }
}

/// All of a body, unpacked, up to so many bytes. The client's own limit is of what comes over the wire: a few packed
/// kilobytes can be gigabytes.
pub(crate) fn whole(body: &mut Body, largest: u64) -> Result<Vec<u8>, ureq::Error> {
    let mut unpacked = Vec::new();
    let reader = body.with_config().limit(largest).reader();
    reader.take(largest.saturating_add(1)).read_to_end(&mut unpacked)?;
    if unpacked.len() as u64 > largest {
        return Err(ureq::Error::BodyExceedsLimit(largest));
    }
    Ok(unpacked)
}

/// Who asks others by HTTP: any status is an answer, and no redirect is followed, for it could carry a token elsewhere.
pub(crate) fn agent(trusted: Option<&Trusted>, within: Option<Duration>) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .tls_config(tls::config(trusted))
        .timeout_global(within)
        .user_agent(concat!("slo/", env!("CARGO_PKG_VERSION")));
    config.build().new_agent()
}

/// A request with these headers as well; one that is broken already says so when it is sent.
pub(crate) fn with_headers<B>(mut request: RequestBuilder<B>, more: &HeaderMap) -> RequestBuilder<B> {
    if let Some(headers) = request.headers_mut() {
        headers.extend(more.clone());
    }
    request
}

/// An address of http or https with a host, a port that is one, and nothing behind a `#`, which would not be sent.
pub(crate) fn http_address(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    let after_user = uri.authority()?.as_str().rsplit('@').next().unwrap_or_default();
    // A port of six digits is read as none.
    let has_port = after_user.rsplit(']').next().is_some_and(|rest| rest.contains(':'));
    let is_port = !has_port || uri.port_u16().is_some_and(|port| port > 0);
    (is_http && has_host && is_port && !text.contains('#')).then_some(uri)
}

impl Web {
    /// Gives every page this time.
    #[must_use]
    pub fn within(time: Duration) -> Self {
        Self::let_in_by(&Access::default(), time)
    }

    /// The same with what lets us in: for pages of one server only, or others would hear its secrets.
    pub(crate) fn let_in_by(access: &Access, time: Duration) -> Self {
        Self {
            agent: agent(access.trusted(), Some(time)),
            headers: access.headers().clone(),
        }
    }
}

impl Fetch for Web {
    fn get(&self, address: &str) -> Result<Page, String> {
        let response = with_headers(self.agent.get(address), &self.headers).call();
        response.and_then(Page::of).map_err(|error| match error {
            ureq::Error::Timeout(_) => "no answer in time".to_owned(),
            other => plain(&other.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_server::{nobody, serving};

    #[test]
    fn a_page_is_what_came_whatever_its_status() {
        let answer = b"HTTP/1.1 503 Nope\r\nSlo-Health-Status: stale\r\nContent-Length: 2\r\n\r\nhi".to_vec();
        let (address, _) = serving(vec![answer]);
        let page = Web::within(Duration::from_secs(5)).get(&address).unwrap();
        assert_eq!(
            (page.status, page.is_success(), page.body.as_slice()),
            (503, false, &b"hi"[..])
        );
        assert_eq!((page.header("slo-health-status"), page.header("date")), ("stale", ""));
    }

    #[test]
    fn a_redirect_is_a_page_and_is_not_followed() {
        let (elsewhere, heard) = serving(vec![b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()]);
        let answer = format!("HTTP/1.1 302 There\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n");
        let (address, _) = serving(vec![answer.into_bytes()]);
        assert_eq!(Web::within(Duration::from_secs(5)).get(&address).unwrap().status, 302);
        assert!(heard.try_recv().is_err());
    }

    #[test]
    fn an_address_has_a_scheme_a_host_and_a_port_that_is_one() {
        for address in [
            "http://a",
            "https://a.b:1/c?d=e",
            "http://ana:hush@a:9093",
            "http://[::1]:9093/x",
        ] {
            assert!(http_address(address).is_some(), "{address}");
        }
        for other in [
            "",
            "nowhere",
            "127.0.0.1:9093",
            "a:9093",
            "http://",
            "http:///x",
            "http://:9093",
            "mailto:x@y",
            "ftp://a",
            "http://a b",
            "http://a#b",
            "http://a:99999",
            "http://a:0",
            "http://a:",
        ] {
            assert!(http_address(other).is_none(), "{other}");
        }
    }

    #[test]
    fn nobody_there_is_said() {
        let refused = Web::within(Duration::from_secs(5)).get(&nobody()).unwrap_err();
        assert!(refused.contains("refused"), "{refused}");
        assert!(Web::within(Duration::from_secs(5)).get("no address").is_err());
    }
}
