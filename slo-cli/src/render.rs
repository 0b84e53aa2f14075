//! Definitions as text: pure, in a stable order.

pub(crate) mod codes;
pub(crate) mod document;
pub(crate) mod summary;
pub(crate) mod units;
