//! Rules that are loaded beside those of a fleet.

use serde_json::{Value, json};

use super::*;
use crate::args::{Command, RulesArgs};
use crate::cmd::rules::{fleet_of, own_of};
use crate::doctor::store::lengths;
use crate::render::rule_file::{Rule, RuleFile};

const OF_ITS_OWN: &str = "{version: 1, service: shop, slos: [
    {name: pay, objective: 99.9%, window: 30d, status: agreed, promise: P., owner: o, sli: {http: {routes: [/pay]}},
     alerts: {minimum_bad_events: 2}},
    {name: draft, objective: 99.9%, window: 30d, sli: {http: {routes: [/d]}}, alerts: {minimum_bad_events: 2}},
    {name: quiet, objective: 99.9%, window: 30d, status: agreed, promise: P., owner: o, sli: {http: {routes: [/q]}},
     alerts: false}]}";

const SPEC_OF_EVENTS: &str = "{version: 1, service: shop, slos: [
    {name: browse, objective: 99.9%, window: 30d, sli: {http: {routes: [/listings]}}}]}";

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
    let time = |said: Option<&str>| said.and_then(lengths).unwrap_or_default().as_secs_f64();
    let rule = |rule: &Rule| {
        json!({
            "name": rule.name(), "query": rule.expr(), "labels": rule.said().collect::<BTreeMap<_, _>>(),
            "duration": time(rule.lasts()), "keepFiringFor": time(rule.keeps()),
            "annotations": rule.annotations().collect::<BTreeMap<_, _>>(), "lastEvaluation": "2026-01-01T00:00:00Z",
        })
    };
    let rules: Vec<_> = files.iter().flat_map(RuleFile::rules).map(rule).collect();
    json!({ "data": { "groups": [{ "interval": 60, "rules": rules }] } })
}

fn said(files: &[RuleFile], check: &str) -> (State, String) {
    let diagnosis = told(OF_ITS_OWN, &loaded(files));
    let finding = found(&diagnosis, Link::Rules, check);
    (finding.state, finding.found.clone())
}

fn told(spec: &str, rules: &Value) -> Diagnosis {
    let servers = Servers::default().page("http://rules/api/v1/rules", &rules.to_string());
    examine_with(spec, &servers, &["--rules", "http://rules"], 0)
}

/// What is said of rules, as its check, its state and its words.
fn of_rules(diagnosis: &Diagnosis) -> Vec<(&'static str, State, &str)> {
    let findings = diagnosis.findings.iter();
    findings
        .filter(|finding| finding.link == Link::Rules)
        .map(|finding| (finding.check, finding.state, finding.found.as_str()))
        .collect()
}

/// With alerts on probes, as `slo probes` writes them: of the same service and SLO.
fn with_probes(mut rules: Value) -> Value {
    let alert = json!({
        "name": "SloHealthDown", "query": "slo_health:probe_state{service_name=\"shop\"} == 1",
        "labels": {"service_name": "shop", "slo_name": "browse", "severity": "page"},
        "lastEvaluation": "2026-01-01T00:00:00Z",
    });
    let groups = rules["data"]["groups"].as_array_mut().unwrap();
    groups.push(json!({ "interval": 60, "rules": [alert] }));
    rules
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

#[test]
fn the_order_of_windows_is_no_difference() {
    for words in [
        &["--fleet"][..],
        &["--fleet", "--window", "month", "--window", "30d", "--window", "7d"],
    ] {
        let fleet = fleet_of(&args(words)).unwrap().file();
        let diagnosis = told(OF_ITS_OWN, &loaded(&[fleet]));
        let said = of_rules(&diagnosis);
        assert!(
            said.contains(&(
                "current",
                State::Fine,
                "the fleet's rules are those that this version writes"
            )),
            "{said:?}"
        );
        assert!(said.iter().all(|(check, ..)| *check != "texts"), "{said:?}");
    }
}

#[test]
fn windows_to_be_written_anew_are_named_in_their_order() {
    let mut old = loaded(&[fleet()]);
    let rules = old["data"]["groups"][0]["rules"].as_array_mut().unwrap();
    rules.retain(|rule| rule["name"] != "SloWindowWithoutRules");
    let diagnosis = told(OF_ITS_OWN, &old);
    let mend = found(&diagnosis, Link::Rules, "current")
        .mend
        .clone()
        .unwrap_or_default();
    let windows = "slo rules --fleet --window 7d --window 28d --window 30d --window 90d --window month`";
    assert!(mend.contains(windows), "{mend}");
}

#[test]
fn alerts_on_probes_are_no_rules_of_the_spec() {
    let beside = told(SPEC_OF_EVENTS, &with_probes(loaded(&[fleet()])));
    let said = of_rules(&beside);
    let current: Vec<_> = said.iter().filter(|(check, ..)| *check == "current").collect();
    assert_eq!(
        current,
        [&(
            "current",
            State::Fine,
            "the fleet's rules are those that this version writes"
        )]
    );
    let alone = told(SPEC_OF_EVENTS, &with_probes(loaded(&[])));
    let finding = found(&alone, Link::Rules, "loaded");
    assert_eq!(
        (finding.state, finding.found.as_str()),
        (State::Broken, "http://rules/api/v1/rules has no rules of ours")
    );
}

#[test]
fn rules_of_a_spec_that_leaves_nothing_to_them_are_to_be_unloaded() {
    let rules = loaded(&[fleet(), own(&["--beside-fleet"])]);
    let usual = OF_ITS_OWN.replace("alerts: {minimum_bad_events: 2}", "alerts: {tier: gold}");
    let diagnosis = told(&usual, &rules);
    let said = of_rules(&diagnosis);
    let left = "rules of this spec are loaded, and the fleet's leave nothing of it to them";
    assert!(said.contains(&("current", State::Warning, left)), "{said:?}");
    assert!(
        !said.iter().any(|(_, _, words)| words.contains("hold days")),
        "{said:?}"
    );
}

#[test]
fn what_an_engine_counts_has_rules_beside_the_fleets_or_is_in_nobodys() {
    const FOREIGN: &str = "{version: 1, service: shop, slos: [
        {name: mails, objective: 99%, window: 7d, sli: {prometheus: {bad: mails_failed_total, valid: mails_total}}}]}";
    let set = SloSet::from_yaml(FOREIGN).unwrap();
    let beside = own_of(&args(&["--beside-fleet"]), &set).file().unwrap();
    let alone = told(FOREIGN, &loaded(&[fleet()]));
    let said = of_rules(&alone);
    let missing = ("alerts", State::Broken, "no rules for mails, which an engine counts");
    assert!(said.contains(&missing), "{said:?}");
    let nothing = ("recorded", State::Skipped, "no SLO of the spec has rules here");
    assert!(said.contains(&nothing), "{said:?}");
    let telemetry = found(&alone, Link::Telemetry, "present");
    assert_eq!(telemetry.state, State::Skipped);
    assert_eq!(
        telemetry.found,
        "nobody pushes `slo_events_total` to this store; an engine counts all SLOs of the spec"
    );
    let both = told(FOREIGN, &loaded(&[fleet(), beside]));
    let said = of_rules(&both);
    let here = ("alerts", State::Fine, "what the fleet's rules leave out has rules");
    assert!(said.contains(&here), "{said:?}");
    let unseen = (
        "recorded",
        State::Broken,
        "`slo:error_budget:ratio` of mails is not in the store",
    );
    assert!(said.contains(&unseen), "{said:?}");
}

#[test]
fn what_writes_rules_of_a_spec_anew_is_one_command() {
    let mut beside = own(&["--beside-fleet"]);
    beside.groups.pop();
    let diagnosis = told(OF_ITS_OWN, &loaded(&[fleet(), beside]));
    let stale = diagnosis
        .findings
        .iter()
        .find(|finding| finding.found.starts_with("the rules of this spec are out of date"));
    let mend = stale.and_then(|finding| finding.mend.as_deref());
    assert_eq!(
        mend,
        Some("load what `slo rules --beside-fleet` of this spec writes"),
        "{diagnosis:#?}"
    );
}
