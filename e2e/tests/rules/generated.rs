//! The unit tests that `slo rules --tests` writes: they pass on the rules beside them, and on no others.

use e2e::{Binary, Failure, Outcome};

use crate::tools::{folder, run, slo, succeeded};

/// One promise of each kind that the duration histogram can tell of.
const SPEC: &str = r#"
version: 1
service: search
slos:
  - name: search-speed
    promise: Nobody waits for more than a second.
    owner: search-team
    status: agreed
    sli: { http: { routes: ["/search/{index}.json"], methods: [GET], faster_than: 1s, bad: [429] } }
    objective: 99.95%
    window: 30d
  - name: search-week
    promise: Whoever searches finds something.
    owner: search-team
    status: agreed
    sli: { http: { routes: ["/search/{index}.json"], methods: [GET], excluded: [404] } }
    objective: 90%
    window: 7d
"#;

/// Counters of others, and a planned time that rules leave out themselves.
const PLANNED: &str = r#"
version: 1
service: mailer
slos:
  - name: mails
    promise: Mails arrive, even at night.
    owner: mail-team
    status: agreed
    sli: { prometheus: { bad: 'mails_total{result="failed"}', valid: mails_total } }
    objective: 99%
    window: 30d
    exclude: [{ from: 2026-01-04 02:00, duration: 2h, time_zone: UTC, rrule: FREQ=DAILY, reason: clean-up }]
"#;

/// What promtool says of tests beside rules.
fn tested(rules: &str, tests: &str) -> Result<String, Failure> {
    let folder = folder(&[("rules.yaml", rules), ("test.yaml", tests)])?;
    succeeded(
        "promtool test rules",
        &run(Binary::Promtool, folder.path(), &["test", "rules", "test.yaml"])?,
    )
}

fn written(spec: &str, args: &str) -> Result<(String, String), Failure> {
    let folder = folder(&[("slo.yaml", spec)])?;
    let spec = folder.path().join("slo.yaml").display().to_string();
    Ok((
        slo(&format!("rules {args} {spec}"))?,
        slo(&format!("rules --tests {args} {spec}"))?,
    ))
}

/// The first SLO alone: promtool takes its time for every rule.
fn first() -> &'static str {
    SPEC.split_once("  - name: search-week")
        .map_or(SPEC, |(first, _)| first)
}

#[test]
fn they_pass_for_either_source_of_counts() -> Outcome {
    for args in ["--identity promoted", "--source http --identity target-info"] {
        let (rules, tests) = written(SPEC, args)?;
        tested(&rules, &tests).map_err(|error| Failure::new(format!("{args}: {error:?}")))?;
    }
    Ok(())
}

/// Each change alone makes some test fail.
fn each_fails(rules: &str, tests: &str, changes: &[(&str, &str)]) {
    for (from, to) in changes {
        let changed = rules.replace(from, to);
        assert_ne!(changed, rules, "{from} is not in the rules");
        assert!(
            tested(&changed, tests).is_err(),
            "{from} became {to}, and no test failed"
        );
    }
}

/// A window dropped, a factor swapped, a comparison softened, a count forgotten.
#[test]
fn they_fail_when_a_rule_is_changed() -> Outcome {
    let (rules, tests) = written(first(), "--source events")?;
    let changes = [
        ("[30m]", "[10m]"),
        ("> 14.4", "> 24.4"),
        (") > 6", ") > 1"),
        ("slo_outcome=\"bad\"", "slo_outcome=\"good\""),
        ("good|bad", "good"),
        ("/ 0.0005", "/ 0.0009"),
        ("severity: page", "severity: ticket"),
    ];
    each_fails(&rules, &tests, &changes);
    Ok(())
}

#[test]
fn they_know_planned_times_and_counters_of_others() -> Outcome {
    let (rules, tests) = written(PLANNED, "--from 2026-01-01")?;
    assert!(tests.contains("mails: an outage that was planned, and one that was not"));
    tested(&rules, &tests)?;
    let changes = [
        ("* scalar(", "+ 0 * scalar("),
        ("{result=\"failed\"}[2m]", "{result=\"failed\"}[10m]"),
    ];
    each_fails(&rules, &tests, &changes);
    Ok(())
}
