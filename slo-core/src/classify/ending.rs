//! How a request ended, and the names of the ends that are no answer.

use core::fmt;
use core::str::FromStr;

/// How a request ended, as far as the service can know.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Ending {
    /// The response was sent with this status code, 100 to 999.
    Answered(u16),
    /// The inner service returned an error instead of a response.
    ServiceError,
    /// The response's body failed after the head was sent.
    BodyError,
    /// The handler or the body panicked.
    Panicked,
    /// A timeout that the service reports as an error of its own rather than as a status code.
    TimedOut,
    /// The client was gone before the response was complete.
    Cancelled,
}

impl Ending {
    /// The name of an end that is no answer; `None` for an answer, whose status code speaks.
    ///
    /// # Examples
    ///
    /// ```
    /// use slo_core::{Ending, EndingName};
    ///
    /// assert_eq!(Ending::Panicked.name(), Some(EndingName::Panic));
    /// assert_eq!(Ending::Answered(500).name(), None);
    /// ```
    #[must_use]
    pub const fn name(self) -> Option<EndingName> {
        match self {
            Self::Answered(_) => None,
            Self::ServiceError => Some(EndingName::Service),
            Self::BodyError => Some(EndingName::Body),
            Self::Panicked => Some(EndingName::Panic),
            Self::TimedOut => Some(EndingName::Timeout),
            Self::Cancelled => Some(EndingName::Cancelled),
        }
    }
}

/// An end that is no answer, by the name that a spec and the attribute `error.type` have for it.
///
/// # Examples
///
/// ```
/// use slo_core::{EndingName, EndingNameError};
///
/// assert_eq!("panic".parse::<EndingName>()?, EndingName::Panic);
/// assert_eq!(EndingName::Cancelled.to_string(), "cancelled");
/// assert!("crash".parse::<EndingName>().is_err());
/// # Ok::<(), EndingNameError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum EndingName {
    /// [`Ending::ServiceError`].
    Service,
    /// [`Ending::BodyError`].
    Body,
    /// [`Ending::Panicked`].
    Panic,
    /// [`Ending::TimedOut`].
    Timeout,
    /// [`Ending::Cancelled`].
    Cancelled,
}

impl EndingName {
    /// Every name.
    pub const ALL: [Self; 5] = [Self::Service, Self::Body, Self::Panic, Self::Timeout, Self::Cancelled];

    /// The name as a spec writes it, and the value of the attribute `error.type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Body => "body",
            Self::Panic => "panic",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
        }
    }

    /// Its place in [`ALL`](Self::ALL).
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

/// Why a text is not an [`EndingName`]; holds the text.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not the name of an ending; write `service`, `body`, `panic`, `timeout` or `cancelled`")]
pub struct EndingNameError(String);

impl FromStr for EndingName {
    type Err = EndingNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|name| name.as_str() == text);
        known.ok_or_else(|| EndingNameError(text.to_owned()))
    }
}

impl fmt::Display for EndingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_shown_as_written_and_stand_at_their_index() {
        for (index, name) in EndingName::ALL.into_iter().enumerate() {
            assert_eq!(name.to_string().parse(), Ok(name));
            assert_eq!(name.index(), index);
        }
        for text in ["", "Panic", "panics", " panic", "5xx"] {
            assert_eq!(
                text.parse::<EndingName>(),
                Err(EndingNameError(text.to_owned())),
                "{text:?}"
            );
        }
        assert_eq!(
            "crash".parse::<EndingName>().unwrap_err().to_string(),
            "`crash` is not the name of an ending; write `service`, `body`, `panic`, `timeout` or `cancelled`"
        );
    }
}
