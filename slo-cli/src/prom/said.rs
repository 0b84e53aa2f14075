//! A question and what was said to it: no more is read out of an answer than it says.

use std::collections::BTreeSet;

use slo_core::gate::{Observation, Unseen};

use super::{Answered, AskError, Sample, no_number};
use crate::render::plain;

/// A question and what was said to it.
///
/// Samples are handed out by what tells them apart and never as they come, so that whoever reads one has said what no
/// answer, an empty one and several values for the same thing are to him. The engine's doubts of it go where its values
/// go: [`Self::doubting`], [`Self::sound`], or [`Self::into_answer`] with the doubts in it.
pub(crate) struct Said {
    pub(crate) query: String,
    answer: Result<Answered, AskError>,
}

impl Said {
    pub(super) const fn new(query: String, answer: Result<Answered, AskError>) -> Self {
        Self { query, answer }
    }

    /// The samples, one for each combination of these labels; none of them when it says that there is nothing.
    ///
    /// # Errors
    ///
    /// Without an answer, with a value that is no number, and where it has two values for one thing: no aggregation leaves
    /// that.
    pub(crate) fn by(&self, labels: &[&str]) -> Result<&[Sample], Unseen> {
        let answered = self
            .answer
            .as_ref()
            .map_err(|error| Unseen::NoAnswer(error.to_string()))?;
        let samples = answered.series.as_slice();
        if let Some(value) = not_a_number(samples) {
            return Err(no_number(value));
        }
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
    /// As [`Self::by`].
    pub(crate) fn number(&self) -> Result<Option<f64>, Unseen> {
        Ok(self.by(&[])?.first().map(|sample| sample.value))
    }

    /// The samples of an answer that its engine stands by: of others, that nothing is there says nothing.
    ///
    /// # Errors
    ///
    /// Why it says nothing, for people: there is none, its engine doubts it, or a value is no number.
    pub(crate) fn sound(self) -> Result<Vec<Sample>, String> {
        let answered = self.answer.map_err(|error| error.to_string())?;
        if !answered.doubts.is_empty() {
            let doubts = plain(&answered.doubts.join("; "));
            return Err(format!("the answer is partial or doubted by its source: {doubts}"));
        }
        match not_a_number(&answered.series) {
            Some(value) => Err(format!("the engine says {value} to `{}`", plain(&self.query))),
            None => Ok(answered.series),
        }
    }

    /// All of it as it came: for whoever passes doubts on, and has a place for samples that are no numbers.
    ///
    /// # Errors
    ///
    /// [`AskError`] when no complete answer came.
    pub(crate) fn into_answer(self) -> Result<Answered, AskError> {
        self.answer
    }

    /// Why there is no answer.
    pub(crate) fn failure(&self) -> Option<Unseen> {
        let error = self.answer.as_ref().err()?;
        Some(Unseen::NoAnswer(error.to_string()))
    }

    /// Whether the engine is there and does not answer this question: it is too long ago, or too many samples.
    pub(crate) fn is_refused(&self) -> bool {
        self.answer.as_ref().is_err_and(AskError::is_about_the_query)
    }

    /// Whether the engine doubts its answer.
    pub(crate) fn is_doubted(&self) -> bool {
        self.answer.as_ref().is_ok_and(|answered| !answered.doubts.is_empty())
    }

    /// The observation with the doubts that the engine has of this answer.
    pub(crate) fn doubting<T>(&self, seen: Observation<T>) -> Observation<T> {
        let doubts = self.answer.iter().flat_map(|answered| &answered.doubts);
        doubts.fold(seen, |seen, words| seen.warned(words.clone()))
    }
}

/// The first value that is none.
fn not_a_number(samples: &[Sample]) -> Option<f64> {
    let values = samples.iter().map(|sample| sample.value);
    values.into_iter().find(|value| !value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(samples: &[(&str, f64)]) -> Said {
        let mut answered = Answered::default();
        let samples = samples.iter().map(|(a, value)| Sample::new([("a", *a)], *value));
        answered.series.extend(samples);
        Said::new("q\u{1b}".to_owned(), Ok(answered))
    }

    fn doubted(mut said: Said) -> Said {
        if let Ok(answered) = &mut said.answer {
            answered.doubts.push("a store is\u{1b} gone".to_owned());
        }
        said
    }

    #[test]
    fn samples_are_told_apart_by_what_was_said_to() {
        let two = said(&[("1", 5.0), ("2", 5.0)]);
        assert_eq!(two.by(&["a"]).map(<[_]>::len), Ok(2));
        let unclear = "the engine gives 2 values where there can be 1".to_owned();
        assert_eq!(two.by(&["b"]), Err(Unseen::Unclear(unclear.clone())));
        assert_eq!(two.number(), Err(Unseen::Unclear(unclear)));
        assert_eq!(
            (said(&[]).number(), said(&[("", 3.0)]).number()),
            (Ok(None), Ok(Some(3.0)))
        );
    }

    #[test]
    fn one_value_that_is_no_number_makes_the_whole_answer_none() {
        for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let said = || said(&[("1", 5.0), ("2", wrong)]);
            assert_eq!(said().by(&["a"]), Err(no_number(wrong)), "{wrong}");
            let words = format!("the engine says {wrong} to `q\\u{{1b}}`");
            assert_eq!(said().sound(), Err(words));
        }
        assert!(matches!(said(&[("", f64::NAN)]).number(), Err(Unseen::NoAnswer(_))));
    }

    #[test]
    fn a_doubted_answer_is_not_sound_and_says_why() {
        let words = "the answer is partial or doubted by its source: a store is\\u{1b} gone";
        assert_eq!(doubted(said(&[])).sound(), Err(words.to_owned()));
        assert_eq!(said(&[("1", 5.0)]).sound().map(|samples| samples.len()), Ok(1));
        assert_eq!((doubted(said(&[])).is_doubted(), said(&[]).is_doubted()), (true, false));
    }
}
