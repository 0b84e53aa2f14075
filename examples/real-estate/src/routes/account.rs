//! `GET /account`: who is logged in and what they bought.

use axum::{Json, extract::State};
use serde::Serialize;

use crate::{
    routes::ApiError,
    store::{Listing, Store, User},
};

/// A user's own page.
#[derive(Debug, Serialize)]
pub(crate) struct Account {
    name: String,
    email: String,
    bought: Vec<Listing>,
}

/// 401 without a token.
pub(crate) async fn account(State(store): State<Store>, user: User) -> Result<Json<Account>, ApiError> {
    let bought = store.bought_by(user.id).await?;
    Ok(Json(Account {
        name: user.name,
        email: user.email,
        bought,
    }))
}
