//! The spec file `slo.yaml`: its shape, and every mistake in it with line and column.
//!
//! The keys are in tables, like [`TOP`] and [`SLO`]; whatever is not in them is a mistake, and the schema that people's
//! editors read is made of the same. Values keep
//! the text that was written until a type of ours reads it, so that `99.9%` is never a double.

mod alerts;
mod composite;
mod elsewhere;
mod environments;
mod error;
mod exclude;
mod fields;
mod findings;
mod gate;
mod keys;
mod labels;
mod lint;
mod prometheus;
mod shapes;
mod similar;
mod sli;
mod syntax;
mod top;
mod tree;
mod values;
mod whole;

pub use error::{Mistake, SpecError};
pub use keys::{SpecKey, SpecNeeds, SpecShape, SpecTable};
pub use lint::{Lint, LintError};

use findings::Findings;
use tree::{Node, Place};
use whole::{needs_for_agreement, peek_name};

use crate::SloSet;

impl SloSet {
    /// A text that is longer (bytes) is no spec: ten times what a thousand SLOs take.
    pub const LONGEST_SPEC: usize = 4 << 20;

    /// Reads a spec, calling it `slo.yaml` in messages.
    ///
    /// At the top stand `version: 1`, `service` and the list `slos`, each SLO with `name`, `objective`, `window` and
    /// `sli`. What else there is, and what each key means, is in [`SpecTable::top`] as data, and in the manual that is made
    /// of it, `docs/spec.md`. JSON is read, too, but for letters that are written
    /// as two codes, `\ud83d\ude00`, which YAML does not know: write the letter itself.
    ///
    /// Nothing else is read: no other key, no tag, no alias, no second document, no text over 4 MiB.
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
        Ok(read(file, text, |_, _| Vec::new())?.0)
    }

    /// Reads a spec as [`SloSet::from_yaml_named`], and says what is allowed in it and probably not meant: every
    /// [`Lint`], each with its place, in the order of the places.
    ///
    /// # Errors
    ///
    /// As [`SloSet::from_yaml`].
    ///
    /// # Examples
    ///
    /// ```
    /// use slo_core::{Lint, SloSet};
    ///
    /// let text = "version: 1\nservice: shop\nslos: [{ name: a, objective: 99%, window: 7d, sli: { http: { routes: [/a] } } }]";
    /// let (set, warnings) = SloSet::lint_yaml("slo.yaml", text)?;
    /// assert_eq!(set.slos().len(), 1);
    /// assert_eq!(warnings[0].lint(), Some(Lint::NoPromise));
    /// # Ok::<(), slo_core::SpecError>(())
    /// ```
    pub fn lint_yaml(file: &str, text: &str) -> Result<(Self, Vec<Mistake>), SpecError> {
        read(file, text, lint::all)
    }
}

/// Reads a spec and looks at what was read in another way.
fn read(
    file: &str,
    text: &str,
    lint: fn(&Node, &SloSet) -> Vec<findings::Finding>,
) -> Result<(SloSet, Vec<Mistake>), SpecError> {
    let text = tree::without_mark(text);
    let mut findings = Findings::default();
    if text.len() > SloSet::LONGEST_SPEC {
        let (given, most) = (text.len(), SloSet::LONGEST_SPEC);
        let message = format!("{given} bytes are too many for a spec; write at most {most}");
        findings.mistake(Place::START, message);
        return Err(SpecError::new(file, "", findings));
    }
    let json;
    let text = match tree::json_without_tabs(text) {
        Some(spaces) => {
            json = spaces;
            &json
        }
        None => text,
    };
    let Some(root) = tree::parse(text, &mut findings) else {
        return Err(SpecError::new(file, text, findings));
    };
    match whole::set(&root, &mut findings) {
        Some(set) if findings.is_empty() => {
            let warnings = lint(&root, &set);
            Ok((set, error::shown_in(file, text, warnings)))
        }
        _ => Err(SpecError::new(file, text, findings)),
    }
}

/// A value that was read, or why it was not, said at its place.
fn checked_at<T>(node: &Node, findings: &mut Findings, value: Result<T, impl core::fmt::Display>) -> Option<T> {
    value.map_err(|error| findings.mistake(node.place, error)).ok()
}
