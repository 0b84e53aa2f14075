//! Definitions as text: pure, in a stable order.

pub(crate) mod codes;
pub(crate) mod document;
mod plain;
pub(crate) mod promql;
pub(crate) mod summary;
pub(crate) mod units;
pub(crate) mod verdict;

pub(crate) use plain::plain;
