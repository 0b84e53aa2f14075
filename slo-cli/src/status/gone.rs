//! Services that fell silent so long ago that nothing else of them is asked for any more.
//!
//! Whether a service is gone is told by its built-in `requests`, one series per instance, and never by a promise: a promise
//! that was taken out of the spec of a service that lives is not gone.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::definitions::{Definition, definitions};
use super::filter::Filter;
use super::identity::{Key, Whose};
use super::queries::REMEMBERED;
use crate::prom::{Sample, count};

/// A promise that ended so long before its service did was taken out of the spec: the moment of the service is known to
/// the hour.
const BEFORE_ITS_SERVICE: TimeDelta = TimeDelta::hours(1);

/// When the last sample of a service came, of those that are gone.
pub(super) type Gone = BTreeMap<Whose, DateTime<Utc>>;

/// The services that were there and are not: nobody defines anything by their name, and their last sample is more than a
/// day old.
pub(super) fn gone(
    services: &[Sample],
    filter: &Filter,
    known: &BTreeMap<Key, Definition>,
    now: DateTime<Utc>,
) -> Gone {
    let is_known = |whose: &Whose| known.keys().any(|key| key.whose == *whose);
    let is_over = |at: DateTime<Utc>| (now - at).to_std().is_ok_and(|ago| ago > REMEMBERED);
    services
        .iter()
        .filter_map(|sample| Some((Whose::of(&sample.labels), moment(sample.value)?)))
        .filter(|(whose, at)| {
            is_over(*at) && filter.has_service(whose) && !whose.service.is_empty() && !is_known(whose)
        })
        .collect()
}

/// What they promised at their end, with when that was.
pub(super) fn promised(gone: &Gone, values: &[Sample], words: &[Sample], last: &[Sample]) -> BTreeMap<Key, Definition> {
    let last = last
        .iter()
        .filter_map(|sample| Some((Key::of(&sample.labels)?, moment(sample.value)?)));
    let last: BTreeMap<_, _> = last.collect();
    let at_its_end = |(key, said): (Key, Definition)| {
        let ended = *gone.get(&key.whose)?;
        let seen = last.get(&key).copied().unwrap_or(ended);
        let said = Definition {
            gone_since: Some(seen),
            ..said
        };
        (seen + BEFORE_ITS_SERVICE >= ended).then_some((key, said))
    };
    definitions(values, words).into_iter().filter_map(at_its_end).collect()
}

/// Unix seconds; `None` of what is no moment.
fn moment(seconds: f64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(count(seconds)?.try_into().ok()?, 0)
}
