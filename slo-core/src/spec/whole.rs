//! The spec as a whole, and its SLOs one by one.

use std::collections::BTreeMap;

use super::composite::Known;
use super::exclude::Exclusions;
use super::fields::{Fields, parsed, text, words, wrong_kind};
use super::findings::Findings;
use super::top::{SLO, TOP};
use super::tree::{Node, Place, Value};
use super::{alerts, checked_at, composite, environments, gate, labels, sli, values};
use crate::gate::GateRules;
use crate::route::check_service;
use crate::slo::check_name;
use crate::{Slo, SloSet, SloSetBuilder, SloSetError, Status, names};

/// More SLOs than these are those of several services.
const MOST_SLOS: usize = 4_000;

pub(super) fn set(root: &Node, findings: &mut Findings) -> Option<SloSet> {
    let fields = Fields::of(root, &TOP, findings)?;
    fields.read("version", findings, version);
    let service = fields.read("service", findings, service);
    let slos = fields.read("slos", findings, slos);
    let names = fields.raw("slos").map(peek_names).unwrap_or_default();
    let known = Known::new(&names, slos.as_deref().unwrap_or_default());
    if let Some(slos) = fields.raw("slos") {
        findings.under("slos", |findings| composite::check_members(slos, &known, findings));
    }
    let gate = fields.read("gate", findings, gate::gate);
    let environments = fields.read("environments", findings, |node, example, findings| {
        environments::environments(node, example, &known, findings)
    });
    drop(known);
    let for_all = for_all(&fields, findings);
    let set = slos?.into_iter().fold(SloSet::builder(service?), SloSetBuilder::slo);
    let set = set.gate(GateRules::default().overridden_by(&gate.unwrap_or_default()));
    let environments = environments.unwrap_or_default().into_iter();
    let set = environments.fold(set, |set, (name, changes)| set.environment(name, changes));
    if !findings.is_empty() {
        return None; // the set has holes where the mistakes are, over which the builder would stumble
    }
    // What the builder checks was checked above with its place, but for the labels of an SLO and of the service
    // together; and a rule that it learns later must not get lost.
    checked_at(root, findings, for_all(set).build())
}

/// What every SLO has beside its own, as what adds it to a set.
fn for_all(fields: &Fields<'_>, findings: &mut Findings) -> impl FnOnce(SloSetBuilder) -> SloSetBuilder + use<> {
    let labels = fields.read("labels", findings, labels::labels);
    let alerting = fields.read("alerts", findings, alerts::alerts);
    let retention = fields.read("retention", findings, values::retention);
    let exclude = Exclusions::read(fields, findings);
    move |mut set| {
        set = labels.into_iter().fold(set, SloSetBuilder::labels);
        set = alerting.into_iter().fold(set, SloSetBuilder::alerting);
        set = retention.into_iter().fold(set, SloSetBuilder::retention);
        exclude.added_to_set(set)
    }
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

fn service(node: &Node, example: &str, findings: &mut Findings) -> Option<String> {
    let name = text(node, example, findings)?;
    checked_at(node, findings, check_service(name))?;
    Some(name.to_owned())
}

fn name(node: &Node, example: &str, findings: &mut Findings) -> Option<String> {
    let name = text(node, example, findings)?;
    checked_at(node, findings, check_name(name))?;
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
    if let Some(first) = items.get(MOST_SLOS) {
        let message = format!(
            "{} SLOs are too many for one service; write at most {MOST_SLOS}",
            items.len()
        );
        findings.mistake(first.place, message);
    }
    let mut taken = BTreeMap::new();
    let mut slos = Vec::new();
    for (index, item) in items.iter().take(MOST_SLOS).enumerate() {
        slos.extend(findings.item(index, |findings| slo(item, &mut taken, findings)));
        findings.in_slo(None);
    }
    Some(slos)
}

fn slo<'n>(node: &'n Node, taken: &mut BTreeMap<&'n str, usize>, findings: &mut Findings) -> Option<Slo> {
    // Before the keys are checked: their mistakes say whose they are.
    findings.in_slo(peek_name(node).map(str::to_owned));
    let fields = Fields::of(node, &SLO, findings)?;
    let name = fields.read("name", findings, |node, example, findings| {
        slo_name(node, example, taken, findings)
    });
    let target = fields.read("objective", findings, values::objective);
    let window = fields.read("window", findings, values::window);
    let sli = fields.read("sli", findings, sli::sli);
    let for_people = for_people(&fields, findings);
    let alerting = fields.read("alerts", findings, alerts::alerts);
    let exclude = Exclusions::read(&fields, findings);
    let status = fields.read("status", findings, values::status);
    if status == Some(Status::Agreed) {
        let place = fields.raw("status").map_or(Place::START, |status| status.place);
        for (key, message) in needs_for_agreement(|key| fields.raw(key).is_some()) {
            findings.mistake_under(key, place, message);
        }
    }
    let (sli, slices) = sli?;
    let mut slo = Slo::new(name?, sli, target?, window?).status(status.unwrap_or_default());
    slo = slices.into_iter().fold(slo, Slo::in_time_slices);
    slo = alerting.into_iter().fold(slo, Slo::alerting);
    Some(exclude.added_to_slo(for_people(slo)))
}

/// What is written for people, as what adds it to an SLO.
fn for_people(fields: &Fields<'_>, findings: &mut Findings) -> impl FnOnce(Slo) -> Slo + use<> {
    let promise = fields.read("promise", findings, words);
    let journey = fields.read("journey", findings, words);
    let owner = fields.read("owner", findings, words);
    let agreed_on = fields.read("agreed_on", findings, values::day);
    let labels = fields.read("labels", findings, labels::labels);
    let runbook = fields.read("runbook", findings, parsed);
    let dashboard = fields.read("dashboard", findings, parsed);
    move |mut slo| {
        slo = promise.into_iter().fold(slo, Slo::promise);
        slo = journey.into_iter().fold(slo, Slo::journey);
        slo = owner.into_iter().fold(slo, Slo::owner);
        slo = agreed_on.into_iter().fold(slo, Slo::agreed_on);
        slo = labels.into_iter().fold(slo, Slo::labelled);
        slo = runbook.into_iter().fold(slo, Slo::runbook);
        dashboard.into_iter().fold(slo, Slo::dashboard)
    }
}

fn peek_names(slos: &Node) -> Vec<&str> {
    match &slos.value {
        Value::List(items) => items.iter().take(MOST_SLOS).filter_map(peek_name).collect(),
        Value::Empty | Value::Text(_) | Value::Map(_) | Value::Refused => Vec::new(),
    }
}

/// The name of an SLO that is about to be read, if it can be one.
pub(super) fn peek_name(node: &Node) -> Option<&str> {
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
pub(super) fn needs_for_agreement(has: impl Fn(&str) -> bool) -> impl Iterator<Item = (&'static str, String)> {
    let needs = SLO.needs.iter().flat_map(|needs| needs.others.iter().copied());
    needs.filter(move |key| !has(key)).map(|key| {
        let what = match key {
            "promise" => "one sentence that users would understand",
            _ => "who answers for it",
        };
        let example = SLO.example(key);
        let message = format!("an agreed promise needs `{key}`, {what}; write it like `{example}`, or `status: draft`");
        (key, message)
    })
}
