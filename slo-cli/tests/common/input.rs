//! A command that reads from standard input.

use std::error::Error;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// Runs it with this on its standard input.
pub(crate) fn with_stdin(mut command: Command, input: &[u8]) -> Result<Output, Box<dyn Error>> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // Who has read enough may leave before the end, and who refuses an argument reads nothing.
    let _ = child.stdin.take().ok_or("no stdin")?.write_all(input);
    Ok(child.wait_with_output()?)
}
