//! What is wrong with an SLO for somebody who read the spec before: said at its place.

use super::findings::{Finding, Findings};
use super::tree::{self, Node, Place, Value};
use super::{SpecError, error, peek_name};

impl SpecError {
    /// Mistakes in SLOs of a spec that was read from this text, each with the SLO's name and the key that it is about, like
    /// `window` or `sli.http.routes`: they are said at its value. What an environment has instead, like another `window`, is
    /// said there where that environment is the one the SLOs were taken in. An SLO without the key has it from the whole
    /// service; where that has none either, or the key is empty, the mistake is said where the SLO begins, and at the first
    /// line where there is none of the name. In the order of their places.
    ///
    /// # Examples
    ///
    /// ```
    /// use slo_core::SpecError;
    ///
    /// let text = "version: 1\nservice: shop\nslos:\n  - name: up\n    window: 7m\n";
    /// let refused = SpecError::of_slos("slo.yaml", text, None, [("up", "window", "no rule can count this")]).unwrap();
    /// assert_eq!(
    ///     refused.to_string(),
    ///     "slo.yaml:5:13: slos[0].window (up): no rule can count this\n\x20 5 |     window: 7m\n\x20   |             ^^"
    /// );
    /// assert_eq!(SpecError::of_slos::<&str>("slo.yaml", text, None, []), None);
    /// ```
    #[must_use]
    pub fn of_slos<M: Into<String>>(
        file: &str,
        text: &str,
        environment: Option<&str>,
        mistakes: impl IntoIterator<Item = (M, M, M)>,
    ) -> Option<Self> {
        let text = tree::without_mark(text);
        let spaced = tree::json_without_tabs(text);
        let text = spaced.as_deref().unwrap_or(text);
        let root = tree::parse(text, &mut Findings::default());
        let found: Vec<_> = mistakes
            .into_iter()
            .map(|(slo, key, message)| finding(root.as_ref(), environment, (slo.into(), &key.into()), message.into()))
            .collect();
        let mistakes = error::shown_in(file, text, found);
        (!mistakes.is_empty()).then_some(Self { mistakes, others: 0 })
    }
}

fn finding(root: Option<&Node>, environment: Option<&str>, (slo, key): (String, &str), message: String) -> Finding {
    let slos = root.map_or(&[][..], slos);
    let index = slos.iter().position(|item| peek_name(item) == Some(slo.as_str()));
    let item = index.and_then(|index| slos.get(index));
    let begins = index.map_or_else(|| "slos".to_owned(), |index| format!("slos[{index}]"));
    let own = item
        .and_then(|item| at(item, key))
        .map(|(place, key)| (place, format!("{begins}.{key}")));
    let there = root
        .zip(environment)
        .and_then(|(root, name)| in_environment(root, name, &slo, key));
    let of_all = || root.filter(|_| item.is_some()).and_then(|root| at(root, key));
    let place = item.map_or(Place::START, |item| item.place);
    let (place, key) = there.or(own).or_else(of_all).unwrap_or((place, begins));
    Finding {
        place,
        key,
        slo: Some(slo),
        message,
        lint: None,
    }
}

/// Where an environment has another value: of a key that both have, which is the last word of a longer one in the SLO
/// (`sli.http.faster_than`) or its first (`window.time_zone`).
fn in_environment(root: &Node, environment: &str, slo: &str, key: &str) -> Option<(Place, String)> {
    let path = ["environments", environment, "slos", slo];
    let (_, of_slo) = path
        .iter()
        .try_fold((root.place, root), |(_, node), word| value_of(node, word))?;
    let starts = [0]
        .into_iter()
        .chain(key.match_indices('.').map(|(point, _)| point + 1));
    let (place, written) = starts.filter_map(|start| at(of_slo, key.get(start..)?)).next()?;
    Some((place, [&path.join("."), ".", &written].concat()))
}

/// Where the value of a key stands, or of as much of it as is written, if its first word is.
fn at(node: &Node, key: &str) -> Option<(Place, String)> {
    let (mut found, mut node) = (None, node);
    let mut written = String::new();
    for word in key.split('.') {
        let Some((place, value)) = value_of(node, word) else {
            break;
        };
        if !written.is_empty() {
            written.push('.');
        }
        written.push_str(word);
        (found, node) = (Some(place), value);
    }
    found.map(|place| (place, written))
}

/// A value on one line is pointed at itself, others at their key.
fn value_of<'n>(node: &'n Node, word: &str) -> Option<(Place, &'n Node)> {
    let Value::Map(entries) = &node.value else { return None };
    let is_it = |key: &Node| matches!(&key.value, Value::Text(text) if text == word);
    let (key, value) = entries.iter().find(|(key, _)| is_it(key))?;
    let place = if value.place.line == key.place.line {
        value.place
    } else {
        key.place
    };
    Some((place, value))
}

fn slos(root: &Node) -> &[Node] {
    match value_of(root, "slos").map(|(_, value)| &value.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "version: 1\nservice: shop\nexclude: [{ from: 1 }]\nslos:\n  - name: up\n    window: 7m\n    sli:\n      \
                        http: { routes: marked }\n  - { name: \"mails\", sli: { prometheus: { bad: a } } }\n";

    const IN_DEV: &str = "environments:\n  dev:\n    slos:\n      up: { window: { rolling: 7m }, faster_than: 1s }\n";

    fn said(slo: &str, key: &str) -> String {
        said_in(None, slo, key)
    }

    fn said_in(environment: Option<&str>, slo: &str, key: &str) -> String {
        let text = [TEXT, IN_DEV].concat();
        let error = SpecError::of_slos("s", &text, environment, [(slo, key, "no")]).unwrap();
        let text = error.to_string();
        text.lines().next().unwrap_or_default().to_owned()
    }

    #[test]
    fn a_mistake_is_said_at_its_key() {
        assert_eq!(said("up", "window"), "s:6:13: slos[0].window (up): no");
        assert_eq!(
            said("up", "sli.http.routes"),
            "s:8:23: slos[0].sli.http.routes (up): no"
        );
        assert_eq!(said("up", "sli"), "s:7:5: slos[0].sli (up): no");
        assert_eq!(
            said("mails", "sli.prometheus"),
            "s:9:41: slos[1].sli.prometheus (mails): no"
        );
    }

    #[test]
    fn what_is_not_written_is_said_at_what_holds_it() {
        assert_eq!(said("up", "sli.http.bad"), "s:8:13: slos[0].sli.http (up): no");
        assert_eq!(said("mails", "exclude"), "s:3:10: exclude (mails): no");
        assert_eq!(said("up", "time_slices"), "s:5:5: slos[0] (up): no");
        assert_eq!(said("up", ""), "s:5:5: slos[0] (up): no");
        assert_eq!(said("none", "window"), "s:1:1: slos (none): no");
        // The service's own is another thing than an SLO's.
        assert_eq!(said("mails", "exclude.from"), "s:3:10: exclude (mails): no");
    }

    #[test]
    fn what_an_environment_has_instead_is_said_there() {
        let there = "environments.dev.slos.up";
        assert_eq!(
            said_in(Some("dev"), "up", "window"),
            format!("s:13:21: {there}.window (up): no")
        );
        assert_eq!(
            said_in(Some("dev"), "up", "window.rolling"),
            format!("s:13:32: {there}.window.rolling (up): no")
        );
        assert_eq!(
            said_in(Some("dev"), "up", "sli.http.faster_than"),
            format!("s:13:51: {there}.faster_than (up): no")
        );
        // What it does not have is the SLO's, in it and in every other.
        for (environment, slo, key) in [
            ("dev", "up", "sli.http.routes"),
            ("dev", "mails", "sli"),
            ("prod", "up", "window"),
        ] {
            assert_eq!(said_in(Some(environment), slo, key), said(slo, key));
        }
    }
}
