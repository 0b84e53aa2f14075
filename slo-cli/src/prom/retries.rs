//! Trying again, for as long as there is time.

use std::thread;
use std::time::{Duration, Instant};

use super::AskError;

/// How often is tried again, and after which pause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retries {
    pub(super) times: u32,
    /// Before the first of them; it doubles each time.
    pub(super) pause: Duration,
}

/// One try without an answer, and whether another may help.
#[derive(Debug)]
pub(super) enum Tried {
    Again(AskError),
    Final(AskError),
}

impl Retries {
    /// Tries until there is an answer, no more tries, or no more time: `None` when that was over before anything was said.
    pub(super) fn persist<T>(
        self,
        until: Instant,
        mut attempt: impl FnMut(Duration) -> Result<T, Tried>,
    ) -> Option<Result<T, AskError>> {
        let left = || until.saturating_duration_since(Instant::now());
        let mut pause = self.pause;
        for tried in 0.. {
            if left().is_zero() {
                break;
            }
            let error = match attempt(left()) {
                Ok(answer) => return Some(Ok(answer)),
                Err(Tried::Final(error)) => return Some(Err(error)),
                Err(Tried::Again(error)) => error,
            };
            if tried >= self.times || left() <= pause {
                return Some(Err(error));
            }
            thread::sleep(pause);
            pause = pause.saturating_mul(2);
        }
        None
    }
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            times: 2,
            pause: Duration::from_millis(200),
        }
    }
}
