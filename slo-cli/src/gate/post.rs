//! Handing something over by HTTP: one try, one deadline, no redirects.

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

impl Post<'_> {
    /// What was answered.
    pub(super) fn send(self) -> Result<Vec<u8>, Untold> {
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
        let body = web::whole(answer.body_mut(), LARGEST_ANSWER);
        // It has been taken; what is said to that is not worth another try.
        Ok(body.unwrap_or_default())
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

const LARGEST_ANSWER: u64 = 64_000;
