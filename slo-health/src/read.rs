//! Reads of the data, each in a task of its own.

use std::{
    error::Error,
    fmt::{self, Write as _},
    future::Future,
    sync::Arc,
};

use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use crate::{finding::Seen, verdict::Failure};

/// Starts one read in a task of its own and hands back the handle. The only part that differs between kinds of check.
pub(crate) type Read = Box<dyn Fn() -> JoinHandle<Result<Seen, ReadError>> + Send + Sync>;

pub(crate) type ReadError = Box<dyn Error + Send + Sync>;

/// A read that is a future.
pub(crate) fn asynchronous<F, Fut, T, E>(read: F, seen: fn(T) -> Seen) -> Read
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: 'static,
    E: Into<ReadError>,
{
    let read = Arc::new(read);
    Box::new(move || {
        let read = Arc::clone(&read);
        // The closure is called inside the task, so that a panic while it builds its future is contained as well.
        tokio::spawn(async move { read().await.map(seen).map_err(Into::into) })
    })
}

/// A read that blocks its thread, and therefore gets one of tokio's threads for blocking work.
pub(crate) fn blocking<F, T, E>(read: F, seen: fn(T) -> Seen) -> Read
where
    F: Fn() -> Result<T, E> + Send + Sync + 'static,
    T: 'static,
    E: Into<ReadError>,
{
    let read = Arc::new(read);
    Box::new(move || {
        let read = Arc::clone(&read);
        spawn_blocking(move || read().map(seen).map_err(Into::into))
    })
}

/// A read that saw nothing, and what it said of that.
#[derive(Clone)]
pub(crate) struct Lost {
    pub(crate) failure: Failure,
    /// For the log, and for those to whom [full details](crate::Details::Full) are granted.
    pub(crate) text: Option<Arc<str>>,
}

impl From<Failure> for Lost {
    fn from(failure: Failure) -> Self {
        Self { failure, text: None }
    }
}

impl fmt::Debug for Lost {
    /// Without the text: a report may be printed where anyone can read it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lost").field(&self.failure).finish()
    }
}

/// Sorts the end of a read, and logs the bad ones.
pub(crate) fn outcome(check: &str, joined: Result<Result<Seen, ReadError>, JoinError>) -> Result<Seen, Lost> {
    match joined {
        Ok(Ok(seen)) => Ok(seen),
        Ok(Err(error)) => {
            tracing::warn!(check, error = &*error as &dyn Error, "a freshness check failed");
            Err(Lost {
                failure: Failure::Failed,
                text: Some(with_causes(&*error)),
            })
        }
        Err(panic) if panic.is_panic() => {
            tracing::error!(check, "a freshness check panicked"); // the panic hook has shown the message
            Err(Failure::Panicked.into())
        }
        Err(_cancelled) => Err(Failure::Cancelled.into()),
    }
}

/// The error and its causes, cut to a bounded length: one text per check is kept until the next read.
fn with_causes(error: &dyn Error) -> Arc<str> {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        if text.len() > LONGEST_TEXT {
            break;
        }
        let _ = write!(text, ": {error}"); // into a string: cannot fail unless the error's own Display does
        cause = error.source();
    }
    text.truncate(char_boundary(&text, LONGEST_TEXT));
    text.into()
}

/// Bytes.
const LONGEST_TEXT: usize = 1_024;

/// `str::floor_char_boundary`, which our oldest compiler does not have.
fn char_boundary(text: &str, most: usize) -> usize {
    let ends = (0..=most.min(text.len())).rev();
    ends.into_iter().find(|&end| text.is_char_boundary(end)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug)]
    struct Wrapped(io::Error);

    impl fmt::Display for Wrapped {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cannot read the newest sale")
        }
    }

    impl Error for Wrapped {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn the_causes_follow_the_error() {
        let error = Wrapped(io::Error::other("connection refused"));
        assert_eq!(&*with_causes(&error), "cannot read the newest sale: connection refused");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        for pad in 0..4 {
            let text = "x".repeat(pad) + &"\u{1f3e0}".repeat(1_000);
            let kept = with_causes(&Wrapped(io::Error::other(text)));
            assert!(
                kept.len() <= LONGEST_TEXT && kept.len() > LONGEST_TEXT - 4,
                "{}",
                kept.len()
            );
        }
        let short: ReadError = "short".into();
        assert_eq!(&*with_causes(&*short), "short");
    }

    #[derive(Debug)]
    struct CausedByItself;

    impl fmt::Display for CausedByItself {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a circle")
        }
    }

    impl Error for CausedByItself {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(self)
        }
    }

    #[test]
    fn causes_without_an_end_come_to_one() {
        assert_eq!(with_causes(&CausedByItself).len(), LONGEST_TEXT);
    }
}
