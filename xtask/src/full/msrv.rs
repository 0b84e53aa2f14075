//! The oldest compiler that the libraries and the tool promise to compile with.

use std::path::Path;
use std::process::Command;

use e2e::Failure;

use super::{Seen, Settings, commands};
use crate::steps::Step;

/// What others depend on or install.
pub(crate) const SHIPPED: [&str; 4] = ["slo-core", "slo-axum", "slo-health", "slo-cli"];

/// The part `msrv`: type checks under Debian's compiler of that version, with the lock file's dependencies.
pub(crate) fn run(_: &Settings) -> Result<Seen, Failure> {
    let (promised, rustc) = (promised()?, e2e::ensure_oldest_rustc()?);
    let version = version(&rustc)?;
    let mut seen = Seen::default();
    if !version.starts_with(&format!("rustc {promised}.")) {
        seen.miss(format!(
            "rust-version is {promised}, and Debian's compiler is {version}"
        ));
        return Ok(seen);
    }
    let steps: Vec<_> = SHIPPED
        .iter()
        .flat_map(|package| [format!("-p {package}"), format!("-p {package} --all-features")])
        // A target folder of its own: what one compiler has made is no use to the other.
        .map(|what| Step::cargo(&format!("check --locked --target-dir target/msrv {what}")))
        .map(|step| step.env("RUSTC", rustc.to_string_lossy()))
        .collect();
    let checked = commands::all(&steps);
    seen.say(format!(
        "{version}, by this cargo; each library and the tool alone, by default and with all features"
    ));
    checked.misses().iter().for_each(|miss| seen.miss(miss));
    Ok(seen)
}

/// `rust-version` of the workspace.
fn promised() -> Result<String, Failure> {
    let manifest = std::fs::read_to_string(e2e::workspace_root().join("Cargo.toml"))?;
    let line = manifest.lines().find_map(|line| line.strip_prefix("rust-version = "));
    let version = line.ok_or_else(|| Failure::new("Cargo.toml has no rust-version"))?;
    Ok(version.trim_matches('"').to_owned())
}

fn version(rustc: &Path) -> Result<String, Failure> {
    let output = Command::new(rustc).arg("--version").output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?.trim().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("{}: {}\n{said}", rustc.display(), output.status)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_promise_is_read_from_the_manifest() {
        assert_eq!(promised().unwrap(), "1.85");
    }
}
