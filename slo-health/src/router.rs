//! The verdict over HTTP: status code, headers, and a body of one word unless more is granted.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::Response,
    routing::{any, get},
};
use chrono::{DateTime, Utc};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, DATE, LAST_MODIFIED, RETRY_AFTER},
};
use slo_core::{Uncounted, names};

use crate::{
    body::body,
    details::Details,
    health::SyntheticHealth,
    http_date::http_date,
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
    /// The codes are the default of [`StatusCodes`](crate::StatusCodes). Every answer has `Slo-Health-Status: <state>`,
    /// `Slo-Health-Reason: <check>:<code>` (see [`Reason`](crate::Reason) for the codes), `Cache-Control: no-store`, and
    /// the media type `application/health+json`. `Last-Modified` is the watermark in whole seconds and never later than
    /// the answer's own `Date`; `Retry-After` is in whole seconds, at least 1. With several checks, all of this speaks of
    /// the [deciding](Report::deciding) one.
    ///
    /// A good answer has `Slo-Health-Check: error` or `timeout` as well when the last read of some check failed, and its
    /// data is proven to be good by what was seen before ([`Report::hidden_failure`]).
    ///
    /// The body says one word: no names, no error texts. Where
    /// [`details_when`](crate::SyntheticHealthBuilder::details_when) grants more, `checks` says it of each check, in the
    /// format of draft-inadarei-api-health-check-06:
    ///
    /// ```json
    /// {
    ///   "status": "fail",
    ///   "checks": {
    ///     "transactions:age": [
    ///       {
    ///         "status": "fail", "state": "error", "reason": "check_failed", "lastRead": "error",
    ///         "observedValue": 5400.0, "observedUnit": "s", "time": "2026-03-01T12:00:00Z",
    ///         "watermark": "2026-03-01T11:00:00Z", "limit": 3600.0, "output": "connection refused"
    ///       }
    ///     ]
    ///   }
    /// }
    /// ```
    ///
    /// `status` to `lastRead` (and `advisory`) come with [`Details::Names`], the rest with [`Details::Full`]. `time` is
    /// when the data was last seen; `lastRead` is there when a later read failed.
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
    get(async move |request: Request| {
        let granted = health.grants(&request.into_parts().0);
        respond(&health.report().await, &health, granted)
    })
    .fallback(method_not_allowed)
}

async fn unknown_check() -> Response {
    plain(StatusCode::NOT_FOUND)
}

pub(crate) async fn method_not_allowed() -> Response {
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static("GET,HEAD"));
    response
}

/// The start of every response of this crate: never stored by a cache, never counted as a request of the service.
pub(crate) fn plain(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    // Room for all that follow, and for the length that axum adds.
    *response.headers_mut() = HeaderMap::with_capacity(10);
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response.extensions_mut().insert(Uncounted);
    response
}

pub(crate) fn health_json(mut response: Response, body: Body) -> Response {
    *response.body_mut() = body;
    response.headers_mut().insert(CONTENT_TYPE, HEALTH_JSON);
    response
}

fn respond(report: &Report, health: &SyntheticHealth, granted: Option<Details>) -> Response {
    let (state, deciding) = (report.state(), report.deciding());
    let mut response = health_json(plain(health.codes().of(state)), body(report, granted));
    let headers = response.headers_mut();
    headers.insert(SLO_HEALTH_STATUS, HeaderValue::from_static(state.as_str()));
    if let Some(failure) = report.hidden_failure().filter(|_| state.is_good()) {
        headers.insert(SLO_HEALTH_CHECK, HeaderValue::from_static(failure.state().as_str()));
    }
    let reason = [deciding.name(), ":", deciding.verdict().reason().as_str()].concat();
    let watermark = last_modified(deciding.verdict(), report.at());
    let wait = (!state.is_good()).then(|| whole_seconds_up(deciding.next_read_in()).max(1));
    let rest = [
        // Names of checks are always valid here; leaving a header out is better than a panic if one is not.
        (SLO_HEALTH_REASON, HeaderValue::try_from(reason).ok()),
        // Ours and not the server's, so that `Last-Modified` is never later: one reading of one clock.
        (DATE, http_date(report.at())),
        (LAST_MODIFIED, watermark),
        (RETRY_AFTER, wait.map(HeaderValue::from)),
    ];
    for (name, value) in rest {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    response
}

/// The watermark as an HTTP date, never later than `now` ([RFC 9110, 8.8.2]): a tolerated bit of future is cut off.
///
/// [RFC 9110, 8.8.2]: https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2
fn last_modified(verdict: &Verdict, now: DateTime<Utc>) -> Option<HeaderValue> {
    match verdict.state() {
        State::Empty | State::Invalid => None,
        State::Fresh | State::Warn | State::Stale | State::Error | State::Timeout => {
            verdict.watermark().and_then(|watermark| http_date(watermark.min(now)))
        }
    }
}

const fn whole_seconds_up(duration: Duration) -> u64 {
    duration.as_secs().saturating_add((duration.subsec_nanos() > 0) as u64)
}

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const HEALTH_JSON: HeaderValue = HeaderValue::from_static("application/health+json");
const SLO_HEALTH_STATUS: HeaderName = HeaderName::from_static(names::HEALTH_STATUS_HEADER);
const SLO_HEALTH_REASON: HeaderName = HeaderName::from_static(names::HEALTH_REASON_HEADER);
/// How reads fail that a good verdict is proven without.
const SLO_HEALTH_CHECK: HeaderName = HeaderName::from_static("slo-health-check");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up_to_whole_seconds() {
        assert_eq!(whole_seconds_up(Duration::ZERO), 0);
        assert_eq!(whole_seconds_up(Duration::from_nanos(1)), 1);
        assert_eq!(whole_seconds_up(Duration::from_secs(2)), 2);
        assert_eq!(whole_seconds_up(Duration::MAX), u64::MAX);
    }
}
