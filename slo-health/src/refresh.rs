//! Reads in the background.

use std::{sync::Arc, time::Duration};

use tokio::{
    runtime::Handle,
    task::{AbortHandle, JoinSet},
    time::{MissedTickBehavior, interval, sleep},
};

use crate::runner::Runner;

/// Keeps the readings of a [`SyntheticHealth`](crate::SyntheticHealth) young, until it is dropped.
///
/// Started by [`SyntheticHealth::refresher`](crate::SyntheticHealth::refresher). A read that is in flight when it is
/// dropped comes to its end; no other follows.
#[derive(Debug)]
#[must_use = "the readings are refreshed only as long as this lives"]
pub struct Refresher {
    supervisor: AbortHandle,
}

/// Why no [`Refresher`] could be started.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// Requests read for themselves: the builder was given no interval.
    #[error("there is no background refresh to start; call `refresh_every` on the builder, with an interval like 30 s")]
    NotAskedFor,
    /// There is no tokio runtime here to run in.
    #[error("a background refresh runs on a tokio runtime, and there is none here; start it within one")]
    NoRuntime,
}

impl Refresher {
    pub(crate) fn start(runners: Vec<Arc<Runner>>, every: Duration) -> Result<Self, RefreshError> {
        let runtime = Handle::try_current().map_err(|_none| RefreshError::NoRuntime)?;
        let supervisor = runtime.spawn(supervise(runners, every)).abort_handle();
        Ok(Self { supervisor })
    }
}

impl Drop for Refresher {
    fn drop(&mut self) {
        self.supervisor.abort();
    }
}

/// Starts the refresh again when it panics, which only the caller's clock can make it do; an interval later, so that a
/// clock that is broken for good does not fill the log.
async fn supervise(runners: Vec<Arc<Runner>>, every: Duration) {
    let runners: Arc<[_]> = runners.into();
    loop {
        // A set, because that ends its task when it is dropped with this one.
        let mut task = JoinSet::new();
        task.spawn(refresh(Arc::clone(&runners), every));
        let _never_ends_well = task.join_next().await;
        tracing::error!("the background refresh of a health endpoint panicked; it starts again");
        sleep(every).await;
    }
}

async fn refresh(runners: Arc<[Arc<Runner>]>, every: Duration) {
    let mut ticks = interval(every);
    // After a pause of the machine one look is worth as much as all those that were missed.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for runner in runners.iter() {
            runner.refresh();
        }
    }
}
