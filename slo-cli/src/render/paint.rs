//! Colours, where people see them.

use std::io::IsTerminal;

use slo_core::Mistake;

use crate::args::Color;

/// Whether to write in colours.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Paint(bool);

const BOLD: &str = "\u{1b}[1m";
const RED: &str = "\u{1b}[1;31m";
const YELLOW: &str = "\u{1b}[1;33m";
const GREEN: &str = "\u{1b}[32m";
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// How much a word should stand out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tone {
    Head,
    Bad,
    Doubtful,
    Good,
    Faint,
}

impl Paint {
    /// In plain signs.
    #[cfg(test)]
    pub(crate) const NONE: Self = Self(false);
    /// In colours, whoever reads.
    #[cfg(test)]
    pub(crate) const COLOURS: Self = Self(true);

    /// As somebody decided already.
    pub(crate) const fn when(colours: bool) -> Self {
        Self(colours)
    }

    /// As asked for; left to us, in colours on a terminal that shows them, for people who have not said
    /// <https://no-color.org>.
    pub(crate) fn chosen(choice: Color, stream: &impl IsTerminal) -> Self {
        let said = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let dumb = said("TERM").is_some_and(|terminal| terminal == "dumb");
        Self(match choice {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => stream.is_terminal() && said("NO_COLOR").is_none() && !dumb,
        })
    }

    /// The text in the colour of its tone.
    pub(crate) fn toned(self, tone: Tone, text: &str) -> String {
        let colour = match tone {
            Tone::Head => BOLD,
            Tone::Bad => RED,
            Tone::Doubtful => YELLOW,
            Tone::Good => GREEN,
            Tone::Faint => DIM,
        };
        if self.0 && !text.is_empty() {
            format!("{colour}{text}{PLAIN}")
        } else {
            text.to_owned()
        }
    }

    /// A mistake or a warning: the place stands out, and so do the marks below the line.
    pub(crate) fn mistake(self, mistake: &Mistake) -> String {
        let text = mistake.to_string();
        let lines: Vec<&str> = text.splitn(3, '\n').collect();
        let (true, [head, source, marks]) = (self.0, lines.as_slice()) else {
            return text;
        };
        let place = format!("{}:{}:{}:", mistake.file(), mistake.line(), mistake.column());
        let rest = head.strip_prefix(&place).unwrap_or(head);
        let colour = if mistake.lint().is_some() { YELLOW } else { RED };
        let gap = marks.len() - marks.trim_end_matches('^').len();
        let (before, marks) = marks.split_at(marks.len() - gap);
        format!("{BOLD}{place}{PLAIN}{rest}\n{source}\n{before}{colour}{marks}{PLAIN}")
    }
}

#[cfg(test)]
mod tests {
    use slo_core::SloSet;

    use super::*;

    #[test]
    fn without_its_colours_a_mistake_is_as_it_was() {
        let refused = SloSet::from_yaml("version: 2\nservice: a\nslos: []").unwrap_err();
        for mistake in refused.mistakes() {
            let painted = Paint::COLOURS.mistake(mistake);
            assert!(
                painted.starts_with(BOLD) && painted.ends_with(&format!("^{PLAIN}")),
                "{painted:?}"
            );
            let bare = [BOLD, RED, PLAIN]
                .iter()
                .fold(painted, |text, code| text.replace(code, ""));
            assert_eq!(bare, mistake.to_string());
            assert_eq!(Paint::NONE.mistake(mistake), mistake.to_string());
        }
    }

    #[test]
    fn a_warning_has_a_colour_of_its_own() {
        let text =
            "version: 1\nservice: a\nslos: [{ name: a, objective: 99%, window: 7d, sli: { events: { of: x } } }]";
        let (_, warnings) = SloSet::lint_yaml("slo.yaml", text).unwrap();
        assert!(Paint::COLOURS.mistake(&warnings[0]).contains(YELLOW));
    }

    #[test]
    fn who_asks_for_colours_has_them() {
        let file = std::fs::File::open(env!("CARGO_MANIFEST_DIR").to_owned() + "/Cargo.toml").unwrap();
        assert_eq!(Paint::chosen(Color::Auto, &file), Paint::NONE);
        assert_eq!(Paint::chosen(Color::Always, &file), Paint::COLOURS);
        assert_eq!(Paint::chosen(Color::Never, &file), Paint::NONE);
    }
}
