//! The table of attributes that the conventions have for `http.server.request.duration`, row by row.
//!
//! OpenTelemetry semantic conventions 1.42, "Metric: http.server.request.duration" (stable).

use std::future::pending;
use std::pin::pin;
use std::task::{Context, Waker};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, Version};
use axum::routing::get;
use http_body_util::BodyExt;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use tower::ServiceExt;

use crate::measured::{Labels, Measured, Outcome};

const SLOS: &str = "
version: 1
service: shop
slos:
  - { name: items, objective: 99%, window: 30d, sli: { http: { routes: ['/items/{id}'] } } }
";

/// A request and its labels.
struct Seen {
    name: &'static str,
    matched: bool,
    status: Option<&'static str>,
    failed: bool,
    labels: Labels,
}

/// One row of the table.
struct Row {
    key: &'static str,
    /// Whether the attribute must be there, by its requirement level; else it must not.
    due: fn(&Seen) -> bool,
    is_valid: fn(&str) -> bool,
}

const METHODS: [&str; 11] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE", "_OTHER",
];

const ROWS: [Row; 10] = [
    // Required.
    Row {
        key: "http.request.method",
        due: |_| true,
        is_valid: |value| METHODS.contains(&value),
    },
    Row {
        key: "url.scheme",
        due: |_| true,
        is_valid: |value| ["http", "https"].contains(&value),
    },
    // Conditionally required: if the request has ended with an error.
    Row {
        key: "error.type",
        due: |seen| seen.failed,
        is_valid: |value| {
            let code = value
                .parse::<u16>()
                .is_ok_and(|code| code == 408 || (500..600).contains(&code));
            code || ["timeout", "panic", "cancelled", "body", "service"].contains(&value)
        },
    },
    // If and only if one was sent.
    Row {
        key: "http.response.status_code",
        due: |seen| seen.status.is_some(),
        is_valid: |value| value.parse::<u16>().is_ok_and(|code| (100..600).contains(&code)),
    },
    // If and only if it's available.
    Row {
        key: "http.route",
        due: |seen| seen.matched,
        is_valid: |value| value == "/items/{id}",
    },
    // If not `http` and the version is set: it always is `http`.
    Row {
        key: "network.protocol.name",
        due: |_| false,
        is_valid: |_| false,
    },
    // Recommended.
    Row {
        key: "network.protocol.version",
        due: |_| true,
        is_valid: |value| ["0.9", "1.0", "1.1", "2", "3"].contains(&value),
    },
    // Opt-in.
    Row {
        key: "server.address",
        due: |_| false,
        is_valid: |_| false,
    },
    Row {
        key: "server.port",
        due: |_| false,
        is_valid: |_| false,
    },
    Row {
        key: "user_agent.synthetic.type",
        due: |_| false,
        is_valid: |_| false,
    },
];

fn app(measured: &Measured) -> Router {
    let answers = get(async |axum::extract::Path(code): axum::extract::Path<u16>| match code {
        0 => pending().await,
        1 => panic!("on purpose"),
        code => StatusCode::from_u16(code).unwrap_or_default(),
    });
    Router::new()
        .route("/items/{id}", answers)
        .layer(measured.reliability.layer())
}

async fn seen(name: &'static str, request: Request<Body>, status: Option<&'static str>, failed: bool) -> Outcome<Seen> {
    let measured = Measured::new(SLOS)?;
    let matched = request.uri().path().starts_with("/items/");
    let app = app(&measured);
    if request.uri().path() == "/items/0" {
        let mut context = Context::from_waker(Waker::noop());
        assert!(pin!(app.oneshot(request)).poll(&mut context).is_pending());
    } else {
        let _ended = tokio::spawn(async move {
            app.oneshot(request)
                .await
                .unwrap_or_default()
                .into_body()
                .collect()
                .await
        })
        .await;
    }
    Ok(Seen {
        name,
        matched,
        status,
        failed,
        labels: measured.series()?,
    })
}

#[tokio::test]
async fn every_row_of_the_conventions_table_holds_for_every_kind_of_request() -> Outcome {
    let get = |path: &str| Request::get(path.to_owned()).body(Body::empty());
    let mut odd = Request::builder()
        .method("PURGE")
        .uri("https://h/items/200")
        .version(Version::HTTP_2);
    odd = odd.header("host", "evil.example").header("user-agent", "bot");
    let all = [
        seen("an answer", get("/items/200")?, Some("200"), false).await?,
        seen("a client's mistake", get("/items/404")?, Some("404"), false).await?,
        seen("a failure", get("/items/503")?, Some("503"), true).await?,
        seen("a timeout", get("/items/408")?, Some("408"), true).await?,
        seen("a panic", get("/items/1")?, None, true).await?,
        seen("a client that left", get("/items/0")?, None, true).await?,
        seen("a path without a route", get("/wp-login.php")?, Some("404"), false).await?,
        seen("an unknown method", odd.body(Body::empty())?, Some("405"), false).await?,
    ];
    for seen in &all {
        for row in &ROWS {
            let value = seen.labels.get(row.key);
            assert_eq!(
                value.is_some(),
                (row.due)(seen),
                "{} of {}: {:?}",
                row.key,
                seen.name,
                seen.labels
            );
            assert!(
                value.is_none_or(|value| (row.is_valid)(value)),
                "{} of {}: {value:?}",
                row.key,
                seen.name
            );
        }
        let known = |key: &String| ROWS.iter().any(|row| row.key == key);
        assert!(seen.labels.keys().all(known), "{}: {:?}", seen.name, seen.labels);
        assert_eq!(
            seen.labels.get("http.response.status_code").map(String::as_str),
            seen.status,
            "{}",
            seen.name
        );
    }
    Ok(())
}

#[tokio::test]
async fn the_metric_has_the_conventions_name_unit_kind_and_buckets_and_its_scope_their_version() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let request = Request::get("/items/200").body(Body::empty())?;
    let _whole = app(&measured).oneshot(request).await?.into_body().collect().await?;
    let said = measured.points("http.server.request.duration", |metric| match metric.data() {
        AggregatedMetrics::F64(MetricData::Histogram(histogram)) => histogram
            .data_points()
            .map(|point| (metric.unit().to_owned(), point.bounds().collect::<Vec<_>>()))
            .collect(),
        _ => Vec::new(),
    })?;
    let advised = [
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    ];
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].0, "s");
    assert!(advised.iter().all(|bound| said[0].1.contains(bound)), "{said:?}");
    assert_eq!(
        measured.schema_url()?.as_deref(),
        Some("https://opentelemetry.io/schemas/1.42.0")
    );
    Ok(())
}
