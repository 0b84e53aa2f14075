//! Asking several questions, and not insisting when nobody is there.

use std::cell::RefCell;

use chrono::{DateTime, Utc};
use slo_core::gate::{Observation, Unseen};

use crate::prom::{Answered, Ask, AskError, Course, Sample, Stretch};

/// An engine at one moment. After the first failure that is not about the question it is asked no more, or ten questions
/// would wait ten times as long as one.
pub(super) struct Asking<'a> {
    engine: &'a dyn Ask,
    at: Option<DateTime<Utc>>,
    gone: RefCell<Option<AskError>>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(engine: &'a dyn Ask, at: Option<DateTime<Utc>>) -> Self {
        Self {
            engine,
            at,
            gone: RefCell::new(None),
        }
    }

    /// What was said to a question, with the question.
    pub(super) fn ask(&self, query: String) -> Said {
        if let Some(gone) = &*self.gone.borrow() {
            return Said {
                query,
                answer: Err(gone.clone()),
            };
        }
        let answer = self.engine.instant(&query, self.at);
        self.note(answer.as_ref().err());
        Said { query, answer }
    }

    /// How it came about: for explanations, so no answer and a doubted one are none.
    pub(super) fn history(&self, query: &str, stretch: Stretch) -> Option<Vec<Course>> {
        if self.gone.borrow().is_some() {
            return None;
        }
        let answer = self.engine.range(query, stretch);
        self.note(answer.as_ref().err());
        answer
            .ok()
            .filter(|history| history.doubts.is_empty())
            .map(|history| history.series)
    }

    fn note(&self, error: Option<&AskError>) {
        if let Some(error) = error.filter(|error| !error.is_about_the_query()) {
            self.gone.replace(Some(error.clone()));
        }
    }
}

/// A question and what was said to it.
pub(super) struct Said {
    pub(super) query: String,
    answer: Result<Answered, AskError>,
}

impl Said {
    /// The samples, as far as there is an answer.
    pub(super) fn series(&self) -> &[Sample] {
        match &self.answer {
            Ok(answered) => &answered.series,
            Err(_) => &[],
        }
    }

    /// The value of the one series that an aggregation leaves; `None` when it left none.
    pub(super) fn value(&self) -> Option<f64> {
        self.series().first().map(|sample| sample.value)
    }

    /// Why there is no answer.
    pub(super) fn failure(&self) -> Option<Unseen> {
        let error = self.answer.as_ref().err()?;
        Some(Unseen::NoAnswer(error.to_string()))
    }

    /// Whether the engine is there and does not answer this question: it is too long ago, or too many samples.
    pub(super) fn is_refused(&self) -> bool {
        self.answer.as_ref().is_err_and(AskError::is_about_the_query)
    }

    /// Whether the engine doubts its answer.
    pub(super) fn is_doubted(&self) -> bool {
        self.answer.as_ref().is_ok_and(|answered| !answered.doubts.is_empty())
    }

    /// The observation with the doubts that the engine has of this answer.
    pub(super) fn doubting<T>(&self, seen: Observation<T>) -> Observation<T> {
        let doubts = self.answer.iter().flat_map(|answered| &answered.doubts);
        doubts.fold(seen, |seen, words| seen.warned(words.clone()))
    }
}
