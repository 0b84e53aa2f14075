//! `slo gate`: what an engine knows of a service, as evidence for the gate of `slo-core`.

mod announce;
mod asking;
pub mod audit;
mod evidence;
mod marker;
mod queries;
mod target;
#[cfg(test)]
mod tests;

pub use self::announce::{Announcement, Sink};
pub use self::evidence::gather;
pub(crate) use self::evidence::{count, outcome_of, share};
pub use self::marker::Marker;
pub use self::target::Target;
