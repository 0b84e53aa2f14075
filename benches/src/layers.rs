//! The layers that are compared: none, one that does nothing, ours, and those that others publish.

mod least;
mod ours;
mod peers;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use served::PassThrough;

/// What a row of the table stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// The service without a layer.
    Bare,
    /// The service with a layer that does nothing.
    PassThrough,
    /// The least that any could do.
    Floor,
    /// One of ours.
    Ours,
    /// One that others publish.
    Peer,
}

/// The service in one of the layers.
pub struct Layered {
    /// The row's name.
    pub name: &'static str,
    /// What the row stands for.
    pub kind: Kind,
    /// To be cloned by each thread that drives it.
    pub app: Router,
    sent: AtomicU64,
    counts: Box<dyn Fn() -> Vec<u64>>,
}

impl Layered {
    /// A service, and every number in which the layer must have counted each request once.
    fn new(kind: Kind, name: &'static str, app: Router, counts: impl Fn() -> Vec<u64> + 'static) -> Self {
        Self {
            name,
            kind,
            // As `into_make_service` does: else every single call would put the layers around the routes anew.
            app: app.with_state(()),
            sent: AtomicU64::new(0),
            counts: Box::new(counts),
        }
    }

    /// Notes that so many requests were served.
    pub fn sent(&self, requests: u64) {
        self.sent.fetch_add(requests, Ordering::Relaxed);
    }

    /// Insists that the layer counted every request that was served.
    ///
    /// # Panics
    ///
    /// When it did not: what does not count is no cheaper layer.
    pub fn assert_counted(&self) {
        let sent = self.sent.load(Ordering::Relaxed);
        for count in (self.counts)() {
            assert_eq!(
                count, sent,
                "requests that `{}` counted, and requests served",
                self.name
            );
        }
    }
}

impl fmt::Debug for Layered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layered")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Every layer, in the order of the table. Once per process: some peers know only global providers.
#[must_use]
pub fn all() -> Vec<Layered> {
    let references = [
        Layered::new(Kind::Bare, "bare axum", served::app(), Vec::new),
        Layered::new(
            Kind::PassThrough,
            "pass-through layer",
            served::app().layer(PassThrough),
            Vec::new,
        ),
    ];
    references
        .into_iter()
        .chain([least::layered()])
        .chain(ours::all())
        .chain(peers::all())
        .collect()
}
