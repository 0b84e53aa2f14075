//! While a rollout changes the window of an SLO, and for longer than it should: somebody is told at each moment.

use e2e::Outcome;

use crate::rule_text::{burns, needed_by};
use crate::tools::slo;
use crate::unit::{Story, Test, counts, run};

const SECOND: &str =
    r#"service_name="shop", deployment_environment_name="prod", service_instance_id="2", slo_name="pay""#;
const ENGINES: [&str; 2] = ["prometheus", "victoriametrics"];
/// A budget of a thousandth.
const BUDGET: &str = "0.001";

/// Days of a window, and the minute in which its period began where it is a calendar's.
type Window = (u64, Option<u64>);

const WEEK: Window = (7, Some(0));
const QUARTER: Window = (90, Some(0));
const ROLLING: Window = (30, None);

/// One instance says the first window to the end, another the second from the 60th minute on; all fails from a minute on.
fn rollout(name: &str, (from, to): (Window, Window), fails: u64, end: u64) -> Test {
    let first = Story {
        start: from.1,
        ..Story::new(from.0, BUDGET, &[counts(fails, 100, 0), counts(end - fails, 0, 100)])
    };
    let second = Story {
        start: to.1,
        born: 60,
        labels: SECOND,
        ..Story::new(to.0, BUDGET, &[counts(fails - 60, 100, 0), counts(end - fails, 0, 100)])
    };
    Test::new(name, &first).with(second).silent("page", fails)
}

#[test]
fn an_outage_is_told_whatever_window_a_rollout_comes_from_and_goes_to() -> Outcome {
    let told = |name, windows, fails| {
        let test = rollout(name, windows, fails, fails + 40);
        (fails + 8..=fails + 40).fold(test, |test, minute| test.fires("page", minute))
    };
    let tests = [
        told("a week to 30 days", (WEEK, ROLLING), 65),
        told("a quarter to 30 days", (QUARTER, ROLLING), 65),
        told("30 days to a week", (ROLLING, WEEK), 65),
        told("30 days to a quarter", (ROLLING, QUARTER), 65),
        // After the hour in which the newer one is believed, the stricter one is.
        told("a week to 30 days, slowly", (WEEK, ROLLING), 130),
        told("a quarter to 30 days, slowly", (QUARTER, ROLLING), 130),
        told("30 days to a week, slowly", (ROLLING, WEEK), 130),
        told("30 days to a quarter, slowly", (ROLLING, QUARTER), 130),
    ];
    for engine in ENGINES {
        let rules = slo(&format!(
            "rules --fleet --engine {engine} --window 30d --window week --window quarter"
        ))?;
        run(&needed_by(&rules, |rule| burns(rule, "page"))?, "1m", &tests)?;
    }
    Ok(())
}

/// What is wrong with a definition is told of what is told: a draft burns no budget, and what nobody is told of has no reader.
#[test]
fn definitions_are_told_of_where_somebody_is_told() -> Outcome {
    let unknown = r#"count(ALERTS{alertname="SloWindowWithoutRules", alertstate="firing"})"#;
    let differ = r#"count(ALERTS{alertname="SloSpecsDiffer", alertstate="firing"})"#;
    let told = |name: &str, status, said, value| {
        let of = |budget| Story {
            status,
            said,
            ..Story::new(14, budget, &[counts(200, 100, 0)])
        };
        let second = Story {
            labels: SECOND,
            ..of("0.01")
        };
        Test::new(name, &of(BUDGET))
            .with(second)
            .expect(200, unknown, value)
            .expect(200, differ, value)
    };
    let tests = [
        told("agreed", "agreed", "", Some("1")),
        told("alerts of its own", "agreed", r#", slo_alerts="own""#, Some("1")),
        told("a draft", "draft", r#", slo_alerts="standard""#, None),
        told("nobody", "agreed", r#", slo_alerts="none""#, None),
    ];
    for engine in ENGINES {
        let rules = slo(&format!("rules --fleet --window 30d --engine {engine}"))?;
        let rules = needed_by(&rules, |rule| {
            rule.text.contains("SloWindowWithoutRules") || rule.text.contains("SloSpecsDiffer")
        })?;
        run(&rules, "1m", &tests)?;
    }
    Ok(())
}
