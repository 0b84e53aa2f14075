//! Who tells of an SLO: the fleet's rules, rules of its own beside them, or nobody; and the tier that alerts carry.

use std::collections::BTreeSet;

use e2e::{Binary, Failure, Outcome};

use crate::rule_text::rules;
use crate::tools::{self, slo};
use crate::unit::{Story, Stretch, Test, counts, run};

/// An SLO with alerts of its own, one that tells nobody, one as usual, and one whose severities have other names.
const SPEC: &str = r#"
version: 1
service: shop
alerts: { tier: gold }
slos:
  - name: pay
    promise: Whoever wants to pay can.
    owner: shop-team
    status: agreed
    sli: { http: { routes: [/pay] } }
    objective: 99.9%
    window: 30d
    alerts:
      minimum_bad_events: 2
      conditions:
        - { severity: page, share: 3%, long: 2h, short: 15m }
        - { severity: page, share: 40%, long: 12h, short: 1h }
        - { severity: ticket, share: 20%, long: 2d, short: 3h }
  - { name: nobody, promise: P., owner: o, status: agreed, sli: { http: { routes: [/a] } }, objective: 99%, window: 30d, alerts: false }
  - { name: usual, promise: P., owner: o, status: agreed, sli: { http: { routes: [/b] } }, objective: 99%, window: 30d }
  - { name: renamed, promise: P., owner: o, status: agreed, sli: { http: { routes: [/c] } }, objective: 99%, window: 30d, alerts: { severities: { page: P1, ticket: P3 } } }
  - { name: draft, sli: { http: { routes: [/d] } }, objective: 99%, window: 30d, alerts: { minimum_bad_events: 1 } }
"#;

const ENGINES: [&str; 2] = ["prometheus", "victoriametrics"];
const ANY: &str = r#"count(ALERTS{alertname="SloErrorBudgetBurn"})"#;
const WITHOUT: &str = r#"count(ALERTS{alertname="SloAlertsWithoutRules", alertstate="firing", severity="ticket"})"#;
const SECOND: &str =
    r#"service_name="shop", deployment_environment_name="prod", service_instance_id="2", slo_name="pay""#;

fn fleet(engine: &str) -> Result<String, Failure> {
    slo(&format!("rules --fleet --window 30d --engine {engine}"))
}

fn beside(engine: &str) -> Result<String, Failure> {
    let folder = tools::folder(&[("slo.yaml", SPEC)])?;
    let spec = folder.path().join("slo.yaml");
    slo(&format!("rules --beside-fleet --engine {engine} {}", spec.display()))
}

/// The fleet's rules, and behind them those that are beside them.
fn both(engine: &str) -> Result<String, Failure> {
    let beside = beside(engine)?;
    let (_, groups) = beside
        .split_once("groups:\n")
        .ok_or_else(|| Failure::new("a file without groups"))?;
    Ok(fleet(engine)? + groups)
}

/// An outage of twenty minutes after two hours.
fn outage(said: &'static str) -> Story {
    Story {
        said,
        ..Story::new(30, "0.001", &[counts(120, 100, 0), counts(20, 0, 100)])
    }
}

/// From a minute on another process says it, of another tier or with other alerts.
fn then(first: &Story, at: u64, minutes: u64, said: &'static str) -> Test {
    let second = Story {
        said,
        born: at,
        labels: SECOND,
        ..Story::new(30, "0.001", &[counts(minutes, 0, 100)])
    };
    Test::new(format!("{} then {said}", first.said), first).with(second)
}

#[test]
fn who_says_that_nobody_is_told_is_told_by_no_rule() -> Outcome {
    let none = r#", slo_alerts="none", slo_tier="gold""#;
    let mut dies = outage(none);
    dies.stretches.push(Stretch::Gap { minutes: 60 });
    let mut test = Test::new("nobody", &dies);
    for minute in 120..=200 {
        test = test.expect(minute, r"count(ALERTS)", None);
    }
    // Measured as ever.
    let test = test.expect_near(140, "slo:error_ratio:rate5m", 1.0, 1e-9);
    let usual = Test::new("as usual", &outage(r#", slo_alerts="standard""#)).fires("page", 135);
    for engine in ENGINES {
        run(&fleet(engine)?, "1m", &[test.clone(), usual.clone()])?;
    }
    Ok(())
}

/// Half of a quarter of an hour excluded is a ticket, unless nobody is told.
#[test]
fn what_is_excluded_is_told_like_the_rest() -> Outcome {
    let much = r#"count(ALERTS{alertname="SloMuchExcluded", alertstate="firing", tier="gold"})"#;
    let excluded = r#"slo_events_total{service_name="shop", deployment_environment_name="prod", service_instance_id="1", slo_name="pay", slo_outcome="excluded"}"#;
    let of = |said: &'static str, value| {
        let mut story = outage(said);
        story.stretches = vec![counts(60, 100, 0)];
        // Of an instance of its own, as the story has one with none.
        let series = excluded.replace(r#"instance_id="1""#, r#"instance_id="3""#);
        Test::new(format!("much excluded{said}"), &story)
            .also(series, "0+100x60")
            .expect(60, much, value)
    };
    let tests = [
        of(r#", slo_alerts="standard", slo_tier="gold""#, Some("1")),
        of(r#", slo_alerts="own", slo_tier="gold""#, Some("1")),
        of(r#", slo_alerts="none", slo_tier="gold""#, None),
    ];
    for engine in ENGINES {
        run(&fleet(engine)?, "1m", &tests)?;
    }
    Ok(())
}

/// Two bad events are enough for its own page, and too few for the usual one, which nobody tells.
#[test]
fn alerts_of_its_own_are_told_beside_the_fleet_only() -> Outcome {
    let own = r#", slo_alerts="own", slo_tier="gold""#;
    let silent = Test::new("without rules of its own", &outage(own))
        .expect(139, ANY, None)
        .expect(14, WITHOUT, None)
        .expect(20, WITHOUT, Some("1"))
        .expect(139, WITHOUT, Some("1"));
    // 10.8x in two hours: 2 h * 10.8 * 0.001 of a total outage is 78 s.
    let told = Test::new("beside the fleet's", &outage(own))
        .silent("page", 121)
        .fires("page", 122)
        .fires("page", 140)
        .expect(140, WITHOUT, None)
        .expect(140, r#"count(ALERTS{severity="page", tier="gold"})"#, Some("1"));
    let two = Story {
        said: own,
        ..Story::new(30, "0.001", &[counts(120, 1, 0), counts(1, 0, 2), counts(10, 1, 0)])
    };
    let few = Test::new("two of few", &two).silent("page", 120).fires("page", 121);
    for engine in ENGINES {
        run(&fleet(engine)?, "1m", std::slice::from_ref(&silent))?;
        run(&both(engine)?, "1m", &[told.clone(), few.clone()])?;
    }
    Ok(())
}

/// 3x in two days and in three hours, which the fleet's rules do not look at; and a trickle, by its own minimum.
#[test]
fn its_tickets_are_told_from_the_fleets_tiles() -> Outcome {
    let own = r#", slo_alerts="own""#;
    const DAY: u64 = 1_440;
    let slow = Story {
        said: own,
        ..Story::new(
            30,
            "0.001",
            &[counts(DAY, 1_000, 0), counts(2 * DAY, 996, 4), counts(DAY, 1_000, 0)],
        )
    };
    // 3x of 4x: three quarters of two days, and a quarter of three hours.
    let (from, to) = (DAY + DAY * 3 / 2, 3 * DAY + 45);
    let slow = Test::new("4x for two days", &slow)
        .silent("ticket", from - 5)
        .fires("ticket", from + 15)
        .fires("ticket", to - 15)
        .silent("ticket", to + 15);
    let one = [counts(2, 0, 0), counts(1, 0, 1), counts(2 * DAY + 17, 0, 0)];
    let trickle = Story {
        said: own,
        ..Story::new(30, "0.001", &[one, one].concat())
    };
    let again = 2 * DAY + 23;
    let trickle = Test::new("one, and another two days later", &trickle)
        .silent("ticket", again - 4)
        .fires("ticket", again + 7);
    for engine in ENGINES {
        // As in `budgets`: the form of a tile that is exact under promtool.
        let rules = both(engine)?.replace("[6m])) * (5 / 6)", "[5m]))");
        run(&rules, "5m", &[slow.clone(), trickle.clone()])
            .map_err(|error| Failure::new(format!("{engine}: {error:?}")))?;
    }
    Ok(())
}

/// Nothing is recorded twice, and nothing is missed twice.
#[test]
fn what_is_beside_the_fleet_is_nothing_that_the_fleet_has() -> Outcome {
    for engine in ENGINES {
        let (fleet, beside) = (rules(&fleet(engine)?)?, rules(&beside(engine)?)?);
        let names = |all: &[crate::rule_text::Rule]| -> BTreeSet<String> {
            all.iter().filter_map(|rule| rule.records.clone()).collect()
        };
        let (of_all, own) = (names(&fleet), names(&beside));
        assert_eq!(of_all.intersection(&own).count(), 0, "{own:?}");
        let expected = [
            "slo:alerts:beside_fleet",
            "slo:bad_events:increase12h",
            "slo:bad_events:increase2d",
            "slo:error_ratio:rate12h",
            "slo:error_ratio:rate15m",
            "slo:error_ratio:rate2d",
            "slo:error_ratio:rate3h",
        ];
        assert_eq!(own.into_iter().collect::<Vec<_>>(), expected);
        let alerts: Vec<_> = beside.iter().filter(|rule| rule.records.is_none()).collect();
        let all_burn = alerts
            .iter()
            .all(|rule| rule.text.contains("alert: SloErrorBudgetBurn\n"));
        assert!(all_burn && alerts.len() == 4, "two severities of two SLOs");
        let of = |text: &str| alerts.iter().filter(|rule| rule.text.contains(text)).count();
        assert_eq!((of("slo_name: pay\n"), of("slo_name: renamed\n")), (2, 2));
        assert_eq!(
            (of("severity: P1\n"), of("severity: P3\n"), of("tier: gold\n")),
            (1, 1, 4)
        );
    }
    Ok(())
}

/// While a rollout is half done some process says one thing and some another: the newest one is believed for an hour, then any
/// that wants the usual alerts. Somebody tells at each moment, and two only for as long as a page is kept: 5 or 15 minutes.
#[test]
fn somebody_tells_while_instances_disagree() -> Outcome {
    let (standard, own) = (r#", slo_alerts="standard""#, r#", slo_alerts="own""#);
    let (by_all, by_its_own) = (
        r#"count(ALERTS{alertname="SloErrorBudgetBurn", severity="page", alertstate="firing", tier=""})"#,
        r#"count(ALERTS{alertname="SloErrorBudgetBurn", severity="page", alertstate="firing", tier="gold"})"#,
    );
    let long = |said| Story {
        said,
        ..Story::new(30, "0.001", &[counts(60, 100, 0), counts(150, 0, 100)])
    };
    let told = |mut test: Test, minutes: std::ops::RangeInclusive<u64>, all: bool| {
        for minute in minutes.step_by(10) {
            let (all, its_own) = if all { (Some("1"), None) } else { (None, Some("1")) };
            test = test.expect(minute, by_all, all).expect(minute, by_its_own, its_own);
        }
        test
    };
    // The second process is there from minute 90 on, and young until minute 150.
    let newer = then(&long(standard), 90, 120, own);
    let newer = told(newer, 70..=89, true);
    let newer = told(newer, 100..=149, false);
    let newer = told(newer, 170..=210, true);
    let back = then(&long(own), 90, 120, standard);
    let back = told(back, 70..=89, false);
    let back = told(back, 110..=210, true);
    // One that is older than the label is one of all.
    let older = told(Test::new("older than the label", &long("")), 70..=210, true);
    for engine in ENGINES {
        run(&both(engine)?, "1m", &[newer.clone(), back.clone(), older.clone()])?;
    }
    Ok(())
}

/// Another tier is another label of the alerts, and of nothing that is added up: no budget begins anew.
#[test]
fn a_change_of_tier_or_alerts_splits_no_history() -> Outcome {
    let first = Story {
        said: r#", slo_alerts="standard", slo_tier="gold""#,
        ..Story::new(30, "0.001", &[counts(120, 100, 0), counts(60, 90, 10)])
    };
    let tier = |name: &str| {
        format!(
            r#"count(ALERTS{{alertname="SloErrorBudgetBurn", severity="page", alertstate="firing", tier="{name}"}})"#
        )
    };
    let whole = |test: Test, minute, bad: f64, valid: f64| {
        let mut test = test
            .expect_near(minute, "slo:error_ratio:period", bad / valid, 1e-9)
            .expect_near(minute, "slo:coverage:ratio", as_covered(minute), 0.02);
        for name in [
            "slo:error_ratio:period",
            "slo:error_budget:ratio",
            "slo:valid_events:increase5m",
        ] {
            test = test.expect(minute, format!("count({name})"), Some("1"));
        }
        test
    };
    for said in [
        r#", slo_alerts="standard", slo_tier="silver""#,
        r#", slo_alerts="own", slo_tier="gold""#,
        r#", slo_alerts="none""#,
    ] {
        // The second counts on where the first ends.
        let mut second = Story::new(30, "0.001", &[counts(60, 90, 10)]);
        (second.said, second.born, second.labels) = (said, 180, SECOND);
        let changed = Test::new(format!("to{said}"), &first).with(second);
        let changed = whole(changed, 180, 600.0, 18_000.0);
        let changed = whole(changed, 240, 1_200.0, 24_000.0);
        run(&exact(&fleet("victoriametrics")?), "5m", &[changed])?;
    }
    let changed = then(&first, 180, 60, r#", slo_alerts="standard", slo_tier="silver""#)
        .expect(175, tier("gold"), Some("1"))
        .expect(175, tier("silver"), None)
        // The old one is kept firing for five minutes.
        .expect(190, tier("gold"), None)
        .expect(190, tier("silver"), Some("1"))
        .expect(240, tier("silver"), Some("1"));
    // Of two tiers that nobody is going to mend, each is told.
    let mut twice = then(&first, 0, 180, r#", slo_alerts="standard", slo_tier="silver""#);
    twice.name = "two tiers".to_owned();
    twice = twice
        .expect(150, tier("gold"), Some("1"))
        .expect(150, tier("silver"), Some("1"));
    for engine in ENGINES {
        run(&fleet(engine)?, "1m", &[changed.clone(), twice.clone()])?;
    }
    Ok(())
}

/// Counted by others, and promised by a service whose process lives.
const OF_OTHERS: &str = r#"
version: 1
service: shop
slos:
  - name: mails
    promise: Mails get sent.
    owner: shop-team
    status: agreed
    sli: { prometheus: { bad: 'mails_failed_total{queue="orders"}', valid: 'mails_total{queue="orders"}' } }
    objective: 99%
    window: 30d
"#;

/// What the process says of them.
fn mails_are_promised() -> Test {
    let of = |metric: &str, more: &str| {
        format!(
            r#"{metric}{{service_name="shop", deployment_environment_name="prod", service_instance_id="1", slo_name="mails"{more}}}"#
        )
    };
    let info = r#", slo_status="agreed", slo_sli="prometheus", slo_alerts="own""#;
    Test::new("mails", &Story::new(30, "0.001", &[counts(140, 100, 0)]))
        .also(of("slo_spec_info", info), "1x140")
        .also(of("slo_window_seconds", ""), "2592000x140")
        .also(of("slo_error_budget_ratio", ""), "0.01x140")
}

/// The rules of what others count are there before the first of it and behind the last; of counters that vanish, their own page
/// tells. With other labels than those of the service they are somebody else's.
#[test]
fn rules_of_what_others_count_are_found() -> Outcome {
    const ANY_FIRING: &str = r#"count(ALERTS{alertstate="firing"})"#;
    const UNKNOWN: &str = r#"count(ALERTS{alertname="SloWindowWithoutRules", alertstate="firing", slo_name="mails"})"#;
    const VANISHED: &str = r#"count(ALERTS{alertname="SloDataMissing", alertstate="firing", slo_name="mails"})"#;
    let mails = mails_are_promised()
        .also(r#"mails_total{queue="orders"}"#, "_x60 0+60x30")
        .also(r#"mails_failed_total{queue="orders"}"#, "_x60 0x30");
    let found = [40, 58, 75, 90]
        .into_iter()
        .fold(mails.clone(), |test, minute| test.expect(minute, ANY_FIRING, None))
        .expect(130, ANY_FIRING, Some("1"))
        .expect(130, VANISHED, Some("1"));
    let elsewhere = [40, 85, 130]
        .into_iter()
        .fold(mails, |test, minute| test.expect(minute, UNKNOWN, Some("1")));
    let folder = tools::folder(&[("slo.yaml", OF_OTHERS)])?;
    let spec = folder.path().join("slo.yaml");
    for engine in ENGINES {
        let beside = |args: &str| -> Result<String, Failure> {
            let rules = slo(&format!("rules --engine {engine} {args} {}", spec.display()))?;
            let (_, groups) = rules
                .split_once("groups:\n")
                .ok_or_else(|| Failure::new("a file without groups"))?;
            Ok(fleet(engine)? + groups)
        };
        for args in ["--beside-fleet --environment-label prod", "--environment-label prod"] {
            run(&beside(args)?, "1m", std::slice::from_ref(&found))?;
        }
        for args in [
            "--beside-fleet",
            "--beside-fleet --environment-label prod --namespace sales",
        ] {
            run(&beside(args)?, "1m", std::slice::from_ref(&elsewhere))?;
        }
    }
    Ok(())
}

/// What others count in the present month, of which its process says to the fleet's rules and to its own when it began. One engine has
/// both, and whatever is added up, or told, is there once.
#[test]
fn what_a_spec_of_its_own_records_the_fleet_leaves_alone() -> Outcome {
    let calendar = OF_OTHERS.replace("window: 30d", "window: { calendar: month, time_zone: UTC }");
    let of = r#"service_name="shop", deployment_environment_name="prod", service_instance_id="1", slo_name="mails""#;
    let twice = |names: &str| format!(r#"count(count by (__name__) ({{__name__=~"{names}", slo_name="mails"}}) > 1)"#);
    let mails = mails_are_promised()
        .also(format!("slo_window_start_seconds{{{of}}}"), "0x140")
        .also(r#"mails_total{queue="orders"}"#, "0+60x140")
        .also(r#"mails_failed_total{queue="orders"}"#, "0+1x140");
    let mails = [50, 70, 100, 140].into_iter().fold(mails, |test, minute| {
        test.expect(minute, twice("slo:.+(increase|ratio|rate|burn).*"), None)
            .expect(minute, "count(slo:error_budget:ratio{slo_name=\"mails\"})", Some("1"))
            .expect(minute, "count(slo:coverage:ratio{slo_name=\"mails\"})", Some("1"))
    });
    // Each for its own tiles.
    let mails = mails
        .expect(140, "count(slo:window_start:seconds{slo_name=\"mails\"})", Some("2"))
        .expect_near(140, "slo:error_ratio:period{slo_name=\"mails\"}", 1.0 / 60.0, 0.01)
        .expect(
            140,
            r#"count(ALERTS{slo_name="mails", alertname!="SloErrorBudgetBurn"})"#,
            None,
        )
        .expect(
            140,
            r#"count(ALERTS{alertname="SloErrorBudgetBurn", slo_name="mails"}) > 2"#,
            None,
        );
    let folder = tools::folder(&[("slo.yaml", &calendar)])?;
    let spec = folder.path().join("slo.yaml");
    for engine in ENGINES {
        let fleet = slo(&format!("rules --fleet --window 30d --window month --engine {engine}"))?;
        let own = slo(&format!(
            "rules --engine {engine} --environment-label prod --from 2026-01-01 {}",
            spec.display()
        ))?;
        let (_, groups) = own
            .split_once("groups:\n")
            .ok_or_else(|| Failure::new("a file without groups"))?;
        run(&(fleet + groups), "1m", std::slice::from_ref(&mails))?;
    }
    Ok(())
}

/// Rules beside the fleet's read what the fleet records: of a window that it does not know there is nothing.
#[test]
fn alerts_of_its_own_need_the_fleets_window() -> Outcome {
    let unknown = r#"count(ALERTS{alertname="SloWindowWithoutRules", alertstate="firing"})"#;
    let story = Story {
        said: r#", slo_alerts="own", slo_tier="gold""#,
        ..Story::new(14, "0.001", &[counts(60, 100, 0)])
    };
    let test = Test::new("a window of its own", &story)
        .expect(60, "count(slo:alerts:beside_fleet)", Some("1"))
        .expect(60, unknown, Some("1"));
    for engine in ENGINES {
        run(&both(engine)?, "1m", std::slice::from_ref(&test))?;
    }
    Ok(())
}

/// Tiles of five minutes of thirty days.
#[expect(clippy::cast_precision_loss, reason = "minutes of a test")]
fn as_covered(minutes: u64) -> f64 {
    minutes as f64 / 43_200.0
}

fn exact(rules: &str) -> String {
    rules.replace("[6m])) * (5 / 6)", "[5m]))")
}

/// The labels that an alert has find the reader of their tier.
#[test]
fn alertmanager_routes_by_tier_and_knows_every_severity() -> Outcome {
    let folder = tools::folder(&[("slo.yaml", SPEC)])?;
    let spec = folder.path().join("slo.yaml");
    let inhibition = slo(&format!("rules --alertmanager {}", spec.display()))?;
    for name in ["\"page\"", "\"ticket\"", "\"P1\"", "\"P3\""] {
        assert_eq!(
            inhibition.matches(&format!("severity = {name}")).count(),
            1,
            "{name}: {inhibition}"
        );
    }
    let config = format!(
        "route:\n  receiver: all\n  routes:\n    - matchers: [ 'tier = \"gold\"', 'severity =~ \"page|P1\"' ]\n      receiver: \
         phone\nreceivers: [{{ name: all }}, {{ name: phone }}]\n{inhibition}"
    );
    let folder = tools::folder(&[("alertmanager.yml", &config)])?;
    for (labels, receiver) in [
        (["tier=gold", "severity=page"], "phone"),
        (["tier=gold", "severity=ticket"], "all"),
        (["tier=silver", "severity=page"], "all"),
    ] {
        let args = [
            "config",
            "routes",
            "test",
            "--config.file=alertmanager.yml",
            labels[0],
            labels[1],
        ];
        let said = tools::succeeded("amtool", &tools::run(Binary::Amtool, folder.path(), &args)?)?;
        assert_eq!(said.lines().next(), Some(receiver), "{labels:?}");
    }
    Ok(())
}
