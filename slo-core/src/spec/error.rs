//! Every mistake of a spec, for people and for programs.

use core::fmt::{self, Display, Write as _};

use super::findings::{Finding, Findings};
use super::lint::Lint;
use super::tree::Place;
use crate::terminal::{self, is_unseen};

/// Why a text is not a spec: all its mistakes, in the order of their places; at least one.
///
/// Shown, each mistake is one line that names file, line, column, key, what was found and what to write instead, and
/// below it the line of the spec with the place marked. Control characters never reach the terminal.
///
/// # Examples
///
/// ```
/// use slo_core::SloSet;
///
/// let text = "version: 1\nservice: my/shop\nslos: []";
/// let refused = SloSet::from_yaml(text).unwrap_err();
/// let keys: Vec<_> = refused.mistakes().iter().map(|mistake| mistake.key()).collect();
/// assert_eq!(keys, ["service", "slos"]);
/// assert!(refused.to_string().ends_with("2 mistakes in slo.yaml"));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SpecError {
    pub(super) mistakes: Vec<Mistake>,
    pub(super) others: usize,
}

/// What was found in a file, each with its line, in the order of the places.
pub(super) fn shown_in(file: &str, text: &str, mut found: Vec<Finding>) -> Vec<Mistake> {
    let lines = lines(text.trim_end());
    for finding in &mut found {
        finding.place = within(&lines, finding.place);
    }
    found.sort_by_key(|finding| (finding.place.line, finding.place.column)); // stable: as found in one place
    let file = visible(file);
    // The signs of the line at hand: a long line with many mistakes is taken apart once.
    let (mut at, mut signs) = (0, Vec::new());
    let mistake = |finding: Finding| {
        if at != finding.place.line {
            at = finding.place.line;
            let line = lines.get(at.saturating_sub(1)).copied().unwrap_or_default();
            signs = line.chars().map(shown).collect();
        }
        Mistake::new(&file, &signs, finding)
    };
    found.into_iter().map(mistake).collect()
}

impl SpecError {
    pub(super) fn new(file: &str, text: &str, findings: Findings) -> Self {
        let (mut found, others) = findings.into_parts();
        if found.is_empty() {
            // No reader ends without a value and without a reason; were one to, the error must still say something.
            let message = "this is not a spec; write `version: 1`, `service:` and `slos:`".to_owned();
            found.push(Finding {
                place: Place::START,
                key: String::new(),
                slo: None,
                message,
                lint: None,
            });
        }
        Self {
            mistakes: shown_in(file, text, found),
            others,
        }
    }

    /// The mistakes, by line and column; never none.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// How many more there are: of a text with over 1,000 mistakes the others are counted only.
    #[must_use]
    pub const fn others(&self) -> usize {
        self.others
    }
}

impl Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            if index > 0 {
                f.write_char('\n')?;
            }
            write!(f, "{mistake}")?;
        }
        match (self.mistakes.as_slice(), self.others) {
            ([first, _, ..], 0) => write!(f, "\n{} mistakes in {}", self.mistakes.len(), first.file),
            ([first, ..], others @ 1..) => {
                let all = self.mistakes.len().saturating_add(others);
                let (shown, file) = (self.mistakes.len(), &first.file);
                write!(f, "\n{all} mistakes in {file}, of which {shown} are shown")
            }
            _ => Ok(()),
        }
    }
}

impl core::error::Error for SpecError {}

/// One mistake in a spec, or a warning. Shown, it takes three lines: see [`SpecError`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mistake {
    file: String,
    line: usize,
    column: usize,
    key: String,
    slo: Option<String>,
    message: String,
    lint: Option<Lint>,
    snippet: Snippet,
}

impl Mistake {
    fn new(file: &str, line: &[char], finding: Finding) -> Self {
        let Finding {
            place,
            key,
            slo,
            message,
            lint,
        } = finding;
        Self {
            file: file.to_owned(),
            line: place.line,
            column: place.column,
            key: visible(&key),
            slo,
            message: short(&visible(&message)),
            lint,
            snippet: Snippet::of(line, place),
        }
    }

    /// The name that was given for the file.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line, from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, from 1.
    #[must_use]
    pub const fn column(&self) -> usize {
        self.column
    }

    /// The path of the key, like `slos[0].objective`; empty where the mistake belongs to the file as a whole.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The name of the SLO that the key belongs to, where it has a readable one.
    #[must_use]
    pub fn slo_name(&self) -> Option<&str> {
        self.slo.as_deref()
    }

    /// What was found and what to write instead.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The lint that it is of, if it is allowed and probably not meant: a warning, and no mistake.
    #[must_use]
    pub const fn lint(&self) -> Option<Lint> {
        self.lint
    }

    /// The line of the spec, or of a very long line the part around the mistake.
    #[must_use]
    pub fn source_line(&self) -> &str {
        &self.snippet.text
    }
}

impl Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        match (&self.key, &self.slo) {
            (key, None) if key.is_empty() => {}
            (key, None) => write!(f, "{key}: ")?,
            (key, Some(slo)) => write!(f, "{key} ({slo}): ")?,
        }
        let number = self.line.to_string();
        let Snippet { text, before, under } = &self.snippet;
        f.write_str(&self.message)?;
        if let Some(lint) = self.lint {
            write!(f, " [{lint}]")?;
        }
        f.write_char('\n')?;
        let gap = if text.is_empty() { "" } else { " " };
        writeln!(f, "  {number} |{gap}{text}")?;
        write!(
            f,
            "  {:digits$} | {:before$}{:^<under$}",
            "",
            "",
            "",
            digits = number.len()
        )
    }
}

/// A line of the spec, ready for a terminal.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Snippet {
    text: String,
    /// Terminal cells before the marks.
    before: usize,
    /// How many marks.
    under: usize,
}

impl Snippet {
    /// At most 120 characters of the line, with at least 80 before the place.
    fn of(signs: &[char], place: Place) -> Self {
        let at = (place.column - 1).min(signs.len());
        let from = if signs.len() > 120 { at.saturating_sub(80) } else { 0 };
        let to = signs.len().min(from + 120);
        let end = at.saturating_add(place.width).min(to);
        let width = |signs: &[char]| signs.iter().copied().map(terminal::cells).sum::<usize>();
        Self {
            text: signs[from..to].iter().collect::<String>().trim_end().to_owned(),
            before: width(&signs[from..at]),
            under: width(&signs[at..end]).max(1),
        }
    }
}

/// YAML's line breaks, so that line numbers are the parser's.
pub(super) fn lines(text: &str) -> Vec<&str> {
    text.split('\n')
        .flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
        .collect()
}

/// The place, or the last sign of the text where it lies behind: the parser notices some mistakes only at the end.
fn within(lines: &[&str], at: Place) -> Place {
    match lines.last() {
        Some(last) if at.line > lines.len() => Place {
            line: lines.len(),
            column: last.chars().count().max(1),
            width: 1,
        },
        _ => at,
    }
}

/// A sign of one line as a terminal may see it.
fn shown(sign: char) -> char {
    match sign {
        '\t' => '→',
        unseen if is_unseen(unseen) => '\u{fffd}',
        other => other,
    }
}

fn visible(text: &str) -> String {
    text.trim_end_matches('\n')
        .chars()
        .map(|sign| if sign == '\n' { ' ' } else { shown(sign) })
        .collect()
}

/// A message of at most 600 characters: the middle is the user's own text, the end says what to write.
fn short(message: &str) -> String {
    let signs: Vec<char> = message.chars().collect();
    if signs.len() <= 600 {
        return message.to_owned();
    }
    signs[..200]
        .iter()
        .chain(&['…'])
        .chain(&signs[signs.len() - 399..])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noticed_behind_the_end_is_shown_at_the_end() {
        let behind = Place {
            line: 4,
            column: 1,
            width: 0,
        };
        let shown = within(&["version: 1", "service shop"], behind);
        assert_eq!((shown.line, shown.column), (2, 12));
        assert_eq!(within(&["a", "b", "c", "d"], behind), behind);
        assert_eq!(within(&[""], behind).line, 1);
    }
}
