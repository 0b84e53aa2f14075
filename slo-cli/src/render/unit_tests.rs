//! Unit tests of one's own rules, for `promtool test rules`: when pages come and go, reckoned by `slo_core::simulate`.
//!
//! promtool evaluates every group at one interval. It is a minute here, so the tests are about pages: what is added up from
//! tiles of five minutes, tickets for the most part, would be added up wrongly.

use core::time::Duration;

use slo_core::alert::{AlertPolicy, Alerts, Severity};
use slo_core::simulate::{Sample, Simulation};
use slo_core::yaml_writer::{Style, Yaml};
use slo_core::{Events, Ratio, Slo, Status, Tick};

use super::alerting::{BURN_ALERT, SEVERITY};
use super::own::{Own, Ruled};
use super::promql;
use super::recorded::EXCLUSION_END;
use super::recording::is_tiled;

/// Minutes with so many good and bad events each, in a planned time or not.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    minutes: u64,
    good: u64,
    bad: u64,
    is_planned: bool,
}

/// A case of one SLO.
#[derive(Clone, Debug)]
struct Case {
    name: String,
    stretches: Vec<Stretch>,
    /// When a page begins, and when it ends unless that is later than the case.
    pages: Vec<(u64, Option<u64>)>,
}

const EACH: u64 = 1_000_000; // events a minute: parts per million
const AFTER: u64 = 400; // minutes in which every page ends
const BEHIND_PLANNED: u64 = 4; // minutes behind a planned time that rules leave out with it

impl Own<'_> {
    /// The file, for rules in a file of this name beside it.
    pub(crate) fn unit_tests(&self, rules: &str) -> Result<String, Vec<String>> {
        let file = self.file()?;
        let order = file.groups.iter().map(|group| Yaml::text(&group.name)).collect();
        let (mut tests, mut untold) = (Vec::new(), Vec::new());
        for ruled in self.ruled()? {
            let Some(examples) = ruled.subject.counters.examples(self.set.service()) else {
                untold.push(format!(
                    "None for {}: its queries do not tell which series to make up.\n",
                    ruled.slo.name()
                ));
                continue;
            };
            for case in cases(&ruled, &self.policy) {
                tests.push(test(&ruled, &case, &examples));
            }
        }
        let document = Yaml::map([
            ("rule_files", Some(Yaml::List(vec![Yaml::text(rules)]))),
            ("evaluation_interval", Some(Yaml::text("1m"))),
            ("group_eval_order", Some(Yaml::List(order))),
            ("tests", Some(Yaml::List(tests))),
        ]);
        let heading =
            "Unit tests of the rules of `slo rules`, for `promtool test rules`; written by `slo rules --tests`.\n";
        Ok(document.document(&(heading.to_owned() + &untold.concat()), Style::Rules))
    }
}

fn test(ruled: &Ruled<'_>, case: &Case, examples: &[(String, Counted)]) -> Yaml {
    let total = case.stretches.iter().map(|stretch| stretch.minutes).sum::<u64>();
    let (good, bad) = (
        counter(case, |stretch| stretch.good),
        counter(case, |stretch| stretch.bad),
    );
    let all = counter(case, |stretch| stretch.good + stretch.bad);
    let values = |counts: &Counted| match counts {
        Counted::Good => good.clone(),
        Counted::Bad => bad.clone(),
        Counted::All => all.clone(),
        Counted::Nothing => format!("0x{total}"),
        Counted::One => format!("1x{total}"),
    };
    let counters = examples.iter().map(|(series, counts)| (series.clone(), values(counts)));
    let series = counters.chain(planned(ruled, case)).map(|(series, values)| {
        Yaml::map([
            ("series", Some(Yaml::text(series))),
            ("values", Some(Yaml::text(values))),
        ])
    });
    Yaml::map([
        ("name", Some(Yaml::text(&case.name))),
        ("interval", Some(Yaml::text("1m"))),
        ("input_series", Some(Yaml::List(series.collect()))),
        ("promql_expr_test", Some(Yaml::List(expectations(ruled, case, total)))),
    ])
}

/// What the rules record of a planned time, in the place of their dates: promtool lives in 1970, before all of them.
fn planned(ruled: &Ruled<'_>, case: &Case) -> Option<(String, String)> {
    case.stretches.iter().find(|stretch| stretch.is_planned)?;
    let mut values = vec!["_".to_owned()];
    values.extend(case.stretches.iter().map(|stretch| {
        let value = if stretch.is_planned { "1" } else { "_" };
        format!("{value}x{}", stretch.minutes - 1)
    }));
    let labels = ruled.subject.all_labels();
    let labels: Vec<_> = labels.iter().map(|(label, value)| promql::is(label, value)).collect();
    Some((promql::selector(EXCLUSION_END, &labels), values.join(" ")))
}

/// What a series of a test counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Counted {
    Good,
    Bad,
    All,
    Nothing,
    /// No counter: 1 all the time.
    One,
}

/// A counter in promtool's notation: 0 at first, then what each minute brings.
fn counter(case: &Case, pick: impl Fn(&Stretch) -> u64) -> String {
    let mut total = 0;
    let mut values = vec!["0".to_owned()];
    for stretch in &case.stretches {
        let each = pick(stretch);
        values.push(format!("{}+{each}x{}", total + each, stretch.minutes - 1));
        total += each * stretch.minutes;
    }
    values.join(" ")
}

/// Silent before each page and after it, firing from its first minute to its last.
fn expectations(ruled: &Ruled<'_>, case: &Case, total: u64) -> Vec<Yaml> {
    let slack = slack(ruled);
    let mut at = vec![(total, case.pages.iter().any(|(_, to)| to.is_none()))];
    for (from, to) in &case.pages {
        at.extend([(from - 1 - slack, false), (from + slack, true)]);
        at.extend(to.iter().flat_map(|to| [(to - 1 - slack, true), (to + slack, false)]));
    }
    at.sort_unstable();
    at.dedup();
    let firing = promql::selector(
        "ALERTS",
        &[
            promql::is("alertname", BURN_ALERT),
            promql::is("alertstate", "firing"),
            promql::is(SEVERITY, Severity::Page.as_str()),
            promql::is(slo_core::names::SLO_NAME.label, ruled.slo.name()),
        ],
    );
    let expectation = |(minute, fires): (u64, bool)| {
        let one = || Yaml::map([("labels", Some(Yaml::text("{}"))), ("value", Some(Yaml::from(1)))]);
        Yaml::map([
            ("expr", Some(Yaml::text(format!("count({firing})")))),
            ("eval_time", Some(Yaml::text(format!("{minute}m")))),
            (
                "exp_samples",
                Some(Yaml::List(if fires { vec![one()] } else { Vec::new() })),
            ),
        ])
    };
    at.into_iter()
        .filter(|(minute, _)| *minute <= total)
        .map(expectation)
        .collect()
}

/// Windows like 4m40s begin between two samples of a minute, and the engine sees what fell there with the later one. What
/// is added up from minutes is smeared over two of them, and a planned time takes some minutes behind it along.
fn slack(ruled: &Ruled<'_>) -> u64 {
    if ruled.subject.known.exclusions.is_some() {
        return 3;
    }
    let conditions = ruled.alerts.conditions().iter();
    let is_between = |seconds: u32| seconds % 60 != 0;
    let mut lengths = conditions.flat_map(|condition| [condition.long(), condition.short()]);
    u64::from(lengths.any(|length| is_between(length.as_seconds())))
}

/// A total outage until the page and a little longer; a little more than the first condition allows; twice the budget's rate, which no page is about; no traffic.
fn cases(ruled: &Ruled<'_>, policy: &AlertPolicy) -> Vec<Case> {
    let Ruled { slo, alerts, .. } = ruled;
    let all_bad = Ratio::new(1, 1);
    let detected = all_bad.and_then(|ratio| alerts.detection_time(Severity::Page, ratio));
    let outage = detected.map_or(120, |time| time.as_secs().div_ceil(60) + 10);
    let minutes = |minutes, good, bad| Stretch {
        minutes,
        good,
        bad,
        is_planned: false,
    };
    let planned = |stretch: Stretch| Stretch {
        is_planned: true,
        ..stretch
    };
    let quiet = minutes(quiet(alerts), EACH, 0);
    let budget = u64::from(slo.target().budget_ppb()) * EACH * 2 / 1_000_000_000;
    let (slow, over) = just_over(alerts);
    let mut stories = vec![
        (
            "a total outage",
            vec![quiet, minutes(outage, 0, EACH), minutes(AFTER, EACH, 0)],
        ),
        (
            "just over a factor",
            vec![quiet, minutes(slow, EACH - over, over), minutes(AFTER, EACH, 0)],
        ),
        (
            "twice the budget",
            vec![quiet, minutes(60, EACH.saturating_sub(budget), budget.min(EACH))],
        ),
        ("nobody comes", vec![quiet, minutes(60, 0, 0)]),
    ];
    if ruled.subject.known.exclusions.is_some() {
        let work = planned(minutes(outage, 0, EACH));
        stories.push((
            "an outage that was planned, and one that was not",
            vec![
                quiet,
                work,
                minutes(90, EACH, 0),
                minutes(outage, 0, EACH),
                minutes(AFTER, EACH, 0),
            ],
        ));
    }
    let case = |(name, mut stretches): (&str, Vec<Stretch>)| {
        let pages = pages(slo, policy, &stretches);
        cut(&mut stretches, &pages);
        Case {
            name: format!("{}: {name}", slo.name()),
            stretches,
            pages,
        }
    };
    stories.into_iter().map(case).collect()
}

/// Minutes in which the first condition of a page is met by this many bad events a minute, a twentieth over its factor.
fn just_over(alerts: &Alerts) -> (u64, u64) {
    let mut pages = alerts
        .conditions()
        .iter()
        .filter(|condition| condition.severity() == Severity::Page);
    let Some(first) = pages.next() else { return (60, 0) };
    let (factor, budget) = (first.factor(), u64::from(first.target().budget_ppb()));
    let per_million = u128::from(factor.numerator()) * u128::from(budget) * 21
        / (u128::from(factor.denominator()) * 20 * u128::from(1_000_000_000 / EACH));
    let bad = u64::try_from(per_million).unwrap_or(EACH).min(EACH);
    (u64::from(first.long().as_seconds()).div_ceil(60) + 10, bad)
}

/// Shortens the last stretch to some minutes after the last page: promtool evaluates every rule in every minute.
fn cut(stretches: &mut [Stretch], pages: &[(u64, Option<u64>)]) {
    let [before @ .., last] = stretches else { return };
    if let Some((_, Some(to))) = pages.last() {
        let begin = before.iter().map(|stretch| stretch.minutes).sum::<u64>();
        last.minutes = last.minutes.min((to + 5).saturating_sub(begin).max(1));
    }
}

/// Long enough for windows of tiles to be covered; a minute counts as much as five there.
fn quiet(alerts: &Alerts) -> u64 {
    let pages = alerts
        .conditions()
        .iter()
        .filter(|condition| condition.severity() == Severity::Page);
    let tiled = pages
        .map(|condition| condition.long())
        .filter(|length| is_tiled(*length))
        .max();
    tiled.map_or(60, |length| u64::from(length.as_seconds()).div_ceil(60) + 60)
}

/// When slo-core pages, in minutes; a draft's rules have no page.
fn pages(slo: &Slo, policy: &AlertPolicy, stretches: &[Stretch]) -> Vec<(u64, Option<u64>)> {
    if slo.current_status() == Status::Draft {
        return Vec::new();
    }
    let minute = |number: u64| Tick::from_unix_seconds(EPOCH + number * 60);
    let mut masked = 0;
    let each = stretches
        .iter()
        .flat_map(|stretch| (0..stretch.minutes).map(move |_| *stretch));
    let each = each.map(|minute| {
        masked = if minute.is_planned {
            BEHIND_PLANNED + 1
        } else {
            masked.saturating_sub(1)
        };
        match masked {
            0 => Events::new(minute.good, minute.bad),
            _ => Events::default().with_excluded(minute.good + minute.bad),
        }
    });
    let samples = (1..)
        .zip(each)
        .map(|(number, events)| Sample::new(minute(number), events));
    let simulation = Simulation::of(slo, minute(0)).policy(policy.clone());
    let Ok(timeline) = simulation.evaluated_every(Duration::from_secs(60)).run(samples) else {
        return Vec::new();
    };
    let number = |tick: Tick| tick.since(minute(0)).as_secs() / 60;
    let span = |page: slo_core::simulate::Span| (number(page.from()), (!page.is_open()).then(|| number(page.to())));
    timeline.pages().map(span).collect()
}

/// A whole day, so that steps of every length begin with the first minute (Unix seconds): 1970-07-06, a year before
/// anything can be planned.
const EPOCH: u64 = 186 * 86_400;
