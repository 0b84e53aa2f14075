//! Cases: what happens to an SLO, and what slo-core says that people are told of it.

use std::time::Duration;

use e2e::Failure;
use slo_core::alert::{AlertPolicy, Severity};
use slo_core::simulate::{Sample, Simulation, Span, Timeline};
use slo_core::{Events, HttpSli, Slo, Tick, Window};

use crate::unit::{CountedBy, Story, Stretch, Test, any, counts};

/// A whole day.
const START: Tick = Tick::from_unix_seconds(1_767_225_600);
/// In minutes.
const TILE: u64 = 5;

fn in_minutes(span: Span) -> (u64, u64) {
    let minutes = |tick: Tick| tick.since(START).as_secs() / 60;
    (minutes(span.from()), minutes(span.to()))
}

/// A case: days of the window, its target with the budget, and what happens after some hours of quiet traffic.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) days: u32,
    pub(crate) target: &'static str,
    pub(crate) budget: &'static str,
    pub(crate) counted_by: CountedBy,
    /// Minutes of quiet traffic before; a few hours, or more where pages need it, unless said.
    pub(crate) quiet: Option<u64>,
    pub(crate) stretches: Vec<Stretch>,
    /// Minutes by which a page may be off; as the window has it, unless said.
    pub(crate) slack: Option<u64>,
}

pub(crate) fn case(name: &'static str, days: u32, stretches: &[Stretch]) -> Case {
    Case {
        name,
        days,
        target: "99.9%",
        budget: "0.001",
        counted_by: CountedBy::Events,
        quiet: None,
        slack: None,
        stretches: stretches.to_vec(),
    }
}

impl Case {
    /// Minutes of quiet traffic: the longest window of a page that is added up from tiles, or a little.
    fn quiet(&self) -> u64 {
        self.quiet.unwrap_or(if self.days > 30 { 19 * 60 } else { 3 * 60 })
    }

    /// How many minutes an engine that gets a sample a minute may be off: what falls between two samples it sees with
    /// the later one, and windows of 28 days have lengths like 4m40s.
    fn slack(&self) -> u64 {
        self.slack.unwrap_or(u64::from(self.days == 28))
    }

    pub(crate) fn story(&self) -> Story {
        let mut stretches = vec![counts(self.quiet(), 1_000, 0)];
        stretches.extend(&self.stretches);
        Story::new(self.days.into(), self.budget, &stretches).counted_by(self.counted_by)
    }

    /// When slo-core would page, in minutes, and go on for a short window: from when, and up to when unless it is open.
    fn pages(&self) -> Result<Vec<(u64, Option<u64>)>, Failure> {
        let timeline = self.simulated(AlertPolicy::standard(), 60)?;
        let (kept, end) = (self.kept()?, self.story().minutes());
        let mut pages: Vec<(u64, Option<u64>)> = Vec::new();
        for span in timeline.pages() {
            let (from, to) = in_minutes(span);
            let to = Some(to + kept).filter(|kept| !span.is_open() && *kept <= end);
            match pages.last_mut() {
                Some((_, before)) if before.is_none_or(|before| from <= before) => *before = to,
                _ => pages.push((from, to)),
            }
        }
        Ok(pages)
    }

    /// Minutes that a page goes on: its shortest short window.
    fn kept(&self) -> Result<u64, Failure> {
        let policy = AlertPolicy::standard().pushed_every(Duration::from_secs(60));
        let slo = Slo::new(
            "pay",
            HttpSli::every_route(),
            self.target.parse()?,
            Window::days(self.days)?,
        );
        let alerts = policy.for_slo(&slo);
        let pages = alerts
            .conditions()
            .iter()
            .filter(|condition| condition.severity() == Severity::Page);
        let shortest = pages.map(|condition| condition.short()).min();
        let shortest = shortest.ok_or_else(|| Failure::new("no page"))?;
        Ok(u64::from(shortest.as_seconds()).div_ceil(60))
    }

    /// When slo-core would write tickets, in minutes, if nobody were paged; evaluated as often as tiles.
    pub(crate) fn tickets(&self) -> Result<Vec<(u64, u64)>, Failure> {
        let tenth = || "10%".parse();
        let tickets = AlertPolicy::builder()
            .ticket(tenth()?, "1d".parse()?, "2h".parse()?)
            .ticket(tenth()?, "3d".parse()?, "6h".parse()?);
        let timeline = self.simulated(tickets.build()?, TILE * 60)?;
        Ok(timeline.tickets().map(in_minutes).collect())
    }

    fn simulated(&self, policy: AlertPolicy, every_seconds: u64) -> Result<Timeline, Failure> {
        let slo = Slo::new(
            "pay",
            HttpSli::every_route(),
            self.target.parse()?,
            Window::days(self.days)?,
        );
        let mut at = START;
        let mut samples = Vec::new();
        for stretch in self.story().stretches {
            let (Stretch::Counts { minutes, .. } | Stretch::Gap { minutes }) = stretch else {
                continue;
            };
            for _ in 0..minutes {
                at = at + Duration::from_secs(60);
                samples.push(match stretch {
                    Stretch::Counts { good, bad, .. } => Sample::new(at, Events::new(good, bad)),
                    Stretch::Gap { .. } | Stretch::Restart => Sample::gap(at),
                });
            }
        }
        let simulation = Simulation::of(&slo, START)
            .policy(policy.pushed_every(Duration::from_secs(60)))
            .evaluated_every(Duration::from_secs(every_seconds));
        Ok(simulation.run(samples)?)
    }

    /// Silent until each ticket begins, firing until it ends, silent after: to the tile where the windows are whole tiles, else
    /// within one more.
    pub(crate) fn ticket_test(&self) -> Result<Test, Failure> {
        let (story, end) = (self.story(), self.story().minutes() / TILE * TILE);
        let slack = if self.days % 5 == 0 { 0 } else { TILE };
        let mut test = Test::new(format!("{} over {}d, tickets", self.name, self.days), &story);
        let tickets = self.tickets()?;
        if tickets.is_empty() {
            test = test.expect(end, format!("sum(count_over_time({}[{end}m]))", any("ticket")), None);
        }
        for (from, to) in tickets {
            test = test.silent("ticket", from - TILE - slack).fires("ticket", from + slack);
            test = test.fires("ticket", to - TILE - slack);
            if to + slack < end {
                test = test.silent("ticket", to + slack);
            }
        }
        Ok(test)
    }

    /// Silent until each page begins, firing until it ends, silent after.
    pub(crate) fn test(&self) -> Result<Test, Failure> {
        let (story, pages, slack) = (self.story(), self.pages()?, self.slack());
        let end = story.minutes();
        let name = format!("{} over {}d", self.name, self.days);
        let mut test = Test::new(name, &story).silent("page", self.quiet());
        let mut firing = 0;
        for (from, to) in pages {
            test = test.silent("page", from - 1 - slack).fires("page", from + slack);
            let Some(to) = to else {
                test = test.fires("page", end - slack);
                // It fires at the end, too.
                firing += end + 1 - from;
                continue;
            };
            test = test.fires("page", to - 1 - slack);
            if to + slack <= end {
                test = test.silent("page", to + slack);
            }
            firing += to - from;
        }
        let all = format!(
            r#"sum(count_over_time(ALERTS{{severity="page", alertstate="firing"}}[{}m]))"#,
            end + 1
        );
        if slack > 0 {
            return Ok(test);
        }
        let firing = (firing > 0).then(|| firing.to_string());
        Ok(test.expect(end, all, firing.as_deref()))
    }
}
