//! Waiting for a condition, never for a time.

use std::thread;
use std::time::{Duration, Instant};

/// A condition did not come true before its deadline.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("still not so after {after:?} and {tries} tries: {last}")]
pub struct TimedOut {
    /// How long it was waited for.
    pub after: Duration,
    /// How often the condition was asked.
    pub tries: u32,
    /// What the condition said last.
    pub last: String,
}

/// Asks `condition` again and again until it is `Ok`, at most for `deadline`; at least once, and once at the end.
///
/// An [`HttpError`](crate::HttpError) or a [`PromError`](crate::PromError) inside `condition` may be passed up by `?`.
///
/// # Errors
///
/// [`TimedOut`] with the last thing `condition` said.
pub fn eventually<T>(deadline: Duration, mut condition: impl FnMut() -> Result<T, String>) -> Result<T, TimedOut> {
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut tries: u32 = 0;
    loop {
        let left = deadline.saturating_sub(start.elapsed());
        tries = tries.saturating_add(1);
        match condition() {
            Ok(value) => return Ok(value),
            // `left` was read before asking, so the last answer is one that was asked for at the deadline or after it.
            Err(last) if left.is_zero() => {
                return Err(TimedOut {
                    after: start.elapsed(),
                    tries,
                    last,
                });
            }
            Err(_) => thread::sleep(pause.min(left)),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// Long enough not to keep a busy machine from doing what is waited for.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_true_at_once_is_asked_once() {
        let mut asked = 0;
        let value = eventually(Duration::ZERO, || {
            asked += 1;
            Ok(7)
        });
        assert_eq!((value, asked), (Ok(7), 1));
    }

    #[test]
    fn what_becomes_true_later_is_waited_for() {
        let mut asked = 0;
        let value = eventually(Duration::from_secs(60), || {
            asked += 1;
            if asked < 4 {
                Err(format!("only {asked}"))
            } else {
                Ok(asked)
            }
        });
        assert_eq!(value, Ok(4));
    }

    #[test]
    fn what_never_becomes_true_reports_the_last_failure() {
        let mut asked = 0;
        let error = eventually::<()>(Duration::from_millis(20), || {
            asked += 1;
            Err(format!("try {asked}"))
        })
        .unwrap_err();
        assert!(error.after >= Duration::from_millis(20));
        assert!(error.tries > 1 && error.tries == asked);
        assert_eq!(error.last, format!("try {asked}"));
    }
}
