//! Services that die with a page open, and what they are missed by: nobody is told that all is well.

use e2e::{Failure, Outcome, VictoriaMetrics};

use crate::replay::replay;
use crate::rule_text::{Rule, burns, file, rules};
use crate::tools::slo;
use crate::unit::{Story, Stretch, Test, counts, run};

const MISSING: &str = r#"count(ALERTS{alertname="SloDataMissing", alertstate="firing", severity="page"})"#;
const NOBODY: &str = r#"count(ALERTS{alertname="SloNobodyPushes", alertstate="firing", severity="page"})"#;
/// Nothing but what a page needs, for nobody else's alerts fire.
const ANY_PAGE: &str = r#"count(count(ALERTS{alertstate="firing", severity="page"}))"#;

/// Two hours, twenty minutes in which everything fails, and then nothing more.
fn dying() -> [Stretch; 3] {
    [counts(120, 100, 0), counts(20, 0, 100), Stretch::Gap { minutes: 80 }]
}

fn fleet() -> Result<[String; 2], Failure> {
    let of = |engine| slo(&format!("rules --fleet --window 30d --engine {engine}"));
    Ok([of("prometheus")?, of("victoriametrics")?])
}

/// The last push is that of minute 140. Up to minute 160 at least, ten minutes and two passes of five, the page of the burn goes
/// on; from ten on, that of the missing data is there.
#[test]
fn a_page_goes_on_until_the_missing_data_is_one() -> Outcome {
    let story = Story::new(30, "0.001", &dying());
    let mut test = Test::new("dies", &story).silent("page", 120).expect(149, MISSING, None);
    for minute in 126..=210 {
        test = test.expect(minute, ANY_PAGE, Some("1"));
    }
    for minute in 126..=160 {
        test = test.fires("page", minute);
    }
    // Not for good: an alert of 6x would go on for hours. The hold, and what a page goes on for.
    test = test.silent("page", 176).expect(152, MISSING, Some("1"));
    test = test.fires("ticket", 155).silent("ticket", 176);
    for rules in fleet()? {
        run(&rules, "1m", std::slice::from_ref(&test))?;
    }
    Ok(())
}

/// What a process says now holds at once, whatever was said before it: it is a draft, or its window is another.
#[test]
fn a_page_of_what_is_no_promise_any_more_is_over() -> Outcome {
    let before = Story::new(
        30,
        "0.001",
        &[counts(70, 100, 0), counts(20, 0, 100), Stretch::Gap { minutes: 40 }],
    );
    let after = |days, status| Story {
        born: 90,
        status,
        labels: r#"service_name="shop", deployment_environment_name="prod", service_instance_id="2", slo_name="pay""#,
        ..Story::new(days, "0.001", &[counts(40, 0, 100)])
    };
    let thirty = r#"count(ALERTS{severity="page", slo_window="30d"})"#;
    let tests = [
        Test::new("a draft", &before)
            .with(after(30, "draft"))
            .fires("page", 90)
            .silent("page", 103),
        Test::new("another window", &before)
            .with(after(7, "agreed"))
            .expect(90, thirty, Some("1"))
            .expect(103, thirty, None),
        Test::new("still agreed", &before)
            .with(after(30, "agreed"))
            .fires("page", 103),
    ];
    for rules in fleet()? {
        run(&rules, "1m", &tests)?;
    }
    Ok(())
}

/// The rules with heartbeats that a test says.
fn without_heartbeats(text: &str) -> Result<String, Failure> {
    let all = rules(text)?;
    let beats = |rule: &Rule| rule.records.as_deref() == Some("slo:rules:heartbeat");
    let left: Vec<_> = all.iter().filter(|rule| !beats(rule)).cloned().collect();
    assert_eq!(left.len() + 1, all.len());
    Ok(file(&left))
}

/// A store that is down for fifteen minutes comes back to services that could not push: they get some minutes to do so. One
/// that does not is missed then.
#[test]
fn who_could_not_push_is_not_missed() -> Outcome {
    let story = |minutes, name| {
        let labels = match name {
            "back" => r#"service_name="back", deployment_environment_name="prod", slo_name="pay""#,
            _ => r#"service_name="gone", deployment_environment_name="prod", slo_name="pay""#,
        };
        let stretches = [
            counts(120, 100, 0),
            Stretch::Gap { minutes: 16 },
            counts(minutes, 100, 0),
        ];
        let mut story = Story::new(30, "0.001", &stretches[..if minutes == 0 { 2 } else { 3 }]);
        story.labels = labels;
        story
    };
    let mut down = Test::new("the store was down", &story(60, "back"))
        .with(story(0, "gone"))
        .also("slo:rules:heartbeat", "1x120 _x15 1x60");
    for minute in 121..=142 {
        down = down.expect(minute, MISSING, None);
    }
    let of =
        |name| format!(r#"count(ALERTS{{alertname="SloDataMissing", alertstate="firing", service_name="{name}"}})"#);
    down = down
        .expect(146, of("gone"), Some("1"))
        .expect(180, of("gone"), Some("1"));
    for minute in 136..=190 {
        down = down.expect(minute, of("back"), None);
    }
    // Where rules could have seen what nobody pushed, both are missed.
    let up = Test::new("the way in was down", &story(60, "back"))
        .with(story(0, "gone"))
        .also("slo:rules:heartbeat", "1x200")
        .expect(132, MISSING, Some("2"));
    for rules in fleet()? {
        run(&without_heartbeats(&rules)?, "1m", &[down.clone(), up.clone()])?;
    }
    Ok(())
}

/// All services of an environment are one page, if they are several; of one of them it is its own.
#[test]
fn where_nobody_pushes_one_page_says_so() -> Outcome {
    let gap = [counts(60, 100, 0), Stretch::Gap { minutes: 40 }];
    let of = |labels, stretches: &[Stretch]| Story {
        labels,
        ..Story::new(30, "0.001", stretches)
    };
    let shop = || {
        of(
            r#"service_name="shop", deployment_environment_name="prod", slo_name="pay""#,
            &gap,
        )
    };
    let cart = || {
        of(
            r#"service_name="cart", deployment_environment_name="prod", slo_name="pay""#,
            &gap,
        )
    };
    let still = of(
        r#"service_name="mail", deployment_environment_name="prod", slo_name="pay""#,
        &[counts(100, 100, 0)],
    );
    let dev = || {
        of(
            r#"service_name="shop", deployment_environment_name="dev", slo_name="pay""#,
            &[counts(100, 100, 0)],
        )
    };
    let alone = of(
        r#"service_name="shop", deployment_environment_name="dev", slo_name="pay""#,
        &gap,
    );
    let tests = [
        Test::new("all of prod", &shop())
            .with(cart())
            .with(dev())
            .expect(68, NOBODY, None)
            .expect(75, NOBODY, Some("1"))
            .expect(
                75,
                r#"count(ALERTS{alertname="SloNobodyPushes", deployment_environment_name="prod"})"#,
                Some("1"),
            )
            .expect(75, MISSING, Some("2")),
        Test::new("two of three", &shop())
            .with(cart())
            .with(still)
            .expect(75, NOBODY, None)
            .expect(75, MISSING, Some("2")),
        Test::new("the only one", &alone)
            .expect(75, NOBODY, None)
            .expect(75, MISSING, Some("1")),
    ];
    for rules in fleet()? {
        run(&rules, "1m", &tests)?;
    }
    Ok(())
}

/// Services that push nothing to the fleet, and are missed by rules of their own, are none of those that push: that another of
/// them goes on is not seen. What is missed by both counts once.
#[test]
fn who_pushes_nothing_is_nobody_of_the_fleet() -> Outcome {
    let own = |engine: &str, service: &str| -> Result<String, Failure> {
        let spec = format!(
            "version: 1\nservice: {service}\nlabels: {{ team: a }}\nslos:\n  - {{ name: answers, promise: P., owner: o, status: agreed, \
             objective: 99%, window: 30d, sli: {{ http: {{ routes: [/a] }} }} }}\n"
        );
        let folder = crate::tools::folder(&[("slo.yaml", &spec)])?;
        let args = format!("rules --engine {engine} --source http --environment-label prod");
        let rules = slo(&format!("{args} {}", folder.path().join("slo.yaml").display()))?;
        let (_, groups) = rules
            .split_once("groups:\n")
            .ok_or_else(|| Failure::new("a file without groups"))?;
        Ok(groups.to_owned())
    };
    let requests = |service: &str| {
        format!(
            r#"http_server_request_duration_seconds_count{{service_name="{service}", deployment_environment_name="prod", http_route="/a", http_response_status_code="200"}}"#
        )
    };
    let of = |labels, stretches: &[Stretch]| Story {
        labels,
        ..Story::new(30, "0.001", stretches)
    };
    let dev = of(
        r#"service_name="mail", deployment_environment_name="dev", slo_name="pay""#,
        &[counts(100, 100, 0)],
    );
    let gone = of(
        r#"service_name="java", deployment_environment_name="prod", slo_name="pay""#,
        &[counts(60, 100, 0), Stretch::Gap { minutes: 40 }],
    );
    let requests_of_two = |test: Test| {
        test.also(requests("java"), "0+60x60")
            .also(requests("go"), "0+60x60")
            .also(requests("php"), "0+60x100")
    };
    let tests = [
        requests_of_two(Test::new("two of three", &dev))
            .expect(85, MISSING, Some("2"))
            .expect(85, NOBODY, None),
        requests_of_two(Test::new("one of them is of the fleet, too", &gone))
            .expect(
                85,
                r#"count(ALERTS{alertname="SloDataMissing", service_name="java"})"#,
                Some("2"),
            )
            .expect(85, NOBODY, None),
    ];
    for (engine, fleet) in ["prometheus", "victoriametrics"].into_iter().zip(fleet()?) {
        let own: Result<String, Failure> = ["java", "go", "php"]
            .iter()
            .map(|service| own(engine, service))
            .collect();
        run(&(fleet + &own?), "1m", &tests)?;
    }
    Ok(())
}

/// Bursts a few minutes apart are one page, and it ends.
#[test]
fn bursts_are_one_page() -> Outcome {
    let mut stretches = vec![counts(120, 100, 0)];
    for _ in 0..6 {
        stretches.extend([counts(1, 50, 50), counts(6, 100, 0)]);
    }
    stretches.push(counts(120, 100, 0));
    let mut test = Test::new("every seventh minute", &Story::new(30, "0.001", &stretches));
    let first = 128;
    for minute in first..=(121 + 5 * 7 + 5) {
        test = test.fires("page", minute);
    }
    test = test.silent("page", 280);
    for rules in fleet()? {
        run(&rules, "1m", std::slice::from_ref(&test))?;
        // It is the time that it goes on that joins them.
        let apart = rules.replace("        keep_firing_for: 5m\n", "");
        assert_ne!(apart, rules);
        assert!(run(&apart, "1m", std::slice::from_ref(&test)).is_err());
    }
    Ok(())
}

/// What probes find is told by their own rules.
#[test]
fn a_freshness_that_probes_ask_for_is_told_once() -> Outcome {
    let story = Story::new(30, "0.001", &[counts(60, 100, 0), counts(20, 0, 100)]);
    let probed = r#"slo_health:probe_state{job="slo-health", service_name="shop", deployment_environment_name="prod", slo_name="NAME", state="stale"}"#;
    let of_a_team = probed.replace("state=", "service_namespace=\"b\", state=");
    let tests = [
        Test::new("probed", &story)
            .also(probed.replace("NAME", "pay"), "1x80")
            .silent("page", 75)
            .silent("ticket", 75),
        Test::new("another is probed", &story)
            .also(probed.replace("NAME", "other"), "1x80")
            .fires("page", 75),
        Test::new("another team's service of this name is probed", &story)
            .also(of_a_team.replace("NAME", "pay"), "1x80")
            .fires("page", 75),
    ];
    for rules in fleet()? {
        run(&rules, "1m", &tests)?;
    }
    Ok(())
}

/// Nor is it a ticket that nobody would be told of it: its window is one that the fleet does not know, or its alerts are its own.
#[test]
fn a_freshness_that_probes_ask_for_needs_no_rules() -> Outcome {
    let probed = |place: &str| {
        format!(
            r#"slo_health:probe_state{{job="slo-health", service_name="shop", {place}, slo_name="pay", state="fresh"}}"#
        )
    };
    let (here, elsewhere) = (
        probed(r#"deployment_environment_name="prod""#),
        probed(r#"deployment_environment_name="staging""#),
    );
    let told = |name: &str, days, probes: &str, ticket: &str, value| {
        let story = Story {
            said: r#", slo_sli="synthetic", slo_alerts="own""#,
            ..Story::new(days, "0.001", &[counts(40, 2, 0)])
        };
        let firing = format!(r#"count(ALERTS{{alertname="{ticket}", alertstate="firing"}})"#);
        Test::new(name, &story).also(probes, "1x40").expect(40, firing, value)
    };
    let tests = [
        told("window", 14, &here, "SloWindowWithoutRules", None),
        told("window elsewhere", 14, &elsewhere, "SloWindowWithoutRules", Some("1")),
        told("alerts", 30, &here, "SloAlertsWithoutRules", None),
        told("alerts elsewhere", 30, &elsewhere, "SloAlertsWithoutRules", Some("1")),
    ];
    for rules in fleet()? {
        run(&rules, "1m", &tests)?;
    }
    Ok(())
}

/// By a spec's own rules, too: of what is asked for by probes, and of nothing else.
#[test]
fn own_rules_leave_a_freshness_to_probes() -> Outcome {
    let spec = |sli: &str| {
        format!(
            "version: 1\nservice: shop\nslos:\n  - {{ name: pay, promise: P., owner: o, status: agreed, objective: 99.9%, window: 30d, \
             sli: {{ {sli} }} }}\n"
        )
    };
    let own = |sli: &str, engine: &str| {
        let folder = crate::tools::folder(&[("slo.yaml", &spec(sli))])?;
        let spec = folder.path().join("slo.yaml");
        slo(&format!("rules --engine {engine} {}", spec.display()))
    };
    let story = Story::new(30, "0.001", &[counts(60, 100, 0), counts(20, 0, 100)]);
    let probed = r#"slo_health:probe_state{job="slo-health", service_name="shop", deployment_environment_name="PLACE", slo_name="pay", state="stale"}"#;
    let here = Test::new("probed", &story)
        .also(probed.replace("PLACE", "prod"), "1x80")
        .silent("page", 75)
        .silent("ticket", 75);
    let elsewhere = Test::new("probed elsewhere", &story)
        .also(probed.replace("PLACE", "staging"), "1x80")
        .fires("page", 75)
        .fires("ticket", 75);
    let mut requests = here.clone();
    requests.expected = elsewhere.expected.clone();
    for engine in ["prometheus", "victoriametrics"] {
        let fresh = own("synthetic: { path: /h }", engine)?;
        run(&fresh, "1m", &[here.clone(), elsewhere.clone()])?;
        let of_requests = own("http: { routes: [/pay] }", engine)?;
        assert!(!of_requests.contains("probe_state"));
        run(&of_requests, "1m", std::slice::from_ref(&requests))?;
    }
    Ok(())
}

/// The expression of an alert, on one line.
fn expression(text: &str, is_wanted: impl Fn(&Rule) -> bool) -> Result<String, Failure> {
    let rule = rules(text)?.into_iter().find(is_wanted);
    let rule = rule.ok_or_else(|| Failure::new("no such alert"))?;
    let (_, expr) = rule
        .text
        .split_once("expr: |-\n")
        .ok_or_else(|| Failure::new(rule.text.clone()))?;
    let end = ["        keep_firing_for:", "        labels:"]
        .iter()
        .filter_map(|end| expr.find(end))
        .min();
    Ok(expr[..end.unwrap_or(expr.len())]
        .lines()
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" "))
}

/// Series for `VictoriaMetrics`: a value each minute.
fn line(labels: &[(&str, &str)], from: u64, values: impl Iterator<Item = impl Into<serde_json::Value>>) -> String {
    let labels: serde_json::Map<_, _> = labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).into()))
        .collect();
    let values: Vec<serde_json::Value> = values.map(Into::into).collect();
    let times: Vec<_> = (0_u64..)
        .take(values.len())
        .map(|minute| (from + minute * 60) * 1_000)
        .collect();
    format!(
        "{}\n",
        serde_json::json!({ "metric": labels, "values": values, "timestamps": times })
    )
}

/// The same death on the other engine, which looks back and marks what is gone in ways of its own: what its rules recorded
/// of it, and what the alerts ask then.
#[test]
fn a_page_goes_on_over_what_victoria_metrics_recorded() -> Outcome {
    let (store, died) = (VictoriaMetrics::start()?, crate::engines::start()? + 86_400);
    let begin = died - 140 * 60;
    let whose = [
        ("service_name", "shop"),
        ("deployment_environment_name", "prod"),
        ("slo_name", "pay"),
    ];
    let series =
        |name: &'static str, more: &[(&'static str, &'static str)]| [&[("__name__", name)], &whose[..], more].concat();
    let firing = [
        ("alertname", "SloErrorBudgetBurn"),
        ("alertstate", "firing"),
        ("severity", "page"),
        ("slo_window", "30d"),
    ];
    let past = [
        line(
            &series("slo_events_total", &[("slo_outcome", "good")]),
            begin,
            (0..=140).map(|minute| minute.min(120) * 100),
        ),
        line(
            &series("slo_events_total", &[("slo_outcome", "bad")]),
            begin,
            (0..=140).map(|minute| minute.max(120) * 100 - 12_000),
        ),
        line(&series("slo_window_seconds", &[]), begin, (0..=140).map(|_| 2_592_000)),
        line(
            &series("slo_spec_info", &[("slo_status", "agreed")]),
            begin,
            (0..=140).map(|_| 1),
        ),
        line(&series("ALERTS", &firing), died - 600, (0..60).map(|_| 1)),
    ];
    let budget = line(&series("slo_error_budget_ratio", &[]), begin, (0..=140).map(|_| 0.001));
    store.import(&(past.concat() + &budget))?;
    store.force_flush()?;
    let rules = slo("rules --fleet --engine victoriametrics --window 30d")?;
    replay(&store, &rules, begin, died + 40 * 60)?;
    store.force_flush()?;
    let page = expression(&rules, |rule| burns(rule, "page"))?;
    let missing = expression(&rules, |rule| rule.text.contains("- alert: SloDataMissing\n"))?;
    let told = |query: &str, minutes: u64| -> Result<usize, Failure> {
        #[expect(clippy::cast_precision_loss, reason = "a time of this century")]
        let at = (died + minutes * 60) as f64;
        Ok(store.prom().instant_at(query, at)?.len())
    };
    for minutes in [0, 4, 6, 8, 12, 16, 18] {
        assert_eq!(
            told(&page, minutes)?,
            1,
            "the page, {minutes} minutes after the last push"
        );
    }
    assert_eq!(told(&page, 30)?, 0);
    let said = [8, 12, 19, 30].map(|minutes| told(&missing, minutes));
    assert_eq!(said.into_iter().collect::<Result<Vec<_>, _>>()?, [0, 1, 1, 1]);
    Ok(())
}
