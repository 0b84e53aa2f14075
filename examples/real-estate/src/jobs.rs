//! What runs beside the requests: the batches, in quick motion, and the delivery of messages.

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
    time::{Interval, MissedTickBehavior, interval},
};

use crate::store::{Store, StoreError};

/// The running jobs.
#[derive(Debug)]
pub(crate) struct Jobs {
    switch: Switch,
    tasks: [JoinHandle<()>; 2],
}

/// Lets the import stall and go on. Clones turn the same switch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Switch(Arc<AtomicBool>);

impl Jobs {
    /// Starts importing at once and then at every tick, or stalled, and delivering messages.
    pub(crate) fn start(store: Store, import_every: Duration, stalled: bool) -> Self {
        let switch = Switch::default();
        switch.stall(stalled);
        let tasks = [
            tokio::spawn(import(store.clone(), import_every, switch.clone())),
            tokio::spawn(deliver(store)),
        ];
        Self { switch, tasks }
    }

    /// The switch that lets the import stall.
    pub(crate) fn switch(&self) -> Switch {
        self.switch.clone()
    }

    /// Ends them; what is being written is written to its end.
    pub(crate) fn stop(self) {
        self.tasks.iter().for_each(JoinHandle::abort);
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

/// The monthly batch of transactions and the nightly index of the search.
async fn import(store: Store, every: Duration, switch: Switch) {
    let mut ticks = ticks(every);
    loop {
        ticks.tick().await;
        if switch.is_stalled() {
            continue;
        }
        let batch = async {
            let transactions = store.import(Utc::now()).await?;
            store.index(Utc::now()).await.map(|()| transactions)
        };
        match batch.await {
            Ok(transactions) => tracing::debug!(transactions, "imported"),
            Err(error) => put_off("import", &error),
        }
    }
}

async fn deliver(store: Store) {
    let mut ticks = ticks(DELIVER_EVERY);
    loop {
        ticks.tick().await;
        match store.deliver(Utc::now()).await {
            Ok(messages) => tracing::debug!(messages, "delivered"),
            Err(error) => put_off("delivery", &error),
        }
    }
}

/// A batch that took long must not be followed by a burst of others.
fn ticks(every: Duration) -> Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn put_off(job: &str, error: &StoreError) {
    let error: &dyn std::error::Error = error;
    tracing::warn!(job, error, "it goes on at its next tick");
}

const DELIVER_EVERY: Duration = Duration::from_secs(10);

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
        let jobs = Jobs::start(store.clone(), EVERY, false);
        sleep(2 * EVERY + EVERY / 2).await; // paused time: ticks at 0 s, 30 s and 60 s
        jobs.stop();
        assert_eq!(count(&store).await - before, 3 * 5);
        assert!(store.newest_transaction().unwrap().unwrap().timestamp() >= started.timestamp());
    }

    #[tokio::test(start_paused = true)]
    async fn imports_nothing_while_stalled_and_goes_on_afterwards() {
        let store = Store::open(None).unwrap();
        let (before, newest) = (count(&store).await, store.newest_transaction().unwrap());
        let jobs = Jobs::start(store.clone(), EVERY, true);
        sleep(EVERY * 5 / 2).await;
        assert_eq!(
            (count(&store).await, store.newest_transaction().unwrap()),
            (before, newest)
        );

        jobs.switch().stall(false);
        sleep(EVERY).await;
        assert_eq!(count(&store).await - before, 5);
        jobs.stop();
    }

    #[tokio::test(start_paused = true)]
    async fn builds_the_index_and_delivers_messages_by_itself() {
        let store = Store::open(None).unwrap();
        let started = Utc::now().timestamp();
        let jobs = Jobs::start(store.clone(), EVERY, false);
        sleep(DELIVER_EVERY / 2).await;
        let (built, listings) = store.newest_indexing().await.unwrap().unwrap();
        assert!(built.timestamp() >= started && listings > 0);
        assert!(store.newest_delivery().await.unwrap().unwrap().timestamp() >= started);
        jobs.stop();
    }
}
