//! `slo gate` on a real engine that holds months of several services: verdict, exit code and text of each row of the table.

use std::process::{Command, Output};

use e2e::past::{Instance, Past};
use e2e::{Alertmanager, Failure, Http, Outcome, PATIENCE, TempDir, VictoriaMetrics, build_binary, eventually};
use serde_json::Value;

/// The moment up to which the past goes.
const THEN: [&str; 2] = ["--at", "2026-03-01T00:00:00Z"];

/// Requests a minute.
const BUSY: i64 = 600;

/// What a usual service pushes: 1 in 2,000 requests is bad, all but 1 in 100 fast.
fn healthy(past: &mut Past, of: Instance<'_>) {
    past.events(of, |_| BUSY, |ago| i64::from(ago % 10 == 0) * 3);
    past.durations(of, &[("0.8", 594), ("+Inf", BUSY)]);
}

fn past() -> Past {
    let mut past = Past::default();
    let recent = |ago: i64| ago < 15;
    healthy(&mut past, Instance::of("healthy"));

    let failing = Instance::of("failing");
    past.events(failing, |_| BUSY, |ago| i64::from(recent(ago)) * 6);
    past.durations(failing, &[("0.8", 594), ("+Inf", BUSY)]);

    let slow = Instance::of("slow");
    past.events(slow, |_| BUSY, |_| 0);
    past.durations(slow, &[("0.8", 540), ("+Inf", BUSY)]);

    // Three weeks ago an outage of 12 hours spent it all, twice over.
    let outage = 21 * 24 * 60 - 12 * 60..21 * 24 * 60;
    let spent = Instance::of("spent");
    past.events(spent, |_| BUSY, |ago| i64::from(outage.contains(&ago)) * 120);
    past.durations(spent, &[("0.8", 594), ("+Inf", BUSY)]);

    let idle = Instance::of("idle");
    past.events(idle, |ago| i64::from(ago % 5 == 0), |_| 0);
    past.durations(idle, &[("0.8", 0), ("+Inf", 1)]);

    healthy(
        &mut past,
        Instance {
            to: 20,
            ..Instance::of("gone")
        },
    );
    for environment in ["production", "staging"] {
        healthy(
            &mut past,
            Instance {
                environment,
                ..Instance::of("twice")
            },
        );
    }

    // Old instances lack the bucket that the gate's limit asks for.
    let old = Instance {
        name: "old",
        ..Instance::of("rollout")
    };
    let new = Instance {
        name: "new",
        from: 60,
        ..Instance::of("rollout")
    };
    past.events(old, |_| BUSY, |_| 0);
    past.durations(old, &[("0.75", 0), ("1", BUSY), ("+Inf", BUSY)]);
    past.events(new, |_| BUSY, |_| 0);
    past.durations(new, &[("0.75", 590), ("0.8", 594), ("1", BUSY), ("+Inf", BUSY)]);

    let foreign = Instance::of("no-bucket");
    past.events(foreign, |_| BUSY, |_| 0);
    past.durations(foreign, &[("0.75", 590), ("1", BUSY), ("+Inf", BUSY)]);
    past
}

/// The tool and the engine that it asks.
struct Gate {
    program: std::path::PathBuf,
    engine: String,
    folder: TempDir,
}

impl Gate {
    fn run(&self, service: &str, more: &[&str]) -> Result<Output, Failure> {
        let spec = self.folder.path().join(format!("{service}.yaml"));
        std::fs::write(
            &spec,
            format!(
                "{{version: 1, service: {service}, slos: [{{name: browse, promise: Anyone can look., owner: search, \
                 status: agreed, objective: 99.9%, window: 30d, sli: {{http: {{routes: [/listings]}}}}}}]}}"
            ),
        )?;
        let mut command = Command::new(&self.program);
        command.arg("gate").arg(spec).args(["--prometheus", &self.engine]);
        Ok(command.args(more).output()?)
    }

    /// Decision, exit code, and the states of `bad_ratio`, `p95` and `budget`.
    fn verdict(&self, service: &str, more: &[&str]) -> Result<(Value, String), Failure> {
        let output = self.run(service, &[&["--format", "json"], &THEN[..], more].concat())?;
        let text = String::from_utf8_lossy(&output.stdout);
        let verdict: Value = serde_json::from_str(&text).map_err(|error| Failure::new(format!("{error}: {text}")))?;
        if output.status.code() != verdict["exit_code"].as_i64().and_then(|code| code.try_into().ok()) {
            return Err(Failure::new(format!("{}: {verdict}", output.status)));
        }
        let states = verdict["rules"].as_array().into_iter().flatten();
        let states: Vec<_> = states.map(|rule| rule["state"].as_str().unwrap_or_default()).collect();
        let decision = verdict["decision"].as_str().unwrap_or_default();
        let line = format!("{decision} {} {}", verdict["exit_code"], states.join(" "));
        Ok((verdict, line))
    }
}

#[test]
fn each_row_of_the_table_on_victoria_metrics() -> Outcome {
    let store = VictoriaMetrics::start()?;
    store.import(&past().json_lines())?;
    store.force_flush()?;
    let gate = Gate {
        program: build_binary("slo-cli")?,
        engine: store.url(),
        folder: TempDir::new("slo-gate")?,
    };
    let production = &["--environment", "production"][..];
    for (service, more, expected) in [
        ("healthy", &[][..], "allowed 0 pass pass pass"),
        ("failing", &[], "blocked 1 fail pass pass"),
        ("slow", &[], "blocked 1 pass fail pass"),
        ("spent", &[], "blocked 1 pass pass fail"),
        ("spent", &["--class", "reliability"], "allowed 0 pass pass fail"),
        ("spent", &["--action", "rollback"], "allowed 0 pass pass fail"),
        ("idle", &[], "allowed 0 idle idle pass"),
        ("gone", &[], "unknown 3 unknown unknown unknown"),
        ("gone", &["--on-unknown", "allow"], "unknown 0 unknown unknown unknown"),
        ("gone", &["--ran-before"], "allowed 0 unknown unknown unknown"),
        ("never-seen", &[], "allowed 0 warn warn warn"),
        ("twice", &[], "unknown 3 unknown unknown unknown"),
        ("twice", production, "allowed 0 pass pass pass"),
        ("rollout", &[], "allowed 0 pass pass pass"),
        ("no-bucket", &[], "allowed 0 pass pass pass"),
    ] {
        let (verdict, line) = gate.verdict(service, more)?;
        assert_eq!(line, expected, "{service} {more:?}: {verdict:#}");
    }

    let sentence = |service, rule: usize, field: &str| -> Result<String, Failure> {
        let (verdict, _) = gate.verdict(service, &[])?;
        Ok(verdict["rules"][rule][field].to_string())
    };
    // Exact on this engine: 15 minutes at 600 and 6.
    assert!(sentence("failing", 0, "sentence")?.contains("(90 of 9090)"));
    assert!(sentence("twice", 0, "sentence")?.contains("several environments match: production, staging; name one"));
    assert!(sentence("gone", 0, "sentence")?.contains("the series existed and vanished"));
    assert!(
        sentence("rollout", 1, "caveats")?
            .contains("9000 of 18000 requests were on instances without a bucket at 800ms")
    );
    assert!(sentence("no-bucket", 1, "caveats")?.contains("interpolated, for no instance has a bucket at 800ms"));
    // The last of the outage leaves the window's 30 days in 9 days and 12 hours; enough of it, some hours before.
    assert!(
        sentence("spent", 2, "recovers_at")?.starts_with("\"2026-03-1"),
        "{}",
        sentence("spent", 2, "recovers_at")?
    );
    let text = String::from_utf8(gate.run("spent", &["--explain", THEN[0], THEN[1]])?.stdout)?;
    assert!(
        text.starts_with("blocked: breached: budget of browse\nspent at 2026-03-01 00:00:00 UTC\n\nfail    budget"),
        "{text}"
    );
    assert!(text.contains("to pass: wait until 2026-03-1"), "{text}");
    Ok(())
}

#[test]
fn a_bypass_reaches_alertmanager_and_the_audit_file() -> Outcome {
    let alertmanager = Alertmanager::start()?;
    let gate = Gate {
        program: build_binary("slo-cli")?,
        // Nobody listens there: without the bypass nobody could tell.
        engine: "http://127.0.0.1:9".to_owned(),
        folder: TempDir::new("slo-gate")?,
    };
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

    let url = format!("{}/api/v2/alerts", alertmanager.url());
    let alerts = eventually(PATIENCE, || {
        let alerts: Value = serde_json::from_str(&Http::new().get(&url)?.body).map_err(|error| error.to_string())?;
        let is_there = alerts.as_array().is_some_and(|alerts| alerts.len() == 1);
        is_there.then_some(alerts.clone()).ok_or_else(|| alerts.to_string())
    })?;
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
        .args(["audit", &audit, "--expect-head", &head])
        .output()?;
    assert_eq!(verified.status.code(), Some(0));
    let text = std::fs::read_to_string(&audit)?;
    std::fs::write(&audit, text.replace("nobody can pay", "somebody can pay"))?;
    let altered = Command::new(&gate.program).args(["audit", &audit]).output()?;
    assert_eq!(altered.status.code(), Some(1));
    Ok(())
}
