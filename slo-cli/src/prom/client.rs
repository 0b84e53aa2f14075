//! The client: one deadline for all tries of a query, and no redirects.
//!
//! As with other command-line tools, `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` are honoured.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use ureq::http::header::HeaderMap;
use ureq::{Agent, RequestBuilder};

use super::answer::Answers;
use super::reply::{self, NotAnAnswer};
use super::retries::{Retries, Tried};
use super::{Answered, Ask, AskError, History, Stretch};
use crate::web::{Fetch, Page, with_headers};

/// An engine that can be asked.
#[derive(Debug)]
pub struct Engine {
    pub(super) agent: Agent,
    pub(super) headers: HeaderMap,
    pub(super) retries: Retries,
    /// Its source is what stands before `/api/v1`, without a slash at its end.
    pub(super) answers: Answers,
}

/// An engine whose time is shared by several questions, from when this was made.
#[derive(Debug)]
#[must_use]
pub struct Hurried<'a> {
    engine: &'a Engine,
    until: Instant,
}

impl Ask for Engine {
    fn instant(&self, query: &str, at: Option<DateTime<Utc>>) -> Result<Answered, AskError> {
        self.altogether().instant(query, at)
    }

    fn range(&self, query: &str, stretch: Stretch) -> Result<History, AskError> {
        self.altogether().range(query, stretch)
    }

    fn source(&self) -> String {
        self.answers.source.clone()
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
            doubts: engine.answers.secrets.hidden_in(&answered.doubts),
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
            doubts: engine.answers.secrets.hidden_in(&history.doubts),
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
        let request = self.agent.get(format!("{}{path}", self.answers.source));
        let response = self.let_in(request, self.answers.within).call();
        response
            .and_then(Page::of)
            .map_err(|error| match self.answers.failed(error) {
                Tried::Again(error) | Tried::Final(error) => error.to_string(),
            })
    }
}

impl Engine {
    /// The same with the time of one question for all that are asked of it.
    pub fn altogether(&self) -> Hurried<'_> {
        Hurried {
            engine: self,
            until: Instant::now() + self.answers.within,
        }
    }

    /// What stands at the address itself, which is no engine then: JSON that `read` takes, or that it says it is not.
    pub(crate) fn page<T>(&self, read: impl Fn(&[u8]) -> Result<T, String>) -> Result<T, AskError> {
        let read = &|body: &[u8]| read(body).map_err(NotAnAnswer::Foreign);
        let page = self.persist(Instant::now() + self.answers.within, |left| {
            let request = self.agent.get(&self.answers.source);
            self.answers.read(self.let_in(request, left).call(), read)
        });
        page.map_err(|error| match error {
            AskError::NotAnEngine { source_name, found } => AskError::NotAStatus { source_name, found },
            other => other,
        })
    }

    fn try_once<T>(
        &self,
        endpoint: &str,
        fields: &[(&str, &str)],
        left: Duration,
        read: fn(&[u8]) -> Result<T, NotAnAnswer>,
    ) -> Result<T, Tried> {
        let request = self.agent.post(format!("{}/api/v1/{endpoint}", self.answers.source));
        let sent = self.let_in(request, left).send_form(fields.iter().copied());
        self.answers.read(sent, read)
    }

    fn persist<T>(&self, until: Instant, attempt: impl FnMut(Duration) -> Result<T, Tried>) -> Result<T, AskError> {
        let answer = self.retries.persist(until, attempt);
        answer.unwrap_or_else(|| Err(self.answers.too_slow()))
    }

    /// A request with what lets us in, for so long.
    fn let_in<B>(&self, request: RequestBuilder<B>, left: Duration) -> RequestBuilder<B> {
        // A timeout of zero would be none.
        let left = left.max(Duration::from_millis(1));
        let request = with_headers(request, &self.headers);
        request.config().timeout_global(Some(left)).build()
    }
}

/// To milliseconds, all that Prometheus knows; rounded down.
fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
