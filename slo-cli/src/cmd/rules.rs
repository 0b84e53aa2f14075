//! `slo rules`: recording and alerting rules.

use std::io::{Read, Write as _};
use std::path::Path;

use slo_core::alert::AlertPolicy;
use slo_core::{SloSet, Target};

use super::Answer;
use super::check::Source;
use crate::args::RulesArgs;
use crate::exit::Exit;
use crate::render::fleet::{self, Fleet};
use crate::render::own::Own;
use crate::rule_window::RuleWindow;

/// The windows for which rules are written unless said otherwise.
const WINDOWS: [&str; 5] = ["7d", "28d", "30d", "90d", "month"];

/// Runs the command: writes the rules to standard output or a file, or compares them with one.
pub fn run(args: &RulesArgs, stdin: &mut impl Read) -> Answer {
    match text(args, stdin) {
        Ok(rules) => hand_over(args, rules),
        Err(message) => Answer {
            out: String::new(),
            err: message,
            exit: Exit::Usage,
        },
    }
}

/// What is to be written, or every mistake, each in a line.
fn text(args: &RulesArgs, stdin: &mut impl Read) -> Result<String, String> {
    if args.alertmanager {
        return Ok(fleet::inhibition(args.identity));
    }
    if args.fleet {
        let fleet = fleet_of(args).map_err(|error| format!("{error}\n"))?;
        return Ok(fleet.file().render(args.format));
    }
    let path = args.spec.as_deref().unwrap_or(Path::new("slo.yaml"));
    let source = Source::read(path, stdin);
    let set = understood(&source, args.environment.as_deref())?;
    let own = Own {
        set: &set,
        engine: args.engine,
        identity: args.identity,
        source: args.source,
        push_seconds: args.push_interval.as_seconds(),
        policy: policy(args),
        dashboard: args.dashboard_url.clone(),
    };
    let told = |reasons: Vec<String>| -> String {
        let lines = reasons.iter().map(|reason| format!("{}: {reason}\n", source.file));
        lines.collect()
    };
    if let Some(rules) = &args.tests {
        return own.unit_tests(rules).map_err(told);
    }
    Ok(own.file().map_err(told)?.render(args.format))
}

/// The spec as it holds in an environment.
fn understood(source: &Source, environment: Option<&str>) -> Result<SloSet, String> {
    let text = source.text.as_ref().map_err(|message| format!("{message}\n"))?;
    let set = SloSet::from_yaml_named(&source.file, text).map_err(|error| format!("{error}\n"))?;
    let Some(name) = environment else { return Ok(set) };
    if set.environments().any(|(known, _)| known == name) {
        return Ok(set.for_environment(name));
    }
    let known: Vec<_> = set.environments().map(|(known, _)| known).collect();
    Err(format!(
        "{}: `{name}` is no environment of the spec; it has {}; leave `--environment` out for the numbers as written\n",
        source.file,
        if known.is_empty() {
            "none".to_owned()
        } else {
            known.join(", ")
        }
    ))
}

fn fleet_of(args: &RulesArgs) -> Result<Fleet, String> {
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
        (None, None) => Answer {
            out: rules,
            err: String::new(),
            exit: Exit::Pass,
        },
    }
}

fn write(path: &Path, rules: &str) -> Answer {
    let written = std::fs::File::create(path).and_then(|mut file| file.write_all(rules.as_bytes()));
    let failure = written.err().map(|error| {
        let path = path.display();
        format!("`{path}` cannot be written: {error}; write the path of a file in a folder that exists\n")
    });
    Answer {
        out: String::new(),
        exit: if failure.is_none() { Exit::Pass } else { Exit::NoAnswer },
        err: failure.unwrap_or_default(),
    }
}

/// Says where a file first differs from what would be written.
fn compare(path: &Path, rules: &str) -> Answer {
    let (file, answer) = (path.display(), |exit, err| Answer {
        out: String::new(),
        err,
        exit,
    });
    let found = match std::fs::read(path) {
        Ok(found) => String::from_utf8_lossy(&found).into_owned(),
        Err(error) => {
            return answer(
                Exit::NoAnswer,
                format!("`{file}` cannot be read: {error}; write it with `--out {file}`\n"),
            );
        }
    };
    if found == rules {
        return answer(Exit::Pass, String::new());
    }
    let line = found
        .lines()
        .zip(rules.lines())
        .take_while(|(one, other)| one == other)
        .count();
    let shown = |text: &str| {
        text.lines()
            .nth(line)
            .map_or("the end of the file".to_owned(), |line| format!("`{line}`"))
    };
    let hint = format!(
        "{file}:{}: out of date: {} should be {}; write it anew with `--out {file}` instead of `--check`\n",
        line + 1,
        shown(&found),
        shown(rules)
    );
    answer(Exit::Refused, hint)
}
