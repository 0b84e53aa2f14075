//! Health endpoints from the outside: when the data is read, what is answered, and to whom how much is told.

mod acceptance;
mod allocations;
mod common;
mod database;
mod details;
mod feed;
#[cfg(feature = "tonic-health")]
mod grpc;
mod http;
mod proof;
mod refresh;
mod runner;
mod seen;
mod stress;
#[cfg(feature = "otel")]
mod telemetry;
mod watched;
