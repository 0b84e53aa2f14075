//! The probe kit: what the Blackbox exporter, Prometheus and Alertmanager need to watch a health endpoint from outside.
//!
//! Everything is text, made from one [`ProbeKit`], the same byte for byte each time. Nothing here does I/O or needs the
//! endpoint itself, so a tool can render it from a spec.
//!
//! ```
//! use slo_core::{Slo, SyntheticSli, Window};
//! use slo_health::probe::{ProbeKit, ProbeTarget};
//!
//! let sli = SyntheticSli::new("/real-price/synthetic/health");
//! let slo = Slo::new("real-price-freshness", sli, "99%".parse()?, Window::days(30)?);
//! let kit = ProbeKit::builder("real-estate")
//!     .environment("prod")
//!     .target(ProbeTarget::new("https://real-estate.example")?)
//!     .slo(&slo)
//!     .build()?;
//!
//! assert!(kit.blackbox_config().contains("valid_status_codes"));
//! assert!(kit.scrape_config(&"blackbox:9115".parse()?).contains("- https://real-estate.example/real-price/synthetic/health"));
//! assert!(kit.recording_rules().contains("slo_health:probe_state"));
//! assert!(kit.alerting_rules().contains("SloHealthStale"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is recorded
//!
//! One probe finds exactly one [`ProbeState`] of seven. Series of a target have all labels of the target; series of the
//! SLO have `job`, `slo_name`, `service_name` and, where given, `service_namespace` and `deployment_environment_name`.
//! The names differ from the `slo:…` ones of the fleet's rules on purpose: those are made of events that a process
//! judged, these of what a prober saw.
//!
//! | name | per | what, and every how long |
//! | --- | --- | --- |
//! | `slo_health:probe_state{state}` | target | 0 or 1, seven states that sum to 1; each interval |
//! | `slo_health:data_age_seconds` | target | s since the newest business event, where the service tells it; each interval |
//! | `slo_health:error_ratio:rate{5m,30m,1h,…}` | SLO | bad / valid probes of the last so long; each minute up to `6h`, longer ones from tiles |
//! | `slo_health:burn_rate:{1h,6h,…}` | SLO | that over the budget, of the long windows of pages: `56m` and `5h36m` of 28 days |
//! | `slo_health:probes:sum5m{state,slo_outcome}` | SLO | probes of 5 min, the tiles of what is long; each 5 min, as what follows |
//! | `slo_health:fresh_ratio:period` | SLO | good / valid probes of the window: the SLI |
//! | `slo_health:error_ratio:period` | SLO | bad / valid probes of the window |
//! | `slo_health:error_budget_remaining:ratio` | SLO | 1 untouched, 0 at the limit, negative when broken |
//! | `slo_health:error_budget_spent:ratio{state}` | SLO | the share of the budget that each bad state spent |
//! | `slo_health:coverage:ratio` | SLO | probes seen, of those that a whole window has; at most 1 |
//!
//! Good is `fresh`; bad are `stale`, `check_error` and `check_timeout`; the others are what the SLO's
//! [`DownCounts`](slo_core::DownCounts) says. A ratio without a valid probe is not recorded; NaN never is. Burn windows
//! and factors are those of [`AlertPolicy::standard`](slo_core::alert::AlertPolicy::standard), scaled to the window.
//!
//! # Limits
//!
//! - Rolling windows only: where a calendar period began no probe knows.
//! - The engine must keep the whole window and one day: Prometheus' own default is 15 days.
//! - For `https` a TLS handshake that fails reads as `hung`: a connection was made and no answer came.
//! - In `vmalert` a rule sees the other rules of its group as of their last pass: what is made of tiles is up to 5 min
//!   behind.

mod access;
mod alerting;
mod blackbox;
mod builder;
mod codes;
mod error;
mod inhibit;
mod labels;
mod mute;
mod promise;
mod recording;
mod scrape;
#[cfg(feature = "serve")]
mod serve;
mod set;
mod states;
mod target;
mod template;
mod timing;

use std::time::Duration;

pub use self::access::ProbeAccess;
pub use self::builder::ProbeKitBuilder;
pub use self::codes::ProbeCodes;
pub use self::error::ProbeKitError;
pub use self::mute::QuietTime;
pub use self::set::ProbeKits;
pub use self::states::ProbeState;
pub use self::target::{ExporterAddress, ProbeTarget};
use self::{
    labels::{Identity, Labels},
    promise::{Promise, Told},
    timing::Timing,
};

/// Everything that watches one health endpoint from outside, checked as a whole. See the [module](self).
#[derive(Clone, Debug)]
#[must_use]
pub struct ProbeKit {
    job: String,
    /// The job whose probes it reads: its own, or that of a kit that probes the same.
    source: String,
    identity: Identity,
    targets: Vec<ProbeTarget>,
    path: String,
    labels: Labels,
    timing: Timing,
    codes: ProbeCodes,
    access: ProbeAccess,
    module: String,
    promise: Option<Promise>,
    told: Told,
    page_after: Duration,
    ticket_after: Duration,
    runbook: Option<String>,
}

impl ProbeKit {
    /// Starts the kit of a service: the name in its telemetry's `service.name`.
    pub fn builder(service: impl Into<String>) -> ProbeKitBuilder {
        ProbeKitBuilder::new(service.into())
    }

    /// The name of the scrape job, by which every rule selects: `slo-health/` and the service, environment and SLO.
    #[must_use]
    pub fn job(&self) -> &str {
        &self.job
    }

    /// The job whose probes the rules read: [`job`](Self::job), unless another kit of its
    /// [`ProbeKits`] probes the same addresses in the same way.
    #[must_use]
    pub fn probes_job(&self) -> &str {
        &self.source
    }

    /// Whether it reads the probes of another kit.
    fn is_guest(&self) -> bool {
        self.source != self.job
    }

    /// The path that is probed.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// How often each target is probed.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        self.timing.interval
    }

    /// After what a scrape of the exporter is given up.
    #[must_use]
    pub const fn scrape_timeout(&self) -> Duration {
        self.timing.scrape_timeout
    }

    /// After what the exporter gives up a target.
    #[must_use]
    pub const fn module_timeout(&self) -> Duration {
        self.timing.module_timeout
    }

    /// The name of the exporter's module that tells the seven states apart.
    #[must_use]
    pub fn states_module(&self) -> String {
        format!("{}_answered", self.module)
    }

    /// What is probed, as it was given, in the order of [`addresses`](Self::addresses).
    pub fn targets(&self) -> &[ProbeTarget] {
        &self.targets
    }

    /// The full addresses that are probed, each the label `instance` of its series.
    pub fn addresses(&self) -> impl Iterator<Item = String> {
        self.targets.iter().map(|target| self.address(target))
    }

    fn address(&self, target: &ProbeTarget) -> String {
        format!("{}{}", target.base(), self.path)
    }
}
