//! A past that rules record on Prometheus: blocks that promtool makes, of raw samples and then of rules.
//!
//! `promtool tsdb create-blocks-from rules` asks a running server, so a rule sees what is in blocks already and nothing that
//! the same run makes: rules go in rounds (`rule_text::in_rounds`). A server that runs looks for new blocks once a minute,
//! one that starts at once: each round has a server of its own over the same folder. And without the hidden flag below the
//! file of raw samples is read once for every two hours in it.

use std::path::Path;
use std::process::Command;

use e2e::{Binary, Failure, Outcome, Places, Prometheus, TempDir};

use crate::rule_text::{Rule, file, in_rounds};
use crate::tools::{folder, succeeded};

/// As long as a query of each minute may be: 11,000 points are the engine's limit.
const LONGEST_BLOCK: &str = "--max-block-duration=162h";
/// Of what is only looked at in the end, so many seconds are recorded.
const THE_END: u64 = 3_600;

/// A folder of blocks.
pub(crate) struct Blocks {
    data: TempDir,
}

impl Blocks {
    /// Of samples in the format of `OpenMetrics`.
    pub(crate) fn of(raw: &str) -> Result<Self, Failure> {
        let (files, blocks) = (folder(&[("raw.txt", raw)])?, Self { data: folder(&[])? });
        blocks.make(files.path(), &["openmetrics", "--quiet", "raw.txt", &blocks.path()])?;
        Ok(blocks)
    }

    /// Records what a file of rules would have recorded: definitions and tiles all the time, the rest in the end.
    pub(crate) fn record(&self, text: &str, from: u64, to: u64) -> Outcome {
        for round in in_rounds(text)? {
            let server = self.serve()?;
            let (always, at_the_end): (Vec<_>, Vec<_>) = round.into_iter().partition(is_read_later);
            for (rules, from) in [(always, from), (at_the_end, to - THE_END)] {
                if !rules.is_empty() {
                    self.record_round(&server, &rules, from, to)?;
                }
            }
        }
        Ok(())
    }

    fn record_round(&self, server: &Prometheus, rules: &[Rule], from: u64, to: u64) -> Outcome {
        let files = folder(&[("rules.yaml", &file(rules))])?;
        let flags = [
            format!("--url={}", server.url()),
            format!("--start={from}"),
            format!("--end={to}"),
            format!("--output-dir={}", self.path()),
        ];
        let flags = flags.each_ref().map(String::as_str);
        self.make(files.path(), &[&["rules"], &flags[..], &["rules.yaml"]].concat())
    }

    fn make(&self, folder: &Path, args: &[&str]) -> Outcome {
        let mut promtool = Command::new(Places::from_env().require_one(Binary::Promtool)?);
        promtool
            .current_dir(folder)
            .args(["tsdb", "create-blocks-from", LONGEST_BLOCK])
            .args(args);
        succeeded("promtool tsdb create-blocks-from", &promtool.output()?).map(drop)
    }

    /// A server that sees every block made so far.
    pub(crate) fn serve(&self) -> Result<Prometheus, Failure> {
        Ok(Prometheus::start_over(self.data.path())?)
    }

    fn path(&self) -> String {
        self.data.path().display().to_string()
    }
}

/// Whether rules of later rounds look far back at it.
fn is_read_later(rule: &Rule) -> bool {
    rule.group.starts_with("  - name: slo-1-definitions\n")
        || rule
            .records
            .as_deref()
            .is_some_and(|name| name.ends_with(":increase5m"))
}
