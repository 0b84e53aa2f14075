//! Asking several questions of one moment, and keeping what the engine doubts.

use std::cell::RefCell;

use chrono::{DateTime, Utc};

use crate::prom::{Ask, AskError, Course, Sample, Stretch, now_of};

/// An engine at one moment.
pub(super) struct Asking<'a> {
    engine: &'a dyn Ask,
    at: DateTime<Utc>,
    doubts: RefCell<Vec<String>>,
}

impl<'a> Asking<'a> {
    /// At a moment; without one at the engine's own now, so that two clocks need not agree.
    pub(super) fn new(engine: &'a dyn Ask, at: Option<DateTime<Utc>>) -> Result<Self, AskError> {
        let at = match at {
            Some(at) => at,
            None => now_of(engine)?,
        };
        Ok(Self {
            engine,
            at,
            doubts: RefCell::default(),
        })
    }

    pub(super) const fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// The samples of an answer that nothing can be said without.
    pub(super) fn ask(&self, query: &str) -> Result<Vec<Sample>, AskError> {
        let answered = self.engine.instant(query, Some(self.at))?;
        answered.doubts.into_iter().for_each(|doubt| self.doubt(doubt));
        Ok(answered.series)
    }

    /// The samples of an answer that is a part of the whole: when it alone is refused, that is a doubt and nothing else.
    pub(super) fn ask_for(&self, what: &str, query: &str) -> Result<Vec<Sample>, AskError> {
        self.ask(query).or_else(|error| self.refused(what, error))
    }

    /// The same over a stretch of time.
    pub(super) fn history(&self, what: &str, query: &str, stretch: Stretch) -> Result<Vec<Course>, AskError> {
        match self.engine.range(query, stretch) {
            Ok(history) => {
                history.doubts.into_iter().for_each(|doubt| self.doubt(doubt));
                Ok(history.series)
            }
            Err(error) => self.refused(what, error),
        }
    }

    fn refused<T>(&self, what: &str, error: AskError) -> Result<Vec<T>, AskError> {
        if !error.is_about_the_query() {
            return Err(error);
        }
        self.doubt(format!("{what}: {error}"));
        Ok(Vec::new())
    }

    /// Says once what could not be seen.
    pub(super) fn doubt(&self, doubt: String) {
        let mut doubts = self.doubts.borrow_mut();
        if !doubts.contains(&doubt) {
            doubts.push(doubt);
        }
    }

    pub(super) fn into_doubts(self) -> Vec<String> {
        self.doubts.into_inner()
    }
}
