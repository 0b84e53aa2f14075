//! The policies that know a calendar.

use std::time::Duration;

use chrono::{NaiveTime, Timelike};
use slo_core::{Period, Zone};

use super::{CurrentPeriod, CycleDays, Deadline, Freshness, Rule};

/// Policies by the calendar (feature `calendar`).
impl Freshness {
    /// Fresh while of each cycle that is due the batch has landed: a batch per day, due by `time` on the clocks of
    /// `zone`. On which days says [`on`](Self::on), every day without it.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chrono::{DateTime, Utc};
    /// use slo_health::{BusinessDays, Freshness, Observation, State, Zone, judge};
    ///
    /// let policy = Freshness::by_deadline("06:00:00".parse()?, "Asia/Seoul".parse::<Zone>()?)
    ///     .on(BusinessDays::monday_to_friday())
    ///     .grace(Duration::from_secs(20 * 60))
    ///     .not_before("00:00:00".parse()?);
    ///
    /// let thursday = Observation::at("2026-03-05T05:40:00+09:00".parse::<DateTime<Utc>>()?);
    /// let state = |now: &str| Ok::<_, chrono::ParseError>(judge(&policy, &thursday, now.parse()?).state());
    /// assert_eq!(state("2026-03-06T05:59:59+09:00")?, State::Fresh); // Friday's batch is not due yet
    /// assert_eq!(state("2026-03-06T06:00:00+09:00")?, State::Warn);
    /// assert_eq!(state("2026-03-06T06:20:00+09:00")?, State::Stale);
    /// assert_eq!(state("2026-03-07T12:00:00+09:00")?, State::Stale); // nothing is due on a Saturday; Friday still is
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// - **The batch of a cycle** is one that landed at or after the opening of its window: at the previous deadline, or at
    ///   [`not_before`](Self::not_before). So a batch that comes after its own deadline counts for the next cycle, unless
    ///   `not_before` is said or the batch carries a business date.
    /// - **Landing** is [`loaded_at`](crate::Observation::loaded_at), without it the watermark. With a
    ///   [`business_date`](crate::Observation::business_date) neither counts: the batch of a cycle is then one with its
    ///   date or a later one.
    /// - **From the deadline** on, a batch that is missing is a warning; once the grace is over it is stale, and stays so
    ///   until one lands, whatever days follow.
    /// - **Clocks that change**: a deadline that clocks show twice is the later one, one that they skip the first instant
    ///   after the jump. A day that they leave out altogether asks for nothing.
    pub fn by_deadline(time: NaiveTime, zone: Zone) -> Self {
        Self::with(Rule::ByDeadline(Deadline {
            time: clock_time(time),
            zone,
            days: CycleDays::every_day(),
            grace: Duration::ZERO,
            not_before: None,
            dated_by_previous_cycle: false,
        }))
    }

    /// Fresh while the present `period` of `zone` has data: its newest event lies in it.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chrono::{DateTime, Utc};
    /// use slo_health::{Freshness, Observation, State, Zone, judge};
    ///
    /// let days = |n: u64| Duration::from_secs(n * 86_400);
    /// let policy = Freshness::current_month("Asia/Seoul".parse::<Zone>()?).rollover_grace(days(3));
    ///
    /// let newest = Observation::at("2026-02-27T15:00:00+09:00".parse::<DateTime<Utc>>()?);
    /// let state = |now: &str| Ok::<_, chrono::ParseError>(judge(&policy, &newest, now.parse()?).state());
    /// assert_eq!(state("2026-03-03T23:59:59+09:00")?, State::Fresh); // March has had no time to begin
    /// assert_eq!(state("2026-03-04T00:00:00+09:00")?, State::Stale);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Give the newest event of all, and not of the present period: a query for that finds nothing on the first of the
    /// month, which is empty, whatever the month before was.
    pub const fn current_period(period: Period, zone: Zone) -> Self {
        Self::with(Rule::CurrentPeriod(CurrentPeriod {
            period,
            zone,
            rollover_grace: Duration::ZERO,
            newest_within: None,
            warn_after: None,
        }))
    }

    /// [`current_period`](Self::current_period) of a day.
    pub const fn current_day(zone: Zone) -> Self {
        Self::current_period(Period::Day, zone)
    }

    /// [`current_period`](Self::current_period) of a week, which begins on Monday.
    pub const fn current_week(zone: Zone) -> Self {
        Self::current_period(Period::Week, zone)
    }

    /// [`current_period`](Self::current_period) of a month.
    pub const fn current_month(zone: Zone) -> Self {
        Self::current_period(Period::Month, zone)
    }

    /// The days on which a batch is due, every day without it. For `by_deadline`.
    pub fn on(self, days: impl Into<CycleDays>) -> Self {
        let days = days.into();
        self.with_deadline("on", |deadline| deadline.days = days)
    }

    /// How long after its deadline a batch may land, none without it: it is a warning until then and stale from then on.
    /// For `by_deadline`.
    pub fn grace(self, grace: Duration) -> Self {
        self.with_deadline("grace", |deadline| deadline.grace = grace)
    }

    /// Only what lands at this time of the cycle's day or later is its batch: not what was there before. For
    /// `by_deadline`.
    pub fn not_before(self, time: NaiveTime) -> Self {
        self.with_deadline("not_before", |deadline| deadline.not_before = Some(clock_time(time)))
    }

    /// The batch that is due carries the business date of the cycle before: Friday's ledger is due on Monday at 06:00.
    /// For `by_deadline`, where business dates are given.
    pub fn dated_by_previous_cycle(self) -> Self {
        self.with_deadline("dated_by_previous_cycle", |deadline| {
            deadline.dated_by_previous_cycle = true
        })
    }

    /// How long after the start of a period the verdict of the one before holds, as it was at its end: none without it.
    /// For `current_period`.
    pub fn rollover_grace(self, grace: Duration) -> Self {
        self.with_period("rollover_grace", |period| period.rollover_grace = grace)
    }

    /// And the newest event is at most so old: fresh iff `age <= limit`. An age that is passed during the rollover grace
    /// counts when that is over. For `current_period`.
    pub fn newest_within(self, limit: Duration) -> Self {
        self.with_period("newest_within", |period| period.newest_within = Some(limit))
    }

    fn with_deadline(mut self, method: &'static str, set: impl FnOnce(&mut Deadline)) -> Self {
        match &mut self.rule {
            Rule::ByDeadline(deadline) => set(deadline),
            Rule::Within(_) | Rule::CurrentPeriod(_) | Rule::AllOf(_) | Rule::AnyOf(_) => {
                return self.misplaced(method, "`by_deadline`");
            }
        }
        self
    }

    fn with_period(mut self, method: &'static str, set: impl FnOnce(&mut CurrentPeriod)) -> Self {
        match &mut self.rule {
            Rule::CurrentPeriod(period) => set(period),
            Rule::Within(_) | Rule::ByDeadline(_) | Rule::AllOf(_) | Rule::AnyOf(_) => {
                return self.misplaced(method, "`current_period`");
            }
        }
        self
    }
}

/// Without a leap second, which no clock on a wall shows.
pub(crate) fn clock_time(time: NaiveTime) -> NaiveTime {
    if time.nanosecond() < 1_000_000_000 {
        return time;
    }
    time.with_nanosecond(999_999_999).unwrap_or(time)
}
