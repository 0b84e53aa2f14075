//! What a test returns, so that its failure can be read.

use std::error::Error;
use std::fmt;

/// The result of a test on the real servers.
pub type Outcome = Result<(), Failure>;

/// Any error, shown as it was meant to be read.
///
/// The test harness prints a returned error's `Debug` form; for the list of missing servers and what to do about it,
/// that would be a line nobody reads.
pub struct Failure(String);

impl Failure {
    /// A failure in one's own words.
    #[must_use]
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_harness_prints_the_message_and_not_the_fields() {
        let error = Failure::from(crate::TimedOut {
            after: std::time::Duration::from_secs(3),
            tries: 7,
            last: "two\nlines".to_owned(),
        });
        assert_eq!(format!("{error:?}"), "still not so after 3s and 7 tries: two\nlines");
    }
}
