//! Calls of gRPC: judged by the status in their trailers.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use axum::response::IntoResponse;
use axum::routing::post;
use futures_util::stream;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tower::ServiceExt;

use crate::measured::{Measured, Outcome};

const SLOS: &str = "
version: 1
service: shop
slos:
  - { name: calls, objective: 99%, window: 30d, sli: { http: { routes: [/shop.Shop/Buy], bad: [429] } } }
";

const GRPC: (HeaderName, HeaderValue) = (header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));

fn status(code: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(HeaderName::from_static("grpc-status"), HeaderValue::from_static(code))])
}

/// A message, then these trailers, if any.
fn call(trailers: Option<HeaderMap>) -> axum::response::Response {
    let message = Frame::data(Bytes::from_static(b"\0\0\0\0\0"));
    let frames = [Some(message), trailers.map(Frame::trailers)].into_iter().flatten();
    let body = StreamBody::new(stream::iter(frames.map(Ok::<_, std::convert::Infallible>)));
    (HeaderMap::from_iter([GRPC]), Body::new(body)).into_response()
}

/// The outcomes of `calls`, `error.type` and `rpc.response.status_code` of a call that is answered so.
async fn judged(
    answer: impl Fn() -> axum::response::Response + Clone + Send + Sync + 'static,
) -> Outcome<([u64; 3], String, String)> {
    let measured = Measured::new(SLOS)?;
    let app = Router::new()
        .route("/shop.Shop/Buy", post(async move || answer()))
        .layer(measured.reliability.layer());
    let request = Request::post("/shop.Shop/Buy").body(Body::empty())?;
    let _whole = app.oneshot(request).await?.into_body().collect().await?;
    let series = measured.series()?;
    let said = |key: &str| series.get(key).cloned().unwrap_or_default();
    assert_eq!(said("http.response.status_code"), "200");
    Ok((
        measured.outcomes("calls")?,
        said("error.type"),
        said("rpc.response.status_code"),
    ))
}

const GOOD: [u64; 3] = [1, 0, 0];
const BAD: [u64; 3] = [0, 1, 0];

#[tokio::test]
async fn trailers_tell_how_a_call_ended() -> Outcome {
    for (code, outcomes, error_type, name) in [
        ("0", GOOD, "", "OK"),
        ("5", GOOD, "", "NOT_FOUND"),
        ("13", BAD, "INTERNAL", "INTERNAL"),
        ("14", BAD, "UNAVAILABLE", "UNAVAILABLE"),
        ("8", BAD, "", "RESOURCE_EXHAUSTED"), // the SLO says `bad: [429]`
        ("99", BAD, "UNKNOWN", "UNKNOWN"),
    ] {
        let expected = (outcomes, error_type.to_owned(), name.to_owned());
        assert_eq!(judged(move || call(Some(status(code)))).await?, expected, "{code}");
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_of_headers_only_tells_in_them() -> Outcome {
    let headers_only = || (HeaderMap::from_iter([GRPC]), status("14")).into_response();
    let expected = (BAD, "UNAVAILABLE".to_owned(), "UNAVAILABLE".to_owned());
    assert_eq!(judged(headers_only).await?, expected);
    Ok(())
}

#[tokio::test]
async fn trailers_are_waited_for_where_the_length_is_known() -> Outcome {
    let whole = || {
        let message = http_body_util::Full::new(Bytes::from_static(b"\0\0\0\0\0"));
        let body = message.with_trailers(std::future::ready(Some(Ok(status("0")))));
        (HeaderMap::from_iter([GRPC]), Body::new(body)).into_response()
    };
    assert_eq!(judged(whole).await?, (GOOD, String::new(), "OK".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_status_in_the_headers_stands_when_the_trailers_have_none() -> Outcome {
    let both = || (status("14"), call(Some(HeaderMap::new()))).into_response();
    assert_eq!(judged(both).await?.1, "UNAVAILABLE");
    Ok(())
}

#[tokio::test]
async fn a_call_that_ends_without_a_status_failed() -> Outcome {
    let expected = (BAD, "UNKNOWN".to_owned(), "UNKNOWN".to_owned());
    assert_eq!(judged(|| call(None)).await?, expected);
    Ok(())
}

#[tokio::test]
async fn trailers_of_other_protocols_are_no_status() -> Outcome {
    let plain = || {
        let mut response = call(Some(status("14")));
        response.headers_mut().remove(header::CONTENT_TYPE);
        response
    };
    assert_eq!(judged(plain).await?, (GOOD, String::new(), String::new()));
    Ok(())
}
