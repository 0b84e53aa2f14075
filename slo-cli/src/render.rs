//! Definitions as text: pure, in a stable order.

pub(crate) mod codes;
pub(crate) mod document;
pub(crate) mod json;
pub(crate) mod manual;
pub(crate) mod paint;
pub(crate) mod schema;
pub(crate) mod summary;
pub(crate) mod units;
