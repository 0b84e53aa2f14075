//! Bypasses that are never silent, and a way back that nothing blocks.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::faults::SPEC;
use super::tests::{Later, MESSAGE, allowed, bypassing, in_the_dark, parsed, shop};
use super::*;
use crate::args::Args;
use crate::cmd::test_day::Day;
use crate::gate::audit;
use crate::prom::Engine;
use crate::test_server::{http, json, nobody, serving};
use crate::test_words::{assert_begins, assert_ends, assert_says};

/// A path at which nothing is, and nothing is left.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("slo-bypass-place-{}-{number}", std::process::id())))
    }

    fn text(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The whole command, with this spec.
fn whole(spec: &str, line: &[&str]) -> Answer {
    super::tests::whole(spec, line, Day::new())
}

#[test]
fn who_cannot_be_told_at_all_is_wrong_usage_and_not_shown() {
    for wrong in ["nowhere", "127.0.0.1:1", "http://", "mailto:hush@y", "https://a/#hush"] {
        for flag in ["--alertmanager", "--webhook"] {
            for answer in [bypassing(&[flag, wrong]), allowed(&[flag, wrong])] {
                assert_eq!((answer.exit, answer.out.as_str()), (Exit::Usage, ""), "{flag} {wrong}");
                assert_begins(&answer.err, &format!("slo: {flag}, or SLO_"));
                assert!(!answer.err.contains("hush"), "{}", answer.err);
            }
            let back = in_the_dark(&[flag, wrong, "--action", "rollback", "--audit=-"]);
            assert_eq!(back.exit, Exit::Pass);
            assert_says(&back.err, &format!("slo: {flag}, or SLO_"));
        }
    }
}

#[test]
fn an_audit_file_that_takes_nothing_is_nobody_who_hears() {
    let folder = std::env::temp_dir().display().to_string();
    for file in ["/proc/nope/a", "/dev/null", "/dev/full", &folder] {
        for line in [
            &["--message", MESSAGE, "--author", "Ana", "--revision", "4f2a"][..],
            &["--on-unknown", "allow"],
        ] {
            let answer = in_the_dark(&[line, &["--audit", file]].concat());
            assert_eq!(answer.exit, Exit::NoAnswer, "{file} {line:?}: {}", answer.out);
            assert_begins(&answer.out, "unknown: ");
            assert_says(&answer.out, "nobody would hear of it: the audit file cannot be used: ");
            assert_says(&answer.err, "slo: NOT RECORDED: the audit file cannot be used: ");
        }
        let back = in_the_dark(&["--ran-before", "--audit", file]);
        assert_eq!(back.exit, Exit::Pass, "{}", back.out);
        // What no rule stops needs nobody who hears of it.
        assert_eq!(allowed(&["--audit", file]).exit, Exit::Pass);
    }
}

#[test]
fn an_audit_file_that_is_held_is_not_waited_for_for_ever() {
    let file = Place::new();
    audit::append(&file.0, &1, Duration::ZERO).unwrap();
    let held = fs::File::open(&file.0).unwrap();
    assert!(crate::file_lock::lock_within(&held, Duration::ZERO).unwrap());
    let answer = bypassing(&["--audit", &file.text(), "--timeout", "60ms"]);
    assert_eq!(answer.exit, Exit::NoAnswer);
    assert_says(&answer.err, "another process has held it for 60ms");
    let (url, heard) = serving(vec![http("200 OK", "", "")]);
    let told = bypassing(&["--audit", &file.text(), "--timeout", "60ms", "--webhook", &url]);
    assert_eq!(told.exit, Exit::Pass, "{}", told.err);
    assert!(heard.recv().unwrap().contains("bypass used by Ana"));
}

#[test]
fn a_record_that_could_not_be_written_waits_in_the_spool() {
    let (file, spool) = (Place::new(), Place::new());
    fs::create_dir(&file.0).unwrap();
    let (url, _heard) = serving(vec![http("200 OK", "", "")]);
    let kept = ["--audit", &file.text(), "--spool", &spool.text()];
    let answer = bypassing(&[&kept[..], &["--webhook", &url]].concat());
    assert_eq!(answer.exit, Exit::Pass, "{}", answer.out);
    assert_ends(
        &answer.err,
        "slo: 1 in the spool wait for the next run with --audit FILE\n",
    );
    assert!(
        !answer.err.contains("NOT ANNOUNCED"),
        "it is not tried twice in one run: {}",
        answer.err
    );
    fs::remove_dir(&file.0).unwrap();
    let next = allowed(&kept);
    assert_eq!(next.exit, Exit::Pass);
    let text = fs::read_to_string(&file.0).unwrap();
    let report = audit::verify(text.as_bytes(), None).unwrap();
    assert_eq!((report.records, report.is_sound()), (2, true), "{text}");
    let decisions: Vec<_> = text
        .lines()
        .map(|line| line.contains(r#""decision":"bypassed""#))
        .collect();
    assert_eq!(decisions, [false, true], "the late one comes after: {text}");
    assert_eq!(fs::read_dir(&spool.0).unwrap().count(), 1, "the lock");
}

#[test]
fn a_page_is_no_alertmanager() {
    let page = http(
        "200 OK",
        "content-type: text/html\r\n",
        "\n<!doctype html><h1>Log in</h1>",
    );
    let answer = bypassing(&["--alertmanager", &serving(vec![page]).0]);
    let said =
        "slo: NOT ANNOUNCED: Alertmanager: it answered with a page, which no Alertmanager does; is this its address?\n";
    assert_says(&answer.err, said);
    let empty = bypassing(&["--alertmanager", &serving(vec![json("200 OK", "")]).0]);
    assert!(!empty.err.contains("NOT "), "{}", empty.err);
}

#[test]
fn a_page_is_no_webhook_and_no_collector_however_long_it_is() {
    let html = "content-type: Text/HTML; charset=utf-8\r\n";
    let long = format!("\u{feff}\n<!DOCTYPE html><h1>Log in</h1>{}", " ".repeat(100_000));
    for (flag, whose, which) in [
        ("--webhook", "webhook", "a login does and no webhook"),
        ("--otlp", "OTLP", "no collector does"),
    ] {
        let said = |reply: Vec<u8>| bypassing(&["--audit=-", flag, &serving(vec![reply]).0]).err;
        let untold =
            format!("slo: NOT ANNOUNCED: {whose}: it answered with a page, which {which}; is this its address?\n");
        for page in [
            http("200 OK", html, "<h1>Log in</h1>"),
            http("200 OK", "", &long),
            http("200 OK", "content-type: text/plain\r\n", "<html><body>"),
        ] {
            let heard = said(page);
            assert!(heard.contains(&untold), "{heard}");
        }
        // What frameworks say by default to those whom they have heard, and services that speak XML.
        for taken in [
            http("200 OK", html, ""),
            http("200 OK", html, "ok"),
            http("200 OK", "content-type: text/xml\r\n", "<PublishResponse/>"),
        ] {
            let heard = said(taken);
            assert!(!heard.contains("NOT "), "{heard}");
        }
    }
}

#[test]
fn nothing_passes_by_judging_the_present_as_if_it_were_past() {
    let at = ["--at", "2026-01-01T00:00:00Z", "--audit=-"];
    let answer = in_the_dark(&[&at[..], &["--on-unknown", "allow"]].concat());
    assert_eq!(answer.exit, Exit::NoAnswer);
    let said = "warning: what is unknown is not let through: --at judges the past, and tells nobody\n";
    assert_says(&answer.out, said);
    assert_eq!(
        in_the_dark(&[&at[..], &["--action", "rollback"]].concat()).exit,
        Exit::Pass
    );
}

#[test]
fn what_is_unknown_is_let_through_only_where_somebody_hears_of_it() {
    let silent = in_the_dark(&["--on-unknown", "allow"]);
    assert_eq!(silent.exit, Exit::NoAnswer);
    assert!(
        silent.out.contains("nobody would hear of it; give --alertmanager"),
        "{}",
        silent.out
    );
    assert_eq!(in_the_dark(&["--on-unknown", "allow", "--audit=-"]).exit, Exit::Pass);
    let by_spec = SPEC.replace("slos:", "gate: {on_unknown: allow}, slos:");
    let line = ["--prometheus", &nobody(), "--retries", "0"];
    assert_eq!(whole(&by_spec, &[&line[..], &["--audit=-"]].concat()).exit, Exit::Pass);
    assert_eq!(whole(&by_spec, &line).exit, Exit::NoAnswer);
    let refused = [&line[..], &["--audit=-", "--on-unknown", "refuse"]].concat();
    assert_eq!(whole(&by_spec, &refused).exit, Exit::NoAnswer);
}

#[test]
fn a_way_back_that_leaves_no_record_is_loud() {
    let back = in_the_dark(&["--action", "rollback"]);
    assert_eq!(
        (back.exit, back.err.as_str()),
        (
            Exit::Pass,
            "slo: NOT RECORDED: this way back passes, which a deploy could not; nobody is told, and no record is kept: give \
             --audit\n"
        )
    );
    let recorded = in_the_dark(&["--ran-before", "--audit=-"]);
    assert!(!recorded.err.contains("NOT RECORDED"), "{}", recorded.err);
}

#[test]
fn nothing_blocks_the_way_back() {
    let url = nobody();
    let file = Place::new();
    let (good, bad) = (SPEC, "service: shop\nversion: 1\nslo: []\n");
    let until = "Fix\n\nSLO-Bypass: x\nSLO-Bypass-Until: tomorrow";
    for (spec, line, said) in [
        (
            good,
            &["--prometheus", &url, "--message", MESSAGE][..],
            "does not say who asks",
        ),
        (
            good,
            &[
                "--prometheus",
                &url,
                "--message",
                until,
                "--author",
                "Ana",
                "--revision",
                "a",
            ],
            "is not a time",
        ),
        (
            good,
            &["--prometheus", &url, "--bearer-token-file", "/nowhere"],
            "the bearer token cannot be read",
        ),
        (
            good,
            &["--prometheus", &url, "--otlp", "collector"],
            "--otlp is not the address",
        ),
        (
            good,
            &["--prometheus", &url, "--header", "x"],
            "a header that is given is none",
        ),
        (good, &["--prometheus", "nowhere"], "is not the address of an engine"),
        (good, &[], "whom to ask is not said"),
        (good, &["--service", "nowhere"], "is not the address of an engine"),
        (bad, &["--prometheus", &url], "standard input"),
    ] {
        for back in [&["--action", "rollback"][..], &["--ran-before"]] {
            let audit = ["--audit", &file.text(), "--retries", "0"];
            let answer = whole(spec, &[line, back, &audit].concat());
            assert_eq!(answer.exit, Exit::Pass, "{line:?}: {}", answer.err);
            assert_begins(&answer.out, "allowed: ");
            let all = answer.out + &answer.err;
            assert!(all.contains(said), "{line:?}: {all}");
            let written = fs::read_to_string(&file.0).unwrap();
            assert!(
                written.contains(r#""decision":"allowed""#) && written.contains(r#""service":"shop""#),
                "{written}"
            );
            fs::remove_file(&file.0).unwrap();
        }
    }
    // As variables of a pipeline that are not set come.
    let unset = [
        "--audit=",
        "--spool=",
        "--webhook=",
        "--revision=",
        "--message=",
        "--author=",
        "--committed-at=",
    ];
    let answer = in_the_dark(&[&unset[..], &["--ran-before"]].concat());
    assert_eq!(
        (answer.exit, answer.err.lines().count()),
        (Exit::Pass, 1),
        "{}",
        answer.err
    );
    // A deploy is stopped by the same, where it is wrong usage.
    assert_eq!(whole(bad, &["--prometheus", &url]).exit, Exit::Usage);
    assert_eq!(whole(good, &[]).exit, Exit::Usage);
    assert_eq!(whole("", &["--prometheus", &url, "--ran-before"]).exit, Exit::Pass);
}

#[cfg(unix)]
#[test]
fn a_message_in_another_encoding_is_a_message() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;
    let message = OsString::from_vec(b"--message=Caf\xe9 [slo-bypass: caf\xe9 is down]".to_vec());
    let author = OsString::from_vec(b"--author=Andr\xe9".to_vec());
    let line: Vec<OsString> = ["--prometheus", "http://engine", "--revision", "4f2a", "--audit=-"]
        .map(OsString::from)
        .into();
    let line = line.into_iter().chain([message, author]);
    let answer = decide(&parsed(line), &shop(), &Later(u32::MAX.into()), &mut Day::new());
    assert_eq!(answer.exit, Exit::Pass, "{}", answer.out);
    assert_says(&answer.err, "bypass used by Andr\u{fffd}: caf\u{fffd} is down");
}

#[test]
fn a_bypass_that_is_not_needed_stops_nobody_however_wrong_it_is() {
    for line in [
        &["--message", MESSAGE][..],
        &[
            "--message",
            "Fix\n\nSLO-Bypass: x\nSLO-Bypass-Until: tomorrow",
            "--revision",
            "a",
            "--author",
            "Ana",
            "--audit=-",
        ],
    ] {
        let answer = allowed(line);
        assert_eq!(answer.exit, Exit::Pass, "{}", answer.err);
        assert_says(&answer.out, "warning: the bypass does not ");
    }
}

#[test]
fn what_speaks_of_a_bypass_and_is_none_is_said() {
    let answer = in_the_dark(&["--message", "Fix \"[slo-bypass: x]\"", "--audit=-"]);
    assert_eq!(answer.exit, Exit::NoAnswer);
    assert_says(
        &answer.out,
        "\nwarning: the message speaks of `slo-bypass` and asks for none",
    );
}

#[test]
fn a_bypass_without_an_end_holds_for_a_day_from_its_commit() {
    // Midnight of the year 2026 is now.
    let asked = |committed_at: &str| {
        let answer = bypassing(&["--audit=-", "--committed-at", committed_at]);
        (answer.exit, answer.err + &answer.out)
    };
    let (exit, said) = asked("2025-12-31T02:00:00+01:00");
    assert_eq!(exit, Exit::Pass, "{said}");
    assert!(
        said.contains("bypass used by Ana: nobody can pay (OPS-1); it holds until 2026-01-01T01:00:00Z ("),
        "{said}"
    );
    let (exit, said) = asked("2025-12-31T00:00:00Z");
    assert_eq!(exit, Exit::NoAnswer, "{said}");
    assert_says(&said, "the bypass expired at 2026-01-01T00:00:00Z");
    let (exit, said) = asked("yesterday");
    assert_eq!(exit, Exit::NoAnswer);
    assert_says(
        &said,
        "the bypass does not count: `--committed-at yesterday` is not a time",
    );
    // A variable that is not set is no time and no mistake.
    assert_eq!(asked("").0, Exit::Pass);
    // The message's own end wins.
    let until = format!("{MESSAGE}SLO-Bypass-Until: 2026-01-01T00:10:00Z\n");
    let answer = in_the_dark(&[
        "--revision",
        "4f2a",
        "--author",
        "Ana",
        "--audit=-",
        "--message",
        &until,
        "--committed-at",
        "2020-01-01T00:00:00Z",
    ]);
    assert_says(&answer.err, "it holds until 2026-01-01T00:10:00Z");
}

/// It is about bypasses alone, and stops nothing: least of all the way back.
#[test]
fn a_commits_time_that_is_none_is_warned_of_without_a_bypass_too() {
    let warning = "\nwarning: `--committed-at yesterday` is not a time; write it like `2026-01-01T12:00:00Z`";
    for (more, exit) in [
        (&[][..], Exit::NoAnswer),
        (&["--on-unknown=allow", "--audit=-"], Exit::Pass),
        (&["--action", "rollback"], Exit::Pass),
        (&["--ran-before"], Exit::Pass),
    ] {
        let answer = in_the_dark(&[&["--committed-at", "yesterday"], more].concat());
        assert_eq!(answer.exit, exit, "{more:?}");
        assert_says(&answer.out, warning);
    }
    for fine in ["", " ", "2025-12-31T02:00:00+01:00"] {
        let answer = in_the_dark(&["--committed-at", fine]);
        assert!(!answer.out.contains("--committed-at"), "{}", answer.out);
    }
}

#[test]
fn a_bypass_for_a_version_holds_for_that_alone() {
    let message = format!("{MESSAGE}SLO-Bypass-Revision: v1.4.2\n");
    let of = |revision: &str| {
        in_the_dark(&[
            "--revision",
            revision,
            "--author",
            "Ana",
            "--audit=-",
            "--message",
            &message,
        ])
    };
    assert_eq!(of("v1.4.2").exit, Exit::Pass);
    let other = of("v1.4.3");
    assert_eq!(other.exit, Exit::NoAnswer);
    assert_says(&other.out, "the bypass is for revision `v1.4.2`, and this is `v1.4.3`");
}

#[test]
fn records_name_where_and_who() {
    let answer = allowed(&[
        "--environment",
        "production",
        "--namespace",
        "sales",
        "--author",
        "Ana",
        "--audit=-",
    ]);
    for field in [
        r#""environment":"production""#,
        r#""namespace":"sales""#,
        r#""author":"Ana""#,
    ] {
        assert_says(&answer.err, field);
    }
    assert_says(&answer.out, "\nshop (namespace sales) in production at ");
}

#[test]
fn all_questions_of_a_verdict_share_its_time() {
    // Whoever is asked by one question for longer than all may take has an end as well.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let engine = Engine::at(&url).within(Duration::from_millis(40)).build().unwrap();
    let hurried = engine.altogether();
    for question in ["a", "b"] {
        let error = hurried.instant(question, None).unwrap_err().to_string();
        assert_eq!(error, format!("{url} did not answer within 40 ms"));
    }
    silent.set_nonblocking(true).unwrap();
    assert_eq!(
        silent.incoming().take_while(Result::is_ok).count(),
        1,
        "the second question was not asked"
    );
}

#[test]
fn help_shows_no_value_of_a_variable() {
    use clap::CommandFactory as _;
    let mut command = Args::command();
    for name in ["gate", "status", "doctor"] {
        for argument in command.find_subcommand_mut(name).unwrap().get_arguments() {
            assert!(
                argument.get_env().is_none() || argument.is_hide_env_values_set(),
                "{name} {argument}"
            );
        }
    }
}
