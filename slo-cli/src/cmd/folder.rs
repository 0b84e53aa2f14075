//! Files that follow from a spec, in a folder: written, or compared with what is committed.

use std::fmt::Write as _;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::Answer;
use crate::args;
use crate::exit::Exit;

/// Names of files, with the folders that they are in, and their contents.
pub(super) type Files = Vec<(String, String)>;

/// Writes them into the folder, compares them with what is in it, or prints one, as was asked.
pub(super) fn answer(asked: &args::Files, files: &Files) -> Answer {
    match (&asked.out, &asked.print) {
        (Some(folder), _) if asked.check => check(folder, files),
        (Some(folder), _) => write(folder, files),
        (None, Some(name)) => print(name, files),
        (None, None) => Answer::complaint(
            Exit::Usage,
            "write --out and a folder, or --print and the name of a file",
        ),
    }
}

/// One file, for standard output.
fn print(asked: &str, files: &Files) -> Answer {
    match files.iter().find(|(name, _)| name == asked) {
        Some((_, text)) => Answer::of(text.clone()),
        None => {
            let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
            let message = format!("there is no `{asked}`; write one of {}", names.join(", "));
            Answer::complaint(Exit::Usage, message)
        }
    }
}

/// Writes the files that are not there yet or differ, and says which.
fn write(folder: &Path, files: &Files) -> Answer {
    let mut answer = Answer::of(String::new());
    for (name, text) in files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        if let Err(error) = std::fs::create_dir_all(parent) {
            return unable(parent, "made", &error);
        }
        let what = match std::fs::read(&path) {
            Ok(found) if found == text.as_bytes() => "unchanged",
            _ => match std::fs::write(&path, text) {
                Ok(()) => "written",
                Err(error) => return unable(&path, "written", &error),
            },
        };
        say(&mut answer.out, &format!("{what} {}", path.display()));
    }
    answer
}

/// Says which files are not there or differ, and where.
fn check(folder: &Path, files: &Files) -> Answer {
    let mut answer = Answer::of(String::new());
    for (name, text) in files {
        let path = folder.join(name);
        let found = match std::fs::read(&path) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                say(&mut answer.err, &format!("{} is not there", path.display()));
                answer.exit = answer.exit.worse(Exit::Refused);
                continue;
            }
            Err(error) => return unable(&path, "read", &error),
        };
        if found != text.as_bytes() {
            let line = first_difference(&String::from_utf8_lossy(&found), text);
            say(
                &mut answer.err,
                &format!("{} is out of date, first in line {line}", path.display()),
            );
            answer.exit = answer.exit.worse(Exit::Refused);
        }
    }
    if answer.exit == Exit::Refused {
        say(
            &mut answer.err,
            "run the same command without --check, and commit what it writes",
        );
    } else {
        say(
            &mut answer.out,
            &format!("{} files in {} are up to date", files.len(), folder.display()),
        );
    }
    answer
}

/// The first line, counted from 1, in which two texts that differ do so.
pub(super) fn first_difference(found: &str, expected: &str) -> usize {
    let same = found.split('\n').zip(expected.split('\n'));
    same.take_while(|(found, expected)| found == expected).count() + 1
}

fn unable(path: &Path, what: &str, error: &io::Error) -> Answer {
    let message = format!("`{}` cannot be {what}: {error}; write another --out", path.display());
    Answer::complaint(Exit::NoAnswer, message)
}

fn say(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), 2);
        assert_eq!(first_difference("", "a\n"), 1);
        assert_eq!(first_difference("a\n", "a\nb\n"), 2);
        assert_eq!(first_difference("a\nb\n", "a\n"), 2);
        assert_eq!(first_difference("a", "a\n"), 2);
    }
}
