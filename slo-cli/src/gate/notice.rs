//! What others get to know of one run of the gate, in a form that outlives the run.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slo_core::alert::Severity;
use slo_core::gate::{Bypass, BypassOutcome, BypassRecord, Decision, Verdict};
use slo_core::names::{self, alerts};
use uuid::Uuid;

use super::audit::Head;
use super::told::Kind;
use crate::render::plain;

/// One run, and who still has to be told of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notice {
    /// Unique: whoever is told twice can tell that it is the same.
    pub(super) run: String,
    pub(super) decided_at: DateTime<Utc>,
    pub(super) decision: Decision,
    pub(super) service: String,
    pub(super) namespace: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) revision: Option<String>,
    /// What the rules alone said.
    pub(super) would_have_been: Decision,
    /// What people are told; nothing of a run that passed or stopped by the rules alone.
    pub(crate) announcement: Option<Announcement>,
    /// The record as JSON, where the audit file could not be written.
    pub(super) unrecorded: Option<String>,
    pub(super) to_tell: Vec<Kind>,
}

/// What people are told.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Announcement {
    /// One line.
    pub(crate) summary: String,
    /// The verdict as text.
    description: String,
    /// The verdict as JSON.
    verdict: Value,
    alert: Alert,
    /// The newest record of the audit file: whoever keeps this finds out when that is cut off.
    audit_head: Option<Head>,
}

/// What an alert is called: somebody who reads its name alone should not be misled.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
enum Alert {
    #[serde(rename = "SloGateBypassed")]
    Bypassed,
    #[serde(rename = "SloGateBypassRefused")]
    Refused,
    #[serde(rename = "SloGatePassed")]
    Passed,
}

impl Alert {
    fn of(verdict: &Verdict) -> Self {
        match verdict.bypass.as_ref().map(|record| record.outcome) {
            Some(BypassOutcome::Used) => Self::Bypassed,
            Some(BypassOutcome::Refused) if verdict.exit_code != 0 => Self::Refused,
            _ => Self::Passed,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Bypassed => "SloGateBypassed",
            Self::Refused => "SloGateBypassRefused",
            Self::Passed => "SloGatePassed",
        }
    }
}

impl Notice {
    /// Of a verdict; nobody has to be told yet.
    pub(crate) fn new(verdict: &Verdict, audit_head: Option<Head>) -> Self {
        Self {
            run: Uuid::new_v4().to_string(),
            decided_at: verdict.decided_at,
            decision: verdict.decision,
            service: verdict.service.clone(),
            namespace: verdict.namespace.clone(),
            environment: verdict.environment.clone(),
            revision: verdict.revision.clone(),
            would_have_been: verdict.would_have_been,
            announcement: verdict.announce.then(|| Announcement {
                summary: summary(verdict),
                description: verdict.to_string(),
                // Its numbers are finite and its keys texts: there is nothing that JSON could not say.
                verdict: serde_json::to_value(verdict).unwrap_or_default(),
                alert: Alert::of(verdict),
                audit_head,
            }),
            unrecorded: None,
            to_tell: Vec::new(),
        }
    }

    /// The same of a run whose record could not be written: it waits with the rest.
    pub(crate) fn unrecorded(self, verdict: &Verdict) -> Self {
        Self {
            unrecorded: serde_json::to_string(verdict).ok(),
            ..self
        }
    }

    /// For a webhook; nothing where people need not know.
    pub(super) fn webhook(&self) -> Option<Value> {
        let announcement = self.announcement.as_ref()?;
        Some(json!({
            "run": self.run,
            "summary": announcement.summary,
            "verdict": announcement.verdict,
            "environment": self.environment,
            "audit_head": announcement.audit_head,
        }))
    }

    /// For Alertmanager: an alert that lasts for an hour, as somebody should read it and nobody can mend it.
    pub(super) fn alert(&self, now: DateTime<Utc>) -> Option<Value> {
        let announcement = self.announcement.as_ref()?;
        let mut labels = json!({
            alerts::ALERT_NAME: announcement.alert.as_str(),
            alerts::SEVERITY: Severity::Ticket.as_str(),
            names::SERVICE_NAME.label: self.service,
            names::GATE_VERDICT.label: self.decision.as_str(),
        });
        for (label, value) in [
            (names::SERVICE_NAMESPACE.label, &self.namespace),
            (names::DEPLOYMENT_ENVIRONMENT_NAME.label, &self.environment),
            ("revision", &self.revision),
        ] {
            // Alertmanager takes an empty label for none.
            labels[label] = json!(value.as_deref().unwrap_or_default());
        }
        let head = announcement.audit_head.as_ref();
        let at = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        Some(json!([{
            "labels": labels,
            "annotations": {
                alerts::SUMMARY: announcement.summary,
                alerts::DESCRIPTION: announcement.description,
                "audit_head": head.map_or("", |head| head.hash.as_str()),
            },
            "startsAt": at(self.decided_at),
            // From now: one that is told late would have ended, and nobody would be sent it.
            "endsAt": at(now.max(self.decided_at) + TimeDelta::hours(1)),
        }]))
    }
}

fn summary(verdict: &Verdict) -> String {
    let revision = verdict.revision.as_deref().unwrap_or("an unnamed revision");
    let passed = match &verdict.bypass {
        Some(record) => of_bypass(record),
        None => format!(
            "{}, the rules alone: {}",
            verdict.decision.as_str(),
            verdict.would_have_been.as_str()
        ),
    };
    let place = verdict.environment.as_ref().map(|name| format!(" in {name}"));
    plain(&format!(
        "deploy gate of {}{}, {revision}: {passed} ({})",
        verdict.service,
        place.unwrap_or_default(),
        verdict.reason
    ))
}

/// Who, why and until when; or why not.
fn of_bypass(record: &BypassRecord) -> String {
    let Bypass {
        who, why, expires_at, ..
    } = &record.bypass;
    let until = match expires_at {
        Some(at) => format!("until {}", at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        None => "for this revision, with no end".to_owned(),
    };
    match &record.refusal {
        Some(refusal) => {
            let who = if who.trim().is_empty() { "nobody" } else { who };
            format!("bypass refused: {refusal}; asked for by {who}: {why}")
        }
        None if record.outcome == BypassOutcome::Used => format!("bypass used by {who}: {why}; it holds {until}"),
        None => format!("bypass not needed, by {who}: {why}; it holds {until}"),
    }
}

#[cfg(test)]
impl Notice {
    /// A bypass in production.
    pub(super) fn example() -> Self {
        Self {
            run: "4711".to_owned(),
            decided_at: DateTime::from_timestamp(1_767_225_600, 250_000_000).unwrap(),
            decision: Decision::Bypassed,
            service: "shop".to_owned(),
            namespace: Some("sales".to_owned()),
            environment: Some("production".to_owned()),
            revision: Some("4f2a".to_owned()),
            would_have_been: Decision::Blocked,
            announcement: Some(Announcement {
                summary: "deploy gate of shop".to_owned(),
                description: "bypassed".to_owned(),
                verdict: json!({"decision": "bypassed"}),
                alert: Alert::Bypassed,
                audit_head: None,
            }),
            unrecorded: None,
            to_tell: vec![Kind::Alertmanager, Kind::Webhook, Kind::Otlp],
        }
    }
}

#[cfg(test)]
mod tests {
    use slo_core::gate::{Evidence, GateRules, Observation, Request, Unseen};
    use slo_core::{Events, SloSet};

    use super::*;

    #[test]
    fn one_that_is_told_late_lasts_for_an_hour_from_then_and_says_when_it_was() {
        let notice = Notice::example();
        let alert = |late: i64| notice.alert(notice.decided_at + TimeDelta::minutes(late)).unwrap()[0].clone();
        for (late, ends) in [
            (0, "2026-01-01T01:00:00Z"),
            (90, "2026-01-01T02:30:00Z"),
            (-5, "2026-01-01T01:00:00Z"),
        ] {
            assert_eq!(
                (&alert(late)["startsAt"], &alert(late)["endsAt"]),
                (&"2026-01-01T00:00:00Z".into(), &ends.into())
            );
        }
        assert_eq!(alert(0)["labels"]["alertname"], "SloGateBypassed");
    }

    #[test]
    fn people_are_told_nothing_of_a_run_that_is_no_news() {
        let quiet = Notice {
            announcement: None,
            ..Notice::example()
        };
        assert_eq!((quiet.webhook(), quiet.alert(quiet.decided_at)), (None, None));
    }

    #[test]
    fn a_notice_is_the_same_when_it_is_read_again() {
        let notice = Notice::example();
        let text = serde_json::to_string(&notice).unwrap();
        assert_eq!(serde_json::from_str::<Notice>(&text).unwrap(), notice);
    }

    #[test]
    fn an_alert_is_called_by_what_happened() {
        let slos = SloSet::builder("shop").build().unwrap();
        let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        let burning = || Observation::seen("", Events::new(0, 1_000));
        let evidence = |seen| Evidence::new(seen, Observation::unseen("", Unseen::NeverSeen));
        let bypass = |who: &str| Bypass {
            who: who.to_owned(),
            why: "hurry".to_owned(),
            revision: "4f2a".to_owned(),
            expires_at: None,
        };
        let deploy = || Request::deploy().revision("4f2a");
        for (request, seen, name, said) in [
            (
                deploy().bypass(bypass("Ana")),
                burning(),
                "SloGateBypassed",
                "bypass used by Ana: hurry; it holds for this",
            ),
            (
                deploy().bypass(bypass("")),
                burning(),
                "SloGateBypassRefused",
                "asked for by nobody: hurry (",
            ),
            (
                deploy().bypass(bypass("Ana")),
                Observation::unseen("", Unseen::NeverSeen),
                "SloGatePassed",
                "bypass not needed, by Ana: hurry",
            ),
            (
                Request::rollback().environment("production"),
                burning(),
                "SloGatePassed",
                "of shop in production, ",
            ),
        ] {
            let verdict = GateRules::default().judge(&slos, &evidence(seen), &request, now);
            let notice = Notice::new(&verdict, None);
            assert_eq!(notice.alert(now).unwrap()[0]["labels"]["alertname"], name);
            let summary = notice.announcement.unwrap().summary;
            assert!(summary.contains(said), "{summary}");
        }
    }
}
