//! The command, with engines that say what a test wants.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use clap::Parser as _;

use super::*;
use crate::args::{Args, Command};
use crate::cmd::test_day::Day;
use crate::prom::{Answered, History, Sample, Stretch};
use crate::test_server::{http, json, nobody, serving};
use crate::test_words::assert_begins;

fn day() -> Day {
    Day::with(&[("COLUMNS", "100")])
}

/// Somebody who looks at so many views.
#[derive(Default)]
struct Looks {
    left: usize,
    seen: Vec<String>,
    lines: Option<usize>,
}

impl Screen for Looks {
    fn colours(&self, choice: Color) -> bool {
        choice == Color::Always
    }

    fn size(&self) -> Option<(usize, usize)> {
        self.lines.map(|lines| (80, lines))
    }

    fn draw(&mut self, text: &str) -> io::Result<()> {
        self.seen.push(text.to_owned());
        self.left = self.left.checked_sub(1).ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(())
    }
}

/// Knows one promise without numbers; fails in the rounds that are named. A round begins with the question for the time.
struct Rounds {
    round: AtomicUsize,
    fails: &'static [usize],
    doubts: bool,
    /// The kind of the promise, if it is pushed now.
    sli: Option<&'static str>,
    /// Whether there was another service once.
    was_more: bool,
}

impl Rounds {
    const fn failing(fails: &'static [usize]) -> Self {
        Self {
            round: AtomicUsize::new(0),
            fails,
            doubts: false,
            sli: None,
            was_more: false,
        }
    }

    /// One promise of this kind that is pushed, and of which nothing is counted.
    const fn empty(sli: &'static str) -> Self {
        Self {
            sli: Some(sli),
            ..Self::failing(&[])
        }
    }

    /// What services are known for that are gone.
    fn of_the_past(&self, query: &str) -> Option<Sample> {
        let dead = ("service_name", "dead");
        if query.contains("[2592000s:1h]") {
            return Some(Sample::new([dead], 1_767_225_600.0 - 1e6));
        }
        let is_words = query.contains("slo_promise") && query.contains("[2592000s]");
        let labels = [
            dead,
            ("slo_name", "browse"),
            ("slo_status", "agreed"),
            ("slo_asked", "gone"),
        ];
        is_words.then(|| Sample::new(labels, 1.0))
    }
}

impl Ask for Rounds {
    fn instant(&self, query: &str, _: Option<DateTime<Utc>>) -> Result<Answered, AskError> {
        let mut answered = Answered::default();
        if query == "time()" {
            self.round.fetch_add(1, Ordering::Relaxed);
            answered.series.push(Sample::new([], 1_767_225_600.0));
        }
        if self.fails.contains(&self.round.load(Ordering::Relaxed)) {
            return Err(AskError::Unreachable {
                source_name: "http://engine".to_owned(),
                reason: "connection refused".to_owned(),
            });
        }
        if let Some(sample) = self.of_the_past(query).filter(|_| self.was_more) {
            answered.series.push(sample);
            return Ok(answered);
        }
        if query.contains("time() - (") && self.sli.is_some() {
            let labels = [("service_name", "shop"), ("slo_name", "browse")];
            answered.series.push(Sample::new(labels, 5.0));
        }
        if query.contains("slo_promise") && !query.contains("[2592000s]") {
            let labels = [
                ("service_name", "shop"),
                ("slo_name", "browse"),
                ("slo_status", "agreed"),
                ("slo_owner", self.sli.map_or("", |_| "ana")),
                ("slo_asked", "now"),
                ("slo_sli", self.sli.unwrap_or_default()),
            ];
            answered.series.push(Sample::new(labels, 1.0));
        }
        if self.doubts && query.contains("ALERTS") {
            answered.doubts.push("a store is gone".to_owned());
        }
        Ok(answered)
    }

    fn range(&self, _: &str, _: Stretch) -> Result<History, AskError> {
        Ok(History::default())
    }

    fn source(&self) -> String {
        "http://engine".to_owned()
    }
}

fn args(line: &[&str]) -> StatusArgs {
    let line = [&["slo", "status", "--prometheus", "http://engine"], line].concat();
    match Args::try_parse_from(line).unwrap().command {
        Command::Status(args) => *args,
        other => panic!("{other:?}"),
    }
}

fn told(line: &[&str], engine: &Rounds) -> Answer {
    tell(&args(line), engine, Color::Never, &mut day(), &mut Looks::default())
}

#[test]
fn a_failure_while_watching_keeps_the_last_view_and_says_how_old_it_is() {
    let mut looks = Looks {
        left: 4,
        ..Looks::default()
    };
    let engine = Rounds::failing(&[2, 3, 5]);
    let answer = tell(&args(&["--watch"]), &engine, Color::Never, &mut day(), &mut looks);
    assert_eq!((answer.exit, looks.seen.len()), (Exit::Pass, 5));
    assert!(looks.seen[0].starts_with("1 hurts, "), "{}", looks.seen[0]);
    assert!(
        looks.seen[2].starts_with(
            "OLD: this is the view of 30s ago; since 00:00:15 UTC the engine does not answer: http://engine cannot be \
                 reached: connection refused\n\n1 hurts, "
        ),
        "{}",
        looks.seen[2]
    );
    assert_eq!(looks.seen[3], looks.seen[0]);
    // Another failure has a beginning of its own.
    assert!(
        looks.seen[4].contains("view of 15s ago; since 00:01:00 UTC"),
        "{}",
        looks.seen[4]
    );
}

#[test]
fn an_engine_that_never_answered_is_not_watched() {
    let mut looks = Looks::default();
    let engine = Rounds::failing(&[1]);
    let answer = tell(&args(&["--watch", "1m"]), &engine, Color::Never, &mut day(), &mut looks);
    assert_eq!((answer.exit, looks.seen.len()), (Exit::NoAnswer, 0));
    assert_eq!(answer.err, "slo: http://engine cannot be reached: connection refused\n");
}

/// What is said of an engine at an address, by the whole command.
fn asked(url: &str, more: &[&str]) -> Answer {
    let line = ["--prometheus", url, "--retries", "0", "--header", "X-Key: hush"];
    let line = [&["slo", "status"], &line[..], &["--fail-on", "hurting"], more].concat();
    let Command::Status(args) = Args::try_parse_from(line).unwrap().command else {
        panic!("a status");
    };
    run(&args, Color::Never, &mut day(), &mut Looks::default())
}

#[test]
fn an_engine_that_says_nothing_of_use_is_one_sentence_and_no_view() {
    let always = |answer: Vec<u8>| serving(vec![answer; 3]).0;
    let half = json("200 OK", r#"{"status":"success","data":{"resultType":"vec"#);
    let much = format!(r#"{{"status":"success","data":"{}"}}"#, "a".repeat(10_000_000));
    let no_tls = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", no_tls.local_addr().unwrap());
    thread::spawn(move || {
        no_tls
            .accept()
            .map(|(mut stream, _)| stream.write_all(&http("400 Bad Request", "", "")))
    });
    for (url, words) in [
        (nobody(), "cannot be reached: "),
        (address, "cannot be reached: "),
        (
            always(http("200 OK", "content-type: text/html\r\n", "<h1>")),
            "answered with `text/html`, ",
        ),
        (always(half), "answered with half an answer, "),
        (always(json("200 OK", &much)), "answered with more than 8 MB; "),
        (
            always(http("302 Found", "location: http://login/?t=hush\r\n", "")),
            "redirects to http://login/",
        ),
        (always(http("403 Forbidden", "", "hush")), "refused with status 403: "),
        (
            always(http("503 Service Unavailable", "", "hush")),
            "answered with status 503: ***",
        ),
        (always(json("206 Partial Content", "{}")), "answered with status 206, "),
    ] {
        let answer = asked(&url, &[]);
        assert_eq!((answer.exit, answer.out.as_str()), (Exit::NoAnswer, ""), "{url}");
        let said = answer.err.replace(&url, "ENGINE");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.starts_with("slo: ENGINE ") && said.contains(words), "{said}");
        assert!(!said.contains("hush"), "{said}");
    }
}

#[test]
fn an_engine_that_never_answers_is_given_up_on() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = asked(&url, &["--json", "--timeout", "200ms"]);
    assert_eq!((answer.exit, answer.out.as_str()), (Exit::NoAnswer, ""));
    assert_eq!(answer.err, format!("slo: {url} did not answer within 200 ms\n"));
}

#[test]
fn a_view_is_cut_to_the_screen_and_says_what_is_below() {
    assert_eq!(cut("a\nb\nc\n", Some(4)), "a\nb\nc\n");
    assert!(cut("a\nb\nc\nd\n", Some(4)).starts_with("a\nb\n(2 more lines;"));
    assert_eq!(cut("a\nb\n", None), "a\nb\n");
}

#[test]
fn colours_only_where_they_are_wanted() {
    let painted = tell(
        &args(&[]),
        &Rounds::failing(&[]),
        Color::Always,
        &mut day(),
        &mut Looks::default(),
    );
    assert!(painted.out.contains("\u{1b}["));
    assert!(!told(&[], &Rounds::failing(&[])).out.contains('\u{1b}'));
}

#[test]
fn each_way_to_end_has_its_code() {
    let fine = || Rounds::failing(&[]);
    assert_eq!(told(&[], &fine()).exit, Exit::Pass);
    assert_eq!(told(&["--fail-on", "hurting"], &fine()).exit, Exit::Refused);
    assert_eq!(told(&["--fail-on", "paging,draft"], &fine()).exit, Exit::Pass);
    assert_eq!(
        told(&["--fail-on", "stale", "--only", "fine"], &fine()).exit,
        Exit::Refused
    );
    assert_eq!(
        told(&["--fail-on", "paging", "--service", "other"], &fine()).exit,
        Exit::NoAnswer
    );
    let doubted = Rounds { doubts: true, ..fine() };
    let answer = told(&["--fail-on", "hurting"], &doubted);
    assert_eq!(answer.exit, Exit::NoAnswer);
    assert!(answer.out.contains("NOT COMPLETE: a store is gone\n"), "{}", answer.out);
    assert_eq!(told(&["--html", "/nowhere/a.html"], &fine()).exit, Exit::Usage);
}

#[test]
fn a_page_goes_to_a_file_beside_the_text_or_to_standard_output_in_its_place() {
    let fine = || Rounds::failing(&[]);
    let page = told(&["--html", "-"], &fine());
    assert_eq!(page.exit, Exit::Pass);
    assert_begins(&page.out.to_lowercase(), "<!doctype html>");
    let file = std::env::temp_dir().join(format!("slo-status-page-{}.html", std::process::id()));
    let beside = told(&["--html", &file.display().to_string()], &fine());
    let written = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_begins(&beside.out, "1 hurts, ");
    assert_eq!(written, page.out);
    let nowhere = told(&["--html", "/nowhere/a.html"], &fine());
    assert_begins(&nowhere.err, "slo: /nowhere/a.html cannot be written: ");
}

#[test]
fn nothing_found_is_said_and_why() {
    let said = |line: &[&str]| told(line, &Rounds::failing(&[]));
    let other = said(&["--service", "other"]);
    assert!(other.out.starts_with("no promise is known\n"), "{}", other.out);
    let words = "slo: `--service other`: no promise of the last 30d has this name; is it right?\n";
    assert_eq!((other.exit, other.err.as_str()), (Exit::NoAnswer, words));
    let several = said(&["--service", "other", "--service", "third"]);
    assert_eq!(several.err.lines().count(), 2, "{}", several.err);
    let both = said(&["--service", "shop", "--slo", "other"]);
    let words = "slo: no promise has all of the names that were given; leave some out to see what there is\n";
    assert_eq!((both.exit, both.err.as_str()), (Exit::NoAnswer, words));
}

#[test]
fn each_name_that_was_given_must_be_that_of_something_that_is_there() {
    let line = ["--service", "shop", "--service", "other\u{1b}"];
    let answer = told(&line, &Rounds::failing(&[]));
    let words = "slo: `--service other\\u{1b}`: no promise of the last 30d has this name; is it right?\n";
    assert_eq!((answer.exit, answer.err.as_str()), (Exit::NoAnswer, words));
    for name in ["--namespace", "--environment", "--slo", "--journey", "--owner"] {
        let answer = told(&[name, "ana"], &Rounds::failing(&[]));
        assert_begins(
            &answer.err,
            &format!("slo: `{name} ana`: no promise of the last 30d has this name"),
        );
        assert_eq!(answer.exit, Exit::NoAnswer);
    }
    let known = ["--owner", "ana", "--slo", "browse", "--service", "shop"];
    assert_eq!(told(&known, &Rounds::empty("http")).err, "");
    // What is proven is more than what is unknown.
    let proven = told(&[&line[..], &["--fail-on", "hurting"]].concat(), &Rounds::failing(&[]));
    assert_eq!(proven.exit, Exit::Refused);
}

#[test]
fn a_service_that_is_gone_is_no_name_that_passes() {
    let gone = || Rounds {
        was_more: true,
        ..Rounds::empty("composite")
    };
    let line = ["--service", "shop", "--service", "dead"];
    let hurting = told(&[&line[..], &["--fail-on", "hurting"]].concat(), &gone());
    assert_eq!(hurting.exit, Exit::Refused);
    assert!(
        hurting
            .out
            .starts_with("1 hurts, 2 promises of 2 services: 1 gone, 1 no data\n"),
        "{}",
        hurting.out
    );
    assert!(
        hurting
            .out
            .contains("its service pushed nothing since 2025-12-20 10:13 UTC"),
        "{}",
        hurting.out
    );
    for more in [&["--fail-on", "paging"][..], &[]] {
        let answer = told(&[&line[..], more].concat(), &gone());
        assert_eq!(answer.exit, Exit::NoAnswer);
        assert_eq!(answer.err, "slo: `--service dead`: what has this name is gone\n");
    }
    assert_eq!(told(&[], &gone()).exit, Exit::Pass);
    assert_eq!(
        told(&["--fail-on", "hurting", "--remember", "1d"], &gone()).exit,
        Exit::Pass
    );
}

#[test]
fn of_what_nothing_was_counted_nobody_knows_whether_it_hurts() {
    for (sli, exit) in [("prometheus", Exit::NoAnswer), ("composite", Exit::Pass)] {
        let told = |fail_on: &str| told(&["--fail-on", fail_on], &Rounds::empty(sli)).exit;
        assert_eq!((told("hurting"), told("paging")), (exit, Exit::Pass), "{sli}");
        assert_eq!(told("no-data"), Exit::Refused);
    }
}

#[test]
fn standings_are_named_or_refused_with_all_names() {
    let line = ["slo", "status", "--prometheus", "http://engine", "--only"];
    let parse = |standing| Args::try_parse_from(line.iter().chain([&standing]));
    assert!(parse("hurting,no-data,draft").is_ok());
    let refused = parse("sad").unwrap_err().to_string();
    assert!(
        refused.contains("`sad` is no standing; write `hurting`, `draft`, or one of: paging,"),
        "{refused}"
    );
}
