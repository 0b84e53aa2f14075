//! How much a response tells, and to whom.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use http::request::Parts;

/// How much the body of a response tells about the checks. What is not granted is not told.
///
/// Granted by [`SyntheticHealthBuilder::details_when`](crate::SyntheticHealthBuilder::details_when).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Details {
    /// Which checks there are, the state and the reason of each.
    Names,
    /// Also an explanation for people, the ages, limits, cycles and times, and what the last error said: the text of your database driver, with host names
    /// and user names and whatever else it puts there.
    Full,
}

/// Who is told how much.
#[derive(Default)]
pub(crate) struct Grants(Vec<(Details, Box<Predicate>)>);

type Predicate = dyn Fn(&Parts) -> bool + Send + Sync;

impl Grants {
    pub(crate) fn add(&mut self, details: Details, predicate: impl Fn(&Parts) -> bool + Send + Sync + 'static) {
        self.0.push((details, Box::new(predicate)));
    }

    /// The most that any predicate grants to this request. One that panics grants nothing.
    pub(crate) fn of(&self, request: &Parts) -> Option<Details> {
        let grants = |predicate: &Predicate| {
            // What it may have left half done is its own; here nothing is kept of it.
            catch_unwind(AssertUnwindSafe(|| predicate(request))).unwrap_or_else(|_panic| {
                tracing::error!("a predicate for details panicked; nothing is granted");
                false
            })
        };
        let granted = self.0.iter().filter(|(_, predicate)| grants(predicate));
        granted.map(|&(details, _)| details).max()
    }
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(details, _)| details))
            .finish()
    }
}
