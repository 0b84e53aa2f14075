//! Labels of one's own, beside those that everything carries.

use std::collections::BTreeMap;

use crate::names;

/// Labels that alerts of an SLO carry besides ours: a team, a cost centre, a pager's route.
///
/// # Examples
///
/// ```
/// use slo_core::{LabelError, Labels};
///
/// let labels = Labels::new().with("team", "search")?;
/// assert_eq!(labels.get("team"), Some("search"));
/// assert!(matches!(Labels::new().with("slo_name", "x"), Err(LabelError::Reserved(_))));
/// # Ok::<(), LabelError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[must_use]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// The most labels of one SLO: each of them is on every series that is recorded for it.
    pub const MOST: usize = 20;

    /// The longest value in characters.
    const LONGEST: usize = 200;

    /// No label.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a label; a second value of one name replaces the first.
    ///
    /// # Errors
    ///
    /// The first of: a name that is none or that is reserved, a value that is empty, too long, has signs that nobody
    /// sees or a template in it, more than 20 labels.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Result<Self, LabelError> {
        let (name, value) = (name.into(), value.into());
        check_name(&name)?;
        check_value(&name, &value)?;
        self.0.insert(name, value);
        if self.0.len() > Self::MOST {
            return Err(LabelError::TooMany(self.0.len()));
        }
        Ok(self)
    }

    /// The labels in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of the label of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These labels over those of the whole service: of two values of one name, this one's holds.
    pub(crate) fn over(&self, whole: &Self) -> Self {
        let all = whole.0.iter().chain(&self.0);
        Self(all.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    pub(crate) fn check(&self) -> Result<(), LabelError> {
        match self.0.len() {
            0..=Self::MOST => Ok(()),
            count => Err(LabelError::TooMany(count)),
        }
    }
}

/// Names that rules, alerts, engines or exporters give themselves.
const RESERVED: [&str; 13] = [
    names::alerts::ALERT_NAME,
    "alertstate",
    "error_type",
    "instance",
    "job",
    "le",
    "quantile",
    names::alerts::SEVERITY,
    names::alerts::TIER,
    names::SERVICE_NAME.label,
    names::SERVICE_NAMESPACE.label,
    names::SERVICE_VERSION.label,
    names::DEPLOYMENT_ENVIRONMENT_NAME.label,
];

/// Beginnings of such names.
const RESERVED_FOR: [&str; 4] = ["__", "http_", "service_instance_", "slo_"];

/// A name in Prometheus' grammar that nobody else gives.
pub(crate) fn check_name(name: &str) -> Result<(), LabelError> {
    let first = name.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_');
    let all = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !first || !all || name.len() > 63 {
        return Err(LabelError::NotAName(name.to_owned()));
    }
    if RESERVED.contains(&name) || RESERVED_FOR.iter().any(|start| name.starts_with(start)) {
        return Err(LabelError::Reserved(name.to_owned()));
    }
    Ok(())
}

/// A value that stays one wherever it is shown.
pub(crate) fn check_value(name: &str, value: &str) -> Result<(), LabelError> {
    let named = || name.to_owned();
    if value.trim().is_empty() {
        return Err(LabelError::NoValue(named()));
    }
    if value.chars().count() > Labels::LONGEST {
        return Err(LabelError::LongValue(named()));
    }
    // Prometheus expands the labels of an alert as templates, and a template can query.
    if value.contains("{{") || value.contains(char::is_control) {
        return Err(LabelError::Template(named()));
    }
    Ok(())
}

/// Why some words are not [`Labels`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// The name has other signs in it, or is too long; holds it.
    #[error("`{0}` is not a label; write 1 to 63 letters, digits and `_`, not beginning with a digit, like `team`")]
    NotAName(String),
    /// The name is one that rules, alerts or the engine give; holds it.
    #[error("the label `{0}` is given by rules, alerts or the engine; write another name, like `team`")]
    Reserved(String),
    /// The value is empty, and an empty label is none; holds the name.
    #[error("the label `{0}` has no value; write one, or leave the label out")]
    NoValue(String),
    /// The value is over 200 characters; holds the name.
    #[error("the value of the label `{0}` is over 200 characters long; write a short one, it is on every series")]
    LongValue(String),
    /// The value has a template or a control character in it; holds the name.
    #[error("the value of the label `{0}` has `{{{{` or a control character in it; write plain words")]
    Template(String),
    /// More than 20; holds how many.
    #[error("{0} labels are too many, each is on every series; write at most 20")]
    TooMany(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str, value: &str) -> Option<LabelError> {
        Labels::new().with(name, value).err()
    }

    #[test]
    fn names_are_prometheus_names() {
        for name in ["", "1a", "a-b", "a.b", "a b", "é", "a:b", &"a".repeat(64)] {
            assert_eq!(
                refusal(name, "x"),
                Some(LabelError::NotAName(name.to_owned())),
                "{name}"
            );
        }
        for name in ["a", "_a", "A9_", &"a".repeat(63)] {
            assert_eq!(refusal(name, "x"), None, "{name}");
        }
    }

    #[test]
    fn names_that_others_give_are_reserved() {
        let ours = [
            names::SLO_NAME,
            names::SLO_OUTCOME,
            names::SERVICE_INSTANCE_ID,
            names::HTTP_ROUTE,
        ];
        let ours = ours.map(|attribute| attribute.label);
        for name in RESERVED.into_iter().chain(ours).chain(["__name__", "slo_x"]) {
            assert_eq!(
                refusal(name, "x"),
                Some(LabelError::Reserved(name.to_owned())),
                "{name}"
            );
        }
    }

    #[test]
    fn values_are_plain_words() {
        let name = "team".to_owned();
        assert_eq!(refusal("team", " "), Some(LabelError::NoValue(name.clone())));
        for value in ["{{ $value }}", "a\nb", "\u{7}"] {
            assert_eq!(refusal("team", value), Some(LabelError::Template(name.clone())));
        }
        assert_eq!(refusal("team", &"é".repeat(200)), None);
        assert_eq!(refusal("team", &"é".repeat(201)), Some(LabelError::LongValue(name)));
    }

    #[test]
    fn there_are_few_of_them() {
        let add = |labels: Labels, index: usize| labels.with(format!("l{index}"), "x");
        let twenty = (0..20).try_fold(Labels::new(), add).unwrap();
        assert_eq!(twenty.clone().with("l3", "y").unwrap().get("l3"), Some("y"));
        assert_eq!(twenty.clone().with("l20", "x"), Err(LabelError::TooMany(21)));
        let whole = Labels::new().with("other", "x").unwrap();
        assert_eq!(twenty.over(&whole).check(), Err(LabelError::TooMany(21)));
        assert_eq!(twenty.check(), Ok(()));
    }

    #[test]
    fn the_own_value_holds_over_that_of_the_whole() {
        let whole = Labels::new()
            .with("team", "shop")
            .unwrap()
            .with("region", "eu")
            .unwrap();
        let both = Labels::new().with("team", "search").unwrap().over(&whole);
        assert_eq!(both.iter().collect::<Vec<_>>(), [("region", "eu"), ("team", "search")]);
        assert!(Labels::new().is_empty() && !both.is_empty());
    }

    #[test]
    fn messages_say_what_to_write() {
        assert_eq!(
            LabelError::Template("team".to_owned()).to_string(),
            "the value of the label `team` has `{{` or a control character in it; write plain words"
        );
        assert_eq!(
            LabelError::Reserved("le".to_owned()).to_string(),
            "the label `le` is given by rules, alerts or the engine; write another name, like `team`"
        );
    }
}
