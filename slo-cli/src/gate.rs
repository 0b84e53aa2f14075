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
pub use self::marker::Marker;
pub(crate) use self::queries::boundary;
pub use self::target::Target;
