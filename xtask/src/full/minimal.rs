//! The lowest versions of their dependencies that the libraries and the tool say they work with.

use std::fs;
use std::path::Path;
use std::process::Command;

use e2e::{Failure, TempDir};

use super::msrv::SHIPPED;
use super::{Seen, Settings, commands};
use crate::steps::Step;

/// The part `minimal-versions`: type checks with the lowest versions that the manifests allow, of direct dependencies only,
/// because what others ask for is theirs to keep true.
///
/// The lock file is made by an option of cargo that is not stable, and used by cargo as it is; tests and their dependencies
/// are left out, which would raise the versions.
pub(crate) fn run(_: &Settings) -> Result<Seen, Failure> {
    let folder = TempDir::new("slo-minimal")?;
    copy(folder.path())?;
    let lock = Step::cargo("generate-lockfile -Z direct-minimal-versions").env("RUSTC_BOOTSTRAP", "1");
    let target = e2e::workspace_root().join("target/minimal");
    let check = |package: &&str| {
        Step::cargo(&format!("check --locked --all-features -p {package}"))
            .env("CARGO_TARGET_DIR", target.to_string_lossy())
    };
    let within = |step: Step| step.within(folder.path());
    // Without a lock file there is nothing to check: what cargo says of it is the whole of the news.
    let locked = commands::all(&[within(lock)]);
    if !locked.misses().is_empty() {
        return Ok(locked);
    }
    let mut seen = commands::all(&SHIPPED.iter().map(check).map(within).collect::<Vec<_>>());
    if seen.misses().is_empty() {
        seen.say(lowest(folder.path())?);
    }
    Ok(seen)
}

/// The packages as they are in the working tree, with no others and without what only tests need.
fn copy(to: &Path) -> Result<(), Failure> {
    let root = e2e::workspace_root();
    let mut git = Command::new("git");
    let listed = git
        .current_dir(&root)
        .args(["ls-files", "--", "README.md"])
        .args(SHIPPED)
        .output()?;
    let files = String::from_utf8(listed.stdout)?;
    for file in files.lines() {
        let target = to.join(file);
        fs::create_dir_all(target.parent().unwrap_or(to))?;
        fs::copy(root.join(file), target)?;
    }
    for package in SHIPPED {
        let manifest = to.join(package).join("Cargo.toml");
        fs::write(
            &manifest,
            without_section(&fs::read_to_string(&manifest)?, "[dev-dependencies]"),
        )?;
    }
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    fs::write(to.join("Cargo.toml"), with_members(&manifest))?;
    Ok(())
}

fn without_section(manifest: &str, heading: &str) -> String {
    let mut within = false;
    let keep = |line: &&str| {
        if line.starts_with('[') {
            within = *line == heading;
        }
        !within
    };
    manifest.lines().filter(keep).map(|line| format!("{line}\n")).collect()
}

fn with_members(manifest: &str) -> String {
    let members = SHIPPED.map(|package| format!("\"{package}\"")).join(", ");
    let line = |line: &str| match line.starts_with("members = ") {
        true => format!("members = [{members}]\n"),
        false => format!("{line}\n"),
    };
    manifest.lines().map(line).collect()
}

/// What was really used, for people.
fn lowest(folder: &Path) -> Result<String, Failure> {
    let tree = Command::new(env!("CARGO"))
        .current_dir(folder)
        .args([
            "tree",
            "--workspace",
            "--all-features",
            "--depth=1",
            "--prefix=none",
            "--edges=normal",
            "--locked",
        ])
        .output()?;
    let text = String::from_utf8(tree.stdout)?;
    let name = |line: &str| -> Option<String> {
        let mut words = line.split(' ');
        let (name, version) = (words.next()?, words.next()?);
        (!SHIPPED.contains(&name)).then(|| format!("{name} {}", version.trim_start_matches('v')))
    };
    let mut names: Vec<_> = text.lines().filter_map(name).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_tests_need_is_left_out() {
        let manifest = "[package]\nname = \"a\"\n\n[dependencies]\nc = \"1\"\n\n[dev-dependencies]\nb = \"1\"\n\n[lints]\nworkspace = true\n";
        assert_eq!(
            without_section(manifest, "[dev-dependencies]"),
            "[package]\nname = \"a\"\n\n[dependencies]\nc = \"1\"\n\n[lints]\nworkspace = true\n"
        );
    }

    #[test]
    fn only_what_is_shipped_is_a_member() {
        let manifest = fs::read_to_string(e2e::workspace_root().join("Cargo.toml")).unwrap();
        let smaller = with_members(&manifest);
        assert!(smaller.contains("\nmembers = [\"slo-core\", \"slo-axum\", \"slo-health\", \"slo-cli\"]\n"));
        assert_eq!(smaller.lines().count(), manifest.lines().count());
    }
}
