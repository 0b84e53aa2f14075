//! Arguments of `slo probes`.

use std::time::Duration;

use chrono::{NaiveTime, Weekday};
use clap::{Args, Parser};
use slo_core::{Link, Zone};
use slo_health::State;
use slo_health::probe::{ProbeAccess, ProbeTarget, QuietTime};

use super::probed::target_with_labels;
use super::{Files, ProbeTimes, Probed, time};

/// Arguments of `slo probes`.
#[derive(Clone, Debug, Parser)]
#[command(after_help = "Examples:
  slo probes --out probes/ --target https://shop.example
                                                  modules, scrape jobs, rules and alerts for slo.yaml here
  slo probes --out probes/ --target https://kr.shop.example,region=kr --target https://us.shop.example,region=us
  slo probes --out probes/ --environment staging --namespace sales
                                                  with the labels of where the service runs
  slo probes --out probes/ --target https://shop.example --check
                                                  in CI: are the committed files up to date?
  slo probes --print blackbox.yml                 one of the files, to standard output
  slo probes --out probes/ --user prober --password-file /etc/blackbox/password
  slo probes --out probes/ --quiet 'sun 02:00-04:00 Asia/Seoul' --receiver team
                                                  and a route of Alertmanager that leaves people alone then
  git show main:slo.yaml | slo probes - --out probes/

Exit codes: 0 written or up to date, 1 out of date (--check), 2 a spec is wrong, cannot be read or cannot be probed,
3 a file cannot be written or compared")]
#[non_exhaustive]
pub struct ProbesArgs {
    /// From where, and whereto.
    #[command(flatten)]
    pub files: Files,

    /// Where probes run.
    #[command(flatten)]
    pub probed: Probed,

    /// An instance or entrance to probe, without the path, and labels for its series; may be given several times. The
    /// service's name by default.
    #[arg(long = "target", value_name = "URL[,LABEL=VALUE]", value_parser = target_with_labels)]
    pub targets: Vec<ProbeTarget>,

    /// Who waits how long.
    #[command(flatten)]
    pub pace: Pace,

    /// What a probe must show to be let in.
    #[command(flatten)]
    pub access: Access,

    /// The status code of a state, where the service does not answer with the usual one; may be given several times.
    #[arg(long = "code", value_name = "STATE=CODE", value_parser = code)]
    pub codes: Vec<(State, u16)>,

    /// Where people read what to do, for every alert; that of the spec by default.
    #[arg(long, value_name = "URL")]
    pub runbook: Option<Link>,

    /// A time of each week in which nobody is told, like `sun 02:00-04:00 Asia/Seoul`; may be given several times.
    #[arg(long, value_name = "DAY FROM-TO ZONE", value_parser = quiet, requires = "receiver")]
    pub quiet: Vec<QuietTime>,

    /// The receiver of Alertmanager that quiet times mute.
    #[arg(long, value_name = "NAME", requires = "quiet")]
    pub receiver: Option<String>,
}

/// Who waits how long: the service, the exporter for it, the scrape for the exporter, and people.
#[derive(Args, Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Pace {
    /// All but people.
    #[command(flatten)]
    pub times: ProbeTimes,

    /// How long a target is down before somebody is paged.
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "2m")]
    pub page_after: Duration,

    /// How long data is stale, a check broken or a target unobserved before a ticket is written.
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "10m")]
    pub ticket_after: Duration,
}

/// What a probe must show to be let in. Files are named as the exporter finds them; secrets are never written.
#[derive(Args, Clone, Debug)]
#[non_exhaustive]
pub struct Access {
    /// A header of each probe that everybody may read, like `Host: shop.example`; may be given several times.
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub headers: Vec<(String, String)>,

    /// The user of basic authentication.
    #[arg(
        long,
        value_name = "NAME",
        requires = "password_file",
        conflicts_with = "bearer_token_file"
    )]
    pub user: Option<String>,

    /// The exporter's file with the password of --user.
    #[arg(long, value_name = "FILE", requires = "user")]
    pub password_file: Option<String>,

    /// The exporter's file with a bearer token.
    #[arg(long, value_name = "FILE")]
    pub bearer_token_file: Option<String>,

    /// The exporter's file in PEM with the only certificates to trust; the system's when left out.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<String>,

    /// The exporter's own certificate, a file in PEM.
    #[arg(long, value_name = "FILE", requires = "key_file")]
    pub certificate_file: Option<String>,

    /// The key of --certificate-file, a file in PEM.
    #[arg(long, value_name = "FILE", requires = "certificate_file")]
    pub key_file: Option<String>,

    /// The name that the service's certificate must have, where it is not the target's host.
    #[arg(long, value_name = "NAME")]
    pub server_name: Option<String>,
}

impl Access {
    /// As the kit takes it.
    pub(crate) fn of_kit(&self) -> ProbeAccess {
        let mut access = ProbeAccess::new();
        for (name, value) in &self.headers {
            access = access.header(name, value);
        }
        if let (Some(user), Some(file)) = (&self.user, &self.password_file) {
            access = access.basic_auth(user, file);
        }
        if let Some(file) = &self.bearer_token_file {
            access = access.bearer_file(file);
        }
        if let Some(file) = &self.ca_file {
            access = access.ca_file(file);
        }
        if let (Some(certificate), Some(key)) = (&self.certificate_file, &self.key_file) {
            access = access.client_certificate(certificate, key);
        }
        if let Some(name) = &self.server_name {
            access = access.server_name(name);
        }
        access
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or_else(|| format!("`{text}` is no header; write a name and a value, like `Host: shop.example`"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn code(text: &str) -> Result<(State, u16), String> {
    let read = || {
        let (state, code) = text.split_once('=')?;
        let state = State::ALL.into_iter().find(|known| known.as_str() == state)?;
        Some((state, code.parse().ok()?))
    };
    read().ok_or_else(|| {
        let states = State::ALL.map(State::as_str).join(", ");
        format!("`{text}` is no code of a state; write one of {states} and a status code, like `warn=203`")
    })
}

fn quiet(text: &str) -> Result<QuietTime, String> {
    let usage =
        || format!("`{text}` is no quiet time; write a day, two times and a zone, like `sun 02:00-04:00 Asia/Seoul`");
    let words: Vec<_> = text.split_whitespace().collect();
    let [day, times, zone] = words.as_slice() else {
        return Err(usage());
    };
    let (from, to) = times.split_once('-').ok_or_else(usage)?;
    let day: Weekday = day.parse().map_err(|_| usage())?;
    let (from, to) = (clock(from).ok_or_else(usage)?, clock(to).ok_or_else(usage)?);
    let zone: Zone = zone.parse().map_err(|error: slo_core::ZoneError| error.to_string())?;
    QuietTime::new(day, from, to, zone.to_string()).map_err(|error| error.to_string())
}

/// `02:00`; `24:00` is the midnight at which a day ends.
fn clock(text: &str) -> Option<NaiveTime> {
    match text {
        "24:00" => Some(NaiveTime::MIN),
        text => NaiveTime::parse_from_str(text, "%H:%M").ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args;

    fn parse(more: &[&str]) -> Result<ProbesArgs, String> {
        let words = ["slo", "probes", "--out", "a"].iter().chain(more);
        match args::Args::try_parse_from(words) {
            Ok(args) => match args.command {
                args::Command::Probes(args) => Ok(*args),
                other => Err(format!("{other:?}")),
            },
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn quiet_times_are_a_day_two_times_and_a_zone() {
        let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        let sunday = QuietTime::new(Weekday::Sun, at(2), at(4), "Asia/Seoul");
        assert_eq!(Ok(quiet("sun 02:00-04:00 Asia/Seoul").unwrap()), sunday);
        let saturday = QuietTime::new(Weekday::Sat, at(22), at(0), "UTC");
        assert_eq!(Ok(quiet("Saturday 22:00-24:00 UTC").unwrap()), saturday);
        for wrong in [
            "",
            "sun",
            "sun 02:00 UTC",
            "sun 2-4 UTC",
            "someday 02:00-04:00 UTC",
            "sun 02:00-25:00 UTC",
        ] {
            assert!(
                quiet(wrong).unwrap_err().contains("write a day, two times and a zone"),
                "{wrong}"
            );
        }
        assert!(quiet("sun 02:00-04:00 Asia/Soul").unwrap_err().contains("Asia/Soul"));
        assert!(
            quiet("sun 02:00-02:00 UTC")
                .unwrap_err()
                .contains("two different times")
        );
    }

    #[test]
    fn codes_are_those_of_states() {
        assert_eq!(code("warn=203"), Ok((State::Warn, 203)));
        for wrong in ["warn", "warm=203", "warn=", "warn=x", "=203"] {
            let refused = code(wrong).unwrap_err();
            assert!(refused.contains("write one of fresh, warn, stale"), "{refused}");
        }
    }

    #[test]
    fn headers_have_a_name_and_a_value() {
        assert_eq!(
            header("Host: shop.example:80"),
            Ok(("Host".to_owned(), "shop.example:80".to_owned()))
        );
        assert!(header("Host").is_err());
    }

    #[test]
    fn what_belongs_together_is_given_together() {
        for wrong in [
            &["--user", "a"][..],
            &["--password-file", "a"],
            &["--user", "a", "--password-file", "b", "--bearer-token-file", "c"],
            &["--certificate-file", "a"],
            &["--key-file", "a"],
            &["--quiet", "sun 02:00-04:00 UTC"],
            &["--receiver", "a"],
            &["--print", "blackbox.yml"],
            &["--exporter", "blackbox"],
            &["--interval", "0s"],
            &["--runbook", "javascript:x"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
        let usual = parse(&[]).unwrap();
        assert_eq!(usual.probed.exporter.to_string(), "blackbox-exporter:9115");
        assert_eq!(usual.access.of_kit(), ProbeAccess::new());
    }

    #[test]
    fn access_is_what_was_given() {
        let words = [
            "--header",
            "Host: a",
            "--user",
            "u",
            "--password-file",
            "/p",
            "--ca-file",
            "/ca",
        ];
        let more = ["--certificate-file", "/c", "--key-file", "/k", "--server-name", "s"];
        let access = parse(&[&words[..], &more].concat()).unwrap().access.of_kit();
        let expected = ProbeAccess::new()
            .header("Host", "a")
            .basic_auth("u", "/p")
            .ca_file("/ca");
        assert_eq!(access, expected.client_certificate("/c", "/k").server_name("s"));
        let bearer = parse(&["--bearer-token-file", "/t"]).unwrap().access.of_kit();
        assert_eq!(bearer, ProbeAccess::new().bearer_file("/t"));
    }
}
