//! Checkers that exist as Python packages, in an environment of their own below `target/`.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Output};

use rustix::fs::{FlockOperation, flock};

use crate::workspace::workspace_root;

/// Why a checker is not there, or what it found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PythonError {
    /// Python did not start, or a folder could not be made.
    #[error("cannot run {what}: {source}; the checks need Python 3.11 or newer with venv and pip")]
    NotRun {
        /// What was tried.
        what: String,
        /// Why not.
        source: io::Error,
    },
    /// Python or pip ended with a failure.
    #[error("{what} failed:\n{output}")]
    Failed {
        /// What was tried.
        what: String,
        /// What it wrote.
        output: String,
    },
}

/// A Python with packages.
#[derive(Debug)]
pub struct Python {
    program: PathBuf,
}

impl Python {
    /// Makes the environment and installs what is missing; each package as pip names it, with its version.
    ///
    /// # Errors
    ///
    /// [`PythonError`]; a package that cannot be installed is one, never a check that is left out.
    pub fn with(packages: &[&str]) -> Result<Self, PythonError> {
        let folder = workspace_root().join("target/python");
        let program = folder.join("bin/python");
        std::fs::create_dir_all(&folder).map_err(|source| not_run("mkdir target/python", source))?;
        // Two test programs may come at once. The lock ends with the file's handle.
        let lock = File::create(folder.join("lock")).map_err(|source| not_run("lock target/python", source))?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|errno| not_run("lock target/python", errno.into()))?;
        if !program.exists() {
            done(
                "python3 -m venv",
                Command::new("python3").args(["-m", "venv"]).arg(&folder),
            )?;
        }
        if packages.is_empty() {
            return Ok(Self { program });
        }
        // Says at once that all is there, when it is.
        let mut install = Command::new(&program);
        install
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(packages);
        done(&format!("pip install {}", packages.join(" ")), &mut install)?;
        Ok(Self { program })
    }

    /// Runs a script with arguments, and answers with what it wrote to standard output.
    ///
    /// # Errors
    ///
    /// [`PythonError`], also when it ends with another code than 0.
    pub fn run<A: AsRef<OsStr>>(&self, script: &str, args: impl IntoIterator<Item = A>) -> Result<String, PythonError> {
        let output = done(
            "the script",
            Command::new(&self.program).args(["-c", script]).args(args),
        )?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn done(what: &str, command: &mut Command) -> Result<Output, PythonError> {
    let output = command.output().map_err(|source| not_run(what, source))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = [output.stdout, output.stderr].concat();
    Err(PythonError::Failed {
        what: what.to_owned(),
        output: String::from_utf8_lossy(&said).into_owned(),
    })
}

fn not_run(what: &str, source: io::Error) -> PythonError {
    PythonError::NotRun {
        what: what.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_answers_or_says_why_not() {
        let python = Python::with(&[]).unwrap();
        assert_eq!(
            python.run("import sys; print(sys.argv[1:])", ["a b", "$c"]).unwrap(),
            "['a b', '$c']\n"
        );
        let error = python.run("raise SystemExit('no such thing')", [""; 0]).unwrap_err();
        assert_eq!(error.to_string(), "the script failed:\nno such thing\n");
    }

    #[test]
    fn a_package_that_cannot_be_installed_is_an_error() {
        // No name of a package, so nobody is asked for it.
        let error = Python::with(&["=nothing="]).unwrap_err();
        assert!(
            matches!(&error, PythonError::Failed { output, .. } if output.contains("=nothing=")),
            "{error}"
        );
    }
}
