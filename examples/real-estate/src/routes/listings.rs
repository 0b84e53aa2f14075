//! `GET /listings?district=mapo&max_price=900000000`: what is for sale, cheapest first.

use axum::{
    Json,
    extract::{Query, State},
};
use serde::Deserialize;

use crate::{
    routes::ApiError,
    store::{Listing, Store},
};

/// What to look for; everything when nothing is said.
#[derive(Debug, Deserialize)]
pub(crate) struct Search {
    district: Option<String>,
    /// In won.
    max_price: Option<i64>,
}

/// Up to 20 listings.
pub(crate) async fn search(
    State(store): State<Store>,
    Query(search): Query<Search>,
) -> Result<Json<Vec<Listing>>, ApiError> {
    Ok(Json(store.search(search.district, search.max_price).await?))
}
