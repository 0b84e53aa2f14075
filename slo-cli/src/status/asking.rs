//! Asking many questions of one moment, and keeping what the engine doubts.

use std::cell::RefCell;

use chrono::{DateTime, Utc};

use super::at_once::{AT_ONCE, each_at_once};
use crate::prom::{Answered, Ask, AskError, Course, Sample, Stretch, now_of};

/// An engine at one moment.
pub(super) struct Asking<'a> {
    engine: &'a (dyn Ask + Sync),
    at: DateTime<Utc>,
    doubts: RefCell<Vec<String>>,
}

/// A question, and what becomes of the whole without its answer.
pub(super) struct Question {
    query: String,
    need: Need,
}

/// What becomes of the whole without an answer.
enum Need {
    /// Nothing can be said.
    Whole,
    /// A part is missing: when this question alone is refused, that is a doubt about what it is for, and nothing else.
    Part(String),
    /// Something else is asked instead, if the question was too much for the engine; whoever asked gets to know.
    Else,
}

impl Question {
    /// Nothing can be said without the answer.
    pub(super) const fn whole(query: String) -> Self {
        let need = Need::Whole;
        Self { query, need }
    }

    /// The answer is a part of the whole.
    pub(super) fn part(what: impl Into<String>, query: String) -> Self {
        let need = Need::Part(what.into());
        Self { query, need }
    }

    /// Whoever asks can do without, if the question was too much.
    pub(super) const fn or_else(query: String) -> Self {
        let need = Need::Else;
        Self { query, need }
    }

    /// Whether there is no sense in asking more.
    fn ends_with(&self, error: &AskError) -> bool {
        match &self.need {
            Need::Whole => true,
            Need::Part(_) => !error.is_about_the_query(),
            Need::Else => !is_too_much(error),
        }
    }
}

/// What an answer comes to: samples, or for questions that one can do without why there are none.
pub(super) type Got = Result<Vec<Sample>, AskError>;

impl<'a> Asking<'a> {
    /// At a moment; without one at the engine's own now, so that two clocks need not agree.
    pub(super) fn new(engine: &'a (dyn Ask + Sync), at: Option<DateTime<Utc>>) -> Result<Self, AskError> {
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

    /// The answers to questions that need nothing of each other, in their order: some are under way at once. Doubts are in
    /// that order too, and the first error in it counts, as if one had been asked after the other.
    pub(super) fn all(&self, questions: &[Question]) -> Result<Vec<Got>, AskError> {
        let (engine, at) = (self.engine, self.at);
        let answers = each_at_once(
            questions,
            AT_ONCE,
            |question| engine.instant(&question.query, Some(at)),
            |question, answer| answer.as_ref().is_err_and(|error| question.ends_with(error)),
        );
        // What was not asked comes after an error that ends it all.
        let asked = questions.iter().zip(answers.into_iter().flatten());
        asked.map(|(question, answer)| self.got(question, answer)).collect()
    }

    fn got(&self, question: &Question, answer: Result<Answered, AskError>) -> Result<Got, AskError> {
        let error = match answer {
            Ok(answered) => {
                answered.doubts.into_iter().for_each(|doubt| self.doubt(doubt));
                return Ok(Ok(answered.series));
            }
            Err(error) if question.ends_with(&error) => return Err(error),
            Err(error) => error,
        };
        if let Need::Part(what) = &question.need {
            self.doubt(format!("{what}: {error}"));
            return Ok(Ok(Vec::new()));
        }
        Ok(Err(error))
    }

    /// The courses of a part of the whole over a stretch of time.
    pub(super) fn history(&self, what: &str, query: &str, stretch: Stretch) -> Result<Vec<Course>, AskError> {
        match self.engine.range(query, stretch) {
            Ok(history) => {
                history.doubts.into_iter().for_each(|doubt| self.doubt(doubt));
                Ok(history.series)
            }
            Err(error) if !error.is_about_the_query() => Err(error),
            Err(error) => {
                self.doubt(format!("{what}: {error}"));
                Ok(Vec::new())
            }
        }
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

/// Whether another question may be answered although this one was not: it may have been too much.
fn is_too_much(error: &AskError) -> bool {
    error.is_about_the_query() || matches!(error, AskError::TooSlow { .. } | AskError::Refused { .. })
}
