//! The middleware service.

use std::sync::Arc;
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use http::{Request, Response};
use tower_service::Service;

use crate::future::ResponseFuture;
use crate::in_flight::InFlight;
use crate::mark::is_inside;
use crate::shared::Held;

/// What [`SloLayer`](crate::SloLayer) makes of a service.
#[derive(Clone, Debug)]
pub struct SloService<S> {
    inner: S,
    shared: Arc<Held>,
}

impl<S> SloService<S> {
    pub(crate) fn new(inner: S, shared: Arc<Held>) -> Self {
        Self { inner, shared }
    }

    /// The service inside.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service inside.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service inside, without the middleware.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for SloService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error: 'static>,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        // Inside another layer of the same `Reliability` the request is counted already.
        let is_first = !is_inside(self.shared.number);
        // Before the inner call: a panic in it is an ending, too.
        let mut in_flight = is_first.then(|| InFlight::new(&self.shared, &request));
        let polling = InFlight::polling(&mut in_flight);
        let inner = self.inner.call(request);
        polling.returned();
        ResponseFuture::new(inner, in_flight)
    }
}
