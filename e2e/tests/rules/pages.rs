//! Pages come and go in the minute in which slo-core's simulation of the same events says so.
//!
//! The cases are numbered as in the research on peers: B01 is a total outage of ten minutes, and so on.

use e2e::{Failure, Outcome};

use crate::cases::{Case, case};
use crate::tools::slo;
use crate::unit::{counts, run};

fn agree(days: &[u32], of: impl Fn(u32) -> Vec<Case>) -> Outcome {
    for days in days {
        let failed = |error: Failure| Failure::new(format!("{days} days: {error:?}"));
        let tests = of(*days).iter().map(Case::test).collect::<Result<Vec<_>, _>>()?;
        run(&slo(&format!("rules --fleet --window {days}d"))?, "1m", &tests).map_err(failed)?;
    }
    Ok(())
}

#[test]
fn pages_come_and_go_with_slo_core_for_every_usual_window() -> Outcome {
    agree(&[7, 28, 30, 90], |days| {
        vec![
            case(
                "B01 total outage of 10 min",
                days,
                &[counts(10, 0, 1_000), counts(180, 1_000, 0)],
            ),
            case(
                "B02 15% for 10 min",
                days,
                &[counts(10, 850, 150), counts(180, 1_000, 0)],
            ),
        ]
    })
}

#[test]
fn slow_burns_page_late_and_budgets_that_last_never() -> Outcome {
    agree(&[30], |days| {
        let low = Case {
            target: "90%",
            budget: "0.1",
            ..case("B13 total outage at a target of 90%", days, &[counts(300, 0, 1_000)])
        };
        vec![
            case("B03 exactly 1.0x", days, &[counts(240, 999, 1)]),
            case("B10 2x", days, &[counts(240, 998, 2)]),
            case("B11 14x", days, &[counts(300, 986, 14)]),
            low,
        ]
    })
}

#[test]
fn a_failure_at_night_pages_nobody_and_five_do() -> Outcome {
    agree(&[30], |days| {
        let (quiet, hour) = (counts(59, 0, 0), counts(1, 9, 0));
        let night = |bad: u64| {
            let mut night = vec![counts(360, 0, 0), hour, quiet];
            night.extend(
                std::iter::repeat_n([counts(1, 0, 1), counts(9, 0, 0)], usize::try_from(bad).unwrap_or(0)).flatten(),
            );
            night.extend([counts(30, 0, 0), hour, quiet]);
            night
        };
        vec![
            case("B04 one failure at night", days, &night(1)),
            case("four failures at night", days, &night(4)),
            case("five failures at night", days, &night(5)),
        ]
    })
}

#[test]
fn silence_ends_no_page_and_begins_none() -> Outcome {
    agree(&[30], |days| {
        let outage = counts(10, 0, 1_000);
        vec![
            case("an outage after which nobody comes", days, &[outage, counts(500, 0, 0)]),
            case(
                "an outage after which somebody comes late",
                days,
                &[outage, counts(40, 0, 0), counts(60, 1_000, 0)],
            ),
        ]
    })
}

/// A window made longer, a factor swapped, a comparison softened, a guard or a clause dropped: each is noticed.
#[test]
fn rules_that_say_something_else_are_noticed() -> Outcome {
    let outage = counts(10, 0, 1_000);
    let short_outage = case("B01 total outage of 10 min", 30, &[outage, counts(60, 1_000, 0)]);
    let silent = case("an outage after which nobody comes", 30, &[outage, counts(60, 0, 0)]);
    let slow = case("B11 14x", 30, &[counts(160, 986, 14)]);
    let four = case(
        "four failures at once",
        30,
        &[counts(360, 0, 0), counts(1, 0, 4), counts(10, 0, 0)],
    );
    let exactly = Case {
        target: "90%",
        budget: "0.1",
        ..case("B13 total outage at a target of 90%", 30, &[counts(220, 0, 1_000)])
    };
    let rules = slo("rules --fleet --window 30d")?;
    for (from, to, case) in [
        ("[30m]))", "[50m]))", &short_outage),
        ("> 14.4", "> 4.4", &slow),
        (") > 6", ") > 16", &slow),
        (") > 6", ") >= 6", &exactly),
        ("> 4.5", "> 3.5", &four),
        ("alertstate=\"firing\"", "alertstate=\"pending\"", &silent),
        ("- 1) / 360, 1)", "+ 360) / 360, 1)", &slow),
        ("slo_outcome=~\"good|bad\"", "slo_outcome=\"good\"", &slow),
    ] {
        let changed = rules.replace(from, to);
        assert_ne!(changed, rules, "{from} is not in the rules");
        let name = case.name;
        assert!(run(&rules, "1m", &[case.test()?]).is_ok(), "{name} fails as it is");
        assert!(
            run(&changed, "1m", &[case.test()?]).is_err(),
            "{from} became {to}, and {name} did not notice"
        );
    }
    Ok(())
}
