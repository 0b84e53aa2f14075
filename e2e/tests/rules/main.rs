//! The rules that `slo rules` writes, through the real tools and on the real engines.

mod blocks;
mod budgets;
mod checks;
mod engines;
mod generated;
mod pages;
mod replay;
mod rule_text;
mod text;
mod tools;
mod traffic;
mod unit;
mod wild;
