//! Answers about the service's series that say nothing.

use super::*;
use crate::render::recorded;

fn one(value: f64) -> Answered {
    let mut answered = Answered::default();
    answered.series.push(Sample::new([], value));
    answered
}

/// A store that has series, and says this to what contains the part.
fn saying(part: &'static str, answer: Answered) -> Servers {
    let mut servers = store_with(&["good", "bad", "excluded"]);
    servers.answers.push(("time() - max(timestamp(", one(20.0)));
    servers.answers.insert(0, (part, answer));
    servers
}

fn telemetry(servers: &Servers, check: &str) -> (State, String) {
    let diagnosis = examine(servers, &[], 0);
    let finding = found(&diagnosis, Link::Telemetry, check);
    (finding.state, finding.found.clone())
}

#[test]
fn a_last_push_that_the_engine_does_not_tell_is_unknown() {
    let said = |answer| telemetry(&saying("time() - max(timestamp(", answer), "last_push");
    assert_eq!(said(one(20.0)), (State::Fine, "the last push came 20 s ago".to_owned()));
    assert_eq!(said(one(2_000.0)).0, State::Broken);
    let (state, found) = said(one(f64::NAN));
    assert_eq!(state, State::Unknown);
    assert!(found.starts_with("the engine says NaN to `time() - max("), "{found}");
    assert_eq!(said(one(f64::INFINITY)).0, State::Unknown);
    let (state, found) = said(Answered::default());
    assert_eq!(state, State::Unknown);
    assert_eq!(found, "its series are there, and the engine does not say since when");
}

#[test]
fn an_answer_that_its_engine_doubts_breaks_nothing_and_mends_nothing() {
    let doubted = |mut answer: Answered| {
        answer.doubts.push("a store is gone".to_owned());
        answer
    };
    let expected = "the answer is partial or doubted by its source: a store is gone";
    for (part, check, answer) in [
        ("count by (deployment_environment_name)", "present", Answered::default()),
        ("count by (deployment_environment_name)", "present", one(6.0)),
        ("count by (slo_name, slo_outcome)", "zeros", Answered::default()),
        ("time() - max(timestamp(", "last_push", one(20.0)),
        ("resets(", "temporality", one(0.0)),
        ("min by (slo_name)", "spec", Answered::default()),
        ("_bucket", "buckets", Answered::default()),
    ] {
        let found = telemetry(&saying(part, doubted(answer)), check);
        assert_eq!(found, (State::Unknown, expected.to_owned()), "{part}");
    }
    let nan = telemetry(
        &saying("count by (deployment_environment_name)", one(f64::NAN)),
        "present",
    );
    assert_eq!(nan.0, State::Unknown, "{nan:?}");
}

/// The rules of a fleet are loaded, and a probe is looked for.
const PROBED: &str = "{version: 1, service: shop, slos: [
    {name: browse, objective: 99.9%, window: 30d, sli: {http: {routes: [/listings]}}},
    {name: fresh, objective: 99%, window: 30d, sli: {synthetic: {path: /synthetic/health/prices}}}]}";

fn with_rules(servers: Servers) -> Servers {
    let rule = recorded::WINDOW;
    let body = format!(r#"{{"data": {{"groups": [{{"rules": [{{"name": "{rule}", "query": "x"}}]}}]}}}}"#);
    servers.page("/api/v1/rules", &body)
}

#[test]
fn a_doubted_answer_says_nothing_of_what_rules_record_either() {
    let mut doubted = one(5.0);
    doubted.doubts.push("a store is gone".to_owned());
    for (part, link, check, nothing) in [
        (recorded::BUDGET, Link::Rules, "recorded", State::Warning),
        (names::PROBE_STATE_RECORDED, Link::Health, "probed", State::Warning),
    ] {
        let state = |answer: Answered| {
            let diagnosis = examine_with(PROBED, &with_rules(saying(part, answer)), &[], 0);
            found(&diagnosis, link, check).state
        };
        assert_eq!(state(Answered::default()), nothing, "{check}");
        for unsound in [doubted.clone(), one(f64::NAN)] {
            assert_eq!(state(unsound), State::Unknown, "{check}");
        }
    }
}

#[test]
fn a_question_that_takes_too_long_hides_no_other_and_all_are_of_one_moment() {
    let mut servers = with_rules(saying("time() - max(timestamp(", one(20.0)));
    servers.too_much = Some("resets(");
    let diagnosis = examine_with(PROBED, &servers, &[], 7);
    assert_eq!(found(&diagnosis, Link::Telemetry, "temporality").state, State::Unknown);
    assert_eq!(found(&diagnosis, Link::Telemetry, "last_push").state, State::Fine);
    assert_eq!(found(&diagnosis, Link::Rules, "recorded").state, State::Warning);
    let moment = DateTime::from_timestamp(MIDNIGHT + 7, 0);
    assert!(servers.asked.borrow().iter().all(|(_, at)| *at == moment));
}

/// The service is there by its own labels, and not by `job`: that is no matter of environments.
#[test]
fn a_wrong_identity_is_no_wrong_environment() {
    let present = |words: &[&str]| {
        let labels = [("service_name", "shop"), ("deployment_environment_name", "production")];
        let everybody = Answered {
            series: vec![Sample::new(labels, 6.0)],
            ..Answered::default()
        };
        let servers = Servers {
            answers: vec![(
                "count by (service_name, deployment_environment_name) (slo_events_total)",
                everybody,
            )],
            ..Servers::default()
        };
        let diagnosis = examine(&servers, words, 0);
        let finding = found(&diagnosis, Link::Telemetry, "present");
        (finding.found.clone(), finding.mend.clone().unwrap_or_default())
    };
    let other_labels = (
        "its series have the label `service_name`, and are not found by those of this --identity".to_owned(),
        "leave --identity out, here and for `slo rules`".to_owned(),
    );
    for words in [
        &["--identity", "job"][..],
        &["--identity", "job", "--environment", "staging"],
        &["--identity", "target-info"],
        &["--identity", "target-info", "--environment", "production"],
    ] {
        assert_eq!(present(words), other_labels, "{words:?}");
    }
    let elsewhere = (
        "it is not in this environment; it is in production".to_owned(),
        "give the right --environment".to_owned(),
    );
    for words in [
        &["--environment", "staging"][..],
        &["--identity", "target-info", "--environment", "staging"],
    ] {
        assert_eq!(present(words), elsewhere, "{words:?}");
    }
}
