//! What life needs to know before the process begins to measure.

#[cfg(feature = "store")]
use std::path::{Path, PathBuf};

use slo_core::alert::AlertPolicy;
use slo_core::{BudgetLevels, SloSet, SloTracker, Tick};

use super::LifeState;
#[cfg(feature = "store")]
use super::memory;
use crate::ReliabilityBuilder;
use crate::shared::REQUESTS_WINDOW;

/// The builder's options.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    policy: AlertPolicy,
    levels: BudgetLevels,
    #[cfg(feature = "store")]
    snapshot_file: Option<PathBuf>,
}

impl ReliabilityBuilder {
    /// When somebody is told that a budget burns; [`AlertPolicy::standard`] unless said otherwise.
    pub fn alert_policy(mut self, policy: AlertPolicy) -> Self {
        self.life.policy = policy;
        self
    }

    /// Where a [`BudgetHandle`](crate::BudgetHandle) says low and exhausted.
    pub fn budget_levels(mut self, levels: BudgetLevels) -> Self {
        self.life.levels = levels;
        self
    }

    /// Remembers windows across restarts in this file, whose folder must be there.
    ///
    /// [`build`](Self::build) reads it, which is the only I/O that it does; [`Reliability::run`](crate::Reliability::run)
    /// writes it. One process writes a file at a time: give each instance its own.
    ///
    /// What a process before this one counted is in the windows of this one, and never in its exported totals, which the
    /// engine has already. Requests that were in flight when it was killed are counted as bad (`lost`), as far as its last
    /// snapshot knew of them: in the built-in `requests` and in each SLO that names their route and method. SLOs of marked
    /// routes lose none: marks are learnt later.
    ///
    /// A file that is damaged, another service's or a later release's is logged and kept aside, and measuring begins anew.
    /// Counts of an SLO whose rules changed since ([`Slo::counting_rules`](slo_core::Slo::counting_rules)) are left out.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use slo_axum::{Life, Reliability};
    /// use slo_core::{EventsSli, Outcome, Slo, SloSet, Window};
    ///
    /// # let folder = std::env::temp_dir().join(format!("slo-axum-doc-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// let process = || -> Result<Reliability, Box<dyn std::error::Error>> {
    ///     let mails = Slo::new("mails", EventsSli::of("mails"), "99%".parse()?, Window::days(30)?);
    ///     let builder = Reliability::builder(SloSet::builder("shop").slo(mails).build()?);
    ///     Ok(builder.snapshot_file(folder.join("shop.snapshot")).build()?)
    /// };
    /// let first = process()?;
    /// let life = first.run(Life::default())?;
    /// first.events("mails")?.record(Outcome::Good);
    /// life.shutdown(Duration::from_secs(5))?;
    ///
    /// let second = process()?.status();
    /// assert_eq!(second.slos[0].events.good(), 1);
    /// assert_eq!(second.slos[0].totals.good(), 0);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "store")]
    pub fn snapshot_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.life.snapshot_file = Some(path.into());
        self
    }
}

impl Setup {
    /// The trackers, `requests` first, with what is remembered of them; and the state of life beside them.
    pub(crate) fn begin(self, slos: &SloSet, started: Tick) -> (Vec<SloTracker>, LifeState) {
        #[cfg(feature = "store")]
        if let Some(path) = &self.snapshot_file {
            return self.remembering(path, slos, started);
        }
        let state = LifeState::new(slos, &self.policy, &[], self.levels);
        (anew(slos, started), state)
    }

    #[cfg(feature = "store")]
    fn remembering(&self, path: &Path, slos: &SloSet, started: Tick) -> (Vec<SloTracker>, LifeState) {
        let (file, snapshot) = memory::load(path, slos.service());
        let (trackers, alerts, told) = match snapshot {
            Some(snapshot) => {
                let restored = memory::restore(slos, &snapshot, started);
                (restored.trackers, restored.alerts, Some(restored.told))
            }
            None => (anew(slos, started), Vec::new(), None),
        };
        let mut state = LifeState::new(slos, &self.policy, &alerts, self.levels);
        state.memory = Some(memory::Memory::new(file, told));
        (trackers, state)
    }
}

fn anew(slos: &SloSet, started: Tick) -> Vec<SloTracker> {
    // The built-in SLI first: `REQUESTS_TRACKER`.
    let requests = SloTracker::events(REQUESTS_WINDOW, started);
    let declared = slos.slos().iter().map(|slo| SloTracker::of(slo, started));
    std::iter::once(requests).chain(declared).collect()
}
