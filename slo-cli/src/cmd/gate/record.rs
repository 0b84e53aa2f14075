//! What is left of a run: a record, people who know of it, a metric.

use chrono::{DateTime, Utc};
use slo_core::gate::Verdict;

use super::Surroundings;
use crate::args::GateArgs;
use crate::cmd::login;
use crate::gate::{Collector, Notice, Of, Sinks, Spool, audit, tell};

/// Whom the arguments and the environment name, and what cannot be used of the latter; else what is wrong with the
/// arguments.
pub(super) fn sinks(args: &GateArgs, around: &impl Surroundings) -> Result<(Sinks, String), String> {
    let given = |url: &Option<String>| url.clone().filter(|url| !url.trim().is_empty());
    let sinks = Sinks::within(args.engine.timeout)
        .alertmanager(given(&args.alertmanager.url))
        .let_into_alertmanager(login::alertmanager(&args.alertmanager, around)?)
        .webhook(given(&args.webhook.url))
        .let_into_webhook(login::webhook(&args.webhook, around)?);
    match Collector::find(args.otlp.as_deref(), |name| around.variable(name)) {
        Ok(collector) => Ok((sinks.collector(collector), String::new())),
        Err(error) if args.otlp.is_some() => Err(format!("slo: {error}")),
        // Variables that were set for other programs keep nobody from deploying.
        Err(error) => Ok((sinks, format!("slo: NOT RECORDED as a metric: {error}\n"))),
    }
}

/// Writes the run down and tells people of it, where that is asked for; what went wrong with that, for standard error.
///
/// Monitoring that is down keeps nobody from deploying the cure: the verdict stands, loudly.
pub(super) fn record_and_announce(verdict: &Verdict, args: &GateArgs, sinks: &Sinks, now: DateTime<Utc>) -> String {
    let mut said = String::new();
    let mut complain = |what: &str| said.push_str(&format!("slo: {what}\n"));
    let mut record = String::new();
    let recorded = args.audit.as_ref().map(|file| match file.to_str() {
        Some("-") => audit::line(verdict).map(|(head, line)| {
            record = line + "\n";
            head
        }),
        _ => audit::append(file, verdict),
    });
    let head = recorded.and_then(|recorded| {
        recorded
            .map_err(|error| complain(&format!("NOT RECORDED: {error}")))
            .ok()
    });
    let of = Of {
        namespace: args.namespace.as_deref(),
        environment: args.environment.as_deref(),
    };
    let notice = Notice::new(verdict, of, head.clone());
    if let Some(announcement) = &notice.announcement {
        complain(&announcement.summary);
    }
    let spool = args.spool.as_ref().map(Spool::new);
    for what in tell(notice, sinks, spool.as_ref(), now) {
        complain(&what);
    }
    if let Some(head) = head {
        complain(&format!("audit record {} is {}", head.sequence, head.hash));
    }
    said + &record
}
