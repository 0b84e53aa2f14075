//! The cases that were measured on other tools' rules, by their numbers in the research note: ours is right in each.

use super::*;
use crate::{ErrorBudget, Target, TargetError};

use AlertState::{Ok, Page, Ticket};

/// At 10 s steps and minutes, the standard policy is up to a step late.
fn assert_told(story: &Story, expected: &[(u64, AlertState)], late: u64) {
    let told = story.told();
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for ((at, state), (due, expected)) in told.iter().zip(expected) {
        assert_eq!(state, expected, "{told:?}");
        assert!(
            *at >= *due && *at <= due + late,
            "{state} at {at} instead of {due}: {told:?}"
        );
    }
}

// B01: 10 min of total outage. A page after a minute, off 30 min after the end; a ticket, off 6 h after.
#[test]
fn ten_minutes_of_total_outage() {
    let mut story = Story::new("99.9%", "30d");
    story.run(3 * DAY, MINUTE, (12, 0)).run(10 * MINUTE, 10, (0, 2));
    let end = story.seconds;
    story.run(8 * HOUR, 10, (2, 0));
    // `s·(1 − f·B/r)` of the short windows 30 m and 6 h; the outage was shorter than they are.
    let expected = [
        (3 * DAY + 42, Page),
        (end + 30 * MINUTE - 20, Ticket),
        (end + 6 * HOUR - 60, Ok),
    ];
    assert_told(&story, &expected, 70);
}

// B02: 15% for 10 min. A page after 5.76 min, off 4.52 min after the end, and no ticket.
#[test]
fn ten_minutes_at_fifteen_percent() {
    let mut story = Story::new("99.9%", "30d");
    story.run(3 * DAY, MINUTE, (120, 0)).run(10 * MINUTE, 10, (17, 3));
    let end = story.seconds;
    story.run(8 * HOUR, 10, (20, 0));
    assert_told(&story, &[(3 * DAY + 335, Page), (end + 261, Ok)], 30);
}

// B03: a burn rate of exactly 1.0 is silent. With doubles 1 - 0.999 is above 0.001, and a ticket fires.
#[test]
fn a_burn_rate_of_exactly_one_is_silent_over_any_period() {
    // The last four are the months.
    for window in ["5m", "1h", "1d", "7d", "28d", "29d", "30d", "31d", "90d"] {
        for (target, good, bad) in [("99.9%", 999, 1), ("99.5%", 199, 1), ("90%", 9, 1)] {
            let mut story = Story::new(target, window);
            let period = story.tracker.window().longest().as_secs();
            story.run(period + period / 4, (period / 240).max(10), (good, bad));
            assert_eq!(story.told(), [], "{target} over {window}");
            let worst = story
                .last()
                .conditions()
                .iter()
                .filter_map(|judged| judged.long().rate())
                .max();
            assert!(
                worst.is_some_and(|rate| !rate.exceeds(Factor::ONE)),
                "{target} over {window}"
            );
        }
    }
}

// B03 for a month: its conditions are those of 31 days, the longest there is, so no month's burn rate of 1.0 fires.
#[cfg(feature = "calendar")]
#[test]
fn a_month_alerts_as_31_days_do() {
    for (calendar, rolling) in [("month in Asia/Seoul", "31d"), ("quarter in Europe/London", "92d")] {
        let conditions = |window| standard("99.9%", window).conditions().to_vec();
        assert_eq!(conditions(calendar), conditions(rolling));
    }
    let mut story = Story::new("99.9%", "month in Asia/Seoul");
    story.run(62 * DAY, HOUR, (999, 1));
    assert_eq!(story.told(), []);
}

#[test]
fn one_bad_event_more_than_a_burn_rate_of_one_is_a_ticket() {
    for window in ["1d", "7d", "28d", "30d", "31d", "90d"] {
        let alerts = standard("99.9%", window);
        assert_eq!(alerts.evaluate(|_| Events::new(9_990, 10)).state(), Ok, "{window}");
        assert_eq!(alerts.evaluate(|_| Events::new(9_989, 10)).state(), Ticket, "{window}");
    }
}

// B04: 10 requests an hour, one failure. A decision by count: silent, and it says so.
#[test]
fn one_failure_among_ten_requests_an_hour_is_held_back() {
    let mut story = Story::new("99.9%", "30d");
    story.run(3 * DAY, 6 * MINUTE, (1, 0)).run(MINUTE, MINUTE, (0, 1));
    assert_eq!(story.last().state(), Ok);
    let said: Vec<_> = story.last().held_back().map(Judged::to_string).collect();
    assert_eq!(said.len(), 4);
    assert!(
        said[0].starts_with("no page, 1 bad event is too few (it takes 5): the budget burns at "),
        "{said:?}"
    );
    story.run(3 * DAY, 6 * MINUTE, (1, 0));
    assert_eq!(story.told(), []);
}

// B05: 30 min of flat counters. Nothing is NaN then or later.
#[test]
fn half_an_hour_of_silence_is_no_number_and_harms_none() {
    let mut story = Story::new("99.9%", "30d");
    story.run(6 * HOUR, 10, (4, 0)).run(30 * MINUTE, 10, (0, 0));
    let fast = &story.last().conditions()[0];
    assert_eq!(fast.short().rate(), None);
    assert!(
        fast.to_string()
            .ends_with("; the limit is 14.4x, 2% of the budget of 30d in 1h"),
        "{fast}"
    );
    assert!(fast.to_string().contains(" and nothing over 5m"), "{fast}");
    story.run(HOUR, 10, (4, 0));
    let reading = story
        .tracker
        .read(START + Duration::from_secs(story.seconds), story.tracker.window());
    let budget = ErrorBudget::observed("99.9%".parse().unwrap(), reading.events());
    assert_eq!(budget.remaining_ratio_f64(), Some(1.0));
    assert_eq!(story.told(), []);
}

// B06: every day a quiet half at 10% errors and a busy one without: 0.0000999, where a mean of ratios has 0.0497.
#[test]
fn quiet_hours_weigh_as_much_as_their_traffic() {
    let mut story = Story::new("99.9%", "30d");
    for _ in 0..30 {
        story
            .run(12 * HOUR, 6 * HOUR, (9, 1))
            .run(12 * HOUR, 6 * HOUR, (10_000, 0));
    }
    let reading = story
        .tracker
        .read(START + Duration::from_secs(story.seconds), story.tracker.window());
    assert_eq!(reading.events().error_ratio(), Ratio::new(1, 10_010));
    let remaining = ErrorBudget::observed("99.9%".parse().unwrap(), reading.events()).remaining_ratio_f64();
    assert!(
        remaining.is_some_and(|left| (left - 0.9001).abs() < 1e-4),
        "{remaining:?}"
    );
}

// B07: 2 days old at 1%. The budget is -900% of what was seen, beside its coverage; alerts count it against the window.
#[test]
fn a_young_service_says_what_it_saw() {
    let mut story = Story::new("99.9%", "30d");
    story.run(2 * DAY + 1, 10 * MINUTE, (99, 1));
    let now = START + Duration::from_secs(2 * DAY);
    let reading = story.tracker.read(now, story.tracker.window());
    assert_eq!(reading.coverage(), Ratio::new(2, 30));
    let budget = ErrorBudget::observed("99.9%".parse().unwrap(), reading.events());
    assert_eq!(budget.remaining_ratio_f64(), Some(-9.0));
    let slow = &story.last().conditions()[3];
    assert_eq!(
        slow.long().to_string(),
        "6.67x over 3d (289 bad of 28900 in the 2d measured)"
    );
    assert_eq!(slow.verdict(), Verdict::Fires);
    assert_eq!(slow.long().covered(), Duration::from_secs(2 * DAY));
    assert_eq!(slow.short().covered(), Duration::from_secs(6 * HOUR));
}

// B08: counters that begin at 0 again. A restart in the midst of it delays nothing and tells nothing.
#[cfg(feature = "store")]
#[test]
fn a_restart_is_no_change() {
    let (mut whole, mut restarted) = (Story::new("99.9%", "30d"), Story::new("99.9%", "30d"));
    for story in [&mut whole, &mut restarted] {
        story.run(20 * HOUR, MINUTE, (499, 1));
    }
    let now = START + Duration::from_secs(restarted.seconds);
    let snapshot = restarted.tracker.snapshot(now);
    restarted.tracker = Tracker::restore(restarted.tracker.window(), &snapshot, now);
    assert_eq!(restarted.tracker.totals(), Events::default());
    for story in [&mut whole, &mut restarted] {
        story.run(20 * HOUR, MINUTE, (499, 1));
    }
    assert_eq!(whole.told().len(), 1);
    assert_eq!(restarted.told(), whole.told());
}

// B09: 1,000 errors at once when the process begins, before any scrape. They count, and page.
#[test]
fn errors_of_the_first_second_count() {
    let mut story = Story::new("99.9%", "30d");
    story.run(1, 1, (0, 1_000)).run(10 * MINUTE, 1, (10, 0));
    // The ratio falls as the measured part of the hour grows: 1000 / (1000 + 10 t) * t / 3600 s is 1.44% at 107 s.
    assert_told(&story, &[(107, Page), (300, Ok)], 11);
    assert_eq!(story.tracker.totals().bad(), 1_000);
}

// B10: a constant burn rate of 2. A ticket after 36 h, never a page.
#[test]
fn a_constant_burn_rate_of_two_is_a_ticket() {
    let mut story = Story::new("99.9%", "30d");
    story
        .run(3 * DAY, 10 * MINUTE, (500, 0))
        .run(3 * DAY, 10 * MINUTE, (499, 1));
    assert_told(
        &story,
        &[(3 * DAY + 36 * HOUR - 10 * MINUTE, Ticket)],
        HOUR + 10 * MINUTE,
    );
}

// B11: a constant burn rate of 14. A page after 154.3 min, through the second condition; the first needs 14.4.
#[test]
fn a_constant_burn_rate_of_fourteen_pages_through_the_second_condition() {
    let mut story = Story::new("99.9%", "30d");
    story.run(6 * HOUR, MINUTE, (500, 0)).run(4 * HOUR, MINUTE, (493, 7));
    assert_told(&story, &[(6 * HOUR + 153 * MINUTE, Page)], 2 * MINUTE);
    let paging: Vec<_> = story
        .last()
        .reasons()
        .map(|judged| judged.condition().factor())
        .collect();
    assert_eq!(paging, [Factor::from(6)]);
    let constant = Ratio::new(14, 1_000).unwrap();
    let theory = story.watch.alerts().detection_time(Severity::Page, constant).unwrap();
    assert!((theory.as_secs_f64() / 60.0 - 154.285_714).abs() < 1e-6);
}

// B12: an objective of 100% has no budget; it is refused, and the nearest target to it makes nothing infinite.
#[test]
fn a_hundred_percent_is_refused_and_almost_a_hundred_is_finite() {
    assert_eq!(
        "100%".parse::<Target>(),
        Err(TargetError::NoBudget { ppb: 1_000_000_000 })
    );
    let strict = standard("99.9999999%", "30d");
    let one_failure = strict.evaluate(|_| Events::new(1_000, 1));
    assert_eq!(one_failure.state(), Ok);
    let rates = one_failure
        .conditions()
        .iter()
        .filter_map(|judged| judged.long().rate());
    assert!(rates.map(crate::BurnRate::as_f64).all(f64::is_finite));
    assert!(
        one_failure
            .held_back()
            .all(|judged| !judged.to_string().contains("inf"))
    );
}

// B13: an objective of 90% and a total outage. The first condition can never fire and says so; a page after 3.6 h.
#[test]
fn a_low_objective_pages_through_what_can_fire() {
    let mut story = Story::new("90%", "30d");
    let unreachable: Vec<_> = story.watch.alerts().unreachable().collect();
    assert_eq!(unreachable.len(), 1);
    assert_eq!(unreachable[0].condition(), story.watch.alerts().conditions()[0]);
    story.run(6 * HOUR, MINUTE, (10, 0)).run(5 * HOUR, MINUTE, (0, 10));
    assert_told(&story, &[(6 * HOUR + 215 * MINUTE, Page)], 2 * MINUTE);
    let theory = story
        .watch
        .alerts()
        .detection_time(Severity::Page, Ratio::new(1, 1).unwrap());
    assert_eq!(theory, Some(Duration::from_secs(216 * MINUTE)));
}
