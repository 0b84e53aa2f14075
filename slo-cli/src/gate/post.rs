//! Handing something over by HTTP: one try, one deadline, no redirects.

use std::io::Read as _;
use std::time::Duration;

use ureq::http::header::HeaderMap;

use crate::prom::tls::Trusted;
use crate::render::plain;
use crate::web;

/// What is sent, and where to.
pub(super) struct Post<'a> {
    pub(super) url: &'a str,
    pub(super) content_type: &'static str,
    pub(super) headers: HeaderMap,
    pub(super) body: &'a [u8],
    /// Whom to trust, if not Mozilla's certificates.
    pub(super) trusted: Option<&'a Trusted>,
    pub(super) within: Duration,
}

/// Why somebody was not told; holds words without secrets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Untold {
    /// Another time it may go better.
    NotNow(String),
    /// It was understood and refused: it would be again.
    Never(String),
}

impl Untold {
    /// With what to give so that it goes better, where that is known: how one logs in, and whom to trust.
    pub(super) fn advised(self, login: &str, authority: &str) -> Self {
        match self {
            Self::NotNow(words) if words.ends_with("status 401") || words.ends_with("status 403") => {
                Self::NotNow(format!("{words}; log in by {login}"))
            }
            Self::NotNow(words) if words.contains("UnknownIssuer") => Self::NotNow(format!(
                "its certificate is signed by nobody known; name the CA's by {authority}"
            )),
            other => other,
        }
    }
}

/// What was answered by whoever took it: the beginning, which tells what it is.
pub(super) struct Taken {
    is_html: bool,
    pub(super) body: Vec<u8>,
}

impl Taken {
    /// Whether it begins as markup does.
    pub(super) fn is_markup(&self) -> bool {
        self.text().starts_with(b"<")
    }

    /// Whether it is a page for people, as a login has it: whoever shows one has taken nothing. Many servers call each answer
    /// `text/html`, also one of a word or of nothing; and markup that is no page is an answer, too.
    pub(super) fn is_page(&self) -> bool {
        let begins = |with: &[u8]| {
            let beginning = self.text().get(..with.len());
            beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(with))
        };
        begins(b"<!doctype html") || begins(b"<html") || self.is_html && self.is_markup()
    }

    fn text(&self) -> &[u8] {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        let body = self.body.as_slice();
        body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body).trim_ascii_start()
    }
}

impl Post<'_> {
    /// What was answered.
    pub(super) fn send(self) -> Result<Taken, Untold> {
        let agent = web::agent(self.trusted, Some(self.within));
        let request = agent.post(self.url).content_type(self.content_type);
        let request = web::with_headers(request, &self.headers);
        let mut answer = request.send(self.body).map_err(|error| Untold::NotNow(words(&error)))?;
        let status = answer.status().as_u16();
        if !answer.status().is_success() {
            let words = format!("it answered with status {status}");
            return Err(match status {
                400 | 413 | 415 | 422 => Untold::Never(words),
                _ => Untold::NotNow(words),
            });
        }
        let is_html = answer.headers().get("content-type").is_some_and(|value| {
            let essence = value.as_bytes().get(..HTML.len());
            essence.is_some_and(|essence| essence.eq_ignore_ascii_case(HTML))
        });
        let mut body = Vec::new();
        let mut beginning = answer.body_mut().as_reader().take(MOST_OF_AN_ANSWER);
        // It has been taken: what was read before it broke off is worth a look, and the rest no other try.
        let _ = beginning.read_to_end(&mut body);
        Ok(Taken { is_html, body })
    }
}

/// Without the address, which may be a secret as a whole.
fn words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "it did not answer in time".to_owned(),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => "its address cannot be used".to_owned(),
        other => plain(&other.to_string()),
    }
}

const MOST_OF_AN_ANSWER: u64 = 64_000;
const HTML: &[u8] = b"text/html";
