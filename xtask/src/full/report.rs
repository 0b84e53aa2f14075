//! The committed report: what each part has seen when it was run last.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::available_parallelism;
use std::time::Duration;

use super::PARTS;
use super::seen::Seen;
use crate::failure::Failure;

/// Below the workspace's root.
const FILE: &str = "docs/full.md";

const HEADING: &str = "# The last full run

`cargo xtask full` writes this file, each part with the commit at which it was run last. Parts may be run alone, so commits
differ. Times are those of a shared machine; what is quoted elsewhere are ratios.
";

/// Sections by part, in the order of the file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Report {
    sections: Vec<(String, String)>,
}

/// One part's section.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    passed: bool,
    date: String,
    commit: String,
    cores: usize,
    took: Duration,
    text: String,
}

impl Entry {
    /// Of a part that has just been run, at the commit that it began with.
    pub(crate) fn now(seen: &Seen, commit: &str, took: Duration) -> Self {
        Self {
            passed: seen.misses().is_empty(),
            date: chrono::Utc::now().format("%Y-%m-%d").to_string(),
            commit: commit.to_owned(),
            cores: available_parallelism().map_or(1, usize::from),
            took,
            text: without_root(&seen.text(), &e2e::workspace_root()),
        }
    }

    fn section(&self) -> String {
        let Self {
            date,
            commit,
            cores,
            text,
            ..
        } = self;
        let (verdict, seconds) = (if self.passed { "Passed" } else { "**Failed**" }, self.took.as_secs());
        format!("{verdict} on {date} at {commit}, {cores} cores, {seconds} s.\n\n```text\n{text}```\n")
    }
}

impl Report {
    /// The report as it is committed; empty when there is none yet.
    pub(crate) fn read() -> Result<Self, Failure> {
        match fs::read_to_string(path()) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(Failure::File { path: path(), source }),
        }
    }

    /// Replaces a part's section, or adds it; the others stay.
    pub(crate) fn put(&mut self, part: &str, entry: &Entry) {
        let text = entry.section();
        match self.sections.iter_mut().find(|(name, _)| name == part) {
            Some(section) => section.1 = text,
            None => self.sections.push((part.to_owned(), text)),
        }
    }

    /// Writes the file.
    pub(crate) fn write(&self) -> Result<(), Failure> {
        fs::write(path(), self.render()).map_err(|source| Failure::File { path: path(), source })
    }

    fn parse(text: &str) -> Self {
        let section = |section: &str| {
            let (name, text) = section.split_once("\n\n")?;
            Some((name.to_owned(), format!("{}\n", text.trim_end())))
        };
        Self {
            sections: text.split("\n## ").skip(1).filter_map(section).collect(),
        }
    }

    /// Sections of parts that are there no more are left out.
    fn render(&self) -> String {
        let section = |name: &str| self.sections.iter().find(|(found, _)| found == name);
        let sections = PARTS.iter().filter_map(|part| section(part.name));
        let sections = sections.map(|(name, text)| format!("\n## {name}\n\n{text}"));
        HEADING.to_owned() + &sections.collect::<String>()
    }
}

/// Paths below the workspace as they are from its root: where it was run is nobody's business.
fn without_root(text: &str, root: &Path) -> String {
    text.replace(&format!("{}/", root.display()), "")
}

fn path() -> PathBuf {
    e2e::workspace_root().join(FILE)
}

/// The commit in short, and whether what was run differs from it.
pub(crate) fn commit() -> String {
    let git = |args: &[&str]| {
        let output = Command::new("git")
            .current_dir(e2e::workspace_root())
            .args(args)
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let changed = git(&["status", "--porcelain", "--untracked-files=no", "--", ":!docs"]);
    match (git(&["rev-parse", "--short", "HEAD"]), changed) {
        (Some(commit), Some(changed)) if changed.is_empty() => commit,
        (Some(commit), _) => format!("{commit} with changes"),
        (None, _) => "an unknown commit".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(passed: bool, text: &str) -> Entry {
        Entry {
            passed,
            date: "2026-11-21".to_owned(),
            commit: "abc1234".to_owned(),
            cores: 2,
            took: Duration::from_millis(61_900),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_part_alone_leaves_what_was_said_of_the_others() {
        let mut report = Report::default();
        report.put("fuzz", &entry(true, "six parsers\n"));
        report.put("benches", &entry(false, "NOT REACHED: a\n\n## no section\n"));
        let text = report.render();
        let mut again = Report::parse(&text);
        assert_eq!(
            again.sections.iter().find(|(name, _)| name == "fuzz"),
            report.sections.first()
        );
        again.put("benches", &entry(true, "fine\n"));
        let text = again.render();
        assert!(
            text.contains("## benches\n\nPassed on 2026-11-21 at abc1234, 2 cores, 61 s.\n\n```text\nfine\n```\n"),
            "{text}"
        );
        assert!(text.contains("six parsers") && !text.contains("NOT REACHED"), "{text}");
        assert!(text.find("## benches") < text.find("## fuzz"));
    }

    #[test]
    fn where_the_workspace_is_stays_unsaid() {
        let text = "A=\"/home/me/slo/target/a\" /home/me/slo/b\n/home/me/other\n";
        let said = without_root(text, Path::new("/home/me/slo"));
        assert_eq!(said, "A=\"target/a\" b\n/home/me/other\n");
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let mut report = Report::default();
        for part in PARTS {
            report.put(part.name, &entry(true, "a line\n"));
        }
        assert_eq!(Report::parse(&report.render()), report);
    }
}
