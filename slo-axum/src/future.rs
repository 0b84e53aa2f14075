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
        let result = ready!(InFlight::while_polling(this.in_flight, || this.inner.poll(cx)));
        let mut in_flight = this.in_flight.take();
        if let Some(request) = &mut in_flight {
            match &result {
                Ok(response) => request.answered(response),
                Err(error) => request.failed(error),
            }
        }
        Poll::Ready(result.map(|response| tracked(response, in_flight)))
    }
}
