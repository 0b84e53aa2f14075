//! `slo gate`: is it all right to deploy now, and why.

mod record;
mod slip;
mod wish;

use std::io::Read;
use std::time::Duration;

use chrono::{DateTime, Utc};
use slo_core::gate::{Evidence, Observation, OnUnknown, Request, Unseen, Verdict};
use slo_core::{Slo, SloSet};

use super::check::Source;
use super::login::{engine, instance};
use super::{Answer, Surroundings};
use crate::args::{self, GateArgs, GateFormat};
use crate::exit::Exit;
use crate::gate::{Target, ask_instance, gather};
use crate::prom::Ask;
use crate::render::{plain, verdict};

/// Runs the command against the engine or the instance that the arguments name.
pub fn run(args: &GateArgs, stdin: &mut impl Read, around: &mut impl Surroundings) -> Answer {
    let slos = match spec(args, stdin) {
        Ok(slos) => slos,
        Err(NoSpec { mistakes, stand_in }) => return unasked(args, &stand_in, around, "the spec is wrong", &mistakes),
    };
    if let Some(words) = slip::in_arguments(args, around.now()) {
        return Answer::complaint(Exit::Usage, words);
    }
    let asked = match &args.service {
        Some(url) => instance(&args.engine, url),
        None if args.engine.url.is_empty() => {
            let words = "whom to ask is not said; give --prometheus, or --service for the view of one instance";
            return unasked(args, &slos, around, "nobody is named to ask", &format!("slo: {words}"));
        }
        None => engine(&args.engine, around),
    };
    match asked {
        Ok(instance) if args.service.is_some() => judge(args, &slos, around, || {
            ask_instance(&instance, &slos, args.environment.as_deref(), args.namespace.as_deref())
        }),
        // All questions of one verdict share the time of --timeout.
        Ok(engine) => judge(args, &slos, around, || {
            gather(&engine.altogether(), &slos, &target(args, &slos), args.at)
        }),
        Err(error) => unasked(args, &slos, around, &error.to_string(), &format!("slo: {error}")),
    }
}

/// As [`run`], with a spec and an engine that are there already.
pub fn decide(args: &GateArgs, slos: &SloSet, engine: &dyn Ask, around: &mut impl Surroundings) -> Answer {
    judge(args, slos, around, || {
        gather(engine, slos, &target(args, slos), args.at)
    })
}

/// What keeps a deploy from being judged at all is wrong usage. The way back passes all the same, and says it.
fn unasked(args: &GateArgs, slos: &SloSet, around: &mut impl Surroundings, why: &str, mistakes: &str) -> Answer {
    if !wish::is_the_way_back(args) {
        return Answer::complaint(Exit::Usage, mistakes);
    }
    let mut answer = judge(args, slos, around, || dark(slos, why));
    answer.err.insert_str(0, &format!("{}\n", mistakes.trim_end()));
    answer
}

/// What is known where nobody could be asked.
fn dark(slos: &SloSet, why: &str) -> Evidence {
    let unseen = || Unseen::NoAnswer(why.to_owned());
    let nothing = Evidence::new(Observation::unseen("", unseen()), Observation::unseen("", unseen()));
    let names = slos.slos().iter().map(Slo::name);
    names.fold(nothing, |evidence, name| {
        evidence.budget(name, Observation::unseen("", unseen()))
    })
}

fn target(args: &GateArgs, slos: &SloSet) -> Target {
    let mut target = Target::service(slos.service()).identity(args.identity);
    if let Some(environment) = &args.environment {
        target = target.environment(environment);
    }
    if let Some(namespace) = &args.namespace {
        target = target.namespace(namespace);
    }
    target
}

fn judge(args: &GateArgs, slos: &SloSet, around: &mut impl Surroundings, evidence: impl Fn() -> Evidence) -> Answer {
    let mut rules = slos.gate().clone();
    rules.on_unknown = match args.on_unknown {
        None => rules.on_unknown,
        Some(args::OnUnknown::Refuse) => OnUnknown::Refuse,
        Some(args::OnUnknown::Allow) => OnUnknown::Allow,
    };
    let (sinks, mistakes) = record::sinks(args, around);
    if !mistakes.usage.is_empty() && !wish::is_the_way_back(args) {
        return Answer::complaint(Exit::Usage, mistakes.usage.join("\n"));
    }
    let request = wish::request(args, &sinks);
    let verdict_of = |request: &Request, evidence: &Evidence, now| rules.judge(slos, evidence, request, now);
    let judged = wait(args.wait, around, |now| {
        let evidence = evidence();
        let verdict = verdict_of(&request, &evidence, args.at.unwrap_or(now));
        (evidence, verdict)
    });
    if args.at.is_some() {
        // What would have been is news to nobody.
        return answer(&judged.1, args);
    }
    let (evidence, mut verdict) = judged;
    let kept = record::write_down(&verdict, args);
    if let Some(why) = record::unheard(&verdict, &kept, &sinks) {
        // Nobody else hears of it, and now nobody at all.
        verdict = verdict_of(&request.unheard(why), &evidence, verdict.decided_at);
    }
    let mut answer = answer(&verdict, args);
    answer.err.push_str(&mistakes.said());
    answer
        .err
        .push_str(&record::announce(&verdict, args, kept, &sinks, around.now()));
    answer
}

/// Judges again and again until it passes or the time is over.
fn wait(
    patience: Option<Duration>,
    around: &mut impl Surroundings,
    judge: impl Fn(DateTime<Utc>) -> (Evidence, Verdict),
) -> (Evidence, Verdict) {
    let mut left = patience.unwrap_or_default();
    loop {
        let began = around.now();
        let (evidence, verdict) = judge(began);
        if verdict.exit_code == 0 || left.is_zero() {
            return (evidence, verdict);
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

/// Why there are no promises, and what stands in for them.
#[derive(Debug)]
struct NoSpec {
    mistakes: String,
    stand_in: Box<SloSet>,
}

/// The promises of the environment; or every mistake in the spec.
fn spec(args: &GateArgs, stdin: &mut impl Read) -> Result<SloSet, NoSpec> {
    let source = Source::read(&args.file, stdin);
    let slos = source.understood().map_err(|mistakes| NoSpec {
        mistakes,
        stand_in: Box::new(nameless(source.text.as_deref().unwrap_or_default())),
    })?;
    Ok(match &args.environment {
        Some(name) => slos.for_environment(name),
        None => slos,
    })
}

/// No promise of a service whose name a broken spec may still say: a record of the way back should name it.
#[expect(
    clippy::expect_used,
    reason = "an empty set under a name that is one has nothing to be refused for"
)]
fn nameless(text: &str) -> SloSet {
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("service:"))
        .unwrap_or_default();
    let named = SloSet::builder(name.trim().trim_matches(['"', '\''])).build();
    named
        .or_else(|_| SloSet::builder("unknown").build())
        .expect("a set without SLOs has nothing else that could be wrong")
}

/// Pushes come once a minute; to ask more often shows nothing new.
const BETWEEN: Duration = Duration::from_secs(15);

#[cfg(test)]
mod bypass_tests;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod logins;
#[cfg(test)]
mod tests;
