//! Telling people of what passes although the rules alone would not let it: nothing of that is silent.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use slo_core::gate::{BypassOutcome, Verdict};
use slo_core::names;
use ureq::Agent;

use super::audit::Head;
use crate::render::plain;

/// Who is told.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Sink {
    /// An Alertmanager: what stands before `/api/v2`.
    Alertmanager(String),
    /// An address that takes JSON.
    Webhook(String),
}

/// What they are told.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Announcement<'a> {
    /// One line.
    pub summary: String,
    /// The whole verdict.
    pub verdict: &'a Verdict,
    /// The environment, if named.
    pub environment: Option<&'a str>,
    /// The newest record of the audit file: whoever keeps this finds out when that is cut off.
    pub audit_head: Option<&'a Head>,
}

impl<'a> Announcement<'a> {
    /// Of a verdict that asks for it; `None` of any other.
    #[must_use]
    pub fn of(verdict: &'a Verdict, environment: Option<&'a str>, audit_head: Option<&'a Head>) -> Option<Self> {
        verdict.announce.then(|| Self {
            summary: summary(verdict),
            verdict,
            environment,
            audit_head,
        })
    }

    /// Tells one of them, within so long.
    ///
    /// # Errors
    ///
    /// Why they could not be told, in words without secrets.
    pub fn tell(&self, sink: &Sink, within: Duration) -> Result<(), String> {
        match sink {
            Sink::Alertmanager(base) => {
                let url = format!("{}/api/v2/alerts", base.trim_end_matches('/'));
                post(&url, &json!([self.alert()]), within).map_err(|why| format!("Alertmanager: {why}"))
            }
            Sink::Webhook(url) => post(url, &json!(self), within).map_err(|why| format!("webhook: {why}")),
        }
    }

    /// An alert that lasts for an hour: somebody should read it, and nobody can mend it.
    fn alert(&self) -> Value {
        let verdict = self.verdict;
        let at = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut labels = json!({
            "alertname": if self.is_bypass() { "SloGateBypassed" } else { "SloGatePassed" },
            "severity": "ticket",
            names::SERVICE_NAME.label: verdict.service,
            names::GATE_VERDICT.label: verdict.decision.as_str(),
        });
        for (label, value) in [
            (names::DEPLOYMENT_ENVIRONMENT_NAME.label, self.environment),
            ("revision", verdict.revision.as_deref()),
        ] {
            // Alertmanager takes an empty label for none.
            labels[label] = json!(value.unwrap_or_default());
        }
        json!({
            "labels": labels,
            "annotations": {
                "summary": self.summary,
                "description": verdict.to_string(),
                "audit_head": self.audit_head.map_or("", |head| head.hash.as_str()),
            },
            "startsAt": at(verdict.decided_at),
            "endsAt": at(verdict.decided_at + TimeDelta::hours(1)),
        })
    }

    fn is_bypass(&self) -> bool {
        let record = self.verdict.bypass.as_ref();
        record.is_some_and(|record| record.outcome == BypassOutcome::Used)
    }
}

fn summary(verdict: &Verdict) -> String {
    let revision = verdict.revision.as_deref().unwrap_or("an unnamed revision");
    let passed = match &verdict.bypass {
        Some(record) => format!(
            "bypass {} by {}: {}",
            record.outcome.as_str(),
            record.bypass.who,
            record.bypass.why
        ),
        None => format!(
            "{}, the rules alone: {}",
            verdict.decision.as_str(),
            verdict.would_have_been.as_str()
        ),
    };
    plain(&format!(
        "deploy gate of {}, {revision}: {passed} ({})",
        verdict.service, verdict.reason
    ))
}

fn post(url: &str, body: &Value, within: Duration) -> Result<(), String> {
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(within))
        .build()
        .into();
    let sent = agent.post(url).content_type("application/json").send(body.to_string());
    match sent {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("it answered with status {}", answer.status().as_u16())),
        Err(ureq::Error::Timeout(_)) => Err("it did not answer in time".to_owned()),
        Err(error) => Err(plain(&error.to_string())),
    }
}
