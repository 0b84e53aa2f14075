//! The names of the series that rules record, in one place.
//!
//! Each has the labels of a service (`service_name`, `service_namespace`, `deployment_environment_name`) and `slo_name`;
//! those of a probe have the labels of its target.

/// Share of valid events that were bad, over 1 hour.
pub(crate) const ERROR_RATIO_1H: &str = "slo:error_ratio:rate1h";
/// Share of valid events that were bad, over 6 hours.
pub(crate) const ERROR_RATIO_6H: &str = "slo:error_ratio:rate6h";
/// Share of valid events that were bad, over the SLO's own window.
pub(crate) const ERROR_RATIO_PERIOD: &str = "slo:error_ratio:period";
/// Error ratio of 1 hour over the error budget.
pub(crate) const BURN_RATE_1H: &str = "slo:burn_rate:1h";
/// Error ratio of 6 hours over the error budget.
pub(crate) const BURN_RATE_6H: &str = "slo:burn_rate:6h";
/// What is left of the error budget: 1 untouched, 0 spent, negative when broken.
pub(crate) const BUDGET_REMAINING: &str = "slo:error_budget_remaining:ratio";
/// Share of the SLO's window for which there is data.
pub(crate) const COVERAGE: &str = "slo:coverage:ratio";

/// What a probe found: 1 for the present `state` of seven, 0 for the others.
pub(crate) const PROBE_STATE: &str = "slo_health:probe_state";
/// Age of the newest data as a probe saw it, in seconds.
pub(crate) const DATA_AGE: &str = "slo_health:data_age_seconds";
