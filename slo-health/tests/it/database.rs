//! A database that is slow, gone, back, or full of rows from the future: what is answered, and that nothing queues up.

use axum::Router;
use http::Method;
use slo_health::ManualClock;
use tokio::{task::JoinSet, time::advance};

use crate::{
    common::{HOUR, NANO, SECOND, Shows, Source, noon, settle},
    http::{PATH, app},
    seen::see,
};

/// A crowd asks at once; all get this code and this status.
async fn everyone_sees(app: &Router, code: u16, status: &str, check: Option<&str>) {
    let mut asking = JoinSet::new();
    for _ in 0..100 {
        let app = app.clone();
        asking.spawn(async move {
            let seen = see(&app, Method::GET, PATH).await.ok()?;
            let header = |name| seen.header(name).map(str::to_owned);
            Some((seen.status, header("slo-health-status"), header("slo-health-check")))
        });
    }
    let expected = Some((code, Some(status.to_owned()), check.map(str::to_owned)));
    assert_eq!(asking.join_all().await, vec![expected; 100]);
}

#[tokio::test(start_paused = true)]
async fn the_verdicts_of_a_bad_day() {
    let (clock, db) = (ManualClock::new(noon()), Source::new(Shows::At(noon())));
    let app = app(&db, &clock).unwrap();
    everyone_sees(&app, 200, "fresh", None).await;
    assert_eq!((db.runs(), db.most_at_once()), (1, 1));

    // Slow: no answer within the deadline. What was seen still proves the data fresh.
    db.show(Shows::Hangs);
    advance(60 * SECOND).await;
    everyone_sees(&app, 200, "fresh", Some("timeout")).await;
    everyone_sees(&app, 200, "fresh", Some("timeout")).await;
    assert_eq!(db.runs(), 2, "one read is out, and none beside it");
    clock.set(noon() + HOUR + NANO);
    everyone_sees(&app, 504, "timeout", None).await;
    assert_eq!(db.runs(), 2);

    // Gone: connections are refused.
    db.show(Shows::Fails);
    settle().await;
    everyone_sees(&app, 500, "error", None).await;
    for _ in 0..10 {
        advance(SECOND).await;
        everyone_sees(&app, 500, "error", None).await;
    }
    assert_eq!(db.runs(), 12, "one look per interval");

    // Back, with what it had before; then with what landed since.
    db.show(Shows::At(noon()));
    advance(SECOND).await;
    everyone_sees(&app, 503, "stale", None).await;
    db.show(Shows::At(noon() + HOUR));
    advance(SECOND).await;
    everyone_sees(&app, 200, "fresh", None).await;

    // Truncated by a reload, then full of rows dated next year.
    db.show(Shows::Nothing);
    advance(60 * SECOND).await;
    everyone_sees(&app, 503, "empty", None).await;
    db.show(Shows::At(noon() + 365 * 24 * HOUR));
    advance(SECOND).await;
    everyone_sees(&app, 503, "invalid", None).await;
    db.show(Shows::Fails);
    advance(SECOND).await;
    everyone_sees(&app, 500, "error", None).await; // a row from the future proves nothing

    assert_eq!(db.runs(), 17);
    assert_eq!((db.most_at_once(), db.in_flight()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn behind_a_read_that_hangs_nothing_piles_up_and_the_first_answer_serves_all() {
    let (clock, db) = (ManualClock::new(noon()), Source::new(Shows::Hangs));
    let app = app(&db, &clock).unwrap();
    for _ in 0..50 {
        everyone_sees(&app, 504, "timeout", None).await;
        advance(10 * SECOND).await;
    }
    assert_eq!((db.runs(), db.in_flight()), (1, 1));
    db.show(Shows::At(noon()));
    settle().await;
    assert_eq!((db.runs(), db.in_flight()), (1, 0));
    everyone_sees(&app, 200, "fresh", None).await;
}
