//! The least that a layer does which times each request to its head and sees how its body ends.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use http_body::{Frame, SizeHint};
use tower::{Layer, Service};

/// A layer that reads the clock twice, boxes the body and tells how long the head took when the body is at its end; it
/// looks at nothing else, and tells nothing of requests that end otherwise.
#[derive(Debug)]
pub struct Floor<R>(Arc<R>);

impl<R: Fn(Duration)> Floor<R> {
    /// Tells this closure.
    pub fn new(record: R) -> Self {
        Self(Arc::new(record))
    }
}

impl<R> Clone for Floor<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S, R> Layer<S> for Floor<R> {
    type Service = FloorService<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        FloorService(inner, self.clone())
    }
}

/// What [`Floor`] makes of a service.
#[derive(Debug)]
pub struct FloorService<S, R>(S, Floor<R>);

impl<S: Clone, R> Clone for FloorService<S, R> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), self.1.clone())
    }
}

impl<S, R> Service<Request> for FloorService<S, R>
where
    S: Service<Request, Response = Response>,
    S::Future: Unpin,
    R: Fn(Duration) + Send + Sync + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = FloorFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (floor, begun) = (self.1.clone(), Instant::now());
        FloorFuture {
            inner: self.0.call(request),
            floor: Some(floor),
            begun,
        }
    }
}

/// The future of a [`FloorService`].
#[derive(Debug)]
pub struct FloorFuture<F, R> {
    inner: F,
    floor: Option<Floor<R>>,
    begun: Instant,
}

impl<F, E, R> Future for FloorFuture<F, R>
where
    F: Future<Output = Result<Response, E>> + Unpin,
    R: Fn(Duration) + Send + Sync + 'static,
{
    type Output = Result<Response, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(Pin::new(&mut self.inner).poll(cx))?;
        let (floor, took) = (self.floor.take(), self.begun.elapsed());
        Poll::Ready(Ok(response.map(|inner| Body::new(Watched { inner, floor, took }))))
    }
}

struct Watched<R> {
    inner: Body,
    floor: Option<Floor<R>>,
    took: Duration,
}

impl<R: Fn(Duration)> HttpBody for Watched<R> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if frame.is_none() || self.inner.is_end_stream() {
            if let Some(floor) = self.floor.take() {
                (floor.0)(self.took);
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
