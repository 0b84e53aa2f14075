//! The dashboards that `slo dashboards` writes, and the queries on them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::{Failure, TempDir, build_binary, workspace_root};
use serde_json::Value;

/// Every way to write dashboards for the example.
const WAYS: [&[&str]; 4] = [
    &["examples/real-estate/slo.yaml"],
    &["examples/real-estate/slo.yaml", "--source", "raw"],
    &["--fleet"],
    &["--fleet", "--source", "raw"],
];

/// What a reader chose at the top of the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chosen {
    pub(crate) environment: &'static str,
    pub(crate) service: &'static str,
}

/// One query of one panel, or of a variable.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) page: String,
    pub(crate) panel: String,
    pub(crate) id: String,
    pub(crate) is_raw: bool,
    expr: String,
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = if self.is_raw { " (raw)" } else { "" };
        write!(f, "{}{source}, {}, {}", self.page, self.panel, self.id)
    }
}

impl Query {
    /// The names before matchers.
    pub(crate) fn metrics(&self) -> Vec<String> {
        let is_inside = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        let before = self.expr.match_indices('{').map(|(at, _)| &self.expr[..at]);
        let name = |before: &str| before.rsplit(|c| !is_inside(c)).next().unwrap_or_default().to_owned();
        before.map(name).filter(|name| !name.is_empty()).collect()
    }

    /// As Grafana would ask it.
    pub(crate) fn with(&self, chosen: Chosen) -> String {
        let values = [
            ("$__rate_interval", "5m"),
            ("$__interval", "1h"),
            ("$__range", "1h"),
            ("$environment", chosen.environment),
            ("$namespace", ".*"),
            ("$service", chosen.service),
            ("$route", ".*"),
            ("$slo", ".*"),
        ];
        let expr = self.expr.clone();
        values
            .iter()
            .fold(expr, |expr, (variable, value)| expr.replace(variable, value))
    }
}

/// The files that `slo dashboards` writes for the example and for a fleet, with budgets from either source.
pub(crate) struct Written {
    _folder: TempDir,
    pub(crate) files: Vec<(PathBuf, bool)>,
}

pub(crate) fn write_all() -> Result<Written, Failure> {
    let folder = TempDir::new("slo-e2e-dashboards")?;
    let mut files = Vec::new();
    for (number, way) in WAYS.iter().enumerate() {
        let out = folder.path().join(number.to_string());
        let written = write(way, &out)?;
        files.extend(written.into_iter().map(|path| (path, way.contains(&"raw"))));
    }
    files.sort();
    assert_eq!(files.len(), 5 * WAYS.len());
    Ok(Written { _folder: folder, files })
}

/// The files that `slo dashboards` with these arguments writes into this folder.
pub(crate) fn write(way: &[&str], out: &Path) -> Result<Vec<PathBuf>, Failure> {
    let output = Command::new(build_binary("slo-cli")?)
        .current_dir(workspace_root())
        .args(["dashboards", "--out"])
        .arg(out)
        .args(way)
        .output()?;
    if !output.status.success() {
        return Err(Failure::new(String::from_utf8_lossy(&output.stderr)));
    }
    let files = std::fs::read_dir(out)?.map(|entry| Ok(entry?.path()));
    files.collect()
}

/// Every query there is: of panels, and what variables ask for.
pub(crate) fn every_query() -> Result<Vec<Query>, Failure> {
    let queries = queries_of(&write_all()?.files)?;
    assert!(queries.len() > 150, "{} queries", queries.len());
    Ok(queries)
}

/// Those of these files, each with whether its budgets are raw.
pub(crate) fn queries_of(files: &[(PathBuf, bool)]) -> Result<Vec<Query>, Failure> {
    let mut queries = Vec::new();
    for (path, is_raw) in files {
        let page: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
        let query = |panel: &Value, id: &Value, expr: String| Query {
            page: text(&page["uid"]),
            panel: text(panel),
            id: text(id),
            is_raw: *is_raw,
            expr,
        };
        for panel in items(&page["panels"]) {
            for target in items(&panel["targets"]) {
                queries.push(query(&panel["title"], &target["refId"], text(&target["expr"])));
            }
        }
        for variable in items(&page["templating"]["list"]).filter(|variable| variable["type"] == "query") {
            let asked = label_values(&text(&variable["definition"]))?;
            queries.push(query(&Value::from("variable"), &variable["name"], asked));
        }
    }
    Ok(queries)
}

/// `label_values(series, label)` is Grafana's; the values are those that this counts.
fn label_values(definition: &str) -> Result<String, Failure> {
    let inside = definition
        .strip_prefix("label_values(")
        .and_then(|rest| rest.strip_suffix(')'))
        .and_then(|inside| inside.rsplit_once(", "));
    let (series, label) = inside.ok_or_else(|| Failure::new(format!("`{definition}` asks for no values")))?;
    Ok(format!("count by ({label}) ({series})"))
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
