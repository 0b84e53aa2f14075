//! What an engine would have recorded over a period, as it says itself: the rules' own queries, evaluated at each moment at
//! which they would have been.

use std::collections::BTreeMap;

use e2e::{Failure, Http};
use serde_json::Value;

use super::PATIENCE;
use super::engines::Store;
use super::rules::Rule;

/// Samples by moments in milliseconds, relative to the present.
pub(crate) type Line = Vec<(i64, f64)>;

/// A series' labels, the name of a metric not among them.
pub(crate) type Labels = BTreeMap<String, String>;

/// Evaluates a rule at every step up to the present, over a span; times in seconds.
pub(crate) fn recorded(
    store: &Store,
    rule: &Rule,
    present: i64,
    span: i64,
    step: i64,
) -> Result<Vec<(Labels, Line)>, Failure> {
    let mut lines: BTreeMap<Labels, Line> = BTreeMap::new();
    let mut start = present - span + step;
    while start <= present {
        let end = present.min(start + (MOST_POINTS - 1) * step);
        for (mut labels, line) in range(store, &rule.expr, start, end, step)? {
            labels.remove("__name__");
            labels.extend(rule.labels.iter().cloned());
            let line = line.into_iter().map(|(at, value)| (at - present * 1_000, value));
            lines.entry(labels).or_default().extend(line);
        }
        start = end + step;
    }
    Ok(lines.into_iter().collect())
}

fn range(store: &Store, query: &str, start: i64, end: i64, step: i64) -> Result<Vec<(Labels, Line)>, Failure> {
    let url = format!("{}/api/v1/query_range", store.server.url());
    let [start, end, step] = [start, end, step].map(|seconds| seconds.to_string());
    // `nocache` is VictoriaMetrics': it would move the start to a round step.
    let fields = [
        ("query", query),
        ("start", &start),
        ("end", &end),
        ("step", &step),
        ("nocache", "1"),
    ];
    let reply = Http::waiting(PATIENCE).post_form(&url, &fields)?;
    let json: Value = serde_json::from_str(&reply.body)?;
    let result = json["data"]["result"].as_array();
    let result = result.ok_or_else(|| Failure::new(format!("{query}: {}", reply.body)))?;
    let read = |series: &Value| Some((labels(&series["metric"])?, line(&series["values"])?));
    let lines: Option<Vec<_>> = result.iter().map(read).collect();
    lines.ok_or_else(|| Failure::new(format!("{query} is answered with something else than samples")))
}

fn labels(metric: &Value) -> Option<Labels> {
    let label = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    metric.as_object()?.iter().map(label).collect()
}

/// Whole milliseconds, which both engines write with at most three decimals.
#[expect(clippy::cast_possible_truncation, reason = "moments are far below 2^53 milliseconds")]
fn line(values: &Value) -> Option<Line> {
    let sample = |pair: &Value| {
        let at = (pair[0].as_f64()? * 1_000.0).round() as i64;
        Some((at, pair[1].as_str()?.parse().ok()?))
    };
    values.as_array()?.iter().map(sample).collect()
}

/// Prometheus' limit is 11,000 points a series.
const MOST_POINTS: i64 = 10_000;
