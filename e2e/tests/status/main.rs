//! `slo status` on real engines that hold a month of a fleet: standing, numbers, exit code, text and page of each kind.

mod fleet;
mod unpromoted;

use std::process::{Command, Output};

use e2e::{Failure, Outcome, TempDir, VictoriaMetrics, build_binary};
use serde_json::Value;

/// The moment up to which the past goes.
const THEN: [&str; 2] = ["--at", "2026-03-01T00:00:00Z"];

/// The tool and the engine that it asks.
struct Status {
    program: std::path::PathBuf,
    engine: String,
}

impl Status {
    fn of(engine: String) -> Result<Self, Failure> {
        let program = build_binary("slo-cli")?;
        Ok(Self { program, engine })
    }

    fn run(&self, more: &[&str]) -> Result<Output, Failure> {
        let mut command = Command::new(&self.program);
        command
            .args(["status", "--prometheus", &self.engine])
            .args(THEN)
            .args(more);
        Ok(command.env("COLUMNS", "120").output()?)
    }

    fn text(&self, more: &[&str]) -> Result<String, Failure> {
        Ok(String::from_utf8(self.run(more)?.stdout)?)
    }

    fn json(&self, more: &[&str]) -> Result<Value, Failure> {
        let output = self.run(&[&["--json"], more].concat())?;
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&text).map_err(|error| {
            let said = String::from_utf8_lossy(&output.stderr);
            Failure::new(format!("{error}: {text}{said}"))
        })
    }
}

/// `service environment standing`, in the order in which they are shown.
fn standings(document: &Value) -> Vec<String> {
    let promises = document["promises"].as_array().into_iter().flatten();
    let word = |promise: &Value, field: &str| promise[field].as_str().unwrap_or_default().to_owned();
    promises
        .map(|promise| {
            let each = ["service", "environment", "standing"].map(|field| word(promise, field));
            each.join(" ")
        })
        .collect()
}

fn of<'d>(document: &'d Value, service: &str) -> Result<&'d Value, Failure> {
    let mut promises = document["promises"].as_array().into_iter().flatten();
    let found = promises.find(|promise| promise["service"] == service);
    found.ok_or_else(|| Failure::new(format!("no {service} in {document:#}")))
}

fn near(what: &Value, expected: f64, off: f64) -> Outcome {
    match what.as_f64() {
        Some(value) if (value - expected).abs() <= off => Ok(()),
        _ => Err(Failure::new(format!("{what} is not {expected}"))),
    }
}

/// What is so on both engines.
fn is_as_it_was(status: &Status) -> Outcome {
    let document = status.json(&[])?;
    assert_eq!(document["doubts"], Value::Array(Vec::new()), "{document:#}");
    assert_eq!(
        standings(&document),
        [
            "paging production paging",
            "exhausted production exhausted",
            "ruled production ticket",
            "dead production gone",
            "stale production stale",
            "probed production stale",
            "burning production burning",
            "idle production no-traffic",
            "young production warming-up",
            "healthy production fine",
            "healthy staging fine",
            "mailer production fine",
            "calendar production fine",
            "mismatch production fine",
            "draft production burning",
        ],
        "{document:#}"
    );

    // 12 hours in 30 days, of 120 bad ones in 720.
    let exhausted = of(&document, "exhausted")?;
    near(
        &exhausted["sli_ratio"],
        1.0 - 720.0 * 120.0 / (43_200.0 * 600.0 + 720.0 * 120.0),
        1e-6,
    )?;
    near(&exhausted["budget"]["remaining_ratio"], -2.3223, 2e-3)?;
    assert_eq!(exhausted["counted_from"], "counters");
    near(&exhausted["coverage_ratio"], 1.0, 2e-3)?;

    let paging = of(&document, "paging")?;
    near(&paging["burn_1h"], 120.0 / 720.0 / 0.001, 3.0)?;
    assert_eq!(
        (&paging["alert"]["from"], &paging["alert"]["state"]),
        (&"computed".into(), &"page".into())
    );
    let ruled = of(&document, "ruled")?;
    assert_eq!(
        (&ruled["alert"]["from"], &ruled["alert"]["state"]),
        (&"rules".into(), &"ticket".into())
    );

    let mailer = of(&document, "mailer")?;
    near(&mailer["budget"]["remaining_ratio"], 0.8, 1e-9)?;
    assert_eq!(
        (&mailer["counted_from"], &mailer["pushed_seconds_ago"]),
        (&"rules".into(), &0.into())
    );

    // Half a month ago; a promise of it that was given up before is nowhere, nor one of a service that lives.
    let dead = of(&document, "dead")?;
    assert_eq!(
        (&dead["slo"], &dead["hurts"], &dead["gone_since"], &dead["budget"]),
        (
            &"browse".into(),
            &true.into(),
            &"2026-02-13T00:00:00Z".into(),
            &Value::Null
        ),
        "{dead:#}"
    );
    assert_eq!(dead["why"], "its service pushed nothing since 2026-02-13 00:00 UTC");
    assert_eq!(
        (&dead["owner"], &dead["objective"]),
        (&"search-team".into(), &"99.9%".into())
    );

    let stale = of(&document, "stale")?;
    assert_eq!(stale["why"], "nothing was pushed for 20m");
    let young = of(&document, "young")?;
    near(&young["coverage_ratio"], 2.0 / 30.0, 3e-3)?;
    assert_eq!(young["budget"]["basis"], "whole_window");

    let mismatch = of(&document, "mismatch")?;
    assert_eq!(mismatch["objective"], "99.9%");
    assert_eq!(mismatch["notes"][0], "1 of 2 instances says otherwise: objective 99.5%");

    // What went wrong in the hour before the month began is none of its business.
    let calendar = of(&document, "calendar")?;
    assert_eq!(
        (&calendar["window"]["name"], &calendar["window"]["began_at"]),
        (&"month".into(), &"2026-02-28T15:00:00Z".into())
    );
    near(&calendar["budget"]["remaining_ratio"], 1.0, 1e-9)?;
    assert_eq!(of(&document, "draft")?["hurts"], false);

    let (check, probe) = (&document["checks"][0], &document["checks"][1]);
    assert_eq!(
        (&check["state"], &check["data_age_seconds"]),
        (&"stale".into(), &259_200.into()),
        "{document:#}"
    );
    assert_eq!(
        (&probe["state"], &probe["slo"]),
        (&"hung".into(), &"prices-fresh".into())
    );
    let gate = &document["gate"][0];
    assert_eq!(
        (&gate["last"], &gate["last_at"]),
        (&"bypassed".into(), &"2026-02-28T21:00:00Z".into()),
        "{gate:#}"
    );
    assert_eq!((&gate["allowed"], &gate["bypassed"]), (&1.into(), &1.into()));
    Ok(())
}

/// What people see.
fn reads_well(status: &Status) -> Outcome {
    let text = status.text(&[])?;
    assert!(
        text.starts_with(
            "7 hurt, 15 promises of 14 services: 1 paging, 1 exhausted, 1 ticket, 1 gone, 2 stale, 1 burning,"
        ),
        "{text}"
    );
    assert!(
        text.contains(
            "\nDEPLOY GATE\n  healthy (production)  last bypassed 3h ago; in 30 days 1 allowed, 1 bypassed\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("healthy (production)  check prices: stale, the newest data is 3d old"),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    let only = status.text(&["--only", "burning,draft"])?;
    assert!(
        only.contains("BURNING") && only.contains("draft, burning") && only.contains("(13 promises are not shown)"),
        "{only}"
    );

    for (more, exit) in [
        ("--fail-on hurting", 1),
        ("--fail-on hurting --environment staging", 0),
        ("--fail-on no-traffic --service idle", 1),
        ("--fail-on hurting --service nobody", 3),
        ("--service nobody", 3),
        ("--service healthy --service nobody", 3),
        ("--fail-on hurting --environment staging --service healthy", 0),
        ("--fail-on hurting --service healthy --service dead", 1),
        ("--fail-on paging --service healthy --service dead", 3),
        ("--fail-on hurting --service healthy --remember 1d", 0),
        ("--fail-on hurting --service healthy --service dead --remember 10d", 3),
        ("--fail-on hurting --service forgotten --remember 90d", 1),
        ("--journey browse --owner search-team --slo browse", 0),
    ] {
        let output = status.run(&more.split(' ').collect::<Vec<_>>())?;
        assert_eq!(
            output.status.code(),
            Some(exit),
            "{more}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
    assert_eq!(
        standings(&status.json(&["--environment", "staging"])?),
        ["healthy staging fine"]
    );
    assert_eq!(standings(&status.json(&["--owner", "nobody"])?), [""; 0]);
    Ok(())
}

/// The page has a chart for each promise with a budget, and asks nobody for anything.
fn draws(status: &Status) -> Outcome {
    let folder = TempDir::new("slo-status")?;
    let file = folder.path().join("status.html").display().to_string();
    let output = status.run(&["--html", &file])?;
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let page = std::fs::read_to_string(&file)?;
    // All but the one without traffic, and the one whose events an engine counts.
    assert_eq!(page.matches("<svg class=\"chart\"").count(), 12, "{page}");
    assert!(
        !page.contains("http://www") && !page.contains("<script") && !page.contains("<link"),
        "{page}"
    );
    if let Ok(keep) = std::env::var("SLO_STATUS_PAGE") {
        std::fs::copy(&file, keep)?;
    }
    Ok(())
}

#[test]
fn a_fleet_on_victoria_metrics() -> Outcome {
    let store = VictoriaMetrics::start()?;
    store.import(&fleet::fleet().json_lines())?;
    store.force_flush()?;
    let status = Status::of(store.url())?;
    is_as_it_was(&status)?;
    // Exact on this engine.
    let document = status.json(&["--service", "exhausted"])?;
    assert_eq!(document["promises"][0]["events"]["bad"], 86_400);
    assert_eq!(document["promises"][0]["events"]["good"], 25_920_000);
    reads_well(&status)?;
    draws(&status)?;
    let recorded = status.json(&["--numbers", "recorded", "--service", "ruled"])?;
    let ruled = of(&recorded, "ruled")?;
    assert_eq!(
        (&ruled["counted_from"], &ruled["events"]),
        (&"rules".into(), &Value::Null)
    );
    near(&ruled["budget"]["remaining_ratio"], 0.75, 1e-9)?;
    near(&ruled["burn_6h"], 0.4, 1e-9)
}

#[test]
fn a_fleet_on_prometheus() -> Outcome {
    let folder = TempDir::new("slo-status-blocks")?;
    let server = fleet::fleet().into_prometheus(folder.path())?;
    let status = Status::of(server.url())?;
    is_as_it_was(&status)?;
    reads_well(&status)?;
    draws(&status)
}

#[test]
fn an_engine_that_is_not_there_is_said_in_one_sentence() -> Outcome {
    let status = Status::of("http://127.0.0.1:9".to_owned())?;
    let output = status.run(&["--retries", "0"])?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0), "{said}");
    assert!(
        said.starts_with("slo: http://127.0.0.1:9 cannot be reached: ") && said.lines().count() == 1,
        "{said}"
    );
    Ok(())
}
