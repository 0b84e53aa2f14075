//! `slo check`: what a spec means, or every mistake in it, and what is probably not meant.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use slo_core::{Lint, Mistake, SloSet, SpecError};

use super::Answer;
use super::environment::in_environment;
use crate::args::{CheckArgs, Color, Format};
use crate::exit::Exit;
use crate::render::paint::Paint;
use crate::render::{document, plain, summary};

/// The text of a spec, or why there is none, with the name of its file.
///
/// # Examples
///
/// ```
/// use slo_cli::cmd::check::{Source, Warnings, text};
/// use slo_cli::exit::Exit;
///
/// let answer = text([Source::new("shop.yaml", "version: 1")], &Warnings::all());
/// assert_eq!(answer.exit, Exit::Usage);
/// assert!(answer.err.ends_with("2 mistakes in shop.yaml\n"));
/// ```
#[derive(Clone, Debug)]
pub struct Source {
    /// The name for a terminal.
    pub(crate) file: String,
    /// The name as it is, for programs.
    pub(crate) name: String,
    pub(crate) text: Result<String, String>,
}

impl Source {
    /// A text that came from this file. Signs of its name that would steer a terminal are escaped for people, here
    /// and by [`read`](Self::read).
    #[must_use]
    pub fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        let name = file.into();
        Self {
            file: plain(&name),
            name,
            text: Ok(text.into()),
        }
    }

    /// Reads a file, or `stdin` for `-`. Why it cannot be read becomes part of the answer; of one that is longer than any
    /// spec only the beginning is read.
    #[must_use]
    pub fn read(path: &Path, stdin: &mut impl Read) -> Self {
        let from_stdin = path == Path::new("-");
        let name = if from_stdin {
            "standard input".to_owned()
        } else {
            path.display().to_string()
        };
        let file = plain(&name);
        let bytes = if from_stdin {
            beginning(stdin)
        } else {
            File::open(path).and_then(|mut file| beginning(&mut file))
        };
        let text = match bytes {
            Ok(bytes) if bytes.len() > SloSet::LONGEST_SPEC => {
                let most = SloSet::LONGEST_SPEC;
                Err(format!("`{file}` is longer than any spec; write at most {most} bytes"))
            }
            Ok(bytes) => String::from_utf8(bytes).map_err(|error| {
                let (line, column) = end_of_text(error.as_bytes());
                format!("{file}:{line}:{column}: this is not UTF-8 text; save the file as UTF-8")
            }),
            Err(error) => Err(format!(
                "`{file}` cannot be read: {error}; write the path of a spec, or `-`"
            )),
        };
        Self { file, name, text }
    }

    /// The set that it means, or every mistake, for commands that go on from there.
    pub(crate) fn understood(&self) -> Result<SloSet, String> {
        let text = self.text.as_ref().map_err(Clone::clone)?;
        SloSet::from_yaml_named(&self.file, text).map_err(|error| error.to_string())
    }

    /// The same with the numbers of an environment; as written where none is named.
    pub(crate) fn understood_in(&self, environment: Option<&str>) -> Result<SloSet, String> {
        let set = self.understood()?;
        match environment {
            None => Ok(set),
            Some(name) => in_environment(&set, name).map_err(|mistake| format!("{}: {mistake}", self.file)),
        }
    }

    /// What is wrong with a spec that was understood: of an SLO, `slos.NAME: why`, or of a key of it, `slos.NAME.KEY: why`, with
    /// its place and its line, in the environment where that has it; of the whole, with the file.
    pub(crate) fn refused(&self, environment: Option<&str>, reasons: &[String]) -> String {
        let whole = reasons.iter().filter(|reason| of_an_slo(reason).is_none());
        let whole = whole.map(|reason| format!("{}: {reason}", self.file));
        let text = self.text.as_deref().unwrap_or_default();
        let mistakes = reasons.iter().filter_map(|reason| of_an_slo(reason));
        let placed = SpecError::of_slos(&self.file, text, environment, mistakes);
        let placed = placed.iter().flat_map(SpecError::mistakes).map(ToString::to_string);
        whole.chain(placed).collect::<Vec<_>>().join("\n")
    }
}

/// The SLO, the key and the mistake in it, of `slos.NAME.KEY: mistake`; names have no points in them.
fn of_an_slo(reason: &str) -> Option<(&str, &str, &str)> {
    let (whose, mistake) = reason.strip_prefix("slos.")?.split_once(": ")?;
    let (slo, key) = whose.split_once('.').unwrap_or((whose, ""));
    Some((slo, key, mistake))
}

/// What to warn of, and how to write it.
///
/// # Examples
///
/// ```
/// use slo_cli::cmd::check::{Source, Warnings, text};
/// use slo_cli::exit::Exit;
/// use slo_core::Lint;
///
/// let spec = "version: 1\nservice: a\nslos: [{ name: a, objective: 99%, window: 7d, sli: { events: { of: x } } }]";
/// let strict = Warnings::all().denied();
/// assert_eq!(text([Source::new("slo.yaml", spec)], &strict).exit, Exit::Refused);
/// assert_eq!(text([Source::new("slo.yaml", spec)], &strict.allowing([Lint::NoPromise])).exit, Exit::Pass);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Warnings {
    allowed: Vec<Lint>,
    denied: bool,
    paint: Paint,
}

impl Warnings {
    /// Of everything, and all is well with them.
    pub fn all() -> Self {
        Self::default()
    }

    /// Not of these.
    pub fn allowing(mut self, lints: impl IntoIterator<Item = Lint>) -> Self {
        self.allowed.extend(lints);
        self
    }

    /// With any of them, the answer is no pass.
    pub fn denied(self) -> Self {
        Self { denied: true, ..self }
    }

    fn exit(&self, warnings: usize) -> Exit {
        if self.denied && warnings > 0 {
            Exit::Refused
        } else {
            Exit::Pass
        }
    }
}

/// Runs the command: reads the files and answers in the format that was asked for.
pub fn run(args: &CheckArgs, color: Color, stdin: &mut impl Read) -> Answer {
    let sources = args.files.iter().map(|path| Source::read(path, stdin));
    let warnings = Warnings {
        allowed: args.allow.clone(),
        denied: args.deny_warnings,
        paint: Paint::chosen(color, &io::stderr()),
    };
    match args.format {
        Format::Text => text(sources, &warnings),
        Format::Json => json(sources, &warnings),
    }
}

/// Answers for people: what was understood for standard output, every mistake and warning for standard error.
pub fn text(sources: impl IntoIterator<Item = Source>, warnings: &Warnings) -> Answer {
    let mut answer = Answer::of(String::new());
    for source in sources {
        match understand(&source, warnings) {
            Understood::Set(set, found) => {
                if !answer.out.is_empty() {
                    answer.out.push('\n');
                }
                answer.out.push_str(&summary::of(&source.file, &set));
                answer.err.push_str(&complaints(&found, warnings.paint));
                answer.exit = answer.exit.worse(warnings.exit(found.len()));
            }
            Understood::Unreadable(message) => refuse(&mut answer, &message),
            Understood::Wrong(error) => refuse(&mut answer, &mistakes(&error, warnings.paint)),
        }
    }
    answer
}

/// Answers for programs: one JSON document for standard output, mistakes and warnings included.
pub fn json(sources: impl IntoIterator<Item = Source>, warnings: &Warnings) -> Answer {
    let mut exit = Exit::Pass;
    let mut files = Vec::new();
    for source in sources {
        let understood = understand(&source, warnings);
        exit = exit.worse(match &understood {
            Understood::Set(_, found) => warnings.exit(found.len()),
            Understood::Wrong(_) | Understood::Unreadable(_) => Exit::Usage,
        });
        files.push(document::file(&source.name, &understood));
    }
    Answer {
        exit,
        ..Answer::of(document::of(files))
    }
}

/// What became of a source.
#[derive(Debug)]
pub(crate) enum Understood {
    Set(Box<SloSet>, Vec<Mistake>),
    Wrong(slo_core::SpecError),
    Unreadable(String),
}

fn understand(source: &Source, warnings: &Warnings) -> Understood {
    let text = match &source.text {
        Ok(text) => text,
        Err(message) => return Understood::Unreadable(message.clone()),
    };
    let told = |warning: &Mistake| warning.lint().is_none_or(|lint| !warnings.allowed.contains(&lint));
    match SloSet::lint_yaml(&source.file, text) {
        Ok((set, found)) => Understood::Set(Box::new(set), found.into_iter().filter(told).collect()),
        Err(error) => Understood::Wrong(error),
    }
}

/// Every warning, and how many there are.
fn complaints(found: &[Mistake], paint: Paint) -> String {
    let mut text: String = found.iter().map(|warning| paint.mistake(warning) + "\n").collect();
    if let [first, _, ..] = found {
        text.push_str(&format!("{} warnings in {}\n", found.len(), first.file()));
    }
    text
}

/// As the error shows itself, in colours if they are wanted: its last line has none.
fn mistakes(error: &SpecError, paint: Paint) -> String {
    let plain: String = error.mistakes().iter().map(|mistake| format!("{mistake}\n")).collect();
    let painted: String = error
        .mistakes()
        .iter()
        .map(|mistake| paint.mistake(mistake) + "\n")
        .collect();
    let whole = format!("{error}\n");
    let rest = whole.strip_prefix(&plain).unwrap_or_default();
    (painted + rest).trim_end_matches('\n').to_owned()
}

fn refuse(answer: &mut Answer, message: &str) {
    answer.err.push_str(message);
    answer.err.push('\n');
    answer.exit = answer.exit.worse(Exit::Usage);
}

/// Line and column, counted from 1, of the first byte that is of no text.
fn end_of_text(bytes: &[u8]) -> (usize, usize) {
    let text = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let line = text.rsplit('\n').next().unwrap_or_default();
    (text.matches('\n').count() + 1, line.chars().count() + 1)
}

/// Of a stream without an end no more than tells that it is no spec.
fn beginning(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(SloSet::LONGEST_SPEC).unwrap_or(u64::MAX);
    stream.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}
