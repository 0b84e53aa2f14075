//! The rules that `slo rules` writes, through the real tools and on the real engines.

mod budgets;
mod checks;
mod pages;
mod tools;
mod unit;
