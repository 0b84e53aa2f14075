//! What is said of several SLOs together.

use serde::Serialize;
use slo_core::{BudgetLevel, BudgetState, Composite, ErrorBudget, Events, Ratio, Slo, Target, Window};

use super::{Burn, shown};
use crate::shared::Trackers;

/// One SLO made of others: the mean of their SLIs, by weight. See [`Composite`].
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CompositeStatus {
    /// Its name.
    pub name: String,
    /// The promise in one sentence.
    pub promise: Option<String>,
    /// The journey it belongs to.
    pub journey: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// `draft` or `agreed`.
    pub status: slo_core::Status,
    /// The share that must be good.
    pub objective: Target,
    /// The period over which it must hold.
    pub window: Window,
    /// The mean of the members' SLIs in the window, 0 to 1; `None` when every member is silent.
    pub sli_ratio: Option<f64>,
    /// The share of the window that was measured of the least measured member that is not silent, 0 to 1.
    pub coverage_ratio: f64,
    /// What can be said of its budget.
    pub state: BudgetState,
    /// The share of the budget that is left: at most 1, negative when broken; `None` when every member is silent.
    pub remaining_ratio: Option<f64>,
    /// What [`BudgetHandle`](crate::BudgetHandle)s say of it.
    pub level: BudgetLevel,
    /// Burn rates over the last 5 minutes, hour and 6 hours.
    pub burn: Vec<Burn>,
    /// The members.
    pub members: Vec<MemberStatus>,
}

/// A member of a composite.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct MemberStatus {
    /// Its name.
    pub name: String,
    /// Its weight, relative to the others'.
    pub weight: u32,
    /// Its events in the composite's window.
    pub events: Events,
    /// Its SLI, 0 to 1; `None` of a silent member, whose weight the others share.
    pub sli_ratio: Option<f64>,
}

impl CompositeStatus {
    pub(super) fn new(slo: &Slo, trackers: &Trackers<'_>, level: BudgetLevel) -> Option<Self> {
        let read = |window| composite(slo, trackers, window);
        let now = read(slo.window())?;
        let burn = |window| Some((window, read(window)?.burn_rate_f64()));
        let members = now.members().iter().map(|member| MemberStatus {
            name: member.name().to_owned(),
            weight: member.weight(),
            events: member.events(),
            sli_ratio: member.events().sli().map(Ratio::as_ratio_f64),
        });
        Some(Self {
            name: slo.name().to_owned(),
            promise: slo.promise_sentence().map(ToOwned::to_owned),
            journey: slo.journey_name().map(ToOwned::to_owned),
            owner: slo.owner_name().map(ToOwned::to_owned),
            status: slo.current_status(),
            objective: slo.target(),
            window: slo.window(),
            sli_ratio: now.sli_ratio_f64(),
            coverage_ratio: now.coverage().as_ratio_f64(),
            state: now.state(),
            remaining_ratio: now.remaining_ratio_f64(),
            level,
            burn: shown(slo.window())
                .filter_map(burn)
                .map(|(window, rate)| Burn { window, rate })
                .collect(),
            members: members.collect(),
        })
    }
}

/// One journey of a user: its SLOs together.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct JourneyStatus {
    /// Its name.
    pub name: String,
    /// Whether one of its SLOs is agreed; drafts count only while all are drafts.
    pub agreed: bool,
    /// The state of its worst SLO.
    pub state: BudgetState,
    /// The SLOs in that state.
    pub because: Vec<String>,
    /// All its SLOs.
    pub slos: Vec<String>,
}

impl JourneyStatus {
    pub(crate) fn all(trackers: &Trackers<'_>) -> Vec<Self> {
        let owned = |names: &mut dyn Iterator<Item = &str>| names.map(ToOwned::to_owned).collect();
        let told = trackers.slos.journeys().into_iter().map(|journey| {
            let health = journey.health(|slo| state(slo, trackers));
            Self {
                name: journey.name().to_owned(),
                agreed: journey.is_agreed(),
                state: health.state(),
                because: owned(&mut health.because().iter().copied()),
                slos: owned(&mut journey.slos().iter().map(|slo| slo.name())),
            }
        });
        told.collect()
    }
}

fn state(slo: &Slo, trackers: &Trackers<'_>) -> BudgetState {
    if let Some(composite) = composite(slo, trackers, slo.window()) {
        return composite.state();
    }
    let Some(tracker) = trackers.of(slo.name()) else {
        return BudgetState::NoData;
    };
    ErrorBudget::of(slo.target(), tracker.read(trackers.now, slo.window())).state()
}

/// The composite over one window; `None` of an SLO that is none.
pub(super) fn composite(slo: &Slo, trackers: &Trackers<'_>, window: Window) -> Option<Composite> {
    let read = |name: &str| Some(trackers.of(name)?.read(trackers.now, window));
    Some(slo.composite()?.read(slo.target(), read))
}
