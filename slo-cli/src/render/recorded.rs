//! The names of the series that rules record: what writes rules and what reads their series, dashboards and the text of
//! alerts, have them from here.
//!
//! Each has the labels of a service (`service_name`, `service_namespace`, `deployment_environment_name`) and `slo_name`.

use core::fmt::Display;

/// The label of budgets, tiles, starts and planned times that the rules of one spec record, from which they make all else:
/// those of a fleet record none of it again.
///
/// See `docs/adr/087-a-fleet-adds-up-its-own-tiles-only.md`.
pub(crate) const RULES_LABEL: &str = "slo_rules";
/// What that label says.
pub(crate) const OWN_RULES: &str = "own";

/// Share of valid events that were bad, over the SLO's own window.
pub(crate) const PERIOD_RATIO: &str = "slo:error_ratio:period";
/// Bad events of the SLO's own window.
pub(crate) const PERIOD_BAD: &str = "slo:bad_events:period";
/// What is left of the error budget: 1 untouched, 0 spent, negative when broken.
pub(crate) const REMAINING: &str = "slo:error_budget_remaining:ratio";
/// Share of the SLO's window for which there is data.
pub(crate) const COVERAGE: &str = "slo:coverage:ratio";
/// The error budget of an SLO whose window is this one.
pub(crate) const BUDGET: &str = "slo:error_budget:ratio";
/// When the present calendar period began.
pub(crate) const START: &str = "slo:window_start:seconds";
/// When the planned time that runs now ends; nothing while none does.
pub(crate) const EXCLUSION_END: &str = "slo:exclusion_end:seconds";
/// When a planned time ends as it was said last, 0 between planned times: where there are any.
pub(crate) const EXCLUSION_SAID: &str = "slo:exclusion_said:seconds";
/// How long the window is.
pub(crate) const WINDOW: &str = "slo:window:seconds";
/// There for SLOs that a process of ours says nothing of, with the words of their spec as labels: to be shown, not to be
/// added up.
pub(crate) const SPEC: &str = "slo:spec:info";
/// 1 at each evaluation: whether rules could have seen anything.
pub(crate) const HEARTBEAT: &str = "slo:rules:heartbeat";
/// There for SLOs that are agreed, not for drafts, with who tells of them and their tier: to be matched, not to be added up.
pub(crate) const AGREED: &str = "slo:status:agreed";
/// There for SLOs whose alerts are told by rules of their own beside those of a fleet.
pub(crate) const BESIDE: &str = "slo:alerts:beside_fleet";
/// Bad events of five minutes.
pub(crate) const BAD_TILES: &str = "slo:bad_events:increase5m";
/// Valid events of five minutes.
pub(crate) const VALID_TILES: &str = "slo:valid_events:increase5m";
/// Bad events of a minute, where planned times are left out by rules: what shorter windows are added up from.
pub(crate) const BAD_MINUTES: &str = "slo:bad_events:increase1m";
/// Valid events of a minute.
pub(crate) const VALID_MINUTES: &str = "slo:valid_events:increase1m";

/// Share of valid events that were bad, over a length of time like `1h`.
pub(crate) fn error_ratio(length: impl Display) -> String {
    format!("slo:error_ratio:rate{length}")
}

/// Bad events of a length of time.
pub(crate) fn bad_events(length: impl Display) -> String {
    format!("slo:bad_events:increase{length}")
}

/// Error ratio of a length of time over the error budget.
pub(crate) fn burn_rate(length: impl Display) -> String {
    format!("slo:burn_rate:{length}")
}
