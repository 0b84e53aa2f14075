//! Files that follow from a spec, in a folder: written, or compared with what is committed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use super::Answer;
use crate::args;
use crate::exit::Exit;
use crate::render::{plain, shown, written_by};

/// Names of files, with the folders that they are in, and their contents.
pub(super) type Files = Vec<(String, String)>;

/// Whether a file that begins so was written by the same command about the same.
pub(super) type IsOurs<'a> = &'a dyn Fn(&str) -> bool;

/// Begins with the line that says that the command has written it.
pub(super) fn is_headed(command: &str) -> impl Fn(&str) -> bool + use<> {
    let heading = format!("# {}\n", written_by(command));
    move |beginning| beginning.starts_with(&heading)
}

/// Writes them into the folder, compares them with what is in it, or prints one, as was asked. Of those that were written
/// before and are not any more, it says so.
pub(super) fn answer(asked: &args::Files, files: &Files, is_ours: IsOurs<'_>) -> Answer {
    match (&asked.out, &asked.print) {
        (Some(folder), _) if asked.check => check(folder, files, is_ours),
        (Some(folder), _) => write(folder, files, is_ours),
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
            let message = format!("there is no `{}`; write one of {}", plain(asked), names.join(", "));
            Answer::complaint(Exit::Usage, message)
        }
    }
}

/// Writes the files that are not there yet or differ, and says which.
fn write(folder: &Path, files: &Files, is_ours: IsOurs<'_>) -> Answer {
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
        say(&mut answer.out, &format!("{what} {}", shown(&path)));
    }
    say_left(&mut answer, folder, files, is_ours);
    answer
}

/// Says which files were written before and are not any more, and how many. Nothing removes them: they may be somebody's.
fn say_left(answer: &mut Answer, folder: &Path, files: &Files, is_ours: IsOurs<'_>) -> usize {
    let left = left(folder, files, is_ours);
    for path in &left {
        let message = format!(
            "{} is not written any more, as what it is about is gone; delete it",
            shown(path)
        );
        say(&mut answer.err, &message);
    }
    left.len()
}

/// Files that are beside the others, begin as they do and are none of them.
fn left(folder: &Path, files: &Files, is_ours: IsOurs<'_>) -> BTreeSet<PathBuf> {
    let written: BTreeSet<_> = files.iter().map(|(name, _)| folder.join(name)).collect();
    let folders: BTreeSet<_> = written.iter().filter_map(|path| path.parent()).collect();
    let entries = folders
        .into_iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten();
    let others = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let others = others.filter(|path| path.is_file() && !written.contains(path));
    others
        .filter(|path| beginning(path).is_ok_and(|text| is_ours(&text)))
        .collect()
}

/// How far a file is read to know whose it is.
const BEGINNING_BYTES: u64 = 4096;

fn beginning(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(BEGINNING_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Says which files are not there or differ, and where; and which should not be there.
fn check(folder: &Path, files: &Files, is_ours: IsOurs<'_>) -> Answer {
    let mut answer = Answer::of(String::new());
    for (name, text) in files {
        let path = folder.join(name);
        let found = match std::fs::read(&path) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                say(&mut answer.err, &format!("{} is not there", shown(&path)));
                answer.exit = answer.exit.worse(Exit::Refused);
                continue;
            }
            Err(error) => return unable(&path, "read", &error),
        };
        if found != text.as_bytes() {
            let line = first_difference(&String::from_utf8_lossy(&found), text);
            say(
                &mut answer.err,
                &format!("{} is out of date, first in line {line}", shown(&path)),
            );
            answer.exit = answer.exit.worse(Exit::Refused);
        }
    }
    if answer.exit == Exit::Refused {
        say(
            &mut answer.err,
            "run the same command without --check, and commit what it writes",
        );
    }
    if say_left(&mut answer, folder, files, is_ours) > 0 {
        answer.exit = answer.exit.worse(Exit::Refused);
    }
    if answer.exit == Exit::Pass {
        say(
            &mut answer.out,
            &format!("{} files in {} are up to date", files.len(), shown(folder)),
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
    let message = format!("`{}` cannot be {what}: {error}; write another --out", shown(path));
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
