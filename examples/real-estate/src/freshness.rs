//! How old the data behind the answers may be: one health endpoint for each kind of data.

use std::time::Duration;

use axum::Router;
use slo_health::{BuildError, Freshness, Observation, SyntheticHealth};

use crate::store::Store;

/// The endpoints; a team looks at its own.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    /// Behind `/real-price/{region}`.
    pub(crate) prices: SyntheticHealth,
    /// Behind `/listings`.
    search: SyntheticHealth,
    /// Behind `/chat`.
    chat: SyntheticHealth,
}

impl Endpoints {
    /// Judges transactions by the newest of them, and not by when the import last ran.
    pub(crate) fn new(store: &Store, transactions_within: Duration) -> Result<Self, BuildError> {
        let prices = store.clone();
        let prices = SyntheticHealth::builder()
            .check_blocking("transactions", Freshness::within(transactions_within), move || {
                prices.newest_transaction()
            })
            .build()?;
        let search = store.clone();
        let search = SyntheticHealth::builder()
            .check("index", Freshness::within(A_DAY), move || {
                let store = search.clone();
                async move {
                    let newest = store.newest_indexing().await?;
                    Ok::<_, crate::store::StoreError>(newest.map_or(Observation::empty(), |(at, _)| at.into()))
                }
            })
            .build()?;
        let chat = store.clone();
        let chat = SyntheticHealth::builder()
            .check(
                "delivery",
                Freshness::within(A_MINUTE).warn_after(A_MINUTE / 2),
                move || {
                    let store = chat.clone();
                    async move { store.newest_delivery().await }
                },
            )
            .build()?;
        Ok(Self { prices, search, chat })
    }

    /// All of them, to be merged outside of the layers that measure.
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .merge(self.prices.router(PRICES))
            .merge(self.search.router("/listings/synthetic/health"))
            .merge(self.chat.router("/chat/synthetic/health"))
    }
}

/// The path of the endpoint that the demo is about.
pub(crate) const PRICES: &str = "/real-price/synthetic/health";

const A_MINUTE: Duration = Duration::from_secs(60);
const A_DAY: Duration = Duration::from_secs(86_400);
