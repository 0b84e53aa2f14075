//! Starting the services under test.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::cargo::{BuildError, build_binary};
use crate::process::{Process, ProcessError};
use crate::temp::TempDir;
use crate::wait::eventually;

/// Why a service did not start or did not say what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// It could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// It could not be started.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// No folder for its output.
    #[error("cannot make a temporary folder: {0}")]
    Folder(io::Error),
    /// It did not print the line in time, or ended before.
    #[error("{name} {state} after {after:?} without the line that was waited for; the end of its output:\n{tail}")]
    Silent {
        /// What it is called in messages.
        name: String,
        /// Whether it still runs, or how it ended.
        state: String,
        /// How long it was waited for.
        after: Duration,
        /// The last lines it wrote.
        tail: String,
    },
}

/// A program about to be started.
#[derive(Debug)]
pub struct Launch {
    name: String,
    command: Command,
}

impl Launch {
    /// The one program of a workspace package, built first.
    ///
    /// # Errors
    ///
    /// [`LaunchError::Build`].
    pub fn package(package: &str) -> Result<Self, LaunchError> {
        Ok(Self::program(package, build_binary(package)?))
    }

    /// Any program; `name` is for messages.
    ///
    /// It does not see the `OTEL_*` variables of this process: a developer's own settings must not change a test.
    #[must_use]
    pub fn program(name: &str, program: PathBuf) -> Self {
        let mut command = Command::new(program);
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("OTEL_") {
                command.env_remove(variable);
            }
        }
        Self {
            name: name.to_owned(),
            command,
        }
    }

    /// Calls it something else in messages, to tell two instances apart.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, variable: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(variable, value);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I>(mut self, args: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        self.command.args(args.into_iter().map(Into::into));
        self
    }

    /// Starts it in a temporary folder of its own, which is its working folder and keeps its output.
    ///
    /// # Errors
    ///
    /// [`LaunchError`].
    pub fn start(mut self) -> Result<Service, LaunchError> {
        let folder = TempDir::new("slo-e2e-service").map_err(LaunchError::Folder)?;
        let [out, err] = ["stdout", "stderr"].map(|name| folder.path().join(name));
        self.command.current_dir(folder.path());
        let process = Process::start(&self.name, &mut self.command, &out, &err)?;
        Ok(Service { process, folder })
    }
}

/// A running service. Dropped, it is ended like every [`Process`], and its folder removed.
#[derive(Debug)]
pub struct Service {
    // Before the folder: fields are dropped in this order, and the process writes there.
    process: Process,
    folder: TempDir,
}

impl Service {
    /// Waits until a line on its standard output is one that `pick` makes something of.
    ///
    /// Lines already there count, so the same one may be picked twice.
    ///
    /// # Errors
    ///
    /// [`LaunchError::Silent`] after `deadline`, or at once when it ended without such a line.
    pub fn line<T>(&mut self, deadline: Duration, pick: impl Fn(&str) -> Option<T>) -> Result<T, LaunchError> {
        let process = &mut self.process;
        let start = Instant::now();
        let picked = eventually(deadline, || {
            // Asked before reading: what it wrote last is seen even when it ends in between.
            let ended = process.try_wait().map_err(|error| error.to_string())?;
            match (whole_lines(&process.stdout()).find_map(&pick), ended) {
                (Some(picked), _) => Ok(Ok(picked)),
                (None, Some(status)) => Ok(Err(format!("ended ({status})"))),
                (None, None) => Err("still runs".to_owned()),
            }
        });
        let state = match picked {
            Ok(Ok(picked)) => return Ok(picked),
            Ok(Err(ended)) => ended,
            Err(timed_out) => timed_out.last,
        };
        let (name, tail) = (process.name().to_owned(), process.tail());
        Err(LaunchError::Silent {
            name,
            state,
            after: start.elapsed(),
            tail,
        })
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Errors
    ///
    /// [`ProcessError::StillRunning`] when it does not end in time.
    pub fn stop(&mut self, deadline: Duration) -> Result<ExitStatus, ProcessError> {
        self.process.stop(deadline)
    }

    /// The process, for other signals and for its output.
    pub const fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// All it wrote to standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.process.stdout()
    }

    /// All it wrote to standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.process.stderr()
    }

    /// Its working folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The lines that are finished: the rest of the last one may still be on its way.
fn whole_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn shell(script: &str) -> Launch {
        Launch::program("service", PathBuf::from("/bin/sh")).args(["-c", script])
    }

    #[test]
    fn the_address_is_read_from_the_line_that_has_it() {
        let script = r#"echo starting; echo "listening on http://127.0.0.1:$PORT_OF_TEST"; exec sleep 600"#;
        let mut service = shell(script).env("PORT_OF_TEST", "80").start().unwrap();
        let address = service
            .line(PATIENCE, |line| line.strip_prefix("listening on ").map(str::to_owned))
            .unwrap();
        assert_eq!(address, "http://127.0.0.1:80");
        let folder = service.folder().to_path_buf();
        service.stop(PATIENCE).unwrap();
        drop(service);
        assert!(!folder.exists());
    }

    #[test]
    fn half_a_line_is_not_read() {
        assert_eq!(whole_lines("one\ntwo\nthr").collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(whole_lines("").count(), 0);
    }

    #[test]
    fn a_service_that_refuses_to_start_is_not_waited_for() {
        let mut service = shell("echo 'slo.yaml:3: unknown key' >&2; exit 2").start().unwrap();
        let error = service.line::<()>(Duration::from_secs(3600), |_| None).unwrap_err();
        let LaunchError::Silent { name, state, tail, .. } = error else {
            panic!("{error}")
        };
        assert_eq!((name.as_str(), state.as_str()), ("service", "ended (exit status: 2)"));
        assert_eq!(tail, "slo.yaml:3: unknown key");
    }

    #[test]
    fn a_service_that_says_nothing_is_given_up_on() {
        let mut service = shell("exec sleep 600").start().unwrap();
        let error = service.line::<()>(Duration::ZERO, |_| None).unwrap_err();
        assert!(
            matches!(&error, LaunchError::Silent { state, .. } if state == "still runs"),
            "{error}"
        );
    }
}
