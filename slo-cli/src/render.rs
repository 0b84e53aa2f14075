//! Definitions as text: pure, in a stable order.

pub(crate) mod codes;
pub(crate) mod dashboard;
pub(crate) mod document;
pub(crate) mod manifest;
mod plain;
pub(crate) mod recorded;
pub(crate) mod short_name;
pub(crate) mod summary;
pub(crate) mod units;

pub(crate) use plain::plain;
