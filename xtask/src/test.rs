//! `cargo xtask test`: every correctness test.

use crate::failure::Failure;
use crate::steps::{self, Step};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Runs all steps even when one fails
    #[arg(long)]
    keep_going: bool,
}

/// Fetches the servers if some are missing, then runs the steps.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    // Before the long part: what is missing should be said at once.
    e2e::ensure_servers()?;
    let steps: Vec<_> = LINES.into_iter().map(Step::cargo).collect();
    steps::run(&steps, args.keep_going)
}

/// Package by package, because features unify across a workspace and hide what does not compile alone; then each
/// feature alone, and all. The tests on the real servers are last: what they find is often found more cheaply before.
const LINES: [&str; 12] = [
    "test -p slo-core",
    "test -p slo-core --no-default-features",
    "test -p slo-core --no-default-features --features serde",
    "test -p slo-core --no-default-features --features yaml",
    "test -p slo-core --all-features",
    "test -p slo-axum",
    "test -p slo-axum --features otlp",
    "test -p slo-health",
    "test -p slo-cli",
    "test -p real-estate",
    "test -p xtask",
    "test -p e2e",
];

#[cfg(test)]
mod tests {
    use std::process::Command;

    use serde_json::Value;

    use super::*;

    fn packages() -> Vec<Value> {
        let mut command = Command::new(env!("CARGO"));
        command
            .current_dir(e2e::workspace_root())
            .args(["metadata", "--no-deps", "--format-version=1"]);
        let metadata: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
        metadata["packages"].as_array().unwrap().clone()
    }

    fn has_step(words: &[&str]) -> bool {
        LINES
            .iter()
            .any(|line| line.split(' ').skip(1).eq(words.iter().copied()))
    }

    #[test]
    fn every_package_is_tested_with_its_default_features() {
        for package in packages() {
            let name = package["name"].as_str().unwrap();
            assert!(has_step(&["-p", name]), "no step tests `{name}`");
        }
    }

    #[test]
    fn every_feature_is_tested_alone() {
        for package in packages() {
            let name = package["name"].as_str().unwrap();
            for feature in package["features"]
                .as_object()
                .unwrap()
                .keys()
                .filter(|feature| *feature != "default")
            {
                let alone = has_step(&["-p", name, "--features", feature])
                    || has_step(&["-p", name, "--no-default-features", "--features", feature]);
                assert!(alone, "no step tests `{name}` with `{feature}` alone");
            }
        }
    }

    #[test]
    fn the_real_servers_come_last() {
        assert_eq!(LINES.last(), Some(&"test -p e2e"));
    }
}
