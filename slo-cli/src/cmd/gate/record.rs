//! What is left of a run: a record, people who know of it, a metric.

use chrono::{DateTime, Utc};
use slo_core::gate::{Decision, Verdict};

use super::Surroundings;
use super::wish::{audit_file, is_the_way_back};
use crate::args::GateArgs;
use crate::cmd::login;
use crate::gate::audit::{self, AuditError, Before, Head};
use crate::gate::{Collector, Notice, Sinks, Spool, tell};
use crate::prom::Access;
use crate::web::http_address;

/// What cannot be used of the arguments and of the environment.
#[derive(Debug, Default)]
pub(super) struct Mistakes {
    /// Of the arguments, and of the variables that only this tool reads: wrong usage.
    pub(super) usage: Vec<String>,
    /// Of variables that were set for other programs, which keep nobody from deploying.
    others: Vec<String>,
}

impl Mistakes {
    /// For standard error, of a run that goes on all the same.
    pub(super) fn said(&self) -> String {
        let lines = self.usage.iter().chain(&self.others);
        lines.fold(String::new(), |said, line| said + line + "\n")
    }
}

/// Whom the arguments and the environment name, and what cannot be used of them.
pub(super) fn sinks(args: &GateArgs, around: &impl Surroundings) -> (Sinks, Mistakes) {
    let mut mistakes = Mistakes::default();
    let mut usable = |url: &Option<String>, flag: &str, variable: &str| {
        let url = url.as_deref().map(str::trim).filter(|url| !url.is_empty())?;
        if http_address(url).is_some() {
            return Some(url.to_owned());
        }
        // Not shown: an address may be a secret as a whole.
        mistakes.usage.push(format!(
            "slo: {flag}, or {variable}, is not an address; write one with `http://` or `https://`, a host, and no `#`"
        ));
        None
    };
    let sinks = Sinks::within(args.engine.timeout)
        .audit(audit_file(args).filter(|file| !is_log(file)).map(Into::into))
        .alertmanager(usable(&args.alertmanager.url, "--alertmanager", "SLO_ALERTMANAGER_URL"))
        .webhook(usable(&args.webhook.url, "--webhook", "SLO_WEBHOOK_URL"));
    let mut let_in = |access: Result<Access, String>| {
        access
            .map_err(|mistake| mistakes.usage.push(mistake))
            .unwrap_or_default()
    };
    let sinks = sinks
        .let_into_alertmanager(let_in(login::alertmanager(&args.alertmanager, around)))
        .let_into_webhook(let_in(login::webhook(&args.webhook, around)));
    match Collector::find(args.otlp.as_deref(), |name| around.variable(name)) {
        Ok(collector) => (sinks.collector(collector), mistakes),
        Err(error) => {
            if args.otlp.is_some() {
                mistakes.usage.push(format!("slo: {error}"));
            } else {
                mistakes.others.push(format!("slo: NOT RECORDED as a metric: {error}"));
            }
            (sinks, mistakes)
        }
    }
}

/// What became of the record of a run.
#[derive(Debug, Default)]
pub(super) struct Kept {
    head: Option<Head>,
    /// For the log, which is standard error.
    line: String,
    said: Vec<String>,
    failure: Option<String>,
}

/// Writes the run down, where that is asked for.
pub(super) fn write_down(verdict: &Verdict, args: &GateArgs) -> Kept {
    let mut kept = Kept::default();
    let written = match audit_file(args) {
        None => return kept,
        Some(file) if is_log(file) => audit::line(verdict).map(|(head, line)| {
            kept.line = line + "\n";
            head
        }),
        Some(file) => audit::append(file, verdict, args.engine.timeout).map(|appended| {
            kept.said.extend(news(appended.to).map(ToOwned::to_owned));
            appended.head
        }),
    };
    match written {
        Ok(head) => kept.head = Some(head),
        Err(error) => kept.failed(&error),
    }
    kept
}

impl Kept {
    fn failed(&mut self, error: &AuditError) {
        self.said.push(format!("NOT RECORDED: {error}"));
        self.failure = Some(error.to_string());
    }
}

/// What somebody should know of the file that a record was added to.
fn news(to: Before) -> Option<&'static str> {
    match to {
        Before::Record => None,
        Before::Nothing => Some("the audit file begins with this record; if there were others, it was replaced"),
        Before::Damage => Some("the last line of the audit file is no record; see `slo gate audit`"),
    }
}

/// Why nobody would hear of what passes against the rules: the audit file was to tell it alone, and did not take it.
pub(super) fn unheard(verdict: &Verdict, kept: &Kept, sinks: &Sinks) -> Option<String> {
    let failure = kept.failure.as_ref().filter(|_| !sinks.reach_people())?;
    Some(format!("nobody would hear of it: {failure}")).filter(|_| verdict.exit_code == 0)
}

/// Tells people of the run, where that is asked for; all that is to say of it on standard error.
///
/// Monitoring that is down keeps nobody from deploying the cure: the verdict stands, loudly.
pub(super) fn announce(verdict: &Verdict, args: &GateArgs, kept: Kept, sinks: &Sinks, now: DateTime<Utc>) -> String {
    let mut said = String::new();
    let mut complain = |what: &str| said.push_str(&format!("slo: {what}\n"));
    kept.said.iter().for_each(|what| complain(what));
    let mut notice = Notice::new(verdict, kept.head.clone());
    if kept.failure.is_some() {
        notice = notice.unrecorded(verdict);
    }
    if let Some(announcement) = &notice.announcement {
        complain(&announcement.summary);
    }
    if is_the_way_back(args) && audit_file(args).is_none() {
        complain(&lost(verdict, sinks));
    }
    let spool = args.spool.as_ref().filter(|folder| !folder.as_os_str().is_empty());
    let spool = spool.map(Spool::new);
    for what in tell(notice, sinks, spool.as_ref(), now) {
        complain(&what);
    }
    if let Some(head) = kept.head {
        complain(&format!("audit record {} is {}", head.sequence, head.hash));
    }
    said + &kept.line
}

/// Of a way back without an audit file: it passes, and leaves a trace in this log alone, or with those who are told.
fn lost(verdict: &Verdict, sinks: &Sinks) -> String {
    let told = verdict.announce && sinks.reach_people();
    let whom = if told {
        "people are told, and no record is kept"
    } else {
        "nobody is told, and no record is kept"
    };
    let what = match verdict.would_have_been {
        Decision::Allowed => "which any deploy could do now",
        _ => "which a deploy could not",
    };
    format!("NOT RECORDED: this way back passes, {what}; {whom}: give --audit")
}

fn is_log(file: &std::path::Path) -> bool {
    file.as_os_str() == "-"
}
