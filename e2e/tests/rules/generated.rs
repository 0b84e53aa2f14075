//! The unit tests that `slo rules --tests` writes: they pass on the rules beside them, and on no others.

use e2e::{Binary, Failure, Outcome};

use crate::tools::{folder, in_workspace, run, slo, succeeded};

/// One promise of each kind that the duration histogram can tell of.
const SPEC: &str = r#"
version: 1
service: search
slos:
  - name: search-speed
    promise: Nobody waits for more than a second.
    owner: search-team
    status: agreed
    sli: { http: { routes: ["/search/{index}.json"], methods: [GET], faster_than: 1s, bad: [429] } }
    objective: 99.95%
    window: 30d
  - name: search-week
    promise: Whoever searches finds something.
    owner: search-team
    status: agreed
    sli: { http: { routes: ["/search/{index}.json"], methods: [GET], excluded: [404] } }
    objective: 90%
    window: 7d
"#;

/// Counters of others, and a planned time that rules leave out themselves.
const PLANNED: &str = r#"
version: 1
service: mailer
slos:
  - name: mails
    promise: Mails arrive, even at night.
    owner: mail-team
    status: agreed
    sli: { prometheus: { bad: 'mails_total{result="failed"}', valid: mails_total } }
    objective: 99%
    window: 30d
    exclude: [{ from: 2026-01-04 02:00, duration: 2h, time_zone: UTC, rrule: FREQ=DAILY, reason: clean-up }]
"#;

/// What promtool says of tests beside rules.
fn tested(rules: &str, tests: &str) -> Result<String, Failure> {
    let folder = folder(&[("rules.yaml", rules), ("test.yaml", tests)])?;
    succeeded(
        "promtool test rules",
        &run(Binary::Promtool, folder.path(), &["test", "rules", "test.yaml"])?,
    )
}

fn written(spec: &str, args: &str) -> Result<(String, String), Failure> {
    let folder = folder(&[("slo.yaml", spec)])?;
    let spec = folder.path().join("slo.yaml").display().to_string();
    Ok((
        slo(&format!("rules {args} {spec}"))?,
        slo(&format!("rules --tests {args} {spec}"))?,
    ))
}

/// The first SLO alone: promtool takes its time for every rule.
fn first() -> &'static str {
    SPEC.split_once("  - name: search-week")
        .map_or(SPEC, |(first, _)| first)
}

#[test]
fn they_pass_for_either_source_of_counts() -> Outcome {
    // Long counts, as those of many routes, are recorded for alerts.
    for (args, recorded) in [
        ("--identity promoted", false),
        ("--source http --identity target-info", true),
    ] {
        let (rules, tests) = written(SPEC, args)?;
        assert_eq!(rules.contains("record: slo:bad_events:increase1h"), recorded, "{args}");
        tested(&rules, &tests).map_err(|error| Failure::new(format!("{args}: {error:?}")))?;
    }
    Ok(())
}

/// How the last of an SLO's tickets begins.
const TRICKLE: &str = "  - name: \"a trickle\"";

/// The files of pages and of tickets, as `--out` writes them.
fn both(spec: &str, args: &str) -> Result<(String, String, String), Failure> {
    let folder = folder(&[("slo.yaml", spec)])?;
    let place = |name: &str| folder.path().join(name).display().to_string();
    let (spec, out) = (place("slo.yaml"), place("test.yaml"));
    let rules = slo(&format!("rules {args} {spec}"))?;
    slo(&format!("rules --tests --out {out} {args} {spec}"))?;
    slo(&format!("rules --tests --check {out} {args} {spec}"))?;
    let read = |name: &str| std::fs::read_to_string(place(name));
    Ok((rules, read("test.yaml")?, read("test-tickets.yaml")?))
}

/// Of a month and of a week, whose tickets have a window of each kind: read from the counters, and added up from tiles.
#[test]
fn tickets_pass_where_each_of_them_is_told_alone() -> Outcome {
    for args in [
        "--engine prometheus",
        "--engine victoriametrics --source http --identity job",
    ] {
        let (rules, pages, tickets) = both(SPEC, args)?;
        assert!(pages.contains("evaluation_interval: 1m") && tickets.contains("evaluation_interval: 5m"));
        tested(&rules, &tickets).map_err(|error| Failure::new(format!("{args}: {error:?}")))?;
    }
    Ok(())
}

/// Several tickets, the factors of which are close to one another: each is proven alone.
#[test]
fn each_of_several_tickets_is_proven() -> Outcome {
    let conditions = "
      conditions:
        - { severity: page, share: 2%, long: 1h, short: 5m }
        - { severity: ticket, share: 5%, long: 8h, short: 2h }
        - { severity: ticket, share: 6%, long: 12h, short: 3h }
        - { severity: ticket, share: 7%, long: 16h, short: 4h }
";
    let spec = [first(), "    alerts:", conditions].concat();
    let (rules, _, tickets) = both(&spec, "--engine prometheus")?;
    assert_eq!(tickets.matches("a burn when few come").count(), 2, "{tickets}");
    tested(&rules, &tickets)?;
    let changes = [
        (") > 4.5)", ") > 5.7)"),
        (") > 3.6)", ") > 4.1)"),
        (") > 3.15)", ") > 3.4)"),
    ];
    each_fails(&rules, &tickets, &changes);
    Ok(())
}

/// More conditions than Mimir takes rules in a group: the alerts are in another one than what they read.
#[test]
fn cut_groups_tell_as_whole_ones() -> Outcome {
    let many = std::fs::read_to_string(in_workspace("slo-cli/tests/rules/in/many.yaml"))?;
    let spec = many
        .split_once("  - name: tickets")
        .map_or(many.as_str(), |(pages, _)| pages);
    let (rules, pages, tickets) = both(spec, "--engine mimir --source http --from 2026-01-01")?;
    assert!(
        rules.contains("pages.2\n") && pages.contains("pages.2"),
        "no group is cut"
    );
    tested(&rules, &pages)?;
    tested(&rules, &tickets)?;
    Ok(())
}

/// Of a week of the calendar: no tile is counted before its period has begun.
#[test]
fn tickets_of_a_calendar_window_pass() -> Outcome {
    let spec = first().replace("window: 30d", "window: { calendar: week, time_zone: Europe/Berlin }");
    for args in ["--engine prometheus", "--source http --from 2026-01-01"] {
        let (rules, _, tickets) = both(&spec, args)?;
        assert!(tickets.contains("a burn when few come"));
        tested(&rules, &tickets).map_err(|error| Failure::new(format!("{args}: {error:?}")))?;
    }
    Ok(())
}

/// A month of the calendar, whose start a process says; in an environment and a namespace, and by each identity.
#[test]
fn pages_of_a_calendar_month_pass_wherever_it_runs() -> Outcome {
    let spec = first().replace(
        "window: 30d",
        "window: { calendar: month, time_zone: America/New_York }",
    );
    for args in [
        "--namespace sales --environment production",
        "--source http --from 2026-01-01 --identity target-info --environment dev --namespace sales",
        "--identity job --namespace sales",
    ] {
        let (rules, pages, _) = both(&spec, args)?;
        tested(&rules, &pages).map_err(|error| Failure::new(format!("{args}: {error:?}")))?;
    }
    Ok(())
}

/// What a selector leaves out is made up, and so is what an expression adds up.
#[test]
fn they_know_what_a_selector_leaves_out() -> Outcome {
    let queries = r#"good: 'mails_total{code!~"5.."}', valid: 'sum(increase(mails_total[$window]))'"#;
    let spec = PLANNED.replace(r#"bad: 'mails_total{result="failed"}', valid: mails_total"#, queries);
    let (spec, _) = spec.split_once("    exclude:").unwrap_or((&spec, ""));
    let (rules, pages, _) = both(spec, "--beside-fleet")?;
    assert!(pages.contains(r#"mails_total{code=\"500\"}"#), "{pages}");
    tested(&rules, &pages)?;
    each_fails(
        &rules,
        &pages,
        &[
            (r#"code!~"5..""#, r#"code!~"4..""#),
            ("keep_firing_for: 5m", "keep_firing_for: 9m"),
        ],
    );
    Ok(())
}

/// Tickets whose windows need no tiles are proven each minute, and none is left for the second file.
#[test]
fn tickets_of_a_short_window_are_proven_each_minute() -> Outcome {
    let spec = first().replace("window: 30d", "window: 1d");
    let (rules, pages, tickets) = both(&spec, "--engine prometheus")?;
    assert!(pages.contains("a burn when few come") && pages.contains("severity=\\\"ticket\\\""));
    // What is left is of the whole period.
    assert_eq!(tickets.matches("  - name: \"").count(), 1, "{tickets}");
    assert!(tickets.contains("a trickle"), "{tickets}");
    tested(&rules, &tickets).map(drop)?;
    tested(&rules, &pages).map(drop)?;
    each_fails(
        &rules,
        &pages,
        &[(") > 3", ") > 30"), ("severity: ticket", "severity: page")],
    );
    Ok(())
}

/// All that fails is barely over the factor of its tickets, which look at a quarter of an hour: not a minute of it may be missed,
/// whichever group is evaluated first.
#[test]
fn tickets_of_minutes_fire_at_their_factor() -> Outcome {
    let spec = first()
        .replace("faster_than: 1s, ", "")
        .replace("window: 30d", "window: 1h")
        .replace("objective: 99.95%", "objective: 1%");
    for engine in ["prometheus", "victoriametrics"] {
        let (rules, pages, tickets) = both(&spec, &format!("--engine {engine}"))?;
        let order = "group_eval_order:\n  - slo-search-search-speed.tiles\n  - slo-search-search-speed\n";
        let other = "group_eval_order:\n  - slo-search-search-speed\n  - slo-search-search-speed.tiles\n";
        let turned = pages.replace(order, other);
        assert!(turned != pages && pages.contains("severity=\\\"ticket\\\""), "{pages}");
        for tests in [pages, turned, tickets] {
            tested(&rules, &tests).map_err(|error| Failure::new(format!("{engine}: {error:?}")))?;
        }
    }
    Ok(())
}

/// Each ticket's factor, windows, tiles and clauses.
#[test]
fn tickets_fail_when_a_rule_is_changed() -> Outcome {
    let (rules, _, tickets) = both(first(), "--engine prometheus")?;
    // Without what proves the whole period: that is changed below, and takes promtool longer than all others together.
    let (tickets, _) = tickets.split_once(TRICKLE).ok_or_else(|| Failure::new("no trickle"))?;
    tested(&rules, tickets)?;
    let changes = [
        (") > 3", ") > 4"),
        (") > 3", ") > 2"),
        (") > 1)", ") > 2)"),
        ("[86399s]", "[46399s]"),
        ("[259199s]", "[86399s]"),
        ("rate2h{", "rate30m{"),
        ("rate6h{", "rate2h{"),
        (" / 864, 1)", " / 432, 1)"),
        ("\\\"bad\\\"}[6m]", "\\\"good\\\"}[6m]"),
        ("severity: ticket", "severity: warning"),
    ];
    each_fails(&rules, tickets, &changes);
    Ok(())
}

/// Windows whose pages look at tiles, and whose tickets at days and days of them.
#[test]
#[ignore = "long: `cargo xtask full long-tests`"]
fn tests_of_a_long_window_pass() -> Outcome {
    for (window, args) in [
        ("90d", "--engine prometheus"),
        ("{ calendar: quarter, time_zone: UTC }", "--engine victoriametrics"),
    ] {
        let spec = first().replace("window: 30d", &format!("window: {window}"));
        let (rules, pages, tickets) = both(&spec, args)?;
        assert!(!tickets.contains("a trickle"), "it would take nine days");
        for tests in [pages, tickets] {
            tested(&rules, &tests).map_err(|error| Failure::new(format!("{window}: {error:?}")))?;
        }
    }
    Ok(())
}

/// Though the past is short, each length that pages of ninety days look at is proven.
#[test]
#[ignore = "long: `cargo xtask full long-tests`"]
fn pages_of_a_long_window_fail_when_a_rule_is_changed() -> Outcome {
    let spec = first().replace("window: 30d", "window: 90d");
    let (rules, pages, _) = both(&spec, "--engine prometheus")?;
    each_fails(
        &rules,
        &pages,
        &[
            ("[3h]", "[1h]"),
            ("[3h]", "[6h]"),
            ("> 14.4", "> 16.4"),
            ("rate1h30m{", "rate15m{"),
            (") > 6", ") > 1"),
            ("[64799s]", "[3599s]"),
        ],
    );
    Ok(())
}

/// The whole period, what is enough of it and what is not of the others.
#[test]
fn a_trickle_fails_when_a_rule_is_changed() -> Outcome {
    let spec = first().replace("window: 30d", "window: 7d");
    let (rules, _, tickets) = both(&spec, "--engine prometheus")?;
    let (_, trickle) = tickets.split_once(TRICKLE).ok_or_else(|| Failure::new("no trickle"))?;
    let (head, _) = tickets.split_once("tests:\n").ok_or_else(|| Failure::new("no tests"))?;
    let alone = format!("{head}tests:\n{TRICKLE}{trickle}");
    tested(&rules, &alone)?;
    each_fails(
        &rules,
        &alone,
        &[
            ("[604799s]", "[3599s]"),
            (
                "slo:bad_events:period{service_name=\"search\", slo_name=\"search-speed\", slo_window=\"7d\"} > 4.5",
                "vector(0) > 4.5",
            ),
            ("<= 4.5", "> 4.5"),
            (" / 2016,", " / 20160000,"),
        ],
    );
    Ok(())
}

/// Pages and tickets by the names that the spec gives them.
#[test]
fn they_know_what_severities_are_called() -> Outcome {
    let spec = first().replace(
        "slos:\n",
        "alerts: { severities: { page: critical, ticket: P3 }, tier: gold }\nslos:\n",
    );
    let (rules, pages, _) = both(&spec, "--engine prometheus")?;
    tested(&rules, &pages)?;
    each_fails(&rules, &pages, &[("severity: critical", "severity: page")]);
    Ok(())
}

/// Each change alone makes some test fail.
fn each_fails(rules: &str, tests: &str, changes: &[(&str, &str)]) {
    for (from, to) in changes {
        let changed = rules.replace(from, to);
        assert_ne!(changed, rules, "{from} is not in the rules");
        assert!(
            tested(&changed, tests).is_err(),
            "{from} became {to}, and no test failed"
        );
    }
}

/// A window dropped, a factor swapped, a comparison softened, a count forgotten, more or fewer events that are enough.
#[test]
fn they_fail_when_a_rule_is_changed() -> Outcome {
    let (rules, tests) = written(first(), "--source events")?;
    let changes = [
        ("[30m]", "[10m]"),
        ("> 14.4", "> 24.4"),
        (") > 6", ") > 1"),
        (") > 6", ") > 5.7"),
        (") > 6", ") > 6.3"),
        (" > 4.5", " > 3.5"),
        (" > 4.5", " > 5.5"),
        ("slo_outcome=\"bad\"", "slo_outcome=\"good\""),
        ("good|bad", "good"),
        ("/ 0.0005", "/ 0.0009"),
        ("severity: page", "severity: ticket"),
    ];
    each_fails(&rules, &tests, &changes);
    Ok(())
}

#[test]
fn they_know_planned_times_and_counters_of_others() -> Outcome {
    let (rules, tests) = written(PLANNED, "--from 2026-01-01")?;
    assert!(tests.contains("mails: an outage that was planned, and one that was not"));
    tested(&rules, &tests)?;
    let changes = [
        ("* scalar(", "+ 0 * scalar("),
        ("{result=\"failed\"}[2m]", "{result=\"failed\"}[10m]"),
    ];
    each_fails(&rules, &tests, &changes);
    Ok(())
}
