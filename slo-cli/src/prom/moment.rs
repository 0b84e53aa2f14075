//! What time it is where the samples are.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Ask, AskError};

/// The engine's own now, so that two clocks need not agree: to the second, as ranges are whole seconds and so is the time
/// of most samples.
///
/// # Errors
///
/// [`AskError`] when it does not answer, or with something that is no time.
pub(super) fn now_of(engine: &(impl Ask + ?Sized)) -> Result<DateTime<Utc>, AskError> {
    let answered = engine.instant("time()", None)?;
    let seconds = match answered.series.as_slice() {
        [only] => Some(only.value),
        _ => None,
    };
    let seconds = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let at = seconds.and_then(|since| DateTime::from_timestamp(since.as_secs().try_into().ok()?, 0));
    at.ok_or_else(|| AskError::NotAnEngine {
        source_name: engine.source(),
        found: "no time".to_owned(),
    })
}
