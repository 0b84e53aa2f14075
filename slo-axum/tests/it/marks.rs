//! Routes that the program marks: what a spec cannot know.

use std::future::pending;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use futures_util::stream;
use http_body_util::BodyExt;
use slo_axum::{Mark, MarkError};
use tower::ServiceExt;

use crate::measured::{Measured, Outcome};

const SLOS: &str = "
version: 1
service: shop
slos:
  - { name: exports, objective: 99%, window: 30d, sli: { http: { routes: marked, methods: [GET, POST] } } }
  - { name: browse, objective: 99%, window: 30d, sli: { http: { routes: [/listings] } } }
  - { name: whole, objective: 99%, window: 30d, sli: { http: { routes: [/file], faster_than: 60m, until: body } } }
  - { name: files, objective: 99%, window: 30d, sli: { http: { routes: marked, faster_than: 60m, until: body } } }
  - { name: quick, objective: 99%, window: 30d, sli: { http: { routes: marked, faster_than: 1ms } } }
  - { name: mails, objective: 99%, window: 30d, sli: { events: { of: mails } } }
";

const GOOD: [u64; 3] = [1, 0, 0];
const BAD: [u64; 3] = [0, 1, 0];
const EXCLUDED: [u64; 3] = [0, 0, 1];
const NONE: [u64; 3] = [0; 3];

/// One route with this mark, for three methods.
fn marked(measured: &Measured, mark: Mark) -> Router {
    let methods = get(async || "a,b")
        .post(async || StatusCode::BAD_GATEWAY)
        .put(async || "")
        .layer(mark);
    Router::new()
        .route("/export.csv", methods)
        .route("/listings", get(async || "[]"))
        .layer(measured.reliability.layer())
}

async fn ask(app: Router, method: &str, path: &str) -> Outcome {
    let request = Request::builder().method(method).uri(path).body(Body::empty())?;
    let _body = app.oneshot(request).await?.into_body().collect().await?;
    Ok(())
}

#[tokio::test]
async fn a_marked_route_is_in_the_slo_whatever_its_spec_names() -> Outcome {
    for (slo, method, path, exports, browse) in [
        ("exports", "GET", "/export.csv", GOOD, NONE),
        ("exports", "POST", "/export.csv", BAD, NONE),
        ("exports", "PUT", "/export.csv", NONE, NONE), // another method than the SLO's
        ("exports", "GET", "/listings", NONE, GOOD),
        ("browse", "GET", "/export.csv", NONE, GOOD),
        ("browse", "GET", "/listings", NONE, GOOD),
    ] {
        let measured = Measured::new(SLOS)?;
        let mark = measured.reliability.mark().slo(slo)?;
        ask(marked(&measured, mark), method, path).await?;
        let name = format!("{slo}: {method} {path}");
        assert_eq!(measured.outcomes("exports")?, exports, "{name}");
        assert_eq!(measured.outcomes("browse")?, browse, "{name}");
        assert_eq!(measured.outcomes("requests")?.iter().sum::<u64>(), 1, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn a_route_that_is_named_and_marked_is_counted_once() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let app = Router::new()
        .route(
            "/listings",
            get(async || "[]").layer(measured.reliability.mark().slo("browse")?),
        )
        .layer(measured.reliability.layer());
    ask(app, "GET", "/listings").await?;
    assert_eq!(measured.outcomes("browse")?, GOOD);
    Ok(())
}

#[tokio::test]
async fn marks_hold_however_the_request_ends() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let mark = || measured.reliability.mark().slo("exports");
    let panics = get(async || {
        if true {
            panic!("on purpose")
        }
    });
    let app = Router::new()
        .route("/panic", panics.layer(mark()?))
        .route("/hang", get(async || pending::<()>().await).layer(mark()?))
        .layer(measured.reliability.layer())
        .with_state::<()>(());
    let _panicked = tokio::spawn(app.clone().oneshot(Request::get("/panic").body(Body::empty())?)).await;
    assert_eq!(measured.outcomes("exports")?, BAD);

    let mut context = Context::from_waker(Waker::noop());
    assert!(
        pin!(app.oneshot(Request::get("/hang").body(Body::empty())?))
            .poll(&mut context)
            .is_pending()
    );
    assert_eq!(measured.outcomes("exports")?, [0, 1, 1]);
    Ok(())
}

#[tokio::test]
async fn no_metrics_means_none_not_even_of_a_client_that_left() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let silent = get(async || pending::<()>().await)
        .post(async || "ok")
        .layer(measured.reliability.mark().no_metrics());
    let app = Router::new()
        .route("/listings", silent)
        .layer(measured.reliability.layer())
        .with_state::<()>(());
    ask(app.clone(), "POST", "/listings").await?;
    let mut context = Context::from_waker(Waker::noop());
    assert!(
        pin!(app.oneshot(Request::get("/listings").body(Body::empty())?))
            .poll(&mut context)
            .is_pending()
    );
    assert_eq!(measured.records()?, []);
    assert_eq!(
        (measured.outcomes("requests")?, measured.outcomes("browse")?),
        (NONE, NONE)
    );
    assert_eq!(measured.reliability.status().in_flight, 0);
    Ok(())
}

#[tokio::test]
async fn the_limit_of_a_marked_slo_is_the_routes_patience() -> Outcome {
    for (path, slo, outcomes) in [
        ("/hang", "quick", BAD),
        ("/file", "quick", BAD), // sooner than the limit of the SLO that names the route
        ("/hang", "files", EXCLUDED),
        ("/hang", "exports", EXCLUDED),
    ] {
        let measured = Measured::new(SLOS)?;
        let hangs = get(async || pending::<()>().await).layer(measured.reliability.mark().slo(slo)?);
        let app = Router::new()
            .route(path, hangs)
            .layer(measured.reliability.layer())
            .with_state::<()>(());
        {
            let mut hanging = pin!(app.oneshot(Request::get(path).body(Body::empty())?));
            let begun = Instant::now();
            while begun.elapsed() <= Duration::from_millis(2) {
                assert!(
                    hanging
                        .as_mut()
                        .poll(&mut Context::from_waker(Waker::noop()))
                        .is_pending()
                );
            }
        }
        for judged in [slo, "requests"] {
            assert_eq!(measured.outcomes(judged)?, outcomes, "{path} marked as {slo}: {judged}");
        }
    }
    Ok(())
}

/// A body whose one frame takes longer than `than` once it is asked for.
fn slow_body(than: Duration) -> Body {
    Body::from_stream(stream::once(async move {
        let begun = Instant::now();
        while begun.elapsed() <= than {}
        Ok::<_, std::convert::Infallible>(Bytes::from_static(b"a,b"))
    }))
}

#[tokio::test]
async fn the_clock_runs_to_the_end_of_the_body_where_a_mark_or_an_slo_says_so() -> Outcome {
    let took = Duration::from_millis(20);
    type Marking = fn(Mark) -> Result<Mark, MarkError>;
    let no_mark: Option<Marking> = None;
    for (path, mark, whole) in [
        ("/export.csv", no_mark, false),
        ("/export.csv", Some(|mark| Ok(mark.until_body())), true),
        ("/export.csv", Some(|mark| mark.slo("files")), true),
        ("/export.csv", Some(|mark| mark.slo("exports")), false),
        ("/file", no_mark, true),
    ] {
        let measured = Measured::new(SLOS)?;
        let serve = get(async move || slow_body(took));
        let serve = match mark {
            Some(mark) => serve.layer(mark(measured.reliability.mark())?),
            None => serve,
        };
        let app = Router::new().route(path, serve);
        ask(app.layer(measured.reliability.layer()), "GET", path).await?;
        // The head was there before the body was asked for; a machine that stalls there for 20 ms stalls elsewhere, too.
        assert_eq!(measured.durations()? > took.as_secs_f64(), whole, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn marks_of_another_reliability_mean_nothing() -> Outcome {
    let (measured, other) = (Measured::new(SLOS)?, Measured::new(SLOS)?);
    let mark = other.reliability.mark().slo("exports")?.no_metrics();
    ask(marked(&measured, mark), "GET", "/export.csv").await?;
    assert_eq!(measured.outcomes("exports")?, NONE);
    assert_eq!(measured.outcomes("requests")?, GOOD);
    // Without any layer of ours around it, a mark is nothing, too.
    let mark = other.reliability.mark().no_metrics();
    ask(Router::new().route("/a", post(async || "").layer(mark)), "POST", "/a").await
}

#[tokio::test]
async fn requests_on_one_thread_keep_their_marks_apart() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let mark = measured.reliability.mark().slo("exports")?;
    let app = Router::new()
        .route("/hang", get(async || pending::<()>().await).layer(mark))
        .route("/other", get(async || pending::<()>().await))
        .layer(measured.reliability.layer())
        .with_state::<()>(());
    let mut context = Context::from_waker(Waker::noop());
    {
        let mut marked = pin!(app.clone().oneshot(Request::get("/hang").body(Body::empty())?));
        let mut other = pin!(app.oneshot(Request::get("/other").body(Body::empty())?));
        for _ in 0..3 {
            assert!(marked.as_mut().poll(&mut context).is_pending());
            assert!(other.as_mut().poll(&mut context).is_pending());
        }
    }
    assert_eq!(measured.outcomes("exports")?, EXCLUDED);
    assert_eq!(measured.outcomes("requests")?, [0, 0, 2]);
    Ok(())
}

#[test]
fn what_is_no_slo_of_requests_cannot_be_a_mark() -> Outcome {
    let measured = Measured::new(SLOS)?;
    for name in ["export", "mails", "requests"] {
        let refused = measured.reliability.mark().slo(name).map(drop);
        assert!(matches!(refused, Err(MarkError::Unknown { .. })), "{name}");
    }
    let refused = measured.reliability.mark().slo("mails").map(drop);
    assert_eq!(
        refused.map_err(|error| error.to_string()),
        Err("`mails` is the name of no SLO of requests; mark one of exports, browse, whole, files, quick".to_owned())
    );
    Ok(())
}

#[test]
fn only_the_first_64_slos_can_be_marks() -> Outcome {
    let slo = |number| {
        format!("  - {{ name: s{number}, objective: 99%, window: 30d, sli: {{ http: {{ routes: marked }} }} }}\n")
    };
    let spec: String = (0..65).map(slo).collect();
    let measured = Measured::new(&format!("version: 1\nservice: shop\nslos:\n{spec}"))?;
    assert!(measured.reliability.mark().slo("s63").is_ok());
    let refused = measured.reliability.mark().slo("s64").map(drop);
    assert_eq!(refused, Err(MarkError::TooMany("s64".to_owned())));
    Ok(())
}
