//! A plain HTTP client for servers on this machine.

use std::time::Duration;

use ureq::Agent;
use ureq::http::{Request, Response};

/// No answer came, or not all of it, or not the expected one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{method} {url}: {reason}")]
pub struct HttpError {
    /// The request's method.
    pub method: &'static str,
    /// The address asked.
    pub url: String,
    /// What the client said.
    pub reason: String,
}

impl From<HttpError> for String {
    // Lets `?` pass it up inside `eventually`.
    fn from(error: HttpError) -> Self {
        error.to_string()
    }
}

/// An answer, whatever its status.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The headers by their names in lower case; of values that are not ASCII, nothing.
    pub headers: Vec<(String, String)>,
    /// The body as text; bytes that are not UTF-8 are replaced.
    pub body: String,
}

impl Reply {
    /// The value of the header of this name, in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Turns any status but 200 and 204 into an error.
    ///
    /// # Errors
    ///
    /// [`HttpError`] with the status and the body.
    pub fn accepted(self, method: &'static str, url: &str) -> Result<(), HttpError> {
        match self.status {
            200 | 204 => Ok(()),
            status => {
                let reason = format!("status {status}: {}", self.body.trim_end());
                Err(HttpError {
                    method,
                    url: url.to_owned(),
                    reason,
                })
            }
        }
    }
}

/// A client that follows no proxy settings and gives up after 30 seconds.
#[derive(Clone, Debug)]
pub struct Http {
    agent: Agent,
}

impl Http {
    /// Makes a client.
    #[must_use]
    pub fn new() -> Self {
        Self::waiting(TIMEOUT)
    }

    /// Makes a client that gives up after a time of one's choice, for work that takes a server longer.
    #[must_use]
    pub fn waiting(timeout: Duration) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A proxy from the environment cannot reach our loopback.
            .proxy(None)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            .timeout_global(Some(timeout))
            .build();
        Self { agent: config.into() }
    }

    /// GET.
    ///
    /// # Errors
    ///
    /// [`HttpError`] when no complete answer came; a status like 500 is an answer.
    pub fn get(&self, url: &str) -> Result<Reply, HttpError> {
        read("GET", url, self.agent.get(url).call())
    }

    /// POST of a text.
    ///
    /// # Errors
    ///
    /// As [`Http::get`].
    pub fn post(&self, url: &str, content_type: &str, body: &str) -> Result<Reply, HttpError> {
        read("POST", url, self.agent.post(url).content_type(content_type).send(body))
    }

    /// Any method, with headers; a body, when there is one, is sent as JSON.
    ///
    /// # Errors
    ///
    /// As [`Http::get`]; also for a method or a header that HTTP cannot carry.
    pub fn send(
        &self,
        method: &'static str,
        url: &str,
        headers: &[(&str, &str)],
        json: Option<&str>,
    ) -> Result<Reply, HttpError> {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match json {
            Some(json) => request
                .header("content-type", "application/json")
                .body(json)
                .map_err(ureq::Error::from)
                .and_then(|request| self.agent.run(request)),
            None => request
                .body(())
                .map_err(ureq::Error::from)
                .and_then(|request| self.agent.run(request)),
        };
        read(method, url, answer)
    }

    /// POST of bytes, with headers.
    ///
    /// # Errors
    ///
    /// As [`Http::get`].
    pub fn post_bytes(&self, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Reply, HttpError> {
        let mut request = self.agent.post(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read("POST", url, request.send(body))
    }

    /// POST of a form, every value percent-encoded.
    ///
    /// # Errors
    ///
    /// As [`Http::get`].
    pub fn post_form(&self, url: &str, fields: &[(&str, &str)]) -> Result<Reply, HttpError> {
        read("POST", url, self.agent.post(url).send_form(fields.iter().copied()))
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

fn read(
    method: &'static str,
    url: &str,
    answer: Result<Response<ureq::Body>, ureq::Error>,
) -> Result<Reply, HttpError> {
    let failed = |error: ureq::Error| HttpError {
        method,
        url: url.to_owned(),
        reason: error.to_string(),
    };
    let mut response = answer.map_err(failed)?;
    let bytes = response
        .body_mut()
        .with_config()
        .limit(LARGEST_BODY)
        .read_to_vec()
        .map_err(failed)?;
    let headers = response.headers().iter();
    Ok(Reply {
        status: response.status().as_u16(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
            .collect(),
        body: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

const TIMEOUT: Duration = Duration::from_secs(30);
/// In bytes. Ten thousand series in JSON are some 5 MB.
const LARGEST_BODY: u64 = 256 * 1024 * 1024;
