//! `POST /login`, and how the other routes know who is asking.

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{header::AUTHORIZATION, request::Parts},
};
use serde::{Deserialize, Serialize};

use crate::{
    routes::ApiError,
    store::{Store, User},
};

/// Who wants to log in.
#[derive(Deserialize)]
pub(crate) struct Credentials {
    email: String,
    password: String,
}

/// What to send as `Authorization: Bearer <token>` from now on.
#[derive(Serialize)]
pub(crate) struct Token {
    token: String,
}

/// A token, or 401.
pub(crate) async fn login(
    State(store): State<Store>,
    Json(Credentials { email, password }): Json<Credentials>,
) -> Result<Json<Token>, ApiError> {
    let token = store.login(email, password).await?.ok_or(ApiError::WrongPassword)?;
    Ok(Json(Token { token }))
}

/// The user who sent the request.
impl FromRequestParts<Store> for User {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, store: &Store) -> Result<Self, Self::Rejection> {
        let token = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let token = token.ok_or(ApiError::NotLoggedIn)?;
        store.user_of(token.to_owned()).await?.ok_or(ApiError::NotLoggedIn)
    }
}
