//! `slo doctor` against the real servers: a chain that is whole, and each thing that can be wrong, made so on purpose.

mod chain;
mod telemetry;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use e2e::{Failure, TempDir, build_binary};
use serde_json::Value;

/// The tool, and the spec that it is asked about.
struct Doctor {
    program: PathBuf,
    folder: TempDir,
    spec: String,
}

/// One line of what it found.
#[derive(Clone, Debug)]
struct Finding {
    check: String,
    state: String,
    found: String,
}

impl Doctor {
    fn new(spec: &str) -> Result<Self, Failure> {
        Ok(Self {
            program: build_binary("slo-cli")?,
            folder: TempDir::new("slo-doctor")?,
            spec: spec.to_owned(),
        })
    }

    /// A spec of one SLO on one route, and its service's name.
    fn of(service: &str) -> Result<Self, Failure> {
        Self::new(&format!(
            "{{version: 1, service: {service}, slos: [{{name: browse, promise: Anyone can look., owner: search, status: \
             agreed, objective: 99.9%, window: 30d, sli: {{http: {{routes: [/listings]}}}}}}]}}"
        ))
    }

    fn example() -> Result<Self, Failure> {
        Self::new(&std::fs::read_to_string(
            e2e::workspace_root().join("examples/real-estate/slo.yaml"),
        )?)
    }

    /// The exit code and what was found.
    fn examine(&self, args: &[impl AsRef<OsStr>]) -> Result<(Option<i32>, Vec<Finding>), Failure> {
        let spec = self.folder.path().join("slo.yaml");
        std::fs::write(&spec, &self.spec)?;
        let mut command = Command::new(&self.program);
        command.arg("doctor").arg(spec).args(["--format", "json"]).args(args);
        let output = command.output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        let diagnosis: Value =
            serde_json::from_str(&text).map_err(|error| Failure::new(format!("{error}: {text}{complaint}")))?;
        let findings = diagnosis["findings"].as_array().into_iter().flatten().map(|finding| {
            let field = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
            Finding {
                check: format!("{}.{}", field("link"), field("check")),
                state: field("state"),
                found: field("found"),
            }
        });
        Ok((output.status.code(), findings.collect()))
    }

    /// The one finding of a check: its state and its words.
    fn finding(&self, check: &str, args: &[impl AsRef<OsStr>]) -> Result<(String, String), Failure> {
        let (_, findings) = self.examine(args)?;
        let found = findings.iter().find(|finding| finding.check == check);
        let found = found.ok_or_else(|| Failure::new(format!("no {check} in {findings:#?}")))?;
        Ok((found.state.clone(), found.found.clone()))
    }

    /// Whether a check ends in a state with these words.
    fn finds(&self, check: &str, state: &str, words: &str, args: &[impl AsRef<OsStr>]) -> Result<(), Failure> {
        let (seen, found) = self.finding(check, args)?;
        if seen == state && found.contains(words) {
            return Ok(());
        }
        Err(Failure::new(format!(
            "{check} is {seen}: {found}; it should be {state}: {words}"
        )))
    }
}
