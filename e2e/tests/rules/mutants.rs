//! Every window, factor, comparison, guard and clause of the rules changed, one at a time: some case notices each.
//!
//! The window is of five days: its alerts have those of 30 days a sixth as long, and the rules are the same text. Who notices
//! what is what these tests print (`--nocapture`).

mod definitions;

use std::collections::BTreeMap;

use e2e::{Failure, Outcome};

use crate::budgets::agrees;
use crate::cases::{Case, case};
use crate::rule_text::{Rule, burns, file, needed_by, rules};
use crate::tools::slo;
use crate::unit::{Story, Stretch, Test, counts, run};

/// A rule with one thing changed.
struct Mutant {
    /// Which rule, what was there, and what is.
    what: String,
    file: String,
}

/// Where a piece of text stands, and what it becomes.
type Change = (std::ops::Range<usize>, String);

/// Every change of one expression. The mask of a window, which recorded series have, is `budgets`' business.
fn changes(expr: &str, is_alert: bool) -> Vec<Change> {
    let clauses = [("and on (", "or on ("), ("unless on (", "and on (")];
    let mut all: Vec<Change> = Vec::new();
    for (from, to) in clauses.into_iter().filter(|_| is_alert) {
        all.extend(
            expr.match_indices(from)
                .map(|(at, _)| (at..at + from.len(), to.to_owned())),
        );
    }
    for (from, to) in [
        ("slo_outcome=\"bad\"", "slo_outcome=\"good\""),
        ("slo_outcome=~\"good|bad\"", "slo_outcome=\"good\""),
        ("alertstate=\"firing\"", "alertstate=\"pending\""),
        ("- 1) /", "- 0) /"),
        ("1 - (", "0 - ("),
        ("> 4.5", "> 3.5"),
        ("> 4.5", "> 14.5"),
        ("<= 4.5", "<= 14.5"),
    ] {
        all.extend(
            expr.match_indices(from)
                .map(|(at, _)| (at..at + from.len(), to.to_owned())),
        );
    }
    all.extend(expr.match_indices('[').filter_map(|(at, _)| {
        let end = at + expr[at..].find(']')?;
        // How long what was said last is believed is the business of `dies`.
        let is_last_said = [
            "ratio{slo_window=\"5d\", slo_rules=\"\"}",
            "slo:status:agreed{slo_alerts=~\"standard|\"}",
        ]
        .iter()
        .any(|end| expr[..at].ends_with(end));
        if is_last_said && &expr[at..end] == "[20m" {
            return None;
        }
        Some((at..end, other_range(&expr[at..end])))
    }));
    for (at, _) in expr.match_indices("> ") {
        let number = number_at(expr, at + 2);
        let softer = at..at + 1;
        all.extend((!number.is_empty() && number != "4.5").then(|| (softer, ">=".to_owned())));
        all.extend((!["", "0", "4.5"].contains(&number)).then(|| (at + 2..at + 2, "1".to_owned())));
    }
    for (at, _) in expr.match_indices(" / ") {
        let number = number_at(expr, at + 3);
        all.extend((!number.is_empty()).then(|| (at + 3..at + 3, "3 * ".to_owned())));
    }
    all
}

/// Ranges of counters become longer, those of tiles a tenth.
fn other_range(range: &str) -> String {
    match range.strip_suffix('s') {
        Some(seconds) if seconds.len() > 3 => format!("{}s", &seconds[..seconds.len() - 1]),
        _ => format!("[1{}", &range[1..]),
    }
}

fn number_at(text: &str, at: usize) -> &str {
    let rest = &text[at..];
    &rest[..rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len())]
}

/// Every change that is named of every rule of a file.
fn mutants(text: &str, changes: impl Fn(&Rule, &str) -> Vec<Change>) -> Result<Vec<Mutant>, Failure> {
    let all = rules(text)?;
    let mut mutants = Vec::new();
    for (number, rule) in all.iter().enumerate() {
        let Some((head, rest)) = rule.text.split_once("expr:") else {
            continue;
        };
        let (expr, labels) = rest.split_once("        labels:\n").unwrap_or((rest, ""));
        for (place, new) in changes(rule, expr) {
            let old = &expr[place.start..(place.end + 8).min(expr.len())];
            let line = expr[..place.start].matches('\n').count();
            let what = format!("{}, line {line}: `{}` <- `{new}`", name(rule), old.replace('\n', " "));
            let mut changed = all.clone();
            let expr = format!("{}{new}{}", &expr[..place.start], &expr[place.end..]);
            let labels = if labels.is_empty() {
                String::new()
            } else {
                format!("        labels:\n{labels}")
            };
            changed[number].text = format!("{head}expr:{expr}{labels}");
            mutants.push(Mutant {
                what,
                file: file(&changed),
            });
        }
    }
    Ok(mutants)
}

/// Every change of what is told and of what it reads, but of definitions, which have tests of their own, and of what says
/// nothing. Where there is such, of an alert's second condition alone: the first says nothing either, and the third is the
/// trickle, which has stories of its own in `budgets`.
fn telling(text: &str, says_nothing: &[&str]) -> Result<Vec<Mutant>, Failure> {
    mutants(text, |rule, expr| {
        if rule.group.contains("definitions") || says_nothing.contains(&name(rule)) {
            return Vec::new();
        }
        let is_alert = rule.records.is_none();
        let mut all = changes(expr, is_alert);
        all.retain(|(place, _)| {
            let condition = expr[..place.start].matches(NEXT_CONDITION).count();
            says_nothing.is_empty() || !is_alert || condition == 2
        });
        all
    })
}

/// Between two conditions of an alert, and once before them, between what is said now of an SLO and what was said last.
const NEXT_CONDITION: &str = "\n            or on (";

fn name(rule: &Rule) -> &str {
    rule.records.as_deref().unwrap_or("the alert")
}

/// Runs each case on each mutant until one fails; insists that all hold on the rules as they are. Which case noticed what.
fn all_are_noticed(text: &str, every: &str, cases: &[Test], mutants: Vec<Mutant>) -> Result<String, Failure> {
    run(text, every, cases)?;
    let (mut noticed_by, mut unnoticed) = (BTreeMap::<&str, Vec<String>>::new(), Vec::new());
    for mutant in mutants {
        // What no engine reads is no change of what it does.
        let notices = |case: &&Test| {
            let ran = run(&mutant.file, every, std::slice::from_ref(*case));
            ran.is_err_and(|error| !format!("{error:?}").contains("could not parse"))
        };
        match cases.iter().find(notices) {
            Some(case) => noticed_by.entry(&case.name).or_default().push(mutant.what),
            None => unnoticed.push(mutant.what),
        }
    }
    assert_eq!(unnoticed, [""; 0]);
    assert!(noticed_by.values().map(Vec::len).sum::<usize>() > 30);
    let lines = noticed_by
        .iter()
        .map(|(case, mutants)| format!("{case}\n  {}", mutants.join("\n  ")));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// What was agreed becomes a draft after so many minutes of an outage.
fn a_draft_from_now_on(minutes: u64) -> Test {
    let agreed = Story::new(5, "0.001", &[counts(minutes, 0, 1_000), Stretch::Gap { minutes: 30 }]);
    let draft = Story {
        born: minutes,
        status: "draft",
        labels: r#"service_name="shop", deployment_environment_name="prod", service_instance_id="2", slo_name="pay""#,
        ..Story::new(5, "0.001", &[counts(30, 0, 1_000)])
    };
    Test::new("a draft from now on", &agreed).with(draft)
}

#[test]
fn pages_notice_every_change() -> Outcome {
    let of = |name, stretches: &[Stretch]| {
        let case = Case {
            quiet: Some(0),
            ..case(name, 5, stretches)
        };
        case.test()
    };
    // Few events: so many minutes apart, of so many a minute.
    let few = |times: usize, apart: u64, good: u64| -> Vec<Stretch> {
        let one = [counts(apart - 1, good, 0), counts(1, good - 1, 1)];
        std::iter::repeat_n(one, times)
            .flatten()
            .chain([counts(apart, good, 0)])
            .collect()
    };
    let few_after = |times, apart, good| [vec![counts(65, good, 0)], few(times, apart, good)].concat();
    // So many bad ones of ten thousand a minute: ten are 1x.
    let of_ten = |minutes, bad| counts(minutes, 10_000 - bad, bad);
    let good = |minutes| of_ten(minutes, 0);
    let mut draft = Story::new(5, "0.001", &[counts(10, 0, 1_000)]);
    draft.status = "draft";
    let idle = Story::new(5, "0.001", &[counts(30, 0, 0)]);
    let nothing = [
        "slo:error_ratio:rate4m",
        "slo:error_ratio:rate5m",
        "slo:error_ratio:rate15m",
        "slo:error_ratio:rate1h",
    ]
    .iter()
    .fold(Test::new("nobody comes", &idle), |test, name| {
        test.expect(30, *name, None)
    });
    let cases = [
        of(
            "20x that goes on at exactly 9.6x",
            &[good(65), of_ten(10, 200), of_ten(8, 96), good(10)],
        )?,
        of(
            "9x that goes on at exactly 6x",
            &[good(65), of_ten(45, 90), of_ten(10, 60), good(5)],
        )?,
        nothing,
        of("a burst up to exactly 9.6x", &[good(65), of_ten(4, 360), good(15)])?,
        of("forty minutes up to exactly 6x", &[good(65), of_ten(40, 90), good(15)])?,
        of("five failures within five minutes", &few_after(5, 1, 20))?,
        of(
            "one failure, and four within four minutes later",
            &[&few(1, 20, 20)[..], &few_after(4, 1, 20)].concat(),
        )?,
        of("five failures within the hour", &few(5, 12, 10))?,
        of(
            "one failure, and four within the next hour but one",
            &[&few(1, 50, 10)[..], &few(4, 12, 10)].concat(),
        )?,
        of(
            "9x, then 7x of less traffic",
            &[good(65), of_ten(45, 90), counts(8, 993, 7), counts(10, 1_000, 0)],
        )?,
        of(
            "20x, then 12x of less traffic",
            &[good(65), of_ten(10, 200), counts(6, 988, 12), counts(10, 1_000, 0)],
        )?,
        of("20x from the first minute on", &[of_ten(12, 200), good(10)])?,
        of("9x from the first minute on", &[of_ten(45, 90), good(20)])?,
        of(
            "a burst after which nobody comes",
            &[good(65), of_ten(10, 200), counts(20, 0, 0)],
        )?,
        of(
            "an outage after which nobody comes",
            &[good(65), of_ten(10, 9_000), counts(75, 0, 0)],
        )?,
        Test::new("a draft", &draft).silent("page", 10),
        a_draft_from_now_on(20).fires("page", 20).silent("page", 31),
    ];
    let rules = slo("rules --fleet --engine victoriametrics --window 5d")?;
    let rules = needed_by(&rules, |rule| burns(rule, "page"))?;
    println!("{}", all_are_noticed(&rules, "1m", &cases, telling(&rules, &[])?)?);
    Ok(())
}

/// What the first condition of a ticket alone reads. Whoever burns 3x for a day and still for two hours burns 1x for three days
/// and still for six hours: while somebody comes, that condition is never met without the next one, and changes nothing.
const OVER_3X: [&str; 3] = [
    "slo:error_ratio:rate4h",
    "slo:error_ratio:rate20m",
    "slo:bad_events:increase4h",
];

#[test]
fn tickets_and_records_notice_every_change() -> Outcome {
    let of = |name, quiet, stretches: &[Stretch]| {
        let case = Case {
            quiet: Some(quiet),
            ..case(name, 5, stretches)
        };
        case.ticket_test()
    };
    let uneven = [counts(200, 1_000, 0), counts(800, 9, 1), counts(60, 0, 0)];
    let mut draft = Story::new(5, "0.001", &[counts(60, 0, 1_000)]);
    draft.status = "draft";
    let idle = Story::new(5, "0.001", &[counts(60, 0, 0)]);
    let nothing = [
        "slo:error_ratio:rate20m",
        "slo:error_ratio:rate1h",
        "slo:error_ratio:rate4h",
        "slo:error_ratio:rate12h",
        "slo:error_ratio:period",
        "slo:error_budget_remaining:ratio",
    ];
    let nothing = nothing.iter().fold(Test::new("nobody comes", &idle), |test, name| {
        test.expect(60, *name, None)
    });
    let each = 15 * 60;
    let trickle = |times| -> Vec<Stretch> {
        let one = [
            counts(1, 0, 1),
            counts(each / 2, 0, 0),
            counts(1, 5, 0),
            counts(each / 2 - 2, 0, 0),
        ];
        (0..times).flat_map(|_| one).collect()
    };
    let half_an_hour_apart = |times| {
        let one = [counts(29, 2, 0), counts(1, 1, 1)];
        let all = std::iter::repeat_n(one, times).flatten().chain([counts(30, 2, 0)]);
        all.collect::<Vec<_>>()
    };
    let cases = [
        agrees("B06 uneven traffic", &Story::new(5, "0.001", &uneven)),
        nothing,
        of(
            "B01 total outage of 10 min",
            60,
            &[counts(10, 0, 1_000), counts(80, 1_000, 0)],
        )?,
        of("five failures, half an hour apart", 0, &half_an_hour_apart(5))?,
        of("four failures, half an hour apart", 0, &half_an_hour_apart(4))?,
        of(
            "an outage after which nobody comes",
            60,
            &[counts(10, 0, 1_000), counts(300, 0, 0)],
        )?,
        Test::new("a draft", &draft).silent("ticket", 60),
        a_draft_from_now_on(30).fires("ticket", 30).silent("ticket", 40),
        of("B10 2x", 60, &[counts(380, 998, 2), counts(100, 1_000, 0)])?,
        of(
            "2x that goes on at exactly 1x",
            60,
            &[counts(390, 998, 2), counts(90, 999, 1), counts(30, 1_000, 0)],
        )?,
        of(
            "two hours up to exactly 1x",
            60,
            &[counts(240, 997, 3), counts(50, 1_000, 0)],
        )?,
        of(
            "5x, then 4x of less traffic",
            60,
            &[counts(200, 9_950, 50), counts(70, 996, 4), counts(90, 1_000, 0)],
        )?,
        of("B03 exactly 1.0x", 0, &[counts(740, 999, 1)])?,
        Test::new("a trickle of eight", &Story::new(5, "0.001", &trickle(8))).fires("ticket", 7 * each + 100),
        Test::new("a trickle of four", &Story::new(5, "0.001", &trickle(4))).silent("ticket", 3 * each + 100),
    ];
    let rules = slo("rules --fleet --engine victoriametrics --window 5d")?;
    let recorded = [
        "slo:error_ratio:period",
        "slo:error_budget_remaining:ratio",
        "slo:coverage:ratio",
    ];
    let is_wanted =
        |rule: &Rule| burns(rule, "ticket") || rule.records.as_deref().is_some_and(|name| recorded.contains(&name));
    let rules = needed_by(&rules, is_wanted)?;
    println!("{}", all_are_noticed(&rules, "5m", &cases, telling(&rules, &OVER_3X)?)?);
    Ok(())
}
