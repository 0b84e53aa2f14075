//! An engine that answers what a test says, and what comes of it.

use std::sync::Mutex;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use slo_core::alert::AlertState;

use super::*;
use crate::args::{Identity, Numbers};
use crate::prom::{Answered, Ask, AskError, Course, History, Sample, Stretch};
use crate::render::paint::Paint;
use crate::render::{status_html, status_json, status_text};

const NOW: i64 = 1_772_323_200;
const NOW_SECONDS: f64 = 1_772_323_200.0;

/// Labels of a promise; `a` is another one's service.
type Labels<'a> = Vec<(&'a str, &'a str)>;

/// Answers each question by a word that is in it, or by several with ` && ` between; all others with nothing.
#[derive(Default)]
struct Engine {
    answers: Vec<(String, Result<Answered, AskError>)>,
    asked: Mutex<Vec<String>>,
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn unreachable() -> AskError {
    AskError::Unreachable {
        source_name: "http://engine".to_owned(),
        reason: "connection refused".to_owned(),
    }
}

fn refused(status: u16) -> AskError {
    AskError::Refused {
        source_name: "http://engine".to_owned(),
        status,
        words: "too many samples".to_owned(),
    }
}

impl Engine {
    /// The last answer given for a word counts.
    fn says(mut self, word: &str, series: Vec<Sample>) -> Self {
        let answered = Answered {
            series,
            ..Answered::default()
        };
        self.answers.insert(0, (word.to_owned(), Ok(answered)));
        self
    }

    fn fails(mut self, word: &str, error: AskError) -> Self {
        self.answers.insert(0, (word.to_owned(), Err(error)));
        self
    }
}

impl Ask for Engine {
    fn instant(&self, query: &str, _: Option<DateTime<Utc>>) -> Result<Answered, AskError> {
        self.asked.lock().unwrap().push(query.to_owned());
        if query == "time()" {
            let mut answered = Answered::default();
            answered.series.push(Sample::new([], NOW_SECONDS + 0.9));
            return Ok(answered);
        }
        let has_all = |words: &str| words.split(" && ").all(|word| query.contains(word));
        let found = self.answers.iter().find(|(words, _)| has_all(words));
        found.map_or(Ok(Answered::default()), |(_, answer)| answer.clone())
    }

    fn range(&self, query: &str, stretch: Stretch) -> Result<History, AskError> {
        self.asked.lock().unwrap().push(query.to_owned());
        let mut history = History::default();
        let events = self.instant("increase_of_range", None)?;
        history.series = events
            .series
            .into_iter()
            .map(|sample| Course {
                labels: sample.labels,
                values: vec![
                    (stretch.from, 3.0),
                    (stretch.from + stretch.step, 1.0),
                    (stretch.to, f64::NAN),
                ],
            })
            .collect();
        Ok(history)
    }

    fn source(&self) -> String {
        "http://engine".to_owned()
    }
}

fn labels<'a>(service: &'a str, more: &[(&'a str, &'a str)]) -> Labels<'a> {
    let own = [("service_name", service), ("slo_name", "browse")];
    own.into_iter().chain(more.iter().copied()).collect()
}

const VALUES: &str = "count_values";
const WORDS: &str = "slo_promise";
const RECORDED: &str = "slo:coverage:ratio";

fn value(service: &str, name: &str, value: &str, when: &str, instances: f64) -> Sample {
    let more = [("__name__", name), ("slo_value", value), ("slo_asked", when)];
    Sample::new(labels(service, &more), instances)
}

fn defined(service: &str) -> Vec<Sample> {
    vec![
        value(service, "slo_error_budget_ratio", "0.001", "now", 2.0),
        value(service, "slo_window_seconds", "2.592e+06", "now", 2.0),
    ]
}

fn words(service: &str, status: &str) -> Sample {
    let more = [
        ("slo_promise", "Look."),
        ("slo_owner", "ana"),
        ("slo_status", status),
        ("slo_asked", "now"),
    ];
    Sample::new(labels(service, &more), 2.0)
}

fn counted(service: &str, good: f64, bad: f64, excluded: f64) -> Vec<Sample> {
    let outcomes = [("good", good), ("bad", bad), ("excluded", excluded)];
    let sample = |(outcome, count)| Sample::new(labels(service, &[("slo_outcome", outcome)]), count);
    outcomes.map(sample).to_vec()
}

fn of(service: &str, number: f64) -> Vec<Sample> {
    vec![Sample::new(labels(service, &[]), number)]
}

/// One promise, seen all the time, pushed a moment ago.
fn shop(good: f64, bad: f64, excluded: f64) -> Engine {
    Engine::default()
        .says(VALUES, defined("shop"))
        .says(WORDS, vec![words("shop", "agreed")])
        .says("[2592000s]))", counted("shop", good, bad, excluded))
        .says("[2592000s:", of("shop", 1.0))
        .says("* 300", of("shop", 86_400.0))
        .says("time() - (", of("shop", 12.0))
}

/// Several with their good and bad events, seen all the time, pushed a moment ago. Who is called a draft is one.
fn several(all: &[(&str, f64, f64)]) -> Engine {
    let status = |name: &str| if name.ends_with("draft") { "draft" } else { "agreed" };
    let each = |number| all.iter().flat_map(move |(name, ..)| of(name, number)).collect();
    let counts = all.iter().flat_map(|(name, good, bad)| counted(name, *good, *bad, 0.0));
    Engine::default()
        .says(VALUES, all.iter().flat_map(|(name, ..)| defined(name)).collect())
        .says(WORDS, all.iter().map(|(name, ..)| words(name, status(name))).collect())
        .says("[2592000s]))", counts.collect())
        .says("[2592000s:", each(1.0))
        .says("* 300", each(86_400.0))
        .says("time() - (", each(5.0))
}

fn wanted() -> Wanted {
    Wanted {
        filter: Filter::default(),
        identity: Identity::Promoted,
        numbers: Numbers::Auto,
        at: None,
        remembered: std::time::Duration::from_secs(2_592_000),
        burn_downs: false,
    }
}

fn overview(engine: &Engine) -> Overview {
    gather(engine, &wanted()).unwrap()
}

fn only(engine: &Engine) -> Promise {
    let mut all = overview(engine).promises;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn each_state_of_a_budget_has_a_name() {
    for (counts, standing, left) in [
        ((1_000_000.0, 500.0, 0.0), Standing::Fine, Some("50%")),
        ((999_000.0, 1_000.0, 0.0), Standing::Exhausted, Some("0%")),
        ((990_000.0, 10_000.0, 0.0), Standing::Exhausted, Some("-900%")),
        ((0.0, 0.0, 0.0), Standing::NoTraffic, None),
        ((10.0, 0.0, 11.0), Standing::MostlyExcluded, Some("100%")),
        ((0.0, 0.0, 11.0), Standing::MostlyExcluded, None),
    ] {
        let promise = only(&shop(counts.0, counts.1, counts.2));
        let shown = promise.left().map(crate::render::status_words::left);
        assert_eq!((promise.standing, shown.as_deref()), (standing, left), "{counts:?}");
    }
}

#[test]
fn what_is_left_of_what_was_seen_is_told_where_something_was() {
    let told = |good| {
        let promise = only(&shop(good, 0.0, 0.0).says("[2592000s:", of("shop", 0.01)));
        let details = crate::render::status_words::details(&promise);
        details.into_iter().find(|line| line.starts_with("left against"))
    };
    let line = "left against the whole window; of what was seen alone: 100%";
    assert_eq!(told(1_000.0).as_deref(), Some(line));
    assert_eq!(told(0.0), None);
}

/// As under another `--identity` than that of the engine.
#[test]
fn promises_without_a_service_are_doubted() {
    let known = |service: &str| {
        let engine = Engine::default().says(VALUES, defined(service));
        overview(&engine.says(WORDS, vec![words(service, "agreed")]))
    };
    assert_eq!(known("shop").doubts, [""; 0]);
    let nobodys = known("").doubts;
    assert_eq!(nobodys.len(), 1, "{nobodys:?}");
    assert!(
        nobodys[0].starts_with("`browse` is the promise of no service, and"),
        "{nobodys:?}"
    );
}

/// Lets nobody have the first answer of two before the second is asked for.
struct Together {
    engine: Engine,
    both: std::sync::Barrier,
}

impl Ask for Together {
    fn instant(&self, query: &str, at: Option<DateTime<Utc>>) -> Result<Answered, AskError> {
        if query.contains(VALUES) || query.contains(WORDS) {
            self.both.wait();
        }
        self.engine.instant(query, at)
    }

    fn range(&self, query: &str, stretch: Stretch) -> Result<History, AskError> {
        self.engine.range(query, stretch)
    }

    fn source(&self) -> String {
        self.engine.source()
    }
}

#[test]
fn some_questions_are_under_way_at_once_and_answers_are_those_of_their_questions() {
    let engine = || {
        let engine = Engine::default().says(VALUES, defined("shop"));
        let engine = engine.says(WORDS, vec![words("shop", "agreed")]);
        engine.says("increase(", counted("shop", 999.0, 1.0, 0.0))
    };
    let together = Together {
        engine: engine(),
        both: std::sync::Barrier::new(2),
    };
    let wanted = wanted();
    let told = gather(&together, &wanted).unwrap();
    let alone = gather(&engine(), &wanted).unwrap();
    assert_eq!(format!("{told:?}"), format!("{alone:?}"));
    assert_eq!(told.promises[0].owner.as_deref(), Some("ana"));
}

#[test]
fn the_first_error_in_the_order_of_questions_counts_whoever_is_first() {
    for _ in 0..20 {
        let engine = Engine::default().says(VALUES, defined("shop"));
        let engine = engine.fails(WORDS, refused(422)).fails("ALERTS", unreachable());
        assert_eq!(gather(&engine, &wanted()).unwrap_err(), refused(422));
    }
}

#[test]
fn doubts_are_in_the_order_of_questions() {
    for _ in 0..20 {
        let engine = Engine::default().says(VALUES, defined("shop"));
        let engine = engine
            .fails("slo_gate_decisions", refused(422))
            .fails("slo_health_state", refused(422));
        let doubts = gather(&engine, &wanted()).unwrap().doubts;
        let begin: Vec<_> = doubts.iter().map(|doubt| doubt.split(':').next().unwrap()).collect();
        assert_eq!(begin, ["states of checks", "runs of the gate"]);
    }
}

#[test]
fn the_moment_is_the_engines_and_everything_is_asked_for_it() {
    assert_eq!(overview(&shop(1.0, 0.0, 0.0)).at, at(NOW));
}

#[test]
fn nothing_counted_is_no_data_and_never_whole() {
    let nothing = shop(1.0, 0.0, 0.0).says("[2592000s]))", Vec::new());
    let promise = only(&nothing);
    assert_eq!(
        (promise.standing, promise.left(), promise.seen.is_none()),
        (Standing::NoData, None, true)
    );
    for wrong in [f64::NAN, f64::INFINITY, -5.0] {
        assert_eq!(only(&shop(wrong, 0.0, 0.0)).standing, Standing::NoData, "{wrong}");
    }
}

#[test]
fn a_young_one_is_held_against_its_whole_window() {
    let young = shop(99_000.0, 1_000.0, 0.0)
        .says("[2592000s:", of("shop", 0.05))
        .says("* 300", of("shop", 300.0));
    let promise = only(&young);
    // Ten times too much in a twentieth of the time: half of it is left.
    assert_eq!((promise.standing, promise.left()), (Standing::WarmingUp, Some(0.5)));
    // The parts of the window are an hour; within the first, the last day's say more.
    let newborn = shop(100.0, 0.0, 0.0)
        .says("[2592000s:", Vec::new())
        .says("* 300", of("shop", 600.0));
    let seen = only(&newborn).seen.unwrap();
    assert_eq!((seen.coverage.part(), seen.coverage.whole()), (600, 2_592_000));
    let first_push = newborn.says("* 300", Vec::new());
    let promise = only(&first_push);
    let seen = promise.seen.unwrap();
    assert_eq!((promise.standing, seen.coverage.part()), (Standing::WarmingUp, 60));
}

#[test]
fn the_newest_definition_counts_and_the_others_show() {
    let engine = shop(1_000_000.0, 500.0, 0.0).says(
        VALUES,
        vec![
            value("shop", "slo_error_budget_ratio", "0.005", "now", 2.0),
            value("shop", "slo_error_budget_ratio", "0.001", "now", 1.0),
            value("shop", "slo_error_budget_ratio", "0.001", "new", 1.0),
            value("shop", "slo_window_seconds", "2592000", "now", 3.0),
        ],
    );
    let promise = only(&engine);
    assert_eq!(promise.target.unwrap().to_string(), "99.9%");
    let mismatch = promise.mismatch.clone().unwrap();
    assert_eq!(
        (mismatch.instances, mismatch.others, mismatch.what),
        (3, 2, vec!["objective 99.5%".to_owned()])
    );
    let notes = crate::render::status_words::notes(&promise);
    assert_eq!(notes, ["2 of 3 instances say otherwise: objective 99.5%"]);
    // The young ones count, though they promise less.
    let lenient = shop(1.0, 0.0, 0.0).says(
        VALUES,
        vec![
            value("shop", "slo_error_budget_ratio", "0.001", "now", 2.0),
            value("shop", "slo_error_budget_ratio", "0.005", "now", 1.0),
            value("shop", "slo_error_budget_ratio", "0.005", "new", 1.0),
            value("shop", "slo_window_seconds", "2592000", "now", 3.0),
        ],
    );
    assert_eq!(only(&lenient).target.unwrap().to_string(), "99.5%");
    // Without young ones, the strictest.
    let old = shop(1.0, 0.0, 0.0).says(
        VALUES,
        vec![
            value("shop", "slo_error_budget_ratio", "0.005", "now", 2.0),
            value("shop", "slo_error_budget_ratio", "0.001", "now", 1.0),
            value("shop", "slo_window_seconds", "2592000", "now", 3.0),
        ],
    );
    assert_eq!(only(&old).target.unwrap().to_string(), "99.9%");
}

#[test]
fn numbers_that_define_nothing_are_no_promise_that_is_kept() {
    for (budget, window) in [
        ("0", "2592000"),
        ("NaN", "2592000"),
        ("2", "2592000"),
        ("0.001", "NaN"),
        ("0.001", "1"),
    ] {
        let engine = shop(10.0, 0.0, 0.0).says(
            VALUES,
            vec![
                value("shop", "slo_error_budget_ratio", budget, "now", 1.0),
                value("shop", "slo_window_seconds", window, "now", 1.0),
            ],
        );
        let promise = only(&engine);
        assert_eq!(
            (promise.standing, promise.left()),
            (Standing::NoData, None),
            "{budget} {window}"
        );
        assert!(crate::render::status_words::why(&promise).contains("not exported as a number"));
    }
}

#[test]
fn rules_that_run_say_what_fires() {
    let recorded =
        |name, window, number| Sample::new(labels("shop", &[("__name__", name), ("slo_window", window)]), number);
    let engine = || shop(1_000_000.0, 0.0, 0.0).says(RECORDED, vec![recorded("slo:coverage:ratio", "30d", 1.0)]);
    let quiet = only(&engine()).alert.unwrap();
    assert_eq!((quiet.state, quiet.from), (AlertState::Ok, AlertFrom::Rules));
    let fires = |severity| vec![Sample::new(labels("shop", &[("severity", severity)]), 1.0)];
    assert_eq!(only(&engine().says("ALERTS", fires("page"))).standing, Standing::Paging);
    assert_eq!(
        only(&engine().says("ALERTS", fires("ticket"))).standing,
        Standing::Ticket
    );
    // They run from their first minute on, though it takes them some tiles to know a coverage.
    let young = shop(1_000_000.0, 0.0, 0.0).says(RECORDED, vec![recorded("slo:error_budget:ratio", "30d", 0.001)]);
    assert_eq!(only(&young).alert.unwrap().from, AlertFrom::Rules);
    // Of another window no rules run.
    let other = shop(1_000_000.0, 0.0, 0.0).says(RECORDED, vec![recorded("slo:coverage:ratio", "7d", 1.0)]);
    assert_eq!(only(&other).alert.unwrap().from, AlertFrom::Computed);
    // Nobody is told of a draft.
    let draft = engine()
        .says("ALERTS", fires("page"))
        .says(WORDS, vec![words("shop", "draft")]);
    assert_eq!((only(&draft).standing, only(&draft).hurts()), (Standing::Fine, false));
}

#[test]
fn without_rules_it_is_the_standard_policy() {
    let hot = counted("shop", 900.0, 100.0, 0.0);
    let engine = || shop(1_000_000.0, 100.0, 0.0);
    let both = engine().says("[3600s]))", hot.clone()).says("[300s]))", hot.clone());
    let alert = only(&both).alert.unwrap();
    assert_eq!((alert.state, alert.from), (AlertState::Page, AlertFrom::Computed));
    assert!(
        alert
            .why
            .unwrap()
            .starts_with("page: the budget burns at 100.00x over 1h (100 bad of 1000)")
    );
    let over = engine().says("[3600s]))", hot.clone());
    assert_eq!(only(&over).alert.unwrap().state, AlertState::Ok);
    // A promise seen for five minutes is not one that burns for an hour.
    let newborn = engine()
        .says("* 300", of("shop", 300.0))
        .says("[3600s]))", hot.clone())
        .says("[300s]))", hot);
    assert_eq!(only(&newborn).alert.unwrap().state, AlertState::Ok);
}

#[test]
fn one_failure_at_night_does_not_burn() {
    let burning = |bad| shop(1_000_000.0, 9.0, 0.0).says("[21600s]))", counted("shop", 900.0, bad, 0.0));
    assert_eq!(only(&burning(4.0)).standing, Standing::Fine);
    assert_eq!(only(&burning(5.0)).standing, Standing::Burning);
    let exactly = shop(1_000_000.0, 9.0, 0.0).says("[21600s]))", counted("shop", 9_990.0, 10.0, 0.0));
    assert_eq!(only(&exactly).standing, Standing::Fine);
}

#[test]
fn silence_is_stale_and_a_promise_without_instances_is_gone() {
    let ago = |seconds| shop(1_000_000.0, 0.0, 0.0).says("time() - (", of("shop", seconds));
    assert_eq!(only(&ago(300.0)).standing, Standing::Fine);
    assert_eq!(only(&ago(301.0)).standing, Standing::Stale);
    assert_eq!(
        only(&shop(1.0, 0.0, 0.0).says("time() - (", Vec::new())).standing,
        Standing::Stale
    );
    let gone = |slo| {
        let more = [
            ("__name__", "slo_error_budget_ratio"),
            ("slo_value", "0.001"),
            ("slo_asked", "gone"),
        ];
        let own = [("service_name", "shop"), ("slo_name", slo)];
        Sample::new(own.into_iter().chain(more), 1.0)
    };
    // A whole service that fell silent is not one that was given up.
    let all_gone = overview(
        &shop(1.0, 0.0, 0.0)
            .says(VALUES, vec![gone("old")])
            .says(WORDS, Vec::new()),
    );
    let standings: Vec<_> = all_gone.promises.iter().map(|promise| promise.standing).collect();
    assert_eq!(standings, [Standing::Stale]);
    let one_left = [defined("shop"), vec![gone("old")]].concat();
    let all = overview(&shop(1.0, 0.0, 0.0).says(VALUES, one_left));
    let standings: Vec<_> = all
        .promises
        .iter()
        .map(|promise| (promise.slo.as_str(), promise.standing))
        .collect();
    assert_eq!(standings, [("browse", Standing::Fine), ("old", Standing::Removed)]);
}

#[test]
fn recorded_numbers_stand_in_where_the_counters_cannot_be_added_up() {
    let recorded =
        |name, window, number| Sample::new(labels("shop", &[("__name__", name), ("slo_window", window)]), number);
    let rules = || {
        vec![
            recorded("slo:coverage:ratio", "30d", 1.0),
            recorded("slo:error_ratio:period", "30d", 0.000_25),
            recorded("slo:error_ratio:rate6h", "", 0.002),
        ]
    };
    for error in [
        refused(422),
        refused(503),
        AskError::TooSlow {
            source_name: "http://engine".to_owned(),
            within: std::time::Duration::from_secs(10),
        },
    ] {
        let engine = shop(1.0, 0.0, 0.0).says(RECORDED, rules()).fails("[2592000s]))", error);
        let all = overview(&engine);
        let promise = &all.promises[0];
        assert_eq!(
            (promise.seen.unwrap().from, promise.left()),
            (CountedFrom::Rules, Some(0.75))
        );
        assert_eq!(promise.seen.unwrap().counts(), None);
        // Twice the budget, by however many events that is.
        assert_eq!(promise.standing, Standing::Burning);
        assert!(
            all.doubts[0].starts_with("the counters over 30days cannot be added up"),
            "{:?}",
            all.doubts
        );
    }
    let raw = Wanted {
        numbers: Numbers::Raw,
        ..wanted()
    };
    let engine = shop(1.0, 0.0, 0.0)
        .says(RECORDED, rules())
        .fails("[2592000s]))", refused(422));
    assert_eq!(gather(&engine, &raw).unwrap_err(), refused(422));
    let cheap = Wanted {
        numbers: Numbers::Recorded,
        ..wanted()
    };
    let engine = shop(1.0, 0.0, 0.0).says(RECORDED, rules());
    assert_eq!(gather(&engine, &cheap).unwrap().promises[0].left(), Some(0.75));
    assert!(
        !engine
            .asked
            .lock()
            .unwrap()
            .iter()
            .any(|query| query.contains("increase("))
    );
}

#[test]
fn an_engine_that_is_gone_is_an_error_and_a_question_that_is_refused_a_doubt() {
    for word in [VALUES, WORDS, "[2592000s]))", "slo_gate_decisions", "ALERTS"] {
        let engine = shop(1.0, 0.0, 0.0).fails(word, unreachable());
        assert_eq!(gather(&engine, &wanted()).unwrap_err(), unreachable(), "{word}");
    }
    // Also where nothing more is asked for after that.
    let cheap = Wanted {
        numbers: Numbers::Recorded,
        ..wanted()
    };
    let engine = shop(1.0, 0.0, 0.0).fails("slo_gate_decisions", unreachable());
    assert_eq!(gather(&engine, &cheap).unwrap_err(), unreachable());
    let all = overview(&shop(1.0, 0.0, 0.0).fails("ALERTS", refused(422)));
    assert_eq!(
        all.doubts,
        ["alerts: http://engine answered with status 422: too many samples"]
    );
    assert_eq!(
        gather(&shop(1.0, 0.0, 0.0).fails(VALUES, refused(422)), &wanted()).unwrap_err(),
        refused(422)
    );
    let mut answered = Answered::default();
    answered.doubts.push("a store is gone".to_owned());
    let mut engine = shop(1.0, 0.0, 0.0);
    engine.answers.insert(0, ("ALERTS".to_owned(), Ok(answered)));
    assert_eq!(overview(&engine).doubts, ["a store is gone"]);
}

#[test]
fn what_hurts_most_comes_first_and_drafts_last() {
    let engine = several(&[
        ("a-fine", 1e6, 0.0),
        ("b-spent", 1e6, 2_000.0),
        ("c-more-spent", 1e6, 3_000.0),
        ("d-draft", 1e6, 9_000.0),
        ("e-idle", 0.0, 0.0),
    ]);
    let all = overview(&engine);
    let order: Vec<_> = all
        .promises
        .iter()
        .map(|promise| promise.whose.service.as_str())
        .collect();
    assert_eq!(order, ["c-more-spent", "b-spent", "e-idle", "a-fine", "d-draft"]);
    assert_eq!(all.count(Group::Hurting), 2);
    assert_eq!(all.count(Group::Standing(Standing::Exhausted)), 2);
}

#[test]
fn questions_do_not_grow_with_the_number_of_slos() {
    let many: Vec<_> = (0..500).map(|number| format!("service-{number}")).collect();
    let asked = |names: &[String]| {
        let values = names.iter().flat_map(|name| defined(name)).collect();
        let engine = Engine::default().says(VALUES, values);
        assert_eq!(overview(&engine).promises.len(), names.len());
        let mut lengths: Vec<_> = engine.asked.lock().unwrap().iter().map(String::len).collect();
        // Who is asked at once comes in any order.
        lengths.sort_unstable();
        lengths
    };
    assert_eq!(asked(&many), asked(&many[..1]));
    assert!(asked(&many).len() < 25);
}

#[test]
fn names_cannot_alter_a_question() {
    let filter = Filter {
        services: vec!["a\"} or vector(1) #".to_owned(), "b|c".to_owned()],
        slos: vec!["x.y\n".to_owned()],
        ..Filter::default()
    };
    let engine = shop(1.0, 0.0, 0.0);
    let all = gather(&engine, &Wanted { filter, ..wanted() }).unwrap();
    assert!(all.promises.is_empty());
    for query in engine
        .asked
        .lock()
        .unwrap()
        .iter()
        .filter(|query| query.contains("vector(1)"))
    {
        assert!(
            query.contains(r#"service_name=~"a\"\\} or vector\\(1\\) #|b\\|c""#),
            "{query}"
        );
    }
}

#[test]
fn a_course_ends_at_the_number_that_is_shown() {
    let engine = shop(999_500.0, 500.0, 0.0).says("increase_of_range", of("shop", 1.0));
    let drawn = Wanted {
        burn_downs: true,
        ..wanted()
    };
    let all = gather(&engine, &drawn).unwrap();
    let course = all.promises[0].burn_down.clone().unwrap();
    assert_eq!((course.from, course.to), (at(NOW - 2_592_000), at(NOW)));
    let left: Vec<_> = course.left.iter().map(|(_, left)| *left).collect();
    // Of 500 bad ones the pieces hold 4: the rest came after them.
    assert_eq!(left, [1.0, 0.997, 0.996, 0.5]);
}

#[test]
fn a_filter_takes_whole_names_and_all_of_them() {
    let named = |filter: Filter| {
        gather(&shop(1.0, 0.0, 0.0), &Wanted { filter, ..wanted() })
            .unwrap()
            .promises
            .len()
    };
    let list = |name: &str| vec![name.to_owned(), "other".to_owned()];
    let all = || Filter {
        services: list("shop"),
        slos: list("browse"),
        owners: list("ana"),
        ..Filter::default()
    };
    assert_eq!(
        (named(all()), all().is_all(), Filter::default().is_all()),
        (1, false, true)
    );
    for other in [
        Filter {
            owners: list("an"),
            ..all()
        },
        Filter {
            slos: list("brows"),
            ..all()
        },
        Filter {
            services: list("sho"),
            ..all()
        },
        Filter {
            journeys: list("browse"),
            ..all()
        },
        Filter {
            namespaces: list(""),
            ..all()
        },
        Filter {
            environments: list("production"),
            ..all()
        },
    ] {
        assert_eq!(named(other.clone()), 0, "{other:?}");
    }
}

/// A text with everything in it that could get out of its place.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("<script>alert(1)</script>".to_owned()),
        Just("a\" onload=\"x' & </li></html>\u{1b}[2J\r\n\u{202e}".to_owned()),
        "\\PC{0,20}",
        "[<>&\"'\u{0}-\u{1f}\u{7f}-\u{9f}]{0,12}",
    ]
}

/// Whether elements are closed in order and nothing but our own ones is opened.
fn well_formed(page: &str) -> Result<(), String> {
    const OURS: [&str; 27] = [
        "html", "head", "title", "style", "body", "main", "h1", "h2", "h3", "p", "ul", "li", "div", "span", "dl", "dt",
        "dd", "svg", "line", "polygon", "polyline", "text", "strong", "meta", "br", "details", "summary",
    ];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page.strip_prefix("<!DOCTYPE html>").ok_or("no doctype")?;
    while let Some(start) = rest.find('<') {
        let end = rest[start..].find('>').ok_or("a tag without end")? + start;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("</{name}> closes nothing"));
            }
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        if !OURS.contains(&name) {
            return Err(format!("<{name}> is not ours"));
        }
        if tag.matches('"').count() % 2 != 0 || tag.contains("onload=\"x") {
            return Err(format!("<{tag}> has odd quotes"));
        }
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    open.is_empty()
        .then_some(())
        .ok_or_else(|| format!("{open:?} stay open"))
}

fn look(width: usize) -> status_text::Look {
    status_text::Look {
        width,
        paint: Paint::NONE,
        details: true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn hostile_labels_stay_labels(name in hostile(), slo in hostile(), promise in hostile(), width in 40_usize..200) {
        let own = || vec![("service_name", name.as_str()), ("slo_name", slo.as_str()), ("deployment_environment_name", promise.as_str())];
        let with = |more: &[(&'static str, &'static str)], number| {
            Sample::new(own().into_iter().chain(more.iter().copied()), number)
        };
        let value = |metric: &'static str, value: &'static str| {
            with(&[("__name__", metric), ("slo_value", value), ("slo_asked", "now")], 1.0)
        };
        let said = Sample::new(own().into_iter().chain([("slo_promise", promise.as_str()), ("slo_owner", name.as_str()), ("slo_asked", "now"), ("slo_status", "agreed")]), 1.0);
        let outcomes = ["good", "bad", "excluded"].map(|outcome| with(&[("slo_outcome", outcome)], 9.0)).to_vec();
        let check = Sample::new(own().into_iter().chain([("slo_health_check", promise.as_str()), ("slo_health_state", name.as_str())]), 1.0);
        let engine = Engine::default()
            .says(VALUES, vec![value("slo_error_budget_ratio", "0.01"), value("slo_window_seconds", "604800"), value("slo_window_seconds", "86400")])
            .says(WORDS, vec![said])
            .says("increase(", outcomes)
            .says("[86400s:", vec![with(&[], 1.0)])
            .says("slo_health_state", vec![check])
            .says("increase_of_range", vec![with(&[], 1.0)])
            .says("slo_gate_decisions", vec![with(&[("slo_asked", "count"), ("slo_gate_verdict", "bypassed")], 2.0)]);
        let all = gather(&engine, &Wanted { burn_downs: true, ..wanted() }).unwrap();
        let text = status_text::text(&all, |_| true, look(width));
        prop_assert!(text.chars().all(|sign| sign == '\n' || !sign.is_control()), "{:?}", text);
        prop_assert!(text.chars().all(|sign| sign as u32 != 0x202e));
        let page = status_html::html(&all, |_| true);
        prop_assert_eq!(well_formed(&page), Ok(()));
        prop_assert!(page.chars().all(|sign| sign == '\n' || !sign.is_control()));
        let json: serde_json::Value = serde_json::from_str(&status_json::json(&all, |_| true)).unwrap();
        if !slo.is_empty() {
            prop_assert_eq!(json["promises"][0]["slo"].as_str(), Some(slo.as_str()));
        }
    }

    #[test]
    fn whatever_the_numbers_nothing_panics_and_nothing_is_nan(
        numbers in prop::collection::vec(prop_oneof![any::<f64>(), 0.0_f64..1e7, Just(0.0), Just(f64::NAN)], 8),
        budget in prop_oneof![any::<f64>(), 1e-9_f64..1.0],
        window in prop_oneof![any::<f64>(), 300.0_f64..4e7],
        begun in prop::option::of(prop_oneof![any::<f64>(), 1.7e9_f64..1.8e9]),
    ) {
        let (budget, window) = (budget.to_string(), window.to_string());
        let begun = begun.map(|begun| begun.to_string());
        let mut values = vec![
            value("shop", "slo_error_budget_ratio", &budget, "now", 1.0),
            value("shop", "slo_window_seconds", &window, "now", 1.0),
        ];
        values.extend(begun.as_ref().map(|begun| value("shop", "slo_window_start_seconds", begun, "now", 1.0)));
        let engine = shop(0.0, 0.0, 0.0)
            .says("increase(", counted("shop", numbers[0], numbers[1], numbers[2]))
            .says(VALUES, values)
            .says("count_over_time", of("shop", numbers[3]))
            .says("time() - (", of("shop", numbers[4]))
            .says("slo_gate_decisions", vec![Sample::new(labels("shop", &[("slo_asked", "last"), ("slo_gate_verdict", "allowed")]), numbers[5])])
            .says("increase_of_range", of("shop", 1.0));
        let all = gather(&engine, &Wanted { burn_downs: true, ..wanted() }).unwrap();
        for text in [
            status_text::text(&all, |_| true, look(80)),
            status_html::html(&all, |_| true),
            status_json::json(&all, |_| true),
        ] {
            prop_assert!(!text.contains("NaN") && !text.contains("inf"), "{}", text);
        }
    }
}

#[test]
fn the_ruler_of_pages_tells_a_broken_one() {
    assert!(well_formed("<!DOCTYPE html><p><b>x</b></p>").is_err());
    assert!(well_formed("<!DOCTYPE html><p><li></p></li>").is_err());
    assert!(well_formed("<!DOCTYPE html><p class=\"a><br/></p>").is_err());
    assert!(well_formed("<!DOCTYPE html><p>").is_err());
    assert_eq!(well_formed("<!DOCTYPE html><p class=\"a\">b<br/></p>"), Ok(()));
}

/// When the last sample of each service came.
const SERVICES: &str = "[2592000s:1h]";
/// What a service has promised that is gone, and until when.
const GONE_VALUES: &str = "count_values && [2592000s]";
const GONE_WORDS: &str = "slo_promise && [2592000s]";
const GONE_LAST: &str = "[2592000s:5m]";

const HOUR: f64 = 3_600.0;
const DAY: f64 = 86_400.0;

fn service_seen(service: &str, at: f64) -> Sample {
    Sample::new([("service_name", service)], at)
}

/// With a service that is gone since so long: `browse` until the end, and `old` until three hours before.
fn with_gone(engine: Engine, ago: f64, status: &str) -> Engine {
    let end = NOW_SECONDS - ago;
    let of = |slo| [("service_name", "dead"), ("slo_name", slo), ("slo_asked", "gone")];
    let budget = [("__name__", "slo_error_budget_ratio"), ("slo_value", "0.001")];
    let window = [("__name__", "slo_window_seconds"), ("slo_value", "2592000")];
    let said = [("slo_promise", "Look."), ("slo_owner", "ana"), ("slo_status", status)];
    let both = |more: &[(&'static str, &'static str)]| {
        ["browse", "old"]
            .map(|slo| Sample::new(of(slo).into_iter().chain(more.iter().copied()), 2.0))
            .to_vec()
    };
    let words = ["browse", "old"]
        .map(|slo| Sample::new(of(slo).into_iter().chain(said), 2.0))
        .to_vec();
    let last = [("browse", end + 1_200.0), ("old", end - 3.0 * HOUR)];
    let last = last.map(|(slo, at)| Sample::new([("service_name", "dead"), ("slo_name", slo)], at));
    engine
        .says(
            SERVICES,
            vec![service_seen("dead", end), service_seen("shop", NOW_SECONDS - 600.0)],
        )
        .says(GONE_VALUES, [both(&budget), both(&window)].concat())
        .says(GONE_WORDS, words)
        .says(GONE_LAST, last.to_vec())
}

fn asked(engine: &Engine, word: &str) -> Vec<String> {
    let asked = engine.asked.lock().unwrap();
    asked.iter().filter(|query| query.contains(word)).cloned().collect()
}

#[test]
fn a_service_that_is_gone_hurts_and_says_since_when() {
    let engine = with_gone(shop(1_000_000.0, 0.0, 0.0), 16.0 * DAY, "agreed");
    let all = overview(&engine);
    let standings: Vec<_> = all
        .promises
        .iter()
        .map(|promise| (promise.slo.as_str(), promise.standing))
        .collect();
    // What was taken out of its spec before is not gone: nobody promised it any more.
    assert_eq!(standings, [("browse", Standing::Gone), ("browse", Standing::Fine)]);
    let dead = &all.promises[0];
    assert_eq!(
        (dead.whose.service.as_str(), dead.hurts(), dead.owner.as_deref()),
        ("dead", true, Some("ana"))
    );
    assert_eq!(dead.gone_since, Some(at(NOW - 16 * 86_400 + 1_200)));
    assert_eq!(
        crate::render::status_words::why(dead),
        "its service pushed nothing since 2026-02-13 00:20 UTC"
    );
    assert!(dead.seen.is_none() && dead.alert.is_none() && dead.pushed_ago.is_none() && dead.hour.is_none());
    assert_eq!(all.doubts, [""; 0]);
    // Only who is gone is looked for in all of the time.
    for word in ["[2592000s])", GONE_LAST] {
        let asked = asked(&engine, word);
        let definitions: Vec<_> = asked
            .iter()
            .filter(|query| !query.contains("slo_events_total"))
            .collect();
        assert!(!definitions.is_empty(), "{word}");
        assert!(
            definitions
                .iter()
                .all(|query| query.contains(r#"service_name=~"dead""#)),
            "{definitions:?}"
        );
    }
    // Nobody else has its window: it is not asked about.
    let of_a_week = [
        value("dead", "slo_error_budget_ratio", "0.001", "gone", 1.0),
        value("dead", "slo_window_seconds", "604800", "gone", 1.0),
    ];
    let engine = with_gone(shop(1.0, 0.0, 0.0), 16.0 * DAY, "agreed").says(GONE_VALUES, of_a_week.to_vec());
    assert!(
        overview(&engine).promises[0]
            .window
            .is_some_and(|window| window.to_string() == "7d")
    );
    assert_eq!(asked(&engine, "[604800s"), [""; 0]);
    let draft = overview(&with_gone(shop(1.0, 0.0, 0.0), 16.0 * DAY, "draft"));
    assert_eq!(draft.count(Group::Hurting), 0);
    assert!(draft.promises.iter().any(|promise| promise.standing == Standing::Gone));
}

#[test]
fn who_is_known_otherwise_is_not_gone() {
    let promises = |engine: &Engine, wanted: &Wanted| gather(engine, wanted).unwrap().promises.len();
    let seen =
        |service: &'static str, number: f64| shop(1.0, 0.0, 0.0).says(SERVICES, vec![service_seen(service, number)]);
    for (engine, why) in [
        (seen("dead", NOW_SECONDS - DAY), "a day is no more than one"),
        (seen("shop", NOW_SECONDS - 16.0 * DAY), "its definitions are there"),
        (seen("dead", f64::NAN), "no moment"),
        (seen("dead", -5.0), "no moment"),
        (seen("", NOW_SECONDS - 16.0 * DAY), "nobody"),
    ] {
        assert_eq!(promises(&engine, &wanted()), 1, "{why}");
        assert_eq!(asked(&engine, GONE_LAST), [""; 0], "{why}");
    }
    let gone = || with_gone(shop(1.0, 0.0, 0.0), 16.0 * DAY, "agreed");
    let only = |filter: Filter| {
        let engine = gone();
        let left = promises(
            &engine,
            &Wanted {
                filter: filter.clone(),
                ..wanted()
            },
        );
        // Whoever is left out by the name of the service is not asked about.
        assert_eq!(asked(&engine, GONE_LAST).is_empty(), !filter.services.is_empty());
        left
    };
    let names = |name: &str| vec![name.to_owned()];
    assert_eq!(
        only(Filter {
            services: names("shop"),
            ..Filter::default()
        }),
        1
    );
    assert_eq!(
        only(Filter {
            owners: names("bob"),
            ..Filter::default()
        }),
        0
    );
    let forgetting = Wanted {
        remembered: std::time::Duration::from_secs(86_400),
        ..wanted()
    };
    let engine = gone();
    assert_eq!(promises(&engine, &forgetting), 1);
    assert_eq!(asked(&engine, ":1h]"), asked(&engine, "slo_gate_decisions"));
}

#[test]
fn a_look_at_what_is_gone_that_is_refused_is_a_doubt() {
    for word in [SERVICES, GONE_VALUES, GONE_WORDS, GONE_LAST] {
        let engine = with_gone(shop(1.0, 0.0, 0.0), 16.0 * DAY, "agreed");
        let doubts = overview(&engine.fails(word, refused(422))).doubts;
        assert_eq!(doubts.len(), 1, "{word}");
        assert!(doubts[0].contains("services that are gone"), "{doubts:?}");
    }
    // So many that their names fill no question: all are looked for.
    let many = (0..500).map(|number| service_seen(&format!("dead-{number}"), NOW_SECONDS - 16.0 * DAY));
    let engine = shop(1.0, 0.0, 0.0).says(SERVICES, many.collect());
    assert_eq!(overview(&engine).promises.len(), 1);
    assert!(!asked(&engine, GONE_LAST)[0].contains("service_name="));
}

/// A promise of this kind whose definition is there, and how old its events are, if there are some.
fn ended(sli: &'static str, ago: Option<f64>) -> Engine {
    let (mut said, mut ages) = (words("shop", "agreed"), of("shop", 7.0));
    said.labels.insert("slo_sli".to_owned(), sli.to_owned());
    ages[0].labels.insert("slo_asked".to_owned(), "defined".to_owned());
    ages.extend(ago.map(|ago| of("shop", ago).remove(0)));
    shop(1_000_000.0, 0.0, 0.0)
        .says(WORDS, vec![said])
        .says("time() - (", ages)
}

#[test]
fn events_that_ended_are_not_hidden_by_a_definition_that_goes_on() {
    for (sli, ago, standing) in [
        ("http", Some(12.0), Standing::Fine),
        ("http", None, Standing::Stale),
        ("events", Some(400.0), Standing::Stale),
        ("prometheus", None, Standing::Fine),
        // Of a version that does not say what kind it is, events in the window do.
        ("", None, Standing::Stale),
    ] {
        assert_eq!(only(&ended(sli, ago)).standing, standing, "{sli} {ago:?}");
    }
    let never = ended("", None).says("[2592000s]))", Vec::new());
    assert_eq!(only(&never).standing, Standing::NoData);
}

#[test]
fn what_lacks_an_outcome_is_no_data_and_says_so() {
    for outcome in ["good", "bad", "excluded"] {
        let mut counts = counted("shop", 1e6, 0.0, 0.0);
        counts.retain(|sample| sample.label("slo_outcome") != outcome);
        let engine = shop(1.0, 0.0, 0.0).says("[2592000s]))", counts.clone());
        let all = overview(&engine);
        assert_eq!(
            (all.promises[0].standing, all.promises[0].left()),
            (Standing::NoData, None),
            "{outcome}"
        );
        assert_eq!(
            all.doubts,
            [format!(
                "the engine has none of the {outcome} events of browse of shop, not even 0: does anything on the way drop \
                 series? `slo doctor` tells more"
            )]
        );
        // Of what nobody promises it is nobody's doubt.
        let mut others = counted("shop", 1e6, 0.0, 0.0);
        others.extend(counts.iter().cloned().map(|mut sample| {
            sample.labels.insert("slo_name".to_owned(), "requests".to_owned());
            sample
        }));
        assert_eq!(
            overview(&shop(1.0, 0.0, 0.0).says("[2592000s]))", others)).doubts,
            [""; 0]
        );
        // Of an hour it is no rate, either.
        let hour = shop(1_000_000.0, 0.0, 0.0).says("[3600s]))", counts);
        assert!(only(&hour).hour.is_none(), "{outcome}");
    }
}

#[test]
fn nothing_counted_is_undecided_but_of_what_has_no_events() {
    let without = |sli: &'static str| only(&ended(sli, Some(5.0)).says("[2592000s]))", Vec::new()));
    let words = crate::render::status_words::why;
    for (sli, is_undecided, why) in [
        (
            "prometheus",
            true,
            "an engine counts its events, and no rules of it run here",
        ),
        ("composite", false, "it is made of others and has no events of its own"),
        ("http", true, "nothing was counted, or not all of it"),
        ("", true, "nothing was counted: nobody feeds it"),
    ] {
        let promise = without(sli);
        assert_eq!(
            (promise.standing, promise.is_undecided()),
            (Standing::NoData, is_undecided),
            "{sli}"
        );
        assert!(words(&promise).starts_with(why), "{}", words(&promise));
    }
    assert!(!only(&ended("http", Some(5.0))).is_undecided());
}

/// One of each kind that looks different.
fn kinds() -> Engine {
    with_gone(living(), 16.0 * DAY, "agreed")
}

fn living() -> Engine {
    let all = [
        ("fine", 1e6, 100.0),
        ("spent", 1e6, 2_000.0),
        ("paging", 1e6, 300.0),
        ("idle", 0.0, 0.0),
        ("draft", 1e6, 50.0),
    ];
    let hot = || counted("paging", 900.0, 100.0, 0.0);
    let check = |state| {
        let labels = [
            ("service_name", "fine"),
            ("slo_health_check", "prices"),
            ("slo_health_state", state),
        ];
        Sample::new(labels, 1.0)
    };
    let run = |when, value| {
        let labels = [
            ("service_name", "fine"),
            ("slo_asked", when),
            ("slo_gate_verdict", "bypassed"),
        ];
        Sample::new(labels, value)
    };
    several(&all)
        .says("[3600s]))", hot())
        .says("[300s]))", hot())
        .says("[21600s]))", hot())
        .says("slo_health_state", vec![check("stale")])
        .says(
            "slo_gate_decisions",
            vec![run("count", 2.0), run("last", NOW_SECONDS - 7_200.0)],
        )
        .says(
            "increase_of_range",
            all.iter().flat_map(|(name, ..)| of(name, 1.0)).collect(),
        )
}

/// `SLO_BLESS=1 cargo test -p slo-cli --lib status` writes what is said now.
#[test]
fn the_overview_is_this() {
    let drawn = Wanted {
        burn_downs: true,
        ..wanted()
    };
    let all = gather(&kinds(), &drawn).unwrap();
    let plain_look = |width| status_text::Look {
        details: false,
        ..look(width)
    };
    for (file, text) in [
        ("wide.txt", status_text::text(&all, |_| true, plain_look(120))),
        ("narrow.txt", status_text::text(&all, |_| true, plain_look(60))),
        (
            "details.txt",
            status_text::text(&all, |promise| promise.hurts(), look(100)),
        ),
        ("overview.json", status_json::json(&all, |_| true)),
        ("overview.html", status_html::html(&all, |_| true)),
    ] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/status/out")
            .join(file);
        if std::env::var_os("SLO_BLESS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(text == expected, "{file} differs; see SLO_BLESS above:\n{text}");
    }
}

#[test]
fn no_line_of_the_table_is_wider_than_it_may_be() {
    let all = overview(&kinds());
    for width in 40..130 {
        let text = status_text::text(&all, |_| true, look(width));
        let widest = text.lines().map(status_text::width).max().unwrap_or_default();
        assert!(widest <= width, "{widest} of {width}:\n{text}");
    }
}
