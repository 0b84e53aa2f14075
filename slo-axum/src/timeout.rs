//! Telling a timeout from other errors of the inner service.

use std::any::Any;
use std::error::Error;
use std::io;

use axum::BoxError;
use tower::timeout::error::Elapsed;

/// Whether an error, or one that caused it, is tower's timeout or one of the operating system.
///
/// Seen in boxed errors, which tower's layers return, and where the error itself is one of the two.
pub(crate) fn is_timeout<E: 'static>(error: &E) -> bool {
    let error: &dyn Any = error;
    if let Some(boxed) = error.downcast_ref::<BoxError>() {
        return has_timed_out(boxed.as_ref());
    }
    let io = error.downcast_ref::<io::Error>();
    error.is::<Elapsed>() || io.is_some_and(|error| has_timed_out(error))
}

fn has_timed_out(error: &(dyn Error + 'static)) -> bool {
    let mut chain = std::iter::successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source());
    chain.any(|error| {
        let io = error.downcast_ref::<io::Error>();
        error.is::<Elapsed>() || io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the backend is gone")]
    struct Caused(#[source] BoxError);

    #[test]
    fn timeouts_are_told_from_other_errors() {
        let timed_out = || io::Error::from(io::ErrorKind::TimedOut);
        assert!(is_timeout(&Elapsed::new()) && is_timeout(&timed_out()));
        assert!(is_timeout::<BoxError>(&Elapsed::new().into()));
        assert!(is_timeout::<BoxError>(&Caused(timed_out().into()).into()));
        assert!(!is_timeout::<BoxError>(&Caused("timed out".into()).into()));
        assert!(!is_timeout(&io::Error::from(io::ErrorKind::ConnectionReset)));
        assert!(!is_timeout(&"request timed out"));
    }
}
