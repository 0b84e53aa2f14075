//! `GET /real-price/{region}`: what was really paid in a region, month by month.

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Serialize;

use crate::{
    routes::ApiError,
    store::{Month, Store},
};

/// The last twelve months with transactions, newest first.
#[derive(Debug, Serialize)]
pub(crate) struct RealPrice {
    region: String,
    newest_month: String,
    months: Vec<Month>,
}

/// 404 for a region without transactions.
pub(crate) async fn real_price(
    State(store): State<Store>,
    Path(region): Path<String>,
) -> Result<Json<RealPrice>, ApiError> {
    let months = store.months(region.clone()).await?;
    let newest_month = months.first().ok_or(ApiError::NotFound("region"))?.month.clone();
    Ok(Json(RealPrice {
        region,
        newest_month,
        months,
    }))
}
