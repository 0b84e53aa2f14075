//! How to ask an engine, before it is asked.

use std::path::Path;
use std::time::Duration;

use super::answer::Answers;
use super::retries::Retries;
use super::secrets::Secrets;
use super::{Access, Engine, EngineError, Login, address};
use crate::web::agent;

/// How to ask an engine.
#[derive(Clone, Debug)]
#[must_use = "nothing is asked before `build`"]
pub struct EngineBuilder {
    address: String,
    login: Option<Login>,
    access: Access,
    within: Duration,
    retries: Retries,
    largest: u64,
}

impl Engine {
    /// An engine at an address: what stands before `/api/v1`, like `http://prometheus:9090`.
    pub fn at(address: impl Into<String>) -> EngineBuilder {
        EngineBuilder {
            address: address.into(),
            login: None,
            access: Access::default(),
            within: WITHIN,
            retries: Retries::default(),
            largest: LARGEST_ANSWER,
        }
    }
}

impl EngineBuilder {
    /// Logs in.
    pub fn login(mut self, login: Login) -> Self {
        self.login = Some(login);
        self
    }

    /// Adds a header to each request, written `Name: value`: a tenant, for example.
    ///
    /// # Errors
    ///
    /// [`EngineError::Header`] for what HTTP cannot carry.
    pub fn header(mut self, line: &str) -> Result<Self, EngineError> {
        self.access = self.access.header(line)?;
        Ok(self)
    }

    /// Trusts the certificates of this file in PEM, and no others.
    ///
    /// # Errors
    ///
    /// [`EngineError::Certificates`] when the file cannot be read or has none.
    pub fn trusting(mut self, file: &Path) -> Result<Self, EngineError> {
        self.access = self.access.trusting(file)?;
        Ok(self)
    }

    /// Is let in by this, instead of by what was said before.
    pub(crate) fn let_in_by(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// The time that all tries of one query share, 10 s unless said otherwise.
    pub const fn within(mut self, time: Duration) -> Self {
        self.within = time;
        self
    }

    /// How often a query is tried again when the engine cannot be reached or is overloaded, twice unless said otherwise.
    pub const fn retries(mut self, times: u32) -> Self {
        self.retries.times = times;
        self
    }

    /// The pause before the first of these tries, 200 ms unless said otherwise; it doubles each time.
    pub const fn pause(mut self, pause: Duration) -> Self {
        self.retries.pause = pause;
        self
    }

    /// The largest answer that is read, in bytes; 8 MB unless said otherwise.
    pub const fn largest_answer(mut self, bytes: u64) -> Self {
        self.largest = bytes;
        self
    }

    /// Checks the whole; asks nothing yet.
    ///
    /// # Errors
    ///
    /// [`EngineError`] for an address or a login that cannot be used.
    pub fn build(self) -> Result<Engine, EngineError> {
        let source = address::checked(&self.address)?;
        let access = match &self.login {
            Some(login) => self.access.login(login)?,
            None => self.access,
        };
        Ok(Engine {
            agent: agent(access.trusted(), None),
            headers: access.headers().clone(),
            retries: self.retries,
            answers: Answers {
                source,
                secrets: Secrets::of(&access),
                within: self.within,
                largest: self.largest,
            },
        })
    }
}

const WITHIN: Duration = Duration::from_secs(10);
/// A gate's answers have a few hundred bytes; ten thousand series are some 5 MB.
const LARGEST_ANSWER: u64 = 8_000_000;
