//! `cargo xtask dependencies`: what `cargo add` brings into somebody's build, feature by feature, as a committed file.

mod report;
mod tree;

use std::fs;
use std::path::PathBuf;

use crate::failure::Failure;
use report::Package;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Fails when the committed file is not what would be written
    #[arg(long)]
    check: bool,
}

/// Counts the crates of each library, then writes the file or compares with it.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let packages = LIBRARIES.into_iter().map(count).collect::<Result<Vec<_>, _>>()?;
    let report = report::write(&packages);
    let path = path();
    let failed = |source| Failure::File {
        path: path.clone(),
        source,
    };
    if !args.check {
        return fs::write(&path, report).map_err(failed);
    }
    if fs::read_to_string(&path).map_err(failed)? == report {
        Ok(())
    } else {
        Err(Failure::Dependencies(FILE))
    }
}

fn count(name: &'static str) -> Result<Package, Failure> {
    let features = tree::features(name)?;
    let each = features.into_iter().map(|feature| {
        let crates = tree::crates(name, &["--features", &feature])?;
        Ok((feature, crates))
    });
    Ok(Package {
        name,
        default: tree::crates(name, &[])?,
        features: each.collect::<Result<_, Failure>>()?,
        all: tree::crates(name, &["--all-features"])?,
    })
}

/// What others depend on.
const LIBRARIES: [&str; 3] = ["slo-axum", "slo-core", "slo-health"];

/// Below the workspace's root.
const FILE: &str = "docs/dependencies.md";

fn path() -> PathBuf {
    e2e::workspace_root().join(FILE)
}
