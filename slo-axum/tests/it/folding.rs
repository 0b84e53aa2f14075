//! The bound on the series of the duration histogram, and what is folded when clients reach it.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{Request, StatusCode, Version};
use axum::routing::any;
use slo_axum::ReliabilityBuilder;
use tower::ServiceExt;

use crate::hostile::VERSIONS;
use crate::measured::{Labels, Measured, Outcome};

const SLOS: &str = "{version: 1, service: shop, slos: [
  {name: all, objective: 99%, window: 30d, sli: {http: {routes: ['/one/{code}']}}}]}";

const METHODS: [&str; 11] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY", "PURGE",
];

fn of_at_most(series: usize) -> Outcome<Measured> {
    Measured::with(SLOS, |builder: ReliabilityBuilder| builder.max_series(series))
}

/// Three routes that answer whatever the path says, to any method.
fn app(measured: &Measured) -> Router {
    let answer = || any(async |Path(code): Path<u16>| StatusCode::from_u16(code).unwrap_or_default());
    Router::new()
        .route("/one/{code}", answer())
        .route("/two/{code}", answer())
        .route("/three/{code}", answer())
        .layer(measured.reliability.layer())
        .with_state(())
}

async fn ask(app: &Router, method: &str, uri: &str, version: Version) -> Outcome {
    let request = Request::builder().method(method).uri(uri).version(version);
    let _response = app.clone().oneshot(request.body(Body::empty())?).await?;
    Ok(())
}

/// Asks in every way that a client can choose, for each of these codes on one route; tells how many requests that were.
async fn flood(app: &Router, route: &str, codes: impl Iterator<Item = u16>) -> Outcome<u64> {
    let mut asked = 0;
    for code in codes {
        for method in METHODS {
            for version in VERSIONS {
                for scheme in ["", "http://h", "https://h"] {
                    ask(app, method, &format!("{scheme}/{route}/{code}"), version).await?;
                    asked += 1;
                }
            }
        }
    }
    Ok(asked)
}

fn total(records: &[(Labels, u64)]) -> u64 {
    records.iter().map(|(_, count)| count).sum()
}

/// The records with these labels among theirs.
fn with(records: &[(Labels, u64)], labels: &[(&str, &str)]) -> u64 {
    let has = |known: &Labels| {
        labels
            .iter()
            .all(|(key, value)| known.get(*key).is_some_and(|known| known == value))
    };
    records
        .iter()
        .filter(|(known, _)| has(known))
        .map(|(_, count)| count)
        .sum()
}

#[tokio::test]
async fn clients_reach_the_bound_and_never_pass_it() -> Outcome {
    let measured = of_at_most(300)?;
    let app = app(&measured);
    let mut asked = 0;
    for route in ["one", "two", "three"] {
        asked += flood(&app, route, 400..410).await?;
        asked += flood(&app, route, [200, 500].into_iter()).await?;
    }
    let records = measured.records()?;
    assert_eq!(total(&records), asked, "every request is in some series");
    // One half is for anything, but for what is set aside for each scheme; a quarter for successes, 16 a route; a quarter
    // for failures and what is folded, which 408 and 500 by eleven methods fill.
    assert_eq!(records.len(), 300 / 2 - 2 + 3 * 16 + 300 / 4);
    let overflow = |labels: &Labels| labels.contains_key("otel.metric.overflow");
    assert!(!records.iter().any(|(labels, _)| overflow(labels)));
    // Each has the method, the scheme and the route, folded or not.
    for (labels, _) in &records {
        assert!(
            labels.contains_key("http.request.method") && labels.contains_key("url.scheme"),
            "{labels:?}"
        );
        assert!(labels.contains_key("http.route"), "{labels:?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_first_failures_of_a_route_have_their_place_when_clients_took_the_rest() -> Outcome {
    let measured = of_at_most(100)?;
    let app = app(&measured);
    let asked = flood(&app, "one", 400..404).await?;
    for (method, code, version) in [
        ("GET", 500, Version::HTTP_11),
        ("GET", 500, Version::HTTP_2),
        ("POST", 503, Version::HTTP_11),
        ("GET", 200, Version::HTTP_11),
        ("GET", 404, Version::HTTP_11),
    ] {
        ask(&app, method, &format!("/two/{code}"), version).await?;
    }
    let records = measured.records()?;
    assert_eq!(total(&records), asked + 5);
    let of_two = |more: &[(&str, &str)]| with(&records, &[&[("http.route", "/two/{code}")], more].concat());
    let failed = |method, code| {
        of_two(&[
            ("http.request.method", method),
            ("http.response.status_code", code),
            ("error.type", code),
        ])
    };
    assert_eq!((failed("GET", "500"), failed("POST", "503")), (2, 1));
    let versions =
        |labels: &Labels| labels["http.route"] == "/two/{code}" && labels.contains_key("network.protocol.version");
    assert!(
        !records.iter().any(|(labels, _)| versions(labels)),
        "what is folded says no version"
    );
    assert_eq!(of_two(&[("http.response.status_code", "200")]), 1);
    // What the client did wrong is folded, within its route.
    assert_eq!(of_two(&[("http.request.method", "_OTHER")]), 1);
    assert_eq!(of_two(&[("http.response.status_code", "404")]), 0);
    Ok(())
}

#[tokio::test]
async fn one_route_cannot_take_the_places_of_another() -> Outcome {
    let measured = of_at_most(200)?;
    let app = app(&measured);
    let asked = flood(&app, "one", (400..404).chain(200..207)).await?;
    ask(&app, "GET", "/one/500", Version::HTTP_11).await?;
    ask(&app, "GET", "/two/500", Version::HTTP_11).await?;
    let records = measured.records()?;
    assert_eq!(total(&records), asked + 2);
    // Nor can clients that ask for every success of a route take those of its failures.
    assert_eq!(
        with(&records, &[("http.route", "/one/{code}"), ("error.type", "500")]),
        1
    );
    assert_eq!(
        with(&records, &[("http.route", "/two/{code}"), ("error.type", "500")]),
        1
    );
    Ok(())
}

#[tokio::test]
async fn an_answer_that_got_a_place_of_its_own_keeps_it() -> Outcome {
    let measured = of_at_most(200)?;
    let app = app(&measured);
    let mut asked = flood(&app, "one", 400..404).await?;
    ask(&app, "GET", "/one/226", Version::HTTP_11).await?;
    asked += flood(&app, "one", 200..204).await?;
    ask(&app, "GET", "/one/226", Version::HTTP_2).await?;
    let records = measured.records()?;
    assert_eq!(total(&records), asked + 2);
    assert_eq!(with(&records, &[("http.response.status_code", "226")]), 2);
    Ok(())
}

#[tokio::test]
async fn where_even_the_reserved_places_are_taken_nothing_is_lost() -> Outcome {
    let measured = of_at_most(100)?;
    let app = app(&measured);
    let mut asked = 0;
    for route in ["one", "two", "three"] {
        asked += flood(&app, route, (400..403).chain(200..204).chain(500..504)).await?;
    }
    let records = measured.records()?;
    assert_eq!((records.len(), total(&records)), (100, asked));
    let rest = records.iter().find(|(labels, _)| !labels.contains_key("http.route"));
    assert!(rest.is_some_and(|(_, count)| *count > 0), "{records:?}");
    Ok(())
}

#[tokio::test]
async fn paths_that_match_no_route_are_folded_into_one_series_a_scheme_without_a_route() -> Outcome {
    let measured = of_at_most(100)?;
    let app = app(&measured);
    // Two segments more than any route has.
    let asked = flood(&app, "one", 400..404).await? + flood(&app, "nowhere/at/all", 0..2).await?;
    let records = measured.records()?;
    assert_eq!(total(&records), asked);
    let unmatched: Vec<_> = records
        .iter()
        .filter(|(labels, _)| !labels.contains_key("http.route"))
        .collect();
    let mut schemes: Vec<_> = unmatched
        .iter()
        .map(|(labels, _)| labels["url.scheme"].as_str())
        .collect();
    schemes.sort_unstable();
    assert_eq!(schemes, ["http", "https"]);
    assert!(
        unmatched
            .iter()
            .all(|(labels, _)| labels["http.request.method"] == "_OTHER")
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_that_meet_new_series_together_take_each_place_once() -> Outcome {
    let measured = of_at_most(300)?;
    let app = app(&measured);
    let floods: Vec<_> = (0..4)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move { flood(&app, "one", 400..405).await.map_err(|error| error.to_string()) })
        })
        .collect();
    let mut asked = 0;
    for flooded in floods {
        asked += flooded.await??;
    }
    ask(&app, "GET", "/one/500", Version::HTTP_11).await?;
    let records = measured.records()?;
    assert_eq!(total(&records), asked + 1);
    // The general half, the route's `_OTHER` of each scheme, and the failure.
    assert_eq!(records.len(), 300 / 2 - 2 + 3);
    Ok(())
}
