//! `slo rules` as people see it: the real binary, byte for byte.
//!
//! `SLO_BLESS=1 cargo test -p slo-cli --test rules` writes what it says now into `tests/rules/out`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

type Checked = Result<(), Box<dyn Error>>;

/// Each golden file and the arguments that make it.
const GOLDENS: [(&str, &str); 28] = [
    ("fleet.yaml", "--fleet"),
    (
        "fleet-vm.yaml",
        "--fleet --engine victoriametrics --window 30d --window month",
    ),
    (
        "fleet-mimir-job.yaml",
        "--fleet --engine mimir --identity job --window 28d --push-interval 15s",
    ),
    (
        "fleet-target-info-object.yaml",
        "--fleet --identity target-info --format prometheus-rule --window 30d --dashboard-url http://grafana/d/slo",
    ),
    ("real-estate.yaml", "../../golden/in/real-estate.yaml"),
    (
        "real-estate-http.yaml",
        "--source http --dashboard-url http://g/d/slo?x=1 ../in/requests.yaml",
    ),
    (
        "http-vm.yaml",
        "--source http --engine victoriametrics --identity job --push-interval 15s --environment dev ../in/http.yaml",
    ),
    (
        "calendar.yaml",
        "--engine mimir --identity target-info ../../golden/in/calendar.yaml",
    ),
    ("hostile.yaml", "--format prometheus-rule ../in/hostile.yaml"),
    ("http-test.yaml", "--tests=http.yaml --source http ../in/http.yaml"),
    (
        "calendar-test.yaml",
        "--tests --identity job --format plain ../../golden/in/calendar.yaml",
    ),
    ("foreign.yaml", "../in/foreign.yaml"),
    (
        "foreign-vm-job.yaml",
        "--engine victoriametrics --identity job --namespace post --beside-fleet ../in/foreign.yaml",
    ),
    (
        "foreign-test.yaml",
        "--tests=foreign.yaml --beside-fleet ../in/foreign.yaml",
    ),
    (
        "planned-http.yaml",
        "--source http --from 2026-01-01 --environment-label production ../in/planned.yaml",
    ),
    (
        "planned-events.yaml",
        "--engine mimir --from 2026-01-01 --namespace trade ../in/planned.yaml",
    ),
    (
        "planned-test.yaml",
        "--tests=planned-http.yaml --source http --from 2026-01-01 --environment-label production ../in/planned.yaml",
    ),
    (
        "http-test-tickets.yaml",
        "--tests=http.yaml --tickets --source http ../in/http.yaml",
    ),
    (
        "foreign-test-tickets.yaml",
        "--tests=foreign.yaml --tickets --beside-fleet ../in/foreign.yaml",
    ),
    ("routed.yaml", "--from 2026-01-01 ../in/routed.yaml"),
    (
        "routed-test.yaml",
        "--tests=routed.yaml --from 2026-01-01 ../in/routed.yaml",
    ),
    (
        "routed-test-tickets.yaml",
        "--tests=routed.yaml --tickets --from 2026-01-01 ../in/routed.yaml",
    ),
    ("beside.yaml", "--beside-fleet ../in/beside.yaml"),
    (
        "beside-vm-job.yaml",
        "--beside-fleet --source http --engine victoriametrics --identity job --namespace sales ../in/beside.yaml",
    ),
    (
        "many-mimir.yaml",
        "--engine mimir --source http --from 2026-01-01 ../in/many.yaml",
    ),
    ("alertmanager-routed.yaml", "--alertmanager ../in/routed.yaml"),
    ("alertmanager.yaml", "--alertmanager"),
    ("alertmanager-job.yaml", "--alertmanager --identity job"),
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules").join(name)
}

fn rules(args: &str) -> Result<Output, Box<dyn Error>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slo"));
    let args = args.split(' ').filter(|arg| !arg.is_empty());
    Ok(command.arg("rules").args(args).current_dir(folder("out")).output()?)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_rules_are_these() -> Checked {
    for (file, args) in GOLDENS {
        let output = rules(args)?;
        let elsewhere = args.contains("--tests") && !args.contains("--tickets");
        let said = if elsewhere { ELSEWHERE } else { "" };
        assert_eq!(
            (output.status.code(), text(&output.stderr)),
            (Some(0), said.to_owned()),
            "{args}"
        );
        let path = folder("out").join(file);
        if std::env::var_os("SLO_BLESS").is_some() {
            std::fs::write(&path, &output.stdout)?;
        }
        let expected = std::fs::read(&path).map_err(|error| format!("{file}: {error}; see SLO_BLESS above"))?;
        assert!(output.stdout == expected, "{file} differs; see SLO_BLESS above");
    }
    Ok(())
}

/// Standard output has room for one of two files.
const ELSEWHERE: &str = "the tests of tickets are a file of their own, for promtool evaluates all of a file at one \
                         interval: `--out FILE` writes both, `--tickets` writes that one here\n";

#[test]
fn tests_are_two_files_that_are_written_and_compared_together() -> Checked {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("two");
    std::fs::create_dir_all(&folder)?;
    let (pages, tickets) = (folder.join("test.yaml"), folder.join("test-tickets.yaml"));
    let run = |how: &str, pages: &Path| {
        rules(&format!(
            "--tests=foreign.yaml --beside-fleet {how} {} ../in/foreign.yaml",
            pages.display()
        ))
    };
    assert_eq!(run("--out", &pages)?.status.code(), Some(0));
    let golden = |name: &str| std::fs::read_to_string(self::folder("out").join(name));
    assert_eq!(std::fs::read_to_string(&pages)?, golden("foreign-test.yaml")?);
    assert_eq!(std::fs::read_to_string(&tickets)?, golden("foreign-test-tickets.yaml")?);
    let fine = run("--check", &pages)?;
    assert_eq!((fine.status.code(), text(&fine.stderr)), (Some(0), String::new()));

    std::fs::write(&tickets, "tests: []\n")?;
    let output = run("--check", &pages)?;
    assert_eq!(output.status.code(), Some(1));
    let (said, out) = (text(&output.stderr), pages.display());
    assert!(said.contains("test-tickets.yaml:1: out of date"), "{said}");
    assert!(
        said.contains(&format!("write it anew with `--out {out}` instead")),
        "{said}"
    );

    std::fs::remove_file(&tickets)?;
    let output = run("--check", &pages)?;
    assert_eq!(output.status.code(), Some(3));
    // A name without an extension.
    assert_eq!(run("--out", &folder.join("plain"))?.status.code(), Some(0));
    assert!(folder.join("plain-tickets").is_file());
    Ok(())
}

/// What a spec says of severities, tiers and labels is on every alert, and on nothing that is recorded.
#[test]
fn alerts_go_where_the_spec_says() -> Checked {
    let written = text(&rules("--from 2026-01-01 ../in/routed.yaml")?.stdout);
    let rules: Vec<_> = written.split("\n      - ").skip(1).collect();
    let of = |slo: &str| {
        let name = format!("slo_name: {slo}\n");
        let is_of = move |rule: &&&str| rule.starts_with("alert: ") && rule.contains(&name);
        rules.iter().filter(is_of).copied().collect::<Vec<_>>()
    };
    let pay = of("pay");
    assert_eq!(pay.len(), 4, "page, ticket, counts that differ, nothing to count");
    for rule in pay {
        assert!(
            rule.contains("severity: P1\n") || rule.contains("severity: P3\n"),
            "{rule}"
        );
        assert!(rule.contains("tier: gold\n") && rule.contains("team: deals\n") && rule.contains("cost: \"7\"\n"));
    }
    let search = of("search");
    assert_eq!(search.len(), 2);
    for rule in search {
        assert!(
            rule.contains("severity: critical\n") || rule.contains("severity: warning\n"),
            "{rule}"
        );
        assert!(
            rule.contains("tier: silver\n") && rule.contains("team: search\n"),
            "{rule}"
        );
    }
    assert_eq!(of("mails"), [""; 0], "`alerts: false` is nobody");
    let missing = rules
        .iter()
        .find(|rule| rule.starts_with("alert: SloDataMissing\n") && !rule.contains("slo_name: pay"));
    let missing = missing.ok_or("no alert about the service")?;
    assert!(
        missing.contains("severity: critical\n") && missing.contains("tier: silver\n"),
        "{missing}"
    );
    assert!(!written.contains("alertstate=\"firing\", severity=\"page\""));
    assert!(written.contains("alertstate=\"firing\", severity=\"P1\""));
    let mut recorded = rules.iter().filter(|rule| rule.starts_with("record: "));
    assert!(recorded.all(|rule| !rule.contains("tier:") && !rule.contains("team:")));
    Ok(())
}

/// What all else that is recorded is made of.
const BASIS: [&str; 8] = [
    "slo:error_budget:ratio",
    "slo:bad_events:increase5m",
    "slo:valid_events:increase5m",
    "slo:bad_events:increase1m",
    "slo:valid_events:increase1m",
    "slo:window_start:seconds",
    "slo:exclusion_end:seconds",
    "slo:exclusion_said:seconds",
];

/// The fleet's rules and a spec's own may be in one engine: the fleet's read nothing that another's recorded to begin with, but to
/// know that somebody's rules are there. A spec's own find theirs by the name of the SLO, but starts and planned times, which a
/// fleet records of the same SLO.
#[test]
fn rules_begin_with_what_they_have_recorded_themselves() -> Checked {
    for (file, args) in GOLDENS {
        if ["--tests", "--alertmanager"].iter().any(|other| args.contains(other)) {
            continue;
        }
        let is_the_fleets = args.contains("--fleet");
        // What alerts of one's own read and the fleet has not is as the fleet's.
        let is_own = !args.contains("-fleet") || args.contains("foreign");
        let by = if is_own { "own" } else { "" };
        let written = std::fs::read_to_string(folder("out").join(file))?;
        let written = written.replace("\\\"", "\"").replace("- alert: ", "- record: ");
        let mut found = 0;
        for rule in written.split("- record: ").skip(1) {
            let (name, rule) = rule.split_once('\n').unwrap_or_default();
            let (expr, _) = rule.split_once("annotations:").unwrap_or((rule, ""));
            let is_marked = expr.contains("slo_rules: own\n");
            assert_eq!(is_marked, is_own && BASIS.contains(&name), "{file}: {name}");
            if ["SloWindowWithoutRules", "SloAlertsWithoutRules"].contains(&name) {
                continue;
            }
            for (at, series) in BASIS.iter().flat_map(|series| expr.match_indices(series)) {
                let (matchers, _) = expr[at + series.len()..].split_once('}').unwrap_or_default();
                let is_named = matchers.ends_with(&format!("slo_rules=\"{by}\""));
                let is_wanted = is_the_fleets || series.ends_with(":seconds");
                assert!(
                    matchers.starts_with('{') && is_named == is_wanted,
                    "{file}: {name}: {series}{matchers}"
                );
                found += 1;
            }
        }
        assert!(found > 0, "{file}");
    }
    Ok(())
}

/// An engine refuses a whole file in which two groups have one name; and `vmalert -replay` takes them by name, so that the
/// tiles of an SLO come behind the group of each minute.
#[test]
fn no_two_groups_have_one_name() -> Checked {
    for args in ["", "--source http", "--engine victoriametrics --environment production"] {
        let written = text(&rules(&format!("{args} ../in/names.yaml"))?.stdout);
        let mut names: Vec<_> = written
            .lines()
            .filter_map(|line| line.strip_prefix("  - name: "))
            .collect();
        assert_eq!(names.len(), 10, "{names:?}");
        names.sort_unstable();
        let place = |name: &str| names.iter().position(|other| *other == name);
        for name in &names {
            let tiles = place(&format!("{name}.tiles"));
            assert!(tiles.is_none() || tiles > place(name), "{names:?}");
        }
        names.dedup();
        assert_eq!(names.len(), 10, "{names:?}");
    }
    Ok(())
}

/// What a process says may be of another environment, with another spec.
#[test]
fn where_dates_are_known_they_hold() -> Checked {
    let written = text(&rules("--source http --from 2026-01-01 ../in/planned.yaml")?.stdout);
    assert!(
        written.contains("- record: slo:exclusion_end:seconds\n") && !written.contains("slo_exclusion_end_seconds")
    );
    let starts: Vec<_> = written.split("- record: slo:window_start:seconds\n").skip(1).collect();
    assert_eq!(starts.len(), 2);
    for start in starts {
        let (known, said) = (start.find("vector("), start.find("max(slo_window_start_seconds{"));
        assert!(known.is_some() && known < said, "{start}");
    }
    Ok(())
}

#[test]
fn every_golden_file_is_used() -> Checked {
    for entry in std::fs::read_dir(folder("out"))? {
        let name = entry?.file_name();
        assert!(GOLDENS.iter().any(|(file, _)| name == *file), "{name:?}");
    }
    Ok(())
}

#[test]
fn a_file_that_is_up_to_date_passes_and_another_is_refused_with_the_line() -> Checked {
    let output = rules("--fleet --check fleet.yaml")?;
    let said = [&output.stdout, &output.stderr].map(|bytes| text(bytes));
    assert_eq!((output.status.code(), said), (Some(0), <[String; 2]>::default()));

    let output = rules("--fleet --window 7d --check fleet.yaml")?;
    assert_eq!(output.status.code(), Some(1));
    let hint = text(&output.stderr);
    assert!(
        hint.starts_with("fleet.yaml:2: out of date: `# Windows: 7d, 28d, 30d, 90d, month. Pushes"),
        "{hint}"
    );
    assert!(
        hint.contains("write it anew with `--out fleet.yaml` instead of `--check`"),
        "{hint}"
    );

    let output = rules("--fleet --check nowhere.yaml")?;
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).starts_with("`nowhere.yaml` cannot be read: "));
    Ok(())
}

#[test]
fn a_file_is_written_where_it_is_wanted() -> Checked {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fleet.yaml");
    let output = rules(&format!("--fleet --out {}", target.display()))?;
    assert_eq!((output.status.code(), output.stdout), (Some(0), Vec::new()));
    let golden = std::fs::read(folder("out").join("fleet.yaml"))?;
    assert!(std::fs::read(&target)? == golden, "it is not the golden file");

    let output = rules("--fleet --out nowhere/fleet.yaml")?;
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).starts_with("`nowhere/fleet.yaml` cannot be written: "));
    Ok(())
}

#[test]
fn wrong_usage_says_what_is_allowed() -> Checked {
    for (args, said) in [
        ("--fleet --window 7m", "whole tiles of at least an hour"),
        ("--fleet --window fortnight", "is not a duration"),
        ("--fleet --push-interval 10m", "from `1s` to `5m`"),
        ("--fleet --engine influx", "victoriametrics"),
        (
            "--namespace {{x ../in/http.yaml",
            "write the name that the service's telemetry has, like `sales`",
        ),
        ("--environment-label {{x ../in/http.yaml", "like `production`"),
        (
            "--environment-label dev --source http ../in/http.yaml",
            "--environment-label: `dev` has numbers of its own in the spec; write `--environment dev`",
        ),
        ("../in/nowhere.yaml", "`../in/nowhere.yaml` cannot be read: "),
        (
            "--environment live ../in/http.yaml",
            "http.yaml: `live` is no environment of the spec; it has dev; write one of them, or `live: {}` below",
        ),
        ("../../golden/in/mistakes.yaml", "mistakes.yaml:"),
        (
            "../../golden/in/corners.yaml",
            ".window (nine-nines): rules count in tiles of 5m, and `5m` is not whole tiles",
        ),
        (
            "--source http ../../golden/in/corners.yaml",
            "].sli (mails-sent): what is not about HTTP requests is known",
        ),
        (
            "--source http ../../golden/in/corners.yaml",
            "].sli.http.routes (export-speed): which routes are marked is known",
        ),
        (
            "--source http ../../golden/in/calendar.yaml",
            "].window (checkout): rules know the periods of its window by date; write the day from which on they know those of the \
             next 400 days, like `--from 2026-01-01`",
        ),
        (
            "--beside-fleet ../../golden/in/real-estate.yaml",
            "nothing is missing beside the fleet's rules; leave `--beside-fleet` out",
        ),
        (
            "../in/planned.yaml",
            "planned.yaml:4:1: exclude (mails): rules know planned times by date; ",
        ),
        (
            "--source http ../in/planned.yaml",
            ".exclude (pay): rules know planned times by date; ",
        ),
        (
            "--from tomorrow ../in/planned.yaml",
            "`tomorrow` is no day; write year, month and day, from `1971-01-01` to `2200-12-31`, like `2026-01-31`",
        ),
        (
            "--from 9999-12-31 ../in/planned.yaml",
            "from `1971-01-01` to `2200-12-31`",
        ),
        (
            "--tests --format prometheus-rule ../in/http.yaml",
            "`--tests` writes a file for promtool, which reads no objects; leave `--format` out",
        ),
        (
            "--fleet ../in/http.yaml",
            "Usage: slo rules [OPTIONS] [SPEC]\n       slo rules [OPTIONS] --fleet\n",
        ),
        (
            "--source http ../../golden/in/calendar.yaml",
            "../../golden/in/calendar.yaml:",
        ),
        (
            "--fleet --object-namespace monitoring",
            "`--object-namespace` is about an object of Kubernetes; write `--format prometheus-rule` with it",
        ),
        (
            "--fleet --dashboard-url nonsense",
            "'--dashboard-url <URL>': `nonsense` is not a link; write the whole address",
        ),
        (
            "--tests --format prometheus-rule --object-label a=b ../in/http.yaml",
            "`--object-label` is about an object",
        ),
        (
            "--tests ../in/untold.yaml",
            "].sli.prometheus (mails): its queries do not tell which series to make up, so there would be no test at all; write",
        ),
        (
            "--beside-fleet --tests ../in/beside.yaml",
            "].alerts (pay): its rules read what the fleet's record, so there would be no test at all; leave `--beside-fleet` out",
        ),
        (
            "../in/sliced.yaml",
            "].sli.time_slices (mails): slices of time are judged in a process, and none counts these events; ",
        ),
    ] {
        let output = rules(args)?;
        assert_eq!(output.status.code(), Some(2), "{args}");
        assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
    }
    Ok(())
}

/// Exit code 2, and nothing written: neither is a file that anybody could load.
#[test]
fn what_nobody_takes_is_refused() -> Checked {
    let windows: String = (0..19).map(|hour| format!(" --window {}h", 100 + hour)).collect();
    let output = rules(&format!("--fleet --engine mimir{windows}"))?;
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
    assert!(
        text(&output.stderr).starts_with("Mimir takes 20 rules in a group"),
        "{}",
        text(&output.stderr)
    );
    let output = rules(&format!("--fleet --format prometheus-rule{windows}"))?;
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains(
        "\n---\napiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  \
                                           name: slo-fleet.2\n"
    ));
    Ok(())
}

/// What is applied beside it stays: each object has a name of its own.
#[test]
fn objects_are_named_by_what_they_are_about() -> Checked {
    let of = |args: &str| -> Result<String, Box<dyn Error>> {
        let object = text(&rules(&format!("--format prometheus-rule {args}"))?.stdout);
        let (head, _) = object.split_once("spec:\n").ok_or("no object")?;
        Ok(head.split_once("metadata:\n").ok_or("no metadata")?.1.to_owned())
    };
    for (args, name) in [
        ("--fleet", "slo-fleet"),
        ("../in/http.yaml", "slo-rules-search"),
        ("--environment dev ../in/http.yaml", "slo-rules-search.dev"),
        (
            "--environment production --namespace sales ../in/http.yaml",
            "slo-rules-search.production.sales",
        ),
        ("--beside-fleet ../in/foreign.yaml", "slo-rules-mailer.beside"),
        (
            "--beside-fleet --environment-label QA ../in/foreign.yaml",
            "slo-rules-mailer.qa-8bfcc687.beside",
        ),
        // `slo-rules-search.2` is the second object of a large file.
        ("--environment-label 2 ../in/http.yaml", "slo-rules-search.2-9df2b2af"),
    ] {
        assert_eq!(of(args)?, format!("  name: {name}\n"), "{args}");
    }
    let placed = "--object-label release=prometheus --object-label team=a/b ../in/http.yaml";
    assert!(of(placed).is_err());
    assert_eq!(
        of(
            "--fleet --object-namespace monitoring --object-label release=prometheus --object-label example.com/tier=1"
        )?,
        "  name: slo-fleet\n  namespace: monitoring\n  labels:\n    release: prometheus\n    example.com/tier: \"1\"\n"
    );
    Ok(())
}

/// Some have tests, and of the others it is said that they have none.
#[test]
fn what_has_no_tests_is_said() -> Checked {
    let output = rules("--tests --tickets ../in/half-told.yaml")?;
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (
            Some(0),
            "no tests for calls: its queries do not tell which series to make up\n".to_owned()
        )
    );
    assert!(text(&output.stdout).contains("# None for calls: "));
    Ok(())
}

/// Today is in no file, so a check says the same tomorrow.
#[test]
fn a_check_knows_times_from_the_day_that_the_file_says() -> Checked {
    let spec = "--source http --environment-label production ../in/planned.yaml";
    let output = rules(&format!("{spec} --check planned-http.yaml"))?;
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));

    let output = rules(&format!("{spec} --from 2026-02-01 --check planned-http.yaml"))?;
    assert_eq!(output.status.code(), Some(1));
    let hint = text(&output.stderr);
    assert!(
        hint.contains("`# Planned times and periods are known by date from 2026-01-01 until 2027-02-05.`"),
        "{hint}"
    );

    let output = rules(&format!("{spec} --check foreign.yaml"))?;
    assert_eq!(output.status.code(), Some(2));
    Ok(())
}
