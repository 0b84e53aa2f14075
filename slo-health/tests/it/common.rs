//! A data source that does as it is told, and counts how often it is read.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeZone, Utc};
use slo_health::{Freshness, ManualClock, SyntheticHealth, SyntheticHealthBuilder};
use tokio::sync::watch;

pub(crate) const NANO: Duration = Duration::from_nanos(1);
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// Never in any body or header.
pub(crate) const CANARY: &str = "canary-postgres://admin:hunter2@db";

#[derive(Clone, Copy, Debug)]
pub(crate) enum Shows {
    At(DateTime<Utc>),
    Nothing,
    Fails,
    Panics,
    /// Does not answer until it shows something else.
    Hangs,
}

#[derive(Clone, Debug)]
pub(crate) struct Source {
    shows: Arc<watch::Sender<Shows>>,
    reads: Arc<Reads>,
}

#[derive(Debug, Default)]
pub(crate) struct Reads {
    begun: AtomicUsize,
    in_flight: AtomicUsize,
    most_at_once: AtomicUsize,
}

/// A read in flight, until it is dropped: by its end, a panic, or whoever throws it away.
pub(crate) struct InFlight(Arc<Reads>);

impl Reads {
    pub(crate) fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }
}

impl InFlight {
    pub(crate) fn begin(reads: &Arc<Reads>) -> Self {
        reads.begun.fetch_add(1, Ordering::SeqCst);
        let now = reads.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        reads.most_at_once.fetch_max(now, Ordering::SeqCst);
        Self(Arc::clone(reads))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Source {
    pub(crate) fn new(shows: Shows) -> Self {
        Self {
            shows: Arc::new(watch::Sender::new(shows)),
            reads: Arc::default(),
        }
    }

    pub(crate) fn show(&self, shows: Shows) {
        self.shows.send_replace(shows);
    }

    pub(crate) fn runs(&self) -> usize {
        self.reads.begun()
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.reads.in_flight()
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.reads.most_at_once()
    }

    pub(crate) async fn read(self) -> Result<Option<DateTime<Utc>>, String> {
        let _in_flight = InFlight::begin(&self.reads);
        let mut shows = self.shows.subscribe();
        let Ok(shown) = shows
            .wait_for(|shown| !matches!(shown, Shows::Hangs))
            .await
            .map(|shown| *shown)
        else {
            return pending().await;
        };
        match shown {
            Shows::At(watermark) => Ok(Some(watermark)),
            Shows::Nothing => Ok(None),
            Shows::Fails => Err(format!("could not connect to {CANARY}")),
            Shows::Panics => panic!("{CANARY}"),
            Shows::Hangs => pending().await,
        }
    }

    /// A builder with this source as the check `sales`, fresh within one hour, and a clock at noon.
    pub(crate) fn builder(&self, clock: &ManualClock) -> SyntheticHealthBuilder {
        let source = self.clone();
        SyntheticHealth::builder()
            .check("sales", Freshness::within(HOUR), move || source.clone().read())
            .clock(clock.clone())
    }
}

/// 2026-03-01T12:00:00Z
pub(crate) fn noon() -> DateTime<Utc> {
    Utc.timestamp_nanos(1_772_366_400_000_000_000)
}

/// Lets every task that can go on do so.
pub(crate) async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
