//! Each run is a metric, and the dashboards find it.

use std::process::Command;

use e2e::{Outcome, PATIENCE, Prom, VictoriaMetrics, eventually};
use serde_json::Value;

use crate::tool::{Gate, NOBODY};

#[test]
fn runs_are_pushed_and_answer_every_panel_of_the_gates_page() -> Outcome {
    let store = VictoriaMetrics::start()?;
    let gate = Gate::asking(NOBODY)?;
    let pushed = [
        "--otlp",
        &store.otlp_endpoint(),
        "--environment",
        "production",
        "--revision",
        "4f2a",
    ];
    for (more, code) in [
        (&[][..], 3),
        (&[], 3),
        (&["--action", "rollback", "--audit=-"], 0),
        (
            &[
                "--author",
                "Ana",
                "--message",
                "Fix [slo-bypass: nobody can pay]",
                "--audit=-",
            ],
            0,
        ),
    ] {
        let output = gate.run("shop", &[&pushed[..], more].concat())?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(!said.contains("NOT "), "{said}");
    }
    // As any other service is told where to push.
    let output = gate
        .command("shop")?
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", store.otlp_endpoint())
        .output()?;
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");

    let by_verdict = "sum by (slo_gate_verdict) (max_over_time(slo_gate_decisions_total[1h]))";
    let counts = [("allowed", 1.0), ("bypassed", 1.0), ("unknown", 3.0)];
    eventually(PATIENCE, || are(&store.prom(), by_verdict, "slo_gate_verdict", &counts))?;
    let alone = "sum by (slo_gate_would_have_been) (max_over_time(slo_gate_decisions_total[1h]))";
    eventually(PATIENCE, || {
        are(&store.prom(), alone, "slo_gate_would_have_been", &[("unknown", 5.0)])
    })?;
    let revisions = [("", 1.0), ("4f2a", 4.0)];
    let by_revision = "count by (service_version) (slo_gate_decisions_total)";
    eventually(PATIENCE, || {
        are(&store.prom(), by_revision, "service_version", &revisions)
    })?;
    let runs = "count(count by (service_instance_id) (slo_gate_decisions_total{service_name=\"shop\"}))";
    assert_eq!(store.prom().scalar(runs)?.to_string(), "5");

    for (panel, expr) in panels(&gate)? {
        let found = store.prom().instant(&expr)?;
        assert!(!found.is_empty(), "{panel} has nothing to show: {expr}");
        let expected = match panel.as_str() {
            "Allowed" | "Bypassed" => "1",
            "Blocked" => "0",
            "Unknown" => "3",
            _ => continue,
        };
        assert_eq!(found[0].value.to_string(), expected, "{panel}");
    }
    Ok(())
}

/// One sample a label, with these values.
fn are(prom: &Prom, query: &str, label: &str, expected: &[(&str, f64)]) -> Result<(), String> {
    let mut found: Vec<_> = prom
        .instant(query)?
        .into_iter()
        .map(|sample| (sample.label(label).to_owned(), sample.value))
        .collect();
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), *value))
        .collect();
    if found == expected {
        Ok(())
    } else {
        Err(format!("{found:?}"))
    }
}

/// Title and query of each panel of the gate's page, as Grafana asks for every service.
fn panels(gate: &Gate) -> Result<Vec<(String, String)>, e2e::Failure> {
    let out = gate.folder.path().join("pages");
    let written = Command::new(&gate.program)
        .args(["dashboards", "--fleet", "--out"])
        .arg(&out)
        .output()?;
    assert!(written.status.success());
    let mut found = Vec::new();
    for file in std::fs::read_dir(&out)? {
        let page: Value = serde_json::from_str(&std::fs::read_to_string(file?.path())?)?;
        for panel in page["panels"].as_array().into_iter().flatten() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let expr = target["expr"].as_str().unwrap_or_default();
                if expr.contains("slo_gate_decisions_total") {
                    let expr = [
                        ("$__interval", "1h"),
                        ("$__range", "1h"),
                        ("$environment", ".*"),
                        ("$namespace", ".*"),
                        ("$service", ".*"),
                    ]
                    .iter()
                    .fold(expr.to_owned(), |expr, (name, value)| expr.replace(name, value));
                    found.push((panel["title"].as_str().unwrap_or_default().to_owned(), expr));
                }
            }
        }
    }
    assert!(found.len() >= 7, "{found:?}");
    Ok(found)
}
