//! What to write instead of a name that nothing has.

use std::fmt;

/// What to do with a name; the names that there are; what to do where there are none.
pub(crate) struct Instead<'a>(
    pub(crate) &'static str,
    pub(crate) &'a [String],
    pub(crate) &'static str,
);

impl fmt::Display for Instead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            [] => f.write_str(self.2),
            names => write!(f, "{} one of {}", self.0, names.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_listed_and_where_there_are_none_another_way_is_told() {
        let names = ["mails", "letters"].map(ToOwned::to_owned);
        let said = |names| Instead("ask for", names, "the spec has none").to_string();
        assert_eq!(said(&names), "ask for one of mails, letters");
        assert_eq!(said(&[]), "the spec has none");
    }
}
