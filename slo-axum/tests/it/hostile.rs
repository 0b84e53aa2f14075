//! What clients can do to other layers: fill the series with values of their choice, until real errors have no name.
//!
//! The SDK keeps 2,000 series of a metric and folds all later ones into one without attributes, for the life of the
//! process. Some 2,000 requests with invented values are enough for that where a layer copies what a client sends.

use crate::measured::{Labels, Measured, Outcome};
use axum::Router;
use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Request, StatusCode, Uri, Version};
use axum::routing::get;
use http_body_util::BodyExt;
use slo_core::METHODS;
use tower::ServiceExt;

/// How many series of the duration histogram there can be, whatever clients send.
const MOST_SERIES: usize = 2_000;

/// How often each route fails in the end.
const FAILURES: u64 = 3;

const SLOS: &str = "
version: 1
service: shop
slos:
  - { name: first, objective: 99.9%, window: 30d, sli: { http: { routes: [/route/0] } } }
";

/// A service under attack: routes `/route/0`, `/route/1`, ... that answer GET.
struct Attacked {
    measured: Measured,
    app: Router,
    routes: usize,
    sent: u64,
}

impl Attacked {
    fn new(routes: usize) -> Outcome<Self> {
        let measured = Measured::new(SLOS)?;
        let app = (0..routes).fold(Router::new(), |app, number| {
            app.route(&template(number), get(answer).post(answer))
        });
        let app = app.layer(measured.reliability.layer()).with_state(());
        Ok(Self {
            measured,
            app,
            routes,
            sent: 0,
        })
    }

    async fn send(&mut self, request: Builder) -> Outcome<StatusCode> {
        let response = self.app.clone().oneshot(request.body(Body::empty())?).await?;
        self.sent += 1;
        let status = response.status();
        let _body = response.into_body().collect().await?;
        Ok(status)
    }

    /// The first failures that these routes ever had, by GET and by POST.
    async fn fail(&mut self) -> Outcome {
        for (route, method) in self.failing() {
            for _ in 0..FAILURES {
                let status = self
                    .send(Request::builder().method(method).uri(format!("{route}?fail")))
                    .await?;
                assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
            }
        }
        Ok(())
    }

    fn failing(&self) -> impl Iterator<Item = (String, &'static str)> + use<> {
        (0..self.routes).flat_map(|number| ["GET", "POST"].map(|method| (template(number), method)))
    }

    /// Every request is in a series, every failure in one that says where it was, and there are not too many.
    fn check(&self) -> Outcome {
        let records = self.measured.records()?;
        let counted = |wanted: &dyn Fn(&Labels) -> bool| -> u64 {
            let points = records.iter().filter(|(labels, _)| wanted(labels));
            points.map(|(_, count)| count).sum()
        };
        assert_eq!(counted(&|labels| labels.contains_key("otel.metric.overflow")), 0);
        assert_eq!(counted(&|_| true), self.sent, "every request is in one series");
        assert!(records.len() <= MOST_SERIES, "{} series", records.len());
        for (route, method) in self.failing() {
            let expected = [
                ("http.route", route.as_str()),
                ("http.request.method", method),
                ("http.response.status_code", "500"),
                ("error.type", "500"),
            ];
            let found = counted(&|labels| {
                expected
                    .iter()
                    .all(|(key, value)| labels.get(*key).is_some_and(|v| v == value))
            });
            assert_eq!(found, FAILURES, "{method} {route}");
        }
        let failures = FAILURES * self.failing().count() as u64;
        assert_eq!(counted(&|labels| labels.contains_key("error.type")), failures);
        let [_, bad, excluded] = self.measured.outcomes("requests")?;
        assert_eq!([bad, excluded], [failures, 0]);
        assert_eq!(self.measured.outcomes("first")?[1], 2 * FAILURES);
        assert_eq!(self.measured.reliability.status().in_flight, 0);
        Ok(())
    }
}

fn template(number: usize) -> String {
    format!("/route/{number}")
}

async fn answer(uri: Uri) -> StatusCode {
    match uri.query() {
        Some("fail") => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::OK,
    }
}

/// What a client writes into the start of a request, a new one each time.
type Forged = fn(Builder, usize) -> Builder;

const HEADS: [(&str, Forged); 5] = [
    ("Host", |request, number| {
        request.header("host", format!("h{number}.example"))
    }),
    ("method", |request, number| {
        request.method(format!("PURGE{number}").as_str())
    }),
    ("known method", |request, number| {
        request.method(METHODS[number % METHODS.len()])
    }),
    ("X-Forwarded-Proto", |request, number| {
        request
            .header("x-forwarded-proto", format!("p{number}"))
            .header("forwarded", format!("proto=q{number};host=r{number}"))
    }),
    ("HTTP version", |request, number| {
        request.version(VERSIONS[number % VERSIONS.len()])
    }),
];

/// Every version that a client can ask in.
pub(crate) const VERSIONS: [Version; 5] = [
    Version::HTTP_09,
    Version::HTTP_10,
    Version::HTTP_11,
    Version::HTTP_2,
    Version::HTTP_3,
];

#[tokio::test]
async fn failures_are_attributed_after_2_100_requests_with_a_forged_head() -> Outcome {
    for (name, forged) in HEADS {
        let mut attacked = Attacked::new(5)?;
        for number in 0..2_100 {
            let uri = template(number % attacked.routes);
            attacked.send(forged(Request::builder().uri(uri), number)).await?;
        }
        attacked.fail().await?;
        attacked.check().map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn failures_are_attributed_after_everything_was_forged_at_once() -> Outcome {
    let mut attacked = Attacked::new(5)?;
    for number in 0..2_100 {
        let request = Request::builder().uri(template(number % attacked.routes));
        let request = HEADS
            .iter()
            .fold(request, |request, (_, forged)| forged(request, number));
        attacked.send(request).await?;
    }
    attacked.fail().await?;
    attacked.check()
}

#[tokio::test]
async fn failures_are_attributed_after_3_000_scanned_paths_which_are_one_series() -> Outcome {
    let mut attacked = Attacked::new(5)?;
    for number in 0..3_000 {
        let status = attacked
            .send(Request::get(format!("/wp-content/{number}.php?id={number}")))
            .await?;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    let series = attacked.measured.records()?;
    assert_eq!((series.len(), series[0].1), (1, 3_000));
    assert!(!series[0].0.contains_key("http.route"));
    attacked.fail().await?;
    attacked.check()
}

/// Only values from closed sets, and still more than fit: 40 routes, 11 methods, 3 versions, 2 schemes.
#[tokio::test]
async fn failures_are_attributed_after_every_known_value_was_seen_on_40_routes() -> Outcome {
    let mut attacked = Attacked::new(40)?;
    for number in 0..attacked.routes {
        for method in METHODS.into_iter().chain(["BREW"]) {
            for version in [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2] {
                for scheme in ["http", "https"] {
                    let uri = format!("{scheme}://shop.example{}", template(number));
                    attacked
                        .send(Request::builder().method(method).version(version).uri(uri))
                        .await?;
                }
            }
        }
    }
    attacked.fail().await?;
    attacked.check()
}
