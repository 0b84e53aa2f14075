//! What the arguments ask for: forwards or back, what for, and whatever the commit's message has to say.

use chrono::{DateTime, TimeDelta, Utc};
use slo_core::gate::{Bypass, Class, Request};

use crate::args::{self, GateArgs};
use crate::gate::{Marker, Sinks};
use crate::render::plain;

/// Whether it leads back to what ran before, which nothing may keep from passing.
pub(super) fn is_the_way_back(args: &GateArgs) -> bool {
    args.action == args::Action::Rollback || args.ran_before
}

/// The request. Nothing of the message is wrong usage: the gate refuses what is wrong with a bypass, in words.
pub(super) fn request(args: &GateArgs, sinks: &Sinks) -> Request {
    let mut request = match args.action {
        args::Action::Deploy => Request::deploy(),
        args::Action::Rollback => Request::rollback(),
    };
    if args.class == args::Class::Reliability {
        request = request.class(Class::Reliability);
    }
    if args.ran_before {
        request = request.ran_before();
    }
    if let Some(revision) = said(&args.revision) {
        request = request.revision(revision);
    }
    if let Some(environment) = said(&args.environment) {
        request = request.environment(environment);
    }
    if let Some(namespace) = said(&args.namespace) {
        request = request.namespace(namespace);
    }
    if let Some(author) = said(&args.author) {
        request = request.author(author);
    }
    if let Some(why) = nobody_hears(args, sinks) {
        request = request.unheard(why);
    }
    let message = args.message.as_deref().unwrap_or_default();
    if let Some(why) = Marker::why_not(message) {
        request = request.warning(why);
    }
    match Marker::in_message(message) {
        Some(marker) => with_bypass(request, marker, args),
        None => match committed_at(args) {
            Ok(_) => request,
            Err(why) => request.warning(format!("{why}: by this one no bypass would count that names no end")),
        },
    }
}

/// When the commit was made, where somebody tells it.
fn committed_at(args: &GateArgs) -> Result<Option<DateTime<Utc>>, String> {
    let read = |text| args::moment(text).ok_or_else(|| no_time("--committed-at", text));
    said(&args.committed_at).map(read).transpose()
}

fn no_time(name: &str, text: &str) -> String {
    format!(
        "`{name} {}` is not a time; write it like `2026-01-01T12:00:00Z`",
        plain(text)
    )
}

/// Why people would not get to know of this run; `None` when they would.
fn nobody_hears(args: &GateArgs, sinks: &Sinks) -> Option<&'static str> {
    if args.at.is_some() {
        return Some("--at judges the past, and tells nobody");
    }
    let is_heard = audit_file(args).is_some() || sinks.reach_people();
    (!is_heard).then_some("nobody would hear of it; give --alertmanager, --webhook or --audit")
}

/// A variable of a pipeline that is not set names no file.
pub(super) fn audit_file(args: &GateArgs) -> Option<&std::path::Path> {
    args.audit.as_deref().filter(|file| !file.as_os_str().is_empty())
}

fn with_bypass(request: Request, marker: Marker, args: &GateArgs) -> Request {
    let ticket = marker.ticket.map(|ticket| format!(" ({ticket})")).unwrap_or_default();
    let deployed = said(&args.revision).unwrap_or_default().to_owned();
    let (expires_at, unreadable) = match expiry(marker.until, args) {
        Ok(at) => (at, None),
        Err(why) => (None, Some(why)),
    };
    let bypass = Bypass {
        who: marker.by.or_else(|| args.author.clone()).unwrap_or_default(),
        why: match marker.why.as_str() {
            "" => String::new(),
            why => format!("{why}{ticket}"),
        },
        revision: marker.revision.unwrap_or(deployed),
        expires_at,
    };
    match unreadable {
        None => request.bypass(bypass),
        Some(why) => request.unreadable_bypass(bypass, why),
    }
}

/// When it ends: as the message says, else a day after its commit, where somebody tells when that was.
fn expiry(until: Option<Result<DateTime<Utc>, String>>, args: &GateArgs) -> Result<Option<DateTime<Utc>>, String> {
    match until {
        Some(Ok(until)) => Ok(Some(until)),
        Some(Err(text)) => Err(no_time("SLO-Bypass-Until:", &text)),
        None => Ok(committed_at(args)?.map(|at| at + LASTS)),
    }
}

fn said(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// From the commit on: enough for a review and a pipeline, and over before the next incident.
const LASTS: TimeDelta = TimeDelta::hours(24);
