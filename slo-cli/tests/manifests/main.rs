//! `slo manifests`: the files byte for byte, and the command as people and CI use it.
//!
//! `SLO_BLESS=1 cargo test -p slo-cli --test manifests` writes what it says now into `tests/manifests/golden`.

#[path = "../common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::{Command, Output};

use common::{Folder, text};

type Checked = Result<(), Box<dyn Error>>;
type Files = BTreeMap<String, String>;

/// The example's spec with what it lacks: an SLO that a probe feeds, and an environment of its own limits.
const SPEC: &str = "tests/manifests/spec.yaml";

/// Runs the command for that spec, with this folder.
fn run(folder: &Folder, more: &[&str]) -> std::io::Result<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slo"));
    command.args(["manifests", SPEC, "--out"]).arg(&folder.0).args(more);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).output()
}

/// All files below a folder, by their path in it.
fn read(folder: &Path) -> Result<Files, Box<dyn Error>> {
    let mut files = Files::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().ok_or("no name")?.to_string_lossy().into_owned();
        if path.is_dir() {
            let inner = read(&path)?
                .into_iter()
                .map(|(inner, text)| (format!("{name}/{inner}"), text));
            files.extend(inner);
        } else {
            files.insert(name, std::fs::read_to_string(path)?);
        }
    }
    Ok(files)
}

#[test]
fn the_files_are_the_same_bytes_each_time_and_as_committed() -> Checked {
    let (one, two) = (Folder::new()?, Folder::new()?);
    for folder in [&one, &two] {
        let output = run(folder, &[])?;
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
    let files = read(&one.0)?;
    assert_eq!(files, read(&two.0)?);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests/golden");
    if std::env::var_os("SLO_BLESS").is_some() {
        for (name, content) in &files {
            let path = golden.join(name);
            std::fs::create_dir_all(path.parent().ok_or("no folder")?)?;
            std::fs::write(path, content)?;
        }
    }
    assert_eq!(files, read(&golden)?, "see SLO_BLESS above");
    Ok(())
}

#[test]
fn a_deploy_changes_the_job_alone() -> Checked {
    let folder = Folder::new()?;
    run(&folder, &[])?;
    let before = read(&folder.0)?;
    let message = "buy: fewer clicks\n\nSLO-Bypass: \"the fair\" begins at 9: $(SLO_AUTHOR)\n";
    let deploy = [
        "--revision",
        "4f2a9c1",
        "--message",
        message,
        "--author",
        "Ana <ana@example.com>",
    ];
    let output = run(&folder, &deploy)?;
    assert_eq!(text(&output.stdout).matches("written ").count(), 1);
    let after = read(&folder.0)?;
    let changed: Vec<_> = after
        .iter()
        .filter(|(name, text)| before.get(*name) != Some(text))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(changed, ["kubernetes/gate-job.yaml"]);
    // In a block: a person reads it, and Kubernetes replaces nothing in an annotation.
    let expected = "        slo/message: |\n          buy: fewer clicks\n\n          SLO-Bypass: \"the fair\" begins at 9: \
                    $(SLO_AUTHOR)\n";
    assert!(
        after["kubernetes/gate-job.yaml"].contains(expected),
        "{}",
        after["kubernetes/gate-job.yaml"]
    );
    assert_eq!(run(&folder, &["--check"])?.status.code(), Some(1));
    let same = [&deploy[..], &["--check"]].concat();
    assert_eq!(run(&folder, &same)?.status.code(), Some(0));
    Ok(())
}

#[test]
fn ci_is_told_which_files_are_out_of_date() -> Checked {
    let folder = Folder::new()?;
    let missing = run(&folder, &["--check"])?;
    assert_eq!(missing.status.code(), Some(1));
    assert_eq!(text(&missing.stderr).matches(" is not there\n").count(), 10);
    assert_eq!(read(&folder.0)?, Files::new(), "--check writes nothing");
    run(&folder, &[])?;
    assert_eq!(run(&folder, &["--check"])?.status.code(), Some(0));
    let other = run(&folder, &["--check", "--prometheus", "http://victoria:8428"])?;
    assert_eq!(other.status.code(), Some(1));
    for name in [
        "gate-job.yaml",
        "analysis-template.yaml",
        "vmagent-deployment.yaml",
        "otel-collector.yaml",
    ] {
        assert!(
            text(&other.stderr).contains(&format!("{name} is out of date, first in line ")),
            "{name}"
        );
    }
    assert!(!text(&other.stderr).contains("service-monitor.yaml"));
    Ok(())
}

#[test]
fn wrong_usage_is_2_and_help_shows_examples() -> Checked {
    let folder = Folder::new()?;
    for wrong in [
        &["--prometheus", "prometheus:9090"][..],
        &["--environment", "a b"],
        &["--target", "x"],
    ] {
        assert_eq!(run(&folder, wrong)?.status.code(), Some(2), "{wrong:?}");
    }
    let help = text(&run(&folder, &["--help"])?.stdout);
    assert!(help.contains("slo manifests --out deploy/ --check"), "{help}");
    Ok(())
}

#[test]
fn a_spec_too_large_for_a_config_map_is_refused() -> Checked {
    let folder = Folder::new()?;
    let spec = folder.0.join("large.yaml");
    let mut large = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(SPEC))?;
    large.push_str(&"# more\n".repeat(150_000));
    std::fs::write(&spec, large)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_slo"));
    let output = command
        .arg("manifests")
        .arg(&spec)
        .arg("--out")
        .arg(&folder.0)
        .output()?;
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("and a ConfigMap holds 1000000"),
        "{}",
        text(&output.stderr)
    );
    Ok(())
}
