//! Exit codes, the same for every command.

use std::process::ExitCode;

/// How a command ended.
///
/// # Examples
///
/// ```
/// use slo_cli::exit::Exit;
///
/// assert_eq!(Exit::Usage.code(), 2);
/// assert_eq!(Exit::Pass.worse(Exit::Usage), Exit::Usage);
/// assert_ne!(Exit::Refused.code(), Exit::NoAnswer.code()); // a proven breach is not a failure to find out
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[must_use]
#[non_exhaustive]
pub enum Exit {
    /// 0: what was asked is so.
    Pass,
    /// 1: it is proven not to be so.
    Refused,
    /// 2: the command line or a spec is wrong.
    Usage,
    /// 3: it could not be found out.
    NoAnswer,
}

impl Exit {
    /// The number that the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::NoAnswer => 3,
        }
    }

    /// The higher of two codes, for a command that does several things.
    pub fn worse(self, other: Self) -> Self {
        self.max(other)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
