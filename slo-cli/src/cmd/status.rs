//! `slo status`: how all promises stand.

use std::io::{self, IsTerminal, Stdout, Write as _};
use std::path::Path;

use chrono::{DateTime, Utc};

use super::login::engine;
use super::{Answer, Surroundings};
use crate::args::{Color, StatusArgs};
use crate::exit::Exit;
use crate::prom::{Ask, AskError};
use crate::render::paint::Paint;
use crate::render::status_text::{Look, text};
use crate::render::{plain, shown, status_html, status_json, status_words};
use crate::status::{Group, Overview, Promise, Wanted, gather};

/// Where a view is drawn again and again.
pub trait Screen {
    /// Whether to write in colours.
    fn colours(&self, choice: Color) -> bool;
    /// How many columns and lines it has, if it is a terminal.
    fn size(&self) -> Option<(usize, usize)>;
    /// Shows these lines in the place of those before; beside a terminal, after them.
    ///
    /// # Errors
    ///
    /// When nobody can see it any more.
    fn draw(&mut self, text: &str) -> io::Result<()>;
}

impl Screen for Stdout {
    fn colours(&self, choice: Color) -> bool {
        Paint::chosen(choice, self) != Paint::default()
    }

    #[cfg(unix)]
    fn size(&self) -> Option<(usize, usize)> {
        let size = rustix::termios::tcgetwinsize(self).ok()?;
        (size.ws_col > 0).then(|| (size.ws_col.into(), size.ws_row.into()))
    }

    #[cfg(not(unix))]
    fn size(&self) -> Option<(usize, usize)> {
        None
    }

    fn draw(&mut self, text: &str) -> io::Result<()> {
        let mut out = self.lock();
        if self.is_terminal() {
            // Home, each line with what was right of it cleared, then all below: without a blank moment between.
            let lines = text.trim_end_matches('\n').replace('\n', "\u{1b}[K\n");
            write!(out, "\u{1b}[H{lines}\u{1b}[K\n\u{1b}[J")?;
        } else {
            writeln!(out, "{text}")?;
        }
        out.flush()
    }
}

/// Runs the command against the engine that the arguments name.
pub fn run(args: &StatusArgs, color: Color, around: &mut impl Surroundings, screen: &mut impl Screen) -> Answer {
    match engine(&args.engine, around) {
        Ok(engine) => tell(args, &engine, color, around, screen),
        Err(error) => Answer::complaint(Exit::Usage, format!("slo: {error}")),
    }
}

/// As [`run`], with an engine that is there already.
pub fn tell(
    args: &StatusArgs,
    engine: &(dyn Ask + Sync),
    color: Color,
    around: &mut impl Surroundings,
    screen: &mut impl Screen,
) -> Answer {
    let telling = Telling {
        args,
        engine,
        wanted: Wanted {
            filter: args.filter(),
            identity: args.identity,
            numbers: args.numbers,
            at: args.at,
            remembered: args.remember,
            burn_downs: args.html.is_some(),
        },
        paint: Paint::when(screen.colours(color)),
    };
    match args.watch {
        Some(interval) => telling.watch(interval, around, screen),
        None => telling.once(around, screen),
    }
}

struct Telling<'a> {
    args: &'a StatusArgs,
    engine: &'a (dyn Ask + Sync),
    wanted: Wanted,
    paint: Paint,
}

impl Telling<'_> {
    fn once(&self, around: &impl Surroundings, screen: &impl Screen) -> Answer {
        let overview = match gather(self.engine, &self.wanted) {
            Ok(overview) => overview,
            Err(error) => return Answer::complaint(Exit::NoAnswer, format!("slo: {error}")),
        };
        let mut answer = Answer::of(String::new());
        answer.exit = self.exit(&overview);
        answer.err = self
            .hints(&overview)
            .iter()
            .map(|hint| format!("slo: {hint}\n"))
            .collect();
        if self.args.json {
            answer.out = status_json::json(&overview, |promise| self.shows(promise));
            return answer;
        }
        if self.args.html.as_deref() == Some(Path::new("-")) {
            answer.out = self.page(&overview);
            return answer;
        }
        if let Err(complaint) = self.write_page(&overview) {
            return Answer::complaint(Exit::Usage, complaint);
        }
        answer.out = self.text(&overview, columns(around, screen));
        answer
    }

    /// Draws until nobody looks any more. The engine's first answer is waited for once: a wrong address should be said.
    fn watch(&self, interval: std::time::Duration, around: &mut impl Surroundings, screen: &mut impl Screen) -> Answer {
        let mut last: Option<(Overview, DateTime<Utc>)> = None;
        let mut failing_since = None;
        loop {
            let now = around.now();
            let failure = match (gather(self.engine, &self.wanted), &last) {
                (Ok(overview), _) => {
                    failing_since = None;
                    if let Err(complaint) = self.write_page(&overview) {
                        return Answer::complaint(Exit::Usage, complaint);
                    }
                    last = Some((overview, now));
                    None
                }
                (Err(error), None) => return Answer::complaint(Exit::NoAnswer, format!("slo: {error}")),
                (Err(error), Some(_)) => Some((error, *failing_since.get_or_insert(now))),
            };
            if let Some((overview, seen_at)) = &last {
                let width = columns(around, screen);
                let mut view = failure.map(|failure| old(&failure, *seen_at, now)).unwrap_or_default();
                view += &self.text(overview, width);
                let view = cut(&view, screen.size().map(|(_, lines)| lines));
                if screen.draw(&view).is_err() {
                    return Answer::of(String::new());
                }
            }
            around.pause(interval);
        }
    }

    /// The page as well, where a file is named for it; else why it cannot be written.
    fn write_page(&self, overview: &Overview) -> Result<(), String> {
        let file = self.args.html.as_ref().filter(|file| *file != Path::new("-"));
        file.map_or(Ok(()), |file| {
            let written = std::fs::write(file, self.page(overview));
            written.map_err(|error| format!("slo: {} cannot be written: {error}", shown(file)))
        })
    }

    fn page(&self, overview: &Overview) -> String {
        status_html::html(overview, |promise| self.shows(promise))
    }

    fn text(&self, overview: &Overview, width: usize) -> String {
        let look = Look {
            width,
            paint: self.paint,
            details: self.args.details,
        };
        text(overview, |promise| self.shows(promise), look)
    }

    fn shows(&self, promise: &Promise) -> bool {
        self.args.only.is_empty() || self.args.only.iter().any(|group| promise.is(*group))
    }

    /// What is proven comes before what is unknown, and that an answer is not whole before both.
    fn exit(&self, overview: &Overview) -> Exit {
        let fails = |group: &Group| overview.count(*group) > 0;
        let fail_on = &self.args.fail_on;
        let nothing = overview.promises.is_empty() && !fail_on.is_empty();
        let is_open = fail_on.contains(&Group::Hurting) && overview.promises.iter().any(Promise::is_undecided);
        if !overview.doubts.is_empty() {
            Exit::NoAnswer
        } else if fail_on.iter().any(fails) {
            Exit::Refused
        } else if nothing || is_open || !self.unknown(overview).is_empty() {
            Exit::NoAnswer
        } else {
            Exit::Pass
        }
    }

    /// The names that were given and that nothing has which is there.
    fn unknown(&self, overview: &Overview) -> Vec<(&'static str, &str)> {
        let there: Vec<_> = overview.promises.iter().filter(|promise| promise.is_alive()).collect();
        self.wanted.filter.unknown(&there)
    }

    /// What to do where something that was asked for is not known, a line each.
    fn hints(&self, overview: &Overview) -> Vec<String> {
        let filter = &self.wanted.filter;
        let is_empty = overview.promises.is_empty();
        if is_empty && filter.is_all() {
            return vec![
                "no service exported slo_spec_info to this engine within a day; is it the right engine, and are resource \
                 attributes labels there (--identity)?"
                    .to_owned(),
            ];
        }
        if is_empty && filter.kinds() > 1 {
            return vec![
                "no promise has all of the names that were given; leave some out to see what there is".to_owned(),
            ];
        }
        let remembered = status_words::ago_words(self.wanted.remembered);
        let all: Vec<_> = overview.promises.iter().collect();
        let ever = filter.unknown(&all);
        let hint = |(flag, name): (&'static str, &str)| match ever.contains(&(flag, name)) {
            true => format!(
                "`{flag} {}`: no promise of the last {remembered} has this name; is it right?",
                plain(name)
            ),
            false => format!("`{flag} {}`: what has this name is gone", plain(name)),
        };
        self.unknown(overview).into_iter().map(hint).collect()
    }
}

/// What stands above a view that is not of now.
fn old(failure: &(AskError, DateTime<Utc>), seen_at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let (error, since) = failure;
    let age = (now - seen_at).to_std().unwrap_or_default();
    format!(
        "OLD: this is the view of {} ago; since {} the engine does not answer: {}\n\n",
        status_words::ago_words(age),
        since.format("%H:%M:%S UTC"),
        plain(&error.to_string())
    )
}

/// The view's first lines, what hurts most among them, and how much there is below.
fn cut(view: &str, lines: Option<usize>) -> String {
    let all = view.lines().count();
    // One line for the rest, and one for the cursor.
    let room = lines.map_or(usize::MAX, |lines| lines.saturating_sub(2).max(1));
    if all <= room.saturating_add(1) {
        return view.to_owned();
    }
    let mut first: Vec<_> = view.lines().take(room).map(str::to_owned).collect();
    first.push(format!(
        "({} more lines; a larger window or `--only hurting` shows them)",
        all - room
    ));
    first.join("\n") + "\n"
}

/// The variable COLUMNS, else what the terminal says, else what fits on most screens.
fn columns(around: &impl Surroundings, screen: &impl Screen) -> usize {
    const OTHERWISE: usize = 120;
    const LEAST: usize = 40;
    let said = around
        .variable("COLUMNS")
        .and_then(|columns| columns.trim().parse().ok());
    let columns = said
        .filter(|columns| *columns > 0)
        .or_else(|| screen.size().map(|(columns, _)| columns));
    columns.unwrap_or(OTHERWISE).max(LEAST)
}

#[cfg(test)]
mod tests;
