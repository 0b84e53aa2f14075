//! The status routes: every SLO of this process, as JSON.

use crate::measured::{Measured, Outcome};
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

const SLOS: &str = "
version: 1
service: shop
slos:
  - name: items
    promise: Anyone can look at an item.
    objective: 90%
    window: 30d
    sli: { http: { routes: ['/items/{code}'] } }
  - { name: idle, objective: 99.9%, window: 30d, sli: { http: { routes: [/nobody] } } }
";

fn app(measured: &Measured) -> Router {
    Router::new()
        .route(
            "/items/{code}",
            get(async |Path(code): Path<u16>| StatusCode::from_u16(code).unwrap_or_default()),
        )
        .layer(measured.reliability.layer())
        .nest("/slo", measured.reliability.status_router())
        .with_state(())
}

async fn ask(app: &Router, path: &str) -> Outcome<(StatusCode, Value)> {
    let response = app.clone().oneshot(Request::get(path).body(Body::empty())?).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    Ok((
        status,
        if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body)?
        },
    ))
}

#[tokio::test]
async fn every_slo_tells_its_promise_its_events_and_its_budget() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let app = app(&measured);
    for code in [200, 200, 200, 200, 200, 200, 200, 200, 200, 404, 500, 503] {
        ask(&app, &format!("/items/{code}")).await?;
    }
    let (status, all) = ask(&app, "/slo").await?;
    assert_eq!(status, 200);
    assert_eq!(
        (&all["service"], &all["scope"], &all["in_flight"]),
        (&json!("shop"), &json!("instance"), &json!(0))
    );
    assert_eq!(all["requests"]["totals"], json!({"good": 10, "bad": 2, "excluded": 0}));
    let items = &all["slos"][0];
    assert_eq!(items["promise"], "Anyone can look at an item.");
    assert_eq!((&items["objective"], &items["window"]), (&json!("90%"), &json!("30d")));
    assert_eq!(items["totals"], json!({"good": 10, "bad": 2, "excluded": 0}));
    assert_eq!(items["events"], items["totals"]);
    // Seconds of 30 days: over-spent for what was seen, hardly touched for the window.
    assert_eq!(items["budget"]["state"], "warming_up");
    assert!(items["budget"]["whole_window_remaining_ratio"].as_f64() > Some(0.99));
    let remaining = items["budget"]["remaining_ratio"].as_f64().unwrap_or(9.0);
    assert!((remaining - (1.0 - (2.0 / 12.0) / 0.1)).abs() < 1e-12, "{remaining}");
    assert_eq!(items["burn"][0]["window"], "5m");
    Ok(())
}

#[tokio::test]
async fn composites_and_journeys_are_told_and_composites_are_not_exported() -> Outcome {
    let several = "
  - name: shop
    journey: look
    objective: 99%
    window: 30d
    sli: { composite: { weights: { items: 3, idle: 1 } } }
  - { name: mails, journey: look, status: draft, objective: 99%, window: 30d, sli: { events: { of: mails } } }
";
    let measured = Measured::new(&format!("{SLOS}{}", &several[1..]))?;
    let app = app(&measured);
    for code in [200, 200, 200, 500] {
        ask(&app, &format!("/items/{code}")).await?;
    }
    measured.reliability.events("mails")?.record(slo_core::Outcome::Good);
    let (_, shop) = ask(&app, "/slo/shop").await?;
    assert_eq!(
        (&shop["sli_ratio"], &shop["state"]),
        (&json!(0.75), &json!("warming_up"))
    );
    assert_eq!(shop["burn"][0], json!({"window": "5m", "rate": 25.0}));
    assert_eq!(shop["members"][0]["sli_ratio"], 0.75);
    assert_eq!(shop["members"][1]["sli_ratio"], Value::Null);
    let (_, all) = ask(&app, "/slo").await?;
    assert_eq!(all["slos"].as_array().map(Vec::len), Some(3));
    assert_eq!(all["slos"][2]["sli"]["of"], "mails");
    assert_eq!(all["journeys"][0]["name"], "look");
    assert_eq!(all["journeys"][0]["slos"], json!(["shop", "mails"]));
    assert_eq!(all["journeys"][0]["state"], "warming_up");
    let exported: Vec<_> = measured.events()?.into_keys().map(|(slo, _)| slo).collect();
    assert!(exported.contains(&"mails".to_owned()) && !exported.contains(&"shop".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_calendar_window_is_told_in_words() -> Outcome {
    let measured = Measured::new(&SLOS.replace("window: 30d", "window: { calendar: day, time_zone: Pacific/Apia }"))?;
    let (_, items) = ask(&app(&measured), "/slo/items").await?;
    assert_eq!(items["window"], "day in Pacific/Apia");
    assert_eq!(items["burn"][2]["window"], "6h");
    assert!(
        items["coverage_ratio"]
            .as_f64()
            .is_some_and(|share| (0.0..=1.0).contains(&share))
    );
    Ok(())
}

#[tokio::test]
async fn no_traffic_is_null_and_a_state() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let (_, idle) = ask(&app(&measured), "/slo/idle").await?;
    assert_eq!(idle["budget"]["state"], "no_traffic");
    assert_eq!(
        (&idle["budget"]["remaining_ratio"], &idle["sli_ratio"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(idle["burn"][0], json!({"window": "5m", "rate": null}));
    Ok(())
}

#[tokio::test]
async fn an_unknown_name_is_answered_with_the_known_ones() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let (status, unknown) = ask(&app(&measured), "/slo/item").await?;
    assert_eq!(status, 404);
    assert_eq!(unknown["known"], json!(["items", "idle"]));
    Ok(())
}

#[tokio::test]
async fn asking_is_not_measured_even_inside_the_layer() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let app = Router::new()
        .nest("/slo", measured.reliability.status_router())
        .layer(measured.reliability.layer());
    let app = app.with_state(());
    let (status, _) = ask(&app, "/slo").await?;
    assert_eq!(status, 200);
    let refused = app.oneshot(Request::post("/slo/items").body(Body::empty())?).await?;
    assert_eq!(
        (refused.status(), &refused.headers()["allow"]),
        (StatusCode::METHOD_NOT_ALLOWED, &"GET,HEAD".parse()?)
    );
    assert_eq!(measured.records()?, []);
    assert_eq!(measured.outcomes("requests")?, [0, 0, 0]);
    Ok(())
}
