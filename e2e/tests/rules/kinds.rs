//! The cases of the research on peers, B01 to B13, for every kind of SLI and every usual window, on the rules of one's own
//! spec. `pages` and `budgets` have those of the fleet.
//!
//! | case | says |
//! | --- | --- |
//! | B01 total outage of 10 min | when the page and the ticket come and go |
//! | B02 15% for 10 min | the same |
//! | B03 exactly 1.0x | nobody is told |
//! | B04 ten requests an hour, one failure | nobody is paged |
//! | B05 half an hour in which nobody came | in no ratio, and no NaN in it from then on |
//! | B06 a quiet half | the ratio is that of the sums |
//! | B07 two days old | the coverage says so |
//! | B08 restarts | nothing is lost |
//! | B09 errors before the first sample | counted where our exporter says 0 first; nowhere else |
//! | B10 2x | a ticket |
//! | B11 14x | a page after hours, through 6x |
//! | B12 a target of 100% | refused |
//! | B13 a total outage at a target of 90% | a page through 6x, as 14.4x cannot be |
//!
//! What our services judge themselves (availability, latency, events, a synthetic SLI fed by a timer) is counted by one metric:
//! their rules are the same but for the name, which is shown, and stand for one another.

use e2e::{Failure, Outcome, build_binary};

use crate::budgets::agrees;
use crate::cases::{Case, case};
use crate::rule_text::{Rule, burns, needed_by};
use crate::tools::{folder, slo};
use crate::unit::{CountedBy, Story, Stretch, Test, counts, run};

const DAY: u64 = 1_440;
const DAYS: [u32; 4] = [7, 28, 30, 90];

const STATUSES: &str = r#"{ http: { routes: ["/pay"], methods: [POST] } }"#;
const BUCKETS: &str = r#"{ http: { routes: ["/pay"], methods: [POST], faster_than: 800ms } }"#;
const EVENTS: &str = "{ events: { of: payments } }";
const SYNTHETIC: &str = "{ synthetic: { path: /synthetic/health } }";
const FAILURES: &str = r#"{ prometheus: { bad: 'payments_total{result="failed"}', valid: payments_total } }"#;
const SUCCESSES: &str =
    r#"{ prometheus: { good: 'payments_total{result!="failed"}', valid: 'sum(increase(payments_total[$window]))' } }"#;

fn spec(sli: &str, target: &str, days: u32) -> String {
    format!(
        "version: 1\nservice: shop\nslos:\n  - name: pay\n    promise: Whoever wants to pay can.\n    owner: deals-team\n    \
         status: agreed\n    sli: {sli}\n    objective: {target}\n    window: {days}d\n"
    )
}

/// The rules of a spec with one SLO.
fn rules(sli: &str, target: &str, days: u32, args: &str) -> Result<String, Failure> {
    let folder = folder(&[("slo.yaml", &spec(sli, target, days))])?;
    slo(&format!("rules {args} {}", folder.path().join("slo.yaml").display()))
}

/// The rules for what counts, at a case's target.
fn rules_for(counted_by: CountedBy, target: &str, days: u32, engine: &str) -> Result<String, Failure> {
    let (sli, source) = match counted_by {
        CountedBy::Events => (STATUSES, "events"),
        CountedBy::Statuses => (STATUSES, "http"),
        CountedBy::Buckets => (BUCKETS, "http"),
        CountedBy::Failures => (FAILURES, "events"),
        CountedBy::Successes => (SUCCESSES, "events"),
    };
    rules(sli, target, days, &format!("--source {source} --engine {engine}"))
}

#[test]
fn what_our_services_judge_has_the_same_rules_whatever_it_is() -> Outcome {
    for days in DAYS {
        let of = |sli| Ok::<_, Failure>(without_probes(&rules(sli, "99.9%", days, "--source events")?));
        let availability = of(STATUSES)?;
        for sli in [BUCKETS, EVENTS, SYNTHETIC] {
            assert_eq!(of(sli)?, availability, "{sli} over {days}d");
        }
    }
    Ok(())
}

/// The rules in one line, without what leaves a promise to the rules of probes, and without brackets that stand alone.
fn without_probes(rules: &str) -> String {
    let lines = rules.lines().map(str::trim).filter(|line| !["(", ")"].contains(line));
    let lines: Vec<_> = lines.collect();
    let probed =
        "unless on (service_name, service_namespace, deployment_environment_name, slo_name) slo_health:probe_state ";
    lines.join(" ").replace(probed, "")
}

#[test]
fn b12_a_target_of_100_percent_is_refused_for_every_kind() -> Outcome {
    for sli in [STATUSES, BUCKETS, EVENTS, SYNTHETIC, FAILURES, SUCCESSES] {
        let folder = folder(&[("slo.yaml", &spec(sli, "100%", 30))])?;
        let output = std::process::Command::new(build_binary("slo-cli")?)
            .args(["rules", "slo.yaml"])
            .current_dir(folder.path())
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            (output.status.code(), output.stdout.as_slice()),
            (Some(2), &[][..]),
            "{said}"
        );
        assert!(said.contains("slo.yaml:9:16") && said.contains("100%"), "{said}");
    }
    Ok(())
}

/// What happens in so many minutes of an SLO of 30 days, to one of others.
fn scaled(minutes: u64, days: u32) -> u64 {
    (minutes * u64::from(days)).div_ceil(30)
}

/// Pages, evaluated each minute.
fn paged(days: u32) -> Vec<Case> {
    let night = [
        counts(100, 0, 0),
        counts(1, 9, 0),
        counts(30, 0, 0),
        counts(1, 0, 1),
        counts(60, 0, 0),
    ];
    vec![
        case(
            "B01 total outage of 10 min",
            days,
            &[counts(10, 0, 1_000), counts(scaled(40, days), 1_000, 0)],
        ),
        case(
            "B02 15% for 10 min",
            days,
            &[counts(10, 850, 150), counts(scaled(40, days), 1_000, 0)],
        ),
        case("B04 one failure at night", days, &night),
        through_six(case("B11 14x", days, &[counts(scaled(160, days), 986, 14)])),
    ]
}

/// The window of 6x is added up from tiles where it is longer than six hours: they are up to five minutes old.
fn through_six(case: Case) -> Case {
    let slack = (case.days > 30).then_some(5);
    Case { slack, ..case }
}

fn at_90_percent(days: u32) -> Case {
    let outage = counts(scaled(225, days), 0, 1_000);
    through_six(Case {
        target: "90%",
        budget: "0.1",
        ..case("B13 total outage at a target of 90%", days, &[outage])
    })
}

fn pages_agree(counted_by: CountedBy, all: &[u32]) -> Outcome {
    for &days in all {
        let test = |case: Case| Case { counted_by, ..case }.test();
        for (target, cases) in [("99.9%", paged(days)), ("90%", vec![at_90_percent(days)])] {
            let tests = cases.into_iter().map(test).collect::<Result<Vec<_>, _>>()?;
            let rules = needed_by(&rules_for(counted_by, target, days, "prometheus")?, |rule| {
                burns(rule, "page")
            })?;
            run(&rules, "1m", &tests)
                .map_err(|error| Failure::new(format!("{counted_by:?}, {days} days: {error:?}")))?;
        }
    }
    Ok(())
}

/// Tickets, evaluated with the tiles.
fn ticketed(days: u32) -> Vec<Case> {
    let cases = [
        case(
            "B01 total outage of 10 min",
            days,
            &[counts(10, 0, 1_000), counts(scaled(400, days), 1_000, 0)],
        ),
        case("B03 exactly 1.0x", days, &[counts(scaled(3 * DAY + 300, days), 999, 1)]),
        case("B10 2x", days, &[counts(scaled(DAY + DAY / 2, days) + 60, 998, 2)]),
    ];
    let quiet = |case| Case {
        quiet: Some(60),
        ..case
    };
    cases.map(quiet).into()
}

/// What is recorded of the whole period.
const RECORDED: [&str; 3] = [
    "slo:error_ratio:period",
    "slo:error_budget_remaining:ratio",
    "slo:coverage:ratio",
];

fn recorded(days: u32, counted_by: CountedBy) -> Vec<Test> {
    let story = |stretches: &[Stretch]| Story::new(days.into(), "0.001", stretches).counted_by(counted_by);
    let quiet_half = [counts(DAY / 2, 1_000, 0), counts(DAY / 2 - 60, 9, 1), counts(60, 0, 0)];
    let nobody_came = [counts(100, 1_000, 1), counts(30, 0, 0), counts(30, 1_000, 1)];
    let restarts = [
        counts(99, 99, 1),
        Stretch::Restart,
        counts(100, 99, 1),
        counts(100, 50, 50),
    ];
    vec![
        agrees("B05 nobody came", &story(&nobody_came)),
        agrees("B06 a quiet half", &story(&quiet_half)),
        agrees("B07 two days old", &story(&[counts(2 * DAY, 99, 1)])),
        agrees("B08 restarts", &story(&restarts)),
    ]
}

fn tickets_and_records_agree(counted_by: CountedBy, all: &[u32]) -> Outcome {
    for &days in all {
        let test = |case: Case| Case { counted_by, ..case }.ticket_test();
        let tests = ticketed(days).into_iter().map(test);
        let mut tests = tests.collect::<Result<Vec<_>, _>>()?;
        tests.extend(recorded(days, counted_by));
        let is_wanted =
            |rule: &Rule| burns(rule, "ticket") || rule.records.as_deref().is_some_and(|name| RECORDED.contains(&name));
        let rules = needed_by(&rules_for(counted_by, "99.9%", days, "victoriametrics")?, is_wanted)?;
        run(&rules, "5m", &tests).map_err(|error| Failure::new(format!("{counted_by:?}, {days} days: {error:?}")))?;
    }
    Ok(())
}

#[test]
fn pages_of_events_that_services_judge() -> Outcome {
    pages_agree(CountedBy::Events, &DAYS)
}

#[test]
fn pages_of_status_codes() -> Outcome {
    pages_agree(CountedBy::Statuses, &DAYS)
}

#[test]
fn pages_of_buckets() -> Outcome {
    pages_agree(CountedBy::Buckets, &DAYS)
}

#[test]
fn tickets_and_records_of_events_that_services_judge() -> Outcome {
    tickets_and_records_agree(CountedBy::Events, &DAYS)
}

#[test]
fn tickets_and_records_of_status_codes() -> Outcome {
    tickets_and_records_agree(CountedBy::Statuses, &DAYS)
}

#[test]
fn tickets_and_records_of_buckets() -> Outcome {
    tickets_and_records_agree(CountedBy::Buckets, &DAYS)
}

#[test]
fn counters_of_others_over_a_month() -> Outcome {
    others_agree(&[30])
}

#[test]
#[ignore = "long: `cargo xtask full long-tests`"]
fn counters_of_others_over_other_windows() -> Outcome {
    others_agree(&[7, 28, 90])
}

/// By what is bad, and by what is good.
fn others_agree(all: &[u32]) -> Outcome {
    for counted_by in [CountedBy::Failures, CountedBy::Successes] {
        pages_agree(counted_by, all)?;
        tickets_and_records_agree(counted_by, all)?;
    }
    Ok(())
}

/// A thousand errors within the first push: with a 0 before them they count. Without it nobody can know of them, and the half
/// that are slow are mistaken for some that came before the first sample of a bucket.
#[test]
fn b09_errors_before_the_first_sample_count_where_zero_was_said_first() -> Outcome {
    let minutes = [counts(1, 0, 1_000), counts(59, 100, 0)];
    let bad = "sum(sum_over_time(slo:bad_events:increase5m[90d]))";
    let of = |counted_by, days: u32, expected: &str| {
        let story = Story::new(days.into(), "0.001", &minutes).counted_by(counted_by);
        let counted = format!("count({bad} {expected})");
        let test = Test::new("B09 errors before the first sample", &story).expect(60, counted, Some("1"));
        let rules = rules_for(counted_by, "99.9%", days, "victoriametrics")?;
        let tiles = needed_by(&rules, |rule| {
            rule.records.as_deref() == Some("slo:bad_events:increase5m")
        })?;
        run(&tiles, "5m", &[test]).map_err(|error| Failure::new(format!("{counted_by:?}, {days} days: {error:?}")))
    };
    for days in DAYS {
        of(CountedBy::Events, days, "== 1000")?;
        of(CountedBy::Statuses, days, "== 0")?;
        of(CountedBy::Buckets, days, "<= 100")?;
        of(CountedBy::Failures, days, "== 0")?;
    }
    Ok(())
}
