//! Running each case under valgrind.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;

/// Instructions for one operation, in tenths.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Tenths(pub(crate) u64);

impl fmt::Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{}", self.0 / 10, self.0 % 10))
    }
}

/// Instructions for one operation by the case's name.
pub(crate) type Counts = BTreeMap<String, Tenths>;

/// Counts every case of the program.
pub(crate) fn all(program: &Path) -> Result<Counts, Failure> {
    let list = list(program)?;
    let cases: Vec<Case> = list.lines().filter_map(Case::read).collect();
    let mut totals = BTreeMap::new();
    for case in &cases {
        totals.insert(case.name, total(program, case.name)?);
    }
    Ok(cases
        .iter()
        .map(|case| (case.name.to_owned(), case.each(&totals)))
        .collect())
}

/// A line of the program's list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Case<'a> {
    name: &'a str,
    times: u64,
    net_of: Option<&'a str>,
}

impl<'a> Case<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let mut words = line.split_whitespace();
        Some(Self {
            name: words.next()?,
            times: words.next()?.parse().ok().filter(|times| *times > 0)?,
            net_of: words.next(),
        })
    }

    fn each(&self, totals: &BTreeMap<&str, u64>) -> Tenths {
        let total = |name: &str| totals.get(name).copied().unwrap_or_default();
        let net = total(self.name).saturating_sub(self.net_of.map_or(0, total));
        Tenths((net * 10 + self.times / 2) / self.times)
    }
}

/// All instructions between the marks, of one run.
fn total(program: &Path, case: &str) -> Result<u64, Failure> {
    let mut command = Command::new("valgrind");
    command
        .args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            "--collect-atstart=no",
        ])
        // Named in the program; the stars stand for the crate and for what the compiler adds.
        .arg("--toggle-collect=*count_instructions_of*")
        .arg(program)
        .arg(case);
    let ended = command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::NoValgrind,
        _ => Failure::Instructions(format!("cannot run valgrind: {error}")),
    })?;
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    match collected(&said).filter(|total| ended.status.success() && *total > 0) {
        Some(total) => Ok(total),
        None => Err(Failure::Instructions(format!(
            "valgrind counted nothing for `{case}` ({}):\n{said}",
            ended.status
        ))),
    }
}

/// The count in valgrind's last words, `==7== Collected : 1234`.
fn collected(said: &str) -> Option<u64> {
    let (_, count) = said.lines().find_map(|line| line.split_once("Collected :"))?;
    count.trim().parse().ok()
}

/// The names of the cases, and what belongs to each.
fn list(program: &Path) -> Result<String, Failure> {
    let failed = |how: String| Failure::Instructions(format!("cannot run {}: {how}", program.display()));
    let ended = Command::new(program)
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if ended.status.success() {
        Ok(String::from_utf8_lossy(&ended.stdout).into_owned())
    } else {
        Err(failed(ended.status.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_read_and_what_they_stand_on_is_subtracted() {
        let case = |line| Case::read(line).unwrap();
        let totals = BTreeMap::from([("bare", 1_000), ("ours", 1_466)]);
        assert_eq!(case("bare 10").each(&totals), Tenths(1_000));
        assert_eq!(case("ours 10 bare").each(&totals), Tenths(466));
        assert_eq!(case("ours 10 bare").each(&totals).to_string(), "46.6");
        for line in ["", "ours", "ours many", "ours 0"] {
            assert_eq!(Case::read(line), None, "{line}");
        }
    }

    #[test]
    fn the_count_is_in_valgrinds_last_words() {
        let said = "==7== Callgrind, a call-graph generating cache profiler\n==7== Events    : Ir\n==7== Collected : 2611162\n";
        assert_eq!(collected(said), Some(2_611_162));
        assert_eq!(collected("==7== Fatal error at startup"), None);
    }
}
