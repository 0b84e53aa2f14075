//! What cargo says of a package's dependencies.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::failure::Failure;

/// Names and versions: two versions of one crate are two crates to compile.
pub(crate) type Crates = BTreeSet<String>;

/// Every crate that is compiled for a dependant of the package, build scripts and procedural macros included, the package
/// itself not.
pub(crate) fn crates(package: &str, features: &[&str]) -> Result<Crates, Failure> {
    let mut args = vec![
        "tree",
        "--package",
        package,
        "--edges",
        "normal,build",
        "--prefix",
        "none",
    ];
    // The same on whatever machine the file is written.
    args.extend(["--target", "x86_64-unknown-linux-gnu", "--format", "{p}"]);
    args.extend(features);
    let listed = read(&args)?;
    Ok(listed
        .lines()
        .skip(1)
        .filter_map(krate)
        .filter(|name| !name.starts_with(&format!("{package} ")))
        .collect())
}

/// `axum v0.8.9 (*)` without what follows the version.
fn krate(line: &str) -> Option<String> {
    let (name, rest) = line.split_once(' ')?;
    let version = rest.split(' ').next()?;
    Some(format!("{name} {version}"))
}

/// The features that are off by default, in order.
pub(crate) fn features(package: &str) -> Result<Vec<String>, Failure> {
    let metadata = read(&["metadata", "--no-deps", "--format-version=1"])?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| Failure::Cargo(error.to_string()))?;
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = packages.iter().find(|found| found["name"] == package);
    let features = found.and_then(|found| found["features"].as_object());
    let features = features.ok_or_else(|| Failure::Cargo(format!("there is no package `{package}`")))?;
    Ok(features.keys().filter(|name| *name != "default").cloned().collect())
}

fn read(args: &[&str]) -> Result<String, Failure> {
    let mut command = Command::new(env!("CARGO"));
    let output = command.current_dir(e2e::workspace_root()).args(args).output();
    let output = output.map_err(|error| Failure::Cargo(error.to_string()))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Failure::Cargo(String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_its_name_and_version_wherever_it_stands() {
        for line in ["axum v0.8.9", "axum v0.8.9 (*)", "axum v0.8.9 (/somewhere/axum)"] {
            assert_eq!(krate(line).as_deref(), Some("axum v0.8.9"));
        }
        assert_eq!(krate(""), None);
    }

    #[test]
    fn the_packages_of_this_workspace_are_known_and_others_are_not() {
        assert!(features("slo-axum").unwrap().contains(&"otlp".to_owned()));
        let crates = crates("slo-axum", &[]).unwrap();
        assert!(crates.iter().any(|name| name.starts_with("slo-core ")), "{crates:?}");
        assert!(!crates.iter().any(|name| name.starts_with("slo-axum ")), "{crates:?}");
        let error = features("no-such-package").unwrap_err().to_string();
        assert!(error.contains("no-such-package"), "{error}");
    }
}
