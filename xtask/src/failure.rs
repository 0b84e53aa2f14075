//! Why a chore did not succeed.

use std::io;
use std::path::PathBuf;

use e2e::{BuildError, FetchError, ProcessError, StartError};

/// Ends the program with exit code 1; its text is the last thing a person reads.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The servers are not there.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A server does not run.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A server cannot be watched.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A server ended while a person was using it.
    #[error("{name} ended by itself ({status}); the end of its log:\n{tail}")]
    ServerEnded {
        name: &'static str,
        status: std::process::ExitStatus,
        tail: String,
    },
    /// The end of a program cannot be asked for.
    #[error("cannot listen for Ctrl-C: {0}")]
    Signals(io::Error),
    /// What is to be measured does not compile.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A committed file is not there, or cannot be written.
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    /// Instructions cannot be counted.
    #[error("valgrind is not there; install it, like with `apt-get install valgrind`")]
    NoValgrind,
    /// The hot path has grown, or could not be counted.
    #[error("{0}")]
    Instructions(String),
    /// Cargo does not say what was asked; holds what it said instead.
    #[error("cannot ask cargo: {0}")]
    Cargo(String),
    /// The committed counts of crates are not those of now.
    #[error(
        "{0} is out of date; write it with `cargo xtask dependencies`, and say in the commit what the crates are for"
    )]
    Dependencies(&'static str),
    /// Nobody reads what is printed.
    #[error("cannot print: {0}")]
    Print(io::Error),
    /// A part of the full run that is not there.
    #[error("`{name}` is no part; there are {known}")]
    NoSuchPart { name: String, known: String },
    /// Some parts of the full run were not as they should be; they said why themselves.
    #[error("not all is as it should be: {0}")]
    Parts(String),
    /// Some steps failed; they said why themselves.
    #[error("{0}")]
    Steps(String),
}
