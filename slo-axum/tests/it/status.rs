//! The status routes: every SLO of this process, as JSON.

use crate::measured::{Measured, Outcome};
use axum::body::Body;
use axum::extract::Path;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use axum::{Extension, Router};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use slo_core::{Cause, Override};
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
        .route(
            "/left-out",
            get(async || (Extension(Override::excluded(Cause::Probe)), "1")),
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
  - { name: sms, objective: 99%, window: 30d, sli: { prometheus: { bad: sms_failed_total, valid: sms_total } } }
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
    assert_eq!(all["slos"].as_array().map(Vec::len), Some(4));
    assert_eq!(all["slos"][2]["sli"]["of"], "mails");
    assert_eq!(all["journeys"][0]["name"], "look");
    assert_eq!(all["journeys"][0]["slos"], json!(["shop", "mails"]));
    assert_eq!(all["journeys"][0]["state"], "warming_up");
    let exported: Vec<_> = measured.events()?.into_keys().map(|(slo, _)| slo).collect();
    assert!(exported.contains(&"mails".to_owned()) && !exported.contains(&"shop".to_owned()));
    // An engine counts these; of this process there is nothing to add.
    assert!(!exported.contains(&"sms".to_owned()));
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

#[tokio::test]
async fn routes_tell_rate_errors_and_durations_and_those_never_seen_are_named() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let app = app(&measured);
    let (_, before) = ask(&app, "/slo").await?;
    assert_eq!(before["routes"], json!([]));
    assert_eq!(before["unseen_routes"], json!(["/items/{code}", "/nobody"]));
    for code in [200, 200, 404, 500] {
        ask(&app, &format!("/items/{code}")).await?;
    }
    let (_, all) = ask(&app, "/slo").await?;
    assert_eq!(all["unseen_routes"], json!(["/nobody"]));
    assert_eq!(all["slos"][1]["unseen_routes"], json!(["/nobody"]));
    let items = &all["routes"][0];
    assert_eq!(
        (&items["route"], &items["requests"], &items["error_ratio"]),
        (&json!("/items/{code}"), &json!(4), &json!(0.25))
    );
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let by_hand = 4.0 / number(&items["measured_seconds"]);
    assert!(
        (number(&items["rate_per_second"]) / by_hand - 1.0).abs() < 1e-9,
        "{items}"
    );
    assert_eq!((&items["excluded"], &items["latency"]["timed"]), (&json!(0), &json!(4)));
    for quantile in ["p50", "p95", "p99"] {
        let told = &items["latency"][quantile];
        let [least, shown, below] = ["at_least_seconds", "seconds", "below_seconds"].map(|key| number(&told[key]));
        assert!(least <= shown && shown < below && below < 60.0, "{quantile}: {told}");
    }
    for _ in 0..2 {
        ask(&app, "/left-out").await?;
    }
    let (_, all) = ask(&app, "/slo").await?;
    let left_out = &all["routes"][1];
    assert_eq!(
        (&left_out["requests"], &left_out["excluded"], &left_out["error_ratio"]),
        (&json!(2), &json!(2), &Value::Null),
        "{left_out}"
    );
    Ok(())
}

#[tokio::test]
async fn a_promise_tells_its_alerts_and_for_how_long_its_budget_lasts() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let app = app(&measured);
    let (_, quiet) = ask(&app, "/slo/items").await?;
    let excluded = json!({
        "verdict": "quiet", "sentence": "no event in the last 15m", "window": "15m", "ratio": null, "limit_ratio": 0.05
    });
    assert_eq!(
        quiet["alert"],
        json!({
            "state": "ok", "silent": true, "watched": false, "reasons": [], "held_back": [], "excluded": excluded
        })
    );
    assert_eq!((&quiet["gaps"], &quiet["level"]), (&json!([]), &json!("no_data")));
    assert_eq!(quiet["budget"]["exhaustion"], Value::Null);
    for code in [200, 500, 500, 500, 500, 500] {
        ask(&app, &format!("/items/{code}")).await?;
    }
    let (_, items) = ask(&app, "/slo/items").await?;
    // Five of six in the first moment of 30 days: nearly nothing of what the month allows.
    assert_eq!(items["budget"]["state"], "warming_up");
    assert_eq!(items["budget"]["recovers_at"], Value::Null);
    let left = items["budget"]["full_outage_left_seconds"].as_f64();
    assert!(left > Some(258_000.0) && left < Some(259_200.0), "{left:?}"); // of the three days that 90% of 30 days leave
    let exhaustion = &items["budget"]["exhaustion"];
    assert_eq!(
        (&exhaustion["at_the_rate_of"], &exhaustion["when"]),
        (&json!("1h"), &json!("in"))
    );
    assert!(exhaustion["seconds"].as_f64() > Some(300_000.0), "{exhaustion}");
    Ok(())
}

#[tokio::test]
async fn whether_anybody_looks_after_the_promises_is_told() -> Outcome {
    let measured = Measured::new(SLOS)?;
    let app = app(&measured);
    let (_, before) = ask(&app, "/slo").await?;
    assert_eq!(
        [
            &before["life"]["runs"],
            &before["life"]["interval_seconds"],
            &before["life"]["last_step_at"]
        ],
        [&json!(false), &Value::Null, &Value::Null]
    );
    let life = measured
        .reliability
        .run(slo_axum::Life::every(std::time::Duration::from_millis(500)))?;
    let (_, with) = ask(&app, "/slo").await?;
    assert_eq!(
        [&with["life"]["runs"], &with["life"]["interval_seconds"]],
        [&json!(true), &json!(0.5)]
    );
    life.shutdown(std::time::Duration::from_secs(60))?;
    let (_, after) = ask(&app, "/slo").await?;
    assert_eq!(after["life"]["runs"], json!(false));
    assert!(after["life"]["last_step_at"].is_string());
    Ok(())
}
