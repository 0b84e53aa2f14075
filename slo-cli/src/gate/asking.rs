//! Asking several questions of one moment, not insisting when nobody is there, and reading no more out of an answer than
//! it says.

use std::cell::RefCell;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use slo_core::gate::{Observation, Unseen};

use crate::prom::{Answered, Ask, AskError, Course, Sample, Stretch, no_number, now_of};

/// An engine at one moment. After the first failure that is not about the question it is asked no more, or ten questions
/// would wait ten times as long as one.
pub(super) struct Asking<'a> {
    engine: &'a dyn Ask,
    at: DateTime<Utc>,
    is_past: bool,
    gone: RefCell<Option<AskError>>,
}

impl<'a> Asking<'a> {
    /// At a moment; without one at the engine's own now, or pieces of one verdict would be of several moments, and a
    /// runner's clock that is behind would hide the last minutes.
    pub(super) fn new(engine: &'a dyn Ask, at: Option<DateTime<Utc>>) -> Self {
        let is_past = at.is_some();
        let (at, gone) = match at.map_or_else(|| now_of(engine), Ok) {
            Ok(at) => (at, None),
            // Nothing is asked of that moment.
            Err(error) => (Utc::now(), Some(error)),
        };
        Self {
            engine,
            at,
            is_past,
            gone: RefCell::new(gone),
        }
    }

    pub(super) const fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// Whether somebody chose the moment: the engine may not keep so much.
    pub(super) const fn is_past(&self) -> bool {
        self.is_past
    }

    /// What was said to a question, with the question.
    pub(super) fn ask(&self, query: String) -> Said {
        if let Some(gone) = &*self.gone.borrow() {
            return Said {
                query,
                answer: Err(gone.clone()),
            };
        }
        let answer = self.engine.instant(&query, Some(self.at));
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
///
/// Samples are handed out by what tells them apart and never as they come, so that whoever reads one has said what no
/// answer, an empty one and several values for the same thing are to him. The engine's doubts of it go where its values
/// go: [`Self::doubting`].
pub(super) struct Said {
    pub(super) query: String,
    answer: Result<Answered, AskError>,
}

impl Said {
    /// The samples, one for each combination of these labels; none of them when it says that there is nothing.
    ///
    /// # Errors
    ///
    /// Without an answer, and where it has two values for one thing: no aggregation leaves that.
    pub(super) fn by(&self, labels: &[&str]) -> Result<&[Sample], Unseen> {
        let answered = self
            .answer
            .as_ref()
            .map_err(|error| Unseen::NoAnswer(error.to_string()))?;
        let samples = answered.series.as_slice();
        let things = samples
            .iter()
            .map(|sample| labels.iter().map(|label| sample.label(label)).collect());
        match things.collect::<BTreeSet<Vec<&str>>>().len() {
            known if known == samples.len() => Ok(samples),
            known => Err(Unseen::Unclear(format!(
                "the engine gives {} values where there can be {known}",
                samples.len()
            ))),
        }
    }

    /// The one value of an aggregation without labels; `None` when it says that there is nothing.
    ///
    /// # Errors
    ///
    /// As [`Self::by`]; and for a value that is no number.
    pub(super) fn number(&self) -> Result<Option<f64>, Unseen> {
        let value = self.by(&[])?.first().map(|sample| sample.value);
        match value {
            Some(value) if !value.is_finite() => Err(no_number(value)),
            value => Ok(value),
        }
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
