//! Events that an engine counts, and no process of ours.

use crate::{BurnWindow, PromQuery};

/// Events counted by somebody else: a pair of queries for an engine, for metrics that this service does not make.
///
/// A process cannot feed it and exports no events for it; rules, dashboards and the gate ask the engine.
///
/// # Examples
///
/// ```
/// use slo_core::PrometheusSli;
///
/// let sli = PrometheusSli::bad("mails_failed_total".parse()?, "mails_total".parse()?);
/// let hour = "1h".parse().unwrap();
/// assert_eq!(sli.bad_events(hour), "sum(increase(mails_failed_total[1h]))");
/// assert_eq!(sli.valid_events(hour), "sum(increase(mails_total[1h]))");
///
/// let sli = PrometheusSli::good("mails_sent_total".parse()?, "mails_total".parse()?);
/// assert_eq!(sli.bad_events(hour), "(sum(increase(mails_total[1h])) - sum(increase(mails_sent_total[1h])))");
/// # Ok::<(), slo_core::PromQueryError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct PrometheusSli {
    part: PromQuery,
    is_good: bool,
    valid: PromQuery,
}

impl PrometheusSli {
    /// Of the valid events, these are bad.
    pub const fn bad(bad: PromQuery, valid: PromQuery) -> Self {
        Self {
            part: bad,
            is_good: false,
            valid,
        }
    }

    /// Of the valid events, these are good, and the others bad.
    pub const fn good(good: PromQuery, valid: PromQuery) -> Self {
        Self {
            part: good,
            is_good: true,
            valid,
        }
    }

    /// The query for the bad events, if that is what was given.
    #[must_use]
    pub fn bad_query(&self) -> Option<&PromQuery> {
        (!self.is_good).then_some(&self.part)
    }

    /// The query for the good events, if that is what was given.
    #[must_use]
    pub fn good_query(&self) -> Option<&PromQuery> {
        self.is_good.then_some(&self.part)
    }

    /// The query for the valid events.
    pub const fn valid_query(&self) -> &PromQuery {
        &self.valid
    }

    /// The number of bad events in a window, in PromQL.
    ///
    /// Empty where a counter has no series yet: many services make one with the first failure.
    #[must_use]
    pub fn bad_events(&self, window: BurnWindow) -> String {
        let part = self.part.increase(window);
        if self.is_good {
            format!("({} - {part})", self.valid.increase(window))
        } else {
            part
        }
    }

    /// The number of valid events in a window, in PromQL.
    #[must_use]
    pub fn valid_events(&self, window: BurnWindow) -> String {
        self.valid.increase(window)
    }
}
