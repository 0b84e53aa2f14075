//! What is exported of the checks: exact points, and no read on their account.

use std::{
    convert::Infallible,
    sync::{Arc, Weak},
    time::Duration,
};

use crate::common::{CANARY, HOUR, NANO, SECOND, Shows, Source, noon, settle};
use crate::watched::{BrittleClock, clock_and_source};
use chrono::{DateTime, Utc};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    metrics::{
        InstrumentKind, ManualReader, Pipeline, SdkMeterProvider, Temporality,
        data::{AggregatedMetrics, Metric, MetricData, ResourceMetrics},
        reader::MetricReader,
    },
};
use proptest::prelude::*;
use slo_health::{
    Check, Freshness, ManualClock, State, SyntheticHealth,
    opentelemetry_0_33::{self, opentelemetry::KeyValue},
};
use tokio::{runtime::Builder, time::sleep};

type Failure = Box<dyn std::error::Error>;

/// Collects when it is told to, on the thread that tells it, so that tokio's paused clock is the one that counts.
#[derive(Clone, Debug, Default)]
struct Reader(Arc<ManualReader>);

impl MetricReader for Reader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

/// A meter provider, and what it would export.
struct Meters {
    provider: SdkMeterProvider,
    reader: Reader,
}

impl Meters {
    fn new() -> Self {
        let reader = Reader::default();
        let provider = SdkMeterProvider::builder().with_reader(reader.clone()).build();
        Self { provider, reader }
    }

    fn of(health: &SyntheticHealth) -> Result<Self, Failure> {
        let meters = Self::new();
        opentelemetry_0_33::record_into(health, &meters.provider)?;
        Ok(meters)
    }

    /// Every point of every metric: `name unit {attributes} value`, in order.
    fn points(&self) -> Result<Vec<String>, Failure> {
        let mut collected = ResourceMetrics::default();
        self.reader.collect(&mut collected)?;
        let scopes = collected.scope_metrics();
        let mut points: Vec<_> = scopes.flat_map(|scope| scope.metrics()).flat_map(points).collect();
        points.sort();
        Ok(points)
    }

    /// The points of one metric, without its name and unit.
    fn of_metric(&self, name: &str) -> Result<Vec<String>, Failure> {
        let points = self.points()?;
        let ours = points
            .iter()
            .filter_map(|point| point.strip_prefix(name)?.split_once(" {slo."));
        Ok(ours.map(|(_, point)| format!("{{slo.{point}")).collect())
    }

    /// The states of all checks that hold: `check=state`.
    fn states(&self) -> Result<Vec<String>, Failure> {
        let states = self.of_metric("slo.health.state")?;
        let holding = states.iter().filter_map(|state| state.strip_suffix("} 1"));
        let short = |state: &str| {
            state
                .replace("{slo.health.check=", "")
                .replace(",slo.health.state=", "=")
        };
        Ok(holding.map(short).collect())
    }

    /// Runs of `sales`: `[ok, error, timeout, panic]`.
    fn runs(&self) -> Result<[u64; 4], Failure> {
        let runs = self.of_metric("slo.health.check.runs")?;
        let count = |outcome: &str| {
            let prefix = format!("{{slo.health.check=sales,slo.health.outcome={outcome}}} ");
            let found = runs.iter().find_map(|run| run.strip_prefix(&prefix));
            found.and_then(|count| count.parse().ok()).ok_or("no such run")
        };
        Ok([count("ok")?, count("error")?, count("timeout")?, count("panic")?])
    }
}

fn points(metric: &Metric) -> Vec<String> {
    let line = |attributes: String, value: String| format!("{} {} {attributes} {value}", metric.name(), metric.unit());
    match metric.data() {
        AggregatedMetrics::U64(MetricData::Gauge(gauge)) => {
            let points = gauge.data_points();
            points
                .map(|point| line(text(point.attributes()), point.value().to_string()))
                .collect()
        }
        AggregatedMetrics::F64(MetricData::Gauge(gauge)) => {
            let points = gauge.data_points();
            points
                .map(|point| line(text(point.attributes()), point.value().to_string()))
                .collect()
        }
        AggregatedMetrics::U64(MetricData::Sum(sum)) if sum.is_monotonic() => {
            let points = sum.data_points();
            points
                .map(|point| line(text(point.attributes()), point.value().to_string()))
                .collect()
        }
        AggregatedMetrics::F64(MetricData::Histogram(histogram)) => {
            let points = histogram.data_points();
            points
                .map(|point| {
                    line(
                        text(point.attributes()),
                        format!("{} in {} s", point.count(), point.sum()),
                    )
                })
                .collect()
        }
        other => vec![format!("{} is something else: {other:?}", metric.name())],
    }
}

fn text<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> String {
    let mut attributes: Vec<_> = attributes.map(|kv| format!("{}={}", kv.key, kv.value)).collect();
    attributes.sort();
    format!("{{{}}}", attributes.join(","))
}

fn measured(source: &Source, clock: &ManualClock) -> Result<(SyntheticHealth, Meters), Failure> {
    let health = source.builder(clock).build()?;
    let meters = Meters::of(&health)?;
    Ok((health, meters))
}

#[tokio::test(start_paused = true)]
async fn before_the_first_read_there_are_zeros_of_runs_and_nothing_else() {
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let (_health, meters) = measured(&source, &clock).unwrap();
    for _ in 0..3 {
        assert_eq!(
            meters.points().unwrap(),
            [
                "slo.health.check.runs {run} {slo.health.check=sales,slo.health.outcome=error} 0",
                "slo.health.check.runs {run} {slo.health.check=sales,slo.health.outcome=ok} 0",
                "slo.health.check.runs {run} {slo.health.check=sales,slo.health.outcome=panic} 0",
                "slo.health.check.runs {run} {slo.health.check=sales,slo.health.outcome=timeout} 0",
            ]
        );
    }
    settle().await;
    assert_eq!(source.runs(), 0);
}

#[tokio::test(start_paused = true)]
async fn every_point_of_a_check_is_known_by_name_and_number() {
    let health = SyntheticHealth::builder()
        .check("sales", Freshness::within(HOUR), async || {
            sleep(Duration::from_millis(250)).await;
            Ok::<_, Infallible>(noon() - Duration::from_millis(500))
        })
        .clock(ManualClock::new(noon()))
        .build()
        .unwrap();
    let meters = Meters::of(&health).unwrap();
    assert_eq!(health.report().await.state(), State::Fresh);
    assert_eq!(
        meters.points().unwrap(),
        [
            "slo.health.check.duration s {slo.health.check=sales} 1 in 0.25 s",
            "slo.health.check.runs {run} {slo.health.check=sales,slo.health.outcome=error} 0",
            "slo.health.check.runs {run} {slo.health.check=sales,slo.health.outcome=ok} 1",
            "slo.health.check.runs {run} {slo.health.check=sales,slo.health.outcome=panic} 0",
            "slo.health.check.runs {run} {slo.health.check=sales,slo.health.outcome=timeout} 0",
            "slo.health.data.timestamp s {slo.health.check=sales} 1772366399.5",
            "slo.health.stale_at.timestamp s {slo.health.check=sales} 1772369999.5",
            "slo.health.state  {slo.health.check=sales,slo.health.state=empty} 0",
            "slo.health.state  {slo.health.check=sales,slo.health.state=error} 0",
            "slo.health.state  {slo.health.check=sales,slo.health.state=fresh} 1",
            "slo.health.state  {slo.health.check=sales,slo.health.state=invalid} 0",
            "slo.health.state  {slo.health.check=sales,slo.health.state=stale} 0",
            "slo.health.state  {slo.health.check=sales,slo.health.state=timeout} 0",
            "slo.health.state  {slo.health.check=sales,slo.health.state=warn} 0",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_check_turns_stale_at_its_moment_without_a_read() {
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let (health, meters) = measured(&source, &clock).unwrap();
    assert_eq!(health.report().await.state(), State::Fresh);
    clock.set(noon() + HOUR);
    assert_eq!(meters.states().unwrap(), ["sales=fresh"]);
    clock.advance(NANO);
    for _ in 0..100 {
        assert_eq!(meters.states().unwrap(), ["sales=stale"]);
    }
    settle().await;
    assert_eq!(source.runs(), 1);
    // What does not move is a timestamp.
    let data = meters.of_metric("slo.health.data.timestamp").unwrap();
    assert_eq!(data, ["{slo.health.check=sales} 1772366400"]);
    let stale_at = meters.of_metric("slo.health.stale_at.timestamp").unwrap();
    assert_eq!(stale_at, ["{slo.health.check=sales} 1772370000"]);
}

#[tokio::test(start_paused = true)]
async fn the_words_and_watermarks_are_those_of_a_probe() {
    let known = ["{slo.health.check=sales} 1772366400"].as_slice();
    let hidden: &[&str] = &[];
    let cases = [
        (Shows::Nothing, "sales=empty", hidden, [2, 0, 0, 0]),
        (Shows::At(noon() + HOUR), "sales=invalid", hidden, [2, 0, 0, 0]),
        (Shows::Fails, "sales=error", known, [1, 1, 0, 0]),
        (Shows::Panics, "sales=error", known, [1, 0, 0, 1]),
    ];
    for (shows, state, watermark, runs) in cases {
        let (clock, source) = clock_and_source(Shows::At(noon()));
        let health = source.builder(&clock).trust_for(Duration::ZERO).build().unwrap();
        let meters = Meters::of(&health).unwrap();
        assert_eq!(health.report().await.state(), State::Fresh);
        source.show(shows);
        let _report = health.report().await;
        assert_eq!(meters.states().unwrap(), [state]);
        let data = meters.of_metric("slo.health.data.timestamp").unwrap();
        assert_eq!(data, watermark, "{shows:?}");
        assert_eq!(
            meters.of_metric("slo.health.stale_at.timestamp").unwrap(),
            hidden,
            "{shows:?}"
        );
        assert_eq!(meters.runs().unwrap(), runs, "{shows:?}");
        assert!(!format!("{:?}", meters.points().unwrap()).contains(CANARY));
    }
}

#[tokio::test(start_paused = true)]
async fn a_warning_is_a_state_of_its_own() {
    let health = SyntheticHealth::builder()
        .check("sales", Freshness::within(2 * HOUR).warn_after(HOUR), async || {
            Ok::<_, Infallible>(noon() - HOUR - NANO)
        })
        .clock(ManualClock::new(noon()))
        .build()
        .unwrap();
    let meters = Meters::of(&health).unwrap();
    let _report = health.report().await;
    assert_eq!(meters.states().unwrap(), ["sales=warn"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_is_a_timeout_from_its_deadline_on_and_once() {
    let (clock, source) = clock_and_source(Shows::Hangs);
    let (health, meters) = measured(&source, &clock).unwrap();
    let asking = health.clone();
    tokio::spawn(async move { asking.report().await });
    sleep(SECOND).await;
    assert_eq!(meters.states().unwrap(), [""; 0]); // nothing is known yet
    assert_eq!(meters.runs().unwrap(), [0, 0, 0, 0]);

    sleep(4 * SECOND).await; // the deadline
    for _ in 0..3 {
        assert_eq!(meters.states().unwrap(), ["sales=timeout"]);
        assert_eq!(meters.runs().unwrap(), [0, 0, 1, 0]);
    }
    assert_eq!(meters.of_metric("slo.health.check.duration").unwrap(), [""; 0]);

    sleep(3 * SECOND).await;
    source.show(Shows::At(noon()));
    settle().await;
    assert_eq!(meters.states().unwrap(), ["sales=fresh"]);
    assert_eq!(meters.runs().unwrap(), [0, 0, 1, 0]);
    assert_eq!(
        meters.of_metric("slo.health.check.duration").unwrap(),
        ["{slo.health.check=sales} 1 in 8 s"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_verdict_stands_until_the_next_read_is_overdue() {
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let health = source.builder(&clock).hold_for(Duration::ZERO).build().unwrap();
    let meters = Meters::of(&health).unwrap();
    assert_eq!(health.report().await.state(), State::Fresh);
    sleep(60 * SECOND).await; // trusted no longer
    source.show(Shows::Hangs);
    let asking = health.clone();
    tokio::spawn(async move { asking.report().await });
    sleep(4 * SECOND).await;
    assert_eq!(meters.states().unwrap(), ["sales=fresh"]);
    sleep(SECOND).await;
    assert_eq!(meters.states().unwrap(), ["sales=timeout"]);
    assert_eq!(health.report().await.state(), State::Timeout);
    let data = meters.of_metric("slo.health.data.timestamp").unwrap();
    assert_eq!(data, ["{slo.health.check=sales} 1772366400"]);
}

#[tokio::test(start_paused = true)]
async fn data_that_is_proven_fresh_stays_fresh_while_nobody_can_look() {
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let (health, meters) = measured(&source, &clock).unwrap();
    assert_eq!(health.report().await.state(), State::Fresh);
    source.show(Shows::Hangs);
    sleep(60 * SECOND).await; // trusted no longer
    assert_eq!(health.report().await.state(), State::Fresh);
    assert_eq!(meters.states().unwrap(), ["sales=fresh"]);
    assert_eq!(meters.runs().unwrap(), [1, 0, 1, 0]);
    source.show(Shows::Fails);
    settle().await;
    assert_eq!(meters.states().unwrap(), ["sales=fresh"]);
    clock.set(noon() + 2 * HOUR);
    assert_eq!(meters.states().unwrap(), ["sales=error"]);
}

#[tokio::test(start_paused = true)]
async fn an_advisory_check_has_the_state_that_its_probe_sees() {
    let (clock, source) = clock_and_source(Shows::Nothing);
    let health = SyntheticHealth::builder()
        .with(Check::new("sales", Freshness::within(HOUR), move || source.clone().read()).advisory())
        .clock(clock)
        .build()
        .unwrap();
    let meters = Meters::of(&health).unwrap();
    assert_eq!(health.report().await.state(), State::Warn);
    assert_eq!(meters.states().unwrap(), ["sales=warn"]);
}

#[tokio::test(start_paused = true)]
async fn what_may_still_answer_a_probe_is_told_even_while_a_read_hangs() {
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let (health, meters) = measured(&source, &clock).unwrap();
    assert_eq!(health.report().await.state(), State::Fresh);
    source.show(Shows::Hangs);
    clock.set(noon() + 2 * HOUR);
    assert_eq!(health.report().await.state(), State::Timeout);
    assert_eq!(meters.states().unwrap(), ["sales=timeout"]);
    clock.set(noon()); // the clock was wrong
    assert_eq!(health.report().await.state(), State::Fresh);
    assert_eq!(meters.states().unwrap(), ["sales=fresh"]);
    assert_eq!(meters.runs().unwrap(), [1, 0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_second_provider_is_refused_and_changes_nothing() {
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let (health, meters) = measured(&source, &clock).unwrap();
    let refused = opentelemetry_0_33::record_into(&health.clone(), &meters.provider).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "these checks record into a meter provider already; build one SyntheticHealth per provider"
    );
    let other = Meters::new();
    assert!(opentelemetry_0_33::record_into(&health, &other.provider).is_err());
    let _report = health.report().await;
    assert_eq!(other.points().unwrap(), [""; 0]);
    assert_eq!(meters.runs().unwrap(), [1, 0, 0, 0]);
    assert_eq!(
        meters.of_metric("slo.health.check.duration").unwrap(),
        ["{slo.health.check=sales} 1 in 0 s"]
    );
}

#[tokio::test(start_paused = true)]
async fn two_endpoints_in_one_provider_are_told_side_by_side() {
    let (clock, sales) = clock_and_source(Shows::At(noon()));
    let (first, meters) = measured(&sales, &clock).unwrap();
    let second = SyntheticHealth::builder()
        .check("chat", Freshness::within(HOUR), async || {
            Ok::<_, Infallible>(None::<DateTime<Utc>>)
        })
        .check("search", Freshness::within(HOUR), async || {
            Err::<DateTime<Utc>, _>("gone")
        })
        .clock(clock)
        .build()
        .unwrap();
    opentelemetry_0_33::record_into(&second, &meters.provider).unwrap();
    let _reports = (first.report().await, second.report().await);
    let mut states = meters.states().unwrap();
    states.sort();
    assert_eq!(states, ["chat=empty", "sales=fresh", "search=error"]);
    // 7 states and 4 outcomes each, 3 durations, 1 watermark and when it goes stale.
    assert_eq!(meters.points().unwrap().len(), 3 * (7 + 4 + 1) + 2);
}

#[tokio::test(start_paused = true)]
async fn points_end_with_the_checks() {
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let (health, meters) = measured(&source, &clock).unwrap();
    let _report = health.report().await;
    settle().await;
    drop(health);
    let left = meters.points().unwrap();
    // What was recorded stays the SDK's; what is observed does not go on.
    assert_eq!(left, ["slo.health.check.duration s {slo.health.check=sales} 1 in 0 s"]);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_panics_costs_its_own_points_and_no_others() {
    let clock = BrittleClock::default();
    let health = clock.health().unwrap();
    let meters = Meters::of(&health).unwrap();
    let others = Source::new(Shows::Nothing);
    let read = others.clone();
    let other = SyntheticHealth::builder()
        .check("chat", Freshness::within(HOUR), move || read.clone().read())
        .build()
        .unwrap();
    opentelemetry_0_33::record_into(&other, &meters.provider).unwrap();
    let _reports = (health.report().await, other.report().await);
    clock.set_broken(true);
    assert_eq!(meters.states().unwrap(), ["chat=empty"]);
    clock.set_broken(false);
    assert_eq!(meters.states().unwrap().len(), 2);
}

#[test]
fn the_buckets_are_those_that_the_conventions_advise_for_queries() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let (health, meters) = measured(&source, &clock).unwrap();
    let _report = runtime.block_on(health.report());
    let mut collected = ResourceMetrics::default();
    meters.reader.collect(&mut collected).unwrap();
    let scope = collected.scope_metrics().next().unwrap();
    assert_eq!(scope.scope().name(), "slo-health");
    let bounds = scope.metrics().find_map(|metric| match metric.data() {
        AggregatedMetrics::F64(MetricData::Histogram(histogram)) => {
            Some(histogram.data_points().next()?.bounds().collect::<Vec<_>>())
        }
        _ => None,
    });
    assert_eq!(bounds.unwrap(), [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0]);
}

/// Lets the source go through this, asks after each change and counts collections that are no longer monotone.
async fn runs_after(shows: Vec<Shows>) -> Result<(u64, usize), Failure> {
    let (clock, source) = clock_and_source(Shows::Nothing);
    let health = source.builder(&clock).trust_for(Duration::ZERO).build()?;
    let meters = Meters::of(&health)?;
    let mut before = [0; 4];
    for shows in shows {
        source.show(shows);
        let asking = health.clone();
        tokio::spawn(async move { asking.report().await });
        for _ in 0..4 {
            sleep(2 * SECOND).await;
            let runs = meters.runs()?;
            if runs.iter().zip(before).any(|(now, before)| *now < before) {
                return Err(format!("{before:?} became {runs:?}").into());
            }
            before = runs;
        }
    }
    source.show(Shows::Nothing);
    settle().await;
    Ok((meters.runs()?.iter().sum(), source.runs()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_run_is_counted_once_and_counts_never_go_back(
        shows in prop::collection::vec(
            prop_oneof![
                Just(Shows::At(noon())),
                Just(Shows::Nothing),
                Just(Shows::Fails),
                Just(Shows::Panics),
                Just(Shows::Hangs),
            ],
            0..12,
        ),
    ) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let (counted, runs) = runtime.block_on(runs_after(shows)).unwrap();
        prop_assert_eq!(counted, u64::try_from(runs).unwrap());
    }
}
