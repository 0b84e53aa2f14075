//! The response future.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use slo_core::{Ending, Override, Uncounted};

use crate::body::TrackedBody;
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
    B: Body,
{
    type Output = Result<Response<TrackedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(InFlight::while_polling(this.in_flight, || this.inner.poll(cx)));
        let mut in_flight = this.in_flight.take();
        if let Some(request) = &mut in_flight {
            match &result {
                Ok(response) => {
                    request.answered(response);
                    request.overruled(response.extensions().get::<Override>().copied());
                    if response.extensions().get::<Uncounted>().is_some() {
                        request.uncounted();
                    }
                }
                Err(_) => request.end(Ending::ServiceError),
            }
        }
        Poll::Ready(result.map(|response| TrackedBody::wrap(response, in_flight)))
    }
}
