//! `GET /listings?district=mapo&max_price=900000000`: what is for sale, cheapest first, and what is like it.

use axum::{
    Json,
    extract::{Query, State},
};
use serde::{Deserialize, Serialize};
use slo_axum::BudgetHandle;

use crate::{
    routes::ApiError,
    store::{Listing, Store},
};

/// What the search needs.
#[derive(Clone, Debug)]
pub(crate) struct Searching {
    pub(crate) store: Store,
    /// The budget of the promise that it is part of, if this service makes such a promise.
    pub(crate) budget: Option<BudgetHandle>,
}

/// What to look for; everything when nothing is said.
#[derive(Debug, Deserialize)]
pub(crate) struct Search {
    district: Option<String>,
    /// In won.
    max_price: Option<i64>,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Found {
    /// Up to 20.
    listings: Vec<Listing>,
    /// Up to 5 from other districts; left out while the budget is low.
    #[serde(skip_serializing_if = "Option::is_none")]
    similar: Option<Vec<Listing>>,
}

/// The listings always, similar ones when there is budget for more work.
pub(crate) async fn search(
    State(Searching { store, budget }): State<Searching>,
    Query(search): Query<Search>,
) -> Result<Json<Found>, ApiError> {
    let listings = store.search(search.district, search.max_price).await?;
    let is_scarce = budget.is_some_and(|budget| budget.level().is_scarce());
    let similar = match listings.first() {
        Some(cheapest) if !is_scarce => Some(store.similar(cheapest).await?),
        _ => None,
    };
    Ok(Json(Found { listings, similar }))
}
