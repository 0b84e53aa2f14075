//! Definitions as text: pure, in a stable order.

pub(crate) mod alerting;
pub(crate) mod annotations;
mod beside_probes;
pub(crate) mod codes;
pub(crate) mod counters;
pub(crate) mod dashboard;
mod dates;
pub(crate) mod diagnosis;
pub(crate) mod document;
mod engine_counters;
mod example_series;
pub(crate) mod fleet;
mod identity;
pub(crate) mod json;
pub(crate) mod manifest;
pub(crate) mod manual;
pub(crate) mod own;
pub(crate) mod paint;
mod plain;
mod planned;
pub(crate) mod probes;
pub(crate) mod promql;
pub(crate) mod recorded;
pub(crate) mod recording;
pub(crate) mod routing;
pub(crate) mod rule_file;
pub(crate) mod schema;
pub(crate) mod short_name;
mod status;
pub(crate) mod status_chart;
pub(crate) mod status_html;
pub(crate) mod status_json;
pub(crate) mod status_text;
pub(crate) mod status_words;
pub(crate) mod subject;
pub(crate) mod summary;
mod telling;
pub(crate) mod unit_tests;
pub(crate) mod units;
pub(crate) mod verdict;
pub(crate) mod whose;

pub(crate) use plain::{plain, plain_json, shown};

/// What stands at the top of a file that nobody should change by hand.
pub(crate) fn written_by(command: &str) -> String {
    format!("Written by `slo {command}`; write it again instead of changing it.")
}
