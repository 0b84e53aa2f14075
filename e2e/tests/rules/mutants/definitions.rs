//! Every change of what the fleet's rules take from definitions: windows, starts, statuses, planned times, budgets.
//!
//! Old instances say something from the beginning, new ones from minute 80 on: they are believed until minute 140.

use std::collections::BTreeMap;

use e2e::{Failure, Outcome};

use super::{Change, all_are_noticed, mutants};
use crate::rule_text::{Rule, needed_by};
use crate::tools::slo;
use crate::unit::{Story, Test, counts};

const DAY: u64 = 86_400;
const OLD: u64 = 0;
const NEW: u64 = 80;
/// Newer than the new ones, which are still there.
const NEWEST: u64 = 130;
/// Before the new ones, while they are believed, and after.
const BEFORE: u64 = 75;
const YOUNG: u64 = 135;
const AFTER: u64 = 145;
/// All that is said goes on until then.
const END: u64 = 155;

/// What some instances say of SLOs, each of which is one question.
struct Said {
    test: Test,
    instances: BTreeMap<String, u64>,
}

impl Said {
    fn new(name: &str) -> Self {
        let other = Story::new(30, "0.001", &[counts(END, 1, 0)]);
        Self {
            test: Test::new(name, &other),
            instances: BTreeMap::new(),
        }
    }

    /// One more instance that says something of an SLO: some metrics, with more labels, and their values.
    fn says(mut self, slo: &str, since: u64, more: &str, metrics: &[(&str, &str)]) -> Self {
        let instance = self.instances.entry(slo.to_owned()).or_default();
        *instance += 1;
        let labels = format!(r#"service_name="shop", service_instance_id="{instance}", slo_name="{slo}"{more}"#);
        let before = if since > 0 {
            format!("_x{since} ")
        } else {
            String::new()
        };
        for (metric, value) in metrics {
            let values = format!("{before}{value}x{}", END - since);
            self.test = self.test.also(format!("{metric}{{{labels}}}"), &values);
        }
        self
    }

    /// Of so many days, with a period that began then.
    fn window(self, slo: &str, since: u64, days: u64, start: Option<&str>) -> Self {
        let seconds = (days * DAY).to_string();
        let start = start.map(|start| ("slo_window_start_seconds", start));
        let metrics: Vec<_> = [("slo_window_seconds", seconds.as_str())]
            .into_iter()
            .chain(start)
            .collect();
        self.says(slo, since, "", &metrics)
    }

    /// What is recorded of an SLO at the three moments.
    fn then(mut self, record: &str, slo: &str, values: [Option<&str>; 3]) -> Self {
        for (minute, value) in [BEFORE, YOUNG, AFTER].into_iter().zip(values) {
            self = self.at(minute, record, slo, value);
        }
        self
    }

    fn at(mut self, minute: u64, record: &str, slo: &str, value: Option<&str>) -> Self {
        let (name, more) = record.split_once('{').unwrap_or((record, "}"));
        let more = more.trim_end_matches('}');
        self.test = self
            .test
            .expect(minute, format!(r#"sum({name}{{slo_name="{slo}", {more}}})"#), value);
        self
    }
}

fn days(days: u64) -> String {
    (days * DAY).to_string()
}

/// The newest window, then the least.
fn windows() -> Test {
    let both = Said::new("windows")
        .window("both", OLD, 30, None)
        .window("both", OLD, 40, None)
        .window("both", NEW, 90, None)
        .window("both", NEW, 100, None);
    let [least, newest] = [days(30), days(90)];
    both.then(
        "slo:window:seconds",
        "both",
        [Some(&least), Some(&newest), Some(&least)],
    )
    .test
}

/// A start is there where the window that counts is a calendar's.
fn starts() -> Test {
    let (old, new) = (Some("1000"), Some("600"));
    let said = Said::new("starts")
        .window("turn", OLD, 7, old)
        .window("turn", OLD, 7, Some("500"))
        .window("turn", NEW, 7, new)
        .window("turn", NEW, 7, Some("400"))
        .window("to-longer", OLD, 7, old)
        .window("to-longer", NEW, 30, None)
        .window("to-shorter", OLD, 90, old)
        .window("to-shorter", NEW, 30, None)
        .window("from-longer", OLD, 30, None)
        .window("from-longer", NEW, 7, new)
        .window("from-shorter", OLD, 30, None)
        .window("from-shorter", NEW, 90, new)
        // As long as each other.
        .window("tie", OLD, 7, None)
        .window("tie", OLD, 7, old)
        .window("tie", NEW, 7, None)
        .window("tie", NEW, 7, new)
        // Of two that are new.
        .window("rolling", OLD, 7, old)
        .window("rolling", NEW, 30, None)
        .window("rolling", NEW, 90, new)
        // The least of each kind.
        .window("two-rolling", OLD, 5, None)
        .window("two-rolling", OLD, 60, None)
        .window("two-rolling", OLD, 7, old)
        .window("two-rolling", NEW, 6, None)
        .window("two-rolling", NEW, 60, None)
        .window("two-rolling", NEW, 7, new)
        .window("two-periods", OLD, 30, None)
        .window("two-periods", OLD, 7, old)
        .window("two-periods", OLD, 90, Some("500"))
        .window("two-periods", NEW, 30, None)
        .window("two-periods", NEW, 7, new)
        .window("two-periods", NEW, 90, Some("400"))
        // What is new no more counts with what is old, and not with what is newest.
        .window("newest", OLD, 7, old)
        .window("newest", NEW, 30, None)
        .window("newest", NEWEST, 90, new)
        .window("newest-two", OLD, 60, old)
        .window("newest-two", NEW, 7, Some("400"))
        .window("newest-two", NEWEST, 30, None)
        .window("newest-two", NEWEST, 90, new);
    let expected = [
        ("turn", [old, new, old]),
        ("to-longer", [old, None, old]),
        ("to-shorter", [old, None, None]),
        ("from-longer", [None, new, new]),
        ("from-shorter", [None, new, None]),
        ("tie", [old, new, old]),
        ("rolling", [old, None, old]),
        ("two-rolling", [None, None, None]),
        ("two-periods", [old, new, old]),
        ("newest", [old, None, new]),
        ("newest-two", [old, new, None]),
    ];
    let said = expected.into_iter().fold(said, |said, (slo, values)| {
        said.then("slo:window_start:seconds", slo, values)
    });
    said.test
}

/// Of instances that disagree, the newest; then any that is agreed. With who tells of it and its tier.
fn statuses() -> Test {
    let info = [("slo_spec_info", "1")];
    let says = |said: Said, slo, since, status: &str, tier: &str| {
        let more = format!(r#", slo_status="{status}", slo_alerts="own", slo_tier="{tier}""#);
        said.says(slo, since, &more, &info)
    };
    let mut said = Said::new("statuses");
    for (slo, since, status, tier) in [
        ("withdrawn", OLD, "agreed", "gold"),
        ("withdrawn", NEW, "draft", "gold"),
        ("agreed", OLD, "draft", "gold"),
        ("agreed", NEW, "agreed", "gold"),
        ("promoted", OLD, "agreed", "gold"),
        ("promoted", NEW, "agreed", "silver"),
        ("newest", OLD, "agreed", "gold"),
        ("newest", NEW, "agreed", "gold"),
        ("newest", NEWEST, "draft", "gold"),
    ] {
        said = says(said, slo, since, status, tier);
    }
    let (gold, silver) = (
        r#"slo:status:agreed{slo_alerts="own", tier="gold"}"#,
        r#"slo:status:agreed{slo_alerts="own", tier="silver"}"#,
    );
    let one = Some("1");
    said.then(gold, "withdrawn", [one, None, one])
        .then(gold, "agreed", [None, one, one])
        .then(gold, "promoted", [one, None, one])
        .then(silver, "promoted", [None, one, one])
        .then(gold, "newest", [one, one, None])
        .test
}

/// Until the last of what the newest instances say, and all may be stopped meanwhile; and that rules are evaluated.
fn planned() -> Test {
    // Of an SLO: what each of its instances says of the end, and how long it says a window.
    let instances: [(&str, &[(&str, &str)]); 10] = [
        ("runs", &[("9000x155", "1x155"), ("8800x155", "1x155")]),
        ("over", &[("600x155", "1x155")]),
        ("begins", &[("0x69 9000x85", "1x155"), ("0x69 8800x85", "1x155")]),
        ("stopped", &[("9000x5", "1x5")]),
        // Another spec says that it is over, or nothing of it; then it goes, or both are there.
        ("lifted", &[("9000x155", "1x155"), ("_x80 0x75", "_x80 1x75")]),
        ("removed", &[("9000x155", "1x155"), ("_x155", "_x80 1x75")]),
        ("turns", &[("0x155", "1x155"), ("_x80 0x49 9000x25", "_x80 1x75")]),
        ("lifted-gone", &[("9000x85", "1x85"), ("_x80 0x30", "_x80 1x30")]),
        ("removed-late", &[("9000x5", "1x5"), ("_x155", "_x80 1x30")]),
        // Its window is seen a little longer.
        ("just-gone", &[("9000x103", "1x106")]),
    ];
    let mut said = Said::new("planned");
    for (slo, each) in instances {
        for (instance, (end, window)) in each.iter().enumerate() {
            let labels = format!(r#"{{service_name="shop", service_instance_id="{instance}", slo_name="{slo}"}}"#);
            said.test = said
                .test
                .also(format!("slo_exclusion_end_seconds{labels}"), end)
                .also(format!("slo_window_seconds{labels}"), window);
        }
    }
    let (ends, to_the_end) = ("slo:exclusion_end:seconds", Some("9000"));
    let all = [
        ("runs", [to_the_end; 3]),
        ("over", [None; 3]),
        ("begins", [to_the_end; 3]),
        ("stopped", [to_the_end; 3]),
        ("lifted", [to_the_end, None, to_the_end]),
        ("removed", [to_the_end, None, to_the_end]),
        ("turns", [None, to_the_end, to_the_end]),
        ("lifted-gone", [to_the_end, None, None]),
        ("removed-late", [to_the_end, None, None]),
        ("just-gone", [to_the_end; 3]),
    ];
    said = all
        .into_iter()
        .fold(said, |said, (slo, values)| said.then(ends, slo, values));
    said = said
        .at(30, ends, "runs", to_the_end)
        .at(65, ends, "begins", None)
        .at(150, ends, "runs", None)
        .at(150, ends, "stopped", None)
        .at(5, ends, "over", Some("600"))
        .at(10, ends, "over", None);
    said.test = said.test.expect(5, "count(slo:rules:heartbeat == 1)", Some("1"));
    said.test
}

/// The least of the newest that is one, where the window is this one.
fn budgets() -> Test {
    let (month, week) = (days(30), days(7));
    let mut said = Said::new("budgets");
    let budget = "slo_error_budget_ratio";
    for (slo, since, value) in [
        ("newest", OLD, "0.01"),
        ("newest", OLD, "0.02"),
        ("newest", NEW, "0.03"),
        ("newest", NEW, "0.04"),
        // No budgets.
        ("none", OLD, "0"),
        ("all", OLD, "1"),
        ("none-new", OLD, "0.5"),
        ("none-new", NEW, "0"),
        ("all-new", OLD, "0.5"),
        ("all-new", NEW, "1"),
    ] {
        let rolling = [(budget, value), ("slo_window_seconds", month.as_str())];
        let period = [
            (budget, value),
            ("slo_window_seconds", week.as_str()),
            ("slo_window_start_seconds", "1"),
        ];
        said = said.says(slo, since, "", &rolling);
        said = said.says(&format!("week-{slo}"), since, "", &period);
    }
    // Of windows: a second and a day too short or too long, and each with and without a period.
    let lengths = [
        month.clone(),
        (30 * DAY - 1).to_string(),
        (30 * DAY + 1).to_string(),
        "601199".to_owned(),
        "601200".to_owned(),
        "604800".to_owned(),
        "608400".to_owned(),
        "608401".to_owned(),
    ];
    for length in &lengths {
        let rolling = [(budget, "0.5"), ("slo_window_seconds", length.as_str())];
        let period = [rolling[0], rolling[1], ("slo_window_start_seconds", "1")];
        said = said.says(&format!("rolling-{length}"), OLD, "", &rolling);
        said = said.says(&format!("period-{length}"), OLD, "", &period);
    }
    // Which others count, and something that is no SLO of theirs.
    for (slo, sli) in [("foreign", "prometheus"), ("counted", "http")] {
        let rolling = [(budget, "0.5"), ("slo_window_seconds", month.as_str())];
        let period = [
            (budget, "0.5"),
            ("slo_window_seconds", week.as_str()),
            ("slo_window_start_seconds", "1"),
        ];
        for (slo, metrics) in [(slo.to_owned(), &rolling[..]), (format!("week-{slo}"), &period)] {
            said = said.says(&slo, OLD, "", metrics);
            said = said.says(&slo, OLD, &format!(r#", slo_sli="{sli}""#), &[("slo_spec_info", "1")]);
        }
    }
    let (rolling, week_budget) = (
        r#"slo:error_budget:ratio{slo_window="30d", slo_rules=""}"#,
        r#"slo:error_budget:ratio{slo_window="week", slo_rules=""}"#,
    );
    let half = Some("0.5");
    for (slo, values) in [
        ("newest", [Some("0.01"), Some("0.03"), Some("0.01")]),
        ("none", [None; 3]),
        ("all", [None; 3]),
        ("none-new", [half; 3]),
        ("all-new", [half; 3]),
        ("foreign", [None; 3]),
        ("counted", [half; 3]),
    ] {
        said = said
            .then(rolling, slo, values)
            .then(week_budget, &format!("week-{slo}"), values);
    }
    for length in &lengths {
        let is_week = ["601200", "604800", "608400"].contains(&length.as_str());
        let (of_month, of_week) = ((*length == month).then_some("0.5"), is_week.then_some("0.5"));
        said = said
            .at(BEFORE, rolling, &format!("rolling-{length}"), of_month)
            .at(BEFORE, rolling, &format!("period-{length}"), None)
            .at(BEFORE, week_budget, &format!("rolling-{length}"), None)
            .at(BEFORE, week_budget, &format!("period-{length}"), of_week);
    }
    said.test
}

/// Every change of one definition.
fn changes(expr: &str) -> Vec<Change> {
    let swaps: [(&str, &[&str]); 20] = [
        ("min by", &["max by"]),
        ("max by", &["min by"]),
        ("unless", &["and", "or"]),
        ("and", &["unless", "or"]),
        ("or\n", &["and\n", "unless\n"]),
        ("or (", &["and (", "unless ("]),
        ("offset 1h", &["offset 50m", "offset 70m"]),
        ("<\n", &[">\n", "<=\n"]),
        ("> 0", &["> -1", "> 0.9"]),
        ("< 1", &["< 2", "< 0.001"]),
        ("> time()", &[">= time()", "< time()"]),
        ("[1d]", &["[1h]"]),
        ("[10m]", &["[1m]"]),
        ("\"agreed\"", &["\"draft\""]),
        ("slo_sli=", &["slo_sli!="]),
        ("\"slo_tier\"", &["\"slo_owner\""]),
        ("vector(1)", &["vector(0)"]),
        ("== 2592000", &[">= 2592000", "<= 2592000"]),
        (">= 601200", &["> 601200", ">= 1"]),
        ("<= 608400", &["< 608400", "<= 999999"]),
    ];
    let mut all: Vec<Change> = Vec::new();
    for (from, to) in swaps {
        for (at, _) in expr.match_indices(from) {
            let is_inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let is_part = from.ends_with(is_inside)
                && (expr[..at].ends_with(is_inside) || expr[at + from.len()..].starts_with(is_inside));
            let is_whether = from == "max by" && says_whether(expr, at);
            // Of what is over, 0 is said in any case.
            let is_over = expr[at..].starts_with("> time()\n");
            if !is_part && !is_whether && !is_over {
                all.extend(to.iter().map(|to| (at..at + from.len(), (*to).to_owned())));
            }
        }
    }
    all
}

/// Of series that are all 1, of one alone, and of those that are only looked for, the least says as much as the most.
fn says_whether(expr: &str, at: usize) -> bool {
    let line = expr[at..].lines().next().unwrap_or_default();
    let alike = [
        "slo_spec_info",
        "(slo_window_seconds unless slo_window_seconds offset",
        "(slo_window_seconds unless last_over_time(",
        "(last_over_time(slo:exclusion_said:seconds{",
    ];
    alike.iter().any(|text| line.contains(text))
}

#[test]
fn definitions_notice_every_change() -> Outcome {
    let rules = slo("rules --fleet --window 30d --window week")?;
    let rules = needed_by(&rules, |rule| rule.group.contains("slo-1-definitions"))?;
    let cases = [windows(), starts(), statuses(), planned(), budgets()];
    let all = mutants(&rules, |_: &Rule, expr| changes(expr))?;
    let of = |name: &str| all.iter().filter(|mutant| mutant.what.starts_with(name)).count();
    for name in [
        "slo:window:",
        "slo:window_start:",
        "slo:status:",
        "slo:exclusion",
        "slo:rules:",
        "slo:error_budget:",
    ] {
        if of(name) == 0 {
            return Err(Failure::new(format!("no change of {name}")));
        }
    }
    println!("{}", all_are_noticed(&rules, "5m", &cases, all)?);
    Ok(())
}
