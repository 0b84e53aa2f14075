//! `slo gate`: is it all right to deploy now, and why.

mod record;
mod slip;

use std::io::Read;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use slo_core::SloSet;
use slo_core::gate::{Bypass, Evidence, OnUnknown, Request, Verdict};

use super::Answer;
use super::check::Source;
pub use super::login::engine;
use super::login::instance;
use crate::args::{self, GateArgs, GateFormat};
use crate::exit::Exit;
use crate::gate::{Marker, Sinks, Target, ask_instance, gather};
use crate::prom::Ask;
use crate::render::{plain, verdict};

/// The world around the command: its environment, its clock, and whoever waits for it.
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

/// Runs the command against the engine or the instance that the arguments name.
pub fn run(args: &GateArgs, stdin: &mut impl Read, around: &mut impl Surroundings) -> Answer {
    let slos = match spec(args, stdin) {
        Ok(slos) => slos,
        Err(mistakes) => return Answer::complaint(Exit::Usage, mistakes),
    };
    if let Some(words) = slip::in_arguments(args, around.now()) {
        return Answer::complaint(Exit::Usage, words);
    }
    let asked = match &args.service {
        Some(url) => instance(&args.engine, url),
        None if args.engine.url.is_empty() => {
            let words = "slo: whom to ask is not said; give --prometheus, or --service for the view of one instance";
            return Answer::complaint(Exit::Usage, words);
        }
        None => engine(&args.engine, around),
    };
    match asked {
        Ok(instance) if args.service.is_some() => judge(args, &slos, around, || {
            ask_instance(&instance, &slos, args.environment.as_deref(), args.namespace.as_deref())
        }),
        Ok(engine) => decide(args, &slos, &engine, around),
        Err(error) => Answer::complaint(Exit::Usage, format!("slo: {error}")),
    }
}

/// As [`run`], with a spec and an engine that are there already.
pub fn decide(args: &GateArgs, slos: &SloSet, engine: &dyn Ask, around: &mut impl Surroundings) -> Answer {
    let mut target = Target::service(slos.service()).identity(args.identity);
    if let Some(environment) = &args.environment {
        target = target.environment(environment);
    }
    if let Some(namespace) = &args.namespace {
        target = target.namespace(namespace);
    }
    judge(args, slos, around, || gather(engine, slos, &target, args.at))
}

fn judge(args: &GateArgs, slos: &SloSet, around: &mut impl Surroundings, evidence: impl Fn() -> Evidence) -> Answer {
    let mut rules = slos.gate().clone();
    rules.on_unknown = match args.on_unknown {
        args::OnUnknown::Refuse => OnUnknown::Refuse,
        args::OnUnknown::Allow => OnUnknown::Allow,
    };
    let asked = record::sinks(args, around).and_then(|(sinks, complaint)| {
        let request = request(args, &sinks, around.now())?;
        Ok((sinks, complaint, request))
    });
    let (sinks, complaint, request) = match asked {
        Ok(asked) => asked,
        Err(message) => return Answer::complaint(Exit::Usage, message),
    };
    let judge = |now: DateTime<Utc>| rules.judge(slos, &evidence(), &request, args.at.unwrap_or(now));
    let verdict = wait(args.wait, around, judge);
    let mut answer = answer(&verdict, args);
    // What would have been is news to nobody.
    if args.at.is_none() {
        answer.err.push_str(&complaint);
        answer
            .err
            .push_str(&record::record_and_announce(&verdict, args, &sinks, around.now()));
    }
    answer
}

/// Judges again and again until it passes or the time is over.
fn wait(
    patience: Option<Duration>,
    around: &mut impl Surroundings,
    judge: impl Fn(DateTime<Utc>) -> Verdict,
) -> Verdict {
    let mut left = patience.unwrap_or_default();
    loop {
        let began = around.now();
        let verdict = judge(began);
        if verdict.exit_code == 0 || left.is_zero() {
            return verdict;
        }
        around.tell(&format!(
            "slo: {}: {}; asking again for {}",
            verdict.decision.as_str(),
            plain(&verdict.reason),
            humantime::format_duration(Duration::from_secs(left.as_secs()))
        ));
        let pause = BETWEEN.min(left);
        around.pause(pause);
        // By the clock, for judging takes time as well; at least by the pause, should the clock stand or be set back.
        let passed = (around.now() - began).to_std().unwrap_or_default().max(pause);
        left = left.saturating_sub(passed);
    }
}

fn request(args: &GateArgs, sinks: &Sinks, now: DateTime<Utc>) -> Result<Request, String> {
    let mut request = match args.action {
        args::Action::Deploy => Request::deploy(),
        args::Action::Rollback => Request::rollback(),
    };
    if args.class == args::Class::Reliability {
        request = request.class(slo_core::gate::Class::Reliability);
    }
    if let Some(revision) = args.revision.as_deref().filter(|revision| !revision.trim().is_empty()) {
        request = request.revision(revision);
    }
    if args.ran_before {
        request = request.ran_before();
    }
    let marker = args.message.as_deref().and_then(Marker::in_message);
    match marker.map(|marker| bypass(marker, args, sinks, now)).transpose()? {
        Some(bypass) => Ok(request.bypass(bypass)),
        None => Ok(request),
    }
}

/// What a marker asks for. The gate itself refuses one without a name, a reason or a revision.
fn bypass(marker: Marker, args: &GateArgs, sinks: &Sinks, now: DateTime<Utc>) -> Result<Bypass, String> {
    if args.at.is_none() && args.audit.is_none() && !sinks.reach_people() {
        return Err(
            "slo: the commit message asks for a bypass, and nobody would be told of it; give --alertmanager, \
                    --webhook or --audit"
                .to_owned(),
        );
    }
    let expires_at = match marker.until {
        // The marker is part of one revision, and holds for that.
        None => args.at.unwrap_or(now) + TimeDelta::hours(1),
        Some(Ok(until)) => until,
        Some(Err(text)) => {
            return Err(format!(
                "slo: `SLO-Bypass-Until: {}` is not a time; write it like `2026-01-01T12:00:00Z`",
                plain(&text)
            ));
        }
    };
    let ticket = marker.ticket.map(|ticket| format!(" ({ticket})")).unwrap_or_default();
    Ok(Bypass {
        who: marker.by.or_else(|| args.author.clone()).unwrap_or_default(),
        why: match marker.why.as_str() {
            "" => String::new(),
            why => format!("{why}{ticket}"),
        },
        revision: args.revision.clone().unwrap_or_default(),
        expires_at,
    })
}

fn answer(verdict: &Verdict, args: &GateArgs) -> Answer {
    let out = match args.format {
        GateFormat::Text => verdict::text(verdict, args.explain),
        GateFormat::Json => verdict::json(verdict),
        GateFormat::Markdown => verdict::markdown(verdict),
    };
    Answer {
        out,
        err: String::new(),
        exit: match verdict.exit_code {
            0 => Exit::Pass,
            1 => Exit::Refused,
            _ => Exit::NoAnswer,
        },
    }
}

/// The promises of the environment; or every mistake in the spec.
fn spec(args: &GateArgs, stdin: &mut impl Read) -> Result<SloSet, String> {
    let slos = Source::read(&args.file, stdin).understood()?;
    Ok(match &args.environment {
        Some(name) => slos.for_environment(name),
        None => slos,
    })
}

/// Pushes come once a minute; to ask more often shows nothing new.
const BETWEEN: Duration = Duration::from_secs(15);

#[cfg(test)]
mod faults;
#[cfg(test)]
mod logins;
#[cfg(test)]
mod tests;
