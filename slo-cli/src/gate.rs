//! `slo gate`: what an engine, or one instance, knows of a service, as evidence for the gate of `slo-core`; and who is told.

pub mod audit;
mod budgets;
mod by_engine;
mod evidence;
mod freshness;
mod instance;
mod latency;
mod marker;
mod notice;
mod otlp;
mod post;
mod presence;
mod protobuf;
mod queries;
mod spool;
mod target;
#[cfg(test)]
mod tests;
mod told;
mod trailers;

pub use self::evidence::gather;
pub use self::instance::ask_instance;
pub use self::marker::Marker;
pub(crate) use self::notice::Notice;
pub use self::otlp::{Collector, CollectorError};
pub(crate) use self::spool::Spool;
pub use self::target::Target;
pub use self::told::Sinks;
pub(crate) use self::told::tell;
