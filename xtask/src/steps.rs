//! Running cargo commands one after another, in plain sight.

use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;

/// One cargo command.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Step {
    /// Below the workspace's root, or elsewhere.
    folder: PathBuf,
    args: Vec<String>,
    env: Vec<(&'static str, String)>,
}

impl Step {
    /// A command line without the leading `cargo`, words separated by spaces.
    pub(crate) fn cargo(line: &str) -> Self {
        Self {
            folder: e2e::workspace_root(),
            args: line.split_whitespace().map(ToOwned::to_owned).collect(),
            env: Vec::new(),
        }
    }

    pub(crate) fn env(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.env.push((variable, value.into()));
        self
    }

    /// Runs it in another folder than the workspace's.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.folder = folder.to_path_buf();
        self
    }

    /// As a person would type it.
    pub(crate) fn line(&self) -> String {
        let variables = self
            .env
            .iter()
            .map(|(variable, value)| format!("{variable}=\"{value}\" "));
        format!("{}cargo {}", variables.collect::<String>(), self.args.join(" "))
    }

    /// Whether it succeeded. Its output goes where ours goes.
    fn run(&self) -> Result<(), String> {
        ended(self.command().status())
    }

    /// Runs it as [`run`] does, and says what it has written; people see that as it comes, on our standard error.
    ///
    /// # Errors
    ///
    /// How it ended, and the first line that says why.
    pub(crate) fn told(&self) -> Result<Told, String> {
        eprintln!("\n{}", self.line());
        let mut command = self.command();
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().map_err(|error| format!("cannot run cargo: {error}"))?;
        let (out, errors) = (child.stdout.take(), child.stderr.take());
        let told = thread::scope(|scope| {
            let errors = scope.spawn(|| passed_on(errors));
            Told {
                out: passed_on(out),
                errors: errors.join().unwrap_or_default(),
            }
        });
        match ended(child.wait()) {
            Ok(()) => Ok(told),
            Err(how) => match told.reason() {
                Some(reason) => Err(format!("{how}: {reason}")),
                None => Err(how),
            },
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command
            .current_dir(&self.folder)
            .args(&self.args)
            .envs(self.env.iter().map(|(variable, value)| (variable, value)));
        command
    }
}

/// What a command has written, to the end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Told {
    pub(crate) out: String,
    pub(crate) errors: String,
}

impl Told {
    /// The first line of cargo, of a panic or of libFuzzer that says what is wrong.
    fn reason(&self) -> Option<&str> {
        let says = |line: &&str| {
            line.starts_with("error") || line.contains(" panicked at ") || line.contains("ERROR: libFuzzer")
        };
        self.errors.lines().chain(self.out.lines()).find(says)
    }
}

/// All lines, shown as they come; what is no UTF-8 is replaced.
fn passed_on(from: Option<impl Read>) -> String {
    let mut all = String::new();
    let lines = from.into_iter().flat_map(|from| BufReader::new(from).split(b'\n'));
    for line in lines.map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        eprintln!("{line}");
        all.push_str(&line);
        all.push('\n');
    }
    all
}

fn ended(status: io::Result<ExitStatus>) -> Result<(), String> {
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(status.to_string()),
        Err(error) => Err(format!("cannot run cargo: {error}")),
    }
}

/// Runs the steps in order; stops at the first that fails unless told to keep going.
///
/// # Errors
///
/// A summary that names each step that failed, and how many were not run.
pub(crate) fn run(steps: &[Step], keep_going: bool) -> Result<(), Failure> {
    let start = Instant::now();
    let failed = run_with(steps, keep_going, Step::run);
    summary(steps.len(), &failed, keep_going, start.elapsed()).map_err(Failure::Steps)
}

/// A step that failed: its number from 1, its command line, and how it ended.
type Failed = (usize, String, String);

fn run_with(steps: &[Step], keep_going: bool, run: impl Fn(&Step) -> Result<(), String>) -> Vec<Failed> {
    let mut failed = Vec::new();
    for (step, number) in steps.iter().zip(1..) {
        eprintln!("\n[{number}/{}] {}", steps.len(), step.line());
        let Err(how) = run(step) else { continue };
        failed.push((number, step.line(), how));
        if !keep_going {
            break;
        }
    }
    failed
}

fn summary(steps: usize, failed: &[Failed], keep_going: bool, took: Duration) -> Result<(), String> {
    let seconds = took.as_secs();
    let Some((last, _, _)) = failed.last() else {
        eprintln!("\nall {steps} steps passed in {seconds} s");
        return Ok(());
    };
    let mut text = format!("{} of {steps} steps failed after {seconds} s:", failed.len());
    for (number, line, how) in failed {
        text.push_str(&format!("\n  [{number}/{steps}] {line} ({how})"));
    }
    let not_run = steps - last;
    if !keep_going && not_run > 0 {
        text.push_str(&format!("\n{not_run} were not run"));
    }
    Err(text)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::process::Stdio;

    use super::*;

    fn steps() -> Vec<Step> {
        ["test -p a", "test -p b", "test -p c"].map(Step::cargo).to_vec()
    }

    fn run_where_b_fails(keep_going: bool) -> (Vec<String>, Vec<Failed>) {
        let ran = RefCell::new(Vec::new());
        let failed = run_with(&steps(), keep_going, |step| {
            ran.borrow_mut().push(step.line());
            if step.line().ends_with('b') {
                Err("exit status: 101".to_owned())
            } else {
                Ok(())
            }
        });
        (ran.into_inner(), failed)
    }

    #[test]
    fn the_first_failure_is_the_last_step_run() {
        let (ran, failed) = run_where_b_fails(false);
        assert_eq!(ran, ["cargo test -p a", "cargo test -p b"]);
        assert_eq!(
            summary(3, &failed, false, Duration::from_secs(61)).unwrap_err(),
            "1 of 3 steps failed after 61 s:\n  [2/3] cargo test -p b (exit status: 101)\n1 were not run"
        );
    }

    #[test]
    fn keeping_going_still_fails_in_the_end() {
        let (ran, failed) = run_where_b_fails(true);
        assert_eq!(ran.len(), 3);
        assert_eq!(
            summary(3, &failed, true, Duration::from_secs(5)).unwrap_err(),
            "1 of 3 steps failed after 5 s:\n  [2/3] cargo test -p b (exit status: 101)"
        );
    }

    #[test]
    fn all_green_is_success() {
        assert_eq!(run_with(&steps(), false, |_| Ok(())), []);
        assert_eq!(summary(3, &[], false, Duration::ZERO), Ok(()));
    }

    #[test]
    fn a_command_succeeds_only_when_cargo_says_so() {
        let run = |line| {
            ended(
                Step::cargo(line)
                    .command()
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status(),
            )
        };
        assert_eq!(run("version"), Ok(()));
        assert_eq!(run("no-such-command"), Err("exit status: 101".to_owned()));
    }

    #[test]
    fn what_a_command_writes_is_told_and_why_it_failed() {
        let told = Step::cargo("version").told().unwrap();
        assert!(told.out.starts_with("cargo 1.") && told.errors.is_empty(), "{told:?}");
        let error = Step::cargo("no-such-command").told().unwrap_err();
        assert_eq!(error, "exit status: 101: error: no such command: `no-such-command`");
    }

    #[test]
    fn the_first_line_that_says_why_is_cargos_a_panics_or_libfuzzers() {
        let told = |out: &str, errors: &str| Told {
            out: out.to_owned(),
            errors: errors.to_owned(),
        };
        let panicked = "thread 'a' panicked at a.rs:1:1:";
        let cargo = told(panicked, "warning: unused\nerror[E0425]: cannot find\nerror: aborting");
        assert_eq!(cargo.reason(), Some("error[E0425]: cannot find"));
        assert_eq!(told(panicked, "Finished").reason(), Some(panicked));
        assert_eq!(
            told("", "==7== ERROR: libFuzzer: timeout").reason(),
            Some("==7== ERROR: libFuzzer: timeout")
        );
        assert_eq!(told("a test with an error", "no error").reason(), None);
    }

    #[test]
    fn a_step_is_shown_as_it_would_be_typed() {
        let step = Step::cargo("doc --no-deps").env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(step.line(), "RUSTDOCFLAGS=\"-D warnings\" cargo doc --no-deps");
    }
}
