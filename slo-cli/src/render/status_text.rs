//! The overview for a terminal: a table that fits, with a sentence under each row that hurts. Readable without colours.

use slo_core::terminal::cells;

use super::paint::{Paint, Tone};
use super::plain;
use super::status_words as words;
use crate::status::{Overview, Promise, Standing};

/// How to write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// In columns of the terminal.
    pub(crate) width: usize,
    pub(crate) paint: Paint,
    pub(crate) details: bool,
}

/// The text, of those promises that are to be shown.
pub(crate) fn text(overview: &Overview, shown: impl Fn(&Promise) -> bool, look: Look) -> String {
    let rows: Vec<_> = overview.promises.iter().filter(|promise| shown(promise)).collect();
    let mut page = Page {
        look,
        text: String::new(),
    };
    page.heading(overview);
    page.table(&rows);
    let hidden = overview.promises.len() - rows.len();
    if hidden > 0 {
        page.wrapped(
            "",
            &format!("({} not shown)", words::number(hidden, "promise is", "promises are")),
        );
    }
    page.checks(overview);
    page.runs(overview);
    page.remarks(overview);
    page.text
}

struct Page {
    look: Look,
    text: String,
}

/// A column of the table.
struct Column {
    head: &'static str,
    is_number: bool,
    /// Where there is no room: shortened to so many columns of a terminal, or to its head.
    least: usize,
    /// Where there is none even so: left out, the smallest first; 0 is never left out.
    goes: u8,
    cells: Vec<String>,
}

impl Column {
    fn new(head: &'static str, (is_number, least, goes): (bool, usize, u8), cells: Vec<String>) -> Self {
        Self {
            head,
            is_number,
            least,
            goes,
            cells,
        }
    }

    fn width(&self) -> usize {
        let widths = self.cells.iter().map(|cell| width(cell));
        widths.chain([self.head.len()]).max().unwrap_or_default()
    }
}

const GAP: usize = 2;
/// Never shortened.
const WHOLE: usize = usize::MAX;

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Foreign text on as many lines as it takes, each behind the same indent.
    fn wrapped(&mut self, indent: &str, text: &str) {
        let room = self.look.width.saturating_sub(indent.len()).max(20);
        for line in wrap(&plain(text), room) {
            self.line(&format!("{indent}{line}"));
        }
    }

    fn heading(&mut self, overview: &Overview) {
        let hurts = overview.promises.iter().any(Promise::hurts);
        let tone = if hurts || overview.promises.is_empty() {
            Tone::Bad
        } else {
            Tone::Good
        };
        for line in wrap(&words::headline(overview), self.look.width) {
            let line = self.look.paint.toned(tone, &line);
            self.line(&line);
        }
        let at = overview.at.format("%Y-%m-%d %H:%M:%S UTC");
        self.wrapped("", &format!("{} at {at}", overview.engine));
        for doubt in &overview.doubts {
            self.wrapped("", &format!("NOT COMPLETE: {doubt}"));
        }
    }

    fn table(&mut self, rows: &[&Promise]) {
        if rows.is_empty() {
            return;
        }
        let columns = fitted(columns(rows), self.look.width);
        let widths: Vec<_> = columns.iter().map(Column::width).collect();
        self.line("");
        let heads: Vec<_> = columns.iter().map(|column| column.head).collect();
        let head = self.look.paint.toned(
            Tone::Head,
            &shortened(row(&columns, &widths, &heads).trim_end(), self.look.width),
        );
        self.line(&head);
        for (at, promise) in rows.iter().enumerate() {
            let cells: Vec<_> = columns.iter().map(|column| column.cells[at].as_str()).collect();
            let line = shortened(row(&columns, &widths, &cells).trim_end(), self.look.width);
            let (standing, rest) = line.split_at(cells.first().map_or(0, |cell| cell.len()));
            let line = format!("{}{rest}", self.look.paint.toned(tone(promise), standing));
            self.line(&line);
            self.below(promise);
        }
    }

    /// What stands under a row.
    fn below(&mut self, promise: &Promise) {
        const INDENT: &str = "    ";
        let why = words::why(promise);
        if !why.is_empty() {
            self.wrapped(INDENT, &why);
        }
        for note in words::notes(promise) {
            self.wrapped(INDENT, &note);
        }
        let owner = promise.owner.as_ref().filter(|_| !self.look.details);
        let owner = owner.map(|owner| format!(" ({owner})")).unwrap_or_default();
        if let Some(sentence) = promise
            .sentence
            .as_ref()
            .filter(|_| self.look.details || promise.standing.hurts())
        {
            self.wrapped(INDENT, &format!("\"{sentence}\"{owner}"));
        }
        if self.look.details {
            for line in words::details(promise) {
                self.wrapped(INDENT, &line);
            }
        }
    }

    fn checks(&mut self, overview: &Overview) {
        let all = overview.checks.len();
        if all == 0 {
            return;
        }
        self.line("");
        let fresh = overview.checks.iter().filter(|check| check.is_fresh()).count();
        let head = format!("FRESHNESS: {fresh} of {} fresh", words::number(all, "check", "checks"));
        let head = self.look.paint.toned(Tone::Head, &head);
        self.line(&head);
        let all_of_them = self.look.details;
        for check in overview.checks.iter().filter(|check| all_of_them || !check.is_fresh()) {
            let whose = place(&check.whose.name(), check.whose.environment.as_deref());
            self.wrapped(
                "  ",
                &format!("{whose}  {}: {}", words::looked(check), words::freshness(check)),
            );
        }
    }

    fn runs(&mut self, overview: &Overview) {
        let notable: Vec<_> = overview
            .runs
            .iter()
            .filter(|runs| self.look.details || words::is_notable(runs))
            .collect();
        if notable.is_empty() {
            return;
        }
        self.line("");
        let head = self.look.paint.toned(Tone::Head, "DEPLOY GATE");
        self.line(&head);
        for runs in notable {
            let whose = place(&runs.whose.name(), runs.whose.environment.as_deref());
            self.wrapped("  ", &format!("{whose}  {}", words::runs(runs, overview.at)));
        }
    }

    fn remarks(&mut self, overview: &Overview) {
        let remarks = words::remarks(overview);
        if !remarks.is_empty() {
            self.line("");
        }
        for remark in remarks {
            for line in wrap(&remark, self.look.width) {
                let line = self.look.paint.toned(Tone::Faint, &line);
                self.line(&line);
            }
        }
    }
}

fn place(name: &str, environment: Option<&str>) -> String {
    match (name, environment) {
        ("", _) => "(no service)".to_owned(),
        (name, Some(environment)) => format!("{name} ({environment})"),
        (name, None) => name.to_owned(),
    }
}

fn columns(rows: &[&Promise]) -> Vec<Column> {
    const TEXT: bool = false;
    const NUMBER: bool = true;
    let cells = |of: &dyn Fn(&Promise) -> String| rows.iter().map(|promise| plain(&of(promise))).collect::<Vec<_>>();
    let none = || "-".to_owned();
    let mut columns = vec![
        Column::new("STANDING", (TEXT, WHOLE, 0), cells(&standing)),
        Column::new("SERVICE", (TEXT, 14, 0), cells(&|promise| promise.whose.name())),
        Column::new(
            "ENVIRONMENT",
            (TEXT, 11, 5),
            cells(&|promise| promise.whose.environment.clone().unwrap_or_else(none)),
        ),
        Column::new("SLO", (TEXT, 20, 0), cells(&|promise| promise.slo.clone())),
        Column::new("OBJECTIVE", (TEXT, WHOLE, 2), cells(&objective)),
        Column::new(
            "KEPT",
            (NUMBER, WHOLE, 3),
            cells(&|promise| {
                let kept = promise.seen.and_then(|seen| seen.events.sli());
                kept.map_or_else(none, |kept| kept.to_string())
            }),
        ),
        Column::new(
            "LEFT",
            (NUMBER, WHOLE, 0),
            cells(&|promise| promise.left().map_or_else(none, words::left)),
        ),
        Column::new(
            "BURN 1H",
            (NUMBER, WHOLE, 1),
            cells(&|promise| promise.hour.as_ref().map_or_else(none, words::rate)),
        ),
        Column::new(
            "6H",
            (NUMBER, WHOLE, 4),
            cells(&|promise| promise.six_hours.as_ref().map_or_else(none, words::rate)),
        ),
    ];
    columns.retain(|column| column.head != "ENVIRONMENT" || column.cells.iter().any(|cell| cell != "-"));
    columns
}

/// `99.9% of 30d`.
fn objective(promise: &Promise) -> String {
    let target = promise
        .target
        .map_or_else(|| "?".to_owned(), |target| target.to_string());
    let window = promise
        .window
        .map_or_else(|| "?".to_owned(), |window| window.to_string());
    format!("{target} / {window}")
}

/// What hurts is loud without any colour.
fn standing(promise: &Promise) -> String {
    let word = words::word(promise.standing);
    match promise.is_draft() {
        true => format!("draft, {word}"),
        false if promise.standing.hurts() => word.to_uppercase(),
        false => word,
    }
}

const fn tone(promise: &Promise) -> Tone {
    match promise.standing {
        _ if matches!(promise.status, slo_core::Status::Draft) => Tone::Faint,
        Standing::Fine => Tone::Good,
        standing if standing.hurts() => Tone::Bad,
        _ => Tone::Doubtful,
    }
}

/// The columns that have room: numbers go before names are unreadable, then names are shortened as far as it takes.
fn fitted(mut columns: Vec<Column>, room: usize) -> Vec<Column> {
    let least = |columns: &[Column]| total(columns, |column| column.width().min(column.least));
    while least(&columns) > room {
        let goes = columns.iter().map(|column| column.goes).filter(|goes| *goes > 0).min();
        let Some(goes) = goes else { break };
        columns.retain(|column| column.goes != goes);
    }
    loop {
        let over = total(&columns, Column::width).saturating_sub(room);
        let spare = |column: &Column| column.width().saturating_sub(column.least.max(column.head.len()));
        let Some(widest) = columns
            .iter_mut()
            .filter(|column| spare(column) > 0 && over > 0)
            .max_by_key(|column| spare(column))
        else {
            return columns;
        };
        let to = widest.width() - over.min(4).min(spare(widest));
        widest.cells.iter_mut().for_each(|cell| *cell = shortened(cell, to));
    }
}

fn total(columns: &[Column], width: impl Fn(&Column) -> usize) -> usize {
    let widths: usize = columns.iter().map(|column| width(column) + GAP).sum();
    widths.saturating_sub(GAP)
}

fn row(columns: &[Column], widths: &[usize], cells: &[&str]) -> String {
    let mut line = String::new();
    for ((column, width_of), cell) in columns.iter().zip(widths).zip(cells) {
        let gap = " ".repeat(width_of.saturating_sub(width(cell)));
        line += &match column.is_number {
            true => format!("{gap}{cell}  "),
            false => format!("{cell}{gap}  "),
        };
    }
    line
}

/// How many columns of a terminal a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(cells).sum()
}

/// The beginning of a text that is too wide, and a sign that there is more.
fn shortened(text: &str, to: usize) -> String {
    if width(text) <= to {
        return text.to_owned();
    }
    let mut short = String::new();
    for sign in text.chars() {
        if width(&short) + cells(sign) + 1 > to {
            break;
        }
        short.push(sign);
    }
    short + "…"
}

/// Lines of at most so many columns, broken at spaces where there are some.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word;
        loop {
            let line = lines.last_mut().map_or(0, |line| width(line));
            let gap = usize::from(line > 0);
            if line + gap + width(word) <= room {
                break;
            }
            if line > 0 {
                lines.push(String::new());
                continue;
            }
            // A word that is wider than a line.
            let mut taken = 0;
            let fits = word.char_indices().find(|(_, sign)| {
                taken += cells(*sign);
                taken > room
            });
            let end = fits.map_or(word.len(), |(at, sign)| if at == 0 { sign.len_utf8() } else { at });
            if end >= word.len() {
                break;
            }
            lines.pop();
            lines.extend([word[..end].to_owned(), String::new()]);
            word = &word[end..];
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_wide_text_is_cut_where_it_fits() {
        assert_eq!(shortened("browse", 6), "browse");
        assert_eq!(shortened("browse-availability", 8), "browse-…");
        assert_eq!(shortened("가격정보", 5), "가격…");
        assert_eq!(wrap("a bc def", 4), ["a bc", "def"]);
        assert_eq!(wrap("abcdefgh i", 3), ["abc", "def", "gh", "i"]);
        assert_eq!(wrap("", 9), [""]);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_room_and_nothing_is_lost(text in "[a-zé가 ]{0,60}", room in 2_usize..30) {
            let lines = wrap(&text, room);
            prop_assert!(lines.iter().all(|line| width(line) <= room), "{lines:?}");
            let signs = |text: &str| text.chars().filter(|sign| *sign != ' ').collect::<String>();
            prop_assert_eq!(signs(&lines.concat()), signs(&text));
        }
    }
}
