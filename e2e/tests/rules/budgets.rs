//! What is recorded: the period's ratio, the budget, the coverage; and tickets, which are read from tiles.
//!
//! promtool evaluates every group at one interval, so these run at five minutes, with vmalert's form of the tiles: under
//! promtool's sample every round minute that one is exact, and Prometheus' form is not. What is added up from tiles is in
//! either engine's form.

use e2e::{Failure, Outcome};

use crate::tools::slo;
use crate::unit::{Story, Stretch, Test, counts, run};

const DAY: u64 = 1_440;
const PERIOD: &str = "slo:error_ratio:period";
const REMAINING: &str = "slo:error_budget_remaining:ratio";
const COVERAGE: &str = "slo:coverage:ratio";
/// How often any alert about a budget was evaluated to fire.
const BURNS: &str = r#"sum(count_over_time(ALERTS{alertname="SloErrorBudgetBurn"}[30d]))"#;
/// What sums of doubles may differ by.
const EXACT: f64 = 1e-9;

/// Either engine's rules, with tiles that are exact here.
fn rules(window: &str) -> Result<[String; 2], Failure> {
    let of = |engine: &str| slo(&format!("rules --fleet --engine {engine} --window {window}"));
    let (extrapolated, exact) = ("[6m])) * (5 / 6)", "[5m]))");
    let prometheus = of("prometheus")?;
    assert!(prometheus.contains(extrapolated), "{prometheus}");
    Ok([of("victoriametrics")?, prometheus.replace(extrapolated, exact)])
}

fn at_tiles(window: &str, tests: &[Test]) -> Outcome {
    for rules in rules(window)? {
        run(&rules, "5m", tests).map_err(|error| Failure::new(format!("{window}: {error:?}")))?;
    }
    Ok(())
}

/// What was bad of what was valid, and how much of the window that was, for a story that never stops.
fn truth(story: &Story) -> (f64, f64) {
    let (mut bad, mut valid) = (0, 0);
    for stretch in &story.stretches {
        if let Stretch::Counts {
            minutes,
            good,
            bad: failed,
        } = stretch
        {
            bad += minutes * failed;
            valid += minutes * (good + failed);
        }
    }
    (
        as_f64(bad) / as_f64(valid),
        as_f64(story.minutes() * 60) / as_f64(story.window_seconds),
    )
}

#[expect(clippy::cast_precision_loss, reason = "counts of a test are far below 2^53")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

/// Period, budget and coverage at the end of a story that is no longer than its window.
pub(crate) fn agrees(name: &str, story: &Story) -> Test {
    let ((ratio, coverage), end) = (truth(story), story.minutes());
    let budget: f64 = story.budget.parse().unwrap_or(f64::NAN);
    Test::new(name, story)
        .expect_near(end, PERIOD, ratio, EXACT)
        .expect_near(end, REMAINING, 1.0 - ratio / budget, EXACT)
        .expect_near(end, COVERAGE, coverage, 0.01)
}

/// B06 and the reason for all of this: a mean of ratios would say 5% where a ten-thousandth is bad.
#[test]
fn the_period_is_the_ratio_of_its_sums_for_every_usual_window() -> Outcome {
    for days in [7, 28, 30, 90] {
        let half = DAY;
        let uneven = Story::new(
            days,
            "0.001",
            &[counts(half, 1_000, 0), counts(half - 60, 9, 1), counts(60, 0, 0)],
        );
        let young = Story::new(days, "0.001", &[counts(2 * DAY, 99, 1)]);
        at_tiles(
            &format!("{days}d"),
            &[agrees("B06 a quiet half", &uneven), agrees("B07 two days old", &young)],
        )?;
    }
    Ok(())
}

/// B05: half an hour in which nobody came is measured, and one without data is not; neither spoils a sum.
#[test]
fn silence_is_covered_and_a_gap_is_not() -> Outcome {
    let before = counts(DAY - 60, 1_000, 1);
    let silence = Story::new(7, "0.01", &[before, counts(30, 0, 0), counts(30, 1_000, 0)]);
    let gap = Story::new(7, "0.01", &[before, Stretch::Gap { minutes: 30 }, counts(30, 1_000, 0)]);
    let (ratio, _) = truth(&silence);
    let tiles = "sum(count_over_time(slo:valid_events:increase5m[7d]))";
    at_tiles(
        "7d",
        &[
            agrees("B05 nobody came", &silence).expect(DAY, tiles, Some("288")),
            // Six tiles have no two samples to count between.
            Test::new("B05 no data", &gap)
                .expect_near(DAY, PERIOD, ratio, EXACT)
                .expect(DAY, tiles, Some("282")),
        ],
    )
}

/// B08 and B09: a process that begins anew counts from zero, and its first errors are not lost.
#[test]
fn restarts_lose_nothing() -> Outcome {
    let story = Story::new(
        7,
        "0.01",
        &[
            counts(100, 99, 1),
            Stretch::Restart,
            counts(100, 0, 1_000),
            Stretch::Restart,
            counts(198, 100, 0),
        ],
    );
    at_tiles("7d", &[agrees("B08 restarts", &story)])
}

/// Without any event there is a coverage and no ratio: not 0, not 100%, not NaN.
#[test]
fn no_traffic_is_no_ratio() -> Outcome {
    let idle = Story::new(30, "0.001", &[counts(600, 0, 0)]);
    let mut test = Test::new("idle", &idle).expect_near(600, COVERAGE, 600.0 / 43_200.0, 0.01);
    for name in [
        PERIOD,
        REMAINING,
        "slo:error_ratio:rate5m",
        "slo:error_ratio:rate6h",
        "slo:error_ratio:rate3d",
        "slo:burn_rate:1h",
    ] {
        test = test.expect(600, name, None);
    }
    at_tiles("30d", &[test])
}

/// B02 and B10 as tickets: 10% of the budget in a day or in three.
#[test]
fn tickets_come_when_a_tenth_of_the_budget_is_spent_and_go_with_the_short_window() -> Outcome {
    let quiet = 4 * DAY;
    let twice = Story::new(
        30,
        "0.001",
        &[counts(quiet, 1_000, 0), counts(2 * DAY, 998, 2), counts(DAY, 1_000, 0)],
    );
    // f B / r L = 1/2 of 3 days; then s (1 - f B / r) = 1/2 of 6 hours. Tiles see up to one of theirs later.
    let (from, to) = (quiet + DAY + DAY / 2, quiet + 2 * DAY + 180);
    let twice_burning = Test::new("B10 2x for two days", &twice)
        .silent("ticket", from)
        .fires("ticket", from + 10)
        .fires("ticket", to - 10)
        .silent("ticket", to + 10)
        .silent("page", quiet + 2 * DAY);
    let at_its_budget = Story::new(30, "0.001", &[counts(4 * DAY, 999, 1)]);
    let silent = Test::new("B03 exactly 1.0x", &at_its_budget)
        .expect(4 * DAY, BURNS, None)
        .expect_near(4 * DAY, REMAINING, 0.0, EXACT);
    at_tiles("30d", &[twice_burning, silent])
}

/// Bad events that no window of the policy holds five of, over a week whose budget they overspend.
#[test]
fn a_trickle_becomes_a_ticket() -> Outcome {
    let week = |each: u64| {
        let bad_and_good = [
            counts(1, 0, 1),
            counts(each / 2, 0, 0),
            counts(1, 5, 0),
            counts(each / 2 - 2, 0, 0),
        ];
        let stretches: Vec<_> = (0..7 * DAY / each).flat_map(|_| bad_and_good).collect();
        Story::new(7, "0.001", &stretches)
    };
    let (eight, four) = (week(21 * 60), week(42 * 60));
    let soon = 7 * 21 * 60 + 100; // after the eighth
    let tests = [
        Test::new("eight in seven days", &eight)
            .fires("ticket", soon)
            .silent("page", soon),
        Test::new("four in seven days", &four).expect(7 * DAY, BURNS, None),
    ];
    at_tiles("7d", &tests)
}

/// A rollout: the newest spec wins at once, drafts wake nobody, and instances that disagree become a ticket.
#[test]
fn the_newest_spec_wins_and_nothing_is_counted_twice() -> Outcome {
    let old = Story::new(30, "0.01", &[counts(4 * 60, 90, 10)]);
    let mut new = Story::new(30, "0.001", &[counts(2 * 60, 90, 10)]);
    (new.born, new.labels) = (
        2 * 60,
        r#"service_name="shop", deployment_environment_name="prod", service_instance_id="2", slo_name="pay""#,
    );
    let budget = "slo:error_budget:ratio";
    let differ = r#"count(ALERTS{alertname="SloSpecsDiffer", alertstate="firing"})"#;
    let bad = "slo:bad_events:increase5m";
    let test = Test::new("rollout", &old)
        .with(new)
        .expect_near(119, budget, 0.01, 0.0)
        .expect_near(125, budget, 0.001, 0.0)
        .expect_near(175, budget, 0.001, 0.0)
        .expect_near(240, budget, 0.001, 0.0)
        .expect(170, differ, None)
        .expect(190, differ, Some("1"))
        .expect_near(115, bad, 50.0, EXACT)
        .expect_near(240, bad, 100.0, EXACT)
        .expect_near(240, PERIOD, 0.1, EXACT);
    let mut draft = Story::new(30, "0.001", &[counts(120, 0, 100)]);
    draft.status = "draft";
    let silent = Test::new("draft", &draft)
        .expect(120, r#"count(ALERTS{alertname!="SloDataMissing"})"#, None)
        .expect_near(120, "slo:burn_rate:1h", 1_000.0, EXACT);
    at_tiles("30d", &[test, silent])
}

/// A service that never had traffic is not missed; one that did is, some ten minutes after its last push.
#[test]
fn data_is_missed_after_traffic_only() -> Outcome {
    let missing = r#"count(ALERTS{alertname="SloDataMissing", alertstate="firing", severity="page"})"#;
    let gone = |good| Story::new(30, "0.001", &[counts(120, good, 0), Stretch::Gap { minutes: 120 }]);
    let mut draft = gone(100);
    draft.status = "draft";
    // Rules record a fifth of these at five minutes.
    let alive = |test: Test| test.also("slo:rules:heartbeat", "1x240");
    at_tiles(
        "30d",
        &[
            alive(Test::new("gone", &gone(100)))
                .expect(125, missing, None)
                .expect(135, missing, Some("1"))
                .expect(240, missing, Some("1")),
            alive(Test::new("idle and gone", &gone(0))).expect(240, missing, None),
            alive(Test::new("draft and gone", &draft)).expect(240, missing, None),
        ],
    )
}

/// An SLO whose window the rules do not know is told of, and is in no window's sums.
#[test]
fn a_window_without_rules_is_a_ticket() -> Outcome {
    let unknown = r#"count(ALERTS{alertname="SloWindowWithoutRules", alertstate="firing"})"#;
    let story = |days| Story::new(days, "0.001", &[counts(60, 100, 0)]);
    let tests = [
        Test::new("14 days", &story(14))
            .expect(60, unknown, Some("1"))
            .expect(60, COVERAGE, None),
        Test::new("30 days", &story(30)).expect(60, unknown, None),
    ];
    at_tiles("30d", &tests)
}

/// A calendar's window: what was before the period's start is in no sum, and a month of 30 days is no rolling window.
#[test]
fn a_calendar_period_begins_anew_at_its_start() -> Outcome {
    let before = Story {
        start: Some(0),
        ..Story::new(30, "0.01", &[counts(DAY, 90, 10), counts(DAY, 0, 0)])
    };
    let mut turned = Story {
        start: Some(DAY * 60),
        ..Story::new(31, "0.01", &[counts(DAY, 99, 1)])
    };
    (turned.born, turned.labels) = (
        DAY,
        r#"service_name="shop", deployment_environment_name="prod", service_instance_id="2", slo_name="pay""#,
    );
    let test = Test::new("turn of the month", &before)
        .with(turned)
        .expect_near(DAY - 5, PERIOD, 0.1, EXACT)
        .expect_near(2 * DAY, PERIOD, 0.01, 1e-3)
        .expect_near(2 * DAY, COVERAGE, 1.0, 0.01)
        .expect(2 * DAY, r#"count({slo_window="30d"})"#, None);
    at_tiles("month --window 30d", &[test])
}
