//! Diagnoses without servers: what real ones cannot be brought to, or not without waiting.

mod pages;
mod rules;
mod telemetry;

use std::cell::RefCell;
use std::collections::BTreeMap;

use chrono::TimeDelta;
use clap::Parser as _;

use super::*;
use crate::args::{Args, Command};
use crate::prom::{Answered, Ask, AskError, History, Stretch};
use crate::test_words::assert_begins;
use crate::web::Page;

/// Pages by address; answers by what the query contains.
#[derive(Default)]
struct Servers {
    pages: BTreeMap<String, Page>,
    answers: Vec<(&'static str, Answered)>,
    is_gone: bool,
    /// Part of a question that it does not come to the end of.
    too_much: Option<&'static str>,
    asked: RefCell<Vec<(String, Option<DateTime<Utc>>)>>,
}

impl Servers {
    fn page(mut self, address: &str, body: &str) -> Self {
        let page = Page {
            status: 200,
            headers: BTreeMap::from([("date".to_owned(), "Thu, 01 Jan 2026 00:00:00 GMT".to_owned())]),
            body: body.into(),
        };
        self.pages.insert(address.to_owned(), page);
        self
    }
}

impl Fetch for Servers {
    fn get(&self, address: &str) -> Result<Page, String> {
        self.pages
            .get(address)
            .cloned()
            .ok_or_else(|| "connection refused".to_owned())
    }
}

impl Ask for Servers {
    fn instant(&self, query: &str, at: Option<DateTime<Utc>>) -> Result<Answered, AskError> {
        self.asked.borrow_mut().push((query.to_owned(), at));
        if self.is_gone || self.too_much.is_some_and(|part| query.contains(part)) {
            return Err(AskError::TooSlow {
                source_name: self.source(),
                within: std::time::Duration::from_secs(1),
            });
        }
        let known = self.answers.iter().find(|(part, _)| query.contains(part));
        Ok(known.map_or_else(Answered::default, |(_, answer)| answer.clone()))
    }

    fn range(&self, _: &str, _: Stretch) -> Result<History, AskError> {
        Ok(History::default())
    }

    fn source(&self) -> String {
        "http://engine".to_owned()
    }
}

const SPEC: &str = "{version: 1, service: shop, slos: [
    {name: browse, objective: 99.9%, window: 30d, sli: {http: {routes: [/listings]}}},
    {name: mails, objective: 99%, window: 30d, sli: {prometheus: {bad: mails_failed_total, valid: mails_total}}}]}";

const MIDNIGHT: i64 = 1_767_225_600;

fn examine(servers: &Servers, more: &[&str], clock_ahead: i64) -> Diagnosis {
    examine_with(SPEC, servers, more, clock_ahead)
}

fn examine_with(spec: &str, servers: &Servers, more: &[&str], clock_ahead: i64) -> Diagnosis {
    let line = [&["slo", "doctor", "--prometheus", "http://engine"], more].concat();
    let Command::Doctor(args) = Args::try_parse_from(line).unwrap().command else {
        panic!("a doctor");
    };
    let slos = SloSet::from_yaml(spec).unwrap();
    let now = DateTime::from_timestamp(MIDNIGHT, 0).unwrap() + TimeDelta::seconds(clock_ahead);
    let patient = Patient {
        args: &args,
        slos: &slos,
        asking: Asking::new(servers, Some(now)),
        store: servers,
        pager: servers,
        web: servers,
        clock: &|| now,
    };
    patient.examine()
}

fn found<'a>(diagnosis: &'a Diagnosis, link: Link, check: &str) -> &'a Finding {
    let mut findings = diagnosis.findings.iter();
    findings
        .find(|finding| finding.link == link && finding.check == check)
        .unwrap_or_else(|| panic!("no {check}: {diagnosis:#?}"))
}

fn status(export: &str, runs: bool) -> String {
    status_with(&format!(", \"export\": {{{export}}}"), runs)
}

fn status_with(more: &str, runs: bool) -> String {
    format!(
        "{{\"service\": \"shop\", \"environment\": null, \"instance_id\": \"a\\u001bb\", \"slos\": [{{\"name\": \"browse\", \
         \"objective\": \"99.9%\", \"window\": \"30d\"}}], \"composites\": [], \"unseen_routes\": [], \"life\": {{\"runs\": \
         {runs}}}{more}}}"
    )
}

#[test]
fn a_process_says_what_it_lacks() {
    let service = ["--service", "http://shop/"];
    let told = |export: &str, runs: bool| {
        let servers = Servers::default().page("http://shop/slo", &status(export, runs));
        examine(&servers, &service, 0)
    };
    let well = told(r#""succeeded": 3, "failed": 1, "rejected": 0, "failing": null"#, true);
    for check in ["status", "spec", "push", "life", "routes", "clock"] {
        assert_eq!(found(&well, Link::Process, check).state, State::Fine, "{check}");
    }
    let rejected = told(r#""succeeded": 3, "failed": 1, "rejected": 7, "failing": null"#, false);
    assert_eq!(
        found(&rejected, Link::Process, "push").found,
        "the collector rejected 7 points"
    );
    assert_eq!(found(&rejected, Link::Process, "life").state, State::Warning);
    for export in [
        "",
        r#", "export": null"#,
        r#", "export": {"succeeded": 0, "failed": 0, "failing": null}"#,
    ] {
        let servers = Servers::default().page("http://shop/slo", &status_with(export, true));
        let diagnosis = examine(&servers, &service, 0);
        assert_eq!(
            found(&diagnosis, Link::Process, "push").found,
            "it has pushed nothing yet"
        );
    }
    // What a process says of itself steers no terminal.
    let text = crate::render::diagnosis::text(&well);
    assert!(text.contains(r"instance a\u{1b}b answers"), "{text}");
}

#[test]
fn clocks_that_differ_are_found_wherever_one_shows() {
    let servers = Servers::default()
        .page(
            "http://shop/slo",
            &status(r#""succeeded": 1, "failed": 0, "failing": null"#, true),
        )
        .page("/api/v1/query?query=1", "");
    let late = examine(&servers, &["--service", "http://shop"], 120);
    assert_eq!(
        found(&late, Link::Process, "clock").found,
        "the clock of the instance is 119 s behind ours"
    );
    assert_eq!(found(&late, Link::Store, "clock").state, State::Broken);
    assert_eq!(
        found(&examine(&servers, &[], 3), Link::Store, "clock").state,
        State::Fine
    );
}

#[test]
fn an_engine_that_doubts_itself_is_heard() {
    let mut doubted = Answered::default();
    doubted.doubts.push("partial response".to_owned());
    let servers = Servers {
        answers: vec![("vector(1)", doubted)],
        ..Servers::default()
    };
    let diagnosis = examine(&servers, &[], 0);
    let finding = found(&diagnosis, Link::Store, "answers");
    assert_eq!(
        (finding.state, finding.found.as_str()),
        (State::Warning, "it answers and doubts itself: partial response")
    );
    // Neither Prometheus nor VictoriaMetrics, and the spec does not say.
    assert_eq!(found(&diagnosis, Link::Store, "retention").state, State::Unknown);
}

#[test]
fn a_silence_hides_pages_of_this_service_only() {
    let silence = |name: &str, value: &str, is_regex: bool, is_equal: bool| {
        let body = format!(
            "[{{\"matchers\": [{{\"name\": \"{name}\", \"value\": \"{value}\", \"isRegex\": {is_regex}, \"isEqual\": \
             {is_equal}}}], \"status\": {{\"state\": \"active\"}}}}]"
        );
        let servers = Servers::default()
            .page(
                "http://am/api/v2/status",
                r#"{"config": {"original": "inhibit_rules: [SloErrorBudgetBurn]"}}"#,
            )
            .page("http://am/api/v2/silences", &body);
        let diagnosis = examine(
            &servers,
            &["--alertmanager", "http://am", "--environment", "production"],
            0,
        );
        assert_eq!(found(&diagnosis, Link::Alertmanager, "inhibition").state, State::Fine);
        found(&diagnosis, Link::Alertmanager, "silences").state
    };
    for (name, value, is_regex, is_equal, state) in [
        ("service_name", "shop", false, true, State::Warning),
        ("service_name", "search", false, true, State::Fine),
        ("service_name", "search", false, false, State::Warning),
        ("service_name", "s.*", true, true, State::Warning),
        ("severity", "ticket", false, true, State::Fine),
        ("alertname", "SloErrorBudgetBurn", false, true, State::Warning),
        ("deployment_environment_name", "staging", false, true, State::Fine),
        ("slo_name", "browse", false, true, State::Warning),
    ] {
        assert_eq!(silence(name, value, is_regex, is_equal), state, "{name} {value}");
    }
}

/// A store with these outcomes of two SLIs.
fn store_with(outcomes: &[&'static str]) -> Servers {
    let mut events = Answered::default();
    for slo in ["browse", "requests"] {
        let outcomes = outcomes.iter().map(|outcome| ("slo_outcome", *outcome));
        events
            .series
            .extend(outcomes.map(|outcome| Sample::new([("slo_name", slo), outcome], 1.0)));
    }
    let one = |value: f64| Answered {
        series: vec![Sample::new([], value)],
        ..Answered::default()
    };
    Servers {
        answers: vec![
            ("count by (slo_name, slo_outcome)", events),
            ("count by (deployment_environment_name)", one(6.0)),
        ],
        ..Servers::default()
    }
}

#[test]
fn what_an_engine_counts_is_not_looked_for_in_the_process_or_its_series() {
    let diagnosis = examine(&store_with(&["good", "bad", "excluded"]), &[], 0);
    let finding = found(&diagnosis, Link::Telemetry, "zeros");
    assert_eq!(finding.found, "all outcomes of 2 SLIs are there");
    let diagnosis = examine(&store_with(&["good", "bad"]), &[], 0);
    let finding = found(&diagnosis, Link::Telemetry, "zeros");
    assert_eq!(finding.found, "browse has not all three outcomes");
}

#[test]
fn a_store_must_remember_as_long_as_a_window() {
    let retention = |told: &str| {
        let body = format!("{{\"data\": {{\"storageRetention\": \"{told}\"}}}}");
        let servers = Servers::default().page("/api/v1/status/runtimeinfo", &body);
        found(&examine(&servers, &[], 0), Link::Store, "retention").state
    };
    assert_eq!(retention("30d"), State::Fine);
    assert_eq!(retention("29d23h59m"), State::Broken);
}

#[test]
fn a_store_that_throws_away_what_it_computed_is_noted() {
    let noted = |offset: &str, is_off: &str| {
        let body = format!(
            "flag{{name=\"search.cacheTimestampOffset\", value=\"{offset}\", is_set=\"false\"}} 1\n\
             flag{{name=\"search.disableCache\", value=\"{is_off}\", is_set=\"false\"}} 1\n"
        );
        let diagnosis = examine(&Servers::default().page("/metrics", &body), &[], 0);
        let finding = diagnosis.findings.into_iter().find(|finding| finding.check == "cache");
        finding.map(|finding| (finding.state, finding.found))
    };
    let (state, found) = noted("5m0s", "false").unwrap();
    assert_eq!(state, State::Note);
    assert_begins(
        &found,
        "it forgets what it has computed whenever a sample is over 5m late",
    );
    assert!(noted("5m59s", "false").is_some());
    for (offset, is_off) in [
        ("6m0s", "false"),
        ("10m0s", "false"),
        ("5m0s", "true"),
        ("soon", "false"),
    ] {
        assert_eq!(noted(offset, is_off), None, "{offset}, {is_off}");
    }
    // Prometheus has no such flag.
    let diagnosis = examine(&Servers::default().page("/metrics", "up 1\n"), &[], 0);
    assert!(diagnosis.findings.iter().all(|finding| finding.check != "cache"));
}

#[test]
fn nothing_is_said_of_series_that_nobody_can_ask_for() {
    let servers = Servers {
        is_gone: true,
        ..Servers::default()
    };
    let diagnosis = examine(&servers, &[], 0);
    assert_eq!(
        found(&diagnosis, Link::Store, "answers").found,
        "http://engine did not answer within 1 s"
    );
    for link in [Link::Telemetry, Link::Rules] {
        assert_eq!(found(&diagnosis, link, "store").state, State::Unknown);
    }
}

#[test]
fn what_is_broken_outweighs_what_is_unknown() {
    let diagnosis = examine(&Servers::default(), &["--alertmanager", "http://am"], 0);
    assert_eq!(diagnosis.worst(), State::Broken);
    let text = crate::render::diagnosis::text(&diagnosis);
    assert!(
        text.contains("\n  BROKEN  http://am cannot be reached: connection refused\n          is it up"),
        "{text}"
    );
    assert!(text.ends_with("\n\nshop: 3 broken, 1 unknown, 1 fine\n"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&crate::render::diagnosis::json(&diagnosis)).unwrap();
    assert_eq!(json["findings"][0]["state"], "skipped");
    assert_eq!(json["findings"][0].get("mend"), None);
}
