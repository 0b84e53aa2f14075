//! What the numbers of an answer are: counts of events, shares of time, or nothing that can be used.

use slo_core::gate::Unseen;
use slo_core::{Events, Outcome, Ratio};

use crate::render::plain;

/// Counts of one outcome.
///
/// # Errors
///
/// [`Unseen::NoAnswer`] for what is no count, and for an outcome that nobody knows.
pub(crate) fn outcome_of(outcome: &str, value: f64) -> Result<Events, Unseen> {
    let counted = counted(value)?;
    match outcome {
        "good" => Ok(Events::new(counted, 0)),
        "bad" => Ok(Events::new(0, counted)),
        "excluded" => Ok(Events::default().with_excluded(counted)),
        other => Err(Unseen::NoAnswer(format!(
            "events that are `{}` are neither good nor bad",
            plain(other)
        ))),
    }
}

/// One of these outcomes that is not there, by the labels that are. A series that is 0 is there from the first push on, so that
/// one which is not there was lost on the way.
pub(crate) fn lacking(least: &[Outcome], is_there: impl Fn(&str) -> bool) -> Option<Outcome> {
    least.iter().copied().find(|outcome| !is_there(outcome.as_str()))
}

/// The nearest whole number. Prometheus extrapolates to parts of events; the nearest whole number is the best guess.
///
/// # Errors
///
/// [`Unseen::NoAnswer`] for what is no count.
pub(crate) fn counted(value: f64) -> Result<u64, Unseen> {
    count(value).ok_or_else(|| Unseen::NoAnswer(format!("the engine says {value}, which is no count of events")))
}

/// The nearest whole number; `None` for what is no count.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is checked to be within the numbers that a double holds exactly"
)]
pub(crate) fn count(value: f64) -> Option<u64> {
    const MOST: f64 = 9_007_199_254_740_992.0;
    let value = value.round();
    (0.0..=MOST).contains(&value).then_some(value as u64)
}

/// A share of moments, at most all; `None` for what is no share.
pub(crate) fn share(value: f64) -> Option<Ratio> {
    // The smaller one of NaN and 1 is 1.
    if !value.is_finite() {
        return None;
    }
    let parts = count(value.min(1.0) * 1e9)?;
    Ratio::new(parts, 1_000_000_000)
}

/// NaN, or an infinity: nothing can be concluded from it.
pub(crate) fn no_number(value: f64) -> Unseen {
    Unseen::NoAnswer(format!("the engine says {value} where a number is asked for"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_the_nearest_whole_number_that_a_double_holds_exactly() {
        for (value, expected) in [
            (0.0, Some(0)),
            (-0.4, Some(0)),
            (2.5, Some(3)),
            (9_007_199_254_740_992.0, Some(9_007_199_254_740_992)),
            (9_007_199_254_740_994.0, None),
            (-0.6, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(count(value), expected, "{value}");
            assert_eq!(counted(value).ok(), expected, "{value}");
        }
    }

    #[test]
    fn a_share_is_at_most_all() {
        assert_eq!(share(0.25), Ratio::new(1, 4));
        assert_eq!(share(1.003), Ratio::new(1, 1));
        for none in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.5] {
            assert_eq!(share(none), None, "{none}");
        }
    }

    #[test]
    fn an_outcome_that_nobody_knows_is_no_answer_and_steers_nothing() {
        assert_eq!(outcome_of("bad", 2.0), Ok(Events::new(0, 2)));
        assert_eq!(
            outcome_of("o\u{1b}dd", 2.0),
            Err(Unseen::NoAnswer(
                "events that are `o\\u{1b}dd` are neither good nor bad".to_owned()
            ))
        );
    }
}
