//! Definitions as text: pure, in a stable order.

pub(crate) mod alerting;
pub(crate) mod annotations;
pub(crate) mod codes;
pub(crate) mod counters;
pub(crate) mod document;
pub(crate) mod fleet;
mod identity;
pub(crate) mod own;
pub(crate) mod promql;
pub(crate) mod recording;
pub(crate) mod rule_file;
mod status;
pub(crate) mod subject;
pub(crate) mod summary;
mod unit_tests;
pub(crate) mod units;
pub(crate) mod yaml;
