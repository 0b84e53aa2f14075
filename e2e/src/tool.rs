//! Programs of the servers' packages that run to their end.

use std::path::Path;
use std::process::Command;

use crate::catalogue::Binary;
use crate::lookup::Places;
use crate::outcome::Failure;

/// Runs a tool in a folder to its end, and insists on success; gives what it wrote, both streams together.
///
/// # Errors
///
/// [`Failure`] when it is not on this machine, does not start, or ends with another code than 0; with what it wrote.
pub fn run_tool(tool: Binary, folder: &Path, args: &[&str]) -> Result<String, Failure> {
    let program = Places::from_env().require_one(tool)?;
    let output = Command::new(program).current_dir(folder).args(args).output()?;
    let written = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let written = written.concat();
    if output.status.success() {
        Ok(written)
    } else {
        Err(Failure::new(format!(
            "{tool} {args:?} ended with {}:\n{written}",
            output.status
        )))
    }
}
