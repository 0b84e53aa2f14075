//! The layer: cheap to clone, owns nothing but a handle.

use std::sync::Arc;

use tower_layer::Layer;

use crate::service::SloService;
use crate::shared::{Held, Shared};

/// Judges and measures every request once, however it ends.
///
/// Add it to the router whose routes are to be measured, outside of timeout and catch-panic layers, or a timeout reads
/// as a client that left. Made by [`Reliability::layer`](crate::Reliability::layer), which has an example.
#[derive(Clone, Debug)]
#[must_use]
pub struct SloLayer {
    shared: Arc<Shared>,
}

impl SloLayer {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl<S> Layer<S> for SloLayer {
    type Service = SloService<S>;

    // axum calls this for every endpoint of every connection: two reference counts and a small allocation, so that the
    // counts of one connection's requests are its own.
    fn layer(&self, inner: S) -> Self::Service {
        SloService::new(inner, Held::new(&self.shared))
    }
}
