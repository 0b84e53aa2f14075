//! Rules that are loaded beside those of a fleet.

use serde_json::{Value, json};

use super::*;
use crate::args::{Command, RulesArgs};
use crate::cmd::rules::{fleet_of, own_of};
use crate::render::rule_file::{Rule, RuleFile};

const OF_ITS_OWN: &str = "{version: 1, service: shop, slos: [
    {name: pay, objective: 99.9%, window: 30d, status: agreed, promise: P., owner: o, sli: {http: {routes: [/pay]}},
     alerts: {minimum_bad_events: 2}},
    {name: draft, objective: 99.9%, window: 30d, sli: {http: {routes: [/d]}}, alerts: {minimum_bad_events: 2}},
    {name: quiet, objective: 99.9%, window: 30d, status: agreed, promise: P., owner: o, sli: {http: {routes: [/q]}},
     alerts: false}]}";

fn args(words: &[&str]) -> RulesArgs {
    let line = [&["slo", "rules"], words].concat();
    match Args::try_parse_from(line).unwrap().command {
        Command::Rules(args) => args,
        _ => panic!("rules"),
    }
}

fn fleet() -> RuleFile {
    fleet_of(&args(&["--fleet"])).unwrap().file()
}

fn own(words: &[&str]) -> RuleFile {
    own_of(&args(words), &SloSet::from_yaml(OF_ITS_OWN).unwrap())
        .file()
        .unwrap()
}

/// As an engine tells that it has loaded them.
fn loaded(files: &[RuleFile]) -> Value {
    let rule = |rule: &Rule| {
        json!({
            "name": rule.name(), "query": rule.expr(), "labels": rule.said().collect::<BTreeMap<_, _>>(),
            "annotations": rule.annotations().collect::<BTreeMap<_, _>>(), "lastEvaluation": "2026-01-01T00:00:00Z",
        })
    };
    let rules: Vec<_> = files.iter().flat_map(RuleFile::rules).map(rule).collect();
    json!({ "data": { "groups": [{ "interval": 60, "rules": rules }] } })
}

fn said(files: &[RuleFile], check: &str) -> (State, String) {
    let servers = Servers::default().page("http://rules/api/v1/rules", &loaded(files).to_string());
    let diagnosis = examine_with(OF_ITS_OWN, &servers, &["--rules", "http://rules"], 0);
    let finding = found(&diagnosis, Link::Rules, check);
    (finding.state, finding.found.clone())
}

#[test]
fn alerts_of_its_own_are_told_beside_the_fleets_or_by_nobody() {
    let (state, found) = said(&[fleet()], "alerts");
    assert_eq!(state, State::Broken);
    assert_eq!(found, "no rules for the alerts of pay, which are of its own");
    let both = [fleet(), own(&["--beside-fleet"])];
    assert_eq!(said(&both, "alerts").0, State::Fine);
}

#[test]
fn only_rules_that_count_the_same_events_are_one_too_many() {
    let (state, found) = said(&[fleet(), own(&[])], "loaded");
    assert_eq!(state, State::Broken, "{found}");
    let servers = loaded(&[fleet(), own(&["--beside-fleet"])]).to_string();
    let servers = Servers::default().page("http://rules/api/v1/rules", &servers);
    let diagnosis = examine_with(OF_ITS_OWN, &servers, &["--rules", "http://rules"], 0);
    assert!(
        !diagnosis.findings.iter().any(|finding| finding.check == "loaded"),
        "{diagnosis:#?}"
    );
}
