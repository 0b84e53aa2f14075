//! Rule files as the engines get them, and what a single rule of them asks.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::{Failure, TempDir};

use super::{Engine, sloth};
use crate::full::fleet;

/// Whose rules.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// Ours, once for all SLOs.
    Fleet,
    /// Ours, for each SLO.
    Own,
    /// In the shape that Sloth publishes, for each SLO.
    Sloth,
}

impl Form {
    pub(crate) const ALL: [Self; 3] = [Self::Fleet, Self::Own, Self::Sloth];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Fleet => "ours, fleet",
            Self::Own => "ours, per SLO",
            Self::Sloth => "Sloth's shape",
        }
    }
}

/// The rule files of a fleet.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    files: Vec<String>,
}

impl Rules {
    /// Writes them; ours by the tool `slo`, whose path is given.
    pub(crate) fn write(slo: &Path, form: Form, engine: Engine, slos: usize, days: u64) -> Result<Self, Failure> {
        let engine = engine.option();
        let files = match form {
            Form::Sloth => vec![sloth::rules(&fleet::members(slos), days)],
            Form::Fleet => {
                let window = format!("{days}d");
                let args = ["rules", "--fleet", "--engine", engine, "--window", &window];
                vec![said(Command::new(slo).args(args))?]
            }
            Form::Own => {
                let folder = TempDir::new("slo-rule-cost")?;
                let file = folder.path().join("slo.yaml");
                let one = |spec: String| {
                    std::fs::write(&file, spec)?;
                    said(Command::new(slo).args(["rules", "--engine", engine]).arg(&file))
                };
                fleet::specs(slos, days)
                    .into_iter()
                    .map(one)
                    .collect::<Result<_, _>>()?
            }
        };
        Ok(Self { files })
    }

    /// How many rules there are, alerts among them.
    pub(crate) fn count(&self) -> usize {
        let is_rule = |line: &&str| line.starts_with("      - record: ") || line.starts_with("      - alert: ");
        self.files.iter().flat_map(|file| file.lines()).filter(is_rule).count()
    }

    /// The groups, each with its interval in seconds.
    pub(crate) fn groups(&self) -> Vec<u64> {
        let lines = self.files.iter().flat_map(|file| file.lines());
        lines
            .filter_map(|line| minutes(line).map(|minutes| minutes * 60))
            .collect()
    }

    /// Writes the files into a folder, with every interval shortened to one part in `times`.
    pub(crate) fn save(&self, folder: &Path, times: u64) -> Result<Vec<PathBuf>, Failure> {
        std::fs::create_dir_all(folder)?;
        let save = |(number, file): (usize, &String)| {
            let path = folder.join(format!("{number}.yaml"));
            std::fs::write(&path, faster(file, times))?;
            Ok(path)
        };
        self.files.iter().enumerate().map(save).collect()
    }

    /// Every rule that records this series.
    pub(crate) fn recording(&self, name: &str) -> Result<Vec<Rule>, Failure> {
        let found: Result<Vec<_>, _> = self.files.iter().map(|file| recording(file, name)).collect();
        let found: Vec<_> = found?.into_iter().flatten().collect();
        if found.is_empty() {
            return Err(Failure::new(format!("no rule records {name}")));
        }
        Ok(found)
    }
}

/// A recording rule: what it asks, and the labels that it adds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Rule {
    pub(crate) expr: String,
    pub(crate) labels: Vec<(String, String)>,
}

fn said(command: &mut Command) -> Result<String, Failure> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("{command:?}: {}\n{said}", output.status)))
}

/// The interval of a group in minutes.
fn minutes(line: &str) -> Option<u64> {
    line.strip_prefix("    interval: ")?.strip_suffix('m')?.parse().ok()
}

fn faster(file: &str, times: u64) -> String {
    let mut out = String::with_capacity(file.len());
    for line in file.lines() {
        let _ = match minutes(line) {
            Some(minutes) => writeln!(out, "    interval: {}ms", minutes * 60_000 / times),
            None => writeln!(out, "{line}"),
        };
    }
    out
}

/// Reads the rules that record this series; the files' form is ours, so no general reader is needed.
fn recording(file: &str, name: &str) -> Result<Vec<Rule>, Failure> {
    let mut found = Vec::new();
    let mut lines = file.lines().peekable();
    while let Some(line) = lines.next() {
        if line.strip_prefix("      - record: ") != Some(name) {
            continue;
        }
        let mut rule: Vec<&str> = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with("        ")) {
            rule.push(&line[8..]);
        }
        found.push(read(&rule)?);
    }
    Ok(found)
}

fn read(lines: &[&str]) -> Result<Rule, Failure> {
    let (mut expr, mut labels, mut within) = (String::new(), Vec::new(), "");
    for line in lines {
        if let Some(deeper) = line.strip_prefix("  ") {
            match (within, deeper.split_once(": ")) {
                ("labels", Some((name, value))) => labels.push((name.to_owned(), value.trim_matches('"').to_owned())),
                ("expr", _) => expr = format!("{expr}{deeper}\n"),
                _ => {}
            }
            continue;
        }
        within = line.split(':').next().unwrap_or_default();
        if let Some(text) = line.strip_prefix("expr: ").filter(|text| *text != "|-") {
            // A quoted scalar of ours is one of JSON as well.
            expr = if text.starts_with('"') {
                serde_json::from_str(text)?
            } else {
                text.to_owned()
            };
        }
    }
    Ok(Rule {
        expr: expr.trim_end().to_owned(),
        labels,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
groups:
  - name: a
    interval: 5m
    rules:
      - record: x:y
        expr: |-
          sum(a)
          /
          b
        labels:
          slo_window: 30d
      - record: z
        expr: \"a{b=\\\"c\\\"}\"
      - alert: Loud
        expr: z > 1
";

    #[test]
    fn expressions_are_read_in_each_form() {
        let rules = Rules {
            files: vec![FILE.to_owned()],
        };
        let block = &rules.recording("x:y").unwrap()[0];
        assert_eq!(block.expr, "sum(a)\n/\nb");
        assert_eq!(block.labels, [("slo_window".to_owned(), "30d".to_owned())]);
        assert_eq!(rules.recording("z").unwrap()[0].expr, "a{b=\"c\"}");
        assert!(rules.recording("Loud").is_err());
        assert_eq!((rules.count(), rules.groups()), (3, vec![300]));
    }

    #[test]
    fn every_interval_is_shortened_alike() {
        let fast = faster(FILE, 12);
        assert!(fast.contains("    interval: 25000ms\n"), "{fast}");
        assert_eq!(fast.lines().count(), FILE.lines().count());
    }

    #[test]
    fn sloths_files_are_read_as_well() {
        let rules = Rules {
            files: vec![sloth::rules(&fleet::members(2), 30)],
        };
        assert_eq!((rules.count(), rules.groups().len()), (34, 6));
        assert_eq!(rules.recording(sloth::PERIOD_30D).unwrap().len(), 2);
    }
}
