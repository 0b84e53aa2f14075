//! The states and what the conditions compute; `measured` has the cases of the research note, `model` the properties,
//! `quiet_services` the services with little traffic, `timing` the formulas on a real tracker.

mod clocks;
mod measured;
mod model;
mod quiet_services;
mod timing;

use core::time::Duration;

use super::*;
use crate::{Events, Factor, HttpSli, Outcome, Slo, Status};

const START: Tick = Tick::from_unix_seconds(1_767_225_603);

fn standard(target: &str, window: &str) -> Alerts {
    AlertPolicy::standard().resolve(target.parse().unwrap(), window.parse().unwrap())
}

fn windows(alerts: &Alerts) -> Vec<(String, String)> {
    let conditions = alerts.conditions().iter();
    conditions
        .map(|condition| (condition.long().to_string(), condition.short().to_string()))
        .collect()
}

fn factors(alerts: &Alerts) -> Vec<String> {
    let conditions = alerts.conditions().iter();
    conditions.map(|condition| condition.factor().to_string()).collect()
}

/// A service that is watched: the changes of its state with the seconds since the start.
struct Story {
    tracker: Tracker,
    watch: AlertWatch<Changes>,
    seconds: u64,
}

#[derive(Default)]
struct Changes {
    told: Vec<(u64, AlertState)>,
}

impl AlertListener for Changes {
    fn changed(&mut self, transition: &Transition<'_>) {
        let before = self.told.last().map_or(AlertState::Ok, |(_, state)| *state);
        assert_eq!(transition.from(), before);
        self.told
            .push((transition.at().since(START).as_secs(), transition.to()));
    }
}

impl Story {
    fn new(target: &str, window: &str) -> Self {
        Self::of(standard(target, window), window)
    }

    fn of(alerts: Alerts, window: &str) -> Self {
        Self {
            tracker: Tracker::new(window.parse().unwrap(), START),
            watch: AlertWatch::new(alerts, Changes::default()),
            seconds: 0,
        }
    }

    /// So many good and bad events every so many seconds for so long; evaluated after each of these steps.
    fn run(&mut self, lasting: u64, every: u64, (good, bad): (u64, u64)) -> &mut Self {
        let end = self.seconds + lasting;
        while self.seconds < end {
            let now = START + Duration::from_secs(self.seconds);
            (0..good).for_each(|_| self.tracker.record(now, Outcome::Good));
            (0..bad).for_each(|_| self.tracker.record(now, Outcome::Bad));
            self.watch.evaluate_tracker(&self.tracker, now);
            self.seconds += every;
        }
        self
    }

    fn told(&self) -> &[(u64, AlertState)] {
        &self.watch.listener().told
    }

    fn last(&self) -> &Evaluation {
        self.watch.last().unwrap()
    }
}

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

#[test]
fn worse_is_greater() {
    assert!(AlertState::Ok < AlertState::Ticket && AlertState::Ticket < AlertState::Page);
    assert!(Severity::Ticket < Severity::Page);
    assert_eq!(AlertState::default(), AlertState::Ok);
    assert_eq!(AlertState::from(Severity::Page).to_string(), Severity::Page.to_string());
    assert_eq!(AlertState::from(Severity::Ticket).as_str(), Severity::Ticket.as_str());
}

#[cfg(feature = "serde")]
#[test]
fn json_has_the_same_names() {
    for state in [AlertState::Ok, AlertState::Ticket, AlertState::Page] {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
    for severity in [Severity::Ticket, Severity::Page] {
        assert_eq!(serde_json::to_value(severity).unwrap(), severity.as_str());
    }
    for verdict in [Verdict::Quiet, Verdict::TooFew, Verdict::Fires, Verdict::Unresolved] {
        assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.as_str());
    }
}

#[test]
fn the_workbooks_table_at_thirty_days() {
    let alerts = standard("99.9%", "30d");
    assert_eq!(factors(&alerts), ["14.4x", "6x", "3x", "1x"]);
    assert_eq!(alerts.conditions()[0].factor(), Factor::new(144, 10).unwrap());
    let shown = [("1h", "5m"), ("6h", "30m"), ("1d", "2h"), ("3d", "6h")];
    assert_eq!(windows(&alerts), shown.map(|(long, short)| (long.into(), short.into())));
    let spent: Vec<_> = alerts
        .conditions()
        .iter()
        .map(|condition| condition.budget_spent_at_fire().to_string())
        .collect();
    assert_eq!(spent, ["2%", "5%", "10%", "10%"]);
    let threshold = alerts.conditions()[0].threshold_ratio_f64();
    assert_eq!(threshold.to_string(), "0.0144"); // with doubles 14.4 * (1 - 0.999) is 0.014400000000000013
}

#[test]
fn windows_scale_and_factors_stay() {
    // Unscaled, 28 days have 13.44, 5.6, 2.8 and 0.933 (section 2 of the research note).
    for (window, longs, shorts) in [
        (
            "28d",
            ["56m", "5h36m", "22h24m", "2d19h12m"],
            ["4m40s", "28m", "1h52m", "5h36m"],
        ),
        ("90d", ["3h", "18h", "3d", "9d"], ["15m", "1h30m", "6h", "18h"]),
        (
            "31d",
            ["1h2m", "6h12m", "1d48m", "3d2h24m"],
            ["5m10s", "31m", "2h4m", "6h12m"],
        ),
    ] {
        let alerts = standard("99.9%", window);
        let expected = longs
            .iter()
            .zip(shorts)
            .map(|(long, short)| ((*long).into(), short.into()));
        assert_eq!(windows(&alerts), expected.collect::<Vec<(String, String)>>());
        assert_eq!(factors(&alerts), ["14.4x", "6x", "3x", "1x"], "{window}");
    }
}

#[test]
fn short_periods_meet_the_floors_and_the_factors_follow() {
    let week = standard("99.9%", "7d");
    assert_eq!(windows(&week)[0], ("15m".into(), "2m".into())); // scaled: 14 min and 70 s
    assert_eq!(factors(&week), ["13.44x", "6x", "3x", "1x"]);
    assert_eq!(windows(&standard("99.9%", "7d1s"))[2].0, "5h36m1s"); // rounded up
    let day = standard("99.9%", "1d");
    let shown = [("15m", "2m"), ("15m", "2m"), ("48m", "4m"), ("2h24m", "12m")];
    assert_eq!(windows(&day), shown.map(|(long, short)| (long.into(), short.into())));
    assert_eq!(factors(&day), ["1.92x", "4.8x", "3x", "1x"]);
}

#[test]
fn no_window_is_longer_than_the_period_and_no_factor_is_below_one() {
    let alerts = standard("99.9%", "5m");
    assert_eq!(windows(&alerts), vec![("5m".into(), "2m".into()); 4]);
    assert_eq!(factors(&alerts), ["1x"; 4]);
    // Raised from 0.02: all of the budget is spent when it fires.
    assert_eq!(alerts.conditions()[0].budget_spent_at_fire(), Ratio::new(1, 1).unwrap());
    assert_eq!(alerts.trickle(), None);
}

#[test]
fn windows_hold_four_pushes_as_far_as_the_period_has_room() {
    let pushed = |every: u64, window: &str| {
        let policy = AlertPolicy::standard().pushed_every(Duration::from_millis(every));
        windows(&policy.resolve("99.9%".parse().unwrap(), window.parse().unwrap()))
    };
    assert_eq!(pushed(60_000, "30d")[0], ("1h".into(), "5m".into()));
    assert_eq!(pushed(90_000, "30d")[0], ("1h".into(), "6m".into()));
    assert_eq!(pushed(90_100, "30d")[0], ("1h".into(), "6m1s".into()));
    assert_eq!(pushed(1_800_000, "30d")[0], ("2h".into(), "2h".into()));
    assert_eq!(pushed(u64::MAX, "1d"), vec![("1d".into(), "1d".into()); 4]);
}

#[test]
fn an_unreachable_condition_says_why_and_what_would_help() {
    let alerts = standard("50%", "30d");
    let said: Vec<_> = alerts
        .unreachable()
        .map(|unreachable| unreachable.to_string())
        .collect();
    assert_eq!(said.len(), 3);
    assert_eq!(
        said[0],
        "the page for 2% of the budget in 1h can never fire at a target of 50%: more than 720% of the events would have \
         to be bad; take a smaller share, or a long window of at least 7h12m1s in a period of 30d"
    );
    let refused = alerts.all_reachable().unwrap_err();
    assert_eq!(refused.to_string(), said[0]);
    assert!(standard("99.9%", "30d").all_reachable().is_ok());
}

#[test]
fn exactly_one_is_unreachable_and_a_second_more_is_not() {
    // 14.4 x 1/14.4: the whole budget share takes the whole hour at a total outage.
    let of = |long: &str| {
        let policy = AlertPolicy::builder().page("10%".parse().unwrap(), long.parse().unwrap(), "5m".parse().unwrap());
        let alerts = policy
            .build()
            .unwrap()
            .resolve("90%".parse().unwrap(), Window::days(30).unwrap());
        alerts.conditions()[0]
    };
    let exact = of("7h12m");
    assert!(!exact.is_reachable() && exact.detection_time(Ratio::new(1, 1).unwrap()).is_none());
    assert_eq!(
        exact.unreachable().unwrap().shortest_long_window().to_string(),
        "7h12m1s"
    );
    let longer = of("7h12m1s");
    assert!(longer.is_reachable() && longer.detection_time(Ratio::new(1, 1).unwrap()).is_some());
}

#[test]
fn a_policy_of_ones_own_is_checked() {
    let build = |share: &str, long: &str, short: &str| {
        let policy =
            AlertPolicy::builder().ticket(share.parse().unwrap(), long.parse().unwrap(), short.parse().unwrap());
        policy.build().map_err(|refused| refused.to_string())
    };
    assert_eq!(AlertPolicy::builder().build(), Err(AlertPolicyError::NoConditions));
    assert_eq!(
        AlertPolicyError::NoConditions.to_string(),
        "an alert policy without conditions tells nobody anything; add one, like 2% of the budget in `1h` and `5m`"
    );
    assert_eq!(
        build("0%", "1h", "5m").unwrap_err(),
        "a condition cannot wait for 0% of the budget; take more, like 2%"
    );
    assert_eq!(
        build("1%", "1h", "1h").unwrap_err(),
        "the short window 1h is not shorter than the long window 1h; take a twelfth of it, like `5m` for `1h`"
    );
    assert_eq!(
        build("1%", "31d", "1h").unwrap_err(),
        "a long window of 31d is longer than the period of 30d that policies are written for; write at most `30d`"
    );
    assert!(build("0.0000001%", "2m1s", "2m").is_ok() && build("100%", "30d", "1d").is_ok());
}

#[test]
fn a_draft_is_judged_and_nobody_is_told() {
    let draft = Slo::new(
        "a",
        HttpSli::every_route(),
        "99.9%".parse().unwrap(),
        Window::days(30).unwrap(),
    );
    let policy = AlertPolicy::standard();
    for (status, told) in [(Status::Draft, 0), (Status::Agreed, 2)] {
        let mut watch = AlertWatch::new(policy.for_slo(&draft.clone().status(status)), Changes::default());
        watch.evaluate(START, |_| Events::new(0, 9));
        assert_eq!(watch.state(), AlertState::Page);
        watch.evaluate(START, |_| Events::new(9, 0));
        assert_eq!(watch.state(), AlertState::Ok);
        assert_eq!(watch.listener().told.len(), told, "{status:?}");
        assert_eq!(watch.alerts().is_silent(), told == 0);
    }
}

#[test]
fn a_listener_that_panics_is_not_told_again() {
    let mut calls = 0;
    let mut watch = AlertWatch::new(standard("99.9%", "30d"), |_: &Transition<'_>| {
        calls += 1;
        panic!("of the listener");
    });
    for _ in 0..3 {
        let evaluating = std::panic::AssertUnwindSafe(|| watch.evaluate(START, |_| Events::new(0, 9)).state());
        let _ = std::panic::catch_unwind(evaluating);
    }
    assert_eq!(watch.state(), AlertState::Page);
    drop(watch);
    assert_eq!(calls, 1);
}

#[test]
fn a_watch_can_move_to_a_thread_of_its_own() {
    fn movable<T: Send + 'static>(_: &T) {}
    movable(&AlertWatch::new(standard("99.9%", "30d"), |_: &Transition<'_>| {}));
}
