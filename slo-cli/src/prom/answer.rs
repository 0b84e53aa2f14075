//! What came back: an answer, or why it is none.

use std::time::Duration;

use ureq::Body;
use ureq::http::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use ureq::http::{Response, StatusCode};

use super::AskError;
use super::address::without_secrets;
use super::reply::{self, NotAnAnswer};
use super::retries::Tried;
use super::secrets::Secrets;
use crate::web::whole;

/// Whose answers are read, and how much of them may be read and shown.
#[derive(Debug)]
pub(super) struct Answers {
    /// Who was asked, for people.
    pub(super) source: String,
    pub(super) secrets: Secrets,
    pub(super) within: Duration,
    /// In bytes.
    pub(super) largest: u64,
}

impl Answers {
    /// What was sent back, as `read` takes it.
    pub(super) fn read<T>(
        &self,
        sent: Result<Response<Body>, ureq::Error>,
        read: impl Fn(&[u8]) -> Result<T, NotAnAnswer>,
    ) -> Result<T, Tried> {
        let mut response = sent.map_err(|error| self.failed(error))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(Tried::Final(self.redirected(response.headers())));
        }
        let kind = kind_of(response.headers());
        let body = whole(response.body_mut(), self.largest).map_err(|error| self.failed(error))?;
        if !status.is_success() {
            return Err(self.refused(status, &body));
        }
        // A part of an answer (206), or what somebody on the way made of it (203), looks like the whole.
        if status != StatusCode::OK {
            return Err(Tried::Final(self.foreign(&format!("status {}", status.as_u16()))));
        }
        match kind.as_str() {
            json if json.eq_ignore_ascii_case("application/json") => {}
            "" => return Err(Tried::Final(self.foreign("something without a type"))),
            other => return Err(Tried::Final(self.foreign(&format!("`{}`", self.secrets.shown(other))))),
        }
        read(&body).map_err(|why| match why {
            NotAnAnswer::Refused(words) => Tried::Final(self.with_words(status, &words)),
            NotAnAnswer::Foreign(found) => Tried::Final(self.foreign(&found)),
        })
    }

    /// Why nothing came.
    pub(super) fn failed(&self, error: ureq::Error) -> Tried {
        match error {
            ureq::Error::Timeout(_) => Tried::Final(self.too_slow()),
            ureq::Error::BodyExceedsLimit(most) => Tried::Final(AskError::TooLarge {
                source_name: self.source.clone(),
                most,
            }),
            other => Tried::Again(AskError::Unreachable {
                source_name: self.source.clone(),
                reason: self.reason(&other),
            }),
        }
    }

    fn redirected(&self, headers: &HeaderMap) -> AskError {
        let to = headers.get(LOCATION).and_then(|to| to.to_str().ok());
        AskError::Redirected {
            source_name: self.source.clone(),
            to: to.map_or_else(|| "nowhere".to_owned(), |to| self.secrets.shown(&without_secrets(to))),
        }
    }

    fn refused(&self, status: StatusCode, body: &[u8]) -> Tried {
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Tried::Final(AskError::Forbidden {
                source_name: self.source.clone(),
                status: status.as_u16(),
                advice: "give a token, a user or a tenant header that may read",
            }),
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Tried::Again(self.with_words(status, &words(body))),
            _ => Tried::Final(self.with_words(status, &words(body))),
        }
    }

    fn with_words(&self, status: StatusCode, words: &str) -> AskError {
        AskError::Refused {
            source_name: self.source.clone(),
            status: status.as_u16(),
            words: self.secrets.shown(words),
        }
    }

    fn foreign(&self, found: &str) -> AskError {
        AskError::NotAnEngine {
            source_name: self.source.clone(),
            found: self.secrets.hidden(found),
        }
    }

    /// Its time is over.
    pub(super) fn too_slow(&self) -> AskError {
        AskError::TooSlow {
            source_name: self.source.clone(),
            within: self.within,
        }
    }

    /// Why nothing came, and what to do about it where that is known.
    fn reason(&self, error: &ureq::Error) -> String {
        let words = error.to_string();
        // It comes as an error of reading, with the reason in its words alone.
        if words.contains("UnknownIssuer") {
            return "its certificate is signed by nobody known; name the CA's by --ca-file".to_owned();
        }
        self.secrets.shown(&words)
    }
}

/// The type of what came, without its parameters.
fn kind_of(headers: &HeaderMap) -> String {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next();
    kind.unwrap_or_default().trim().to_owned()
}

/// What a refusal says: in the API's format, else its first line.
fn words(body: &[u8]) -> String {
    reply::words_of_error(body).unwrap_or_else(|| {
        let text = String::from_utf8_lossy(body);
        text.lines().next().unwrap_or_default().trim().to_owned()
    })
}
