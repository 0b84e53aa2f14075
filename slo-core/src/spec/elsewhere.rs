//! What is wrong with an SLO for somebody who read the spec before: said at its place.

use super::findings::{Finding, Findings};
use super::tree::{self, Node, Place, Value};
use super::{SpecError, error, peek_name};

impl SpecError {
    /// Mistakes in SLOs of a spec that was read from this text, each with the SLO's name: they are said where the SLO
    /// begins, at the first line where there is none of the name. In the order of their places.
    ///
    /// # Examples
    ///
    /// ```
    /// use slo_core::SpecError;
    ///
    /// let text = "version: 1\nservice: shop\nslos:\n  - name: up\n";
    /// let refused = SpecError::of_slos("slo.yaml", text, [("up", "no rule can count this")]).unwrap();
    /// assert_eq!(
    ///     refused.to_string(),
    ///     "slo.yaml:4:5: slos[0] (up): no rule can count this\n\x20 4 |   - name: up\n\x20   |     ^^^^"
    /// );
    /// assert_eq!(SpecError::of_slos::<&str>("slo.yaml", text, []), None);
    /// ```
    #[must_use]
    pub fn of_slos<M: Into<String>>(
        file: &str,
        text: &str,
        mistakes: impl IntoIterator<Item = (M, M)>,
    ) -> Option<Self> {
        let text = tree::without_mark(text);
        let spaced = tree::json_without_tabs(text);
        let text = spaced.as_deref().unwrap_or(text);
        let root = tree::parse(text, &mut Findings::default());
        let slos = root.as_ref().map_or(&[][..], slos);
        let found: Vec<_> = mistakes
            .into_iter()
            .map(|(slo, message)| finding(slos, slo.into(), message.into()))
            .collect();
        let mistakes = error::shown_in(file, text, found);
        (!mistakes.is_empty()).then_some(Self { mistakes, others: 0 })
    }
}

fn finding(slos: &[Node], slo: String, message: String) -> Finding {
    let index = slos.iter().position(|item| peek_name(item) == Some(slo.as_str()));
    let place = index.and_then(|index| slos.get(index));
    Finding {
        place: place.map_or(Place::START, |item| item.place),
        key: index.map_or_else(|| "slos".to_owned(), |index| format!("slos[{index}]")),
        slo: Some(slo),
        message,
        lint: None,
    }
}

fn slos(root: &Node) -> &[Node] {
    let Value::Map(entries) = &root.value else { return &[] };
    let slos = entries
        .iter()
        .find_map(|(key, value)| match (&key.value, &value.value) {
            (Value::Text(key), Value::List(items)) if key == "slos" => Some(items.as_slice()),
            _ => None,
        });
    slos.unwrap_or_default()
}
