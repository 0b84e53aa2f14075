//! What is exported: the conventions' attributes, from closed sets, and the SLOs' definitions.

use std::ops::Range;
use std::time::Duration;

use crate::measured::{Measured, Outcome};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Version};
use axum::routing::get;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use slo_core::{Tick, Window};
use tower::ServiceExt;

const SLOS: &str = "
version: 1
service: shop
slos:
  - name: items
    promise: Anyone can look at an item.
    journey: browse
    owner: shop-team
    objective: 99.9%
    window: 30d
    sli: { http: { routes: ['/items/{id}'] } }
  - { name: swift, objective: 95%, window: 7d, sli: { http: { routes: ['/items/{id}'], faster_than: 800ms } } }
";

fn app(measured: &Measured) -> Router {
    let nested = Router::new().route("/items/{id}", get(async || "an item"));
    Router::new()
        .route("/items/{id}", get(async || "an item"))
        .nest("/api/{tenant}", nested)
        .layer(measured.reliability.layer())
}

#[tokio::test]
async fn the_conventions_attributes_are_there_and_no_others() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let request = Request::get("/items/7?secret=1")
        .version(Version::HTTP_2)
        .header("host", "evil.example");
    // Dropped with its length known and nothing of it read: the client left.
    drop(app(&measured).oneshot(request.body(Body::empty())?).await?);
    let records = measured.records()?;
    let labels: Vec<_> = records[0]
        .0
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        labels,
        [
            ("error.type", "cancelled"),
            ("http.request.method", "GET"),
            ("http.response.status_code", "200"),
            ("http.route", "/items/{id}"),
            ("network.protocol.version", "2"),
            ("url.scheme", "http"),
        ]
    );
    Ok(())
}

#[tokio::test]
async fn nested_routes_have_their_whole_template() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let _response = app(&measured)
        .oneshot(Request::head("/api/acme/items/7").body(Body::empty())?)
        .await?;
    assert_eq!(measured.records()?[0].0["http.route"], "/api/{tenant}/items/{id}");
    Ok(())
}

#[tokio::test]
async fn no_client_makes_more_than_one_series_of_its_own() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let app = app(&measured).with_state(());
    for number in 0..300 {
        let request = Request::builder()
            .method(format!("PURGE{number}").as_str())
            .uri(format!("/scan/{number}.php"))
            .header("host", format!("h{number}.example"))
            .header("x-forwarded-proto", format!("p{number}"));
        let _response = app.clone().oneshot(request.body(Body::empty())?).await?;
    }
    let records = measured.records()?;
    assert_eq!((records.len(), records[0].1), (1, 300));
    assert_eq!(records[0].0["http.request.method"], "_OTHER");
    Ok(())
}

#[tokio::test]
async fn a_latency_limit_is_a_bucket_boundary() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let _response = app(&measured)
        .oneshot(Request::head("/items/7").body(Body::empty())?)
        .await?;
    let bounds = measured.points("http.server.request.duration", |metric| match metric.data() {
        AggregatedMetrics::F64(MetricData::Histogram(histogram)) => histogram
            .data_points()
            .flat_map(|point| point.bounds().collect::<Vec<_>>())
            .collect(),
        _ => Vec::new(),
    })?;
    assert!(bounds.contains(&0.8), "{bounds:?}");
    assert!(bounds.contains(&0.75) && bounds.contains(&10.0), "{bounds:?}");
    Ok(())
}

#[tokio::test]
async fn the_definition_travels_with_the_events() -> Outcome {
    let measured = Measured::new(SLOS)?;
    assert_eq!(
        measured.gauge("slo.objective")?,
        ["slo.name=items 0.999", "slo.name=swift 0.95"]
    );
    assert_eq!(
        measured.gauge("slo.error_budget")?,
        ["slo.name=items 0.001", "slo.name=swift 0.05"]
    );
    assert_eq!(
        measured.gauge("slo.window")?,
        ["slo.name=items 2592000", "slo.name=swift 604800"]
    );
    assert_eq!(measured.gauge("slo.window.start")?, [""; 0]);
    assert_eq!(
        measured.gauge("slo.spec.info")?,
        [
            "slo.alerts=standard,slo.journey=browse,slo.name=items,slo.owner=shop-team,slo.promise=Anyone can look at an item.,slo.sli=http,slo.status=draft 1",
            "slo.alerts=standard,slo.name=swift,slo.sli=http,slo.status=draft 1",
        ]
    );
    Ok(())
}

/// So that the rules of a fleet tell of what is theirs, and alerts find their readers.
#[tokio::test]
async fn a_definition_says_who_tells_of_it_and_its_tier() -> Outcome {
    let alerts = [
        "{ tier: gold }",
        "false",
        "{ severities: { page: P1 } }",
        "{ minimum_bad_events: 20, tier: tin }",
        "{ conditions: [{ severity: page, share: 5%, long: 2h, short: 10m }] }",
    ];
    let slo = |(number, alerts): (usize, &str)| {
        format!(
            "  - {{ name: a{number}, objective: 95%, window: 7d, alerts: {alerts}, sli: {{ http: {{ routes: [/a] }} }} }}\n"
        )
    };
    let slos: String = alerts.into_iter().enumerate().map(slo).collect();
    let measured = Measured::new(&format!(
        "version: 1\nservice: shop\nalerts: {{ tier: silver }}\nslos:\n{slos}"
    ))?;
    assert_eq!(
        measured.gauge("slo.spec.info")?,
        [
            "slo.alerts=none,slo.name=a1,slo.sli=http,slo.status=draft,slo.tier=silver 1",
            "slo.alerts=own,slo.name=a2,slo.sli=http,slo.status=draft,slo.tier=silver 1",
            "slo.alerts=own,slo.name=a3,slo.sli=http,slo.status=draft,slo.tier=tin 1",
            "slo.alerts=own,slo.name=a4,slo.sli=http,slo.status=draft,slo.tier=silver 1",
            "slo.alerts=standard,slo.name=a0,slo.sli=http,slo.status=draft,slo.tier=gold 1",
        ]
    );
    Ok(())
}

#[tokio::test]
async fn a_calendar_window_is_as_long_as_its_present_period_and_says_where_it_began() -> Outcome {
    let spec = SLOS.replace("window: 30d", "window: { calendar: month, time_zone: Asia/Seoul }");
    let measured = Measured::new(&spec)?;
    let window: Window = "month in Asia/Seoul".parse()?;
    // The month may turn between the two readings of the clock.
    let before = measured.reliability.status().at;
    let (length, start) = (measured.gauge("slo.window")?, measured.gauge("slo.window.start")?);
    let months = [before, measured.reliability.status().at].map(|at| window.bounds(at.into()));
    let says = |point: &str, seconds: fn(&Range<Tick>) -> Duration| {
        let mut expected = months
            .iter()
            .map(|month| format!("slo.name=items {}", seconds(month).as_secs()));
        expected.any(|expected| expected == point)
    };
    assert!(says(&length[0], |month| month.end.since(month.start)), "{length:?}");
    assert!(says(&start[0], |month| month.start.since(Tick::default())), "{start:?}");
    assert_eq!(length[1], "slo.name=swift 604800");
    assert_eq!(start.len(), 1, "a rolling window begins nowhere: {start:?}");
    Ok(())
}
