//! The command with an engine of our making.

use std::ffi::OsString;

use clap::Parser as _;
use slo_core::gate::{Decision, Mode};

use super::faults::SPEC;
use super::*;
use crate::args::{Args, Command};
use crate::cmd::test_day::Day;
use crate::gate::audit;
use crate::prom::{Answered, AskError, History, Sample, Stretch};
use crate::test_server::{http, nobody, serving};
use crate::test_words::{assert_begins, assert_ends, assert_says};

/// Fails so often, and then knows of nobody, which passes.
pub(super) struct Later(pub(super) std::cell::Cell<u32>);

impl Ask for Later {
    fn instant(&self, query: &str, _: Option<DateTime<Utc>>) -> Result<Answered, AskError> {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        if left == 0 {
            let mut answered = Answered::default();
            let time = (query == "time()").then(|| Sample::new([], 1_767_225_600.0));
            answered.series.extend(time);
            return Ok(answered);
        }
        Err(AskError::Unreachable {
            source_name: "http://engine".to_owned(),
            reason: "connection refused".to_owned(),
        })
    }

    fn range(&self, _: &str, _: Stretch) -> Result<History, AskError> {
        Ok(History::default())
    }

    fn source(&self) -> String {
        "http://engine".to_owned()
    }
}

/// The arguments of `slo gate` with these words.
pub(super) fn parsed<T: Into<OsString>>(line: impl IntoIterator<Item = T>) -> GateArgs {
    let line = line.into_iter().map(Into::into);
    match Args::try_parse_from(["slo".into(), "gate".into()].into_iter().chain(line))
        .unwrap()
        .command
    {
        Command::Gate(args) => *args,
        other => panic!("{other:?}"),
    }
}

pub(super) fn args(line: &[&str]) -> GateArgs {
    parsed([&["--prometheus", "http://engine"], line].concat())
}

/// The whole command, with this spec.
pub(super) fn whole(spec: &str, line: &[&str], mut day: Day) -> Answer {
    run(&parsed([&["-"], line].concat()), &mut spec.as_bytes(), &mut day)
}

/// An engine that answers nothing.
pub(super) fn in_the_dark(line: &[&str]) -> Answer {
    decide(&args(line), &shop(), &Later(u32::MAX.into()), &mut Day::new())
}

/// An engine that knows of nobody: the deploy that adds the service.
pub(super) fn allowed(line: &[&str]) -> Answer {
    decide(&args(line), &shop(), &Later(0.into()), &mut Day::new())
}

pub(super) fn shop() -> SloSet {
    SloSet::builder("shop").build().unwrap()
}

#[test]
fn it_waits_until_it_is_allowed_and_says_why_it_waits() {
    let mut day = Day::new();
    let answer = decide(&args(&["--wait", "1m"]), &shop(), &Later(3.into()), &mut day);
    assert_eq!(answer.exit, Exit::Pass, "{}", answer.out);
    assert_eq!(
        day.said,
        [
            "slo: unknown: nothing could be judged: no answer: http://engine cannot be reached: connection refused; asking again for 1m",
            "slo: unknown: nothing could be judged: no answer: http://engine cannot be reached: connection refused; asking again for 45s",
            "slo: unknown: nothing could be judged: no answer: http://engine cannot be reached: connection refused; asking again for 30s",
        ]
    );
}

#[test]
fn it_does_not_wait_for_longer_than_it_was_told() {
    let mut day = Day::new();
    let began = day.now;
    let answer = decide(&args(&["--wait", "40s"]), &shop(), &Later(u32::MAX.into()), &mut day);
    assert_eq!(answer.exit, Exit::NoAnswer);
    assert_eq!((day.now - began).num_seconds(), 40);
    assert_eq!(
        decide(&args(&[]), &shop(), &Later(1.into()), &mut day).exit,
        Exit::NoAnswer
    );
}

#[test]
fn the_way_back_passes_in_the_dark_and_so_does_what_is_told_to() {
    for line in [
        &["--action", "rollback"][..],
        &["--ran-before"],
        &["--on-unknown", "allow", "--audit=-"],
    ] {
        assert_eq!(in_the_dark(line).exit, Exit::Pass, "{line:?}");
    }
}

#[test]
fn each_format_is_of_its_kind() {
    let of = |format| allowed(&["--format", format]).out;
    assert!(of("text").starts_with("allowed: no rule is breached\nshop at 2026-01-01 00:00:00 UTC\n"));
    let json: serde_json::Value = serde_json::from_str(&of("json")).unwrap();
    assert_eq!((&json["decision"], &json["exit_code"]), (&"allowed".into(), &0.into()));
    assert!(of("markdown").starts_with("### ✅ Deploy gate of shop: allowed\n\nNo rule is breached.\n"));
}

#[test]
fn secrets_come_from_files_and_variables_and_one_login_is_enough() {
    let mut day = Day::new();
    let refused = |line: &[&str], day: &Day| engine(&args(line).engine, day).unwrap_err().to_string();
    assert_eq!(
        refused(&["--user", "ana"], &day),
        "the password cannot be read from the variable SLO_PROMETHEUS_PASSWORD: it is not set; set it, or give \
         --password-file"
    );
    day.variables.push(("SLO_PROMETHEUS_TOKEN", "hush"));
    assert!(engine(&args(&[]).engine, &day).is_ok());
    assert_eq!(
        refused(&["--user", "ana"], &day),
        "both a bearer token and a user are given; leave one out"
    );
    assert!(refused(&["--bearer-token-file", "/nowhere"], &day).contains("`/nowhere`"));
    // None of them is shown.
    assert!(!format!("{:?}", engine(&args(&[]).engine, &day)).contains("hush"));
}

pub(super) const MESSAGE: &str = "Fix payments\n\nSLO-Bypass: nobody can pay\nSLO-Bypass-Ticket: OPS-1\n";

pub(super) fn bypassing(line: &[&str]) -> Answer {
    bypassing_in(&mut Day::new(), line)
}

/// A bypass while the engine is down, on a day with variables.
pub(super) fn bypassing_in(day: &mut Day, line: &[&str]) -> Answer {
    let line = [&["--revision", "4f2a", "--message", MESSAGE, "--author", "Ana"], line].concat();
    decide(&args(&line), &shop(), &Later(u32::MAX.into()), day)
}

#[test]
fn a_bypass_passes_is_written_down_and_is_never_silent() {
    let file = std::env::temp_dir().join(format!("slo-bypass-{}", std::process::id()));
    let audit_file = file.display().to_string();
    let answer = bypassing(&["--audit", &audit_file]);
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(answer.exit, Exit::Pass, "{}", answer.out);
    assert_begins(&answer.out, "bypassed: ");
    assert!(
        answer
            .err
            .contains("slo: deploy gate of shop, 4f2a: bypass used by Ana: nobody can pay (OPS-1); it holds for this revision, with no end ("),
        "{}",
        answer.err
    );
    let head = audit::verify(text.as_bytes(), None).unwrap().head.unwrap();
    assert!(answer.err.ends_with(&format!("slo: audit record 0 is {}\n", head.hash)));
    assert_says(&text, r#""would_have_been":"unknown""#);
}

#[test]
fn a_log_can_keep_the_record() {
    let answer = bypassing(&["--audit", "-"]);
    assert_eq!(answer.exit, Exit::Pass);
    let line = answer.err.lines().last().unwrap();
    let report = audit::verify(line.as_bytes(), None).unwrap();
    assert_eq!((report.records, report.is_sound()), (1, true), "{}", answer.err);
}

#[test]
fn what_would_have_been_is_told_to_nobody() {
    let answer = bypassing(&["--at", "2026-01-01T00:00:00Z"]);
    assert_eq!(
        (answer.exit, answer.err.as_str()),
        (Exit::NoAnswer, ""),
        "{}",
        answer.out
    );
    let said = "warning: the bypass does not count: --at judges the past, and tells nobody\n";
    assert_says(&answer.out, said);
}

#[test]
fn a_name_that_is_empty_and_a_moment_that_is_to_come_are_wrong_usage() {
    let run = |line: &[&str]| {
        let line = [&["--prometheus", "http://engine"], line].concat();
        whole(SPEC, &line, Day::new())
    };
    for (line, words) in [
        (
            &["--environment="][..],
            "slo: --environment is empty; give a name, or leave the option out: was a variable of the pipeline not set?",
        ),
        (&["--environment", " "], "slo: --environment is empty;"),
        (&["--namespace="], "slo: --namespace is empty;"),
        (
            &["--service", "http://pod/slo", "--environment="],
            "slo: --environment is empty;",
        ),
        (
            &["--at", "2026-01-01T00:00:01Z"],
            "slo: --at 2026-01-01T00:00:01Z is in the future;",
        ),
    ] {
        let answer = run(line);
        assert_eq!((answer.exit, answer.out.as_str()), (Exit::Usage, ""), "{line:?}");
        assert_begins(&answer.err, words);
    }
    // The way back is open whatever was mistyped.
    for line in [
        &["--environment=", "--action", "rollback"][..],
        &["--namespace=", "--ran-before"],
    ] {
        assert_eq!(run(line).exit, Exit::Pass, "{line:?}");
    }
}

#[test]
fn monitoring_that_is_down_is_said_loudly_and_stops_nobody() {
    let url = nobody();
    let answer = bypassing(&[
        "--alertmanager",
        &url,
        "--webhook",
        &url,
        "--audit",
        "/nowhere/gate.audit",
    ]);
    assert_eq!(answer.exit, Exit::Pass);
    assert_says(&answer.err, "slo: NOT RECORDED: the audit file cannot be used: ");
    assert!(
        answer.err.contains("slo: NOT ANNOUNCED: Alertmanager: ") && answer.err.contains("NOT ANNOUNCED: webhook: ")
    );
}

#[test]
fn a_bypass_names_somebody_and_one_revision_and_a_time_that_is_one() {
    let file = std::env::temp_dir().join(format!("slo-refused-bypass-{}", std::process::id()));
    let audit_file = file.display().to_string();
    let refused = |line: &[&str]| {
        let line = [&["--audit", audit_file.as_str()], line].concat();
        in_the_dark(&line)
    };
    let nobody = refused(&["--revision", "4f2a", "--message", MESSAGE]);
    assert_eq!(nobody.exit, Exit::NoAnswer);
    let refused_by =
        "bypass refused: the bypass does not say who asks for it; write a name; asked for by nobody: nobody can pay";
    assert_says(&nobody.err, refused_by);
    assert_eq!(refused(&["--message", MESSAGE, "--author", "Ana"]).exit, Exit::NoAnswer);
    let late = format!("{MESSAGE}SLO-Bypass-Until: 2025-12-31T00:00:00Z\n");
    assert_eq!(
        refused(&["--revision", "4f2a", "--message", &late, "--author", "Ana"]).exit,
        Exit::NoAnswer
    );
    let never = format!("{MESSAGE}SLO-Bypass-Until: soon\n");
    let never = refused(&["--revision", "4f2a", "--message", &never, "--author", "Ana"]);
    assert_eq!(
        (
            never.exit,
            never
                .out
                .contains("warning: the bypass does not count: `SLO-Bypass-Until: soon` is not a time")
        ),
        (Exit::NoAnswer, true)
    );
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn a_wrong_spec_is_wrong_usage_and_nobody_is_asked() {
    let answer = run(&args(&["-"]), &mut &b"version: 1"[..], &mut Day::new());
    assert_eq!((answer.exit, answer.out.as_str()), (Exit::Usage, ""));
    assert_says(&answer.err, "standard input");
}

#[test]
fn the_limits_are_those_of_the_environment() {
    let yaml = "{version: 1, service: shop, slos: [{name: a, objective: 99%, window: 30d, \
                sli: {http: {routes: [/a]}}}], environments: {dev: {gate: {mode: observe}}}}";
    let mode = |line: &[&str]| {
        let line = [&["-"], line].concat();
        spec(&args(&line), &mut yaml.as_bytes()).unwrap().gate().mode
    };
    assert_eq!(mode(&["--environment", "dev"]), Mode::Observe);
    assert_eq!(mode(&["--environment", "production"]), Mode::Enforce);
    assert_eq!(mode(&[]), Mode::Enforce);
}

#[test]
fn a_sample_of_nobody_is_no_permission() {
    struct Nan;
    impl Ask for Nan {
        fn instant(&self, _: &str, _: Option<DateTime<Utc>>) -> Result<Answered, AskError> {
            let mut answered = Answered::default();
            answered.series.push(Sample::new([], f64::NAN));
            Ok(answered)
        }

        fn range(&self, _: &str, _: Stretch) -> Result<History, AskError> {
            Ok(History::default())
        }

        fn source(&self) -> String {
            "nan".to_owned()
        }
    }
    let answer = decide(&args(&["--format", "json"]), &shop(), &Nan, &mut Day::new());
    assert_ne!(answer.exit, Exit::Pass, "{}", answer.out);
    assert!(
        Decision::ALL
            .iter()
            .any(|decision| answer.out.contains(decision.as_str()))
    );
}

#[test]
fn what_could_not_be_told_is_told_by_the_next_run() {
    let folder = std::env::temp_dir().join(format!("slo-spooled-bypass-{}", std::process::id()));
    let spool = folder.display().to_string();
    let answer = bypassing(&["--webhook", &nobody(), "--spool", &spool]);
    assert_eq!(answer.exit, Exit::Pass);
    assert_says(&answer.err, "slo: NOT ANNOUNCED: webhook: ");
    assert_ends(
        &answer.err,
        "slo: 1 in the spool wait for the next run with --webhook\n",
    );
    let (url, heard) = serving(vec![http("200 OK", "", "")]);
    let line = ["--webhook", &url, "--spool", &spool];
    let quiet = allowed(&line);
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!((quiet.exit, quiet.err.as_str()), (Exit::Pass, ""));
    let told = heard.recv().unwrap();
    assert_says(&told, "bypass used by Ana: nobody can pay (OPS-1)");
}

#[test]
fn a_past_moment_is_told_to_nobody_and_leaves_the_spool_alone() {
    let folder = std::env::temp_dir().join(format!("slo-spool-of-the-past-{}", std::process::id()));
    let spool = folder.display().to_string();
    let line = ["--at", "2026-01-01T00:00:00Z", "--otlp", &nobody(), "--spool", &spool];
    let answer = bypassing(&line);
    assert_eq!((answer.err.as_str(), folder.exists()), ("", false));
}

#[test]
fn each_run_is_a_metric_for_whoever_asks_for_it() {
    let (url, heard) = serving(vec![http("200 OK", "", ""), http("200 OK", "", "")]);
    let answer = allowed(&["--otlp", &url]);
    assert_eq!((answer.exit, answer.err.as_str()), (Exit::Pass, ""));
    assert!(heard.recv().unwrap().starts_with("POST /v1/metrics HTTP/1.1\r\n"));
    let mut day = Day::new();
    day.variables.push(("OTEL_EXPORTER_OTLP_ENDPOINT", url.leak()));
    day.variables
        .push(("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hush"));
    assert_eq!(decide(&args(&[]), &shop(), &Later(0.into()), &mut day).err, "");
    assert!(heard.recv().unwrap().contains("authorization: Bearer hush\r\n"));
}

#[test]
fn an_argument_that_cannot_be_used_is_wrong_usage_and_a_variable_is_not() {
    let answer = allowed(&["--otlp", "collector"]);
    assert_eq!((answer.exit, answer.out.as_str()), (Exit::Usage, ""));
    assert_begins(&answer.err, "slo: --otlp is not the address");
    let mut day = Day::new();
    day.variables.push(("OTEL_EXPORTER_OTLP_ENDPOINT", "collector"));
    let answer = decide(&args(&[]), &shop(), &Later(0.into()), &mut day);
    assert_eq!(answer.exit, Exit::Pass);
    assert_begins(&answer.err, "slo: NOT RECORDED as a metric: OTEL_EXPORTER");
}

#[test]
fn a_metric_alone_tells_nobody_of_a_bypass() {
    for line in [
        &["--otlp", &nobody()][..],
        &["--webhook", "", "--alertmanager", " "],
        &["--audit="],
        &[],
    ] {
        let answer = bypassing(line);
        assert_eq!(answer.exit, Exit::NoAnswer, "{line:?}");
        let said =
            "warning: the bypass does not count: nobody would hear of it; give --alertmanager, --webhook or --audit";
        assert_says(&answer.out, said);
    }
}

#[test]
fn whom_to_ask_has_to_be_said() {
    let run = |line: &[&str]| whole(SPEC, line, Day::with(&[("SLO_PROMETHEUS_TOKEN", "hush")]));
    let nobody_named = run(&[]);
    assert_eq!(nobody_named.exit, Exit::Usage);
    assert_says(&nobody_named.err, "give --prometheus, or --service");
    // The engine's token is none of the service's business.
    let (url, heard) = serving(vec![http("500 Internal Server Error", "", "")]);
    assert_eq!(run(&["--service", &(url + "/slo")]).exit, Exit::NoAnswer);
    let asked = heard.recv().unwrap();
    assert!(
        asked.starts_with("GET /slo HTTP/1.1\r\n") && !asked.contains("hush"),
        "{asked}"
    );
}

#[test]
fn one_piece_of_news_is_told_once() {
    let dark = in_the_dark(&[]).out;
    assert_eq!(dark.matches("connection refused").count(), 2, "{dark}");
    assert_ends(&dark, "\nunknown p95 of requests: as above\n");
    let first = allowed(&[]).out;
    assert_says(&first, "warn    p95 of requests: as above");
}
