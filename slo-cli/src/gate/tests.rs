//! What answers become, with an engine that is a table.

mod broken;
mod by_engine;
mod places;

use std::cell::RefCell;
use std::time::Duration;

use chrono::{DateTime, Utc};
use slo_core::gate::{Decision, Request, RuleName, RuleOutcome, RuleState, Verdict};
use slo_core::{HttpSli, Slo, SloSet, Status, Window};

use super::*;
use crate::prom::{Answered, Ask, AskError, Course, History, Sample, Stretch};

/// Answers the first entry whose text the query contains; nothing to everything else but the time.
#[derive(Default)]
struct Table {
    entries: Vec<(&'static str, Result<Answered, AskError>)>,
    asked: RefCell<Vec<String>>,
    /// Of which moments it was asked, but for the time itself.
    moments: RefCell<Vec<Option<DateTime<Utc>>>>,
    /// When, in whole hours, all bad events were.
    bad_hours_ago: Option<i64>,
}

impl Table {
    /// As before, but first this.
    fn with(mut self, part: &'static str, series: impl IntoIterator<Item = Sample>) -> Self {
        self.entries.insert(0, (part, Ok(answered(series))));
        self
    }

    fn doubting(mut self, part: &'static str) -> Self {
        for (of, answer) in &mut self.entries {
            if let (true, Ok(answer)) = (*of == part, answer) {
                answer.doubts.push("a store is gone".to_owned());
            }
        }
        self
    }

    fn failing(mut self, part: &'static str, error: AskError) -> Self {
        self.entries.insert(0, (part, Err(error)));
        self
    }
}

impl Ask for Table {
    fn instant(&self, query: &str, at: Option<DateTime<Utc>>) -> Result<Answered, AskError> {
        self.asked.borrow_mut().push(query.to_owned());
        let mut entries = self.entries.iter();
        if query == TIME {
            let entry = entries.find(|(part, _)| part.is_empty() || *part == TIME);
            return entry.map_or_else(|| Ok(answered(value(1_767_225_600.4))), |(_, answer)| answer.clone());
        }
        self.moments.borrow_mut().push(at);
        let entry = entries.find(|(part, _)| *part != TIME && query.contains(part));
        entry.map_or_else(|| Ok(Answered::default()), |(_, answer)| answer.clone())
    }

    fn range(&self, query: &str, stretch: Stretch) -> Result<History, AskError> {
        self.asked.borrow_mut().push(query.to_owned());
        let bad_at = |bad: f64| {
            let at = |hours| stretch.to - chrono::TimeDelta::hours(hours);
            let mut course = Course {
                labels: [
                    ("slo_outcome".to_owned(), "bad".to_owned()),
                    ("slo_count".to_owned(), "bad".to_owned()),
                ]
                .into(),
                values: vec![(at(719), 0.0)],
            };
            course.values.extend(self.bad_hours_ago.map(|hours| (at(hours), bad)));
            course
        };
        let mut all = bad_at(10_000.0);
        all.labels = [
            ("slo_outcome".to_owned(), "excluded".to_owned()),
            ("slo_count".to_owned(), "valid".to_owned()),
        ]
        .into();
        Ok(History {
            series: vec![bad_at(10_000.0), all],
            doubts: Vec::new(),
        })
    }

    fn source(&self) -> String {
        "table".to_owned()
    }
}

fn answered(series: impl IntoIterator<Item = Sample>) -> Answered {
    Answered {
        series: series.into_iter().collect(),
        ..Answered::default()
    }
}

fn value(value: f64) -> [Sample; 1] {
    [Sample::new([], value)]
}

/// Counts by outcome; 0 of those that are not named, as every service says from its start.
fn outcomes<const N: usize>(slo: &str, counts: [(&str, f64); N]) -> Vec<Sample> {
    let count = |name: &str| {
        counts
            .iter()
            .find(|(outcome, _)| *outcome == name)
            .map_or(0.0, |(_, count)| *count)
    };
    OUTCOMES
        .map(|outcome| Sample::new([("slo_name", slo), ("slo_outcome", outcome)], count(outcome)))
        .to_vec()
}

const OUTCOMES: [&str; 3] = ["good", "bad", "excluded"];

// Parts of the queries by which they are told apart.
const TIME: &str = "time()";
const AGES: &str = "time() - max by";
const EVER: &str = "count(present_over_time(slo_events_total{service_name";
const OTHER_LABELS: &str = r#"service_name="", slo_name"#;
const REQUESTS: &str = r#"slo_name="requests"}[900s]"#;
const BUDGETS: &str = "sum by (slo_name, slo_outcome)";
const COVERAGE: &str = "count_over_time";
const PROMISED: &str = "count by (slo_name) (slo_error_budget_ratio";
const FAST: &str = r#"http_route!="", le=~"0\\.8|"#;
const DURATIONS: &str = r#"http_route!=""}"#;

/// How long ago the newest sample of each SLO came, in an environment and a namespace; of each outcome at once.
fn ages<const N: usize>(place: (&str, &str), ages: [(&str, f64); N]) -> Vec<Sample> {
    let (environment, namespace) = place;
    let of = |(slo, age), outcome| {
        let place = [
            ("deployment_environment_name", environment),
            ("service_namespace", namespace),
        ];
        let place = place.into_iter().filter(|(_, value)| !value.is_empty());
        Sample::new(place.chain([("slo_name", slo), ("slo_outcome", outcome)]), age)
    };
    ages.into_iter()
        .flat_map(|one| OUTCOMES.map(|outcome| of(one, outcome)))
        .collect()
}

/// The same without those of one outcome.
fn without(outcome: &str, samples: Vec<Sample>) -> Vec<Sample> {
    samples
        .into_iter()
        .filter(|sample| sample.label("slo_outcome") != outcome)
        .collect()
}

/// Where [`well`] runs.
const HERE: (&str, &str) = ("production", "sales");

/// An instance's requests that took up to each boundary.
fn buckets<const N: usize>(instance: &str, counts: [(&str, f64); N]) -> [Sample; N] {
    counts.map(|(le, count)| Sample::new([("le", le), ("service_instance_id", instance)], count))
}

/// A service that does well: 10,000 requests in a quarter of an hour, a million in its month.
fn well() -> Table {
    Table::default()
        .with(AGES, ages(HERE, [("requests", 21.5), ("browse", 22.0)]))
        .with(
            REQUESTS,
            outcomes("requests", [("good", 9_990.2), ("bad", 9.8), ("excluded", 0.0)]),
        )
        .with(BUDGETS, outcomes("browse", [("good", 999_900.0), ("bad", 100.0)]))
        .with(COVERAGE, [Sample::new([("slo_name", "browse")], 1.000_1)])
        .with(FAST, buckets("one", [("0.8", 9_900.0), ("+Inf", 10_000.0)]))
}

fn slos() -> SloSet {
    let browse = Slo::new(
        "browse",
        HttpSli::routes(["/listings"]),
        "99.9%".parse().unwrap(),
        Window::days(30).unwrap(),
    );
    let browse = browse
        .promise("Anyone can look.")
        .owner("search")
        .status(Status::Agreed);
    SloSet::builder("shop").slo(browse).build().unwrap()
}

fn judged(table: &Table) -> Verdict {
    judged_in(table, &Target::service("shop"))
}

fn judged_in(table: &Table, target: &Target) -> Verdict {
    let (slos, now) = (slos(), DateTime::from_timestamp(1_767_225_600, 0).unwrap());
    let evidence = gather(table, &slos, target, None);
    slos.gate().judge(&slos, &evidence, &Request::deploy(), now)
}

fn rule(verdict: &Verdict, name: RuleName) -> &RuleOutcome {
    verdict.rules.iter().find(|rule| rule.name == name).unwrap()
}

/// Nothing could be judged, and nothing is allowed.
#[track_caller]
fn assert_dark(verdict: &Verdict) {
    let found = (states(verdict), verdict.exit_code);
    assert_eq!(found, ([RuleState::Unknown; 3], 3), "{verdict}");
}

fn states(verdict: &Verdict) -> [RuleState; 3] {
    [RuleName::BadRatio, RuleName::P95, RuleName::Budget].map(|name| rule(verdict, name).state)
}

#[test]
fn a_service_that_does_well_is_allowed_and_each_rule_shows_its_query() {
    let verdict = judged(&well());
    assert_eq!(
        (verdict.decision, verdict.exit_code),
        (Decision::Allowed, 0),
        "{verdict}"
    );
    assert_eq!(states(&verdict), [RuleState::Pass; 3]);
    assert_eq!(
        rule(&verdict, RuleName::BadRatio).sentence,
        "0.1% of requests were bad (10 of 10000), must be < 0.5% over 15m"
    );
    assert!(
        rule(&verdict, RuleName::P95)
            .source
            .starts_with("sum by (le, service_instance_id, instance) (increase(http_server_request_duration")
    );
    assert!(rule(&verdict, RuleName::Budget).source.contains("[2592000s]"));
    assert_eq!(rule(&verdict, RuleName::Budget).coverage.unwrap().to_string(), "100%");
    assert!(verdict.warnings.is_empty(), "{verdict}");
}

#[test]
fn each_rule_is_broken_alone() {
    use RuleState::{Fail, Pass};
    let bad = well().with(REQUESTS, outcomes("requests", [("good", 9_900.0), ("bad", 100.0)]));
    assert_eq!(states(&judged(&bad)), [Fail, Pass, Pass]);
    let slow = well().with(FAST, buckets("one", [("0.8", 9_000.0), ("+Inf", 10_000.0)]));
    assert_eq!(states(&judged(&slow)), [Pass, Fail, Pass]);
    let spent = well().with(BUDGETS, outcomes("browse", [("good", 990_000.0), ("bad", 10_000.0)]));
    let verdict = judged(&spent);
    assert_eq!((states(&verdict), verdict.exit_code), ([Pass, Pass, Fail], 1));
    assert!(
        rule(&verdict, RuleName::Budget)
            .sentence
            .starts_with("exhausted: -900%"),
        "{verdict}"
    );
}

#[test]
fn a_budget_that_is_spent_says_when_it_recovers() {
    let spent = || well().with(BUDGETS, outcomes("browse", [("good", 990_000.0), ("bad", 10_000.0)]));
    let table = Table {
        bad_hours_ago: Some(700),
        ..spent()
    };
    let verdict = judged(&table);
    // The hour in which it all went wrong leaves the 720 of the window in 20.
    let expected = DateTime::from_timestamp(1_767_225_600 + 20 * 3_600, 0);
    assert_eq!(rule(&verdict, RuleName::Budget).recovers_at, expected, "{verdict}");
    let enough = judged(&Table {
        bad_hours_ago: Some(700),
        ..well()
    });
    assert_eq!(rule(&enough, RuleName::Budget).recovers_at, None);
}

fn down() -> AskError {
    AskError::TooSlow {
        source_name: "http://engine".to_owned(),
        within: Duration::from_secs(10),
    }
}

#[test]
fn an_engine_that_does_not_answer_is_asked_once_and_nothing_is_known() {
    let dark = Table::default().failing("", down());
    let verdict = judged(&dark);
    assert_eq!((verdict.decision, verdict.exit_code), (Decision::Unknown, 3));
    assert_eq!(states(&verdict), [RuleState::Unknown; 3]);
    assert_eq!(dark.asked.borrow().len(), 1);
    assert_eq!(
        rule(&verdict, RuleName::P95).sentence,
        "no answer: http://engine did not answer within 10 s"
    );
}

#[test]
fn an_engine_that_goes_away_in_between_leaves_what_it_said_and_nothing_else() {
    let verdict = judged(&well().failing(FAST, down()));
    assert_eq!(
        states(&verdict),
        [RuleState::Pass, RuleState::Unknown, RuleState::Unknown]
    );
    assert_eq!(verdict.exit_code, 3);
}

#[test]
fn a_question_that_is_refused_leaves_the_others() {
    let refused = AskError::Refused {
        source_name: "http://engine".to_owned(),
        status: 422,
        words: "too many samples".to_owned(),
    };
    let verdict = judged(&well().failing(BUDGETS, refused));
    assert_eq!(states(&verdict), [RuleState::Pass, RuleState::Pass, RuleState::Unknown]);
    assert!(
        rule(&verdict, RuleName::Budget)
            .sentence
            .ends_with("status 422: too many samples")
    );
}

#[test]
fn doubts_of_the_engine_are_doubts_of_the_rule() {
    for (part, name) in [
        (REQUESTS, RuleName::BadRatio),
        (FAST, RuleName::P95),
        (COVERAGE, RuleName::Budget),
    ] {
        let verdict = judged(&well().doubting(part));
        assert_eq!(
            (rule(&verdict, name).state, verdict.exit_code),
            (RuleState::Unknown, 3),
            "{part}"
        );
        assert!(rule(&verdict, name).sentence.contains("a store is gone"), "{verdict}");
    }
    assert_eq!(states(&judged(&well().doubting(AGES))), [RuleState::Unknown; 3]);
}

#[test]
fn the_deploy_that_adds_us_passes_with_a_warning() {
    let verdict = judged(&Table::default());
    assert_eq!((verdict.decision, verdict.exit_code), (Decision::Allowed, 0));
    assert_eq!(states(&verdict), [RuleState::Warn; 3]);
    assert!(verdict.warnings[0].contains("never seen in the window"), "{verdict}");
}

#[test]
fn a_service_under_other_labels_is_no_first_deploy() {
    let verdict = judged(&Table::default().with(OTHER_LABELS, [Sample::new([], 3.0)]));
    assert_eq!((verdict.decision, verdict.exit_code), (Decision::Unknown, 3));
    assert_eq!(states(&verdict), [RuleState::Unknown; 3]);
    assert!(
        verdict.reason.contains(
            "its series are there under other labels: the store does not promote resource attributes; say `--identity job`"
        ),
        "{verdict}"
    );
    for table in [
        Table::default().with(OTHER_LABELS, []).doubting(OTHER_LABELS),
        Table::default().failing(OTHER_LABELS, refused()),
    ] {
        let verdict = judged(&table);
        assert_dark(&verdict);
    }
}

#[test]
fn a_partial_answer_does_not_prove_that_it_is_the_first_deploy() {
    for part in [AGES, EVER] {
        let verdict = judged(&Table::default().with(part, []).doubting(part));
        assert_eq!(
            (states(&verdict), verdict.exit_code),
            ([RuleState::Unknown; 3], 3),
            "{part}: {verdict}"
        );
    }
}

#[test]
fn a_service_that_vanished_is_unknown() {
    let gone = || Table::default().with(EVER, value(4.0));
    let verdict = judged(&gone().with(OTHER_LABELS, []));
    assert_eq!((verdict.decision, verdict.exit_code), (Decision::Unknown, 3));
    assert_eq!(
        rule(&verdict, RuleName::BadRatio).sentence,
        "the series existed and vanished"
    );
    // It is there, and the store has stopped to promote attributes.
    let verdict = judged(&gone().with(OTHER_LABELS, value(4.0)));
    assert!(
        verdict
            .reason
            .contains("under other labels: the store does not promote"),
        "{verdict}"
    );
}

#[test]
fn an_old_push_is_not_believed() {
    let verdict = judged(&well().with(AGES, ages(HERE, [("requests", 301.0), ("browse", 301.0)])));
    assert_eq!(states(&verdict), [RuleState::Unknown; 3]);
    assert_eq!(
        rule(&verdict, RuleName::BadRatio).sentence,
        "the last push is 5m1s old, more than 5m"
    );
}

#[test]
fn a_quiet_service_is_idle() {
    let quiet = well()
        .with(REQUESTS, outcomes("requests", [("good", 42.0)]))
        .with(FAST, buckets("one", [("0.8", 42.0), ("+Inf", 42.0)]));
    let verdict = judged(&quiet);
    assert_eq!(states(&verdict), [RuleState::Idle, RuleState::Idle, RuleState::Pass]);
    assert_eq!(verdict.exit_code, 0);
    // No series of the histogram at all: nothing was served.
    let silent = quiet.with(FAST, []);
    assert_eq!(rule(&judged(&silent), RuleName::P95).state, RuleState::Idle);
}

#[test]
fn a_promise_that_is_new_warns() {
    let table = well().with(BUDGETS, []).with(COVERAGE, []);
    let verdict = judged(&table.with(AGES, ages(HERE, [("requests", 21.5)])));
    assert_eq!(rule(&verdict, RuleName::Budget).state, RuleState::Warn, "{verdict}");
    assert_eq!(verdict.exit_code, 0);
}

#[test]
fn what_is_no_count_is_unknown_and_never_allowed() {
    for wrong in [f64::NAN, f64::INFINITY, -5.0, 1e300] {
        let verdict = judged(&well().with(REQUESTS, outcomes("requests", [("good", 9_000.0), ("bad", wrong)])));
        assert_eq!(rule(&verdict, RuleName::BadRatio).state, RuleState::Unknown, "{wrong}");
        assert_eq!(verdict.exit_code, 3);
    }
}

#[test]
fn of_a_calendar_period_what_has_passed_is_asked_for() {
    let now = DateTime::from_timestamp(1_767_225_600 + 36_000, 0).unwrap(); // 2026-01-01T10:00Z, a Thursday
    let window = "month in UTC".parse().unwrap();
    let slo = Slo::new("browse", HttpSli::routes(["/a"]), "99%".parse().unwrap(), window);
    let slos = SloSet::builder("shop").slo(slo).build().unwrap();
    let table = well();
    let _evidence = gather(&table, &slos, &Target::service("shop"), Some(now));
    let asked = table.asked.borrow();
    assert!(
        asked
            .iter()
            .any(|query| query.contains(BUDGETS) && query.contains("[36000s]")),
        "{asked:?}"
    );
}

const CHECKS: &str = "slo_health_state{";
const PROBES: &str = "slo_health:probe_state{";

fn check(name: &str, state: &str, instances: f64) -> Sample {
    Sample::new([("slo_health_check", name), ("slo_health_state", state)], instances)
}

fn freshness(verdict: &Verdict) -> Vec<(String, RuleState, String)> {
    let rules = verdict.rules.iter().filter(|rule| rule.name == RuleName::Freshness);
    rules
        .map(|rule| (rule.subject.clone(), rule.state, rule.sentence.clone()))
        .collect()
}

#[test]
fn data_that_is_not_fresh_is_a_warning_and_stops_nobody() {
    let states = [
        check("prices", "fresh", 2.0),
        check("prices", "stale", 1.0),
        check("regions", "fresh", 2.0),
        check("regions", "warn", 1.0),
    ];
    let probe = Sample::new([("slo_name", "browse-fresh"), ("state", "check_timeout")], 1.0);
    let verdict = judged(&well().with(CHECKS, states).with(PROBES, [probe]));
    assert_eq!((verdict.decision, verdict.exit_code), (Decision::Allowed, 0));
    let row = |name: &str, state, words: &str| (name.to_owned(), state, words.to_owned());
    assert_eq!(
        freshness(&verdict),
        [
            row("prices", RuleState::Warn, "stale on 1 of 3 instances"),
            row("regions", RuleState::Pass, "fresh"),
            row(
                "browse-fresh",
                RuleState::Warn,
                "check_timeout on 1 of 1 probed targets"
            ),
        ]
    );
    assert_eq!(
        verdict.warnings,
        [
            "freshness of prices: stale on 1 of 3 instances",
            "freshness of browse-fresh: check_timeout on 1 of 1 probed targets"
        ]
    );
}

#[test]
fn freshness_that_nobody_can_tell_is_a_warning() {
    let verdict = judged(&well().failing(PROBES, refused()));
    assert_eq!(verdict.exit_code, 0);
    let rows = freshness(&verdict);
    assert_eq!((rows[0].0.as_str(), rows[0].1), ("its checks", RuleState::Warn));
    assert!(freshness(&judged(&Table::default())).is_empty());
    assert!(freshness(&judged(&well())).is_empty());
}

#[test]
fn a_promise_about_freshness_that_nobody_has_heard_of_is_a_warning() {
    let slo = Slo::new(
        "prices-fresh",
        slo_core::SyntheticSli::new("/synthetic/health"),
        "99%".parse().unwrap(),
        Window::days(30).unwrap(),
    );
    let slos = SloSet::builder("shop").slo(slo).build().unwrap();
    let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
    let judged = |table: &Table| {
        let evidence = gather(table, &slos, &Target::service("shop"), Some(now));
        freshness(&slos.gate().judge(&slos, &evidence, &Request::deploy(), now))
    };
    let rows = judged(&well());
    assert_eq!(
        (rows[0].0.as_str(), rows[0].1, rows.len()),
        ("prices-fresh", RuleState::Warn, 1)
    );
    assert_eq!(judged(&well().with(CHECKS, [check("prices", "fresh", 1.0)])).len(), 1);
}

fn refused() -> AskError {
    AskError::Refused {
        source_name: "http://engine".to_owned(),
        status: 422,
        words: "the query is too long ago".to_owned(),
    }
}

const BAD: &str = "sum_over_time(slo:bad_events:increase5m";
const VALID: &str = "sum_over_time(slo:valid_events:increase5m";
const TILED: &str = "count_over_time(slo:valid_events:increase5m";

fn tiled(value: f64) -> [Sample; 2] {
    let of = |window, value| Sample::new([("slo_name", "browse"), ("slo_window", window)], value);
    // Of another window, which the SLO had before.
    [of("7d", 4_711.0), of("30d", value)]
}

/// Half of the month is kept, and in that half nothing went wrong; the tiles know of the other half.
fn half_kept() -> Table {
    well()
        .with(BUDGETS, outcomes("browse", [("good", 500_000.0), ("bad", 0.0)]))
        .with(COVERAGE, [Sample::new([("slo_name", "browse")], 0.5)])
        .with(TILED, tiled(0.998))
        .with(BAD, tiled(2_000.0))
        .with(VALID, tiled(1_000_000.0))
}

#[test]
fn what_the_counters_do_not_keep_the_tiles_tell_and_the_verdict_says_so() {
    let verdict = judged(&half_kept());
    let budget = rule(&verdict, RuleName::Budget);
    assert_eq!((budget.state, verdict.exit_code), (RuleState::Fail, 1), "{verdict}");
    assert_eq!(
        budget.events.map(|events| (events.bad(), events.valid())),
        Some((2_000, 1_000_000))
    );
    assert_eq!(
        budget.caveats,
        [
            "counted by the tiles that rules recorded, which cover 99.8% of the window; the counters themselves cover 50%"
        ]
    );
    // Two sets of rules that count the same are two labels.
    assert!(
        budget
            .source
            .starts_with("max by (slo_name, slo_window) (sum by (slo_name, slo_window, slo_rules) (sum_over_time("),
        "{}",
        budget.source
    );
}

#[test]
fn a_question_about_a_whole_month_that_is_refused_is_answered_by_the_tiles() {
    let verdict = judged(&half_kept().failing(BUDGETS, refused()));
    let budget = rule(&verdict, RuleName::Budget);
    assert_eq!((budget.state, verdict.exit_code), (RuleState::Fail, 1), "{verdict}");
    assert!(
        budget.caveats[0].ends_with("status 422: the query is too long ago"),
        "{verdict}"
    );
    // Without tiles it stays what it was.
    let verdict = judged(&well().failing(BUDGETS, refused()));
    assert_eq!(
        (rule(&verdict, RuleName::Budget).state, verdict.exit_code),
        (RuleState::Unknown, 3)
    );
}

#[test]
fn tiles_that_know_no_more_are_not_taken() {
    let counters = |table: &Table| {
        rule(&judged(table), RuleName::Budget)
            .events
            .map(|events| events.valid())
    };
    assert_eq!(counters(&half_kept()), Some(1_000_000));
    for table in [
        half_kept().with(TILED, tiled(0.54)),
        half_kept().with(BAD, []),
        half_kept().with(VALID, tiled(f64::NAN)),
        half_kept().with(COVERAGE, [Sample::new([("slo_name", "browse")], 0.93)]),
        half_kept().with(TILED, []),
    ] {
        assert_eq!(counters(&table), Some(500_000));
    }
}

#[test]
fn no_doubt_of_the_engine_is_made_up_for() {
    let verdict = judged(&half_kept().doubting(BUDGETS));
    assert_eq!(
        (rule(&verdict, RuleName::Budget).state, verdict.exit_code),
        (RuleState::Unknown, 3)
    );
    let verdict = judged(&half_kept().doubting(BAD));
    assert_eq!(
        (rule(&verdict, RuleName::Budget).state, verdict.exit_code),
        (RuleState::Unknown, 3)
    );
}

#[test]
fn a_service_that_pushes_all_it_should_is_not_asked_for_tiles() {
    let table = well();
    let _verdict = judged(&table);
    assert!(!table.asked.borrow().iter().any(|query| query.contains("increase5m")));
}
