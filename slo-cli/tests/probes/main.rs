//! `slo probes`: the files byte for byte, and the command as people and CI use it.
//!
//! `SLO_BLESS=1 cargo test -p slo-cli --test probes` writes what it says now into `tests/probes/golden`; the real programs
//! read these files in `e2e`.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/files.rs"]
mod files;
#[path = "../common/input.rs"]
mod input;

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::process::{Command, Output};

use common::{Folder, text};
use files::{Files, assert_committed, read};
use input::with_stdin;

type Checked = Result<(), Box<dyn Error>>;

const SPEC: &str = "../../probes/spec.yaml";

/// Ends strings, expressions, comments and documents, and begins templates and environment variables.
macro_rules! hostile {
    () => {
        "a\"} or vector(1) # '\\ {{ .Labels }} }} %{HOME} $1 ${2} - x: |"
    };
}

/// Every way in which probes are written, by the folder of its files.
const WAYS: [(&str, &[&str]); 3] = [
    (
        "real-estate",
        &["real-estate.yaml", "--target", "https://real-estate.example"],
    ),
    (
        "corners",
        &[
            "corners.yaml",
            "--environment",
            "dev",
            "--namespace",
            "retail",
            "--target",
            "https://kr.shop.example,region=kr",
            "--target",
            "https://us.shop.example/prefix/,region=us,zone=a b",
            "--exporter",
            "[::1]:9116",
            "--interval",
            "15s",
            "--scrape-timeout",
            "4s",
            "--deadline",
            "2s",
            "--module",
            "slow",
            "--code",
            "warn=203",
            "--code",
            "empty=424",
            "--user",
            "prober",
            "--password-file",
            "/etc/blackbox/password",
            "--ca-file",
            "/etc/blackbox/ca.pem",
            "--header",
            "Host: shop.example",
            "--runbook",
            "https://wiki.example/freshness",
            "--quiet",
            "sun 02:00-04:30 Asia/Seoul",
            "--quiet",
            "sat 23:00-24:00 UTC",
            "--receiver",
            "team",
        ],
    ),
    (
        "hostile",
        &[
            SPEC,
            "--target",
            "http://[::1]:8080/a/'$1'/%7B",
            "--namespace",
            "a\"} or vector(1) # '\\ }} %{HOME} $1 ${2} - x: |",
            "--header",
            concat!(
                "X-Probe: ",
                "a\"} or vector(1) # '\\ {{ .Labels }} }} %{HOME} $1 ${2} - x: |"
            ),
            "--bearer-token-file",
            "/etc/{{ a }}/%{HOME}: token",
            "--server-name",
            "a b: 'c'",
            "--page-after",
            "1500ms",
            "--module-timeout",
            "5001ms",
            "--quiet",
            "mon 00:00-24:00 UTC",
            "--receiver",
            hostile!(),
        ],
    ),
];

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slo"));
    command.arg("probes").args(args);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/in"));
    command
}

/// Runs the command with this folder.
fn run(folder: &Folder, args: &[&str]) -> std::io::Result<Output> {
    command(args).arg("--out").arg(&folder.0).output()
}

/// Runs the command for a spec of these SLOs.
fn of(slos: &str, args: &[&str]) -> Result<Output, Box<dyn Error>> {
    let spec = format!("version: 1\nservice: shop\nslos:\n{slos}");
    with_stdin(command(&[&["-"], args].concat()), spec.as_bytes())
}

fn written(args: &[&str]) -> Result<Files, Box<dyn Error>> {
    let folder = Folder::new()?;
    let output = run(&folder, args)?;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    read(&folder.0)
}

#[test]
fn the_files_are_the_same_bytes_each_time_and_as_committed() -> Checked {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probes/golden");
    let mut all = Files::new();
    for (name, args) in WAYS {
        let files = written(args)?;
        assert_eq!(files, written(args)?);
        all.extend(files.into_iter().map(|(file, text)| (format!("{name}/{file}"), text)));
    }
    assert_committed(&all, &golden)
}

#[test]
fn slos_of_one_endpoint_share_its_probe_and_each_has_its_own_numbers() -> Checked {
    let files = written(&[SPEC])?;
    let jobs = files["scrape.yml"].matches("job_name: ").count();
    assert_eq!(jobs, 2, "{}", files["scrape.yml"]);
    let rules = &files["recording.yml"];
    assert!(rules.contains("[30d]") && rules.contains("[7d]") && rules.contains("[28d]"));
    let alerts = &files["alerting.yml"];
    // 14.4 times 10% is more than all there is: 1.44.
    assert!(alerts.contains("> 0.6 and") && !alerts.contains("1.44"), "{alerts}");
    assert_eq!(alerts.matches("alert: SloHealthDown").count(), 2);
    assert!(alerts.contains("severity: critical") && !alerts.contains("severity: page"));
    Ok(())
}

#[test]
fn an_environment_has_its_own_numbers_and_job() -> Checked {
    let files = written(&[SPEC, "--environment", "staging"])?;
    assert!(files["recording.yml"].contains("job: slo-health/shop/staging/prices"));
    assert!(!files["recording.yml"].contains("[28d]"));
    assert!(files["recording.yml"].contains(" / 0.05'"));
    Ok(())
}

#[test]
fn services_of_one_name_are_told_apart_by_their_namespaces() -> Checked {
    let [ours, theirs] = ["sales", "support"].map(|name| written(&["real-estate.yaml", "--namespace", name]));
    let (ours, theirs) = (ours?, theirs?);
    let job = "slo-health/sales/real-estate/production/real-price-freshness";
    assert!(ours["scrape.yml"].contains(&format!("job_name: {job}\n")));
    assert!(ours["scrape.yml"].contains("service_namespace: sales\n"));
    for (name, text) in &ours {
        assert!(!text.contains("job_name: ") || !theirs[name].contains(job), "{name}");
    }
    let rules = &ours["recording.yml"];
    let sums = rules.matches("sum by (").count();
    let by = "sum by (job, deployment_environment_name, service_name, service_namespace, slo_name";
    assert!(sums > 20 && rules.matches(by).count() == sums, "{rules}");
    let alerts = &ours["alerting.yml"];
    let count = alerts.matches("- alert: ").count();
    assert_eq!(
        alerts.matches("\n          service_namespace: sales\n").count(),
        count,
        "{alerts}"
    );
    Ok(())
}

/// The keys of each mapping of this name: `labels`, `annotations`.
fn keys(rules: &str, of: &str) -> Vec<BTreeSet<String>> {
    let blank = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<_> = rules.lines().collect();
    let starts = (0..lines.len()).filter(|at| lines[*at].trim() == format!("{of}:"));
    let block = |start: usize| {
        let depth = blank(lines[start]);
        let inside = lines[start + 1..].iter().take_while(move |line| blank(line) > depth);
        let own = inside.filter(move |line| blank(line) == depth + 2);
        own.filter_map(|line| Some(line.trim().split_once(':')?.0.to_owned()))
            .collect()
    };
    starts.map(block).collect()
}

#[test]
fn people_are_told_by_the_same_names_whether_by_events_or_by_probes() -> Checked {
    let mut rules = Command::new(env!("CARGO_BIN_EXE_slo"));
    rules.args(["rules", "tests/probes/spec.yaml"]);
    let rules = text(&rules.current_dir(env!("CARGO_MANIFEST_DIR")).output()?.stdout);
    let (_, of_prices) = rules.split_once("name: slo-shop-prices").ok_or("no prices")?;
    let (burn, _) = of_prices.split_once("  - name: ").ok_or("one group only")?;
    let probes = text(&command(&[SPEC, "--print", "alerting.yml"]).output()?.stdout);
    let alerts = |rules: &str, of| keys(&rules[rules.find("alert: ").unwrap_or_default()..], of);
    let (of_burn, of_probes) = (alerts(burn, "labels"), alerts(&probes, "labels"));
    assert!(!of_burn.is_empty() && of_probes.len() > 5, "{burn}");
    // Whose it is the series of events say.
    let shared = ["severity", "slo_name", "team", "tier"];
    for labels in of_burn.iter().chain(&of_probes) {
        assert!(shared.iter().all(|label| labels.contains(*label)), "{labels:?}");
    }
    for notes in alerts(burn, "annotations")
        .iter()
        .chain(&alerts(&probes, "annotations"))
    {
        assert!(notes.contains("summary") && notes.contains("description"), "{notes:?}");
    }
    // The links of an SLO that has both, by either.
    let linked = |rules: &str| {
        let notes = alerts(rules, "annotations").into_iter().flatten();
        notes.filter(|key| key.ends_with("_url")).collect::<BTreeSet<_>>()
    };
    let links = BTreeSet::from(["dashboard_url", "runbook_url"].map(str::to_owned));
    assert_eq!((linked(&rules), linked(&probes)), (links.clone(), links));
    Ok(())
}

#[test]
fn an_environment_that_the_spec_does_not_have_is_refused() -> Checked {
    let output = command(&[SPEC, "--print", "scrape.yml", "--environment", "stagin"]).output()?;
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
    let said = text(&output.stderr);
    assert!(
        said.starts_with(&format!(
            "{SPEC}: `stagin` is no environment of the spec, did you mean `staging`?; it has "
        )),
        "{said}"
    );
    Ok(())
}

#[test]
fn down_counts_come_from_the_spec() -> Checked {
    let slo = |down: &str| {
        format!(
            "  - {{ name: a, objective: 99%, window: 7d, sli: {{ synthetic: {{ path: /a, down_counts: {down} }} }} }}\n"
        )
    };
    let rules = |down| Ok::<_, Box<dyn Error>>(text(&of(&slo(down), &["--print", "recording.yml"])?.stdout));
    assert!(rules("excluded")?.contains("slo_outcome: excluded"));
    assert!(!rules("bad")?.contains("slo_outcome: excluded"));
    Ok(())
}

#[test]
fn the_jobs_are_those_that_the_manifests_have_probes_for() -> Checked {
    let place = ["--environment", "dev", "--namespace", "homes"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_slo"));
    command.args(["manifests", "tests/manifests/spec.yaml", "--print"]);
    command.arg("kubernetes/probe-real-price-freshness.yaml").args(place);
    let probe = text(&command.current_dir(env!("CARGO_MANIFEST_DIR")).output()?.stdout);
    let (_, rest) = probe.split_once("jobName: ").ok_or("no job")?;
    let job = rest.lines().next().ok_or("no job")?;
    assert_eq!(job, "slo-health/homes/real-estate/dev/real-price-freshness");
    let files = written(&[&["../../manifests/spec.yaml"], &place[..]].concat())?;
    assert!(files["scrape.yml"].contains(&format!("- job_name: {job}\n")), "{job}");
    assert!(files["recording.yml"].contains(&format!("{{job=\"{job}\"}}")), "{job}");
    assert!(probe.contains("        service_namespace: homes\n"), "{probe}");
    assert!(probe.contains("module: freshness_answered") && files["blackbox.yml"].contains("  freshness_answered:\n"));
    Ok(())
}

#[test]
fn every_mistake_is_told_at_once_with_the_name_of_its_slo() -> Checked {
    let slo = |name: &str, window: &str, more: &str| {
        format!(
            "  - {{ name: {name}, objective: 99%, window: {window}, sli: {{ synthetic: {{ path: /a }}{more} }} }}\n"
        )
    };
    let slices = ", time_slices: { length: 1m, target: 99% }";
    let slos = slo("fine", "30d", "") + &slo("monthly", "month in UTC", "") + &slo("sliced", "7d", slices);
    let output = of(
        &slos,
        &["--out", "x", "--interval", "5m", "--header", "Authorization: Bearer a"],
    )?;
    assert_eq!(output.status.code(), Some(2));
    let expected = "\
--interval: a probe every 300s is not possible; write 1s to 120s, usually 30s
--header: the header `Authorization` holds a secret; put it into a file, and write --password-file or --bearer-token-file
standard input:5:46: slos[1].window (monthly): the SLO `monthly` has a calendar window, whose start no probe knows; write a rolling one, like `30d`
  5 |   - { name: monthly, objective: 99%, window: month in UTC, sli: { synthetic: { path: /a } } }
    |                                              ^^^^^^^^^^^^
standard input:6:94: slos[2].sli.time_slices (sliced): the SLO `sliced` is judged by slices of time, and probes are; leave the slices out, each probe is one already
  6 | liced, objective: 99%, window: 7d, sli: { synthetic: { path: /a }, time_slices: { length: 1m, target: 99% } } }
    |                                                                                 ^
";
    assert_eq!(text(&output.stderr), expected);
    assert_eq!(text(&output.stdout), "");
    Ok(())
}

#[test]
fn a_mistake_of_the_command_line_is_told_once_and_of_the_command_line() -> Checked {
    let slo = |name: &str, window: &str| {
        format!("  - {{ name: {name}, objective: 99%, window: {window}, sli: {{ synthetic: {{ path: /a }} }} }}\n")
    };
    let slos = slo("one", "30d") + &slo("two", "7d");
    for (options, said) in [
        (
            &["--target", "http://shop,job=x"][..],
            "--target: `job` cannot be a label of a target; use a-z, A-Z, 0-9 and `_`, not `__` first, and no name that the \
             rules use themselves, like `job` or `slo_name`\n",
        ),
        (
            &["--target", "http://shop", "--target", "http://shop"],
            "--target: `http://shop` is a target twice; write each address once\n",
        ),
        (
            &["--module", "a b"],
            "--module: `a b` cannot name a module; use letters, digits, `_` and `-`, beginning with a letter\n",
        ),
        (
            &["--target", "https://shop.example/eu/a"],
            "--target: `https://shop.example/eu/a` ends with `/a`, the path that is probed, and it would be asked for twice; \
             write what stands before it, like `https://shop.example/eu`\n",
        ),
        (
            &["--header", "Host: a", "--header", "host: b"],
            "--header: the header `host` is given twice, and its name is the same in any case; write it once\n",
        ),
        (
            &[
                "--interval",
                "121s",
                "--target",
                "https://b,region=",
                "--module",
                "a b",
                "--header",
                "Cookie: x",
                "--header",
                "X-Api-Key: sekret",
            ],
            "\
--interval: a probe every 121s is not possible; write 1s to 120s, usually 30s
--header: the header `Cookie` holds a secret; put it into a file, and write --password-file or --bearer-token-file
--header: the header `X-Api-Key` holds a secret; put it into a file, and write --password-file or --bearer-token-file
--module: `a b` cannot name a module; use letters, digits, `_` and `-`, beginning with a letter
--target: the label `region` is empty, which means that there is none; write a value or leave it out
",
        ),
    ] {
        let output = of(&slos, &[&["--out", "x"], options].concat())?;
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(2), said));
    }
    // A prefix is none of the path, and neither is a host of its name.
    for target in ["https://shop.example/eu", "https://shop.example/eu/", "https://a"] {
        let output = of(&slos, &["--print", "scrape.yml", "--target", target])?;
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
    Ok(())
}

#[test]
fn a_minimum_that_no_probes_reach_is_refused_where_its_slo_is() -> Checked {
    let slos = "  - { name: a, objective: 99%, window: 7d, status: agreed, owner: x, promise: P., sli: { synthetic: { path: /a } }, alerts: { \
                minimum_bad_events: 100 } }\n";
    let slow = of(slos, &["--print", "scrape.yml", "--interval", "60s"])?;
    assert_eq!(slow.status.code(), Some(2));
    let said = "standard input:4:147: slos[0].alerts.minimum_bad_events (a): the SLO `a` asks for 100 bad probes in 15m \
                before anybody is told, and 1 target probed every 60s has 15; write `minimum_bad_events: 15` or less, or probe more often\n";
    assert!(text(&slow.stderr).starts_with(said), "{}", text(&slow.stderr));
    let quick = of(
        slos,
        &["--print", "scrape.yml", "--interval", "8s", "--scrape-timeout", "8s"],
    )?;
    assert_eq!(quick.status.code(), Some(0), "{}", text(&quick.stderr));
    Ok(())
}

#[test]
fn a_link_of_an_option_is_a_link() -> Checked {
    let slo = "  - { name: a, objective: 99%, window: 7d, sli: { synthetic: { path: /a } } }\n";
    let output = of(slo, &["--print", "alerting.yml", "--runbook", "javascript:x"])?;
    assert_eq!(output.status.code(), Some(2));
    let said = "`javascript:x` is not a link; write the whole address";
    assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
    let output = of(
        slo,
        &["--print", "alerting.yml", "--runbook", "https://wiki.example/a?b=1"],
    )?;
    assert!(
        text(&output.stdout).contains("https://wiki.example/a?b=1"),
        "{}",
        text(&output.stderr)
    );
    Ok(())
}

#[test]
fn without_a_synthetic_slo_there_is_nothing_to_probe() -> Checked {
    let slo = "  - { name: a, objective: 99%, window: 7d, sli: { http: { routes: [/a] } } }\n";
    let output = of(slo, &["--print", "scrape.yml"])?;
    assert_eq!(output.status.code(), Some(2));
    let said = "standard input: no SLO of `shop` is fed by a probe; write one with `sli: { synthetic: { path: \
                /synthetic/health } }`, the path of a health endpoint\n";
    assert_eq!(text(&output.stderr), said);
    Ok(())
}

#[test]
fn a_secret_has_no_place_in_the_files() -> Checked {
    let slo = "  - { name: a, objective: 99%, window: 7d, sli: { synthetic: { path: /a } } }\n";
    let output = of(
        slo,
        &["--print", "blackbox.yml", "--header", "Authorization: Bearer geheim"],
    )?;
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(
        said.contains("put it into a file, and write --password-file or --bearer-token-file"),
        "{said}"
    );
    assert!(!said.contains("geheim"));
    Ok(())
}

#[test]
fn planned_times_that_probes_do_not_know_are_told() -> Checked {
    let folder = Folder::new()?;
    let output = run(&folder, &[SPEC])?;
    let said = text(&output.stderr);
    assert_eq!(said.lines().count(), 3, "{said}");
    assert!(
        said.starts_with(&format!(
            "{SPEC}: slos.stock-month: probes know no planned times (`exclude`)"
        )),
        "{said}"
    );
    assert_eq!(text(&run(&folder, &["real-estate.yaml"])?.stderr), "");
    Ok(())
}

#[test]
fn ci_is_told_which_files_are_out_of_date() -> Checked {
    let folder = Folder::new()?;
    let check = |more: &[&str]| run(&folder, &[&["real-estate.yaml", "--check"], more].concat());
    let missing = check(&[])?;
    assert_eq!(missing.status.code(), Some(1));
    assert_eq!(text(&missing.stderr).matches(" is not there\n").count(), 5);
    assert_eq!(read(&folder.0)?, Files::new(), "--check writes nothing");
    let first = run(&folder, &["real-estate.yaml"])?;
    assert_eq!(text(&first.stdout).matches("written ").count(), 5);
    assert_eq!(check(&[])?.status.code(), Some(0));
    let other = check(&["--target", "https://other.example"])?;
    assert_eq!(other.status.code(), Some(1));
    let said = text(&other.stderr);
    assert!(
        said.contains("scrape.yml is out of date, first in line ") && !said.contains("blackbox.yml"),
        "{said}"
    );
    Ok(())
}

/// Files of other services and environments may lie in the same folder under names of their own.
#[test]
fn what_is_written_no_more_is_said() -> Checked {
    let folder = Folder::new()?;
    run(&folder, &["real-estate.yaml", "--environment", "dev"])?;
    std::fs::copy(folder.0.join("scrape.yml"), folder.0.join("scrape-dev.yml"))?;
    run(&folder, &["real-estate.yaml"])?;
    let check = || run(&folder, &["real-estate.yaml", "--check"]);
    assert_eq!(
        (check()?.status.code(), text(&check()?.stderr)),
        (Some(0), String::new())
    );
    std::fs::copy(folder.0.join("scrape.yml"), folder.0.join("scrape-old.yml"))?;
    let said = text(&check()?.stderr);
    assert_eq!((check()?.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains("scrape-old.yml is not written any more, "), "{said}");
    Ok(())
}

#[test]
fn one_file_is_for_standard_output_and_help_shows_examples() -> Checked {
    let files = written(&["real-estate.yaml"])?;
    for (name, content) in &files {
        let printed = command(&["real-estate.yaml", "--print", name]).output()?;
        assert_eq!(
            (text(&printed.stdout), printed.status.code()),
            (content.clone(), Some(0)),
            "{name}"
        );
    }
    let unknown = command(&["real-estate.yaml", "--print", "rules.yml"]).output()?;
    assert_eq!(unknown.status.code(), Some(2));
    let said = "there is no `rules.yml`; write one of blackbox.yml, scrape.yml, recording.yml, alerting.yml, alertmanager.yml\n";
    assert_eq!(text(&unknown.stderr), said);
    assert!(text(&command(&["--help"]).output()?.stdout).contains("slo probes --print blackbox.yml"));
    Ok(())
}

#[test]
fn no_file_names_an_environment_variable() -> Checked {
    let (_, args) = WAYS[2];
    for text in written(args)?.values() {
        assert!(!text.contains("%{"), "an engine would put its value there: {text}");
    }
    Ok(())
}
