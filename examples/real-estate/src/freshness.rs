//! How old the data behind the answers may be: one health endpoint for each kind of data, each with a rule of its own.

use std::time::Duration;

use axum::Router;
use chrono::NaiveTime;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use slo_axum::Reliability;
use slo_core::{Zone, ZoneError};
use slo_health::{
    BuildError, BusinessDays, Feed, FeedError, Freshness, Observation, SyntheticHealth,
    opentelemetry_0_33::{AlreadyInstrumented, record_into},
};

use crate::store::{Store, StoreError};

/// The endpoints; a team looks at its own.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    /// Behind `/real-price/{region}`: this month has transactions, once the office had three days to publish them.
    pub(crate) prices: SyntheticHealth,
    /// Behind `/listings`: its index was built by six in the morning of every business day, and is not half empty.
    search: SyntheticHealth,
    /// Behind `/chat`: a message was delivered within the last minute, if only the canary.
    chat: SyntheticHealth,
}

impl Endpoints {
    /// Judges transactions by the newest of them, and not by when the import last ran.
    pub(crate) fn new(store: &Store, transactions_within: Duration) -> Result<Self, EndpointsError> {
        let seoul: Zone = "Asia/Seoul".parse()?;
        Ok(Self {
            prices: prices(store.clone(), transactions_within, seoul)?,
            search: search(store.clone(), seoul)?,
            chat: chat(store.clone())?,
        })
    }

    /// All of them, to be merged outside of the layers that measure.
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .merge(self.prices.router(PRICES))
            .merge(self.search.router("/listings/synthetic/health"))
            .merge(self.chat.router("/chat/synthetic/health"))
    }

    /// Lets the promise about price data know how it does, every 30 s; nothing where another `slo.yaml` has none.
    pub(crate) fn feed(&self, reliability: &Reliability) -> Result<Option<Feed>, FeedError> {
        let promise = reliability.events("real-price-freshness").ok();
        promise
            .map(|events| self.prices.feed().whole(events).start())
            .transpose()
    }

    /// Pushes the states and watermarks along with everything else.
    pub(crate) fn record_into(&self, provider: &SdkMeterProvider) -> Result<(), AlreadyInstrumented> {
        [&self.prices, &self.search, &self.chat]
            .into_iter()
            .try_for_each(|health| record_into(health, provider))
    }
}

fn prices(store: Store, within: Duration, zone: Zone) -> Result<SyntheticHealth, BuildError> {
    let policy = Freshness::all_of([
        Freshness::current_month(zone).rollover_grace(3 * A_DAY),
        Freshness::within(within),
    ]);
    SyntheticHealth::builder()
        .check_blocking("transactions", policy, move || store.newest_transaction())
        .build()
}

fn search(store: Store, zone: Zone) -> Result<SyntheticHealth, BuildError> {
    let six = NaiveTime::MIN + 6 * AN_HOUR;
    let policy = Freshness::by_deadline(six, zone)
        .on(BusinessDays::monday_to_friday())
        .grace(AN_HOUR / 2)
        .min_rows(100);
    let newest = move || {
        let store = store.clone();
        async move {
            let newest = store.newest_indexing().await?;
            let built = |(at, listings)| Observation::at(at).rows(listings);
            Ok::<_, StoreError>(newest.map_or(Observation::empty(), built))
        }
    };
    SyntheticHealth::builder().check("index", policy, newest).build()
}

fn chat(store: Store) -> Result<SyntheticHealth, BuildError> {
    let policy = Freshness::within(A_MINUTE).warn_after(A_MINUTE / 2);
    let newest = move || {
        let store = store.clone();
        async move { store.newest_delivery().await }
    };
    SyntheticHealth::builder().check("delivery", policy, newest).build()
}

/// Why there are no endpoints.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EndpointsError {
    /// A check that makes no sense.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The zone is compiled in, so it is always there.
    #[error(transparent)]
    Zone(#[from] ZoneError),
}

/// The path of the endpoint that the demo is about.
pub(crate) const PRICES: &str = "/real-price/synthetic/health";

const A_MINUTE: Duration = Duration::from_secs(60);
const AN_HOUR: Duration = Duration::from_secs(3_600);
const A_DAY: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use slo_health::{Reason, State};

    use super::*;

    async fn said(health: &SyntheticHealth) -> (State, Reason) {
        let report = health.report().await;
        (report.state(), report.deciding().verdict().reason())
    }

    fn endpoints(store: &Store) -> Endpoints {
        Endpoints::new(store, 35 * A_DAY).unwrap()
    }

    #[tokio::test]
    async fn a_new_database_is_fresh_but_for_a_chat_in_which_nothing_was_delivered() {
        let store = Store::open(None).unwrap();
        let endpoints = endpoints(&store);
        assert_eq!(said(&endpoints.prices).await.0, State::Fresh);
        assert_eq!(said(&endpoints.search).await.0, State::Fresh);
        assert_eq!(said(&endpoints.chat).await, (State::Empty, Reason::NoData));
        store.deliver(Utc::now()).await.unwrap();
        assert_eq!(said(&self::endpoints(&store).chat).await.0, State::Fresh);
    }

    #[tokio::test]
    async fn a_chat_is_late_after_half_a_minute_and_stale_after_a_whole_one() {
        for (seconds, state) in [(10, State::Fresh), (45, State::Warn), (90, State::Stale)] {
            let store = Store::open(None).unwrap();
            store.deliver(Utc::now() - TimeDelta::seconds(seconds)).await.unwrap();
            assert_eq!(said(&endpoints(&store).chat).await.0, state, "{seconds} s");
        }
    }

    #[tokio::test]
    async fn an_index_of_four_days_ago_missed_a_business_day_whatever_today_is() {
        let store = Store::open(None).unwrap();
        store.indexed_only_at(Utc::now() - TimeDelta::days(4)).await;
        assert_eq!(said(&endpoints(&store).search).await.0, State::Stale);
    }

    #[tokio::test]
    async fn prices_of_two_months_ago_are_stale() {
        let store = Store::open(None).unwrap();
        let two_months_ago: DateTime<Utc> = Utc::now() - TimeDelta::days(62);
        store.forget_transactions_after(two_months_ago).await;
        assert_eq!(said(&endpoints(&store).prices).await.0, State::Stale);
    }
}
