//! Whose series are judged: names that nobody has, several that match, and a past that is not kept.

use super::*;

const PLACES: &str = "count by (deployment_environment_name, service_namespace)";
const IN_USE: &str = r#"count(present_over_time(slo_events_total{slo_name="requests", deployment_environment_name"#;
const ANYTHING: &str = "present_over_time(up";

fn shop() -> Target {
    Target::service("shop")
}

fn place(environment: &str, namespace: &str) -> Sample {
    let labels = [
        ("deployment_environment_name", environment),
        ("service_namespace", namespace),
    ];
    Sample::new(labels.into_iter().filter(|(_, value)| !value.is_empty()), 9.0)
}

/// Of a service that is in production, asked for elsewhere.
fn elsewhere() -> Table {
    Table::default().with(PLACES, [place("production", "sales")])
}

#[test]
fn several_environments_are_named_instead_of_added_up() {
    let [of_production, none] = [HERE, ("", "sales")].map(|place| ages(place, [("requests", 20.0), ("browse", 20.0)]));
    let verdict = judged(&well().with(AGES, of_production.into_iter().chain(none)));
    assert_eq!(verdict.exit_code, 3);
    assert_eq!(
        rule(&verdict, RuleName::P95).sentence,
        "several environments match: (none), production; name one"
    );
}

#[test]
fn several_namespaces_are_named_instead_of_added_up() {
    let both = [HERE, ("production", "other")].map(|place| ages(place, [("requests", 20.0), ("browse", 20.0)]));
    let verdict = judged(&well().with(AGES, both.into_iter().flatten()));
    assert_eq!((states(&verdict), verdict.exit_code), ([RuleState::Unknown; 3], 3));
    assert_eq!(
        rule(&verdict, RuleName::BadRatio).sentence,
        "several namespaces match: other, sales; name one"
    );
}

#[test]
fn a_name_that_nobody_has_is_no_first_deploy() {
    for (target, words) in [
        (
            shop().environment("prodution"),
            "never seen in environment `prodution`, from which nobody pushes; it is in environment `production` of \
             namespace `sales`: is the name right?",
        ),
        (
            shop().namespace("sale"),
            "never seen in namespace `sale`; it is in environment `production` of namespace `sales`: is the name right?",
        ),
        (
            shop().environment("production").namespace("sale"),
            "never seen in namespace `sale`;",
        ),
        (
            shop().environment("prodution").namespace("sales"),
            "never seen in environment `prodution`,",
        ),
    ] {
        let verdict = judged_in(&elsewhere(), &target);
        assert_dark(&verdict);
        let sentence = &rule(&verdict, RuleName::BadRatio).sentence;
        assert!(sentence.starts_with(words), "{sentence}");
    }
}

#[test]
fn the_first_deploy_to_an_environment_of_others_passes_and_says_where_it_is() {
    let table = elsewhere().with(IN_USE, value(7.0));
    let verdict = judged_in(&table, &shop().environment("staging"));
    assert_eq!((states(&verdict), verdict.exit_code), ([RuleState::Warn; 3], 0));
    for rule in &verdict.rules {
        assert_eq!(
            rule.caveats[0],
            "it is in environment `production` of namespace `sales`: is this its first deploy here?"
        );
    }
    // Nobody asks where it is who has not said where it should be.
    let table = elsewhere();
    assert_eq!(judged(&table).exit_code, 0);
    assert!(!table.asked.borrow().iter().any(|query| query.contains(PLACES)));
}

#[test]
fn where_it_is_must_be_known_for_certain() {
    let staging = shop().environment("staging");
    for table in [
        elsewhere().doubting(PLACES),
        elsewhere().failing(PLACES, refused()),
        elsewhere().with(PLACES, [place("production", ""), place("production", "")]),
        elsewhere().with(IN_USE, value(7.0)).doubting(IN_USE),
        elsewhere().failing(IN_USE, refused()),
        elsewhere().with(IN_USE, value(f64::NAN)),
        elsewhere().with(IN_USE, value(0.0)),
    ] {
        let verdict = judged_in(&table, &staging);
        assert_dark(&verdict);
    }
}

#[test]
fn a_past_that_the_engine_does_not_keep_says_nothing() {
    let past = |table: &Table| {
        let (slos, then) = (slos(), DateTime::from_timestamp(1_577_836_800, 0).unwrap());
        let evidence = gather(table, &slos, &shop(), Some(then));
        slos.gate().judge(&slos, &evidence, &Request::deploy(), then)
    };
    let nothing = Table::default();
    let verdict = past(&nothing);
    assert_eq!((states(&verdict), verdict.exit_code), ([RuleState::Unknown; 3], 3));
    assert_eq!(
        rule(&verdict, RuleName::Budget).sentence,
        "the engine has nothing of anybody in the window before that moment: it may not keep so much"
    );
    assert_eq!(
        states(&past(&Table::default().with(ANYTHING, value(3.0)))),
        [RuleState::Warn; 3]
    );
    for table in [
        Table::default().failing(ANYTHING, refused()),
        Table::default().with(ANYTHING, value(3.0)).doubting(ANYTHING),
    ] {
        assert_eq!(past(&table).exit_code, 3);
    }
    // The moment was said, so nobody asks for the time.
    assert!(!nothing.asked.borrow().iter().any(|query| query == TIME));
}

#[test]
fn everything_is_asked_of_one_moment_and_that_is_the_engines() {
    let table = well();
    let _verdict = judged(&table);
    let engines = DateTime::from_timestamp(1_767_225_600, 0);
    assert!(table.moments.borrow().len() > 5);
    assert!(table.moments.borrow().iter().all(|at| *at == engines));
}

#[test]
fn a_calendars_period_is_that_of_the_engines_clock() {
    let window = "month in UTC".parse().unwrap();
    let slo = Slo::new("browse", HttpSli::routes(["/a"]), "99.9%".parse().unwrap(), window).status(Status::Agreed);
    let slos = SloSet::builder("shop")
        .slo(slo.promise("Anyone can look.").owner("search"))
        .build()
        .unwrap();
    let table = well().with(TIME, value(1_767_225_600.0 + 36_000.0));
    let evidence = gather(&table, &slos, &shop(), None);
    // Whoever judges has a clock that is eleven hours behind: another month, of which all but an hour has passed.
    let behind = DateTime::from_timestamp(1_767_225_600 - 3_600, 0).unwrap();
    let verdict = slos.gate().judge(&slos, &evidence, &Request::deploy(), behind);
    let budget = rule(&verdict, RuleName::Budget);
    assert_eq!(budget.basis, Some(slo_core::BudgetBasis::WholeWindow), "{verdict}");
    assert!(table.asked.borrow().iter().any(|query| query.contains("[36000s]")));
}
