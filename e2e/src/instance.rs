//! One running instance of the example service.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::http::Http;
use crate::launch::{Launch, Service};
use crate::outcome::Failure;
use crate::wait::eventually;

/// Longer than the example, or a server, takes for anything.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Good, bad and excluded events.
pub type Totals = (u64, u64, u64);

/// The example service, started and listening.
#[derive(Debug)]
pub struct Instance {
    /// Its process.
    pub service: Service,
    /// Its address, like `http://127.0.0.1:3000`.
    pub base: String,
}

impl Instance {
    /// Where instances say that they run: `deployment.environment.name`.
    pub const ENVIRONMENT: &str = "e2e";

    /// Pushes to `endpoint`. With the default interval of a minute nothing but the push at shutdown is ever sent.
    ///
    /// # Errors
    ///
    /// [`Failure`] when it cannot be built, or does not listen within [`PATIENCE`].
    pub fn start(name: &str, endpoint: &str, settings: &[(&str, &str)]) -> Result<Self, Failure> {
        Self::start_with(name, endpoint, &["--request-timeout", "4s"], settings)
    }

    /// The same with arguments of one's own.
    ///
    /// # Errors
    ///
    /// Those of [`start`](Self::start).
    pub fn start_with(name: &str, endpoint: &str, args: &[&str], settings: &[(&str, &str)]) -> Result<Self, Failure> {
        let mut launch = Launch::package("real-estate")?
            .named(name)
            .args(["--listen", "127.0.0.1:0", "--allow-faults"])
            .args(["--environment", Self::ENVIRONMENT])
            .args(args)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
        for (variable, value) in settings {
            launch = launch.env(variable, value);
        }
        let mut service = launch.start()?;
        let base = service.line(PATIENCE, |line| line.strip_prefix("listening on ").map(str::to_owned))?;
        Ok(Self { service, base })
    }

    /// Its own status page.
    ///
    /// # Errors
    ///
    /// [`Failure`] when it does not answer, or not in JSON.
    pub fn status(&self) -> Result<Value, Failure> {
        Ok(serde_json::from_str(
            &Http::new().get(&format!("{}/slo", self.base))?.body,
        )?)
    }

    /// Its own totals by SLO, once nothing is in flight: a client has its answer before the service has counted it.
    /// With the id of the instance.
    ///
    /// # Errors
    ///
    /// [`Failure`] when something is in flight for longer than [`PATIENCE`], or the page has no totals.
    pub fn totals_at_rest(&self) -> Result<(String, BTreeMap<String, Totals>), Failure> {
        let status = eventually(PATIENCE, || {
            let status = self.status().map_err(|failure| format!("{failure:?}"))?;
            match status["in_flight"].as_u64() {
                Some(0) => Ok(status),
                other => Err(format!("{other:?} requests are in flight")),
            }
        })?;
        let count = |totals: &Value| -> Option<Totals> {
            Some((
                totals["good"].as_u64()?,
                totals["bad"].as_u64()?,
                totals["excluded"].as_u64()?,
            ))
        };
        let unreadable = || Failure::new(format!("no totals in {status}"));
        let mut totals = BTreeMap::new();
        for slo in status["slos"].as_array().ok_or_else(unreadable)? {
            let name = slo["name"].as_str().ok_or_else(unreadable)?;
            totals.insert(name.to_owned(), count(&slo["totals"]).ok_or_else(unreadable)?);
        }
        let requests = count(&status["requests"]["totals"]).ok_or_else(unreadable)?;
        totals.insert("requests".to_owned(), requests);
        let id = status["instance_id"].as_str().ok_or_else(unreadable)?;
        Ok((id.to_owned(), totals))
    }

    /// SIGTERM, and insists on a clean end.
    ///
    /// # Errors
    ///
    /// [`Failure`] when it does not end within [`PATIENCE`], or with another code than 0.
    pub fn stop(&mut self) -> Result<(), Failure> {
        let status = self.service.stop(PATIENCE)?;
        if status.success() {
            Ok(())
        } else {
            Err(Failure::new(format!("{status}; {}", self.service.stderr())))
        }
    }
}
