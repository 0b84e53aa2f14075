//! Groups of rules as rule engines read them.

mod mimir;
mod objects;
mod reads;
#[cfg(test)]
mod tests;

use slo_core::yaml_writer::{Map, Style, Yaml};

use crate::args::{Engine, RuleFormat};

/// One recording or alerting rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    what: What,
    expr: String,
    labels: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
enum What {
    Record(String),
    Alert {
        name: String,
        /// How long it must hold, as `15m`.
        lasting: Option<String>,
        /// How long it goes on when it does not hold any more.
        kept: Option<String>,
        annotations: Vec<(String, String)>,
    },
}

impl Rule {
    /// How long its query is, in bytes.
    pub(crate) fn query_bytes(&self) -> usize {
        self.expr.len()
    }

    pub(crate) fn record(name: impl Into<String>, expr: impl Into<String>) -> Self {
        Self {
            what: What::Record(name.into()),
            expr: expr.into(),
            labels: Vec::new(),
        }
    }

    pub(crate) fn alert(name: impl Into<String>, expr: impl Into<String>) -> Self {
        let what = What::Alert {
            name: name.into(),
            lasting: None,
            kept: None,
            annotations: Vec::new(),
        };
        Self {
            what,
            expr: expr.into(),
            labels: Vec::new(),
        }
    }

    pub(crate) fn label(mut self, name: &str, value: impl Into<String>) -> Self {
        self.labels.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn labels(mut self, labels: &[(String, String)]) -> Self {
        self.labels.extend_from_slice(labels);
        self
    }

    /// Fires only when it was so at each evaluation of this time.
    pub(crate) fn lasting(mut self, time: &str) -> Self {
        if let What::Alert { lasting, .. } = &mut self.what {
            *lasting = Some(time.to_owned());
        }
        self
    }

    /// Goes on for this time when it does not hold any more: what comes again within it was not over.
    pub(crate) fn kept_for(mut self, time: impl Into<String>) -> Self {
        if let What::Alert { kept, .. } = &mut self.what {
            *kept = Some(time.into());
        }
        self
    }

    pub(crate) fn annotated(mut self, notes: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        if let What::Alert { annotations, .. } = &mut self.what {
            annotations.extend(notes.into_iter().map(|(name, text)| (name.to_owned(), text)));
        }
        self
    }

    /// What it records, or the alert's name.
    pub(crate) fn name(&self) -> &str {
        match &self.what {
            What::Record(name) | What::Alert { name, .. } => name,
        }
    }

    pub(crate) fn expr(&self) -> &str {
        &self.expr
    }

    const fn is_alert(&self) -> bool {
        matches!(self.what, What::Alert { .. })
    }

    /// The labels that it adds.
    pub(crate) fn said(&self) -> impl Iterator<Item = (&String, &String)> {
        self.labels.iter().map(|(name, value)| (name, value))
    }

    /// How long it must hold before it fires, if it is an alert that waits.
    pub(crate) fn lasts(&self) -> Option<&str> {
        match &self.what {
            What::Alert { lasting, .. } => lasting.as_deref(),
            What::Record(_) => None,
        }
    }

    /// How long it goes on when it does not hold any more, if it is an alert that does.
    pub(crate) fn keeps(&self) -> Option<&str> {
        match &self.what {
            What::Alert { kept, .. } => kept.as_deref(),
            What::Record(_) => None,
        }
    }

    /// What an alert says; nothing of a rule that records.
    pub(crate) fn annotations(&self) -> impl Iterator<Item = (&String, &String)> {
        let all: &[(String, String)] = match &self.what {
            What::Alert { annotations, .. } => annotations,
            What::Record(_) => &[],
        };
        all.iter().map(|(name, text)| (name, text))
    }

    fn yaml(self) -> Yaml {
        let (key, name, lasting, kept, annotations) = match self.what {
            What::Record(name) => ("record", name, None, None, None),
            What::Alert {
                name,
                lasting,
                kept,
                annotations,
            } => ("alert", name, lasting, kept, Yaml::texts(annotations).unless_empty()),
        };
        Map::new()
            .with(key, name)
            .with("expr", self.expr)
            .with_some("for", lasting)
            .with_some("keep_firing_for", kept)
            .with_some("labels", Yaml::texts(self.labels).unless_empty())
            .with_some("annotations", annotations)
            .into()
    }
}

/// Rules that are evaluated one after another, at one interval.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// As `1m`.
    pub(crate) interval: &'static str,
    pub(crate) rules: Vec<Rule>,
}

impl Group {
    pub(crate) fn new(name: impl Into<String>, interval: &'static str, rules: Vec<Rule>) -> Self {
        Self {
            name: name.into(),
            interval,
            rules,
        }
    }

    fn yaml(self) -> Yaml {
        let rules = self.rules.into_iter().map(Rule::yaml).collect();
        Map::new()
            .with("name", self.name)
            .with("interval", self.interval)
            .with("rules", Yaml::List(rules))
            .into()
    }
}

/// A whole file.
#[derive(Clone, Debug)]
pub(crate) struct RuleFile {
    /// What stands above the rules, without `#`.
    pub(crate) heading: Vec<String>,
    /// The name of the object, where the format has one.
    pub(crate) name: String,
    pub(crate) groups: Vec<Group>,
}

impl RuleFile {
    /// All rules, in order.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.groups.iter().flat_map(|group| &group.rules)
    }

    /// The same rules in groups that the engine takes.
    pub(crate) fn fitted(self, engine: Engine) -> Self {
        match engine {
            Engine::Mimir => mimir::fitted(self),
            Engine::Prometheus | Engine::Victoriametrics => self,
        }
    }

    /// The file's text. Groups without rules are left out.
    ///
    /// # Errors
    ///
    /// Why neither the engine nor an operator would take it.
    pub(crate) fn render(self, engine: Engine, format: RuleFormat, place: &ObjectPlace) -> Result<String, String> {
        if engine == Engine::Mimir {
            mimir::checked(&self.groups)?;
        }
        let groups = self.groups.into_iter().filter(|group| !group.rules.is_empty());
        let groups: Vec<_> = groups.map(Group::yaml).collect();
        match format {
            RuleFormat::Plain => Ok(of_groups(groups).document(&self.heading.join("\n"), Style::Rules)),
            RuleFormat::PrometheusRule => objects::render(self.heading, &self.name, place, groups),
        }
    }
}

fn of_groups(groups: Vec<Yaml>) -> Yaml {
    Yaml::map([("groups", Some(Yaml::List(groups)))])
}

/// Where an object of Kubernetes goes, and how its reader finds it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ObjectPlace {
    pub(crate) namespace: Option<String>,
    /// An operator may read only objects with certain labels (`ruleSelector`).
    pub(crate) labels: Vec<(String, String)>,
}
