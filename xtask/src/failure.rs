//! Why a chore did not succeed.

use std::io;

use e2e::{FetchError, ProcessError, StartError};

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
    /// Nobody reads what is printed.
    #[error("cannot print: {0}")]
    Print(io::Error),
    /// Some steps failed; they said why themselves.
    #[error("{0}")]
    Steps(String),
}
