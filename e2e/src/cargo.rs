//! Building programs of the workspace.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::workspace::workspace_root;

/// Why a program of the workspace is not there to be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Cargo did not start.
    #[error("cannot run cargo: {0}")]
    NoCargo(io::Error),
    /// The package does not compile.
    #[error("`cargo build --package {package}` did not succeed:\n{output}")]
    Failed {
        /// The package.
        package: String,
        /// What cargo wrote to standard error.
        output: String,
    },
    /// The package has no program, or more than one.
    #[error("package `{package}` has {} programs where one was expected: {}", found.len(), found.join(", "))]
    NotOne {
        /// The package.
        package: String,
        /// The programs' paths.
        found: Vec<String>,
    },
}

/// Builds the one program of a workspace package, in the profile `dev`, and says where it is.
///
/// The package is built alone, with its own features and not those the rest of the workspace would turn on.
///
/// # Errors
///
/// [`BuildError`], with the compiler's words.
pub fn build_binary(package: &str) -> Result<PathBuf, BuildError> {
    build(package, &[])
}

/// Builds the one program of a workspace package, in the profile `release`, and says where it is.
///
/// # Errors
///
/// As [`build_binary`].
pub fn build_release_binary(package: &str) -> Result<PathBuf, BuildError> {
    build(package, &["--release"])
}

/// Builds the one program of a package of another workspace, in the profile `bench`, and says where it is.
///
/// # Errors
///
/// As [`build_binary`].
pub fn build_bench_binary(manifest: &str, package: &str) -> Result<PathBuf, BuildError> {
    build(package, &["--manifest-path", manifest, "--profile", "bench"])
}

fn build(package: &str, options: &[&str]) -> Result<PathBuf, BuildError> {
    let output = Command::new(env!("CARGO"))
        .current_dir(workspace_root())
        .args([
            "build",
            "--quiet",
            "--message-format=json-render-diagnostics",
            "--package",
            package,
        ])
        .args(options)
        .output()
        .map_err(BuildError::NoCargo)?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BuildError::Failed {
            package: package.to_owned(),
            output,
        });
    }
    let found = executables(&String::from_utf8_lossy(&output.stdout));
    match found.as_slice() {
        [one] => Ok(PathBuf::from(one)),
        _ => Err(BuildError::NotOne {
            package: package.to_owned(),
            found,
        }),
    }
}

/// Reads the programs out of cargo's messages; only the packages asked for have any.
fn executables(messages: &str) -> Vec<String> {
    let executable = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        Some(message["executable"].as_str()?.to_owned())
    };
    messages.lines().filter_map(executable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_read_from_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"kind":["lib"]},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"kind":["bin"]},"executable":"/t/debug/slo"}"#,
            "\nnot json\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(executables(messages), ["/t/debug/slo"]);
    }

    #[test]
    fn a_package_that_does_not_exist_is_an_error_in_cargos_words() {
        let error = build_binary("no-such-package").unwrap_err();
        assert!(
            matches!(&error, BuildError::Failed { output, .. } if output.contains("no-such-package")),
            "{error}"
        );
    }

    #[test]
    fn a_library_is_no_program() {
        assert!(matches!(build_binary("e2e"), Err(BuildError::NotOne { found, .. }) if found.is_empty()));
    }
}
