//! The programs: `slo`, built once, and the engines' own checkers.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use e2e::{Binary, Failure, Places, TempDir, build_binary};

/// What `slo` writes to standard output.
pub(crate) fn slo(args: &str) -> Result<String, Failure> {
    let output = Command::new(build_binary("slo-cli")?).args(args.split(' ')).output()?;
    succeeded(&format!("slo {args}"), &output)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A checker, run in a folder.
pub(crate) fn run(binary: Binary, folder: &Path, args: &[&str]) -> Result<Output, Failure> {
    let program = Places::from_env().require_one(binary)?;
    Ok(Command::new(program).args(args).current_dir(folder).output()?)
}

/// Both of its outputs, or a failure that shows them.
pub(crate) fn succeeded(what: &str, output: &Output) -> Result<String, Failure> {
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    if output.status.success() {
        Ok(said)
    } else {
        Err(Failure::new(format!("{what}: {}\n{said}", output.status)))
    }
}

/// A folder with these files.
pub(crate) fn folder(files: &[(&str, &str)]) -> Result<TempDir, Failure> {
    let folder = TempDir::new("slo-e2e-rules")?;
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content)?;
    }
    Ok(folder)
}

/// How many rules promtool finds in a file that has no fault, lint included.
pub(crate) fn rules_found(rules: &str) -> Result<usize, Failure> {
    let folder = folder(&[("rules.yaml", rules)])?;
    let args = ["check", "rules", "--lint=all", "--lint-fatal", "rules.yaml"];
    let said = succeeded("promtool", &run(Binary::Promtool, folder.path(), &args)?)?;
    let found = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("SUCCESS: ")?.split(' ').next()?.parse().ok());
    found.ok_or_else(|| Failure::new(format!("no count in {said}")))
}

/// How many rules a file has by its text.
pub(crate) fn rules_written(rules: &str) -> usize {
    let is_rule = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("- record:") || line.starts_with("- alert:")
    };
    rules.lines().filter(is_rule).count()
}

/// The spec of the example, and of its corners, from the workspace.
pub(crate) fn in_workspace(path: &str) -> PathBuf {
    e2e::workspace_root().join(path)
}
