//! A bypass is heard of.

use std::process::Command;

use e2e::past::{Instance, Past};
use e2e::{Alertmanager, Failure, Http, Outcome, PATIENCE, Port, TempDir, VictoriaMetrics, eventually, free_port};
use serde_json::Value;

use crate::services::healthy;
use crate::tool::{Gate, NOBODY};

#[test]
fn a_bypass_reaches_alertmanager_and_the_audit_file() -> Outcome {
    let alertmanager = Alertmanager::start()?;
    // Without the bypass nobody could tell.
    let gate = Gate::asking(NOBODY)?;
    let audit = gate.folder.path().join("gate.audit").display().to_string();
    let message = "Fix payments\n\nSLO-Bypass: nobody can pay <b>now</b>\nSLO-Bypass-Ticket: OPS-1\n";
    let told = [
        "--audit",
        &audit,
        "--alertmanager",
        &alertmanager.url(),
        "--message",
        message,
        "--author",
        "Ana",
    ];
    let output = gate.run(
        "shop",
        &[&told[..], &["--revision", "4f2a", "--environment", "production"]].concat(),
    )?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(!said.contains("NOT "), "{said}");
    let head = said.split_whitespace().last().unwrap_or_default().to_owned();

    let alerts = alerts(&alertmanager, 1)?;
    let labels = &alerts[0]["labels"];
    assert_eq!(labels["alertname"], "SloGateBypassed");
    assert_eq!(
        (&labels["service_name"], &labels["revision"]),
        (&"shop".into(), &"4f2a".into())
    );
    assert_eq!(labels["deployment_environment_name"], "production");
    assert_eq!(alerts[0]["annotations"]["audit_head"], head.as_str());
    let summary = alerts[0]["annotations"]["summary"].as_str().unwrap_or_default();
    assert!(
        summary.contains("bypass used by Ana: nobody can pay <b>now</b> (OPS-1)"),
        "{summary}"
    );

    let verified = Command::new(&gate.program)
        .args(["gate", "audit", &audit, "--expect-head", &head])
        .output()?;
    assert_eq!(verified.status.code(), Some(0));
    let text = std::fs::read_to_string(&audit)?;
    std::fs::write(&audit, text.replace("nobody can pay", "somebody can pay"))?;
    let altered = Command::new(&gate.program).args(["gate", "audit", &audit]).output()?;
    assert_eq!(altered.status.code(), Some(1));
    Ok(())
}

#[test]
fn what_a_dead_alertmanager_did_not_hear_is_told_when_it_is_back() -> Outcome {
    let port = free_port()?;
    let url = format!("http://127.0.0.1:{port}");
    let gate = Gate::asking(NOBODY)?;
    let spool = gate.folder.path().join("spool").display().to_string();
    let told = ["--alertmanager", &url, "--spool", &spool, "--author", "Ana"];
    for revision in ["first", "second"] {
        let bypass = ["--revision", revision, "--message", "Fix [slo-bypass: nobody can pay]"];
        let output = gate.run("shop", &[&told[..], &bypass].concat())?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains("slo: NOT ANNOUNCED: Alertmanager: "), "{said}");
    }
    assert_eq!(std::fs::read_dir(&spool)?.count(), 3, "two notices and a lock");

    let alertmanager = Alertmanager::start_on(Port::Exactly(port), "")?;
    // A rollback is no news while nothing can be judged: it tells of the others, and that it leaves no record.
    let output = gate.run("shop", &[&told[..], &["--action", "rollback"]].concat())?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.starts_with("slo: NOT RECORDED: this way back passes") && said.lines().count() == 1,
        "{said}"
    );
    let alerts = alerts(&alertmanager, 2)?;
    for alert in alerts.as_array().into_iter().flatten() {
        assert_eq!(alert["labels"]["alertname"], "SloGateBypassed");
        assert_eq!(
            alert["status"]["state"], "active",
            "one that has ended is sent to nobody: {alert:#}"
        );
    }
    assert_eq!(std::fs::read_dir(&spool)?.count(), 1, "the lock");
    Ok(())
}

#[test]
fn what_passes_against_the_rules_needs_somebody_who_hears_of_it_on_victoria_metrics() -> Outcome {
    let store = VictoriaMetrics::start()?;
    store.import(&spent_and_gone().json_lines())?;
    store.force_flush()?;
    passes_where_somebody_hears(&Gate::asking(store.url())?)
}

#[test]
fn what_passes_against_the_rules_needs_somebody_who_hears_of_it_on_prometheus() -> Outcome {
    let folder = TempDir::new("slo-gate-blocks")?;
    let store = spent_and_gone().into_prometheus(folder.path())?;
    passes_where_somebody_hears(&Gate::asking(store.url())?)
}

/// What passes against the rules, of a service whose budget is spent and of one that is gone, now.
fn passes_where_somebody_hears(gate: &Gate) -> Outcome {
    let bypass = [
        "--revision",
        "4f2a",
        "--author",
        "Ana",
        "--message",
        "Fix [slo-bypass: nobody can pay]",
    ];
    for (service, asked, silent, heard) in [
        (
            "spent",
            &["--class", "reliability"][..],
            "blocked 1 pass pass fail",
            "allowed 0 pass pass fail",
        ),
        (
            "spent",
            &bypass,
            "blocked 1 pass pass fail",
            "bypassed 0 pass pass fail",
        ),
        (
            "gone",
            &["--on-unknown", "allow"],
            "unknown 3 unknown unknown unknown",
            "unknown 0 unknown unknown unknown",
        ),
        (
            "spent",
            &["--action", "rollback"],
            "allowed 0 pass pass fail",
            "allowed 0 pass pass fail",
        ),
    ] {
        let audit = gate
            .folder
            .path()
            .join(format!("{service}{}.audit", asked[0]))
            .display()
            .to_string();
        for (more, expected) in [
            (&[][..], silent),
            // Nobody hears of the past, and a present that is called so is no way around it.
            (&["--at", &chrono::Utc::now().to_rfc3339(), "--audit", &audit], silent),
            (&["--audit", "/dev/null"], silent),
            (&["--audit", &audit], heard),
            (&["--audit=-"], heard),
        ] {
            let (verdict, line) = gate.verdict(service, &[asked, more].concat())?;
            assert_eq!(line, expected, "{service} {asked:?} {more:?}: {verdict:#}");
        }
        let checked = Command::new(&gate.program).args(["gate", "audit", &audit]).output()?;
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(said.starts_with("1 records, nothing altered"), "{said}");
    }
    Ok(())
}

/// A month of each, up to now.
fn spent_and_gone() -> Past {
    let mut past = Past::default();
    let outage = 21 * 24 * 60 - 12 * 60..21 * 24 * 60;
    let spent = Instance::of("spent");
    past.events(spent, |_| 600, |ago| i64::from(outage.contains(&ago)) * 120);
    past.durations(spent, &[("0.8", 594), ("+Inf", 600)]);
    healthy(
        &mut past,
        Instance {
            to: 20,
            ..Instance::of("gone")
        },
    );
    past.ending_at(chrono::Utc::now().timestamp_millis())
}

/// The alerts of an Alertmanager, once there are so many.
fn alerts(alertmanager: &Alertmanager, many: usize) -> Result<Value, Failure> {
    let url = format!("{}/api/v2/alerts", alertmanager.url());
    Ok(eventually(PATIENCE, || {
        let alerts: Value = serde_json::from_str(&Http::new().get(&url)?.body).map_err(|error| error.to_string())?;
        let are_there = alerts.as_array().is_some_and(|alerts| alerts.len() == many);
        are_there.then_some(alerts.clone()).ok_or_else(|| alerts.to_string())
    })?)
}
