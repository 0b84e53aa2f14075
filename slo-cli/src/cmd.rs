//! The commands.

pub mod audit;
pub mod check;
pub mod completions;
pub mod dashboards;
pub mod doctor;
mod environment;
mod folder;
pub mod gate;
mod login;
pub mod manifests;
pub mod probes;
pub mod rules;
pub mod schema;
pub mod status;
mod surroundings;
#[cfg(test)]
mod test_day;

pub use self::surroundings::Surroundings;
use crate::exit::Exit;

/// What a command has to say.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
#[non_exhaustive]
pub struct Answer {
    /// For standard output.
    pub out: String,
    /// For standard error.
    pub err: String,
    /// The exit code.
    pub exit: Exit,
}

impl Answer {
    /// A text for standard output, and nothing to complain about.
    pub(crate) const fn of(out: String) -> Self {
        Self {
            out,
            err: String::new(),
            exit: Exit::Pass,
        }
    }

    /// A complaint for standard error, without its last line break, and nothing else.
    pub(crate) fn complaint(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            out: String::new(),
            err: message.into() + "\n",
            exit,
        }
    }
}
