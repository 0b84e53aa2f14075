//! What a spec says beside what is measured: labels, links, alerts, planned times, queries and the whole of the gate.
#![cfg(all(feature = "calendar", feature = "yaml"))]

use std::error::Error;
use std::time::Duration;

use slo_core::alert::{AlertPolicy, Severity};
use slo_core::gate::OnUnknown;
use slo_core::{Alerting, Exclusion, PrometheusSli, Sli, Slo, SloSet, Tick};

type Tested = Result<(), Box<dyn Error>>;

/// A spec of one SLO with these lines at its top and below the SLO.
fn spec(top: &str, of_slo: &str) -> String {
    format!(
        "version: 1\nservice: shop\n{top}\nslos:\n  - name: a\n    objective: 99%\n    window: 30d\n    sli: {{ http: {{ routes: [/a] }} }}\n{of_slo}"
    )
}

/// Line, column, key and message of each mistake.
fn found(text: &str) -> Vec<String> {
    let Err(error) = SloSet::from_yaml(text) else {
        return Vec::new();
    };
    let mistakes = error.mistakes().iter();
    mistakes
        .map(|m| format!("{}:{} {}: {}", m.line(), m.column(), m.key(), m.message()))
        .collect()
}

#[test]
fn labels_of_the_service_are_under_those_of_the_slo() -> Tested {
    let set = SloSet::from_yaml(&spec(
        "labels: { team: shop, region: eu, code: 7 }",
        "    labels: { team: search }",
    ))?;
    let labels: Vec<_> = set.slos()[0].labels().iter().collect();
    assert_eq!(labels, [("code", "7"), ("region", "eu"), ("team", "search")]);
    assert_eq!(set.labels().get("team"), Some("shop"));
    assert_eq!(set.for_environment("dev").slos()[0].labels(), set.slos()[0].labels());
    Ok(())
}

#[test]
fn labels_are_checked_each_at_its_place() {
    let text = spec(
        "",
        "    labels: { 1a: x, slo_name: x, team: \"{{ x }}\", ok: \"\", b: [1] }",
    );
    assert_eq!(
        found(&text),
        [
            "9:15 slos[0].labels.1a: `1a` is not a label; write 1 to 63 letters, digits and `_`, not beginning with a digit, \
             like `team`",
            "9:22 slos[0].labels.slo_name: the label `slo_name` is given by rules, alerts or the engine; write another \
             name, like `team`",
            "9:41 slos[0].labels.team: the value of the label `team` has `{{` or a control character in it; write plain \
             words",
            "9:52 slos[0].labels.ok: `ok` has no value; write it like in `labels: { pager: search-oncall }`",
            "9:63 slos[0].labels.b: found a list where one value belongs; write it like `team: search`",
        ]
    );
    let many = |from: usize| {
        (from..from + 11)
            .map(|index| format!("l{index}: x"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let both = spec(
        &format!("labels: {{ {} }}", many(0)),
        &format!("    labels: {{ {} }}", many(11)),
    );
    assert_eq!(
        found(&both),
        [
            "1:1 : the labels of `a`, with those of the whole service: 22 labels are too many, each is on every series; write \
          at most 20"
        ]
    );
    let one = spec("", &format!("    labels: {{ {}, {} }}", many(0), many(11)));
    assert_eq!(
        found(&one),
        ["9:13 slos[0].labels: 21 labels are too many, each is on every series; write at most 20"]
    );
}

#[test]
fn links_are_addresses() -> Tested {
    let set = SloSet::from_yaml(&spec(
        "",
        "    runbook: https://wiki.example.com/a\n    dashboard: http://grafana:3000/d/a?var-slo=a",
    ))?;
    let slo = &set.slos()[0];
    assert_eq!(
        slo.runbook_link().map(|link| link.as_str()),
        Some("https://wiki.example.com/a")
    );
    assert_eq!(
        slo.dashboard_link().map(|link| link.as_str()),
        Some("http://grafana:3000/d/a?var-slo=a")
    );
    let wrong = spec("", "    runbook: wiki/a\n    dashboard: \"https://x.example/{{ y }}\"");
    assert_eq!(
        found(&wrong),
        [
            "9:14 slos[0].runbook: `wiki/a` is not a link; write the whole address, like \
             `https://wiki.example.com/runbooks/browse`",
            "10:16 slos[0].dashboard: a link has no `{` in it; write its code, like `%20` for a space",
        ]
    );
    Ok(())
}

#[test]
fn alerts_are_the_slos_the_services_or_as_elsewhere() -> Tested {
    let own = "    alerts:\n      conditions: [{ severity: ticket, share: 5%, long: 2h, short: 10m }]\n      \
               minimum_bad_events: 2";
    let set = SloSet::from_yaml(&spec("alerts: { tier: gold, severities: { page: P1 } }", own))?;
    let policy = AlertPolicy::builder().ticket("5%".parse()?, "2h".parse()?, "10m".parse()?);
    let policy = policy.build()?;
    let expected = Alerting::of(policy.clone())
        .minimum_bad_events(2)
        .tier("gold")?
        .named(Severity::Page, "P1")?;
    let slo = &set.slos()[0];
    assert_eq!(slo.alerting_rules(), Some(&expected));
    let push = Duration::from_secs(60);
    let resolved = AlertPolicy::standard().pushed_every(push).for_slo(slo);
    let policy = policy.minimum_bad_events(2);
    assert_eq!(resolved, policy.pushed_every(push).for_slo(&plain(slo)));

    let unsaid = SloSet::from_yaml(&spec("", ""))?;
    assert_eq!(unsaid.slos()[0].alerting_rules(), None);
    // Of the service the conditions, of the SLO how many events they need.
    let few = "    alerts: { minimum_bad_events: 1 }";
    let whole = "alerts: { conditions: [{ severity: page, share: 2%, long: 1h, short: 5m }], minimum_bad_events: 9 }";
    let few = AlertPolicy::standard().for_slo(&SloSet::from_yaml(&spec(whole, few))?.slos()[0]);
    assert_eq!((few.conditions().len(), few.minimum_bad_events()), (1, 1));
    Ok(())
}

/// The same without a word on alerts.
fn plain(slo: &Slo) -> Slo {
    Slo::new(slo.name(), slo.sli().clone(), slo.target(), slo.window())
}

#[test]
fn nobody_is_told_where_the_spec_says_so() -> Tested {
    let agreed = "    status: agreed\n    owner: x\n    promise: x.\n";
    for (top, of_slo, silent) in [
        ("", agreed.to_owned(), false),
        ("alerts: false", agreed.to_owned(), true),
        ("", format!("{agreed}    alerts: false"), true),
        ("alerts: false", format!("{agreed}    alerts: {{ tier: gold }}"), true),
        ("alerts: { tier: gold }", agreed.to_owned(), false),
        ("", "    status: draft".to_owned(), true),
    ] {
        let set = SloSet::from_yaml(&spec(top, &of_slo))?;
        let alerts = AlertPolicy::standard().for_slo(&set.slos()[0]);
        assert_eq!(alerts.is_silent(), silent, "{top} {of_slo}");
        assert_eq!(alerts.conditions().len(), 4); // evaluated all the same
    }
    Ok(())
}

#[test]
fn mistakes_in_alerts_have_their_places() {
    let text = spec(
        "",
        r#"    alerts:
      tier: gold plated
      severities: { page: ticket }
      minimum_bad_events: 0
      conditions:
        - { severity: wake, share: 2%, long: 1h, short: 5m }
        - { severity: page, share: 0%, long: 1h, short: 5m }
        - { severity: page, share: 2%, long: 5m, short: 1h }
        - { severity: page, share: 2%, long: 31d, short: 1d }
        - { severity: page, budget: 2%, long: 1h }
        - { severity: page, share: 0%, long: 31d, short: 0m }
"#,
    );
    assert_eq!(
        found(&text),
        [
            "10:13 slos[0].alerts.tier: `gold plated` is not a name for a label; write 1 to 63 letters, digits, `-`, `_` \
             and `.`, like `critical`",
            "11:19 slos[0].alerts.severities: pages and tickets are both called `ticket`; write two names, or a ticket \
             wakes somebody",
            "12:27 slos[0].alerts.minimum_bad_events: `0` is not a whole number from 1 to 1000000; write it like \
             `minimum_bad_events: 5`",
            "14:23 slos[0].alerts.conditions[0].severity: `wake` is not a severity; write `page` or `ticket`",
            "15:11 slos[0].alerts.conditions[1]: a condition cannot wait for 0% of the budget; take more, like 2%",
            "16:11 slos[0].alerts.conditions[2]: the short window 1h is not shorter than the long window 5m; take a twelfth \
             of it, like `5m` for `1h`",
            "17:11 slos[0].alerts.conditions[3]: a long window of 31d is longer than the period of 30d that policies are \
             written for; write at most `30d`",
            "18:11 slos[0].alerts.conditions[4].short: `short` is missing; write it like `short: 5m`",
            "18:29 slos[0].alerts.conditions[4].budget: `budget` is not a key here, did you mean `share`? write one of \
             `severity`, `share`, `long`, `short`",
            "19:11 slos[0].alerts.conditions[5]: a condition cannot wait for 0% of the budget; take more, like 2%",
            "19:11 slos[0].alerts.conditions[5]: a long window of 31d is longer than the period of 30d that policies are \
             written for; write at most `30d`",
            "19:58 slos[0].alerts.conditions[5].short: a burn rate over 0s says too little; write at least `2m`, usually `5m` \
             or `1h`",
        ]
    );
    for (alerts, message) in [
        (
            "true",
            "9:13 slos[0].alerts: found `true` where a mapping, or `false` for nobody, belongs; write it like `alerts: { tier: \
             gold }`",
        ),
        (
            "nobody",
            "9:13 slos[0].alerts: found `nobody` where a mapping, or `false` for nobody, belongs; write it like `alerts: { tier: \
             gold }`",
        ),
        (
            "{ conditions: [] }",
            "9:27 slos[0].alerts.conditions: the list is empty; write one at least, like `conditions: [ { severity: page, \
             share: 2%, long: 1h, short: 5m }, { severity: ticket, share: 10%, long: 3d, short: 6h } ]`",
        ),
    ] {
        assert_eq!(found(&spec("", &format!("    alerts: {alerts}"))), [message]);
    }
    let swapped = spec("", "    alerts: { severities: { page: ticket, ticket: page } }");
    assert_eq!(found(&swapped), [""; 0]);
    let many = "{ severity: page, share: 2%, long: 1h, short: 5m }, ".repeat(17);
    let many = spec("", &format!("    alerts: {{ conditions: [{many}] }}"));
    assert_eq!(found(&many).len(), 1);
    assert!(found(&many)[0].ends_with("17 items are too many; write at most 16"));
}

#[test]
fn planned_times_of_the_service_come_before_those_of_the_slo() -> Tested {
    let set = SloSet::from_yaml(&spec(
        "exclude:\n  - { from: 2026-01-04 02:00, duration: 2h, time_zone: Asia/Seoul, rrule: FREQ=WEEKLY;BYDAY=SU, except: \
         [2026-01-11], reason: database upgrade }",
        "    exclude: [{ from: 2026-03-29 00:30, until: 2026-03-29 03:30, time_zone: Europe/London, reason: move }]",
    ))?;
    let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 11).ok_or("no such day")?;
    let weekly = Exclusion::new(
        "2026-01-04 02:00".parse()?,
        "Asia/Seoul".parse()?,
        Duration::from_secs(7_200),
        "database upgrade",
    )?;
    let weekly = weekly.repeated("FREQ=WEEKLY;BYDAY=SU".parse()?)?.except([day])?;
    let once = Exclusion::between(
        "2026-03-29 00:30".parse()?,
        "2026-03-29 03:30".parse()?,
        "Europe/London".parse()?,
        "move",
    )?;
    assert_eq!(once.length(), Duration::from_secs(7_200)); // clocks go ahead that night
    assert_eq!(set.exclusions(), std::slice::from_ref(&weekly));
    let slo = &set.slos()[0];
    assert_eq!(slo.exclusions(), [weekly, once]);
    let at = |seconds| slo.excluded_at(Tick::from_unix_seconds(seconds)).map(Exclusion::reason);
    assert_eq!(at(1_767_459_600), Some("database upgrade")); // 2026-01-04 02:00 in Seoul
    assert_eq!(at(1_768_064_400), None); // a week later
    assert_eq!(at(1_774_744_200), Some("move")); // 2026-03-29 00:30 in London
    assert_eq!(at(1_774_744_200 + 7_200), None);
    Ok(())
}

#[test]
fn mistakes_in_planned_times_have_their_places() {
    let one = |exclusion: &str| found(&spec("", &format!("    exclude: [{{ {exclusion} }}]")));
    let rest = "time_zone: UTC, reason: x";
    assert_eq!(
        one(&format!("from: tomorrow, duration: long, {rest}")),
        [
            "9:23 slos[0].exclude[0].from: `tomorrow` is not a time; write what clocks show, day, hour and minute, like \
             `2026-01-31 02:00`, and the zone beside it",
            "9:43 slos[0].exclude[0].duration: `long` is not a duration; write numbers with w, d, h, m or s, like `2h`",
        ]
    );
    let from = "from: 2026-01-04 02:00";
    for (exclusion, message) in [
        (
            format!("{from}, duration: 32d, {rest}"),
            "9:15 slos[0].exclude[0]: an exclusion of 32d is out of range; write from `1m` to `31d`, and for longer times \
             another objective",
        ),
        (
            format!("{from}, {rest}"),
            "9:15 slos[0].exclude[0]: `until` or `duration` is missing; write one, like `until: 2026-01-04 04:00`",
        ),
        (
            format!("{from}, duration: 2h, until: 2026-01-04 04:00, {rest}"),
            "9:41 slos[0].exclude[0].duration: `duration` stands beside `until`; write one of the two",
        ),
        (
            format!("{from}, until: 2026-01-04 01:00, {rest}"),
            "9:15 slos[0].exclude[0]: the exclusion ends at 2026-01-04 01:00, which is not after its beginning at 2026-01-04 \
             02:00; write a later `until`",
        ),
        (
            format!("{from}, until: 2026-01-04 04:00, rrule: FREQ=DAILY, {rest}"),
            "9:41 slos[0].exclude[0].until: `until` ends a single time, and this one comes again; write `duration`, and the \
             last day as `UNTIL=` in the `rrule`",
        ),
        (
            format!("{from}, duration: 2h, rrule: FREQ=YEARLY, {rest}"),
            "9:62 slos[0].exclude[0].rrule: a rule with `FREQ=YEARLY` is not read; write `DAILY`, `WEEKLY` or `MONTHLY`, \
             and for a year `MONTHLY` with `INTERVAL=12`",
        ),
        (
            format!("{from}, duration: 2h, rrule: FREQ=WEEKLY;BYDAY=MO, {rest}"),
            "9:15 slos[0].exclude[0]: `2026-01-04 02:00` is not a time by the rule, so nobody knows whether it counts; \
             write the first time by the rule, one that clocks show",
        ),
        (
            format!("{from}, duration: 2h, rrule: FREQ=WEEKLY;UNTIL=20251231, {rest}"),
            "9:15 slos[0].exclude[0]: the rule's `UNTIL` is before the first time, 2026-01-04 02:00; write a later day there",
        ),
        (
            format!("{from}, duration: 2h, rrule: FREQ=WEEKLY;COUNT=2, except: [2026-01-04, 2026-01-11], {rest}"),
            "9:83 slos[0].exclude[0].except: every time of the rule is taken out of it, so that nothing is planned; leave out \
             some of these days, or the whole",
        ),
        (
            format!("{from}, duration: 2h, except: [2026-01-04], {rest}"),
            "9:55 slos[0].exclude[0].except: there is nothing to leave out of a single time; write `rrule`, or leave out \
             `except`",
        ),
        (
            format!("{from}, duration: 2h, rrule: FREQ=DAILY, except: [2026-1-4], {rest}"),
            "9:83 slos[0].exclude[0].except[0]: `2026-1-4` is not a day; write year, month and day, like `2026-01-31`",
        ),
        (
            format!("{from}, duration: 2h, tz: KST, reason: x"),
            "9:55 slos[0].exclude[0].tz: `tz` is not a key here, did you mean `time_zone`? write one of `from`, \
             `time_zone`, `until`, `duration`, `rrule`, `except`, `reason`",
        ),
    ] {
        assert_eq!(one(&exclusion)[0].replace("  ", " "), message, "{exclusion}");
    }
    let several = one(&format!(
        "{from}, duration: 2h, rrule: INTERVAL=0;foo;FREQ=DAILY;FREQ=DAILY, {rest}"
    ));
    let said = [
        "`INTERVAL=0` is out of range; write a whole number from 1 to 1000",
        "`foo` is not a part of a rule; write parts with `;` between them, like `FREQ=WEEKLY;BYDAY=SU`",
        "`FREQ` is twice in the rule; write it once, with commas between its values",
    ];
    assert_eq!(
        several,
        said.map(|said| format!("9:62 slos[0].exclude[0].rrule: {said}"))
    );
    let many = format!("{{ {from}, duration: 2h, {rest} }}, ").repeat(101);
    let many = found(&spec(&format!("exclude: [{many}]"), ""));
    assert_eq!(many.len(), 1);
    assert!(
        many[0].ends_with("exclude: 101 items are too many; write at most 100"),
        "{}",
        many[0]
    );
}

#[test]
fn an_engine_may_count_the_events() -> Tested {
    let read = |sli: &str| SloSet::from_yaml(&spec("", "").replace("{ http: { routes: [/a] } }", sli));
    let of = |sli: &str| Ok::<_, Box<dyn Error>>(read(sli)?.slos()[0].sli().clone());
    let bad = "mails_failed_total{queue=\"orders\"}";
    let expected: Sli = PrometheusSli::bad(bad.parse()?, "mails_total".parse()?).into();
    assert_eq!(
        of(&format!("{{ prometheus: {{ bad: '{bad}', valid: mails_total }} }}"))?,
        expected
    );
    assert!(!expected.is_counted_here() && !expected.is_told());
    let good = "\n      prometheus:\n        good: |\n          sum(increase(\n            sent_total[$window]\n          ))\n        \
                valid: mails_total";
    let expected = PrometheusSli::good("sum(increase( sent_total[$window] ))".parse()?, "mails_total".parse()?);
    assert_eq!(of(good)?, expected.into());

    let refused = |sli: &str| {
        let text = spec("", "").replace("{ http: { routes: [/a] } }", sli);
        found(&text)
    };
    assert_eq!(
        refused("{ prometheus: { bad: 'a[5m]', good: 'sum(b', valid: 'a # b' } }"),
        [
            "8:31 slos[0].sli.prometheus.bad: `a[5m]` ends with a range, and rules take the range they need; write the \
             selector alone, or `sum(increase(…[$window]))`",
            "8:40 slos[0].sli.prometheus.good: `good` stands beside `bad`; write one of the two",
            "8:46 slos[0].sli.prometheus.good: `(` is opened in the query and not closed; write its other half",
            "8:62 slos[0].sli.prometheus.valid: a query has no comment in it; write it in the spec, behind ` #` outside the \
             query",
        ]
    );
    assert_eq!(
        refused("{ prometheus: { total: a } }"),
        [
            "8:24 slos[0].sli.prometheus: `bad` or `good` is missing; write one, like `bad: \
             'mails_failed_total{queue=\"orders\"}'`",
            "8:26 slos[0].sli.prometheus.total: `total` is not a key here, did you mean `valid`? write one of `bad`, `good`, \
             `valid`",
        ]
    );
    assert_eq!(
        refused("{ prometheus: { bad: \"a{b=\\\"\\u202e\\\"}\", valid: a } }"),
        ["8:31 slos[0].sli.prometheus.bad: the query has a sign in it that nobody sees, U+202E; write it without"]
    );
    Ok(())
}

#[test]
fn the_gate_is_written_as_a_whole_and_per_environment() -> Tested {
    let gate = "gate: { on_unknown: allow, least_events: 0, most_excluded: 2%, oldest_push: 90s }\nenvironments: { dev: { \
                gate: { least_events: 10, on_unknown: refuse } } }";
    let set = SloSet::from_yaml(&spec(gate, ""))?;
    let rules = |set: &SloSet| {
        let gate = set.gate();
        (
            gate.on_unknown,
            gate.least_events,
            gate.most_excluded.to_string(),
            gate.oldest_push.as_secs(),
        )
    };
    assert_eq!(rules(&set), (OnUnknown::Allow, 0, "2%".to_owned(), 90));
    assert_eq!(
        rules(&set.for_environment("dev")),
        (OnUnknown::Refuse, 10, "2%".to_owned(), 90)
    );
    let wrong = "gate: { on_unknown: maybe, least_events: -1, most_excluded: 101%, oldest_push: 59s }";
    assert_eq!(
        found(&spec(wrong, "")),
        [
            "3:21 gate.on_unknown: `maybe` is not what happens when something could not be seen; write `refuse` or `allow`",
            "3:42 gate.least_events: `-1` is not a whole number from 0 to 1000000000; write it like `least_events: 100`",
            "3:61 gate.most_excluded: a limit of 101% is more than everything; write at most `100%`, like `0.5%`",
            "3:80 gate.oldest_push: `59s` is not an age of a push; write from `1m` to `1d`, like `5m`",
        ]
    );
    Ok(())
}

#[test]
fn a_retention_is_from_a_day_on() -> Tested {
    let set = SloSet::from_yaml(&spec("retention: 40d", ""))?;
    assert_eq!(set.retention(), Some(Duration::from_secs(40 * 86_400)));
    assert_eq!(
        found(&spec("retention: 30", "")),
        ["3:12 retention: `30` is not a retention; write from `1d` to `36525d`, like `40d`"]
    );
    assert_eq!(found(&spec("retention: 23h", "")).len(), 1);
    Ok(())
}

#[test]
fn json_is_read_with_its_tabs_and_escapes() -> Tested {
    let json = "{\n\t\"version\": 1,\n\t\"service\": \"shop\",\n\t\"slos\": [\n\t\t{\n\t\t\t\"name\": \"a\",\t\"objective\": \
                \"99%\",\n\t\t\t\"window\": \"30d\",\n\t\t\t\"sli\": {\"http\": {\"routes\": [\"\\/a\"], \"bad\": \
                [429]}},\n\t\t\t\"promise\": \"caf\\u00e9 \\\"x\\\"\"\n\t\t}\n\t]\n}\n";
    let set = SloSet::from_yaml(json)?;
    assert_eq!(set.slos()[0].promise_sentence(), Some("café \"x\""));
    // A tab in quotes stays one, and is told at its place behind two others.
    let wrong = json.replace("\"shop\"", "\"sh\top\"");
    let message = "3:13 service: the text has a sign in it that is not shown, U+0009; write it without";
    assert_eq!(found(&wrong), [message]);
    assert_eq!(found(&json.replace("\"99%\"", "99.9")).len(), 1);
    assert_eq!(found(&json.replace("\"30d\"", "null")).len(), 1);
    Ok(())
}

#[test]
fn a_letter_as_two_codes_is_refused_with_words() {
    let json = r#"{ "version": 1, "service": "\ud83d\ude00" }"#;
    assert_eq!(
        found(json),
        ["1:28 : a `\\` code that YAML does not know; write the text in single quotes, where `\\` is only a sign"]
    );
}
