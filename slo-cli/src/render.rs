//! Definitions as text: pure, in a stable order.

pub(crate) mod alerting;
pub(crate) mod annotations;
pub(crate) mod codes;
pub(crate) mod counters;
pub(crate) mod dashboard;
pub(crate) mod document;
pub(crate) mod fleet;
mod identity;
pub(crate) mod json;
pub(crate) mod manifest;
pub(crate) mod manual;
pub(crate) mod own;
pub(crate) mod paint;
mod plain;
pub(crate) mod promql;
pub(crate) mod recorded;
pub(crate) mod recording;
pub(crate) mod rule_file;
mod scalar;
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
mod unit_tests;
pub(crate) mod units;
pub(crate) mod verdict;
pub(crate) mod yaml;

pub(crate) use plain::plain;
