//! The layer as its users meet it: requests in, exported metric points and status JSON out.

mod attributes;
mod endings;
mod measured;
#[cfg(feature = "sdk")]
mod sdk;
mod status;
