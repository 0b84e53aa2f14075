//! Where the status is put together.

use std::collections::HashSet;

use slo_core::alert::Evaluation;
use slo_core::{BudgetLevel, BudgetLevels, ErrorBudget, Sli, Slo, Tick};

use super::several::composite;
use super::{AlertStatus, CompositeStatus, JourneyStatus, RequestsStatus, RouteStatus, SloStatus, Status};
use crate::routes::REQUESTS_TRACKER;
use crate::shared::{Shared, Trackers};

/// One SLO, whatever its kind.
pub(crate) enum OneStatus {
    Slo(Box<SloStatus>),
    Composite(Box<CompositeStatus>),
}

impl Shared {
    pub(crate) fn status_at(&self, now: Tick) -> Status {
        let trackers = self.trackers_at(now);
        let seen: HashSet<&str> = self.routes.templates().collect();
        let rows = self.routes.red().map(|(route, red)| RouteStatus::new(route, red, now));
        let mut rows: Vec<_> = rows.collect();
        rows.sort_unstable_by(|left, right| left.route.cmp(&right.route));
        let slos: Vec<_> = (0..self.slos.slos().len())
            .filter_map(|place| self.slo_status(place, &trackers, &seen))
            .collect();
        let mut unseen_routes: Vec<_> = slos.iter().flat_map(|slo| slo.unseen_routes.clone()).collect();
        unseen_routes.sort_unstable();
        unseen_routes.dedup();
        let composites = (0..self.slos.slos().len()).filter_map(|place| self.composite_status(place, &trackers));
        Status {
            service: self.slos.service().to_owned(),
            namespace: self.names.namespace.clone(),
            environment: self.names.environment.clone(),
            version: self.names.version.clone(),
            instance_id: self.instance_id.clone(),
            scope: "instance",
            started_at: self.anchor.started().into(),
            at: now.into(),
            in_flight: self.in_flight(),
            requests: RequestsStatus::new(self.trackers[REQUESTS_TRACKER].at(now), now),
            slos,
            composites: composites.collect(),
            journeys: JourneyStatus::all(&trackers),
            routes: rows,
            unseen_routes,
            life: self.life.status(),
            export: self.export.status(),
        }
    }

    /// The status of one, without that of the others; the names that there are when it is none of them.
    pub(crate) fn status_of(&self, name: &str) -> Result<OneStatus, Vec<String>> {
        let slos = self.slos.slos();
        let names = || slos.iter().map(|slo| slo.name().to_owned()).collect();
        let place = slos.iter().position(|slo| slo.name() == name).ok_or_else(names)?;
        let trackers = self.trackers_at(self.now());
        let composite = || Some(OneStatus::Composite(Box::new(self.composite_status(place, &trackers)?)));
        let seen = self.routes.templates().collect();
        let slo = self.slo_status(place, &trackers, &seen);
        slo.map(|slo| OneStatus::Slo(Box::new(slo)))
            .or_else(composite)
            .ok_or_else(names)
    }

    /// `None` of a composite.
    fn slo_status(&self, place: usize, trackers: &Trackers<'_>, seen: &HashSet<&str>) -> Option<SloStatus> {
        let slo = self.slos.slos().get(place)?;
        let tracker = trackers.of(slo.name())?;
        let alert = self.alert_status(place, |alerts| alerts.evaluate_tracker(tracker, trackers.now))?;
        Some(SloStatus::new(
            slo,
            tracker,
            trackers.now,
            alert,
            self.level(place),
            unseen_routes(slo, seen),
        ))
    }

    /// `None` of anything but a composite.
    fn composite_status(&self, place: usize, trackers: &Trackers<'_>) -> Option<CompositeStatus> {
        CompositeStatus::new(self.slos.slos().get(place)?, trackers, self.level(place))
    }

    fn level(&self, place: usize) -> BudgetLevel {
        self.life
            .levels()
            .get(place)
            .map_or(BudgetLevel::NoData, |level| level.get())
    }

    /// What was last evaluated, or what `anew` says where nobody evaluates; `None` of a composite.
    fn alert_status(
        &self,
        place: usize,
        anew: impl FnOnce(&slo_core::alert::Alerts) -> Evaluation,
    ) -> Option<AlertStatus> {
        let watched = self.life.runs();
        let watch = self.life.watch(place)?;
        let last = watch.last().filter(|_| watched).cloned();
        let alerts = watch.alerts().clone();
        drop(watch);
        let evaluation = last.unwrap_or_else(|| anew(&alerts));
        Some(AlertStatus::new(&alerts, &evaluation, watched))
    }
}

impl Trackers<'_> {
    /// The level of a budget that had this one before.
    pub(crate) fn level(&self, slo: &Slo, limits: BudgetLevels, before: BudgetLevel) -> BudgetLevel {
        let (window, now): (_, Tick) = (slo.window(), self.now);
        if let Some(composite) = composite(slo, self, window) {
            return limits.next_of_composite(before, &composite);
        }
        self.of(slo.name()).map_or(BudgetLevel::NoData, |tracker| {
            limits.next(before, ErrorBudget::of(slo.target(), tracker.read(now, window)))
        })
    }
}

fn unseen_routes(slo: &Slo, seen: &HashSet<&str>) -> Vec<String> {
    match slo.sli() {
        Sli::Http(sli) => {
            let unseen = sli.route_templates().filter(|route| !seen.contains(route));
            unseen.map(ToOwned::to_owned).collect()
        }
        _ => Vec::new(),
    }
}
