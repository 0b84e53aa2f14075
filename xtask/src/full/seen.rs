//! What a part has seen.

/// Lines for people, and what was not as it should be.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Seen {
    lines: Vec<String>,
    misses: Vec<String>,
}

impl Seen {
    /// Of a part that could not be run to its end.
    pub(crate) fn failed(failure: &e2e::Failure) -> Self {
        let mut seen = Self::default();
        seen.miss(format!("{failure:?}"));
        seen
    }

    /// Adds a line.
    pub(crate) fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// Something that should not be so.
    pub(crate) fn miss(&mut self, what: impl Into<String>) {
        self.misses.push(what.into());
    }

    /// Compares a number with the most that it may be; one that is no number is too much.
    pub(crate) fn reach(&mut self, what: &str, found: f64, most: f64) {
        if found <= most {
            self.say(format!("reached: {what}: {found:.4}, at most {most:.4}"));
        } else {
            self.miss(format!("{what}: {found:.4}, at most {most:.4}"));
        }
    }

    /// What was not as it should be.
    pub(crate) fn misses(&self) -> &[String] {
        &self.misses
    }

    /// All of it, a line each.
    pub(crate) fn text(&self) -> String {
        let misses = self.misses.iter().map(|miss| format!("NOT REACHED: {miss}\n"));
        let lines = self.lines.iter().map(|line| format!("{}\n", line.trim_end()));
        lines.chain(misses).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_itself_is_reached_and_what_is_no_number_is_not() {
        let mut seen = Seen::default();
        seen.reach("a", 0.1, 0.1);
        assert_eq!(seen.misses(), [""; 0]);
        seen.reach("b", 0.11, 0.1);
        seen.reach("c", f64::NAN, 0.1);
        assert_eq!(seen.misses().len(), 2);
        assert_eq!(
            seen.text(),
            "reached: a: 0.1000, at most 0.1000\nNOT REACHED: b: 0.1100, at most 0.1000\n\
             NOT REACHED: c: NaN, at most 0.1000\n"
        );
    }
}
