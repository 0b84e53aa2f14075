//! The address of an engine, which may have been given with a password in it.

use super::EngineError;
use crate::render::plain;
use crate::web::http_address;

/// An http or https address with a host and without a user: passwords do not belong where they are shown.
pub(crate) fn checked(given: &str) -> Result<String, EngineError> {
    let trimmed = given.trim().trim_end_matches('/');
    let shown = || plain(&without_secrets(trimmed));
    if has_user(trimmed) {
        return Err(EngineError::User(shown()));
    }
    match http_address(trimmed) {
        Some(uri) if uri.query().is_none() && !trimmed.ends_with("/api/v1") => Ok(trimmed.to_owned()),
        _ => Err(EngineError::Address(shown())),
    }
}

/// Whether a user stands before the host, with a password or without.
fn has_user(address: &str) -> bool {
    let rest = address.split_once("://").map(|(_, rest)| rest);
    let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    authority.is_some_and(|authority| authority.contains('@'))
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
