//! `slo check`: what a spec means, or every mistake in it.

use std::io::{self, Read};
use std::path::Path;

use slo_core::SloSet;

use super::Answer;
use crate::args::{CheckArgs, Format};
use crate::exit::Exit;
use crate::render::{document, summary};

/// The text of a spec, or why there is none, with the name of its file.
///
/// # Examples
///
/// ```
/// use slo_cli::cmd::check::{Source, text};
/// use slo_cli::exit::Exit;
///
/// let answer = text([Source::new("shop.yaml", "version: 1")]);
/// assert_eq!(answer.exit, Exit::Usage);
/// assert!(answer.err.ends_with("2 mistakes in shop.yaml\n"));
/// ```
#[derive(Clone, Debug)]
pub struct Source {
    pub(crate) file: String,
    pub(crate) text: Result<String, String>,
}

impl Source {
    /// A text that came from this file.
    #[must_use]
    pub fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            text: Ok(text.into()),
        }
    }

    /// Reads a file, or `stdin` for `-`. Why it cannot be read becomes part of the answer.
    #[must_use]
    pub fn read(path: &Path, stdin: &mut impl Read) -> Self {
        let from_stdin = path == Path::new("-");
        let file = if from_stdin {
            "standard input".to_owned()
        } else {
            path.display().to_string()
        };
        let bytes = if from_stdin {
            read_all(stdin)
        } else {
            std::fs::read(path)
        };
        let text = match bytes.map(String::from_utf8) {
            Ok(Ok(text)) => Ok(text),
            Ok(Err(error)) => {
                let at = error.utf8_error().valid_up_to();
                Err(format!(
                    "`{file}` is not UTF-8 text, first at byte {at}; save it as UTF-8"
                ))
            }
            Err(error) => Err(format!(
                "`{file}` cannot be read: {error}; write the path of a spec, or `-`"
            )),
        };
        Self { file, text }
    }
}

/// Runs the command: reads the files and answers in the format that was asked for.
pub fn run(args: &CheckArgs, stdin: &mut impl Read) -> Answer {
    let sources = args.files.iter().map(|path| Source::read(path, stdin));
    match args.format {
        Format::Text => text(sources),
        Format::Json => json(sources),
    }
}

/// Answers for people: what was understood for standard output, every mistake for standard error.
pub fn text(sources: impl IntoIterator<Item = Source>) -> Answer {
    let mut answer = Answer {
        out: String::new(),
        err: String::new(),
        exit: Exit::Pass,
    };
    for source in sources {
        match understand(&source) {
            Understood::Set(set) => {
                if !answer.out.is_empty() {
                    answer.out.push('\n');
                }
                answer.out.push_str(&summary::of(&source.file, &set));
            }
            Understood::Unreadable(message) => refuse(&mut answer, &message),
            Understood::Wrong(error) => refuse(&mut answer, &error.to_string()),
        }
    }
    answer
}

/// Answers for programs: one JSON document for standard output, mistakes included.
pub fn json(sources: impl IntoIterator<Item = Source>) -> Answer {
    let files: Vec<_> = sources
        .into_iter()
        .map(|source| document::file(&source.file, &understand(&source)))
        .collect();
    let exit = if files.iter().all(document::File::is_ok) {
        Exit::Pass
    } else {
        Exit::Usage
    };
    Answer {
        out: document::of(files),
        err: String::new(),
        exit,
    }
}

/// What became of a source.
#[derive(Debug)]
pub(crate) enum Understood {
    Set(SloSet),
    Wrong(slo_core::SpecError),
    Unreadable(String),
}

fn understand(source: &Source) -> Understood {
    match &source.text {
        Ok(text) => SloSet::from_yaml_named(&source.file, text).map_or_else(Understood::Wrong, Understood::Set),
        Err(message) => Understood::Unreadable(message.clone()),
    }
}

fn refuse(answer: &mut Answer, message: &str) {
    answer.err.push_str(message);
    answer.err.push('\n');
    answer.exit = answer.exit.worse(Exit::Usage);
}

fn read_all(stdin: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stdin.read_to_end(&mut bytes)?;
    Ok(bytes)
}
