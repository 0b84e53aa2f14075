//! The tool as people and programs see it: the real binary, byte for byte.
//!
//! `SLO_BLESS=1 cargo test -p slo-cli --test golden` writes what it says now into `tests/golden/out`.

#[path = "common/input.rs"]
mod input;

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use input::with_stdin;

type Checked = Result<(), Box<dyn Error>>;

/// The specs, and the exit code of each.
const SPECS: [(&str, i32); 8] = [
    ("real-estate", 0),
    ("everything", 0),
    ("custom", 0),
    ("warnings", 0),
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
    assert!(text(&output.stdout).contains("\n\nreal-estate.yaml: service real-estate, 6 SLOs\n"));
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
    let message = "standard input:2:10: this is not UTF-8 text; save the file as UTF-8\n";
    assert_eq!(text(&output.stderr), message);
    let output = with_stdin(
        slo(&["check", "-"]),
        "# é\n# 가격 "
            .as_bytes()
            .iter()
            .chain(b"\xe9\n")
            .copied()
            .collect::<Vec<_>>()
            .as_slice(),
    )?;
    assert!(
        text(&output.stderr).starts_with("standard input:2:6: this is not"),
        "{}",
        text(&output.stderr)
    );
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn a_files_name_steers_no_terminal() -> Checked {
    let folder = std::env::temp_dir().join(format!("slo-named-{}", std::process::id()));
    let named = folder.join("a\u{1b}[31m\n\u{202e}.yaml");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let wrong = folder.join("wrong\u{1b}[31m.yaml");
    std::fs::copy(golden("in").join("corners.yaml"), &named)?;
    std::fs::copy(golden("in").join("mistakes.yaml"), &wrong)?;
    let (named, gone) = (named.to_string_lossy(), folder.join("gone\u{1b}[31m"));
    let (out, gone) = (folder.join("\u{1b}[2J"), gone.to_string_lossy());
    let (out, wrong) = (out.to_string_lossy(), wrong.to_string_lossy());
    for args in [
        &["check", &named][..],
        &["check", &wrong],
        &["check", "--format", "json", &named, &wrong],
        &["check", &gone],
        &["rules", &wrong],
        &["rules", &named, "--out", &out],
        &["rules", &named, "--out", "x", "--check", &gone],
        &["rules", &named, "--check", "--out", &gone],
        &["rules", &named, "--out", &format!("{gone}/a")],
        &["probes", &named, "--out", &gone],
        &["probes", &named, "--out", &gone, "--check", "--environment", "staging"],
        &["probes", &named, "--out", &named],
        &["probes", &named, "--print", "\u{1b}"],
        &["manifests", &wrong, "--out", &out],
        &["gate", &wrong, "--prometheus", "http://localhost:1"],
        &[
            "gate",
            "--prometheus",
            "http://localhost:1",
            "--bearer-token-file",
            &out,
            &named,
        ],
        &["gate", "--prometheus", "http://localhost:1", "--ca-file", &out, &named],
    ] {
        let output = slo(args).output()?;
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(!said.is_empty() || args.contains(&"rules"), "{args:?}");
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{args:?}: {said}");
    }
    let output = slo(&["check", &gone]).output()?;
    assert!(
        text(&output.stderr).contains("gone\\u{1b}[31m` cannot be read"),
        "{}",
        text(&output.stderr)
    );
    std::fs::remove_dir_all(&folder)?;
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
    let spec = std::fs::read(golden("in").join("everything.yaml"))?;
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
    let output = slo(&["check", "everything.yaml"])
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

#[test]
fn the_formats_of_the_schema_are_its_own() -> Checked {
    let help = text(&slo(&["schema", "--help"]).output()?.stdout);
    assert!(
        help.contains("A JSON Schema (draft 2020-12), for editors") && help.contains("A manual in Markdown"),
        "{help}"
    );
    assert!(!help.contains("mistakes"), "{help}");
    Ok(())
}

#[test]
fn times_are_said_as_people_write_them() -> Checked {
    let slo_of_a_shop = "{ name: a, objective: 99%, window: 7d, sli: { events: { of: x } } }";
    let spec = format!(
        "{{ version: 1, service: shop, slos: [{slo_of_a_shop}], gate: {{ oldest_push: 7m }}, environments: {{ dev: {{ gate: {{ \
         oldest_push: 7m30s }} }} }} }}"
    );
    let said = text(&with_stdin(slo(&["check", "-"]), spec.as_bytes())?.stdout);
    assert!(said.contains("; unknown without a push in 7m\n"), "{said}");
    assert!(
        said.contains("\nin dev\n  gate: unknown without a push in 7m30s\n"),
        "{said}"
    );
    Ok(())
}

#[test]
fn a_warning_is_allowed_or_denied() -> Checked {
    let output = slo(&["check", "warnings.yaml"]).output()?;
    assert_eq!(output.status.code(), Some(0));
    let output = slo(&["check", "--deny-warnings", "warnings.yaml"]).output()?;
    assert_eq!(output.status.code(), Some(1));
    assert!(!output.stdout.is_empty());
    let output = slo(&["check", "--deny-warnings", "everything.yaml"]).output()?;
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));

    let some = "--allow=no-promise,strict-gate,unreachable-alert,mostly-excluded,latency-of-stream,overlapping-routes";
    let output = slo(&["check", some, "--allow", "rate-not-count", "warnings.yaml"]).output()?;
    let left = text(&output.stderr);
    assert!(
        left.contains("[beyond-retention]") && left.lines().count() == 3,
        "{left}"
    );
    let all = [
        "check",
        some,
        "--allow=rate-not-count,beyond-retention",
        "--deny-warnings",
        "warnings.yaml",
    ];
    let output = slo(&all).output()?;
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));

    let output = slo(&["check", "--allow", "everything", "warnings.yaml"]).output()?;
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("`everything` is not a lint; write one of no-promise, "));

    // A mistake is worse than a warning, and both are told.
    let output = slo(&["check", "--deny-warnings", "warnings.yaml", "braces.yaml"]).output()?;
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("[no-promise]") && text(&output.stderr).contains("braces.yaml:7:"));
    Ok(())
}

#[test]
fn programs_are_warned_in_the_document() -> Checked {
    let output = slo(&[
        "check",
        "--format=json",
        "--deny-warnings",
        "warnings.yaml",
        "custom.yaml",
    ])
    .output()?;
    assert_eq!(output.status.code(), Some(1));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(document["ok"], true);
    let warnings = document["files"][0]["warnings"].as_array().ok_or("no warnings")?;
    assert_eq!(warnings.len(), 12);
    assert_eq!(warnings[0]["lint"], "mostly-excluded");
    assert_eq!(document["files"][1]["warnings"], serde_json::json!([]));
    Ok(())
}

#[test]
fn colours_are_for_terminals_or_for_who_asks() -> Checked {
    let escape = |bytes: &[u8]| bytes.contains(&0x1b);
    for file in ["mistakes.yaml", "warnings.yaml"] {
        let plain = slo(&["check", file]).output()?;
        assert!(!escape(&plain.stderr) && !escape(&plain.stdout));
        let painted = slo(&["check", "--color=always", file]).env("NO_COLOR", "1").output()?;
        assert!(escape(&painted.stderr) && !escape(&painted.stdout));
        let bare = ["\u{1b}[1m", "\u{1b}[1;31m", "\u{1b}[1;33m", "\u{1b}[0m"];
        let bare = bare
            .iter()
            .fold(text(&painted.stderr), |text, code| text.replace(code, ""));
        assert_eq!(bare, text(&plain.stderr));
        let never = slo(&["--color", "never", "check", file]).output()?;
        assert_eq!(never.stderr, plain.stderr);
    }
    Ok(())
}

#[test]
fn what_is_longer_than_any_spec_is_not_read_to_its_end() -> Checked {
    let message = "is longer than any spec; write at most 4194304 bytes\n";
    let output = with_stdin(slo(&["check", "-"]), &vec![b'#'; (4 << 20) + 1])?;
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), format!("`standard input` {message}"));
    if cfg!(target_os = "linux") {
        let output = slo(&["check", "/dev/zero"]).output()?;
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(text(&output.stderr), format!("`/dev/zero` {message}"));
    }
    Ok(())
}

#[test]
fn every_run_says_the_same() -> Checked {
    for args in [
        &["check", "everything.yaml", "warnings.yaml"][..],
        &["check", "--format=json", "everything.yaml"],
    ] {
        let first = slo(args).output()?;
        for _ in 0..3 {
            let again = slo(args).output()?;
            assert_eq!((&again.stdout, &again.stderr), (&first.stdout, &first.stderr));
        }
    }
    Ok(())
}
