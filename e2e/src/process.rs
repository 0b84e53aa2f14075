//! Child processes that are ended by their id and never outlive their owner.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Why a process could not be started, signalled or waited for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// It did not start.
    #[error("cannot start {name} ({}): {source}", program.display())]
    NotStarted {
        /// What it is called in messages.
        name: String,
        /// The executable.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file for its output could not be made.
    #[error("cannot write {}: {source}", path.display())]
    Output {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system refused a signal or a wait.
    #[error("cannot {what} {name}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What it is called in messages.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// It did not end in time.
    #[error("{name} is still running after {after:?}; the end of its output:\n{tail}")]
    StillRunning {
        /// What it is called in messages.
        name: String,
        /// How long it was waited for.
        after: Duration,
        /// The last lines it wrote.
        tail: String,
    },
}

/// A running program whose output goes to files.
///
/// Dropped while it runs, it gets SIGTERM, and SIGKILL when it has not ended 5 seconds later. Dropped by a panic, it
/// shows the end of its output on standard error first.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    ended: Option<ExitStatus>,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Process {
    /// Starts `command` without standard input; both outputs may go to one file.
    ///
    /// # Errors
    ///
    /// [`ProcessError::NotStarted`] or [`ProcessError::Output`].
    pub fn start(name: &str, command: &mut Command, stdout: &Path, stderr: &Path) -> Result<Self, ProcessError> {
        let out = create(stdout)?;
        let err = if stdout == stderr {
            out.try_clone()
        } else {
            File::create(stderr)
        };
        let err = err.map_err(|source| ProcessError::Output {
            path: stderr.to_path_buf(),
            source,
        })?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .map_err(|source| ProcessError::NotStarted {
                name: name.to_owned(),
                program: PathBuf::from(command.get_program()),
                source,
            })?;
        Ok(Self {
            name: name.to_owned(),
            child,
            ended: None,
            stdout: stdout.to_path_buf(),
            stderr: stderr.to_path_buf(),
        })
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    ///
    /// [`ProcessError::System`].
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>, ProcessError> {
        if self.ended.is_none() {
            self.ended = self
                .child
                .try_wait()
                .map_err(|source| self.system("wait for", source))?;
        }
        Ok(self.ended)
    }

    /// Waits until it ends by itself or by a signal sent before.
    ///
    /// # Errors
    ///
    /// [`ProcessError::StillRunning`] after `deadline`; it keeps running then.
    pub fn wait(&mut self, deadline: Duration) -> Result<ExitStatus, ProcessError> {
        match self.wait_quietly(deadline)? {
            Some(status) => Ok(status),
            None => Err(ProcessError::StillRunning {
                name: self.name.clone(),
                after: deadline,
                tail: self.tail(),
            }),
        }
    }

    /// Sends SIGTERM, what an orchestrator sends first. Nothing happens when it has ended already.
    ///
    /// # Errors
    ///
    /// [`ProcessError::System`].
    pub fn terminate(&mut self) -> Result<(), ProcessError> {
        self.signal(Signal::TERM)
    }

    /// Sends SIGINT, what Ctrl-C sends.
    ///
    /// # Errors
    ///
    /// [`ProcessError::System`].
    pub fn interrupt(&mut self) -> Result<(), ProcessError> {
        self.signal(Signal::INT)
    }

    /// Sends SIGKILL: no flush, no goodbye.
    ///
    /// # Errors
    ///
    /// [`ProcessError::System`].
    pub fn kill(&mut self) -> Result<(), ProcessError> {
        self.signal(Signal::KILL)
    }

    /// Sends SIGTERM and waits.
    ///
    /// # Errors
    ///
    /// As [`Process::terminate`] and [`Process::wait`].
    pub fn stop(&mut self, deadline: Duration) -> Result<ExitStatus, ProcessError> {
        self.terminate()?;
        self.wait(deadline)
    }

    /// What it is called in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// All it wrote to standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        read(&self.stdout)
    }

    /// All it wrote to standard error so far; the same as [`Process::stdout`] when both go to one file.
    #[must_use]
    pub fn stderr(&self) -> String {
        read(&self.stderr)
    }

    /// The last lines of its output, standard error last.
    #[must_use]
    pub fn tail(&self) -> String {
        let err = last_lines(&self.stderr(), TAIL_LINES);
        if self.stdout == self.stderr {
            return err;
        }
        let out = last_lines(&self.stdout(), TAIL_LINES);
        format!("{out}\n{err}").trim().to_owned()
    }

    fn signal(&mut self, signal: Signal) -> Result<(), ProcessError> {
        // Not waited for, its id is still its own: nobody else can be hit.
        if self.try_wait()?.is_some() {
            return Ok(());
        }
        kill_process(Pid::from_child(&self.child), signal).map_err(|errno| self.system("signal", errno.into()))
    }

    fn wait_quietly(&mut self, deadline: Duration) -> Result<Option<ExitStatus>, ProcessError> {
        let start = Instant::now();
        loop {
            let left = deadline.saturating_sub(start.elapsed());
            if let Some(status) = self.try_wait()? {
                return Ok(Some(status));
            }
            if left.is_zero() {
                return Ok(None);
            }
            thread::sleep(POLL.min(left));
        }
    }

    fn system(&self, what: &'static str, source: io::Error) -> ProcessError {
        ProcessError::System {
            what,
            name: self.name.clone(),
            source,
        }
    }
}

impl Drop for Process {
    // Must not panic: it runs while a failed test unwinds.
    fn drop(&mut self) {
        if thread::panicking() {
            use io::Write as _;
            let _ = writeln!(
                io::stderr(),
                "--- the end of what {} wrote:\n{}\n---",
                self.name,
                self.tail()
            );
        }
        if self.ended.is_some() {
            return;
        }
        let asked = self.terminate().is_ok();
        if asked && matches!(self.wait_quietly(GRACE), Ok(Some(_))) {
            return;
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn create(path: &Path) -> Result<File, ProcessError> {
    File::create(path).map_err(|source| ProcessError::Output {
        path: path.to_path_buf(),
        source,
    })
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

const POLL: Duration = Duration::from_millis(10);
/// What a process gets to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(5);
const TAIL_LINES: usize = 30;

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;
    use crate::temp::TempDir;
    use crate::wait::eventually;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn shell(folder: &TempDir, script: &str) -> Process {
        let file = |name: &str| folder.path().join(name);
        Process::start(
            "sh",
            Command::new("sh").args(["-c", script]),
            &file("out"),
            &file("err"),
        )
        .unwrap()
    }

    fn is_alive(id: u32) -> bool {
        let id = Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
        rustix::process::test_kill_process(id).is_ok()
    }

    fn until_it_wrote(process: &Process, text: &str) {
        eventually(PATIENCE, || {
            let found = process.stdout();
            if found.contains(text) { Ok(()) } else { Err(found) }
        })
        .unwrap();
    }

    #[test]
    fn output_and_exit_status_are_kept() {
        let folder = TempDir::new("slo-e2e-process").unwrap();
        let mut process = shell(&folder, "echo out; echo err >&2; exit 3");
        assert_eq!(process.wait(PATIENCE).unwrap().code(), Some(3));
        assert_eq!(
            (process.stdout(), process.stderr()),
            ("out\n".to_owned(), "err\n".to_owned())
        );
        assert_eq!(process.tail(), "out\nerr");
        process.terminate().unwrap(); // ended already: nothing happens
    }

    #[test]
    fn stopping_sends_sigterm() {
        let folder = TempDir::new("slo-e2e-process").unwrap();
        let mut process = shell(
            &folder,
            "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done",
        );
        until_it_wrote(&process, "ready");
        assert!(process.stop(PATIENCE).unwrap().success());
        assert_eq!(process.stdout(), "ready\nbye\n");
    }

    #[test]
    fn what_does_not_end_in_time_is_an_error_that_shows_its_output() {
        let folder = TempDir::new("slo-e2e-process").unwrap();
        let mut process = shell(&folder, "echo busy; exec sleep 600");
        until_it_wrote(&process, "busy");
        let error = process.wait(Duration::ZERO).unwrap_err();
        assert_eq!(
            error.to_string(),
            "sh is still running after 0ns; the end of its output:\nbusy"
        );
        process.kill().unwrap();
        assert_eq!(process.wait(PATIENCE).unwrap().signal(), Some(9));
    }

    #[test]
    fn nothing_outlives_its_owner() {
        let folder = TempDir::new("slo-e2e-process").unwrap();
        let process = shell(&folder, "exec sleep 600");
        let id = process.id();
        assert!(is_alive(id));
        drop(process);
        assert!(!is_alive(id));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let folder = TempDir::new("slo-e2e-process").unwrap();
        let log = folder.path().join("log");
        let error = Process::start("store", &mut Command::new("/no/such/program"), &log, &log).unwrap_err();
        assert!(
            error.to_string().starts_with("cannot start store (/no/such/program): "),
            "{error}"
        );
    }
}
