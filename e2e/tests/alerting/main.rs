//! An outage of the example, as people live through it: the fleet's rules, written by `slo rules`, over what the example
//! itself pushes; the page and its ticket in a real Alertmanager; and their end. And: nothing is asked for that nobody emits.
//!
//! The rules are those that are installed, but for one thing: each group is evaluated every second. The hours before are
//! given: tiles and a budget as the rules would have recorded them while hardly anybody came.

mod asked;
mod lane;
mod metric_names;
mod outage;
mod people;
mod tiers;
mod traffic;
