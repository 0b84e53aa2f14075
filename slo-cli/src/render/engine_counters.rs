//! Counters that are not ours, asked for as the spec says.

use slo_core::{BurnWindow, PromQuery, PrometheusSli};

use super::counters::Of;
use super::example_series::{ExampleSeries, examples};
use super::subject::length as seconds;
use super::unit_tests::Counted;

/// The pair of queries of one SLO. What they count has none of our labels.
#[derive(Clone, Debug)]
pub(crate) struct EngineCounters(PrometheusSli);

impl EngineCounters {
    pub(crate) const fn new(sli: PrometheusSli) -> Self {
        Self(sli)
    }

    /// The events of a length of time, without labels: none is 0 as long as the valid ones are there.
    pub(crate) fn read(&self, of: Of, length: BurnWindow) -> String {
        let valid = increase(self.0.valid_query(), length);
        let part = |query: &PromQuery| format!("({}\nor\n0 * {valid})", increase(query, length));
        match (of, self.0.bad_query(), self.0.good_query()) {
            (Of::Valid | Of::All, ..) => valid,
            (Of::Excluded, ..) => format!("0 * {valid}"),
            (Of::Bad, Some(bad), _) => part(bad),
            (Of::Bad, None, Some(good)) => format!("clamp_min({valid}\n-\n{}, 0)", part(good)),
            // One of the two is there; without either nothing is known to be bad.
            (Of::Bad, None, None) => format!("0 * {valid}"),
        }
    }

    /// Whether there is anything to count, as one sample; within a length of time, or now.
    pub(crate) fn presence(&self, within: Option<BurnWindow>) -> String {
        let valid = self.0.valid_query();
        match (valid.selector(), within) {
            (Some(selector), Some(length)) => format!("count(last_over_time({selector}[{length}]))"),
            (Some(selector), None) => format!("count({selector})"),
            (None, length) => format!("count({})", increase(valid, length.unwrap_or(seconds(NOW)))),
        }
    }

    /// More of a part than of the whole, by more than engines extrapolate, and what the part is.
    pub(crate) fn counts_that_differ(&self) -> (String, &'static str) {
        let (part, what) = match self.0.good_query() {
            Some(good) => (Some(good), "good"),
            None => (self.0.bad_query(), "bad"),
        };
        let part = part.map(|query| increase(query, seconds(HOUR))).unwrap_or_default();
        let whole = increase(self.0.valid_query(), seconds(HOUR));
        (format!("{part}\n> {MORE} * {whole} + {SOME}"), what)
    }

    /// A series for each of the two, for unit tests; `None` where none can be told from the queries.
    pub(crate) fn examples(&self) -> Option<Vec<(String, Counted)>> {
        let (part, counts, others) = match self.0.good_query() {
            Some(good) => (good, Counted::Good, Counted::Bad),
            None => (self.0.bad_query()?, Counted::Bad, Counted::Good),
        };
        let ExampleSeries { part, valid, is_within } = examples(part, self.0.valid_query())?;
        let valid_counts = if is_within { others } else { Counted::All };
        Some(vec![(part, counts), (valid, valid_counts)])
    }
}

/// A selector's counters, or an expression's one value: whatever labels it has by mistake, and neither NaN nor less than
/// nothing.
fn increase(query: &PromQuery, length: BurnWindow) -> String {
    let counted = query.increase(length);
    match query.selector() {
        Some(_) => counted,
        None => format!("(sum({counted}) >= 0)"),
    }
}

/// As long as engines look back for a sample (seconds).
const NOW: u64 = 300;
/// What two queries are compared over (seconds).
const HOUR: u64 = 3_600;
/// A part of the whole is not more than the whole, but for what engines extrapolate.
const MORE: &str = "1.05";
const SOME: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(part: &str, is_good: bool, valid: &str) -> EngineCounters {
        let (part, valid) = (part.parse().unwrap(), valid.parse().unwrap());
        EngineCounters::new(if is_good {
            PrometheusSli::good(part, valid)
        } else {
            PrometheusSli::bad(part, valid)
        })
    }

    #[test]
    fn nothing_bad_yet_is_zero_while_there_is_something_valid() {
        let bad = counters("failed_total", false, "all_total").read(Of::Bad, seconds(HOUR));
        assert_eq!(
            bad,
            "(sum(increase(failed_total[1h]))\nor\n0 * sum(increase(all_total[1h])))"
        );
        let good = counters("sent_total", true, "all_total").read(Of::Bad, seconds(HOUR));
        assert_eq!(
            good,
            "clamp_min(sum(increase(all_total[1h]))\n-\n(sum(increase(sent_total[1h]))\nor\n0 * sum(increase(all_total[1h]))), 0)"
        );
    }

    #[test]
    fn an_expression_gets_its_window_and_is_one_number() {
        let counters = counters("sum by (le) (increase(a[$window]))", false, "all_total");
        assert_eq!(
            counters.read(Of::Bad, seconds(HOUR)),
            "((sum((sum by (le) (increase(a[1h])))) >= 0)\nor\n0 * sum(increase(all_total[1h])))"
        );
        assert!(counters.examples().is_none());
    }
}
