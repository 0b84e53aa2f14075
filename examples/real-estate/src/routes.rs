//! What each route answers. One file per route; [`ApiError`] for what goes wrong in any of them.

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod chat;
mod error;
pub(crate) mod listings;
pub(crate) mod login;
pub(crate) mod prices;
pub(crate) mod purchase;

pub(crate) use error::ApiError;

/// Every path that is none of ours: measured, as part of no route.
pub(crate) async fn not_found() -> ApiError {
    ApiError::NotFound("page")
}
