//! The HTTP client: blocking, explicit, so that no other crate's features can swap it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};

/// More than any collector answers to a push.
const MAX_ANSWER_BYTES: u64 = 4 * 1024 * 1024;

/// Sends a push and remembers why it could not: the exporter around it drops the reason.
#[derive(Clone, Debug)]
pub(super) struct BlockingClient {
    agent: ureq::Agent,
    timeout: Duration,
    refusal: Arc<Mutex<Option<String>>>,
}

impl BlockingClient {
    /// A client whose every call ends within `timeout`, from look-up to the last byte of the answer.
    pub(super) fn new(timeout: Duration) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            // A redirect could carry the headers, and with them a token, elsewhere.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // A push a minute gains nothing from a kept connection, and may meet one that the collector has closed.
            .max_idle_connections(0)
            // Else any of ALL_PROXY, HTTPS_PROXY and HTTP_PROXY would take a push meant for a collector nearby elsewhere.
            .proxy(None)
            .user_agent(concat!("slo-axum/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: config.new_agent(),
            timeout,
            refusal: Arc::default(),
        }
    }

    /// Why the last call did not bring a good answer; gone once asked.
    pub(super) fn take_refusal(&self) -> Option<String> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn refuse(&self, reason: String) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
    }

    fn reason(&self, failure: &ureq::Error) -> String {
        match failure {
            // In ureq's words `timeout: global`.
            ureq::Error::Timeout(_) => format!("no answer within {:?}", self.timeout),
            _ => failure.to_string(),
        }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let (parts, body) = request.into_parts();
        let answer = self.agent.run(Request::from_parts(parts, &body[..]))?;
        let (parts, mut body) = answer.into_parts();
        let body = body.with_config().limit(MAX_ANSWER_BYTES).read_to_vec()?;
        Ok(Response::from_parts(parts, body.into()))
    }
}

#[async_trait]
impl HttpClient for BlockingClient {
    // Called on the periodic reader's own thread, where blocking is what is wanted.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self
            .send(request)
            .inspect_err(|failure| self.refuse(self.reason(failure)))?;
        if !answer.status().is_success() {
            self.refuse(format!("the collector answered {}", answer.status()));
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_collector_that_does_not_answer_is_said_to_do_just_that() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = BlockingClient::new(Duration::from_millis(20));
        let request = Request::post(format!("http://{}/", silent.local_addr().unwrap())).body(Bytes::new());
        assert!(client.send_bytes(request.unwrap()).await.is_err());
        assert_eq!(client.take_refusal().as_deref(), Some("no answer within 20ms"));
        assert_eq!(client.take_refusal(), None);
    }
}
