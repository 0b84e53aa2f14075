//! Unit tests of one's own rules, for `promtool test rules`: when pages and tickets come and go, reckoned by slo-core.
//!
//! promtool evaluates every group of a file at one interval, whatever the group says. Pages are proven each minute; what is
//! added up from tiles would be added up wrongly then, so tickets have a file of their own, at five minutes.

mod stories;
mod told;

use slo_core::alert::Severity;
use slo_core::names;
use slo_core::names::alerts::{BUDGET_BURN, SEVERITY};
use slo_core::yaml_writer::{Style, Yaml};

use self::stories::{Story, Stretch, cut, of};
use self::told::{Span, kept, told};
use super::alerting::kept_for;
use super::own::{Own, Refusal, Ruled};
use super::promql;
use super::recorded::{BUDGET, EXCLUSION_END};
use super::recording::is_tiled;
use super::rule_file::Group;
use super::subject;
use crate::args::{Engine, Source};
use crate::rule_window::TILE;

/// Which of the two files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Proof {
    /// Of pages, and of tickets that need no tiles, each minute.
    Pages,
    /// Of tickets, each tile.
    Tickets,
}

impl Proof {
    /// Minutes between two evaluations.
    const fn every(self) -> u64 {
        match self {
            Self::Pages => 1,
            Self::Tickets => TILE / 60,
        }
    }

    const fn heading(self) -> &'static str {
        match self {
            Self::Pages => {
                "Unit tests of the rules of `slo rules`, for `promtool test rules`; written by `slo rules --tests`.\n"
            }
            Self::Tickets => {
                "Unit tests of the tickets of `slo rules`, for `promtool test rules`; written by `slo rules --tests`.\n"
            }
        }
    }
}

/// A test of one SLO.
struct Test {
    name: String,
    minutes: u64,
    /// Series and their values, in promtool's notation.
    series: Vec<(String, String)>,
    expected: Vec<Yaml>,
}

impl Own<'_> {
    /// Why SLOs have no tests, of those that have none; refused where there is no other.
    pub(crate) fn untold(&self) -> Result<Vec<String>, Vec<String>> {
        let ruled = self.ruled()?;
        let untold = ruled
            .iter()
            .filter_map(|ruled| Some((ruled.slo.name(), Untold::of(ruled)?)));
        let untold: Vec<_> = untold.collect();
        if untold.is_empty() || untold.len() < ruled.len() {
            return Ok(untold
                .iter()
                .map(|(slo, why)| format!("{slo}: {}", why.said()))
                .collect());
        }
        Err(untold.into_iter().map(|(slo, why)| why.refusal().of(slo)).collect())
    }

    /// The file, for rules in a file of this name beside it.
    pub(crate) fn unit_tests(&self, rules: &str, proof: Proof) -> Result<String, Vec<String>> {
        let groups = self.file()?.groups;
        let (mut tests, mut untold) = (Vec::new(), Vec::new());
        for ruled in self.ruled()? {
            if let Some(why) = Untold::of(&ruled) {
                untold.push(format!("None for {}: {}.\n", ruled.slo.name(), why.said()));
                continue;
            }
            let examples = ruled.subject.counters.examples().unwrap_or_default();
            // Series of what the service judges are one SLO's alone, so all of them are tested at once.
            let is_alone = self.source == Source::Http || ruled.is_foreign();
            for (severity, stories) in stories_of(&ruled, proof) {
                for story in stories {
                    let test = test(&ruled, severity, proof, story, &examples);
                    test.join(&mut tests, is_alone.then(|| ruled.slo.name()));
                }
            }
        }
        let document = Yaml::map([
            ("rule_files", Some(Yaml::List(vec![Yaml::text(rules)]))),
            ("evaluation_interval", Some(Yaml::text(format!("{}m", proof.every())))),
            ("group_eval_order", Some(Yaml::List(order(&groups, proof)))),
            ("tests", Some(Yaml::List(tests.into_iter().map(Test::yaml).collect()))),
        ]);
        Ok(document.document(&(proof.heading().to_owned() + &untold.concat()), Style::Rules))
    }
}

/// Why an SLO has no tests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Untold {
    /// Its queries do not tell of a series.
    Queries,
    /// Its rules read what those of a fleet record, which are in another file.
    BesideFleet,
}

impl Untold {
    fn of(ruled: &Ruled<'_>) -> Option<Self> {
        if ruled.subject.is_beside_fleet() {
            return Some(Self::BesideFleet);
        }
        ruled.subject.counters.examples().is_none().then_some(Self::Queries)
    }

    const fn said(self) -> &'static str {
        match self {
            Self::Queries => "its queries do not tell which series to make up",
            Self::BesideFleet => {
                "its rules read what the fleet's record; without `--beside-fleet` the tests prove its conditions"
            }
        }
    }

    fn refusal(self) -> Refusal {
        match self {
            Self::Queries => Refusal::at(
                "sli.prometheus",
                "its queries do not tell which series to make up, so there would be no test at all; write a counter's selector \
                 with plain values, like `mails_total{result=\"failed\"}`",
            ),
            Self::BesideFleet => Refusal::at(
                "alerts",
                "its rules read what the fleet's record, so there would be no test at all; leave `--beside-fleet` out for tests \
                 of its conditions",
            ),
        }
    }
}

/// As the rules need one another: pages read tiles, and tickets the ratios of each minute.
fn order(groups: &[Group], proof: Proof) -> Vec<Yaml> {
    let mut groups: Vec<_> = groups.iter().collect();
    if proof == Proof::Tickets {
        groups.sort_by_key(|group| group.interval != "1m");
    }
    groups.iter().map(|group| Yaml::text(&group.name)).collect()
}

/// What is proven in a file of an SLO, by severity: a ticket where the file's interval is that of what it reads.
fn stories_of(ruled: &Ruled<'_>, proof: Proof) -> Vec<(Severity, Vec<Story>)> {
    let (alerts, budget) = (&ruled.alerts, ruled.slo.target().budget_ppb());
    let needs_tiles = of(alerts, Severity::Ticket).any(|condition| is_tiled(condition.long()));
    let tickets = || (Severity::Ticket, stories::of_tickets(alerts));
    let trickle = || (Severity::Ticket, stories::trickle(alerts).into_iter().collect());
    let has_planned = ruled.subject.known.exclusions.is_some();
    match proof {
        Proof::Pages => {
            let pages = stories::of_pages(alerts, budget, has_planned);
            let mut all = vec![(Severity::Page, pages)];
            all.extend((!needs_tiles && !alerts.is_silent()).then(tickets));
            all
        }
        Proof::Tickets if alerts.is_silent() => Vec::new(),
        Proof::Tickets if needs_tiles => vec![tickets(), trickle()],
        Proof::Tickets => vec![trickle()],
    }
}

impl Test {
    /// On its own, with the SLO's name, or with the others of its name.
    fn join(mut self, tests: &mut Vec<Self>, alone: Option<&str>) {
        if let Some(slo) = alone {
            self.name = format!("{slo}: {}", self.name);
        }
        match tests.iter_mut().find(|other| other.name == self.name) {
            None => tests.push(self),
            Some(other) => other.add(self),
        }
    }

    fn add(&mut self, test: Self) {
        let is_longer = test.minutes > self.minutes;
        self.minutes = self.minutes.max(test.minutes);
        for (series, values) in test.series {
            match self.series.iter_mut().find(|(known, _)| *known == series) {
                None => self.series.push((series, values)),
                // What all of them have lasts as long as the longest.
                Some((_, known)) if is_longer => *known = values,
                Some(_) => {}
            }
        }
        self.expected.extend(test.expected);
    }

    fn yaml(self) -> Yaml {
        let series = self.series.into_iter().map(|(series, values)| {
            Yaml::map([
                ("series", Some(Yaml::text(series))),
                ("values", Some(Yaml::text(values))),
            ])
        });
        Yaml::map([
            ("name", Some(Yaml::text(self.name))),
            ("interval", Some(Yaml::text("1m"))),
            ("input_series", Some(Yaml::List(series.collect()))),
            ("promql_expr_test", Some(Yaml::List(self.expected))),
        ])
    }
}

fn test(
    ruled: &Ruled<'_>,
    severity: Severity,
    proof: Proof,
    (name, mut stretches): Story,
    examples: &[(String, Counted)],
) -> Test {
    let every = proof.every();
    let past = stories::past(&ruled.alerts, proof == Proof::Pages);
    let spans = told(&ruled.alerts, ruled.slo.window(), severity, (every, past), &stretches);
    let kept_for = kept_for(&ruled.alerts, severity).map_or(0, |time| u64::from(time.as_seconds()));
    let spans = kept(spans, kept_for.div_ceil(60 * every) * every);
    cut(&mut stretches, &spans, 5 * every);
    let minutes = stretches.iter().map(|stretch| stretch.minutes).sum();
    let values = |counts: &Counted| match counts {
        Counted::Good => counter(&stretches, |stretch| stretch.good),
        Counted::Bad => counter(&stretches, |stretch| stretch.bad),
        Counted::All => counter(&stretches, |stretch| stretch.good + stretch.bad),
        Counted::Nothing => format!("0x{minutes}"),
        Counted::One => format!("1x{minutes}"),
    };
    let counters = examples.iter().map(|(series, counts)| (series.clone(), values(counts)));
    let recorded = [
        planned(ruled, &stretches),
        budget(ruled, proof, minutes),
        begun(ruled, minutes),
    ];
    Test {
        name: name.into_owned(),
        minutes,
        series: counters.chain(recorded.into_iter().flatten()).collect(),
        expected: expectations(ruled, severity, proof, &spans, minutes),
    }
}

/// What the rules record of a planned time, in the place of their dates: promtool lives in 1970, before all of them.
fn planned(ruled: &Ruled<'_>, stretches: &[Stretch]) -> Option<(String, String)> {
    stretches.iter().find(|stretch| stretch.is_planned)?;
    let mut values = vec!["_".to_owned()];
    values.extend(stretches.iter().map(|stretch| {
        let value = if stretch.is_planned { "1" } else { "_" };
        format!("{value}x{}", stretch.minutes - 1)
    }));
    Some((
        recorded(EXCLUSION_END, &ruled.subject.all_basis_labels()),
        values.join(" "),
    ))
}

/// The minutes in which there was a budget, by which windows up to six hours know how much of them was seen: evaluated
/// each tile, the rules record a fifth of them. Only where a ticket has such a window.
fn budget(ruled: &Ruled<'_>, proof: Proof, minutes: u64) -> Option<(String, String)> {
    let mut tickets = of(&ruled.alerts, Severity::Ticket);
    let is_read = proof == Proof::Tickets && tickets.any(|condition| !is_tiled(condition.long()));
    is_read.then(|| {
        let subject = &ruled.subject;
        let labels = subject.budget_example();
        let value = subject::budget(ruled.slo.target());
        (recorded(BUDGET, &labels), format!("{value}x{minutes}"))
    })
}

/// That the period of a calendar has begun, as a process says it: before all that happens, and before all dates.
fn begun(ruled: &Ruled<'_>, minutes: u64) -> Option<(String, String)> {
    let subject = &ruled.subject;
    subject.window.period()?;
    let labels = subject.raw_example()?;
    let series = promql::selector(names::WINDOW_START.prometheus, &labels);
    Some((series, format!("0x{minutes}")))
}

fn recorded(name: &str, labels: &[(String, String)]) -> String {
    let labels: Vec<_> = labels.iter().map(|(label, value)| promql::is(label, value)).collect();
    promql::selector(name, &labels)
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
fn counter(stretches: &[Stretch], pick: impl Fn(&Stretch) -> u64) -> String {
    let mut total = 0;
    let mut values = vec!["0".to_owned()];
    for stretch in stretches {
        let each = pick(stretch);
        values.push(format!("{}+{each}x{}", total + each, stretch.minutes - 1));
        total += each * stretch.minutes;
    }
    values.join(" ")
}

/// Silent before each alert and after it, firing from its first minute to its last.
fn expectations(ruled: &Ruled<'_>, severity: Severity, proof: Proof, spans: &[Span], total: u64) -> Vec<Yaml> {
    let (slack, every) = (slack(ruled, severity, proof), proof.every());
    let last = total / every * every;
    let mut at = vec![(last, spans.iter().any(|(_, to)| to.is_none()))];
    for (from, to) in spans {
        at.extend([(from.saturating_sub(every + slack), false), (from + slack, true)]);
        at.extend(
            to.iter()
                .flat_map(|to| [(to - every - slack, true), (to + slack, false)]),
        );
    }
    at.sort_unstable();
    at.dedup();
    let firing = promql::selector(
        "ALERTS",
        &[
            promql::is("alertname", BUDGET_BURN),
            promql::is("alertstate", "firing"),
            promql::is(SEVERITY, ruled.routing().severity(severity)),
            promql::is(names::SLO_NAME.label, ruled.slo.name()),
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
        .filter(|(minute, _)| *minute <= last)
        .map(expectation)
        .collect()
}

/// A ticket that is proven each minute sees the ratios of the pass before, and of how much was seen a minute less.
const PASSES: u64 = 2;

/// Minutes by which an alert may be off. Windows like 4m40s begin between two samples of a minute, and the engine sees what
/// fell there with the later one. What is added up from minutes is smeared over two of them, and a planned time takes some
/// minutes behind it along; a tile of Prometheus holds a push of the one before.
fn slack(ruled: &Ruled<'_>, severity: Severity, proof: Proof) -> u64 {
    let every = proof.every();
    let conditions = of(&ruled.alerts, severity);
    let mut lengths = conditions.flat_map(|condition| [condition.long(), condition.short()]);
    let is_between = lengths.any(|length| u64::from(length.as_seconds()) % (60 * every) != 0);
    // Where no page looks at the counters themselves for long, the first minutes of what fails are in few tiles.
    let is_of_tiles = of(&ruled.alerts, severity).all(|condition| is_tiled(condition.long()));
    match proof {
        Proof::Pages if ruled.subject.known.exclusions.is_some() => 3,
        Proof::Pages if severity == Severity::Ticket => u64::from(is_between) + PASSES,
        Proof::Pages if is_of_tiles => TILE / 60,
        Proof::Pages => u64::from(is_between),
        Proof::Tickets if ruled.subject.known.exclusions.is_some() => 2 * every,
        Proof::Tickets if is_between || ruled.subject.engine != Engine::Victoriametrics => every,
        Proof::Tickets => 0,
    }
}
