//! Surroundings for tests.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Surroundings;

/// A day that passes while somebody waits; it begins with the year 2026.
pub(super) struct Day {
    pub(super) now: DateTime<Utc>,
    pub(super) said: Vec<String>,
    pub(super) variables: Vec<(&'static str, &'static str)>,
}

impl Day {
    pub(super) fn new() -> Self {
        Self::with(&[])
    }

    pub(super) fn with(variables: &[(&'static str, &'static str)]) -> Self {
        Self {
            now: DateTime::from_timestamp(1_767_225_600, 0).unwrap(),
            said: Vec::new(),
            variables: variables.to_vec(),
        }
    }
}

impl Surroundings for Day {
    fn variable(&self, name: &str) -> Option<String> {
        let mut variables = self.variables.iter();
        variables
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    }

    fn now(&self) -> DateTime<Utc> {
        self.now
    }

    fn pause(&mut self, time: Duration) {
        self.now += time;
    }

    fn tell(&mut self, line: &str) {
        self.said.push(line.to_owned());
    }
}
