//! promtool reads queries as expressions of rules.

use std::process::Command;

use e2e::{Binary, Failure, Outcome, Places, TempDir};
use serde_json::json;

use crate::EXAMPLE;
use crate::pages::every_query;

#[test]
fn promtool_reads_every_query() -> Outcome {
    let expressions: Vec<_> = every_query()?.iter().map(|query| query.with(EXAMPLE)).collect();
    let unset = expressions.iter().find(|expr| expr.contains('$'));
    assert_eq!(unset, None, "a variable that nobody sets");
    let (read, said) = check(&expressions)?;
    assert!(read, "{said}");
    let found = format!("SUCCESS: {} rules found", expressions.len());
    assert!(said.contains(&found), "not `{found}`: {said}");

    let (read, said) = check(&["sum by (a (b)".to_owned()])?;
    assert!(!read, "promtool takes anything: {said}");
    Ok(())
}

/// Whether promtool takes these expressions, and what it says.
fn check(expressions: &[String]) -> Result<(bool, String), Failure> {
    let folder = TempDir::new("slo-e2e-promtool")?;
    let file = folder.path().join("rules.yaml");
    let rule = |(number, expr): (usize, &String)| json!({"record": format!("panel:{number}"), "expr": expr});
    let rules: Vec<_> = expressions.iter().enumerate().map(rule).collect();
    // JSON is YAML.
    let group = json!({"groups": [{"name": "panels", "rules": rules}]});
    std::fs::write(&file, group.to_string())?;
    let output = Command::new(Places::from_env().require_one(Binary::Promtool)?)
        .args(["check", "rules", "--lint=all", "--lint-fatal"])
        .arg(&file)
        .output()?;
    let said = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}
