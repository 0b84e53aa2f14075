//! `slo rules`: recording and alerting rules.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use slo_core::alert::{AlertPolicy, Severity};
use slo_core::{SloSet, Target};

use super::Answer;
use super::check::Source;
use super::folder::first_difference;
use crate::args::{RuleFormat, RulesArgs};
use crate::exit::Exit;
use crate::render::fleet::{self, Fleet};
use crate::render::own::{KNOWN_FROM, Own};
use crate::render::routing::severities;
use crate::render::rule_file::{ObjectPlace, RuleFile};
use crate::render::shown;
use crate::render::unit_tests::Proof;
use crate::render::whose::{Environment, Place};
use crate::rule_window::RuleWindow;

/// The windows for which rules are written unless said otherwise.
const WINDOWS: [&str; 5] = ["7d", "28d", "30d", "90d", "month"];

/// Runs the command: writes the rules to standard output or a file, or compares them with one.
pub fn run(args: &RulesArgs, stdin: &mut impl Read) -> Answer {
    match texts(args, stdin) {
        Ok((texts, warnings)) => {
            let mut answer = hand_over(args, &texts);
            answer.err.insert_str(0, &warnings);
            answer
        }
        Err(mistakes) => Answer::complaint(Exit::Usage, mistakes),
    }
}

/// What is to be written: one file, or that of pages and that of tickets; and what is missing in them. Or every mistake, each
/// in a line.
fn texts(args: &RulesArgs, stdin: &mut impl Read) -> Result<(Vec<String>, String), String> {
    let whole = |file: String| (vec![file], String::new());
    if args.alertmanager {
        return Ok(whole(fleet::inhibition(args.identity, &severities_of(args, stdin)?)));
    }
    if let Some(option) = without_an_object(args) {
        return Err(format!(
            "`{option}` is about an object of Kubernetes; write `--format prometheus-rule` with it, or leave it out"
        ));
    }
    if args.fleet {
        return Ok(whole(rendered(args, fleet_of(args)?.file())?));
    }
    let path = args.spec.as_deref().unwrap_or(Path::new("slo.yaml"));
    let source = Source::read(path, stdin);
    let set = source.understood_in(args.environment.as_deref())?;
    refuse_numbers_of_another(args, &set)?;
    let own = own_of(args, &set);
    let told = |reasons: Vec<String>| source.refused(args.environment.as_deref(), &reasons);
    let Some(rules) = &args.tests else {
        return Ok(whole(rendered(args, own.file().map_err(told)?)?));
    };
    if args.format != RuleFormat::Plain {
        return Err("`--tests` writes a file for promtool, which reads no objects; leave `--format` out".to_owned());
    }
    let proofs: &[Proof] = match (args.out.is_some() || args.check.is_some(), args.tickets) {
        (true, _) => &[Proof::Pages, Proof::Tickets],
        (false, false) => &[Proof::Pages],
        (false, true) => &[Proof::Tickets],
    };
    let without = own.untold().map_err(told)?;
    let without: String = without.iter().map(|why| format!("no tests for {why}\n")).collect();
    let files = proofs.iter().map(|proof| own.unit_tests(rules, *proof).map_err(told));
    Ok((files.collect::<Result<_, _>>()?, without))
}

/// An environment's series are not counted by other numbers than those that the spec has for it.
fn refuse_numbers_of_another(args: &RulesArgs, set: &SloSet) -> Result<(), String> {
    let label = args.environment_label.as_deref();
    let known = label.filter(|label| set.environments().any(|(name, _)| name == *label));
    match known {
        Some(name) if args.environment.as_deref() != known => Err(format!(
            "--environment-label: `{name}` has numbers of its own in the spec; write `--environment {name}`"
        )),
        _ => Ok(()),
    }
}

/// An option that says nothing of a plain file, or of tests.
fn without_an_object(args: &RulesArgs) -> Option<&'static str> {
    let is_object = args.format == RuleFormat::PrometheusRule && args.tests.is_none();
    let said = [
        ("--object-label", !args.object_labels.is_empty()),
        ("--object-namespace", args.object_namespace.is_some()),
    ];
    let said = said.into_iter().find(|(_, is_said)| *is_said && !is_object);
    said.map(|(option, _)| option)
}

fn rendered(args: &RulesArgs, file: RuleFile) -> Result<String, String> {
    file.render(args.engine, args.format, &object_place(args))
}

fn object_place(args: &RulesArgs) -> ObjectPlace {
    ObjectPlace {
        namespace: args.object_namespace.clone(),
        labels: args.object_labels.clone(),
    }
}

/// As the spec calls pages and tickets; as everybody does without one.
fn severities_of(args: &RulesArgs, stdin: &mut impl Read) -> Result<Vec<(String, String)>, String> {
    let Some(path) = &args.spec else {
        let name = |severity: Severity| severity.as_str().to_owned();
        return Ok(vec![(name(Severity::Page), name(Severity::Ticket))]);
    };
    Ok(severities(&Source::read(path, stdin).understood()?))
}

/// The day that a file of rules says in its heading, so that a check is about the spec and never about today.
fn known_from(path: &Path) -> Option<NaiveDate> {
    let file = std::fs::read_to_string(path).ok()?;
    let heading = file.lines().take_while(|line| line.starts_with('#'));
    let day = heading.filter_map(|line| Some(line.split_once(KNOWN_FROM)?.1.get(..10)?.to_owned()));
    day.last()?.parse().ok()
}

/// The rules of one spec.
pub(crate) fn own_of<'a>(args: &RulesArgs, set: &'a SloSet) -> Own<'a> {
    Own {
        set,
        engine: args.engine,
        identity: args.identity,
        source: args.source,
        push_seconds: args.push_interval.as_seconds(),
        policy: policy(args),
        dashboard: args.dashboard_url.as_ref().map(ToString::to_string),
        place: Place {
            namespace: args.namespace.clone(),
            environment: match args.environment_label.as_ref().or(args.environment.as_ref()) {
                Some(name) => Environment::Named(name.clone()),
                None => Environment::AllBut(set.environments().map(|(name, _)| name.to_owned()).collect()),
            },
        },
        beside_fleet: args.beside_fleet,
        from: args.from.or_else(|| known_from(args.check.as_deref()?)),
    }
}

/// The rules of a fleet, or why not.
pub(crate) fn fleet_of(args: &RulesArgs) -> Result<Fleet, String> {
    Ok(Fleet {
        engine: args.engine,
        identity: args.identity,
        push_seconds: args.push_interval.as_seconds(),
        policy: policy(args),
        windows: windows(args)?,
        dashboard: args.dashboard_url.as_ref().map(ToString::to_string),
        any_target: Target::from_ppb(500_000_000).map_err(|error| error.to_string())?,
    })
}

fn policy(args: &RulesArgs) -> AlertPolicy {
    AlertPolicy::standard().pushed_every(args.push_interval.as_duration())
}

/// Each once, in the order given.
fn windows(args: &RulesArgs) -> Result<Vec<RuleWindow>, String> {
    let standard: Result<Vec<RuleWindow>, _> = WINDOWS.iter().map(|window| window.parse()).collect();
    let given = if args.windows.is_empty() {
        standard.map_err(|error| error.to_string())?
    } else {
        args.windows.clone()
    };
    let mut windows = Vec::new();
    for window in given {
        if !windows.contains(&window) {
            windows.push(window);
        }
    }
    Ok(windows)
}

/// To standard output or into files, the second beside the first; or compared with them.
fn hand_over(args: &RulesArgs, texts: &[String]) -> Answer {
    let (Some(path), each) = (args.out.as_ref().or(args.check.as_ref()), texts.iter()) else {
        return Answer {
            err: elsewhere(args),
            ..Answer::of(texts.concat())
        };
    };
    let mut answer = Answer::of(String::new());
    for (path, text) in [path.clone(), of_tickets(path)].iter().zip(each) {
        let one = if args.out.is_some() {
            write(path, text)
        } else {
            compare(path, args.check.as_deref().unwrap_or(path), text)
        };
        answer.err.push_str(&one.err);
        answer.exit = answer.exit.worse(one.exit);
    }
    answer
}

/// That standard output has room for one of two files.
fn elsewhere(args: &RulesArgs) -> String {
    if args.tests.is_none() || args.tickets {
        return String::new();
    }
    "the tests of tickets are a file of their own, for promtool evaluates all of a file at one interval: `--out FILE` writes \
     both, `--tickets` writes that one here\n"
        .to_owned()
}

/// `rules-test-tickets.yaml` beside `rules-test.yaml`.
fn of_tickets(path: &Path) -> PathBuf {
    let text = |part: Option<&OsStr>| part.map(OsStr::to_os_string).unwrap_or_default();
    let mut name = text(path.file_stem());
    name.push("-tickets");
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

fn write(path: &Path, rules: &str) -> Answer {
    match std::fs::write(path, rules) {
        Ok(()) => Answer::of(String::new()),
        Err(error) => {
            let path = shown(path);
            let message =
                format!("`{path}` cannot be written: {error}; write the path of a file in a folder that exists");
            Answer::complaint(Exit::NoAnswer, message)
        }
    }
}

/// Says where a file first differs from what would be written, and what writes it: `--out` of the first file.
fn compare(path: &Path, out: &Path, rules: &str) -> Answer {
    let (file, out) = (shown(path), shown(out));
    let found = match std::fs::read(path) {
        Ok(found) => String::from_utf8_lossy(&found).into_owned(),
        Err(error) => {
            let message = format!("`{file}` cannot be read: {error}; write it with `--out {out}`");
            return Answer::complaint(Exit::NoAnswer, message);
        }
    };
    if found == rules {
        return Answer::of(String::new());
    }
    let line = first_difference(&found, rules);
    let shown = |text: &str| {
        let line = text.lines().nth(line - 1);
        line.map_or("the end of the file".to_owned(), |line| format!("`{line}`"))
    };
    let message = format!(
        "{file}:{line}: out of date: {} should be {}; write it anew with `--out {out}` instead of `--check`",
        shown(&found),
        shown(rules)
    );
    Answer::complaint(Exit::Refused, message)
}
