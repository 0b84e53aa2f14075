//! Definitions as text: pure, in a stable order.

pub(crate) mod codes;
pub(crate) mod dashboard;
pub(crate) mod document;
pub(crate) mod json;
pub(crate) mod manifest;
pub(crate) mod manual;
pub(crate) mod paint;
mod plain;
pub(crate) mod recorded;
pub(crate) mod schema;
pub(crate) mod short_name;
pub(crate) mod summary;
pub(crate) mod units;

pub(crate) use plain::plain;
