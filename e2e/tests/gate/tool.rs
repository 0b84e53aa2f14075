//! The tool as a pipeline runs it.

use std::path::PathBuf;
use std::process::{Command, Output};

use e2e::{Failure, TempDir, build_binary};
use serde_json::Value;

use crate::mailers::measured_by;

/// Nobody listens there.
pub(crate) const NOBODY: &str = "http://127.0.0.1:9";

/// The tool and the engine that it asks.
pub(crate) struct Gate {
    pub(crate) program: PathBuf,
    engine: String,
    pub(crate) folder: TempDir,
}

impl Gate {
    pub(crate) fn asking(engine: impl Into<String>) -> Result<Self, Failure> {
        Ok(Self {
            program: build_binary("slo-cli")?,
            engine: engine.into(),
            folder: TempDir::new("slo-gate")?,
        })
    }

    /// The command, for a service with one promise that is agreed.
    pub(crate) fn command(&self, service: &str) -> Result<Command, Failure> {
        let spec = self.folder.path().join(format!("{service}.yaml"));
        std::fs::write(
            &spec,
            format!(
                "{{version: 1, service: {service}, slos: [{{name: browse, promise: Anyone can look., owner: search, \
                 status: agreed, objective: 99.9%, window: 30d, {}}}], \
                 environments: {{staging: {{gate: {{mode: observe}}}}}}}}",
                measured_by(service)
            ),
        )?;
        let mut command = Command::new(&self.program);
        command.arg("gate").arg(spec).args(["--prometheus", &self.engine]);
        Ok(command)
    }

    pub(crate) fn run(&self, service: &str, more: &[&str]) -> Result<Output, Failure> {
        Ok(self.command(service)?.args(more).output()?)
    }

    /// Decision, exit code, and the states of `bad_ratio`, `p95` and `budget`.
    pub(crate) fn verdict(&self, service: &str, more: &[&str]) -> Result<(Value, String), Failure> {
        let output = self.run(service, &[&["--format", "json"], more].concat())?;
        let text = String::from_utf8_lossy(&output.stdout);
        let verdict: Value = serde_json::from_str(&text).map_err(|error| Failure::new(format!("{error}: {text}")))?;
        if output.status.code() != verdict["exit_code"].as_i64().and_then(|code| code.try_into().ok()) {
            return Err(Failure::new(format!("{}: {verdict}", output.status)));
        }
        let states = verdict["rules"].as_array().into_iter().flatten();
        let states: Vec<_> = states.map(|rule| rule["state"].as_str().unwrap_or_default()).collect();
        let decision = verdict["decision"].as_str().unwrap_or_default();
        let line = format!("{decision} {} {}", verdict["exit_code"], states.join(" "));
        Ok((verdict, line))
    }

    /// What it says to people.
    pub(crate) fn text(&self, service: &str, more: &[&str]) -> Result<String, Failure> {
        Ok(String::from_utf8(self.run(service, more)?.stdout)?)
    }
}
