//! Who we say that we are.

use std::fmt;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::EngineError;
use crate::render::shown;

/// A text that is never shown.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Reads a secret from a file; white space at its end, as editors leave it, is no part of it.
    ///
    /// # Errors
    ///
    /// [`EngineError::Secret`] when the file cannot be read or is empty.
    pub fn from_file(what: &'static str, path: &Path) -> Result<Self, EngineError> {
        let from = || format!("`{}`", shown(path));
        let text = fs::read_to_string(path).map_err(|error| EngineError::Secret {
            what,
            from: from(),
            reason: error.to_string(),
        })?;
        match text.trim_end() {
            "" => Err(EngineError::Secret {
                what,
                from: from(),
                reason: "the file is empty".to_owned(),
            }),
            text => Ok(Self::new(text)),
        }
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// How to log in.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Login {
    /// `Authorization: Bearer`.
    Bearer(Secret),
    /// `Authorization: Basic`.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: Secret,
    },
}

impl Login {
    /// What must not be shown, however somebody came to say it.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        let header = self.header();
        let encoded = header.split_once(' ').map(|(_, value)| Secret::new(value));
        let secret = match self {
            Self::Bearer(secret) | Self::Basic { password: secret, .. } => secret.clone(),
        };
        encoded.into_iter().chain([secret]).collect()
    }

    /// The value of the header `Authorization`.
    pub(super) fn header(&self) -> String {
        match self {
            Self::Bearer(token) => format!("Bearer {}", token.expose()),
            Self::Basic { user, password } => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let login = Login::Basic {
            user: "ana".to_owned(),
            password: Secret::new("hunter2"),
        };
        assert_eq!(format!("{login:?}"), r#"Basic { user: "ana", password: *** }"#);
        assert_eq!(login.header(), "Basic YW5hOmh1bnRlcjI=");
        assert_eq!(Login::Bearer(Secret::new("t")).header(), "Bearer t");
    }
}
