//! One running instance of the example service.

use std::collections::BTreeMap;
use std::time::Duration;

use e2e::{Failure, Http, Launch, Service, eventually};
use serde_json::Value;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const ENVIRONMENT: &str = "e2e";

/// Good, bad and excluded events.
pub(crate) type Totals = (u64, u64, u64);

pub(crate) struct Instance {
    pub(crate) service: Service,
    pub(crate) base: String,
}

impl Instance {
    /// Pushes to `endpoint`. With the default interval of a minute nothing but the push at shutdown is ever sent.
    pub(crate) fn start(name: &str, endpoint: &str, settings: &[(&str, &str)]) -> Result<Self, Failure> {
        Self::start_with(name, endpoint, &["--request-timeout", "4s"], settings)
    }

    /// The same with arguments of one's own.
    pub(crate) fn start_with(
        name: &str,
        endpoint: &str,
        args: &[&str],
        settings: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let mut launch = Launch::package("real-estate")?
            .named(name)
            .args(["--listen", "127.0.0.1:0", "--allow-faults"])
            .args(["--environment", ENVIRONMENT])
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
    pub(crate) fn status(&self) -> Result<Value, Failure> {
        Ok(serde_json::from_str(
            &Http::new().get(&format!("{}/slo", self.base))?.body,
        )?)
    }

    /// Its own totals by SLO, once nothing is in flight: a client has its answer before the service has counted it.
    pub(crate) fn totals_at_rest(&self) -> Result<(String, BTreeMap<String, Totals>), Failure> {
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
    pub(crate) fn stop(&mut self) -> Result<(), Failure> {
        let status = self.service.stop(PATIENCE)?;
        if status.success() {
            Ok(())
        } else {
            Err(Failure::new(format!("{status}; {}", self.service.stderr())))
        }
    }
}
