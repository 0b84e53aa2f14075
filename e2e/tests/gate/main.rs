//! `slo gate` on the real servers.

mod backfill;
mod bypass;
mod decisions;
mod services;
mod table;
mod tool;
