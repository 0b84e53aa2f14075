//! What lets us in: who we say that we are, what stands in each request, and whom we trust.

use std::path::Path;

use ureq::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::tls::Trusted;
use super::{EngineError, Login, Secret};
use crate::render::shown;

/// What lets us in somewhere. Shown, it tells no secret.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Access {
    headers: HeaderMap,
    trusted: Option<Trusted>,
    /// Of the headers: what is not to be shown, however somebody came to say it.
    secrets: Vec<Secret>,
}

impl Access {
    /// Logs in; the last login counts.
    ///
    /// # Errors
    ///
    /// [`EngineError::Header`] for a token or a user that HTTP cannot carry.
    pub fn login(mut self, login: &Login) -> Result<Self, EngineError> {
        let refused = |_| EngineError::Header("Authorization".to_owned());
        let mut value = HeaderValue::try_from(login.header()).map_err(refused)?;
        value.set_sensitive(true);
        self.headers.insert(AUTHORIZATION, value);
        self.secrets.extend(login.secrets());
        Ok(self)
    }

    /// Adds a header to each request, written `Name: value`: a tenant, for example.
    ///
    /// # Errors
    ///
    /// [`EngineError::NoHeader`] without a name, [`EngineError::Header`] for what HTTP cannot carry.
    pub fn header(mut self, line: &str) -> Result<Self, EngineError> {
        // Nothing of the line is shown but a name that is one: with the colon forgotten it is the secret as well.
        let (name, value) = line.split_once(':').ok_or(EngineError::NoHeader)?;
        let name = HeaderName::try_from(name.trim()).map_err(|_| EngineError::NoHeader)?;
        let refused = |_| EngineError::Header(name.to_string());
        let text = value.trim();
        let mut value = HeaderValue::try_from(text).map_err(refused)?;
        self.secrets.push(Secret::new(text));
        value.set_sensitive(true);
        self.headers.append(name, value);
        Ok(self)
    }

    /// Trusts the certificates of this file in PEM, and no others.
    ///
    /// # Errors
    ///
    /// [`EngineError::Certificates`] when the file cannot be read or has none.
    pub fn trusting(mut self, file: &Path) -> Result<Self, EngineError> {
        let trusted = Trusted::from_file(file).map_err(|reason| EngineError::Certificates {
            file: shown(file),
            reason,
        })?;
        self.trusted = Some(trusted);
        Ok(self)
    }

    pub(crate) const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(super) fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    pub(crate) const fn trusted(&self) -> Option<&Trusted> {
        self.trusted.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lets_us_in_is_never_shown() {
        let access = Access::default().header("X-Key: hush").unwrap();
        let access = access.login(&Login::Bearer(Secret::new("hush"))).unwrap();
        assert_eq!(access.headers()["x-key"], "hush");
        assert_eq!(access.headers()["authorization"], "Bearer hush");
        assert!(!format!("{access:?}").contains("hush"), "{access:?}");
    }

    #[test]
    fn the_last_login_counts_and_headers_add_up() {
        let access = Access::default()
            .header("X-Key: one")
            .unwrap()
            .header("X-Key: two")
            .unwrap();
        let login = |token: &str| Login::Bearer(Secret::new(token));
        let access = access.login(&login("a")).unwrap().login(&login("b")).unwrap();
        assert_eq!(access.headers().get_all("x-key").iter().count(), 2);
        let logins = access.headers().get_all("authorization").iter();
        assert_eq!(logins.collect::<Vec<_>>(), ["Bearer b"]);
        let broken = Access::default().login(&login("two\nlines")).unwrap_err();
        assert_eq!(broken, EngineError::Header("Authorization".to_owned()));
    }
}
