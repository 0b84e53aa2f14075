//! The response future.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use http::Response;
use pin_project_lite::pin_project;

use crate::body::tracked;
use crate::in_flight::InFlight;

pin_project! {
    /// The future of [`SloService`](crate::SloService).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        in_flight: Option<InFlight>,
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(inner: F, in_flight: Option<InFlight>) -> Self {
        Self { inner, in_flight }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    E: 'static,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polling = InFlight::polling(this.in_flight);
        let polled = this.inner.poll(cx);
        polling.returned();
        Poll::Ready(match ready!(polled) {
            Ok(response) => Ok(tracked(response, this.in_flight)),
            Err(error) => {
                if let Some(mut request) = this.in_flight.take() {
                    request.failed(&error);
                }
                Err(error)
            }
        })
    }
}
