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

#[cfg(test)]
mod tests {
    use super::*;

    /// The number that a table says of a feature, in its last column.
    fn said(text: &str, feature: &str) -> Option<u32> {
        let cell = format!("| `{feature}` |");
        let row = text.lines().find(|line| line.contains(&cell))?;
        row.split('|')
            .nth(3)?
            .split([':', ' '])
            .find_map(|word| word.parse().ok())
    }

    #[test]
    fn the_docs_of_slo_axum_say_the_committed_numbers() {
        let committed = fs::read_to_string(path()).unwrap();
        let committed = committed.split("## slo-core").next().unwrap();
        let docs = fs::read_to_string(e2e::workspace_root().join("slo-axum/src/lib.rs")).unwrap();
        for (feature, beside) in [
            ("sdk", None),
            ("otlp", None),
            ("otlp-tls", Some("otlp")),
            ("otlp-grpc", Some("otlp")),
            ("otlp-gzip", Some("otlp")),
            ("store", None),
        ] {
            let has = beside.map_or(0, |beside| said(committed, beside).unwrap());
            let more = said(committed, feature).unwrap() - has;
            assert_eq!(said(&docs, feature), Some(more), "{feature}");
        }
    }
}
