//! What the program says: its own few lines on stdout, the log and complaints on stderr.

use std::{
    error::Error,
    io::{self, Write as _},
};

use tracing::Level;

/// One line on stdout, at once: someone, or a test, waits for it on the other side of a pipe.
pub(crate) fn say(line: &str) {
    let mut stdout = io::stdout().lock();
    // A reader that is gone is no reason to stop serving.
    let _gone = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// An error and its causes on stderr.
pub(crate) fn complain(error: &dyn Error) {
    let mut text = format!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    let _gone = writeln!(io::stderr(), "{text}");
}

/// Sends the log to stderr; only what is wrong when `quiet`, so that the demo's lines stay readable.
pub(crate) fn log_to_stderr(quiet: bool) {
    let level = if quiet { Level::WARN } else { Level::INFO };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .init();
}
