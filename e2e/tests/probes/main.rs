//! What `slo probes` writes, read by the programs that it is for, and at work between the example service and two engines.

mod files;
mod live;
mod told;

use std::process::Command;

use e2e::{Failure, build_binary, workspace_root};

/// Runs `slo probes` with these arguments, and insists on success; gives its standard output.
pub(crate) fn slo_probes(args: &[&str]) -> Result<String, Failure> {
    slo(&[&["probes"], args].concat())
}

/// The same of any command.
pub(crate) fn slo(args: &[&str]) -> Result<String, Failure> {
    let mut command = Command::new(build_binary("slo-cli")?);
    let output = command.current_dir(workspace_root()).args(args).output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Failure::new(format!("slo {args:?}: {}\n{said}", output.status)))
    }
}
