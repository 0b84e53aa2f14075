//! The answers that are not the one hoped for.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::WWW_AUTHENTICATE},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::store::StoreError;

/// Why a request is not answered with what it asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// What was asked for is not there; holds what kind of thing.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// No token, or not one of ours.
    #[error("log in first: POST /login, then send `Authorization: Bearer <token>`")]
    NotLoggedIn,
    /// Which of the two is wrong is nobody's business.
    #[error("no account has this email and password")]
    WrongPassword,
    /// Somebody else was faster.
    #[error("this listing is sold")]
    Sold,
    /// Our fault; the reason goes to the log and not to the client.
    #[error("something is wrong here; please try again later")]
    Store(#[from] StoreError),
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::NotLoggedIn | Self::WrongPassword => StatusCode::UNAUTHORIZED,
            Self::Sold => StatusCode::CONFLICT,
            Self::Store(error) => {
                tracing::error!(error = error as &dyn std::error::Error, "a request ended in an error");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        let mut response = (status, Json(json!({ "error": self.to_string() }))).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
