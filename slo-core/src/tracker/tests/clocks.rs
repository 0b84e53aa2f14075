//! Clocks that step back, jump ahead and stand still, and processes that do not run.

use super::*;
use crate::GapCause;

const BEAT: Duration = Duration::from_secs(10);

#[test]
fn a_suspended_day_is_a_gap_and_not_covered() {
    let tracker = Tracker::new(window("30d"), START);
    tracker.record(after(5), Outcome::Bad);
    tracker.heartbeat(after(10), BEAT);
    tracker.heartbeat(after(86_410), BEAT);
    let gaps = tracker.gaps();
    assert_eq!(gaps.len(), 1);
    assert_eq!(
        (gaps[0].from(), gaps[0].to(), gaps[0].cause()),
        (after(10), after(86_410), GapCause::Suspended)
    );
    let reading = tracker.read(after(86_410), window("30d"));
    assert_eq!((reading.events(), reading.covered().as_secs()), (Events::new(0, 1), 10));
    assert_eq!(tracker.read(after(86_410), window("5m")).covered(), Duration::ZERO);
    assert_eq!(tracker.read(after(86_410 + 60), window("5m")).covered().as_secs(), 60);
}

#[test]
fn a_month_without_a_call_is_silence_unless_heartbeats_were_promised() {
    let month = 30 * 86_400;
    let silent = Tracker::new(window("30d"), START);
    silent.record(after(1), Outcome::Good);
    assert_eq!(silent.read(after(month), window("30d")).coverage(), Ratio::new(1, 1));
    assert_eq!(silent.gaps(), []);

    let promised = Tracker::new(window("30d"), START);
    promised.heartbeat(after(0), BEAT);
    promised.heartbeat(after(month), BEAT);
    assert_eq!(promised.read(after(month), window("30d")).covered(), Duration::ZERO);
}

#[test]
fn three_missed_heartbeats_are_none_and_a_fourth_is_a_gap() {
    for (late, gaps) in [(30, 0), (31, 1)] {
        let tracker = Tracker::new(window("30d"), START);
        tracker.heartbeat(after(100), BEAT);
        tracker.heartbeat(after(100 + late), BEAT);
        assert_eq!(tracker.gaps().len(), gaps, "{late} s");
    }
}

#[test]
fn a_gap_is_told_for_as_long_as_the_window_can_hold_it() {
    let tracker = Tracker::new(window("30d"), START);
    for day in [0, 1, 28, 29] {
        tracker.heartbeat(after(day * 86_400), BEAT);
        tracker.heartbeat(after(day * 86_400 + 3_600), BEAT);
    }
    let covered = |now| tracker.read(after(now), window("30d")).covered().as_secs();
    assert_eq!(tracker.gaps().len(), 7); // an hour of each day, and what lies between the days
    assert_eq!(covered(29 * 86_400 + 3_600), 0);
    assert_eq!(covered(30 * 86_400 + 86_400), 2 * 86_400 - 3_600);
}

#[test]
fn a_heartbeat_may_promise_any_interval() {
    let tracker = Tracker::new(window("30d"), START);
    tracker.record(after(0), Outcome::Good);
    for now in [after(0), Tick::from_unix_nanos(u64::MAX), Tick::default(), after(1)] {
        tracker.heartbeat(now, Duration::MAX);
    }
    assert_eq!(tracker.totals(), Events::new(1, 0));
    assert!(tracker.gaps().iter().all(|gap| gap.cause() == GapCause::ClockSetBack));
}

#[test]
fn after_a_clock_is_set_back_windows_go_by_the_new_time() {
    let tracker = Tracker::new(window("30d"), START);
    tracker.record(after(7_200), Outcome::Bad);
    tracker.heartbeat(after(7_200), BEAT);
    // Two hours back: it is 1 s after the start again.
    tracker.heartbeat(after(1), BEAT);
    assert_eq!(tracker.gaps().len(), 1);
    assert_eq!(tracker.gaps()[0].cause(), GapCause::ClockSetBack);
    assert_eq!(tracker.gaps()[0].unseen(), Duration::ZERO);
    tracker.record(after(20), Outcome::Good);
    assert_eq!(tracker.read(after(30), window("5m")).events(), Events::new(1, 1));
    // Ten minutes later the bad event is ten minutes old.
    assert_eq!(tracker.read(after(600), window("5m")).events(), Events::default());
    assert_eq!(tracker.read(after(600), window("1h")).events(), Events::new(1, 1));
    assert_eq!(tracker.totals(), Events::new(1, 1));
}

#[test]
fn a_late_event_does_not_set_the_clock_back() {
    let tracker = Tracker::new(window("30d"), START);
    tracker.heartbeat(after(7_200), BEAT);
    tracker.record(after(60), Outcome::Bad);
    tracker.heartbeat(after(7_150), BEAT);
    assert_eq!(tracker.gaps(), []);
    assert_eq!(tracker.read(after(7_200), window("5m")).events(), Events::new(0, 1));
}

/// What happens to a process and its clock.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Event(Outcome),
    /// Time passes, with heartbeats.
    Runs(u64),
    /// Time passes without.
    Suspended(u64),
    SetBack(u64),
    SetAhead(u64),
    /// The process ends with a snapshot, and another one goes on after so many seconds.
    Restarts(u64),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        5 => prop::sample::select(Outcome::ALL.to_vec()).prop_map(Happens::Event),
        5 => (1_u64..900).prop_map(Happens::Runs),
        1 => (40_u64..100_000).prop_map(Happens::Suspended),
        1 => (71_u64..100_000).prop_map(Happens::SetBack),
        1 => (40_u64..100_000).prop_map(Happens::SetAhead),
        1 => (0_u64..100_000).prop_map(Happens::Restarts),
    ]
}

proptest! {
    #[test]
    fn whatever_the_clock_does_events_keep_their_age_and_gaps_are_not_covered(
        story in prop::collection::vec(happens(), 1..60),
        asked in prop::sample::select(vec!["5m", "1h", "6h", "30d"]),
    ) {
        let mut tracker = Tracker::new(window("30d"), START);
        tracker.heartbeat(START, BEAT);
        let mut exported = 0;
        // Seconds: the caller's clock, the time that really passed or seemed to, and how much of it was not seen.
        let (mut clock, mut age, mut set_back) = (1_000_000_u64, 0_u64, 0_u64);
        let (mut events, mut unseen) = (Vec::new(), Vec::new());
        let at = |clock: u64| START.saturating_sub(Duration::from_secs(1_000_000)) + Duration::from_secs(clock);
        for happening in story {
            match happening {
                Happens::Event(outcome) => {
                    tracker.record(at(clock), outcome);
                    events.push((age, outcome));
                    exported += 1;
                }
                Happens::Runs(seconds) => {
                    for second in 1..=seconds {
                        if second % 10 == 0 || second == seconds {
                            tracker.heartbeat(at(clock + second), BEAT);
                        }
                    }
                    (clock, age) = (clock + seconds, age + seconds);
                }
                Happens::Suspended(seconds) | Happens::SetAhead(seconds) => {
                    unseen.push((age, age + seconds));
                    (clock, age) = (clock + seconds, age + seconds);
                    tracker.heartbeat(at(clock), BEAT);
                }
                Happens::SetBack(seconds) => {
                    clock = clock.saturating_sub(seconds);
                    tracker.heartbeat(at(clock), BEAT);
                    set_back += 1;
                }
                Happens::Restarts(seconds) => {
                    prop_assert_eq!(tracker.totals().all(), exported);
                    if let Some(restarted) = restarted(&tracker, at(clock), at(clock + seconds)) {
                        (tracker, exported) = (restarted, 0);
                        unseen.push((age, age + seconds));
                        (clock, age) = (clock + seconds, age + seconds);
                        tracker.heartbeat(at(clock), BEAT);
                    }
                }
            }
        }
        let count = |youngest: u64| {
            let young = events.iter().filter(|(then, _)| then + youngest >= age);
            young.fold(Events::default(), |seen, (_, outcome)| seen.saturating_add(Events::one(*outcome)))
        };
        prop_assert_eq!(tracker.totals().all(), exported);
        let reading = tracker.read(at(clock), window(asked));
        let length = window(asked).longest().as_secs();
        // One step, and what is lost to whole steps at each time that the clock is set back.
        let slack = length / 20 + 10 * (set_back + 1);
        let (least, most) = (count(length.saturating_sub(slack)), count(length + slack));
        for outcome in Outcome::ALL {
            let found = reading.events().of(outcome);
            prop_assert!(
                (least.of(outcome)..=most.of(outcome)).contains(&found),
                "{} {}: {} not in {} to {}", asked, outcome.as_str(), found, least.of(outcome), most.of(outcome)
            );
        }
        let begin = age.saturating_sub(length);
        let gone: u64 = unseen.iter().map(|(from, to)| to.saturating_sub(*from.max(&begin))).sum();
        let seen = age.min(length) - gone;
        prop_assert!(
            reading.covered().as_secs().abs_diff(seen) <= 10 * (set_back + 1),
            "{} covered, {} expected", reading.covered().as_secs(), seen
        );
    }
}

/// The tracker of the next process, which read what this one wrote.
#[cfg(feature = "store")]
fn restarted(tracker: &Tracker, now: Tick, later: Tick) -> Option<Tracker> {
    let written = serde_json::to_string(&tracker.snapshot(now)).unwrap();
    let read = serde_json::from_str(&written).unwrap();
    Some(Tracker::restore(tracker.window(), &read, later))
}

#[cfg(not(feature = "store"))]
fn restarted(_: &Tracker, _: Tick, _: Tick) -> Option<Tracker> {
    None
}
