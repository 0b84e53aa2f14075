//! What people, pull requests and programs are shown.

use chrono::{DateTime, Utc};
use slo_core::gate::{Bypass, Evidence, GateRules, Latency, Observation, Request, Unseen};
use slo_core::{Events, SloSet};

use super::*;

const SPEC: &str = "{version: 1, service: shop, slos: [{name: buy, promise: Anyone can buy., owner: sales, status: agreed, \
                    objective: 99%, window: 30d, sli: {http: {routes: [/buy]}}}]}";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).unwrap()
}

/// A gate that finds one rule breached, one that holds and one that cannot be judged.
fn judged(request: &Request) -> Verdict {
    let slos = SloSet::from_yaml_named("slo.yaml", SPEC).unwrap();
    let latency = Latency::P95 {
        p95: std::time::Duration::from_millis(612),
        events: 1_000,
    };
    let evidence = Evidence::new(
        Observation::seen("bad_query[15m]", Events::new(990, 10)).covering(slo_core::Ratio::new(1, 1).unwrap()),
        Observation::seen("p95_query", latency),
    );
    let evidence = evidence.budget("buy", Observation::unseen("budget_query", Unseen::Vanished));
    GateRules::default().judge(&slos, &evidence, request, now())
}

fn deploy() -> Request {
    let request = Request::deploy()
        .revision("4f2a")
        .author("Ana")
        .warning("mind the step");
    request.environment("production").namespace("sales")
}

#[test]
fn foreign_text_stays_text() {
    assert_eq!(
        literal("a|b <img src=x> `c` [d](e) @all\n# f"),
        r"a\|b &lt;img src=x&gt; \`c\` \[d\]\(e\) &#64;<!-- -->all\\u\{a\}\# f"
    );
    assert_eq!(
        literal("https://evil WWW.evil $$x$$ 1:2 a.b"),
        "https:<!-- -->//evil WWW<!-- -->.evil &#36;<!-- -->&#36;<!-- -->x&#36;<!-- -->&#36;<!-- --> 1:2 a.b"
    );
}

#[test]
fn people_read_all_of_it_once() {
    let expected = "blocked: breached: bad_ratio; could not be judged: budget of buy
shop (namespace sales) in production at 2026-01-01 00:00:00 UTC, deploy of 4f2a by Ana
warning: mind the step

fail    bad_ratio of requests: 1% of requests were bad (10 of 1000), must be < 0.5% over 15m
        value 1%, limit 0.5%, margin -0.5%, over 15m, 100% measured
        query: bad_query[15m]

unknown budget of buy: the series existed and vanished
        \"Anyone can buy.\" (sales)
        over 30d
        query: budget_query

pass    p95 of requests: p95 of 1000 requests was 612ms, must be < 800ms over 15m
        value 612ms, limit 800ms, margin 188ms, over 15m
";
    assert_eq!(text(&judged(&deploy()), false), expected);
    let explained = text(&judged(&deploy()), true);
    assert!(explained.contains("query: p95_query") && explained.contains("to pass: fewer than 5 of these 1000"));
}

#[test]
fn a_bypass_is_shown_with_what_became_of_it() {
    let bypass = Bypass {
        who: String::new(),
        why: "hurry <b>".to_owned(),
        revision: "4f2a".to_owned(),
        expires_at: None,
    };
    let refused = judged(&deploy().bypass(bypass.clone()));
    let shown = text(&refused, false);
    for line in [
        "\nbypass refused, asked for by nobody for 4f2a: hurry <b>\n",
        "\nwarning: the bypass does not say who asks for it; write a name\n",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
    let page = markdown(&judged(&deploy().bypass(Bypass {
        who: "Ana".to_owned(),
        ..bypass
    })));
    assert!(
        page.starts_with("### ⚠️ Deploy gate of shop \\(namespace sales\\) in production: bypassed\n"),
        "{page}"
    );
    assert!(
        page.contains("\nBypass used by Ana for 4f2a, with no end: hurry &lt;b&gt;.\n"),
        "{page}"
    );
    assert!(page.contains("for 4f2a by Ana.\n"), "{page}");
}

#[test]
fn a_pull_request_shows_how_far_each_rule_is_from_its_limit() {
    let page = markdown(&judged(&deploy()));
    let table: Vec<_> = page.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(
        table,
        [
            "| | rule | promise | found | margin |",
            "| --- | --- | --- | --- | ---: |",
            "| ⛔ fail | bad_ratio of requests |  | 1% of requests were bad \\(10 of 1000\\), must be &lt; 0.5% over 15m | -0.5% |",
            "| ❔ unknown | budget of buy | Anyone can buy. | the series existed and vanished |  |",
            "| ✅ pass | p95 of requests |  | p95 of 1000 requests was 612ms, must be &lt; 800ms over 15m | 188ms |",
        ],
        "{page}"
    );
}

#[test]
fn programs_are_given_nothing_that_steers_a_terminal() {
    let shown = json(&judged(&deploy().warning("a\u{9b}2J\u{202e}b")));
    assert!(shown.contains(r"a\u009b2J\u202eb"), "{shown}");
    let read: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(read["warnings"][1], "a\u{9b}2J\u{202e}b");
    assert_eq!(
        (&read["environment"], &read["namespace"], &read["author"]),
        (&"production".into(), &"sales".into(), &"Ana".into())
    );
}
