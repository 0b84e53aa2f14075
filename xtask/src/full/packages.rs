//! What would be published.

use std::path::PathBuf;
use std::process::Command;

use e2e::Failure;
use serde_json::Value;

use super::msrv::SHIPPED;
use super::numbers::as_f64;
use super::{Seen, Settings, commands};
use crate::steps::Step;

/// The part `packages`: each package made, unpacked and built from what is in it and from the others' packages.
pub(crate) fn run(_: &Settings) -> Result<Seen, Failure> {
    let these = SHIPPED.map(|package| format!("-p {package}")).join(" ");
    // The tree may have changes that are not committed yet; what is packed is what is here.
    let mut seen = commands::all(&[Step::cargo(&format!("package --allow-dirty {these}"))]);
    if !seen.misses().is_empty() {
        return Ok(seen);
    }
    let metadata = metadata(&["--no-deps"])?;
    let target = metadata["target_directory"].as_str().unwrap_or_default();
    let packages = metadata["packages"].as_array().into_iter().flatten();
    for package in packages.filter(|package| SHIPPED.iter().any(|name| package["name"] == *name)) {
        let [name, version] = ["name", "version"].map(|field| package[field].as_str().unwrap_or_default());
        let file = PathBuf::from(target).join(format!("package/{name}-{version}.crate"));
        let bytes = std::fs::metadata(file)?.len();
        seen.say(format!("{name} {version}: {:.0} KiB", as_f64(bytes) / 1_024.0));
        // What a registry asks for.
        for field in ["description", "license"] {
            if package[field].is_null() {
                seen.miss(format!("{name} has no {field}"));
            }
        }
    }
    Ok(seen)
}

/// What cargo knows of the workspace.
pub(crate) fn metadata(more: &[&str]) -> Result<Value, Failure> {
    let mut cargo = Command::new(env!("CARGO"));
    let output = cargo
        .current_dir(e2e::workspace_root())
        .args(["metadata", "--format-version=1", "--locked"])
        .args(more)
        .output()?;
    if output.status.success() {
        return Ok(serde_json::from_slice(&output.stdout)?);
    }
    Err(Failure::new(String::from_utf8_lossy(&output.stderr)))
}
