//! `POST /purchase`: buys a listing, once.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};

use crate::{
    routes::ApiError,
    store::{Purchase, Store, User},
};

/// What to buy.
#[derive(Debug, Deserialize)]
pub(crate) struct Order {
    listing_id: i64,
}

/// What was bought.
#[derive(Debug, Serialize)]
pub(crate) struct Receipt {
    listing_id: i64,
}

/// 201, or 401 without a token, 404 for an unknown listing, 409 for a sold one.
pub(crate) async fn purchase(
    State(store): State<Store>,
    user: User,
    Json(Order { listing_id }): Json<Order>,
) -> Result<(StatusCode, Json<Receipt>), ApiError> {
    match store.purchase(user.id, listing_id).await? {
        Purchase::Done => Ok((StatusCode::CREATED, Json(Receipt { listing_id }))),
        Purchase::AlreadySold => Err(ApiError::Sold),
        Purchase::NoSuchListing => Err(ApiError::NotFound("listing")),
    }
}
