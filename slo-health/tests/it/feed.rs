//! What freshness SLOs are told: one event per tick, whatever else happens.

use std::{
    convert::Infallible,
    future::pending,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use crate::common::{HOUR, NANO, SECOND, Shows, Source, noon, settle};
use crate::watched::{BrittleClock, clock_and_source};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use slo_core::{AttemptSink, Attempted, DownCounts, Events, Outcome, Slo, SloTracker, SyntheticSli, Tick, Window};
use slo_health::{Clock, Feed, FeedError, Freshness, ManualClock, State, SyntheticHealth};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinSet,
    time::{Instant, advance, sleep},
};

const TICK: Duration = Duration::from_secs(30);

/// Past the deadline of a read that a tick began: `sleep(SETTLED)`, then `sleep(TICK)` for each further tick.
const SETTLED: Duration = Duration::from_secs(10);

type Failure = Box<dyn std::error::Error>;

/// Remembers what it was told.
#[derive(Clone, Debug, Default)]
struct Told(Arc<Mutex<Vec<Outcome>>>);

impl Told {
    fn outcomes(&self) -> Vec<Outcome> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn last(&self) -> Option<Outcome> {
        self.outcomes().last().copied()
    }
}

impl AttemptSink for Told {
    fn take(&self, attempted: Attempted) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.push(attempted.outcome());
    }
}

/// A feed of the source's check, and what it told.
fn feed(source: &Source, clock: &ManualClock) -> Result<(Feed, Told), Failure> {
    let told = Told::default();
    let feed = source.builder(clock).build()?.feed().whole(told.clone()).start()?;
    Ok((feed, told))
}

#[tokio::test(start_paused = true)]
async fn a_thousand_probes_per_tick_are_one_event_per_tick() {
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let health = source.builder(&clock).build().unwrap();
    let (whole, check) = (Told::default(), Told::default());
    let feed = health.feed().whole(whole.clone()).check("sales", check.clone());
    let _feed = feed.start().unwrap();
    sleep(SETTLED).await;
    for _ in 0..20 {
        let mut probes = JoinSet::new();
        for _ in 0..1_000 {
            let health = health.clone();
            probes.spawn(async move { health.report().await.state() });
        }
        assert!(probes.join_all().await.iter().all(|state| *state == State::Fresh));
        sleep(TICK).await;
    }
    // At 0 s and at each of the 20 ticks.
    assert_eq!(whole.outcomes(), [Outcome::Good; 21]);
    assert_eq!(check.outcomes(), [Outcome::Good; 21]);
    assert!(source.runs() <= 11, "{} reads in 610 s", source.runs()); // trusted for 60 s each
}

#[tokio::test(start_paused = true)]
async fn every_tick_says_what_a_probe_would_see() {
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let (_feed, told) = feed(&source, &clock).unwrap();
    sleep(SETTLED).await;
    assert_eq!(told.outcomes(), [Outcome::Good]);

    clock.advance(HOUR + NANO); // nothing landed
    sleep(TICK).await;
    assert_eq!(told.outcomes(), [Outcome::Good, Outcome::Bad]);

    let bad = [
        Shows::Nothing,
        Shows::At(noon() + 48 * HOUR),
        Shows::Fails,
        Shows::Panics,
        Shows::Hangs,
    ];
    for (shows, events) in bad.into_iter().zip(3..) {
        source.show(shows);
        sleep(TICK).await;
        assert_eq!(
            (told.outcomes().len(), told.last()),
            (events, Some(Outcome::Bad)),
            "{shows:?}"
        );
    }

    source.show(Shows::At(clock.now()));
    sleep(TICK).await;
    assert_eq!((told.outcomes().len(), told.last()), (8, Some(Outcome::Good)));
}

#[tokio::test(start_paused = true)]
async fn the_first_event_comes_at_once_when_the_first_verdict_does() {
    for (shows, expected) in [(Shows::At(noon()), Outcome::Good), (Shows::Nothing, Outcome::Bad)] {
        let (clock, source) = clock_and_source(shows);
        let (_feed, told) = feed(&source, &clock).unwrap();
        assert_eq!(told.outcomes(), []); // not with the start
        settle().await;
        assert_eq!(told.outcomes(), [expected]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_first_read_is_waited_for_until_the_next_tick() {
    let (clock, source) = clock_and_source(Shows::Hangs);
    let (_feed, told) = feed(&source, &clock).unwrap();
    sleep(SETTLED).await; // past the deadline: a probe is answered 504 now
    assert_eq!(told.outcomes(), []);
    source.show(Shows::At(noon()));
    sleep(TICK).await;
    assert_eq!(told.outcomes(), [Outcome::Good]);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_never_answers_is_bad_from_the_second_tick_on() {
    let (clock, source) = clock_and_source(Shows::Hangs);
    let (_feed, told) = feed(&source, &clock).unwrap();
    sleep(TICK - SECOND).await;
    for events in 1..5 {
        assert_eq!(told.outcomes(), vec![Outcome::Bad; events - 1]);
        sleep(2 * SECOND).await; // told at the tick and not after another deadline: the run is overdue
        assert_eq!(told.outcomes(), vec![Outcome::Bad; events]);
        sleep(TICK - 2 * SECOND).await;
    }
    assert_eq!(source.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_the_first_silence_is_forgiven_and_not_one_after_a_verdict() {
    let (clock, source) = clock_and_source(Shows::Nothing);
    let (_feed, told) = feed(&source, &clock).unwrap();
    sleep(SETTLED).await;
    source.show(Shows::Hangs);
    sleep(TICK).await;
    assert_eq!(told.outcomes(), [Outcome::Bad, Outcome::Bad]);
}

#[tokio::test(start_paused = true)]
async fn not_knowing_may_be_excluded_and_a_known_violation_never() {
    let shows = [
        (Shows::Fails, Outcome::Excluded),
        (Shows::Panics, Outcome::Excluded),
        (Shows::Hangs, Outcome::Excluded),
        (Shows::Nothing, Outcome::Bad),
        (Shows::At(noon() - 2 * HOUR), Outcome::Bad),
        (Shows::At(noon()), Outcome::Good),
    ];
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let health = source.builder(&clock).trust_for(Duration::ZERO).build().unwrap();
    let told = Told::default();
    let feed = health.feed().whole(told.clone()).when_unknown(DownCounts::Excluded);
    let _feed = feed.start().unwrap();
    sleep(SETTLED).await;
    for (shows, expected) in shows {
        source.show(shows);
        sleep(TICK).await;
        assert_eq!(told.last(), Some(expected), "{shows:?}");
    }
    assert_eq!(told.outcomes().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn missed_ticks_are_not_made_up_for() {
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let (_feed, told) = feed(&source, &clock).unwrap();
    sleep(SECOND).await;
    advance(20 * TICK + SETTLED).await; // a suspend of ten minutes
    sleep(SECOND).await;
    assert_eq!(told.outcomes().len(), 2);
    // And no catching up with the old grid: at least a whole interval lies between two events.
    sleep(TICK - 2 * SECOND).await;
    assert_eq!(told.outcomes().len(), 2);
    sleep(2 * SECOND).await;
    assert_eq!(told.outcomes().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_interval_can_be_set_even_to_never_again() {
    for (every, expected) in [(SECOND, 11), (3 * SECOND, 4), (Duration::MAX, 1)] {
        let (clock, source) = clock_and_source(Shows::At(noon()));
        let told = Told::default();
        let feed = source.builder(&clock).build().unwrap().feed().whole(told.clone());
        let _feed = feed.every(every).start().unwrap();
        sleep(SETTLED + SECOND / 2).await;
        assert_eq!(told.outcomes().len(), expected, "{every:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_after_a_drop_or_a_stop() {
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let (dropped, told) = feed(&source, &clock).unwrap();
    sleep(SETTLED).await;
    drop(dropped);
    sleep(20 * TICK).await;
    assert_eq!(told.outcomes(), [Outcome::Good]);

    let (stopped, told) = feed(&source, &clock).unwrap();
    sleep(SETTLED).await;
    stopped.stop().await;
    sleep(20 * TICK).await;
    assert_eq!(told.outcomes(), [Outcome::Good]);
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_is_dropped_during_a_read_tells_nothing_and_the_read_goes_on() {
    let (clock, source) = clock_and_source(Shows::Hangs);
    let health = source.builder(&clock).build().unwrap();
    let told = Told::default();
    let feed = health.feed().whole(told.clone()).start().unwrap();
    sleep(SECOND).await;
    drop(feed);
    source.show(Shows::At(noon()));
    sleep(20 * TICK).await;
    assert_eq!(told.outcomes(), []);
    assert_eq!(source.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_what_is_fed_is_read() {
    let (clock, fed, other) = (
        ManualClock::new(noon()),
        Source::new(Shows::At(noon())),
        Source::new(Shows::Nothing),
    );
    let read = other.clone();
    let builder = fed
        .builder(&clock)
        .check("chat", Freshness::within(HOUR), move || read.clone().read());
    let health = builder.build().unwrap();

    let sales = Told::default();
    let feed = health.feed().check("sales", sales.clone()).start().unwrap();
    sleep(SETTLED).await;
    assert_eq!((sales.outcomes(), other.runs()), (vec![Outcome::Good], 0));
    drop(feed);

    let (sales, chat) = (Told::default(), Told::default());
    let feed = health.feed().check("sales", sales.clone()).check("chat", chat.clone());
    let _feed = feed.start().unwrap();
    sleep(SETTLED).await;
    assert_eq!(sales.outcomes(), [Outcome::Good]);
    assert_eq!(chat.outcomes(), [Outcome::Bad]);
}

#[tokio::test(start_paused = true)]
async fn the_whole_and_its_checks_are_told_of_one_look() {
    let (clock, sales) = clock_and_source(Shows::At(noon()));
    let read = sales.clone();
    let health = sales
        .builder(&clock)
        .check("empty", Freshness::within(HOUR), async || {
            Ok::<_, Infallible>(None::<DateTime<Utc>>)
        })
        .trust_for(Duration::ZERO)
        .build()
        .unwrap();
    let [whole, fresh, again, empty] = [(); 4].map(|()| Told::default());
    let feed = health
        .feed()
        .check("sales", fresh.clone())
        .whole(whole.clone())
        .check("sales", again.clone())
        .check("empty", empty.clone());
    let _feed = feed.start().unwrap();
    sleep(SETTLED + 2 * TICK).await;
    assert_eq!(whole.outcomes(), [Outcome::Bad; 3]);
    assert_eq!(fresh.outcomes(), [Outcome::Good; 3]);
    assert_eq!(again.outcomes(), [Outcome::Good; 3]);
    assert_eq!(empty.outcomes(), [Outcome::Bad; 3]);
    assert_eq!(read.runs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_slow_check_does_not_hold_up_the_feed_of_another() {
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let builder = source.builder(&clock).check(
        "chat",
        Freshness::within(HOUR),
        pending::<Result<DateTime<Utc>, Infallible>>,
    );
    let told = Told::default();
    let feed = builder.build().unwrap().feed();
    let feed = feed.check("chat", Told::default()).check("sales", told.clone());
    let _feed = feed.start().unwrap();
    settle().await;
    assert_eq!(told.outcomes(), [Outcome::Good]);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_panics_ends_neither_its_own_feed_nor_the_others() {
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let (asked, told) = (Arc::new(AtomicUsize::new(0)), Told::default());
    let counter = Arc::clone(&asked);
    let broken = move |_: Attempted| {
        counter.fetch_add(1, Ordering::SeqCst);
        panic!("a broken sink");
    };
    let feed = source.builder(&clock).build().unwrap().feed();
    let _feed = feed.whole(broken).whole(told.clone()).start().unwrap();
    sleep(SETTLED + TICK).await;
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert_eq!(told.outcomes(), [Outcome::Good; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_panics_is_not_knowing_and_the_next_tick_comes() {
    let clock = BrittleClock::default();
    clock.set_broken(true);
    let health = clock.health().unwrap();
    let (whole, check) = (Told::default(), Told::default());
    let feed = health.feed().whole(whole.clone()).check("sales", check.clone());
    let _feed = feed.start().unwrap();
    sleep(SETTLED).await;
    clock.set_broken(false);
    sleep(TICK).await;
    assert_eq!(whole.outcomes(), [Outcome::Bad, Outcome::Good]);
    assert_eq!(check.outcomes(), [Outcome::Bad, Outcome::Good]);
}

#[test]
fn a_feed_that_makes_no_sense_is_refused() {
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let health = source.builder(&clock).build().unwrap();
    let refusal = |feed: slo_health::FeedBuilder| feed.start().unwrap_err();
    assert_eq!(refusal(health.feed()), FeedError::NothingToFeed);
    assert_eq!(
        refusal(health.feed().whole(Told::default()).every(Duration::ZERO)),
        FeedError::ZeroInterval
    );
    let unknown = health.feed().whole(Told::default()).check("sale", Told::default());
    assert_eq!(
        refusal(unknown),
        FeedError::UnknownCheck {
            name: "sale".into(),
            known: vec!["sales".into()]
        }
    );
    assert_eq!(
        refusal(health.feed().check("sales", Told::default())),
        FeedError::NoRuntime
    );
    assert_eq!(source.runs(), 0);
}

fn runtime() -> Result<Runtime, std::io::Error> {
    Builder::new_multi_thread().worker_threads(2).enable_time().build()
}

#[test]
fn a_runtime_that_shuts_down_during_a_read_ends_the_feed_without_an_event_or_a_panic() {
    for _ in 0..50 {
        let runtime = runtime().unwrap();
        let (begun, has_begun) = mpsc::channel();
        let health = SyntheticHealth::builder()
            .check("sales", Freshness::within(HOUR), move || {
                begun.send(()).unwrap();
                pending::<Result<DateTime<Utc>, Infallible>>()
            })
            .build()
            .unwrap();
        let told = Told::default();
        let feed = runtime.block_on(async { health.feed().whole(told.clone()).start() });
        has_begun.recv().unwrap();
        drop(runtime);
        drop(feed.unwrap());
        assert!(!told.outcomes().contains(&Outcome::Bad), "{told:?}");
    }
}

#[test]
fn a_read_that_its_runtime_took_away_burns_no_budget_of_another_runtime() {
    let (begun, has_begun) = mpsc::channel();
    let health = SyntheticHealth::builder()
        .check("sales", Freshness::within(HOUR), move || {
            begun.send(()).unwrap();
            pending::<Result<DateTime<Utc>, Infallible>>()
        })
        .min_interval(Duration::MAX) // so that the feed is told of that read
        .build()
        .unwrap();
    let prober = runtime().unwrap();
    let probed = health.clone();
    prober.spawn(async move { probed.report().await });
    has_begun.recv().unwrap();
    drop(prober);

    let (sink, told) = mpsc::channel();
    let feeding = runtime().unwrap();
    let feed = feeding.block_on(async {
        let sink = move |attempted: Attempted| sink.send(attempted.outcome()).unwrap_or_default();
        health.feed().whole(Mutexed::new(sink)).start()
    });
    assert_eq!(told.recv(), Ok(Outcome::Excluded));
    drop(feed.unwrap());
}

/// Makes a sink of a closure that is not `Sync`.
struct Mutexed<F>(Mutex<F>);

impl<F: Fn(Attempted)> Mutexed<F> {
    fn new(sink: F) -> Self {
        Self(Mutex::new(sink))
    }
}

impl<F: Fn(Attempted)> AttemptSink for Mutexed<F> {
    fn take(&self, attempted: Attempted) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)(attempted);
    }
}

/// One process of a fleet: its checks, its feed, its trackers.
struct Instance {
    tracker: Arc<SloTracker>,
    _feed: Feed,
}

/// The wall clock of the trackers, which tokio's paused clock drives.
fn tick_since(started: Instant) -> Tick {
    Tick::from_unix_seconds(1_772_366_400) + started.elapsed()
}

fn freshness_slo() -> Result<Slo, Failure> {
    let sli = SyntheticSli::new("/health");
    Ok(Slo::new("freshness", sli, "99.9%".parse()?, Window::days(30)?))
}

impl Instance {
    /// A process whose first read takes `warm_up`, and every later one a millisecond.
    fn start(epoch: Instant, warm_up: Duration, watermark: DateTime<Utc>) -> Result<Self, Failure> {
        let warm = Arc::new(AtomicBool::new(false));
        let health = SyntheticHealth::builder()
            .check("sales", Freshness::within(HOUR), move || {
                let warm = Arc::clone(&warm);
                async move {
                    let is_warm = warm.swap(true, Ordering::SeqCst);
                    sleep(if is_warm { Duration::from_millis(1) } else { warm_up }).await;
                    Ok::<_, Infallible>(watermark)
                }
            })
            .clock(ManualClock::new(noon()))
            .build()?;
        let tracker = Arc::new(SloTracker::of(&freshness_slo()?, tick_since(epoch)));
        let told = Arc::clone(&tracker);
        let sink = move |attempted: Attempted| told.record(tick_since(epoch), attempted.outcome());
        let _feed = health.feed().whole(sink).start()?;
        Ok(Self { tracker, _feed })
    }

    fn totals(&self, epoch: Instant) -> Events {
        self.tracker.at(tick_since(epoch)).totals()
    }
}

/// Replaces three instances one by one, three times over, and says what all processes that ever ran have counted.
async fn rolling_restart(warm_up: Duration, watermark: DateTime<Utc>) -> Result<Events, Failure> {
    let epoch = Instant::now();
    let start = || Instance::start(epoch, warm_up, watermark);
    let mut fleet = [start()?, start()?, start()?];
    let mut gone = Events::default();
    for round in 0..9 {
        sleep(Duration::from_secs(47)).await;
        let old = std::mem::replace(&mut fleet[round % 3], start()?);
        gone = gone.saturating_add(old.totals(epoch));
    }
    sleep(Duration::from_secs(47)).await;
    Ok(fleet
        .iter()
        .fold(gone, |sum, instance| sum.saturating_add(instance.totals(epoch))))
}

#[tokio::test(start_paused = true)]
async fn a_rolling_restart_of_three_instances_burns_no_freshness_budget() {
    for warm_up in [Duration::ZERO, Duration::from_secs(3), Duration::from_secs(20)] {
        let told = rolling_restart(warm_up, noon()).await.unwrap();
        assert_eq!((told.bad(), told.excluded()), (0, 0), "{warm_up:?}");
        assert!(told.good() > 30, "{warm_up:?}: {told:?}");
    }
    // The same with old data burns, so that the zeros above say something.
    let stale = rolling_restart(Duration::from_secs(3), noon() - 2 * HOUR)
        .await
        .unwrap();
    assert!(stale.bad() > 30 && stale.good() == 0, "{stale:?}");
}

/// What a source showed from just before a tick until the next one, and how many probes came in between.
#[derive(Clone, Copy, Debug)]
struct Step {
    shows: Shows,
    probes: usize,
}

fn step() -> impl Strategy<Value = Step> {
    let shows = prop_oneof![
        3 => Just(Shows::At(noon())),
        1 => Just(Shows::At(noon() - 2 * HOUR)),
        1 => Just(Shows::At(noon() + 2 * HOUR)),
        1 => Just(Shows::Nothing),
        1 => Just(Shows::Fails),
        1 => Just(Shows::Hangs),
    ];
    (shows, 0..20_usize).prop_map(|(shows, probes)| Step { shows, probes })
}

fn expected(shows: Shows, unknown: DownCounts) -> Outcome {
    match shows {
        Shows::At(watermark) if watermark == noon() => Outcome::Good,
        Shows::At(_) | Shows::Nothing => Outcome::Bad,
        Shows::Fails | Shows::Panics | Shows::Hangs => unknown.outcome(),
    }
}

/// What was told when the source went through these steps.
async fn told_of(steps: Vec<Step>, unknown: DownCounts) -> Result<Vec<Outcome>, Failure> {
    let (clock, source) = clock_and_source(Shows::At(noon()));
    let health = source.builder(&clock).trust_for(Duration::ZERO).build()?;
    let told = Told::default();
    let feed = health.feed().whole(told.clone()).when_unknown(unknown);
    let _feed = feed.start()?;
    sleep(SETTLED).await;
    for step in steps {
        for _ in 0..step.probes {
            let health = health.clone();
            tokio::spawn(async move { health.report().await });
        }
        sleep(SETTLED).await;
        source.show(step.shows);
        sleep(TICK - SETTLED).await;
    }
    Ok(told.outcomes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn events_follow_the_ticks_and_never_the_probes(
        steps in prop::collection::vec(step(), 0..20),
        excluded in any::<bool>(),
    ) {
        let unknown = if excluded { DownCounts::Excluded } else { DownCounts::Bad };
        let expected: Vec<_> = std::iter::once(Outcome::Good)
            .chain(steps.iter().map(|step| expected(step.shows, unknown)))
            .collect();
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        prop_assert_eq!(runtime.block_on(told_of(steps, unknown)).unwrap(), expected);
    }
}
