//! An SLO whose events the engine counts, by the queries of the spec: what is asked, and what the answers say.
//!
//! The spec's text was checked to be one operand (`PromQuery`), so it stands in a query as it is.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use slo_core::gate::Unseen;
use slo_core::{BurnWindow, Events, PromQuery, PrometheusSli, Sli, Slo, Tick};

use super::evidence::Gathering;
use super::presence::{Presence, age, kept};
use crate::prom::{Course, Said, counted};
use crate::render::subject;

/// The queries of one SLO.
#[derive(Clone, Copy, Debug)]
pub(super) struct ByEngine<'a> {
    slo: &'a Slo,
    sli: &'a PrometheusSli,
}

impl<'a> ByEngine<'a> {
    /// `None` for an SLO whose events a process counts, or that has none.
    pub(super) const fn of(slo: &'a Slo) -> Option<Self> {
        match slo.sli() {
            Sli::Prometheus(sli) => Some(Self { slo, sli }),
            _ => None,
        }
    }

    /// Whether there is anything to count, and since when nothing came. What our service pushes says nothing of that.
    pub(super) fn presence(self, gathering: &Gathering<'_>) -> Presence {
        let there = gathering.asking.ask(self.present());
        let number = there.number();
        let mut said = vec![there];
        let age = match number {
            Err(why) => Err(why),
            Ok(None) => Err(self.absence(gathering, &mut said)),
            Ok(Some(value)) => match (self.slices(), self.sli.valid_query().selector()) {
                (Some(why), _) => Err(why),
                (None, Some(_)) => age(value).map(Some),
                (None, None) => Ok(None),
            },
        };
        Presence::of_slo(self.slo.name(), said, age)
    }

    /// Nothing valid is there now.
    fn absence(self, gathering: &Gathering<'_>, said: &mut Vec<Said>) -> Unseen {
        // The whole period: a new one does not make a series that is gone one that never was.
        let longest = self.slo.window().longest();
        let mut ask = |query: String| {
            let answer = gathering.asking.ask(query);
            let number = answer.number();
            said.push(answer);
            number
        };
        let is_some = |number: Option<f64>| number.is_some_and(|series| series > 0.0);
        match ask(self.ever(longest)) {
            Err(why) => return why,
            Ok(ever) if is_some(ever) => return Unseen::Vanished,
            Ok(_) => {}
        }
        match ask(self.part(longest)) {
            Err(why) => return why,
            Ok(part) if is_some(part) => return self.only_a_part(),
            Ok(_) => {}
        }
        kept(gathering, longest, said).err().unwrap_or(Unseen::NeverSeen)
    }

    /// Slices are judged in a process, and none counts these events.
    fn slices(self) -> Option<Unseen> {
        let words = "slices of time are judged in a process, and none counts these events; leave `time_slices` out";
        self.slo.time_slices().map(|_| Unseen::NoAnswer(words.to_owned()))
    }

    /// The query for valid events finds nothing, and the other one does.
    fn only_a_part(self) -> Unseen {
        Unseen::NoAnswer(format!(
            "its query for valid events finds nothing, and that for {} ones does; compare the two in the spec",
            self.what()
        ))
    }

    /// How old the newest sample of a selector is, in seconds; of an expression whether it says anything of five minutes.
    fn present(self) -> String {
        let valid = self.sli.valid_query();
        match valid.selector() {
            Some(selector) => format!("time() - max(timestamp({selector}))"),
            None => format!("count({})", total(valid, subject::length(STEP))),
        }
    }

    /// How many series there were in a window, or whether an expression says anything of it.
    fn ever(self, window: Duration) -> String {
        let (valid, window) = (self.sli.valid_query(), length(window));
        match valid.selector() {
            Some(selector) => format!("count(present_over_time({selector}[{window}]))"),
            None => format!("count({})", total(valid, window)),
        }
    }

    /// The bad events of a window, or the good ones: as the spec says.
    fn part(self, window: Duration) -> String {
        total(self.part_query(), length(window))
    }

    /// Both counts of a window in one answer, told apart by a label.
    pub(super) fn events(self, window: Duration) -> String {
        let window = length(window);
        let marked = |query: &PromQuery, what: &str| {
            format!(
                r#"label_replace({}, "{COUNT}", "{what}", "", "")"#,
                total(query, window)
            )
        };
        format!(
            "{} or {}",
            marked(self.part_query(), self.what()),
            marked(self.sli.valid_query(), VALID)
        )
    }

    /// The share of a window's moments, 5 minutes apart, at which there was something to count; a little over 1 at most.
    pub(super) fn coverage(self, window: Duration) -> String {
        let (valid, window) = (self.sli.valid_query(), length(window));
        let there = match valid.selector() {
            Some(selector) => format!("count({selector})"),
            None => total(valid, subject::length(STEP)),
        };
        let moments = (u64::from(window.as_seconds()) / STEP).max(1);
        format!("count_over_time(({there})[{window}:{STEP}s]) / {moments}")
    }

    /// The events of an answer to [`Self::events`]. No bad ones yet, or no good ones, are none; no valid ones are no answer.
    pub(super) fn counted(self, said: &Said) -> Result<Events, Unseen> {
        let series = said.by(&[COUNT])?;
        let of = |what: &str| series.iter().find(|sample| sample.label(COUNT) == what);
        let valid = of(VALID).ok_or_else(|| {
            Unseen::Unclear(
                "its valid events are there, and the engine counts none, not even 0: are there two samples in the window?"
                    .to_owned(),
            )
        })?;
        self.of_counts(of(self.what()).map_or(0.0, |part| part.value), valid.value)
    }

    /// The events of each step of a history of [`Self::events`], with the step's last moment.
    pub(super) fn pieces(self, courses: Vec<Course>) -> Option<Vec<(Tick, Events)>> {
        let (valid, part): (Vec<_>, Vec<_>) = courses
            .into_iter()
            .partition(|course| course.labels.get(COUNT).is_some_and(|what| what == VALID));
        let part: BTreeMap<DateTime<Utc>, f64> = part.into_iter().flat_map(|course| course.values).collect();
        let piece = |(at, valid): (DateTime<Utc>, f64)| {
            let part = part.get(&at).copied().unwrap_or_default();
            Some((at.into(), self.split(counted(part).ok()?, counted(valid).ok()?)))
        };
        valid.into_iter().flat_map(|course| course.values).map(piece).collect()
    }

    /// More of a part than of the whole says that the queries do not count the same events.
    fn of_counts(self, part: f64, valid: f64) -> Result<Events, Unseen> {
        let (part, valid) = (counted(part)?, counted(valid)?);
        if part > valid + valid / MORE + SOME {
            return Err(Unseen::NoAnswer(format!(
                "its query for {} events counts {part}, and that for valid ones {valid}; compare the two in the spec",
                self.what()
            )));
        }
        Ok(self.split(part, valid))
    }

    fn split(self, part: u64, valid: u64) -> Events {
        let other = valid.saturating_sub(part);
        match self.sli.good_query() {
            Some(_) => Events::new(valid - other, other),
            None => Events::new(other, part),
        }
    }

    fn part_query(self) -> &'a PromQuery {
        let part = self.sli.bad_query().or_else(|| self.sli.good_query());
        part.unwrap_or_else(|| self.sli.valid_query())
    }

    fn what(self) -> &'static str {
        match self.sli.good_query() {
            Some(_) => "good",
            None => "bad",
        }
    }
}

/// One number, whatever labels an expression has by mistake.
fn total(query: &PromQuery, window: BurnWindow) -> String {
    let counted = query.increase(window);
    match query.selector() {
        Some(_) => counted,
        None => format!("sum{counted}"),
    }
}

/// At least two minutes: of a calendar's period that is younger, the end of the one before counts with it.
fn length(window: Duration) -> BurnWindow {
    subject::length(window.as_secs())
}

/// The label that tells the two counts of an answer apart; no series has it.
const COUNT: &str = "slo_count";
const VALID: &str = "valid";
/// In seconds; within engines' look-back.
const STEP: u64 = 300;
/// Engines extrapolate: up to a twentieth more, and some, is no other count. The rules' alert has the same limits.
const MORE: u64 = 20;
const SOME: u64 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn slo(part: &str, is_good: bool, valid: &str) -> Slo {
        let (part, valid) = (part.parse().unwrap(), valid.parse().unwrap());
        let sli = match is_good {
            true => PrometheusSli::good(part, valid),
            false => PrometheusSli::bad(part, valid),
        };
        Slo::new("mails", sli, "99.9%".parse().unwrap(), "30d".parse().unwrap())
    }

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn counters_are_asked_for_as_the_spec_says() {
        let slo = slo(r#"failed_total{q="a"}"#, false, "all_total");
        let by = ByEngine::of(&slo).unwrap();
        assert_eq!(
            by.events(HOUR),
            r#"label_replace(sum(increase(failed_total{q="a"}[1h])), "slo_count", "bad", "", "") or label_replace(sum(increase(all_total[1h])), "slo_count", "valid", "", "")"#
        );
        assert_eq!(by.present(), "time() - max(timestamp(all_total))");
        assert_eq!(by.ever(HOUR), "count(present_over_time(all_total[1h]))");
        assert_eq!(by.coverage(HOUR), "count_over_time((count(all_total))[1h:300s]) / 12");
    }

    #[test]
    fn an_expression_gets_its_window_and_is_one_number() {
        let slo = slo(
            "sum(increase(sent[$window]))",
            true,
            "sum by (q) (increase(all[$window]))",
        );
        let by = ByEngine::of(&slo).unwrap();
        assert_eq!(
            by.events(HOUR),
            r#"label_replace(sum(sum(increase(sent[1h]))), "slo_count", "good", "", "") or label_replace(sum(sum by (q) (increase(all[1h]))), "slo_count", "valid", "", "")"#
        );
        assert_eq!(by.present(), "count(sum(sum by (q) (increase(all[5m]))))");
        assert_eq!(by.ever(HOUR), "count(sum(sum by (q) (increase(all[1h]))))");
        assert_eq!(
            by.coverage(HOUR),
            "count_over_time((sum(sum by (q) (increase(all[5m]))))[1h:300s]) / 12"
        );
    }

    #[test]
    fn a_window_is_no_shorter_than_engines_can_count() {
        let slo = slo("a", false, "b");
        assert_eq!(
            ByEngine::of(&slo).unwrap().part(Duration::from_secs(7)),
            "sum(increase(a[2m]))"
        );
    }

    #[test]
    fn parts_are_bad_or_good_and_never_more_than_engines_extrapolate() {
        let (bad, good) = (slo("a", false, "b"), slo("a", true, "b"));
        let (bad, good) = (ByEngine::of(&bad).unwrap(), ByEngine::of(&good).unwrap());
        assert_eq!(bad.of_counts(10.4, 1_000.0), Ok(Events::new(990, 10)));
        assert_eq!(good.of_counts(10.4, 1_000.0), Ok(Events::new(10, 990)));
        assert_eq!(good.of_counts(1_055.0, 1_000.0), Ok(Events::new(1_000, 0)));
        assert_eq!(bad.of_counts(1_055.0, 1_000.0), Ok(Events::new(0, 1_055)));
        for wrong in [1_056.0, f64::NAN, -3.0] {
            assert!(
                matches!(good.of_counts(wrong, 1_000.0), Err(Unseen::NoAnswer(_))),
                "{wrong}"
            );
        }
        assert!(matches!(bad.of_counts(0.0, f64::NAN), Err(Unseen::NoAnswer(_))));
    }
}
