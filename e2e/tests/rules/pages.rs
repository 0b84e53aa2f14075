//! Pages come and go in the minute in which slo-core's simulation of the same events says so.
//!
//! The cases are numbered as in the research on peers: B01 is a total outage of ten minutes, and so on.

use std::time::Duration;

use e2e::{Failure, Outcome};
use slo_core::alert::AlertPolicy;
use slo_core::simulate::{Sample, Simulation, Span};
use slo_core::{Events, HttpSli, Slo, Tick, Window};

use crate::tools::slo;
use crate::unit::{Story, Stretch, Test, counts, run};

/// A case: days of the window, its target with the budget, and what happens after some hours of quiet traffic.
struct Case {
    name: &'static str,
    days: u32,
    target: &'static str,
    budget: &'static str,
    stretches: Vec<Stretch>,
}

fn case(name: &'static str, days: u32, stretches: &[Stretch]) -> Case {
    Case {
        name,
        days,
        target: "99.9%",
        budget: "0.001",
        stretches: stretches.to_vec(),
    }
}

impl Case {
    /// Minutes of quiet traffic: the longest window of a page that is added up from tiles, or a little.
    fn quiet(&self) -> u64 {
        if self.days > 30 { 19 * 60 } else { 3 * 60 }
    }

    /// How many minutes an engine that gets a sample a minute may be off: what falls between two samples it sees with
    /// the later one, and windows of 28 days have lengths like 4m40s.
    fn slack(&self) -> u64 {
        u64::from(self.days == 28)
    }

    fn story(&self) -> Story {
        let mut stretches = vec![counts(self.quiet(), 1_000, 0)];
        stretches.extend(&self.stretches);
        Story::new(self.days.into(), self.budget, &stretches)
    }

    /// When slo-core would page, in minutes.
    fn pages(&self) -> Result<Vec<(u64, u64)>, Failure> {
        let start = Tick::from_unix_seconds(1_767_225_600);
        let slo = Slo::new(
            "pay",
            HttpSli::every_route(),
            self.target.parse()?,
            Window::days(self.days)?,
        );
        let mut at = start;
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
        let policy = AlertPolicy::standard().pushed_every(Duration::from_secs(60));
        let timeline = Simulation::of(&slo, start).policy(policy).run(samples)?;
        let minutes = |tick: Tick| tick.since(start).as_secs() / 60;
        Ok(timeline
            .pages()
            .map(|span: Span| (minutes(span.from()), minutes(span.to())))
            .collect())
    }

    /// Silent until each page begins, firing until it ends, silent after.
    fn test(&self) -> Result<Test, Failure> {
        let (story, pages, slack) = (self.story(), self.pages()?, self.slack());
        let end = story.minutes();
        let name = format!("{} over {}d", self.name, self.days);
        let mut test = Test::new(name, &story).silent("page", self.quiet());
        let mut firing = 0;
        for (from, to) in pages {
            test = test.silent("page", from - 1 - slack).fires("page", from + slack);
            test = test.fires("page", to - 1 - slack);
            if to + slack < end {
                test = test.silent("page", to + slack);
            }
            // One that is open at the end fires then, too.
            firing += if to < end { to - from } else { end + 1 - from };
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

fn agree(days: &[u32], of: impl Fn(u32) -> Vec<Case>) -> Outcome {
    for days in days {
        let failed = |error: Failure| Failure::new(format!("{days} days: {error:?}"));
        let tests = of(*days).iter().map(Case::test).collect::<Result<Vec<_>, _>>()?;
        run(&slo(&format!("rules --fleet --window {days}d"))?, "1m", &tests).map_err(failed)?;
    }
    Ok(())
}

#[test]
fn pages_come_and_go_with_slo_core_for_every_usual_window() -> Outcome {
    agree(&[7, 28, 30, 90], |days| {
        vec![
            case(
                "B01 total outage of 10 min",
                days,
                &[counts(10, 0, 1_000), counts(180, 1_000, 0)],
            ),
            case(
                "B02 15% for 10 min",
                days,
                &[counts(10, 850, 150), counts(180, 1_000, 0)],
            ),
        ]
    })
}

#[test]
fn slow_burns_page_late_and_budgets_that_last_never() -> Outcome {
    agree(&[30], |days| {
        let low = Case {
            target: "90%",
            budget: "0.1",
            ..case("B13 total outage at a target of 90%", days, &[counts(300, 0, 1_000)])
        };
        vec![
            case("B03 exactly 1.0x", days, &[counts(240, 999, 1)]),
            case("B10 2x", days, &[counts(240, 998, 2)]),
            case("B11 14x", days, &[counts(300, 986, 14)]),
            low,
        ]
    })
}

#[test]
fn a_failure_at_night_pages_nobody_and_five_do() -> Outcome {
    agree(&[30], |days| {
        let (quiet, hour) = (counts(59, 0, 0), counts(1, 9, 0));
        let night = |bad: u64| {
            let mut night = vec![counts(360, 0, 0), hour, quiet];
            night.extend(
                std::iter::repeat_n([counts(1, 0, 1), counts(9, 0, 0)], usize::try_from(bad).unwrap_or(0)).flatten(),
            );
            night.extend([counts(30, 0, 0), hour, quiet]);
            night
        };
        vec![
            case("B04 one failure at night", days, &night(1)),
            case("four failures at night", days, &night(4)),
            case("five failures at night", days, &night(5)),
        ]
    })
}

#[test]
fn silence_ends_no_page_and_begins_none() -> Outcome {
    agree(&[30], |days| {
        let outage = counts(10, 0, 1_000);
        vec![
            case("an outage after which nobody comes", days, &[outage, counts(500, 0, 0)]),
            case(
                "an outage after which somebody comes late",
                days,
                &[outage, counts(40, 0, 0), counts(60, 1_000, 0)],
            ),
        ]
    })
}

/// A window made longer, a factor swapped, a comparison softened, a guard or a clause dropped: each is noticed.
#[test]
fn rules_that_say_something_else_are_noticed() -> Outcome {
    let outage = counts(10, 0, 1_000);
    let short_outage = case("B01 total outage of 10 min", 30, &[outage, counts(60, 1_000, 0)]);
    let silent = case("an outage after which nobody comes", 30, &[outage, counts(60, 0, 0)]);
    let slow = case("B11 14x", 30, &[counts(160, 986, 14)]);
    let four = case(
        "four failures at once",
        30,
        &[counts(360, 0, 0), counts(1, 0, 4), counts(10, 0, 0)],
    );
    let exactly = Case {
        target: "90%",
        budget: "0.1",
        ..case("B13 total outage at a target of 90%", 30, &[counts(220, 0, 1_000)])
    };
    let rules = slo("rules --fleet --window 30d")?;
    for (from, to, case) in [
        ("[30m]))", "[50m]))", &short_outage),
        ("> 14.4", "> 4.4", &slow),
        (") > 6", ") > 16", &slow),
        (") > 6", ") >= 6", &exactly),
        ("> 4.5", "> 3.5", &four),
        ("alertstate=\"firing\"", "alertstate=\"pending\"", &silent),
        ("- 1) / 360, 1)", "+ 360) / 360, 1)", &slow),
        ("slo_outcome=~\"good|bad\"", "slo_outcome=\"good\"", &slow),
    ] {
        let changed = rules.replace(from, to);
        assert_ne!(changed, rules, "{from} is not in the rules");
        let name = case.name;
        assert!(run(&rules, "1m", &[case.test()?]).is_ok(), "{name} fails as it is");
        assert!(
            run(&changed, "1m", &[case.test()?]).is_err(),
            "{from} became {to}, and {name} did not notice"
        );
    }
    Ok(())
}
