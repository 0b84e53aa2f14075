//! The world around a command.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// The world around a command: its environment, its clock, and whoever waits for it.
pub trait Surroundings {
    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<String>;
    /// The time now.
    fn now(&self) -> DateTime<Utc>;
    /// Waits.
    fn pause(&mut self, time: Duration);
    /// Says how it goes while it goes on.
    fn tell(&mut self, line: &str);
}
