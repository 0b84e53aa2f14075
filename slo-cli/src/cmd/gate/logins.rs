//! Logging in at those who are told: each by its own secret, and none of them ever shown.

use std::path::PathBuf;

use super::tests::bypassing_in;
use super::*;
use crate::cmd::test_day::Day;
use crate::test_server::{http, nobody, serving};

/// A file with a secret, for as long as a test runs.
struct Kept(PathBuf);

impl Kept {
    fn secret(name: &str, text: &str) -> Self {
        let file = std::env::temp_dir().join(format!("slo-login-{}-{name}", std::process::id()));
        std::fs::write(&file, text).unwrap();
        Self(file)
    }

    fn path(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The lines of a request that say who asks.
fn login(request: &str) -> Vec<&str> {
    let lines = request.lines().take_while(|line| !line.is_empty());
    let ours = |line: &&str| line.starts_with("authorization: ") || line.starts_with("x-");
    lines.filter(ours).collect()
}

#[test]
fn each_is_told_by_its_own_login_and_hears_nothing_of_the_others() {
    let ok = || vec![http("200 OK", "", "")];
    let ((alertmanager, pager_heard), (webhook, hook_heard)) = (serving(ok()), serving(ok()));
    let password = Kept::secret("password", "hush-file\n");
    let line = [
        "--alertmanager",
        &alertmanager,
        "--alertmanager-header",
        "X-Scope-OrgID: hush-tenant",
        "--alertmanager-user",
        "ana",
        "--alertmanager-password-file",
        &password.path(),
        "--webhook",
        &webhook,
        "--header",
        "X-Engine: hush-engine",
    ];
    let mut day = Day::with(&[
        ("SLO_WEBHOOK_TOKEN", "hush-hook"),
        ("SLO_PROMETHEUS_TOKEN", "hush-engine"),
    ]);
    let answer = bypassing_in(&mut day, &line);
    assert_eq!(answer.exit, Exit::Pass, "{answer:?}");
    assert!(!answer.err.contains("NOT "), "{}", answer.err);
    assert!(!format!("{answer:?}").contains("hush"), "{answer:?}");
    let heard = pager_heard.recv().unwrap();
    // ana:hush-file
    let ours = [
        "authorization: Basic YW5hOmh1c2gtZmlsZQ==",
        "x-scope-orgid: hush-tenant",
    ];
    let mut said = login(&heard);
    said.sort_unstable();
    assert_eq!(said, ours);
    assert_eq!(login(&hook_heard.recv().unwrap()), ["authorization: Bearer hush-hook"]);
}

#[test]
fn who_is_refused_is_told_how_to_log_in_and_no_secret() {
    let (webhook, _heard) = serving(vec![http("401 Who", "www-authenticate: Basic\r\n", "hush? no")]);
    let token = Kept::secret("token", "hush");
    let line = ["--webhook", &webhook, "--webhook-bearer-token-file", &token.path()];
    let answer = bypassing_in(&mut Day::new(), &line);
    assert!(
        answer.err.contains(
            "slo: NOT ANNOUNCED: webhook: it answered with status 401; log in by --webhook-bearer-token-file, -user or \
             -header\n"
        ),
        "{}",
        answer.err
    );
    assert!(!format!("{answer:?}").contains("hush"), "{answer:?}");
}

#[test]
fn a_login_that_cannot_be_used_is_wrong_usage_and_says_whose() {
    let url = nobody();
    let refused = |line: &[&str], variables: &[(&'static str, &'static str)]| {
        let answer = bypassing_in(&mut Day::with(variables), line);
        assert_eq!(answer.exit, Exit::Usage, "{answer:?}");
        assert!(!format!("{answer:?}").contains("hush"), "{answer:?}");
        answer.err
    };
    let pager = ["--alertmanager", &url];
    let with =
        |more: &[&'static str]| -> Vec<String> { pager.iter().chain(more).map(|word| (*word).to_owned()).collect() };
    let said = |more: &[&'static str], variables: &[(&'static str, &'static str)]| {
        let line = with(more);
        refused(&line.iter().map(String::as_str).collect::<Vec<_>>(), variables)
    };
    assert_eq!(
        said(&["--alertmanager-user", "ana"], &[]),
        "slo: for the Alertmanager: the password cannot be read from the variable SLO_ALERTMANAGER_PASSWORD: it is not set; \
         set it, or give --alertmanager-password-file\n"
    );
    assert_eq!(
        said(&["--alertmanager-user", "ana"], &[("SLO_ALERTMANAGER_TOKEN", "hush")]),
        "slo: for the Alertmanager: both a bearer token and a user are given; leave one out\n"
    );
    assert!(said(&["--alertmanager-header", "hush hush"], &[]).contains("a header that is given is none"));
    assert!(said(&["--alertmanager-ca-file", "/nowhere"], &[]).contains("`/nowhere` cannot be used"));
    assert!(said(&["--alertmanager-bearer-token-file", "/nowhere"], &[]).contains("`/nowhere`"));
}

#[test]
fn a_token_for_nobody_is_no_mistake() {
    let mut day = Day::with(&[
        ("SLO_ALERTMANAGER_TOKEN", "hush"),
        ("SLO_ALERTMANAGER_PASSWORD", "hush"),
    ]);
    let answer = bypassing_in(
        &mut day,
        &["--audit", "-", "--alertmanager", "", "--alertmanager-user", ""],
    );
    assert_eq!(answer.exit, Exit::Pass, "{answer:?}");
    assert!(!format!("{answer:?}").contains("hush"), "{answer:?}");
}
