//! The verdict by one instance: what its status says, and what is refused of it.

use chrono::TimeDelta;
use serde_json::{Value, json};
use slo_core::gate::{Request, RuleState, Verdict};

use super::*;
use crate::test_server::{http, json as answer, nobody, serving};

const YAML: &str = "{version: 1, service: shop, slos: [{name: browse, promise: Anyone can look., owner: search, status: \
                        agreed, objective: 99.9%, window: 30d, sli: {http: {routes: [/listings]}}}]}";

fn quantile(seconds: f64) -> Value {
    json!({"seconds": seconds, "at_least_seconds": seconds * 0.98, "below_seconds": seconds * 1.02})
}

fn route(requests: u64, errors: f64, p50: f64, p95: f64, p99: f64) -> Value {
    json!({"route": "/listings", "measured_seconds": 900.0, "requests": requests, "error_ratio": errors, "latency":
            {"timed": requests, "p50": quantile(p50), "p95": quantile(p95), "p99": quantile(p99)}})
}

/// As [`route`], with so many of the requests excluded.
fn excluding(requests: u64, excluded: u64, errors: Option<f64>) -> Value {
    let mut route = route(requests, 0.0, 0.1, 0.3, 0.5);
    (route["excluded"], route["error_ratio"]) = (json!(excluded), json!(errors));
    route
}

fn status() -> Value {
    json!({
        "service": "shop", "environment": "production", "instance_id": "one", "scope": "instance",
        "requests": {"totals": {"good": 99_900, "bad": 100, "excluded": 0}},
        "slos": [{"name": "browse", "objective": "99.9%", "window": "30d", "coverage_ratio": 1.0,
            "events": {"good": 999_900, "bad": 100}, "budget": {"recovers_at": null}}],
        "routes": [route(8_000, 0.001, 0.1, 0.3, 0.5), route(2_000, 0.0, 0.1, 0.3, 0.9)],
    })
}

fn verdict(address: &str, environment: Option<&str>) -> Verdict {
    let slos = SloSet::from_yaml(YAML).unwrap();
    let route = Engine::at(address).retries(0).build().unwrap();
    let evidence = ask_instance(&route, &slos, environment, None);
    let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
    slos.gate().judge(&slos, &evidence, &Request::deploy(), now)
}

fn judged(status: &Value) -> Verdict {
    verdict(
        &(serving(vec![answer("200 OK", &status.to_string())]).0 + "/slo"),
        Some("production"),
    )
}

fn states(verdict: &Verdict) -> Vec<RuleState> {
    verdict.rules.iter().map(|rule| rule.state).collect()
}

#[test]
fn one_instance_that_does_well_passes_and_every_rule_says_whose_view_it_is() {
    let verdict = judged(&status());
    assert_eq!(states(&verdict), [RuleState::Pass; 3], "{verdict}");
    assert!(verdict.rules[0].sentence.contains("(8 of 10000)"), "{verdict}");
    for rule in &verdict.rules {
        assert_eq!(rule.caveats, ["the view of one instance, one, and not of the fleet"]);
    }
}

#[test]
fn each_rule_is_broken_alone() {
    use RuleState::{Fail, Pass};
    let mut bad = status();
    bad["routes"][1]["error_ratio"] = json!(0.05);
    assert_eq!(states(&judged(&bad)), [Fail, Pass, Pass]);
    let mut slow = status();
    slow["routes"][0] = route(8_000, 0.0, 0.1, 0.9, 1.5);
    slow["routes"][1] = route(2_000, 0.0, 0.1, 0.9, 1.5);
    assert_eq!(states(&judged(&slow)), [Pass, Fail, Pass]);
    let mut spent = status();
    spent["slos"][0]["events"] = json!({"good": 990_000, "bad": 10_000});
    spent["slos"][0]["budget"]["recovers_at"] = json!("2026-01-20T00:00:00.000Z");
    let verdict = judged(&spent);
    assert_eq!(states(&verdict), [Pass, Pass, Fail]);
    let expected = DateTime::from_timestamp(1_767_225_600, 0).unwrap() + TimeDelta::days(19);
    assert_eq!(verdict.rules[2].recovers_at, Some(expected));
}

#[test]
fn what_the_quantiles_of_several_routes_do_not_tell_is_unknown() {
    let mut both = status();
    // One in ten of all may be slow: between one in twenty of one and half of the other.
    both["routes"] = json!([route(8_000, 0.0, 0.1, 0.3, 0.5), route(2_000, 0.0, 0.1, 0.9, 1.5)]);
    assert_eq!(
        states(&judged(&both)),
        [RuleState::Pass, RuleState::Unknown, RuleState::Pass]
    );
    assert_eq!(judged(&both).exit_code, 3);
}

#[test]
fn few_requests_are_idle_and_a_young_process_says_how_young_it_is() {
    let mut young = status();
    young["routes"] = json!([route(40, 0.5, 0.1, 2.0, 2.0)]);
    young["slos"][0]["coverage_ratio"] = json!(0.01);
    let verdict = judged(&young);
    assert_eq!(states(&verdict)[..2], [RuleState::Idle; 2], "{verdict}");
    assert!(
        verdict.rules[2]
            .caveats
            .iter()
            .any(|words| words.starts_with("only 1% of 30d")),
        "{verdict}"
    );
    young["routes"] = json!([]);
    young["requests"]["totals"] = json!({"good": 0, "bad": 0});
    assert_eq!(states(&judged(&young))[..2], [RuleState::Idle; 2]);
}

#[test]
fn a_promise_that_the_instance_does_not_know_warns_and_another_one_is_said() {
    let mut other = status();
    other["slos"][0]["objective"] = json!("99%");
    let verdict = judged(&other);
    let words = "the instance promises 99%, the spec 99.9%";
    assert!(
        verdict.rules[2].caveats.iter().any(|caveat| caveat == words),
        "{verdict}"
    );
    other["slos"] = json!([]);
    assert_eq!(states(&judged(&other))[2], RuleState::Warn);
}

/// The sentence of a rule that is unknown.
fn unknown(status: &Value, rule: usize) -> String {
    let verdict = judged(status);
    assert_eq!(
        (states(&verdict)[rule], verdict.exit_code),
        (RuleState::Unknown, 3),
        "{verdict}"
    );
    verdict.rules[rule].sentence.clone()
}

#[test]
fn what_an_instance_leaves_out_is_unknown() {
    let mut shorter = status();
    shorter["slos"][0]["window"] = json!("1h");
    assert_eq!(unknown(&shorter, 2), "the instance counts over 1h, the spec over 30d");
    // All of a route's requests were excluded: then there is no share of bad ones.
    let mut hanging = status();
    hanging["routes"] = json!([route(10_000, 0.0, 0.1, 0.3, 0.5)]);
    hanging["routes"][0]["error_ratio"] = json!(null);
    assert!(unknown(&hanging, 0).starts_with("100% of the requests were excluded"));
    hanging["routes"] = json!([route(9_600, 0.0, 0.1, 0.3, 0.5), route(400, 0.0, 0.1, 0.3, 0.5)]);
    hanging["routes"][1]["error_ratio"] = json!(null);
    assert_eq!(states(&judged(&hanging))[0], RuleState::Pass);
    let mut nowhere = status();
    nowhere["routes"] = json!([]);
    assert_eq!(
        unknown(&nowhere, 0),
        "it counted 100000 requests since it began, and names no route that one matched"
    );
    let mut excluding = status();
    excluding["requests"]["totals"] = json!({"good": 1, "bad": 0, "excluded": 99_999});
    assert_eq!(
        unknown(&excluding, 0),
        "99.999% of the requests since it began were excluded, more than 5%, and it does not tell of the last ones"
    );
    excluding["routes"] = json!([route(99, 0.0, 0.1, 0.3, 0.5)]);
    assert_eq!(states(&judged(&excluding))[0], RuleState::Idle);
    let mut few = status();
    few["requests"]["totals"]["excluded"] = json!(5_000);
    assert!(
        judged(&few).rules[0]
            .caveats
            .iter()
            .any(|words| words.ends_with("they count as valid"))
    );
}

#[test]
fn what_was_excluded_lately_is_told_by_route_and_counts_as_such() {
    let of = |routes: Value| {
        let mut status = status();
        // Since it began half of all were: that is no news.
        status["requests"]["totals"] = json!({"good": 50_000, "bad": 0, "excluded": 50_000});
        status["routes"] = routes;
        status
    };
    let hanging = of(json!([excluding(100_000, 99_999, Some(0.0))]));
    assert_eq!(
        unknown(&hanging, 0),
        "99.999% of the requests were excluded, more than 5%: clients leave before they are answered"
    );
    let all = of(json!([excluding(9_000, 0, Some(0.0)), excluding(1_000, 1_000, None)]));
    assert!(unknown(&all, 0).starts_with("10% of the requests were excluded"));
    // The share of bad ones is one of those that count.
    let few = judged(&of(json!([excluding(10_000, 400, Some(0.01))])));
    assert_eq!(states(&few)[0], RuleState::Fail);
    assert!(few.rules[0].sentence.contains("(96 of 9600)"), "{few}");
    assert_eq!(
        few.rules[0].caveats,
        ["the view of one instance, one, and not of the fleet"]
    );
    let quiet = judged(&of(json!([excluding(0, 0, None)])));
    assert_eq!(states(&quiet)[0], RuleState::Idle);
    for (wrong, words) in [
        (
            excluding(10, 11, Some(0.0)),
            "no answer: it says that more than its 10 requests were excluded",
        ),
        (
            excluding(500, 100, None),
            "no answer: it says that 400 of its requests count, and not how many were bad",
        ),
    ] {
        assert_eq!(unknown(&of(json!([wrong])), 0), words);
    }
    // One route that does not tell is as if none did.
    let half = of(json!([
        excluding(5_000, 0, Some(0.0)),
        route(5_000, 0.0, 0.1, 0.3, 0.5)
    ]));
    assert!(unknown(&half, 0).ends_with("and it does not tell of the last ones"));
}

#[test]
fn latencies_that_are_missing_or_cannot_be_are_unknown() {
    let mut untimed = status();
    for route in [0, 1] {
        untimed["routes"][route]["latency"] = json!({"timed": 0, "p50": null, "p95": null, "p99": null});
    }
    assert_eq!(unknown(&untimed, 1), "it counted 10000 requests, and timed none");
    let mut odd = status();
    odd["routes"] = json!([route(10_000, 0.0, 0.1, 0.3, 0.5)]);
    odd["routes"][0]["latency"]["p50"]["at_least_seconds"] = json!(9.0);
    assert_eq!(
        unknown(&odd, 1),
        "its quantiles are below one bound and above a higher one"
    );
}

#[test]
fn what_an_engine_counts_no_instance_can_tell() {
    let yaml = YAML.replace(
        "{http: {routes: [/listings]}}",
        "{prometheus: {bad: lost_total, valid: mails_total}}",
    );
    let slos = SloSet::from_yaml(&yaml).unwrap();
    let (address, _heard) = serving(vec![answer("200 OK", &status().to_string())]);
    let evidence = ask_instance(&Engine::at(address).build().unwrap(), &slos, None, None);
    let verdict = slos.gate().judge(&slos, &evidence, &Request::deploy(), Utc::now());
    assert_eq!(states(&verdict), [RuleState::Pass, RuleState::Pass, RuleState::Unknown]);
    assert!(
        verdict.rules[2].sentence.ends_with("an engine does; ask that"),
        "{verdict}"
    );
}

#[test]
fn a_rule_over_another_time_cannot_be_judged() {
    let yaml = YAML.replace("slos:", "gate: {bad_ratio: \"< 0.5% over 1h\"}, slos:");
    let slos = SloSet::from_yaml(&yaml).unwrap();
    let (address, _heard) = serving(vec![answer("200 OK", &status().to_string())]);
    let evidence = ask_instance(&Engine::at(address).build().unwrap(), &slos, None, None);
    let verdict = slos.gate().judge(&slos, &evidence, &Request::deploy(), Utc::now());
    assert_eq!(states(&verdict), [RuleState::Unknown, RuleState::Pass, RuleState::Pass]);
}

#[test]
fn whatever_is_no_status_of_this_service_allows_nothing() {
    let mut stranger = status();
    stranger["service"] = json!("till\u{1b}");
    let mut elsewhere = status();
    elsewhere["environment"] = json!("staging");
    let mut wrong = status();
    for ratio in [-1.0, 1.01] {
        wrong["routes"][0]["error_ratio"] = json!(ratio);
        assert_eq!(judged(&wrong).exit_code, 3);
    }
    let mut unnamed = status();
    unnamed["environment"] = json!(null);
    let page = "which is not what a status route of slo-axum says; is this its address?";
    for (reply, words) in [
        (
            answer("200 OK", &stranger.to_string()),
            r"status of `till\u{1b}`, and the spec is that of `shop`",
        ),
        (
            answer("200 OK", &elsewhere.to_string()),
            "environment `staging`, not of `production`",
        ),
        (
            answer("200 OK", &unnamed.to_string()),
            "it does not say of which environment it is the status; `production` was asked for",
        ),
        (answer("200 OK", "{}"), page),
        (answer("200 OK", "{\"service\""), "half an answer"),
        (http("200 OK", "content-type: text/html\r\n", "<h1>"), page),
        (http("404 Not Found", "", ""), "status 404"),
    ] {
        let verdict = verdict(&serving(vec![reply]).0, Some("production"));
        assert_eq!((verdict.exit_code, states(&verdict)), (3, vec![RuleState::Unknown; 3]));
        assert!(verdict.reason.contains(words), "{}", verdict.reason);
    }
    assert_eq!(verdict(&nobody(), None).exit_code, 3);
    for (found, words) in [
        (json!("sales"), "it is the status of namespace `sales`, not of `nope`"),
        (
            json!(null),
            "it does not say of which namespace it is the status; `nope` was asked for",
        ),
    ] {
        let mut named = status();
        named["namespace"] = found;
        let slos = SloSet::from_yaml(YAML).unwrap();
        let route = Engine::at(serving(vec![answer("200 OK", &named.to_string())]).0)
            .build()
            .unwrap();
        let evidence = ask_instance(&route, &slos, None, Some("nope"));
        let verdict = slos.gate().judge(&slos, &evidence, &Request::deploy(), Utc::now());
        assert_eq!(states(&verdict), [RuleState::Unknown; 3]);
        assert!(verdict.reason.contains(words), "{}", verdict.reason);
    }
}
