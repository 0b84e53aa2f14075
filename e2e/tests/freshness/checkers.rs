//! Every file of a kit through the checker of whoever will read it, with names that would break out if they could.

use std::time::Duration;

use chrono::{NaiveTime, Weekday};
use e2e::{Binary, Failure, Outcome};
use slo_core::DownCounts;
use slo_health::probe::{ProbeAccess, ProbeCodes, ProbeKit, ProbeKits, ProbeTarget, QuietTime};
use slo_health::{State, SyntheticHealth};

use crate::kits::{Files, by_the_minute, run, slo};

/// Ends strings, expressions, comments and documents of each format, begins templates and environment variables.
const HOSTILE: &str =
    "a\"} or vector(1) # '\\ {{ .Labels }} }} %{HOME} $1 ${2}\n- x: |\n\t---\u{85}\u{2028}\u{1F600}값";

fn kits() -> Result<Vec<ProbeKit>, Failure> {
    let plain = ProbeKit::builder("shop")
        .path("/synthetic/health")
        .target(ProbeTarget::new("http://127.0.0.1:3000")?)
        .build()?;
    let mut kits = vec![plain];
    for (down_counts, window) in [
        (DownCounts::Bad, "30d"),
        (DownCounts::Excluded, "7d"),
        (DownCounts::Bad, "6h"),
    ] {
        kits.push(by_the_minute(&slo(window, down_counts)?)?.build()?);
    }
    let sli = slo_core::SyntheticSli::new("/synthetic/health");
    let promised = slo_core::Slo::new(HOSTILE, sli, "99.9%".parse()?, "28d".parse()?)
        .status(slo_core::Status::Agreed)
        .promise(HOSTILE)
        .owner(HOSTILE);
    let access = ProbeAccess::new()
        .header("Host", "shop.example")
        .header("X-Probe", HOSTILE.replace(char::is_control, " "))
        .basic_auth(HOSTILE, "/etc/blackbox/password");
    let hostile = ProbeKit::builder(HOSTILE)
        .namespace(HOSTILE)
        .environment(HOSTILE)
        .label("region", HOSTILE)
        .target(ProbeTarget::new("https://[::1]:8080/a/'$1'/%7B")?.label("zone", HOSTILE))
        .codes(ProbeCodes::default().with(State::Warn, 203))
        .access(access)
        .module_timeout(Duration::from_millis(5_001))
        .runbook(HOSTILE)
        .slo(&promised)
        .build()?;
    kits.push(hostile);
    Ok(kits)
}

#[test]
fn blackbox_exporter_takes_every_module() -> Outcome {
    for kit in kits()? {
        let files = Files::of(&kit)?;
        files.write("blackbox.yml", &kit.blackbox_config())?;
        run(
            Binary::BlackboxExporter,
            files.folder(),
            &["--config.check", "--config.file=blackbox.yml"],
        )?;
    }
    Ok(())
}

#[test]
fn prometheus_and_vmagent_take_every_scrape_job() -> Outcome {
    for kit in kits()? {
        let files = Files::of(&kit)?;
        let exporter = "blackbox:9115".parse()?;
        for jobs in [kit.scrape_config(&exporter), kit.freshness_scrape_config(&exporter)] {
            files.write("scrapes.yml", &jobs)?;
            run(
                Binary::Promtool,
                files.folder(),
                &["check", "config", "--lint=all", "--lint-fatal", "scrapes.yml"],
            )?;
            let args = [
                "-dryRun",
                "-promscrape.config=scrapes.yml",
                "-remoteWrite.url=http://127.0.0.1:1/",
            ];
            run(Binary::VmAgent, files.folder(), &args)?;
        }
    }
    Ok(())
}

#[test]
fn prometheus_and_vmalert_take_every_rule() -> Outcome {
    for kit in kits()? {
        let files = Files::of(&kit)?;
        for (file, rules, begin) in [
            ("recording.yml", kit.recording_rules(), "\n      - record: "),
            ("alerting.yml", kit.alerting_rules(), "\n      - alert: "),
        ] {
            let said = run(
                Binary::Promtool,
                files.folder(),
                &["check", "rules", "--lint=all", "--lint-fatal", file],
            )?;
            let count = rules.matches(begin).count();
            assert!(
                said.contains(&format!("SUCCESS: {count} rules found")),
                "{count}: {said}"
            );
            run(Binary::VmAlert, files.folder(), &["-dryRun", &format!("-rule={file}")])?;
        }
    }
    Ok(())
}

#[test]
fn all_kits_of_an_exporter_are_taken_from_one_file_each() -> Outcome {
    let mut kits = kits()?;
    // Of the same name but other codes and headers: with a name of its own it fits in.
    let last = kits.pop().ok_or_else(|| Failure::new("no kits".to_owned()))?;
    assert!(ProbeKits::new(kits.iter().cloned().chain([last])).is_err());
    // The three over other windows have one name, and so one job.
    let together = ProbeKits::new(kits.into_iter().take(2))?;
    let files = Files::of(&together.kits()[0])?;
    files.write("blackbox.yml", &together.blackbox_config())?;
    files.write("scrapes.yml", &together.scrape_config(&"blackbox:9115".parse()?))?;
    files.write("rules.yml", &together.recording_rules())?;
    files.write("alerts.yml", &together.alerting_rules())?;
    let folder = files.folder();
    run(
        Binary::BlackboxExporter,
        folder,
        &["--config.check", "--config.file=blackbox.yml"],
    )?;
    run(
        Binary::Promtool,
        folder,
        &["check", "config", "--lint=all", "--lint-fatal", "scrapes.yml"],
    )?;
    let args = [
        "check",
        "rules",
        "--lint=all",
        "--lint-fatal",
        "rules.yml",
        "alerts.yml",
    ];
    run(Binary::Promtool, folder, &args)?;
    run(
        Binary::VmAlert,
        folder,
        &["-dryRun", "-rule=rules.yml", "-rule=alerts.yml"],
    )?;
    Ok(())
}

#[test]
fn alertmanager_takes_every_mute() -> Outcome {
    let at = |hour| NaiveTime::from_hms_opt(hour, 30, 0).unwrap_or_default();
    let quiet = [
        QuietTime::new(Weekday::Sun, at(2), at(4), "Asia/Seoul")?,
        QuietTime::new(Weekday::Sat, at(22), at(1), "America/New_York")?,
        QuietTime::new(Weekday::Mon, NaiveTime::MIN, NaiveTime::MIN, "UTC")?,
    ];
    for kit in kits()? {
        let files = Files::of(&kit)?;
        let snippet = kit.mute_config("team", &quiet)?;
        files.write("alertmanager.yml", &format!("{snippet}receivers: [{{name: team}}]\n"))?;
        run(Binary::Amtool, files.folder(), &["check-config", "alertmanager.yml"])?;
    }
    Ok(())
}

#[test]
fn a_kit_of_the_endpoint_itself_has_its_path_and_waits_longer_than_it() -> Outcome {
    let health = SyntheticHealth::builder()
        .check(
            "data",
            slo_health::Freshness::within(Duration::from_secs(60)),
            || async { Ok::<_, std::convert::Infallible>(chrono::Utc::now()) },
        )
        .deadline(Duration::from_secs(2))
        .build()?;
    let kit = health
        .probe_kit("shop", "/synthetic/health")
        .target(ProbeTarget::new("http://127.0.0.1:3000")?)
        .build()?;
    assert_eq!(kit.module_timeout(), Duration::from_millis(5_750));
    assert_eq!(kit.path(), "/synthetic/health");
    Ok(())
}
