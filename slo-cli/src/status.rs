//! `slo status`: how every promise of every service stands, as an engine knows it from `slo.*` metrics alone.
//!
//! No spec is needed: definitions travel with the events. What is counted comes from the raw counters where the engine can
//! add them up, else from the series that rules record ([`CountedFrom`]); budgets and alerts are the arithmetic of
//! `slo-core`. What could not be seen is a state of its own or a doubt, never a good number.

mod alerts;
mod burn_down;
mod counts;
mod definitions;
mod filter;
mod freshness;
mod gather;
mod gone;
mod identity;
mod inquiry;
mod overview;
mod queries;
mod runs;
mod span;
mod standing;
#[cfg(test)]
mod tests;

pub use self::filter::Filter;
pub use self::gather::{Wanted, gather};
pub use self::identity::Whose;
pub use self::overview::{
    Alert, AlertFrom, Burn, BurnDown, Check, CountedFrom, Mismatch, Overview, Promise, Runs, Seen, SeenBy,
};
pub(crate) use self::overview::{COMPOSITE, COUNTED_BY_ENGINE};
pub use self::span::Span;
pub use self::standing::{Group, Standing};
