//! What a prober sees of a router.

use std::error::Error;

use axum::{Router, body::Body, response::Response};
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use tower::ServiceExt;

/// Everything a prober can see, headers sorted by name.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn new(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let headers = headers
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Self {
            status,
            headers,
            body: body.to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

pub(crate) async fn send(app: &Router, method: Method, path: &str) -> Result<Response, Box<dyn Error + Send + Sync>> {
    let request = Request::builder().method(method).uri(path).body(Body::empty())?;
    Ok(app.clone().oneshot(request).await?)
}

pub(crate) async fn see(app: &Router, method: Method, path: &str) -> Result<Seen, Box<dyn Error + Send + Sync>> {
    read(send(app, method, path).await?).await
}

/// One GET with these headers.
pub(crate) async fn see_with(
    app: &Router,
    path: &str,
    headers: HeaderMap,
) -> Result<Seen, Box<dyn Error + Send + Sync>> {
    let mut request = Request::get(path).body(Body::empty())?;
    *request.headers_mut() = headers;
    read(app.clone().oneshot(request).await?).await
}

pub(crate) async fn read(response: Response) -> Result<Seen, Box<dyn Error + Send + Sync>> {
    let (parts, body) = response.into_parts();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut headers: Vec<_> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
        .collect();
    headers.sort();
    Ok(Seen {
        status: parts.status.as_u16(),
        headers,
        body: text(&body.collect().await?.to_bytes()),
    })
}
