//! What an SLO measures, as the spec writes it.

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeMap;

use super::checked_at;
use super::fields::{Fields, list, parsed, text, words};
use super::findings::Findings;
use super::keys::{SpecKey, SpecShape, SpecTable};
use super::shapes::{DURATION, PATH, PERCENT, THRESHOLD};
use super::tree::{Node, Value};
use super::{composite, prometheus};
use crate::route::check_route;
use crate::sli::{check_method, check_path};
use crate::{
    Classification, CompositeError, DownCounts, EndingName, EventsSli, HttpSli, METHODS, Outcome, Share, Sli,
    StatusClass, SyntheticSli, TimeSlices,
};

pub(super) static SLI: SpecTable = SpecTable {
    one_of: &["http", "synthetic", "events", "composite", "prometheus"],
    ..SpecTable::of(&[
        SpecKey::optional(
            "http",
            SpecShape::Map(&HTTP),
            "http: { routes: [\"/listings\"] }",
            "HTTP requests to some routes, judged in the process as they end.",
        ),
        SpecKey::optional(
            "synthetic",
            SpecShape::Map(&SYNTHETIC),
            "synthetic: { path: /real-price/synthetic/health }",
            "Freshness, or whatever else a health endpoint says to a probe.",
        ),
        SpecKey::optional(
            "events",
            SpecShape::Map(&EVENTS),
            "events: { of: notifications }",
            "Events that the service's own code tells: jobs, notifications, messages.",
        ),
        SpecKey::optional(
            "composite",
            SpecShape::Map(&composite::COMPOSITE),
            "composite: { weights: { browse-availability: 3, real-price-latency: 1 } }",
            "The mean of other SLOs, by weight.",
        ),
        SpecKey::optional(
            "prometheus",
            SpecShape::Map(&prometheus::PROMETHEUS),
            "prometheus: { bad: mails_failed_total, valid: mails_total }",
            "Events that an engine counts, of metrics that this service does not make. A process cannot feed it: rules, \
             dashboards and the gate ask the engine.",
        ),
        SpecKey::optional(
            "time_slices",
            SpecShape::Map(&TIME_SLICES),
            "time_slices: { length: 1m, target: 99% }",
            "Beside one of the above, except `composite`: slices of time are judged in the place of events, and the \
             objective is the share of slices that must be good.",
        ),
    ])
};

static TIME_SLICES: SpecTable = SpecTable::of(&[
    SpecKey::required("length", DURATION, "length: 1m", "How long a slice is."),
    SpecKey::required(
        "target",
        PERCENT,
        "target: 99%",
        "The share of a slice's events that must be good for the slice to be.",
    ),
]);

static SYNTHETIC: SpecTable = SpecTable::of(&[
    SpecKey::required(
        "path",
        PATH,
        "path: /real-price/synthetic/health",
        "The path of the endpoint, as a probe asks for it.",
    ),
    SpecKey::optional(
        "down_counts",
        SpecShape::Word(&["bad", "excluded"]),
        "down_counts: bad",
        "What a probe without an answer counts as: `bad` if left out, or `excluded` where an availability SLO counts it \
         already.",
    ),
]);

static EVENTS: SpecTable = SpecTable::of(&[SpecKey::required(
    "of",
    SpecShape::Words,
    "of: notifications",
    "What one of them is, in words for people.",
)]);

static HTTP: SpecTable = SpecTable::of(&[
    SpecKey::required(
        "routes",
        SpecShape::Either(&[SpecShape::Word(&[MARKED]), SpecShape::List(&SpecShape::Words)]),
        "routes: [\"/listings\", \"/real-price/{region}\"]",
        "Routes in the router's own spelling, in any language, compared as they are; or `marked`: those that the program marks.",
    ),
    SpecKey::optional(
        "methods",
        SpecShape::List(&SpecShape::Word(&METHODS)),
        "methods: [GET, HEAD]",
        "Only requests with these methods; with any if left out.",
    ),
    SpecKey::optional(
        "faster_than",
        THRESHOLD,
        "faster_than: 800ms",
        "Good only when answered within this limit, which makes it a latency SLO: at most `60m`.",
    ),
    SpecKey::optional(
        "until",
        SpecShape::Word(&["head", "body"]),
        "until: body",
        "Where the clock stops: at the response's head, if left out, or at the end of the body.",
    ),
    SpecKey::optional(
        "bad",
        CODES,
        "bad: [5xx, 429]",
        "What is bad besides the defaults: 5xx, 408, errors, panics and timeouts.",
    ),
    SpecKey::optional(
        "good",
        CODES,
        "good: [503]",
        "What is good although it is bad by default.",
    ),
    SpecKey::optional(
        "excluded",
        CODES,
        "excluded: [404, cancelled]",
        "What is no event: neither good nor bad.",
    ),
]);

/// Status codes, classes of them, and endings by name.
const CODES: SpecShape = SpecShape::List(&SpecShape::Either(&[
    SpecShape::Number(100, 599),
    SpecShape::Text("[1-5]xx"),
    SpecShape::Word(&["service", "body", "panic", "timeout", "cancelled"]),
]));

/// Stands for the routes that the program marks.
const MARKED: &str = "marked";

/// The keys that sort status codes and endings, in the order in which their rules apply.
const OUTCOMES: [(&str, Outcome); 3] = [
    ("bad", Outcome::Bad),
    ("good", Outcome::Good),
    ("excluded", Outcome::Excluded),
];

/// What an item of those keys names.
#[derive(Clone, Copy)]
enum Sorted {
    Status(StatusClass),
    Ending(EndingName),
}

impl FromStr for Sorted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text.parse(), text.parse()) {
            (Ok(class), _) => Ok(Self::Status(class)),
            (_, Ok(name)) => Ok(Self::Ending(name)),
            (Err(error), _) if text.starts_with(|sign: char| sign.is_ascii_digit()) => Err(error.to_string()),
            _ => Err(format!(
                "`{text}` is neither a status code nor an ending; write codes like `429` or `5xx`, or an ending: \
                 `service`, `body`, `panic`, `timeout` or `cancelled`"
            )),
        }
    }
}

impl Sorted {
    fn into(self, outcome: Outcome, rules: Classification) -> Classification {
        match (self, outcome) {
            (Self::Status(class), Outcome::Bad) => rules.bad(class),
            (Self::Status(class), Outcome::Good) => rules.good(class),
            (Self::Status(class), Outcome::Excluded) => rules.excluded(class),
            (Self::Ending(name), outcome) => rules.ending(name, outcome),
        }
    }
}

impl fmt::Display for Sorted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(class) => class.fmt(f),
            Self::Ending(name) => name.fmt(f),
        }
    }
}

/// Reads an SLI of one kind.
type Kind = fn(&Node, &str, &mut Findings) -> Option<Sli>;

const KINDS: [(&str, Kind); 5] = [
    ("http", http),
    ("synthetic", synthetic),
    ("events", events),
    ("composite", composite::composite),
    ("prometheus", prometheus::prometheus),
];

pub(super) fn sli(node: &Node, _: &str, findings: &mut Findings) -> Option<(Sli, Option<TimeSlices>)> {
    let fields = Fields::of(node, &SLI, findings)?;
    let slices = fields.read("time_slices", findings, time_slices);
    let given: Vec<_> = KINDS.iter().filter(|(key, _)| fields.raw(key).is_some()).collect();
    let kinds: Vec<_> = KINDS.iter().map(|(key, _)| format!("`{key}`")).collect();
    let Some((first, _)) = given.first() else {
        let (kinds, example) = (kinds.join(", "), fields.example("http"));
        let message = format!("it is not said what is measured; write one of {kinds}, like `{example}`");
        findings.mistake(fields.place(), message);
        return None;
    };
    // All are read, so that mistakes in their values show too; `None` of all when there is more than one.
    let mut slis = Vec::new();
    for (key, read) in &given {
        if key != first {
            let message = format!("`{key}` stands beside `{first}`, and an SLI measures one thing; write two SLOs");
            findings.mistake_under(key, fields.key_place(key), message);
        }
        slis.push(fields.read(key, findings, read));
    }
    if let (Some(Some(Sli::Composite(_))), true) = (slis.first(), slices.is_some()) {
        findings.mistake_under(
            "time_slices",
            fields.key_place("time_slices"),
            CompositeError::TimeSlices,
        );
    }
    let sli = slis.pop().filter(|_| slis.is_empty())?;
    Some((sli?, slices))
}

fn time_slices(node: &Node, _: &str, findings: &mut Findings) -> Option<TimeSlices> {
    let fields = Fields::of(node, &TIME_SLICES, findings)?;
    let length = fields.read("length", findings, |node, example, findings| {
        let length = TimeSlices::parse_length(text(node, example, findings)?);
        checked_at(node, findings, length)
    });
    let target = fields.read("target", findings, |node, example, findings| {
        let share: Share = parsed(node, example, findings)?;
        let slices = checked_at(node, findings, TimeSlices::new(TimeSlices::LONGEST, share))?;
        Some(slices.target())
    });
    TimeSlices::new(length?, target?).ok()
}

fn synthetic(node: &Node, _: &str, findings: &mut Findings) -> Option<Sli> {
    let fields = Fields::of(node, &SYNTHETIC, findings)?;
    let path = fields.read("path", findings, |node, example, findings| {
        let path = text(node, example, findings)?;
        checked_at(node, findings, check_path(path).map(|()| path))
    });
    let down = fields.read("down_counts", findings, |node, example, findings| {
        let given = text(node, example, findings)?;
        let known = DownCounts::ALL
            .into_iter()
            .find(|down| down.outcome().as_str() == given);
        let refused =
            || format!("`{given}` is not what a probe without an answer counts as; write `bad` or `excluded`");
        checked_at(node, findings, known.ok_or_else(refused))
    });
    Some(SyntheticSli::new(path?).down_counts(down.unwrap_or_default()).into())
}

fn events(node: &Node, _: &str, findings: &mut Findings) -> Option<Sli> {
    let fields = Fields::of(node, &EVENTS, findings)?;
    let what = fields.read("of", findings, words);
    Some(EventsSli::of(what?).into())
}

fn http(node: &Node, _: &str, findings: &mut Findings) -> Option<Sli> {
    let fields = Fields::of(node, &HTTP, findings)?;
    let named = fields.read("routes", findings, routes);
    let methods = fields.read("methods", findings, |node, example, findings| {
        list(node, example, findings, |method| checked(method, check_method(method)))
    });
    let limit = fields.read("faster_than", findings, parsed);
    let until = fields.read("until", findings, parsed);
    let rules = classification(&fields, findings);
    let mut sli = named?
        .until(until.unwrap_or_default())
        .methods(texts(methods.unwrap_or_default()))
        .classified_by(rules);
    if let Some(limit) = limit {
        sli = sli.faster_than(limit);
    }
    Some(sli.into())
}

/// A list of templates, or the word for those that the program marks.
fn routes(node: &Node, example: &'static str, findings: &mut Findings) -> Option<HttpSli> {
    if matches!(&node.value, Value::Text(word) if word == MARKED) {
        return Some(HttpSli::marked_routes());
    }
    let routes = list(node, example, findings, |route| {
        if route == MARKED {
            return Err("`marked` in a list would be a route of that name; write `routes: marked`".to_owned());
        }
        checked(route, check_route(route))
    });
    Some(HttpSli::routes(texts(routes?)))
}

/// `bad`, `good` and `excluded`; the same item in two of them is a mistake, as nobody could tell which one holds.
fn classification(fields: &Fields<'_>, findings: &mut Findings) -> Classification {
    let mut rules = Classification::new();
    let mut sorted: BTreeMap<String, &str> = BTreeMap::new();
    for (key, outcome) in OUTCOMES {
        let items = fields.read(key, findings, |node, example, findings| {
            list(node, example, findings, Sorted::from_str)
        });
        for (place, item) in items.unwrap_or_default() {
            if let Some(other) = sorted.insert(item.to_string(), key) {
                findings.mistake_under(
                    key,
                    place,
                    format_args!("`{item}` is in `{other}` already; write it in one of the two"),
                );
            }
            rules = item.into(outcome, rules);
        }
    }
    rules
}

fn checked<E: ToString>(text: &str, check: Result<(), E>) -> Result<String, String> {
    check.map(|()| text.to_owned()).map_err(|error| error.to_string())
}

fn texts<P>(items: Vec<(P, String)>) -> impl Iterator<Item = String> {
    items.into_iter().map(|(_, text)| text)
}
