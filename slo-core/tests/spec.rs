//! The spec file: what a valid one means, and every mistake of a wrong one with its place and its advice.
#![cfg(feature = "yaml")]

use chrono::NaiveDate;
use proptest::prelude::*;
use slo_core::{
    Classification, CompositeSli, DownCounts, Ending, Environment, EventsSli, HttpSli, Outcome, Sli, Slo, SloOverride,
    SloSet, Status, StatusClassError, SyntheticSli, Until, Window,
};

const VALID: &str = r#"# the promises of one service
version: 1
service: real-estate
slos:
  - name: browse-availability
    promise: Anyone can look at listings at any time.
    journey: browse
    owner: search-team
    status: agreed
    agreed_on: 2026-01-31
    sli: { http: { routes: ["/listings", "/real-price/{region}"] } }
    objective: 99.9%
    window: 30d
  - name: "purchase-latency"
    objective: '95%'
    window: 4w
    sli:
      http:
        routes: [/purchase]
        methods: [POST]
        faster_than: 800ms
        bad: [5xx, 429]
        good: [503]
        excluded: ["404"]
"#;

/// Line, column, key and message of every mistake.
type Found = Vec<(usize, usize, String, String)>;

fn found(text: &str) -> Found {
    let Err(error) = SloSet::from_yaml(text) else {
        return Vec::new();
    };
    let mistakes = error.mistakes().iter();
    mistakes
        .map(|m| (m.line(), m.column(), m.key().to_owned(), m.message().to_owned()))
        .collect()
}

/// The valid spec with one piece replaced.
fn with(from: &str, to: &str) -> String {
    assert!(VALID.contains(from), "{from:?} is not in the valid spec");
    VALID.replacen(from, to, 1)
}

/// Asserts that the valid spec with one piece replaced has exactly this mistake.
#[track_caller]
fn one(from: &str, to: &str, line: usize, column: usize, key: &str, message: &str) {
    assert_eq!(
        found(&with(from, to)),
        [(line, column, key.to_owned(), message.to_owned())]
    );
}

/// Asserts the one mistake of a whole text.
#[track_caller]
fn only(text: &str, line: usize, column: usize, key: &str, message: &str) {
    assert_eq!(found(text), [(line, column, key.to_owned(), message.to_owned())]);
}

fn expected() -> Result<SloSet, Box<dyn std::error::Error>> {
    let browse = Slo::new(
        "browse-availability",
        HttpSli::routes(["/listings", "/real-price/{region}"]),
        "99.9%".parse()?,
        Window::days(30)?,
    )
    .promise("Anyone can look at listings at any time.")
    .journey("browse")
    .owner("search-team")
    .status(Status::Agreed)
    .agreed_on(NaiveDate::from_ymd_opt(2026, 1, 31).ok_or("no such day")?);
    let rules = || -> Result<Classification, StatusClassError> {
        let rules = Classification::new().bad("5xx".parse()?).bad("429".parse()?);
        Ok(rules.good("503".parse()?).excluded("404".parse()?))
    };
    let purchase = HttpSli::routes(["/purchase"]).methods(["POST"]);
    let purchase = purchase.faster_than("800ms".parse()?).classified_by(rules()?);
    let purchase = Slo::new("purchase-latency", purchase, "95%".parse()?, Window::days(28)?);
    Ok(SloSet::builder("real-estate").slo(browse).slo(purchase).build()?)
}

#[test]
fn a_gate_changes_what_it_names_and_an_environment_changes_it_again() {
    let spec = r#"
version: 1
service: shop
slos: [{ name: a, objective: 99%, window: 30d, sli: { http: { routes: [/a] } } }]
gate: { p95: "< 1.5s over 30m", budget: "> 20%" }
environments:
  dev: { gate: { mode: observe } }
"#;
    let set = SloSet::from_yaml(spec).unwrap();
    let rules = |set: &SloSet| {
        let gate = set.gate();
        [
            gate.bad_ratio.to_string(),
            gate.p95.to_string(),
            gate.budget.to_string(),
            gate.mode.as_str().to_owned(),
        ]
    };
    assert_eq!(
        rules(&set),
        ["< 0.5% over 15m", "< 1500ms over 30m", "> 20%", "enforce"]
    );
    assert_eq!(
        rules(&set.for_environment("dev")),
        ["< 0.5% over 15m", "< 1500ms over 30m", "> 20%", "observe"]
    );
    assert_eq!(rules(&set.for_environment("production")), rules(&set));
    assert_eq!(set.latency_limits(), ["1500ms".parse().unwrap()]);
    let plain = SloSet::from_yaml(
        &spec
            .replace("gate:", "# gate:")
            .replace("environments:", "# environments:")
            .replace("  dev:", "# dev:"),
    );
    assert_eq!(
        rules(&plain.unwrap()),
        ["< 0.5% over 15m", "< 800ms over 15m", "> 10%", "enforce"]
    );
}

#[test]
fn routes_may_be_marked_by_the_program_and_the_clock_may_run_to_the_end_of_the_body() {
    let spec = with("[/purchase]", "marked").replace("faster_than: 800ms", "faster_than: 800ms\n        until: body");
    let slos = SloSet::from_yaml(&spec).unwrap();
    let Sli::Http(sli) = slos.slo("purchase-latency").unwrap().sli() else {
        panic!("requests are measured");
    };
    assert_eq!(
        (sli.is_marked(), sli.clock_stops(), sli.route_templates().count()),
        (true, Until::Body, 0)
    );
    assert!(!sli.matches("/purchase", "POST") && sli.has_method("POST") && !sli.has_method("GET"));
    let said = found(&spec.replace("until: body", "until: end"));
    assert_eq!(
        said,
        [(
            22,
            16,
            "slos[1].sli.http.until".to_owned(),
            "`end` is not where a clock stops; write `head` or `body`".to_owned()
        )]
    );
}

#[cfg(feature = "calendar")]
#[test]
fn a_gate_asks_for_the_last_minutes_and_not_for_a_calendar_period() {
    let refused = "< 0.5% over month in Asia/Seoul".parse::<slo_core::gate::Below<slo_core::Share>>();
    assert!(matches!(refused, Err(slo_core::gate::RuleTextError::NotBelow(_))));
}

#[test]
fn mistakes_in_a_gate_have_their_places() {
    let spec = r#"
version: 1
service: shop
slos: [{ name: a, objective: 99%, window: 30d, sli: { http: { routes: [/a] } } }]
gate: { bad_ratio: 0.5%, p95: "< 800ms", budget: "> 100%", mode: enforced, burn: 1 }
environments: { dev: { gate: { budget: 10% } } }
"#;
    let refused = SloSet::from_yaml(spec).unwrap_err();
    let found: Vec<_> = refused
        .mistakes()
        .iter()
        .map(|mistake| (mistake.line(), mistake.key(), mistake.message()))
        .collect();
    let expected = [
        (
            5,
            "gate.bad_ratio",
            "`0.5%` is not a rule; write `<`, a limit and a window, like `< 0.5% over 15m` or `< 800ms over 15m`",
        ),
        (
            5,
            "gate.p95",
            "`< 800ms` is not a rule; write `<`, a limit and a window, like `< 0.5% over 15m` or `< 800ms over 15m`",
        ),
        (
            5,
            "gate.budget",
            "`> 100%` can never hold; write a limit that something is on the right side of, like `< 0.5% over 15m` or `> 10%`",
        ),
        (
            5,
            "gate.mode",
            "`enforced` is not a mode; write `enforce`, or `observe` to record what it would have done",
        ),
        (
            5,
            "gate.burn",
            "`burn` is not a key here; write one of `bad_ratio`, `p95`, `budget`, `mode`, `on_unknown`, `least_events`, \
             `most_excluded`, `oldest_push`",
        ),
        (
            6,
            "environments.dev.gate.budget",
            "`10%` is not a rule; write `>` and the share that must be left, like `> 10%`",
        ),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_decimal_comma_in_braces_is_one_mistake_and_not_two_halves() {
    let spec = "{ version: 1, service: shop, slos: [\
                {name: a, objective: 99,9%, window: 30d, sli: {http: {routes: [/a], faster_than: 0,8s}}}]}";
    let refused = SloSet::from_yaml(spec).unwrap_err();
    let messages: Vec<_> = refused
        .mistakes()
        .iter()
        .map(|mistake| (mistake.key(), mistake.message()))
        .collect();
    assert_eq!(
        messages,
        [
            (
                "slos[0].objective",
                "`99,9%` has a decimal comma; write a point: `99.9%`"
            ),
            (
                "slos[0].sli.http.faster_than",
                "`0,8s` has a decimal comma; write a point: `0.8s`"
            ),
        ]
    );
}

#[test]
fn a_valid_spec_is_the_set_that_the_builder_makes() {
    assert_eq!(SloSet::from_yaml(VALID), Ok(expected().unwrap()));
}

#[test]
fn line_endings_byte_order_mark_document_marks_and_comments_do_not_matter() {
    let expected = expected().unwrap();
    for text in [
        VALID.replace('\n', "\r\n"),
        format!("\u{feff}{VALID}"),
        format!("---\n{VALID}...\n"),
        format!("%YAML 1.2\n---\n{VALID}"),
        VALID.trim_end().to_owned(),
        VALID.replace("/purchase]", "/purchase] # the one that earns money"),
    ] {
        assert_eq!(SloSet::from_yaml(&text), Ok(expected.clone()), "{text}");
    }
    let (line, column, ..) = found(&format!("\u{feff}{}", VALID.replace("30d", "0d")))[0];
    assert_eq!((line, column), (13, 13));
    let first = SloSet::from_yaml("\u{feff}version: 2").unwrap_err().mistakes()[2].clone();
    assert_eq!((first.column(), first.source_line()), (10, "version: 2"));
    let (line, column, ..) = found(&VALID.replace("30d", "0d").replace('\n', "\r\n"))[0];
    assert_eq!((line, column), (13, 13));
}

#[test]
fn words_for_people_may_look_like_anything() {
    let text = with(
        "promise: Anyone can look at listings at any time.",
        "promise: >\n      One sentence,\n      folded.\n",
    );
    assert_eq!(
        SloSet::from_yaml(&text).unwrap().slos()[0].promise_sentence(),
        Some("One sentence, folded.")
    );
    for (written, read) in [
        ("5", "5"),
        ("true", "true"),
        ("2026-01-01", "2026-01-01"),
        ("매물을 봅니다", "매물을 봅니다"),
    ] {
        let set = SloSet::from_yaml(&with("search-team", written)).unwrap();
        assert_eq!(set.slos()[0].owner_name(), Some(read));
    }
}

#[test]
fn a_ratio_or_a_bare_number_is_no_objective() {
    let bad = |written: &str, message: &str| one("99.9%", written, 12, 16, "slos[0].objective", message);
    bad("99.9", "`99.9` is not a percentage; write `99.9%`");
    bad("0.999", "`0.999` is not a percentage; write `99.9%`");
    bad("99,9", "`99,9` is not a percentage; write `99.9%`");
    bad("99.9 %", "`99.9 %` is not a percentage; write `99.9%`");
    bad("\"0.9995\"", "`0.9995` is not a percentage; write `99.95%`");
    bad("high", "`high` is not a percentage; write a target like `99.9%`");
}

#[test]
fn what_the_types_refuse_is_refused_in_their_words() {
    let target = |written: &str, message: &str| one("99.9%", written, 12, 16, "slos[0].objective", message);
    target("99,9%", "`99,9%` has a decimal comma; write a point: `99.9%`");
    target(
        "100%",
        "a target of 100% leaves no error budget, the first bad event breaks it; \
         write a target below 100%, like `99.9%`",
    );
    target(
        "0%",
        "a target of 0% promises nothing, every outage would meet it; write what users may count on, like `99.9%`",
    );
    target(
        "99.12345678%",
        "`99.12345678%` has more than 7 decimals, which is finer than a part per billion; write a target like `99.9999%`",
    );
    let window = |written: &str, message: &str| one("30d", written, 13, 13, "slos[0].window", message);
    window("0d", "a window of 0s is too short; write at least `5m`, usually `30d`");
    window(
        "900d",
        "a window of 900d is too long; write at most `400d`, usually `30d`",
    );
    window(
        "30",
        "`30` is not a duration; write numbers with w, d, h, m or s, largest first, like `30d` or `1d12h`",
    );
    let limit = |written: &str, message: &str| one("800ms", written, 21, 22, "slos[1].sli.http.faster_than", message);
    limit(
        "800",
        "`800` is not a latency limit; write a number with ms, s, us, ns or m, like `800ms` or `1.5s`",
    );
    limit(
        "0s",
        "a latency limit of 0ns is out of range; write more than 0 and at most `60m`, like `800ms`",
    );
    one(
        "429",
        "9xx",
        22,
        20,
        "slos[1].sli.http.bad[1]",
        "`9xx` is not a status code; write one from `100` to `599`, or a class from `1xx` to `5xx`",
    );
    one(
        "[POST]",
        "[post]",
        20,
        19,
        "slos[1].sli.http.methods[0]",
        "`post` is not an HTTP method; write one of CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, QUERY, TRACE",
    );
    one(
        "[/purchase]",
        "[\" /purchase\"]",
        19,
        18,
        "slos[1].sli.http.routes[0]",
        "` /purchase` is not a route; write it as in the router, on one line, like `/real-price/{region}` or `/users/:id`",
    );
    one(
        "[/purchase]",
        "[marked]",
        19,
        18,
        "slos[1].sli.http.routes[0]",
        "`marked` in a list would be a route of that name; write `routes: marked`",
    );
}

#[test]
fn endings_are_sorted_by_name() {
    let text = with("excluded: [\"404\"]", "excluded: [404, cancelled, panic]");
    let set = SloSet::from_yaml(&text).unwrap();
    let Sli::Http(sli) = set.slos()[1].sli() else {
        panic!("an http SLI")
    };
    let judged = |ending| sli.classification().judge(ending);
    assert_eq!(judged(Ending::Cancelled), Some(Outcome::Excluded));
    assert_eq!(judged(Ending::Panicked), Some(Outcome::Excluded));
    assert_eq!(judged(Ending::BodyError), Some(Outcome::Bad));
    let message = "`crash` is neither a status code nor an ending; write codes like `429` or `5xx`, or an ending: \
                   `service`, `body`, `panic`, `timeout` or `cancelled`";
    one("429]", "crash]", 22, 20, "slos[1].sli.http.bad[1]", message);
    let message = "`panic` is in `bad` already; write it in one of the two";
    one(
        "[5xx, 429]\n        good: [503]",
        "[panic]\n        good: [panic]",
        23,
        16,
        "slos[1].sli.http.good",
        message,
    );
}

#[test]
fn an_sli_may_be_a_probe_or_events_that_code_tells() {
    let sli = |sli: &str| {
        let set = SloSet::from_yaml(&with(
            "{ http: { routes: [\"/listings\", \"/real-price/{region}\"] } }",
            sli,
        ));
        set.map(|set| set.slos()[0].sli().clone())
    };
    let path = "/real-price/synthetic/health";
    assert_eq!(
        sli(&format!("{{ synthetic: {{ path: {path} }} }}")),
        Ok(SyntheticSli::new(path).into())
    );
    assert_eq!(
        sli(&format!("{{ synthetic: {{ path: {path}, down_counts: excluded }} }}")),
        Ok(SyntheticSli::new(path).down_counts(DownCounts::Excluded).into())
    );
    assert_eq!(
        sli("{ events: { of: notifications sent } }"),
        Ok(EventsSli::of("notifications sent").into())
    );
    let mistakes = |text: &str| {
        let mistakes = sli(text).unwrap_err().mistakes().to_vec();
        let told = mistakes
            .iter()
            .map(|m| format!("{} {}: {}", m.column(), m.key(), m.message()));
        told.collect::<Vec<_>>()
    };
    assert_eq!(
        mistakes("{ synthetic: { path: health, down_counts: good } }"),
        [
            "31 slos[0].sli.synthetic.path: `health` is not a path; write it as a probe asks for it, beginning with `/` and \
             other letters than ASCII as in an address (`%EC%9B%94`), like `/real-price/synthetic/health`",
            "52 slos[0].sli.synthetic.down_counts: `good` is not what a probe without an answer counts as; \
             write `bad` or `excluded`"
        ]
    );
    assert_eq!(
        mistakes("{ events: {} }"),
        ["20 slos[0].sli.events.of: `of` is missing; write it like `of: notifications`"]
    );
    assert_eq!(
        mistakes("{ events: { of: mails }, http: { routes: [/a] } }"),
        ["20 slos[0].sli.events: `events` stands beside `http`, and an SLI measures one thing; write two SLOs"]
            .map(|mistake| mistake.replacen("20", "12", 1))
    );
    assert_eq!(
        mistakes("{ time_slices: { length: 1m, target: 99% } }"),
        [
            "10 slos[0].sli: it is not said what is measured; write one of `http`, `synthetic`, `events`, `composite`, `prometheus`, \
          like `http: { routes: [\"/listings\"] }`"
        ]
    );
}

const COMPOSITE: &str = "  - name: whole
    objective: 99%
    window: 30d
    sli: { composite: { weights: { browse-availability: 3, other: 1 } } }
  - name: other
    objective: 99%
    window: 30d
    sli: { events: { of: mails } }
";

#[test]
fn an_sli_may_be_made_of_other_slos() {
    let set = SloSet::from_yaml(&format!("{VALID}{COMPOSITE}")).unwrap();
    let members = CompositeSli::of([("browse-availability", 3), ("other", 1)]);
    assert_eq!(set.slo("whole").unwrap().sli(), &members.into());
}

#[test]
fn mistakes_of_composites_have_their_places() {
    let line = VALID.lines().count() + 4;
    let one = |weights: &str, column: usize, key: &str, message: &str| {
        let text = COMPOSITE.replacen("browse-availability: 3, other: 1", weights, 1);
        let key = format!("slos[2].sli.composite.weights{key}");
        only(&format!("{VALID}{text}"), line, column, &key, message);
    };
    one(
        "other: 1, browse-availabilty: 3",
        46,
        ".browse-availabilty",
        "`browse-availabilty` is not an SLO of this spec, did you mean `browse-availability`?",
    );
    one(
        "other: 1, whole: 3",
        46,
        ".whole",
        "a composite is not a member of itself; leave it out",
    );
    one(
        "other: 1, purchase-latency: 3",
        46,
        ".purchase-latency",
        "`purchase-latency` has the window 28d and the composite 30d; write the same window for both",
    );
    one(
        "other: 1",
        34,
        "",
        "a composite has 1 members; write from 2 to 25 names of SLOs, each with its weight",
    );
    one(
        "other: 0, browse-availability: 1",
        43,
        ".other",
        "a weight of 0 is out of range; write a whole number from 1 to 1000",
    );
    for weight in ["1.5", "-1", "+1", "99999999999", "much"] {
        let message = format!("`{weight}` is not a weight; write a whole number from 1 to 1000");
        one(
            &format!("other: {weight}, browse-availability: 1"),
            43,
            ".other",
            &message,
        );
    }
    one(
        "other: 1, browse-availability: 1, other: 2",
        70,
        ".other",
        &format!("`other` is written twice, first on line {line}; write it once"),
    );
    let nested = COMPOSITE.replacen(
        "{ events: { of: mails } }",
        "{ composite: { weights: { browse-availability: 1, purchase-latency: 1 } } }",
        1,
    );
    let mistakes = found(&format!("{VALID}{nested}"));
    assert_eq!(mistakes.len(), 2, "{mistakes:?}");
    assert!(
        mistakes[0]
            .3
            .starts_with("`other` is a composite, and a composite has none")
    );

    let sliced = COMPOSITE.replacen("sli: {", "sli: { time_slices: { length: 1m, target: 99% },", 1);
    let mistakes = found(&format!("{VALID}{sliced}"));
    assert_eq!((mistakes.len(), mistakes[0].2.as_str()), (1, "slos[2].sli.time_slices"));

    let parted = "environments: { dev: { slos: { other: { window: 7d } } } }\n";
    only(
        &format!("{VALID}{COMPOSITE}{parted}"),
        line + 5,
        17,
        "environments.dev",
        "composite `whole`: `other` has the window 7d and the composite 30d; write the same window for both",
    );
}

#[test]
fn an_sli_may_be_cut_into_time_slices() {
    let text = VALID.replacen(
        "      http:\n",
        "      time_slices: { length: 1m, target: 99.5% }\n      http:\n",
        1,
    );
    let set = SloSet::from_yaml(&text).unwrap();
    let slices = set.slos()[1].time_slices().unwrap();
    assert_eq!(slices.to_string(), "slices of 1m, good from 99.5%");
    assert_eq!(set.slos()[0].time_slices(), None);

    let with = |slices: &str| text.replacen("{ length: 1m, target: 99.5% }", slices, 1);
    let key = "slos[1].sli.time_slices";
    only(
        &with("{ length: 1h, target: 5% }"),
        18,
        30,
        &format!("{key}.length"),
        "a slice of 3600s is out of range; write whole seconds from `10s` to `5m`, usually `1m`",
    );
    only(
        &with("{ length: 1m }"),
        18,
        20,
        &format!("{key}.target"),
        "`target` is missing; write it like `target: 99%`",
    );
    let found = found(&with("{ length: 60, target: 0% }"));
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(
        (found[1].1, found[1].2.as_str()),
        (42, "slos[1].sli.time_slices.target")
    );
    assert!(found[1].3.starts_with("a slice target of 0% is met by every slice"));
}

const ENVIRONMENTS: &str = "environments:
  dev:
    slos:
      browse-availability: { objective: 95%, window: 7d, status: draft }
      purchase-latency: { faster_than: 2s }
";

#[test]
fn environments_change_what_they_name() {
    let set = SloSet::from_yaml(&format!("{VALID}{ENVIRONMENTS}")).unwrap();
    let dev = Environment::new()
        .slo(
            "browse-availability",
            SloOverride::new()
                .objective("95%".parse().unwrap())
                .window(Window::days(7).unwrap())
                .status(Status::Draft),
        )
        .slo(
            "purchase-latency",
            SloOverride::new().faster_than("2s".parse().unwrap()),
        );
    assert_eq!(set.environments().collect::<Vec<_>>(), [("dev", &dev)]);
    assert_eq!(
        set.for_environment("production").slos(),
        SloSet::from_yaml(VALID).unwrap().slos()
    );
    let limits = ["800ms", "2s"].map(|limit| limit.parse().unwrap()); // the first is the gate's
    assert_eq!(set.for_environment("dev").latency_limits(), limits);
}

#[test]
fn mistakes_of_environments_have_their_places() {
    let first = VALID.lines().count() + 1;
    let one = |from: &str, to: &str, line: usize, column: usize, key: &str, message: &str| {
        assert!(ENVIRONMENTS.contains(from), "{from:?}");
        let text = format!("{VALID}{}", ENVIRONMENTS.replacen(from, to, 1));
        only(&text, first + line, column, &format!("environments{key}"), message);
    };
    let browse = ".dev.slos.browse-availability";
    one(
        "browse-availability:",
        "browse-availabilty:",
        3,
        7,
        ".dev.slos.browse-availabilty",
        "`browse-availabilty` is not an SLO of this spec, did you mean `browse-availability`?",
    );
    one(
        "purchase-latency:",
        "checkout:",
        4,
        7,
        ".dev.slos.checkout",
        "`checkout` is not an SLO of this spec; write one of `browse-availability`, `purchase-latency`",
    );
    one(
        "95%",
        "0.95",
        3,
        41,
        &format!("{browse}.objective"),
        "`0.95` is not a percentage; write `95%`",
    );
    one(
        "window: 7d",
        "windw: 7d",
        3,
        46,
        &format!("{browse}.windw"),
        "`windw` is not a key here, did you mean `window`? \
         write one of `objective`, `window`, `status`, `faster_than`",
    );
    one(
        "status: draft",
        "faster_than: 1s",
        3,
        71,
        &format!("{browse}.faster_than"),
        "`browse-availability` has no latency limit to change; leave this out, or give its `sli` a `faster_than`",
    );
    let needs = found(&format!(
        "{VALID}{}",
        ENVIRONMENTS.replacen("faster_than: 2s", "status: agreed", 1)
    ));
    let keys: Vec<_> = needs
        .iter()
        .map(|(line, column, key, _)| (*line, *column, key.as_str()))
        .collect();
    let key = "environments.dev.slos.purchase-latency.status";
    assert_eq!(keys, [(first + 4, 35, key), (first + 4, 35, key)]);
    assert!(
        needs[1]
            .3
            .starts_with("an agreed promise needs `owner`, who answers for it; ")
    );
    one(
        "  dev:",
        "  my dev:",
        1,
        3,
        ".my dev",
        "`my dev` is not the name of an environment; write 1 to 63 letters, digits, `-`, `_` and `.`, like `production`",
    );
    one(
        "    slos:",
        "    slo: 5\n    slos:",
        2,
        5,
        ".dev.slo",
        "`slo` is not a key here, did you mean `slos`? write one of `slos`, `gate`",
    );
    let text = format!("{VALID}{ENVIRONMENTS}  dev: {{}}\n  test:\n  none: {{ slos: {{}} }}\n  list: []\n");
    let messages: Vec<_> = found(&text)
        .into_iter()
        .map(|(.., key, message)| (key, message))
        .collect();
    let example = "environments: { dev: { slos: { browse-availability: { objective: 95% } } } }";
    let slos = "slos: { browse-availability: { objective: 95% } }";
    let expected = [
        (
            "dev",
            format!("`dev` is written twice, first on line {}; write it once", first + 1),
        ),
        ("test", format!("`test` has no value; write it like in `{example}`")),
        (
            "none.slos",
            format!("the mapping is empty; write one at least, like `{slos}`"),
        ),
        (
            "list",
            format!("found a list where a mapping belongs; write it like `{slos}`"),
        ),
    ];
    assert_eq!(
        messages,
        expected.map(|(key, message)| (format!("environments.{key}"), message))
    );
}

#[test]
fn a_mistake_of_an_slo_is_none_of_its_environments() {
    let text = format!("{VALID}{ENVIRONMENTS}").replacen("99.9%", "999%", 1);
    assert_eq!(found(&text).len(), 1, "{:?}", found(&text));
    let slo = SloSet::from_yaml(&format!("{VALID}{ENVIRONMENTS}").replace("95%,", "0%,")).unwrap_err();
    assert_eq!(slo.mistakes()[0].slo_name(), Some("browse-availability"));
}

#[test]
fn services_and_routes_of_other_languages_are_read_as_they_are() {
    for service in [
        "OrderService",
        "order_service",
        "payments.api",
        "\"unknown_service:java\"",
        "주문 서비스",
        "42",
    ] {
        let text = with("service: real-estate", &format!("service: {service}"));
        assert_eq!(SloSet::from_yaml(&text).unwrap().service(), service.trim_matches('"'));
    }
    for route in ["api/orders/{id}", "/users/:id", "/a/**", "^api/orders/(?P<id>[^/]+)/$"] {
        let text = with("[/purchase]", &format!("[\"{route}\"]"));
        let set = SloSet::from_yaml(&text).unwrap();
        let Sli::Http(sli) = set.slos()[1].sli() else {
            panic!("{route}")
        };
        assert!(sli.matches(route, "POST"), "{route}");
    }
}

#[test]
fn names_are_checked_reserved_and_given_once() {
    let rule = "write 1 to 63 small letters, digits and `-`, beginning with a letter, like `browse-availability`";
    one(
        "real-estate",
        "team/Real Estate",
        3,
        10,
        "service",
        "`team/Real Estate` is not the name of a service; write its `service.name`: 1 to 128 characters that people can see, \
         without `/` and `{{` and without blanks around it, like `real-estate` or `OrderService`",
    );
    one(
        "browse-availability",
        "browse_1",
        5,
        11,
        "slos[0].name",
        &format!("`browse_1` is not a name; {rule}"),
    );
    one(
        "browse-availability",
        "requests",
        5,
        11,
        "slos[0].name",
        "`requests` is the built-in SLI over all matched routes; write another name, like `all-requests`",
    );
    one(
        "\"purchase-latency\"",
        "browse-availability",
        14,
        11,
        "slos[1].name",
        "`browse-availability` is the name of the SLO on line 5 already; write another name",
    );
}

#[test]
fn unknown_keys_are_named_with_what_was_meant() {
    let slo = "`name`, `objective`, `window`, `sli`, `promise`, `journey`, `owner`, `status`, `agreed_on`, `labels`, \
               `runbook`, `dashboard`, `alerts`, `exclude`";
    let http = "`routes`, `methods`, `faster_than`, `until`, `bad`, `good`, `excluded`";
    one(
        "journey: browse",
        "colour: x",
        7,
        5,
        "slos[0].colour",
        &format!("`colour` is not a key here; write one of {slo}"),
    );
    let message = format!("`objectve` is not a key here, did you mean `objective`? write one of {slo}");
    one(
        "objective: 99.9%",
        "objectve: 99.9%",
        12,
        5,
        "slos[0].objectve",
        &message,
    );
    let message = format!("`faster-than` is not a key here, did you mean `faster_than`? write one of {http}");
    one(
        "faster_than",
        "faster-than",
        21,
        9,
        "slos[1].sli.http.faster-than",
        &message,
    );
    one(
        "service:",
        "metrics: {}\nservice:",
        3,
        1,
        "metrics",
        "`metrics` is not a key here; write one of `version`, `service`, `slos`, `gate`, `environments`, `labels`, `alerts`, \
         `exclude`, `retention`",
    );
    let text = with("sli: { http", "sli: { grpc: {}, http");
    only(
        &text,
        11,
        12,
        "slos[0].sli.grpc",
        "`grpc` is not a key here; write one of `http`, `synthetic`, `events`, `composite`, `prometheus`, `time_slices`",
    );
}

#[test]
fn a_misspelt_key_hides_no_mistake_in_its_value() {
    let keys: Vec<_> = found(&with("objective: 99.9%", "target: 99,9%"))
        .into_iter()
        .map(|found| found.2)
        .collect();
    assert_eq!(keys, ["slos[0].target", "slos[0].objective"]);
}

#[test]
fn missing_keys_are_reported_where_they_belong() {
    only(
        "service: a\nslos: [{ name: a, objective: 99%, window: 30d, sli: { http: { routes: [/] } } }]",
        1,
        1,
        "version",
        "`version` is missing; write it like `version: 1`",
    );
    one(
        "    window: 30d\n",
        "",
        5,
        5,
        "slos[0].window",
        "`window` is missing; write it like `window: 30d`",
    );
    one(
        "routes: [\"/listings\", \"/real-price/{region}\"]",
        "",
        11,
        18,
        "slos[0].sli.http.routes",
        "`routes` is missing; write it like `routes: [\"/listings\", \"/real-price/{region}\"]`",
    );
    let keys: Vec<_> = found("version: 1\nservice: a\nslos:\n  - promise: x")
        .into_iter()
        .map(|found| found.2)
        .collect();
    assert_eq!(
        keys,
        ["slos[0].name", "slos[0].objective", "slos[0].window", "slos[0].sli"]
    );
}

#[test]
fn a_key_is_written_once() {
    one(
        "    window: 30d\n",
        "    window: 30d\n    window: 7d\n",
        14,
        5,
        "slos[0].window",
        "`window` is written twice, first on line 13; write it once",
    );
}

#[test]
fn keys_without_a_value_are_mistakes() {
    for empty in ["", "~", "null", "\"\"", "\" \""] {
        let message = "`owner` has no value; write it like `owner: search-team`";
        one(
            "owner: search-team",
            &format!("owner: {empty}"),
            8,
            5,
            "slos[0].owner",
            message,
        );
    }
    let text = "version: 1\nservice: a\nslos:\n";
    let example = "slos: [ { name: browse-availability, objective: 99.9%, window: 30d, sli: { http: { routes: \
                   [\"/listings\"] } } } ]";
    only(
        text,
        3,
        1,
        "slos",
        &format!("`slos` has no value; write it like `{example}`"),
    );
    one(
        "[5xx, 429]",
        "[5xx, ~]",
        22,
        20,
        "slos[1].sli.http.bad[1]",
        "the item is empty; write it like in `bad: [5xx, 429]`",
    );
}

#[test]
fn values_of_another_kind_are_named() {
    one(
        "30d",
        "[30d]",
        13,
        13,
        "slos[0].window",
        "found a list where one value belongs; write it like `window: 30d`",
    );
    one(
        "[/purchase]",
        "/purchase",
        19,
        17,
        "slos[1].sli.http.routes",
        "`/purchase` is one value where a list belongs; write it in brackets: `[\"/purchase\"]`",
    );
    one(
        "[5xx, 429]",
        "429",
        22,
        14,
        "slos[1].sli.http.bad",
        "`429` is one value where a list belongs; write it in brackets: `[429]`",
    );
    one(
        "[5xx, 429]",
        "{ code: 429 }",
        22,
        14,
        "slos[1].sli.http.bad",
        "found a mapping where a list belongs; write it like `bad: [5xx, 429]`",
    );
    one(
        "{ http: { routes: [\"/listings\", \"/real-price/{region}\"] } }",
        "http",
        11,
        10,
        "slos[0].sli",
        "found `http` where a mapping belongs; write it like `http: { routes: [\"/listings\"] }`",
    );
    only(
        "version: 1\nservice: a\nslos: { name: a }",
        3,
        7,
        "slos",
        "found a mapping where a list of SLOs belongs; write it like `- name: browse-availability`",
    );
    only(
        "version: 1\nservice: a\nslos: [a]",
        3,
        8,
        "slos[0]",
        "found `a` where a mapping belongs; write it like `name: browse-availability`",
    );
    only(
        "- a",
        1,
        1,
        "",
        "found a list where a mapping belongs; write it like `version: 1`",
    );
    one(
        "journey: browse",
        "[a]: browse",
        7,
        5,
        "slos[0]",
        "a key must be a word; write `key: value`",
    );
}

#[cfg(feature = "calendar")]
#[test]
fn a_calendar_window_is_a_period_and_a_zone() {
    let month = Window::calendar(slo_core::Period::Month, "Asia/Seoul".parse().unwrap());
    for written in [
        "{ calendar: month, time_zone: Asia/Seoul }",
        "{ time_zone: 'Asia/Seoul', calendar: \"month\" }",
        "\n      calendar: month\n      time_zone: Asia/Seoul",
        "month in Asia/Seoul", // the text of JSON, too
    ] {
        let set = SloSet::from_yaml(&with("30d", written));
        assert_eq!(set.unwrap().slos()[0].window(), month, "{written}");
    }
}

#[cfg(feature = "calendar")]
#[test]
fn what_is_wrong_with_a_calendar_window_is_named_in_its_place() {
    let window = |written: &str, column, key: &str, message: &str| {
        one("30d", written, 13, column, &format!("slos[0].window{key}"), message);
    };
    window(
        "{ calendar: months, time_zone: Asia/Seoul }",
        25,
        ".calendar",
        "`months` is not a period of the calendar; write `day`, `week`, `month`, `quarter` or `year`",
    );
    let advice = "write a name of the IANA database, like `Asia/Seoul` or `UTC`";
    window(
        "{ calendar: month, time_zone: Asia/Soul }",
        43,
        ".time_zone",
        &format!("`Asia/Soul` is not a time zone, did you mean `Asia/Seoul`? {advice}"),
    );
    window(
        "{ calendar: month, time_zone: KST }",
        43,
        ".time_zone",
        &format!("`KST` is not a time zone; {advice}"),
    );
    window(
        "{ calendar: month }",
        13,
        ".time_zone",
        "`time_zone` is missing; write it like `time_zone: Asia/Seoul`",
    );
    window(
        "{ time_zone: Asia/Seoul }",
        13,
        ".calendar",
        "`calendar` is missing; write it like `calendar: month`",
    );
    window(
        "{ calendar: month, timezone: Asia/Seoul }",
        32,
        ".timezone",
        "`timezone` is not a key here, did you mean `time_zone`? write one of `calendar`, `time_zone`",
    );
    window(
        "{ calendar: month, time_zone: Asia/Seoul, starts: monday }",
        55,
        ".starts",
        "`starts` is not a key here; write one of `calendar`, `time_zone`",
    );
    window(
        "{ calendar: [month], time_zone: Asia/Seoul }",
        25,
        ".calendar",
        "found a list where one value belongs; write it like `calendar: month`",
    );
    window(
        "{ calendar: month, time_zone: ~ }",
        32,
        ".time_zone",
        "`time_zone` has no value; write it like `time_zone: Asia/Seoul`",
    );
    window(
        "month",
        13,
        "",
        "a calendar month needs a time zone; write it like `month in Asia/Seoul`",
    );
}

#[cfg(feature = "calendar")]
#[test]
fn all_mistakes_of_a_calendar_window_are_found_at_once() {
    let text = with("30d", "{ period: monthly, tz: Korea }");
    let keys: Vec<_> = found(&text).into_iter().map(|found| found.2).collect();
    let expected = ["period", "calendar", "tz", "time_zone"].map(|key| format!("slos[0].window.{key}"));
    assert_eq!(keys, expected);
}

#[cfg(not(feature = "calendar"))]
#[test]
fn without_the_feature_a_calendar_window_is_no_unknown_key() {
    for written in ["{ calendar: month, time_zone: Asia/Seoul }", "month in Asia/Seoul"] {
        one(
            "30d",
            written,
            13,
            13,
            "slos[0].window",
            "this build has no calendar windows; enable the feature `calendar` of slo-core, or write days, like `30d`",
        );
    }
}

#[test]
fn lists_hold_something_and_nothing_twice() {
    one(
        "[/purchase]",
        "[]",
        19,
        17,
        "slos[1].sli.http.routes",
        "the list is empty; write one at least, like `routes: [\"/listings\", \"/real-price/{region}\"]`",
    );
    only(
        "version: 1\nservice: a\nslos: []",
        3,
        7,
        "slos",
        "the list is empty; write one SLO at least, beginning with `- name:`",
    );
    one(
        "[POST]",
        "[POST, PUT, POST]",
        20,
        30,
        "slos[1].sli.http.methods[2]",
        "`POST` is item [0] of the list already; write it once",
    );
    one(
        "[503]",
        "[503, 5xx]",
        23,
        21,
        "slos[1].sli.http.good",
        "`5xx` is in `bad` already; write it in one of the two",
    );
    one(
        "[\"404\"]",
        "[503]",
        24,
        20,
        "slos[1].sli.http.excluded",
        "`503` is in `good` already; write it in one of the two",
    );
}

#[test]
fn another_version_is_not_guessed_at() {
    for other in ["2", "1.0", "one", "\"01\""] {
        let message = format!(
            "version `{}` is not understood; write `version: 1`",
            other.trim_matches('"')
        );
        one("version: 1", &format!("version: {other}"), 2, 10, "version", &message);
    }
    assert!(SloSet::from_yaml(&with("version: 1", "version: \"1\"")).is_ok());
}

#[test]
fn an_agreed_promise_has_a_sentence_and_an_owner() {
    one(
        "    owner: search-team\n",
        "",
        8,
        13,
        "slos[0].owner",
        "an agreed promise needs `owner`, who answers for it; write it like `owner: search-team`, or `status: draft`",
    );
    one(
        "    promise: Anyone can look at listings at any time.\n",
        "",
        8,
        13,
        "slos[0].promise",
        "an agreed promise needs `promise`, one sentence that users would understand; \
         write it like `promise: Anyone can look at listings at any time.`, or `status: draft`",
    );
    let draft = with("status: agreed", "status: draft").replace("    owner: search-team\n", "");
    assert!(SloSet::from_yaml(&draft).is_ok());
    one(
        "agreed\n",
        "Agreed\n",
        9,
        13,
        "slos[0].status",
        "`Agreed` is not a status; write `draft` or `agreed`",
    );
}

#[test]
fn a_day_is_in_the_calendar() {
    for day in ["2026-02-30", "31.01.2026", "2026-1-31", "2026-01-31T00:00:00Z"] {
        let message = format!("`{day}` is not a day; write year, month and day, like `2026-01-31`");
        one("2026-01-31", day, 10, 16, "slos[0].agreed_on", &message);
    }
}

#[test]
fn empty_files_and_second_documents_are_refused() {
    let message = "the file is empty; write `version: 1`, `service:` and `slos:` at least";
    for text in ["", "\n\n", "# nothing but a comment\n", "---\n", "~", "\u{feff}"] {
        only(text, 1, 1, "", message);
    }
    let text = format!("{VALID}---\nnot: [even, yaml");
    only(
        &text,
        25,
        1,
        "",
        "a second document begins here; write one spec per file",
    );
}

#[test]
fn tags_and_aliases_are_refused() {
    one(
        "99.9%",
        "!!str 99.9%",
        12,
        16,
        "slos[0].objective",
        "`!!str` is a tag, and tags are not read; write the value alone",
    );
    one(
        "99.9%",
        "!percent 99.9%",
        12,
        16,
        "slos[0].objective",
        "`!percent` is a tag, and tags are not read; write the value alone",
    );
    let text = with("window: 30d", "window: &month 30d").replace("4w", "*month");
    only(
        &text,
        16,
        13,
        "slos[1].window",
        "aliases are not read; write the value itself once more",
    );
    one(
        "4w",
        "*month",
        16,
        13,
        "",
        "an alias of an anchor that does not exist, and aliases are not read; write the value itself",
    );
}

#[test]
fn a_thousand_laughs_are_one_mistake_each() {
    let mut text = "version: 1\nservice: a\na: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (last, next) in ('a'..='y').zip('b'..='z') {
        let aliases = vec![format!("*{last}"); 10].join(", ");
        text.push_str(&format!("{next}: &{next} [{aliases}]\n"));
    }
    let aliases = found(&text)
        .into_iter()
        .filter(|found| found.3.starts_with("aliases are not read"));
    assert_eq!(aliases.count(), 250);
}

#[test]
fn deep_nesting_ends() {
    let message = "nested more than 64 levels deep; a spec needs 6, write fewer brackets";
    only(&"[".repeat(100), 1, 66, "", message);
    only(&format!("slos: {}", "{a: ".repeat(80)), 1, 260, "", message);
    only(&"- ".repeat(10_000), 1, 131, "", message);
    assert!(!found(&"[".repeat(1_000_000)).is_empty());
    assert!(!found(&"? ".repeat(10_000)).is_empty());
}

#[test]
fn what_is_not_yaml_is_one_mistake_with_its_place() {
    let tab = "a tab stands where spaces belong; write spaces, YAML is indented with nothing else";
    one("    window: 30d", "\twindow: 30d", 13, 1, "", tab);
    let braces = "write `,` between its parts and the closing bracket, and put a text with `{`, `}`, `[`, `]` or `,` \
                  into quotes, like `\"/real-price/{region}\"`";
    let opens = |line: usize| format!("the list or mapping that opens on line {line} does not go on here; {braces}");
    one("[/purchase]", "[/real-price/{region}]", 19, 30, "", &opens(19));
    one("[POST]", "[POST", 21, 20, "", &opens(20));
    one(
        "    window: 30d",
        "     window: 30d",
        13,
        12,
        "",
        "a `:` that cannot begin a value here; indent this line like its neighbours, and put a text with `: ` into quotes",
    );
    one(
        "    objective: 99.9%",
        "   objective: 99.9%",
        12,
        4,
        "",
        "this line is not part of the list above; begin it with `- `, indented like its neighbours",
    );
    one(
        "browse\n",
        "@browse\n",
        7,
        14,
        "",
        "a text cannot begin with `@`; write it in quotes",
    );
    one(
        "99.9%",
        "%99.9",
        12,
        16,
        "",
        "a text cannot begin with `%`; write it in quotes",
    );
    one(
        "'95%'",
        "'95%",
        15,
        16,
        "",
        "a text in quotes is not closed; write the closing quote on the same line",
    );
    one("promise: Anyone", "promise: Promise: anyone", 6, 21, "", {
        "a `:` that cannot begin a value here; indent this line like its neighbours, and put a text with `: ` into quotes"
    });
    only("a: [b", 1, 4, "", &opens(1)); // at the end of the text: where it opens says more
}

const MANY: &str = r#"version: 1
service: Real/Estate
slos:
  - name: browse
    objective: 99,9%
    window: 0d
    status: agreed
    owner: search-team
    sli: { http: { routes: ["/listings"], method: [GET] } }
  - name: browse
    objective: 100%
    windov: 30d
    sli: { http: { routes: "/purchase", bad: [5xx], excluded: [5xx] } }
"#;

#[test]
fn all_mistakes_of_a_file_are_found_at_once_and_in_order() {
    let places: Vec<_> = found(MANY)
        .into_iter()
        .map(|(line, column, key, _)| (line, column, key))
        .collect();
    let expected = [
        (2, 10, "service"),
        (5, 16, "slos[0].objective"),
        (6, 13, "slos[0].window"),
        (7, 13, "slos[0].promise"),
        (9, 43, "slos[0].sli.http.method"),
        (10, 11, "slos[1].name"),
        (11, 16, "slos[1].objective"),
        (12, 5, "slos[1].windov"),
        (13, 28, "slos[1].sli.http.routes"),
        (13, 64, "slos[1].sli.http.excluded"),
    ];
    assert_eq!(
        places,
        expected.map(|(line, column, key)| (line, column, key.to_owned()))
    );
}

#[test]
fn the_message_names_file_line_key_finding_and_cure() {
    let text = with("99.9%", "99,9%").replace("4w", "0d");
    let refused = SloSet::from_yaml_named("shop/slo.yaml", &text).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "shop/slo.yaml:12:16: slos[0].objective (browse-availability): \
         `99,9%` has a decimal comma; write a point: `99.9%`\n\
         \x20 12 |     objective: 99,9%\n\
         \x20    |                ^^^^^\n\
         shop/slo.yaml:16:13: slos[1].window (purchase-latency): \
         a window of 0s is too short; write at least `5m`, usually `30d`\n\
         \x20 16 |     window: 0d\n\
         \x20    |             ^^\n\
         2 mistakes in shop/slo.yaml"
    );
    let mistake = &refused.mistakes()[0];
    assert_eq!(mistake.file(), "shop/slo.yaml");
    assert_eq!(mistake.slo_name(), Some("browse-availability"));
    assert_eq!(mistake.source_line(), "    objective: 99,9%");
}

#[test]
fn a_single_mistake_has_no_count_and_an_slo_without_a_name_no_name() {
    let refused = SloSet::from_yaml("- a").unwrap_err();
    assert_eq!(
        refused.to_string(),
        "slo.yaml:1:1: found a list where a mapping belongs; write it like `version: 1`\n  1 | - a\n    | ^"
    );
    let refused = SloSet::from_yaml(&with("browse-availability", "B")).unwrap_err();
    assert_eq!(refused.mistakes()[0].slo_name(), None);
    assert!(
        refused
            .to_string()
            .starts_with("slo.yaml:5:11: slos[0].name: `B` is not a name")
    );
}

#[test]
fn the_mark_stands_under_wide_letters() {
    let refused = SloSet::from_yaml(&with("[\"/listings\",", "[\"/매물\", 매물, 매물,")).unwrap_err();
    let shown = refused.to_string();
    let [_, line, marks] = shown.lines().collect::<Vec<_>>()[..] else {
        panic!("{shown}")
    };
    assert_eq!(
        line,
        "  11 |     sli: { http: { routes: [\"/매물\", 매물, 매물, \"/real-price/{region}\"] } }"
    );
    assert_eq!(
        marks,
        format!(
            "     | {}^^^^",
            " ".repeat("    sli: { http: { routes: [\"/....\", ...., ".len())
        )
    );
}

#[test]
fn nothing_of_the_file_can_command_a_terminal_or_flood_it() {
    let long = "x".repeat(1_000_000);
    let text = with("journey:", &format!("\"\\e[2J\\n\u{202e}{}\":", &long[..900]));
    let text = text
        .replace("99.9%", &format!("y{long}"))
        .replace("30d", "0d # \u{1b}[31m");
    let refused = SloSet::from_yaml_named("slo\u{1b}.yaml", &text).unwrap_err();
    let shown = refused.to_string();
    assert!(shown.len() < 4_000, "{}", shown.len());
    assert_eq!(shown.lines().count(), 10, "{shown}");
    assert!(
        !shown.contains(|sign: char| sign == '\u{202e}' || (sign.is_control() && sign != '\n')),
        "{shown:?}"
    );
    assert!(
        shown.contains("write one of `name`, ") && shown.contains("write a target like `99.9%`"),
        "{shown}"
    );
}

#[test]
fn what_people_cannot_see_is_not_taken_into_a_definition() {
    let message = |code: &str| format!("the text has a sign in it that is not shown, U+{code}; write it without");
    one("99.9%", "\"99\\0%\"", 12, 16, "slos[0].objective", &message("0000"));
    one(
        "search-team",
        "\"search\\e[31m\"",
        8,
        12,
        "slos[0].owner",
        &message("001B"),
    );
    one(
        "search-team",
        "\"search \u{202e}maet\"",
        8,
        12,
        "slos[0].owner",
        &message("202E"),
    );
    one(
        "search-team",
        "\"sear\u{200b}ch\"",
        8,
        12,
        "slos[0].owner",
        &message("200B"),
    );
    one(
        "[/purchase]",
        "[\"/purchase\\n\"]",
        19,
        18,
        "slos[1].sli.http.routes[0]",
        &message("000A"),
    );
}

fn check(text: &str) {
    let Err(error) = SloSet::from_yaml(text) else { return };
    assert!(!error.mistakes().is_empty());
    let places: Vec<_> = error
        .mistakes()
        .iter()
        .map(|mistake| (mistake.line(), mistake.column()))
        .collect();
    assert!(places.is_sorted(), "{places:?}");
    for mistake in error.mistakes() {
        assert!(mistake.line() >= 1 && mistake.column() >= 1 && !mistake.message().is_empty());
        assert_eq!(mistake.to_string().lines().count(), 3, "{mistake}");
        let lines = text.split('\n').flat_map(|line| line.split('\r')).count();
        assert!(mistake.line() <= lines + 1, "{mistake}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_spec_or_has_mistakes_with_places(text in "\\PC*") {
        check(&text);
    }

    #[test]
    fn any_text_of_yamls_own_signs_is_too(text in "[\\[\\]{}:,?&*!|>'\"%@`#~<= \\-\\n\\r\\ta1/é\u{feff}\u{85}]{0,80}") {
        check(&text);
    }

    #[test]
    fn a_damaged_spec_is_a_spec_or_has_mistakes_with_places(
        cuts in proptest::collection::vec((0..VALID.len(), 0..12_usize, "[\\[\\]{}:,&*!|>'\"% \\n\\t\\-a9]{0,4}"), 1..4),
    ) {
        let mut text = VALID.to_owned();
        for (at, length, put) in cuts {
            let at = at.min(text.len()); // the spec is ASCII, and so is all that is put into it
            let end = (at + length).min(text.len());
            text.replace_range(at..end, &put);
        }
        check(&text);
    }

    #[test]
    fn a_list_in_other_words_is_the_same_list(names in proptest::collection::btree_set("[a-z][a-z0-9-]{0,20}", 1..8)) {
        let block: String = names.iter().filter(|name| *name != "requests").fold(String::new(), |text, name| {
            format!("{text}  - name: {name}\n    objective: 99%\n    window: 7d\n    sli: {{ http: {{ routes: [/{name}] }} }}\n")
        });
        prop_assume!(!block.is_empty());
        let set = SloSet::from_yaml(&format!("version: 1\nservice: a\nslos:\n{block}"));
        let read: Vec<String> = set.map_err(|error| TestCaseError::fail(error.to_string()))?
            .slos().iter().map(|slo| slo.name().to_owned()).collect();
        let wanted: Vec<String> = names.into_iter().filter(|name| name != "requests").collect();
        prop_assert_eq!(read, wanted);
    }
}
