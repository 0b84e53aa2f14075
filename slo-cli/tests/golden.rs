//! The tool as people and programs see it: the real binary, byte for byte.
//!
//! `SLO_BLESS=1 cargo test -p slo-cli --test golden` writes what it says now into `tests/golden/out`.

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

type Checked = Result<(), Box<dyn Error>>;

/// The specs, and the exit code of each.
const SPECS: [(&str, i32); 5] = [
    ("real-estate", 0),
    ("corners", 0),
    ("calendar", 0),
    ("mistakes", 2),
    ("braces", 2),
];

fn golden(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder)
}

/// `slo`, run beside the input files.
fn slo(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slo"));
    command.args(args).current_dir(golden("in"));
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Compares with a file, or writes it when asked to.
fn same(file: &str, said: &[u8]) -> Checked {
    let path = golden("out").join(file);
    if std::env::var_os("SLO_BLESS").is_some() {
        std::fs::write(&path, said)?;
    }
    let expected = std::fs::read(&path).map_err(|error| format!("{}: {error}; see SLO_BLESS above", path.display()))?;
    assert_eq!(text(said), text(&expected), "{file} differs");
    assert_eq!(said, expected);
    Ok(())
}

fn with_stdin(mut command: Command, input: &[u8]) -> Result<Output, Box<dyn Error>> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().ok_or("no stdin")?.write_all(input)?;
    Ok(child.wait_with_output()?)
}

#[test]
fn people_read_what_was_understood_and_what_was_not() -> Checked {
    for (name, exit) in SPECS {
        let output = slo(&["check", &format!("{name}.yaml")]).output()?;
        assert_eq!(output.status.code(), Some(exit), "{name}");
        same(&format!("{name}.out"), &output.stdout)?;
        same(&format!("{name}.err"), &output.stderr)?;
    }
    Ok(())
}

#[test]
fn programs_read_one_document() -> Checked {
    for (name, exit) in SPECS {
        let output = slo(&["check", "--format", "json", &format!("{name}.yaml")]).output()?;
        assert_eq!(output.status.code(), Some(exit), "{name}");
        assert_eq!(text(&output.stderr), "", "{name}");
        let document: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        assert_eq!(document["ok"], exit == 0, "{name}");
        same(&format!("{name}.json"), &output.stdout)?;
    }
    Ok(())
}

#[test]
fn every_golden_file_is_used() -> Checked {
    let names = |folder: &str| -> std::io::Result<Vec<String>> {
        let entries = std::fs::read_dir(golden(folder))?;
        entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    };
    for name in names("in")?.into_iter().chain(names("out")?) {
        let known = name
            .rsplit_once('.')
            .is_some_and(|(stem, _)| SPECS.iter().any(|(spec, _)| *spec == stem));
        assert!(known, "{name}");
    }
    Ok(())
}

#[test]
fn several_specs_are_one_answer() -> Checked {
    let output = slo(&["check", "braces.yaml", "corners.yaml", "real-estate.yaml"]).output()?;
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stdout).starts_with("corners.yaml: service shop, 8 SLOs\n"));
    assert!(text(&output.stdout).contains("\n\nreal-estate.yaml: service real-estate, 5 SLOs\n"));
    assert!(text(&output.stderr).starts_with("braces.yaml:7:"));

    let output = slo(&["check", "--format=json", "braces.yaml", "corners.yaml"]).output()?;
    let document: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(document["ok"], false);
    assert_eq!(document["files"][0]["mistakes"][0]["line"], 7);
    assert_eq!(document["files"][1]["slos"][0]["error_budget"], "0.01%");
    Ok(())
}

#[test]
fn a_file_that_is_not_there_is_named_with_the_reason() -> Checked {
    let reason = std::fs::read("nowhere.yaml").expect_err("no such file");
    let message = format!("`nowhere.yaml` cannot be read: {reason}; write the path of a spec, or `-`");
    let output = slo(&["check", "nowhere.yaml"]).output()?;
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    assert_eq!(text(&output.stderr), format!("{message}\n"));

    let output = slo(&["check", "--format=json", "nowhere.yaml"]).output()?;
    assert_eq!(output.status.code(), Some(2));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(document["files"][0]["error"], message);

    let output = slo(&["check", "."]).output()?;
    assert!(text(&output.stderr).starts_with("`.` cannot be read: "));
    Ok(())
}

#[test]
fn without_a_file_it_reads_slo_yaml() -> Checked {
    let output = slo(&["check"]).output()?;
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("`slo.yaml` cannot be read: "));
    Ok(())
}

#[test]
fn standard_input_is_a_spec_too() -> Checked {
    let spec = std::fs::read(golden("in").join("corners.yaml"))?;
    let output = with_stdin(slo(&["check", "-"]), &spec)?;
    assert_eq!(output.status.code(), Some(0));
    let expected = std::fs::read(golden("out").join("corners.out"))?;
    assert_eq!(
        text(&output.stdout),
        text(&expected).replacen("corners.yaml", "standard input", 1)
    );

    let output = with_stdin(slo(&["check", "-"]), b"version: 1\nservice: \xff\n")?;
    assert_eq!(output.status.code(), Some(2));
    let message = "`standard input` is not UTF-8 text, first at byte 20; save it as UTF-8\n";
    assert_eq!(text(&output.stderr), message);
    Ok(())
}

#[test]
fn a_reader_that_leaves_is_no_failure() -> Checked {
    let mut command = slo(&["check", "-"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    drop(child.stdout.take()); // before the tool has anything to say: it still waits for its input
    let spec = std::fs::read(golden("in").join("corners.yaml"))?;
    child.stdin.take().ok_or("no stdin")?.write_all(&spec)?;
    let output = child.wait_with_output()?;
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn an_answer_that_cannot_be_written_is_no_answer() -> Checked {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full")?;
    let output = slo(&["check", "corners.yaml"])
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()?
        .wait_with_output()?;
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).starts_with("slo: cannot write to standard output: "));
    Ok(())
}

#[test]
fn help_shows_examples_and_wrong_usage_is_2() -> Checked {
    let output = slo(&["check", "--help"]).output()?;
    assert_eq!(output.status.code(), Some(0));
    assert!(
        text(&output.stdout).contains("slo check --format json slo.yaml"),
        "{}",
        text(&output.stdout)
    );
    let output = slo(&["--version"]).output()?;
    assert_eq!(text(&output.stdout), concat!("slo ", env!("CARGO_PKG_VERSION"), "\n"));
    for wrong in [&["chekc"][..], &[], &["check", "--format", "xml"]] {
        assert_eq!(slo(wrong).output()?.status.code(), Some(2), "{wrong:?}");
    }
    Ok(())
}
