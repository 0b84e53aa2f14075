//! The layer as its users meet it: requests in, exported metric points and status JSON out.

mod allocations;
mod attributes;
mod conventions;
mod endings;
mod folding;
#[cfg(feature = "grpc")]
mod grpc;
mod hostile;
mod marks;
mod measured;
mod options;
mod planned;
mod routing;
#[cfg(feature = "sdk")]
mod sdk;
mod status;
