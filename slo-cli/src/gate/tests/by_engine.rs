//! Budgets whose events the engine counts by the queries of the spec.

use slo_core::{Exclusion, LocalTime, PrometheusSli, Sli, TimeSlices, Zone};

use super::*;

// Parts of its queries by which they are told apart.
const THERE: &str = "timestamp(mails_total)";
const EVER_THERE: &str = "present_over_time(mails_total";
const PART: &str = "sum(increase(failed_total[30d]))";
const COUNTS: &str = "label_replace(sum(increase(failed_total[30d]))";
const SEEN: &str = "count(mails_total)";

fn counts(part: Option<f64>, valid: f64) -> Vec<Sample> {
    let of = |(what, count)| Sample::new([("slo_count", what)], count);
    let part = part.map(|part| of(("bad", part)));
    part.into_iter().chain([of(("valid", valid))]).collect()
}

/// As [`well`], with mails of which one in ten thousand is lost.
fn mailing() -> Table {
    well()
        .with(SEEN, value(1.0))
        .with(THERE, value(20.0))
        .with(PART, value(7.0))
        .with(COUNTS, counts(Some(99.6), 999_999.7))
}

fn mails() -> Slo {
    let sli = PrometheusSli::bad("failed_total".parse().unwrap(), "mails_total".parse().unwrap());
    slo_of(sli, "30d")
}

fn slo_of(sli: impl Into<Sli>, window: &str) -> Slo {
    Slo::new("browse", sli, "99.9%".parse().unwrap(), window.parse().unwrap())
        .promise("Mails arrive.")
        .owner("mails")
        .status(Status::Agreed)
}

fn judged_with(table: &Table, slo: Slo) -> Verdict {
    let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
    let slos = SloSet::builder("shop").slo(slo).build().unwrap();
    let evidence = gather(table, &slos, &Target::service("shop"), None);
    slos.gate().judge(&slos, &evidence, &Request::deploy(), now)
}

fn budget_of(table: &Table) -> RuleOutcome {
    rule(&judged_with(table, mails()), RuleName::Budget).clone()
}

fn counted_in(rule: &RuleOutcome) -> Option<(u64, u64)> {
    rule.events.map(|events| (events.bad(), events.valid()))
}

#[test]
fn the_engine_is_asked_for_both_counts_and_the_question_is_shown() {
    let table = mailing();
    let verdict = judged_with(&table, mails());
    assert_eq!(verdict.exit_code, 0, "{verdict}");
    let budget = rule(&verdict, RuleName::Budget);
    assert_eq!(
        (budget.state, counted_in(budget)),
        (RuleState::Pass, Some((100, 1_000_000)))
    );
    assert!(budget.source.starts_with(COUNTS), "{}", budget.source);
    assert_eq!(budget.coverage.unwrap().to_string(), "100%");
    // What our own service exports says nothing of it, and no rules are needed.
    let asked = table.asked.borrow();
    assert!(
        !asked
            .iter()
            .any(|query| query.contains(BUDGETS) || query.contains("increase5m")),
        "{asked:?}"
    );
}

#[test]
fn a_budget_that_is_spent_blocks_and_says_when_it_recovers() {
    let spent = Table {
        bad_hours_ago: Some(700),
        ..mailing().with(COUNTS, counts(Some(10_000.0), 1_000_000.0))
    };
    let verdict = judged_with(&spent, mails());
    let budget = rule(&verdict, RuleName::Budget);
    assert_eq!((budget.state, verdict.exit_code), (RuleState::Fail, 1), "{verdict}");
    let expected = DateTime::from_timestamp(1_767_225_600 + 20 * 3_600, 0);
    assert_eq!(budget.recovers_at, expected, "{verdict}");
}

#[test]
fn no_series_of_bad_events_yet_is_none_and_no_traffic_is_idle() {
    let flawless = budget_of(&mailing().with(COUNTS, counts(None, 1_000_000.0)));
    assert_eq!(
        (flawless.state, counted_in(&flawless)),
        (RuleState::Pass, Some((0, 1_000_000)))
    );
    let idle = budget_of(&mailing().with(COUNTS, counts(None, 0.0)));
    assert_eq!(idle.state, RuleState::Idle);
}

#[test]
fn good_events_that_are_missing_are_all_bad() {
    let sli = PrometheusSli::good("failed_total".parse().unwrap(), "mails_total".parse().unwrap());
    let good = |count: Option<f64>| {
        let count = count.map(|count| Sample::new([("slo_count", "good")], count));
        let series: Vec<_> = count.into_iter().chain(counts(None, 1_000.0)).collect();
        let verdict = judged_with(&mailing().with(COUNTS, series), slo_of(sli.clone(), "30d"));
        let budget = rule(&verdict, RuleName::Budget);
        (budget.state, counted_in(budget))
    };
    assert_eq!(good(Some(1_000.0)), (RuleState::Pass, Some((0, 1_000))));
    assert_eq!(good(Some(990.0)), (RuleState::Fail, Some((10, 1_000))));
    assert_eq!(good(None), (RuleState::Fail, Some((1_000, 1_000))));
}

#[test]
fn valid_events_that_were_never_there_warn_and_those_that_vanished_are_unknown() {
    let never = mailing().with(THERE, []).with(PART, []);
    let verdict = judged_with(&never, mails());
    let budget = rule(&verdict, RuleName::Budget);
    assert_eq!((budget.state, verdict.exit_code), (RuleState::Warn, 0), "{verdict}");
    assert!(budget.source.starts_with(COUNTS));
    let verdict = judged_with(&never.with(EVER_THERE, value(1.0)), mails());
    let budget = rule(&verdict, RuleName::Budget);
    assert_eq!((budget.state, verdict.exit_code), (RuleState::Unknown, 3), "{verdict}");
    assert_eq!(budget.sentence, "the series existed and vanished");
    // There, and nothing counted: 0 would be a number.
    let nothing = budget_of(&mailing().with(COUNTS, []));
    assert_eq!(nothing.state, RuleState::Unknown);
    assert!(nothing.sentence.contains("not even 0"), "{}", nothing.sentence);
}

#[test]
fn queries_that_do_not_count_the_same_events_are_unknown() {
    let misspelt = budget_of(&mailing().with(THERE, []));
    assert_eq!(misspelt.state, RuleState::Unknown);
    assert_eq!(
        misspelt.sentence,
        "no answer: its query for valid events finds nothing, and that for bad ones does; compare the two in the spec"
    );
    let more = budget_of(&mailing().with(COUNTS, counts(Some(2_000.0), 1_000.0)));
    assert_eq!(more.state, RuleState::Unknown);
    assert_eq!(
        more.sentence,
        "no answer: its query for bad events counts 2000, and that for valid ones 1000; compare the two in the spec"
    );
    for wrong in [f64::NAN, f64::INFINITY, -5.0] {
        let outcome = budget_of(&mailing().with(COUNTS, counts(Some(0.0), wrong)));
        assert_eq!(outcome.state, RuleState::Unknown, "{wrong}");
    }
}

#[test]
fn what_the_engine_does_not_say_or_doubts_is_unknown() {
    for part in [THERE, COUNTS, SEEN] {
        let outcome = budget_of(&mailing().failing(part, refused()));
        assert_eq!(outcome.state, RuleState::Unknown, "{part} refused");
        let outcome = budget_of(&mailing().doubting(part));
        assert_eq!(outcome.state, RuleState::Unknown, "{part} doubted");
    }
    for part in [EVER_THERE, PART] {
        let gone = || mailing().with(THERE, []).with(PART, []).with(EVER_THERE, []);
        assert_eq!(
            budget_of(&gone().failing(part, refused())).state,
            RuleState::Unknown,
            "{part}"
        );
        assert_eq!(budget_of(&gone().doubting(part)).state, RuleState::Unknown, "{part}");
    }
    let old = budget_of(&mailing().with(THERE, value(301.0)));
    assert_eq!(old.sentence, "the last push is 5m1s old, more than 5m");
}

#[test]
fn whether_our_own_service_was_seen_says_nothing_of_them() {
    let alone = |table: Table| Table {
        entries: table.entries.into_iter().filter(|(part, _)| *part != AGES).collect(),
        ..Table::default()
    };
    let verdict = judged_with(&alone(mailing()), mails());
    assert_eq!(
        states(&verdict),
        [RuleState::Warn, RuleState::Warn, RuleState::Pass],
        "{verdict}"
    );
    let spent = mailing().with(COUNTS, counts(Some(10_000.0), 1_000_000.0));
    assert_eq!(judged_with(&alone(spent), mails()).exit_code, 1);
}

#[test]
fn of_a_calendar_period_what_has_passed_is_counted() {
    let slo = slo_of(mails().sli().clone(), "month in UTC");
    let table = Table::default().with(THERE, value(20.0));
    let now = DateTime::from_timestamp(1_767_225_600 + 36_000, 0).unwrap(); // 2026-01-01T10:00Z
    let slos = SloSet::builder("shop").slo(slo).build().unwrap();
    let _evidence = gather(&table, &slos, &Target::service("shop"), Some(now));
    let asked = table.asked.borrow();
    assert!(
        asked.iter().any(|query| query.contains("increase(mails_total[10h])")),
        "{asked:?}"
    );
    // Gone since before the period began is not never.
    let table = Table::default().with("present_over_time(mails_total[32d]", value(1.0));
    let evidence = gather(&table, &slos, &Target::service("shop"), Some(now));
    let verdict = slos.gate().judge(&slos, &evidence, &Request::deploy(), now);
    assert_eq!(
        rule(&verdict, RuleName::Budget).sentence,
        "the series existed and vanished"
    );
}

/// The hour of a planned time, so many days before the verdict.
fn planned(days: i64) -> Exclusion {
    let begun = DateTime::from_timestamp(1_767_225_600 - days * 86_400, 0).unwrap();
    let from: LocalTime = begun.format("%Y-%m-%d %H:%M").to_string().parse().unwrap();
    Exclusion::new(from, Zone::UTC, Duration::from_secs(3_600), "upgrade").unwrap()
}

/// The counters count an outage that was planned; the tiles do not.
fn upgraded() -> Table {
    mailing()
        .with(COUNTS, counts(Some(10_000.0), 1_000_000.0))
        .with(TILED, tiled(0.97))
        .with(BAD, tiled(100.0))
        .with(VALID, tiled(990_000.0))
}

#[test]
fn planned_times_are_left_out_by_the_tiles_of_rules_and_the_verdict_says_so() {
    let verdict = judged_with(&upgraded(), mails().excluding(planned(3)));
    let budget = rule(&verdict, RuleName::Budget);
    assert_eq!(
        (budget.state, counted_in(budget)),
        (RuleState::Pass, Some((100, 990_000))),
        "{verdict}"
    );
    assert_eq!(
        budget.caveats,
        ["counted by the tiles that rules recorded, which leave planned times out and cover 97% of the window"]
    );
    // Planned for another month, or not at all.
    for slo in [mails().excluding(planned(31)), mails().excluding(planned(-1)), mails()] {
        let verdict = judged_with(&upgraded(), slo);
        let budget = rule(&verdict, RuleName::Budget);
        assert_eq!((budget.state, budget.caveats.len()), (RuleState::Fail, 0), "{verdict}");
    }
}

#[test]
fn without_tiles_planned_times_count_and_the_verdict_says_so() {
    for (table, words) in [
        (
            upgraded().with(TILED, []),
            "no tiles of rules that leave them out were found",
        ),
        (
            upgraded().failing(BAD, refused()),
            "no tiles of rules that leave them out were found",
        ),
        (
            upgraded().with(TILED, tiled(0.5)),
            "the tiles of rules that leave them out cover 50% of the window",
        ),
    ] {
        let verdict = judged_with(&table, mails().excluding(planned(3)));
        let budget = rule(&verdict, RuleName::Budget);
        assert_eq!(counted_in(budget), Some((10_000, 1_000_000)), "{verdict}");
        assert_eq!(budget.caveats, [format!("planned times count as any other: {words}")]);
    }
}

#[test]
fn where_the_engine_does_not_keep_the_window_the_tiles_tell() {
    let table = upgraded().with(SEEN, value(0.3));
    let budget = budget_of(&table);
    assert_eq!(counted_in(&budget), Some((100, 990_000)));
    assert_eq!(
        budget.caveats,
        ["counted by the tiles that rules recorded, which cover 97% of the window; the counters themselves cover 30%"]
    );
    let budget = budget_of(&upgraded().failing(COUNTS, refused()));
    assert_eq!(counted_in(&budget), Some((100, 990_000)));
}

#[test]
fn an_expression_is_there_when_it_says_something_and_is_no_age() {
    let sli = PrometheusSli::bad(
        "failed_total".parse().unwrap(),
        "sum(increase(a[$window]))".parse().unwrap(),
    );
    let table = mailing().with("count(sum(sum(increase(a[5m]))))", value(4_711.0));
    let verdict = judged_with(&table, slo_of(sli, "30d"));
    assert_eq!(rule(&verdict, RuleName::Budget).state, RuleState::Pass, "{verdict}");
}

#[test]
fn slices_of_time_that_nobody_judges_are_unknown() {
    let slices = TimeSlices::new(Duration::from_secs(60), "99%".parse().unwrap()).unwrap();
    let verdict = judged_with(&mailing(), mails().in_time_slices(slices));
    let budget = rule(&verdict, RuleName::Budget);
    assert_eq!((budget.state, verdict.exit_code), (RuleState::Unknown, 3), "{verdict}");
    assert!(budget.sentence.contains("leave `time_slices` out"), "{verdict}");
}
