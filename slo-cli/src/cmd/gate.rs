//! `slo gate`: is it all right to deploy now, and why.

use std::io::Read;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use slo_core::SloSet;
use slo_core::gate::{Bypass, OnUnknown, Request, Verdict};

use super::Answer;
use super::check::Source;
use crate::args::{self, EngineArgs, GateArgs, GateFormat};
use crate::exit::Exit;
use crate::gate::{Announcement, Marker, Sink, Target, audit, gather};
use crate::prom::{Ask, Engine, EngineError, Login, Secret};
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

/// Runs the command against the engine that the arguments name.
pub fn run(args: &GateArgs, stdin: &mut impl Read, around: &mut impl Surroundings) -> Answer {
    match (spec(args, stdin), engine(&args.engine, around)) {
        (Ok(slos), Ok(engine)) => decide(args, &slos, &engine, around),
        (Err(mistakes), _) => Answer::complaint(Exit::Usage, mistakes),
        (_, Err(error)) => Answer::complaint(Exit::Usage, format!("slo: {error}")),
    }
}

/// As [`run`], with a spec and an engine that are there already.
pub fn decide(args: &GateArgs, slos: &SloSet, engine: &dyn Ask, around: &mut impl Surroundings) -> Answer {
    let mut target = Target::service(slos.service());
    if let Some(environment) = &args.environment {
        target = target.environment(environment);
    }
    if let Some(namespace) = &args.namespace {
        target = target.namespace(namespace);
    }
    let mut rules = slos.gate().clone();
    rules.on_unknown = match args.on_unknown {
        args::OnUnknown::Refuse => OnUnknown::Refuse,
        args::OnUnknown::Allow => OnUnknown::Allow,
    };
    let request = match request(args, around.now()) {
        Ok(request) => request,
        Err(message) => return Answer::complaint(Exit::Usage, message),
    };
    let judge = |now: DateTime<Utc>| {
        let evidence = gather(engine, slos, &target, args.at);
        rules.judge(slos, &evidence, &request, args.at.unwrap_or(now))
    };
    let verdict = wait(args.wait, around, judge);
    let mut answer = answer(&verdict, args);
    // What would have been is news to nobody.
    if args.at.is_none() {
        answer.err.push_str(&record_and_announce(&verdict, args));
    }
    answer
}

/// Writes the run down and tells people of it, where that is asked for; what went wrong with that, for standard error.
///
/// Monitoring that is down keeps nobody from deploying the cure: the verdict stands, loudly.
fn record_and_announce(verdict: &Verdict, args: &GateArgs) -> String {
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
    let environment = args.environment.as_deref();
    if let Some(announcement) = Announcement::of(verdict, environment, head.as_ref()) {
        complain(&announcement.summary);
        for sink in sinks(args) {
            if let Err(why) = announcement.tell(&sink, args.engine.timeout) {
                complain(&format!("NOT ANNOUNCED: {why}"));
            }
        }
    }
    if let Some(head) = head {
        complain(&format!("audit record {} is {}", head.sequence, head.hash));
    }
    said + &record
}

fn sinks(args: &GateArgs) -> impl Iterator<Item = Sink> {
    let alertmanager = args.alertmanager.iter().cloned().map(Sink::Alertmanager);
    alertmanager.chain(args.webhook.iter().cloned().map(Sink::Webhook))
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

fn request(args: &GateArgs, now: DateTime<Utc>) -> Result<Request, String> {
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
    match marker.map(|marker| bypass(marker, args, now)).transpose()? {
        Some(bypass) => Ok(request.bypass(bypass)),
        None => Ok(request),
    }
}

/// What a marker asks for. The gate itself refuses one without a name, a reason or a revision.
fn bypass(marker: Marker, args: &GateArgs, now: DateTime<Utc>) -> Result<Bypass, String> {
    if args.at.is_none() && args.audit.is_none() && sinks(args).next().is_none() {
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

/// The engine that the arguments and the environment name.
///
/// # Errors
///
/// [`EngineError`] for an address, a header, a secret or certificates that cannot be used.
pub fn engine(args: &EngineArgs, around: &impl Surroundings) -> Result<Engine, EngineError> {
    let mut builder = Engine::at(&args.url).within(args.timeout).retries(args.retries);
    for header in &args.headers {
        builder = builder.header(header)?;
    }
    if let Some(file) = &args.ca_file {
        builder = builder.trusting(file)?;
    }
    let variable = |name: &str| around.variable(name).filter(|value| !value.is_empty());
    let token = match &args.bearer_token_file {
        Some(file) => Some(Secret::from_file("bearer token", file)?),
        None => variable(TOKEN).map(Secret::new),
    };
    match (&args.user, token) {
        (Some(_), Some(_)) => return Err(EngineError::TwoLogins),
        (Some(user), None) => {
            let password = match &args.password_file {
                Some(file) => Secret::from_file("password", file)?,
                None => variable(PASSWORD).map(Secret::new).ok_or_else(|| EngineError::Secret {
                    what: "password",
                    from: format!("the variable {PASSWORD}"),
                    reason: "it is not set; set it, or give --password-file".to_owned(),
                })?,
            };
            let user = user.clone();
            builder = builder.login(Login::Basic { user, password });
        }
        (None, Some(token)) => builder = builder.login(Login::Bearer(token)),
        (None, None) => {}
    }
    builder.build()
}

const TOKEN: &str = "SLO_PROMETHEUS_TOKEN";
const PASSWORD: &str = "SLO_PROMETHEUS_PASSWORD";
/// Pushes come once a minute; to ask more often shows nothing new.
const BETWEEN: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use slo_core::gate::{Decision, Mode};

    use super::*;
    use crate::args::{Args, Command};
    use crate::prom::{Answered, AskError, History, Sample, Stretch};

    /// A day that passes while somebody waits.
    struct Day {
        now: DateTime<Utc>,
        said: Vec<String>,
        variables: Vec<(&'static str, &'static str)>,
    }

    impl Day {
        fn new() -> Self {
            Self {
                now: DateTime::from_timestamp(1_767_225_600, 0).unwrap(),
                said: Vec::new(),
                variables: Vec::new(),
            }
        }
    }

    impl Surroundings for Day {
        fn variable(&self, name: &str) -> Option<String> {
            let mut variables = self.variables.iter();
            variables
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        }

        fn now(&self) -> DateTime<Utc> {
            self.now
        }

        fn pause(&mut self, time: Duration) {
            self.now += time;
        }

        fn tell(&mut self, line: &str) {
            self.said.push(line.to_owned());
        }
    }

    /// Fails so often, and then knows of nobody, which passes.
    struct Later(std::cell::Cell<u32>);

    impl Ask for Later {
        fn instant(&self, _: &str, _: Option<DateTime<Utc>>) -> Result<Answered, AskError> {
            let left = self.0.get();
            self.0.set(left.saturating_sub(1));
            if left == 0 {
                return Ok(Answered::default());
            }
            Err(AskError::Unreachable {
                source_name: "http://engine".to_owned(),
                reason: "connection refused".to_owned(),
            })
        }

        fn range(&self, _: &str, _: Stretch) -> Result<History, AskError> {
            Ok(History::default())
        }

        fn source(&self) -> String {
            "http://engine".to_owned()
        }
    }

    fn args(line: &[&str]) -> GateArgs {
        let line = [&["slo", "gate", "--prometheus", "http://engine"], line].concat();
        match Args::try_parse_from(line).unwrap().command {
            Command::Gate(args) => *args,
            other => panic!("{other:?}"),
        }
    }

    fn shop() -> SloSet {
        SloSet::builder("shop").build().unwrap()
    }

    #[test]
    fn it_waits_until_it_is_allowed_and_says_why_it_waits() {
        let mut day = Day::new();
        let answer = decide(&args(&["--wait", "1m"]), &shop(), &Later(3.into()), &mut day);
        assert_eq!(answer.exit, Exit::Pass, "{}", answer.out);
        assert_eq!(
            day.said,
            [
                "slo: unknown: could not be judged: bad_ratio, p95; asking again for 1m",
                "slo: unknown: could not be judged: bad_ratio, p95; asking again for 45s",
                "slo: unknown: could not be judged: bad_ratio, p95; asking again for 30s",
            ]
        );
    }

    #[test]
    fn it_does_not_wait_for_longer_than_it_was_told() {
        let mut day = Day::new();
        let began = day.now;
        let answer = decide(&args(&["--wait", "40s"]), &shop(), &Later(u32::MAX.into()), &mut day);
        assert_eq!(answer.exit, Exit::NoAnswer);
        assert_eq!((day.now - began).num_seconds(), 40);
        assert_eq!(
            decide(&args(&[]), &shop(), &Later(1.into()), &mut day).exit,
            Exit::NoAnswer
        );
    }

    #[test]
    fn the_way_back_passes_in_the_dark_and_so_does_what_is_told_to() {
        let dark = || Later(u32::MAX.into());
        for line in [
            &["--action", "rollback"][..],
            &["--ran-before"],
            &["--on-unknown", "allow"],
        ] {
            assert_eq!(
                decide(&args(line), &shop(), &dark(), &mut Day::new()).exit,
                Exit::Pass,
                "{line:?}"
            );
        }
    }

    #[test]
    fn each_format_is_of_its_kind() {
        let of = |format| decide(&args(&["--format", format]), &shop(), &Later(0.into()), &mut Day::new()).out;
        assert!(of("text").starts_with("allowed: no rule is breached\nshop at 2026-01-01 00:00:00 UTC\n"));
        let json: serde_json::Value = serde_json::from_str(&of("json")).unwrap();
        assert_eq!((&json["decision"], &json["exit_code"]), (&"allowed".into(), &0.into()));
        assert!(of("markdown").starts_with("### ✅ Deploy gate of shop: allowed\n\nNo rule is breached.\n"));
    }

    #[test]
    fn secrets_come_from_files_and_variables_and_one_login_is_enough() {
        let mut day = Day::new();
        let refused = |line: &[&str], day: &Day| engine(&args(line).engine, day).unwrap_err().to_string();
        assert_eq!(
            refused(&["--user", "ana"], &day),
            "the password cannot be read from the variable SLO_PROMETHEUS_PASSWORD: it is not set; set it, or give \
             --password-file"
        );
        day.variables.push((TOKEN, "hush"));
        assert!(engine(&args(&[]).engine, &day).is_ok());
        assert_eq!(
            refused(&["--user", "ana"], &day),
            "both a bearer token and a user are given; leave one out"
        );
        assert!(refused(&["--bearer-token-file", "/nowhere"], &day).contains("`/nowhere`"));
        // None of them is shown.
        assert!(!format!("{:?}", engine(&args(&[]).engine, &day)).contains("hush"));
    }

    const MESSAGE: &str = "Fix payments\n\nSLO-Bypass: nobody can pay\nSLO-Bypass-Ticket: OPS-1\n";

    fn bypassing(line: &[&str]) -> Answer {
        let line = [&["--revision", "4f2a", "--message", MESSAGE, "--author", "Ana"], line].concat();
        decide(&args(&line), &shop(), &Later(u32::MAX.into()), &mut Day::new())
    }

    #[test]
    fn a_bypass_passes_is_written_down_and_is_never_silent() {
        let file = std::env::temp_dir().join(format!("slo-bypass-{}", std::process::id()));
        let audit_file = file.display().to_string();
        let answer = bypassing(&["--audit", &audit_file]);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(answer.exit, Exit::Pass, "{}", answer.out);
        assert!(answer.out.starts_with("bypassed: "), "{}", answer.out);
        assert!(
            answer
                .err
                .starts_with("slo: deploy gate of shop, 4f2a: bypass used by Ana: nobody can pay (OPS-1) ("),
            "{}",
            answer.err
        );
        let head = audit::verify(text.as_bytes(), None).unwrap().unwrap();
        assert!(answer.err.ends_with(&format!("slo: audit record 0 is {}\n", head.hash)));
        assert!(text.contains(r#""would_have_been":"unknown""#), "{text}");
    }

    #[test]
    fn a_log_can_keep_the_record() {
        let answer = bypassing(&["--audit", "-"]);
        assert_eq!(answer.exit, Exit::Pass);
        let line = answer.err.lines().last().unwrap();
        assert!(audit::verify(line.as_bytes(), None).is_ok(), "{}", answer.err);
    }

    #[test]
    fn what_would_have_been_is_told_to_nobody() {
        let answer = bypassing(&["--at", "2026-01-01T00:00:00Z"]);
        assert_eq!((answer.exit, answer.err.as_str()), (Exit::Pass, ""), "{}", answer.out);
    }

    #[test]
    fn a_bypass_that_nobody_would_hear_of_is_refused() {
        let answer = bypassing(&[]);
        assert_eq!(answer.exit, Exit::Usage);
        assert!(answer.err.contains("nobody would be told of it"), "{}", answer.err);
    }

    #[test]
    fn monitoring_that_is_down_is_said_loudly_and_stops_nobody() {
        let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", nowhere.local_addr().unwrap());
        drop(nowhere);
        let answer = bypassing(&[
            "--alertmanager",
            &url,
            "--webhook",
            &url,
            "--audit",
            "/nowhere/gate.audit",
        ]);
        assert_eq!(answer.exit, Exit::Pass);
        assert!(
            answer
                .err
                .contains("slo: NOT RECORDED: the audit file cannot be used: "),
            "{}",
            answer.err
        );
        assert!(
            answer.err.contains("slo: NOT ANNOUNCED: Alertmanager: ")
                && answer.err.contains("NOT ANNOUNCED: webhook: ")
        );
    }

    #[test]
    fn a_bypass_names_somebody_and_one_revision_and_a_time_that_is_one() {
        let file = std::env::temp_dir().join(format!("slo-refused-bypass-{}", std::process::id()));
        let audit_file = file.display().to_string();
        let refused = |line: &[&str]| {
            let line = [&["--audit", audit_file.as_str()], line].concat();
            decide(&args(&line), &shop(), &Later(u32::MAX.into()), &mut Day::new())
        };
        let nobody = refused(&["--revision", "4f2a", "--message", MESSAGE]);
        assert_eq!(nobody.exit, Exit::NoAnswer);
        assert!(nobody.err.contains("bypass refused by"), "{}", nobody.err);
        assert_eq!(refused(&["--message", MESSAGE, "--author", "Ana"]).exit, Exit::NoAnswer);
        let late = format!("{MESSAGE}SLO-Bypass-Until: 2025-12-31T00:00:00Z\n");
        assert_eq!(
            refused(&["--revision", "4f2a", "--message", &late, "--author", "Ana"]).exit,
            Exit::NoAnswer
        );
        let never = format!("{MESSAGE}SLO-Bypass-Until: soon\n");
        let never = refused(&["--revision", "4f2a", "--message", &never, "--author", "Ana"]);
        assert_eq!(
            (never.exit, never.err.contains("`SLO-Bypass-Until: soon` is not a time")),
            (Exit::Usage, true)
        );
        std::fs::remove_file(&file).unwrap();
    }

    #[test]
    fn a_wrong_spec_is_wrong_usage_and_nobody_is_asked() {
        let answer = run(&args(&["-"]), &mut &b"version: 1"[..], &mut Day::new());
        assert_eq!((answer.exit, answer.out.as_str()), (Exit::Usage, ""));
        assert!(answer.err.contains("standard input"), "{}", answer.err);
    }

    #[test]
    fn the_limits_are_those_of_the_environment() {
        let yaml = "{version: 1, service: shop, slos: [{name: a, objective: 99%, window: 30d, \
                    sli: {http: {routes: [/a]}}}], environments: {dev: {gate: {mode: observe}}}}";
        let mode = |line: &[&str]| {
            let line = [&["-"], line].concat();
            spec(&args(&line), &mut yaml.as_bytes()).unwrap().gate().mode
        };
        assert_eq!(mode(&["--environment", "dev"]), Mode::Observe);
        assert_eq!(mode(&["--environment", "production"]), Mode::Enforce);
        assert_eq!(mode(&[]), Mode::Enforce);
    }

    #[test]
    fn a_sample_of_nobody_is_no_permission() {
        struct Nan;
        impl Ask for Nan {
            fn instant(&self, _: &str, _: Option<DateTime<Utc>>) -> Result<Answered, AskError> {
                let mut answered = Answered::default();
                answered.series.push(Sample::new([], f64::NAN));
                Ok(answered)
            }

            fn range(&self, _: &str, _: Stretch) -> Result<History, AskError> {
                Ok(History::default())
            }

            fn source(&self) -> String {
                "nan".to_owned()
            }
        }
        let answer = decide(&args(&["--format", "json"]), &shop(), &Nan, &mut Day::new());
        assert_ne!(answer.exit, Exit::Pass, "{}", answer.out);
        assert!(
            Decision::ALL
                .iter()
                .any(|decision| answer.out.contains(decision.as_str()))
        );
    }
}
