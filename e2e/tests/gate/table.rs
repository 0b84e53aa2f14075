//! Each row of the gate's table on real engines that hold a month of each service: verdict, exit code and text.

use e2e::{Failure, Outcome, TempDir, VictoriaMetrics};

use crate::mailers::MAILERS;
use crate::services::past;
use crate::tool::Gate;

/// The moment up to which the past goes.
const THEN: [&str; 2] = ["--at", "2026-03-01T00:00:00Z"];

const BYPASS: &[&str] = &[
    "--revision",
    "4f2a",
    "--author",
    "Ana",
    "--message",
    "Fix payments\n\nSLO-Bypass: nobody can pay",
];

/// A service, what is asked of the gate, what it answers, and what its text says.
pub(crate) type Row = (
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static [&'static str],
);

const TABLE: [Row; 41] = [
    (
        "healthy",
        &[],
        "allowed 0 pass pass pass",
        &[
            "allowed: no rule is breached\nhealthy at 2026-03-01 00:00:00 UTC\n",
            "\"Anyone can look.\" (search)",
        ],
    ),
    // 15 minutes at 600 and 6.
    (
        "failing",
        &[],
        "blocked 1 fail pass pass",
        &[
            "blocked: breached: bad_ratio\n",
            "(90 of 9090)",
            "to pass: fewer than 46 of these 9090",
        ],
    ),
    (
        "slow",
        &[],
        "blocked 1 pass fail pass",
        &[
            "blocked: breached: p95",
            "90% of requests took at most 800ms (8100 of 9000)",
        ],
    ),
    // The last of the outage leaves the window's 30 days in 9 days and 12 hours; enough of it, some hours before.
    (
        "spent",
        &[],
        "blocked 1 pass pass fail",
        &[
            "blocked: breached: budget of browse\n",
            "fail    budget of browse: exhausted",
            "to pass: wait until 2026-03-10",
        ],
    ),
    (
        "spent",
        &["--class", "reliability"],
        "blocked 1 pass pass fail",
        &["class reliability lets nothing pass: --at judges the past, and tells nobody"],
    ),
    (
        "spent",
        &["--action", "rollback"],
        "allowed 0 pass pass fail",
        &["allowed: a rollback is always allowed; breached: budget of browse\n"],
    ),
    (
        "spent",
        BYPASS,
        "blocked 1 pass pass fail",
        &["the bypass does not count: --at judges the past, and tells nobody"],
    ),
    (
        "watched",
        &["--environment", "staging"],
        "allowed 0 fail pass pass",
        &["allowed: mode observe: would have been blocked; breached: bad_ratio"],
    ),
    (
        "idle",
        &[],
        "allowed 0 idle idle pass",
        &["allowed: no rule is breached\n", "idle    bad_ratio of requests: "],
    ),
    (
        "gone",
        &[],
        "unknown 3 unknown unknown unknown",
        &["unknown: nothing could be judged: the series existed and vanished\n"],
    ),
    (
        "gone",
        &["--on-unknown", "allow"],
        "unknown 3 unknown unknown unknown",
        &["what is unknown is not let through: --at judges the past, and tells nobody"],
    ),
    (
        "gone",
        &["--ran-before"],
        "allowed 0 unknown unknown unknown",
        &["allowed: a revision that ran before is always allowed; nothing could be judged: "],
    ),
    (
        "never-seen",
        &[],
        "allowed 0 warn warn warn",
        &["never seen in the window: is this the deploy that adds it?"],
    ),
    (
        "twice",
        &[],
        "unknown 3 unknown unknown unknown",
        &["several environments match: production, staging; name one"],
    ),
    (
        "twice",
        &["--environment", "production"],
        "allowed 0 pass pass pass",
        &["allowed: no rule is breached\n"],
    ),
    (
        "rollout",
        &[],
        "allowed 0 pass pass pass",
        &[
            "(17760 of 18000)",
            "note: 9000 of 18000 requests were on instances without a bucket at 800ms: judged by the nearest boundaries",
        ],
    ),
    (
        "outweighed",
        &[],
        "blocked 1 pass fail pass",
        &[
            "(45 of 9045)",
            "note: 9000 of 9045 requests were on instances without a bucket at 800ms",
        ],
    ),
    (
        "no-bucket",
        &[],
        "allowed 0 pass pass pass",
        &[
            "(8850 of 9000)",
            "note: no instance has a bucket at 800ms: judged by the nearest boundaries that they have",
        ],
    ),
    (
        "between",
        &[],
        "blocked 1 pass fail pass",
        &[
            "(8520 of 9000)",
            "note: no instance has a bucket at 800ms: interpolated",
        ],
    ),
    (
        "beyond",
        &[],
        "unknown 3 pass unknown pass",
        &["9000 requests took longer than 500ms, where the histogram of their instances ends"],
    ),
    (
        "untimed",
        &[],
        "unknown 3 pass unknown pass",
        &["9000 requests were counted, and the histogram of their durations has 0"],
    ),
    (
        "promise-gone",
        &[],
        "unknown 3 pass pass unknown",
        &["budget of browse: the series existed and vanished"],
    ),
    (
        "rolled-back",
        &[],
        "allowed 0 pass pass pass",
        &["note: the running version does not make this promise: judged by what was counted of it before"],
    ),
    (
        "rolled-back-spent",
        &[],
        "blocked 1 pass pass fail",
        &["fail    budget of browse: exhausted"],
    ),
    (
        "no-bad",
        &[],
        "unknown 3 unknown pass unknown",
        &["the engine has none of its bad events, not even 0, and has others: does anything on the way drop series?"],
    ),
    (
        "namesakes",
        &[],
        "unknown 3 unknown unknown unknown",
        &["several namespaces match: other, sales; name one"],
    ),
    (
        "namesakes",
        &["--namespace", "sales"],
        "blocked 1 fail pass fail",
        &["(900 of 9900)"],
    ),
    (
        "healthy",
        &["--environment", "prodution"],
        "unknown 3 unknown unknown unknown",
        &["never seen in environment `prodution`, from which nobody pushes; it is in environment `production`"],
    ),
    (
        "healthy",
        &["--environment", "staging"],
        "allowed 0 warn warn warn",
        &["note: it is in environment `production`: is this its first deploy here?"],
    ),
    (
        "namesakes",
        &["--namespace", "sale"],
        "unknown 3 unknown unknown unknown",
        &["never seen in namespace `sale`; it is in environment `production` of namespace `other`"],
    ),
    (
        "stale",
        &[],
        "allowed 0 pass pass pass warn pass",
        &[
            "allowed: no rule is breached\n",
            "warn    freshness of prices: stale on 1 of 1 instances",
            "pass    freshness of prices-fresh: fresh",
        ],
    ),
    (
        "kept",
        &[],
        "blocked 1 pass pass fail",
        &[
            "note: counted by the tiles that rules recorded, which cover 100% of the window; the counters themselves cover 33.3",
            "to pass: wait until 2026-03-10",
        ],
    ),
    // By the wrong labels it looks like the deploy that adds it, or like one that is gone.
    (
        "jobbed",
        &[],
        "unknown 3 unknown unknown unknown",
        &["its series are there under other labels: the store does not promote resource attributes"],
    ),
    (
        "healthy",
        &["--identity", "job"],
        "unknown 3 unknown unknown unknown",
        &["its series are there under other labels: the store promotes resource attributes; say `--identity promoted`"],
    ),
    (
        "healthy",
        &["--identity", "target-info", "--environment", "production"],
        "unknown 3 unknown unknown unknown",
        &["the store promotes resource attributes; say `--identity promoted`"],
    ),
    (
        "untold",
        &["--identity", "target-info", "--environment", "production"],
        "unknown 3 unknown unknown unknown",
        &["the store has no `target_info` of its instances; say `--identity job`"],
    ),
    // It is elsewhere, and new here.
    (
        "healthy",
        &["--environment", "staging"],
        "allowed 0 warn warn warn",
        &["never seen in the window"],
    ),
    (
        "jobbed",
        &["--identity", "target-info"],
        "unknown 3 unknown unknown unknown",
        &["several environments match: production, staging; name one"],
    ),
    (
        "jobbed",
        &[
            "--identity",
            "target-info",
            "--environment",
            "production",
            "--namespace",
            "sales",
        ],
        "allowed 0 pass pass pass",
        &["0% of requests were bad (0 of 9000)"],
    ),
    (
        "jobbed",
        &["--identity", "target-info", "--environment", "staging"],
        "allowed 0 fail pass pass",
        &["(900 of 9900)"],
    ),
    (
        "jobbed",
        &["--identity", "job", "--environment", "production"],
        "blocked 1 fail pass pass",
        &["(900 of 18900)", "note: `job` does not tell environments apart"],
    ),
];

fn each_row(gate: &Gate) -> Outcome {
    for (service, more, expected, texts) in TABLE.into_iter().chain(MAILERS) {
        let more = [&THEN[..], more].concat();
        let (verdict, line) = gate.verdict(service, &more)?;
        assert_eq!(line, expected, "{service} {more:?}: {verdict:#}");
        let said = gate.text(service, &[&more[..], &["--explain"]].concat())?;
        for text in texts {
            assert!(said.contains(text), "no `{text}` in:\n{said}");
        }
    }
    nothing_is_known_of_a_time_before_all_data(gate)?;
    recovery_is_told_by_pieces_that_end_when_asked(gate)
}

fn nothing_is_known_of_a_time_before_all_data(gate: &Gate) -> Outcome {
    for at in ["2020-01-01T00:00:00Z", "2025-06-01T00:00:00Z"] {
        let (verdict, line) = gate.verdict("healthy", &["--at", at])?;
        assert_eq!(line, "unknown 3 unknown unknown unknown", "{verdict:#}");
        let reason = verdict["reason"].as_str().unwrap_or_default();
        assert!(
            reason.contains("nothing of anybody in the window before that moment"),
            "{reason}"
        );
    }
    let to_come = gate.run("healthy", &["--at", "2099-01-01T00:00:00Z"])?;
    assert_eq!(to_come.status.code(), Some(2), "{to_come:?}");
    Ok(())
}

/// And not at a round hour, where an engine's cache has the pieces.
fn recovery_is_told_by_pieces_that_end_when_asked(gate: &Gate) -> Outcome {
    for service in ["spent", "mails-lost"] {
        let (verdict, line) = gate.verdict(service, &["--at", "2026-03-01T00:00:59Z"])?;
        assert_eq!(line, "blocked 1 pass pass fail", "{verdict:#}");
        let at = verdict["rules"][2]["recovers_at"].as_str().unwrap_or_default();
        assert!(at.starts_with("2026-03-10T") && at.contains(":00:59"), "{verdict:#}");
    }
    Ok(())
}

#[test]
fn each_row_of_the_table_on_victoria_metrics() -> Outcome {
    let store = VictoriaMetrics::start()?;
    store.import(&past().json_lines())?;
    store.force_flush()?;
    let gate = Gate::asking(store.url())?;
    each_row(&gate)?;
    let page = gate.text("stale", &[&THEN[..], &["--format", "markdown"]].concat())?;
    assert!(
        page.contains("| ⚠️ warn | freshness of prices |  | stale on 1 of 1 instances |  |"),
        "{page}"
    );
    assert!(
        page.contains("\n- freshness of prices: stale on 1 of 1 instances\n"),
        "{page}"
    );
    let (verdict, _) = gate.verdict("stale", &THEN)?;
    assert_eq!(verdict["warnings"][0], "freshness of prices: stale on 1 of 1 instances");
    Ok(())
}

#[test]
fn each_row_of_the_table_on_prometheus_and_how_far_its_counts_are_off() -> Outcome {
    let folder = TempDir::new("slo-gate-blocks")?;
    let store = past().into_prometheus(folder.path())?;
    let gate = Gate::asking(store.url())?;
    each_row(&gate)?;
    for at in ["2026-03-01T00:00:01Z", "2026-03-01T00:00:30Z", "2026-03-01T00:00:59Z"] {
        extrapolation_is_bounded(&gate, at)?;
    }
    Ok(())
}

/// Between two pushes Prometheus extrapolates: 15 minutes, of which 14 are between samples, and a month.
fn extrapolation_is_bounded(gate: &Gate, at: &str) -> Outcome {
    let (failing, line) = gate.verdict("failing", &["--at", at])?;
    assert_eq!(line, "blocked 1 fail pass pass", "{at}: {failing:#}");
    // A steady rate is not off at all; of the bad ones only 14 minutes' worth lie between two samples.
    let (valid, bad) = (
        events(&failing, 0, "good")? + events(&failing, 0, "bad")?,
        events(&failing, 0, "bad")?,
    );
    assert!(
        (valid - 9_090.0).abs() <= 9_090.0 * 0.001 && (bad - 90.0).abs() <= 1.0,
        "{at}: {bad} of {valid}"
    );
    let (spent, line) = gate.verdict("spent", &["--at", at])?;
    assert_eq!(line, "blocked 1 pass pass fail", "{at}: {spent:#}");
    let bad = events(&spent, 2, "bad")?;
    assert!((bad - 86_400.0).abs() <= 86_400.0 * 0.000_2, "{at}: {bad}");
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "some thousands")]
fn events(verdict: &serde_json::Value, rule: usize, outcome: &str) -> Result<f64, Failure> {
    let count = verdict["rules"][rule]["events"][outcome].as_u64();
    Ok(count.ok_or_else(|| Failure::new(format!("no {outcome} in {verdict:#}")))? as f64)
}
