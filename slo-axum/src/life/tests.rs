//! Steps under clocks that are moved by hand.

mod log;
#[cfg(feature = "store")]
pub(super) use self::log::Log;
#[cfg(feature = "store")]
mod restarts;

use slo_core::alert::AlertState;
use slo_core::{BudgetLevel, Events, GapCause, Outcome, SloSet, Tick};
use std::sync::{Mutex, mpsc};

use super::*;
use crate::ReliabilityBuilder;
use crate::shared::Shared;

const SLOS: &str = "
version: 1
service: shop
slos:
  - { name: mails, promise: Mails go out., owner: post, status: agreed, objective: 99%, window: 1h, sli: { events: { of: mails } } }
  - { name: draft, objective: 99%, window: 1h, sli: { events: { of: mails } } }
  - { name: both, objective: 99%, window: 1h, sli: { composite: { weights: { mails: 1, draft: 1 } } } }
";

fn spec(slos: &str) -> SloSet {
    SloSet::from_yaml(slos).unwrap()
}

const MAILS: usize = 1;
const DRAFT: usize = 2;

/// A process whose clocks stand still until they are moved.
struct Process {
    reliability: Reliability,
    alive: Alive,
    now: Moment,
}

impl Process {
    fn begin(slos: SloSet, life: Life, set_up: impl FnOnce(ReliabilityBuilder) -> ReliabilityBuilder) -> Self {
        let builder = set_up(Reliability::builder(slos));
        let reliability = builder.build().unwrap();
        let alive = Alive::begin(reliability.shared(), life).unwrap();
        let now = reliability.shared().anchor.begun();
        let mut process = Self {
            reliability,
            alive,
            now,
        };
        process.step();
        process
    }

    fn new(life: Life) -> Self {
        Self::begin(spec(SLOS), life, |builder| builder)
    }

    fn shared(&self) -> &Shared {
        self.reliability.shared()
    }

    fn tick(&self) -> Tick {
        self.shared().anchor.tick(self.now.instant)
    }

    /// Time passes and nobody looks; the wall clock by so much more.
    fn sleep(&mut self, time: Duration, suspended: Duration) {
        self.now.instant += time;
        self.now.wall = self.now.wall + time + suspended;
    }

    fn step(&mut self) {
        self.alive.step(self.now);
    }

    /// Steps for so long.
    fn run(&mut self, time: Duration) {
        let steps = time.as_secs() / INTERVAL.as_secs();
        for _ in 0..steps {
            self.sleep(INTERVAL, Duration::ZERO);
            self.step();
        }
    }

    fn record(&self, tracker: usize, good: u64, bad: u64) {
        self.shared().trackers[tracker].record_many(self.tick(), Events::new(good, bad));
    }
}

/// A listener that keeps what it is told as a line.
fn told() -> (Life, mpsc::Receiver<String>) {
    let (told, lines) = mpsc::channel();
    let life = Life::default().on_alert(move |change| told.send(change.to_string()).unwrap());
    (life, lines)
}

#[test]
fn a_change_is_told_once_with_its_numbers_and_drafts_are_silent() {
    let (life, lines) = told();
    let mut process = Process::new(life);
    process.record(MAILS, 0, 60);
    process.record(DRAFT, 0, 60);
    process.run(Duration::from_secs(120));
    let lines: Vec<_> = lines.try_iter().collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].starts_with("mails: ok -> page; page: the budget burns at "),
        "{lines:?}"
    );
    assert!(lines[0].contains("60 bad of 60 in the 10s measured"), "{lines:?}");
    assert!(lines[0].ends_with("; -9900.0% of the budget is left"), "{lines:?}");
    let status = process.reliability.status();
    assert_eq!(
        [&status.slos[0], &status.slos[1]].map(|slo| slo.alert.state),
        [AlertState::Page; 2]
    );
    assert_eq!(
        [&status.slos[0], &status.slos[1]].map(|slo| slo.alert.silent),
        [false, true]
    );
    assert!(status.slos[0].alert.watched);
}

#[test]
fn clients_that_all_leave_early_are_a_ticket_though_the_budget_is_whole() {
    let slos = spec(
        "{version: 1, service: shop, slos: [{name: browse, promise: Anyone can look., owner: search, status: agreed, objective: 99%, window: 30d, \
         sli: {http: {routes: [/listings]}}}]}",
    );
    let (life, lines) = told();
    let mut process = Process::begin(slos, life, |builder| builder);
    process.shared().trackers[1].record_many(process.tick(), Events::new(900, 0).with_excluded(100));
    process.run(Duration::from_secs(60));
    process.run(Duration::from_secs(16 * 60));
    let lines: Vec<_> = lines.try_iter().collect();
    assert_eq!(
        lines,
        [
            "browse: ok -> ticket; ticket: 10% of the events of the last 15m were excluded (100 of 1000), more than 5%: \
             clients leave before they are answered; 100.0% of the budget is left",
            "browse: ticket -> ok; 100.0% of the budget is left"
        ]
    );
}

#[test]
fn the_end_of_an_alert_is_told_and_logged() {
    let log = log::Log::begin();
    let (life, lines) = told();
    let mut process = Process::new(life);
    process.record(MAILS, 0, 60);
    process.run(Duration::from_secs(60));
    process.record(MAILS, 1_000_000, 0);
    process.run(Duration::from_secs(60));
    let last = lines.try_iter().last().unwrap();
    assert!(last.starts_with("mails: page -> ok; "), "{last}");
    let lines = log.lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].starts_with("ERROR mails: ok -> page; page: the budget burns"),
        "{lines:?}"
    );
    for field in [
        "slo=\"mails\"",
        "promise=\"Mails go out.\"",
        "owner=\"post\"",
        "budget_left=-99.0",
        "burn_rate=",
    ] {
        assert!(lines[0].contains(field), "{lines:?}");
    }
    assert!(lines[1].starts_with("INFO mails: page -> ok; "), "{lines:?}");
}

#[test]
fn a_listener_that_panics_keeps_nobody_from_being_told() {
    let log = log::Log::begin();
    let (life, lines) = told();
    let mut life = life.on_alert(|_| panic!("on purpose"));
    life.listeners.reverse();
    let mut process = Process::new(life);
    process.record(MAILS, 0, 60);
    process.run(Duration::from_secs(60));
    assert_eq!(lines.try_iter().count(), 1);
    assert_eq!(
        process.reliability.status().life.last_step_at,
        Some(process.now.wall.into())
    );
    assert!(
        log.lines()
            .iter()
            .any(|line| line.contains("a listener of alerts panicked"))
    );
}

#[test]
fn a_chore_that_panics_keeps_no_other_from_being_done() {
    let log = log::Log::begin();
    let mut process = Process::new(Life::default());
    process.sleep(INTERVAL, Duration::ZERO);
    let (now, moment) = (process.now.wall, process.now);
    let chores: [(&str, alive::Chore); 2] = [
        ("nonsense", |_, _, _| panic!("on purpose")),
        ("history", |alive, now, _| alive.record_lost(now)),
    ];
    process.alive.do_all(&chores, now, moment);
    assert_eq!(process.shared().trackers[MAILS].at(now).totals(), Events::new(0, 1));
    let lines = log.lines();
    assert!(
        lines.len() == 1 && lines[0].starts_with("ERROR a chore of the promises' life panicked"),
        "{lines:?}"
    );
    assert!(lines[0].ends_with("chore=\"nonsense\""), "{lines:?}");
}

impl Alive {
    fn record_lost(&mut self, now: Tick) {
        self.shared.trackers[MAILS].record_lost(now, 1);
    }
}

#[test]
fn a_listener_may_ask_for_the_status() {
    let asked: std::sync::Arc<Mutex<Option<Reliability>>> = std::sync::Arc::default();
    let (states, seen) = mpsc::channel();
    let handle = std::sync::Arc::clone(&asked);
    let life = Life::default().on_alert(move |_| {
        let handle = handle.lock().unwrap();
        states
            .send(handle.as_ref().unwrap().status().slos[0].alert.state)
            .unwrap();
    });
    let mut process = Process::new(life);
    *asked.lock().unwrap() = Some(process.reliability.clone());
    process.record(MAILS, 0, 60);
    process.run(Duration::from_secs(60));
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), [AlertState::Page]);
}

#[test]
fn a_suspended_hour_is_a_gap_of_every_tracker_and_windows_are_where_the_wall_clock_is() {
    let log = log::Log::begin();
    let mut process = Process::new(Life::default());
    process.record(MAILS, 0, 7);
    let routes = &process.shared().routes;
    let _seen = routes.red_of(routes.at(routes.of_template("/a")));
    process.run(Duration::from_secs(60));
    process.sleep(INTERVAL, Duration::from_secs(3_600));
    process.step();
    let lines = log.lines();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("the clock is ahead") && line.ends_with("seconds=3600.0")),
        "{lines:?}"
    );
    for tracker in &process.shared().trackers {
        let gaps = tracker.at(process.tick()).gaps();
        assert_eq!(
            gaps.iter().map(|gap| gap.cause()).collect::<Vec<_>>(),
            [GapCause::Suspended]
        );
        assert_eq!(gaps[0].unseen(), Duration::from_secs(3_605));
    }
    assert_eq!(process.tick(), process.now.wall);
    let (_, red) = process.shared().routes.red().next().unwrap();
    assert_eq!(red.read(process.tick()).events.measured().as_secs(), 0);
    let slo = &process.shared().status_at(process.tick()).slos[0];
    assert_eq!((slo.gaps.len(), slo.gaps[0].unseen_seconds), (1, 3_605.0));
    assert_eq!(slo.burn[1].rate, None); // an hour ago is not within the hour
}

#[test]
fn a_clock_set_back_by_hours_takes_windows_with_it() {
    let mut process = Process::new(Life::default());
    process.run(Duration::from_secs(60));
    process.record(MAILS, 0, 7);
    process.now.wall = process.now.wall.saturating_sub(Duration::from_secs(7_200));
    process.step();
    assert_eq!(process.tick(), process.now.wall);
    process.run(Duration::from_secs(600));
    let slo = &process.shared().status_at(process.tick()).slos[0];
    assert_eq!(slo.gaps[0].cause, GapCause::ClockSetBack);
    assert_eq!(slo.burn[0].rate, None); // ten minutes ago is not within five
    assert_eq!(slo.events, Events::new(0, 7));
}

#[test]
fn a_busy_machine_makes_no_gap() {
    let mut process = Process::new(Life::default());
    process.sleep(3 * PAUSE, Duration::ZERO);
    process.step();
    assert!(process.shared().trackers[MAILS].at(process.tick()).gaps().is_empty());
    process.sleep(3 * PAUSE + Duration::from_secs(1), Duration::ZERO);
    process.step();
    assert_eq!(process.shared().trackers[MAILS].at(process.tick()).gaps().len(), 1);
}

/// What heartbeats promise at least.
const PAUSE: Duration = Duration::from_secs(10);

#[test]
fn handles_say_what_the_last_step_saw_and_nothing_before_and_after() {
    let mut process = Process::new(Life::default());
    let budget = |name| process.reliability.budget(name).unwrap();
    let (mails, both) = (budget("mails"), budget("both"));
    assert_eq!(mails.level(), BudgetLevel::NoData);
    // 8 bad of 1,000, of 10 that may be: 20% are left of what was seen, and most of an hour's traffic is still to come.
    process.record(MAILS, 992, 8);
    process.run(Duration::from_secs(5));
    assert_eq!(mails.level(), BudgetLevel::WarmingUp);
    process.run(Duration::from_secs(55 * 60));
    assert_eq!((mails.level(), both.level()), (BudgetLevel::Low, BudgetLevel::Low));
    process.record(MAILS, 200, 0); // a third is left
    process.run(Duration::from_secs(5));
    assert_eq!(mails.level(), BudgetLevel::Low);
    process.record(MAILS, 200, 0);
    process.run(Duration::from_secs(5));
    assert_eq!((mails.level(), both.level()), (BudgetLevel::Ample, BudgetLevel::Ample));
    assert_eq!(
        process.shared().status_at(process.tick()).slos[0].level,
        BudgetLevel::Ample
    );
    process.record(MAILS, 0, 900);
    process.run(Duration::from_secs(5));
    assert_eq!(mails.level(), BudgetLevel::Exhausted);
    let Process { alive, now, .. } = process;
    alive.end(now).unwrap();
    assert_eq!(mails.level(), BudgetLevel::NoData);
}

#[test]
fn without_life_the_status_says_so_and_what_an_evaluation_would_say() {
    let reliability = Reliability::builder(spec(SLOS)).build().unwrap();
    let mails = reliability.events("mails").unwrap();
    for _ in 0..50 {
        mails.record(Outcome::Bad);
    }
    let status = reliability.status();
    assert!(!status.life.runs && status.life.last_step_at.is_none());
    assert!(!status.slos[0].alert.watched);
}

#[test]
fn one_life_at_a_time() {
    let reliability = Reliability::builder(spec(SLOS)).build().unwrap();
    let first = reliability.run(Life::default()).unwrap();
    assert!(reliability.status().life.runs);
    assert_eq!(reliability.run(Life::default()).map(drop), Err(LifeError::RunsAlready));
    first.shutdown(PATIENCE).unwrap();
    assert!(!reliability.status().life.runs);
    let second = reliability.run(Life::default()).unwrap();
    drop(second);
    assert!(!reliability.status().life.runs);
}

#[test]
fn intervals_that_promises_cannot_live_with_are_refused() {
    let reliability = Reliability::builder(spec(SLOS)).build().unwrap();
    for seconds in [0, 61] {
        let interval = Duration::from_secs(seconds);
        let refused = reliability.run(Life::every(interval)).map(drop);
        assert_eq!(refused, Err(LifeError::Interval { interval }));
    }
    assert_eq!(
        LifeError::Interval {
            interval: Duration::ZERO
        }
        .to_string(),
        "a step every 0ns is not what promises need; take more than 0 and at most 60 s, like 5 s"
    );
    drop(reliability.run(Life::every(Duration::from_secs(60))).unwrap());
    #[cfg(feature = "store")]
    {
        let refused = reliability
            .run(Life::default().snapshot_every(Duration::ZERO))
            .map(drop);
        assert_eq!(refused, Err(LifeError::SnapshotInterval));
        drop(
            reliability
                .run(Life::default().snapshot_every(Duration::from_nanos(1)))
                .unwrap(),
        );
    }
}

/// A process whose first step tells that an alert is over.
fn recovering() -> Reliability {
    let reliability = Reliability::builder(spec(SLOS)).build().unwrap();
    {
        let mut watch = reliability.shared().life.watch(0).unwrap();
        let _page = watch.evaluate(Tick::default(), |_| Events::new(0, 100)).state();
        let _told = std::mem::take(watch.listener_mut());
    }
    reliability
}

#[test]
fn its_thread_tells_of_alerts_by_itself() {
    let (told, seen) = mpsc::channel();
    let life = Life::default().on_alert(move |change| told.send((change.from, change.to)).unwrap());
    let guard = recovering().run(life).unwrap();
    assert_eq!(seen.recv_timeout(PATIENCE), Ok((AlertState::Page, AlertState::Ok)));
    guard.shutdown(PATIENCE).unwrap();
}

#[test]
fn a_listener_that_does_not_return_holds_up_neither_shutdown_nor_drop() {
    for dropped in [false, true] {
        let (called, calls) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let life = Life::default().on_alert(move |_| {
            called.send(()).unwrap();
            let _released = released.recv();
        });
        let guard = recovering().run(life).unwrap();
        calls.recv_timeout(PATIENCE).unwrap();
        if dropped {
            drop(guard);
        } else {
            let deadline = Duration::from_millis(10);
            assert_eq!(guard.shutdown(deadline), Err(LifeShutdownError::TooLate { deadline }));
        }
        drop(release);
    }
}

/// Longer than any machine needs.
const PATIENCE: Duration = Duration::from_secs(60);

#[cfg(feature = "fast-clock")]
#[test]
fn only_who_asks_for_it_is_timed_by_the_processors_counter() {
    for asks in [true, false] {
        let builder = Reliability::builder(SloSet::from_yaml(SLOS).unwrap());
        let builder = if asks { builder.fast_clock() } else { builder };
        let reliability = builder.build().unwrap();
        let anchor = &reliability.shared().anchor;
        assert!(!anchor.is_counted());
        let life = reliability.run(Life::default()).unwrap();
        life.shutdown(Duration::from_secs(60)).unwrap(); // two steps
        assert_eq!(anchor.is_counted(), asks);
        let (before, now, after) = (Moment::now(), anchor.read(), Moment::now());
        let (before, now, after) = (
            anchor.tick(before.instant),
            anchor.tick_of(now),
            anchor.tick(after.instant),
        );
        let off = Duration::from_millis(100);
        assert!(
            before <= now + off && now <= after + off,
            "{before:?} {now:?} {after:?}"
        );
    }
}
