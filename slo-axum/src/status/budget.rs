//! What is left of an error budget, and for how long.

use chrono::{DateTime, Utc};
use serde::Serialize;
use slo_core::{BudgetState, BurnWindow, ErrorBudget, Exhaustion, Recovery, Share, Slo, Tick, Tracker, Window};

use super::rfc3339_or_null;

/// What is left of an error budget.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct BudgetStatus {
    /// The state's name; `exhausted` and `warming_up` are said with the coverage in mind.
    pub state: BudgetState,
    /// The share that is left of what the events seen allow: at most 1, negative when broken; `None` without a valid
    /// event.
    pub remaining_ratio: Option<f64>,
    /// The same of what the whole window allows, at the mean traffic of the time measured.
    pub whole_window_remaining_ratio: Option<f64>,
    /// How many of the events seen may be bad.
    pub allowed_events: f64,
    /// How many more may be bad; negative when broken.
    pub remaining_events: f64,
    /// For how many seconds everything may fail before the whole window's budget is spent; 0 when it is, `None` without a
    /// valid event.
    pub full_outage_left_seconds: Option<f64>,
    /// When the whole window's budget is spent, if the last hour goes on; `None` without a valid event in it.
    pub exhaustion: Option<ExhaustionStatus>,
    /// When an exhausted budget has something left again, if every event from now on is good; `None` when it is not
    /// exhausted.
    #[serde(serialize_with = "rfc3339_or_null")]
    pub recovers_at: Option<DateTime<Utc>>,
}

/// When a budget is spent.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct ExhaustionStatus {
    /// The window whose burn rate is taken to go on.
    pub at_the_rate_of: BurnWindow,
    /// `already`, `in` so many seconds, or `not_at_this_rate`.
    pub when: &'static str,
    /// The time until then.
    pub seconds: Option<f64>,
}

/// The rate that is taken to go on, in seconds.
const RECENT: u64 = 3_600;

impl BudgetStatus {
    pub(crate) fn new(slo: &Slo, tracker: &Tracker, now: Tick) -> Self {
        let budget = ErrorBudget::of(slo.target(), tracker.read(now, slo.window()));
        let length = slo.window().length_at(now);
        Self {
            state: budget.state(),
            remaining_ratio: budget.remaining_ratio_f64(),
            whole_window_remaining_ratio: budget.against_whole_window().remaining_ratio_f64(),
            allowed_events: budget.allowed_events_f64(),
            remaining_events: budget.remaining_events_f64(),
            full_outage_left_seconds: budget.full_outage_left(length).map(|left| left.as_secs_f64()),
            exhaustion: BurnWindow::from_seconds(RECENT).ok().and_then(|recent| {
                let events = tracker.read_last(now, recent).events();
                let exhaustion = budget.time_to_exhaustion(length, events)?;
                Some(ExhaustionStatus::new(recent, exhaustion))
            }),
            recovers_at: recovers_at(budget, slo.window(), tracker, now),
        }
    }
}

impl ExhaustionStatus {
    fn new(at_the_rate_of: BurnWindow, exhaustion: Exhaustion) -> Self {
        let (when, seconds) = match exhaustion {
            Exhaustion::Already => ("already", None),
            Exhaustion::In(time) => ("in", Some(time.as_secs_f64())),
            // `Exhaustion` may grow in another release of slo-core than ours
            _ => ("not_at_this_rate", None),
        };
        Self {
            at_the_rate_of,
            when,
            seconds,
        }
    }
}

fn recovers_at(budget: ErrorBudget, window: Window, tracker: &Tracker, now: Tick) -> Option<DateTime<Utc>> {
    if budget.state() != BudgetState::Exhausted {
        return None; // the window's pieces are many, and nobody needs them
    }
    let Some(length) = window.rolling_length() else {
        return Some(window.bounds(now).end.into());
    };
    match budget.recovery(Share::NONE, length, now, tracker.pieces(now, window)) {
        Recovery::At(tick) => Some(tick.into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use slo_core::{EventsSli, Outcome};

    use super::*;

    const START: Tick = Tick::from_unix_seconds(1_767_225_600);

    /// A service of which one event in 30 minutes fails, after an hour.
    fn after_an_hour(window: Window) -> BudgetStatus {
        let slo = Slo::new("mails", EventsSli::of("mails"), "99%".parse().unwrap(), window);
        let tracker = Tracker::new(window, START);
        for minute in 0..60 {
            let outcome = if minute % 30 == 0 { Outcome::Bad } else { Outcome::Good };
            tracker.record(START + Duration::from_secs(60 * minute), outcome);
        }
        BudgetStatus::new(&slo, &tracker, START + Duration::from_secs(3_600))
    }

    #[test]
    fn a_spent_budget_recovers_as_bad_events_leave_the_window() {
        let budget = after_an_hour("1h".parse().unwrap());
        assert_eq!(budget.state, BudgetState::Exhausted);
        assert_eq!(budget.exhaustion.map(|exhaustion| exhaustion.when), Some("already"));
        assert_eq!(budget.full_outage_left_seconds, Some(0.0));
        // The second bad event was half an hour ago; a step of a minute at most after it has left.
        let recovers_in = Tick::from(budget.recovers_at.unwrap()).since(START + Duration::from_secs(3_600));
        let half_an_hour = Duration::from_secs(1_800);
        assert!(
            recovers_in >= half_an_hour && recovers_in <= half_an_hour + Duration::from_secs(60),
            "{recovers_in:?}"
        );
    }

    #[test]
    fn a_spent_budget_of_a_calendar_period_recovers_with_the_next_one() {
        let day = Window::calendar("day".parse().unwrap(), "UTC".parse().unwrap());
        assert_eq!(after_an_hour(day).recovers_at, None); // 23 hours are to come
        let slo = Slo::new("mails", EventsSli::of("mails"), "99%".parse().unwrap(), day);
        let tracker = Tracker::new(day, START);
        tracker.record(START, Outcome::Bad);
        let evening = START + Duration::from_secs(23 * 3_600);
        let budget = BudgetStatus::new(&slo, &tracker, evening);
        assert_eq!(budget.state, BudgetState::Exhausted);
        let midnight = START + Duration::from_secs(86_400);
        assert_eq!(budget.recovers_at, Some(midnight.into()));
    }

    #[test]
    fn a_budget_that_burns_says_when_it_is_spent() {
        let budget = after_an_hour(Window::DAY);
        let exhaustion = budget.exhaustion.unwrap();
        assert_eq!(
            (exhaustion.at_the_rate_of.to_string(), exhaustion.when),
            ("1h".to_owned(), "in")
        );
        // 2 of 60 is 3.3 times too fast; a day's budget of which 1/24 of 3.3 is spent.
        let burn = (2.0 / 60.0) / 0.01;
        let expected = (1.0 - burn / 24.0) / burn * 86_400.0;
        assert!((exhaustion.seconds.unwrap() - expected).abs() < 1e-6, "{exhaustion:?}");
        assert_eq!(budget.recovers_at, None);
    }
}
