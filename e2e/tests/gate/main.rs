//! `slo gate` on the real servers.

mod bypass;
mod decisions;
mod deploy;
mod instance;
mod mailers;
mod services;
mod table;
mod tool;
