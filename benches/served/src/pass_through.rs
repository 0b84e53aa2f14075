//! What axum itself charges for a layer.

use std::task::{Context, Poll};

use tower::{Layer, Service};

/// A layer that does nothing.
#[derive(Clone, Copy, Debug)]
pub struct PassThrough;

impl<S> Layer<S> for PassThrough {
    type Service = PassThroughService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        PassThroughService(inner)
    }
}

/// What [`PassThrough`] makes of a service.
#[derive(Clone, Debug)]
pub struct PassThroughService<S>(S);

impl<S: Service<R>, R> Service<R> for PassThroughService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.0.call(request)
    }
}
