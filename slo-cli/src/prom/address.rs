//! The address of an engine, which may have been given with a password in it.

use super::EngineError;
use crate::render::plain;
use crate::web::http_address;

/// An http or https address with a host and without a user: passwords do not belong where they are shown.
pub(super) fn checked(given: &str) -> Result<String, EngineError> {
    let trimmed = given.trim().trim_end_matches('/');
    let refused = || EngineError::Address(plain(&without_secrets(trimmed)));
    let uri = http_address(trimmed).ok_or_else(refused)?;
    let has_user = uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'));
    if has_user || uri.query().is_some() || trimmed.ends_with("/api/v1") {
        return Err(refused());
    }
    Ok(trimmed.to_owned())
}

/// An address without its user and its query, where keys stand.
pub(super) fn without_secrets(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let separator = if scheme.is_empty() { "" } else { "://" };
    let (shown, hidden) = match (rest.rsplit_once('@'), rest.find(['?', '#'])) {
        // Which of them begins within the other cannot be told.
        (Some(_), Some(_)) => ("", "***"),
        (Some((_, host)), None) => (host, ""),
        (None, Some(end)) => (&rest[..=end], "***"),
        (None, None) => (rest, ""),
    };
    format!("{scheme}{separator}{shown}{hidden}")
}
