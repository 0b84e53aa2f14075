//! The spec file `slo.yaml`: its shape, and every mistake in it with line and column.
//!
//! The keys are in tables, like [`TOP`] and [`SLO`]; whatever is not in them is a mistake. Values keep
//! the text that was written until a type of ours reads it, so that `99.9%` is never a double.

mod composite;
mod environments;
mod error;
mod fields;
mod findings;
mod gate;
mod similar;
mod sli;
mod syntax;
mod tree;
mod values;

use std::collections::BTreeMap;

pub use error::{Mistake, SpecError};

use composite::Known;
use fields::{Fields, Key, text, words, wrong_kind};
use findings::Findings;
use tree::{Node, Place, Value};

use crate::gate::GateRules;
use crate::slo::check_name;
use crate::{Slo, SloSet, SloSetError, Status, names};

const TOP: [Key; 5] = [
    Key {
        name: "version",
        example: "version: 1",
    },
    Key {
        name: "service",
        example: "service: real-estate",
    },
    Key {
        name: "slos",
        example: "slos: [ { name: …, objective: …, window: …, sli: … } ]",
    },
    Key {
        name: "gate",
        example: "gate: { bad_ratio: \"< 0.5% over 15m\", p95: \"< 800ms over 15m\", budget: \"> 10%\", mode: enforce }",
    },
    Key {
        name: "environments",
        example: "environments: { dev: { slos: { browse-availability: { objective: 95% } } } }",
    },
];

const SLO: [Key; 9] = [
    Key {
        name: "name",
        example: "name: browse-availability",
    },
    Key {
        name: "objective",
        example: "objective: 99.9%",
    },
    Key {
        name: "window",
        example: "window: 30d",
    },
    Key {
        name: "sli",
        example: "sli: { http: { routes: [\"/listings\"] } }",
    },
    Key {
        name: "promise",
        example: "promise: Anyone can look at listings at any time.",
    },
    Key {
        name: "journey",
        example: "journey: browse",
    },
    Key {
        name: "owner",
        example: "owner: search-team",
    },
    Key {
        name: "status",
        example: "status: draft",
    },
    Key {
        name: "agreed_on",
        example: "agreed_on: 2026-01-31",
    },
];

impl SloSet {
    /// Reads a spec, calling it `slo.yaml` in messages.
    ///
    /// At the top stand `version: 1`, `service`, the list `slos` and perhaps `gate` and `environments`. Each SLO has
    ///
    /// | key | value |
    /// | --- | --- |
    /// | `name` | small letters, digits and `-`; each name once |
    /// | `objective` | a [`Target`](crate::Target): `99.9%` |
    /// | `window` | a [`Window`](crate::Window): `30d`, or `{ calendar: month, time_zone: Asia/Seoul }` (feature `calendar`) |
    /// | `sli` | one of `http`, `synthetic`, `events` and `composite` with the keys below; beside it, if it is judged by slices, `time_slices: { length: 1m, target: 99% }`, see [`TimeSlices`](crate::TimeSlices) |
    /// | `status` | `draft` if not said, or `agreed`, which needs `promise` and `owner` |
    /// | `promise`, `journey`, `owner`, `agreed_on` | words for people, and a day like `2026-01-31`; may be left out |
    ///
    /// and an `http` has
    ///
    /// | key | value |
    /// | --- | --- |
    /// | `routes` | a list of route templates, in the router's spelling, or `marked`: those that the program marks |
    /// | `methods` | a list of [`METHODS`](crate::METHODS); all if left out |
    /// | `faster_than` | a [`Threshold`](crate::Threshold): `800ms`; makes it a latency SLO |
    /// | `until` | where the clock stops: `head`, the default, or `body` |
    /// | `bad`, `good`, `excluded` | lists like `[5xx, 429, panic]`, see [`Classification`](crate::Classification) |
    ///
    /// A `synthetic` has the `path` of a health endpoint, and `down_counts: bad` if not said, or `excluded`: see
    /// [`SyntheticSli`](crate::SyntheticSli). `events` say in words what they are `of`: see [`EventsSli`](crate::EventsSli).
    /// A `composite` has the `weights` of other SLOs: see [`CompositeSli`](crate::CompositeSli).
    ///
    /// `gate`, which may be left out, says what must hold for a deploy to pass, where it is not as by default: `bad_ratio`,
    /// `p95`, `budget` and `mode`, see [`GateRules`](crate::gate::GateRules).
    ///
    /// `environments`, which may be left out, says what is different in some: of each by its name the `gate`, and the
    /// `slos`, of each of those by its name `objective`, `window`, `status` or `faster_than`.
    ///
    /// Nothing else is read: no other key, no tag, no alias, no second document.
    ///
    /// # Errors
    ///
    /// [`SpecError`] with every mistake: what is not YAML, unknown, missing and repeated keys, values of the wrong kind,
    /// and whatever the types of the values refuse.
    ///
    /// # Examples
    ///
    /// ```
    /// use slo_core::SloSet;
    ///
    /// let text = r#"
    /// version: 1
    /// service: real-estate
    /// slos:
    ///   - name: browse-availability
    ///     objective: 99.9%
    ///     window: 30d
    ///     sli: { http: { routes: ["/listings", "/real-price/{region}"] } }
    /// "#;
    /// let slos = SloSet::from_yaml(text)?;
    /// assert_eq!(slos.slos()[0].target().budget_ppb(), 1_000_000);
    ///
    /// let refused = SloSet::from_yaml(&text.replace("99.9%", "99,9%")).unwrap_err();
    /// assert_eq!(
    ///     refused.to_string(),
    ///     "slo.yaml:6:16: slos[0].objective (browse-availability): \
    ///      `99,9%` has a decimal comma; write a point: `99.9%`\n\
    ///      \x20 6 |     objective: 99,9%\n\
    ///      \x20   |                ^^^^^"
    /// );
    /// # Ok::<(), slo_core::SpecError>(())
    /// ```
    pub fn from_yaml(text: &str) -> Result<Self, SpecError> {
        Self::from_yaml_named("slo.yaml", text)
    }

    /// Reads a spec that came from this file. The name is for messages; nothing is opened.
    ///
    /// # Errors
    ///
    /// As [`SloSet::from_yaml`].
    ///
    /// # Examples
    ///
    /// ```
    /// use slo_core::SloSet;
    ///
    /// let refused = SloSet::from_yaml_named("shop/slo.yaml", "version: 2").unwrap_err();
    /// assert_eq!(refused.mistakes()[0].file(), "shop/slo.yaml");
    /// assert_eq!(refused.mistakes().len(), 3); // the version, and two missing keys
    /// ```
    pub fn from_yaml_named(file: &str, text: &str) -> Result<Self, SpecError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text); // a byte order mark is no content
        let mut findings = Findings::default();
        let set = tree::parse(text, &mut findings).and_then(|root| set(&root, &mut findings));
        let found = findings.into_vec();
        match set {
            Some(set) if found.is_empty() => Ok(set),
            _ => Err(SpecError::new(file, text, found)),
        }
    }
}

fn set(root: &Node, findings: &mut Findings) -> Option<SloSet> {
    let fields = Fields::of(root, &TOP, findings)?;
    fields.required("version", findings, version);
    let service = fields.required("service", findings, name);
    let slos = fields.required("slos", findings, slos);
    let known = Known {
        names: fields.raw("slos").map(peek_names).unwrap_or_default(),
        slos: slos.as_deref().unwrap_or_default(),
    };
    if let Some(slos) = fields.raw("slos") {
        findings.under("slos", |findings| composite::check_members(slos, &known, findings));
    }
    let gate = fields.optional("gate", findings, gate::gate);
    let environments = fields.optional("environments", findings, |node, example, findings| {
        environments::environments(node, example, &known, findings)
    });
    let set = slos?
        .into_iter()
        .fold(SloSet::builder(service?), crate::SloSetBuilder::slo);
    let set = set.gate(GateRules::default().overridden_by(&gate.unwrap_or_default()));
    let environments = environments.unwrap_or_default().into_iter();
    let set = environments.fold(set, |set, (name, changes)| set.environment(name, changes));
    if !findings.is_empty() {
        return None; // the set has holes where the mistakes are, over which the builder would stumble
    }
    // Everything that the builder checks was checked above with its place; a rule that it learns later must not get lost.
    set.build()
        .map_err(|error| findings.mistake(fields.place(), error))
        .ok()
}

fn version(node: &Node, example: &str, findings: &mut Findings) -> Option<()> {
    let given = text(node, example, findings)?;
    if given != "1" {
        findings.mistake(
            node.place,
            format_args!("version `{given}` is not understood; write `version: 1`"),
        );
    }
    Some(())
}

fn name(node: &Node, example: &str, findings: &mut Findings) -> Option<String> {
    let name = text(node, example, findings)?;
    check_name(name)
        .map_err(|error| findings.mistake(node.place, error))
        .ok()?;
    Some(name.to_owned())
}

fn slos(node: &Node, _: &str, findings: &mut Findings) -> Option<Vec<Slo>> {
    let Value::List(items) = &node.value else {
        wrong_kind(node, "a list of SLOs", "- name: browse-availability", findings);
        return None;
    };
    if items.is_empty() {
        findings.mistake(
            node.place,
            "the list is empty; write one SLO at least, beginning with `- name:`",
        );
    }
    let mut taken = BTreeMap::new();
    let mut slos = Vec::new();
    for (index, item) in items.iter().enumerate() {
        slos.extend(findings.item(index, |findings| slo(item, &mut taken, findings)));
        findings.in_slo(None);
    }
    Some(slos)
}

fn slo<'n>(node: &'n Node, taken: &mut BTreeMap<&'n str, usize>, findings: &mut Findings) -> Option<Slo> {
    // Before the keys are checked: their mistakes say whose they are.
    findings.in_slo(peek_name(node).map(str::to_owned));
    let fields = Fields::of(node, &SLO, findings)?;
    let name = fields.required("name", findings, |node, example, findings| {
        slo_name(node, example, taken, findings)
    });
    let target = fields.required("objective", findings, values::objective);
    let window = fields.required("window", findings, values::window);
    let sli = fields.required("sli", findings, sli::sli);
    let promise = fields.optional("promise", findings, words);
    let journey = fields.optional("journey", findings, words);
    let owner = fields.optional("owner", findings, words);
    let status = fields.optional("status", findings, values::status);
    let agreed_on = fields.optional("agreed_on", findings, values::day);
    if status == Some(Status::Agreed) {
        let place = fields.raw("status").map_or(Place::START, |status| status.place);
        for (key, message) in needs_for_agreement(|key| fields.raw(key).is_some()) {
            findings.mistake_under(key, place, message);
        }
    }
    let (sli, slices) = sli?;
    let mut slo = Slo::new(name?, sli, target?, window?).status(status.unwrap_or_default());
    slo = slices.into_iter().fold(slo, Slo::in_time_slices);
    slo = promise.into_iter().fold(slo, Slo::promise);
    slo = journey.into_iter().fold(slo, Slo::journey);
    slo = owner.into_iter().fold(slo, Slo::owner);
    Some(agreed_on.into_iter().fold(slo, Slo::agreed_on))
}

fn peek_names(slos: &Node) -> Vec<&str> {
    match &slos.value {
        Value::List(items) => items.iter().filter_map(peek_name).collect(),
        Value::Empty | Value::Text(_) | Value::Map(_) | Value::Refused => Vec::new(),
    }
}

/// A value that was read, or why it was not, said at its place.
fn checked_at<T>(node: &Node, findings: &mut Findings, value: Result<T, impl core::fmt::Display>) -> Option<T> {
    value.map_err(|error| findings.mistake(node.place, error)).ok()
}

/// The name of an SLO that is about to be read, if it can be one.
fn peek_name(node: &Node) -> Option<&str> {
    let Value::Map(entries) = &node.value else { return None };
    entries
        .iter()
        .find_map(|(key, value)| match (&key.value, &value.value) {
            (Value::Text(key), Value::Text(name)) if key == "name" && check_name(name).is_ok() => Some(name.as_str()),
            _ => None,
        })
}

fn slo_name<'n>(
    node: &'n Node,
    example: &str,
    taken: &mut BTreeMap<&'n str, usize>,
    findings: &mut Findings,
) -> Option<String> {
    let given = text(node, example, findings)?;
    let name = name(node, example, findings)?;
    if name == names::REQUESTS {
        findings.mistake(node.place, SloSetError::ReservedName);
        return None;
    }
    if let Some(line) = taken.get(given) {
        findings.mistake(
            node.place,
            format_args!("`{name}` is the name of the SLO on line {line} already; write another name"),
        );
        return None;
    }
    taken.insert(given, node.place.line);
    Some(name)
}

/// A promise in force is read by people, and one of them answers for it.
fn needs_for_agreement(has: impl Fn(&str) -> bool) -> impl Iterator<Item = (&'static str, String)> {
    let needs = [
        ("promise", "one sentence that users would understand"),
        ("owner", "who answers for it"),
    ];
    needs.into_iter().filter(move |(key, _)| !has(key)).map(|(key, what)| {
        let example = SLO
            .iter()
            .find(|known| known.name == key)
            .map_or("", |known| known.example);
        let message = format!("an agreed promise needs `{key}`, {what}; write it like `{example}`, or `status: draft`");
        (key, message)
    })
}
