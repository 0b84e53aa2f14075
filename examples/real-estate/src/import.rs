//! The monthly batch of transactions, in quick motion: a task that imports one for each region at every tick.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chrono::Utc;
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use crate::store::Store;

/// The running import.
#[derive(Debug)]
pub(crate) struct Import {
    switch: Switch,
    task: JoinHandle<()>,
}

/// Lets the import stall and go on. Clones turn the same switch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Switch(Arc<AtomicBool>);

impl Import {
    /// Starts importing at once and then at every tick, or stalled.
    pub(crate) fn start(store: Store, every: Duration, stalled: bool) -> Self {
        let switch = Switch::default();
        switch.stall(stalled);
        let task = tokio::spawn(run(store, every, switch.clone()));
        Self { switch, task }
    }

    /// The switch that lets it stall.
    pub(crate) fn switch(&self) -> Switch {
        self.switch.clone()
    }

    /// Ends it; a batch that is being written is written to its end.
    pub(crate) fn stop(self) {
        self.task.abort();
    }
}

impl Switch {
    /// Stalls the import, or lets it go on at its next tick.
    pub(crate) fn stall(&self, stalled: bool) {
        // Relaxed: nothing else is published with the flag.
        self.0.store(stalled, Ordering::Relaxed);
    }

    /// Whether the import stands still.
    pub(crate) fn is_stalled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

async fn run(store: Store, every: Duration, switch: Switch) {
    let mut ticks = interval(every);
    // A batch that took long must not be followed by a burst of others.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if switch.is_stalled() {
            continue;
        }
        match store.import(Utc::now()).await {
            Ok(transactions) => tracing::debug!(transactions, "imported"),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the import goes on at its next tick"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    const EVERY: Duration = Duration::from_secs(30);

    async fn count(store: &Store) -> i64 {
        store.transactions().await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn imports_one_transaction_per_region_at_once_and_at_every_tick() {
        let store = Store::open(None).unwrap();
        let (before, started) = (count(&store).await, Utc::now());
        let import = Import::start(store.clone(), EVERY, false);
        sleep(2 * EVERY + EVERY / 2).await; // paused time: ticks at 0 s, 30 s and 60 s
        import.stop();
        assert_eq!(count(&store).await - before, 3 * 5);
        assert!(store.newest_transaction().unwrap().unwrap().timestamp() >= started.timestamp());
    }

    #[tokio::test(start_paused = true)]
    async fn imports_nothing_while_stalled_and_goes_on_afterwards() {
        let store = Store::open(None).unwrap();
        let (before, newest) = (count(&store).await, store.newest_transaction().unwrap());
        let import = Import::start(store.clone(), EVERY, true);
        sleep(EVERY * 5 / 2).await;
        assert_eq!(
            (count(&store).await, store.newest_transaction().unwrap()),
            (before, newest)
        );

        import.switch().stall(false);
        sleep(EVERY).await;
        assert_eq!(count(&store).await - before, 5);
        import.stop();
    }
}
