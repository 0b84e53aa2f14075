//! `slo manifests`: the files byte for byte, and the command as people and CI use it.
//!
//! `SLO_BLESS=1 cargo test -p slo-cli --test manifests` writes what it says now into `tests/manifests/golden`.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/files.rs"]
mod files;

use std::error::Error;
use std::path::Path;
use std::process::{Command, Output};

use common::{Folder, text};
use files::{Files, assert_committed, read};

type Checked = Result<(), Box<dyn Error>>;

/// The example's spec with what it lacks: an SLO that a probe feeds, and an environment of its own limits.
const SPEC: &str = "tests/manifests/spec.yaml";

/// Runs the command for that spec, with this folder.
fn run(folder: &Folder, more: &[&str]) -> std::io::Result<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slo"));
    command.args(["manifests", SPEC, "--out"]).arg(&folder.0).args(more);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).output()
}

/// The command for a spec in any folder.
fn command(spec: &Path, out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slo"));
    command.arg("manifests").arg(spec).arg("--out").arg(out);
    command
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
    assert_committed(&files, &golden)
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
        "shared/vmagent-deployment.yaml",
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
        &["--prometheus", "http://vmselect:8481/select/0/prometheus"],
        &["--remote-write", "http://ana:hush@vm:8428/api/v1/write"],
        &["--alertmanager", "http://alertmanager:9093"],
        &["--image", ""],
        &["--image", "a b"],
        &["--image", "slo@sha256:abc"],
        &["--committed-at", "yesterday"],
        &["--committed-at", "2026-01-01 10:00"],
        &["--interval", "5s"],
        &["--target", "https://shop.example,region"],
        &["--environment", "a b"],
        &["--environment", "stagin"],
        &["--namespace", ""],
        &["--namespace", "{{ a }}"],
        &["--target", "x"],
        &["--target", "https://shop.example:99999"],
        &["--target", "https://shop.example,region=kr,region=us"],
        &["--target", "https://shop.example/real-price/synthetic/health"],
        &["--target", "http://user@shop"],
        &["--exporter", "http://blackbox:9115"],
        &["--print", "kubernetes/gate-job.yaml"],
    ] {
        assert_eq!(run(&folder, wrong)?.status.code(), Some(2), "{wrong:?}");
    }
    let help = text(&run(&folder, &["--help"])?.stdout);
    assert!(help.contains("slo manifests --out deploy/ --check"), "{help}");
    Ok(())
}

#[test]
fn mistakes_of_options_are_told_together() -> Checked {
    let refused = run(
        &Folder::new()?,
        &["--prometheus", "vm:8428", "--module", "a b", "--interval", "5m"],
    )?;
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(lines[0].contains("`vm:8428`"), "{said}");
    assert!(
        lines[1].starts_with("--interval: ") && lines[2].starts_with("--module: "),
        "{said}"
    );
    Ok(())
}

#[test]
fn an_alertmanager_that_is_named_twice_is_told_once() -> Checked {
    let folder = Folder::new()?;
    run(
        &folder,
        &[
            "--alertmanager",
            "b:9093",
            "--alertmanager",
            "a:9093",
            "--alertmanager",
            "b:9093",
        ],
    )?;
    let settings = &read(&folder.0)?["settings/prometheus.yml"];
    assert_eq!(
        (settings.matches("b:9093").count(), settings.matches("a:9093").count()),
        (1, 1)
    );
    assert!(settings.find("b:9093") < settings.find("a:9093"), "{settings}");
    Ok(())
}

/// Neither in a file that is committed nor in a log of CI.
#[test]
fn a_password_is_written_and_said_nowhere() -> Checked {
    let folder = Folder::new()?;
    for address in ["http://ana:hush@vm:8428", "http://ana@vm:8428"] {
        let refused = run(&folder, &["--prometheus", address])?;
        assert_eq!(refused.status.code(), Some(2));
        let said = text(&refused.stderr) + &text(&refused.stdout);
        assert!(
            said.contains("is given with a user before its host") && !said.contains("hush"),
            "{said}"
        );
        assert_eq!(read(&folder.0)?, Files::new());
    }
    Ok(())
}

/// An SLO that is gone leaves a probe that Argo CD would go on syncing.
#[test]
fn what_is_written_no_more_is_said_and_stays() -> Checked {
    let folder = Folder::new()?;
    run(&folder, &[])?;
    let (kept, gone) = (
        folder.0.join("kubernetes/probe-real-price-freshness.yaml"),
        folder.0.join("kubernetes/probe-old.yaml"),
    );
    std::fs::copy(&kept, &gone)?;
    // What somebody else wrote is theirs, and a folder is none of them.
    std::fs::write(
        folder.0.join("kubernetes/kustomization.yaml"),
        "resources: [gate-job.yaml]\n# Written by `slo manifests`\n",
    )?;
    std::fs::write(folder.0.join("kubernetes/binary"), [0xff_u8, 0xfe])?;
    std::fs::create_dir(folder.0.join("kubernetes/more"))?;
    let before = std::fs::read(&gone)?;
    let checked = run(&folder, &["--check"])?;
    let line = format!(
        "{} is not written any more, as what it is about is gone; delete it\n",
        gone.display()
    );
    assert_eq!(
        (checked.status.code(), text(&checked.stderr), text(&checked.stdout)),
        (Some(1), line.clone(), String::new())
    );
    let written = run(&folder, &[])?;
    assert_eq!((written.status.code(), text(&written.stderr)), (Some(0), line));
    assert_eq!(std::fs::read(&gone)?, before, "nothing is removed");
    std::fs::remove_file(&gone)?;
    assert_eq!(run(&folder, &["--check"])?.status.code(), Some(0));
    Ok(())
}

#[test]
fn a_spec_too_large_for_a_config_map_is_refused() -> Checked {
    let folder = Folder::new()?;
    let spec = folder.0.join("large.yaml");
    let mut large = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(SPEC))?;
    large.push('#');
    let written = |bytes: usize| -> Result<Output, Box<dyn Error>> {
        std::fs::write(&spec, format!("{large}{}\n", "x".repeat(bytes - large.len() - 1)))?;
        Ok(command(&spec, &folder.0.join("out")).output()?)
    };
    // 1 MiB, of which `slo.yaml` takes 8 bytes.
    let refused = written((1 << 20) - 7)?;
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(
        said.contains("has 1048569 bytes, and the ConfigMap")
            && said.contains("holds 1048568 in Kubernetes; write a spec"),
        "{said}"
    );
    assert!(!folder.0.join("out").exists(), "nothing is written");
    let taken = written((1 << 20) - 8)?;
    assert_eq!(taken.status.code(), Some(0), "{}", text(&taken.stderr));
    assert!(
        text(&taken.stderr).contains("with `--server-side`"),
        "{}",
        text(&taken.stderr)
    );
    assert_eq!(text(&written(256 << 10)?.stderr), "");
    assert!(text(&written((256 << 10) + 1)?.stderr).contains("it has 262145 bytes, too many for"));
    Ok(())
}

#[test]
fn one_file_is_for_standard_output() -> Checked {
    let print = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_slo"));
        command.args(["manifests", SPEC, "--print", name]);
        command.current_dir(env!("CARGO_MANIFEST_DIR")).output()
    };
    let name = "kubernetes/gate-job.yaml";
    let printed = print(name)?;
    assert_eq!(printed.status.code(), Some(0));
    let folder = Folder::new()?;
    run(&folder, &[])?;
    assert_eq!(text(&printed.stdout), read(&folder.0)?[name]);
    let unknown = print("gate-job.yaml")?;
    assert_eq!(unknown.status.code(), Some(2));
    let said = text(&unknown.stderr);
    assert!(
        said.starts_with("there is no `gate-job.yaml`; write one of kubernetes/gate-spec.yaml, "),
        "{said}"
    );
    Ok(())
}

#[test]
fn slos_of_one_endpoint_have_one_probe_by_the_exporter_that_was_named() -> Checked {
    let folder = Folder::new()?;
    let spec = folder.0.join("spec.yaml");
    let slo = |name: &str, window: &str| {
        format!(
            "  - {{ name: {name}, objective: 99%, window: {window}, sli: {{ synthetic: {{ path: /stock/health }} }} }}\n"
        )
    };
    let slos = slo("month", "month in Asia/Seoul") + &slo("week", "7d");
    std::fs::write(&spec, format!("version: 1\nservice: shop\nslos:\n{slos}"))?;
    let mut command = command(&spec, &folder.0.join("out"));
    command.args([
        "--exporter",
        "prober:9116",
        "--module",
        "slow",
        "--target",
        "https://shop.example/",
    ]);
    let output = command.output()?;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let files = read(&folder.0.join("out/kubernetes"))?;
    let probes: Vec<_> = files.keys().filter(|name| name.starts_with("probe-")).collect();
    assert_eq!(probes, ["probe-month.yaml"], "whatever its window");
    let probe = &files["probe-month.yaml"];
    for line in [
        "jobName: slo-health/shop/production/month\n",
        "prober:9116",
        "slow_answered",
        "https://shop.example/stock/health",
    ] {
        assert!(probe.contains(line), "{line} in {probe}");
    }
    Ok(())
}
