//! A service that cannot keep its promises does not start: exit code 2 and one message that says what to write.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Runs the service with a `slo.yaml` that must be wrong; should it be taken, the demo ends the service after a second.
fn run(slo: &Path) -> io::Result<Output> {
    let mut service = Command::new(env!("CARGO_BIN_EXE_real-estate"));
    service
        .args(["--listen", "127.0.0.1:0", "--demo", "--for", "1s", "--slo"])
        .arg(slo)
        .output()
}

fn written(name: &str, text: &str) -> io::Result<PathBuf> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text)?;
    Ok(path)
}

fn spec(old: &str, new: &str) -> String {
    include_str!("../slo.yaml").replacen(old, new, 1)
}

#[test]
fn each_mistake_is_named_with_file_line_key_what_was_found_and_what_to_write() {
    for (name, old, new, expected) in [
        (
            "unknown-key.yaml",
            "    promise:",
            "    promisse:",
            ["8:", "promisse", "promise"],
        ),
        ("target-100.yaml", "99.9%", "100%", ["14:", "objective", "100%"]),
        ("target-0.yaml", "99.9%", "0%", ["14:", "objective", "0%"]),
        ("target-comma.yaml", "99.9%", "99,9%", ["14:", "99,9%", "99.9%"]),
        ("window-0d.yaml", "30d", "0d", ["15:", "window", "0d"]),
        (
            "name-twice.yaml",
            "real-price-latency",
            "browse-availability",
            ["17:", "name", "browse-availability"],
        ),
    ] {
        let path = written(name, &spec(old, new)).unwrap();
        let output = run(&path).unwrap();
        let (stdout, stderr) = (
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        );
        assert_eq!(
            (output.status.code(), stdout.as_str()),
            (Some(2), ""),
            "{name}: {stderr}"
        );
        assert!(
            stderr.contains(&format!("{}:{}", path.display(), expected[0])),
            "{name}: {stderr}"
        );
        assert!(expected.iter().all(|part| stderr.contains(part)), "{name}: {stderr}");
        assert!(!stderr.contains("panicked"), "{name}: {stderr}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nowhere.yaml");
    let output = run(&path).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.contains("nowhere.yaml") && stderr.contains("--slo"), "{stderr}");
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let output = Command::new(env!("CARGO_BIN_EXE_real-estate"))
        .args(["--import-every", "0s"])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.contains("`30s`"), "{stderr}");
}
