//! `POST /chat` and `GET /chat`: what a customer asks the agency.

use axum::{Json, extract::State, http::StatusCode};
use chrono::Utc;
use serde::{Deserialize, Serialize};

use crate::{
    routes::ApiError,
    store::{Message, Store, User},
};

/// What to say.
#[derive(Debug, Deserialize)]
pub(crate) struct Said {
    text: String,
}

/// A message on its way.
#[derive(Debug, Serialize)]
pub(crate) struct Sent {
    id: i64,
}

/// 202, for it is delivered with the next round; 401 without a token.
pub(crate) async fn say(
    State(store): State<Store>,
    user: User,
    Json(said): Json<Said>,
) -> Result<(StatusCode, Json<Sent>), ApiError> {
    let id = store.send(user.id, said.text, Utc::now()).await?;
    Ok((StatusCode::ACCEPTED, Json(Sent { id })))
}

/// The 20 messages sent last; 401 without a token.
pub(crate) async fn said(State(store): State<Store>, user: User) -> Result<Json<Vec<Message>>, ApiError> {
    Ok(Json(store.sent_by(user.id).await?))
}
