//! The response body, watched to its end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use bytes::Buf;
use http::Response;
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use slo_core::Ending;

use crate::in_flight::InFlight;

/// Watches the body of a response whose head is known. Where no body will be sent the request ends at once, and the body
/// is handed on as it is.
#[inline]
pub(crate) fn tracked<B>(response: Response<B>, in_flight: &mut Option<InFlight>) -> Response<Body>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let rest = in_flight
        .as_mut()
        .map_or(Rest::Nothing, |request| request.answered(&response));
    match rest {
        Rest::Nothing => {
            complete(in_flight);
            // `Body::new` of a `Body` is that same one.
            response.map(Body::new)
        }
        Rest::Body { expected } => response.map(|inner| {
            Body::new(TrackedBody {
                inner,
                in_flight: in_flight.take(),
                expected,
            })
        }),
    }
}

/// What is still to be sent when the head is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Rest {
    /// Nothing: the response is complete.
    Nothing,
    /// So many bytes, where their number is known.
    Body { expected: Option<u64> },
}

pin_project! {
    /// A response body that reports how it ended: complete, with an error, or dropped before its end.
    #[derive(Debug)]
    struct TrackedBody<B> {
        #[pin]
        inner: B,
        in_flight: Option<InFlight>,
        // Bytes still to come, where the length is known: the server stops polling there, before the end of stream.
        expected: Option<u64>,
    }
}

impl<B: HttpBody> HttpBody for TrackedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let mut this = self.project();
        let polled = InFlight::while_asking(this.in_flight, || this.inner.as_mut().poll_frame(cx));
        let frame = ready!(polled);
        let Some(request) = &mut *this.in_flight else {
            return Poll::Ready(frame);
        };
        match &frame {
            None => complete(this.in_flight),
            Some(Err(_)) => {
                request.end(Ending::BodyError);
                *this.in_flight = None;
            }
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    let sent = data.remaining() as u64;
                    *this.expected = this.expected.map(|expected| expected.saturating_sub(sent));
                } else if let Some(trailers) = frame.trailers_ref() {
                    request.said(trailers);
                }
                let is_end = || this.inner.is_end_stream();
                if *this.expected == Some(0) || InFlight::while_asking(this.in_flight, is_end) {
                    complete(this.in_flight);
                }
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

/// Ends the request as answered and records it, where it lies.
#[inline]
fn complete(in_flight: &mut Option<InFlight>) {
    if let Some(request) = in_flight {
        request.complete();
        *in_flight = None;
    }
}
