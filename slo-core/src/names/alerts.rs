//! The words by which people are told: names of alerts, their labels and their annotations.
//!
//! Rules on events and rules on probes say the same things under the same names, so one route and one template of
//! Alertmanager does for both.

/// An error budget burns, by the events that services push.
pub const BUDGET_BURN: &str = "SloErrorBudgetBurn";
/// A service that had traffic pushes nothing any more.
pub const DATA_MISSING: &str = "SloDataMissing";
/// No service of an environment pushes anything any more.
pub const NOBODY_PUSHES: &str = "SloNobodyPushes";

/// How the names of all alerts on probes begin.
pub const PROBES_BEGIN: &str = "SloHealth";
/// A target gives no answer of its own.
pub const PROBE_DOWN: &str = "SloHealthDown";
/// A target serves data that is older than promised, or none.
pub const PROBE_STALE: &str = "SloHealthStale";
/// A target cannot tell how old its data is.
pub const PROBE_CHECK_BROKEN: &str = "SloHealthCheckBroken";
/// Nobody knows what a target would answer.
pub const PROBE_UNOBSERVED: &str = "SloHealthUnobserved";
/// A freshness budget burns so fast that somebody is paged.
pub const PROBE_FAST_BURN: &str = "SloHealthFastBurn";
/// A freshness budget burns slowly.
pub const PROBE_SLOW_BURN: &str = "SloHealthSlowBurn";

/// The label with an alert's name, which engines give.
pub const ALERT_NAME: &str = "alertname";
/// The label that says how urgent an alert is.
pub const SEVERITY: &str = "severity";
/// The label that says how much an SLO matters.
pub const TIER: &str = "tier";
/// The label of alerts on probes that says which: the job of the scrapes, shared by the SLOs of one endpoint.
pub const PROBES: &str = "slo_probes";

/// The annotation with what is wrong, in one line.
pub const SUMMARY: &str = "summary";
/// The annotation with how things stand.
pub const DESCRIPTION: &str = "description";
/// The annotation with what to do first.
pub const ACTION: &str = "action";
/// The annotation with the promise in one sentence.
pub const PROMISE: &str = "promise";
/// The annotation with who answers for the promise.
pub const OWNER: &str = "owner";
/// The annotation with a link to what to do.
pub const RUNBOOK_URL: &str = "runbook_url";
/// The annotation with a link to the numbers.
pub const DASHBOARD_URL: &str = "dashboard_url";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_on_probes_are_known_by_how_they_begin_and_others_are_not() {
        for name in [
            PROBE_DOWN,
            PROBE_STALE,
            PROBE_CHECK_BROKEN,
            PROBE_UNOBSERVED,
            PROBE_FAST_BURN,
            PROBE_SLOW_BURN,
        ] {
            assert!(
                name.len() > PROBES_BEGIN.len() && name.starts_with(PROBES_BEGIN),
                "{name}"
            );
        }
        for name in [BUDGET_BURN, DATA_MISSING, NOBODY_PUSHES] {
            assert!(!name.starts_with(PROBES_BEGIN), "{name}");
        }
    }
}
