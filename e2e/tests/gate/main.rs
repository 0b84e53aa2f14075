//! `slo gate` on the real servers.

mod backfill;
mod bypass;
mod services;
mod table;
mod tool;
