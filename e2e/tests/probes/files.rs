//! The golden files of `slo-cli`, hostile texts among them, through the checker of whoever will read them.

use std::path::PathBuf;

use e2e::{Binary, Failure, Outcome, TempDir, run_tool, workspace_root};

/// The folders of files, one for each way in which probes are written.
fn folders() -> Result<Vec<PathBuf>, Failure> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(workspace_root().join("slo-cli/tests/probes/golden"))? {
        folders.push(entry?.path());
    }
    assert_eq!(folders.len(), 3);
    Ok(folders)
}

#[test]
fn blackbox_exporter_takes_the_modules() -> Outcome {
    for folder in folders()? {
        let args = ["--config.check", "--config.file=blackbox.yml"];
        run_tool(Binary::BlackboxExporter, &folder, &args)?;
    }
    Ok(())
}

#[test]
fn prometheus_and_vmagent_take_the_scrape_jobs() -> Outcome {
    for folder in folders()? {
        let args = ["check", "config", "--lint=all", "--lint-fatal", "scrape.yml"];
        run_tool(Binary::Promtool, &folder, &args)?;
        let queue = TempDir::new("slo-e2e-probes")?;
        let queue = format!("-remoteWrite.tmpDataPath={}", queue.path().display());
        let args = [
            "-dryRun",
            "-promscrape.config=scrape.yml",
            "-promscrape.config.strictParse=true",
            "-remoteWrite.url=http://127.0.0.1:1/",
            &queue,
        ];
        run_tool(Binary::VmAgent, &folder, &args)?;
    }
    Ok(())
}

#[test]
fn prometheus_and_vmalert_take_every_rule() -> Outcome {
    for folder in folders()? {
        let mut counted = 0;
        for file in ["recording.yml", "alerting.yml"] {
            let args = ["check", "rules", "--lint=all", "--lint-fatal", file];
            let said = run_tool(Binary::Promtool, &folder, &args)?;
            let rules = std::fs::read_to_string(folder.join(file))?;
            let written = rules.matches("\n      - record: ").count() + rules.matches("\n      - alert: ").count();
            assert!(
                said.contains(&format!("SUCCESS: {written} rules found")),
                "{written}: {said}"
            );
            run_tool(Binary::VmAlert, &folder, &["-dryRun", &format!("-rule={file}")])?;
            counted += written;
        }
        assert!(counted > 20, "{counted} in {}", folder.display());
    }
    Ok(())
}

#[test]
fn alertmanager_takes_the_inhibitions_and_the_quiet_times() -> Outcome {
    let mut seen = 0;
    for folder in folders()? {
        let snippet = std::fs::read_to_string(folder.join("alertmanager.yml"))?;
        let (route, receiver) = match snippet.split_once("route:\n  receiver: ") {
            Some((_, receiver)) => ("", receiver.lines().next().unwrap_or_default()),
            None => ("route: { receiver: people }\n", "people"),
        };
        let whole = TempDir::new("slo-e2e-probes")?;
        let config = format!("{snippet}{route}receivers:\n  - name: {receiver}\n");
        std::fs::write(whole.path().join("alertmanager.yml"), config)?;
        let said = run_tool(Binary::Amtool, whole.path(), &["check-config", "alertmanager.yml"])?;
        assert!(said.contains(" - 3 inhibit rules"), "{said}");
        seen += usize::from(route.is_empty());
    }
    assert_eq!(seen, 2, "with quiet times");
    Ok(())
}
