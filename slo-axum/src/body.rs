//! The response body, watched to its end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use bytes::Buf;
use http::{Response, StatusCode};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use slo_core::Ending;

use crate::in_flight::InFlight;

/// Watches the body of a response whose head is known. Where no body will be sent the request ends at once, and the body
/// is handed on as it is.
pub(crate) fn tracked<B>(response: Response<B>, mut in_flight: Option<InFlight>) -> Response<Body>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let (bodiless, expected) = InFlight::while_asking(&mut in_flight, || (is_bodiless(&response), length(&response)));
    let request = in_flight.as_ref();
    let bodiless = bodiless
        // axum drops the body of an answer to HEAD outside of this layer, the server that of an upgrade.
        || request.is_some_and(|request| request.is_head_request() || request.is_upgrade());
    let expected = expected.filter(|_| !request.is_some_and(InFlight::ends_with_trailers));
    if bodiless || expected == Some(0) {
        complete(&mut in_flight);
    }
    response.map(|inner| match in_flight {
        // `Body::new` of a `Body` is that same one.
        None => Body::new(inner),
        Some(_) => Body::new(TrackedBody {
            inner,
            in_flight,
            expected,
        }),
    })
}

fn is_bodiless<B: HttpBody>(response: &Response<B>) -> bool {
    response.status().is_informational()
        || matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || response.body().is_end_stream()
}

fn length<B: HttpBody>(response: &Response<B>) -> Option<u64> {
    response.body().size_hint().exact().or_else(|| content_length(response))
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
        let frame = ready!(InFlight::while_asking(this.in_flight, || this
            .inner
            .as_mut()
            .poll_frame(cx)));
        match &frame {
            None => complete(this.in_flight),
            Some(Err(_)) => {
                if let Some(mut request) = this.in_flight.take() {
                    request.end(Ending::BodyError);
                }
            }
            Some(Ok(frame)) => {
                if let (Some(trailers), Some(request)) = (frame.trailers_ref(), &mut *this.in_flight) {
                    request.said(trailers);
                }
                let sent = frame.data_ref().map_or(0, |data| data.remaining() as u64);
                *this.expected = this.expected.map(|expected| expected.saturating_sub(sent));
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

/// Ends the request as answered and records it.
fn complete(in_flight: &mut Option<InFlight>) {
    if let Some(mut request) = in_flight.take() {
        request.complete();
    }
}

fn content_length<B>(response: &Response<B>) -> Option<u64> {
    response
        .headers()
        .get(http::header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}
