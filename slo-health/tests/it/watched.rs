//! What the tests of those who watch checks have in common: feeds, metrics, gRPC.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use slo_health::{BuildError, ManualClock, SyntheticHealth};

use crate::common::{Shows, Source, noon};

/// A clock at noon, and a source that shows this.
pub(crate) fn clock_and_source(shows: Shows) -> (ManualClock, Source) {
    (ManualClock::new(noon()), Source::new(shows))
}

/// A clock at noon that panics while it is broken.
#[derive(Clone, Debug, Default)]
pub(crate) struct BrittleClock(Arc<AtomicBool>);

impl BrittleClock {
    pub(crate) fn set_broken(&self, broken: bool) {
        self.0.store(broken, Ordering::SeqCst);
    }

    /// The check of a source that is fresh, by this clock.
    pub(crate) fn health(&self) -> Result<SyntheticHealth, BuildError> {
        let (clock, source) = clock_and_source(Shows::At(noon()));
        let broken = Arc::clone(&self.0);
        let now = move || {
            assert!(!broken.load(Ordering::SeqCst), "a broken clock");
            noon()
        };
        source.builder(&clock).clock(now).build()
    }
}
