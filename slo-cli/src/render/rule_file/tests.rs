//! Files for those who do not take any size.

use std::collections::BTreeSet;

use clap::Parser as _;
use serde_json::Value;
use slo_core::SloSet;

use super::objects::{MOST_BYTES, weight};
use super::reads::read_now;
use super::*;
use crate::args::{Args, Command, RulesArgs};
use crate::cmd::rules::{fleet_of, own_of};
use crate::render::manifest::reading::read;

const MANY: &str = include_str!("../../../tests/rules/in/many.yaml");

fn args(words: &str) -> RulesArgs {
    let line = ["slo", "rules"].into_iter().chain(words.split_whitespace());
    match Args::try_parse_from(line).unwrap().command {
        Command::Rules(args) => args,
        other => panic!("{other:?}"),
    }
}

fn own(words: &str, spec: &str) -> RuleFile {
    own_of(&args(words), &SloSet::from_yaml(spec).unwrap()).file().unwrap()
}

fn fleet(words: &str) -> RuleFile {
    fleet_of(&args(&format!("--fleet {words}"))).unwrap().file()
}

/// A fleet's with so many windows of whole hours.
fn windows(count: u32) -> String {
    (0..count).map(|hours| format!(" --window {}h", 100 + hours)).collect()
}

/// A file of groups with a rule of so many bytes each.
fn of_bytes(sizes: &[usize]) -> RuleFile {
    let group = |(size, number): (&usize, u32)| {
        let rule = Rule::record("a:b", "x".repeat(*size));
        Group::new(format!("g{number}"), "1m", vec![rule])
    };
    RuleFile {
        heading: vec!["About.".to_owned()],
        name: "slo-rules-shop".to_owned(),
        groups: sizes.iter().zip(1..).map(group).collect(),
    }
}

fn objects_of(file: RuleFile) -> (String, Vec<Value>) {
    let place = ObjectPlace {
        namespace: Some("monitoring".to_owned()),
        labels: vec![("release".to_owned(), "prometheus".to_owned())],
    };
    let text = file
        .render(Engine::Prometheus, RuleFormat::PrometheusRule, &place)
        .unwrap();
    let objects = text.split("\n---\n").map(|object| read(object).unwrap()).collect();
    (text, objects)
}

fn names(objects: &[Value]) -> Vec<&str> {
    let name = |object| Value::pointer(object, "/metadata/name")?.as_str();
    objects.iter().map(|object| name(object).unwrap()).collect()
}

/// As Go writes it into the annotation `kubectl.kubernetes.io/last-applied-configuration`.
fn annotation(object: &Value) -> usize {
    let mut text = serde_json::to_string(object).unwrap();
    for sign in ["<", ">", "&"] {
        text = text.replace(sign, "\\u003c");
    }
    text.len()
}

#[test]
fn sixty_slos_are_objects_that_kubectl_and_the_operator_take() {
    let slo = |number| {
        format!(
            "  - {{ name: s{number}, objective: 99.9%, window: 30d, status: agreed, promise: 'a < b & \"c\"', owner: o, sli: {{ http: \
             {{ routes: [/s{number}] }} }} }}\n"
        )
    };
    let spec: String = (0..60).map(slo).collect();
    let file = own("", &format!("version: 1\nservice: shop\nslos:\n{spec}"));
    let groups: Vec<_> = file.groups.iter().map(|group| group.name.clone()).collect();
    let (text, objects) = objects_of(file);
    assert!((4..=9).contains(&objects.len()), "{}", objects.len());
    assert!(text.contains(&format!("\n# In {} objects, as one would be too large", objects.len())));
    let expected: Vec<_> = (2..=objects.len())
        .map(|number| format!("slo-rules-shop.{number}"))
        .collect();
    assert_eq!(names(&objects)[0], "slo-rules-shop");
    assert_eq!(names(&objects)[1..], expected);
    for object in &objects {
        assert!(annotation(object) < 256 << 10, "{}", annotation(object));
        assert_eq!(object.pointer("/metadata/labels/release").unwrap(), "prometheus");
        assert_eq!(object.pointer("/metadata/namespace").unwrap(), "monitoring");
    }
    let of = |object: &Value| {
        let groups = object.pointer("/spec/groups").unwrap().as_array().unwrap().clone();
        groups
            .into_iter()
            .map(|group| group["name"].as_str().unwrap().to_owned())
    };
    assert_eq!(
        objects.iter().flat_map(of).collect::<Vec<_>>(),
        groups,
        "whole, and in their order"
    );
}

#[test]
fn an_object_is_as_large_as_it_may_be() {
    let half = MOST_BYTES / 2 - 200;
    let (text, objects) = objects_of(of_bytes(&[half, half]));
    assert_eq!((objects.len(), text.starts_with("# About.\napiVersion: ")), (1, true));
    let (text, objects) = objects_of(of_bytes(&[half, half + 400, 1]));
    assert_eq!(names(&objects), ["slo-rules-shop", "slo-rules-shop.2"]);
    assert_eq!(text.matches("---\n").count(), 1);
    let sizes: Vec<_> = objects
        .iter()
        .map(|object| object.pointer("/spec/groups").unwrap().as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [1, 2]);
}

#[test]
fn a_group_that_is_too_large_alone_is_said_or_refused() {
    let (text, objects) = objects_of(of_bytes(&[1, MOST_BYTES, 1]));
    assert_eq!(objects.len(), 3);
    assert!(
        text.contains("\n# slo-rules-shop.2 is too large for what `kubectl apply` keeps"),
        "{}",
        &text[..600]
    );
    assert_eq!(text.matches("--server-side").count(), 1);
    let refused = of_bytes(&[1, 1 << 19])
        .render(Engine::Prometheus, RuleFormat::PrometheusRule, &ObjectPlace::default())
        .unwrap_err();
    assert!(refused.starts_with("the group g2 has 5243"), "{refused}");
    assert!(
        refused.contains("takes objects of 524288 at most; make what is long in it shorter"),
        "{refused}"
    );
    let plain = of_bytes(&[1 << 19]).render(Engine::Prometheus, RuleFormat::Plain, &ObjectPlace::default());
    assert!(plain.is_ok(), "a file has no limit");
}

#[test]
fn a_weight_is_never_less_than_the_annotation() {
    for (words, spec) in [
        ("--from 2026-01-01 --source http", MANY),
        ("--engine mimir --from 2026-01-01", MANY),
    ] {
        let (text, objects) = objects_of(own(words, spec));
        assert_eq!(objects.len(), 1);
        assert!(annotation(&objects[0]) < weight(&text));
    }
    assert_eq!(weight("a<\"\n"), 1 + 6 + 2 + 2);
}

/// Each with the group that it is in.
fn rules_of(file: &RuleFile) -> Vec<(&str, &Rule)> {
    let named = file.groups.iter();
    named
        .flat_map(|group| group.rules.iter().map(move |rule| (group.name.as_str(), rule)))
        .collect()
}

#[test]
fn mimir_gets_the_same_rules_in_groups_that_it_takes() {
    for words in [
        "--from 2026-01-01",
        "--from 2026-01-01 --source http",
        "--from 2026-01-01 --beside-fleet --identity job",
    ] {
        let prometheus = own(words, MANY);
        let mimir = own(&format!("{words} --engine mimir"), MANY);
        same_in_smaller_groups(&prometheus, &mimir, words);
    }
    for count in [1, 5, 16, 18] {
        let words = windows(count);
        same_in_smaller_groups(&fleet(&words), &fleet(&format!("{words} --engine mimir")), &words);
    }
}

fn same_in_smaller_groups(prometheus: &RuleFile, mimir: &RuleFile, words: &str) {
    let recorded = |file: &RuleFile| -> BTreeSet<String> {
        let rules = file.rules().filter(|rule| !rule.is_alert());
        rules
            .map(|rule| format!("{} {:?} {}", rule.name(), rule.labels, rule.expr()))
            .collect()
    };
    assert_eq!(recorded(prometheus), recorded(mimir), "{words}");
    assert_eq!(prometheus.rules().count(), mimir.rules().count(), "{words}");
    let mut names = BTreeSet::new();
    for group in &mimir.groups {
        assert!(
            group.rules.len() <= 20,
            "{words}: {} has {}",
            group.name,
            group.rules.len()
        );
        assert!(names.insert(&group.name), "{words}: {} twice", group.name);
    }
    // What a rule that records has read of its group, it still reads of its group, and before itself.
    let (before, after) = (rules_of(prometheus), rules_of(mimir));
    let place = |all: &[(&str, &Rule)], rule: &Rule| {
        all.iter().position(|(_, other)| {
            other.name() == rule.name() && other.labels == rule.labels && other.expr() == rule.expr()
        })
    };
    for (at, (group, rule)) in before.iter().enumerate().filter(|(_, (_, rule))| !rule.is_alert()) {
        let read = read_now(rule.expr());
        for (_, other) in before[..at].iter().filter(|(other, _)| other == group) {
            if other.is_alert() || !read.iter().any(|(_, name)| *name == other.name()) {
                continue;
            }
            let (one, two) = (place(&after, rule).unwrap(), place(&after, other).unwrap());
            assert_eq!(
                after[one].0,
                after[two].0,
                "{words}: {} reads {}",
                rule.name(),
                other.name()
            );
            assert!(two < one, "{words}: {} before {}", rule.name(), other.name());
        }
    }
}

#[test]
fn a_ticket_reads_the_last_tiles_of_another_group() {
    let file = own("--from 2026-01-01 --engine mimir", MANY);
    let parts: Vec<_> = file
        .groups
        .iter()
        .filter(|group| group.name.contains("tickets"))
        .collect();
    let has_ticket = |group: &&&Group| group.rules.iter().any(Rule::is_alert) && group.interval == "5m";
    let group = parts.iter().find(has_ticket).unwrap();
    assert!(group.name.ends_with(".2"), "{}", group.name);
    let ticket = group.rules.iter().find(|rule| rule.is_alert()).unwrap();
    let own: BTreeSet<_> = group.rules.iter().map(Rule::name).collect();
    let recorders = file
        .groups
        .iter()
        .filter(|group| group.interval == "5m")
        .flat_map(|group| &group.rules);
    let tiled: BTreeSet<_> = recorders.filter(|rule| !rule.is_alert()).map(Rule::name).collect();
    for (_, name) in read_now(ticket.expr()) {
        assert!(
            own.contains(name) || !tiled.contains(name),
            "{name} may be five minutes old"
        );
    }
    let now = own_ticket(&own_file());
    let changed = ticket.expr().matches("[10m])").count();
    assert!(changed > 5, "{changed}");
    let bare = |expr: &str| expr.replace("last_over_time(", "").replace("[10m])", "");
    assert_eq!(bare(ticket.expr()), bare(now.expr()), "and nothing else");
}

fn own_file() -> RuleFile {
    own("--from 2026-01-01", MANY)
}

fn own_ticket(file: &RuleFile) -> Rule {
    let of = |group: &&Group| group.name.contains("tickets") && group.interval == "5m";
    let group = file.groups.iter().find(of).unwrap();
    group.rules.iter().find(|rule| rule.is_alert()).unwrap().clone()
}

#[test]
fn what_reads_one_another_in_too_many_rules_is_refused() {
    let render = |words: &str| fleet(words).render(Engine::Mimir, RuleFormat::Plain, &ObjectPlace::default());
    assert!(render(&format!("--engine mimir{}", windows(18))).is_ok());
    let refused = render(&format!("--engine mimir{}", windows(19))).unwrap_err();
    assert!(
        refused.contains("Mimir takes 20 rules in a group, and the 21 of `slo-1-definitions`"),
        "{refused}"
    );
}

#[test]
fn the_heading_says_when_a_tenant_has_no_room_for_all_groups() {
    let said = |slos: u32| {
        let slo = |number| format!("{{name: s{number}, objective: 99%, window: 30d, sli: {{events: {{of: a}}}}}}, ");
        let slos: String = (0..slos).map(slo).collect();
        let spec = format!("{{version: 1, service: shop, slos: [{slos}]}}");
        let file = own("--engine mimir", &spec);
        (file.groups.len(), file.heading.last().unwrap().clone())
    };
    let (groups, heading) = said(35);
    assert_eq!((groups, heading.contains("Mimir")), (70, false));
    let (groups, heading) = said(36);
    assert_eq!(groups, 72);
    assert!(
        heading.starts_with("In 72 groups. Mimir takes 70 of a tenant, unless"),
        "{heading}"
    );
}
