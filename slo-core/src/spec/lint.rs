//! What a spec may say and probably does not mean.

mod few;
mod gate;
mod routes;

use core::fmt;
use core::str::FromStr;
use core::time::Duration;
use std::collections::BTreeMap;

use super::findings::Finding;
use super::tree::{Node, Place, Value};
use crate::alert::{AlertPolicy, Unreachable};
use crate::similar::distance;
use crate::window::Seconds;
use crate::{Alerting, Environment, Outcome, PromQuery, Sli, Slo, SloSet, Status, Window};

/// What is allowed in a spec and probably not meant.
///
/// # Examples
///
/// ```
/// use slo_core::Lint;
///
/// assert_eq!("no-promise".parse(), Ok(Lint::NoPromise));
/// assert_eq!(
///     "no-promis".parse::<Lint>().unwrap_err().to_string(),
///     "`no-promis` is not a lint, did you mean `no-promise`?"
/// );
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Lint {
    /// An SLO without a sentence for people.
    NoPromise,
    /// A condition of its alerts that no error ratio fulfils.
    UnreachableAlert,
    /// A latency SLO on a route that looks like a stream of events.
    LatencyOfStream,
    /// A route that no router of axum can have, or no path of a request.
    ForeignRoute,
    /// Two SLOs of a kind that have a route in common.
    OverlappingRoutes,
    /// A window over what the engine keeps.
    BeyondRetention,
    /// A window that no rules can be written for.
    WindowWithoutRules,
    /// A gate that blocks while every promise is kept, or before anybody is told.
    StrictGate,
    /// A query for events per second, where the number of events belongs.
    RateNotCount,
    /// Planned times that are most of the time.
    MostlyExcluded,
    /// Requests that cannot be bad, or cannot be good.
    OneOutcome,
}

impl Lint {
    /// Every lint.
    pub const ALL: [Self; 11] = [
        Self::NoPromise,
        Self::UnreachableAlert,
        Self::LatencyOfStream,
        Self::ForeignRoute,
        Self::OverlappingRoutes,
        Self::BeyondRetention,
        Self::WindowWithoutRules,
        Self::StrictGate,
        Self::RateNotCount,
        Self::MostlyExcluded,
        Self::OneOutcome,
    ];

    /// Its name, to allow it by.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoPromise => "no-promise",
            Self::UnreachableAlert => "unreachable-alert",
            Self::LatencyOfStream => "latency-of-stream",
            Self::ForeignRoute => "foreign-route",
            Self::OverlappingRoutes => "overlapping-routes",
            Self::BeyondRetention => "beyond-retention",
            Self::WindowWithoutRules => "window-without-rules",
            Self::StrictGate => "strict-gate",
            Self::RateNotCount => "rate-not-count",
            Self::MostlyExcluded => "mostly-excluded",
            Self::OneOutcome => "one-outcome",
        }
    }

    /// What it warns of, and why, in a sentence or two.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::NoPromise => {
                "An SLO without `promise`: whoever is woken by it reads a number and not what users were promised."
            }
            Self::UnreachableAlert => {
                "A condition of an SLO's alerts that can never fire, not even when every event is bad: with a low target \
                 some of the usual ones cannot, a synthetic SLO has an event every 30 seconds and no more, and one that is \
                 judged by time slices has one per slice."
            }
            Self::LatencyOfStream => {
                "A latency SLO on a route that looks like an event stream or a WebSocket: its response begins at once and \
                 lasts as long as the client likes."
            }
            Self::ForeignRoute => {
                "A route that no router of axum can have, or that no path of a request is like, so that the layer of this \
                 workspace would match no request. It is right for a service with another framework, whose rules are those of \
                 `slo rules --source http`: allow the lint there."
            }
            Self::OverlappingRoutes => {
                "Two SLOs of a kind, with one window and one limit, that have a route and a method in common: one failure \
                 burns both budgets. Or one route in two spellings, of which a router has one."
            }
            Self::BeyondRetention => {
                "A window longer than what the engine keeps: 15 days, unless `retention` says otherwise. The SLO would \
                 silently be one over that."
            }
            Self::WindowWithoutRules => {
                "A window for which `slo rules` can write nothing: under an hour, or no multiple of 5 minutes. It is right for \
                 an SLO that only its process looks at: allow the lint there."
            }
            Self::StrictGate => {
                "A limit of the gate that blocks deploys while every agreed SLO is met, or while none of their alerts \
                 would tell anybody."
            }
            Self::RateNotCount => {
                "A query that counts events per second. Budgets and the guard against little traffic need numbers of \
                 events: `increase` and not `rate`."
            }
            Self::MostlyExcluded => {
                "Planned times that cover more than half of a year: then hardly anything is promised."
            }
            Self::OneOutcome => {
                "Status codes and endings sorted so that no request can be bad, or none good, unless a handler says so: the \
                 budget is never spent, or always."
            }
        }
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Lint {
    type Err = LintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|lint| lint.as_str() == text);
        known.ok_or_else(|| {
            let near = Self::ALL.map(|lint| (distance(text, lint.as_str()), lint));
            let near = near
                .into_iter()
                .filter(|(edits, lint)| *edits <= lint.as_str().len() / 3);
            LintError {
                text: text.to_owned(),
                similar: near.min().map(|(_, lint)| lint),
            }
        })
    }
}

/// Why a text is not the name of a [`Lint`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LintError {
    text: String,
    similar: Option<Lint>,
}

impl fmt::Display for LintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a lint", self.text)?;
        match self.similar {
            Some(lint) => write!(f, ", did you mean `{lint}`?"),
            None => write!(f, "; write one of {}", Lint::ALL.map(Lint::as_str).join(", ")),
        }
    }
}

impl core::error::Error for LintError {}

/// Everything that is probably not meant, of a spec that was understood.
pub(super) fn all(root: &Node, set: &SloSet) -> Vec<Finding> {
    let mut warnings = Warnings { root, all: Vec::new() };
    for (index, slo) in set.slos().iter().enumerate() {
        of_slo(index, slo, &mut warnings);
    }
    routes::all(set, &mut warnings);
    retention(set, &mut warnings);
    without_rules(set, &mut warnings);
    gate::strict(set, &mut warnings);
    excluded(set, &mut warnings);
    for (name, environment) in set.environments() {
        let there = set.for_environment(name);
        of_environment(name, environment, set, &there, &mut warnings);
        gate::strict_there(name, set, &there, &mut warnings);
    }
    warnings.all
}

/// What was found so far, and where it can be looked up.
struct Warnings<'n> {
    root: &'n Node,
    all: Vec<Finding>,
}

/// A step on the way to a value.
#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

use Step::{Item, Key};

impl Warnings<'_> {
    /// Warns of the value that these steps lead to; where it is not written, at what would hold it.
    fn warn(&mut self, lint: Lint, slo: Option<&Slo>, path: &[Step<'_>], message: impl fmt::Display) {
        let mut key = String::new();
        for step in path {
            match step {
                Key(name) if key.is_empty() => key.push_str(name),
                Key(name) => key.extend([".", name]),
                Item(index) => key.push_str(&format!("[{index}]")),
            }
        }
        self.all.push(Finding {
            place: self.place(path),
            key,
            slo: slo.map(|slo| slo.name().to_owned()),
            message: message.to_string(),
            lint: Some(lint),
        });
    }

    /// Where a value stands, or of what is written the last that should hold it.
    fn place(&self, path: &[Step<'_>]) -> Place {
        let mut node = self.root;
        for step in path {
            let Some(next) = child(node, *step) else { break };
            node = next;
        }
        node.place
    }

    /// The value that these steps lead to, if it is written.
    fn node(&self, path: &[Step<'_>]) -> Option<&Node> {
        path.iter().try_fold(self.root, |node, step| child(node, *step))
    }
}

fn child<'n>(node: &'n Node, step: Step<'_>) -> Option<&'n Node> {
    match (step, &node.value) {
        (Key(name), Value::Map(entries)) => {
            let mut entries = entries.iter();
            entries.find_map(|(key, value)| matches!(&key.value, Value::Text(text) if text == name).then_some(value))
        }
        (Item(index), Value::List(items)) => items.get(index),
        (Key(_) | Item(_), Value::Empty | Value::Text(_) | Value::List(_) | Value::Map(_) | Value::Refused) => None,
    }
}

fn of_slo(index: usize, slo: &Slo, warnings: &mut Warnings<'_>) {
    for (steps, message) in unreachable_of(index, slo, warnings) {
        warnings.warn(Lint::UnreachableAlert, Some(slo), &steps, message);
    }
    few::warn(index, slo, warnings);
    let mut warn = |lint, steps: &[Step<'_>], message: &str| {
        warnings.warn(lint, Some(slo), &[&[Key("slos"), Item(index)], steps].concat(), message);
    };
    if slo.promise_sentence().is_none() {
        let message = "nothing says what is promised; write one sentence that users would understand, like `promise: Anyone \
                       can look at listings at any time.`";
        warn(Lint::NoPromise, &[Key("promise")], message);
    }
    if let Some((key, message)) = one_outcome(slo) {
        let key = [Key("sli"), Key("http"), Key(key)];
        warn(Lint::OneOutcome, &key, message);
    }
    if let Sli::Prometheus(sli) = slo.sli() {
        let parts = [
            ("bad", sli.bad_query()),
            ("good", sli.good_query()),
            ("valid", Some(sli.valid_query())),
        ];
        for (key, _) in parts
            .iter()
            .filter(|(_, query)| query.is_some_and(PromQuery::has_a_rate))
        {
            let message = "this counts events per second, and a budget needs their number; write `increase` in the place of \
                           `rate`";
            warn(Lint::RateNotCount, &[Key("sli"), Key("prometheus"), Key(key)], message);
        }
    }
}

/// What is said of requests that cannot be bad or cannot be good, and the key that sorts them so. Whatever is good can be
/// too slow.
fn one_outcome(slo: &Slo) -> Option<(&'static str, &'static str)> {
    let Sli::Http(sli) = slo.sli() else { return None };
    let rules = sli.classification();
    if !rules.can_be(Outcome::Good) {
        let message = "no request can be good, so that nothing keeps the promise; leave out what is good, like `2xx`";
        return Some(("bad", message));
    }
    let message = "no request can be bad, so that nothing breaks the promise; leave out what is bad, like `5xx`";
    (sli.limit().is_none() && !rules.can_be(Outcome::Bad)).then_some(("good", message))
}

/// Each condition of its alerts that can never fire, with its place in the list. Nobody is told of a composite, or where
/// the spec says so.
fn unreachable(slo: &Slo) -> Vec<(usize, Unreachable)> {
    let nobody = slo.alerting_rules().is_some_and(Alerting::tells_nobody);
    if nobody || slo.composite().is_some() {
        return Vec::new();
    }
    let alerts = AlertPolicy::standard().for_slo(slo);
    let conditions = alerts.conditions().iter().enumerate();
    let found = conditions.filter_map(|(place, condition)| Some((place, condition.unreachable()?)));
    found.collect()
}

/// Who wrote the conditions of an SLO's alerts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Whose {
    /// Nobody: they are the usual ones.
    Ours,
    /// The spec, for the whole service.
    Services,
    /// The SLO.
    Own,
}

impl Whose {
    fn of(index: usize, warnings: &Warnings<'_>) -> Self {
        let conditions = [Key("alerts"), Key("conditions")];
        let own = [&[Key("slos"), Item(index)], conditions.as_slice()].concat();
        match (warnings.node(&own), warnings.node(&conditions)) {
            (Some(_), _) => Self::Own,
            (None, Some(_)) => Self::Services,
            (None, None) => Self::Ours,
        }
    }

    /// What can be done about the condition at this place of the list, behind what the condition says itself.
    fn helps(self, place: usize) -> String {
        match self {
            Self::Ours => {
                "; the usual conditions do not fit this target: write others as `conditions` of `alerts`".to_owned()
            }
            Self::Services => format!(
                "; write that as `alerts.conditions[{place}].long`, or give this SLO `alerts` with `conditions` of its own"
            ),
            Self::Own => "; write that as its `long`".to_owned(),
        }
    }
}

/// What is said of an SLO as written, and where: at its own condition, or at the target that one of others does not fit.
fn unreachable_of<'a>(index: usize, slo: &Slo, warnings: &Warnings<'_>) -> Vec<(Vec<Step<'a>>, String)> {
    let whose = Whose::of(index, warnings);
    let said = |(place, unreachable): (usize, Unreachable)| {
        let mut steps = vec![Key("slos"), Item(index)];
        match whose {
            Whose::Own => steps.extend([Key("alerts"), Key("conditions"), Item(place), Key("long")]),
            Whose::Ours | Whose::Services => steps.push(Key("objective")),
        }
        (steps, format!("{unreachable}{}", whose.helps(place)))
    };
    unreachable(slo).into_iter().map(said).collect()
}

/// What an environment adds: alerts that cannot fire at its target, though they could at the one it changes.
fn of_environment(name: &str, changes: &Environment, set: &SloSet, there: &SloSet, warnings: &mut Warnings<'_>) {
    let indices: BTreeMap<&str, usize> = set
        .slos()
        .iter()
        .zip(0..)
        .map(|(slo, index)| (slo.name(), index))
        .collect();
    for (changed, _) in changes.slos() {
        let Some(index) = indices.get(changed).copied() else {
            continue;
        };
        let (Some(before), Some(slo)) = (set.slos().get(index), there.slos().get(index)) else {
            continue;
        };
        if slo.current_status() == Status::Draft {
            continue;
        }
        if let Some(too_few) = few::of(slo).filter(|_| few::of(before).is_none()) {
            let path = [Key("environments"), Key(name), Key("slos"), Key(changed), Key("window")];
            warnings.warn(Lint::UnreachableAlert, Some(slo), &path, too_few);
        }
        let known = unreachable(before);
        let whose = Whose::of(index, warnings);
        for (place, unreachable) in unreachable(slo).into_iter().filter(|found| !known.contains(found)) {
            let path = [
                Key("environments"),
                Key(name),
                Key("slos"),
                Key(changed),
                Key("objective"),
            ];
            let message = format!("{unreachable}{}", whose.helps(place));
            warnings.warn(Lint::UnreachableAlert, Some(slo), &path, message);
        }
    }
}

/// What Prometheus keeps unless it is told otherwise.
const USUAL_RETENTION: Duration = Duration::from_secs(15 * 86_400);

fn retention(set: &SloSet, warnings: &mut Warnings<'_>) {
    let kept = set.retention().unwrap_or(USUAL_RETENTION);
    let Some((longest, slo, path)) = longest_window(set) else {
        return;
    };
    let longest = longest.longest();
    if longest <= kept {
        return;
    }
    let days = longest.as_secs().div_ceil(86_400) + 5;
    let (longest, kept) = (Seconds(longest.as_secs()), Seconds(kept.as_secs()));
    if set.retention().is_some() {
        let message = format!(
            "the longest window is {longest}, and of more than {kept} the engine knows nothing; let it keep {days}d and write \
             `retention: {days}d`, or shorten the window"
        );
        warnings.warn(Lint::BeyondRetention, None, &[Key("retention")], message);
        return;
    }
    let message = format!(
        "windows are up to {longest} long, and Prometheus keeps {kept} unless told otherwise; let the engine keep {days}d and \
         write `retention: {days}d` at the top of the spec"
    );
    warnings.warn(Lint::BeyondRetention, Some(slo), &path, message);
}

fn without_rules(set: &SloSet, warnings: &mut Warnings<'_>) {
    // Of a composite none are written, whatever its window.
    let found = windows(set)
        .into_iter()
        .filter(|(window, slo, _)| slo.composite().is_none() && !window.has_rules());
    for (window, slo, path) in found {
        let message = format!(
            "rules count in tiles of {}, and {window} is not whole tiles of at least an hour, so that no rules can be written; \
             write one like `1h` or `30d`, or allow this lint where only the process looks at it",
            Seconds(Window::TILE.as_secs())
        );
        warnings.warn(Lint::WindowWithoutRules, Some(slo), &path, message);
    }
}

/// The longest window that is written anywhere, of which SLO, and where: the first of those that are as long.
fn longest_window(set: &SloSet) -> Option<(Window, &Slo, Vec<Step<'_>>)> {
    // The last of equals is what `max_by_key` takes.
    let all = windows(set).into_iter().rev();
    all.max_by_key(|(window, ..)| window.longest())
}

/// Every window that is written, of which SLO, and where.
fn windows(set: &SloSet) -> Vec<(Window, &Slo, Vec<Step<'_>>)> {
    let slos: BTreeMap<&str, &Slo> = set.slos().iter().map(|slo| (slo.name(), slo)).collect();
    let written = set.slos().iter().enumerate().map(|(index, slo)| {
        let path = vec![Key("slos"), Item(index), Key("window")];
        (slo.window(), slo, path)
    });
    let changed = set.environments().flat_map(|(environment, changes)| {
        let slos = &slos;
        changes.slos().filter_map(move |(name, change)| {
            let path = [
                Key("environments"),
                Key(environment),
                Key("slos"),
                Key(name),
                Key("window"),
            ];
            Some((change.window?, *slos.get(name)?, path.to_vec()))
        })
    });
    written.chain(changed).collect()
}

#[cfg(feature = "calendar")]
fn excluded(set: &SloSet, warnings: &mut Warnings<'_>) {
    let message = "this covers more than half of the time, in which hardly anything is promised then; write another objective, \
                   or `status: draft`";
    let most = |(index, exclusion): (usize, &crate::Exclusion)| exclusion.is_most_of_the_time().then_some(index);
    for index in set.exclusions().iter().enumerate().filter_map(most) {
        warnings.warn(Lint::MostlyExcluded, None, &[Key("exclude"), Item(index)], message);
    }
    for (place, slo) in set.slos().iter().enumerate() {
        // The first are those of the whole service.
        let own = slo.exclusions().iter().skip(set.exclusions().len());
        for index in own.enumerate().filter_map(most) {
            let path = [Key("slos"), Item(place), Key("exclude"), Item(index)];
            warnings.warn(Lint::MostlyExcluded, Some(slo), &path, message);
        }
    }
}

#[cfg(not(feature = "calendar"))]
fn excluded(_: &SloSet, _: &mut Warnings<'_>) {}
