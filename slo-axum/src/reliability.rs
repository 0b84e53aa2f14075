//! The handle: one per process, shared by the layer, the status routes and the export.

use std::sync::Arc;

use axum::Router;
use slo_core::SloSet;

use crate::builder::ReliabilityBuilder;
use crate::instruments::Instruments;
use crate::layer::SloLayer;
use crate::mark::Mark;
use crate::router::status_router;
use crate::shared::Shared;
use crate::status::Status;

/// The reliability of this process: measures through [`layer`](Self::layer), tells through [`status`](Self::status).
///
/// A cheap handle: clone it freely, all clones are one.
///
/// # Examples
///
/// ```
/// use axum::{Router, routing::get};
/// use slo_axum::Reliability;
/// use slo_core::{HttpSli, Slo, SloSet, Window};
///
/// let browse = Slo::new("browse", HttpSli::routes(["/listings"]), "99.9%".parse()?, Window::days(30)?);
/// let reliability = Reliability::builder(SloSet::builder("real-estate").slo(browse).build()?).build()?;
///
/// let app: Router = Router::new()
///     .route("/listings", get(async || "[]"))
///     .layer(reliability.layer())
///     .nest("/slo", reliability.status_router());
///
/// assert_eq!(reliability.status().slos[0].budget.remaining_ratio, None); // no traffic yet: not 100%
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Reliability {
    shared: Arc<Shared>,
}

impl Reliability {
    pub(crate) fn new(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Starts from a service's SLOs.
    pub fn builder(slos: SloSet) -> ReliabilityBuilder {
        ReliabilityBuilder::new(slos)
    }

    /// The layer for [`Router::layer`]: outside of timeout and catch-panic layers, inside of nothing that answers by
    /// itself.
    pub fn layer(&self) -> SloLayer {
        SloLayer::new(Arc::clone(&self.shared))
    }

    /// Routes that answer JSON, to be nested: `/` for every SLO, `/{name}` for one. They are in no request metric.
    ///
    /// They ask nobody who they are: whoever can reach them reads routes, owners, traffic and the reasons of failed pushes.
    /// Where that is not for everybody, nest them in a router on an internal listener, or behind a layer that does ask.
    pub fn status_router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        status_router(self.clone())
    }

    /// All SLOs of this process now.
    #[must_use]
    pub fn status(&self) -> Status {
        let now = self.shared.now();
        self.shared.export.warn_if_never_collected(now);
        self.shared.status_at(now)
    }

    /// A mark for routes, which says nothing yet; [`Mark`] has an example.
    pub fn mark(&self) -> Mark {
        Mark::new(Arc::clone(&self.shared))
    }

    pub(crate) fn instrument(
        &self,
        instruments: impl FnOnce(&Arc<Shared>) -> Instruments,
    ) -> Result<(), AlreadyInstrumented> {
        Shared::instrument(&self.shared, instruments)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

/// This process records into a meter provider already.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this Reliability records into a meter provider already; build one Reliability per provider")]
pub struct AlreadyInstrumented;
