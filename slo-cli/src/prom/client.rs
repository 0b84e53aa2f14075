//! The client: one deadline for all tries of a query, and no redirects.
//!
//! As with other command-line tools, `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` are honoured.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use ureq::http::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use super::reply::{self, NotAnAnswer};
use super::{Access, Answered, Ask, AskError, EngineError, History, Login, Secret, Stretch};
use crate::render::plain;
use crate::web::{Fetch, Page, agent, http_address, whole};

/// An engine that can be asked.
#[derive(Debug)]
pub struct Engine {
    agent: Agent,
    /// What stands before `/api/v1`, without a slash at its end.
    base: String,
    headers: HeaderMap,
    /// What is replaced where the engine says it back to us.
    secrets: Vec<Secret>,
    within: Duration,
    retries: u32,
    pause: Duration,
    largest: u64,
}

/// An engine whose time is shared by several questions, from when this was made.
#[derive(Debug)]
#[must_use]
pub struct Hurried<'a> {
    engine: &'a Engine,
    until: Instant,
}

/// How to ask an engine.
#[derive(Clone, Debug)]
#[must_use = "nothing is asked before `build`"]
pub struct EngineBuilder {
    address: String,
    login: Option<Login>,
    access: Access,
    within: Duration,
    retries: u32,
    pause: Duration,
    largest: u64,
}

impl Engine {
    /// An engine at an address: what stands before `/api/v1`, like `http://prometheus:9090`.
    pub fn at(address: impl Into<String>) -> EngineBuilder {
        EngineBuilder {
            address: address.into(),
            login: None,
            access: Access::default(),
            within: WITHIN,
            retries: RETRIES,
            pause: PAUSE,
            largest: LARGEST_ANSWER,
        }
    }
}

impl EngineBuilder {
    /// Logs in.
    pub fn login(mut self, login: Login) -> Self {
        self.login = Some(login);
        self
    }

    /// Adds a header to each request, written `Name: value`: a tenant, for example.
    ///
    /// # Errors
    ///
    /// [`EngineError::Header`] for what HTTP cannot carry.
    pub fn header(mut self, line: &str) -> Result<Self, EngineError> {
        self.access = self.access.header(line)?;
        Ok(self)
    }

    /// Trusts the certificates of this file in PEM, and no others.
    ///
    /// # Errors
    ///
    /// [`EngineError::Certificates`] when the file cannot be read or has none.
    pub fn trusting(mut self, file: &Path) -> Result<Self, EngineError> {
        self.access = self.access.trusting(file)?;
        Ok(self)
    }

    /// Is let in by this, instead of by what was said before.
    pub(crate) fn let_in_by(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// The time that all tries of one query share, 10 s unless said otherwise.
    pub const fn within(mut self, time: Duration) -> Self {
        self.within = time;
        self
    }

    /// How often a query is tried again when the engine cannot be reached or is overloaded, twice unless said otherwise.
    pub const fn retries(mut self, times: u32) -> Self {
        self.retries = times;
        self
    }

    /// The pause before the first of these tries, 200 ms unless said otherwise; it doubles each time.
    pub const fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// The largest answer that is read, in bytes; 8 MB unless said otherwise.
    pub const fn largest_answer(mut self, bytes: u64) -> Self {
        self.largest = bytes;
        self
    }

    /// Checks the whole; asks nothing yet.
    ///
    /// # Errors
    ///
    /// [`EngineError`] for an address or a login that cannot be used.
    pub fn build(self) -> Result<Engine, EngineError> {
        let base = address(&self.address)?;
        let access = match &self.login {
            Some(login) => self.access.login(login)?,
            None => self.access,
        };
        Ok(Engine {
            agent: agent(access.trusted(), None),
            base,
            headers: access.headers().clone(),
            secrets: known_secrets(access.secrets().to_vec()),
            within: self.within,
            retries: self.retries,
            pause: self.pause,
            largest: self.largest,
        })
    }
}

/// An http or https address with a host and without a user: passwords do not belong where they are shown.
fn address(given: &str) -> Result<String, EngineError> {
    let trimmed = given.trim().trim_end_matches('/');
    let refused = || EngineError::Address(plain(&without_secrets(trimmed)));
    let uri = http_address(trimmed).ok_or_else(refused)?;
    let has_user = uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'));
    if has_user || uri.query().is_some() || trimmed.ends_with("/api/v1") {
        return Err(refused());
    }
    Ok(trimmed.to_owned())
}

/// An address without its user and its query, where keys stand.
fn without_secrets(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let separator = if scheme.is_empty() { "" } else { "://" };
    let (shown, hidden) = match (rest.rsplit_once('@'), rest.find(['?', '#'])) {
        // Which of them begins within the other cannot be told.
        (Some(_), Some(_)) => ("", "***"),
        (Some((_, host)), None) => (host, ""),
        (None, Some(end)) => (&rest[..=end], "***"),
        (None, None) => (rest, ""),
    };
    format!("{scheme}{separator}{shown}{hidden}")
}

/// The longest first, as one may be part of another. What is as short as `1` would be found everywhere.
fn known_secrets(mut secrets: Vec<Secret>) -> Vec<Secret> {
    const SHORTEST: usize = 4;
    secrets.retain(|secret| secret.expose().len() >= SHORTEST);
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
    secrets
}

/// To milliseconds, all that Prometheus knows; rounded down.
fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// One try: an answer, or why there is none and whether another try may help.
enum Tried {
    Again(AskError),
    Final(AskError),
}

impl Ask for Engine {
    fn instant(&self, query: &str, at: Option<DateTime<Utc>>) -> Result<Answered, AskError> {
        self.altogether().instant(query, at)
    }

    fn range(&self, query: &str, stretch: Stretch) -> Result<History, AskError> {
        self.altogether().range(query, stretch)
    }

    fn source(&self) -> String {
        self.base.clone()
    }
}

impl Ask for Hurried<'_> {
    fn instant(&self, query: &str, at: Option<DateTime<Utc>>) -> Result<Answered, AskError> {
        let engine = self.engine;
        let time = at.map(moment);
        let mut fields = vec![("query", query)];
        fields.extend(time.as_deref().map(|time| ("time", time)));
        let answered = engine.persist(self.until, |left| {
            engine.try_once("query", &fields, left, reply::instant)
        });
        answered.map(|answered| Answered {
            doubts: engine.hidden_in(&answered.doubts),
            ..answered
        })
    }

    fn range(&self, query: &str, stretch: Stretch) -> Result<History, AskError> {
        let engine = self.engine;
        let (start, end) = (moment(stretch.from), moment(stretch.to));
        let step = stretch.step.as_secs_f64().to_string();
        let fields = [
            ("query", query),
            ("start", &start),
            ("end", &end),
            ("step", &step),
            // VictoriaMetrics would move both ends to multiples of the step, for its cache. Others do not know the field.
            ("nocache", "1"),
        ];
        let history = engine.persist(self.until, |left| {
            engine.try_once("query_range", &fields, left, reply::range)
        });
        history.map(|history| History {
            doubts: engine.hidden_in(&history.doubts),
            ..history
        })
    }

    fn source(&self) -> String {
        self.engine.source()
    }
}

impl Fetch for Engine {
    /// The page at a path behind the address, tried once.
    fn get(&self, path: &str) -> Result<Page, String> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        if let Some(headers) = request.headers_mut() {
            headers.extend(self.headers.clone());
        }
        let response = request.config().timeout_global(Some(self.within)).build().call();
        response.and_then(Page::of).map_err(|error| match self.failed(error) {
            Tried::Again(error) | Tried::Final(error) => error.to_string(),
        })
    }
}

impl Engine {
    /// The same with the time of one question for all that are asked of it.
    pub fn altogether(&self) -> Hurried<'_> {
        Hurried {
            engine: self,
            until: Instant::now() + self.within,
        }
    }

    /// What stands at the address itself, which is no engine then: JSON that `read` takes, or that it says it is not.
    pub(crate) fn page<T>(&self, read: impl Fn(&[u8]) -> Result<T, String>) -> Result<T, AskError> {
        let read = |body: &[u8]| read(body).map_err(NotAnAnswer::Foreign);
        let page = self.persist(Instant::now() + self.within, |left| {
            let mut request = self.agent.get(&self.base);
            if let Some(headers) = request.headers_mut() {
                headers.extend(self.headers.clone());
            }
            let sent = request.config().timeout_global(Some(at_least(left))).build().call();
            self.read(sent, read)
        });
        page.map_err(|error| match error {
            AskError::NotAnEngine { source_name, found } => AskError::NotAStatus { source_name, found },
            other => other,
        })
    }

    /// Tries until there is an answer, no more tries, or no more time.
    fn persist<T>(&self, until: Instant, mut attempt: impl FnMut(Duration) -> Result<T, Tried>) -> Result<T, AskError> {
        let left = || until.saturating_duration_since(Instant::now());
        let mut pause = self.pause;
        for tried in 0.. {
            if left().is_zero() {
                break;
            }
            let error = match attempt(left()) {
                Ok(answer) => return Ok(answer),
                Err(Tried::Final(error)) => return Err(error),
                Err(Tried::Again(error)) => error,
            };
            if tried >= self.retries || left() <= pause {
                return Err(error);
            }
            thread::sleep(pause);
            pause = pause.saturating_mul(2);
        }
        Err(self.too_slow())
    }

    /// The text without what we log in with, should the engine say it back.
    fn hidden(&self, text: &str) -> String {
        let hide = |text: String, secret: &Secret| text.replace(secret.expose(), "***");
        self.secrets.iter().fold(text.to_owned(), hide)
    }

    fn hidden_in(&self, texts: &[String]) -> Vec<String> {
        texts.iter().map(|text| self.hidden(text)).collect()
    }

    /// Foreign words as they may be shown.
    fn shown(&self, words: &str) -> String {
        plain(&shortened(&self.hidden(words)))
    }

    fn try_once<T>(
        &self,
        endpoint: &str,
        fields: &[(&str, &str)],
        left: Duration,
        read: fn(&[u8]) -> Result<T, NotAnAnswer>,
    ) -> Result<T, Tried> {
        let mut request = self.agent.post(format!("{}/api/v1/{endpoint}", self.base));
        if let Some(headers) = request.headers_mut() {
            headers.extend(self.headers.clone());
        }
        let request = request.config().timeout_global(Some(at_least(left))).build();
        self.read(request.send_form(fields.iter().copied()), read)
    }

    fn read<T>(
        &self,
        sent: Result<Response<Body>, ureq::Error>,
        read: impl Fn(&[u8]) -> Result<T, NotAnAnswer>,
    ) -> Result<T, Tried> {
        let mut response = sent.map_err(|error| self.failed(error))?;
        let status = response.status();
        if status.is_redirection() {
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            return Err(Tried::Final(AskError::Redirected {
                source_name: self.source(),
                to: to.map_or_else(|| "nowhere".to_owned(), |to| self.shown(&without_secrets(to))),
            }));
        }
        let content_type = response.headers().get(CONTENT_TYPE);
        let kind = content_type.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
        let body = whole(response.body_mut(), self.largest).map_err(|error| self.failed(error))?;
        if !status.is_success() {
            return Err(self.refused(status, &body));
        }
        // A part of an answer (206), or what somebody on the way made of it (203), looks like the whole.
        if status != StatusCode::OK {
            return Err(Tried::Final(self.foreign(&format!("status {}", status.as_u16()))));
        }
        if !kind.eq_ignore_ascii_case("application/json") {
            let found = if kind.is_empty() {
                "something without a type".to_owned()
            } else {
                format!("`{}`", self.shown(&kind))
            };
            return Err(Tried::Final(self.foreign(&found)));
        }
        read(&body).map_err(|why| match why {
            NotAnAnswer::Refused(words) => Tried::Final(self.with_words(status, &words)),
            NotAnAnswer::Foreign(found) => Tried::Final(self.foreign(&found)),
        })
    }

    fn failed(&self, error: ureq::Error) -> Tried {
        match error {
            ureq::Error::Timeout(_) => Tried::Final(self.too_slow()),
            ureq::Error::BodyExceedsLimit(most) => Tried::Final(AskError::TooLarge {
                source_name: self.source(),
                most,
            }),
            other => Tried::Again(AskError::Unreachable {
                source_name: self.source(),
                reason: self.hidden(&reason(&other)),
            }),
        }
    }

    fn refused(&self, status: StatusCode, body: &[u8]) -> Tried {
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Tried::Final(AskError::Forbidden {
                source_name: self.source(),
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
            source_name: self.source(),
            status: status.as_u16(),
            words: self.shown(words),
        }
    }

    fn foreign(&self, found: &str) -> AskError {
        AskError::NotAnEngine {
            source_name: self.source(),
            found: self.hidden(found),
        }
    }

    fn too_slow(&self) -> AskError {
        AskError::TooSlow {
            source_name: self.source(),
            within: self.within,
        }
    }
}

/// A timeout of zero would be none.
fn at_least(left: Duration) -> Duration {
    left.max(Duration::from_millis(1))
}

/// Why nothing came, and what to do about it where that is known.
fn reason(error: &ureq::Error) -> String {
    let words = error.to_string();
    // It comes as an error of reading, with the reason in its words alone.
    if words.contains("UnknownIssuer") {
        return "its certificate is signed by nobody known; name the CA's by --ca-file".to_owned();
    }
    plain(&shortened(&words))
}

/// What a refusal says: in the API's format, else its first line.
fn words(body: &[u8]) -> String {
    reply::words_of_error(body).unwrap_or_else(|| {
        let text = String::from_utf8_lossy(body);
        text.lines().next().unwrap_or_default().trim().to_owned()
    })
}

/// Enough to recognise it.
fn shortened(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

const WITHIN: Duration = Duration::from_secs(10);
const RETRIES: u32 = 2;
const PAUSE: Duration = Duration::from_millis(200);
/// A gate's answers have a few hundred bytes; ten thousand series are some 5 MB.
const LARGEST_ANSWER: u64 = 8_000_000;
