//! Asking many questions of one moment, and not insisting when nobody is there.

use std::cell::OnceCell;
use std::iter;

use chrono::{DateTime, Utc};

use super::at_once::{AT_ONCE, each_at_once};
use super::{Answered, Ask, AskError, Course, History, Said, Stretch, now_of};

/// An engine at one moment. After the first failure that is not about the question it is asked no more, or ten questions
/// would wait ten times as long as one.
pub(crate) struct Asking<'a, E: Ask + ?Sized = dyn Ask + 'a> {
    engine: &'a E,
    at: DateTime<Utc>,
    is_past: bool,
    gone: OnceCell<AskError>,
}

/// A question of one moment.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    text: String,
    is_costly: bool,
}

impl Query {
    /// One that may be too much for an engine that answers others in time: when it does not come to an end, others are
    /// asked all the same.
    pub(crate) const fn costly(text: String) -> Self {
        Self { text, is_costly: true }
    }

    /// Whether others would fail as well.
    const fn is_last(&self, error: &AskError) -> bool {
        match self.is_costly {
            true => !error.may_be_its_cost(),
            false => !error.is_about_the_query(),
        }
    }
}

impl From<String> for Query {
    fn from(text: String) -> Self {
        Self { text, is_costly: false }
    }
}

impl<'a, E: Ask + ?Sized> Asking<'a, E> {
    /// At a moment; without one at the engine's own now. Either is fixed here, or pieces of one whole would be of several
    /// moments, and a clock of ours that is behind would hide the last minutes.
    pub(crate) fn new(engine: &'a E, at: Option<DateTime<Utc>>) -> Self {
        let gone = OnceCell::new();
        let now = at.map_or_else(|| now_of(engine), Ok).unwrap_or_else(|error| {
            // Of this moment nothing is asked.
            gone.get_or_init(|| error);
            Utc::now()
        });
        Self {
            engine,
            at: now,
            is_past: at.is_some(),
            gone,
        }
    }

    pub(crate) const fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// Whether somebody chose the moment: the engine may not keep so much.
    pub(crate) const fn is_past(&self) -> bool {
        self.is_past
    }

    /// Who is asked, without secrets, for people.
    pub(crate) fn source(&self) -> String {
        self.engine.source()
    }

    /// What was said to a question, with the question.
    pub(crate) fn ask(&self, query: impl Into<Query>) -> Said {
        let query = query.into();
        let answer = match self.gone.get() {
            Some(gone) => Err(gone.clone()),
            None => self.engine.instant(&query.text, Some(self.at)),
        };
        self.said(&query, answer)
    }

    /// What was said to questions that need nothing of each other, in their order: some are under way at once. The first
    /// failure in that order counts, as if one had been asked after the other.
    pub(crate) fn all(&self, queries: &[Query]) -> Vec<Said>
    where
        E: Sync,
    {
        let (engine, at) = (self.engine, self.at);
        let asked = match self.gone.get() {
            Some(_) => &[],
            None => queries,
        };
        let answers = each_at_once(
            asked,
            AT_ONCE,
            |query| engine.instant(&query.text, Some(at)),
            |query, answer| answer.as_ref().is_err_and(|error| query.is_last(error)),
        );
        // What was not asked comes after a failure that is noted by then.
        let answers = answers.into_iter().chain(iter::repeat_with(|| None));
        let said = queries.iter().zip(answers).map(|(query, answer)| match answer {
            Some(answer) => self.said(query, answer),
            None => self.ask(query.clone()),
        });
        said.collect()
    }

    /// How it came about, over a stretch of time.
    ///
    /// # Errors
    ///
    /// [`AskError`] when no complete answer came.
    pub(crate) fn history(&self, query: &str, stretch: Stretch) -> Result<History, AskError> {
        if let Some(gone) = self.gone.get() {
            return Err(gone.clone());
        }
        let history = self.engine.range(query, stretch);
        if let Some(error) = history.as_ref().err().filter(|error| !error.is_about_the_query()) {
            self.gone.get_or_init(|| error.clone());
        }
        history
    }

    /// The same for explanations: no answer and a doubted one are none.
    pub(crate) fn undoubted_history(&self, query: &str, stretch: Stretch) -> Option<Vec<Course>> {
        let history = self.history(query, stretch).ok();
        history
            .filter(|history| history.doubts.is_empty())
            .map(|history| history.series)
    }

    fn said(&self, query: &Query, answer: Result<Answered, AskError>) -> Said {
        if let Some(error) = answer.as_ref().err().filter(|error| query.is_last(error)) {
            self.gone.get_or_init(|| error.clone());
        }
        Said::new(query.text.clone(), answer)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;
    use crate::prom::Sample;

    /// Fails for questions that say how, and answers all others with nothing; remembers what it was asked and of when.
    #[derive(Default)]
    struct Engine(Mutex<Vec<(String, Option<DateTime<Utc>>)>>);

    impl Engine {
        fn asked(&self) -> Vec<String> {
            let asked = self.0.lock().unwrap();
            let mut texts: Vec<_> = asked.iter().map(|(text, _)| text.clone()).collect();
            texts.sort_unstable();
            texts
        }
    }

    fn error_of(text: &str) -> Option<AskError> {
        let source_name = "http://engine".to_owned();
        Some(match text {
            "down" => AskError::Unreachable {
                source_name,
                reason: "connection refused".to_owned(),
            },
            "slow" => AskError::TooSlow {
                source_name,
                within: Duration::from_secs(1),
            },
            "wrong" => AskError::Refused {
                source_name,
                status: 422,
                words: "too many samples".to_owned(),
            },
            _ => return None,
        })
    }

    impl Ask for Engine {
        fn instant(&self, query: &str, at: Option<DateTime<Utc>>) -> Result<Answered, AskError> {
            self.0.lock().unwrap().push((query.to_owned(), at));
            let mut answered = Answered::default();
            if query == "time()" {
                answered.series.push(Sample::new([], 1_767_225_600.9));
            }
            error_of(query).map_or(Ok(answered), Err)
        }

        fn range(&self, query: &str, _: Stretch) -> Result<History, AskError> {
            self.0.lock().unwrap().push((query.to_owned(), None));
            let mut history = History::default();
            if query == "doubted" {
                history.doubts.push("a store is gone".to_owned());
            }
            error_of(query).map_or(Ok(history), Err)
        }

        fn source(&self) -> String {
            "http://engine".to_owned()
        }
    }

    fn moment() -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600, 0).unwrap()
    }

    fn stretch() -> Stretch {
        Stretch {
            from: moment(),
            to: moment(),
            step: Duration::from_secs(60),
        }
    }

    fn queries(texts: &[&str]) -> Vec<Query> {
        texts.iter().map(|text| Query::from((*text).to_owned())).collect()
    }

    #[test]
    fn every_question_is_of_the_one_moment_that_the_engine_says_once() {
        let engine = Engine::default();
        let asking = Asking::new(&engine, None);
        assert_eq!((asking.at(), asking.is_past()), (moment(), false));
        asking.ask("a".to_owned());
        asking.all(&queries(&["b", "c"]));
        let moments: Vec<_> = engine.0.lock().unwrap().iter().map(|(_, at)| *at).collect();
        let now = Some(moment());
        assert_eq!(moments, [None, now, now, now]);
        // Who chose one is not told another.
        let engine = Engine::default();
        let past = Asking::new(&engine, Some(moment()));
        past.ask("a".to_owned());
        assert!(past.is_past());
        assert_eq!(engine.0.into_inner().unwrap(), [("a".to_owned(), now)]);
    }

    #[test]
    fn who_is_gone_is_not_asked_again_and_every_answer_says_so() {
        let down = error_of("down").unwrap();
        for last in ["down", "slow"] {
            let engine = Engine::default();
            let asking = Asking::new(&engine, Some(moment()));
            asking.ask(last.to_owned());
            let expected = error_of(last).unwrap();
            assert_eq!(asking.ask("a".to_owned()).into_answer(), Err(expected.clone()));
            let all = asking.all(&queries(&["b", "c"])).into_iter();
            assert!(all.map(Said::into_answer).all(|answer| answer == Err(expected.clone())));
            assert_eq!(asking.history("d", stretch()), Err(expected));
            assert_eq!(engine.asked(), [last]);
        }
        let engine = Engine::default();
        let asking = Asking::new(&engine, Some(moment()));
        assert_eq!(asking.history("down", stretch()), Err(down.clone()));
        assert_eq!(asking.ask("a".to_owned()).into_answer(), Err(down));
    }

    #[test]
    fn a_question_that_is_refused_says_nothing_of_others() {
        let engine = Engine::default();
        let asking = Asking::new(&engine, Some(moment()));
        assert!(asking.ask("wrong".to_owned()).is_refused());
        assert!(asking.history("wrong", stretch()).is_err());
        assert!(asking.ask("a".to_owned()).into_answer().is_ok());
    }

    #[test]
    fn a_costly_question_may_be_too_much_for_an_engine_that_is_there() {
        let engine = Engine::default();
        let asking = Asking::new(&engine, Some(moment()));
        assert!(!asking.ask(Query::costly("slow".to_owned())).is_refused());
        assert!(asking.ask("a".to_owned()).into_answer().is_ok());
        asking.ask(Query::costly("down".to_owned()));
        assert_eq!(asking.ask("b".to_owned()).into_answer().err(), error_of("down"));
    }

    #[test]
    fn of_questions_at_once_the_first_failure_in_their_order_counts() {
        for _ in 0..20 {
            let engine = Engine::default();
            let asking = Asking::new(&engine, Some(moment()));
            let all = asking.all(&queries(&["a", "wrong", "slow", "down", "b", "c", "d", "e", "f"]));
            let errors: Vec<_> = all.into_iter().map(|said| said.into_answer().err()).collect();
            assert_eq!(errors[..3], [None, error_of("wrong"), error_of("slow")]);
            assert_eq!(asking.ask("g".to_owned()).into_answer().err(), error_of("slow"));
            // Behind it are those that were begun by then; of the others nobody knows anything.
            assert!(
                errors[4..]
                    .iter()
                    .all(|error| error.is_none() || *error == error_of("slow"))
            );
        }
    }

    /// Says these times, and must be asked for nothing else.
    struct Clock(&'static [f64]);

    impl Ask for Clock {
        fn instant(&self, query: &str, _: Option<DateTime<Utc>>) -> Result<Answered, AskError> {
            assert_eq!(query, "time()");
            let mut answered = Answered::default();
            answered.series.extend(self.0.iter().map(|time| Sample::new([], *time)));
            Ok(answered)
        }

        fn range(&self, query: &str, _: Stretch) -> Result<History, AskError> {
            panic!("asked for {query}")
        }

        fn source(&self) -> String {
            "http://engine".to_owned()
        }
    }

    #[test]
    fn who_does_not_know_the_time_is_asked_nothing_else() {
        for times in [&[][..], &[f64::NAN], &[-1.0], &[1_767_225_600.0, 1_767_225_660.0]] {
            let clock = Clock(times);
            let asking = Asking::new(&clock, None);
            let answer = asking.ask("a".to_owned()).into_answer();
            assert!(matches!(answer, Err(AskError::NotAnEngine { .. })), "{answer:?}");
            assert!(asking.history("b", stretch()).is_err());
        }
    }

    #[test]
    fn a_doubted_history_explains_nothing() {
        let engine = Engine::default();
        let asking = Asking::new(&engine, Some(moment()));
        assert_eq!(asking.undoubted_history("a", stretch()), Some(Vec::new()));
        for none in ["doubted", "wrong"] {
            assert_eq!(asking.undoubted_history(none, stretch()), None, "{none}");
        }
        assert_eq!(asking.history("doubted", stretch()).unwrap().doubts.len(), 1);
    }
}
