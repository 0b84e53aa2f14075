//! What becomes of the overview where an answer is missing, and what the engine doubts.

use std::cell::RefCell;

use chrono::{DateTime, Utc};

use crate::prom::{Ask, AskError, Asking, Course, Query, Said, Sample, Stretch};

/// An engine at one moment, and everything that it doubts.
pub(super) struct Inquiry<'a> {
    asking: Asking<'a, dyn Ask + Sync + 'a>,
    doubts: RefCell<Vec<String>>,
}

/// A question, and what becomes of the whole without its answer.
pub(super) struct Question {
    query: Query,
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
    pub(super) fn whole(query: String) -> Self {
        Self {
            query: query.into(),
            need: Need::Whole,
        }
    }

    /// The answer is a part of the whole.
    pub(super) fn part(what: impl Into<String>, query: String) -> Self {
        Self {
            query: query.into(),
            need: Need::Part(what.into()),
        }
    }

    /// Whoever asks can do without, if the question was too much.
    pub(super) const fn or_else(query: String) -> Self {
        Self {
            query: Query::costly(query),
            need: Need::Else,
        }
    }
}

/// What an answer comes to: samples, or for questions that one can do without why there are none.
pub(super) type Got = Result<Vec<Sample>, AskError>;

impl<'a> Inquiry<'a> {
    /// At a moment; without one at the engine's own now.
    pub(super) fn new(engine: &'a (dyn Ask + Sync), at: Option<DateTime<Utc>>) -> Self {
        Self {
            asking: Asking::new(engine, at),
            doubts: RefCell::default(),
        }
    }

    pub(super) const fn at(&self) -> DateTime<Utc> {
        self.asking.at()
    }

    /// The answers to questions that need nothing of each other, in their order, and so are doubts and errors.
    pub(super) fn all(&self, questions: &[Question]) -> Result<Vec<Got>, AskError> {
        let queries: Vec<_> = questions.iter().map(|question| question.query.clone()).collect();
        let said = questions.iter().zip(self.asking.all(&queries));
        said.map(|(question, said)| self.got(&question.need, said)).collect()
    }

    fn got(&self, need: &Need, said: Said) -> Result<Got, AskError> {
        let error = match said.into_answer() {
            Ok(answered) => {
                answered.doubts.into_iter().for_each(|doubt| self.doubt(doubt));
                return Ok(Ok(answered.series));
            }
            Err(error) => error,
        };
        match need {
            Need::Part(what) if error.is_about_the_query() => {
                self.doubt(format!("{what}: {error}"));
                Ok(Ok(Vec::new()))
            }
            Need::Else if error.may_be_its_cost() => Ok(Err(error)),
            Need::Whole | Need::Part(_) | Need::Else => Err(error),
        }
    }

    /// The courses of a part of the whole over a stretch of time.
    pub(super) fn history(&self, what: &str, query: &str, stretch: Stretch) -> Result<Vec<Course>, AskError> {
        match self.asking.history(query, stretch) {
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
