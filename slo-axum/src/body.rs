//! The response body, watched to its end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use bytes::Buf;
use http::Response;
use http_body::{Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
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
            // Boxed as `Body` boxes it, which takes it as it is: what `Body::new` boxes itself it wraps once more.
            Body::new(UnsyncBoxBody::new(TrackedBody {
                inner,
                in_flight: in_flight.take(),
                expected,
            }))
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

impl<B> HttpBody for TrackedBody<B>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let mut this = self.project();
        let polled = InFlight::while_asking(this.in_flight, || this.inner.as_mut().poll_frame(cx));
        let frame = match ready!(polled) {
            None => {
                complete(this.in_flight);
                return Poll::Ready(None);
            }
            Some(Err(error)) => {
                if let Some(mut request) = this.in_flight.take() {
                    request.end(Ending::BodyError);
                }
                return Poll::Ready(Some(Err(axum_error(error))));
            }
            Some(Ok(frame)) => frame,
        };
        if let Some(request) = &mut *this.in_flight {
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
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An error of a body as axum's, which that of an axum body is already.
#[cold]
fn axum_error(error: impl Into<BoxError>) -> axum::Error {
    let known = error.into().downcast::<axum::Error>();
    known.map_or_else(axum::Error::new, |known| *known)
}

/// Ends the request as answered and records it, where it lies.
#[inline]
fn complete(in_flight: &mut Option<InFlight>) {
    if let Some(request) = in_flight {
        request.complete();
        *in_flight = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_body_is_wrapped_once() {
        let gone = || std::io::Error::other("the disk is gone");
        for error in [axum_error(gone()), axum_error(axum::Error::new(gone()))] {
            assert!(error.into_inner().is::<std::io::Error>());
        }
    }
}
