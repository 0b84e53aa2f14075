//! `slo rules`: recording and alerting rules.

use std::io::Read;
use std::path::Path;

use chrono::NaiveDate;
use slo_core::alert::AlertPolicy;
use slo_core::{SloSet, Target};

use super::Answer;
use super::check::Source;
use super::folder::first_difference;
use crate::args::{RuleFormat, RulesArgs};
use crate::exit::Exit;
use crate::render::fleet::{self, Fleet};
use crate::render::own::{KNOWN_FROM, Own, Place};
use crate::rule_window::RuleWindow;

/// The windows for which rules are written unless said otherwise.
const WINDOWS: [&str; 5] = ["7d", "28d", "30d", "90d", "month"];

/// Runs the command: writes the rules to standard output or a file, or compares them with one.
pub fn run(args: &RulesArgs, stdin: &mut impl Read) -> Answer {
    match text(args, stdin) {
        Ok(rules) => hand_over(args, rules),
        Err(mistakes) => Answer::complaint(Exit::Usage, mistakes),
    }
}

/// What is to be written, or every mistake, each in a line.
fn text(args: &RulesArgs, stdin: &mut impl Read) -> Result<String, String> {
    if args.alertmanager {
        return Ok(fleet::inhibition(args.identity));
    }
    if args.fleet {
        return Ok(fleet_of(args)?.file().render(args.format));
    }
    let path = args.spec.as_deref().unwrap_or(Path::new("slo.yaml"));
    let source = Source::read(path, stdin);
    let set = understood(&source, args.environment.as_deref())?;
    let own = own_of(args, &set);
    let told = |reasons: Vec<String>| source.refused(&reasons);
    if let Some(rules) = &args.tests {
        if args.format != RuleFormat::Plain {
            return Err(
                "`--tests` writes a file for promtool, which reads no objects; leave `--format` out".to_owned(),
            );
        }
        return own.unit_tests(rules).map_err(told);
    }
    Ok(own.file().map_err(told)?.render(args.format))
}

/// The day that a file of rules says in its heading, so that a check is about the spec and never about today.
fn known_from(path: &Path) -> Option<NaiveDate> {
    let file = std::fs::read_to_string(path).ok()?;
    let heading = file.lines().take_while(|line| line.starts_with('#'));
    let day = heading.filter_map(|line| Some(line.split_once(KNOWN_FROM)?.1.get(..10)?.to_owned()));
    day.last()?.parse().ok()
}

/// The spec as it holds in an environment.
fn understood(source: &Source, environment: Option<&str>) -> Result<SloSet, String> {
    let set = source.understood()?;
    let Some(name) = environment else { return Ok(set) };
    if set.environments().any(|(known, _)| known == name) {
        return Ok(set.for_environment(name));
    }
    let known: Vec<_> = set.environments().map(|(known, _)| known).collect();
    Err(format!(
        "{}: `{name}` is no environment of the spec; it has {}; leave `--environment` out for the numbers as written",
        source.file,
        if known.is_empty() {
            "none".to_owned()
        } else {
            known.join(", ")
        }
    ))
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
        dashboard: args.dashboard_url.clone(),
        place: Place {
            namespace: args.namespace.clone(),
            environment: args.environment_label.clone().or(args.environment.clone()),
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
        dashboard: args.dashboard_url.clone(),
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

fn hand_over(args: &RulesArgs, rules: String) -> Answer {
    match (&args.out, &args.check) {
        (Some(path), _) => write(path, &rules),
        (None, Some(path)) => compare(path, &rules),
        (None, None) => Answer::of(rules),
    }
}

fn write(path: &Path, rules: &str) -> Answer {
    match std::fs::write(path, rules) {
        Ok(()) => Answer::of(String::new()),
        Err(error) => {
            let path = path.display();
            let message =
                format!("`{path}` cannot be written: {error}; write the path of a file in a folder that exists");
            Answer::complaint(Exit::NoAnswer, message)
        }
    }
}

/// Says where a file first differs from what would be written.
fn compare(path: &Path, rules: &str) -> Answer {
    let file = path.display();
    let found = match std::fs::read(path) {
        Ok(found) => String::from_utf8_lossy(&found).into_owned(),
        Err(error) => {
            let message = format!("`{file}` cannot be read: {error}; write it with `--out {file}`");
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
        "{file}:{line}: out of date: {} should be {}; write it anew with `--out {file}` instead of `--check`",
        shown(&found),
        shown(rules)
    );
    Answer::complaint(Exit::Refused, message)
}
