//! What is loaded beside what would be written: rule by rule, and what differs.

use std::collections::BTreeMap;
use std::time::Duration;

use super::expression::canonical;
use super::loaded::Loaded;
use super::store::lengths;
use crate::render::rule_file::{Rule, RuleFile};

/// What differs between the rules that are loaded and those of one file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Differences {
    /// Names of rules that are not loaded with this expression and these labels.
    pub(super) missing: Vec<String>,
    /// Alerts that fire earlier, later or longer, and how.
    pub(super) timing: Vec<String>,
    /// Names of alerts that say something else.
    pub(super) texts: Vec<String>,
}

impl Differences {
    /// What is lost between a file and what is loaded. More may be loaded: rules of other services, and of people.
    pub(super) fn between<'a>(file: &RuleFile, loaded: impl IntoIterator<Item = &'a Loaded>) -> Self {
        let mut have: BTreeMap<String, Vec<&Loaded>> = BTreeMap::new();
        for rule in loaded {
            let key = key(&rule.name, &rule.query, rule.labels.iter());
            have.entry(key).or_default().push(rule);
        }
        let mut differences = Self::default();
        for rule in file.rules() {
            let key = key(rule.name(), rule.expr(), rule.said());
            match have.get(&key) {
                None => differences.missing.push(rule.name().to_owned()),
                Some(twins) => differences.add(rule, twins),
            }
        }
        differences
    }

    /// The number of rules that do something else; their words do nothing.
    pub(super) fn weight(&self) -> (usize, usize, usize) {
        (self.missing.len(), self.timing.len(), self.texts.len())
    }

    /// Of rules that are loaded twice the one that is nearest counts.
    fn add(&mut self, rule: &Rule, twins: &[&Loaded]) {
        let time = |said: Option<&str>| said.and_then(lengths).unwrap_or_default();
        let wanted = (time(rule.lasts()), time(rule.keeps()));
        let on_time: Vec<_> = twins.iter().filter(|twin| timing(twin, wanted).is_none()).collect();
        if on_time.is_empty() {
            let how = twins.first().and_then(|twin| timing(twin, wanted));
            let how = how.unwrap_or_default();
            self.timing.push(format!("`{}` {how}", rule.name()));
        } else if !on_time.iter().any(|twin| says_the_same(rule, twin)) {
            self.texts.push(rule.name().to_owned());
        }
    }
}

/// How an alert keeps other times than it should: before it fires, and when its expression is false again.
fn timing(loaded: &Loaded, (lasting, kept): (Duration, Duration)) -> Option<String> {
    let differs = |key: &str, has: Duration, wanted: Duration| {
        (has != wanted).then(|| format!("has `{key}: {}` instead of {}", shown(has), shown(wanted)))
    };
    differs("for", loaded.lasting, lasting).or_else(|| differs("keep_firing_for", loaded.keeps_firing, kept))
}

fn shown(time: Duration) -> String {
    humantime::format_duration(time).to_string()
}

/// Whether its texts are ours. An address of a dashboard may be given to each call of `slo rules`, and a doctor does not
/// know it; texts that somebody added are theirs.
fn says_the_same(rule: &Rule, loaded: &Loaded) -> bool {
    let mut ours = rule.annotations().filter(|(name, _)| name.as_str() != "dashboard_url");
    ours.all(|(name, text)| {
        loaded
            .annotations
            .get(name)
            .is_some_and(|said| said.trim() == text.trim())
    })
}

fn key<'a>(name: &str, query: &str, labels: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    let mut labels: Vec<_> = labels.map(|(name, value)| format!("{name}={value:?}")).collect();
    labels.sort_unstable();
    format!("{name}\n{}\n{}", labels.join(","), canonical(query))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::rule_file::Group;

    fn alert() -> Rule {
        let rule = Rule::alert("SloA", "up == 0").label("severity", "page").lasting("15m");
        rule.annotated([
            ("summary", "It is down.\n".to_owned()),
            ("dashboard_url", "http://g".to_owned()),
        ])
    }

    fn file(rules: Vec<Rule>) -> RuleFile {
        RuleFile {
            heading: Vec::new(),
            name: "a".to_owned(),
            groups: vec![Group::new("g", "1m", rules)],
        }
    }

    /// As Prometheus shows it: without the white space at a text's end, and with its own form of the expression.
    fn loaded() -> Loaded {
        let texts = |all: &[(&str, &str)]| {
            let all = all.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
            all.collect::<BTreeMap<_, _>>()
        };
        Loaded {
            name: "SloA".to_owned(),
            query: "up==0".to_owned(),
            labels: texts(&[("severity", "page")]),
            annotations: texts(&[("summary", "It is down."), ("team", "search")]),
            lasting: Duration::from_secs(900),
            keeps_firing: Duration::ZERO,
            error: None,
            evaluated: None,
            interval: 60.0,
        }
    }

    #[test]
    fn what_others_add_and_where_a_dashboard_is_are_no_differences() {
        let differences = Differences::between(&file(vec![alert()]), &[loaded()]);
        assert_eq!(differences, Differences::default());
    }

    #[test]
    fn each_part_of_a_rule_that_differs_is_said_for_what_it_is() {
        let between = |loaded: Loaded| Differences::between(&file(vec![alert()]), &[loaded]);
        for missing in [
            Loaded {
                name: "SloB".to_owned(),
                ..loaded()
            },
            Loaded {
                query: "up == 1".to_owned(),
                ..loaded()
            },
            Loaded {
                labels: BTreeMap::new(),
                ..loaded()
            },
        ] {
            assert_eq!(between(missing).missing, ["SloA"]);
        }
        let late = Loaded {
            lasting: Duration::from_secs(60),
            ..loaded()
        };
        assert_eq!(between(late).timing, ["`SloA` has `for: 1m` instead of 15m"]);
        let long = Loaded {
            keeps_firing: Duration::from_secs(300),
            ..loaded()
        };
        assert_eq!(between(long).timing, ["`SloA` has `keep_firing_for: 5m` instead of 0s"]);
        let short = Differences::between(&file(vec![alert().kept_for("4m40s")]), [&loaded()]);
        assert_eq!(short.timing, ["`SloA` has `keep_firing_for: 0s` instead of 4m 40s"]);
        let mut mute = loaded();
        mute.annotations.remove("summary");
        assert_eq!(between(mute).texts, ["SloA"]);
    }

    #[test]
    fn of_rules_that_are_loaded_twice_the_nearest_counts() {
        let mut other = loaded();
        other.annotations.clear();
        let late = Loaded {
            lasting: Duration::ZERO,
            ..loaded()
        };
        let all = [late.clone(), other.clone(), loaded()];
        assert_eq!(Differences::between(&file(vec![alert()]), &all), Differences::default());
        assert_eq!(
            Differences::between(&file(vec![alert()]), &[late, other]).texts,
            ["SloA"]
        );
    }

    #[test]
    fn a_rule_that_records_has_no_times_and_no_texts() {
        let rule = Rule::record("slo:a", "up");
        let recorded = Loaded {
            name: "slo:a".to_owned(),
            query: "up".to_owned(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            lasting: Duration::ZERO,
            ..loaded()
        };
        assert_eq!(
            Differences::between(&file(vec![rule]), &[recorded]),
            Differences::default()
        );
    }
}
