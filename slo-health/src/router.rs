//! The verdict over HTTP: status code, headers, and a body of one word.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    response::Response,
    routing::{any, get},
};
use chrono::{DateTime, Utc};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, LAST_MODIFIED, RETRY_AFTER},
};
use slo_core::{Uncounted, names};

use crate::{
    health::SyntheticHealth,
    report::Report,
    verdict::{State, Verdict},
};

impl SyntheticHealth {
    /// Routes for GET and HEAD: `path` for all checks, and `path/{check}` for each check alone.
    ///
    /// Merge it into the service's own router, outside of authentication, rate limits and load shedding: a 503 or 429
    /// of those is not an answer about the data.
    ///
    /// | state | code | body | `Last-Modified` | `Retry-After` |
    /// | --- | --- | --- | --- | --- |
    /// | fresh | 200 | `{"status":"pass"}` | watermark | |
    /// | warn | 200 | `{"status":"warn"}` | watermark | |
    /// | stale | 503 | `{"status":"fail"}` | watermark | yes |
    /// | empty, invalid | 503 | `{"status":"fail"}` | | yes |
    /// | error | 500 | `{"status":"fail"}` | last watermark known, if any | yes |
    /// | timeout | 504 | `{"status":"fail"}` | last watermark known, if any | yes |
    ///
    /// Every answer has `Slo-Health-Status: <state>`, `Slo-Health-Reason: <check>:<code>` (see
    /// [`Reason`](crate::Reason) for the codes), `Cache-Control: no-store`, and the media type
    /// `application/health+json`. `Last-Modified` is the watermark in whole seconds and never later than now;
    /// `Retry-After` is in whole seconds, at least 1. The body says one word: no names, no error texts. With several
    /// checks, all of this speaks of the [deciding](Report::deciding) one.
    ///
    /// An unknown check is 404 and any other method 405, both without `Slo-Health-Status`: that header is only ever on
    /// a verdict, and tells our 503 from a proxy's. There is no 304, whatever the request's conditions say.
    ///
    /// Every response of these routes, 404 and 405 included, carries the extension [`slo_core::Uncounted`], so that the
    /// request metrics of `slo-axum` leave it out: probes are not the users that request SLIs are about.
    ///
    /// # Panics
    ///
    /// Where axum's [`Router::route`] does: when `path` does not begin with `/` or is no valid route. The root path
    /// `/` works, but then every one-segment path of the service that has no route of its own is an unknown check.
    pub fn router<S>(&self, path: &str) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        let below = path.trim_end_matches('/');
        let router = Router::new().route(path, endpoint(self.clone()));
        // A route per name and not an extractor: nothing to parse, and axum prefers the literal segment.
        let router = self.each().fold(router, |router, (name, alone)| {
            router.route(&format!("{below}/{name}"), endpoint(alone))
        });
        router.route(&format!("{below}/{{check}}"), any(unknown_check))
    }
}

fn endpoint<S>(health: SyntheticHealth) -> axum::routing::MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    // `get` answers HEAD as well: the same evaluation and headers, the body taken off.
    get(async move || respond(&health.report().await)).fallback(method_not_allowed)
}

async fn unknown_check() -> Response {
    plain(StatusCode::NOT_FOUND)
}

async fn method_not_allowed() -> Response {
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static("GET,HEAD"));
    response
}

/// The start of every response of these routes: never stored by a cache, never counted as a request of the service.
fn plain(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response.extensions_mut().insert(Uncounted);
    response
}

fn respond(report: &Report) -> Response {
    let (state, deciding) = (report.state(), report.deciding());
    let mut response = plain(status_code(state));
    *response.body_mut() = Body::from(body(state));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/health+json"));
    headers.insert(SLO_HEALTH_STATUS, HeaderValue::from_static(state.as_str()));
    let mut insert = |name: HeaderName, value: String| {
        // Names of checks and numbers are always valid here; leaving a header out is better than a panic if not.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    insert(
        SLO_HEALTH_REASON,
        format!("{}:{}", deciding.name(), deciding.verdict().reason()),
    );
    if let Some(watermark) = last_modified(deciding.verdict(), report.at()) {
        insert(LAST_MODIFIED, watermark);
    }
    if !state.is_good() {
        insert(
            RETRY_AFTER,
            whole_seconds_up(deciding.next_read_in()).max(1).to_string(),
        );
    }
    response
}

const fn status_code(state: State) -> StatusCode {
    match state {
        State::Fresh | State::Warn => StatusCode::OK,
        State::Stale | State::Empty | State::Invalid => StatusCode::SERVICE_UNAVAILABLE,
        State::Error => StatusCode::INTERNAL_SERVER_ERROR,
        State::Timeout => StatusCode::GATEWAY_TIMEOUT,
    }
}

/// The words are those of draft-inadarei-api-health-check-06, section 3.1: `warn` goes with 2xx, `fail` with 5xx.
const fn body(state: State) -> &'static str {
    match state {
        State::Fresh => r#"{"status":"pass"}"#,
        State::Warn => r#"{"status":"warn"}"#,
        State::Stale | State::Empty | State::Invalid | State::Error | State::Timeout => r#"{"status":"fail"}"#,
    }
}

/// The watermark as an HTTP date, never later than `now` ([RFC 9110, 8.8.2]): a tolerated bit of future is cut off.
///
/// [RFC 9110, 8.8.2]: https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2
fn last_modified(verdict: &Verdict, now: DateTime<Utc>) -> Option<String> {
    match verdict.state() {
        State::Empty | State::Invalid => None,
        State::Fresh | State::Warn | State::Stale | State::Error | State::Timeout => {
            verdict.watermark().and_then(|watermark| http_date(watermark.min(now)))
        }
    }
}

/// An IMF-fixdate, cut to whole seconds; `None` outside the years 0 to 9999, which it cannot express.
fn http_date(instant: DateTime<Utc>) -> Option<String> {
    // Through the timestamp, so that a leap second (`:60` in chrono, which many parsers refuse) reads as `:59`.
    let instant = DateTime::from_timestamp(instant.timestamp(), 0)?;
    let (first, end) = (YEAR_0, YEAR_10000);
    (first..end)
        .contains(&instant.timestamp())
        .then(|| instant.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

const fn whole_seconds_up(duration: Duration) -> u64 {
    duration.as_secs().saturating_add((duration.subsec_nanos() > 0) as u64)
}

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const SLO_HEALTH_STATUS: HeaderName = HeaderName::from_static(names::HEALTH_STATUS_HEADER);
const SLO_HEALTH_REASON: HeaderName = HeaderName::from_static(names::HEALTH_REASON_HEADER);
/// 0000-01-01T00:00:00Z and 10000-01-01T00:00:00Z in Unix seconds.
const YEAR_0: i64 = -62_167_219_200;
const YEAR_10000: i64 = 253_402_300_800;

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn http_dates_are_imf_fixdates_cut_to_whole_seconds() {
        assert_eq!(
            http_date(instant("1994-11-06T08:49:37.999Z")).as_deref(),
            Some("Sun, 06 Nov 1994 08:49:37 GMT") // the example of RFC 9110, 5.6.7
        );
        assert_eq!(
            http_date(instant("1969-12-31T23:59:59.5Z")).as_deref(),
            Some("Wed, 31 Dec 1969 23:59:59 GMT")
        );
        assert_eq!(
            http_date(instant("2016-12-31T23:59:60Z")).as_deref(),
            Some("Sat, 31 Dec 2016 23:59:59 GMT")
        );
    }

    #[test]
    fn years_that_an_http_date_cannot_express_are_left_out() {
        assert!(http_date(instant("9999-12-31T23:59:59Z")).is_some());
        assert!(http_date(instant("0000-01-01T00:00:00Z")).is_some());
        assert_eq!(http_date(instant("+10000-01-01T00:00:00Z")), None);
        assert_eq!(http_date(instant("-0001-12-31T23:59:59Z")), None);
        assert_eq!(http_date(DateTime::<Utc>::MAX_UTC), None);
        assert_eq!(http_date(DateTime::<Utc>::MIN_UTC), None);
    }

    #[test]
    fn a_wait_is_rounded_up_to_whole_seconds() {
        assert_eq!(whole_seconds_up(Duration::ZERO), 0);
        assert_eq!(whole_seconds_up(Duration::from_nanos(1)), 1);
        assert_eq!(whole_seconds_up(Duration::from_secs(2)), 2);
        assert_eq!(whole_seconds_up(Duration::MAX), u64::MAX);
    }
}
