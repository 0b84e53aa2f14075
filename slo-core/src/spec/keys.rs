//! Every key of the spec, as data: what the reader checks keys by, and what a schema and a manual can be written from.

use super::top;

/// A key of the spec.
#[derive(Debug)]
pub struct SpecKey {
    pub(super) name: &'static str,
    /// How to write it, for messages.
    pub(super) example: &'static str,
    pub(super) is_required: bool,
    pub(super) about: &'static str,
    pub(super) shape: SpecShape,
}

/// A mapping with known keys.
///
/// # Examples
///
/// ```
/// use slo_core::SpecTable;
///
/// let names: Vec<_> = SpecTable::top().keys().iter().map(|key| key.name()).collect();
/// assert_eq!(names[..3], ["version", "service", "slos"]);
/// ```
#[derive(Debug)]
pub struct SpecTable {
    pub(super) keys: &'static [SpecKey],
    /// Of these keys, exactly one must be there.
    pub(super) one_of: &'static [&'static str],
    /// A key with a value that asks for other keys.
    pub(super) needs: Option<SpecNeeds>,
}

/// Other keys that a value of a key asks for.
#[derive(Clone, Copy, Debug)]
pub struct SpecNeeds {
    pub(super) key: &'static str,
    pub(super) value: &'static str,
    pub(super) others: &'static [&'static str],
}

/// What a value looks like.
#[derive(Debug)]
#[non_exhaustive]
pub enum SpecShape {
    /// One value, which as a text matches this regular expression, without flags and to both ends. What it means is
    /// checked by more than that.
    Text(&'static str),
    /// Words for people.
    Words,
    /// A whole number between two.
    Number(u32, u32),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of these, one at least and no two alike.
    List(&'static Self),
    /// A mapping with known keys.
    Map(&'static SpecTable),
    /// A mapping whose keys somebody chose, which match a regular expression; one at least.
    Named {
        /// The keys.
        names: &'static str,
        /// The values.
        values: &'static Self,
    },
    /// One or another.
    Either(&'static [Self]),
}

impl SpecTable {
    /// The mapping that the whole spec is.
    #[must_use]
    pub const fn top() -> &'static Self {
        &top::TOP
    }

    /// The keys, in the order in which a spec is written best.
    #[must_use]
    pub const fn keys(&self) -> &'static [SpecKey] {
        self.keys
    }

    /// Of these keys, exactly one must be there; none means that there is no such rule.
    #[must_use]
    pub const fn one_of(&self) -> &'static [&'static str] {
        self.one_of
    }

    /// Which value asks for other keys, if one does.
    #[must_use]
    pub const fn needs(&self) -> Option<SpecNeeds> {
        self.needs
    }

    pub(super) const fn of(keys: &'static [SpecKey]) -> Self {
        Self {
            keys,
            one_of: &[],
            needs: None,
        }
    }

    /// The example of a key, for messages.
    pub(super) fn example(&self, name: &str) -> &'static str {
        let key = self.keys.iter().find(|key| key.name == name);
        key.map_or("", |key| key.example)
    }

    pub(super) fn requires(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.name == name && key.is_required)
    }
}

impl SpecKey {
    pub(super) const fn required(
        name: &'static str,
        shape: SpecShape,
        example: &'static str,
        about: &'static str,
    ) -> Self {
        Self {
            name,
            example,
            is_required: true,
            about,
            shape,
        }
    }

    pub(super) const fn optional(
        name: &'static str,
        shape: SpecShape,
        example: &'static str,
        about: &'static str,
    ) -> Self {
        Self {
            name,
            example,
            is_required: false,
            about,
            shape,
        }
    }

    /// The key.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The key with a value, as YAML.
    #[must_use]
    pub const fn example(&self) -> &'static str {
        self.example
    }

    /// Whether it must be there wherever its mapping is.
    #[must_use]
    pub const fn is_required(&self) -> bool {
        self.is_required
    }

    /// What it says, in Markdown: sentences for people.
    #[must_use]
    pub const fn about(&self) -> &'static str {
        self.about
    }

    /// What its value looks like.
    #[must_use]
    pub const fn shape(&self) -> &SpecShape {
        &self.shape
    }
}

impl SpecNeeds {
    /// The key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        self.key
    }

    /// The value that asks for them.
    #[must_use]
    pub const fn value(self) -> &'static str {
        self.value
    }

    /// The other keys.
    #[must_use]
    pub const fn others(self) -> &'static [&'static str] {
        self.others
    }
}
