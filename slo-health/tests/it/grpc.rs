//! What a client of the gRPC health protocol is told.

use std::{convert::Infallible, future::pending, time::Duration};

use crate::common::{HOUR, NANO, SECOND, Shows, Source, noon, settle};
use crate::watched::{BrittleClock, clock_and_source};
use chrono::{DateTime, Utc};
use slo_health::{
    Freshness, ManualClock, State, SyntheticHealth,
    tonic_health_0_14::{self, Bridge, BridgeError},
};
use tokio::{runtime::Builder, time::sleep};
use tonic::{Code, Status, Streaming};
use tonic_health::{
    pb::{
        HealthCheckRequest, HealthCheckResponse,
        health_check_response::ServingStatus,
        health_client::HealthClient,
        health_server::{Health, HealthServer},
    },
    server::{HealthReporter, health_reporter},
};

type Failure = Box<dyn std::error::Error>;

/// A client of the protocol, in one process with its server and without a socket between them.
struct Client<H: Health>(HealthClient<HealthServer<H>>);

impl<H: Health> Client<H> {
    async fn check(&mut self, service: &str) -> Result<ServingStatus, Status> {
        let response = self.0.check(request(service)).await?;
        Ok(response.into_inner().status())
    }

    async fn watch(&mut self, service: &str) -> Result<Streaming<HealthCheckResponse>, Status> {
        Ok(self.0.watch(request(service)).await?.into_inner())
    }
}

fn request(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

fn client() -> (HealthReporter, Client<impl Health>) {
    let (reporter, server) = health_reporter();
    (reporter, Client(HealthClient::new(server)))
}

/// These checks behind `real-price`, looked at as often as by default.
async fn bridged(health: &SyntheticHealth) -> Result<(Bridge, Client<impl Health + use<>>), BridgeError> {
    let (reporter, client) = client();
    let bridge = tonic_health_0_14::bridge(health, "real-price");
    Ok((bridge.start(reporter).await?, client))
}

/// The source's check, bridged like this.
async fn bridged_source(source: &Source, clock: &ManualClock) -> Result<(Bridge, Client<impl Health>), Failure> {
    Ok(bridged(&source.builder(clock).build()?).await?)
}

#[tokio::test(start_paused = true)]
async fn nothing_serves_before_the_first_verdict() {
    let (clock, source) = clock_and_source(Shows::Hangs);
    let (_bridge, mut client) = bridged_source(&source, &clock).await.unwrap();
    for service in ["real-price", "real-price/sales"] {
        assert_eq!(client.check(service).await.unwrap(), ServingStatus::Unknown);
    }
    sleep(4 * SECOND).await;
    assert_eq!(client.check("real-price").await.unwrap(), ServingStatus::Unknown);
    sleep(2 * SECOND).await; // past the deadline
    assert_eq!(client.check("real-price").await.unwrap(), ServingStatus::NotServing);

    source.show(Shows::At(noon()));
    sleep(5 * SECOND).await;
    for service in ["real-price", "real-price/sales"] {
        assert_eq!(client.check(service).await.unwrap(), ServingStatus::Serving);
    }
}

#[tokio::test(start_paused = true)]
async fn only_good_states_serve() {
    let cases = [
        (Shows::At(noon()), ServingStatus::Serving),
        (Shows::At(noon() - HOUR), ServingStatus::Serving),
        (Shows::At(noon() - HOUR - NANO), ServingStatus::NotServing),
        (Shows::At(noon() + HOUR), ServingStatus::NotServing),
        (Shows::Nothing, ServingStatus::NotServing),
        (Shows::Fails, ServingStatus::NotServing),
        (Shows::Panics, ServingStatus::NotServing),
    ];
    for (shows, expected) in cases {
        let (clock, source) = clock_and_source(shows);
        let (_bridge, mut client) = bridged_source(&source, &clock).await.unwrap();
        settle().await;
        assert_eq!(client.check("real-price").await.unwrap(), expected, "{shows:?}");
        assert_eq!(client.check("real-price/sales").await.unwrap(), expected, "{shows:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_warning_serves() {
    let policy = Freshness::within(2 * HOUR).warn_after(HOUR);
    let health = SyntheticHealth::builder()
        .check("sales", policy, async || Ok::<_, Infallible>(noon() - 2 * HOUR))
        .clock(ManualClock::new(noon()))
        .build()
        .unwrap();
    let (_bridge, mut client) = bridged(&health).await.unwrap();
    settle().await;
    assert_eq!(health.report().await.state(), State::Warn);
    assert_eq!(client.check("real-price").await.unwrap(), ServingStatus::Serving);
}

#[tokio::test(start_paused = true)]
async fn each_check_has_a_service_and_the_worst_speaks_for_the_whole() {
    let (clock, sales) = clock_and_source(Shows::At(noon()));
    let health = sales
        .builder(&clock)
        .check("chat", Freshness::within(HOUR), async || {
            Ok::<_, Infallible>(None::<DateTime<Utc>>)
        })
        .build()
        .unwrap();
    let (_bridge, mut client) = bridged(&health).await.unwrap();
    settle().await;
    assert_eq!(client.check("real-price").await.unwrap(), ServingStatus::NotServing);
    assert_eq!(client.check("real-price/sales").await.unwrap(), ServingStatus::Serving);
    assert_eq!(
        client.check("real-price/chat").await.unwrap(),
        ServingStatus::NotServing
    );
    // Others than ours are untouched.
    assert_eq!(client.check("").await.unwrap(), ServingStatus::Serving);
    assert_eq!(client.check("sales").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(start_paused = true)]
async fn who_watches_is_told_of_changes_and_of_nothing_else() {
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let (bridge, mut client) = bridged_source(&source, &clock).await.unwrap();
    let mut watched = client.watch("real-price").await.unwrap();
    let (told, mut seen) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok(Some(response)) = watched.message().await {
            told.send(response.status()).unwrap();
        }
    });
    sleep(60 * SECOND).await;
    clock.advance(2 * HOUR);
    sleep(60 * SECOND).await;
    source.show(Shows::At(noon() + 2 * HOUR));
    sleep(60 * SECOND).await;
    drop(bridge);
    settle().await;
    let mut statuses = Vec::new();
    while let Ok(status) = seen.try_recv() {
        statuses.push(status);
    }
    let [unknown, serving, not] = [
        ServingStatus::Unknown,
        ServingStatus::Serving,
        ServingStatus::NotServing,
    ];
    assert_eq!(statuses, [unknown, serving, not, serving, unknown]);
}

#[tokio::test(start_paused = true)]
async fn a_status_is_as_late_as_the_interval_at_most() {
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let health = source.builder(&clock).build().unwrap();
    let (reporter, mut client) = client();
    let bridge = tonic_health_0_14::bridge(&health, "real-price").every(20 * SECOND);
    let _bridge = bridge.start(reporter).await.unwrap();
    sleep(SECOND).await;
    clock.advance(2 * HOUR);
    sleep(18 * SECOND).await;
    assert_eq!(client.check("real-price").await.unwrap(), ServingStatus::Serving);
    sleep(2 * SECOND).await;
    assert_eq!(client.check("real-price").await.unwrap(), ServingStatus::NotServing);
    // Proven fresh, looking costs nothing; not fresh, one read a look.
    assert_eq!(source.runs(), 2);
    sleep(60 * SECOND).await;
    assert_eq!(source.runs(), 5);
}

#[tokio::test(start_paused = true)]
async fn no_status_outlives_its_bridge() {
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let (bridge, mut client) = bridged_source(&source, &clock).await.unwrap();
    sleep(SECOND).await;
    assert_eq!(client.check("real-price").await.unwrap(), ServingStatus::Serving);
    drop(bridge);
    settle().await;
    for service in ["real-price", "real-price/sales"] {
        assert_eq!(client.check(service).await.unwrap(), ServingStatus::Unknown);
    }
    sleep(60 * SECOND).await;
    assert_eq!(client.check("real-price").await.unwrap(), ServingStatus::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_panics_serves_nothing_until_it_is_well() {
    let clock = BrittleClock::default();
    clock.set_broken(true);
    let health = clock.health().unwrap();
    let (_bridge, mut client) = bridged(&health).await.unwrap();
    settle().await;
    assert_eq!(client.check("real-price").await.unwrap(), ServingStatus::NotServing);
    clock.set_broken(false);
    sleep(6 * SECOND).await;
    assert_eq!(client.check("real-price").await.unwrap(), ServingStatus::Serving);
}

#[test]
fn a_runtime_that_shuts_down_before_its_bridge_panics_nowhere() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    let (clock, source) = clock_and_source(Shows::Hangs);
    let health = source.builder(&clock).build().unwrap();
    let (reporter, mut client) = client();
    let bridge = runtime.block_on(tonic_health_0_14::bridge(&health, "real-price").start(reporter));
    assert!(bridge.is_ok());
    drop(runtime);
    drop(bridge);
    let after = Builder::new_current_thread().build().unwrap();
    let status = after.block_on(client.check("real-price")).unwrap();
    assert_ne!(status, ServingStatus::Serving);
}

#[tokio::test]
async fn a_bridge_that_makes_no_sense_is_refused() {
    let health = SyntheticHealth::builder()
        .check(
            "sales",
            Freshness::within(HOUR),
            pending::<Result<DateTime<Utc>, Infallible>>,
        )
        .build()
        .unwrap();
    let (reporter, mut client) = client();
    let nameless = tonic_health_0_14::bridge(&health, "").start(reporter.clone()).await;
    let error = nameless.unwrap_err();
    assert_eq!(error, BridgeError::EmptyService);
    assert_eq!(
        error.to_string(),
        "the service's name is empty, which stands for the server itself, and old data must not restart it; give a name \
         like `real-price`"
    );
    let restless = tonic_health_0_14::bridge(&health, "real-price").every(Duration::ZERO);
    let error = restless.start(reporter).await.unwrap_err();
    assert_eq!(error, BridgeError::ZeroInterval);
    assert_eq!(
        error.to_string(),
        "the interval is 0 s; give the time between two looks, like 5 s"
    );
    assert_eq!(client.check("").await.unwrap(), ServingStatus::Serving);
    assert_eq!(client.check("real-price").await.unwrap_err().code(), Code::NotFound);
}
