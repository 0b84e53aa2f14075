//! The rules that `slo rules` writes, through the real tools and on the real engines.

mod budgets;
mod checks;
mod engines;
mod generated;
mod pages;
mod planned;
mod text;
mod tools;
mod traffic;
mod unit;
