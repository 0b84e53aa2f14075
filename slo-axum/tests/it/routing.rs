//! How routers are put together, and which requests of them are events.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::measured::{Measured, Outcome};

const SLOS: &str = "
version: 1
service: shop
slos:
  - { name: items, objective: 99%, window: 30d, sli: { http: { routes: ['/items/{id}', '/api/items/{id}'] } } }
  - { name: orders, objective: 99%, window: 30d, sli: { http: { routes: [/orders], methods: [POST] } } }
";

fn items() -> Router {
    Router::new().route("/items/{id}", get(async || "an item"))
}

/// What is counted of one GET: the route in the histogram, the events of `items` and of `requests`.
async fn got(measured: &Measured, app: Router, path: &str) -> Outcome<(Option<String>, u64, u64)> {
    let request = Request::get(path).body(Body::empty())?;
    let _whole = app.oneshot(request).await?.into_body().collect().await?;
    let events = |slo| measured.outcomes(slo).map(|outcomes| outcomes.iter().sum());
    let records = measured.records()?;
    assert!(records.len() <= 1, "{records:?}");
    let route = records
        .first()
        .and_then(|(labels, _)| labels.get("http.route").cloned());
    Ok((route, events("items")?, events("requests")?))
}

fn route(template: &str) -> Option<String> {
    Some(template.to_owned())
}

#[tokio::test]
async fn routers_that_are_nested_or_merged_before_the_layer_are_measured_by_their_whole_templates() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let app = Router::new().nest("/api", items()).layer(measured.reliability.layer());
    assert_eq!(
        got(&measured, app, "/api/items/7").await?,
        (route("/api/items/{id}"), 1, 1)
    );

    let measured = Measured::new(SLOS)?;
    let app = Router::new().merge(items()).layer(measured.reliability.layer());
    assert_eq!(got(&measured, app, "/items/7").await?, (route("/items/{id}"), 1, 1));
    Ok(())
}

#[tokio::test]
async fn what_is_added_after_the_layer_is_not_measured() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let app = Router::new().layer(measured.reliability.layer()).merge(items());
    assert_eq!(got(&measured, app, "/items/7").await?, (None, 0, 0));
    assert_eq!(measured.records()?, []);
    Ok(())
}

#[tokio::test]
async fn a_nested_service_needs_the_layer_inside() -> Outcome {
    // Outside, only the place where it is nested is known.
    let measured = Measured::new(SLOS)?;
    let app = Router::new()
        .nest_service("/api", items())
        .layer(measured.reliability.layer());
    let (route_outside, items_outside, _) = got(&measured, app, "/api/items/7").await?;
    assert_eq!((route_outside, items_outside), (None, 0));

    let measured = Measured::new(SLOS)?;
    let app = Router::new().nest_service("/api", items().layer(measured.reliability.layer()));
    let (route_inside, _, requests) = got(&measured, app, "/api/items/7").await?;
    assert!(route_inside.is_some_and(|route| route.ends_with("/items/{id}")));
    assert_eq!(requests, 1);
    Ok(())
}

#[tokio::test]
async fn a_route_layer_leaves_fallbacks_out_and_a_layer_measures_them_without_a_route() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let app = items().route_layer(measured.reliability.layer());
    assert_eq!(got(&measured, app.clone(), "/nowhere").await?, (None, 0, 0));
    assert_eq!(measured.records()?, []);
    assert_eq!(got(&measured, app, "/items/7").await?, (route("/items/{id}"), 1, 1));

    let measured = Measured::new(SLOS)?;
    let app = items()
        .fallback(async || (StatusCode::NOT_FOUND, "where?"))
        .layer(measured.reliability.layer());
    assert_eq!(got(&measured, app, "/nowhere").await?, (None, 0, 0));
    assert_eq!(measured.series()?["http.response.status_code"], "404");
    Ok(())
}

#[tokio::test]
async fn a_method_that_a_route_does_not_serve_is_a_request_but_not_of_an_slo_of_other_methods() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let app = Router::new()
        .route("/orders", post(async || "ordered"))
        .layer(measured.reliability.layer())
        .with_state(());
    for method in ["GET", "POST"] {
        let request = Request::builder().method(method).uri("/orders").body(Body::empty())?;
        let _whole = app.clone().oneshot(request).await?.into_body().collect().await?;
    }
    assert_eq!(measured.outcomes("orders")?, [1, 0, 0]);
    assert_eq!(measured.outcomes("requests")?, [2, 0, 0]);
    let refused = measured
        .records()?
        .into_iter()
        .find(|(labels, _)| labels["http.response.status_code"] == "405");
    assert_eq!(
        refused
            .map(|(labels, _)| labels["http.request.method"].clone())
            .as_deref(),
        Some("GET")
    );
    Ok(())
}

#[tokio::test]
async fn a_request_that_passes_two_layers_is_counted_by_the_outer_one() -> Outcome {
    let (measured, other) = (Measured::new(SLOS)?, Measured::new(SLOS)?);
    let app = items()
        .layer(measured.reliability.layer())
        .layer(measured.reliability.layer())
        .layer(other.reliability.layer());
    assert_eq!(got(&measured, app, "/items/7").await?, (route("/items/{id}"), 1, 1));
    assert_eq!(measured.records()?[0].1, 1);
    assert_eq!(other.outcomes("items")?, [1, 0, 0]);
    assert_eq!(measured.reliability.status().in_flight, 0);
    Ok(())
}

#[tokio::test]
async fn what_a_handler_asks_its_own_process_is_no_request_of_a_client() -> Outcome {
    let (measured, other) = (Measured::new(SLOS)?, Measured::new(SLOS)?);
    let [ours, others] = [&measured, &other].map(|measured| items().layer(measured.reliability.layer()).with_state(()));
    let batch = async move || {
        for app in [others.clone(), ours.clone(), others, ours] {
            let _part = app.oneshot(Request::new(Body::empty())).await;
        }
        "both parts"
    };
    let app = Router::new()
        .route("/items/{id}", get(batch))
        .layer(measured.reliability.layer());
    assert_eq!(got(&measured, app, "/items/7").await?, (route("/items/{id}"), 1, 1));
    assert_eq!(measured.records()?[0].1, 1);
    assert_eq!(other.records()?[0].1, 2);
    Ok(())
}

#[tokio::test]
async fn routers_that_are_built_anew_share_what_was_counted_and_keep_their_own_templates() -> Outcome {
    let measured = Measured::new(SLOS)?;
    for number in 0..3 {
        // Not resolved by `with_state`: axum then adds the layer anew for every request.
        let app = items()
            .route(&format!("/page-{number}"), get(async || "a page"))
            .layer(measured.reliability.layer());
        for path in ["/items/7".to_owned(), format!("/page-{number}")] {
            let request = Request::get(path).body(Body::empty())?;
            let _whole = app.clone().oneshot(request).await?.into_body().collect().await?;
        }
    }
    let mut records: Vec<_> = measured.records()?;
    records.sort_by(|one, other| one.0["http.route"].cmp(&other.0["http.route"]));
    let counts: Vec<_> = records
        .iter()
        .map(|(labels, count)| (labels["http.route"].as_str(), *count))
        .collect();
    assert_eq!(
        counts,
        [("/items/{id}", 3), ("/page-0", 1), ("/page-1", 1), ("/page-2", 1)]
    );
    assert_eq!(measured.outcomes("items")?, [3, 0, 0]);
    Ok(())
}
