//! Planned times: judged once, for the tracker and for the export.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::{Router, routing::get};
use chrono::{DateTime, Utc};
use slo_core::Outcome as Judged;
use tower::ServiceExt;

use crate::measured::{Measured, Outcome};

/// Planned times begin at a whole minute.
fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

/// One SLO in the midst of a planned time, one before its own, one without.
fn slos() -> (String, DateTime<Utc>) {
    let epoch = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let now = DateTime::<Utc>::from_timestamp(0, 0).unwrap_or_default() + epoch;
    let (began, begins) = (now - Duration::from_secs(86_400), now + Duration::from_secs(86_400));
    let planned = |from: DateTime<Utc>| {
        let from = minute(from);
        format!("exclude: [{{ from: {from}, duration: 2d, time_zone: UTC, reason: move }}]")
    };
    let spec = format!(
        "
version: 1
service: shop
slos:
  - {{ name: moved, objective: 99%, window: 30d, sli: {{ http: {{ routes: [/a] }} }}, {now} }}
  - {{ name: mails, objective: 99%, window: 30d, sli: {{ events: {{ of: mails }} }}, {now} }}
  - {{ name: later, objective: 99%, window: 30d, sli: {{ http: {{ routes: [/a] }} }}, {later} }}
  - name: steady
    objective: 99%
    window: 30d
    runbook: https://wiki.example.com/steady
    sli: {{ http: {{ routes: [/a] }} }}
",
        now = planned(began),
        later = planned(begins),
    );
    let whole = began.timestamp().div_euclid(60) * 60;
    let end = DateTime::from_timestamp(whole, 0).unwrap_or_default() + Duration::from_secs(2 * 86_400);
    (spec, end)
}

#[tokio::test]
async fn in_a_planned_time_nothing_counts_and_the_export_says_so() -> Outcome {
    let (spec, end) = slos();
    let measured = Measured::new(&spec)?;
    let app: Router = Router::new()
        .route("/a", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .layer(measured.reliability.layer());
    let answer = app.oneshot(Request::get("/a").body(Body::empty())?).await?;
    drop(answer);
    measured.reliability.events("mails")?.record(Judged::Bad);

    for (slo, counted) in [
        ("moved", [0, 0, 1]),
        ("mails", [0, 0, 1]),
        ("later", [0, 1, 0]),
        ("steady", [0, 1, 0]),
        // What happened is no promise, and stays visible.
        ("requests", [0, 1, 0]),
    ] {
        assert_eq!(measured.outcomes(slo)?, counted, "{slo}");
    }
    let ends = measured.gauge("slo.exclusion.end")?;
    let seconds = end.timestamp();
    assert_eq!(
        ends,
        [
            "slo.name=later 0".to_owned(),
            format!("slo.name=mails {seconds}"),
            format!("slo.name=moved {seconds}")
        ]
    );

    let status = measured.reliability.status();
    let said: Vec<_> = status.slos.iter().map(|slo| slo.exclusion.as_ref()).collect();
    assert!(said[2].is_none() && said[3].is_none());
    let moved = serde_json::to_value(said[0])?;
    assert_eq!(
        moved,
        serde_json::json!({ "reason": "move", "until": end.to_rfc3339_opts(chrono::SecondsFormat::Millis, true) })
    );
    assert_eq!(status.slos[0].totals, slo_core::Events::default().with_excluded(1));
    Ok(())
}

#[tokio::test]
async fn a_definition_says_its_kind_and_its_runbook() -> Outcome {
    let measured = Measured::new(&slos().0)?;
    let info = measured.gauge("slo.spec.info")?;
    assert!(
        info.contains(
            &"slo.alerts=standard,slo.name=steady,slo.runbook=https://wiki.example.com/steady,slo.sli=http,slo.status=draft 1".to_owned()
        ),
        "{info:?}"
    );
    assert!(
        info.contains(&"slo.alerts=standard,slo.name=mails,slo.sli=events,slo.status=draft 1".to_owned()),
        "{info:?}"
    );
    Ok(())
}
