//! Who is told how much, and that nobody else is told anything.

use std::time::Duration;

use axum::{Router, body::Body};
use http::{HeaderMap, HeaderValue, Method, Request};
use proptest::prelude::*;
use serde_json::{Value, json};
use slo_health::{Check, Details, Finding, Freshness, ManualClock, SyntheticHealth, SyntheticHealthBuilder};
use tokio::{runtime::Runtime, time::advance};
use tower::ServiceExt;

use crate::{
    common::{CANARY, HOUR, SECOND, Shows, Source, noon},
    http::PATH,
    seen::{Seen, read, see, see_with},
};

/// Names to whoever says so, everything to whoever knows the word.
fn granting(builder: SyntheticHealthBuilder) -> SyntheticHealthBuilder {
    let has = |name: &'static str, value: &'static str| {
        move |request: &http::request::Parts| request.headers.get(name).is_some_and(|given| given == value)
    };
    builder
        .details_when(Details::Full, has("x-word", "open sesame"))
        .details_when(Details::Names, has("x-names", "yes"))
}

fn headers(name: &'static str, value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(http::HeaderName::from_static(name), HeaderValue::from_static(value))])
}

fn json(seen: &Seen) -> Value {
    serde_json::from_str(&seen.body).unwrap_or_default()
}

async fn told(app: &Router, headers: HeaderMap) -> Value {
    see_with(app, PATH, headers)
        .await
        .map_or(Value::Null, |seen| json(&seen))
}

#[tokio::test(start_paused = true)]
async fn each_request_is_told_the_most_that_is_granted_to_it() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon() - HOUR / 2)));
    let rates = Source::new(Shows::Fails);
    let app: Router = granting(source.builder(&clock))
        .advisory("fx", Freshness::within(HOUR), move || rates.clone().read())
        .with(Check::custom("replicas", async || Ok::<_, String>(Finding::stale())))
        .build()
        .unwrap()
        .router(PATH);

    assert_eq!(told(&app, HeaderMap::new()).await, json!({"status": "fail"}));
    assert_eq!(told(&app, headers("x-word", "guess")).await, json!({"status": "fail"}));
    let names = json!({
        "status": "fail",
        "checks": {
            "sales:age": [{"status": "pass", "state": "fresh", "reason": "within_limit"}],
            "fx:age": [{"status": "warn", "state": "error", "reason": "check_failed", "advisory": true,
                "lastRead": "error"}],
            "replicas:state": [{"status": "fail", "state": "stale", "reason": "as_reported"}],
        }
    });
    assert_eq!(told(&app, headers("x-names", "yes")).await, names);

    let mut both = headers("x-names", "yes");
    both.extend(headers("x-word", "open sesame"));
    let full = json!({
        "status": "fail",
        "checks": {
            "sales:age": [{"status": "pass", "state": "fresh", "reason": "within_limit", "signal": "age",
                "explanation": "fresh: the newest event is 30 min old and may be 1 h old",
                "nextChange": "2026-03-01T12:30:00.000000001Z", "observedValue": 1800.0, "observedUnit": "s", "time": "2026-03-01T12:00:00Z",
                "watermark": "2026-03-01T11:30:00Z", "limit": 3600.0, "proofUntil": "2026-03-01T12:30:00Z"}],
            "fx:age": [{"status": "warn", "state": "error", "reason": "check_failed", "advisory": true,
                "explanation": "error: the check failed, so nothing is known about the data",
                "lastRead": "error", "limit": 3600.0, "output": format!("could not connect to {CANARY}")}],
            "replicas:state": [{"status": "fail", "state": "stale", "reason": "as_reported",
                "explanation": "stale: the check says so itself", "time": "2026-03-01T12:00:00Z"}],
        }
    });
    assert_eq!(told(&app, both).await, full);
}

#[cfg(feature = "calendar")]
#[tokio::test(start_paused = true)]
async fn a_missed_batch_in_a_quiet_time_says_which_one_and_that_it_is_quiet() {
    use std::convert::Infallible;

    use chrono::{DateTime, Utc};
    use slo_health::{BusinessDays, QuietWindow};

    let six = chrono::NaiveTime::from_hms_opt(6, 0, 0).unwrap();
    let policy = Freshness::by_deadline(six, "Asia/Seoul".parse().unwrap())
        .on(BusinessDays::monday_to_friday())
        .quiet(QuietWindow::between(noon() - HOUR, noon() + HOUR));
    // noon() is a Sunday: Friday's batch, of which Thursday's stands in, was missed.
    let thursday: DateTime<Utc> = "2026-02-26T00:00:00Z".parse().unwrap();
    let health = SyntheticHealth::builder()
        .clock(ManualClock::new(noon()))
        .check("ledger", policy, move || async move {
            Ok::<_, Infallible>(thursday - 4 * HOUR)
        })
        .details_when(Details::Full, |_| true)
        .build()
        .unwrap();
    let entry = told(&health.router(PATH), HeaderMap::new()).await["checks"]["ledger:age"][0].clone();
    let said = ["state", "reason", "quiet", "cycle", "deadline"].map(|key| entry[key].clone());
    assert_eq!(
        said,
        [
            json!("stale"),
            json!("missed_deadline"),
            json!(true),
            json!("2026-02-27"),
            json!("2026-02-26T21:00:00Z")
        ],
        "{entry}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_proof_that_stands_in_for_a_failed_read_is_visible_in_the_details() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let app: Router = granting(source.builder(&clock)).build().unwrap().router(PATH);
    assert_eq!(see(&app, Method::GET, PATH).await.unwrap().status, 200);
    source.show(Shows::Fails);
    advance(60 * SECOND).await;
    let entry = &told(&app, headers("x-word", "open sesame")).await["checks"]["sales:age"][0];
    assert_eq!(
        (&entry["state"], &entry["lastRead"]),
        (&json!("fresh"), &json!("error"))
    );
    assert_eq!(
        entry["time"],
        json!("2026-03-01T12:00:00Z"),
        "when it was seen, not when it failed"
    );
    assert_eq!(entry["output"], json!(format!("could not connect to {CANARY}")));
    let names = told(&app, headers("x-names", "yes")).await;
    assert_eq!(names["checks"]["sales:age"][0]["lastRead"], json!("error"));
    assert!(!names.to_string().contains("canary"));
}

#[tokio::test(start_paused = true)]
async fn details_change_no_header_but_the_length() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Fails));
    let app: Router = granting(source.builder(&clock)).build().unwrap().router(PATH);
    let [plain, full] =
        [HeaderMap::new(), headers("x-word", "open sesame")].map(|headers| see_with(&app, PATH, headers));
    let but_length = |seen: Seen| {
        seen.headers
            .into_iter()
            .filter(|(name, _)| name != "content-length")
            .collect::<Vec<_>>()
    };
    assert_eq!(but_length(plain.await.unwrap()), but_length(full.await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_panic_says_nothing_even_in_full() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Panics));
    let app: Router = granting(source.builder(&clock)).build().unwrap().router(PATH);
    let full = told(&app, headers("x-word", "open sesame")).await;
    assert_eq!(full["checks"]["sales:age"][0]["reason"], json!("check_panicked"));
    assert!(!full.to_string().contains("canary"), "{full}");
}

#[tokio::test(start_paused = true)]
async fn a_predicate_that_panics_grants_nothing_and_hides_no_verdict() {
    let (clock, source) = (ManualClock::new(noon()), Source::new(Shows::Fails));
    let app: Router = source
        .builder(&clock)
        .details_when(Details::Full, |_| panic!("no header"))
        .details_when(Details::Names, |_| true)
        .build()
        .unwrap()
        .router(PATH);
    let seen = see(&app, Method::GET, PATH).await.unwrap();
    assert_eq!((seen.status, seen.header("slo-health-status")), (500, Some("error")));
    let checks = &json(&seen)["checks"];
    assert_eq!(checks["sales:age"][0].get("output"), None);
    assert_eq!(checks["sales:age"][0]["state"], json!("error"));
}

fn request() -> impl Strategy<Value = (Method, String, Vec<(&'static str, String)>)> {
    let method = prop_oneof![
        4 => Just(Method::GET),
        2 => Just(Method::HEAD),
        1 => Just(Method::POST),
        1 => Just(Method::OPTIONS),
        1 => Just(Method::TRACE),
    ];
    let tail = prop_oneof![
        3 => Just(String::new()),
        2 => Just("/sales".to_owned()),
        1 => Just("/nobody".to_owned()),
        1 => Just("/canary-hunter2".to_owned()),
        1 => "/[a-z%0-9]{1,8}",
    ];
    let query = prop_oneof![
        Just(String::new()),
        Just("?verbose".to_owned()),
        Just("?full=1&details=full&x-word=open%20sesame".to_owned()),
        "\\?[a-z=&]{0,12}",
    ];
    let name = prop::sample::select(&["x-word", "x-names", "accept", "authorization", "range", "if-none-match"][..]);
    let value = prop_oneof![
        Just("yes".to_owned()),
        Just("Open Sesame".to_owned()),
        Just("canary-hunter2".to_owned()),
        "[ -~]{0,12}",
    ];
    let path = (tail, query).prop_map(|(tail, query)| format!("{PATH}{tail}{query}"));
    (method, path, prop::collection::vec((name, value), 0..4))
}

proptest! {
    // What a driver says, and what a caller says, comes back to nobody: in no header, no body, no refusal.
    #[test]
    fn a_secret_in_an_error_never_leaves_without_the_word((method, path, given) in request(), panics: bool) {
        let runtime = Runtime::new().unwrap();
        let source = Source::new(if panics { Shows::Panics } else { Shows::Fails });
        let builder = granting(source.builder(&ManualClock::new(noon()))).min_interval(Duration::ZERO);
        let app: Router = builder.build().unwrap().router(PATH);
        let Ok(mut request) = Request::builder().method(method).uri(path).body(Body::empty()) else {
            return Ok(()); // no such request can be sent
        };
        for (name, value) in given {
            if let Ok(value) = HeaderValue::try_from(value) {
                request.headers_mut().append(name, value);
            }
        }
        let knows_the_word = request.headers().get("x-word").is_some_and(|word| word == "open sesame");
        prop_assume!(!knows_the_word);
        let seen = runtime.block_on(async { read(app.oneshot(request).await.unwrap()).await.unwrap() });
        let everything = format!("{seen:?}");
        for secret in ["canary", "hunter2", "postgres", "could not connect"] {
            prop_assert!(!everything.contains(secret), "{everything}");
        }
        prop_assert!(seen.header("cache-control") == Some("no-store"));
    }
}

#[test]
fn a_builder_shows_who_may_ask_for_what_and_no_closures() {
    let shown = format!("{:?}", granting(SyntheticHealth::builder()));
    assert!(shown.contains("[Full, Names]"), "{shown}");
}
