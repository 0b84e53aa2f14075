//! The rules that `slo rules` writes, through the real tools and on the real engines.
//!
//! | what is to be shown | by |
//! | --- | --- |
//! | every flavour through `promtool check rules` with fatal lint, `vmalert -dryRun`, `amtool`; counts of rules | `checks` |
//! | unit tests that `--tests` writes pass, and fail when a rule is changed | `generated` |
//! | B01 to B13 on the fleet's rules: when pages come and go | `pages` |
//! | the same: what is recorded, tickets, the trickle, rollouts, calendar windows | `budgets` |
//! | B01 to B13 for every kind of SLI, for 7, 28, 30 and 90 days, on one's own rules | `kinds` |
//! | every window, factor, comparison and clause changed, of definitions, too: some case notices | `mutants` |
//! | while a rollout changes the window of an SLO, somebody is told | `rollouts` |
//! | a month on both engines: ratio of its tiles within 1e-9, close to slo-core; an SLO added, a target changed | `engines` |
//! | random services with restarts, replicas and lost pushes, on both engines, by `job` and by `target_info` | `engines` |
//! | who tells of an SLO: the fleet's rules, rules of its own, nobody; its tier | `telling` |
//! | how much of a window of minutes was seen, whenever it is asked | `phases` |
//! | what a page says, word for word | `text` |
//! | an outage of the example: page, ticket, inhibition, end, on both engines | `alerting/outage` |
//! | every metric that is asked for is emitted by the example or recorded | `alerting/asked` |
//! | every query of every panel answered | `dashboards` |

mod blocks;
mod budgets;
mod cases;
mod checks;
mod dies;
mod engines;
mod generated;
mod kinds;
mod mutants;
mod pages;
mod phases;
mod places;
mod planned;
mod replay;
mod rollouts;
mod rule_text;
mod telling;
mod text;
mod tools;
mod traffic;
mod unit;
mod wild;
