//! Queries that promtool answers from a past in its own notation, by rules that are recorded meanwhile.

use std::process::Command;

use e2e::{Binary, Failure, Outcome, Places, TempDir, build_binary};
use serde_json::{Value, json};

/// What a query answers at a time.
pub(crate) fn expects(expr: &str, at: &str, samples: &[(String, f64)]) -> Value {
    let samples: Vec<_> = samples
        .iter()
        .map(|(labels, value)| json!({ "labels": labels, "value": value }))
        .collect();
    json!({ "expr": expr, "eval_time": at, "exp_samples": samples })
}

/// Whether these rules make these series answer so.
pub(crate) fn passes(rules: &str, series: &Value, tests: &[Value]) -> Outcome {
    let folder = TempDir::new("slo-e2e-dashboards-unit")?;
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("rules.yaml"), rules)?;
    let file = json!({
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [{ "interval": "1m", "input_series": series, "promql_expr_test": tests }],
    });
    std::fs::write(at("test.yaml"), file.to_string())?;
    let output = Command::new(Places::from_env().require_one(Binary::Promtool)?)
        .args(["test", "rules"])
        .arg(at("test.yaml"))
        .output()?;
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    Ok(())
}

/// The rules that `slo rules` writes with these arguments.
pub(crate) fn rules(arguments: &[&str]) -> Result<String, Failure> {
    let output = Command::new(build_binary("slo-cli")?)
        .arg("rules")
        .args(arguments)
        .output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failure::new(String::from_utf8_lossy(&output.stderr)))
}
