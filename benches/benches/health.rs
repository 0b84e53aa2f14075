//! A health endpoint's answer while its data is fresh: ours from a proof, axum-health's by asking its check. In CPU time of
//! this thread, which does all the work.

use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::routing::get;
use axum_health::prelude::{Health, HealthDetail, HealthIndicator, HealthStatus, health_check};
use benches::{Effort, Variant, compare, thread_cpu};
use chrono::{DateTime, Utc};
use served::answer;
use slo_health::{Freshness, Observation, State, SyntheticHealth, judge};
use tokio::runtime::Runtime;
use tokio::task::{JoinSet, yield_now};

const LIMIT: Duration = Duration::from_secs(3_600);
const EFFORT: Effort = Effort {
    rounds: 51,
    times: 5_000,
};

fn main() {
    let watermark = Arc::new(AtomicI64::new(Utc::now().timestamp()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    println!("{}", in_process(&watermark, &runtime));
    println!("{}", over_http(&watermark, &runtime));
    allocations(&watermark, &runtime);
    queries(&runtime);
}

/// The watermark of the data, as cheap as a read can be: both sides judge the same number by the same limit.
fn newest(watermark: &AtomicI64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(watermark.load(Ordering::Relaxed), 0)
}

fn ours(watermark: &Arc<AtomicI64>, checks: usize, trust: Duration) -> SyntheticHealth {
    let add = |builder: slo_health::SyntheticHealthBuilder, number: usize| {
        let watermark = Arc::clone(watermark);
        builder.check(format!("sales-{number}"), Freshness::within(LIMIT), move || {
            let seen = newest(&watermark);
            async move { Ok::<_, Infallible>(seen) }
        })
    };
    let builder = (0..checks).fold(SyntheticHealth::builder().trust_for(trust), add);
    builder.build().expect("checks with names of their own")
}

struct Sales {
    name: String,
    watermark: Arc<AtomicI64>,
}

#[async_trait::async_trait]
impl HealthIndicator for Sales {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn details(&self) -> HealthDetail {
        let age = newest(&self.watermark).map(|newest| Utc::now() - newest);
        match age.and_then(|age| age.to_std().ok()) {
            Some(age) if age <= LIMIT => HealthDetail::up(),
            _ => HealthDetail::down(),
        }
    }
}

fn theirs(watermark: &Arc<AtomicI64>, checks: usize) -> Health {
    let add = |builder: axum_health::service::HealthBuilder, number: usize| {
        builder.with_indicator(Sales {
            name: format!("sales-{number}"),
            watermark: Arc::clone(watermark),
        })
    };
    (0..checks).fold(Health::builder(), add).build()
}

/// Polls a future that has nothing to wait for.
fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing here waits"),
    }
}

fn each<'a>(name: impl Into<String>, mut once: impl FnMut() + 'a) -> Variant<'a> {
    Variant::timed(name, move |times| {
        let begun = thread_cpu();
        for _ in 0..times {
            once();
        }
        thread_cpu().saturating_sub(begun)
    })
}

fn in_process(watermark: &Arc<AtomicI64>, runtime: &Runtime) -> String {
    let mut variants = Vec::new();
    let policy = Freshness::within(LIMIT);
    let seen = Observation::from(newest(watermark));
    let now = Utc::now();
    variants.push(each("judge", move || {
        let _ = black_box(judge(black_box(&policy), &seen, now));
    }));
    for checks in [1, 5] {
        let ours = ours(watermark, checks, Duration::MAX);
        runtime.block_on(async { assert_eq!(ours.report().await.state(), State::Fresh) });
        variants.push(each(format!("slo-health: report, {checks} proven fresh"), move || {
            assert_eq!(at_once(ours.report()).state(), State::Fresh);
        }));
        let theirs = theirs(watermark, checks);
        variants.push(each(format!("axum-health: details, {checks} asked"), move || {
            assert_eq!(at_once(theirs.details()).status, HealthStatus::Up);
        }));
    }
    compare("health, in process", EFFORT.or_smoke(), variants)
}

const PATH: &str = "/synthetic/health";

fn routers(watermark: &Arc<AtomicI64>) -> Vec<(&'static str, Router)> {
    let ours = |checks, trust| ours(watermark, checks, trust).router(PATH);
    let theirs = |checks| {
        Router::new()
            .route(PATH, get(health_check))
            .layer(theirs(watermark, checks))
    };
    vec![
        ("axum: an empty 200", Router::new().route(PATH, get(async || ()))),
        ("slo-health: 1 check, proven fresh", ours(1, Duration::MAX)),
        ("axum-health: 1 check, asked", theirs(1)),
        ("slo-health: 5 checks, proven fresh", ours(5, Duration::MAX)),
        ("axum-health: 5 checks, asked", theirs(5)),
        ("slo-health: 1 check, read each time", ours(1, Duration::ZERO)),
    ]
}

fn request() -> Request {
    Request::get(PATH).body(Body::empty()).expect("a request")
}

fn over_http(watermark: &Arc<AtomicI64>, runtime: &Runtime) -> String {
    let variant = |(name, mut app): (&'static str, Router)| {
        Variant::timed(name, move |times| {
            let requests: Vec<_> = (0..times).map(|_| request()).collect();
            let begun = thread_cpu();
            runtime.block_on(async {
                for request in requests {
                    let status = answer(&mut app, request).await;
                    assert_eq!(status, StatusCode::OK);
                }
            });
            thread_cpu().saturating_sub(begun)
        })
    };
    let variants = routers(watermark).into_iter().map(variant).collect();
    compare("health, through the router", EFFORT.or_smoke(), variants)
}

fn allocations(watermark: &Arc<AtomicI64>, runtime: &Runtime) {
    println!("allocations per answer");
    for (name, mut app) in routers(watermark) {
        runtime.block_on(answer(&mut app, request()));
        let request = request();
        let seen = allocation_counter::measure(|| {
            runtime.block_on(answer(&mut app, request));
        });
        println!("{name:<48} {:>12}", seen.count_total);
    }
}

/// How often the data is read when a thousand requests come at once and nothing is known yet.
fn queries(runtime: &Runtime) {
    println!("\nreads of one check for 1,000 requests at once, nothing known");
    let (our_reads, their_reads) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
    let read = Arc::clone(&our_reads);
    let ours = SyntheticHealth::builder()
        .check("sales", Freshness::within(LIMIT), move || {
            read.fetch_add(1, Ordering::Relaxed);
            async {
                yield_now().await;
                Ok::<_, Infallible>(Utc::now())
            }
        })
        .build()
        .expect("one check");
    let theirs = Health::builder().with_indicator(Slow(Arc::clone(&their_reads))).build();
    runtime.block_on(async {
        let mut asking = JoinSet::new();
        for _ in 0..1_000 {
            let (ours, theirs) = (ours.clone(), theirs.clone());
            asking.spawn(async move {
                assert_eq!(ours.report().await.state(), State::Fresh);
                assert_eq!(theirs.details().await.status, HealthStatus::Up);
            });
        }
        asking.join_all().await;
    });
    for (name, reads) in [("slo-health", our_reads), ("axum-health", their_reads)] {
        println!("{name:<48} {:>12}", reads.load(Ordering::Relaxed));
    }
}

struct Slow(Arc<AtomicI64>);

#[async_trait::async_trait]
impl HealthIndicator for Slow {
    fn name(&self) -> String {
        "sales".to_owned()
    }

    async fn details(&self) -> HealthDetail {
        self.0.fetch_add(1, Ordering::Relaxed);
        yield_now().await;
        HealthDetail::up()
    }
}
