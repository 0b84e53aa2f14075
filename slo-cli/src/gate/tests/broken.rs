//! Answers that are wrong, contradict each other or are missing: none of them is taken for good news.

use super::*;

fn p95_of(table: &Table) -> RuleOutcome {
    rule(&judged(table), RuleName::P95).clone()
}

/// As [`well`], with these histograms in place of one that has the limit.
fn spread(histograms: impl IntoIterator<Item = Sample>) -> Table {
    let all: Vec<_> = histograms.into_iter().collect();
    let is_asked = |sample: &&Sample| ["0.8", "+Inf"].contains(&sample.label("le"));
    let at_limit: Vec<_> = all.iter().filter(is_asked).cloned().collect();
    well().with(FAST, at_limit).with(DURATIONS, all)
}

#[test]
fn of_slow_requests_above_the_last_boundary_nothing_is_known() {
    let unknown = p95_of(&spread(buckets(
        "one",
        [("0.1", 0.0), ("0.5", 9_400.0), ("+Inf", 10_000.0)],
    )));
    assert_eq!(unknown.state, RuleState::Unknown);
    assert_eq!(
        unknown.sentence,
        "up to 600 of 10000 requests took longer than 500ms, where the histogram of their instances ends, and nothing \
         tells whether longer than 800ms: give it a boundary there"
    );
    // Enough of them are under the last boundary; or too few under one that is above the limit.
    let fine = p95_of(&spread(buckets("one", [("0.5", 9_500.0), ("+Inf", 10_000.0)])));
    assert_eq!(fine.state, RuleState::Pass);
    assert_eq!(
        fine.caveats,
        ["no instance has a bucket at 800ms: judged by the nearest boundaries that they have"]
    );
    let slow = p95_of(&spread(buckets(
        "one",
        [("0.5", 0.0), ("1.0", 9_400.0), ("+Inf", 10_000.0)],
    )));
    assert_eq!(slow.state, RuleState::Fail);
    // No boundary at all.
    assert_eq!(
        p95_of(&spread(buckets("one", [("+Inf", 10_000.0)]))).state,
        RuleState::Unknown
    );
}

#[test]
fn between_two_boundaries_it_is_interpolated_and_says_so() {
    // 300 of 500 ms are 60%: 9,000 + 60% of the rest.
    let of = |below: f64, above: f64| {
        p95_of(&spread(buckets(
            "one",
            [("0.5", below), ("1", above), ("+Inf", 10_000.0)],
        )))
    };
    let rule = of(9_000.0, 10_000.0);
    assert_eq!(rule.state, RuleState::Pass);
    assert!(rule.sentence.contains("(9600 of 10000)"), "{}", rule.sentence);
    assert_eq!(rule.caveats, ["no instance has a bucket at 800ms: interpolated"]);
    assert!(rule.source.contains(DURATIONS), "{}", rule.source);
    assert_eq!(of(8_000.0, 10_000.0).state, RuleState::Fail);
    // Those above the last boundary are slow.
    assert_eq!(of(9_000.0, 9_500.0).state, RuleState::Fail);
}

#[test]
fn a_part_of_the_instances_decides_only_what_the_others_cannot_change() {
    let half = |new: [(&str, f64); 2], old: f64| {
        let new = buckets("new", new).into_iter();
        well().with(FAST, new.chain(buckets("old", [("+Inf", old)])))
    };
    let pass = p95_of(&half([("0.8", 9_700.0), ("+Inf", 9_800.0)], 200.0));
    assert_eq!(pass.state, RuleState::Pass);
    assert_eq!(
        pass.caveats,
        ["200 of 10000 requests were on instances without a bucket at 800ms: it holds even if all of those were slow"]
    );
    assert!(pass.sentence.contains("(9700 of 10000)"), "{}", pass.sentence);
    let slow = half([("0.8", 0.0), ("+Inf", 60.0)], 940.0);
    let fail = p95_of(&slow.with(REQUESTS, outcomes("requests", [("good", 1_000.0), ("bad", 0.0)])));
    assert_eq!(fail.state, RuleState::Fail);
    assert_eq!(
        fail.caveats,
        [
            "940 of 1000 requests were on instances without a bucket at 800ms: it is breached even if all of those were fast"
        ]
    );
}

#[test]
fn a_rollout_that_is_half_done_is_judged_with_its_old_instances() {
    let rollout = |new: [(&str, f64); 2], old: [(&str, f64); 3]| {
        p95_of(&spread(buckets("new", new).into_iter().chain(buckets("old", old))))
    };
    // A few fast ones on an instance that has the bucket, and hundreds of thousands of slow ones elsewhere.
    let slow = rollout(
        [("0.8", 48.0), ("+Inf", 48.0)],
        [("0.5", 0.0), ("1", 0.0), ("+Inf", 450_000.0)],
    );
    assert_eq!(slow.state, RuleState::Fail, "{slow:?}");
    let dark = rollout(
        [("0.8", 200.0), ("+Inf", 200.0)],
        [("0.1", 0.0), ("0.5", 0.0), ("+Inf", 99_800.0)],
    );
    assert_eq!(dark.state, RuleState::Unknown, "{dark:?}");
    let fine = rollout(
        [("0.8", 3_990.0), ("+Inf", 4_000.0)],
        [("0.5", 5_900.0), ("1", 6_000.0), ("+Inf", 6_000.0)],
    );
    assert_eq!(fine.state, RuleState::Pass);
    assert_eq!(
        fine.caveats,
        [
            "6000 of 10000 requests were on instances without a bucket at 800ms: judged by the nearest boundaries that \
             they have"
        ]
    );
    // So few are too few, wherever they were.
    let few = spread(
        buckets("new", [("0.8", 20.0), ("+Inf", 20.0)])
            .into_iter()
            .chain(buckets("old", [("+Inf", 20.0)])),
    );
    let few = few.with(REQUESTS, outcomes("requests", [("good", 40.0), ("bad", 0.0)]));
    assert_eq!(p95_of(&few).state, RuleState::Idle);
}

#[test]
fn a_boundary_that_only_some_series_have_proves_no_slowness() {
    // As where no label tells instances apart: 0.75 is of the new one alone.
    let mixed = [("0.5", 9_000.0), ("0.75", 100.0), ("1", 10_000.0), ("+Inf", 10_000.0)];
    let rule = p95_of(&spread(buckets("", mixed)));
    assert_eq!(rule.state, RuleState::Unknown);
    assert!(
        rule.sentence
            .starts_with("the boundaries of a histogram count different requests"),
        "{rule:?}"
    );
}

#[test]
fn requests_that_are_counted_and_not_timed_are_no_quiet_night() {
    for timed in [Vec::new(), buckets("one", [("0.8", 48.0), ("+Inf", 48.0)]).to_vec()] {
        let rule = p95_of(&well().with(FAST, timed.clone()));
        assert_eq!(rule.state, RuleState::Unknown, "{timed:?}");
        assert!(
            rule.sentence
                .starts_with("10000 requests were counted, and the histogram of their durations has "),
            "{}",
            rule.sentence
        );
    }
    // The limit's window may be another one; then its own requests are asked for.
    let yaml = "{version: 1, service: shop, gate: {p95: \"< 800ms over 30m\"}, slos: [{name: browse, objective: 99%, \
                window: 30d, sli: {http: {routes: [/a]}}}]}";
    let slos = SloSet::from_yaml(yaml).unwrap();
    let table = well().with(FAST, []).with(
        r#"slo_name="requests"}[1800s]"#,
        outcomes("requests", [("good", 9_000.0), ("bad", 0.0)]),
    );
    let evidence = gather(&table, &slos, &Target::service("shop"), None);
    let verdict = slos.gate().judge(&slos, &evidence, &Request::deploy(), Utc::now());
    let rule = rule(&verdict, RuleName::P95);
    assert_eq!(rule.state, RuleState::Unknown);
    assert!(rule.sentence.starts_with("9000 requests were counted"), "{verdict}");
}

#[test]
fn a_histogram_that_cannot_be_is_none() {
    for (wrong, words) in [
        (
            buckets("one", [("0.8", 90_000.0), ("+Inf", 10_000.0)]).to_vec(),
            "a histogram counts 90000 of 10000 requests",
        ),
        (
            buckets("one", [("0.8", 9_900.0)]).to_vec(),
            "a histogram has no bucket for all requests",
        ),
        (
            buckets("one", [("0.8", f64::NAN), ("+Inf", 10_000.0)]).to_vec(),
            "no answer: the engine says NaN",
        ),
        (
            buckets("one", [("0.8", 1.0), ("+Inf", f64::INFINITY)]).to_vec(),
            "no answer: the engine says inf",
        ),
        (
            buckets("one", [("fast", 1.0), ("+Inf", 10_000.0)]).to_vec(),
            "no answer: a bucket has the boundary `fast`",
        ),
        (
            buckets("one", [("+Inf", 10_000.0), ("+Inf", 10_000.0)]).to_vec(),
            "the engine gives 2 values where there can be 1",
        ),
    ] {
        let rule = p95_of(&well().with(FAST, wrong.clone()));
        assert_eq!(rule.state, RuleState::Unknown, "{wrong:?}");
        assert!(rule.sentence.starts_with(words), "{}", rule.sentence);
    }
}

#[test]
fn what_is_not_known_of_the_last_push_is_unknown() {
    for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -99_999.0] {
        let verdict = judged(&well().with(AGES, ages(HERE, [("requests", wrong), ("browse", 20.0)])));
        assert_eq!(
            (states(&verdict), verdict.exit_code),
            ([RuleState::Unknown; 3], 3),
            "{wrong}: {verdict}"
        );
    }
    assert_eq!(
        states(&judged(&well().failing(AGES, refused()))),
        [RuleState::Unknown; 3]
    );
    // An engine may be some seconds behind itself.
    let ahead = well().with(AGES, ages(HERE, [("requests", -30.0), ("browse", -30.0)]));
    assert_eq!(judged(&ahead).exit_code, 0);
}

#[test]
fn a_service_that_is_there_and_of_which_nothing_is_counted_is_unknown() {
    let nothing = || {
        let parts = [REQUESTS, BUDGETS, COVERAGE, FAST, DURATIONS];
        parts.into_iter().fold(well(), |table, part| table.with(part, []))
    };
    let verdict = judged(&nothing());
    assert_eq!(verdict.exit_code, 3, "{verdict}");
    for name in [RuleName::BadRatio, RuleName::Budget] {
        let rule = rule(&verdict, name);
        assert_eq!(rule.state, RuleState::Unknown, "{verdict}");
        assert!(rule.sentence.contains("not even 0"), "{verdict}");
    }
    let others = judged(&nothing().with(AGES, ages(HERE, [("browse", 20.0)])));
    assert_eq!(
        rule(&others, RuleName::BadRatio).sentence,
        "it pushes events of its SLOs, and none of `requests`"
    );
    assert_eq!(others.exit_code, 3);
}

#[test]
fn a_promise_whose_events_ended_is_unknown_although_the_service_goes_on() {
    let verdict = judged(&well().with(AGES, ages(HERE, [("requests", 21.5)])));
    assert_eq!(
        (states(&verdict), verdict.exit_code),
        ([RuleState::Pass, RuleState::Pass, RuleState::Unknown], 3)
    );
    assert_eq!(
        rule(&verdict, RuleName::Budget).sentence,
        "the series existed and vanished"
    );
    let old = judged(&well().with(AGES, ages(HERE, [("requests", 21.5), ("browse", 301.0)])));
    assert_eq!(
        (rule(&old, RuleName::Budget).state, rule(&old, RuleName::BadRatio).state),
        (RuleState::Unknown, RuleState::Pass),
        "{old}"
    );
    // Tiles of rules were recorded from the same counters, and are no way around.
    let gone = half_kept().with(AGES, ages(HERE, [("requests", 21.5)]));
    assert_eq!(rule(&judged(&gone), RuleName::Budget).state, RuleState::Unknown);
}

#[test]
fn a_coverage_that_is_no_share_is_unknown() {
    for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.5] {
        let table = well().with(COVERAGE, [Sample::new([("slo_name", "browse")], wrong)]);
        // What is broken is not made up for by tiles.
        let table = table
            .with(TILED, tiled(0.998))
            .with(BAD, tiled(0.0))
            .with(VALID, tiled(1e6));
        let verdict = judged(&table);
        assert_eq!(rule(&verdict, RuleName::Budget).state, RuleState::Unknown, "{wrong}");
    }
}

#[test]
fn two_values_for_one_thing_are_none() {
    let twice = |samples: Vec<Sample>| [samples.clone(), samples].concat();
    let budgets = outcomes("browse", [("good", 999_900.0), ("bad", 100.0)]);
    for (table, name) in [
        (
            well().with(REQUESTS, twice(outcomes("requests", [("good", 9_990.0), ("bad", 1.0)]))),
            RuleName::BadRatio,
        ),
        (well().with(BUDGETS, twice(budgets)), RuleName::Budget),
        (
            well().with(COVERAGE, twice(vec![Sample::new([("slo_name", "browse")], 1.0)])),
            RuleName::Budget,
        ),
    ] {
        let verdict = judged(&table);
        let rule = rule(&verdict, name);
        assert_eq!(rule.state, RuleState::Unknown, "{verdict}");
        assert!(rule.sentence.starts_with("the engine gives "), "{verdict}");
    }
    let ages = ages(HERE, [("requests", 20.0), ("requests", 20_000.0)]);
    assert_eq!(states(&judged(&well().with(AGES, ages))), [RuleState::Unknown; 3]);
    let ever = Table::default().with(EVER, [Sample::new([("a", "1")], 0.0), Sample::new([("a", "2")], 9.0)]);
    assert_eq!(states(&judged(&ever)), [RuleState::Unknown; 3]);
    let ever = Table::default().with(EVER, value(f64::NAN));
    assert_eq!(states(&judged(&ever)), [RuleState::Unknown; 3]);
}

#[test]
fn an_engine_that_does_not_know_the_time_is_asked_nothing_else() {
    for table in [
        well().with(TIME, []),
        well().with(TIME, value(f64::NAN)),
        well().failing(TIME, refused()),
    ] {
        let verdict = judged(&table);
        assert_eq!(
            (states(&verdict), table.asked.borrow().len()),
            ([RuleState::Unknown; 3], 1),
            "{verdict}"
        );
    }
}

#[test]
fn an_outcome_that_is_dropped_on_the_way_is_no_zero() {
    let requests = || outcomes("requests", [("good", 9_990.0)]);
    let budgets = || outcomes("browse", [("good", 999_900.0)]);
    for outcome in OUTCOMES {
        let words = format!(
            "the engine has none of its {outcome} events, not even 0, and has others: does anything on the way drop series?"
        );
        for (table, name) in [
            (well().with(REQUESTS, without(outcome, requests())), RuleName::BadRatio),
            (well().with(BUDGETS, without(outcome, budgets())), RuleName::Budget),
        ] {
            let verdict = judged(&table);
            let rule = rule(&verdict, name);
            assert_eq!(
                (rule.state, &rule.sentence, verdict.exit_code),
                (RuleState::Unknown, &words, 3),
                "{verdict}"
            );
        }
        // It is dropped since an hour: what was counted before is still in the month.
        let lately = [
            ages(HERE, [("requests", 20.0)]),
            without(outcome, ages(HERE, [("browse", 20.0)])),
        ];
        let verdict = judged(&well().with(AGES, lately.concat()));
        assert_eq!(
            states(&verdict),
            [RuleState::Pass, RuleState::Pass, RuleState::Unknown],
            "{verdict}"
        );
        assert_eq!(rule(&verdict, RuleName::Budget).sentence, words);
    }
}

fn promised(slos: &[&str]) -> Vec<Sample> {
    slos.iter().map(|slo| Sample::new([("slo_name", *slo)], 2.0)).collect()
}

#[test]
fn a_promise_that_the_running_version_does_not_make_is_judged_by_what_was_counted_of_it() {
    let back = || {
        let table = well().with(AGES, ages(HERE, [("requests", 21.5), ("login", 20.0)]));
        table.with(PROMISED, promised(&["login"]))
    };
    let verdict = judged(&back());
    let budget = rule(&verdict, RuleName::Budget);
    assert_eq!((budget.state, verdict.exit_code), (RuleState::Pass, 0), "{verdict}");
    assert_eq!(
        budget.caveats,
        ["the running version does not make this promise: judged by what was counted of it before"]
    );
    let spent = back().with(BUDGETS, outcomes("browse", [("good", 990_000.0), ("bad", 10_000.0)]));
    assert_eq!(judged(&spent).exit_code, 1);
    // Never counted either: this deploy adds it.
    let new = judged(&back().with(BUDGETS, []).with(COVERAGE, []));
    assert_eq!(
        (rule(&new, RuleName::Budget).state, new.exit_code),
        (RuleState::Warn, 0)
    );
    for (table, why) in [
        (
            back().with(PROMISED, promised(&["login", "browse"])),
            "it is promised, and its events ended",
        ),
        (back().with(PROMISED, []), "nobody says what is promised"),
        (back().doubting(PROMISED), "the answer may lack it"),
        (back().failing(PROMISED, refused()), "there is no answer"),
    ] {
        let verdict = judged(&table);
        let budget = rule(&verdict, RuleName::Budget);
        assert_eq!(budget.sentence, "the series existed and vanished", "{why}: {verdict}");
        assert_eq!(verdict.exit_code, 3, "{why}");
    }
    // What is built in is no promise that could be taken back.
    let silent = back().with(AGES, ages(HERE, [("login", 20.0)]));
    assert_eq!(
        rule(&judged(&silent), RuleName::BadRatio).sentence,
        "the series existed and vanished"
    );
    // Nobody asks where every promise is pushed.
    let table = well();
    assert_eq!(judged(&table).exit_code, 0);
    assert!(!table.asked.borrow().iter().any(|query| query.contains(PROMISED)));
}
