//! `cargo xtask test`: every correctness test.

use std::time::Duration;

use crate::failure::Failure;
use crate::fuzz;
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
    steps::run(&all(), args.keep_going)
}

fn all() -> Vec<Step> {
    let mut steps: Vec<_> = LINES.into_iter().map(line).collect();
    // A target folder of its own: other flags would have everything else built again, there and back.
    let loom = Step::cargo("test -p slo-core --release --lib --target-dir target/loom loom_");
    steps.push(loom.env("RUSTFLAGS", "--cfg loom"));
    steps.push(Step::cargo("bench --manifest-path benches/Cargo.toml -- --smoke"));
    steps.extend(fuzz::each(FUZZED_FOR));
    steps.push(Step::cargo(ON_SERVERS));
    steps
}

/// One feature alone is for what does not compile or is not there without others: properties have their whole number of
/// cases with the usual features and with all.
fn line(line: &str) -> Step {
    let step = Step::cargo(line);
    if line.contains(" --features ") {
        step.env("PROPTEST_CASES", "32")
    } else {
        step
    }
}

/// Package by package, because features unify across a workspace and hide what does not compile alone; then each
/// feature alone, and all.
const LINES: [&str; 32] = [
    "test -p slo-core",
    "test -p slo-core --features calendar",
    "test -p slo-core --features serde",
    "test -p slo-core --features store",
    "test -p slo-core --features yaml",
    "test -p slo-core --all-features",
    "test -p slo-axum",
    "test -p slo-axum --features bound-instruments",
    "test -p slo-axum --features fast-clock",
    "test -p slo-axum --features grpc",
    "test -p slo-axum --features sdk",
    "test -p slo-axum --features otlp",
    "test -p slo-axum --features otlp-tls",
    "test -p slo-axum --features otlp-grpc",
    "test -p slo-axum --features otlp-gzip",
    "test -p slo-axum --features store",
    "test -p slo-axum --all-features",
    "test -p slo-health",
    "test -p slo-health --features calendar",
    "test -p slo-health --features jiff",
    "test -p slo-health --features serve",
    "test -p slo-health --features otel",
    "test -p slo-health --features tonic-health",
    "test -p slo-health --features probe-kit",
    "test -p slo-health --no-default-features --features probe-kit --lib --tests",
    "test -p slo-health --all-features",
    "test -p slo-health --features time",
    "test -p slo-health --no-default-features --lib --tests",
    "test -p slo-health --no-default-features --features calendar --lib --tests",
    "test -p slo-cli",
    "test -p real-estate",
    "test -p xtask",
];

/// Enough to meet again what was once found; `cargo xtask fuzz` looks for more.
const FUZZED_FOR: Duration = Duration::from_secs(15);

/// Last: what the tests on the real servers find is often found more cheaply before.
const ON_SERVERS: &str = "test -p e2e";

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
        let mut lines = LINES.iter().chain([&ON_SERVERS]);
        lines.any(|line| line.split(' ').skip(1).eq(words.iter().copied()))
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
                let alone = has_step(&["-p", name, "--features", feature]);
                assert!(alone, "no step tests `{name}` with `{feature}` alone");
            }
        }
    }

    #[test]
    fn the_real_servers_come_last() {
        let lines: Vec<_> = all().iter().map(Step::line).collect();
        assert_eq!(lines.last().map(String::as_str), Some("cargo test -p e2e"));
    }
}
